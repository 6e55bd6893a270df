import { existsSync } from "node:fs";
import { resolve } from "node:path";
import * as vscode from "vscode";
import { pickAsset } from "../pick-assets.ts";
import type { Command } from "./command.ts";

const t = vscode.l10n.t;

/** Shows where the value lies: a file in the Explorer or the system's file manager; a table's name goes to the clipboard. */
export const revealPlace: Command = {
  id: "sluice.revealPlace",
  needsTrust: false,
  async run(app, ...values) {
    const ref = await pickAsset(app, values, t("Asset whose place to reveal"));
    if (!ref) return undefined;
    const place = ref.project.state.status(ref.key)?.place;
    if (place === undefined) {
      void vscode.window.showInformationMessage(t("Nothing is known to be stored for {0}.", ref.key));
      return undefined;
    }
    const file = place.startsWith("file:") ? vscode.Uri.parse(place).fsPath : resolve(ref.project.uri.fsPath, place);
    if (existsSync(file)) {
      const uri = vscode.Uri.file(file);
      await vscode.commands.executeCommand(vscode.workspace.getWorkspaceFolder(uri) ? "revealInExplorer" : "revealFileInOS", uri);
    } else {
      await vscode.env.clipboard.writeText(place);
      void vscode.window.showInformationMessage(t("{0} lies in {1}. The name is on the clipboard.", ref.key, place));
    }
    return place;
  },
};
