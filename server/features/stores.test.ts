import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DocumentLink, InlayHint, LocationLink, Range } from "vscode-languageserver/node";
import { createWorkbench, marked, type Workbench } from "../testing/workbench.ts";

const config = `import * as sluice from "sluice";
import { duckdb } from "sluice/duckdb";
export default sluice.defineConfig({
  assets: ["assets/**/*.ts"],
  targets: {
    local: { ioManager: duckdb({ database: "data/sales.duckdb" }), models: sluice.filesystem({ baseDir: "data" }), shop: open() },
    prod: { models: sluice.filesystem({ baseDir: "/nowhere/else" }), shop: open() },
  },
  defaultTarget: "local",
});
`;
const main = `import { asset, assets, ioManagerKey, output, readCsv as csv, resourceKey, source } from "sluice";
const models = ioManagerKey()("models");
const shop = resourceKey()("shop");
export const sales = asset("sales", { run: () => csv<Sale>("data/sales.csv") });
export const gone = asset("gone", { run: () => csv("data/gone.csv") });
export const many = asset("many", { run: () => csv("data/*.csv") });
export const model = asset("model", { inputs: { sales }, ioManager: models, resources: { shop }, run: ({ sales }) => f(sales) });
export const { good } = assets("split", { outputs: { good: output() }, run: () => ({ good: [] }) });
export const outside = source("outside");
`;
let bench: Workbench;
beforeEach(() => {
  bench = createWorkbench({ "sluice.config.ts": config, "assets/main.ts": main, "data/sales.csv": "id\n1\n", "data/sales.duckdb": "" });
});
afterEach(async () => {
  expect(await bench.close()).toEqual([]);
});
const textIn = (text: string, { start, end }: Range) => text.split("\n")[start.line]!.slice(start.character, end.character);

describe("the type definition", () => {
  it.each([
    [
      "an asset's key",
      '"sa‸les"',
      [
        ["ioManager", 5],
        ["prod", 6],
      ],
    ],
    [
      "an input",
      "inputs: { sal‸es",
      [
        ["ioManager", 5],
        ["prod", 6],
      ],
    ],
    [
      "an I/O manager key",
      "ioManager: mo‸dels",
      [
        ["models", 5],
        ["models", 6],
      ],
    ],
    [
      "an asset that names one",
      '"mo‸del"',
      [
        ["models", 5],
        ["models", 6],
      ],
    ],
    [
      "a resource key",
      "resources: { sh‸op",
      [
        ["shop", 5],
        ["shop", 6],
      ],
    ],
  ])("of %s is what each target binds", async (_, mark, expected) => {
    const { text, position } = marked(main.replace(mark.replace("‸", ""), mark));
    const client = await bench.start();
    await client.open(bench.uri("assets/main.ts"), text);
    const params = { textDocument: { uri: bench.uri("assets/main.ts") }, position };
    const found = await client.ask<LocationLink[]>("textDocument/typeDefinition", params);
    expect(found.map(({ targetSelectionRange: range }) => [textIn(config, range), range.start.line])).toEqual(expected);
    expect(found.every(({ targetUri }) => targetUri === bench.uri("sluice.config.ts"))).toBe(true);
  });

  it("is none elsewhere", async () => {
    const client = await bench.start();
    const params = { textDocument: { uri: bench.uri("assets/main.ts") }, position: { line: 0, character: 0 } };
    expect(await client.ask("textDocument/typeDefinition", params)).toEqual([]);
  });
});

describe("inlay hints", () => {
  const ask = async (end: number) => {
    const client = await bench.start();
    const range = { start: { line: 0, character: 0 }, end: { line: end, character: 0 } };
    const params = { textDocument: { uri: bench.uri("assets/main.ts") }, range };
    const hints = await client.ask<InlayHint[]>("textDocument/inlayHint", params);
    return hints.map(({ position, label }) => [main.split("\n")[position.line]!.slice(0, position.character).split(/[ (]/).at(-1), label]);
  };
  it("say what the default target stores by, and the whole key of an output", async () => {
    expect(await ask(20)).toEqual([
      ['"sales"', "in duckdb"],
      ['"gone"', "in duckdb"],
      ['"many"', "in duckdb"],
      ["good", "split/good"],
    ]);
  });

  it("come for what is asked for", async () => {
    expect(await ask(4)).toEqual([['"sales"', "in duckdb"]]);
  });
});

describe("links", () => {
  const ask = async (name: string, text: string) => {
    const client = await bench.start();
    const links = await client.ask<DocumentLink[]>("textDocument/documentLink", { textDocument: { uri: bench.uri(name) } });
    return links.map(({ range, target }) => [textIn(text, range), target]);
  };
  it("lead from a reader's path to its file, where there is one", async () => {
    expect(await ask("assets/main.ts", main)).toEqual([['"data/sales.csv"', bench.uri("data/sales.csv")]]);
  });

  it("lead from a config to the database and the folder", async () => {
    expect(await ask("sluice.config.ts", config)).toEqual([
      ['"data/sales.duckdb"', bench.uri("data/sales.duckdb")],
      ['"data"', bench.uri("data")],
    ]);
  });
});
