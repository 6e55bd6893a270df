import * as assert from "node:assert/strict";
import { mkdirSync, rmSync } from "node:fs";
import * as vscode from "vscode";
import { pathOf, project, read, sluice, until, uriOf, write } from "./editor.ts";

const first = "assets/language/first.ts";
const second = "assets/language/second.ts";
const firstText = `import { asset } from "sluice";\n\nexport const first = asset("language_first", { run: () => [{ a: 1 }, { a: 2 }] });\n`;
const secondText = `import { asset } from "sluice";\n\nexport const second = asset("language_second", { deps: ["language_first"], run: () => [{ b: 1 }] });\n`;

const keys = async () => (await project()).assets.map(({ key }) => key);
const open = (name: string) => vscode.workspace.openTextDocument(uriOf(name));
/** The place a few characters into a piece of a document's text. */
const inside = (document: vscode.TextDocument, piece: string) => document.positionAt(document.getText().indexOf(piece) + 3);

describe("the language server in the editor", () => {
  before(async () => {
    await sluice();
    mkdirSync(pathOf("assets/language"), { recursive: true });
    write(first, firstText);
    write(second, secondText);
    await until(keys, (seen) => seen.includes("language_first") && seen.includes("language_second"));
  });
  after(async () => {
    // The editor keeps documents for a while after their tabs, and what is open counts: they are emptied first.
    for (const name of [first, second]) {
      const document = await open(name);
      const edit = new vscode.WorkspaceEdit();
      edit.replace(document.uri, new vscode.Range(0, 0, document.lineCount, 0), "export {};\n");
      await vscode.workspace.applyEdit(edit);
      await document.save();
    }
    await vscode.commands.executeCommand("workbench.action.closeAllEditors");
    rmSync(pathOf("assets/language"), { recursive: true });
    await until(keys, (seen) => !seen.some((key) => key?.startsWith("language_")));
  });

  it("offers keys inside a string that is not closed, in a file that does not parse", async () => {
    const document = await open(second);
    await vscode.window.showTextDocument(document);
    const half = 'export const half = asset("half", { deps: ["language_fi';
    const edit = new vscode.WorkspaceEdit();
    edit.insert(document.uri, document.lineAt(document.lineCount - 1).range.end, half);
    await vscode.workspace.applyEdit(edit);
    const labels = async () => {
      const list = await vscode.commands.executeCommand<vscode.CompletionList>(
        "vscode.executeCompletionItemProvider",
        document.uri,
        document.positionAt(document.getText().indexOf(half) + half.length),
      );
      return list.items.map(({ label }) => (typeof label === "string" ? label : label.label));
    };
    await until(labels, (seen) => seen.includes("language_first"));
    assert.ok((await keys()).includes("language_second"), "what was whole is still there");
    await vscode.commands.executeCommand("workbench.action.files.revert");
    assert.equal(document.getText(), secondText);
  });

  it("renames a key in every file that names it", async () => {
    const document = await open(first);
    const other = await open(second);
    // Documents that an editor shows close with it.
    for (const each of [other, document]) await vscode.window.showTextDocument(each, { preview: false });
    const edit = await until(
      async () =>
        vscode.commands.executeCommand<vscode.WorkspaceEdit>(
          "vscode.executeDocumentRenameProvider",
          document.uri,
          inside(document, '"language_first"'),
          "language_renamed",
        ),
      (seen) => seen.entries().length === 2,
    );
    assert.ok(await vscode.workspace.applyEdit(edit));
    for (const [each, text] of [
      [document, firstText],
      [other, secondText],
    ] as const) {
      assert.equal(each.getText(), text.replace("language_first", "language_renamed"));
      assert.ok(await each.save());
    }
    assert.equal(read(second), secondText.replace("language_first", "language_renamed"));
    await until(project, ({ assets }) => {
      const reader = assets.find(({ key }) => key === "language_second");
      return reader?.upstream.includes("language_renamed") === true && !assets.some(({ key }) => key === "language_first");
    });
  });

  it("is right after a branch switch of 2,000 files", async () => {
    const name = (index: number) => `assets/language/many/file${index}.ts`;
    const text = (branch: string, index: number) =>
      `import { asset } from "sluice";\nexport const one = asset("language_${branch}_${index}", { ${index > 0 ? `deps: ["language_${branch}_${index - 1}"], ` : ""}run: () => [] });\n`;
    mkdirSync(pathOf("assets/language/many"));
    const shown = async (branch: string) => (await project()).assets.filter(({ key }) => key?.startsWith(`language_${branch}_`));
    const switchTo = (branch: string, count: number) => {
      for (let index = 0; index < count; index++) write(name(index), text(branch, index));
    };
    const expectChain = async (branch: string, count: number) => {
      const assets = await until(
        () => shown(branch).then((all) => all.length),
        (seen) => seen === count,
        90_000,
      ).then(() => shown(branch));
      for (const { key, upstream } of assets) {
        const index = Number(key?.slice(`language_${branch}_`.length));
        assert.deepEqual(upstream, index > 0 ? [`language_${branch}_${index - 1}`] : []);
      }
    };
    switchTo("main", 2000);
    await expectChain("main", 2000);
    switchTo("topic", 1500);
    for (let index = 1500; index < 2000; index++) rmSync(pathOf(name(index)));
    await expectChain("topic", 1500);
    assert.deepEqual(await shown("main"), []);
  }).timeout(200_000);
});
