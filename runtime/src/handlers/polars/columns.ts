import type { Data, DataType, Field, Schema } from "apache-arrow";
import * as arrow from "apache-arrow";
import { SluiceError } from "../../model/errors.ts";
import { type ColumnKind, kindText, parseColumnType, sluiceType } from "../columns.ts";

/*
 * What Polars makes of Arrow's columns, measured with nodejs-polars 0.26: it takes the types below as they are and gives the same values
 * back; a clock time of 24:00:00 becomes null, a second's timestamp overflows, decimals of 256 bits and zones that are no names end in a
 * panic. So whatever it would change is turned into what it keeps, or refused, before it sees it.
 */

/** A column as the other side takes it: its field, and its data where that differs. */
export interface Conversion {
  readonly field: Field;
  /** Left out where the data stay as they are. Throws `io/inexact-value`, `io/unsupported-value`. */
  readonly convert?: ((data: Data) => Data) | undefined;
}

interface Place {
  readonly asset: string;
  readonly column: string;
}

const refuse = ({ asset, column }: Place, type: string, why: string, hint: string): never => {
  throw new SluiceError("io/unsupported-value", `Column "${column}" of asset "${asset}" is ${type}, ${why}.`, { asset, hint });
};
export const refuseValue = ({ asset, column }: Place, what: string, hint: string): SluiceError =>
  new SluiceError("io/inexact-value", `Column "${column}" of asset "${asset}": ${what}.`, { asset, hint });

const castIt = "Cast the column in a query before, or load the input with .as(arrow) or .as(rows()).";

/** Whether a value that is not null lies there. */
export const isSet = (data: Data, index: number): boolean => {
  const { nullBitmap, offset } = data;
  return !nullBitmap || nullBitmap.length === 0 || (nullBitmap[(offset + index) >> 3]! & (1 << ((offset + index) & 7))) !== 0;
};

/** The data with other values of a fixed width, the nulls as they are. */
const withValues = (data: Data, type: DataType, values: ArrayBufferView): Data =>
  data.clone(type as never, data.offset, data.length, data.nullCount, { 1: values, 2: data.nullBitmap } as never, []) as Data;
/** The data as another type of the same layout. */
const retyped = (data: Data, type: DataType, children: readonly Data[] = data.children as readonly Data[]): Data =>
  data.clone(type as never, data.offset, data.length, data.nullCount, data as never, [...children] as never) as Data;

/** Columns of a table for Polars. Throws `io/unsupported-value` naming the first column that it cannot hold. */
export function columnsForPolars(schema: Schema, asset: string): readonly Conversion[] {
  const names = new Set<string>();
  return schema.fields.map((field) => {
    if (names.has(field.name)) {
      throw new SluiceError("io/unsupported-value", `Asset "${asset}" has two columns "${field.name}", which Polars cannot tell apart.`, {
        asset,
        hint: "Rename one in a query before.",
      });
    }
    names.add(field.name);
    return forPolars(field, { asset, column: field.name });
  });
}

function forPolars(field: Field, place: Place): Conversion {
  const { type, name } = field;
  const as = (other: DataType, convert?: (data: Data) => Data): Conversion => ({ field: new arrow.Field(name, other, true), convert });
  if (arrow.DataType.isDecimal(type)) {
    const { precision, scale, bitWidth } = type;
    if (bitWidth === 128 && precision <= 38 && scale >= 0) return as(type);
    return refuse(place, `DECIMAL(${precision},${scale}) of ${bitWidth} bits`, "and Polars' decimals have at most 38 digits in 128 bits", castIt);
  }
  if (arrow.DataType.isFixedSizeBinary(type)) return sixteenBytes(field, place);
  if (arrow.DataType.isTime(type)) return as(type, (data) => withinDay(data, type.unit, place));
  if (arrow.DataType.isTimestamp(type)) {
    if (/^[+-]/.test(type.timezone ?? ""))
      return refuse(place, `TIMESTAMP with the zone "${type.timezone}"`, "and Polars knows zones by name only", 'Use a zone such as "UTC".');
    if (type.unit !== arrow.TimeUnit.SECOND) return as(type);
    const other = new arrow.Timestamp(arrow.TimeUnit.MILLISECOND, type.timezone) as DataType;
    return as(other, (data) => withValues(data, other, milliseconds(data, place)));
  }
  if (arrow.DataType.isDuration(type)) {
    if (type.unit !== arrow.TimeUnit.SECOND) return as(type);
    const other = new arrow.Duration(arrow.TimeUnit.MILLISECOND) as DataType;
    return as(other, (data) => withValues(data, other, milliseconds(data, place)));
  }
  if (arrow.DataType.isInterval(type) || arrow.DataType.isUnion(type))
    return refuse(place, `an Arrow ${type}`, "which Polars has no type for", castIt);
  if (arrow.DataType.isDictionary(type)) {
    const { dictionary } = type;
    if (forPolars(new arrow.Field(name, dictionary as DataType, true), place).convert === undefined) return as(type, setIndices);
    return refuse(place, `an Arrow ${type}`, "a dictionary of values that Polars keeps as another type", "Decode the dictionary first.");
  }
  if (type.children === undefined || type.children === null || type.children.length === 0) return as(type);
  if (arrow.DataType.isFixedSizeList(type) && type.listSize === 0)
    return refuse(place, `an Arrow ${type}`, "and Polars has no arrays without items", castIt);
  return nested(field, place, forPolars);
}

/** Lists, structs and maps, whose children are converted each. */
function nested(field: Field, place: Place, convertChild: (child: Field, place: Place) => Conversion): Conversion {
  const { type, name } = field;
  const children = (type.children as readonly Field[]).map((child) => {
    const column = arrow.DataType.isStruct(type) ? `${place.column}.${child.name}` : `${place.column}[]`;
    return convertChild(child, { asset: place.asset, column });
  });
  const [first] = children as [Conversion];
  const other = arrow.DataType.isStruct(type)
    ? new arrow.Struct(children.map((child) => child.field))
    : arrow.DataType.isList(type)
      ? new arrow.List(first.field)
      : arrow.DataType.isLargeList(type)
        ? new arrow.LargeList(first.field)
        : arrow.DataType.isFixedSizeList(type)
          ? new arrow.FixedSizeList(type.listSize, first.field)
          : new arrow.Map_(first.field as never, (type as arrow.Map_).keysSorted);
  const told = children.some((child) => child.field.metadata.size > 0);
  if (!told && children.every((child) => child.convert === undefined) && String(other) === String(type))
    return { field: new arrow.Field(name, other as DataType, true) };
  const convert = (data: Data): Data =>
    retyped(
      data,
      other as DataType,
      children.map((child, i) => child.convert?.(data.children[i] as Data) ?? (data.children[i] as Data)),
    );
  return { field: new arrow.Field(name, other as DataType, true), convert };
}

/** 128-bit integers become decimals, of the same layout, UUIDs their text; other bytes stay bytes. */
function sixteenBytes(field: Field, place: Place): Conversion {
  const meaning = field.metadata.get(sluiceType) ?? (field.metadata.get("ARROW:extension:name") === "arrow.uuid" ? "UUID" : undefined);
  if (meaning === "UUID") {
    const text = new arrow.Utf8();
    return { field: new arrow.Field(field.name, text, true), convert: (data) => uuidTexts(data, text) };
  }
  if (meaning !== "HUGEINT" && meaning !== "UHUGEINT") return { field: new arrow.Field(field.name, field.type, true) };
  const decimal = new arrow.Decimal(0, 38, 128);
  return { field: new arrow.Field(field.name, decimal, true), convert: (data) => wideDecimals(data, decimal, meaning, place) };
}

/** Indices that point into the dictionary where there is no value either: Polars looks at those too. */
function setIndices(data: Data): Data {
  if (data.nullCount === 0) return data;
  const indices = (data.values as Uint32Array).slice(0, data.length);
  for (let i = 0; i < data.length; i++) if (!isSet(data, i)) indices[i] = 0;
  return withValues(data, data.type, indices);
}

const limit = 10n ** 38n;

function wideDecimals(data: Data, decimal: DataType, meaning: string, place: Place): Data {
  const bytes = data.values as Uint8Array;
  // The buffer of a slice may begin anywhere.
  const words = new BigInt64Array(bytes.slice(0, data.length * 16).buffer);
  for (let i = 0; i < data.length; i++) {
    const [low, high] = [words[2 * i] as bigint, words[2 * i + 1] as bigint];
    if ((high === 0n || high === -1n) && (meaning === "HUGEINT" || high === 0n)) continue;
    if (!isSet(data, i)) continue;
    const value = ((meaning === "HUGEINT" ? high : BigInt.asUintN(64, high)) << 64n) | BigInt.asUintN(64, low);
    if (value >= limit || value <= -limit) {
      throw refuseValue(place, `${value} has more than the 38 digits that Polars' decimals hold`, castIt);
    }
  }
  return withValues(data, decimal, new Uint32Array(words.buffer));
}

function uuidTexts(data: Data, text: DataType): Data {
  const hex = Buffer.from((data.values as Uint8Array).subarray(0, data.length * 16)).toString("hex");
  const bytes = Buffer.alloc(data.length * 36);
  const offsets = new Int32Array(data.length + 1);
  let end = 0;
  for (let i = 0; i < data.length; i++) {
    if (isSet(data, i)) {
      const digits = hex.slice(32 * i, 32 * i + 32);
      const written = `${digits.slice(0, 8)}-${digits.slice(8, 12)}-${digits.slice(12, 16)}-${digits.slice(16, 20)}-${digits.slice(20)}`;
      end += bytes.write(written, end, "latin1");
    }
    offsets[i + 1] = end;
  }
  const buffers = { 0: offsets, 1: new Uint8Array(bytes.buffer, bytes.byteOffset, end), 2: data.nullBitmap };
  return data.clone(text as never, data.offset, data.length, data.nullCount, buffers as never, []) as Data;
}

const perSecond: Readonly<Record<number, number>> = { 0: 1, 1: 1000, 2: 1_000_000, 3: 1_000_000_000 };

/** Refuses 24:00:00, which SQL has and Polars turns into null. */
function withinDay(data: Data, unit: number, place: Place): Data {
  const end = 86_400 * (perSecond[unit] as number);
  const values = data.values as Int32Array | BigInt64Array;
  for (let i = 0; i < data.length; i++) {
    const value = values[i] as number | bigint;
    if (value < end && value >= 0) continue;
    if (isSet(data, i)) throw refuseValue(place, "24:00:00 is no time of day to Polars", "Store it as text, or as a timestamp.");
  }
  return data;
}

const infinity = 9_223_372_036_854_775_807n;

/** Milliseconds from seconds; infinity stays what it is. */
function milliseconds(data: Data, place: Place): BigInt64Array {
  const values = data.values as BigInt64Array;
  const converted = new BigInt64Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const seconds = values[i] as bigint;
    const value = seconds === infinity || seconds === -infinity ? seconds : seconds * 1000n;
    if (BigInt.asIntN(64, value) === value) converted[i] = value;
    else if (isSet(data, i)) throw refuseValue(place, `${seconds} seconds do not fit the milliseconds that Polars counts in`, castIt);
  }
  return converted;
}

// ---------------------------------------------------------------- and back

/** What a column that came from Polars is stored as. `declared` is the type that the asset gives it, in SQL's words. */
export const columnFromPolars = (field: Field, asset: string, declared: string | undefined): Conversion =>
  fromPolars(field, { asset, column: field.name }, declared === undefined ? undefined : parseColumnType(declared));

/** Types that Polars lacks come from `kind`; else a time of day, which counts nanoseconds there only, becomes SQL's. */
function fromPolars(field: Field, place: Place, kind: ColumnKind | undefined): Conversion {
  const { type, name } = field;
  const as = (other: DataType, convert?: (data: Data) => Data, meaning?: string): Conversion => ({
    field: new arrow.Field(name, other, true, meaning === undefined ? undefined : new Map([[sluiceType, meaning]])),
    convert,
  });
  if (arrow.DataType.isLargeUtf8(type) || arrow.DataType.isDictionary(type)) return as(type, undefined, kind && castOf(kind));
  if (arrow.DataType.isDecimal(type) && type.scale === 0 && kind?.type === "integer" && kind.bits === 128) {
    const wide = new arrow.FixedSizeBinary(16);
    return as(wide, (data) => withValues(data, wide, bytesOf(data.values as Uint32Array)), kind.signed ? "HUGEINT" : "UHUGEINT");
  }
  if (arrow.DataType.isTime(type)) {
    if (kind?.type === "text" && kind.sql === "TIME_NS") return as(type);
    const micros = new arrow.TimeMicrosecond();
    return as(micros, (data) => withValues(data, micros, microseconds(data, place)));
  }
  if (arrow.DataType.isTimestamp(type) && type.unit === arrow.TimeUnit.MILLISECOND && kind?.type === "timestamp" && kind.unit === "s") {
    const seconds = new arrow.TimestampSecond();
    return as(seconds, (data) => withValues(data, seconds, wholeSeconds(data, place)));
  }
  if (type.children === undefined || type.children === null || type.children.length === 0) return as(type);
  return nested(field, place, (child, at) =>
    fromPolars(child, at, kind?.type === "list" ? kind.item : kind?.type === "struct" ? kind.fields.get(child.name) : undefined),
  );
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array => new Uint8Array(buffer, byteOffset, byteLength);

/** The type that texts are cast to; none where they stay texts. */
const castOf = (kind: ColumnKind): string | undefined =>
  kind.type === "text" ? kind.sql : kind.type === "list" || kind.type === "struct" ? undefined : kindText(kind).toUpperCase();

function wholeSeconds(data: Data, place: Place): BigInt64Array {
  const values = data.values as BigInt64Array;
  const converted = new BigInt64Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const value = values[i] as bigint;
    const endless = value === infinity || value === -infinity;
    converted[i] = endless ? value : value / 1000n;
    if (!endless && value % 1000n !== 0n && isSet(data, i)) {
      throw refuseValue(place, "a timestamp has milliseconds, which TIMESTAMP_S would lose", "Round it first, or give the column another type.");
    }
  }
  return converted;
}

function microseconds(data: Data, place: Place): BigInt64Array {
  const values = data.values as BigInt64Array;
  const converted = new BigInt64Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const nanos = values[i] as bigint;
    converted[i] = nanos / 1000n;
    if (nanos % 1000n !== 0n && isSet(data, i)) {
      throw refuseValue(
        place,
        "a time of day has nanoseconds, which TIME would lose",
        `Say so: columns: { ${JSON.stringify(place.column)}: "time_ns" }.`,
      );
    }
  }
  return converted;
}
