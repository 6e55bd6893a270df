import * as vscode from "vscode";
import { pickAssets } from "../pick-assets.ts";
import type { Command } from "./command.ts";

/** Puts the keys of the selected assets, or of the selected partitions, on the clipboard, one a line. */
export const copyKey: Command = {
  id: "sluice.copyKey",
  needsTrust: false,
  async run(app, ...values) {
    const refs = await pickAssets(app, values, vscode.l10n.t("Asset whose key to copy"));
    const keys = refs.flatMap((ref) => ref.partitions ?? [ref.key]);
    if (keys.length > 0) await vscode.env.clipboard.writeText(keys.join("\n"));
    return keys;
  },
};
