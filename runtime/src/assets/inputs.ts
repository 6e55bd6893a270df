import type { Batches, kind, Rows, SqlQuery, TypeHandler, types, UpstreamRow, ValidRows } from "../io/manager.ts";
import type { IOManagerKey } from "./keys.ts";
import type { DimensionName, Mapping, PartitionKey, PartitionMap, Without } from "./mapping.ts";
import type { IsAny, IsUnknown, Mistake, Nothing } from "./mistake.ts";
import type { TimePartitions, Unpartitioned } from "./partitions.ts";
import type { RowOf, TableValue } from "./values.ts";

/** How partitions are taken: as the mapping says, one named partition, a map of several, or several as one value. */
export type Take = "mapped" | "one" | "many" | "merged";

/** Base of every input; without the setters, so that comparing two inputs stays cheap and never depends on them. */
export interface AnyInput {
  readonly [kind]: "asset" | "input";
  readonly [types]: readonly unknown[];
}
export interface AnyAsset extends AnyInput {
  readonly [kind]: "asset";
  readonly key: string;
}

/** An upstream asset as an asset wants to receive it. The setters return a new input and can be called in any order. */
export interface Input<Value, P, T extends Take = "mapped", Missing = never> extends AnyInput {
  readonly [types]: readonly [value: Value, partitions: P, take: T, missing: Missing];
  /** Load as this shape instead of the one it was written as. */
  as<Shape>(handler: TypeHandler<Shape> & ShapeMistake<Value, Shape>): Input<Shaped<Value, Shape>, P, T, Missing>;
  /** Load some columns only, through another I/O manager, or although partitions are missing. */
  with<Column extends ColumnOf<Value> = never, Allow extends boolean = false>(options: {
    readonly columns?: readonly Column[];
    readonly ioManager?: IOManagerKey;
    readonly allowMissingPartitions?: Allow;
  }): Input<[Column] extends [never] ? Value : Narrowed<Value, Column>, P, T, true extends Allow ? undefined : Missing>;
  /** Every partition; with a dimension, every partition along it and the mapped one along the others. */
  all(): Input<Value, Unpartitioned, "many", Missing>;
  all<D extends DimensionName<P>>(dimension: D): Input<Value, Without<P, D>, "many", Missing>;
  /** The last partition of the definition whose window has ended. */
  latest(): Input<Value, Unpartitioned, "one", Missing>;
  latest<D extends DimensionName<P>>(dimension: D): Input<Value, Without<P, D>, "one", Missing>;
  partition(key: PartitionKey<P>): Input<Value, Unpartitioned, "one", Missing>;
  /** Upstream partitions that overlap from `start` to `end`, counted in this asset's own partitions (as in Dagster), both included. Time partitions only. */
  window(range: P extends TimePartitions ? WindowRange : Mistake<"only time partitions have windows">): Input<Value, P, "many", Missing>;
  /** Several partitions as one table. */
  readonly merged: [Value] extends [TableValue] ? () => Input<Value, P, "merged", Missing> : Mistake<"only tables can be merged">;
}
export interface WindowRange {
  readonly start: number;
  readonly end: number;
}

/** `Value` with the upstream asset's row type filled in. */
type Shaped<Upstream, Value> = Value extends readonly UpstreamRow[]
  ? Rows<RowOf<Upstream>>
  : Value extends SqlQuery<UpstreamRow>
    ? SqlQuery<RowOf<Upstream>>
    : Value extends Batches<UpstreamRow>
      ? Batches<RowOf<Upstream>>
      : Value extends ValidRows<infer Row, unknown>
        ? Rows<Row>
        : Value;
/** What a row must be to be taken: of a validator, what it makes others of. */
type TakenRow<Value, Row> = Value extends { readonly [types]: infer Taken } ? Taken : Row;
type ShapeMistake<Upstream, Value> =
  IsUnknown<Upstream> extends true
    ? unknown
    : [Upstream] extends [TableValue]
      ? Value extends readonly (infer Row)[]
        ? Row extends UpstreamRow
          ? unknown
          : IsUnknown<RowOf<Upstream>> extends true
            ? unknown
            : [RowOf<Upstream>] extends [TakenRow<Value, Row>]
              ? unknown
              : Mistake<"the upstream asset's rows do not fit this row type">
        : unknown
      : Mistake<"the upstream asset's value is not a table: leave out .as()">;

type ColumnOf<Value> = IsUnknown<RowOf<Value>> extends true ? string : keyof RowOf<Value> & string;
type Narrowed<Value, Column> = Value extends readonly (infer Row)[]
  ? Rows<Pick<Row, Column & keyof Row>>
  : Value extends SqlQuery<infer Row>
    ? SqlQuery<IsUnknown<Row> extends true ? unknown : Pick<Row, Column & keyof Row>>
    : Value extends Batches<infer Row>
      ? Batches<IsUnknown<Row> extends true ? unknown : Pick<Row, Column & keyof Row>>
      : Value;

/** A stored value: what `asset`, `assets` and `source` return. `Value` is what a downstream `run` receives. */
export interface Asset<Value, P = Unpartitioned, Key extends string = string> extends Input<Value, P> {
  readonly [kind]: "asset";
  readonly key: Key;
}

export type Inputs = Readonly<Record<string, AnyInput>>;
export type TypesOf<I> = I extends { readonly [types]: infer Types } ? NonNullable<Types> : never;

/** What `run` receives for one input. */
export type Loaded<I, Down, Range = false> =
  TypesOf<I> extends readonly [infer Value, infer Up, infer T, infer Missing]
    ? T extends "merged"
      ? Value
      : T extends "many"
        ? PartitionMap<Value>
        : true extends Range
          ? [Up] extends [Unpartitioned]
            ? Value | Missing
            : PartitionMap<Value>
          : T extends "one"
            ? Value | Missing
            : Mapping<Up, Down> extends "many"
              ? PartitionMap<Value>
              : Value | Missing
    : never;
type InputMistake<I, Down> =
  TypesOf<I> extends readonly [infer Value, infer Up, Take, unknown]
    ? [Value, IsAny<Value>] extends [Nothing, false]
      ? Mistake<"this asset returns nothing, so there is nothing to load: name it in deps">
      : Mapping<Up, Down> extends infer M
        ? M extends string
          ? unknown
          : M
        : never
    : never;
/** Intersected with `inputs`, so that the mistake is reported on the input, whether or not `run` uses it. */
export type InputMistakes<I, Down> = { readonly [Name in keyof I]: InputMistake<I[Name], Down> };
export type LoadedInputs<I, Down, Range = false> = { readonly [Name in keyof I]: Loaded<I[Name], Down, Range> };
/** What one partition of an asset is: with `range: true`, `run` may return a Map with an entry for each. */
export type PerPartition<Value, Range> = true extends Range ? (Value extends ReadonlyMap<string, infer One> ? One : Value) : Value;
