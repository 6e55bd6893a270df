import type { PartitionStatus } from "../../runtime/src/model/graph.ts";
import { countStates, type Dimensions, partitionLabel, partsOf } from "./partitions.ts";

/** Which partitions a run makes; neither for a run without. */
export interface PartitionChoice {
  /** Keys, and ranges "A..B". */
  readonly partitions?: readonly string[];
  /** Of those, or of all, only what is not stored or failed last. */
  readonly missing?: boolean;
}

/** One way of choosing; "range", "several" and "assets" ask further. */
export interface ChoiceItem {
  readonly way: "again" | "missing" | "stale" | "latest" | "range" | "several" | "all";
  /** How many partitions, where that is known before asking further. */
  readonly count?: number;
  /** What it stands for, to show beside it. */
  readonly detail?: string;
  readonly choice?: PartitionChoice;
}

/** All of them, whatever their dimensions. */
export const allPartitions: PartitionChoice = { partitions: [".."] };

/** The ways of choosing that make sense for these partitions, the former choice first. */
export function choiceItems(
  partitions: readonly PartitionStatus[],
  dimensions: Dimensions,
  last: PartitionChoice | undefined,
): readonly ChoiceItem[] {
  const { failed, missing, stale, total } = countStates(partitions);
  const latest = latestOf(partitions, dimensions);
  const again: readonly ChoiceItem[] =
    last?.partitions && last !== allPartitions ? [{ way: "again", choice: last, detail: wordsOf(last, dimensions) }] : [];
  return [
    ...again,
    ...(failed + missing > 0 ? [{ way: "missing" as const, count: failed + missing, choice: { missing: true } }] : []),
    ...(stale > 0
      ? [{ way: "stale" as const, count: stale, choice: { partitions: partitions.flatMap(({ key, state }) => (state === "stale" ? [key] : [])) } }]
      : []),
    ...(latest.length > 0
      ? [{ way: "latest" as const, count: latest.length, detail: latestWords(latest, dimensions), choice: { partitions: latest } }]
      : []),
    ...(total > 1 ? [{ way: "range" as const }, { way: "several" as const }] : []),
    { way: "all", count: total, choice: allPartitions },
  ];
}

/** Keys of the newest time, over all other dimensions; the last key where there is no time. */
function latestOf(partitions: readonly PartitionStatus[], dimensions: Dimensions): readonly string[] {
  const last = partitions.at(-1);
  if (!last) return [];
  const time = dimensions.findIndex(({ type }) => type === "time");
  if (dimensions.length < 2 || time < 0) return [last.key];
  const newest = [...new Set(partitions.map(({ key }) => partsOf(key, dimensions)[time]))].sort().at(-1);
  return partitions.flatMap(({ key }) => (partsOf(key, dimensions)[time] === newest ? [key] : []));
}

function latestWords(keys: readonly string[], dimensions: Dimensions): string {
  const [first = ""] = keys;
  if (keys.length === 1) return partitionLabel(first, dimensions);
  return partsOf(first, dimensions)[dimensions.findIndex(({ type }) => type === "time")] ?? "";
}

/** A choice for readers: "2026-01-01 … 2026-01-07", "eu, us and 3 more" without the last words' language. */
function wordsOf({ partitions = [] }: PartitionChoice, dimensions: Dimensions): string {
  const label = (key: string) => (key.includes("..") && dimensions.length < 2 ? key.replace("..", " … ") : partitionLabel(key, dimensions));
  return partitions.length > 3 ? `${partitions.slice(0, 3).map(label).join(", ")}, … (${partitions.length})` : partitions.map(label).join(", ");
}

/** Of several dimensions, the keys whose parts were all picked. */
export const keysOfParts = (
  partitions: readonly PartitionStatus[],
  dimensions: Dimensions,
  picked: readonly (readonly string[])[],
): readonly string[] => {
  const sets = picked.map((keys) => new Set(keys));
  return partitions.flatMap(({ key }) => (partsOf(key, dimensions).every((part, index) => sets[index]?.has(part) ?? true) ? [key] : []));
};
