import { describe, expect, it } from "vitest";
import { plainWords } from "../words.ts";
import { edge, indexed, uriOf } from "./fixtures.ts";
import { type Grouping, groupAssets } from "./grouping.ts";
import { buildGraph } from "./project-graph.ts";

const graph = buildGraph({
  indexed: [
    indexed("last", 40, { group: "out", upstream: [edge("first"), edge("second")] }),
    indexed("second", 20, { group: "in", upstream: [edge("first")], ioManager: "lake" }),
    indexed("first", 0, { group: "in", uri: "file:///p/assets/raw.ts" }),
    indexed("ext", 60, { kind: "source" }),
  ],
  uriOf,
});
const groups = (by: Grouping) =>
  groupAssets(
    graph,
    by,
    { stateOf: (node) => (node.key === "second" ? "failed" : "fresh"), pathOf: (uri) => uri.replace("file:///p/", "") },
    plainWords,
  ).map(({ label, nodes }) => [label, nodes.map((node) => node.key)]);

describe("groups of assets", () => {
  it("keep topological order inside, and the order of their first asset", () => {
    expect(groups("group")).toEqual([
      ["in", ["first", "second"]],
      ["out", ["last"]],
      ["Without a group", ["ext"]],
    ]);
  });
  it("are files by their path", () => {
    expect(groups("file")).toEqual([
      ["assets/raw.ts", ["first"]],
      ["assets/sales.ts", ["second", "last", "ext"]],
    ]);
  });
  it("are I/O managers, with sources apart", () => {
    expect(groups("ioManager")).toEqual([
      ["Default I/O manager", ["first", "last"]],
      ["lake", ["second"]],
      ["External", ["ext"]],
    ]);
  });
  it("are states, the worst first", () => {
    expect(groups("status")).toEqual([
      ["failed", ["second"]],
      ["fresh", ["first", "last", "ext"]],
    ]);
  });
});
