import { expect, it } from "vitest";
import { arrow } from "../handlers/arrow.ts";
import { rows } from "../handlers/rows.ts";
import { sql } from "../handlers/sql.ts";
import { isKind } from "../io/manager.ts";
import { asset } from "./asset.ts";
import type { AssetDefinition, InputDefinition } from "./definition.ts";
import { ioManagerKey, resourceKey } from "./keys.ts";
import { staticPartitions } from "./partitions.ts";
import { source } from "./source.ts";

/** What the engine reads of an asset. */
const read = (value: unknown) => value as AssetDefinition;
const input = (value: unknown, name = "up"): InputDefinition => read(value).step!.inputs[name]!;
const up = asset("up", { run: () => [{ a: 1 }] });
/** Specifications that the compiler refuses, as JavaScript or a cast would give them. */
const loosely = asset as unknown as (key: unknown, spec: unknown) => unknown;

it("defines one step with one output named by nothing", () => {
  const definition = read(up);
  expect(isKind(definition, "asset")).toBe(true);
  expect(definition).toMatchObject({
    key: "up",
    assetKind: "asset",
    ioManager: "ioManager",
    write: "replace",
    schemaChange: "evolve",
    optional: false,
  });
  expect(definition.step).toMatchObject({ id: "up", inputs: {}, deps: [], resources: {}, params: {}, subset: false });
  expect(definition.step?.outputs[""]).toBe(definition);
  expect(definition.step?.run({}, {})).toEqual([{ a: 1 }]);
});

it("carries what the specification says", () => {
  const warehouse = ioManagerKey()("warehouse");
  const shop = resourceKey<{ get(): string }>()("shop");
  const described = {
    description: "All sales",
    group: "sales",
    kinds: ["sql"],
    tags: { tier: "1" },
    owners: ["ana"],
    metadata: { link: "x" },
    codeVersion: "3",
    table: { schema: "s", name: "t" },
    columns: { a: "decimal(18,2)" },
    write: { upsert: ["a"] },
    schemaChange: "error",
  } as const;
  const step = { params: { limit: 5 }, retry: { max: 2, delay: 10 }, timeout: 1000, pool: "api" } as const;
  const definition = read(
    asset("a/b", { ...described, ...step, ioManager: warehouse, resources: { client: shop }, deps: [up, "other/key"], run: () => [{ a: "1.00" }] }),
  );
  expect(definition).toMatchObject({ ...described, ioManager: "warehouse" });
  expect(definition.step).toMatchObject({ ...step, resources: { client: "shop" }, deps: ["up", "other/key"] });
});

it("knows the line it was defined on", () => {
  const place = read(asset("here", { run: () => 1 })).definedAt;
  expect(place).toMatch(/asset\.test\.ts:\d+:\d+$/);
  const later = read(asset("here", { run: () => 1 })).definedAt;
  expect(Number(later?.split(":").at(-2)) - Number(place?.split(":").at(-2))).toBe(2);
});

it("hands setters on to the input, in any order and without changing the asset", () => {
  const other = ioManagerKey()("other");
  const one = up.as(arrow).with({ columns: ["a"], ioManager: other, allowMissingPartitions: true });
  const two = up.with({ columns: ["a"], ioManager: other, allowMissingPartitions: true }).as(arrow);
  const expected = { upstream: up, handler: arrow, columns: ["a"], ioManager: "other", allowMissingPartitions: true, merged: false };
  expect(input(asset("one", { inputs: { up: one }, run: () => 1 }))).toMatchObject(expected);
  expect(input(asset("two", { inputs: { up: two }, run: () => 1 }))).toMatchObject(expected);
  const plain = input(asset("plain", { inputs: { up }, run: () => 1 }));
  expect(plain).toMatchObject({ upstream: up, allowMissingPartitions: false, merged: false });
  expect(plain.handler).toBeUndefined();
});

it("says how partitions are taken", () => {
  const parts = asset("parts", { partitions: staticPartitions(["eu", "us"]), run: () => [{ a: 1 }] });
  const taken = (value: Readonly<Record<string, unknown>>) => input(loosely("t", { inputs: value, run: () => 1 }));
  expect(taken({ up: parts.all() }).take).toEqual({ type: "all" });
  expect(taken({ up: parts.latest() }).take).toEqual({ type: "latest" });
  expect(taken({ up: parts.partition("eu") }).take).toEqual({ type: "partition", key: "eu" });
  const merged = taken({
    up: parts
      .as(sql)
      .all()
      .merged()
      .with({ columns: ["a"] }),
  });
  expect(merged).toMatchObject({ take: { type: "all" }, merged: true, columns: ["a"] });
  expect(taken({ up: parts.all().as(arrow) }).merged).toBe(false);
});

it("arrives in the shape its source says, unless asked for another", () => {
  const handler = rows<{ a: number }>();
  const orders = source("orders", { as: handler });
  expect(input(asset("a", { inputs: { up: orders }, run: () => 1 })).handler).toBe(handler);
  expect(input(asset("b", { inputs: { up: orders.as(arrow) }, run: () => 1 })).handler).toBe(arrow);
});

const refused: readonly (readonly [what: string, key: unknown, spec: unknown, code: string, says: RegExp])[] = [
  ["a key with a space", "a b", { run: () => 1 }, "config/invalid", /"a b" is no asset key/],
  ["a key that climbs", "../a", { run: () => 1 }, "config/invalid", /may not be ".."/],
  ["a property that does not exist", "k", { input: {}, run: () => 1 }, "config/invalid", /no property "input".*Did you mean "inputs"/],
  ["no run", "k", {}, "config/invalid", /run is undefined/],
  ["a run that is no function", "k", { run: 3 }, "config/invalid", /run is 3/],
  ["no specification", "k", undefined, "config/invalid", /undefined where it takes an object/],
  ["an input by key", "k", { inputs: { up: "up" }, run: () => 1 }, "config/invalid", /input "up".*"up".*source\("up"\)/],
  [
    "an upstream used before it is defined",
    "k",
    { inputs: { up: undefined }, run: () => 1 },
    "graph/cycle",
    /input "up".*before it is defined.*deps/,
  ],
  ["a dependency used before it is defined", "k", { deps: [undefined], run: () => 1 }, "graph/cycle", /dependency 1/],
  ["a dependency that is neither", "k", { deps: [3], run: () => 1 }, "config/invalid", /Dependency 1.*3/],
  ["inputs in a list", "k", { inputs: [], run: () => 1 }, "config/invalid", /an array/],
  ["an I/O manager's name", "k", { ioManager: "warehouse", run: () => 1 }, "config/invalid", /ioManagerKey/],
  ["a resource's name", "k", { resources: { shop: "shop" }, run: () => 1 }, "config/invalid", /resourceKey/],
  ["partitions in a list", "k", { partitions: ["a"], run: () => 1 }, "config/invalid", /partitions is an array/],
  ["another write", "k", { write: "upsert", run: () => 1 }, "config/invalid", /write is "upsert"/],
  ["upsert by nothing", "k", { write: { upsert: [] }, run: () => 1 }, "config/invalid", /write/],
  ["another schema change", "k", { schemaChange: "drop", run: () => 1 }, "config/invalid", /schemaChange/],
  ["a misspelt table", "k", { table: { nam: "x" }, run: () => 1 }, "config/invalid", /no property "nam".*"name"/],
  ["a column type that is no text", "k", { columns: { a: 3 }, run: () => 1 }, "config/invalid", /column "a"/],
  ["a negative timeout", "k", { timeout: -1, run: () => 1 }, "config/invalid", /timeout is -1/],
  ["retries without a count", "k", { retry: { delay: 3 }, run: () => 1 }, "config/invalid", /retry\.max/],
  ["a param that is a Date", "k", { params: { since: new Date() }, run: () => 1 }, "config/invalid", /param "since" is a Date/],
  ["kinds in a text", "k", { kinds: "sql", run: () => 1 }, "config/invalid", /kinds/],
];
it.each(refused)("refuses %s", (_, key, spec, code, says) => {
  let thrown: unknown;
  try {
    loosely(key, spec);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({ name: "SluiceError", code, asset: key });
  expect(`${(thrown as Error).message} ${(thrown as { hint?: string }).hint}`).toMatch(says);
});

it("refuses setters that were given something else", () => {
  const setters = up as unknown as Record<string, (value: unknown) => unknown>;
  expect(() => setters["as"]!(rows)).toThrow(/type handler/);
  expect(() => setters["as"]!("rows")).toThrow(/type handler/);
  expect(() => setters["with"]!({ column: ["a"] })).toThrow(/no property "column"/);
  expect(() => setters["with"]!({ columns: [] })).toThrow(/one or more columns/);
  expect(() => setters["with"]!({ ioManager: "x" })).toThrow(/key is needed/);
  expect(() => setters["window"]!({ start: 1, end: 0 })).toThrow(/start not after end|start 1 and end 0/);
  expect(() => setters["all"]!(3)).toThrow(/named by a text/);
});
