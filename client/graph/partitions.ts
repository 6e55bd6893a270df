import type { ManifestDimension, PartitionStatus } from "../../runtime/src/model/graph.ts";
import { splitKey } from "../../runtime/src/model/partition.ts";

export type Dimensions = readonly Pick<ManifestDimension, "name" | "type">[];

/** Most lines that a list of partitions shows without folding them into parts. */
export const longList = 200;

/** Keys along each dimension, in the order of the dimensions. */
export function partsOf(key: string, dimensions: Dimensions): readonly string[] {
  if (dimensions.length < 2) return [key];
  const parts = splitKey(key) ?? {};
  return dimensions.map(({ name }) => parts[name] ?? "");
}

/** A key for readers: "2026-01-05 · eu" instead of "day=2026-01-05|region=eu". */
export const partitionLabel = (key: string, dimensions: Dimensions): string => partsOf(key, dimensions).join(" · ");

/** Keys along one dimension that occur, in order. */
export const keysAlong = (partitions: readonly PartitionStatus[], dimensions: Dimensions, index: number): readonly string[] => [
  ...new Set(partitions.map(({ key }) => partsOf(key, dimensions)[index] ?? "")),
];

const timeOf = (dimensions: Dimensions) => dimensions.findIndex(({ type }) => type === "time");

/** The order in which people look for them: the newest time first, and otherwise as they are defined. */
export function newestFirst(partitions: readonly PartitionStatus[], dimensions: Dimensions): readonly PartitionStatus[] {
  const time = timeOf(dimensions);
  if (time < 0) return partitions;
  if (dimensions.length < 2) return [...partitions].reverse();
  const byTime = new Map<string, PartitionStatus[]>();
  for (const each of partitions) {
    const at = partsOf(each.key, dimensions)[time] ?? "";
    const list = byTime.get(at);
    if (list) list.push(each);
    else byTime.set(at, [each]);
  }
  return [...byTime.keys()]
    .sort()
    .reverse()
    .flatMap((at) => byTime.get(at) ?? []);
}

/** A part of a long list. */
export interface PartitionBucket {
  readonly label: string;
  readonly partitions: readonly PartitionStatus[];
}

/** A long list in parts: by month where there is a time, by the first of several dimensions, or else by number. Empty for a list that needs none. */
export function bucketsOf(partitions: readonly PartitionStatus[], dimensions: Dimensions): readonly PartitionBucket[] {
  if (partitions.length <= longList) return [];
  const time = timeOf(dimensions);
  const labelOf = (key: string): string | undefined => {
    const parts = partsOf(key, dimensions);
    if (time >= 0) return /^\d{4}-\d{2}/.exec(parts[time] ?? "")?.[0];
    return dimensions.length > 1 ? parts[0] : undefined;
  };
  const named = new Map<string, PartitionStatus[]>();
  for (const each of partitions) {
    const label = labelOf(each.key);
    if (label === undefined) return numbered(partitions, dimensions);
    const list = named.get(label);
    if (list) list.push(each);
    else named.set(label, [each]);
  }
  if (named.size < 2) return numbered(partitions, dimensions);
  return Array.from(named, ([label, list]) => ({ label, partitions: list }));
}

function numbered(partitions: readonly PartitionStatus[], dimensions: Dimensions): readonly PartitionBucket[] {
  const buckets: PartitionBucket[] = [];
  for (let from = 0; from < partitions.length; from += longList) {
    const part = partitions.slice(from, from + longList);
    const [first, last] = [part[0], part.at(-1)].map((each) => partitionLabel(each?.key ?? "", dimensions));
    buckets.push({ label: `${first} … ${last}`, partitions: part });
  }
  return buckets;
}

export interface StateCounts {
  readonly total: number;
  readonly stored: number;
  readonly failed: number;
  readonly missing: number;
  readonly stale: number;
}

export function countStates(partitions: readonly PartitionStatus[]): StateCounts {
  const count = (is: (status: PartitionStatus) => boolean) => partitions.reduce((sum, each) => sum + Number(is(each)), 0);
  return {
    total: partitions.length,
    stored: count(({ storedAt, state }) => storedAt !== undefined || state === "fresh" || state === "stale"),
    failed: count(({ state }) => state === "failed"),
    missing: count(({ state }) => state === "missing"),
    stale: count(({ state }) => state === "stale"),
  };
}

const worst = ["failed", "missing", "stale", "unknown", "fresh"] as const;

/** Several assets with the same partitions as one: each partition in the state that asks most for something to be done. Undefined where they differ. */
export function mergePartitions(lists: readonly (readonly PartitionStatus[])[]): readonly PartitionStatus[] | undefined {
  const [first, ...others] = lists;
  if (!first) return undefined;
  if (others.some((list) => list.length !== first.length || list.some(({ key }, at) => key !== first[at]?.key))) return undefined;
  if (others.length === 0) return first;
  return first.map((each, at) => {
    const all = [each, ...others.flatMap((list) => list[at] ?? [])];
    return all.reduce((bad, next) => (worst.indexOf(next.state) < worst.indexOf(bad.state) ? next : bad));
  });
}
