import * as vscode from "vscode";
import { pickAsset } from "../pick-assets.ts";
import { openPreview } from "../preview.ts";
import type { Command } from "./command.ts";

/** Shows what the asset stored, in the table preview. */
export const preview: Command = {
  id: "sluice.preview",
  needsTrust: true,
  async run(app, ...values) {
    const ref = await pickAsset(app, values, vscode.l10n.t("Asset to preview"));
    return ref ? openPreview(app, ref) : undefined;
  },
};
