import { describe, expect, it } from "vitest";
import { dailyPartitions } from "../assets/partitions.ts";
import type { RunEvent } from "../model/events.ts";
import { fakeProject, materialize } from "./fixture.ts";
import { partitionMap } from "./partition-map.ts";

const keys = Array.from({ length: 10 }, (_, i) => `p${i}`);
/** A map that writes down what it loads and how much of it at once. */
function counted(load: (key: string) => Promise<string> = async (key) => `value of ${key}`) {
  const seen: string[] = [];
  let now = 0;
  let most = 0;
  const map = partitionMap("sales", keys, async (key) => {
    seen.push(key);
    most = Math.max(most, ++now);
    await new Promise((resolve) => setImmediate(resolve));
    now--;
    return load(key);
  });
  return { map, seen, most: () => most };
}

describe("several partitions", () => {
  it("know their keys at once and load nothing until they are asked", async () => {
    const { map, seen } = counted();
    expect([map.keys, map.size, map.has("p3"), map.has("x")]).toEqual([keys, 10, true, false]);
    expect(seen).toEqual([]);
    expect(await map.get("p3")).toBe("value of p3");
    expect(seen).toEqual(["p3"]);
    await expect(map.get("p33")).rejects.toMatchObject({ code: "partition/unknown", hint: 'Did you mean "p3"?' });
  });

  it("load in order, four at once or as many as is said", async () => {
    for (const [concurrency, expected] of [
      [undefined, 4],
      [1, 1],
      [3, 3],
      [100, 10],
    ] as const) {
      const { map, most } = counted();
      const all = await map.load(concurrency === undefined ? {} : { concurrency });
      expect([...all]).toEqual(keys.map((key) => [key, `value of ${key}`]));
      expect(most()).toBe(expected);
    }
    for (const wrong of [0, -1, 1.5, Number.NaN]) {
      await expect(counted().map.load({ concurrency: wrong })).rejects.toThrow(`load() was given the concurrency ${wrong}.`);
    }
  });

  it("come one after the other in order, a few loaded ahead, and no more once nobody looks", async () => {
    const { map, seen, most } = counted();
    const got: string[] = [];
    for await (const [key, value] of map) {
      got.push(`${key}: ${value}`);
      if (got.length === 3) break;
    }
    expect(got).toEqual(["p0: value of p0", "p1: value of p1", "p2: value of p2"]);
    expect(most()).toBe(4);
    expect(seen.length).toBeLessThanOrEqual(7);
  });

  it("stop loading at the first that fails, which is what is thrown", async () => {
    const failing = async (key: string) => {
      if (key === "p2") throw new Error("no p2");
      return key;
    };
    const { map, seen } = counted(failing);
    await expect(map.load({ concurrency: 2 })).rejects.toThrow("no p2");
    expect(seen.length).toBeLessThan(6);
    const through = async () => {
      for await (const [key] of counted(failing).map) void key;
    };
    await expect(through()).rejects.toThrow("no p2");
  });

  it("of which none is stored are no whole value", async () => {
    const partitions = dailyPartitions({ start: "2026-01-01", end: "2026-01-03" });
    const take = { key: "raw", take: { type: "all" }, allowMissingPartitions: true } as const;
    const given: unknown[] = [];
    const fake = fakeProject({
      raw: { partitions },
      map: { inputs: { raw: take }, run: ({ raw }) => given.push((raw as { keys: unknown }).keys) },
      merged: { inputs: { raw: { ...take, merged: true } }, run: ({ raw }) => given.push(raw) },
    });
    const { events } = await materialize(fake, "map or merged");
    expect(given).toEqual([[]]);
    const failed = events.find(({ type }) => type === "step-failed") as Extract<RunEvent, { type: "step-failed" }>;
    expect(failed).toMatchObject({
      step: "merged",
      error: { code: "io/not-found", message: "None of the partitions of raw that are to be merged is stored." },
    });
    expect(fake.manager.calls.filter((call) => call.startsWith("load"))).toEqual([]);
  });
});
