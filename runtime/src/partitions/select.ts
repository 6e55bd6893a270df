import { kind } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";
import { splitKey } from "../model/partition.ts";
import type { Axis, PartitionSpace } from "./space.ts";

/** Parts of a list of partitions as people write it: `a,b..c`. A comma that belongs to a key is written `\,`. */
export function splitList(text: string): readonly string[] {
  const parts = text.match(/(?:\\,|[^,])+/g) ?? [];
  return parts.map((part) => part.replaceAll("\\,", ",").trim()).filter((part) => part !== "");
}
/** The way back. */
export const joinList = (parts: readonly string[]): string => parts.map((part) => part.replaceAll(",", "\\,")).join(",");

/**
 * The partitions that each part names, in order, each once: a key, or a range "A..B", both included. An end that is left out is the first or the last
 * partition; of several dimensions, each is a range of its own, and one that is left out is taken as a whole.
 * Throws `partition/unknown` with the nearest key. `asset` is for messages.
 */
export function selectPartitions(space: PartitionSpace, parts: readonly string[], asset: string): readonly string[] {
  const found = new Map<string, readonly number[]>();
  for (const part of parts) {
    const key = space.canonical(part);
    if (key !== undefined) found.set(key, space.position(key));
    else for (const position of rangeOf(space, part, asset)) found.set(space.keyOf(position), position);
  }
  return [...found].sort(([, a], [, b]) => compare(a, b)).map(([key]) => key);
}

/** Whether every part names partitions of that space. */
export function accepts(space: PartitionSpace, parts: readonly string[]): boolean {
  return parts.every((part) => space.canonical(part) !== undefined || (endsOf(space, part)?.every(({ low, high }) => low <= high) ?? false));
}

const compare = (a: readonly number[], b: readonly number[]): number => {
  const i = a.findIndex((value, index) => value !== b[index]);
  return i < 0 ? 0 : a[i]! - b[i]!;
};

type Ends = readonly { readonly low: number; readonly high: number }[];

function rangeOf(space: PartitionSpace, part: string, asset: string): Iterable<readonly number[]> {
  const ends = endsOf(space, part);
  if (!ends) {
    const named = part.split("..").find((end) => end !== "" && part.includes("..") && endPosition(space, end, "low") === undefined) ?? part;
    throw new SluiceError("partition/unknown", `${asset} has no partition "${named}".`, { asset, hint: space.hint(named) });
  }
  if (ends.some(({ low, high }) => low > high)) {
    throw new SluiceError("partition/unknown", `The range "${part}" of partitions of ${asset} ends before it begins.`, {
      asset,
      hint: "Write the earlier one first: A..B.",
    });
  }
  return box(ends);
}

/** Where a range begins and ends along each axis; a key may hold ".." itself. */
function endsOf(space: PartitionSpace, part: string): Ends | undefined {
  for (let at = part.indexOf(".."); at >= 0; at = part.indexOf("..", at + 1)) {
    const low = endPosition(space, part.slice(0, at), "low");
    const high = endPosition(space, part.slice(at + 2), "high");
    if (low && high) return low.map((value, i) => ({ low: value, high: high[i]! }));
  }
  return undefined;
}

function endPosition(space: PartitionSpace, text: string, side: "low" | "high"): readonly number[] | undefined {
  const open = (axis: Axis) => (side === "low" ? 0 : axis.size - 1);
  if (text === "") return space.axes.map(open);
  if (space.definition[kind] !== "multi") {
    const index = space.axes[0]!.find(text);
    return index === undefined ? undefined : [index];
  }
  const keys = splitKey(text);
  if (!keys || Object.keys(keys).some((name) => !space.axes.some((axis) => axis.name === name))) return undefined;
  const position = space.axes.map((axis) => (Object.hasOwn(keys, axis.name) ? axis.find(keys[axis.name]!) : open(axis)));
  return position.every((index) => index !== undefined) ? position : undefined;
}

function* box(ends: Ends): Generator<readonly number[], void> {
  const at = ends.map(({ low }) => low);
  for (;;) {
    yield [...at];
    let i = at.length - 1;
    while (i >= 0 && ++at[i]! > ends[i]!.high) {
      at[i] = ends[i]!.low;
      i--;
    }
    if (i < 0) return;
  }
}

/** The same partitions in as few parts as one looks for: `["2026-01-01..2026-01-09", "2026-01-12"]`. Keys must be canonical. */
export function coalesce(space: PartitionSpace, keys: readonly string[]): readonly string[] {
  if (keys.length === 0) return [];
  const positions = keys.map(space.position).sort(compare);
  const low = space.axes.map((_, i) => positions.reduce((least, at) => Math.min(least, at[i]!), Number.POSITIVE_INFINITY));
  const high = space.axes.map((_, i) => positions.reduce((most, at) => Math.max(most, at[i]!), 0));
  const volume = low.reduce((product, from, i) => product * (high[i]! - from + 1), 1);
  if (volume === positions.length) return [rangeText(space, low, high)];

  // Along the axis that reaches furthest; the others stay as they are.
  const along = low.reduce((best, from, i) => (high[i]! - from > high[best]! - low[best]! ? i : best), 0);
  const groups = new Map<string, (readonly number[])[]>();
  for (const position of positions) {
    const rest = position.filter((_, i) => i !== along).join(",");
    const group = groups.get(rest);
    if (group) group.push(position);
    else groups.set(rest, [position]);
  }
  return [...groups.values()].flatMap((group) => {
    const texts: string[] = [];
    let begin = group[0]!;
    group.forEach((position, i) => {
      const next = group[i + 1];
      if (next && next[along] === position[along]! + 1) return;
      texts.push(rangeText(space, begin, position));
      if (next) begin = next;
    });
    return texts;
  });
}

function rangeText(space: PartitionSpace, low: readonly number[], high: readonly number[]): string {
  const [first, last] = [space.keyOf(low), space.keyOf(high)];
  return first === last ? first : `${first}..${last}`;
}
