import * as vscode from "vscode";
import type { Projects } from "../project/projects.ts";
import { readSettings } from "../settings.ts";
import { throttle } from "./throttle.ts";

const t = vscode.l10n.t;

interface Marks {
  readonly failed: string[];
  readonly stale: string[];
}

/** Marks files with failed or stale assets in the Explorer and on tabs. */
export function decorateFiles(projects: Projects): vscode.Disposable {
  const changed = new vscode.EventEmitter<vscode.Uri[]>();
  let marks = new Map<string, Marks>();

  function read(): Map<string, Marks> {
    const result = new Map<string, Marks>();
    for (const { state } of projects.list()) {
      for (const status of state.statuses().values()) {
        const uri = state.graph().nodes.get(status.key)?.source?.uri;
        if (uri === undefined || (status.state !== "failed" && status.state !== "stale")) continue;
        const mark = result.get(uri) ?? { failed: [], stale: [] };
        mark[status.state].push(status.key);
        result.set(uri, mark);
      }
    }
    return result;
  }
  const update = throttle(() => {
    const before = marks;
    marks = read();
    const touched = [...new Set([...before.keys(), ...marks.keys()])].filter(
      (uri) => JSON.stringify(before.get(uri)) !== JSON.stringify(marks.get(uri)),
    );
    if (touched.length > 0) changed.fire(touched.map((uri) => vscode.Uri.parse(uri)));
  }, 250);

  const provider: vscode.FileDecorationProvider = {
    onDidChangeFileDecorations: changed.event,
    provideFileDecoration(uri) {
      const mark = marks.get(uri.toString());
      if (!mark || !readSettings(uri).decorations) return undefined;
      if (mark.failed.length > 0) {
        return {
          badge: "!",
          color: new vscode.ThemeColor("list.errorForeground"),
          tooltip: t("Failed: {0}", mark.failed.join(", ")),
          propagate: true,
        };
      }
      return {
        badge: "S",
        color: new vscode.ThemeColor("list.warningForeground"),
        tooltip: t("Stale: {0}", mark.stale.join(", ")),
        propagate: false,
      };
    },
  };
  const parts = [
    vscode.window.registerFileDecorationProvider(provider),
    changed,
    update,
    projects.onDidChange(update.call),
    projects.onDidChangeProject(({ change }) => {
      if (change !== "positions") update.call();
    }),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("sluice.decorations")) changed.fire([...marks.keys()].map((uri) => vscode.Uri.parse(uri)));
    }),
  ];
  return new vscode.Disposable(() => {
    for (const part of parts) part.dispose();
  });
}
