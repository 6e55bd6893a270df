import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type {
  CallHierarchyIncomingCall,
  CallHierarchyItem,
  CallHierarchyOutgoingCall,
  DocumentHighlight,
  FoldingRange,
  Range,
} from "vscode-languageserver/node";
import type { TestClient } from "../testing/client.ts";
import { createWorkbench, marked, type Workbench } from "../testing/workbench.ts";

const sales = `import { asset, rows } from "sluice";
import { orders } from "./orders.ts";
export const clean = asset("clean", {
  inputs: { orders: orders.as(rows()), again: orders },
  run: () => 1,
});
export const summary = asset("summary", { group: "money", deps: ["clean", "raw/orders"], run: () => 1 });
`;
const orders = 'import { source } from "sluice";\nexport const orders = source("raw/orders", {});\n';
let bench: Workbench;

beforeEach(() => {
  bench = createWorkbench({
    "sluice.config.ts": `import { defineConfig } from "sluice";
export default defineConfig({ assets: ["assets/**/*.ts"], targets: { local: {} }, defaultTarget: "local" });
`,
    "assets/orders.ts": orders,
    "assets/sales.ts": sales,
  });
});
afterEach(async () => {
  expect(await bench.close()).toEqual([]);
});

async function at(source: string): Promise<{ readonly client: TestClient; readonly params: object }> {
  const client = await bench.start();
  const { text, position } = marked(source);
  await client.open(bench.uri("assets/sales.ts"), text);
  return { client, params: { textDocument: { uri: bench.uri("assets/sales.ts") }, position } };
}
const textIn = (text: string, { start, end }: Range) => text.split("\n")[start.line]!.slice(start.character, end.character);

describe("the call hierarchy of an asset", () => {
  it.each([
    ["its key", sales.replace('asset("clean"', 'asset("cl‸ean"')],
    ["its name", sales.replace("const clean", "const cl‸ean")],
    ["a key that names it", sales.replace('deps: ["clean"', 'deps: ["cle‸an"')],
  ])("begins at %s; outgoing calls are upstream, incoming ones downstream", async (_, source) => {
    const { client, params } = await at(source);
    const [item] = await client.ask<CallHierarchyItem[]>("textDocument/prepareCallHierarchy", params);
    expect(item).toMatchObject({ name: "clean", uri: bench.uri("assets/sales.ts") });
    const outgoing = await client.ask<CallHierarchyOutgoingCall[]>("callHierarchy/outgoingCalls", { item });
    expect(outgoing.map(({ to, fromRanges }) => [to.name, fromRanges.map((range) => textIn(sales, range))])).toEqual([
      ["raw/orders", ["orders", "orders"]],
    ]);
    const incoming = await client.ask<CallHierarchyIncomingCall[]>("callHierarchy/incomingCalls", { item });
    expect(incoming.map(({ from, fromRanges }) => [from.name, from.detail, fromRanges.map((range) => textIn(sales, range))])).toEqual([
      ["summary", "sales.ts · money", ['"clean"']],
    ]);
  });

  it("is there for no other place, and ends where an asset is gone", async () => {
    const { client, params } = await at(sales.replace("run: () => 1,", "run: () => ‸1,"));
    expect(await client.ask("textDocument/prepareCallHierarchy", params)).toBeNull();
    const [item] = await client.ask<CallHierarchyItem[]>("textDocument/prepareCallHierarchy", {
      textDocument: { uri: bench.uri("assets/orders.ts") },
      position: { line: 1, character: orders.split("\n")[1]!.indexOf("raw/") },
    });
    expect(item?.name).toBe("raw/orders");
    const gone = { ...item, data: "file:///nowhere.ts#orders" };
    expect(await client.ask("callHierarchy/incomingCalls", { item: gone })).toEqual([]);
    expect(await client.ask("callHierarchy/outgoingCalls", { item: { ...item, data: 7 } })).toEqual([]);
  });
});

describe("highlights", () => {
  it("mark a key where it is written and wherever the file reads it, and nothing of other files", async () => {
    const { client, params } = await at(sales.replace('deps: ["clean"', 'deps: ["cle‸an"'));
    const found = await client.ask<DocumentHighlight[]>("textDocument/documentHighlight", params);
    expect(found.map(({ range, kind }) => [range.start.line, textIn(sales, range), kind])).toEqual([
      [2, '"clean"', 3],
      [6, '"clean"', 2],
    ]);
  });
});

describe("folding", () => {
  it("folds each asset that has several lines", async () => {
    const { client } = await at(`‸${sales}`);
    expect(await client.ask<FoldingRange[]>("textDocument/foldingRange", { textDocument: { uri: bench.uri("assets/sales.ts") } })).toEqual([
      { startLine: 2, endLine: 5 },
    ]);
  });
});
