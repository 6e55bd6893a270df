import { afterEach, describe, expect, it } from "vitest";
import type { CodeAction, Diagnostic, DocumentDiagnosticReport } from "vscode-languageserver/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import { createWorkbench, type Workbench } from "../../testing/workbench.ts";

const head = `import { asset, ioManagerKey, resourceKey, source, staticPartitions } from "sluice";\n`;
const config = (targets: string) => `import { defineConfig } from "sluice";
import { duckdb } from "sluice/duckdb";
export default defineConfig({ assets: ["assets/**/*.ts"], targets: { ${targets} }, defaultTarget: "local" });
`;
let bench: Workbench | undefined;

afterEach(async () => {
  expect(await bench?.close()).toEqual([]);
});

/** The fixes for the first finding of a file, and what the files are, and what is found in them, after each. */
async function fixesOf(assets: string, { targets = "local: {}", other = "" } = {}) {
  const main = head + assets;
  const files: Readonly<Record<string, string>> = {
    "sluice.config.ts": config(targets),
    "assets/main.ts": main,
    "assets/other.ts": other,
  };
  bench = createWorkbench(files);
  const client = await bench.start();
  const pull = async (name: string): Promise<readonly Diagnostic[]> => {
    const report = await client.ask<DocumentDiagnosticReport>("textDocument/diagnostic", { textDocument: { uri: bench!.uri(name) } });
    return report.kind === "full" ? report.items : [];
  };
  for (const [name, text] of Object.entries(files)) await client.open(bench.uri(name), text, 1);
  const [first] = await pull("assets/main.ts");
  const textDocument = { uri: bench.uri("assets/main.ts") };
  const actions = await client.ask<CodeAction[]>("textDocument/codeAction", { textDocument, range: first!.range, context: { diagnostics: [first] } });
  const results: { readonly title: string; readonly text: string; readonly config: string; readonly codes: readonly unknown[] }[] = [];
  let version = 1;
  for (const { title, edit, diagnostics } of actions) {
    expect(diagnostics).toEqual([first]);
    const changed = (name: string) =>
      TextDocument.applyEdits(TextDocument.create(bench!.uri(name), "typescript", 1, files[name]!), edit!.changes![bench!.uri(name)] ?? []);
    version++;
    for (const name of Object.keys(files)) await client.edit(bench.uri(name), version, changed(name));
    const codes = (await pull("assets/main.ts")).map(({ code }) => code);
    results.push({ title, text: changed("assets/main.ts").slice(head.length), config: changed("sluice.config.ts"), codes });
  }
  return { code: first!.code, results, titles: results.map(({ title }) => title) };
}

const x = 'export const x = source("x");\n';

describe("an input that run does not take", () => {
  it.each([
    [
      "one of two",
      "inputs: { x, y: x.as(rows()) }, run: ({ x }) => x",
      "inputs: { x, y: x.as(rows()) }, run: ({ x, y }) => x",
      "inputs: { x },\n  deps: [x], run: ({ x }) => x",
    ],
    ["the only one", "inputs: { x }, run: () => f()", "inputs: { x }, run: ({ x }) => f()", "deps: [x], run: () => f()"],
    [
      "beside deps",
      'inputs: { x }, deps: ["x"], run() { return f(); }',
      'inputs: { x }, deps: ["x"], run({ x }) { return f(); }',
      'deps: ["x", x], run() { return f(); }',
    ],
    ["an empty pattern", "inputs: { x }, run: ({}) => f()", "inputs: { x }, run: ({ x }) => f()", "deps: [x], run: ({}) => f()"],
  ])("is taken, or only waited for: %s", async (_, before, taken, waited) => {
    const text = (spec: string) => `${x}export const a = asset("a", { ${spec} });\n`;
    const { code, results, titles } = await fixesOf(text(before));
    expect(code).toBe("unused-input");
    const name = before.includes("y: x") ? "y" : "x";
    expect(titles).toEqual([`Take "${name}" in run`, `Wait for "${name}" in deps, without loading it`]);
    expect(results.map((each) => each.text)).toEqual([text(taken), text(waited)]);
    expect(results.map(({ codes }) => codes)).toEqual([[], []]);
  });
});

describe("a parameter that nothing feeds", () => {
  it.each([
    ["no inputs yet", "run: ({ sales }) => sales", "inputs: { sales: someSales }, run: ({ sales }) => sales"],
    ["other inputs", "inputs: { x }, run: ({ x, sales }) => sales", "inputs: { x, sales: someSales }, run: ({ x, sales }) => sales"],
    ["empty inputs", "inputs: {}, run: ({ sales }) => sales", "inputs: { sales: someSales }, run: ({ sales }) => sales"],
  ])("is fed by the asset of that name, imported where it must be: %s", async (_, before, after) => {
    const { code, results } = await fixesOf(`${x}export const a = asset("a", { ${before} });\n`, {
      other: 'import { source } from "sluice";\nexport const sales = source("some/sales");\n',
    });
    expect(code).toBe("unfed-parameter");
    expect(results).toHaveLength(1);
    expect(results[0]?.title).toBe('Add the input "sales"');
    expect(results[0]?.codes).toEqual([]);
    expect(results[0]?.text).toContain(`{ ${after} }`);
  });

  it("has no fix where no asset has the name", async () => {
    expect((await fixesOf('export const a = asset("a", { run: ({ nothing }) => f() });\n')).titles).toEqual([]);
  });
});

describe("an input whose partitions do not fit", () => {
  it.each(["up: up.as(rows())", "up"])("says which it wants: %s", async (input) => {
    const text = (given: string) => `export const up = asset("up", { partitions: staticPartitions(["eu"]), run: () => f() });
export const a = asset("a", { inputs: { ${given} }, run: ({ up }) => up });
`;
    const { results, titles } = await fixesOf(text(input));
    expect(titles).toEqual(["Take all its partitions", "Take its latest partition"]);
    const given = input === "up" ? "up: up" : input;
    expect(results.map((each) => each.text)).toEqual([text(`${given}.all()`), text(`${given}.latest()`)]);
    expect(results.map(({ codes }) => codes)).toEqual([[], []]);
  });
});

describe("a key that no target binds", () => {
  it.each([
    ["local: {}, prod: { protected: true }", "local: { models: filesystem() }, prod: { protected: true, models: filesystem() }"],
    ["local: { ioManager: duckdb({ database: 'x' }), }", "local: { ioManager: duckdb({ database: 'x' }), models: filesystem(), }"],
  ])("is bound in every target, with what it takes imported: %s", async (targets, after) => {
    const { results, titles } = await fixesOf(
      'const models = ioManagerKey()("models");\nexport const a = asset("a", { ioManager: models, run: () => f() });\n',
      {
        targets,
      },
    );
    expect(titles).toEqual(['Bind "models" in every target that lacks it']);
    expect(results[0]?.config).toBe(`import { filesystem } from "sluice";\n${config(after)}`);
    expect(results[0]?.codes).toEqual([]);
  });

  it("is a resource that says it is not written, where assets open it", async () => {
    const { results } = await fixesOf(
      'const shop = resourceKey()("the-shop");\nexport const a = asset("a", { resources: { shop }, run: () => f() });\n',
    );
    expect(results[0]?.config).toContain('"the-shop": resource({ open: () => { throw new Error(');
    expect(results[0]?.codes).toEqual([]);
  });
});

describe("assets that share a table", () => {
  it("are told apart by a table of their own", async () => {
    const { code, results, titles } = await fixesOf(
      'export const a = asset("one/a/sales", { run: () => f() });\nexport const b = asset("two/a/sales", { run: () => f() });\n',
      { targets: 'local: { ioManager: duckdb({ database: "x" }) }' },
    );
    expect([code, ...titles]).toEqual(["graph/storage-collision", "Give it a table of its own"]);
    expect(results[0]?.text).toContain('asset("one/a/sales", { table: { name: "one_a_sales" }, run: () => f() });');
    expect(results[0]?.codes).toEqual([]);
  });
});
