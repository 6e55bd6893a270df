import { describe, expect, it } from "vitest";
import type { GraphDelta, IndexedProject } from "../../runtime/src/model/graph.ts";
import { edge, indexed } from "./fixtures.ts";
import { applyDelta, applySnapshot, assetsByProject, folderOf, sameShape } from "./index-state.ts";

const project = (uri: string): IndexedProject => ({ uri, configUri: `${uri}/sluice.config.ts`, targets: ["local"] });
const a = indexed("a", 0);
const b = indexed("b", 10);
const start = applySnapshot({ revision: 4, complete: true, projects: [project("file:///p")], assets: [a, b] });
const delta = (more: Partial<GraphDelta>): GraphDelta => ({ base: 4, revision: 5, complete: true, changed: [], removed: [], ...more });

describe("the static index", () => {
  it("takes changed and removed assets of a delta that follows", () => {
    const moved = { ...a, range: { ...a.range, start: { line: 7, character: 0 } } };
    const next = applyDelta(start, delta({ changed: [moved], removed: [b.id] }));
    expect(next?.revision).toBe(5);
    expect([...(next?.assets.values() ?? [])]).toEqual([moved]);
    expect(next?.projects).toBe(start.projects);
  });

  it("asks for a snapshot when a delta was missed", () => {
    expect(applyDelta(start, delta({ base: 6, revision: 7 }))).toBeUndefined();
  });

  it("ignores a delta that the snapshot has already", () => {
    expect(applyDelta(start, delta({ base: 2, revision: 3, removed: [a.id] }))).toBe(start);
  });

  it("gives an asset to the deepest project that holds its file", () => {
    const nested = indexed("n", 0, { uri: "file:///p/inner/assets/n.ts" });
    const beside = indexed("x", 0, { uri: "file:///p-other/x.ts" });
    const state = applySnapshot({
      revision: 1,
      complete: true,
      projects: [project("file:///p"), project("file:///p/inner")],
      assets: [nested, a, beside],
    });
    const byProject = assetsByProject(state);
    expect(byProject.get("file:///p")).toEqual([a]);
    expect(byProject.get("file:///p/inner")).toEqual([nested]);
  });

  it("does not take a folder for another one that begins like it", () => {
    expect(folderOf("file:///p-other/x.ts", ["file:///p"])).toBeUndefined();
    expect(folderOf("file:///p/x.ts", ["file:///p"])).toBe("file:///p");
  });

  it("knows a moved declaration from a changed one", () => {
    const moved = indexed("a", 0, { range: { start: { line: 3, character: 0 }, end: { line: 9, character: 0 } } });
    expect(sameShape([a, b], [moved, b])).toBe(true);
    expect(sameShape([a, b], [indexed("a", 0, { group: "g" }), b])).toBe(false);
    expect(sameShape([a, b], [a, indexed("b", 10, { upstream: [edge("a")] })])).toBe(false);
    expect(sameShape([a, b], [a])).toBe(false);
  });
});
