import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { dailyPartitions, dynamicPartitions, monthlyPartitions, multiPartitions, staticPartitions } from "../assets/partitions.ts";
import { addDynamicKeys } from "./dynamic-partitions.ts";
import { type FakeAsset, fakeProject, materialize, memory, story } from "./fixture.ts";
import { openHistory } from "./history.ts";
import type { LoadedPartitions } from "./partition-map.ts";
import { planRun } from "./run.ts";
import { assetStatus } from "./status.ts";

const now = Date.parse("2026-03-01T00:00:00Z");
const days = dailyPartitions({ start: "2026-02-01", column: "day" });
const months = monthlyPartitions({ start: "2026-01-01" });
const regions = staticPartitions(["eu", "us", "jp"]);
type Context = { readonly partition: { readonly key: string; readonly start?: Date }; readonly partitions: readonly { readonly key: string }[] };
const ownKey = (_: unknown, context: unknown) => (context as Context).partition.key;
const daily = (more: FakeAsset = {}): FakeAsset => ({ partitions: days, run: ownKey, ...more });
type Map = LoadedPartitions<unknown>;

const run = (list: Readonly<Record<string, FakeAsset>>, selection: string, ...partitions: string[]) => {
  const project = fakeProject(list);
  return { project, done: materialize(project, selection, { partitions, now }) };
};
const planning = (list: Readonly<Record<string, FakeAsset>>, selection: string, ...partitions: string[]) => {
  const { project, target } = fakeProject(list);
  return planRun({ project, target, selection, environment: {}, now, ...(partitions.length > 0 ? { partitions } : {}) });
};
const refusal = async (work: Promise<unknown>) => {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error as { code: string; message: string; hint: string },
  );
  return thrown && { code: thrown.code, message: thrown.message, hint: thrown.hint };
};

describe("a run of partitions", () => {
  it("makes and stores each by itself, with events and records that name it", async () => {
    const { project, done } = run({ raw: daily() }, "raw", "2026-02-01..2026-02-03");
    const { summary, events } = await done;
    expect(summary).toMatchObject({ state: "succeeded", assets: ["raw"], failed: [] });
    expect(project.manager.calls.sort()).toEqual(["store raw 2026-02-01", "store raw 2026-02-02", "store raw 2026-02-03"]);
    const stored = events.flatMap((event) => (event.type === "materialized" ? [[event.partition, event.record.partition]] : []));
    expect(stored.sort()).toEqual([
      ["2026-02-01", "2026-02-01"],
      ["2026-02-02", "2026-02-02"],
      ["2026-02-03", "2026-02-03"],
    ]);
  });
  it("tells the I/O manager and run where each lies", async () => {
    const seen: unknown[] = [];
    const manager = memory("memory");
    const { handleOutput } = manager;
    const spied = {
      ...manager,
      handleOutput: async (...given: Parameters<typeof handleOutput>) => {
        seen.push(given[0].slices);
        return handleOutput(...given);
      },
    };
    const project = fakeProject({ a: daily({ run: (_, context) => (context as Context).partition.start?.toISOString() }) }, { manager: spied });
    await materialize(project, "a", { partitions: ["2026-02-03"], now });
    expect(seen).toEqual([
      [
        expect.objectContaining({
          key: "2026-02-03",
          dimensions: [expect.objectContaining({ column: "day", window: expect.objectContaining({ end: "2026-02-04T00:00:00Z" }) })],
        }),
      ],
    ]);
    expect(manager.values.get("a 2026-02-03")?.value).toBe("2026-02-03T00:00:00.000Z");
  });
  it("loads the same upstream partition, and waits for those that it makes itself", async () => {
    const { project, done } = run(
      { raw: daily(), clean: daily({ inputs: { raw: "raw" }, run: ({ raw }) => `clean ${raw as string}` }) },
      "*",
      "2026-02-01..2026-02-02",
    );
    const { plan } = await done;
    expect(plan.steps.find(({ step }) => step === "clean [2026-02-02]")?.after).toEqual(["raw [2026-02-02]"]);
    expect(project.manager.values.get("clean 2026-02-02")?.value).toBe("clean 2026-02-02");
  });
  it("gives those inside as a map that loads on demand, and those around as one", async () => {
    const list: Record<string, FakeAsset> = {
      raw: daily(),
      month: {
        partitions: months,
        inputs: { raw: "raw" },
        run: async (inputs) => {
          const raw = inputs["raw"] as Map;
          return [raw.size, await raw.get("2026-02-02"), (await raw.load()).size];
        },
      },
      share: daily({ inputs: { month: "month" }, run: ({ month }) => month }),
    };
    const project = fakeProject(list);
    await materialize(project, "raw", { partitions: [".."], now });
    const { events } = await materialize(project, "month", { partitions: ["2026-02"], now });
    expect(project.manager.values.get("month 2026-02")?.value).toEqual([28, "2026-02-02", 28]);
    expect(events.filter(({ type }) => type === "input-loaded")).toHaveLength(29);
    await materialize(project, "share", { partitions: ["2026-02-10"], now });
    expect(project.manager.values.get("share 2026-02-10")?.value).toEqual([28, "2026-02-02", 28]);
  });
  it("derives the partitions of assets that are divided otherwise from those that were named", async () => {
    const list = { raw: daily(), month: { partitions: months, inputs: { raw: "raw" }, run: ownKey } as FakeAsset };
    expect((await planning(list, "*", "2026-02")).steps.map(({ step }) => step)).toHaveLength(29);
    const upward = await planning({ ...list, raw: daily() }, "*", "2026-02-01..");
    expect(upward.steps.at(-1)?.step).toBe("month [2026-02]");
    expect(upward.steps.at(-1)?.after).toHaveLength(28);
  });
  it("follows itself in order, and gives the first one an empty map", async () => {
    const balance = daily({
      inputs: { before: { key: "balance", take: { type: "window", start: -1, end: -1 } } },
      run: async (inputs) => {
        const before = inputs["before"] as Map;
        return before.size === 0 ? 1 : ((await before.get(before.keys[0]!)) as number) + 1;
      },
    });
    const { project, done } = run({ balance }, "balance", "..");
    expect((await done).summary.state).toBe("succeeded");
    expect(project.manager.values.get("balance 2026-02-28")?.value).toBe(28);
    const later = await planning({ balance }, "balance", "2026-02-10");
    expect(later.steps[0]?.absent).toEqual({ before: ["2026-02-09"] });
  });
  it("calls an asset that wants a range once, with maps, and stores what a Map or one value holds", async () => {
    const calls: unknown[] = [];
    const list: Record<string, FakeAsset> = {
      raw: daily(),
      together: daily({
        range: true,
        inputs: { raw: "raw" },
        run: async (inputs, context) => {
          const { partition, partitions } = context as Context;
          calls.push([partition, partitions.map(({ key }) => key), (inputs["raw"] as Map).keys]);
          return (inputs["raw"] as Map).load();
        },
      }),
      table: daily({ range: true, run: () => "all rows" }),
    };
    const { project, done } = run(list, "*", "2026-02-01..2026-02-02");
    const { events } = await done;
    expect(calls).toEqual([[undefined, ["2026-02-01", "2026-02-02"], ["2026-02-01", "2026-02-02"]]]);
    expect(project.manager.values.get("together 2026-02-02")?.value).toBe("2026-02-02");
    expect(project.manager.calls).toContain("store table 2026-02-01,2026-02-02");
    const made = events.flatMap((event) => (event.type === "materialized" && event.asset === "table" ? [event.partition] : []));
    expect(made).toEqual(["2026-02-01", "2026-02-02"]);
    const [one, two] = ["2026-02-01", "2026-02-02"].map((key) => project.manager.values.get(`table ${key}`)?.record.dataVersion);
    expect(one).not.toBe(two);
  });
  it("loads several as one value when they are merged", async () => {
    const list: Record<string, FakeAsset> = {
      raw: { partitions: regions, run: ownKey },
      all: { inputs: { raw: { key: "raw", take: { type: "all" }, merged: true } }, run: ({ raw }) => raw },
    };
    const { project, done } = run(list, "*", "..");
    await done;
    expect(project.manager.calls).toContain("load raw eu,us,jp");
    expect(project.manager.values.get("all")?.value).toEqual(["eu", "us", "jp"]);
  });
  it("skips what is made of a partition that failed, and nothing else", async () => {
    const list = {
      raw: daily({
        run: (_, context) => {
          if ((context as Context).partition.key === "2026-02-02") throw new Error("no");
          return 1;
        },
      }),
      clean: daily({ inputs: { raw: "raw" } }),
    };
    const { events, summary } = await run(list, "*", "2026-02-01..2026-02-03").done;
    expect(summary.failed).toEqual(["raw"]);
    const told = story(events).filter((line) => line.includes("failed") || line.includes("skipped"));
    expect(told).toEqual(["raw [2026-02-02] failed", "clean [2026-02-02] skipped: upstream-failed (raw)"]);
    expect(events.find(({ type }) => type === "step-failed")).toMatchObject({ partition: "2026-02-02" });
  });
  it("of several dimensions gives run each of them", async () => {
    const both = multiPartitions({ date: days, region: regions });
    const list: Record<string, FakeAsset> = { sales: { partitions: both, run: (_, context) => (context as { partition: unknown }).partition } };
    const { project, done } = run(list, "sales", "date=2026-02-01|region=us");
    await done;
    expect(project.manager.values.get("sales date=2026-02-01|region=us")?.value).toEqual({
      key: "date=2026-02-01|region=us",
      dimensions: { date: { key: "2026-02-01", start: new Date("2026-02-01"), end: new Date("2026-02-02") }, region: { key: "us" } },
    });
  });
  it("takes up a run again without making what it has stored", async () => {
    const project = fakeProject({ raw: daily() });
    await materialize(project, "raw", { partitions: ["2026-02-01"], now, runId: "r" });
    const { summary } = await materialize(project, "raw", { partitions: ["2026-02-01"], now, runId: "r", resume: true });
    expect(summary.state).toBe("succeeded");
    expect(project.manager.calls).toEqual(["store raw 2026-02-01"]);
  });
});

describe("before a run", () => {
  const clean = daily({ inputs: { raw: "raw" } });
  it("finds missing partitions of all inputs together, in ranges, with the command that makes them", async () => {
    const project = fakeProject({ raw: daily(), clean });
    await materialize(project, "raw", { partitions: ["2026-02-04"], now });
    expect(await refusal(materialize(project, "clean", { partitions: ["2026-02-01..2026-02-06"], now }))).toEqual({
      code: "io/not-found",
      message:
        '5 partitions of raw are not there (looked in memory of target "local"): 2026-02-01..2026-02-03, 2026-02-05..2026-02-06; clean takes it as its input "raw".',
      hint: "Materialize what is missing first: sluice materialize raw --partitions 2026-02-01..2026-02-03,2026-02-05..2026-02-06",
    });
  });
  it("lets partitions be missing where the input says so", async () => {
    const list: Record<string, FakeAsset> = {
      raw: daily(),
      one: daily({ inputs: { raw: { key: "raw", allowMissingPartitions: true } }, run: ({ raw }) => raw ?? "nothing" }),
      all: { inputs: { raw: { key: "raw", take: { type: "all" }, allowMissingPartitions: true } }, run: (inputs) => (inputs["raw"] as Map).keys },
    };
    const project = fakeProject(list);
    await materialize(project, "raw", { partitions: ["2026-02-02"], now });
    await materialize(project, "one", { partitions: ["2026-02-01..2026-02-02"], now });
    await materialize(project, "all", { now });
    expect(["2026-02-01", "2026-02-02"].map((key) => project.manager.values.get(`one ${key}`)?.value)).toEqual(["nothing", "2026-02-02"]);
    expect(project.manager.values.get("all")?.value).toEqual(["2026-02-02"]);
  });
  it("reads partitions that are missing here from the target it may read from", async () => {
    const prod = memory("prod");
    const made = fakeProject(
      { raw: daily(), clean },
      { target: { readFrom: "prod" }, targets: { prod: { protected: false, bindings: { ioManager: prod } } } },
    );
    prod.values.set("raw 2026-02-01", {
      value: "from prod",
      record: {
        version: 1,
        key: "raw",
        handler: "reference",
        runId: "p",
        step: "raw",
        attempt: 1,
        dataVersion: "v",
        storedAt: "2026-02-02T00:00:00Z",
      },
    });
    const { summary } = await materialize(made, "clean", { partitions: ["2026-02-01"], now });
    expect(summary.state).toBe("succeeded");
    expect(prod.calls).toEqual(["load raw 2026-02-01"]);
  });
  it("asks which partitions, and says how to name them", async () => {
    expect(await refusal(planning({ raw: daily() }, "raw"))).toEqual({
      code: "partition/unknown",
      message: "raw has partitions; nothing says which of them to make.",
      hint: 'For example --partition "2026-02-28", or all of them: --range "2026-02-01..2026-02-28"',
    });
    expect(await refusal(planning({ raw: daily() }, "raw", "2026-02-30"))).toMatchObject({
      code: "partition/unknown",
      message: 'raw has no partition "2026-02-30".',
    });
    expect(await refusal(planning({ whole: {} }, "whole", "2026-02-01"))).toMatchObject({
      message: 'None of the selected assets has partitions, and "2026-02-01" was asked for.',
    });
    expect(await refusal(planning({ whole: {} }, "whole", ".."))).toMatchObject({
      message: "None of the selected assets has partitions, and partitions were asked for.",
    });
    const apart = { raw: daily(), region: { partitions: regions } };
    expect(await refusal(planning(apart, "*", "2026-02-01"))).toMatchObject({
      message: 'region has no partition "2026-02-01", and none of its partitions follows from those of the other selected assets.',
    });
  });
  it("refuses an upstream partition that the definition does not have", async () => {
    const list = { raw: daily({ partitions: dailyPartitions({ start: "2026-02-10" }) }), clean };
    expect(await refusal(planning(list, "clean", "2026-02-01"))).toMatchObject({
      code: "partition/unknown",
      message: 'clean takes the partition "2026-02-01" of raw as its input "raw" for its partition "2026-02-01", and raw has no such partition.',
    });
  });
  it("refuses partitions that do not fit, when the project loads", async () => {
    expect(await refusal(planning({ raw: daily(), sum: { inputs: { raw: "raw" } } }, "sum"))).toEqual({
      code: "partition/mismatch",
      message: 'sum takes raw as its input "raw", but sum is not partitioned and takes it as a whole, which is divided by day.',
      hint: "Say which it wants: .all(), .latest(), .partition(key), or .window() between time partitions.",
    });
    expect(await refusal(planning({ raw: daily({ partitions: dailyPartitions({ start: "2026-02-31" }) }) }, "raw", "2026-02-01"))).toMatchObject({
      code: "config/invalid",
      message: 'The start of the partitions is "2026-02-31", which is no date.',
    });
  });
});

describe("states of partitions", () => {
  it("are counted, and say what is missing, failed or stale", async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "sluice-partitions-"));
    const history = openHistory(folder);
    try {
      let fails = "2026-02-03";
      const list = {
        raw: daily({
          run: (_, context) => {
            if ((context as Context).partition.key === fails) throw new Error("no");
            return 1;
          },
        }),
        clean: daily({ inputs: { raw: "raw" } }),
        total: { inputs: { clean: { key: "clean", take: { type: "all" as const } } } },
      };
      const made = fakeProject(list);
      const states = async () => assetStatus({ project: made.project, target: made.target, history, now });
      expect((await states())[0]).toMatchObject({ state: "missing", partitions: { total: 28, stored: 0, failed: 0, missing: 28 } });
      await materialize(made, "raw or clean", { partitions: ["2026-02-01..2026-02-03"], now, history });
      expect((await states()).slice(0, 2)).toMatchObject([
        { state: "failed", reason: "1 of 28 partitions failed", partitions: { total: 28, stored: 2, failed: 1, missing: 25 } },
        { state: "stale", reason: "26 of 28 partitions are missing", partitions: { total: 28, stored: 2, failed: 0, missing: 26 } },
      ]);
      fails = "";
      const again = await materialize(made, "raw or clean", { missing: true, now, history });
      expect(again.plan.steps).toHaveLength(26 + 26);
      await materialize(made, "total", { now, history });
      expect(await states()).toMatchObject([
        { state: "fresh", partitions: { total: 28, stored: 28, failed: 0, missing: 0 } },
        { state: "fresh" },
        { state: "fresh" },
      ]);
      await materialize(made, "raw", { partitions: ["2026-02-05"], now, history });
      expect((await states()).slice(1)).toMatchObject([
        { state: "stale", reason: "raw changed (partition 2026-02-05)", because: "raw" },
        { state: "stale", reason: "a partition of clean is stale", because: "clean" },
      ]);
      const upstream = await materialize(made, "total", { upstream: true, now, history });
      expect(upstream.plan.steps.map(({ step }) => step)).toEqual(["clean [2026-02-05]", "total"]);
      expect((await states()).map(({ state }) => state)).toEqual(["fresh", "fresh", "fresh"]);
    } finally {
      history.close();
      fs.rmSync(folder, { recursive: true });
    }
  });
});

describe("dynamic partitions", () => {
  const customers = dynamicPartitions("customers/eu", { column: "customer" });
  it("are added from outside and from run, each once, and keep their order", async () => {
    const add = async (_: unknown, context: unknown) => {
      await (context as { partitions: { add: (...given: unknown[]) => Promise<void> } }).partitions.add(customers, "c", "a", "b");
      return 1;
    };
    const made = fakeProject({ find: { run: add }, report: { partitions: customers, run: ownKey } });
    const options = { now, runId: "cli", signal: new AbortController().signal };
    expect(await addDynamicKeys(made.target, customers.name, ["a", "x/../y"], options)).toEqual(["a", "x/../y"]);
    await materialize(made, "find", { now });
    const { plan } = await materialize(made, "report", { partitions: [".."], now });
    expect(plan.steps.map(({ partitions }) => partitions?.[0])).toEqual(["a", "x/../y", "c", "b"]);
    expect(await refusal(materialize(made, "report", { partitions: ["d"], now }))).toMatchObject({ message: 'report has no partition "d".' });
  });
});
