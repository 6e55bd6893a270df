import * as vscode from "vscode";
import { pickAssets } from "../pick-assets.ts";
import type { Command } from "./command.ts";
import { materializeRefs } from "./materialize.ts";

/** The asset and everything upstream of it, fresh or not. */
export const materializeWithUpstream: Command = {
  id: "sluice.materializeWithUpstream",
  needsTrust: true,
  run: async (app, ...values) =>
    materializeRefs(app, await pickAssets(app, values, vscode.l10n.t("Asset to materialize with everything upstream")), true),
};
