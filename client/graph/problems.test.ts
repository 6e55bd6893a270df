import { describe, expect, it } from "vitest";
import type { ErrorInfo } from "../../runtime/src/model/errors.ts";
import type { RunEvent } from "../../runtime/src/model/events.ts";
import { plainWords } from "../words.ts";
import { edge, indexed, salesUri, uriOf } from "./fixtures.ts";
import { problemsOf } from "./problems.ts";
import { buildGraph } from "./project-graph.ts";
import { applyRunEvent, newRun, type RunView } from "./run-state.ts";

const graph = buildGraph({ indexed: [indexed("a", 0), indexed("b", 10, { upstream: [edge("a")] })], uriOf });
const failed: ErrorInfo = {
  code: "run/failed",
  message: "x is undefined",
  thrown: "TypeError",
  hint: "Look at x.",
  place: { file: "/p/assets/sales.ts", line: 12, column: 5 },
};
const problems = (error: ErrorInfo, errors: readonly ErrorInfo[] = []) =>
  problemsOf({ graph, statuses: [{ key: "b", state: "failed", error }], errors, runs: [], uriOf }, plainWords);

describe("problems", () => {
  it("stand on the line that threw, with the upstream asset", () => {
    expect(problems(failed)).toEqual([
      {
        uri: salesUri,
        line: 11,
        column: 4,
        code: "run/failed",
        message: "TypeError: x is undefined\nLook at x.",
        related: [{ uri: salesUri, line: 0, message: "a is upstream of b" }],
      },
    ]);
  });
  it("stand on the asset's key where no line is known", () => {
    expect(problems({ code: "io/locked", message: "held" })).toMatchObject([{ uri: salesUri, line: 10, column: 20 }]);
  });
  it("are gone when the asset has succeeded", () => {
    expect(problemsOf({ graph, statuses: [{ key: "b", state: "fresh", error: failed }], errors: [], runs: [], uriOf }, plainWords)).toEqual([]);
  });
  it("are there for a file that does not load, and not again for what the language server reports", () => {
    const load: ErrorInfo = {
      code: "load/failed",
      message: "x.ts threw: Error: broken",
      thrown: "Error",
      place: { file: "/p/assets/x.ts", line: 3 },
    };
    const cycle: ErrorInfo = { code: "graph/cycle", message: "a, b, a", asset: "a" };
    expect(problemsOf({ graph, statuses: [], errors: [load, cycle], runs: [], uriOf }, plainWords)).toMatchObject([
      { uri: "file:///p/assets/x.ts", line: 2, code: "load/failed", message: "x.ts threw: Error: broken" },
    ]);
  });
  it("are there for checks that fail and keep nothing out, where they are defined, until a newer run made the asset", () => {
    const about = { runId: "1", at: 1, step: "b", asset: "b", passed: false, ms: 1, on: "stored" } as const;
    const run = (...events: readonly RunEvent[]) => {
      const made = newRun("1", { target: "local", selection: "*", startedAt: 1 });
      applyRunEvent(made, {
        type: "run-queued",
        runId: "1",
        at: 1,
        target: "local",
        selection: "*",
        plan: [{ step: "b", assets: ["b"], after: [] }],
      });
      for (const event of events) applyRunEvent(made, event);
      return made;
    };
    const finished = { type: "step-finished", runId: "1", at: 2, step: "b", ms: 1 } as const;
    const check = { ...about, type: "check-evaluated", check: "small", severity: "error", blocking: false, description: "2 rows are large" } as const;
    const warns = { ...check, check: "odd", severity: "warn", place: { file: "/p/assets/sales.ts", line: 20, column: 3 } } as const;
    const failing = run(check, warns, { ...check, check: "fine", passed: true }, finished);
    const shown = (...runs: readonly RunView[]) => problemsOf({ graph, statuses: [], errors: [], runs, uriOf }, plainWords);
    expect(shown(failing)).toMatchObject([
      { uri: salesUri, line: 10, code: "check/failed", message: 'The check "small" of b failed: 2 rows are large' },
      { uri: salesUri, line: 19, column: 2, severity: "warning", message: expect.stringContaining('"odd"') },
    ]);
    expect(shown(run(finished), failing)).toEqual([]);
    expect(shown(run(), failing)).toHaveLength(2);
    const kept = { ...check, blocking: true, on: "staged" } as const;
    const refused = run(kept, { type: "step-failed", runId: "1", at: 2, step: "b", ms: 1, attempt: 1, error: failed });
    expect(shown(refused)).toEqual([]);
  });
});
