import * as vscode from "vscode";
import type { Project } from "./project/project.ts";
import type { Projects } from "./project/projects.ts";
import type { Server } from "./server.ts";
import { throttle } from "./views/throttle.ts";

export interface EditorStates extends vscode.Disposable {
  /** A server that has just started knows nothing. */
  readonly resend: () => void;
}

/** Tells the language server the states that lenses and hovers show. */
export function showStatesInEditor(projects: Projects, server: Server): EditorStates {
  const waiting = new Set<Project>();
  const send = throttle(() => {
    for (const { id, state, targets } of waiting) {
      const running = [...state.graph().nodes.keys()].filter((key) => {
        const step = state.step(key);
        return step?.state === "running" || step?.state === "waiting" || step?.state === "retrying";
      });
      server.sendStatuses({
        project: id,
        target: targets.current() ?? "",
        bindings: targets.list().find(({ name }) => name === targets.current())?.bindings ?? {},
        statuses: [...state.statuses().values()],
        running,
        trusted: vscode.workspace.isTrusted,
      });
    }
    waiting.clear();
  }, 250);
  const resend = () => {
    for (const project of projects.list()) waiting.add(project);
    send.call();
  };
  const parts = [
    send,
    vscode.workspace.onDidGrantWorkspaceTrust(resend),
    projects.onDidChangeProject(({ project, change }) => {
      if (change === "positions") return;
      waiting.add(project);
      send.call();
    }),
  ];
  return {
    resend,
    dispose() {
      for (const part of parts) part.dispose();
    },
  };
}
