import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { GraphDelta } from "../runtime/src/model/graph.ts";
import { createGraphFeed } from "./graph-feed.ts";
import { testProject } from "./testing/project.ts";

const asset = (key: string) => `import { asset } from "sluice";\nexport const a = asset("${key}", {});\n`;

describe("the graph's deltas", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
  afterEach(() => void vi.useRealTimers());

  const feedOf = (files: Readonly<Record<string, string>>, largestDelta?: number) => {
    const project = testProject(files);
    const sent: GraphDelta[] = [];
    const options = { workspace: project.workspace, isComplete: () => true, send: (delta: GraphDelta) => void sent.push(delta), slice: 0 };
    return { ...project, sent, feed: createGraphFeed(largestDelta === undefined ? options : { ...options, largestDelta }) };
  };

  it("come once for several changes, each beginning where the last one ended", () => {
    const { feed, sent, write, remove } = feedOf({ "a.ts": asset("a"), "b.ts": asset("b") });
    feed.flush();
    write("a.ts", asset("a2"));
    feed.changed();
    remove("b.ts");
    feed.changed();
    vi.advanceTimersByTime(100);
    expect(sent.map(({ base, revision }) => [base, revision])).toEqual([
      [0, 1],
      [1, 2],
    ]);
    expect(sent[0]!.projects).toHaveLength(1);
    expect(sent[1]!.projects).toBeUndefined();
    expect(sent[1]!.changed.map(({ key }) => key)).toEqual(["a2"]);
    expect(sent[1]!.removed).toEqual(["file:///project/b.ts#a"]);
    feed.changed();
    vi.advanceTimersByTime(100);
    expect(sent).toHaveLength(2);
  });

  it("are left out where they would be large, so that readers ask for a snapshot", async () => {
    const { feed, sent } = feedOf({ "a.ts": asset("a"), "b.ts": asset("b") }, 1);
    feed.flush();
    expect(sent).toMatchObject([{ changed: [], removed: [], base: 1, revision: 2 }]);
    expect((await feed.snapshot()).assets).toHaveLength(2);
  });

  it("and a snapshot together miss nothing that changes while the snapshot is put together", async () => {
    const files = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`f${index}.ts`, asset(`k${index}`)]));
    const { feed, sent, write, remove } = feedOf(files);
    vi.useRealTimers();
    const asked = feed.snapshot();
    write("f0.ts", asset("changed"));
    remove("f39.ts");
    write("new.ts", asset("new"));
    const snapshot = await asked;
    const keys = snapshot.assets.map(({ key }) => key);
    expect(keys).toContain("changed");
    expect(keys).toContain("new");
    expect(keys).not.toContain("k0");
    expect(keys).not.toContain("k39");
    expect(snapshot.revision).toBe(sent.at(-1)!.revision);
  });
});
