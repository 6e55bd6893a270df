import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rows } from "../handlers/rows.ts";
import { sql } from "../handlers/sql.ts";
import { inputContext, outputContext } from "../testing/contexts.ts";
import { exactRows } from "../testing/samples.ts";
import { duckdbResource } from "./duckdb/resource.ts";
import { duckdb } from "./duckdb.ts";
import { filesystem } from "./filesystem.ts";
import { inMemory } from "./in-memory.ts";
import type { AnyIOManager, InputContext, SqlQuery } from "./manager.ts";

/* A query reads inputs of every other store on this machine: in place where its engine can, else as a copy that it takes. */

let folder: string;
let stores: Readonly<Record<"one" | "two" | "files" | "memory", AnyIOManager>>;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-between-"));
  stores = {
    one: duckdb({ database: join(folder, "one.duckdb") }),
    two: duckdb({ database: join(folder, "two.duckdb") }),
    files: filesystem({ baseDir: join(folder, "files") }),
    memory: inMemory(),
  };
});
afterAll(async () => {
  for (const store of Object.values(stores)) await store.close?.();
  rmSync(folder, { recursive: true, force: true });
});
const names = ["one", "two", "files", "memory"] as const;
const pairs = names.flatMap((from) => names.map((to) => [from, to] as const));
const asQuery = async (store: AnyIOManager, key: string, more: Partial<InputContext> = {}) =>
  (await store.loadInput(inputContext(key, { handler: sql, ...more }))) as SqlQuery;
const loaded = (store: AnyIOManager, key: string) => store.loadInput(inputContext(key, { handler: exactRows }));

describe.each(pairs)("a table of %s", (from, to) => {
  it(`is read by a query of ${to}, with the columns asked for`, async () => {
    const columns = { id: "bigint", total: "hugeint", wait: "interval", tags: "varchar[]" };
    const source = [
      { id: 1, total: 10n ** 30n, wait: "1 day", tags: ["a", null] },
      { id: 2, total: null, wait: null, tags: [] },
    ];
    await stores[from].handleOutput(outputContext("sales", { columns }), source);
    const [whole, narrow] = [await asQuery(stores[from], "sales"), await asQuery(stores[from], "sales", { columns: ["total", "id"] })];
    await stores[to].handleOutput(
      outputContext("joined"),
      sql`select a.*, b.total as again, typeof(a.wait) as t from ${whole} a join ${narrow} b using (id) where a.id < ${9} order by id`,
    );
    expect(await loaded(stores[to], "joined")).toEqual([
      { id: 1n, total: 10n ** 30n, wait: "1 day", tags: ["a", null], again: 10n ** 30n, t: "INTERVAL" },
      { id: 2n, total: null, wait: null, tags: [], again: null, t: "INTERVAL" },
    ]);
    for (const [key, query] of Object.entries({ whole, narrow })) await stores[to].handleOutput(outputContext(`copied/${key}`), query);
    expect(await loaded(stores[to], "copied/whole")).toEqual(await loaded(stores[from], "sales"));
    expect(await loaded(stores[to], "copied/narrow")).toEqual([
      { total: 10n ** 30n, id: 1n },
      { total: null, id: 2n },
    ]);
  });
});

it("takes only the partitions asked for from another DuckDB file", async () => {
  const slice = (key: string) => ({ key, dimensions: [{ name: "partition", key, column: "region" }] });
  for (const region of ["eu", "us", "as"]) {
    await stores.one.handleOutput(outputContext("regions", { partitions: [region], slices: [slice(region)] }), [{ region, n: region.charCodeAt(0) }]);
  }
  const query = await asQuery(stores.one, "regions", { partitions: ["eu", "us"], slices: [slice("eu"), slice("us")] });
  await stores.two.handleOutput(outputContext("some"), sql`select region, n from ${query} order by region`);
  expect(await stores.two.loadInput(inputContext("some", { handler: rows() }))).toEqual([
    { region: "eu", n: 101 },
    { region: "us", n: 117 },
  ]);
});

it("reads two DuckDB files across each other at the same time, and leaves no copies", async () => {
  const many = Array.from({ length: 20_000 }, (_, i) => ({ i, text: `text ${i}` }));
  await Promise.all([stores.one.handleOutput(outputContext("left"), many), stores.two.handleOutput(outputContext("right"), many)]);
  const [left, right] = [await asQuery(stores.one, "left"), await asQuery(stores.two, "right")];
  const joined = () => sql`select count(*) as n, sum(l.i) as s from ${left} l join ${right} r on l.text = r.text`;
  await Promise.all(
    ["one", "two"].flatMap((store) => ["a", "b"].map((key) => stores[store as "one"].handleOutput(outputContext(`across/${key}`), joined()))),
  );
  for (const store of ["one", "two"] as const)
    for (const key of ["a", "b"]) expect(await loaded(stores[store], `across/${key}`)).toEqual([{ n: 20_000n, s: 199_990_000n }]);
  const resource = duckdbResource({ database: join(folder, "two.duckdb") });
  const connection = await resource.open({ signal: new AbortController().signal });
  try {
    expect(await connection.rows("select table_name from duckdb_tables() where table_name like 'sluice_input%' or temporary")).toEqual([]);
  } finally {
    await resource.close(connection);
  }
});

it("lets both files go afterwards", async () => {
  const [one, two] = ["three", "four"].map((name) => duckdb({ database: join(folder, `${name}.duckdb`) })) as [AnyIOManager, AnyIOManager];
  await one.handleOutput(outputContext("a"), [{ n: 1 }]);
  await two.handleOutput(outputContext("b"), sql`select * from ${await asQuery(one, "a")}`);
  await one.close?.();
  await two.close?.();
  expect(["three", "four"].map((name) => existsSync(join(folder, `${name}.duckdb.wal`)))).toEqual([false, false]);
});

it("chooses DuckDB's variant in every store of its own, and says when there is none", async () => {
  for (const name of names) {
    await stores[name].handleOutput(outputContext("chosen"), sql.dialect({ duckdb: sql`select 'duck' as d`, snowflake: sql`select 'flake' as d` }));
    expect(await loaded(stores[name], "chosen")).toEqual([{ d: "duck" }]);
    const input = await asQuery(stores[name], "chosen");
    await stores[name].handleOutput(outputContext("only_input"), sql.dialect({ duckdb: input }));
    expect(await loaded(stores[name], "only_input")).toEqual([{ d: "duck" }]);
    const missing = stores[name].handleOutput(
      outputContext("missing"),
      sql`select * from ${sql.dialect({ snowflake: sql`select 1`, bigquery: sql`select 1` })}`,
    );
    await expect(missing).rejects.toMatchObject({
      code: "sql/failed",
      asset: "missing",
      message: 'The query of asset "missing" runs in duckdb, and sql.dialect() has no variant for it: it has snowflake and bigquery.',
    });
  }
});

it("reads files of this machine that the query names", async () => {
  const [csv, json] = ["a.csv", "a.json"].map((name) => join(folder, name)) as [string, string];
  writeFileSync(csv, "id,name\n1,ada\n2,bob\n");
  writeFileSync(json, '[{"id": 2, "n": 0.5}]');
  for (const name of names) {
    await stores[name].handleOutput(outputContext("named"), sql`select c.name, j.n from read_csv(${csv}) c join read_json(${json}) j using (id)`);
    expect(await loaded(stores[name], "named")).toEqual([{ name: "bob", n: 0.5 }]);
  }
});
