import { describe, expect, it } from "vitest";
import type { ErrorInfo } from "../../runtime/src/model/errors.ts";
import { plainWords } from "../words.ts";
import { edge, indexed, salesUri, uriOf } from "./fixtures.ts";
import { problemsOf } from "./problems.ts";
import { buildGraph } from "./project-graph.ts";

const graph = buildGraph({ indexed: [indexed("a", 0), indexed("b", 10, { upstream: [edge("a")] })], uriOf });
const failed: ErrorInfo = {
  code: "run/failed",
  message: "x is undefined",
  thrown: "TypeError",
  hint: "Look at x.",
  place: { file: "/p/assets/sales.ts", line: 12, column: 5 },
};
const problems = (error: ErrorInfo, errors: readonly ErrorInfo[] = []) =>
  problemsOf({ graph, statuses: [{ key: "b", state: "failed", error }], errors, uriOf }, plainWords);

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
    expect(problemsOf({ graph, statuses: [{ key: "b", state: "fresh", error: failed }], errors: [], uriOf }, plainWords)).toEqual([]);
  });
  it("are there for a file that does not load, and not again for what the language server reports", () => {
    const load: ErrorInfo = {
      code: "load/failed",
      message: "x.ts threw: Error: broken",
      thrown: "Error",
      place: { file: "/p/assets/x.ts", line: 3 },
    };
    const cycle: ErrorInfo = { code: "graph/cycle", message: "a, b, a", asset: "a" };
    expect(problemsOf({ graph, statuses: [], errors: [load, cycle], uriOf }, plainWords)).toMatchObject([
      { uri: "file:///p/assets/x.ts", line: 2, code: "load/failed", message: "x.ts threw: Error: broken" },
    ]);
  });
});
