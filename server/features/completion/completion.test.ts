import { afterEach, describe, expect, it } from "vitest";
import type { CompletionItem, CompletionList, TextEdit } from "vscode-languageserver/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import { statusChanged } from "../../../runtime/src/model/graph.ts";
import { createWorkbench, marked, type Workbench } from "../../testing/workbench.ts";

const files: Readonly<Record<string, string>> = {
  "sluice.config.ts": `import { defineConfig } from "sluice";
export default defineConfig({ assets: ["assets/**/*.ts"], targets: { local: { warehouse: 1 }, prod: {} }, defaultTarget: "local" });
`,
  "lib/keys.ts": `import { ioManagerKey, resourceKey } from "sluice";
export const warehouse = ioManagerKey<unknown>()("warehouse");
const hidden = ioManagerKey<unknown>()("hidden");
export const shop = resourceKey<string>()("shop-api");
`,
  "assets/sales.ts": `import { asset, monthlyPartitions, multiPartitions, source, staticPartitions } from "sluice";
interface Owner { readonly id: number; readonly name: string }
const regions = staticPartitions(["eu", "us/east"]);
export const orders = source("raw/orders", { group: "raw" });
export const sales = asset("sales", { group: "money and more", partitions: regions, run: () => 1 });
export const owners = asset("owners", { run: (): Owner[] => [] });
export const byMonth = asset("by_month", {
  partitions: multiPartitions({ region: regions, size: staticPartitions(["s", "l"]), month: monthlyPartitions({ start: "2026-01" }) }),
  run: () => 1,
});
`,
};
const columns = (types: Readonly<Record<string, string>>) => ({
  columns: Object.entries(types).map(([name, type]) => ({ name, type, nullable: true })),
});
const statuses = [
  { key: "sales", state: "fresh", metadata: columns({ id: "BIGINT", amount: "DOUBLE", order: "VARCHAR" }) },
  { key: "raw/orders", state: "fresh", metadata: columns({ id: "BIGINT", "Placed at": "TIMESTAMP" }) },
];
const head = `import { asset, asset as make, assets as several, defineConfig, source, sql } from "sluice";
import * as sluice from "sluice";
import { byMonth, orders, owners, sales } from "./sales.ts";
`;
let bench: Workbench;

afterEach(async () => {
  expect(await bench.close()).toEqual([]);
});

/** What is offered at the mark of a document, and what the text would be with each of it. */
async function offered(source: string, { name = "assets/new.ts", trigger = "" } = {}) {
  bench = createWorkbench(files);
  const client = await bench.start();
  await client.connection.sendNotification(statusChanged, { project: bench.uri("").replace(/\/$/, ""), statuses, running: [] });
  const { text, position } = marked(source);
  await client.open(bench.uri(name), text);
  const context = trigger === "" ? { triggerKind: 1 } : { triggerKind: 2, triggerCharacter: trigger };
  const textDocument = { uri: bench.uri(name) };
  const { items } = await client.ask<CompletionList>("textDocument/completion", { textDocument, position, context });
  const document = TextDocument.create(textDocument.uri, "typescript", 1, text);
  const after = ({ textEdit, additionalTextEdits = [] }: CompletionItem) =>
    TextDocument.applyEdits(document, [textEdit as TextEdit, ...additionalTextEdits]);
  return { items, labels: items.map(({ label }) => label), after: items.map(after), text };
}

/** An asset over two others; `@{` stands for what opens a hole. */
const query = (rest: string, run = "({ orders, sales }) =>") =>
  `${head}export const made = asset("made", {\n  inputs: { orders: orders.as(sql), sales: sales.as(sql).all() },\n  run: ${run} ${rest.replaceAll("@{", "${")}`;

describe("columns in sql", () => {
  it.each([
    ["in front of what names the asset", "sql`select ‸ from @{sales}` });\n", ["id", "amount", "order"]],
    ["half-typed", "sql`select am‸ from @{sales}` });\n", ["id", "amount", "order"]],
    ["in a template that is open", "sql`select * from @{sales} where ‸", ["id", "amount", "order"]],
    [
      "in one that is open in front of others",
      'sql`select ‸ from @{sales} });\nexport const b = asset("b", { run: () => 1 });\n',
      ["id", "amount", "order"],
    ],
    ["of several assets, each once", "sql`select ‸ from @{orders} join @{sales} using (id)` });\n", ["id", "Placed at", "amount", "order"]],
    ["of the one that an alias stands for", "sql`select o.‸ from @{sales} as s join @{orders} o using (id)` });\n", ["id", "Placed at"]],
    ["with a type, by namespace", "sluice.sql<{ a: Map<string, number> }>`select ‸ from @{sales}` });\n", ["id", "amount", "order"]],
    ["in a query inside a query", "sql`select * from @{sql`select ‸ from @{sales}`} where 1` });\n", ["id", "amount", "order"]],
    ["behind a query inside a query", "sql`select * from @{sql`select 1`} x, @{sales} where ‸` });\n", ["id", "amount", "order"]],
    ["in a block", "{ const a = 1;\n  return sql`select ‸ from @{sales}`; } });\n", ["id", "amount", "order"]],
  ])("are offered %s", async (_, rest, expected) => {
    expect((await offered(query(rest))).labels).toEqual(expected);
  });

  it.each([
    ["a text", "sql`select '‸' from @{sales}` });\n"],
    ["a comment", "sql`select 1 -- ‸\nfrom @{sales}` });\n"],
    ["a hole", "sql`select * from @{‸} join @{sales}` });\n"],
    ["another tag", "other`select ‸ from @{sales}` });\n"],
    ["a query that names no asset", "sql`select ‸ from x` });\n"],
  ])("are not offered in %s", async (_, rest) => {
    expect((await offered(query(rest))).labels).toEqual([]);
  });

  it("say their type and whose they are, and are quoted where they must be", async () => {
    const { items, after } = await offered(query("sql`select o‸ from @{orders}, @{sales}` });\n"));
    expect(items.map(({ detail }) => detail)).toEqual(["BIGINT · raw/orders · sales", "TIMESTAMP · raw/orders", "DOUBLE · sales", "VARCHAR · sales"]);
    expect(after.map((text) => /select (.*?) from/.exec(text)![1])).toEqual(["id", '"Placed at"', "amount", '"order"']);
  });

  it("replace the whole name inside quotes", async () => {
    const { after } = await offered(query('sql`select "Pla‸ced" from @{orders}` });\n'));
    expect(after[1]).toContain('select "Placed at" from');
  });

  it("follow names that the callback gives, and members of its parameter", async () => {
    expect((await offered(query("sql`select ‸ from @{s}` });\n", "({ sales: s }) =>"))).labels).toContain("amount");
    await bench.close();
    expect((await offered(query("sql`select ‸ from @{inputs.sales}` });\n", "(inputs) =>"))).labels).toContain("amount");
  });

  it("come from the type of the rows before anything is stored", async () => {
    const { labels } = await offered(
      `${head}export const made = asset("made", { inputs: { owners }, run: ({ owners }) => sql\`select ‸ from \${owners}\` });\n`,
    );
    expect(labels).toEqual(["id", "name"]);
  });

  it.each([
    ["select ‸ from @{sales}", " ", 3],
    ["select id, ‸ from @{sales}", " ", 3],
    ["select * from ‸ @{sales}", " ", 0],
    ["select s.‸ from @{sales} s", ".", 3],
  ])("come up by themselves in %s after '%s': %i", async (sqlText, trigger, count) => {
    expect((await offered(query(`sql\`${sqlText}\` });\n`), { trigger })).labels).toHaveLength(count);
  });
});

describe("columns by name", () => {
  const loaded = (rest: string) => `${head}export const made = asset("made", { inputs: { s: sales.as(rows({ deep: f(1) })).with({ ${rest}`;
  it.each([
    ["an empty text", 'columns: ["‸"] }) }, run: () => 1 });\n', ["id", "amount", "order"]],
    ["a list that has one already", 'columns: ["id", "‸"] }) }, run: () => 1 });\n', ["amount", "order"]],
    ["an open text", 'columns: ["id", "am‸\n', ["amount", "order"]],
    ["another list", 'others: ["‸"] }) }, run: () => 1 });\n', []],
  ])("are offered in %s", async (_, rest, expected) => {
    expect((await offered(loaded(rest))).labels).toEqual(expected);
  });
});

describe("partition keys", () => {
  it.each([
    ["of static partitions", "s: sales.partition('‸') }, run: () => 1 });\n", ["eu", "us/east"]],
    ["after a handler, in an open text", 's: sales.as(rows()).partition("u‸\n', ["eu", "us/east"]],
    ["of a dimension under a name", 'm: byMonth.partition({ region: "‸" }) } });\n', ["eu", "us/east"]],
    ["of a dimension on the spot", 'm: byMonth.partition({ region: "eu", size: "‸\n', ["s", "l"]],
    ["of time, which has none written out", 'm: byMonth.partition({ month: "‸" }) } });\n', []],
    ["of an asset without any", 'o: orders.partition("‸") } });\n', []],
  ])("are offered: %s", async (_, rest, expected) => {
    expect((await offered(`${head}export const made = asset("made", { inputs: { ${rest}`)).labels).toEqual(expected);
  });
  it("replace the whole key", async () => {
    const { after } = await offered(`${head}export const made = asset("made", { inputs: { s: sales.partition("us‸/west") }, run: () => 1 });\n`);
    expect(after[1]).toContain('sales.partition("us/east") }');
  });
});

describe("groups", () => {
  it.each([
    ["a closed text", 'group: "‸", run: () => 1 });\n', ["money and more", "raw"]],
    ["an open text", 'group: "money an‸\n', ["money and more", "raw"]],
    ["another property", 'description: "‸" });\n', []],
  ])("are offered in %s", async (_, rest, expected) => {
    expect((await offered(`${head}export const made = make("made", { ${rest}`)).labels).toEqual(expected);
  });
  it("replace what is there", async () => {
    const { after } = await offered(`${head}export const made = source("made", { group: "money‸ or less" });\n`);
    expect(after[0]).toContain('{ group: "money and more" }');
  });
});

describe("I/O manager keys and resource keys", () => {
  it.each([
    ["a value that is missing", 'export const made = make("made", { ioManager: ‸ });\n', "ioManager: warehouse }"],
    ["a value that is half-typed", 'export const made = make("made", {\n  ioManager: ware‸\n', "ioManager: warehouse\n"],
    ["a resource by its own name", 'export const made = make("made", { resources: { ‸ }, run: () => 1 });\n', "resources: { shop }"],
    ["a resource under another name", 'export const made = make("made", { resources: { api: sh‸\n', "resources: { api: shop\n"],
  ])("are imported for %s", async (_, rest, expected) => {
    const { labels, after } = await offered(head + rest);
    expect(labels).toHaveLength(1);
    expect(after[0]).toContain(expected);
    expect(after[0]!.startsWith(`import { ${labels[0]} } from "../lib/keys.ts";\n`)).toBe(true);
  });

  it("are taken as they are where the file has them", async () => {
    const { labels, after } = await offered(
      `import { warehouse as house } from "../lib/keys.ts";\n${head}export const made = asset("made", { ioManager: ‸ });\n`,
    );
    expect(labels).toEqual(["house"]);
    expect(after[0]).toContain("ioManager: house }");
    expect(after[0]!.match(/keys\.ts/g)).toHaveLength(1);
  });

  it.each([
    ["another property's value", 'export const made = asset("made", { table: ‸ });\n'],
    ["another object", "export const made = { ioManager: ‸ };\n"],
  ])("are not offered for %s", async (_, rest) => {
    expect((await offered(head + rest)).labels).toEqual([]);
  });

  const config = (targets: string) =>
    `import { defineConfig } from "sluice";\nexport default defineConfig({ assets: ["assets/**/*.ts"], targets: { ${targets}`;
  it.each([
    ["an empty target", "local: { ‸ } } });\n", ["ioManager", "hidden", "shop-api", "warehouse"]],
    ["one that binds some", "local: { ioManager: duckdb(), ‸ warehouse: a } } });\n", ["hidden", "shop-api"]],
    ["one that is half-typed", "local: { ioManager: a(), ware‸\n", ["hidden", "shop-api", "warehouse"]],
    ["a value", "local: { ioManager: ‸ } } });\n", []],
    ["the list of targets", "‸ } });\n", []],
  ])("that a target does not bind are offered in %s", async (_, targets, expected) => {
    expect((await offered(config(targets), { name: "sluice.config.ts" })).labels).toEqual(expected);
  });
  it("are quoted where they must be", async () => {
    const { after } = await offered(config("local: { ‸ } } });\n"), { name: "sluice.config.ts" });
    expect(after[2]).toContain('local: { "shop-api" }');
    await bench.close();
    const open = await offered(config('local: { "sh‸ } } });\n'), { name: "sluice.config.ts" });
    expect(open.after[2]).toContain('local: { "shop-api');
  });
});
