import { isKind, kind } from "../io/manager.ts";
import type { PartitionDimension } from "../model/partition.ts";
import type { PartitionSpace } from "../partitions/space.ts";
import type { StepHost } from "./step-task.ts";

/** A partition as `run` sees it. */
export interface ContextPartition {
  readonly key: string;
  /** Of time partitions. */
  readonly start?: Date;
  readonly end?: Date;
  /** By name, where there are several. */
  readonly dimensions?: Readonly<Record<string, ContextPartition>>;
}
/** The partitions being made; `add` gives a dynamic definition new keys, for later runs. */
export type ContextPartitions = readonly ContextPartition[] & {
  readonly add: (definition: unknown, ...keys: readonly string[]) => Promise<void>;
};

/** What the context says of partitions. */
export function contextPartitions(
  space: PartitionSpace | undefined,
  keys: readonly string[],
  range: boolean,
  addPartitions: StepHost["addPartitions"],
): { readonly partition: ContextPartition | undefined; readonly partitions: ContextPartitions } {
  const list = space ? keys.map((key) => ofKey(space, key)) : [];
  const add = async (definition: unknown, ...added: readonly string[]) => {
    const name = isKind(definition, "dynamic") ? (definition as unknown as { readonly name: string }).name : definition;
    if (typeof name !== "string") throw new TypeError("context.partitions.add() takes dynamic partitions, or their name, and then keys.");
    await addPartitions(name, added);
  };
  return { partition: range ? undefined : list[0], partitions: Object.defineProperty(list, "add", { value: add }) as unknown as ContextPartitions };
}

function ofKey(space: PartitionSpace, key: string): ContextPartition {
  const { dimensions } = space.slice(key);
  if (space.definition[kind] !== "multi") return ofDimension(dimensions[0]!);
  return { key, dimensions: Object.fromEntries(dimensions.map((dimension) => [dimension.name, ofDimension(dimension)])) };
}

const ofDimension = ({ key, window }: PartitionDimension): ContextPartition => ({
  key,
  ...(window ? { start: new Date(window.start), end: new Date(window.end) } : {}),
});
