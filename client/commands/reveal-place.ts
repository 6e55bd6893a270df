import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import * as vscode from "vscode";
import { pickAsset } from "../pick-assets.ts";
import type { Command } from "./command.ts";

const t = vscode.l10n.t;

/** The file that a place names, or lies in as a table does: "duckdb:/data/shop.duckdb/public.orders". */
function fileOf(place: string, root: string): string | undefined {
  if (place.startsWith("file:")) return vscode.Uri.parse(place).fsPath;
  const path = resolve(root, place.replace(/^[a-z][a-z0-9+]+:/, ""));
  return [path, dirname(path)].find((one) => one !== root && existsSync(one));
}

/** Shows where the value lies: the file in the Explorer or the system's file manager, or the name on the clipboard where there is no file. */
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
    const file = fileOf(place, ref.project.uri.fsPath);
    if (file !== undefined) {
      const uri = vscode.Uri.file(file);
      await vscode.commands.executeCommand(vscode.workspace.getWorkspaceFolder(uri) ? "revealInExplorer" : "revealFileInOS", uri);
    } else {
      await vscode.env.clipboard.writeText(place);
      void vscode.window.showInformationMessage(t("{0} lies in {1}. The name is on the clipboard.", ref.key, place));
    }
    return place;
  },
};
