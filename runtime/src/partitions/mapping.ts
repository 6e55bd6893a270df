import type { InputDefinition, PartitionsDefinition, PartitionTake } from "../assets/definition.ts";
import type { Dimension, Grain } from "../assets/partitions.ts";
import { kind } from "../io/manager.ts";
import { joinKey } from "../model/partition.ts";
import { dimensionsOf, isDynamic, isStatic, isTime, onlyDimension, type PartitionSpace } from "./space.ts";

/** How the partitions of an input follow from the partition that is made. */
export interface InputMapping {
  /** What `run` receives: one value, a map of several, or several as one value. */
  readonly shape: "one" | "many" | "merged";
  /**
   * Keys of the upstream partitions, in order, for one partition of this asset; `undefined` for an asset without partitions.
   * `outside`: it asks for one that the upstream asset does not have, for people.
   */
  readonly upstream: (key: string | undefined) => { readonly keys: readonly string[]; readonly outside?: string };
  /** The same upstream partitions, whichever partition is made. */
  readonly constant: boolean;
}

type DimensionRule =
  /** The same key. */
  | { readonly type: "same"; readonly from: string }
  /** The windows that overlap with one of this asset's; `one`: exactly the one that it begins in. */
  | { readonly type: "time"; readonly from: string; readonly one: boolean; readonly window?: { readonly start: number; readonly end: number } }
  | { readonly type: "all" }
  | { readonly type: "latest" }
  | { readonly type: "key"; readonly key: string };
type Rules = ReadonlyMap<string, DimensionRule>;
/** A mapping before anything is known of the keys that there are; or why there is none, as a sentence without a subject. */
export interface PartitionMapping {
  readonly shape: InputMapping["shape"];
  readonly rules: Rules;
}
export type MappingPlan = PartitionMapping | { readonly mistake: string; readonly hint: string };

const containing: Readonly<Record<Grain, readonly Grain[]>> = {
  hour: ["hour", "day", "week", "month"],
  day: ["day", "week", "month"],
  week: ["week"],
  month: ["month"],
  cron: [],
};
const say = "Say which it wants: .all(), .latest(), .partition(key), or .window() between time partitions.";

/**
 * How an input maps, from the definitions alone. `up` is `undefined` for an upstream asset without partitions, `down` for an asset without;
 * for `self`, both are the asset's own. Throws `config/invalid` for a definition of time that cannot be read.
 */
export function planMapping(down: PartitionsDefinition | undefined, input: InputDefinition, up: PartitionsDefinition | undefined): MappingPlan {
  const { take, merged } = input;
  const wrong = (mistake: string, hint = say) => ({ mistake, hint });
  if (!up) {
    if (take) return wrong(`takes partitions of it with ${takeText(take)}, and it has none`, `Leave out ${takeText(take)}.`);
    return merged ? wrong("merges its partitions, and it has none", "Leave out .merged().") : { shape: "one", rules: new Map() };
  }
  const upward = dimensionsOf(up);
  const downward = down ? dimensionsOf(down) : [];
  const multi = up[kind] === "multi";
  const self = input.upstream === undefined;
  if (self && (take?.type !== "window" || take.end > -1)) {
    return wrong("takes partitions of itself that are not before the one being made", "Write self(...).window({ start: -1, end: -1 }).");
  }
  if (take && "dimension" in take && take.dimension !== undefined && !(multi && upward.some(([name]) => name === take.dimension))) {
    const names = multi ? upward.map(([name]) => name).join(", ") : "none by name";
    return wrong(`takes ${takeText(take)}, and it has no dimension "${take.dimension}"`, `Its dimensions: ${names}.`);
  }
  const named = take?.type === "partition" ? namedKeys(take.key, multi) : undefined;
  if (named === null)
    return wrong(
      `takes ${takeText(take!)}, which is no key of it`,
      multi ? `Name every dimension: .partition({ ${upward.map(([name]) => name).join(", ")} }).` : "A key is a text.",
    );
  if (take?.type === "window" && multi) return wrong("takes a window of it, and it has several dimensions", say);

  const rules = new Map<string, DimensionRule>();
  let shape: InputMapping["shape"] = "one";
  for (const [name, dimension] of upward) {
    if (named) {
      const key = named[multi ? name : onlyDimension];
      if (key === undefined) return wrong(`takes ${takeText(take!)}, which leaves out the dimension "${name}"`, "Name every dimension.");
      rules.set(name, { type: "key", key });
      continue;
    }
    if (take?.type === "all" || take?.type === "latest") {
      if (take.dimension === undefined || take.dimension === name) {
        rules.set(name, { type: take.type });
        if (take.type === "all") shape = "many";
        continue;
      }
    }
    const found = ruleFor(name, dimension, multi, down, downward, take);
    if ("mistake" in found) return wrong(found.mistake, found.hint);
    rules.set(name, found.rule);
    if (found.many) shape = "many";
  }
  return { shape: merged ? "merged" : shape, rules };
}

/** What one dimension of the upstream asset is mapped from: its own name, or else the only dimension there is. */
function ruleFor(
  name: string,
  up: Dimension,
  upIsMulti: boolean,
  down: PartitionsDefinition | undefined,
  downward: readonly (readonly [string, Dimension])[],
  take: PartitionTake | undefined,
): { readonly rule: DimensionRule; readonly many: boolean } | { readonly mistake: string; readonly hint: string } {
  if (!down) return { mistake: `is not partitioned and takes it as a whole, which is divided by ${nounOf(up)}`, hint: say };
  const downIsMulti = down[kind] === "multi";
  const candidates = upIsMulti && downIsMulti ? downward.filter(([other]) => other === name) : downward;
  if (candidates.length === 0) {
    return {
      mistake: `has no dimension "${name}", which it is divided by`,
      hint: `Say which it wants: .all("${name}"), .latest("${name}") or .partition(key).`,
    };
  }
  const found = candidates.map(([from, dimension]) => plainRule(up, from, dimension, take));
  if (upIsMulti || !downIsMulti) {
    const [only] = found;
    if (only && "mistake" in only && upIsMulti) {
      return {
        mistake: `${only.mistake} (dimension "${name}")`,
        hint: `Say which it wants: .all("${name}"), .latest("${name}") or .partition(key).`,
      };
    }
    return only!;
  }
  const fitting = found.flatMap((each) => ("rule" in each && (!each.many || take?.type === "window") ? [each] : []));
  if (fitting.length === 1) return fitting[0]!;
  if (fitting.length === 0) {
    const names = downward.map(([other]) => other).join(", ");
    return { mistake: `is divided by ${names}, none of which maps to ${nounOf(up)}`, hint: say };
  }
  return { mistake: `has several dimensions that map to ${nounOf(up)}`, hint: say };
}

function plainRule(up: Dimension, from: string, down: Dimension, take: PartitionTake | undefined): ReturnType<typeof ruleFor> {
  const wrong = (mistake: string) => ({ mistake, hint: say });
  if (isTime(up) && isTime(down)) {
    if (up.timezone !== down.timezone) return wrong(`counts time in ${down.timezone}, and it counts in ${up.timezone}`);
    const one = containing[down.grain].includes(up.grain);
    if (take?.type === "window") return { rule: { type: "time", from, one: false, window: { start: take.start, end: take.end } }, many: true };
    return { rule: { type: "time", from, one }, many: !one };
  }
  if (take?.type === "window") return wrong("takes a window of it, and only time partitions have windows");
  if (isStatic(up) && isStatic(down)) {
    const known = new Set(up.keys);
    const unknown = down.keys.filter((key) => !known.has(key));
    if (unknown.length === 0) return { rule: { type: "same", from }, many: false };
    const more = unknown.length > 3 ? `, and ${unknown.length - 3} more` : "";
    return wrong(
      `has partitions that it lacks (${unknown
        .slice(0, 3)
        .map((key) => `"${key}"`)
        .join(", ")}${more})`,
    );
  }
  if (isDynamic(up) && isDynamic(down) && up.name === down.name) return { rule: { type: "same", from }, many: false };
  return wrong(`is divided by ${nounOf(down)}, and it is divided by ${nounOf(up)}`);
}

function nounOf(dimension: Dimension): string {
  if (isTime(dimension)) return dimension.grain === "cron" ? `the cron expression "${dimension.cron}"` : dimension.grain;
  return isStatic(dimension) ? "static keys" : `the dynamic keys "${dimension.name}"`;
}
function takeText(take: PartitionTake): string {
  if (take.type === "partition") return `.partition(${JSON.stringify(take.key)})`;
  if (take.type === "window") return `.window({ start: ${take.start}, end: ${take.end} })`;
  return `.${take.type}(${take.dimension === undefined ? "" : JSON.stringify(take.dimension)})`;
}
/** Keys by dimension; `null` for what is no key. */
function namedKeys(key: unknown, multi: boolean): Readonly<Record<string, string>> | null {
  if (!multi) return typeof key === "string" ? { [onlyDimension]: key } : null;
  if (typeof key !== "object" || key === null) return null;
  const entries = Object.entries(key);
  return entries.every(([, value]) => typeof value === "string") ? (Object.fromEntries(entries) as Record<string, string>) : null;
}

/** The sentence for people. */
export const mistakeText = (asset: string, upstream: string, input: string, { mistake }: { readonly mistake: string }): string =>
  `${asset} takes ${upstream === asset ? "itself" : upstream} as its input "${input}", but ${asset} ${mistake}.`;

/** Fills a plan with the keys that there are now. */
export function mapInput(plan: PartitionMapping, down: PartitionSpace | undefined, up: PartitionSpace): InputMapping {
  const single = up.definition[kind] !== "multi";
  const downAxes = new Map(down?.axes.map((axis, index) => [axis.name, { axis, index }]));
  const rules = up.axes.map((axis) => ({ axis, rule: plan.rules.get(axis.name)! }));
  const constant = rules.every(({ rule }) => rule.type !== "same" && rule.type !== "time");
  let kept: { readonly keys: readonly string[]; readonly outside?: string } | undefined;

  function along({ axis, rule }: (typeof rules)[number], position: readonly number[]): readonly number[] | string {
    const range = (from: number, to: number) => Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
    switch (rule.type) {
      case "all":
        return range(0, axis.size);
      case "latest":
        return axis.size > 0
          ? [axis.size - 1]
          : isTime(axis.definition)
            ? "the latest, and no window of it has ended"
            : "the latest, and there is none";
      case "key": {
        const index = axis.find(rule.key);
        return index === undefined ? rule.key : [index];
      }
      case "same": {
        const { axis: from, index } = downAxes.get(rule.from)!;
        const key = from.keyAt(position[index]!);
        const found = axis.find(key);
        return found === undefined ? key : [found];
      }
      case "time": {
        const { axis: from, index } = downAxes.get(rule.from)!;
        const own = from.series!;
        const at = position[index]!;
        if (rule.one) {
          const start = own.start(at);
          const [first, last] = axis.series!.overlapping(start, start + 1);
          return first < last && first < axis.extent ? [first] : from.keyAt(at);
        }
        const { start = 0, end = 0 } = rule.window ?? {};
        const low = Math.max(0, at + start);
        const high = Math.min(at + end, Math.max(at, from.size - 1));
        if (low > high) return [];
        const [first, last] = axis.series!.overlapping(own.start(low), own.end(high));
        // Of windows that are under way, only the one that is this asset's own too: the others cannot be there yet.
        const under = last > axis.size && axis.series!.start(axis.size) <= own.start(high) ? axis.size + 1 : axis.size;
        return range(first, Math.min(last, under));
      }
    }
  }

  function compute(key: string | undefined) {
    const position = key === undefined ? [] : down!.position(key);
    const found = rules.map((each) => along(each, position));
    const outside = found.findIndex((each) => typeof each === "string");
    if (outside >= 0) {
      const { axis } = rules[outside]!;
      return { keys: [], outside: single ? (found[outside] as string) : `${axis.name}=${found[outside] as string}` };
    }
    const lists = found as readonly (readonly number[])[];
    let made: readonly Readonly<Record<string, string>>[] = [{}];
    lists.forEach((list, i) => {
      const { name, keyAt } = up.axes[i]!;
      made = made.flatMap((before) => list.map((index) => ({ ...before, [name]: keyAt(index) })));
    });
    return { keys: made.map((keys) => (single ? keys[up.axes[0]!.name]! : joinKey(keys))) };
  }

  return {
    shape: plan.shape,
    constant,
    upstream: (key) => {
      if (!constant) return compute(key);
      kept ??= compute(key);
      return kept;
    },
  };
}
