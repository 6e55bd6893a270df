/*
 * Apache Arrow values as any copy or version of the library holds them. A user's tables may come from another copy than ours, where
 * `instanceof` is false, so they are read by these members only.
 */

/** `type.typeId` of Apache Arrow's JavaScript library. */
export const arrowIds = {
  Dictionary: -1,
  Null: 1,
  Int: 2,
  Float: 3,
  Binary: 4,
  Utf8: 5,
  Bool: 6,
  Decimal: 7,
  Date: 8,
  Time: 9,
  Timestamp: 10,
  Interval: 11,
  List: 12,
  Struct: 13,
  Union: 14,
  FixedSizeBinary: 15,
  FixedSizeList: 16,
  Map: 17,
  Duration: 18,
  LargeBinary: 19,
  LargeUtf8: 20,
  LargeList: 21,
  BinaryView: 23,
  Utf8View: 24,
} as const;

export interface ArrowType {
  readonly typeId: number;
  readonly bitWidth?: number;
  readonly isSigned?: boolean;
  readonly precision?: number;
  readonly scale?: number;
  readonly unit?: number;
  readonly timezone?: string | null;
  readonly byteWidth?: number;
  readonly listSize?: number;
  readonly children?: readonly ArrowField[] | null;
  readonly dictionary?: ArrowType;
  readonly toString: () => string;
}

export interface ArrowField {
  readonly name: string;
  readonly type: ArrowType;
  readonly metadata?: ReadonlyMap<string, string>;
}

export type Numbers =
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

export interface ArrowData {
  readonly type: ArrowType;
  readonly length: number;
  /** Counts for bits only: values and offsets are cut already. */
  readonly offset: number;
  readonly nullCount: number;
  readonly nullBitmap?: Uint8Array | null;
  readonly values?: Numbers | null;
  readonly valueOffsets?: Int32Array | BigInt64Array | null;
  readonly children: readonly ArrowData[];
  readonly dictionary?: { readonly data: readonly ArrowData[] };
  readonly variadicBuffers?: readonly Uint8Array[];
}

export interface ArrowBatch {
  readonly numRows: number;
  readonly data: ArrowData;
}

/** Field metadata that says which DuckDB type a column carries that Arrow has no type for. */
export const carriedType = "sluice.type";
/** Field metadata with an ENUM's values, as a JSON array. */
export const carriedValues = "sluice.values";

/** Bytes of a typed array, without copying. */
export const bytesOf = (array: ArrayBufferView): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
