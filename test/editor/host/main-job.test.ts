import * as assert from "node:assert/strict";
import * as vscode from "vscode";
import { materialize, project, read, runnerProcesses, sluice, stateOf, until, uriOf, write } from "./editor.ts";

const sales = "assets/sales.ts";
const lensTexts = async () => {
  const lenses = (await vscode.commands.executeCommand<vscode.CodeLens[]>("vscode.executeCodeLensProvider", uriOf(sales), 100)) ?? [];
  return lenses.filter((lens) => lens.command?.command.startsWith("sluice.")).map((lens) => `${lens.range.start.line}: ${lens.command?.title}`);
};
const problems = (name: string) => vscode.languages.getDiagnostics(uriOf(name)).filter((one) => one.source?.toLowerCase() === "sluice");

describe("a folder with a project", () => {
  it("shows its assets as a graph, in topological order", async () => {
    const { assets, targets, target } = await project();
    const keys = assets.map((asset) => asset.key);
    assert.deepEqual(keys.toSorted(), [
      "by_hand/clean_sales",
      "by_hand/raw_sales",
      "by_hand/sales_summary",
      "clean_sales",
      "raw_sales",
      "sales_summary",
    ]);
    assert.ok(keys.indexOf("raw_sales") < keys.indexOf("clean_sales") && keys.indexOf("clean_sales") < keys.indexOf("sales_summary"));
    assert.deepEqual([...targets].toSorted(), ["local", "prod", "staging"]);
    assert.equal(target, "local");
  });

  it("offers Materialize and Preview above each asset", async () => {
    await vscode.window.showTextDocument(uriOf(sales));
    const texts = await until(
      lensTexts,
      (seen) => seen.filter((text) => text.includes("Materialize")).length >= 3 && seen.some((text) => text.includes("never")),
    );
    assert.equal(texts.filter((text) => text.includes("Preview")).length, 3);
    assert.ok(
      texts.some((text) => text.includes("2 upstream")),
      texts.join("\n"),
    );
  });

  it("materializes what is upstream first, and then knows the rows", async () => {
    const summary = await materialize("sales_summary");
    assert.equal(summary?.state, "succeeded");
    assert.deepEqual(summary?.assets, ["raw_sales", "clean_sales", "sales_summary"]);
    for (const [key, rows] of [
      ["raw_sales", 500],
      ["clean_sales", 500],
      ["sales_summary", 8],
    ] as const) {
      const status = await until(
        () => stateOf(key),
        (seen) => seen?.state === "fresh",
      );
      assert.equal(status?.rows, rows, key);
    }
    await until(lensTexts, (seen) => seen.filter((text) => text.includes("fresh")).length === 3);
  });

  it("leaves what is fresh alone the next time", async () => {
    const before = (await stateOf("raw_sales"))?.storedAt;
    await materialize("sales_summary");
    assert.equal((await stateOf("raw_sales"))?.storedAt, before);
  });

  it("opens the stored table", async () => {
    const { id } = await project();
    await vscode.commands.executeCommand("sluice.preview", { project: id, key: "sales_summary" });
    const tab = await until(
      () => vscode.window.tabGroups.activeTabGroup.activeTab?.label,
      (label) => label?.includes("sales_summary") ?? false,
    );
    assert.ok(tab);
  });

  it("goes from a key or an input to the asset", async () => {
    const document = await vscode.workspace.openTextDocument(uriOf(sales));
    const at = document.positionAt(document.getText().indexOf("rawSales: rawSales.as") + 2);
    const found = await vscode.commands.executeCommand<(vscode.Location | vscode.LocationLink)[]>(
      "vscode.executeDefinitionProvider",
      document.uri,
      at,
    );
    assert.ok(found.length > 0);
  });

  it("tells about the asset on hover", async () => {
    const document = await vscode.workspace.openTextDocument(uriOf(sales));
    const at = document.positionAt(document.getText().indexOf('"clean_sales"') + 3);
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>("vscode.executeHoverProvider", document.uri, at);
    const text = hovers.flatMap((hover) => hover.contents.map((content) => (typeof content === "string" ? content : content.value))).join("\n");
    assert.match(text, /raw_sales/);
    assert.match(text, /sales_summary/);
  });
});

describe("what goes wrong", () => {
  let original = "";
  before(() => {
    original = read(sales);
  });
  afterEach(async () => {
    write(sales, original);
    await vscode.commands.executeCommand("sluice.refresh");
    await sluice();
  });

  it("marks the line that threw, skips what is downstream, and keeps the former table", async () => {
    await materialize("sales_summary");
    const before = await stateOf("clean_sales");
    const text = original.replace(
      "rawSales.map((sale) => ({ ...sale, amount: sale.amount ?? 0 }))",
      'rawSales.map((sale) => {\n    throw new TypeError("no amount for " + sale.id);\n    return sale;\n  })',
    );
    write(sales, text);
    const line = text.split("\n").findIndex((one) => one.includes("new TypeError"));
    const summary = await materialize("sales_summary");
    assert.equal(summary?.state, "failed");
    assert.deepEqual(summary?.failed, ["clean_sales"]);
    const [problem] = await until(
      () => problems(sales),
      (seen) => seen.length > 0,
    );
    assert.equal(problem?.range.start.line, line);
    assert.match(problem?.message ?? "", /no amount for 1/);
    const after = await until(
      () => stateOf("clean_sales"),
      (seen) => seen?.state === "failed",
    );
    assert.equal(after?.storedAt, before?.storedAt);
    write(sales, original);
    assert.equal((await materialize("sales_summary"))?.state, "succeeded");
    await until(
      () => problems(sales).length,
      (count) => count === 0,
    );
  });

  it("keeps the other assets of a half-typed file in the tree", async () => {
    const document = await vscode.workspace.openTextDocument(uriOf(sales));
    // The editor may still be reading the file that the test before wrote, and what is typed meanwhile is lost.
    const type = async () => {
      if (document.getText().includes('asset("half"')) return;
      const edit = new vscode.WorkspaceEdit();
      const at = document.positionAt(document.getText().indexOf("export const cleanSales"));
      edit.insert(document.uri, at, 'export const half = asset("half", { run: () => [\n\n');
      await vscode.workspace.applyEdit(edit);
    };
    const { assets } = await until(
      async () => {
        await type();
        return project();
      },
      (seen) => seen.assets.some((asset) => asset.key === "half"),
    );
    for (const key of ["raw_sales", "clean_sales", "sales_summary"])
      assert.ok(
        assets.some((asset) => asset.key === key),
        key,
      );
    await vscode.window.showTextDocument(document);
    await vscode.commands.executeCommand("workbench.action.files.revert");
    await until(project, (seen) => !seen.assets.some((asset) => asset.key === "half"));
  });

  it("keeps the last good tree when a module throws on import, and says where", async () => {
    write(sales, `${original}\nthrow new Error("broken on import");\n`);
    await vscode.commands.executeCommand("sluice.refresh");
    const { errors, assets } = await until(project, (seen) => seen.errors.length > 0);
    assert.equal(errors[0]?.code, "load/failed");
    assert.match(errors[0]?.message ?? "", /broken on import/);
    assert.ok(assets.some((asset) => asset.key === "sales_summary"));
  });

  it("keeps the last good tree when the config does not parse", async () => {
    const config = read("sluice.config.ts");
    write("sluice.config.ts", config.replace("export default defineConfig({", "export default defineConfig({{"));
    try {
      await vscode.commands.executeCommand("sluice.refresh");
      const { errors, assets } = await until(project, (seen) => seen.errors.length > 0);
      assert.ok(
        errors.some((error) => error.place?.file.endsWith("sluice.config.ts")),
        JSON.stringify(errors),
      );
      assert.ok(assets.some((asset) => asset.key === "sales_summary"));
    } finally {
      write("sluice.config.ts", config);
    }
  });

  it("starts a new runner after the old one was killed; what was stored is whole", async () => {
    await materialize("sales_summary");
    const [pid] = runnerProcesses();
    assert.ok(pid);
    process.kill(pid, "SIGKILL");
    await until(runnerProcesses, (pids) => !pids.includes(pid));
    const summary = await materialize("sales_summary");
    assert.equal(summary?.state, "succeeded");
    assert.equal((await stateOf("sales_summary"))?.rows, 8);
  });
});
