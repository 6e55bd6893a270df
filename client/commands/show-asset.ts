import * as vscode from "vscode";
import { pickAsset } from "../pick-assets.ts";
import type { Command } from "./command.ts";

/** Selects the asset in the Assets view. */
export const showAsset: Command = {
  id: "sluice.showAsset",
  needsTrust: false,
  async run(app, ...values) {
    const ref = await pickAsset(app, values, vscode.l10n.t("Asset to show"));
    return ref ? app.assetsView.reveal(ref.project, ref.key) : false;
  },
};
