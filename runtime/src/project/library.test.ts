import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import { asset } from "../assets/asset.ts";
import { assetCheck } from "../assets/check.ts";
import { defineConfig } from "../assets/config.ts";
import { dailyPartitions, multiPartitions, staticPartitions } from "../assets/partitions.ts";
import { rows } from "../handlers/rows.ts";
import { sql } from "../handlers/sql.ts";
import { checkAssets, load, materialize } from "./library.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
const temporary = () => {
  const folder = mkdtempSync(path.join(tmpdir(), "sluice-library-"));
  folders.push(folder);
  return folder;
};

const numbers = asset("numbers", { run: () => [{ n: 1 }, { n: 2 }] });
const total = asset("total", {
  inputs: { numbers: numbers.as(sql) },
  run: ({ numbers }) => sql<{ total: number }>`select sum(n)::int as total from ${numbers}`,
});
const config = () => defineConfig({ assets: ["none/*.ts"], targets: { local: {}, other: {} }, defaultTarget: "local" });

test("assets given as objects run with what is upstream of them, and their values are read back in the shape asked for", async () => {
  const root = temporary();
  const options = { config: config(), root };
  const run = await materialize([total, numbers], options);
  expect(run).toMatchObject({ success: true, failed: [] });
  expect(await run.value(numbers)).toEqual([{ n: 1 }, { n: 2 }]);
  const loaded: readonly { readonly total: number }[] = await load(total.as(rows()), options);
  expect(loaded).toEqual([{ total: 3 }]);
  await expect(load(numbers, { ...options, target: "other" })).rejects.toMatchObject({ code: "io/not-found" });
});

test("a failed step is a result, an input that is stored nowhere an error", async () => {
  const root = temporary();
  const broken = asset("broken", {
    run: (): { a: number }[] => {
      throw new TypeError("no");
    },
  });
  expect(await materialize([broken], { config: config(), root })).toMatchObject({ success: false, failed: ["broken"] });
  await expect(materialize([total], { config: config(), root })).rejects.toMatchObject({ code: "io/not-found" });
  expect(await materialize([total], { config: config(), root, upstream: true })).toMatchObject({ success: true });
});

const days = dailyPartitions({ start: "2026-01-01", end: "2026-01-05", column: "day" });
const daily = asset("daily", {
  partitions: days,
  params: { factor: 1 },
  run: (_, { partition, params }) => [{ day: partition.key, n: partition.start.getUTCDate() * params.factor }],
});
const grid = asset("grid", {
  partitions: multiPartitions({ date: days, region: staticPartitions(["eu", "us"]) }),
  inputs: { daily },
  run: ({ daily: [row] }, { partition }) => ({ n: row!.n, region: partition.dimensions.region.key }),
});

test("partitions are made one, several or a range at a time, and each is loaded by its key", async () => {
  const options = { config: config(), root: temporary() };
  const one = await materialize([daily], { ...options, partition: "2026-01-02", params: { factor: 10 } });
  expect(one.success).toBe(true);
  expect(await one.value(daily)).toEqual([{ day: "2026-01-02", n: 20 }]);
  const range = await materialize([daily], { ...options, range: "2026-01-03..2026-01-04" });
  expect(await range.value(daily, { partition: "2026-01-04" })).toEqual([{ day: "2026-01-04", n: 4 }]);
  await expect(range.value(daily)).rejects.toMatchObject({
    code: "partition/mismatch",
    message: "daily has partitions; nothing says which of them to load.",
  });
  const stored = await load(daily.all().with({ allowMissingPartitions: true }), options);
  expect(stored.keys).toEqual(["2026-01-02", "2026-01-03", "2026-01-04"]);
  expect(await load(daily.all().merged().with({ allowMissingPartitions: true }), options)).toHaveLength(3);
  await expect(load(daily.all().merged(), options)).rejects.toMatchObject({ code: "io/not-found" });
  await expect(load(daily, { ...options, partition: "2026-01-01" })).rejects.toMatchObject({ code: "io/not-found" });

  const several = await materialize([grid], {
    ...options,
    partitions: [{ date: "2026-01-02", region: "us" }, "date=2026-01-03|region=eu..date=2026-01-04|region=eu"],
  });
  expect(several).toMatchObject({ success: true, failed: [] });
  expect(await load(grid, { ...options, partition: { date: "2026-01-02", region: "us" } })).toEqual({ n: 20, region: "us" });
  expect(await load(grid, { ...options, partition: "region=eu|date=2026-01-04" })).toEqual({ n: 4, region: "eu" });
  const byRegion = await load(grid.all().with({ allowMissingPartitions: true }), options);
  expect(byRegion.keys).toEqual(["date=2026-01-02|region=us", "date=2026-01-03|region=eu", "date=2026-01-04|region=eu"]);
});

test("a partition that is not there, or not asked for rightly, is refused before anything runs", async () => {
  const options = { config: config(), root: temporary() };
  const making = (more: object) => materialize([daily], { ...options, ...more });
  await expect(making({})).rejects.toMatchObject({ code: "partition/unknown", message: "daily has partitions; nothing says which of them to make." });
  await expect(making({ partition: "2026-01-05" })).rejects.toMatchObject({
    code: "partition/unknown",
    message: 'daily has no partition "2026-01-05".',
  });
  await expect(making({ range: "2026-01-03..2026-01-01" })).rejects.toThrow("ends before it begins");
  await expect(making({ range: "2026-01-03" })).rejects.toMatchObject({ code: "config/invalid", message: expect.stringContaining('takes "A..B"') });
  await expect(making({ partitions: "2026-01-03" })).rejects.toMatchObject({ code: "config/invalid", hint: expect.stringContaining('"partition"') });
  await expect(making({ partition: 3 })).rejects.toThrow("A partition is named by its key, or by a key for each dimension, not by 3.");
  await expect(making({ partitons: [] })).rejects.toMatchObject({ code: "config/invalid", hint: 'Did you mean "partitions"?' });
  await expect(materialize([numbers], { ...options, partition: "2026-01-01" })).rejects.toThrow("None of the selected assets has partitions");
  const loading = (more: object) => load(numbers, { ...options, ...more });
  await expect(loading({ partition: "x" })).rejects.toMatchObject({
    code: "partition/unknown",
    message: 'numbers has no partitions, and "x" was asked for.',
  });
  await expect(loading({ range: ".." })).rejects.toMatchObject({ code: "config/invalid", message: 'load() has no property "range".' });
  await expect(load(daily, { ...options, partition: "2026-01-01..2026-01-02" })).rejects.toThrow('daily has no partition "2026-01-01..2026-01-02".');
});

test("an asset that wants its partitions together is called once for all that are asked for", async () => {
  const options = { config: config(), root: temporary() };
  const calls: (readonly string[])[] = [];
  const together = asset("together", {
    partitions: days,
    range: true,
    run: (_, { partitions }) => {
      calls.push(partitions.map(({ key }) => key));
      return new Map(partitions.map(({ key }) => [key, { key }]));
    },
  });
  const run = await materialize([together], { ...options, partitions: ["2026-01-01", "2026-01-03"] });
  expect(calls).toEqual([["2026-01-01", "2026-01-03"]]);
  expect(await run.value(together, { partition: "2026-01-03" })).toEqual({ key: "2026-01-03" });
  await materialize([together], { ...options, missing: true });
  expect(calls[1]).toEqual(["2026-01-02", "2026-01-04"]);
});

test("checks are made of what is stored, of the assets given", async () => {
  const options = { config: config(), root: temporary() };
  const checked = asset("checked", { partitions: staticPartitions(["eu", "us"]), run: (_, { partition }) => [{ region: partition.key }] });
  assetCheck(checked, { name: "european", run: (rows) => rows.every(({ region }) => region === "eu") });
  await materialize([checked], { ...options, range: ".." });
  const events: string[] = [];
  const all = await checkAssets([checked, numbers], { ...options, onEvent: ({ type }) => events.push(type) });
  expect(all).toMatchObject({ passed: false, errors: [], target: "local" });
  expect(all.evaluated.map(({ partition, passed }) => `${partition} ${passed}`)).toEqual(["eu true", "us false"]);
  expect(events).toEqual(["check-evaluated", "check-evaluated"]);
  expect(await checkAssets([checked], { ...options, partition: "eu" })).toMatchObject({ passed: true, evaluated: [{ check: "european" }] });
  await expect(checkAssets([checked], { ...options, partition: "mars" })).rejects.toMatchObject({ code: "partition/unknown" });
});
