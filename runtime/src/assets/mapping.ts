import type { Mistake } from "./mistake.ts";
import type {
  DimensionMap,
  DynamicPartitions,
  MultiPartitions,
  Partitions,
  SelfPartitions,
  StaticPartitions,
  TimePartitions,
  Unpartitioned,
} from "./partitions.ts";

/** The grains of which exactly one window contains a window of the grain. */
interface Containing {
  hour: "hour" | "day" | "week" | "month";
  day: "day" | "week" | "month";
  week: "week";
  month: "month";
  cron: never;
}
type OtherPartitions = "the upstream asset has other partitions: say .all(), .latest() or .partition(key)";

/** "one" or "many" upstream partitions for one downstream partition, or why the input has to say what it wants. */
export type Mapping<Up, Down> = [Up] extends [Unpartitioned]
  ? "one"
  : [Up] extends [SelfPartitions]
    ? [Down] extends [TimePartitions]
      ? "many"
      : Mistake<"only time partitions have windows">
    : [Down] extends [Unpartitioned]
      ? Mistake<"the upstream asset is partitioned and this one is not: say .all(), .latest() or .partition(key)">
      : [Up] extends [MultiPartitions<infer UpDimensions>]
        ? MultiMapping<UpDimensions, Down>
        : [Down] extends [MultiPartitions<infer DownDimensions>]
          ? "one" extends { [D in keyof DownDimensions]: Mapping<Up, DownDimensions[D]> }[keyof DownDimensions]
            ? "one"
            : Mistake<OtherPartitions>
          : PlainMapping<Up, Down>;

type PlainMapping<Up, Down> = [Up, Down] extends [TimePartitions<infer UpGrain, infer UpZone>, TimePartitions<infer DownGrain, infer DownZone>]
  ? [UpZone, DownZone] extends [DownZone, UpZone]
    ? UpGrain extends Containing[DownGrain]
      ? "one"
      : "many"
    : Mistake<"the partitions have different time zones: say .window(), .all(), .latest() or .partition(key)">
  : [Up, Down] extends [StaticPartitions<infer UpKey>, StaticPartitions<infer DownKey>]
    ? [DownKey] extends [UpKey]
      ? "one"
      : Mistake<OtherPartitions>
    : [Up, Down] extends [DynamicPartitions<infer UpName>, DynamicPartitions<infer DownName>]
      ? [DownName] extends [UpName]
        ? "one"
        : Mistake<OtherPartitions>
      : Mistake<OtherPartitions>;

/** Each dimension of the upstream asset must find its own name, or else the only dimension there is. */
type MultiMapping<UpDimensions extends DimensionMap, Down> = Worst<
  {
    [D in keyof UpDimensions]: Mapping<
      UpDimensions[D],
      Down extends MultiPartitions<infer DownDimensions> ? (D extends keyof DownDimensions ? DownDimensions[D] : "none") : Down
    >;
  }[keyof UpDimensions]
>;
type Worst<M> = [M] extends ["one"]
  ? "one"
  : [M] extends ["one" | "many"]
    ? "many"
    : Mistake<"the upstream asset has a dimension that this one lacks: say .all(dimension), .latest(dimension) or .partition(key)">;

export type DimensionName<P> = P extends MultiPartitions<infer Dimensions> ? keyof Dimensions & string : never;
/** The partitions that are left when one dimension is taken as a whole. */
export type Without<P, Name> =
  P extends MultiPartitions<infer Dimensions>
    ? [keyof Dimensions] extends [Name]
      ? Unpartitioned
      : MultiPartitions<Omit<Dimensions, Name & string>>
    : never;

export type PartitionKey<P> =
  P extends MultiPartitions<infer Dimensions>
    ? { readonly [D in keyof Dimensions]: PartitionKey<Dimensions[D]> }
    : P extends StaticPartitions<infer Key>
      ? Key
      : P extends Partitions
        ? string
        : never;

/** The partition that `run` is called for; `undefined` for an asset without partitions. */
export type Partition<P> = P extends TimePartitions
  ? { readonly key: string; readonly start: Date; readonly end: Date }
  : P extends StaticPartitions<infer Key>
    ? { readonly key: Key }
    : P extends DynamicPartitions
      ? { readonly key: string }
      : P extends MultiPartitions<infer Dimensions>
        ? { readonly key: string; readonly dimensions: { readonly [D in keyof Dimensions]: Partition<Dimensions[D]> } }
        : undefined;

/** Several partitions of one asset: keys at once, values on demand. */
export interface PartitionMap<Value, Key = string> extends AsyncIterable<readonly [key: Key, value: Value]> {
  readonly keys: readonly Key[];
  readonly size: number;
  has(key: Key): boolean;
  /** Throws `partition/unknown` for a key that is not in `keys`. */
  get(key: Key): Promise<Value>;
  /** Loads all of them, at most `concurrency` (default 4) at a time. */
  load(options?: { readonly concurrency?: number }): Promise<ReadonlyMap<Key, Value>>;
}
