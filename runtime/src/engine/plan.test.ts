import { describe, expect, it } from "vitest";
import type { AssetState } from "../model/graph.ts";
import { fakeProject, materialize, memory, story } from "./fixture.ts";
import { buildGraph } from "./graph.ts";
import { makePlan } from "./plan.ts";
import { problemsOf } from "./problems.ts";
import { planRun } from "./run.ts";
import { openTarget } from "./target.ts";

const chain = { raw: {}, clean: { inputs: { raw: "raw" } }, report: { inputs: { clean: "clean" } }, beside: { deps: ["raw"] } };
const plan = (list: Parameters<typeof fakeProject>[0], selection: string, more: { upstream?: boolean; states?: Record<string, AssetState> } = {}) =>
  makePlan(buildGraph(fakeProject(list).project), "/project", {
    target: "local",
    selection,
    upstream: more.upstream,
    states: more.states && new Map(Object.entries(more.states)),
  });
const names = (list: Parameters<typeof fakeProject>[0], selection: string, more = {}) =>
  plan(list, selection, more)
    .plan.steps.map(({ step, skip }) => (skip ? `(${step})` : step))
    .join(" ");

describe("makePlan", () => {
  it("is plain data, in topological order, with who waits for whom", () => {
    const made = plan(
      {
        ...chain,
        pooled: { pool: "api", retry: { max: 2 }, timeout: 1000, ioManager: "warehouse", inputs: { raw: { key: "raw", ioManager: "other" } } },
      },
      "*",
    ).plan;
    expect(JSON.parse(JSON.stringify(made))).toEqual(made);
    expect(made.steps.map(({ step, after }) => [step, after])).toEqual([
      ["raw", []],
      ["clean", ["raw"]],
      ["report", ["clean"]],
      ["beside", ["raw"]],
      ["pooled", ["raw"]],
    ]);
    expect(made.steps.at(-1)).toMatchObject({ pool: "api", retry: { max: 2 }, timeout: 1000, ioManagers: ["warehouse", "other"], upstream: ["raw"] });
  });

  it.each([
    ["report", "report"],
    ["raw or report", "raw report"],
    ["+report", "raw clean report"],
    ["raw+", "raw clean report beside"],
  ])("runs exactly what %j selects", (selection, expected) => expect(names(chain, selection)).toBe(expected));

  it.each<[Record<string, AssetState>, string]>([
    [{ raw: "fresh", clean: "fresh", report: "fresh" }, "(raw) (clean) report"],
    [{ raw: "fresh", clean: "stale", report: "stale" }, "(raw) clean report"],
    [{ raw: "missing", clean: "stale", report: "missing" }, "raw clean report"],
    [{ raw: "failed", clean: "fresh", report: "fresh" }, "raw (clean) report"],
    [{ raw: "unknown", clean: "fresh", report: "fresh" }, "(raw) (clean) report"],
  ])("with upstream, adds what is missing or stale and skips what is fresh: %j", (states, expected) => {
    expect(names(chain, "report", { upstream: true, states })).toBe(expected);
  });

  it("runs a step with several outputs as a whole, and a subset where the step allows it", () => {
    const list = { all: { outputs: { a: {}, b: {} } }, some: { outputs: { a: {}, b: {} }, subset: true } };
    expect(plan(list, '"all/a" or "some/a"').plan.steps.map(({ assets }) => assets)).toEqual([["all/a", "all/b"], ["some/a"]]);
  });

  it("adds the outputs that downstream needs to a subset", () => {
    const list = { some: { outputs: { a: {}, b: {}, c: {} }, subset: true }, after: { inputs: { b: "some/b", c: "some/c" } } };
    const states = { "some/a": "missing", "some/b": "missing", "some/c": "fresh", after: "missing" } as const;
    const steps = plan(list, '"some/a" or after', { upstream: true, states }).plan.steps;
    expect(steps.map(({ assets }) => assets)).toEqual([["some/a", "some/b"], ["after"]]);
  });

  it("refuses a selection without anything to run, and says why", () => {
    expect(() => plan({ s: { source: true } }, "s")).toThrow(
      expect.objectContaining({ code: "selection/invalid", message: expect.stringContaining("something else writes: s") }),
    );
    expect(() => plan({ a: { group: "finance" } }, "group:finace")).toThrow(
      expect.objectContaining({ code: "selection/invalid", hint: 'Did you mean "group:finance"?' }),
    );
    expect(() => plan({}, "*")).toThrow(expect.objectContaining({ message: "The project defines no asset." }));
    expect(names({ a: {} }, "status:stale", { states: { a: "fresh" } })).toBe("");
  });

  it("refuses partitions of an asset that has none", () => {
    const { problems } = plan({ taken: { inputs: { a: { key: "ok", take: { type: "all" as const } } } }, ok: {} }, "*");
    expect(problems).toMatchObject([
      { code: "partition/mismatch", message: 'taken takes ok as its input "a", but taken takes partitions of it with .all(), and it has none.' },
    ]);
  });

  it("lets an error elsewhere in the graph be, and refuses one in its way", () => {
    const list = { a: {}, x: { deps: ["nowhere"] } };
    expect(plan(list, "a").problems).toEqual([]);
    expect(plan(list, "x").problems).toMatchObject([{ code: "graph/unknown-upstream" }]);
  });

  it("refuses a parameter that no selected asset has", () => {
    const graph = buildGraph(fakeProject({ a: { params: { limit: 1 } } }).project);
    const { problems } = makePlan(graph, "/project", { target: "local", selection: "a", params: { limt: 2 } });
    expect(problems).toMatchObject([{ code: "config/invalid", hint: 'Did you mean "limit"?' }]);
  });
});

describe("planRun", () => {
  it("finds every missing input before the run: who takes it, where it was looked for, what to materialize", async () => {
    const fake = fakeProject({
      raw: {},
      rates: {},
      ext: { source: true },
      clean: { inputs: { r: "raw", x: "rates" } },
      report: { inputs: { c: "clean", e: "ext" } },
    });
    const thrown = await planRun({ ...fake, selection: "clean or report" }).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ code: "io/not-found" });
    const problems = problemsOf(thrown);
    expect(problems.map(({ code, asset }) => [code, asset])).toEqual([
      ["io/not-found", "raw"],
      ["io/not-found", "rates"],
      ["io/not-found", "ext"],
    ]);
    expect(problems[0]?.message).toBe('raw is not there (looked in memory of target "local"); clean takes it as its input "r".');
    expect(problems[0]?.hint).toBe("Materialize what is missing first: sluice materialize 'raw or rates'");
    expect(problems[2]?.hint).toContain("source");
    expect((thrown as Error).message.split("\n")).toHaveLength(3);
  });

  it("names the target in the command that makes what is missing, where it is not the default", async () => {
    const prod = { protected: false, bindings: { ioManager: memory() } };
    const fake = fakeProject({ raw: {}, clean: { inputs: { r: "raw" } } }, { targets: { "prod eu": prod } });
    const target = openTarget(fake.project.config, "prod eu", { fallback: () => memory() });
    const thrown = await planRun({ project: fake.project, target, selection: "clean" }).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ hint: "Materialize what is missing first: sluice materialize raw -t 'prod eu'" });
  });

  it("asks nobody for deps, which are never loaded", async () => {
    const fake = fakeProject({ a: {}, b: { deps: ["a"] } });
    expect((await planRun({ ...fake, selection: "b" })).steps).toHaveLength(1);
  });

  it("reads what is missing here from the target's readFrom, and never writes there", async () => {
    const prod = memory("warehouse");
    const list = { raw: { run: () => "from prod" }, clean: { inputs: { raw: "raw" }, run: ({ raw }: { raw?: unknown }) => raw } };
    const fake = fakeProject(list, { target: { readFrom: "prod" }, targets: { prod: { protected: true, bindings: { ioManager: prod } } } });
    await expect(planRun({ ...fake, selection: "clean" })).rejects.toMatchObject({
      message: expect.stringContaining('memory of target "local", and warehouse of target "prod"'),
    });
    await materialize({ ...fake, target: openTarget(fake.project.config, "prod", { fallback: () => prod }) }, "raw", { confirmed: true });
    prod.calls.length = 0;
    const { summary, plan } = await materialize(fake, "clean");
    expect(summary.state).toBe("succeeded");
    expect(plan.steps[0]?.readFrom).toEqual(["raw"]);
    expect(prod.calls).toEqual(["load raw"]);
    expect(fake.manager.values.get("clean")).toMatchObject({
      value: "from prod",
      record: { inputs: { raw: prod.values.get("raw")?.record.dataVersion } },
    });
  });

  it("says before the run that a store cannot be read", async () => {
    const manager = memory("shelf", {
      inspect: async () => {
        throw new Error("locked up");
      },
    });
    await expect(planRun({ ...fakeProject(chain, { manager }), selection: "clean" })).rejects.toMatchObject({
      code: "io/unavailable",
      message: "locked up",
    });
  });

  it("plans on a store that cannot say what it holds, and lets loading tell", async () => {
    const { inspect: _, ...mute } = memory("mute");
    const fake = fakeProject(chain, { manager: mute });
    expect((await planRun({ ...fake, selection: "clean" })).steps).toHaveLength(1);
  });

  it("runs what upstream misses, and skips the rest as not needed", async () => {
    const fake = fakeProject(chain);
    const first = await materialize(fake, "report", { upstream: true, concurrency: 1 });
    expect(story(first.events).filter((line) => line.endsWith("started"))).toEqual(["raw started", "clean started", "report started"]);
    const second = await materialize(fake, "report", { upstream: true });
    expect(story(second.events)).toEqual(["raw skipped: not-needed", "clean skipped: not-needed", "report started", "report finished"]);
    expect(fake.manager.values.get("report")?.record.inputs).toEqual({ clean: fake.manager.values.get("clean")?.record.dataVersion });
  });
});
