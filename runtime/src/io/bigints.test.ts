import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RowOptions, rows } from "../handlers/rows.ts";
import { inputContext, outputContext } from "../testing/contexts.ts";
import { duckdb } from "./duckdb.ts";
import { filesystem } from "./filesystem.ts";
import { inMemory } from "./in-memory.ts";
import type { AnyIOManager, OutputContext } from "./manager.ts";

let folder: string;
const managers = new Map<string, AnyIOManager>();
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-bigints-"));
  managers.set("duckdb()", duckdb({ database: join(folder, "a.duckdb") }));
  managers.set("filesystem()", filesystem({ baseDir: join(folder, "files") }));
  managers.set("inMemory()", inMemory());
});
afterAll(async () => {
  for (const manager of managers.values()) await manager.close?.();
  rmSync(folder, { recursive: true, force: true });
});

const value = [{ region: "eu", id: 1n, n: 2, wide: 2n ** 70n, ids: [1n, null], place: { x: 1n, y: 2 } }];
const bigints = ["id", "wide", "ids[]", "place.x"];
const { record } = outputContext("x");

describe.each(["duckdb()", "filesystem()", "inMemory()"])("%s", (name) => {
  const manager = () => managers.get(name) as AnyIOManager;
  const load = (key: string, options?: RowOptions, more = {}) => manager().loadInput(inputContext(key, { handler: rows(options), ...more }));

  it("gives bigints back as the record says they were, and numbers as numbers", async () => {
    await manager().handleOutput(outputContext("ids", { record: { ...record, bigints } }), value);
    expect(await load("ids")).toEqual(value);
    expect(await manager().loadInput(inputContext("ids"))).toEqual(value);
    expect(await load("ids", { decimals: "number" })).toEqual(value);
  });

  it("gives what rows() is told to", async () => {
    await manager().handleOutput(outputContext("told", { record: { ...record, bigints: ["id"] }, columns: { id: "integer" } }), [{ id: 1n, n: 2 }]);
    expect(await load("told")).toEqual([{ id: 1n, n: 2 }]);
    expect(await load("told", { integers: "number" })).toEqual([{ id: 1, n: 2 }]);
    await manager().handleOutput(outputContext("big", { record: { ...record, bigints: ["id"] } }), [{ id: 2n ** 60n }]);
    await expect(load("big", { integers: "number" })).rejects.toMatchObject({ code: "io/inexact-value" });
  });

  it("gives numbers for what was stored without a word", async () => {
    await manager().handleOutput(outputContext("plain"), [{ id: 1n, n: 2 }]);
    expect(await load("plain")).toEqual([{ id: 1, n: 2 }]);
  });

  it("gives bigints for several partitions where any of them had some", async () => {
    const slice = (key: string) => ({ key, dimensions: [{ name: "partition", key, column: "region" }] });
    const store = (region: string, id: unknown, more: Partial<OutputContext["record"]>) =>
      manager().handleOutput(
        outputContext("parts", { partitions: [region], slices: [slice(region)], record: { ...record, partition: region, ...more } }),
        [{ region, id }],
      );
    await store("eu", 1n, { bigints: ["id"] });
    await store("us", 2, {});
    const both = { partitions: ["eu", "us"], slices: [slice("eu"), slice("us")] };
    const loaded = (await load("parts", undefined, both)) as readonly { readonly region: string }[];
    expect([...loaded].sort((a, b) => (a.region < b.region ? -1 : 1))).toEqual([
      { region: "eu", id: 1n },
      { region: "us", id: 2n },
    ]);
  });

  it("shows checks of the staged value the same", async () => {
    const seen: unknown[] = [];
    const verify: OutputContext["verify"] = async (read) => void seen.push(await read({ handler: rows() }));
    await manager().handleOutput(outputContext("checked", { record: { ...record, bigints }, verify }), value);
    expect(seen).toEqual([value]);
  });
});
