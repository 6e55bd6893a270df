import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { InputDefinition, PartitionTake } from "../assets/definition.ts";
import {
  cronPartitions,
  type Dimension,
  dailyPartitions,
  dynamicPartitions,
  hourlyPartitions,
  monthlyPartitions,
  multiPartitions,
  type Partitions,
  staticPartitions,
  weeklyPartitions,
} from "../assets/partitions.ts";
import { kind } from "../io/manager.ts";
import { mapInput, planMapping } from "./mapping.ts";
import { accepts, coalesce, joinList, selectPartitions, splitList } from "./select.ts";
import { type Moment, partitionSpace } from "./space.ts";

const moment: Moment = { now: Date.parse("2026-03-10T12:00:00Z"), dynamic: { customers: ["zoe", "a,b", "x..y"] } };
const space = (definition: Partitions, when = moment) => partitionSpace(definition, when);
const days = dailyPartitions({ start: "2026-01-01" });
const months = monthlyPartitions({ start: "2026-01-01" });
const regions = staticPartitions(["eu", "us", "jp"], { column: "region" });
const both = multiPartitions({ date: dailyPartitions({ start: "2026-03-01", column: "day" }), region: regions });

describe("partitions of a definition", () => {
  test("are those whose window has ended; the one under way can be named", () => {
    const all = space(days);
    expect(all.size).toBe(68);
    expect(all.keys().at(-1)).toBe("2026-03-09");
    expect(all.canonical("2026-03-10")).toBe("2026-03-10");
    expect(all.canonical("2026-03-11")).toBeUndefined();
  });
  test("of several dimensions are every combination, the last dimension fastest, with keys by name", () => {
    const all = space(both);
    expect(all.size).toBe(27);
    expect(all.keys().slice(0, 4)).toEqual([
      "date=2026-03-01|region=eu",
      "date=2026-03-01|region=us",
      "date=2026-03-01|region=jp",
      "date=2026-03-02|region=eu",
    ]);
    expect(all.canonical("region=us|date=2026-03-02")).toBe("date=2026-03-02|region=us");
    expect(all.canonical("date=2026-03-02")).toBeUndefined();
    expect(all.slice("date=2026-03-02|region=us")).toEqual({
      key: "date=2026-03-02|region=us",
      dimensions: [
        {
          name: "date",
          key: "2026-03-02",
          column: "day",
          window: {
            start: "2026-03-02T00:00:00Z",
            end: "2026-03-03T00:00:00Z",
            startLocal: "2026-03-02 00:00:00",
            endLocal: "2026-03-03 00:00:00",
            timezone: "UTC",
          },
        },
        { name: "region", key: "us", column: "region" },
      ],
    });
  });
  test("of a dynamic definition are what was added, and without any the message says how to add one", () => {
    expect(space(dynamicPartitions("customers")).keys()).toEqual(["zoe", "a,b", "x..y"]);
    expect(() => selectPartitions(space(dynamicPartitions("shops")), ["one"], "sales")).toThrow('sales has no partition "one".');
    expect(space(dynamicPartitions("shops")).hint("one")).toBe("None has been added: sluice partitions add shops <key>");
  });
  test("of any number of dimensions can be large and stay quick", () => {
    const wide = multiPartitions({
      hour: hourlyPartitions({ start: "2025-01-01" }),
      a: staticPartitions(["x", "y"]),
      b: regions,
      c: staticPartitions(["1", "2"]),
    });
    expect(space(wide).size).toBe(10_404 * 12);
    expect(space(wide).position("a=y|b=jp|c=2|hour=2025-01-01-01:00")).toEqual([1, 1, 2, 1]);
  });
});

describe("a selection of partitions", () => {
  const select = (definition: Partitions, ...parts: string[]) => selectPartitions(space(definition), parts, "sales");
  test("names keys and ranges, in order, each once", () => {
    expect(select(days, "2026-01-03", "2026-01-01..2026-01-02", "2026-01-02")).toEqual(["2026-01-01", "2026-01-02", "2026-01-03"]);
    expect(select(days, "2026-03-08..")).toEqual(["2026-03-08", "2026-03-09"]);
    expect(select(months, "..2026-02")).toEqual(["2026-01", "2026-02"]);
    expect(select(regions, "us..jp")).toEqual(["us", "jp"]);
    expect(select(dynamicPartitions("customers"), "x..y", "zoe..x..y")).toEqual(["zoe", "a,b", "x..y"]);
  });
  test("of several dimensions is a range along each", () => {
    expect(select(both, "date=2026-03-01|region=us..date=2026-03-02|region=jp")).toEqual([
      "date=2026-03-01|region=us",
      "date=2026-03-01|region=jp",
      "date=2026-03-02|region=us",
      "date=2026-03-02|region=jp",
    ]);
    expect(select(both, "region=eu..region=eu")).toHaveLength(9);
  });
  test("says which key is unknown, the nearest one and what there is", () => {
    const unknown = (call: () => unknown) => {
      try {
        call();
      } catch (thrown) {
        const { code, message, hint } = thrown as { code: string; message: string; hint: string };
        return { code, message, hint };
      }
      return undefined;
    };
    expect(unknown(() => select(days, "2026-13-01"))).toEqual({
      code: "partition/unknown",
      message: 'sales has no partition "2026-13-01".',
      hint: 'Did you mean "2026-03-01"? There are 68, from "2026-01-01" to "2026-03-09".',
    });
    expect(unknown(() => select(days, "2026-01-01..2027-01-01"))?.message).toBe('sales has no partition "2027-01-01".');
    expect(unknown(() => select(days, "2026-01-05..2026-01-01"))?.message).toBe(
      'The range "2026-01-05..2026-01-01" of partitions of sales ends before it begins.',
    );
    expect(unknown(() => select(both, "date=2026-03-01"))?.hint).toContain("A key names every dimension: date, region.");
  });
  test("is written in as few parts as can be, and means the same again", () => {
    expect(coalesce(space(days), ["2026-01-01", "2026-01-02", "2026-01-03", "2026-02-01"])).toEqual(["2026-01-01..2026-01-03", "2026-02-01"]);
    expect(coalesce(space(both), space(both).keys())).toEqual(["date=2026-03-01|region=eu..date=2026-03-09|region=jp"]);
    const definitions = fc.constantFrom<Partitions>(days, months, regions, both, dynamicPartitions("customers"));
    fc.assert(
      fc.property(definitions, fc.infiniteStream(fc.boolean()), (definition, chosen) => {
        const all = space(definition);
        const keys = all.keys().filter(() => chosen.next().value);
        expect(selectPartitions(all, coalesce(all, keys), "sales")).toEqual(keys);
        expect(selectPartitions(all, splitList(joinList(keys)), "sales")).toEqual(keys);
        expect(accepts(all, coalesce(all, keys))).toBe(true);
      }),
    );
  });
});

describe("an input", () => {
  const plan = (down: Partitions | undefined, up: Partitions | undefined, take?: PartitionTake, more: Partial<InputDefinition> = {}) =>
    planMapping(down, { [kind]: "input", upstream: {} as never, allowMissingPartitions: false, merged: false, take, ...more }, up);
  function mapped(down: Partitions | undefined, up: Partitions, key?: string, take?: PartitionTake) {
    const made = plan(down, up, take);
    if ("mistake" in made) throw new Error(made.mistake);
    const { shape, upstream } = mapInput(made, down && space(down), space(up));
    return [shape, ...upstream(key).keys];
  }
  const mistake = (down: Partitions | undefined, up: Partitions | undefined, take?: PartitionTake) => {
    const made = plan(down, up, take);
    return "mistake" in made ? made.mistake : undefined;
  };

  test("of the same partitions is the same one", () => {
    expect(mapped(days, days, "2026-01-05")).toEqual(["one", "2026-01-05"]);
    expect(mapped(regions, staticPartitions(["us", "eu", "jp", "cn"]), "us")).toEqual(["one", "us"]);
    expect(mapped(dynamicPartitions("customers"), dynamicPartitions("customers"), "a,b")).toEqual(["one", "a,b"]);
  });
  test("of a coarser grain is the one around it, of a finer grain are those inside", () => {
    expect(mapped(days, months, "2026-02-28")).toEqual(["one", "2026-02"]);
    expect(mapped(months, days, "2026-02")).toEqual([
      "many",
      ...space(days)
        .keys()
        .filter((key) => key.startsWith("2026-02")),
    ]);
    expect(mapped(weeklyPartitions({ start: "2026-01-01" }), days, "2026-01-05")).toHaveLength(8);
    expect(mapped(months, weeklyPartitions({ start: "2025-12-01" }), "2026-02")).toEqual([
      "many",
      "2026-01-26",
      "2026-02-02",
      "2026-02-09",
      "2026-02-16",
      "2026-02-23",
    ]);
    expect(mapped(days, cronPartitions({ start: "2026-01-01", cron: "0 */12 * * *" }), "2026-01-02")).toEqual([
      "many",
      "2026-01-02-00:00",
      "2026-01-02-12:00",
    ]);
  });
  test("that is under way is left out of what it cannot hold yet", () => {
    expect(mapped(months, days, "2026-03").at(-1)).toBe("2026-03-09");
    expect(mapped(days, days, "2026-03-10")).toEqual(["one", "2026-03-10"]);
    expect(mapped(days, days, "2026-03-10", { type: "window", start: -1, end: 0 })).toEqual(["many", "2026-03-09", "2026-03-10"]);
  });
  test("takes all, the latest, one by name, or a window counted in the asset's own partitions", () => {
    expect(mapped(undefined, regions, undefined, { type: "all" })).toEqual(["many", "eu", "us", "jp"]);
    expect(mapped(undefined, days, undefined, { type: "latest" })).toEqual(["one", "2026-03-09"]);
    expect(mapped(undefined, dynamicPartitions("customers"), undefined, { type: "latest" })).toEqual(["one", "x..y"]);
    expect(mapped(undefined, both, undefined, { type: "latest" })).toEqual(["one", "date=2026-03-09|region=jp"]);
    expect(mapped(undefined, both, undefined, { type: "partition", key: { date: "2026-03-02", region: "us" } })).toEqual([
      "one",
      "date=2026-03-02|region=us",
    ]);
    expect(mapped(months, days, "2026-02", { type: "window", start: -1, end: -1 })).toEqual(["many", ...space(days).keys().slice(0, 31)]);
    expect(mapped(days, days, "2026-01-01", { type: "window", start: -2, end: -1 })).toEqual(["many"]);
  });
  test("of several dimensions maps each by name, or takes one of them as it is told", () => {
    const dated = multiPartitions({ date: days });
    expect(mapped(both, both, "date=2026-03-02|region=us")).toEqual(["one", "date=2026-03-02|region=us"]);
    expect(mapped(both, regions, "date=2026-03-02|region=us")).toEqual(["one", "us"]);
    expect(mapped(both, days, "date=2026-03-02|region=us")).toEqual(["one", "2026-03-02"]);
    expect(mapped(days, dated, "2026-03-02")).toEqual(["one", "date=2026-03-02"]);
    expect(mapped(days, both, "2026-03-02", { type: "all", dimension: "region" })).toEqual([
      "many",
      "date=2026-03-02|region=eu",
      "date=2026-03-02|region=us",
      "date=2026-03-02|region=jp",
    ]);
    expect(mapped(regions, both, "us", { type: "latest", dimension: "date" })).toEqual(["one", "date=2026-03-09|region=us"]);
    expect(mapped(months, both, "2026-03", { type: "latest", dimension: "region" })).toHaveLength(10);
  });
  test("of an upstream partition that does not exist says which", () => {
    const made = plan(days, dailyPartitions({ start: "2026-02-01" }));
    if ("mistake" in made) throw new Error(made.mistake);
    expect(mapInput(made, space(days), space(dailyPartitions({ start: "2026-02-01" }))).upstream("2026-01-05")).toEqual({
      keys: [],
      outside: "2026-01-05",
    });
  });
  test("that fits no rule says what does not fit", () => {
    expect(mistake(undefined, days)).toBe("is not partitioned and takes it as a whole, which is divided by day");
    expect(mistake(days, regions)).toBe("is divided by day, and it is divided by static keys");
    expect(mistake(days, dailyPartitions({ start: "2026-01-01", timezone: "Europe/Berlin" }))).toBe(
      "counts time in UTC, and it counts in Europe/Berlin",
    );
    expect(mistake(staticPartitions(["eu", "cn"]), regions)).toBe('has partitions that it lacks ("cn")');
    expect(mistake(days, both)).toBe('is divided by day, and it is divided by static keys (dimension "region")');
    expect(mistake(multiPartitions({ date: days }), both)).toBe('has no dimension "region", which it is divided by');
    expect(mistake(days, undefined, { type: "all" })).toBe("takes partitions of it with .all(), and it has none");
    expect(mistake(regions, regions, { type: "window", start: -1, end: 0 })).toBe("takes a window of it, and only time partitions have windows");
    expect(mistake(undefined, both, { type: "partition", key: "eu" })).toBe('takes .partition("eu"), which is no key of it');
    expect(mistake(days, both, { type: "all", dimension: "country" })).toBe('takes .all("country"), and it has no dimension "country"');
    const own = plan(days, days, { type: "window", start: -1, end: 0 }, { upstream: undefined });
    expect(own).toHaveProperty("mistake", "takes partitions of itself that are not before the one being made");
  });
  test("between time partitions is what comparing every pair of windows gives", () => {
    const zone = "Europe/Berlin";
    const times = fc.constantFrom<Dimension>(
      hourlyPartitions({ start: "2026-02-20", timezone: zone }),
      dailyPartitions({ start: "2026-01-10", timezone: zone }),
      weeklyPartitions({ start: "2025-11-01", timezone: zone }),
      monthlyPartitions({ start: "2025-06-01", timezone: zone }),
      cronPartitions({ start: "2026-02-01", cron: "0 5 * * 1,4", timezone: zone }),
    );
    const window = fc.option(
      fc
        .tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: 0, max: 3 }))
        .map(([start, more]) => ({ type: "window" as const, start, end: start + more })),
      { nil: undefined },
    );
    fc.assert(
      fc.property(times, times, window, fc.nat(), (down, up, take, at) => {
        const made = plan(down, up, take);
        if ("mistake" in made) throw new Error(made.mistake);
        const [own, other] = [space(down), space(up)];
        const keys = own.keys();
        const index = at % keys.length;
        const span = keys.slice(Math.max(0, index + (take?.start ?? 0)), Math.max(0, index + (take?.end ?? 0) + 1));
        const first = span.length > 0 ? own.slice(span[0]!).dimensions[0]!.window! : undefined;
        const last = span.length > 0 ? own.slice(span.at(-1)!).dimensions[0]!.window! : undefined;
        const expected =
          !first || !last
            ? []
            : other.keys().filter((key) => {
                const { start, end } = other.slice(key).dimensions[0]!.window!;
                return start < last.end && end > first.start;
              });
        const found = mapInput(made, own, other).upstream(keys[index]).keys;
        if (made.shape === "one") expect(expected.length === 0 ? expected : found).toEqual(expected);
        else expect(found.filter((key) => other.keys().includes(key))).toEqual(expected);
      }),
      { numRuns: 150 },
    );
  });
});
