import * as vscode from "vscode";
import { everything } from "../graph/selection.ts";
import { pickProject } from "../pick-project.ts";
import { runAssets } from "../run.ts";
import type { Command } from "./command.ts";

/** Every asset of a project. */
export const materializeAll: Command = {
  id: "sluice.materializeAll",
  needsTrust: true,
  async run(app, ...values) {
    const project = await pickProject(app, values, vscode.l10n.t("Project to materialize"));
    if (!project) return undefined;
    const assets = [...project.state.graph().nodes.values()].flatMap((node) => (node.kind === "source" || node.key === undefined ? [] : [node.key]));
    return runAssets(app, { project, assets, selection: everything, upstream: false });
  },
};
