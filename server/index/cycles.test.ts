import { describe, expect, it } from "vitest";
import { cyclesFrom, wayBack } from "./cycles.ts";

const graph = (edges: Readonly<Record<string, readonly string[]>>) => (id: string) => edges[id] ?? [];

describe("cycles", () => {
  it("are the groups that reach each other, and nodes that reach themselves", () => {
    const next = graph({ a: ["b"], b: ["c"], c: ["a", "d"], d: ["e"], e: ["e"], f: ["a"] });
    expect(cyclesFrom(["f", "d"], next).map((group) => [...group].sort())).toEqual([["e"], ["a", "b", "c"]]);
  });

  it("have a shortest way back", () => {
    const next = graph({ a: ["b", "c"], b: ["d"], c: ["a"], d: ["a"] });
    expect(wayBack("a", next)).toEqual(["a", "c", "a"]);
    expect(wayBack("b", next)).toEqual(["b", "d", "a", "b"]);
    expect(wayBack("x", next)).toBeUndefined();
  });

  it("are found in a chain of 50,000 without overflowing the stack", () => {
    const next = (id: string) => (Number(id) < 50_000 ? [String(Number(id) + 1)] : ["0"]);
    expect(cyclesFrom(["0"], next)[0]).toHaveLength(50_001);
  });
});
