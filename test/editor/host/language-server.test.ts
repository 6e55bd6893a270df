import * as assert from "node:assert/strict";
import * as vscode from "vscode";
import { project, read, sluice, until, uriOf, write } from "./editor.ts";

const sales = "assets/sales.ts";
const settings = () => vscode.workspace.getConfiguration("sluice");
const lenses = async () => {
  const found = (await vscode.commands.executeCommand<vscode.CodeLens[]>("vscode.executeCodeLensProvider", uriOf(sales), 100)) ?? [];
  return found.filter((lens) => lens.command?.command.startsWith("sluice.")).length;
};
/** What our hover says at the key of the asset. */
const hover = async () => {
  const document = await vscode.workspace.openTextDocument(uriOf(sales));
  const at = document.positionAt(document.getText().indexOf('"sales_summary"') + 3);
  const found = (await vscode.commands.executeCommand<vscode.Hover[]>("vscode.executeHoverProvider", uriOf(sales), at)) ?? [];
  const texts = found.flatMap(({ contents }) => contents.map((each) => (typeof each === "string" ? each : each.value)));
  return texts.filter((text) => text.includes("Upstream:")).length;
};

describe("the language server", () => {
  it("is switched by its settings without a reload", async () => {
    await sluice();
    await vscode.window.showTextDocument(uriOf(sales));
    await until(lenses, (count) => count > 0);
    await until(hover, (count) => count === 1);
    try {
      await settings().update("languageServer.features", { hover: false });
      await until(hover, (count) => count === 0);
      await until(lenses, (count) => count > 0);
      await settings().update("codeLens.enabled", false);
      await until(lenses, (count) => count === 0);
    } finally {
      await settings().update("languageServer.features", undefined);
      await settings().update("codeLens.enabled", undefined);
    }
    await until(hover, (count) => count === 1);
    await until(lenses, (count) => count > 0);
  });

  it("shows what is known of an asset, and follows its source", async () => {
    const { id } = await project();
    const source = read(sales);
    assert.equal(await vscode.commands.executeCommand("sluice.showResolved", { project: id, key: "sales_summary" }), true);
    const document = vscode.window.activeTextEditor?.document;
    assert.equal(document?.uri.scheme, "sluice");
    assert.equal(document.languageId, "markdown");
    assert.ok(document.getText().startsWith("# `sales_summary`\n"), document.getText());
    assert.ok(document.getText().includes("| `cleanSales` | `clean_sales` |"), document.getText());
    try {
      write(sales, source.replace("What each owner sold", "What changed"));
      await until(
        () => document.getText(),
        (text) => text.includes("What changed"),
      );
    } finally {
      write(sales, source);
    }
    await until(
      () => document.getText(),
      (text) => !text.includes("What changed"),
    );
    await vscode.commands.executeCommand("workbench.action.closeActiveEditor");
  });
});
