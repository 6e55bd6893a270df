import * as vscode from "vscode";
import { pickAsset } from "../pick-assets.ts";
import type { Command } from "./command.ts";

/** Opens what the language server knows of an asset as a read-only document. */
export const showResolved: Command = {
  id: "sluice.showResolved",
  needsTrust: false,
  async run(app, ...values) {
    const ref = await pickAsset(app, values, vscode.l10n.t("Asset to show"));
    if (!ref) return false;
    const uri = vscode.Uri.from({ scheme: "sluice", path: `/${ref.key}.md`, query: ref.project.id });
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri));
    return true;
  },
};
