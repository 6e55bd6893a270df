import { type Data, DataType, type Field, type FixedSizeBinary, type TimeUnit, Vector } from "apache-arrow";
import type { CellKind } from "../model/page.ts";

/** Text of one value that is not null. `limit`: characters wanted at least; more is cut by the caller. */
type CellText = (index: number, limit: number) => string;

const carried = (field: Field): string | undefined => field.metadata.get("sluice.type");
const is128 = (field: Field): boolean => DataType.isFixedSizeBinary(field.type) && (carried(field) === "HUGEINT" || carried(field) === "UHUGEINT");

/** How a column of that Arrow type is drawn. */
export function cellKind(field: Field): CellKind {
  const { type } = field;
  if (DataType.isDictionary(type)) return cellKind(field.clone({ type: type.dictionary as DataType }));
  if (DataType.isInt(type) || DataType.isFloat(type) || DataType.isDecimal(type) || is128(field)) return "number";
  if (DataType.isBool(type)) return "boolean";
  if (DataType.isDate(type) || DataType.isTime(type) || DataType.isTimestamp(type)) return "time";
  if (DataType.isList(type) || DataType.isFixedSizeList(type) || DataType.isStruct(type) || DataType.isMap(type) || DataType.isUnion(type))
    return "nested";
  if (DataType.isBinary(type) || DataType.isLargeBinary(type) || (DataType.isFixedSizeBinary(type) && carried(field) !== "UUID")) return "binary";
  return "text";
}

/** Writes the values of one chunk of a column as exact text: no digit of a number, no microsecond is lost. */
export function cellText(field: Field, data: Data): CellText {
  const { type } = field;
  if (DataType.isBool(type)) return viaVector(data, (value) => String(value));
  if (DataType.isInt(type)) return (index) => String((data.values as ArrayLike<number | bigint>)[index]);
  if (DataType.isFloat(type)) return viaVector(data, (value) => shortestFloat(value as number, type.precision));
  if (DataType.isDecimal(type)) return (index) => decimalText(wordsAt(data, index, type.bitWidth / 32), type.scale);
  if (DataType.isDate(type))
    return (index) => (type.unit === 0 ? dateText(Number(integerAt(data, index))) : timestampText(integerAt(data, index), 1, ""));
  if (DataType.isTime(type)) return (index) => timeText(integerAt(data, index), type.unit);
  if (DataType.isTimestamp(type)) return (index) => timestampText(integerAt(data, index), type.unit, type.timezone ? "+00" : "");
  if (is128(field)) return (index) => String(hugeint(bytesAt(data, index), carried(field) === "HUGEINT"));
  if (DataType.isFixedSizeBinary(type) && carried(field) === "UUID") return (index) => uuidText(bytesAt(data, index));
  if (cellKind(field) === "binary") {
    const vector = new Vector([data]);
    return (index, limit) => blobText(vector.get(index) as Uint8Array, limit);
  }
  if (DataType.isList(type) || DataType.isFixedSizeList(type)) return listText(type.children[0] as Field, data);
  if (DataType.isMap(type)) return mapText(type.children[0] as Field, data);
  if (DataType.isStruct(type)) return structText(type.children, data);
  if (DataType.isDictionary(type)) return dictionaryText(field, type.dictionary as DataType, data);
  return viaVector(data, String);
}

function viaVector(data: Data, write: (value: unknown) => string): CellText {
  const vector = new Vector([data]);
  return (index) => write(vector.get(index));
}

/** A value inside a list or struct: like JSON, but numbers keep every digit. */
function nestedText(field: Field, data: Data): CellText {
  const text = cellText(field, data);
  const kind = cellKind(field);
  const bare = kind === "number" || kind === "boolean" || kind === "nested";
  return (index, limit) => (!data.getValid(index) ? "null" : bare ? text(index, limit) : JSON.stringify(text(index, limit)));
}

function joined(count: number, limit: number, part: (index: number) => string): string {
  const parts: string[] = [];
  let length = 0;
  for (let index = 0; index < count && length <= limit; index++) {
    const next = part(index);
    parts.push(next);
    length += next.length + 2;
  }
  return parts.join(", ");
}

function rangeOf(data: Data, index: number): readonly [from: number, to: number] {
  if (DataType.isFixedSizeList(data.type)) return [index * data.type.listSize, (index + 1) * data.type.listSize];
  const offsets = data.valueOffsets as unknown as ArrayLike<number | bigint>;
  return [Number(offsets[index]), Number(offsets[index + 1])];
}

function listText(item: Field, data: Data): CellText {
  const text = nestedText(item, data.children[0] as Data);
  return (index, limit) => {
    const [from, to] = rangeOf(data, index);
    return `[${joined(to - from, limit, (each) => text(from + each, limit))}]`;
  };
}

function structText(fields: readonly Field[], data: Data): CellText {
  const members = fields.map((field, at) => [JSON.stringify(field.name), nestedText(field, data.children[at] as Data)] as const);
  return (index, limit) => `{${joined(members.length, limit, (at) => `${members[at]![0]}: ${members[at]![1](index, limit)}`)}}`;
}

function mapText(entries: Field, data: Data): CellText {
  const [keyField, valueField] = entries.type.children as [Field, Field];
  const [keys, values] = (data.children[0] as Data).children as [Data, Data];
  const key = nestedText(keyField, keys);
  const value = nestedText(valueField, values);
  return (index, limit) => {
    const [from, to] = rangeOf(data, index);
    return `{${joined(to - from, limit, (each) => `${key(from + each, limit)}: ${value(from + each, limit)}`)}}`;
  };
}

function dictionaryText(field: Field, valueType: DataType, data: Data): CellText {
  const chunks = (data.dictionary?.data ?? []).map((chunk) => [chunk.length, cellText(field.clone({ type: valueType }), chunk)] as const);
  return (index, limit) => {
    let at = Number((data.values as ArrayLike<number | bigint>)[index]);
    for (const [length, text] of chunks) {
      if (at < length) return text(at, limit);
      at -= length;
    }
    return "";
  };
}

/** A 32 or 64 bit integer of a date, a time or a timestamp, whatever array it lies in. */
function integerAt(data: Data, index: number): bigint {
  const values = data.values as BigInt64Array | Int32Array;
  if (values instanceof BigInt64Array) return values[index]!;
  return values.length >= 2 * data.length && data.stride === 2
    ? (BigInt(values[2 * index + 1]!) << 32n) | BigInt(values[2 * index]! >>> 0)
    : BigInt(values[index]!);
}

function bytesAt(data: Data, index: number): Uint8Array {
  const width = (data.type as FixedSizeBinary).byteWidth;
  return (data.values as Uint8Array).subarray(index * width, (index + 1) * width);
}

function wordsAt(data: Data, index: number, words: number): bigint {
  const values = data.values as Uint32Array;
  let result = 0n;
  for (let word = words - 1; word >= 0; word--) result = (result << 32n) | BigInt(values[index * words + word]! >>> 0);
  return BigInt.asIntN(32 * words, result);
}

function hugeint(bytes: Uint8Array, signed: boolean): bigint {
  let result = 0n;
  for (let at = 15; at >= 0; at--) result = (result << 8n) | BigInt(bytes[at]!);
  return signed ? BigInt.asIntN(128, result) : result;
}

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

function uuidText(bytes: Uint8Array): string {
  const text = hex(bytes);
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join("-");
}

function blobText(bytes: Uint8Array, limit: number): string {
  const length = `(${bytes.length} ${bytes.length === 1 ? "byte" : "bytes"})`;
  return `${length} ${hex(bytes.subarray(0, Math.ceil(limit / 2)))}`.trimEnd();
}

function decimalText(unscaled: bigint, scale: number): string {
  if (scale <= 0) return String(unscaled * 10n ** BigInt(-scale));
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
  return `${unscaled < 0n ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** The shortest text that reads back as the same number, of 32 bits where the column has no more. */
function shortestFloat(value: number, precision: number): string {
  if (Object.is(value, -0)) return "-0";
  if (precision !== 1 || !Number.isFinite(value)) return String(value);
  for (let digits = 6; digits <= 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(value);
}

const two = (value: number | bigint): string => String(value).padStart(2, "0");

/** Days since 1970-01-01 in the Gregorian calendar, whatever the century; DuckDB's infinities by name. */
function dateText(days: number): string {
  if (Math.abs(days) === 2_147_483_647) return days > 0 ? "infinity" : "-infinity";
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const text = `${String(year > 0 ? year : 1 - year).padStart(4, "0")}-${two(month)}-${two(day)}`;
  return year > 0 ? text : `${text} (BC)`;
}

const perSecond = (unit: TimeUnit): bigint => 1000n ** BigInt(unit);

/** The time of day, its fraction as long as it needs to be. */
function timeText(value: bigint, unit: TimeUnit): string {
  const scale = perSecond(unit);
  const seconds = value / scale;
  const fraction =
    unit === 0
      ? ""
      : String(value % scale)
          .padStart(3 * unit, "0")
          .replace(/0+$/, "");
  return `${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}${fraction === "" ? "" : `.${fraction}`}`;
}

function timestampText(value: bigint, unit: TimeUnit, zone: string): string {
  if (value === 9_223_372_036_854_775_807n) return "infinity";
  if (value === -9_223_372_036_854_775_807n) return "-infinity";
  const perDay = 86_400n * perSecond(unit);
  const ofDay = ((value % perDay) + perDay) % perDay;
  const date = dateText(Number((value - ofDay) / perDay));
  const [plain, era = ""] = date.split(" ");
  return `${plain} ${timeText(ofDay, unit)}${zone}${era === "" ? "" : ` ${era}`}`;
}
