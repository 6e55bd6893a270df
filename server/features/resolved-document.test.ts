import { afterEach, beforeEach, expect, it } from "vitest";
import { statusChanged } from "../../runtime/src/model/graph.ts";
import { createWorkbench, type Workbench } from "../testing/workbench.ts";
import { assetOfUri } from "./resolved-document.ts";

const files: Readonly<Record<string, string>> = {
  "sluice.config.ts": `import { defineConfig } from "sluice";
import { duckdb } from "sluice/duckdb";
export default defineConfig({
  assets: ["assets/**/*.ts"],
  targets: { local: { warehouse: duckdb({ database: "a.duckdb" }) }, qa: {}, prod: { ...common } },
  defaultTarget: "local",
});
`,
  "lib/keys.ts": `import { ioManagerKey, resourceKey } from "sluice";
export const warehouse = ioManagerKey<unknown>()("warehouse");
export const shop = resourceKey<string>()("shop-api");
`,
  "assets/raw.ts": `import { source } from "sluice";
export const orders = source("raw/orders", {});
`,
  "assets/sales.ts": `import { asset, staticPartitions } from "sluice";
import { shop, warehouse } from "../lib/keys.ts";
import { orders } from "./raw.ts";
interface Sale { readonly id: number; readonly note?: string | null }
export const sales = asset("sales", {
  description: "What was *sold*", group: "money", ioManager: warehouse, resources: { shop }, table: { schema: "shop" },
  partitions: staticPartitions(["eu", "us"]), inputs: { orders: orders.all() }, deps: ["gone"],
  run: (): Sale[] => [],
});
export const report = asset("report", { deps: [sales], run: () => 1 });
`,
};
let bench: Workbench;
beforeEach(() => {
  bench = createWorkbench(files);
});
afterEach(async () => {
  expect(await bench.close()).toEqual([]);
});

const folder = () => bench.uri("").replace(/\/$/, "");
const uriOf = (key: string) => `sluice:/${key}.md?${encodeURIComponent(folder())}`;
const status = { key: "sales", state: "stale", reason: "code changed", storedAt: Date.UTC(2026, 0, 2), rows: 1234, place: "a.duckdb: shop.sales" };
const metadata = { columns: [{ name: "id", type: "BIGINT" }], quality: 0.9 };

async function start() {
  const client = await bench.start();
  const text = async (uri: string) => (await client.ask<{ text: string }>("workspace/textDocumentContent", { uri })).text;
  const tell = (one: object) => client.connection.sendNotification(statusChanged, { project: folder(), statuses: [one], running: [] });
  const refreshed = () => client.received("workspace/textDocumentContent/refresh").length;
  return { client, text, tell, refreshed };
}

it("shows all that is known of an asset", async () => {
  const { client, text, tell } = await start();
  expect(client.initialized.capabilities.workspace?.textDocumentContent).toEqual({ schemes: ["sluice"] });
  await tell({ ...status, metadata });
  const shown = (await text(uriOf("sales"))).replaceAll(folder(), "file:///shop");
  expect(shown).toBe(`# \`sales\`

What was \\*sold\\*

- Kind: asset
- Defined in: [assets\\/sales\\.ts\\:5](file:///shop/assets/sales.ts#L5)
- Variable: \`sales\`
- Group: money
- I/O manager: \`warehouse\`
- Resources: \`shop-api\`
- Table: \`shop.…\`
- Partitions: \`staticPartitions\` · \`eu\`, \`us\`

## State

- State: stale\\: code changed
- Rows: 1,234
- Stored at: 2026-01-02T00:00:00.000Z
- Stored in: \`a.duckdb: shop.sales\`

## Stored by

| Target | \`warehouse\` is |
| --- | --- |
| local (default) | \`duckdb()\` |
| qa | **nothing** |
| prod | *computed* |

## Upstream

| Input | Asset |
| --- | --- |
| \`orders\` | \`raw/orders\` |
| *waits for it* | \`gone\` (not found) |

## Downstream

- \`report\`

## Stored columns

| Column | Type |
| --- | --- |
| \`id\` | \`BIGINT\` |

## Row type

\`Sale\`, in [assets\\/sales\\.ts\\:4](file:///shop/assets/sales.ts#L4)

| Member | Type |
| --- | --- |
| \`id\` | \`number\` |
| \`note?\` | \`string \\| null\` |

## Recorded

quality: 0\\.9
`);
});

it("tells the client when what it shows reads otherwise, and only then", async () => {
  const { client, text, tell, refreshed } = await start();
  const uri = uriOf("sales");
  const before = await text(uri);
  await text(uriOf("raw/orders"));
  await tell(status);
  await client.until<{ uri: string }>("workspace/textDocumentContent/refresh", (params) => params.uri === uri);
  expect(refreshed()).toBe(1);
  const after = await text(uri);
  expect(after).not.toBe(before);
  await client.open(bench.uri("assets/sales.ts"), files["assets/sales.ts"]!.replace('"money"', '"gold"'));
  await client.until("workspace/textDocumentContent/refresh", () => refreshed() === 2);
  expect(await text(uri)).toContain("Group: gold");
});

it("says so when there is no such asset, and refuses what is no such document", async () => {
  const { client, text } = await start();
  expect(await text(uriOf("nothing/here"))).toContain("The project has no asset with this key.");
  for (const uri of ["sluice:/sales.md", "sluice:/%E0%A4%A.md?file%3A%2F%2F%2Fx", "file:///x/sales.md"]) {
    await expect(client.ask("workspace/textDocumentContent", { uri })).rejects.toThrow("names no asset");
  }
});

it("reads uris as editors write them", () => {
  const asked = { scope: "/home/ada/my shop", key: "raw/größe" };
  expect(assetOfUri("sluice:/raw/gr%C3%B6%C3%9Fe.md?file%3A%2F%2F%2Fhome%2Fada%2Fmy%2520shop")).toEqual(asked);
  expect(assetOfUri("sluice:///raw/größe.md?file:///home/ada/my%2520shop/")).toEqual(asked);
});

it("can be left out, and is not offered to a client that shows no such documents", async () => {
  const off = await bench.start({ initializationOptions: { features: { textDocumentContent: false } } });
  const old = await bench.start({ capabilities: { workspace: { workspaceFolders: true } } });
  for (const { initialized } of [off, old]) {
    expect(initialized.capabilities.workspace?.workspaceFolders?.supported).toBe(true);
    expect(initialized.capabilities.workspace?.textDocumentContent).toBeUndefined();
  }
});
