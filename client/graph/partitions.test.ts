import { describe, expect, it } from "vitest";
import type { PartitionStatus } from "../../runtime/src/model/graph.ts";
import { allPartitions, choiceItems, keysOfParts } from "./partition-choice.ts";
import { bucketsOf, countStates, mergePartitions, newestFirst, partitionLabel } from "./partitions.ts";

const day = (n: number) => new Date(Date.UTC(2025, 0, 1 + n)).toISOString().slice(0, 10);
const daily = [{ name: "partition", type: "time" }] as const;
const shops = [{ name: "partition", type: "static" }] as const;
const both = [
  { name: "day", type: "time" },
  { name: "region", type: "static" },
] as const;
const status = (key: string, state: PartitionStatus["state"] = "missing"): PartitionStatus => ({
  key,
  state,
  ...(state === "fresh" || state === "stale" ? { storedAt: 1 } : {}),
});
const days = (count: number) => Array.from({ length: count }, (_, n) => status(day(n)));
const cells = (count: number) =>
  Array.from({ length: count }, (_, n) => ["eu", "us"].map((region) => status(`day=${day(n)}|region=${region}`))).flat();

describe("a list of partitions", () => {
  it("names the parts of a key in the order of the dimensions", () => {
    expect(partitionLabel("day=2026-01-05|region=eu%7Cwest", both)).toBe("2026-01-05 · eu|west");
    expect(partitionLabel("a=b", shops)).toBe("a=b");
  });

  it("begins with the newest time, and keeps the order of everything else", () => {
    expect(newestFirst(days(3), daily).map(({ key }) => key)).toEqual(["2025-01-03", "2025-01-02", "2025-01-01"]);
    expect(newestFirst(cells(2), both).map(({ key }) => partitionLabel(key, both))).toEqual([
      "2025-01-02 · eu",
      "2025-01-02 · us",
      "2025-01-01 · eu",
      "2025-01-01 · us",
    ]);
    expect(newestFirst([status("b"), status("a")], shops).map(({ key }) => key)).toEqual(["b", "a"]);
  });

  it("is flat while it is short, then folds by month, by dimension or by number, and loses none", () => {
    expect(bucketsOf(days(200), daily)).toEqual([]);
    const months = bucketsOf(newestFirst(days(400), daily), daily);
    expect(months.map(({ label }) => label).slice(0, 2)).toEqual(["2026-02", "2026-01"]);
    expect(months.flatMap(({ partitions }) => partitions)).toHaveLength(400);
    expect(bucketsOf(cells(150), both).map(({ label }) => label)).toEqual(["2025-01", "2025-02", "2025-03", "2025-04", "2025-05"]);
    const many = Array.from({ length: 450 }, (_, n) => status(`shop${n}`));
    expect(bucketsOf(many, shops).map(({ label, partitions }) => [label, partitions.length])).toEqual([
      ["shop0 … shop199", 200],
      ["shop200 … shop399", 200],
      ["shop400 … shop449", 50],
    ]);
  });

  it("counts by state", () => {
    expect(countStates([status("a", "fresh"), status("b", "stale"), status("c"), { ...status("d", "failed"), storedAt: 3 }])).toEqual({
      total: 4,
      stored: 3,
      failed: 1,
      missing: 1,
      stale: 1,
    });
  });

  it("takes assets with the same partitions together, at their worst", () => {
    const merged = mergePartitions([
      [status("a", "fresh"), status("b", "fresh")],
      [status("a", "stale"), status("b", "missing")],
    ]);
    expect(merged?.map(({ state }) => state)).toEqual(["stale", "missing"]);
    expect(mergePartitions([[status("a")], [status("b")]])).toBeUndefined();
  });
});

describe("ways of choosing partitions", () => {
  const ways = (...args: Parameters<typeof choiceItems>) => choiceItems(...args).map(({ way }) => way);
  it("offers what is missing or failed first, with how many that are", () => {
    const items = choiceItems([status("a", "fresh"), status("b", "failed"), status("c"), status("d", "stale")], shops, undefined);
    expect(items.map(({ way, count }) => [way, count])).toEqual([
      ["missing", 2],
      ["stale", 1],
      ["latest", 1],
      ["range", undefined],
      ["several", undefined],
      ["all", 4],
    ]);
    expect(items[1]?.choice).toEqual({ partitions: ["d"] });
  });
  it("offers nothing that would make nothing", () => {
    expect(ways([status("a", "fresh")], shops, undefined)).toEqual(["latest", "all"]);
    expect(ways([], shops, undefined)).toEqual(["all"]);
  });
  it("offers the former choice again, where it named some", () => {
    const last = { partitions: ["2025-01-01..2025-01-02"] };
    expect(choiceItems(days(3), daily, last)[0]).toMatchObject({ way: "again", choice: last, detail: "2025-01-01 … 2025-01-02" });
    expect(ways(days(3), daily, { missing: true })[0]).toBe("missing");
    expect(ways(days(3), daily, allPartitions)[0]).toBe("missing");
  });
  it("takes the newest time over all other dimensions", () => {
    const latest = choiceItems(cells(3), both, undefined).find(({ way }) => way === "latest");
    expect(latest).toMatchObject({
      count: 2,
      detail: "2025-01-03",
      choice: { partitions: ["day=2025-01-03|region=eu", "day=2025-01-03|region=us"] },
    });
  });
  it("makes keys of what was picked along each dimension", () => {
    expect(keysOfParts(cells(3), both, [[day(1)], ["us", "eu"]])).toEqual(["day=2025-01-02|region=eu", "day=2025-01-02|region=us"]);
  });
});
