import { afterEach, describe, expect, it } from "vitest";
import { type Diagnostic, DiagnosticSeverity, type DocumentDiagnosticReport } from "vscode-languageserver/node";
import { createWorkbench, positionIn, type Workbench } from "../testing/workbench.ts";

const imports = `import { asset, assets, dailyPartitions, dynamicPartitions, ioManagerKey, multiPartitions, output, resourceKey, source, staticPartitions } from "sluice";\n`;
const config = (targets: string) => `import { defineConfig, filesystem, inMemory } from "sluice";
import { duckdb } from "sluice/duckdb";
export default defineConfig({ assets: ["assets/**/*.ts"], targets: { ${targets} }, defaultTarget: "local" });
`;
const tables = 'local: { ioManager: duckdb({ database: "x.duckdb" }) }';
let bench: Workbench | undefined;

afterEach(async () => {
  expect(await bench?.close()).toEqual([]);
});

/** What is found in a file of a project; `assets` is the text of `assets/main.ts`. */
async function found(assets: string, { targets = tables, file = "assets/main.ts", options = {} } = {}) {
  const files: Record<string, string> = { "sluice.config.ts": config(targets), "assets/main.ts": imports + assets };
  bench = createWorkbench(files);
  const client = await bench.start({ initializationOptions: options });
  const report = await client.ask<DocumentDiagnosticReport>("textDocument/diagnostic", { textDocument: { uri: bench.uri(file) } });
  const items: readonly Diagnostic[] = report.kind === "full" ? report.items : [];
  const text = files[file]!;
  const at = ({ range }: Diagnostic) => text.split("\n")[range.start.line]!.slice(range.start.character, range.end.character);
  return { items, brief: items.map((each) => [each.code, at(each), each.message]), text, client };
}

describe("an I/O manager key or a resource key", () => {
  const keyed = `const models = ioManagerKey()("models");
const shop = resourceKey()("shop");
export const a = asset("a", { ioManager: models, resources: { shop }, run: () => [] });
`;
  it("that no target binds is an error where it is used", async () => {
    const { brief } = await found(keyed);
    expect(brief).toEqual([
      ["config/unbound-key", "models", 'No target of this project binds anything to "models".'],
      ["config/unbound-key", "shop", 'No target of this project binds anything to "shop".'],
    ]);
  });

  const some = `${tables.slice(0, -2)}, models: filesystem(), shop }, prod: { models: filesystem() }`;
  it("that some targets lack is an error at these targets, which names who needs it", async () => {
    const { brief, items } = await found(keyed, { targets: some, file: "sluice.config.ts" });
    expect(brief).toEqual([["config/unbound-key", "prod", 'Target "prod" binds nothing to "shop", which "a" uses.']]);
    expect(items[0]?.relatedInformation?.[0]?.location.uri).toBe(bench!.uri("assets/main.ts"));
  });

  it.each([
    ["a target with something computed may bind it", "local: { ...shared }"],
    ["every target binds it", "local: { models: filesystem(), shop: open() }"],
  ])("is none where %s", async (_, targets) => {
    expect((await found(keyed, { targets })).brief).toEqual([]);
  });
});

describe("two assets in one table", () => {
  it("are an error at each, as the store folds names", async () => {
    const { brief, items } = await found(
      'export const a = asset("raw/sales", { run: () => [] });\nexport const b = asset("old/RAW/Sales", { run: () => [] });\n',
    );
    expect(brief).toEqual([
      [
        "graph/storage-collision",
        '"raw/sales"',
        '"raw/sales" and "old/RAW/Sales" would be stored in one table on target "local". Give one of them another: table: { schema, name }.',
      ],
      [
        "graph/storage-collision",
        '"old/RAW/Sales"',
        '"old/RAW/Sales" and "raw/sales" would be stored in one table on target "local". Give one of them another: table: { schema, name }.',
      ],
    ]);
    expect(items[0]?.relatedInformation).toHaveLength(1);
  });

  it.each([
    ["with tables of their own", 'asset("a/sales", { table: { schema: "one" }, run: () => [] })', 'asset("b/a/sales", { run: () => [] })', tables],
    ["with a table that is computed", 'asset("a/sales", { table: { name: n() }, run: () => [] })', 'asset("b/a/sales", { run: () => [] })', tables],
    ["of which one is a source", 'source("a/sales")', 'asset("b/a/sales", { run: () => [] })', tables],
    ["in files, which have a folder each", 'asset("a/sales", { run: () => [] })', 'asset("b/a/sales", { run: () => [] })', "local: {}"],
    ["that may store nothing", 'asset("a/sales", { resources: { shop }, run: () => f() })', 'asset("b/a/sales", { run: () => [] })', tables],
  ])("are none %s", async (_, one, other, targets) => {
    const text = `const shop = other();\nexport const a = ${one};\nexport const b = ${other};\n`;
    expect((await found(text, { targets })).brief).toEqual([]);
  });
});

describe("partitions of an input", () => {
  const up = (partitions: string) => `export const up = asset("up", { partitions: ${partitions}, run: () => [] });\n`;
  const down = (input: string, partitions?: string) =>
    `export const down = asset("down", { ${partitions ? `partitions: ${partitions}, ` : ""}inputs: { up: ${input} }, run: ({ up }) => up });\n`;
  const days = 'dailyPartitions({ start: "2026-01-01", column: "day" })';
  const berlin = 'dailyPartitions({ start: "2026-01-01", timezone: "Europe/Berlin", column: "day" })';
  const regions = 'staticPartitions(["eu", "us"], { column: "region" })';

  it.each([
    ["another time zone", days, berlin, "down counts time in Europe/Berlin, and it counts in UTC"],
    ["keys that upstream lacks", regions, 'staticPartitions(["eu", "asia"], { column: "r" })', 'down has partitions that it lacks ("asia")'],
    ["another kind", regions, days, "down is divided by time, and it is divided by static keys"],
    ["none of its own", regions, undefined, "down is not partitioned and takes it as a whole, which has partitions"],
  ])("are an error with %s", async (_, upper, lower, why) => {
    const { brief } = await found(up(upper) + down("up.as(rows())", lower), { targets: "local: {}" });
    expect(brief).toEqual([
      [
        "partition/mismatch",
        "up",
        `down takes up as its input "up", but ${why}. Say which partitions it wants: .all(), .latest() or .partition(key).`,
      ],
    ]);
  });

  it.each([
    ["the same definition, by name", `const d = ${days};\n${up("d")}${down("up", "d")}`],
    ["said which are wanted", up(regions) + down("up.as(rows()).all().merged()")],
    ["upstream without partitions", `export const up = asset("up", { run: () => [] });\n${down("up", days)}`],
    ["a definition that is computed", up("make()") + down("up", days)],
    ["several dimensions", up(`multiPartitions({ d: ${days}, r: ${regions} })`) + down("up", days)],
    ["only waiting for it", `${up(regions)}export const down = asset("down", { deps: [up], run: () => [] });\n`],
  ])("are none with %s", async (_, text) => {
    expect((await found(text, { targets: "local: {}" })).brief).toEqual([]);
  });
});

describe("partitions in a table", () => {
  it("say in which column they lie, on the spot or where they are defined, and in each dimension", async () => {
    const { brief } = await found(`const days = dailyPartitions({ start: "2026-01-01" });
export const a = asset("a", { partitions: days, run: () => [] });
export const b = asset("b", { partitions: staticPartitions(["x"]), run: () => [] });
export const c = asset("c", { partitions: multiPartitions({ x: staticPartitions(["x"], { column: "x" }), y: dynamicPartitions("y") }), run: () => [] });
`);
    expect(brief.map(([code, text]) => [code, text])).toEqual([
      ["partition/missing-column", "days"],
      ["partition/missing-column", 'staticPartitions(["x"])'],
      ["partition/missing-column", 'dynamicPartitions("y")'],
    ]);
    expect(brief[2]?.[2]).toContain('Dimension "y" of "c"');
  });

  it("need none in files", async () => {
    const { brief } = await found('export const b = asset("b", { partitions: staticPartitions(["x"]), run: () => [] });', { targets: "local: {}" });
    expect(brief).toEqual([]);
  });
});

describe("a value that is no table", () => {
  it("is an error where a target stores tables only", async () => {
    const { brief } = await found('export const a = asset("a", { run: () => 42 });');
    expect(brief).toEqual([
      [
        "io/unsupported-value",
        "42",
        'run returns a number, and what target "local" binds to "ioManager" stores tables. Return rows, an Arrow table, batches or a query.',
      ],
    ]);
  });

  it("is fine in files", async () => {
    expect((await found('export const a = asset("a", { run: () => 42 });', { targets: "local: { ioManager: inMemory() }" })).brief).toEqual([]);
  });
});

describe("inputs and run", () => {
  it("are compared: what is loaded for nothing is faded, what is never fed is an error", async () => {
    const { items, brief } = await found(`export const x = source("x");
export const a = asset("a", { inputs: { x, y: x }, run: ({ y, z }) => [y, z] });
`);
    expect(brief).toEqual([
      ["unused-input", "x", 'The input "x" is loaded, but run does not take it. To wait for it without loading it, name it in deps.'],
      ["unfed-parameter", "z", 'run takes "z", and inputs has nothing of that name.'],
    ]);
    expect(items[0]).toMatchObject({ severity: DiagnosticSeverity.Hint, tags: [1] });
  });
});

describe("diagnostics", () => {
  it("hint at a computed key, and link to the page of their code where the client says where the pages are", async () => {
    const { items } = await found(
      'export const a = asset(name(), { run: () => 1 });\nexport const b = asset("b", { deps: ["c"], run: () => [] });\n',
      {
        options: { docs: "file:///docs" },
        targets: "local: {}",
      },
    );
    expect(items.map(({ code, severity, codeDescription }) => [code, severity, codeDescription?.href])).toEqual([
      ["computed-key", DiagnosticSeverity.Hint, "file:///docs/language-server.md#computed-key"],
      ["graph/unknown-upstream", DiagnosticSeverity.Error, "file:///docs/errors.md#graphunknown-upstream"],
    ]);
  });

  it("follow a change of the config", async () => {
    const { client, items } = await found('export const a = asset("a", { run: () => 42 });');
    expect(items).toHaveLength(1);
    const before = client.received("workspace/diagnostic/refresh").length;
    await client.open(bench!.uri("sluice.config.ts"), config("local: {}"));
    await client.until("workspace/diagnostic/refresh", () => client.received("workspace/diagnostic/refresh").length > before);
    const report = await client.ask<DocumentDiagnosticReport>("textDocument/diagnostic", { textDocument: { uri: bench!.uri("assets/main.ts") } });
    expect(report).toMatchObject({ kind: "full", items: [] });
  });

  it("stand where the text has them", async () => {
    const { items, text } = await found('export const a = asset("a", { deps: ["nothing"], run: () => [] });');
    expect(items[0]?.range.start).toEqual(positionIn(text, text.indexOf('"nothing"')));
  });
});
