import type { PartitionsDefinition } from "../assets/definition.ts";
import type { Dimension, DynamicPartitions, Partitions, StaticPartitions, TimePartitions } from "../assets/partitions.ts";
import { kind } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";
import { nearestName } from "../model/nearest.ts";
import { joinKey, type PartitionDimension, type PartitionSlice, splitKey } from "../model/partition.ts";
import { type TimeSeries, timeSeries } from "./time-series.ts";

/** What partitions there are depends on these: one moment and one look at the store for a whole run. */
export interface Moment {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Keys of dynamic definitions by name, in the order they were added. */
  readonly dynamic: Readonly<Record<string, readonly string[]>>;
}

/** The partitions along one dimension, in order. */
export interface Axis {
  readonly name: string;
  readonly definition: Dimension;
  /** Partitions that count: of time, those whose window has ended. */
  readonly size: number;
  /** Partitions that can be named: the window that is under way too. */
  readonly extent: number;
  readonly keyAt: (index: number) => string;
  readonly find: (text: string) => number | undefined;
  readonly series?: TimeSeries;
}

/** The partitions of one definition at one moment. Keys are canonical; indices count in order, the last dimension fastest. */
export interface PartitionSpace {
  readonly definition: Partitions;
  readonly axes: readonly Axis[];
  /** Partitions that count. */
  readonly size: number;
  /** All of them, in order. */
  readonly keys: () => readonly string[];
  /** The canonical key that a text names, also of a time window that is under way. */
  readonly canonical: (text: string) => string | undefined;
  /** Index along each axis, in the order of `axes`. The key must be canonical. */
  readonly position: (key: string) => readonly number[];
  readonly keyOf: (position: readonly number[]) => string;
  readonly slice: (key: string) => PartitionSlice;
  /** The first, the last, and what else helps who named one that is not there. */
  readonly hint: (text: string) => string;
}

/** Name of the only dimension of a definition that names none. */
export const onlyDimension = "partition";

export const isTime = (definition: PartitionsDefinition): definition is TimePartitions => definition[kind] === "time";
export const isStatic = (definition: PartitionsDefinition): definition is StaticPartitions => definition[kind] === "static";
export const isDynamic = (definition: PartitionsDefinition): definition is DynamicPartitions => definition[kind] === "dynamic";

/** The dimensions of a definition by name, in the order of definition. */
export function dimensionsOf(definition: PartitionsDefinition): readonly (readonly [name: string, dimension: Dimension])[] {
  const known = definition as Partitions;
  return known[kind] === "multi" ? Object.entries(known.dimensions) : [[onlyDimension, known]];
}
/** Names of the dynamic definitions that it uses. */
export const dynamicNames = (definition: PartitionsDefinition): readonly string[] =>
  dimensionsOf(definition).flatMap(([, dimension]) => (isDynamic(dimension) ? [dimension.name] : []));

/** Throws `config/invalid` for a definition of time that cannot be read. */
export function partitionSpace(definition: PartitionsDefinition, moment: Moment): PartitionSpace {
  const known = definition as Partitions;
  const axes = dimensionsOf(known).map(([name, dimension]) => axisOf(name, dimension, moment));
  const single = known[kind] === "multi" ? undefined : axes[0];
  const names = axes.map(({ name }) => name);
  const keyOf = (position: readonly number[]): string =>
    single ? single.keyAt(position[0]!) : joinKey(Object.fromEntries(axes.map((axis, i) => [axis.name, axis.keyAt(position[i]!)])));

  function locate(text: string): readonly number[] | undefined {
    if (single) {
      const index = single.find(text);
      return index === undefined ? undefined : [index];
    }
    const parts = splitKey(text);
    if (!parts || Object.keys(parts).length !== axes.length) return undefined;
    const position = axes.map((axis) => (Object.hasOwn(parts, axis.name) ? axis.find(parts[axis.name]!) : undefined));
    return position.every((index) => index !== undefined) ? position : undefined;
  }
  const position = (key: string): readonly number[] => {
    const found = locate(key);
    if (found) return found;
    throw new SluiceError("partition/unknown", `There is no partition "${key}".`, { hint: hint(key) });
  };

  const sorted = [...axes.keys()].sort((a, b) => (names[a]! < names[b]! ? -1 : 1));
  let all: readonly string[] | undefined;
  const size = axes.reduce((product, axis) => product * axis.size, 1);

  function keys(): readonly string[] {
    if (all) return all;
    const made: string[] = [];
    if (size > 0) {
      const at = axes.map(() => 0);
      const texts = axes.map((axis) => Array.from({ length: axis.size }, (_, index) => axis.keyAt(index)));
      for (let n = 0; n < size; n++) {
        made.push(single ? texts[0]![n]! : joinKey(Object.fromEntries(axes.map(({ name }, i) => [name, texts[i]![at[i]!]!]))));
        for (let i = axes.length - 1; i >= 0 && ++at[i]! >= axes[i]!.size; i--) at[i] = 0;
      }
    }
    all = made;
    return made;
  }

  function hint(text: string): string {
    if (size === 0) return empty(axes);
    const first = keyOf(axes.map(() => 0));
    const last = keyOf(axes.map((axis) => axis.size - 1));
    const near = size <= mostCompared ? nearestName(text, keys()) : undefined;
    const range = size === 1 ? `There is one: "${first}".` : `There are ${size}, from "${first}" to "${last}".`;
    if (near !== undefined) return `Did you mean "${near}"? ${range}`;
    return single ? range : `${range} A key names every dimension: ${names.join(", ")}.`;
  }

  return {
    definition: known,
    axes,
    size,
    keys,
    canonical: (text) => {
      const found = locate(text);
      return found && keyOf(found);
    },
    position,
    keyOf,
    slice: (key) => {
      const at = position(key);
      return { key, dimensions: sorted.map((i) => dimensionAt(axes[i]!, at[i]!)) };
    },
    hint,
  };
}

/** Keys that a misspelt one is compared with. */
const mostCompared = 20_000;

function empty(axes: readonly Axis[]): string {
  const none = axes.find((axis) => axis.size === 0)!;
  if (isDynamic(none.definition)) return `None has been added: sluice partitions add ${none.definition.name} <key>`;
  return "There are none yet: no window of theirs has ended.";
}

function dimensionAt(axis: Axis, index: number): PartitionDimension {
  const { column, partitionExpr } = axis.definition;
  return {
    name: axis.name,
    key: axis.keyAt(index),
    ...(column === undefined ? {} : { column }),
    ...(partitionExpr === undefined ? {} : { partitionExpr }),
    ...(axis.series ? { window: axis.series.window(index) } : {}),
  };
}

function axisOf(name: string, definition: Dimension, moment: Moment): Axis {
  if (isTime(definition)) {
    const series = timeSeries(definition);
    const extent = series.begun(moment.now);
    return {
      name,
      definition,
      size: series.ended(moment.now),
      extent,
      keyAt: series.key,
      find: (text) => {
        const index = series.index(text);
        return index !== undefined && index < extent ? index : undefined;
      },
      series,
    };
  }
  const keys = isStatic(definition) ? definition.keys : (moment.dynamic[definition.name] ?? []);
  const indices = new Map(keys.map((key, index) => [key, index]));
  return { name, definition, size: keys.length, extent: keys.length, keyAt: (index) => keys[index]!, find: (text) => indices.get(text) };
}
