import { describe, expect, it } from "vitest";
import { sql } from "../../handlers/sql.ts";
import { database, fixed } from "./tables.fixture.ts";

const { state, input, write, read, others } = database();
const run = (runId: string, attempt = 1) => ({ record: { runId, attempt } });
const append = { write: "append" } as const;
const upsert = (...keys: string[]) => ({ write: { upsert: keys } }) as const;
const sorted = async (value: Promise<unknown>) => [...((await value) as unknown[])].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

describe("append", () => {
  it("adds rows to those that are there, with the count of all and of what was added", async () => {
    expect(await write([], [{ n: 1 }], { ...append, ...run("a") })).toMatchObject({ rows: 1, written: 1 });
    expect(await write([], [{ n: 2 }, { n: 3, s: "x" }], { ...append, ...run("b") })).toMatchObject({ rows: 3, written: 2 });
    expect(await read()).toEqual([
      { n: 1, s: null },
      { n: 2, s: null },
      { n: 3, s: "x" },
    ]);
    expect(await state.io.inspect?.(input([]))).toMatchObject({ runId: "b", rows: 3 });
  });

  it("of one materialization counts once, however often it is tried", async () => {
    await write([], [{ n: 0 }]);
    await write([], [{ n: 1 }], { ...append, ...run("a") });
    expect(await write([], [{ n: 1 }], { ...append, ...run("a", 2) })).toMatchObject({ rows: 2, written: 0 });
    await state.io.close?.();
    expect(await write([], sql`select 1 as n`, { ...append, ...run("a", 3) })).toMatchObject({ rows: 2, written: 0 });
    await write([], [{ n: 2 }], { ...append, ...run("b") });
    await write([], [{ n: 1 }], { ...append, ...run("a", 4) });
    expect(await read()).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }]);
  });

  it("starts anew after the table was replaced", async () => {
    await write([], [{ n: 1 }], { ...append, ...run("a") });
    await write([], [{ n: 2 }], run("a"));
    await write([], [{ n: 3 }], { ...append, ...run("a") });
    expect(await read()).toEqual([{ n: 2 }, { n: 3 }]);
  });

  it("counts each of those that happen at once", async () => {
    await Promise.all(Array.from({ length: 6 }, (_, n) => write([], [{ n }], { ...append, ...run(`run ${n}`) })));
    expect(await sorted(read())).toEqual(Array.from({ length: 6 }, (_, n) => ({ n })));
  });

  it("to a partition stays inside of it", async () => {
    await write([fixed("eu")], [{ region: "eu", n: 1 }]);
    await write([fixed("us")], [{ region: "us", n: 2 }]);
    await write([fixed("eu")], [{ region: "eu", n: 3 }], { ...append, ...run("a") });
    await write([fixed("eu")], [{ region: "eu", n: 3 }], { ...append, ...run("a", 2) });
    expect(await read([fixed("eu")])).toEqual([
      { region: "eu", n: 1 },
      { region: "eu", n: 3 },
    ]);
    expect(await state.io.inspect?.(input([fixed("eu")]))).toMatchObject({ rows: 2, runId: "a" });
    await expect(write([fixed("eu")], [{ region: "us", n: 4 }], append)).rejects.toMatchObject({ code: "io/rows-outside-partition" });
  });

  it("as a whole to a table of partitions is refused", async () => {
    await write([fixed("eu")], [{ region: "eu", n: 1 }]);
    await expect(write([], [{ region: "eu", n: 2 }], append)).rejects.toMatchObject({
      code: "io/conflict",
      message: 'Asset "t" is written as a whole with "append", and public.t holds its partitions.',
    });
    expect(await read()).toEqual([{ region: "eu", n: 1 }]);
  });

  it("fits its columns to the table's, or says where they do not", async () => {
    await write([], [{ n: 1 }]);
    await write([], [{ n: 0.5, s: "x" }], { ...append, ...run("a") });
    expect(await read()).toEqual([
      { n: 1, s: null },
      { n: 0.5, s: "x" },
    ]);
    for (const schemaChange of ["error", "recreate"] as const)
      await expect(write([], [{ n: 1, more: 1 }], { ...append, ...run("b"), schemaChange })).rejects.toMatchObject({ code: "io/schema-mismatch" });
    expect(await read()).toHaveLength(2);
  });
});

describe("upsert", () => {
  it("replaces rows of the same key and adds the others", async () => {
    await write(
      [],
      [
        { id: 1, region: "eu", v: "a" },
        { id: 1, region: "us", v: "b" },
        { id: 2, region: "eu", v: "c" },
      ],
    );
    const value = [
      { id: 1, region: "us", v: "new" },
      { id: 3, region: "eu", v: "d" },
    ];
    for (let time = 0; time < 2; time++) expect(await write([], value, upsert("id", "region"))).toMatchObject({ rows: 4, written: 2 });
    expect(await sorted(read())).toEqual([
      { id: 1, region: "eu", v: "a" },
      { id: 1, region: "us", v: "new" },
      { id: 2, region: "eu", v: "c" },
      { id: 3, region: "eu", v: "d" },
    ]);
  });

  it("of a partition leaves equal keys of others alone", async () => {
    await write([fixed("eu")], [{ region: "eu", id: 1, v: "a" }], upsert("id"));
    await write([fixed("us")], [{ region: "us", id: 1, v: "b" }], upsert("id"));
    await write([fixed("eu")], [{ region: "eu", id: 1, v: "c" }], upsert("id"));
    expect(await read([fixed("eu")])).toEqual([{ region: "eu", id: 1, v: "c" }]);
    expect(await read([fixed("us")])).toEqual([{ region: "us", id: 1, v: "b" }]);
  });

  it.each([
    [
      "double keys",
      [
        { id: 1, v: "a" },
        { id: 1, v: "b" },
      ],
      'Asset "t" is merged by id, and 2 rows have the same key: id is 1.',
    ],
    [
      "a null key",
      [
        { id: null, v: "a" },
        { id: 1, v: "b" },
      ],
      'Asset "t" is merged by id, and 1 row has no key: id is null.',
    ],
  ])("refuses %s, on the first write and on later ones", async (_, value, message) => {
    const refused = { code: "io/duplicate-key", asset: "t", message, hint: "Return one row per key, and no row without one. Nothing was changed." };
    await expect(write([], value, upsert("id"))).rejects.toMatchObject(refused);
    await expect(read()).rejects.toMatchObject({ code: "io/not-found" });
    await write([], [{ id: 1, v: "x" }]);
    await expect(write([], value, upsert("id"))).rejects.toMatchObject(refused);
    expect(await read()).toEqual([{ id: 1, v: "x" }]);
  });

  it("refuses keys that are no columns, and no keys", async () => {
    await expect(write([], [{ id: 1 }], upsert("nope"))).rejects.toMatchObject({ code: "io/schema-mismatch", hint: "Its columns are id." });
    await expect(write([], [{ id: 1 }], upsert())).rejects.toMatchObject({ code: "config/invalid" });
  });
});

it("a table that something else made may be appended to and merged into", async () => {
  await others((connection) => connection.run("CREATE SCHEMA public; CREATE TABLE public.t AS SELECT 1::BIGINT AS id, 'theirs' AS v"));
  await write([], [{ id: 2, v: "ours" }], { ...append, ...run("a") });
  await write([], [{ id: 1, v: "merged" }], { ...upsert("id"), ...run("b") });
  await write([], [{ id: 2, v: "ours" }], { ...append, ...run("a", 2) });
  expect(await sorted(read())).toEqual([
    { id: 1, v: "merged" },
    { id: 2, v: "ours" },
  ]);
});
