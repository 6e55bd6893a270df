import type { ArrowData } from "./arrow-shape.ts";
import type { Native, Vector } from "./native.ts";
import type { Scratch } from "./scratch-memory.ts";
import type { Validity } from "./validity.ts";

/** Writes rows `start` to `start + count` of an Arrow column into a DuckDB vector; rows that `parent` has no value for become NULL. */
export type ColumnWriter = (vector: Vector, data: ArrowData, start: number, count: number, parent?: Validity) => void;

export interface WriteContext {
  readonly native: Native;
  readonly scratch: Scratch;
}
