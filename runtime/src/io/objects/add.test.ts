import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { rows } from "../../handlers/rows.ts";
import { sql } from "../../handlers/sql.ts";
import type { SchemaChange, Write } from "../../model/values.ts";
import { inputContext, outputContext } from "../../testing/contexts.ts";
import { filesystem } from "../filesystem.ts";
import type { AnyIOManager, SqlQuery } from "../manager.ts";

let folder: string;
let manager: AnyIOManager;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-add-"));
  manager = filesystem({ baseDir: folder });
});
afterEach(async () => {
  await manager.close?.();
  await rm(folder, { recursive: true, force: true });
});

let runs = 0;
interface More {
  readonly run?: string;
  readonly schemaChange?: SchemaChange;
  readonly columns?: Readonly<Record<string, string>>;
}
const slicesOf = (partitions: readonly string[]) =>
  partitions.length === 0 ? {} : { partitions, slices: partitions.map((key) => ({ key, dimensions: [{ name: "region", key, column: "r" }] })) };
const store = (value: unknown, write: Write, { run, ...more }: More = {}, partitions: readonly string[] = []) => {
  runs += 1;
  const record = { runId: run ?? `run-${runs}` };
  return manager.handleOutput(outputContext("shop/sales", { write, record, ...slicesOf(partitions), ...more }), value);
};
const load = (partition?: string) =>
  manager.loadInput(inputContext("shop/sales", { handler: rows(), ...slicesOf(partition === undefined ? [] : [partition]) }));

describe("an append to files", () => {
  it("puts the rows behind those that are stored, and says how many there are", async () => {
    await store([{ n: 1 }], "append");
    const stored = await store([{ n: 2 }, { n: 3 }], "append");
    expect(stored).toMatchObject({ rows: 3, written: 2, place: join(folder, "shop/sales.parquet") });
    expect(await load()).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    expect(await manager.inspect?.(inputContext("shop/sales"))).toMatchObject({ rows: 3, handler: "rows" });
  });

  it("leaves one file that other tools read, and none of what it was made from", async () => {
    for (const n of [1, 2, 3, 4]) await store([{ n }], "append");
    expect(await readdir(join(folder, "shop"))).toEqual(["sales.parquet"]);
    expect((await readdir(join(folder, ".values/shop/sales@"))).length).toBe(2);
    const { scratch } = await import("../../duckdb/scratch.ts");
    const { rowsOf } = await import("../../duckdb/query.ts");
    const found = await scratch().lease((connection) => rowsOf(connection, `select count(*) as n from '${join(folder, "shop/sales.parquet")}'`));
    expect(found).toEqual([{ n: 4n }]);
  });

  it("that was made before is recognised, by another process too", async () => {
    await store([{ n: 1 }], "append", { run: "a" });
    await store([{ n: 2 }], "append", { run: "b" });
    await manager.close?.();
    manager = filesystem({ baseDir: folder });
    expect(await store([{ n: 1 }], "append", { run: "a" })).toMatchObject({ rows: 2, written: 0 });
    expect(await load()).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it("goes to a partition alone, and to several with the rows that are theirs", async () => {
    await store([{ r: "a", n: 1 }], "append", {}, ["a"]);
    const both = [
      { r: "b", n: 2 },
      { r: "a", n: 3 },
    ];
    expect(await store(both, "append", { run: "both" }, ["a", "b"])).toMatchObject({ rows: 3, written: 2 });
    expect(await store(both, "append", { run: "both" }, ["a", "b"])).toMatchObject({ rows: 3, written: 0 });
    expect(await load("a")).toEqual([
      { r: "a", n: 1 },
      { r: "a", n: 3 },
    ]);
    expect(await load("b")).toEqual([{ r: "b", n: 2 }]);
    await expect(store([{ r: "b", n: 9 }], "append", {}, ["a"])).rejects.toMatchObject({ code: "io/rows-outside-partition" });
    expect(await load("a")).toHaveLength(2);
  });

  it("does not begin a whole beside the partitions that hold the rows", async () => {
    await store([{ r: "a", n: 1 }], "append", {}, ["a"]);
    await expect(store([{ r: "a", n: 2 }], "append")).rejects.toMatchObject({ code: "io/conflict" });
    await expect(store([{ r: "a", n: 2 }], { upsert: ["r"] })).rejects.toMatchObject({ code: "io/conflict" });
    expect(await load("a")).toEqual([{ r: "a", n: 1 }]);
  });

  it("adds to a file of another program", async () => {
    const other = filesystem({ baseDir: join(folder, "other") });
    const { place } = await other.handleOutput(outputContext("file"), [{ n: 1 }]);
    const { copyFile, mkdir } = await import("node:fs/promises");
    await mkdir(join(folder, "shop"));
    await copyFile(place, join(folder, "shop/sales.parquet"));
    await store([{ n: 2 }], "append");
    expect(await load()).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it("of what is no table, or to what is none, is refused in words, and nothing changes", async () => {
    await store([{ n: 1 }], "replace");
    await expect(store({ a: 1 }, "append")).rejects.toMatchObject({
      code: "io/unsupported-value",
      message: 'Asset "shop/sales" is added to and returned an object, which is no table.',
    });
    await expect(store(new Uint8Array([1]), { upsert: ["n"] })).rejects.toThrow("is merged and returned");
    expect(await load()).toEqual([{ n: 1 }]);
    await store({ a: 1 }, "replace");
    await expect(store([{ n: 1 }], "append")).rejects.toThrow(/what is stored at .*is json, which is no table/);
    expect(await manager.loadInput(inputContext("shop/sales"))).toEqual({ a: 1 });
  });

  it("keeps exact types that Parquet has no name for", async () => {
    await store(sql`select 170141183460469231731687303715884105::hugeint as h, interval 1 month as i`, "append");
    await store(sql`select 1::hugeint as h, interval 2 day as i`, "append");
    const query = (await manager.loadInput(inputContext("shop/sales", { handler: sql }))) as SqlQuery;
    await manager.handleOutput(outputContext("types"), sql`select typeof(h) as h, typeof(i) as i, h::varchar as t from ${query}`);
    expect(await manager.loadInput(inputContext("types", { handler: rows() }))).toEqual([
      { h: "HUGEINT", i: "INTERVAL", t: "170141183460469231731687303715884105" },
      { h: "HUGEINT", i: "INTERVAL", t: "1" },
    ]);
  });
});

describe.each(["append", { upsert: ["id"] }] as const)("columns that differ, written with %j", (write) => {
  it("are added, widened and filled with null", async () => {
    await store([{ id: 1, n: 1 }], write);
    await store([{ id: 2, n: 0.5, more: "x" }], write);
    await store([{ ID: 3 }], write);
    expect(await load()).toEqual([
      { id: 1, n: 1, more: null },
      { id: 2, n: 0.5, more: "x" },
      { id: 3, n: null, more: null },
    ]);
  });

  it("are refused where no type keeps every value, with what is stored left as it is", async () => {
    await store([{ id: 1, n: 1 }], write);
    await expect(store([{ id: 2, n: "one" }], write)).rejects.toMatchObject({
      code: "io/schema-mismatch",
      message: expect.stringContaining('column "n" is BIGINT and would be VARCHAR'),
    });
    expect(await load()).toEqual([{ id: 1, n: 1 }]);
  });

  it('are refused with schemaChange: "error", and with "recreate" while there are rows', async () => {
    await store([{ id: 1, n: 1 }], write);
    await expect(store([{ id: 2 }], write, { schemaChange: "error" })).rejects.toThrow('column "n" is missing');
    await expect(store([{ id: 2 }], write, { schemaChange: "recreate" })).rejects.toThrow("it keeps 1 rows");
    expect(await load()).toEqual([{ id: 1, n: 1 }]);
    await store([], "replace", { columns: { id: "bigint", n: "bigint" } });
    await store([{ id: 2 }], write, { schemaChange: "recreate" });
    expect(await load()).toEqual([{ id: 2 }]);
  });
});

describe("an upsert into files", () => {
  it("by several keys, one row per key", async () => {
    const upsert: Write = { upsert: ["a", "b"] };
    await store([{ a: 1, b: "x", n: 1 }, { a: 1, b: "y", n: 2 }], upsert); // biome-ignore format: a table
    await store([{ a: 1, b: "y", n: 20 }, { a: 2, b: "y", n: 30 }], upsert); // biome-ignore format: a table
    expect(((await load()) as readonly { n: number }[]).map(({ n }) => n).sort((x, y) => x - y)).toEqual([1, 20, 30]);
  });

  it("by no keys, or by a column that the value has not, is refused", async () => {
    await expect(store([{ n: 1 }], { upsert: [] })).rejects.toMatchObject({ code: "config/invalid" });
    await expect(store([{ n: 1 }], { upsert: ["id"] })).rejects.toMatchObject({ code: "io/schema-mismatch" });
    await expect(load()).rejects.toMatchObject({ code: "io/not-found" });
  });
});

const writer = `
  const [{ filesystem }, { outputContext }] = await Promise.all([import(process.argv[1] + "/io/filesystem.ts"), import(process.argv[1] + "/testing/contexts.ts")]);
  const [, , baseDir, name, count, write] = process.argv;
  const manager = filesystem({ baseDir });
  process.stdout.write("ready\\n");
  await new Promise((go) => process.stdin.once("data", go));
  for (let n = 0; n < Number(count); n += 1) {
    const context = outputContext("shop/sales", { write: JSON.parse(write), record: { runId: name + n } });
    await manager.handleOutput(context, [{ id: name + n, n, common: write === '"replace"' ? name : "all" }]);
    process.stdout.write("stored\\n");
  }
  await manager.close();
  process.exit(0);
`;
const start = (
  name: string,
  count: number,
  write: Write,
): { readonly child: ChildProcess; readonly stored: () => number; readonly closed: Promise<unknown[]> } => {
  const source = new URL("../..", import.meta.url).href.replace(/\/$/, "");
  const child = spawn(
    process.execPath,
    ["--no-warnings", "--input-type=module", "-e", writer, source, folder, name, String(count), JSON.stringify(write)],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  let said = "";
  child.stdout!.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  return { child, stored: () => said.split("stored").length - 1, closed: once(child, "close") };
};
const begin = async (writers: readonly ReturnType<typeof start>[]): Promise<void> => {
  await Promise.all(writers.map(({ child }) => once(child.stdout!, "data")));
  for (const { child } of writers) child.stdin!.write("go\n");
};

describe("several processes at once", () => {
  it("append to one asset, and merge into it: all rows count", async () => {
    const writers = ["a", "b"].flatMap((name) => [start(name, 4, "append"), start(`${name}-merged-`, 4, { upsert: ["id"] })]);
    await begin(writers);
    expect((await Promise.all(writers.map(({ closed }) => closed))).map(([code]) => code)).toEqual([0, 0, 0, 0]);
    const found = (await load()) as readonly { readonly id: string }[];
    const wanted = ["a", "a-merged-", "b", "b-merged-"].flatMap((name) => [0, 1, 2, 3].map((n) => name + n));
    expect(found.map(({ id }) => id).sort()).toEqual(wanted.sort());
  });

  it("append, and are killed meanwhile: what was stored is there once, and the next one goes on", async () => {
    const killed = [start("a", 1000, "append"), start("b", 1000, "append")];
    await begin(killed);
    for (const { child, stored } of killed) {
      while (stored() < 3) await once(child.stdout!, "data");
      child.kill("SIGKILL");
    }
    await Promise.all(killed.map(({ closed }) => closed));
    await store([{ id: "last", n: 0, common: "all" }], "append");
    const ids = ((await load()) as readonly { readonly id: string }[]).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [i, { stored }] of killed.entries()) {
      const own = ids.filter((id) => id.startsWith("ab"[i] as string)).length;
      expect(own).toBeGreaterThanOrEqual(stored());
      expect(own).toBeLessThanOrEqual(stored() + 1);
    }
    expect((await readdir(join(folder, ".values/shop/sales@"))).length).toBe(2);
  });

  it("replace one asset: one whole value wins, and nothing else is left", async () => {
    await writeFile(join(folder, "start"), "");
    const writers = ["a", "b", "c", "d"].map((name) => start(name, 5, "replace"));
    await begin(writers);
    await Promise.all(writers.map(({ closed }) => closed));
    const found = (await load()) as readonly { readonly id: string }[];
    expect(found).toHaveLength(1);
    expect(found[0]!.id).toMatch(/^[abcd]4$/);
    await store([{ id: "last" }], "replace");
    expect((await readdir(join(folder, ".values/shop/sales@"))).length).toBe(2);
  });
});
