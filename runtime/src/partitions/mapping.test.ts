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
import { splitKey } from "../model/partition.ts";
import { mapInput, planMapping } from "./mapping.ts";
import { dimensionsOf, isDynamic, isStatic, isTime, onlyDimension, type PartitionSpace, partitionSpace } from "./space.ts";

/*
 * A naive model: a definition is the list of its keys, and whether an upstream partition is meant is asked of every pair of them.
 * Everything has ended by then; what is under way has tests of its own.
 */
const moment = { now: Date.parse("2030-01-01T00:00:00Z"), dynamic: { customers: ["zoe", "a,b", "x|y=z"], empty: [] } };
const space = (definition: Partitions) => partitionSpace(definition, moment);

/** Around a night that lacks an hour, and one that has an hour twice. */
const spans = [
  { start: "2026-03-27", end: "2026-04-01" },
  { start: "2026-10-23", end: "2026-10-28" },
] as const;
const time = fc
  .record({
    grain: fc.constantFrom("hour", "day", "week", "month", "cron"),
    timezone: fc.constantFrom(...Array(9).fill("Europe/Berlin"), "UTC") as fc.Arbitrary<string>,
    span: fc.constantFrom(...spans),
  })
  .map(({ grain, timezone, span }): Dimension => {
    const wide = { start: `${span.start.slice(0, 5)}0${span.start.slice(6, 7) === "3" ? 2 : 9}-01`, end: "2026-12-01", timezone };
    const near = { ...span, timezone };
    if (grain === "hour") return hourlyPartitions(near);
    if (grain === "cron") return cronPartitions({ ...near, cron: "30 */5 * * *" });
    if (grain === "day") return dailyPartitions(near);
    return grain === "week" ? weeklyPartitions(wide) : monthlyPartitions(wide);
  });
const regions = fc.subarray(["eu", "us", "jp", "a|b=c"], { minLength: 1 }).map((keys): Dimension => staticPartitions(keys));
const dynamic = fc.constantFrom<Dimension>(...["customers", "customers", "customers", "empty"].map((name) => dynamicPartitions(name)));
const multi = fc
  .record({ date: time, region: regions, customer: dynamic }, { requiredKeys: [] })
  .filter((dimensions) => Object.keys(dimensions).length > 0)
  .map((dimensions): Partitions => multiPartitions(dimensions as Readonly<Record<string, Dimension>>));
const partitions = fc.oneof<fc.Arbitrary<Partitions>[]>(time, regions, dynamic, multi, multi);
const take = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom("date", "region", "customer", undefined)
      .chain((dimension) => fc.constantFrom("all", "latest").map((type) => ({ type, dimension }))),
  },
) as fc.Arbitrary<PartitionTake | undefined>;

/** Each grain, and those whose windows it lies in as a whole. */
const inside: Readonly<Record<string, readonly string[]>> = {
  hour: ["hour", "day", "week", "month"],
  day: ["day", "week", "month"],
  week: ["week"],
  month: ["month"],
  cron: [],
};

/** How one dimension follows another: `one` of it, `many`, or not at all. */
function relation(up: Dimension, down: Dimension): "one" | "many" | undefined {
  if (isTime(up) && isTime(down)) return up.timezone !== down.timezone ? undefined : inside[down.grain]!.includes(up.grain) ? "one" : "many";
  if (isStatic(up) && isStatic(down)) return down.keys.every((key) => up.keys.includes(key)) ? "one" : undefined;
  return isDynamic(up) && isDynamic(down) && up.name === down.name ? "one" : undefined;
}

interface Rule {
  readonly name: string;
  /** What of this asset it follows; `undefined` where it is taken as a whole. */
  readonly from: string | undefined;
  readonly many: boolean;
  readonly latest: boolean;
}
/** The rule of each upstream dimension; `undefined` where one has none. */
function rulesOf(down: Partitions | undefined, up: Partitions, wanted: PartitionTake | undefined): readonly Rule[] | undefined {
  const downward = down ? dimensionsOf(down) : [];
  const whole = wanted as { readonly type: string; readonly dimension?: string } | undefined;
  if (whole?.dimension !== undefined && (up[kind] !== "multi" || !dimensionsOf(up).some(([name]) => name === whole.dimension))) return undefined;
  const rules = dimensionsOf(up).map(([name, dimension]): Rule | undefined => {
    if (whole && (whole.dimension === undefined || whole.dimension === name))
      return { name, from: undefined, many: whole.type === "all", latest: whole.type === "latest" };
    const named = up[kind] === "multi" && down?.[kind] === "multi" ? downward.filter(([other]) => other === name) : downward;
    const fitting = named.flatMap(([from, other]) => {
      const found = relation(dimension, other);
      const alone = up[kind] === "multi" || down?.[kind] !== "multi";
      return found === undefined || (!alone && found === "many") ? [] : [{ name, from, many: found === "many", latest: false }];
    });
    return fitting.length === 1 ? fitting[0] : undefined;
  });
  return rules.every((rule) => rule !== undefined) ? rules : undefined;
}

const parts = (all: PartitionSpace, key: string): Readonly<Record<string, string>> =>
  all.definition[kind] === "multi" ? splitKey(key)! : { [onlyDimension]: key };
const windowOf = (all: PartitionSpace, key: string, name: string) => all.slice(key).dimensions.find((each) => each.name === name)!.window!;

/** Whether one upstream partition is meant by one of this asset's. */
function meant(rules: readonly Rule[], own: PartitionSpace | undefined, key: string | undefined, other: PartitionSpace, upKey: string): boolean {
  return rules.every(({ name, from, latest }) => {
    const upPart = parts(other, upKey)[name]!;
    if (from === undefined) {
      const axis = other.axes.find((each) => each.name === name)!;
      return !latest || upPart === axis.keyAt(axis.size - 1);
    }
    const [up, down] = [other.axes.find((each) => each.name === name)!, own!.axes.find((each) => each.name === from)!];
    if (!up.series || !down.series) return upPart === parts(own!, key!)[from];
    const [theirs, ours] = [windowOf(other, upKey, name), windowOf(own!, key!, from)];
    return theirs.start < ours.end && theirs.end > ours.start;
  });
}

describe("the mapping of an input", () => {
  test("is what asking every pair of partitions gives, for any two definitions", () => {
    let mapped = 0;
    fc.assert(
      fc.property(fc.option(partitions, { nil: undefined }), partitions, take, fc.nat(), (down, up, wanted, at) => {
        const input: InputDefinition = { [kind]: "input", upstream: {} as never, allowMissingPartitions: false, merged: false, take: wanted };
        const made = planMapping(down, input, up);
        const rules = rulesOf(down, up, wanted);
        expect("mistake" in made).toBe(rules === undefined);
        if ("mistake" in made || !rules) return;
        const own = down && space(down);
        const other = space(up);
        const all = own?.keys() ?? [];
        if (own && all.length === 0) return;
        const key = own ? all[at % all.length] : undefined;
        const found = mapInput(made, own, other).upstream(key);
        const expected = other.keys().filter((upKey) => meant(rules, own, key, other, upKey));
        expect(found.keys).toEqual(expected);
        expect(made.shape).toBe(rules.some(({ many }) => many) ? "many" : "one");
        if (found.outside !== undefined) expect(expected).toEqual([]);
        if (made.shape === "one") expect(expected.length === 1).toBe(found.outside === undefined);
        if (expected.length > 0) mapped++;
      }),
      { numRuns: 1500 },
    );
    expect(mapped).toBeGreaterThan(100);
  });
});
