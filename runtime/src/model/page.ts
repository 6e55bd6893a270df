import type { ColumnSchema } from "./values.ts";

export type FilterOperator = "eq" | "ne" | "lt" | "le" | "gt" | "ge" | "contains" | "starts-with" | "is-null" | "is-not-null";
/** A comparison of a column with a value given as text, which the store casts to the column's type. */
export interface Filter {
  readonly column: string;
  readonly operator: FilterOperator;
  readonly value?: string;
}
export interface Sort {
  readonly column: string;
  readonly descending?: boolean;
}

/** A page of a stored table: structured, never SQL text. */
export interface PageRequest {
  /** First row wanted, from 0, counted after filter and sort. */
  readonly offset: number;
  readonly limit: number;
  /** All columns when left out. */
  readonly columns?: readonly string[];
  readonly sort?: readonly Sort[];
  /** All must hold. */
  readonly filter?: readonly Filter[];
}

/** What an I/O manager answers to a page request. */
export interface Page {
  /** Arrow IPC stream of the rows asked for. */
  readonly ipc: Uint8Array;
  /** Rows that pass the filter, over all pages. */
  readonly rows: number;
  /** Types as the store names them, in the order of the IPC's columns. */
  readonly columns: readonly ColumnSchema[];
}

/** How a column is drawn. */
export type CellKind = "number" | "text" | "boolean" | "time" | "binary" | "nested";
export interface PageColumn extends ColumnSchema {
  readonly kind: CellKind;
}

/** A page with every cell as exact text: NULL is `null`, an empty string is "", the string NULL is "NULL". */
export interface TextPage {
  readonly columns: readonly PageColumn[];
  readonly offset: number;
  /** By column, then by row. */
  readonly cells: readonly (readonly (string | null)[])[];
  /** Cells cut at `cellLimit` characters, as `row * columns.length + column` of this page. */
  readonly cut: readonly number[];
  /** Rows that pass the filter, over all pages. */
  readonly rows: number;
}
/** Longest text of one cell in a page; the whole value is fetched on demand. */
export const cellLimit = 256;
