import * as vscode from "vscode";
import { pickAsset } from "../pick-assets.ts";
import type { Command } from "./command.ts";

/** Shows what the asset stored on the chosen target. */
export const preview: Command = {
  id: "sluice.preview",
  needsTrust: true,
  async run(app, ...values) {
    const ref = await pickAsset(app, values, vscode.l10n.t("Asset to preview"));
    if (!ref) return undefined;
    const { project, key } = ref;
    if (!project.state.manifest()) await app.assetsView.withProgress(project.load);
    const subject = { project: project.id, key, target: project.targets.current() ?? "" };
    app.tables.open(subject);
    return subject;
  },
};
