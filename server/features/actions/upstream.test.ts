import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CodeAction, Diagnostic, DocumentDiagnosticReport } from "vscode-languageserver/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import { createWorkbench, positionIn, type Workbench } from "../../testing/workbench.ts";

let bench: Workbench;

beforeEach(() => {
  bench = createWorkbench({
    "sluice.config.ts": `import { defineConfig } from "sluice";
export default defineConfig({ assets: ["assets/**/*.ts"], targets: { local: {} }, defaultTarget: "local" });
`,
    "assets/sales.ts": `import { asset } from "sluice";
export const rawSales = asset("raw_sales", { run: () => 1 });
const inner = asset("inner", { run: () => 1 });
export { inner as renamed };
export default asset("main", { run: () => 1 });
`,
  });
});
afterEach(async () => {
  expect(await bench.close()).toEqual([]);
});

const name = "assets/more/reader.ts";
const reader = (key: string, head = 'import { asset } from "sluice";\n') =>
  `${head}export const reader = asset("reader", { deps: [${key}], run: () => 1 });\n`;

/** The actions at a key, and what the file is after each of them. */
async function actionsAt(text: string, key: string) {
  const client = await bench.start();
  const textDocument = { uri: bench.uri(name) };
  await client.open(textDocument.uri, text);
  const report = await client.ask<DocumentDiagnosticReport>("textDocument/diagnostic", { textDocument });
  const diagnostics: Diagnostic[] = report.kind === "full" ? report.items : [];
  const position = positionIn(text, text.indexOf(key) + 2);
  const range = { start: position, end: position };
  const actions = await client.ask<CodeAction[]>("textDocument/codeAction", { textDocument, range, context: { diagnostics } });
  const document = TextDocument.create(textDocument.uri, "typescript", 1, text);
  const after = actions.map(({ edit }) => TextDocument.applyEdits(document, edit!.changes![textDocument.uri]!));
  return { actions, after, titles: actions.map(({ title }) => title), diagnostics };
}

describe("a key that no asset has", () => {
  it("can be changed to the nearest one, or created at the file's end", async () => {
    const text = reader('"raw_saels"');
    const { actions, after, diagnostics } = await actionsAt(text, '"raw_saels"');
    expect(diagnostics).toHaveLength(1);
    expect(actions.map(({ title, isPreferred, kind }) => [title, isPreferred, kind])).toEqual([
      ['Change to "raw_sales"', true, "quickfix"],
      ['Create the asset "raw_saels"', undefined, "quickfix"],
    ]);
    expect(actions.every((action) => action.diagnostics?.[0]?.code === "graph/unknown-upstream")).toBe(true);
    expect(after[0]).toBe(reader('"raw_sales"'));
    expect(after[1]).toBe(`${text}\nexport const rawSaels = asset("raw_saels", {\n  run: (): { id: number }[] => [],\n});\n`);
  });

  it("keeps its quotes, and gets a variable that is not taken, by the file's name for the function", async () => {
    const text = `import * as s from "sluice";\nconst fooBar = 1;\nexport const reader = s.asset("reader", { deps: ['foo-bar', 'raw_sale'], run: () => 1 });\n`;
    expect((await actionsAt(text, "'raw_sale'")).after[0]).toBe(text.replace("'raw_sale'", "'raw_sales'"));
    const { titles, after } = await actionsAt(text, "'foo-bar'");
    expect(titles).toEqual(['Create the asset "foo-bar"']);
    expect(after[0]).toContain('export const fooBarAsset = s.asset("foo-bar", {');
  });

  it("is not created where it could be no key", async () => {
    expect((await actionsAt(reader('"no key!"'), '"no key!"')).titles).toEqual([]);
  });

  it("is left alone while the file is half-typed", async () => {
    expect((await actionsAt(`${reader('"raw_saels"')}const = (`, '"raw_saels"')).titles).toEqual([]);
  });
});

describe("a key that an asset has becomes a reference", () => {
  const head = 'import { asset } from "sluice";\n';
  it.each([
    ["an export", '"raw_sales"', 'import { rawSales } from "../sales.ts";\n', "rawSales"],
    ["an export under another name", '"inner"', 'import { renamed as inner } from "../sales.ts";\n', "inner"],
    ["the default export", '"main"', 'import main from "../sales.ts";\n', "main"],
  ])("to %s", async (_, key, added, reference) => {
    const { titles, after } = await actionsAt(reader(key), key);
    expect(titles).toEqual([`Turn ${key} into a reference`]);
    expect(after[0]).toBe(added + reader(reference));
  });

  it("through the import that is there, and with the ending that the file's imports have", async () => {
    const known = `${head}import { rawSales as raw } from "../sales.ts";\n`;
    expect((await actionsAt(reader('"raw_sales"', known), '"raw_sales"')).after).toEqual([reader("raw", known)]);
    const js = `${head}import { x } from "./x.js";\n`;
    expect((await actionsAt(reader('"raw_sales"', js), '"raw_sales"')).after[0]).toContain('import { rawSales } from "../sales.js";');
  });

  it("in the same file only where the variable is there before", async () => {
    const first = 'export const first = asset("first", { run: () => 1 });\n';
    expect((await actionsAt(reader('"first"', head + first), '["first"')).after).toEqual([reader("first", head + first)]);
    expect((await actionsAt(reader('"first"') + first, '"first"')).titles).toEqual([]);
  });
});

it("code actions can be left out, by the switch and by a client that only takes commands", async () => {
  const off = await bench.start({ initializationOptions: { features: { codeAction: false } } });
  const old = await bench.start({ capabilities: {} });
  for (const { initialized } of [off, old]) expect(initialized.capabilities.codeActionProvider).toBeUndefined();
  expect((await bench.start()).initialized.capabilities.codeActionProvider).toMatchObject({
    codeActionKinds: ["quickfix", "refactor.rewrite", "refactor.extract"],
  });
});
