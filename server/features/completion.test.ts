import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CompletionList, TextEdit } from "vscode-languageserver/node";
import { createWorkbench, marked, type Workbench } from "../testing/workbench.ts";

const head = 'import { asset, assets as several, defineConfig, materialize } from "sluice";\n';
let bench: Workbench;

beforeEach(() => {
  bench = createWorkbench({
    "sluice.config.ts": `import { defineConfig } from "sluice";
export default defineConfig({ assets: ["assets/**/*.ts"], targets: { local: {}, prod: {} }, defaultTarget: "local" });
`,
    "assets/sales.ts": `import { asset, source } from "sluice";
export const orders = source("raw/orders", {});
export const sales = asset("sales", { group: "money", description: "All of it", run: () => 1 });
`,
  });
});
afterEach(async () => {
  expect(await bench.close()).toEqual([]);
});

/** What is offered at the mark of a document, and what the text would be with each of it. */
async function offered(name: string, source: string) {
  const client = await bench.start();
  const { text, position } = marked(source);
  await client.open(bench.uri(name), text);
  const { items } = await client.ask<CompletionList>("textDocument/completion", { textDocument: { uri: bench.uri(name) }, position });
  const line = text.split("\n")[position.line]!;
  const after = items.map(({ textEdit }) => {
    const { range, newText } = textEdit as TextEdit;
    return line.slice(0, range.start.character) + newText + line.slice(range.end.character);
  });
  return { items, labels: items.map(({ label }) => label), after };
}

describe("completion of asset keys", () => {
  it("offers the project's other keys inside a string of deps, and replaces the whole key", async () => {
    const { items, labels, after } = await offered(
      "assets/new.ts",
      `${head}export const made = asset("made", {\n  deps: ["ra‸w/x"],\n  run: () => 1,\n});\n`,
    );
    expect(labels).toEqual(["raw/orders", "sales"]);
    expect(items[1]).toMatchObject({ detail: "asset · money", documentation: "All of it" });
    expect(after[0]).toBe('  deps: ["raw/orders"],');
  });

  it.each([
    ["an unclosed string", `export const made = asset("made", {\n  deps: ["ra‸\n`, '  deps: ["sales'],
    ["an unclosed string in front of more", `export const made = asset("made", {\n  deps: ["‸],\n  run: () => "x",\n});\n`, '  deps: ["sales],'],
    ["single quotes", `export const made = asset('made', { run: () => 1,\n  deps: ['raw/orders', '‸'] });\n`, "  deps: ['raw/orders', 'sales'] });"],
    ["a call with types, under another name", `export const { a } = several<Row>("made", {\n  deps: ["sa‸\n`, '  deps: ["sales'],
  ])("works in %s", async (_, source, expected) => {
    expect((await offered("assets/new.ts", head + source)).after).toContain(expected);
  });

  it("leaves out what is named already, and the asset itself", async () => {
    const source = `${head}export const sales = asset("sales", { deps: ["raw/orders", "‸"], run: () => 1 });\n`;
    expect((await offered("assets/sales.ts", source)).labels).toEqual([]);
  });

  it("offers keys in a selection", async () => {
    expect((await offered("run.ts", `${head}await materialize("‸", {});\n`)).labels).toEqual(["raw/orders", "sales"]);
  });

  it.each([
    ["a list that is no asset's", 'const x = { deps: ["‸"] };'],
    ["another function's argument", 'const x = other("y", { deps: ["‸"] });'],
    ["the callback", 'export const made = asset("made", { run: () => ["‸"] });'],
    ["a comment", 'export const made = asset("made", { deps: [ // "‸'],
    ["code", 'export const made = asset("made", { deps: [‸] });'],
  ])("offers nothing in %s", async (_, source) => {
    expect((await offered("assets/new.ts", `${head}${source}\n`)).labels).toEqual([]);
  });
});

describe("completion of names", () => {
  it.each([
    ["an empty pattern", "run: ({ ‸ }) => 1 });", ["orders", "sales"]],
    ["a half-typed pattern", "run: async ({ sa‸", ["orders", "sales"]],
    ["a pattern that has one already", "run({ orders, ‸ }) { return 1; } });", ["sales"]],
    ["a pattern with one behind the caret", "run: ({ ‸, sales }) => 1 });", ["orders"]],
    ["the name that an input is given", "run: ({ sales: ‸ }) => 1 });", []],
    ["the callback's body", "run: () => { ‸ } });", []],
    ["the second parameter", "run: (_, { ‸ }) => 1 });", []],
  ])("offers inputs in %s", async (_, run, expected) => {
    const source = `${head}export const made = asset("made", { inputs: { orders, sales: sales.as(rows({ deep: 1 })) }, ${run}\n`;
    expect((await offered("assets/new.ts", source)).labels).toEqual(expected);
  });

  it("offers inputs that are written after the callback", async () => {
    const source = `${head}import { sales } from "./sales";\nexport const made = asset("made", { run: ({ ‸ }) => 1, inputs: { sales } });\n`;
    expect((await offered("assets/new.ts", source)).labels).toEqual(["sales"]);
  });

  it("offers the targets as default, also while the string is open", async () => {
    const config = (rest: string) =>
      `import { defineConfig } from "sluice";\nexport default defineConfig({\n targets: { local: {}, "qa": {}, prod: {} },\n${rest}`;
    expect((await offered("sluice.config.ts", config('defaultTarget: "‸" });\n'))).labels.toSorted()).toEqual(["local", "prod", "qa"]);
    expect((await offered("sluice.config.ts", config('defaultTarget: "lo‸\n'))).labels).toEqual(expect.arrayContaining(["local", "prod"]));
    expect((await offered("sluice.config.ts", config('other: "‸" });\n'))).labels).toEqual([]);
  });
});

it("completion can be left out", async () => {
  const on = await bench.start();
  const off = await bench.start({ initializationOptions: { features: { completion: false } } });
  expect(on.initialized.capabilities.completionProvider?.triggerCharacters).toContain('"');
  expect(off.initialized.capabilities.completionProvider).toBeUndefined();
});
