import * as vscode from "vscode";
import { isLive } from "../graph/run-state.ts";
import type { Command } from "./command.ts";

/** Cancels a run: the one given (by itself or by an asset in it), or the only one, or the one the reader picks. */
export const cancelRun: Command = {
  id: "sluice.cancelRun",
  needsTrust: true,
  async run(app, first) {
    const element = first as { readonly runId?: string; readonly key?: string; readonly project?: string } | undefined;
    const live = app.projects.list().flatMap((project) =>
      project.state
        .runs()
        .filter(isLive)
        .map((run) => ({ project, run })),
    );
    const fits = live.filter(
      ({ project, run }) =>
        (element?.project === undefined || element.project === project.id) &&
        (element?.runId === undefined || element.runId === run.runId) &&
        (element?.key === undefined || run.stepsOf.has(element.key)),
    );
    const picked =
      fits.length <= 1
        ? fits[0]
        : (
            await vscode.window.showQuickPick(
              fits.map((one) => ({ label: one.run.selection, description: `${one.project.name} · ${one.run.target}`, one })),
              { placeHolder: vscode.l10n.t("Run to cancel") },
            )
          )?.one;
    return picked ? picked.project.cancel(picked.run.runId) : false;
  },
};
