import { describe, expect, it } from "vitest";
import { indexed, loaded, manifestOf, runEvents, uriOf } from "./fixtures.ts";
import { createProjectState, type ProjectChange } from "./project-state.ts";

function setUp() {
  const changes: ProjectChange[] = [];
  const state = createProjectState({ uriOf, onChange: (change) => changes.push(change) });
  state.setIndexed([indexed("a", 0), indexed("b", 10)]);
  state.setManifest(manifestOf([loaded("a"), loaded("b")]));
  return { state, changes };
}
const keys = (state: ReturnType<typeof setUp>["state"]) => [...state.graph().nodes.keys()];

describe("the state of a project", () => {
  it("keeps what a file defined while that file does not load", () => {
    const { state } = setUp();
    state.setIndexed([]);
    state.setManifest(manifestOf([loaded("a")], { errors: [{ code: "load/failed", message: "Unexpected token" }] }));
    expect(keys(state)).toEqual(["a", "b"]);
    expect(state.graph().nodes.get("b")?.known).toBe("last-load");
    state.setManifest(manifestOf([loaded("a")]));
    expect(keys(state)).toEqual(["a"]);
    expect(state.errors()).toEqual([]);
  });

  it("lets go of a deleted asset although the graph has another mistake", () => {
    const { state } = setUp();
    state.setIndexed([indexed("a", 0)]);
    state.setManifest(manifestOf([loaded("a")], { errors: [{ code: "graph/unknown-upstream", message: "b" }] }));
    expect(keys(state)).toEqual(["a"]);
  });

  it("says once what keeps both the project from loading and the states from being read", () => {
    const { state } = setUp();
    const error = { code: "config/invalid", message: "not installed" } as const;
    state.setManifest(manifestOf([], { errors: [{ ...error, thrown: "Error" }] }));
    state.setStatusError(error);
    expect(state.errors()).toHaveLength(1);
    state.setStatusError({ ...error, message: "another one" });
    expect(state.errors()).toHaveLength(2);
  });

  it("keeps the last good graph when the config does not load, and says so", () => {
    const { state } = setUp();
    state.setLoadError({ code: "config/invalid", message: "no targets" });
    expect(keys(state)).toEqual(["a", "b"]);
    expect(state.errors()).toMatchObject([{ code: "config/invalid" }]);
    expect(state.graph().nodes.get("a")?.known).toBe("last-load");
  });

  it("shows states as a run tells them, and what the runner knows afterwards", () => {
    const { state } = setUp();
    const e = runEvents("r1", ["a", "b"]);
    for (const event of [e.queued(), e.runStarted(), e.started("a"), e.materialized("a", 7), e.done("a"), e.started("b")]) state.applyEvent(event);
    expect(state.status("a")).toMatchObject({ state: "fresh", rows: 7, place: "data/a.parquet" });
    expect(state.step("b")).toMatchObject({ state: "running" });
    for (const event of [e.failed("b"), e.runFailed()]) state.applyEvent(event);
    expect(state.status("b")).toMatchObject({ state: "failed", error: { message: "boom" } });
    expect(state.step("b")).toBeUndefined();
    state.setStatuses([{ key: "b", state: "stale", reason: "a changed" }]);
    expect(state.status("b")).toMatchObject({ state: "stale" });
    expect(state.status("a")).toBeUndefined();
  });

  it("tells a moved declaration from a change of the graph", () => {
    const { state, changes } = setUp();
    changes.length = 0;
    state.setIndexed([indexed("a", 5), indexed("b", 15)]);
    state.setIndexed([indexed("a", 5)]);
    expect(changes).toEqual(["positions", "graph"]);
    expect(state.graph().nodes.get("a")?.source?.range.start.line).toBe(5);
  });

  it("closes a run whose runner ended in the middle", () => {
    const { state } = setUp();
    const e = runEvents("r1", ["a"]);
    for (const event of [e.queued(), e.runStarted(), e.started("a")]) state.applyEvent(event);
    state.endRun("r1", 2000);
    expect(state.runs()).toMatchObject([{ runId: "r1", state: "failed" }]);
    expect(state.step("a")).toBeUndefined();
  });

  it("lists past runs beside live ones, newest first, each once", () => {
    const { state } = setUp();
    state.applyEvent(runEvents("live", ["a"]).queued());
    const past = (runId: string, startedAt: number) => ({
      runId,
      startedAt,
      target: "local",
      state: "succeeded" as const,
      selection: "*",
      assets: [],
      failed: [],
    });
    state.setHistory([past("old", 1), past("new", 5000), past("live", 1000)]);
    expect(state.runs().map((run) => [run.runId, run.state])).toEqual([
      ["new", "succeeded"],
      ["live", "queued"],
      ["old", "succeeded"],
    ]);
  });

  it("changes no asset's state when a past run is read", () => {
    const { state } = setUp();
    const e = runEvents("past", ["a"]);
    for (const event of [e.queued(), e.started("a"), e.failed("a"), e.runFailed()]) state.replayEvent(event);
    expect(state.status("a")).toBeUndefined();
    expect(state.runs()).toMatchObject([{ runId: "past", state: "failed", hasSteps: true }]);
  });

  it("shows that the runner ended until another one starts", () => {
    const { state } = setUp();
    state.setRunner("gone");
    state.setCrash({ code: "runner/crashed", message: "The runner ended with code 7." });
    expect(state.errors()).toMatchObject([{ code: "runner/crashed" }]);
    expect(state.graph().nodes.get("a")?.known).toBe("both");
    state.setRunner("starting");
    expect(state.errors()).toEqual([]);
  });

  it("keeps the known states when they cannot be asked for, until they can", () => {
    const { state } = setUp();
    state.setStatuses([{ key: "a", state: "fresh" }]);
    state.setStatusError({ code: "io/locked", message: "held by duckdb (42)" });
    expect(state.status("a")).toMatchObject({ state: "fresh" });
    expect(state.errors()).toMatchObject([{ code: "io/locked" }]);
    state.setStatuses([]);
    expect(state.errors()).toEqual([]);
  });
});
