import type { ArrowData } from "./arrow-shape.ts";
import type { Native, Vector } from "./native.ts";

/** One bit per row, from bit 0, 1 for a value: DuckDB's validity is laid out as Arrow's. `undefined` where every row has a value. */
export type Validity = Uint8Array<ArrayBuffer> | undefined;

/** Validity of `count` rows of `data` from `start`, with the rows cleared that the parent has no value for. */
export function validityOf(data: ArrowData, start: number, count: number, parent: Validity): Validity {
  const bitmap = data.nullBitmap;
  if (!bitmap || bitmap.length === 0 || data.nullCount === 0) return parent;
  const bytes = (count + 7) >> 3;
  const out = new Uint8Array(bytes);
  const bit = data.offset + start;
  const first = bit >> 3;
  const shift = bit & 7;
  if (shift === 0) out.set(bitmap.subarray(first, first + bytes));
  else for (let i = 0; i < bytes; i++) out[i] = ((bitmap[first + i] ?? 0) >>> shift) | ((bitmap[first + i + 1] ?? 0) << (8 - shift));
  if (parent) for (let i = 0; i < bytes; i++) out[i] = (out[i] as number) & (parent[i] as number);
  return out;
}

export function writeValidity(native: Native, vector: Vector, validity: Validity, count: number): void {
  if (!validity) return;
  native.vector_ensure_validity_writable(vector);
  native.copy_data_to_vector_validity(vector, 0, validity.buffer, validity.byteOffset, (count + 7) >> 3);
}

export const isValid = (validity: Validity, row: number): boolean => !validity || (((validity[row >> 3] as number) >> (row & 7)) & 1) === 1;

/** Validity of the `size` elements of every row: those of a row without a value have none. */
export function spreadValidity(validity: Validity, count: number, size: number): Validity {
  if (!validity) return undefined;
  const out = new Uint8Array((count * size + 7) >> 3);
  for (let i = 0; i < count * size; i++) if (isValid(validity, Math.floor(i / size))) out[i >> 3] = (out[i >> 3] as number) | (1 << (i & 7));
  return out;
}
