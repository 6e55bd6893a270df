import type { Data, DataType } from "apache-arrow";
import { makeData } from "apache-arrow";
import { SluiceError } from "../model/errors.ts";
import type { ColumnKind } from "./columns.ts";
import { fieldOfKind, kindText } from "./columns.ts";
import * as exact from "./exact.ts";
import type { Place } from "./infer.ts";
import { isBytes, isPlain, valueAt } from "./infer.ts";
import { packTexts } from "./text.ts";

/** Values of one column of some rows, and where they are. */
interface Values {
  readonly length: number;
  readonly at: (index: number) => unknown;
  readonly place: Place;
  /** Row of a value, counted from 0; of an item inside a list, the row of the list. */
  readonly rowOf: (index: number) => number;
}

/** Which values are null, as Arrow's bitmap; nothing is allocated while none is. */
function nullBits(length: number) {
  let bitmap: Uint8Array | undefined;
  let count = 0;
  return {
    add: (index: number): void => {
      bitmap ??= new Uint8Array(((length + 63) >> 6) << 3).fill(255);
      bitmap[index >> 3]! &= ~(1 << (index & 7));
      count++;
    },
    props: () => ({ nullBitmap: bitmap, nullCount: count }),
  };
}

function refusal(kind: ColumnKind, value: unknown, { place, rowOf }: Values, index: number, inexact: boolean): SluiceError {
  const where = `Column "${place.column}" of asset "${place.asset}": ${exact.shown(value)} (row ${rowOf(index) + 1})`;
  return inexact
    ? new SluiceError("io/inexact-value", `${where} does not fit ${kindText(kind)} exactly.`, {
        asset: place.asset,
        hint: "Round it first, or give the column a type that holds it.",
      })
    : new SluiceError("io/unsupported-value", `${where} is no ${kindText(kind)}.`, {
        asset: place.asset,
        hint: "Convert it, or change the column's type in columns.",
      });
}

/** Fills a column value by value. `convert` answers like the functions of exact.ts. */
function fill<T>(kind: ColumnKind, values: Values, convert: (value: unknown) => T | null | undefined, set: (index: number, value: T) => void) {
  const nulls = nullBits(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values.at(i);
    if (value === null || value === undefined) {
      nulls.add(i);
      continue;
    }
    const converted = convert(value);
    if (converted === undefined || converted === null) throw refusal(kind, value, values, i, converted === null);
    set(i, converted);
  }
  return nulls.props();
}

/** Arrow data of a column. Throws `io/inexact-value`, `io/unsupported-value`, naming column and row. */
export function buildColumn(kind: ColumnKind, values: Values): Data {
  const type = fieldOfKind("", kind).type as DataType;
  const length = values.length;
  const data = (buffer: ArrayBufferView, nulls: object): Data => makeData({ type, length, data: buffer, ...nulls } as never);
  switch (kind.type) {
    case "boolean": {
      const bits = new Uint8Array(((length + 63) >> 6) << 3);
      const nulls = fill(
        kind,
        values,
        (value) => (typeof value === "boolean" ? value : undefined),
        (i, value) => {
          if (value) bits[i >> 3]! |= 1 << (i & 7);
        },
      );
      return data(bits, nulls);
    }
    case "integer":
      return kind.bits === 64 ? data(...int64s(kind, values)) : data(...integers(kind, values));
    case "float": {
      const numbers = kind.bits === 64 ? new Float64Array(length) : new Float32Array(length);
      const nulls = fill(
        kind,
        values,
        (value) => exact.toFloat(value, kind.bits),
        (i, value) => {
          numbers[i] = value;
        },
      );
      return data(numbers, nulls);
    }
    case "decimal": {
      const words = new BigUint64Array(length * 2);
      const nulls = fill(
        kind,
        values,
        (value) => exact.toDecimal(value, kind.precision, kind.scale),
        (i, value) => setWide(words, i, value),
      );
      return data(new Uint32Array(words.buffer), nulls);
    }
    case "date": {
      const days = new Int32Array(length);
      const nulls = fill(kind, values, exact.toDays, (i, value) => {
        days[i] = value;
      });
      return data(days, nulls);
    }
    case "time": {
      const micros = new BigInt64Array(length);
      const nulls = fill(kind, values, exact.toTimeMicros, (i, value) => {
        micros[i] = value;
      });
      return data(micros, nulls);
    }
    case "timestamp":
      return data(...timestamps(kind, values));
    case "uuid": {
      const bytes = new Uint8Array(length * 16);
      const nulls = fill(kind, values, exact.toUuid, (i, value) => bytes.set(value, i * 16));
      return data(bytes, nulls);
    }
    case "text":
      return textColumn(kind, type, values);
    case "bytes":
      return bytesColumn(kind, type, values);
    case "list":
      return listColumn(kind, type, values);
    case "struct":
      return structColumn(kind, type, values);
  }
}

/** A signed or unsigned integer of 128 bits, little-endian, two's complement. */
function setWide(words: BigUint64Array, index: number, value: bigint): void {
  words[index * 2] = BigInt.asUintN(64, value);
  words[index * 2 + 1] = BigInt.asUintN(64, value >> 64n);
}

/** Two's complement of a whole number below 2^53, without a bigint. */
function setNumber(words: Int32Array, index: number, value: number): void {
  words[index * 2] = value | 0;
  words[index * 2 + 1] = Math.floor(value / 4_294_967_296);
}

function int64s(kind: ColumnKind & { type: "integer" }, values: Values): [ArrayBufferView, object] {
  const words = new Int32Array(values.length * 2);
  const wide = kind.signed ? new BigInt64Array(words.buffer) : new BigUint64Array(words.buffer);
  const convert = (value: unknown): number | bigint | null | undefined => {
    if (typeof value === "number" && Number.isSafeInteger(value) && (kind.signed || value >= 0)) return value;
    return inRange(exact.toInteger(value), 64, kind.signed);
  };
  const nulls = fill(kind, values, convert, (i, value) => {
    if (typeof value === "number") setNumber(words, i, value);
    else wide[i] = value;
  });
  return [wide, nulls];
}

function inRange(value: bigint | null | undefined, bits: number, signed: boolean): bigint | null | undefined {
  if (value === undefined || value === null) return value;
  return (signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)) === value ? value : null;
}

const intArrays = {
  signed: { 8: Int8Array, 16: Int16Array, 32: Int32Array },
  unsigned: { 8: Uint8Array, 16: Uint16Array, 32: Uint32Array },
} as const;

function integers(kind: ColumnKind & { type: "integer" }, values: Values): [ArrayBufferView, object] {
  const { bits, signed } = kind;
  const convert = (value: unknown) => inRange(exact.toInteger(value), bits, signed);
  const { length } = values;
  if (bits === 128) {
    const words = new BigUint64Array(length * 2);
    const nulls = fill(kind, values, convert, (i, value) => setWide(words, i, value));
    return [new Uint8Array(words.buffer), nulls];
  }
  const numbers = new intArrays[signed ? "signed" : "unsigned"][bits as 8 | 16 | 32](length);
  const nulls = fill(kind, values, convert, (i, value) => {
    numbers[i] = Number(value);
  });
  return [numbers, nulls];
}

function timestamps(kind: ColumnKind & { type: "timestamp" }, values: Values): [ArrayBufferView, object] {
  const words = new Int32Array(values.length * 2);
  const wide = new BigInt64Array(words.buffer);
  const convert = (value: unknown): number | bigint | null | undefined => {
    const micros = kind.unit === "us" && value instanceof Date ? value.getTime() * 1000 : Number.NaN;
    return Number.isSafeInteger(micros) ? micros : exact.toTimestamp(value, kind.unit, kind.zoned);
  };
  const nulls = fill(kind, values, convert, (i, value) => {
    if (typeof value === "number") setNumber(words, i, value);
    else wide[i] = value;
  });
  return [wide, nulls];
}

function textColumn(kind: ColumnKind, type: DataType, values: Values): Data {
  const texts = new Array<string>(values.length).fill("");
  const nulls = fill(kind, values, exact.toText, (i, value) => {
    texts[i] = value;
  });
  const { offsets, bytes } = packTexts(texts, values.place, values.rowOf);
  return makeData({ type, length: texts.length, valueOffsets: offsets, data: bytes, ...nulls } as never);
}

function bytesColumn(kind: ColumnKind, type: DataType, values: Values): Data {
  const { length } = values;
  const parts: Uint8Array[] = [];
  const offsets = new Int32Array(length + 1);
  let end = 0;
  const nulls = fill(
    kind,
    values,
    (value) => (isBytes(value) ? value : undefined),
    (i, value) => {
      parts.push(value);
      end += value.length;
      offsets[i + 1] = end;
    },
  );
  for (let i = 1; i <= length; i++) if (offsets[i]! < offsets[i - 1]!) offsets[i] = offsets[i - 1]!;
  return makeData({ type, length, valueOffsets: offsets, data: new Uint8Array(Buffer.concat(parts, end)), ...nulls } as never);
}

function listColumn(kind: ColumnKind & { type: "list" }, type: DataType, values: Values): Data {
  const { length } = values;
  const items: unknown[] = [];
  const rows: number[] = [];
  const offsets = new Int32Array(length + 1);
  const nulls = fill(
    kind,
    values,
    (value) => (Array.isArray(value) ? (value as readonly unknown[]) : undefined),
    (i, value) => {
      const row = values.rowOf(i);
      for (const item of value) {
        items.push(item);
        rows.push(row);
      }
      offsets[i + 1] = items.length;
    },
  );
  for (let i = 1; i <= length; i++) if (offsets[i]! < offsets[i - 1]!) offsets[i] = offsets[i - 1]!;
  const place = { asset: values.place.asset, column: `${values.place.column}[]` };
  const child = buildColumn(kind.item, { length: items.length, at: (index) => items[index], place, rowOf: (index) => rows[index]! });
  return makeData({ type, length, valueOffsets: offsets, child, ...nulls } as never);
}

function structColumn(kind: ColumnKind & { type: "struct" }, type: DataType, values: Values): Data {
  const { length } = values;
  const structs = new Array<Readonly<Record<string, unknown>> | undefined>(length).fill(undefined);
  const fits = (value: unknown) => {
    if (!isPlain(value)) return undefined;
    return Object.keys(value).every((name) => kind.fields.has(name) || value[name] === undefined) ? value : null;
  };
  const nulls = fill(kind, values, fits, (i, value) => {
    structs[i] = value;
  });
  const children = Array.from(kind.fields, ([name, field]) => {
    const place = { asset: values.place.asset, column: `${values.place.column}.${name}` };
    const at = (index: number) => {
      const struct = structs[index];
      return struct && valueAt(struct, name);
    };
    return buildColumn(field, { length, at, place, rowOf: values.rowOf });
  });
  return makeData({ type, length, children, ...nulls } as never);
}
