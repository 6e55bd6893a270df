import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Batches } from "../io/manager.ts";
import { run } from "./query.ts";
import { readCsv, readJson, readParquet } from "./readers.ts";
import { scratch } from "./scratch.ts";

let folder: string;
const here = process.cwd();
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "sluice-readers-"));
  writeFileSync(join(folder, "sales.csv"), "owner,amount,zip\nann,1.5,01234\nbob,,99999\n");
  writeFileSync(join(folder, "it's [odd].csv"), "a;b\n1;x\n");
  writeFileSync(join(folder, "rows.json"), '[{"a": 1, "b": {"c": ["x"]}}, {"a": null, "b": null}]');
  writeFileSync(join(folder, "lines.json"), '{"a": 1}\n{"a": 2}\n');
  await scratch().lease((connection) =>
    run(connection, `COPY (SELECT 7::HUGEINT::BIGINT AS i, DATE '2024-02-29' AS d) TO '${join(folder, "t.parquet")}' (FORMAT parquet)`),
  );
  process.chdir(folder);
});
afterAll(async () => {
  process.chdir(here);
  await scratch().release();
  rmSync(folder, { recursive: true, force: true });
});

async function all(stream: Batches): Promise<unknown[]> {
  const rows: unknown[] = [];
  for await (const batch of stream)
    for (const row of batch) rows.push(JSON.parse(JSON.stringify(row?.toJSON(), (_, value) => (typeof value === "bigint" ? Number(value) : value))));
  return rows;
}

describe("reading a file", () => {
  it("of CSV finds out types, and takes those it is told", async () => {
    expect(await all(readCsv("sales.csv"))).toEqual(
      [
        { owner: "ann", amount: 1.5, zip: 1234 },
        { owner: "bob", amount: null, zip: 99999 },
      ].map((row) => ({ ...row, zip: expect.anything() })),
    );
    expect(await all(readCsv("sales.csv", { types: { zip: "varchar" }, columns: ["zip", "owner"] }))).toEqual([
      { zip: "01234", owner: "ann" },
      { zip: "99999", owner: "bob" },
    ]);
    expect(await all(readCsv("it's [odd].csv", { delimiter: ";" }))).toEqual([{ a: 1, b: "x" }]);
  });

  it("of JSON and Parquet", async () => {
    expect(await all(readJson("lines.json"))).toEqual([{ a: 1 }, { a: 2 }]);
    expect(await all(readJson("lines.json", { types: { a: "varchar" } }))).toEqual([{ a: "1" }, { a: "2" }]);
    expect((await all(readJson("rows.json"))).length).toBe(2);
    expect(await all(readParquet("t.parquet", { columns: ["i"] }))).toEqual([{ i: 7 }]);
  });

  it("says the columns without reading, and reads anew for each loop", async () => {
    const sales = readCsv("sales.csv");
    expect((await sales.schema?.())?.fields.map((field) => field.name)).toEqual(["owner", "amount", "zip"]);
    expect(await all(sales)).toHaveLength(2);
    expect(await all(sales)).toHaveLength(2);
  });

  it("that is missing names it in full", async () => {
    await expect(all(readCsv("nope.csv"))).rejects.toMatchObject({ code: "io/not-found", message: expect.stringContaining(join("nope.csv")) });
    await expect(all(readParquet("/nowhere/x.parquet"))).rejects.toMatchObject({
      code: "io/not-found",
      message: expect.stringContaining('"/nowhere/x.parquet"'),
    });
  });
});
