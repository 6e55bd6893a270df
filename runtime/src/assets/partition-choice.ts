import { SluiceError } from "../model/errors.ts";
import { joinKey } from "../model/partition.ts";
import type { TypesOf } from "./inputs.ts";
import type { PartitionKey } from "./mapping.ts";
import type { IsAny, Mistake } from "./mistake.ts";
import type { MultiPartitions, Unpartitioned } from "./partitions.ts";
import { describe } from "./spec.ts";

/** A partition as code names it: its key, or a key for each dimension. */
export type PartitionName = string | Readonly<Record<string, string>>;
/** From one partition to another, both included; an end that is left out is the first or the last. */
export type PartitionRange = `${string}..${string}`;

type NameOf<P> = P extends MultiPartitions ? PartitionKey<P> | string : PartitionKey<P>;

/** Which partition of an input is loaded: needed where it has partitions and does not say which, refused everywhere else. */
export type PartitionOption<I> =
  TypesOf<I> extends readonly [unknown, infer P, infer T, unknown]
    ? IsAny<P> extends true
      ? { readonly partition?: PartitionName }
      : [P] extends [Unpartitioned]
        ? { readonly partition?: Mistake<"there is no partition to choose: the asset has none, or the input says which it takes"> }
        : [T] extends ["mapped"]
          ? { readonly partition: NameOf<P> }
          : { readonly partition: Mistake<"the input takes partitions relative to another asset's: say .all(), or leave that out"> }
    : { readonly partition?: PartitionName };

/** The text of a partition, as everything inside names it. Throws `config/invalid`. */
export function partitionText(name: unknown): string {
  if (typeof name === "string") return name;
  if (typeof name === "object" && name !== null && !Array.isArray(name) && Object.values(name).every((key) => typeof key === "string")) {
    return joinKey(name as Readonly<Record<string, string>>);
  }
  throw new SluiceError("config/invalid", `A partition is named by its key, or by a key for each dimension, not by ${describe(name)}.`);
}

/** What a run is asked to make: of every selected asset that has such partitions. */
export interface PartitionChoice {
  /** One partition. */
  readonly partition?: PartitionName;
  /** Several: keys, and ranges "A..B". */
  readonly partitions?: readonly PartitionName[];
  /** From A to B, both included: "2026-01-01..2026-01-31"; ".." is all of them. */
  readonly range?: PartitionRange;
}

/** Everything that is asked for, together; `undefined` where nothing is said. Throws `config/invalid`. */
export function chosenParts({ partition, partitions, range }: PartitionChoice): readonly string[] | undefined {
  if (partition === undefined && partitions === undefined && range === undefined) return undefined;
  if (partitions !== undefined && !Array.isArray(partitions)) {
    throw new SluiceError("config/invalid", `"partitions" is ${describe(partitions)} where it takes a list.`, {
      hint: 'One is given as "partition".',
    });
  }
  if (range !== undefined && !(typeof range === "string" && range.includes(".."))) {
    throw new SluiceError("config/invalid", `"range" is ${describe(range)} where it takes "A..B".`);
  }
  return [...(partition === undefined ? [] : [partition]), ...(partitions ?? [])].map(partitionText).concat(range ?? []);
}
