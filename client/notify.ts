import * as vscode from "vscode";
import type { ErrorInfo } from "../runtime/src/model/errors.ts";
import type { App } from "./app.ts";
import { errorWords } from "./graph/problems.ts";
import type { Project } from "./project/project.ts";
import type { RunnerExit } from "./runner/process.ts";
import { openError } from "./views/tree-items.ts";
import { withoutFolder } from "./words.ts";

const t = vscode.l10n.t;

/** Tells of something the reader started that failed; returns at once. */
export function notifyError(app: Pick<App, "log" | "projects">, error: ErrorInfo, title?: string, again?: () => unknown): void {
  const open = t("Open line");
  const log = t("Show log");
  const retry = t("Try again");
  // Nothing is wrong with the line when another program has the file.
  const first = error.code === "io/locked" && again ? [retry] : error.place ? [open] : [];
  const what = errorWords(error);
  const whole = [title === undefined ? what : `${title} ${what}`, error.hint].filter(Boolean).join(" ");
  const text = app.projects.list().reduce((words, project) => withoutFolder(words, project.uri.fsPath), whole);
  vscode.window.showErrorMessage(text, ...first, log).then((chosen) => {
    if (chosen === log) return app.log.show();
    if (chosen === retry) return again?.();
    const { command, arguments: values = [] } = openError(error);
    return chosen === open ? vscode.commands.executeCommand(command, ...values) : undefined;
  });
}

/** Tells that a runner ended by itself, with its last words. */
export function notifyCrash(app: Pick<App, "log">, project: Project, exit: RunnerExit): void {
  const restart = t("Restart runner");
  const log = t("Show log");
  const last = exit.lastLines.slice(-3).join(" ").slice(-300);
  const how = exit.signal === null ? t("code {0}", String(exit.code)) : exit.signal;
  vscode.window
    .showErrorMessage(t("The runner of {0} ended ({1}). What was stored before is still there. {2}", project.name, how, last), restart, log)
    .then((chosen) => (chosen === restart ? project.restart() : chosen === log ? app.log.show() : undefined));
}
