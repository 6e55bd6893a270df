import { describe, expect, it } from "vitest";
import { runEvents } from "./fixtures.ts";
import { applyRunEvent, isLive, newRun, runOfSummary, stepOfAsset, stepOfPartition, summaryOf } from "./run-state.ts";

function play(...events: ReturnType<ReturnType<typeof runEvents>["queued"]>[]) {
  const run = newRun("r1", { target: "", selection: "", startedAt: 0 });
  for (const event of events) applyRunEvent(run, event);
  return run;
}

describe("a run, as its events tell it", () => {
  it("begins with every step of the plan waiting", () => {
    const e = runEvents("r1", ["a", "b"]);
    const run = play(e.queued("b"));
    expect(run).toMatchObject({ target: "local", selection: "b", state: "queued", startedAt: 1000 });
    expect([...run.steps.values()].map((step) => step.state)).toEqual(["waiting", "waiting"]);
    expect(isLive(run)).toBe(true);
  });

  it("shows progress while a step runs, and rows when it is done", () => {
    const e = runEvents("r1", ["a"]);
    const run = play(e.queued(), e.runStarted(), e.started("a"), e.progress("a", 3, 10));
    expect(run.steps.get("a")).toMatchObject({ state: "running", progress: { done: 3, total: 10 } });
    for (const event of [e.materialized("a", 42), e.done("a"), e.runFinished()]) applyRunEvent(run, event);
    expect(stepOfAsset(run, "a")).toMatchObject({ state: "done", rows: 42, ms: 10 });
    expect(summaryOf(run)).toMatchObject({ state: "succeeded", ms: 50, assets: ["a"], failed: [] });
  });

  it("names what failed and what was skipped because of it", () => {
    const e = runEvents("r1", ["a", "b"]);
    const run = play(e.queued(), e.started("a"), e.failed("a"), e.skipped("b", "a"), e.runFailed());
    expect(run.steps.get("a")).toMatchObject({ state: "failed", error: { thrown: "TypeError" } });
    expect(run.steps.get("b")).toMatchObject({ state: "skipped", because: "a" });
    expect(summaryOf(run)).toMatchObject({ state: "failed", failed: ["a"] });
  });

  it("leaves no step running after the run has ended", () => {
    const e = runEvents("r1", ["a", "b"]);
    const run = play(e.queued(), e.started("a"), e.runFailed());
    expect([...run.steps.values()].map((step) => step.state)).toEqual(["skipped", "skipped"]);
    expect(isLive(run)).toBe(false);
  });

  it("is read from the history without its steps", () => {
    const run = runOfSummary({ runId: "r", target: "t", state: "failed", startedAt: 1, ms: 2, selection: "a", assets: ["a"], failed: ["a"] });
    expect(run).toMatchObject({ state: "failed", ms: 2, hasSteps: false });
  });

  it("counts the partitions of an asset together, and knows each by its key", () => {
    const e = runEvents("r1", []);
    const days = ["d1", "d2", "d3"];
    const plan = days.map((day) => ({ step: `a [${day}]`, assets: ["a"], after: [], partitions: [day] }));
    const run = play({ ...e.queued("a"), plan } as ReturnType<typeof e.queued>, e.runStarted(), e.started("a [d1]"));
    expect(stepOfAsset(run, "a")).toMatchObject({ state: "running", parts: { total: 3, done: 0, failed: 0 } });
    for (const event of [e.done("a [d1]"), e.started("a [d2]"), e.failed("a [d2]")]) applyRunEvent(run, event);
    expect(stepOfAsset(run, "a")).toMatchObject({ state: "running", parts: { total: 3, done: 2, failed: 1 } });
    expect(stepOfPartition(run, "a", "d2")).toMatchObject({ state: "failed" });
    for (const event of [e.started("a [d3]"), e.done("a [d3]"), e.runFailed()]) applyRunEvent(run, event);
    expect(stepOfAsset(run, "a")).toMatchObject({ state: "failed", error: { code: "run/failed" }, partitions: days });
    expect(summaryOf(run)).toMatchObject({ assets: ["a"], failed: ["a"] });
  });
});
