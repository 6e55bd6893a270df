import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { edge, indexed, loaded, rangeAt, salesUri, uriOf } from "./fixtures.ts";
import { topologicalOrder, upstreamOf } from "./order.ts";
import { buildGraph } from "./project-graph.ts";

const place = (line: number) => ({ file: "/p/assets/sales.ts", line });

describe("a project's graph", () => {
  it("is there from the source alone, before anything was loaded", () => {
    const graph = buildGraph({ indexed: [indexed("b", 10, { upstream: [edge("a", "a")] }), indexed("a", 0)], uriOf });
    expect(graph.order).toEqual(["a", "b"]);
    expect(graph.nodes.get("b")).toMatchObject({ known: "index", upstream: [{ id: "a", input: "a" }] });
    expect(graph.nodes.get("a")?.downstream).toEqual(["b"]);
  });

  it("takes shape from the loaded project and position from the source", () => {
    const graph = buildGraph({
      indexed: [indexed("a", 0, { group: "old" }), indexed("b", 10, { upstream: [] })],
      loaded: [loaded("a", { group: "new", place: place(99) }), loaded("b", { inputs: [{ input: "a", key: "a", handler: "rows" }] })],
      uriOf,
    });
    expect(graph.nodes.get("a")).toMatchObject({ known: "both", group: "new", source: { range: rangeAt(0) } });
    expect(graph.nodes.get("b")?.upstream).toEqual([{ id: "a", text: "a", input: "a", handler: "rows" }]);
  });

  it("places a loaded asset whose key is computed at the call that its line lies in", () => {
    const call = indexed(undefined, 20, { name: "daily" });
    const graph = buildGraph({ indexed: [call], loaded: [loaded("daily_a", { place: place(22) }), loaded("daily_b", { place: place(22) })], uriOf });
    expect([...graph.nodes.keys()]).toEqual(["daily_a", "daily_b"]);
    expect(graph.nodes.get("daily_b")).toMatchObject({ known: "manifest", source: { uri: salesUri, keyRange: call.keyRange } });
  });

  it("shows a computed key without a key until the project is loaded", () => {
    const graph = buildGraph({ indexed: [indexed(undefined, 20, { name: "daily" })], uriOf });
    const [node] = graph.nodes.values();
    expect(node).toMatchObject({ label: "daily", known: "index" });
    expect(node).not.toHaveProperty("key");
  });

  it("tells what only one of the two knows", () => {
    const graph = buildGraph({ indexed: [indexed("typed_just_now", 0)], loaded: [loaded("from_a_loop", { place: place(50) })], uriOf });
    expect(graph.nodes.get("typed_just_now")?.known).toBe("index");
    expect(graph.nodes.get("from_a_loop")).toMatchObject({ known: "manifest", source: { keyRange: { start: { line: 49 } } } });
  });

  it("keeps the name of an upstream that nothing has", () => {
    const graph = buildGraph({ indexed: [indexed("a", 0, { upstream: [{ text: "gone", range: rangeAt(0) }, edge("elsewhere")] })], uriOf });
    expect(graph.nodes.get("a")?.upstream).toEqual([{ text: "gone" }, { text: "elsewhere" }]);
  });

  it("shows a key that two declarations have once", () => {
    expect([...buildGraph({ indexed: [indexed("a", 0), indexed("a", 9)], uriOf }).nodes.keys()]).toEqual(["a"]);
  });
});

const graphs = fc
  .array(fc.array(fc.nat(30), { maxLength: 4 }), { minLength: 1, maxLength: 30 })
  .map((upstream) => new Map(upstream.map((ids, n) => [`n${n}`, { upstream: ids.map((id) => ({ id: `n${id}` })), downstream: [] }])));

describe("the order of assets", () => {
  it("has every asset once, whatever cycles there are", () => {
    fc.assert(
      fc.property(graphs, (nodes) => {
        expect([...topologicalOrder(nodes)].sort()).toEqual([...nodes.keys()].sort());
      }),
    );
  });

  it("has each asset after its upstream where there is no cycle", () => {
    const acyclic = graphs.map(
      (nodes) =>
        new Map(
          [...nodes].map(([id, node], n) => [id, { ...node, upstream: node.upstream.filter((edge) => Number(edge.id.slice(1)) > n) }] as const),
        ),
    );
    fc.assert(
      fc.property(acyclic, (nodes) => {
        const order = topologicalOrder(nodes);
        for (const [id, node] of nodes) {
          for (const edge of node.upstream) if (nodes.has(edge.id)) expect(order.indexOf(edge.id)).toBeLessThan(order.indexOf(id));
        }
      }),
    );
  });

  it("stands a chain of 20,000 assets", () => {
    const nodes = new Map(Array.from({ length: 20_000 }, (_, n) => [`n${n}`, { upstream: [{ id: `n${n + 1}` }], downstream: [] }]));
    expect(topologicalOrder(nodes)[0]).toBe("n19999");
  });

  it("finds everything upstream of several assets", () => {
    const nodes = new Map([
      ["a", { upstream: [], downstream: ["b"] }],
      ["b", { upstream: [{ id: "a" }], downstream: ["c"] }],
      ["c", { upstream: [{ id: "b" }, {}], downstream: [] }],
    ]);
    expect([...upstreamOf(["c"], nodes)].sort()).toEqual(["a", "b"]);
  });
});
