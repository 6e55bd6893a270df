import type { ArrowBatch, ArrowTable, Batches, PolarsFrame, PolarsLazyFrame, Rows, SqlQuery } from "../io/manager.ts";

/** What every table store takes. Type handlers of other packages add members by declaration merging. */
export interface TableValues {
  rows: Rows;
  arrow: ArrowTable;
  batches: AsyncIterable<ArrowBatch>;
  polars: PolarsFrame;
  polarsLazy: PolarsLazyFrame;
  sql: SqlQuery;
}
export type TableValue = TableValues[keyof TableValues];

/** What structured clone keeps: everything but functions and symbols. Checked one level deep; the rest is checked at run time. */
export type Cloneable = string | number | bigint | boolean | null | object;

/** Merge `{ ioManager: TableValue }` into this to have the compiler check assets that name no I/O manager key. */
// biome-ignore lint/suspicious/noEmptyInterface: merged by users
export interface Register {}
export type DefaultStorable = Register extends { ioManager: infer Value } ? Value : Cloneable | TableValue;

/** The row type of a table value; `unknown` where the compiler cannot know it. */
export type RowOf<Value> = Value extends readonly (infer Row)[]
  ? Row
  : Value extends SqlQuery<infer Row>
    ? Row
    : Value extends Batches<infer Row>
      ? Row
      : unknown;
