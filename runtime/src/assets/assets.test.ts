import { expect, it } from "vitest";
import { rows } from "../handlers/rows.ts";
import { sql } from "../handlers/sql.ts";
import { isKind } from "../io/manager.ts";
import { asset } from "./asset.ts";
import { assets, output } from "./assets.ts";
import { assetCheck } from "./check.ts";
import { link, md, table } from "./context.ts";
import type { AssetDefinition, CheckDefinition } from "./definition.ts";
import { ioManagerKey } from "./keys.ts";
import { dailyPartitions } from "./partitions.ts";
import { self, source } from "./source.ts";

const read = (value: unknown) => value as AssetDefinition;
const up = asset("up", { run: () => [{ a: 1 }] });

it("defines several outputs of one step", () => {
  const models = ioManagerKey<object>()("models");
  const { good, bad } = assets("split", {
    inputs: { up },
    outputs: { good: output({ ioManager: models, description: "fine" }), bad: output({ optional: true }) },
    run: ({ up }) => ({ good: [...up], bad: undefined as readonly { a: number }[] | undefined }),
  });
  expect([good.key, bad.key]).toEqual(["split/good", "split/bad"]);
  expect(read(good)).toMatchObject({ assetKind: "output", ioManager: "models", description: "fine", optional: false });
  expect(read(bad)).toMatchObject({ assetKind: "output", ioManager: "ioManager", optional: true });
  expect(read(good).step).toBe(read(bad).step);
  expect(read(good).step).toMatchObject({ id: "split", subset: false, outputs: { good, bad } });
  expect(read(good).definedAt).toMatch(/assets\.test\.ts/);
  expect(read(asset("down", { inputs: { good }, run: () => 1 })).step?.inputs["good"]?.upstream).toBe(good);
});

it("refuses outputs that are none", () => {
  const loosely = assets as unknown as (prefix: string, spec: unknown) => unknown;
  expect(() => loosely("s", { outputs: {}, run: () => ({}) })).toThrow(/declares no outputs/);
  expect(() => loosely("s", { outputs: { a: {} }, run: () => ({}) })).toThrow(/Output "a".*an object/);
  expect(() => loosely("s", { outputs: { "a b": output() }, run: () => ({}) })).toThrow(/no asset key/);
  expect(() => (output as (options: unknown) => unknown)({ partitions: 1 })).toThrow(/no property "partitions"/);
});

it("describes what something else writes", () => {
  const handler = rows<{ a: number }>();
  const definition = read(source("s", { as: handler, table: { name: "t" }, description: "theirs" }));
  expect(definition).toMatchObject({ key: "s", assetKind: "source", handler, table: { name: "t" }, description: "theirs" });
  expect(definition.step).toBeUndefined();
  expect(read(source("bare"))).toMatchObject({ key: "bare", assetKind: "source", ioManager: "ioManager" });
  expect(() => (source as unknown as (key: string, spec: unknown) => unknown)("s", { as: rows })).toThrow(/type handler/);
});

it("depends on itself through a window", () => {
  const handler = rows<{ n: number }>();
  const balance = asset("balance", {
    partitions: dailyPartitions({ start: "2026-01-01" }),
    inputs: { before: self(handler).window({ start: -1, end: -1 }) },
    run: () => [{ n: 1 }],
  });
  expect(read(balance).step?.inputs["before"]).toMatchObject({
    upstream: undefined,
    handler,
    take: { type: "window", start: -1, end: -1 },
    merged: false,
  });
});

it("defines checks of the shape asked for", () => {
  const check = assetCheck(up.as(sql), { name: "not_empty", blocking: true, run: () => true }) as unknown as CheckDefinition;
  expect(isKind(check, "check")).toBe(true);
  expect(check).toMatchObject({ name: "not_empty", blocking: true, severity: "error", input: { upstream: up, handler: sql } });
  expect(read(up).checks).toContain(check);
  const loosely = assetCheck as unknown as (input: unknown, spec: unknown) => unknown;
  expect(() => loosely("up", { name: "x", run: () => true })).toThrow(/where it takes an asset/);
  expect(() => loosely(up, { name: "", run: () => true })).toThrow(/name/);
  expect(() => loosely(up, { name: "x" })).toThrow(/run is undefined/);
  const fine = { name: "fine", run: () => true };
  expect(() => loosely(up, { ...fine, severity: "fatal" })).toThrow(/severity is .*fatal.* "warn" or "error"/);
  expect(() => loosely(up, { ...fine, blocking: "yes" })).toThrow(/blocking is/);
  expect(() => loosely(up.all(), fine)).toThrow(/one value of the asset/);
  expect(() => loosely(up, { name: "not_empty", run: () => true })).toThrow(/one of the name "not_empty" already/);
});

it("makes metadata that is plain data", () => {
  const metadata = [md("**x**"), link(new URL("https://example.org/a")), table([{ a: 1 }])];
  expect(structuredClone(metadata)).toEqual(metadata);
  expect(metadata).toEqual([
    { type: "markdown", text: "**x**" },
    { type: "link", url: "https://example.org/a", text: "https://example.org/a" },
    { type: "table", lines: [{ a: 1 }] },
  ]);
});
