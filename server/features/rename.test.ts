import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TextDocumentEdit, TextEdit, WorkspaceEdit } from "vscode-languageserver/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import type { TestClient } from "../testing/client.ts";
import { createWorkbench, positionIn, type Workbench } from "../testing/workbench.ts";

const head = 'import { asset, assets } from "sluice";\n';
const sales = `${head}export const sales = asset("raw/sales", { run: () => "raw/sales" });
export const summary = asset('summary', { inputs: { sales }, deps: ["raw/sales"], run: () => 1 });
`;
const other = `${head}export const other = asset("other", { deps: ['raw/sales', "summary"], run: () => 1 });\n`;
let bench: Workbench;

beforeEach(() => {
  bench = createWorkbench({
    "sluice.config.ts": `import { defineConfig } from "sluice";
export default defineConfig({ assets: ["assets/**/*.ts"], targets: { local: {} }, defaultTarget: "local" });
`,
    "assets/sales.ts": sales,
    "assets/other.ts": other,
  });
});
afterEach(async () => {
  expect(await bench.close()).toEqual([]);
});

const place = (name: string, text: string, piece: string) => ({
  textDocument: { uri: bench.uri(name) },
  position: positionIn(text, text.indexOf(piece) + 2),
});
const rename = (client: TestClient, newName: string, at = place("assets/sales.ts", sales, '"raw/sales"')) =>
  client.ask<WorkspaceEdit | null>("textDocument/rename", { ...at, newName });
const applied = (text: string, edits: readonly unknown[]) => TextDocument.applyEdits(TextDocument.create("a", "", 1, text), edits as TextEdit[]);

describe("rename of a key", () => {
  it.each([
    ["its own literal", "assets/sales.ts", sales, '"raw/sales"'],
    ["a string that names it", "assets/other.ts", other, "'raw/sales'"],
  ])("changes every string that names the asset, and nothing else, asked at %s", async (_, name, text, piece) => {
    const client = await bench.start();
    await client.open(bench.uri("assets/other.ts"), other, 7);
    const at = place(name, text, piece);
    const start = positionIn(text, text.indexOf(piece) + 1);
    expect(await client.ask("textDocument/prepareRename", at)).toEqual({
      range: { start, end: { ...start, character: start.character + 9 } },
      placeholder: "raw/sales",
    });
    const edit = (await rename(client, "clean/sales", at))!;
    const changes = new Map((edit.documentChanges as TextDocumentEdit[]).map((each) => [each.textDocument.uri, each]));
    expect([...changes.keys()].sort()).toEqual([bench.uri("assets/other.ts"), bench.uri("assets/sales.ts")]);
    const [inSales, inOther] = [changes.get(bench.uri("assets/sales.ts"))!, changes.get(bench.uri("assets/other.ts"))!];
    expect([inSales.textDocument.version, inOther.textDocument.version]).toEqual([null, 7]);
    expect(applied(sales, inSales.edits)).toBe(sales.replace('asset("raw/sales"', 'asset("clean/sales"').replace('["raw/sales"]', '["clean/sales"]'));
    expect(applied(other, inOther.edits)).toBe(other.replace("raw/sales", "clean/sales"));
    const [[id, note]] = Object.entries(edit.changeAnnotations!) as [[string, { label: string }]];
    expect(note.label).toBe("Stored data keeps its old name");
    expect([...inSales.edits, ...inOther.edits].every((each) => "annotationId" in each && each.annotationId === id)).toBe(true);
  });

  it("leaves selections of scripts as they are", async () => {
    bench.write("scripts/run.ts", 'import { materialize } from "sluice";\nawait materialize("raw/sales");\nawait materialize("+raw/sales");\n');
    const client = await bench.start();
    const edit = (await rename(client, "clean/sales"))!;
    const changed = (edit.documentChanges as TextDocumentEdit[]).map((each) => each.textDocument.uri);
    expect(changed.sort()).toEqual([bench.uri("assets/other.ts"), bench.uri("assets/sales.ts")]);
  });

  it("gives plain changes to a client that takes no others", async () => {
    const client = await bench.start({ capabilities: {} });
    expect(client.initialized.capabilities.renameProvider).toBe(true);
    const { changes } = (await rename(client, "clean"))!;
    expect(applied(other, changes![bench.uri("assets/other.ts")]!)).toBe(other.replace("raw/sales", "clean"));
  });

  it("leaves identifiers and other strings to others", async () => {
    const client = await bench.start();
    for (const piece of ["sales = asset", '"raw/sales" });']) {
      expect(await client.ask("textDocument/prepareRename", place("assets/sales.ts", sales, piece))).toBeNull();
    }
  });

  it("can be left out", async () => {
    const client = await bench.start({ initializationOptions: { features: { rename: false } } });
    expect(client.initialized.capabilities.renameProvider).toBeUndefined();
  });
});

describe("rename refuses", () => {
  it.each([
    ["a key that is none", "no key", '"no key" is no asset key'],
    ["a key that is taken", "summary", 'Another asset of this project has the key "summary".'],
  ])("%s", async (_, newName, message) => {
    await expect(rename(await bench.start(), newName)).rejects.toMatchObject({ code: -32_803, message: expect.stringContaining(message) });
  });

  it.each([
    ["while a referrer is half-typed", `${other}export const x = (`, "other.ts, which names it, has syntax errors"],
    ["while a half-typed file mentions it", `${head}export const x = ( { "raw/sales" `, "has syntax errors"],
    ["where a key is computed from it", other.replace("'raw/sales'", '"raw/sales" + suffix'), "other.ts computes a key from it"],
    ["where it is defined twice", `${head}export const twice = asset("raw/sales", { run: () => 1 });\n`, "defined more than once"],
  ])("%s", async (_, text, message) => {
    const client = await bench.start();
    await client.open(bench.uri("assets/other.ts"), text);
    await expect(rename(client, "new")).rejects.toMatchObject({ message: expect.stringContaining(message) });
    const prepared = client.ask("textDocument/prepareRename", place("assets/sales.ts", sales, '"raw/sales"'));
    await expect(prepared).rejects.toMatchObject({ message: expect.stringContaining(message) });
  });

  it.each([
    ["a computed key", `${head}export const made = asset("made_" + suffix, { run: () => 1 });\n`, '"made_"', "computed"],
    ["an output", `${head}export const many = assets("many", { outputs: { good: {} }, run: () => 1 });\n`, "good:", "is an output"],
    ["a key that nothing has", other.replace("summary", "nowhere"), '"nowhere"', "nothing to rename"],
  ])("%s", async (_, text, piece, message) => {
    const client = await bench.start();
    await client.open(bench.uri("assets/other.ts"), text);
    await expect(rename(client, "new", place("assets/other.ts", text, piece))).rejects.toMatchObject({ message: expect.stringContaining(message) });
  });

  it("where a file changed behind the index's back", async () => {
    const client = await bench.start();
    bench.write("assets/other.ts", `// moved\n${other}`);
    await expect(rename(client, "new")).rejects.toMatchObject({ message: expect.stringContaining("other.ts does not have it where it was") });
  });
});
