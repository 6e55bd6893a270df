import type { Data, Field, Vector } from "apache-arrow";
import { DataType, DateUnit, TimeUnit } from "apache-arrow";
import { SluiceError } from "../model/errors.ts";
import { sluiceType } from "./columns.ts";
import { dateInfinity, timestampInfinity } from "./exact.ts";
import type { Place } from "./infer.ts";
import type { Reader } from "./object-maker.ts";
import { objectMaker } from "./object-maker.ts";
import { textReader } from "./text.ts";

export interface ReadOptions {
  /** 64-bit integers and wider: "number" refuses a value beyond 2^53 - 1. */
  readonly integers: "number" | "bigint";
  readonly decimals: "string" | "number";
  readonly timestamps: "date" | "string";
  /** Columns whose integers were bigints when they were stored, whatever `integers` says. */
  readonly bigints?: ReadonlySet<string>;
}
export interface ReadPlace extends Place {
  readonly options: ReadOptions;
  /** Row of a value, counted from 0. */
  readonly rowOf: (index: number) => number;
}

/** How the values of a chunk of a column are read as rows hold them. Reading throws `io/inexact-value` naming column, row and the option that helps. */
export function columnReader(data: Data, field: Field, place: ReadPlace): Reader {
  const read = valueReader(data, field, place);
  const { nullBitmap, offset } = data;
  if (!nullBitmap || nullBitmap.length === 0 || data.nullCount === 0) return read;
  return (index) => ((nullBitmap[(offset + index) >> 3]! & (1 << ((offset + index) & 7))) === 0 ? null : read(index));
}

function inexact({ asset, column, rowOf }: ReadPlace, index: number, what: string, hint: string): SluiceError {
  return new SluiceError("io/inexact-value", `Column "${column}" of asset "${asset}": ${what} (row ${rowOf(index) + 1}).`, { asset, hint });
}

/** How values that are not null are read. */
function valueReader(data: Data, field: Field, place: ReadPlace): Reader {
  const { type, values } = data;
  if (DataType.isNull(type)) return () => null;
  if (DataType.isUtf8(type) || DataType.isLargeUtf8(type)) return textReader(values as Uint8Array, data.valueOffsets, data.length);
  if (DataType.isList(type) || DataType.isLargeList(type) || DataType.isMap(type)) {
    const offsets = data.valueOffsets as Int32Array | BigInt64Array;
    return listReader(data, place, (i) => Number(offsets[i]));
  }
  if (DataType.isFixedSizeList(type)) return listReader(data, place, (i) => i * type.listSize);
  if (DataType.isStruct(type))
    return (field.metadata.get(sluiceType) ?? "").startsWith("UNION(") ? unionReader(data, place) : structReader(data, place);
  if (DataType.isDictionary(type)) return dictionaryReader(data, field, place);
  if (DataType.isInt(type)) {
    if (type.bitWidth === 64) return longReader(values as BigInt64Array | BigUint64Array, place);
    return wasBigint(place) ? (i) => BigInt(values[i]) : (i) => values[i];
  }
  if (DataType.isFloat(type)) return type.ArrayType === Uint16Array ? (i) => half(values[i]) : (i) => values[i];
  if (DataType.isBool(type)) return (i) => (values[(data.offset + i) >> 3] & (1 << ((data.offset + i) & 7))) !== 0;
  if (DataType.isDecimal(type)) return decimalReader(values as Uint32Array, type.scale, type.bitWidth, place);
  if (DataType.isDate(type)) {
    return type.unit === DateUnit.DAY ? (i) => dateText(values[i]) : (i) => dateText(Number((values as BigInt64Array)[i]! / 86_400_000n));
  }
  if (DataType.isTime(type)) return (i) => timeText(BigInt(values[i]), perUnit[type.unit]!);
  if (DataType.isTimestamp(type)) return timestampReader(values as BigInt64Array, type.unit, Boolean(type.timezone), place);
  if (DataType.isBinary(type) || DataType.isLargeBinary(type)) {
    const offsets = data.valueOffsets as Int32Array | BigInt64Array;
    return (i) => (values as Uint8Array).slice(Number(offsets[i]), Number(offsets[i + 1]));
  }
  if (DataType.isFixedSizeBinary(type)) return fixedReader(values as Uint8Array, type.byteWidth, field, place);
  if (DataType.isUtf8View(type)) return (i) => Buffer.from(viewBytes(data, i)).toString("utf8");
  if (DataType.isBinaryView(type)) return (i) => viewBytes(data, i);
  throw new SluiceError("io/unsupported-value", `Column "${place.column}" of asset "${place.asset}" has type ${type}, which rows cannot hold.`, {
    asset: place.asset,
    hint: "Load the input with .as(arrow), or cast the column.",
  });
}

const wasBigint = ({ column, options }: ReadPlace): boolean => options.bigints?.has(column) ?? false;
const bigintHint = 'Use rows({ integers: "bigint" }).';

function longReader(values: BigInt64Array | BigUint64Array, place: ReadPlace): Reader {
  if (place.options.integers === "bigint" || wasBigint(place)) return (i) => values[i];
  const words = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
  const signed = values instanceof BigInt64Array;
  return (i) => {
    const high = signed ? words[i * 2 + 1]! : words[i * 2 + 1]! >>> 0;
    const number = high * 4_294_967_296 + (words[i * 2]! >>> 0);
    if (Number.isSafeInteger(number)) return number;
    throw inexact(place, i, `${values[i]} is beyond 2^53 - 1`, bigintHint);
  };
}

const perUnit: Readonly<Record<number, bigint>> = {
  [TimeUnit.SECOND]: 1n,
  [TimeUnit.MILLISECOND]: 1000n,
  [TimeUnit.MICROSECOND]: 1_000_000n,
  [TimeUnit.NANOSECOND]: 1_000_000_000n,
};

/** A whole number of 128 or 256 bits, from words of 32. */
function wideInteger(words: Uint32Array, index: number, count: number): bigint {
  let value = 0n;
  for (let k = count - 1; k >= 0; k--) value = (value << 32n) | BigInt(words[index * count + k]!);
  return BigInt.asIntN(count * 32, value);
}

function decimalReader(values: Uint32Array, scale: number, bitWidth: number, place: ReadPlace): Reader {
  const count = bitWidth / 32;
  const text = (i: number): string => {
    const low = values[i * count]!;
    const high = values[i * count + 1]! | 0;
    // A value of 53 bits, whose upper words only repeat its sign, needs no bigint.
    let small = high >= -0x200000 && high < 0x200000;
    for (let k = 2; small && k < count; k++) small = (values[i * count + k]! | 0) === high >> 31;
    return decimalText(small ? high * 4_294_967_296 + low : wideInteger(values, i, count), scale);
  };
  if (place.options.decimals === "string") return text;
  return (i) => {
    const digits = text(i);
    const number = Number(digits);
    if (sameDecimal(digits, number)) return number;
    throw inexact(place, i, `the decimal ${digits} would be rounded`, 'Use rows({ decimals: "string" }).');
  };
}

function decimalText(unscaled: number | bigint, scale: number): string {
  const negative = unscaled < 0;
  const digits = String(negative ? -unscaled : unscaled);
  if (scale <= 0) return (negative ? "-" : "") + digits + "0".repeat(digits === "0" ? 0 : -scale);
  const padded = digits.padStart(scale + 1, "0");
  return `${negative ? "-" : ""}${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
}

/** Whether the number's shortest digits stand for the decimal: fifteen digits always do. */
function sameDecimal(text: string, number: number): boolean {
  const digits = text.replace(/^-?0*\.?0*|\./g, "").replace(/0+$/, "");
  if (digits.length <= 15) return true;
  const [mantissa] = number.toExponential().replace(/^-/, "").split("e");
  return mantissa!.replace(".", "").replace(/0+$/, "") === digits;
}

/** "YYYY-MM-DD" of days since 1970; years beyond 9999 and before 0 as ISO 8601 writes them, "+012345-01-01". */
function dateText(days: number): string {
  if (days === dateInfinity || days === -dateInfinity) return days > 0 ? "infinity" : "-infinity";
  const at = new Date(days * 86_400_000);
  if (Number.isNaN(at.getTime())) return farDate(days);
  const text = at.toISOString();
  return text.slice(0, text.indexOf("T"));
}

/** A date that JavaScript's `Date` does not reach: the calendar repeats every 400 years, 146,097 days. */
function farDate(days: number): string {
  const cycles = Math.floor(days / 146_097);
  const at = new Date((days - cycles * 146_097) * 86_400_000);
  const year = at.getUTCFullYear() + cycles * 400;
  const sign = year < 0 ? "-" : "+";
  return `${sign}${String(Math.abs(year)).padStart(6, "0")}${at.toISOString().slice(4, 10)}`;
}

const two = (value: bigint) => String(value).padStart(2, "0");

/** "HH:MM:SS", with as many digits after it as the unit has, left out when all are zero. */
function timeText(value: bigint, perSecond: bigint): string {
  const seconds = value / perSecond;
  const rest = value % perSecond;
  const fraction = rest === 0n ? "" : `.${String(rest).padStart(String(perSecond).length - 1, "0")}`;
  return `${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}${fraction}`;
}

function timestampReader(values: BigInt64Array, unit: TimeUnit, zoned: boolean, place: ReadPlace): Reader {
  const perSecond = perUnit[unit]!;
  const perDay = perSecond * 86_400n;
  const text = (i: number): string => {
    const value = values[i]!;
    if (value === timestampInfinity || value === -timestampInfinity) return value > 0n ? "infinity" : "-infinity";
    const inDay = ((value % perDay) + perDay) % perDay;
    return `${dateText(Number((value - inDay) / perDay))}T${timeText(inDay, perSecond)}${zoned ? "Z" : ""}`;
  };
  if (place.options.timestamps === "string") return text;
  const words = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
  const scale = Number(perSecond) / 1000;
  return (i) => {
    const number = words[i * 2 + 1]! * 4_294_967_296 + (words[i * 2]! >>> 0);
    const ms = number / scale;
    if (Number.isSafeInteger(number) && Number.isInteger(ms) && Math.abs(ms) <= 8.64e15) return new Date(ms);
    const value = values[i]!;
    const exact = perSecond > 1000n && value % (perSecond / 1000n) === 0n ? Number(value / (perSecond / 1000n)) : Number.NaN;
    if (Math.abs(exact) <= 8.64e15) return new Date(exact);
    throw inexact(place, i, `${text(i)} is not exactly a Date, which has milliseconds`, 'Use rows({ timestamps: "string" }).');
  };
}

function fixedReader(values: Uint8Array, width: number, field: Field, place: ReadPlace): Reader {
  const bytes = (i: number) => values.slice(i * width, (i + 1) * width);
  const meaning = field.metadata.get(sluiceType);
  if (meaning === "UUID") {
    return (i) =>
      Buffer.from(bytes(i))
        .toString("hex")
        .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }
  if (meaning !== "HUGEINT" && meaning !== "UHUGEINT") return bytes;
  return (i) => {
    const view = new DataView(values.buffer, values.byteOffset + i * 16, 16);
    const unsigned = (view.getBigUint64(8, true) << 64n) | view.getBigUint64(0, true);
    const value = meaning === "HUGEINT" ? BigInt.asIntN(128, unsigned) : unsigned;
    if (place.options.integers === "bigint" || wasBigint(place)) return value;
    const number = Number(value);
    if (Number.isSafeInteger(number)) return number;
    throw inexact(place, i, `${value} is beyond 2^53 - 1`, bigintHint);
  };
}

/** Bytes of a view type: up to 12 lie in the view, more in one of the buffers beside it. */
function viewBytes(data: Data, index: number): Uint8Array {
  const views = data.values as Uint8Array;
  const view = new DataView(views.buffer, views.byteOffset + index * 16, 16);
  const length = view.getInt32(0, true);
  if (length <= 12) return views.slice(index * 16 + 4, index * 16 + 4 + length);
  const from = view.getInt32(12, true);
  return data.variadicBuffers[view.getInt32(8, true)]!.slice(from, from + length);
}

/** A float of 16 bits. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? 2 ** -14 * (fraction / 1024) : 2 ** (exponent - 15) * (1 + fraction / 1024));
}

function dictionaryReader(data: Data, field: Field, place: ReadPlace): Reader {
  const entries = (data.dictionary as Vector).data.flatMap((chunk: Data) => {
    const read = columnReader(chunk, field, place);
    return Array.from({ length: chunk.length }, (_, index) => read(index));
  });
  const indices = data.values as ArrayLike<number | bigint>;
  return (i) => entries[Number(indices[i])];
}

function listReader(data: Data, place: ReadPlace, offset: (index: number) => number): Reader {
  const rowOf = (item: number): number => place.rowOf(owner(offset, data.length, item));
  const read = columnReader(data.children[0]!, data.type.children[0] as Field, { ...place, column: `${place.column}[]`, rowOf });
  return (i) => {
    const items: unknown[] = [];
    const end = offset(i + 1);
    for (let item = offset(i); item < end; item++) items.push(read(item));
    return items;
  };
}

/** Index of the list that an item belongs to. */
function owner(offset: (index: number) => number, length: number, item: number): number {
  let [low, high] = [0, length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (offset(middle) <= item) low = middle;
    else high = middle - 1;
  }
  return low;
}

const memberReaders = (data: Data, place: ReadPlace): readonly Reader[] =>
  (data.type.children as readonly Field[]).map((field, k) =>
    columnReader(data.children[k]!, field, { ...place, column: `${place.column}.${field.name}` }),
  );

/** The value of the member that a UNION's value is. */
function unionReader(data: Data, place: ReadPlace): Reader {
  const [tag, ...members] = memberReaders(data, place) as readonly [Reader, ...Reader[]];
  return (i) => members[tag(i) as number]!(i);
}

function structReader(data: Data, place: ReadPlace): Reader {
  const fields = data.type.children as readonly Field[];
  const readers = memberReaders(data, place);
  const make = objectMaker(fields.map((field) => field.name));
  return (i) => make(readers, i);
}
