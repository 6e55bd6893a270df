import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { selectAssets } from "../model/selection.ts";
import { type FakeAsset, fakeAssets } from "./fixture.ts";
import { buildGraph, selectableAssets, withUpstream } from "./graph.ts";

const graphOf = (list: Readonly<Record<string, FakeAsset>>) => buildGraph({ assets: fakeAssets(list) });

describe("buildGraph", () => {
  it("knows up- and downstream through inputs and deps, and who is somebody's input", () => {
    const graph = graphOf({ c: { inputs: { a: "a" }, deps: ["b"] }, a: {}, b: {}, s: { source: true }, d: { inputs: { s: "s", again: "s" } } });
    expect(graph.errors).toEqual([]);
    expect(graph.assets.get("c")?.upstream).toEqual(["a", "b"]);
    expect(graph.assets.get("b")?.downstream).toEqual(["c"]);
    expect(graph.assets.get("d")?.upstream).toEqual(["s"]);
    expect([...graph.loaded].sort()).toEqual(["a", "s"]);
    expect(graph.assets.get("s")?.step).toBeUndefined();
  });

  it("lists every asset after its upstream, whatever the order of definition", () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: 30 }), fc.infiniteStream(fc.nat()), (picks, order) => {
        const entries = picks.map((pick, i): [string, FakeAsset] => [`s${i}`, { deps: i === 0 ? [] : pick.map((j) => `s${j % i}`) }]);
        for (let i = entries.length - 1; i > 0; i--) {
          const j = (order.next().value as number) % (i + 1);
          [entries[i], entries[j]] = [entries[j]!, entries[i]!];
        }
        const { assets, errors } = graphOf(Object.fromEntries(entries));
        const at = new Map([...assets.keys()].map((key, i) => [key, i]));
        expect(errors).toEqual([]);
        expect(at.size).toBe(picks.length);
        for (const { key, upstream } of assets.values()) for (const above of upstream) expect(at.get(above)).toBeLessThan(at.get(key)!);
      }),
    );
  });

  it("finds every cycle once, with its path", () => {
    const { errors } = graphOf({ a: { deps: ["c"] }, b: { deps: ["a"] }, c: { inputs: { b: "b" } }, d: { deps: ["d"] }, e: { deps: ["a"] } });
    expect(errors.map(({ code, message, assets }) => [code, message, assets])).toEqual([
      ["graph/cycle", "3 assets wait for each other: a -> c -> b -> a (each needs the next).", ["a", "c", "b"]],
      ["graph/cycle", "d depends on itself: d -> d (each needs the next).", ["d"]],
    ]);
  });

  it("tells of cycles that run through one another once", () => {
    const { errors } = graphOf({ a: { deps: ["b", "c"] }, b: { deps: ["a"] }, c: { deps: ["a", "b"] } });
    expect(errors.map(({ assets }) => assets)).toEqual([["a", "b"]]);
  });

  it("is not deep where a chain is long", () => {
    const list = Object.fromEntries(
      Array.from({ length: 20_000 }, (_, i): [string, FakeAsset] => [`s${i}`, i === 0 ? {} : { deps: [`s${i - 1}`] }]).reverse(),
    );
    const { assets } = graphOf(list);
    expect([...assets.keys()].slice(0, 2)).toEqual(["s0", "s1"]);
    expect(withUpstream(graphOf(list), ["s19999"]).size).toBe(20_000);
  });

  it("finds unknown upstream assets, with the name probably meant and the place", () => {
    const { errors } = graphOf({
      raw_sales: {},
      clean: { deps: ["raw_slaes"], definedAt: "    at file:///project/assets/a.ts:4:20" },
      report: { inputs: { gone: "elsewhere" } },
    });
    expect(errors).toMatchObject([
      { code: "graph/unknown-upstream", asset: "clean", hint: 'Did you mean "raw_sales"?', place: { file: "/project/assets/a.ts", line: 4 } },
      { code: "graph/unknown-upstream", asset: "report", message: expect.stringContaining('"elsewhere" as its input "gone"') },
    ]);
  });

  it("gives steps names of their own when a prefix is used twice", () => {
    const assets = new Map([
      ...fakeAssets({ shop: { outputs: { a: {}, b: {} } } }),
      ...fakeAssets({ shop: { outputs: { c: {} } } }),
      ...fakeAssets({ shop: {} }),
    ]);
    const { steps } = buildGraph({ assets });
    expect(Array.from(steps.values(), ({ name, assets }) => [name, assets])).toEqual([
      ["shop", ["shop/a", "shop/b"]],
      ["shop/c", ["shop/c"]],
      ["shop (2)", ["shop"]],
    ]);
  });

  it("can be selected from by file, relative to the project", () => {
    const graph = graphOf({ a: { definedAt: "at file:///project/assets/x.ts:1:1" }, b: { definedAt: "at /elsewhere/y.ts:1:1" }, c: { deps: ["a"] } });
    expect(selectAssets("file:assets/x.ts+", selectableAssets(graph, "/project"))).toEqual(["a", "c"]);
  });
});
