import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import type { CheckDefinition } from "../assets/definition.ts";
import { dailyPartitions, staticPartitions } from "../assets/partitions.ts";
import { arrow } from "../handlers/arrow.ts";
import { inMemory } from "../io/in-memory.ts";
import { type AnyIOManager, kind } from "../io/manager.ts";
import type { RunEvent } from "../model/events.ts";
import { checkTarget } from "./check-target.ts";
import { check, type FakeAsset, fakeProject, type MemoryManager, materialize, memory, story } from "./fixture.ts";
import { buildGraph } from "./graph.ts";
import { openHistory } from "./history.ts";

const now = Date.parse("2026-03-01T00:00:00Z");
type Row = { readonly n: number };
const rows = (...numbers: readonly number[]) => numbers.map((n) => ({ n }));
const signal = () => new AbortController().signal;

const blocking = (name: string, run: (value: never, context: never) => unknown, more: Partial<CheckDefinition> = {}) =>
  check(name, run, { blocking: true, ...more });

const projectWith = (list: Readonly<Record<string, FakeAsset>>, manager: AnyIOManager, more: Parameters<typeof fakeProject>[1] = {}) =>
  fakeProject(list, { ...more, manager: manager as MemoryManager });
const evaluated = (events: readonly RunEvent[]) =>
  events.flatMap((event) =>
    event.type === "check-evaluated" ? [[event.partition ?? event.asset, event.check, event.passed ? "passed" : "failed", event.on].join(" ")] : [],
  );
const errorOf = (events: readonly RunEvent[]) => events.find((event) => event.type === "step-failed")?.error;
const stored = (manager: AnyIOManager, key: string, ...partitions: string[]) => manager.loadInput({ key, partitions, signal: signal() });

describe("a blocking check", () => {
  const positive = blocking("positive", (value: readonly Row[]) => ({
    passed: value.every(({ n }) => n > 0),
    description: `${value.filter(({ n }) => n <= 0).length} rows are not`,
    metadata: { least: Math.min(...value.map(({ n }) => n)) },
  }));
  const selling = (numbers: { now: readonly number[] }): Record<string, FakeAsset> => ({
    sales: { run: () => rows(...numbers.now), checks: [positive] },
    total: { inputs: { sales: "sales" }, run: ({ sales }) => (sales as readonly Row[]).length },
  });

  it("keeps a value out that fails it: the former one stays, and what is downstream is skipped", async () => {
    const numbers = { now: [1, 2] as readonly number[] };
    const manager = inMemory();
    const project = projectWith(selling(numbers), manager);
    expect((await materialize(project, "*")).summary.state).toBe("succeeded");
    numbers.now = [3, -4];
    const { summary, events } = await materialize(project, "*");
    expect(summary).toMatchObject({ state: "failed", failed: ["sales"] });
    expect(story(events)).toEqual(["sales started", "sales failed", "total skipped: upstream-failed (sales)"]);
    expect(await stored(manager, "sales")).toEqual(rows(1, 2));
    const error = errorOf(events);
    expect(error).toMatchObject({ code: "check/failed", asset: "sales", message: 'The check "positive" of sales failed: 1 rows are not' });
    expect(error?.hint).toMatch(/what was there before stays/);
    expect(events.filter(({ type }) => type === "output-stored" || type === "materialized")).toEqual([]);
    expect(events.find(({ type }) => type === "check-evaluated")).toMatchObject({
      asset: "sales",
      check: "positive",
      passed: false,
      severity: "error",
      blocking: true,
      on: "staged",
      description: "1 rows are not",
      metadata: { least: -4 },
    });
  });
  it("is made before the value is stored, once", async () => {
    const { events } = await materialize(projectWith(selling({ now: [1] }), inMemory()), "*");
    expect(events.flatMap(({ type }) => (["check-evaluated", "output-stored"].includes(type) ? [type] : []))).toEqual([
      "check-evaluated",
      "output-stored",
      "output-stored",
    ]);
    expect(evaluated(events)).toEqual(["sales positive passed staged"]);
  });
  it("lets a value pass that it only warns of", async () => {
    const manager = inMemory();
    const warns = { ...positive, severity: "warn" } as const;
    const says = blocking("says", () => ({ passed: false, severity: "warn" }));
    const project = projectWith({ sales: { run: () => rows(-1), checks: [warns, says] } }, manager);
    const { summary, events } = await materialize(project, "*");
    expect(summary.state).toBe("succeeded");
    expect(evaluated(events)).toEqual(["sales positive failed staged", "sales says failed staged"]);
    expect(await stored(manager, "sales")).toEqual(rows(-1));
  });
  it("is made with the others before any of them fails the asset", async () => {
    const checks = [blocking("one", () => false), blocking("two", () => true), blocking("three", () => false)];
    const { events } = await materialize(projectWith({ sales: { run: () => rows(1), checks } }, inMemory()), "*");
    expect(evaluated(events)).toEqual(["sales one failed staged", "sales two passed staged", "sales three failed staged"]);
    expect(errorOf(events)?.message).toMatch(/"one" of sales failed.\n.*"three" of sales failed/);
  });
  it("sees the shape it asked for, and what its context offers", async () => {
    const seen: unknown[] = [];
    const handler = { [kind]: "input", upstream: undefined, handler: arrow, columns: ["n"], allowMissingPartitions: false, merged: false } as const;
    const shop = { [kind]: "resource", open: () => "opened", close: () => seen.push("closed") } as const;
    const looks = blocking(
      "looks",
      (
        value: { numRows: number; schema: { fields: { name: string }[] } },
        context: { key: string; resources: object; log: { info(text: string): void }; signal: AbortSignal; metadata(more: object): void },
      ) => {
        context.log.info("looking");
        context.metadata({ told: 1 });
        seen.push([value.numRows, value.schema.fields.map(({ name }) => name), context.key, context.resources, context.signal.aborted]);
        return { passed: true, metadata: { found: 2 } };
      },
      { input: handler, resources: { shop: "shop" } },
    );
    const list = { sales: { run: () => [{ n: 1, m: 2 }], checks: [looks] } };
    const { events } = await materialize(projectWith(list, inMemory(), { bindings: { shop } }), "*");
    expect(seen).toEqual([[1, ["n"], "sales", { shop: "opened" }, false], "closed"]);
    expect(events.find(({ type }) => type === "check-evaluated")).toMatchObject({ metadata: { told: 1, found: 2 } });
    expect(events.find(({ type }) => type === "log")).toMatchObject({ message: "looking", step: "sales" });
  });
  it("that throws fails the asset with what it threw, whatever the I/O manager makes of it", async () => {
    const throws = blocking("throws", () => {
      throw new TypeError("no such thing");
    });
    const rewording = memory("rewording", {
      handleOutput: async (context) => {
        await context
          .verify?.(async () => 1)
          .catch((error: Error) => {
            throw new Error(`storing failed: ${error.message}`);
          });
        return { place: "here" };
      },
    });
    for (const manager of [inMemory(), rewording]) {
      const { events } = await materialize(projectWith({ sales: { run: () => rows(1), checks: [throws] } }, manager), "*");
      expect(errorOf(events)).toMatchObject({ code: "run/failed", asset: "sales", message: 'The check "throws" of sales threw: no such thing' });
      expect(evaluated(events)).toEqual([]);
    }
  });
  it("that is given no result says what it was given", async () => {
    const odd = [undefined, null, "yes", 1, {}, { passed: "yes" }, { passed: true, severity: "fatal" }];
    for (const result of odd) {
      const { events } = await materialize(projectWith({ sales: { run: () => 1, checks: [blocking("odd", () => result)] } }, inMemory()), "*");
      expect(errorOf(events)).toMatchObject({
        code: "run/failed",
        message: expect.stringMatching(/The check "odd" of sales returned .+, which is no result/),
      });
    }
  });
  it("is made of the stored value where the I/O manager shows none before, and says that it is stored", async () => {
    const project = projectWith(selling({ now: [-1] }), memory("plain"));
    const { summary, events } = await materialize(project, "*");
    expect(summary).toMatchObject({ state: "failed", failed: ["sales"] });
    expect(evaluated(events)).toEqual(["sales positive failed stored"]);
    expect(errorOf(events)?.hint).toMatch(/The value is stored: plain shows no value to a check/);
    expect(events.some((event) => event.type === "materialized" && event.asset === "sales")).toBe(true);
    expect(story(events)).toContain("total skipped: upstream-failed (sales)");
  });
  it("sees no value of an asset that stores it by itself", async () => {
    const seen: unknown[] = [];
    const looks = blocking("looks", (value) => {
      seen.push(value);
      return true;
    });
    const { summary } = await materialize(projectWith({ report: { run: () => undefined, checks: [looks] } }, inMemory()), "*");
    expect([summary.state, seen]).toEqual(["succeeded", [undefined]]);
  });
});

describe("a check that does not block", () => {
  it("is made of the stored value and fails neither the run nor what is downstream", async () => {
    const list: Record<string, FakeAsset> = {
      sales: { run: () => rows(-1), checks: [check("positive", (value: readonly Row[]) => value.every(({ n }) => n > 0))] },
      total: { inputs: { sales: "sales" }, run: () => 1 },
    };
    for (const manager of [inMemory(), memory()]) {
      const { summary, events } = await materialize(projectWith(list, manager), "*");
      expect(summary).toMatchObject({ state: "succeeded", failed: [] });
      expect(evaluated(events)).toEqual(["sales positive failed stored"]);
      expect(story(events)).toEqual(["sales started", "sales finished", "total started", "total finished"]);
      const order = events.map(({ type }) => type);
      expect(order.indexOf("check-evaluated")).toBeGreaterThan(order.indexOf("output-stored"));
    }
  });
  it("that throws fails the asset, whose value is stored; another attempt makes the check again, not the value", async () => {
    let calls = 0;
    let runs = 0;
    const flaky = check("flaky", () => {
      calls++;
      if (calls === 1) throw new Error("not yet");
      return true;
    });
    const sales: FakeAsset = {
      run: () => {
        runs++;
        return rows(1);
      },
      checks: [flaky, blocking("fine", () => true)],
      retry: { max: 1 },
    };
    const { summary, events } = await materialize(projectWith({ sales }, inMemory()), "*");
    expect([summary.state, calls, runs]).toEqual(["succeeded", 2, 1]);
    expect(evaluated(events)).toEqual(["sales fine passed staged", "sales flaky passed stored"]);
    const failing = { sales: { ...sales, retry: undefined } };
    calls = 0;
    const once = await materialize(projectWith(failing as Record<string, FakeAsset>, inMemory()), "*");
    expect(errorOf(once.events)).toMatchObject({ code: "run/failed", message: 'The check "flaky" of sales threw: not yet' });
    expect(once.events.some(({ type }) => type === "materialized")).toBe(true);
  });
  it("is made again, with those that block, when a run is taken up that had stored the value", async () => {
    const manager = memory();
    const looks = [check("looks", () => true), blocking("blocks", () => false)];
    const first = projectWith({ sales: { run: () => rows(1) } }, manager);
    await materialize(first, "*", { runId: "r" });
    const { summary, events } = await materialize(projectWith({ sales: { run: () => rows(1), checks: looks } }, manager), "*", {
      runId: "r",
      resume: true,
    });
    expect(manager.calls.filter((call) => call.startsWith("store"))).toHaveLength(1);
    expect(evaluated(events)).toEqual(["sales looks passed stored", "sales blocks failed stored"]);
    expect(summary.state).toBe("failed");
  });
});

describe("checks of partitions", () => {
  const days = dailyPartitions({ start: "2026-02-01", column: "day" });
  type Given = { readonly partition?: { readonly key: string }; readonly partitions: readonly { readonly key: string }[] };
  const day = (_: unknown, context: unknown) => [{ day: (context as Given).partition!.key, n: 1 }];
  const own = blocking("own", (value: readonly { day: string }[], { partition }: Given) => value.every((row) => row.day === partition!.key));

  it("see one each, and keep out only those that fail", async () => {
    const manager = inMemory();
    const second = blocking("not the 2nd", (_: unknown, { partition }: Given) => partition!.key !== "2026-02-02");
    const project = projectWith({ raw: { partitions: days, run: day, checks: [own, second] } }, manager);
    const { summary, events } = await materialize(project, "raw", { partitions: ["2026-02-01..2026-02-03"], now });
    expect(summary).toMatchObject({ state: "failed", failed: ["raw"] });
    expect(
      evaluated(events)
        .filter((line) => line.includes("own"))
        .sort(),
    ).toEqual(["2026-02-01 own passed staged", "2026-02-02 own passed staged", "2026-02-03 own passed staged"]);
    expect(errorOf(events)?.message).toBe('The check "not the 2nd" of raw [2026-02-02] failed.');
    expect(await manager.list?.({ key: "raw", partitions: [], signal: signal() })).toEqual(["2026-02-01", "2026-02-03"]);
  });
  it("see their own rows of a table that was made for all of them, or their own value of a Map", async () => {
    const both = ["2026-02-01", "2026-02-02"];
    const shapes = [() => both.map((key) => ({ day: key, n: 1 })), () => new Map(both.map((key) => [key, [{ day: key, n: 1 }]]))];
    for (const run of shapes) {
      const after = check("after", (value: readonly unknown[]) => value.length === 1);
      const project = projectWith({ raw: { partitions: days, range: true, run, checks: [own, after] } }, inMemory());
      const { summary, events } = await materialize(project, "raw", { partitions: [`${both[0]}..${both[1]}`], now });
      expect(summary.state).toBe("succeeded");
      expect(evaluated(events)).toEqual([
        "2026-02-01 own passed staged",
        "2026-02-02 own passed staged",
        "2026-02-01 after passed stored",
        "2026-02-02 after passed stored",
      ]);
    }
  });
  it("keep out all that is stored together when one of them fails", async () => {
    const manager = inMemory();
    const fails = blocking("fails", (_: unknown, { partition }: Given) => partition!.key === "eu");
    const list = { raw: { partitions: staticPartitions(["eu", "us"], { column: "region" }), range: true, checks: [fails] } };
    const made = { raw: { ...list.raw, run: () => [{ region: "eu" }, { region: "us" }] } };
    const { events } = await materialize(projectWith(made, manager), "raw", { partitions: [".."], now });
    expect(evaluated(events)).toEqual(["eu fails passed staged", "us fails failed staged"]);
    expect(await manager.list?.({ key: "raw", partitions: [], signal: signal() })).toEqual([]);
  });
  it("of a Map leave those stored that came before the one that failed, and say so", async () => {
    const fails = blocking("fails", (_: unknown, { partition }: Given) => partition!.key === "eu");
    const raw = {
      partitions: staticPartitions(["eu", "us"]),
      range: true,
      checks: [fails],
      run: () =>
        new Map([
          ["eu", 1],
          ["us", 2],
        ]),
    };
    const { events } = await materialize(projectWith({ raw }, inMemory()), "raw", { partitions: [".."], now });
    expect(events.flatMap((event) => (event.type === "materialized" ? [event.partition] : []))).toEqual(["eu"]);
  });
});

it("stops a check that does not heed the signal when the run is cancelled, and stores nothing", async () => {
  const controller = new AbortController();
  const manager = inMemory();
  const endless = blocking("endless", () => {
    controller.abort();
    return new Promise(() => {});
  });
  const { summary, events } = await materialize(projectWith({ sales: { run: () => rows(1), checks: [endless] } }, manager), "*", {
    signal: controller.signal,
  });
  expect([summary.state, story(events)]).toEqual(["cancelled", ["sales started", "sales skipped: cancelled"]]);
  await expect(stored(manager, "sales")).rejects.toMatchObject({ code: "io/not-found" });
});

it("finds resources that a check needs and the target does not bind, before the run", () => {
  const { project, target } = projectWith({ sales: { checks: [check("x", () => true, { resources: { shop: "shop" } })] } }, memory());
  const graph = buildGraph(project);
  expect(checkTarget(graph, target, graph.steps.values(), {})).toMatchObject([{ code: "config/unbound-key", asset: "sales" }]);
});

it("keeps what checks found in the history", async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "sluice-checks-"));
  const history = openHistory(folder);
  try {
    const project = projectWith({ sales: { run: () => rows(1), checks: [check("fails", () => ({ passed: false, description: "why" }))] } }, memory());
    const { summary } = await materialize(project, "*", { history });
    const kept = history.events(summary.runId).find(({ type }) => type === "check-evaluated");
    expect(kept).toMatchObject({ asset: "sales", check: "fails", passed: false, description: "why", on: "stored", blocking: false });
  } finally {
    history.close();
    fs.rmSync(folder, { recursive: true, force: true });
  }
});
