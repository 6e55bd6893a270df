import type { Vector as ArrowVector, Data, DataType, Field } from "apache-arrow";
import { makeData, Utf8, vectorFromArray } from "apache-arrow";
import { enumValues } from "./arrow-types.ts";
import { type GrowingBuffer, growingBuffer, grownOffsets } from "./growing-buffer.ts";
import { createValidity } from "./growing-validity.ts";
import { type LogicalType, type Native, typeIds as T, type Vector } from "./native.ts";
import { type Gather, readDecimals, readUuids } from "./read-numbers.ts";
import { readTexts } from "./read-text.ts";
import { isValid, type Validity } from "./validity.ts";
import { endView, vectorBytes, vectorWords } from "./vector-memory.ts";

/** Gathers the vectors of one column into one piece of Arrow data. */
export interface ColumnReader {
  /** Appends `count` rows of a vector from row `from`. The vector's chunk must stay referenced meanwhile. */
  readonly read: (vector: Vector, from: number, count: number) => void;
  /** Bytes gathered since `take`. */
  readonly size: () => number;
  /** What was gathered, and begins anew. */
  readonly take: () => Data;
}

const fixed: Readonly<Record<number, number>> = {
  [T.TINYINT]: 1,
  [T.SMALLINT]: 2,
  [T.INTEGER]: 4,
  [T.BIGINT]: 8,
  [T.UTINYINT]: 1,
  [T.USMALLINT]: 2,
  [T.UINTEGER]: 4,
  [T.UBIGINT]: 8,
  [T.FLOAT]: 4,
  [T.DOUBLE]: 8,
  [T.DATE]: 4,
  [T.TIME]: 8,
  [T.TIME_NS]: 8,
  [T.TIMESTAMP]: 8,
  [T.TIMESTAMP_S]: 8,
  [T.TIMESTAMP_MS]: 8,
  [T.TIMESTAMP_NS]: 8,
  [T.TIMESTAMP_TZ]: 8,
  [T.HUGEINT]: 16,
  [T.UHUGEINT]: 16,
};
const decimalWidths: Readonly<Record<number, number>> = { [T.SMALLINT]: 2, [T.INTEGER]: 4, [T.BIGINT]: 8, [T.HUGEINT]: 16 };

/** The reader of a column whose Arrow field is `arrowField` of its type; `expected` rows decide how much memory it starts with. */
export function columnReader(native: Native, type: LogicalType, field: Field, expected: number): ColumnReader {
  const id = native.get_type_id(type) as number;
  const width = fixed[id];
  if (width !== undefined) return fixedReader(native, field.type, width, expected);
  switch (id) {
    case T.BOOLEAN:
      return booleanReader(native, field.type, expected);
    case T.DECIMAL: {
      const stored = decimalWidths[native.decimal_internal_type(type) as number] as number;
      if (stored === 16) return fixedReader(native, field.type, 16, expected);
      return convertedReader(native, field.type, stored, 16, expected, readDecimals(stored));
    }
    case T.UUID:
      return convertedReader(native, field.type, 16, 16, expected, readUuids);
    case T.ENUM: {
      const codes = { [T.UTINYINT]: 1, [T.USMALLINT]: 2, [T.UINTEGER]: 4 }[native.enum_internal_type(type) as number] as number;
      const dictionary = vectorFromArray(enumValues(native, type), new Utf8());
      return fixedReader(native, field.type, codes, expected, dictionary);
    }
    case T.VARCHAR:
    case T.BLOB:
      return textReader(native, field.type, expected);
    case T.LIST:
    case T.MAP:
      return listReader(native, type, field, expected, id === T.MAP);
    case T.ARRAY:
      return arrayReader(native, type, field, expected);
    case T.STRUCT:
      return structReader(native, type, field, expected);
    case T.UNION: {
      const count = native.union_type_member_count(type);
      const members = Array.from({ length: count }, (_, i) => native.union_type_member_type(type, i));
      return membersReader(native, [native.create_logical_type(T.UTINYINT as number), ...members], field, expected);
    }
    case T.SQLNULL:
      return nullReader(field.type);
    default:
      throw new Error(`No reader for DuckDB's type ${id}`);
  }
}

/** Arrow's typed array over the bytes gathered. */
function valuesOf(type: DataType, bytes: Uint8Array<ArrayBuffer>, used: number) {
  const Values = type.ArrayType as unknown as {
    new (buffer: ArrayBuffer, offset: number, length: number): ArrayBufferView;
    readonly BYTES_PER_ELEMENT: number;
  };
  return new Values(bytes.buffer, bytes.byteOffset, used / Values.BYTES_PER_ELEMENT);
}

/** `makeData` is overloaded per type, and the type is known only at run time here. */
const data = (props: object): Data => makeData(props as Parameters<typeof makeData>[0]) as Data;

function fixedReader(native: Native, type: DataType, width: number, expected: number, dictionary?: ArrowVector): ColumnReader {
  return convertedReader(native, type, width, width, expected, (raw, out, at) => out.set(raw, at * width), dictionary);
}

/** A column of values of one width: `stored` bytes in the vector, `width` in Arrow. */
function convertedReader(
  native: Native,
  type: DataType,
  stored: number,
  width: number,
  expected: number,
  gather: Gather,
  dictionary?: ArrowVector,
): ColumnReader {
  const nulls = createValidity(native);
  let buffer: GrowingBuffer | undefined;
  let rows = 0;
  return {
    read: (vector, from, count) => {
      buffer ??= growingBuffer(Math.max(expected, count) * width);
      buffer.reserve((rows + count) * width, rows * width);
      nulls.read(vector, from, rows, count);
      const raw = vectorBytes(native, vector, from, count, stored);
      gather(raw, buffer.bytes, rows, count);
      endView(raw);
      rows += count;
    },
    size: () => rows * width,
    take: () => {
      const length = rows;
      const { bytes } = buffer ?? growingBuffer(0);
      const props = { type, length, offset: 0, data: valuesOf(type, bytes, length * width), ...nulls.take(length) };
      rows = 0;
      expected = length;
      buffer = undefined;
      return data({ ...props, ...(dictionary ? { dictionary } : {}) });
    },
  };
}

function booleanReader(native: Native, type: DataType, expected: number): ColumnReader {
  const nulls = createValidity(native);
  let bits = new Uint8Array();
  let rows = 0;
  return {
    read: (vector, from, count) => {
      const need = (rows + count + 7) >> 3;
      if (need > bits.length) {
        const larger = new Uint8Array(Math.max(need, bits.length * 2, (expected + 7) >> 3));
        larger.set(bits);
        bits = larger;
      }
      nulls.read(vector, from, rows, count);
      const raw = vectorBytes(native, vector, from, count, 1);
      for (let i = 0; i < count; i++) if (raw[i]) bits[(rows + i) >> 3] = (bits[(rows + i) >> 3] as number) | (1 << ((rows + i) & 7));
      endView(raw);
      rows += count;
    },
    size: () => rows >> 3,
    take: () => {
      const [length, taken] = [rows, bits];
      rows = 0;
      expected = length;
      bits = new Uint8Array();
      return data({ type, length, offset: 0, data: taken, ...nulls.take(length) });
    },
  };
}

function textReader(native: Native, type: DataType, expected: number): ColumnReader {
  const nulls = createValidity(native);
  let bytes: GrowingBuffer | undefined;
  let expectedBytes = expected * 16;
  let offsets = new Int32Array(1);
  let rows = 0;
  let used = 0;
  return {
    read: (vector, from, count) => {
      bytes ??= growingBuffer(expectedBytes);
      offsets = grownOffsets(offsets, Math.max(rows + count, expected));
      const validity = nulls.read(vector, from, rows, count);
      used = readTexts(native, vector, from, count, validity, bytes, used, offsets, rows);
      rows += count;
    },
    size: () => used + rows * 4,
    take: () => {
      const props = {
        type,
        length: rows,
        offset: 0,
        valueOffsets: offsets.subarray(0, rows + 1),
        data: (bytes?.bytes ?? new Uint8Array()).subarray(0, used),
      };
      const taken = data({ ...props, ...nulls.take(rows) });
      offsets = new Int32Array(1);
      expected = rows;
      expectedBytes = used + 16;
      bytes = undefined;
      rows = 0;
      used = 0;
      return taken;
    },
  };
}

/** Pieces of a list's child that the rows cover, in order of the rows: one, unless the engine left gaps or changed the order. */
function pieces(entries: Uint32Array, count: number, validity: Validity): readonly (readonly [from: number, length: number])[] {
  const found: (readonly [number, number])[] = [];
  let begin = 0;
  let end = 0;
  for (let i = 0; i < count; i++) {
    const length = entries[4 * i + 2] as number;
    if (length === 0 || !isValid(validity, i)) continue;
    const from = entries[4 * i] as number;
    if (from === end && end > begin) end += length;
    else {
      if (end > begin) found.push([begin, end - begin]);
      begin = from;
      end = from + length;
    }
  }
  if (end > begin) found.push([begin, end - begin]);
  return found;
}

function listReader(native: Native, type: LogicalType, field: Field, expected: number, isMap: boolean): ColumnReader {
  const nulls = createValidity(native);
  const inner = field.type.children[0] as Field;
  const child = isMap
    ? membersReader(native, [native.map_type_key_type(type), native.map_type_value_type(type)], inner, expected)
    : columnReader(native, native.list_type_child_type(type), inner, expected);
  let offsets = new Int32Array(1);
  let rows = 0;
  let elements = 0;
  return {
    read: (vector, from, count) => {
      offsets = grownOffsets(offsets, Math.max(rows + count, expected));
      const validity = nulls.read(vector, from, rows, count);
      const entries = vectorWords(native, vector, from, count);
      const source = native.list_vector_get_child(vector);
      for (const [begin, length] of pieces(entries, count, validity)) child.read(source, begin, length);
      for (let i = 0; i < count; i++) {
        if (isValid(validity, i)) elements += entries[4 * i + 2] as number;
        offsets[rows + i + 1] = elements;
      }
      rows += count;
    },
    size: () => rows * 4 + child.size(),
    take: () => {
      const props = { type: field.type, length: rows, offset: 0, valueOffsets: offsets.subarray(0, rows + 1), child: child.take() };
      const taken = data({ ...props, ...nulls.take(rows) });
      offsets = new Int32Array(1);
      expected = rows;
      rows = 0;
      elements = 0;
      return taken;
    },
  };
}

function arrayReader(native: Native, type: LogicalType, field: Field, expected: number): ColumnReader {
  const nulls = createValidity(native);
  const size = native.array_type_array_size(type);
  const child = columnReader(native, native.array_type_child_type(type), field.type.children[0] as Field, expected * size);
  let rows = 0;
  return {
    read: (vector, from, count) => {
      nulls.read(vector, from, rows, count);
      child.read(native.array_vector_get_child(vector), from * size, count * size);
      rows += count;
    },
    size: child.size,
    take: () => {
      const taken = data({ type: field.type, length: rows, offset: 0, child: child.take(), ...nulls.take(rows) });
      rows = 0;
      return taken;
    },
  };
}

function structReader(native: Native, type: LogicalType, field: Field, expected: number): ColumnReader {
  const types = Array.from({ length: native.struct_type_child_count(type) }, (_, i) => native.struct_type_child_type(type, i));
  return membersReader(native, types, field, expected);
}

function membersReader(native: Native, types: readonly LogicalType[], field: Field, expected: number): ColumnReader {
  const nulls = createValidity(native);
  const children = types.map((member, i) => columnReader(native, member, field.type.children[i] as Field, expected));
  let rows = 0;
  return {
    read: (vector, from, count) => {
      nulls.read(vector, from, rows, count);
      for (const [i, child] of children.entries()) child.read(native.struct_vector_get_child(vector, i), from, count);
      rows += count;
    },
    size: () => children.reduce((sum, child) => sum + child.size(), 0),
    take: () => {
      const taken = data({ type: field.type, length: rows, offset: 0, children: children.map((child) => child.take()), ...nulls.take(rows) });
      rows = 0;
      return taken;
    },
  };
}

function nullReader(type: DataType): ColumnReader {
  let rows = 0;
  return {
    read: (_vector, _from, count) => {
      rows += count;
    },
    size: () => 0,
    take: () => {
      const taken = data({ type, length: rows, offset: 0 });
      rows = 0;
      return taken;
    },
  };
}
