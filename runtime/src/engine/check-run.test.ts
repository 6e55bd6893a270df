import { expect, it } from "vitest";
import type { CheckDefinition } from "../assets/definition.ts";
import { staticPartitions } from "../assets/partitions.ts";
import { inMemory } from "../io/in-memory.ts";
import { type CheckOptions, runChecks } from "./check-run.ts";
import { check, type FakeAsset, fakeProject, type MemoryManager, materialize } from "./fixture.ts";

const positive = check("positive", (value: number) => ({ passed: value > 0, description: `it is ${value}` }), { blocking: true });
const throws = check("throws", () => {
  throw new TypeError("no such thing");
});
const made = async (
  list: Readonly<Record<string, FakeAsset>>,
  checks: Readonly<Record<string, readonly CheckDefinition[]>>,
  partitions?: readonly string[],
) => {
  const manager = inMemory() as MemoryManager;
  await materialize(fakeProject(list, { manager }), "*", partitions ? { partitions } : {});
  const checked = Object.fromEntries(Object.entries(list).map(([key, asset]) => [key, { ...asset, checks: [...(checks[key] ?? [])] }]));
  const { project, target } = fakeProject(checked, { manager });
  return (selection: string, more: Partial<CheckOptions> = {}) => runChecks({ project, target, selection, environment: {}, ...more });
};
const said = ({ evaluated }: Awaited<ReturnType<typeof runChecks>>) =>
  evaluated.map(({ asset, partition, check: name, passed }) => `${asset}${partition === undefined ? "" : ` ${partition}`} ${name} ${passed}`);

it("makes all checks of what is stored, blocking or not, whatever one of them comes to", async () => {
  const list: Record<string, FakeAsset> = { a: { run: () => -1 }, b: { run: () => 2 }, c: { run: () => 3 } };
  const run = await made(list, { a: [positive, throws, check("odd", (value: number) => value % 2 !== 0)], b: [positive] });
  const events: string[] = [];
  const found = await run("*", { emit: ({ type }) => events.push(type) });
  expect(said(found)).toEqual(["a positive false", "a odd true", "b positive true"]);
  expect(events).toEqual(["check-evaluated", "check-evaluated", "check-evaluated"]);
  expect(found.errors).toMatchObject([{ code: "run/failed", asset: "a", message: 'The check "throws" of a threw: no such thing' }]);
  expect(found.passed).toBe(false);
  expect(await run("b")).toMatchObject({ passed: true, errors: [], evaluated: [{ on: "stored", description: "it is 2" }] });
  expect(await run("c")).toMatchObject({ passed: true, evaluated: [] });
});
it("passes where a check only warns, and not where nothing is stored", async () => {
  const run = await made({ a: { run: () => -1 } }, { a: [{ ...positive, severity: "warn" }] });
  expect((await run("*")).passed).toBe(true);
  const { project, target } = fakeProject({ a: { checks: [positive] } }, { manager: inMemory() as MemoryManager });
  const empty = await runChecks({ project, target, selection: "a", environment: {} });
  expect(empty).toMatchObject({ passed: false, evaluated: [], errors: [{ code: "io/not-found", asset: "a" }] });
});
it("makes those of each partition that is stored, or of those that are named", async () => {
  const regions = staticPartitions(["eu", "us", "jp"]);
  const list: Record<string, FakeAsset> = { a: { partitions: regions, run: () => 1 } };
  const run = await made(list, { a: [positive] }, ["us", "eu"]);
  expect(said(await run("*"))).toEqual(["a eu positive true", "a us positive true"]);
  expect(said(await run("a", { partitions: ["us"] }))).toEqual(["a us positive true"]);
  expect(await run("a", { partitions: ["jp"] })).toMatchObject({ passed: false, errors: [{ code: "io/not-found" }] });
  await expect(run("a", { partitions: ["mars"] })).rejects.toMatchObject({ code: "partition/unknown" });
  await expect(run("nothing")).rejects.toMatchObject({ code: "selection/invalid" });
});
it("finds what keeps checks from being made before it makes one", async () => {
  const run = await made({ a: { run: () => 1 } }, { a: [check("uses", () => true, { resources: { shop: "shop" } })] });
  await expect(run("a")).rejects.toMatchObject({ code: "config/unbound-key" });
});
it("ends when it is cancelled", async () => {
  const controller = new AbortController();
  const endless = check("endless", () => {
    controller.abort();
    return new Promise(() => {});
  });
  const run = await made({ a: { run: () => 1 } }, { a: [endless, positive] });
  await expect(run("a", { signal: controller.signal })).rejects.toMatchObject({ code: "run/cancelled" });
});
