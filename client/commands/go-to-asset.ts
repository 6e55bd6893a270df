import * as vscode from "vscode";
import { pickOtherAsset } from "../pick-assets.ts";
import type { Command } from "./command.ts";

/** Opens the asset's declaration. Works for one whose key is computed too. */
export const goToAsset: Command = {
  id: "sluice.goToAsset",
  needsTrust: false,
  async run(app, ...values) {
    const [first, options] = values;
    const element = first as { readonly project?: string; readonly node?: string } | undefined;
    const ofElement =
      element?.node === undefined
        ? undefined
        : app.projects
            .find(element.project ?? "")
            ?.state.graph()
            .nodes.get(element.node);
    const ref = ofElement ? undefined : await pickOtherAsset(app, values, vscode.l10n.t("Asset to open"));
    const node = ofElement ?? ref?.project.state.graph().nodes.get(ref.key);
    if (!node?.source) return false;
    const { start, end } = node.source.keyRange;
    await vscode.window.showTextDocument(vscode.Uri.parse(node.source.uri), {
      selection: new vscode.Range(start.line, start.character, end.line, end.character),
      preserveFocus: typeof options === "object" && options !== null && "preserveFocus" in options && options.preserveFocus === true,
    });
    return true;
  },
};
