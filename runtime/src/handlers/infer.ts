import { SluiceError } from "../model/errors.ts";
import type { ColumnKind } from "./columns.ts";

/** Where values are, for messages. Rows count from 1. */
export interface Place {
  readonly asset: string;
  /** "amount", or "address.city" inside a struct. */
  readonly column: string;
}

/** What was seen in a column: for each sort of value its first row, counted from 0. */
export interface Seen {
  readonly first: Map<Sort, number>;
  /** Largest and smallest bigint. */
  max: bigint;
  min: bigint;
  items: Seen | undefined;
  fields: Map<string, Seen> | undefined;
}
type Sort = "integer" | "fraction" | "bigint" | "text" | "boolean" | "date" | "bytes" | "list" | "struct";

export const nothingSeen = (): Seen => ({ first: new Map(), max: 0n, min: 0n, items: undefined, fields: undefined });

const words: Readonly<Record<Sort, string>> = {
  integer: "a number",
  fraction: "a number with a fraction",
  bigint: "a bigint",
  text: "a text",
  boolean: "a boolean",
  date: "a Date",
  bytes: "a Uint8Array",
  list: "an array",
  struct: "an object",
};

/** Own value of a column; what Object.prototype has under that name is no value. */
export const valueAt = (row: Readonly<Record<string, unknown>>, name: string): unknown =>
  name in Object.prototype && !Object.hasOwn(row, name) ? undefined : row[name];

export const isBytes = (value: unknown): value is Uint8Array =>
  ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === "[object Uint8Array]";
export const isDate = (value: unknown): value is Date => value instanceof Date || Object.prototype.toString.call(value) === "[object Date]";
/** An object literal, of whichever realm. */
export function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return (
    prototype === null ||
    prototype === Object.prototype ||
    (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, "isPrototypeOf"))
  );
}

function see(seen: Seen, sort: Sort, row: number): void {
  if (!seen.first.has(sort)) seen.first.set(sort, row);
}

/** Notes one value. Throws `io/unsupported-value` for what no column holds. */
function observe(seen: Seen, value: unknown, row: number, place: Place): void {
  switch (typeof value) {
    case "undefined":
      break;
    case "string":
      see(seen, "text", row);
      break;
    case "number":
      see(seen, Number.isSafeInteger(value) ? "integer" : "fraction", row);
      break;
    case "boolean":
      see(seen, "boolean", row);
      break;
    case "bigint":
      if (value > seen.max) seen.max = value;
      if (value < seen.min) seen.min = value;
      see(seen, "bigint", row);
      break;
    case "object":
      if (value !== null) observeObject(seen, value, row, place);
      break;
    default:
      throw unsupported(place, row, `a ${typeof value}`);
  }
}

function observeObject(seen: Seen, value: object, row: number, place: Place): void {
  if (isDate(value)) {
    if (Number.isNaN(value.getTime())) throw unsupported(place, row, "an invalid Date");
    see(seen, "date", row);
  } else if (isBytes(value)) {
    see(seen, "bytes", row);
  } else if (Array.isArray(value)) {
    see(seen, "list", row);
    seen.items ??= nothingSeen();
    const inside = { asset: place.asset, column: `${place.column}[]` };
    for (const item of value) observe(seen.items, item, row, inside);
  } else if (isPlain(value)) {
    see(seen, "struct", row);
    seen.fields ??= new Map();
    for (const name of Object.keys(value)) {
      const field = seen.fields.get(name) ?? nothingSeen();
      seen.fields.set(name, field);
      observe(field, value[name], row, { asset: place.asset, column: `${place.column}.${name}` });
    }
  } else {
    throw unsupported(place, row, className(value));
  }
}

function className(value: object): string {
  const name = (Object.getPrototypeOf(value) as { constructor?: { name?: string } }).constructor?.name;
  return name ? `a ${name}` : "an object of a class";
}

const unsupported = (place: Place, row: number, what: string) =>
  new SluiceError("io/unsupported-value", `Column "${place.column}" of asset "${place.asset}" holds ${what} (row ${row + 1}).`, {
    asset: place.asset,
    hint: "Rows hold numbers, bigints, texts, booleans, Dates, Uint8Arrays, null, and arrays and plain objects of these.",
  });

/** Goes over all rows of a column. */
export function observeColumn(rows: readonly Readonly<Record<string, unknown>>[], name: string, place: Place): Seen {
  const seen = nothingSeen();
  const inherited = name in Object.prototype;
  let [integers, texts, fractions] = [false, false, false];
  for (let row = 0; row < rows.length; row++) {
    const value = inherited ? valueAt(rows[row]!, name) : rows[row]![name];
    // The usual values first: a look into the map for each would triple the time.
    if (typeof value === "number") {
      if (Number.isSafeInteger(value) ? integers : fractions) continue;
      if (Number.isSafeInteger(value)) integers = true;
      else fractions = true;
    } else if (typeof value === "string") {
      if (texts) continue;
      texts = true;
    }
    observe(seen, value, row, place);
  }
  return seen;
}

const group = (sort: Sort): string => (sort === "integer" || sort === "fraction" ? "number" : sort);
const int64 = (seen: Seen): boolean => BigInt.asIntN(64, seen.max) === seen.max && BigInt.asIntN(64, seen.min) === seen.min;
const int128 = (seen: Seen): boolean => BigInt.asIntN(128, seen.max) === seen.max && BigInt.asIntN(128, seen.min) === seen.min;

/**
 * The type of a column by what was seen in it; `undefined` where only nulls, empty lists or the like were seen. `known` is what the
 * stored table or a schema says, which fills such gaps inside lists and structs; gaps that are left are added to `gaps`. Throws `io/unsupported-value` for a mixture.
 */
export function kindOfSeen(seen: Seen, place: Place, known: ColumnKind | undefined, gaps: string[]): ColumnKind | undefined {
  const sorts = Array.from(seen.first).sort(([, a], [, b]) => a - b);
  const [first] = sorts;
  if (first === undefined) {
    if (known === undefined) gaps.push(place.column);
    return known;
  }
  const numeric = seen.first.has("bigint") && !seen.first.has("fraction");
  const groupOf = (sort: Sort) => (numeric && sort === "integer" ? "bigint" : group(sort));
  const other = sorts.find(([sort]) => groupOf(sort) !== groupOf(first[0]));
  if (other !== undefined) throw mixture(place, first, other);
  switch (first[0]) {
    case "integer":
    case "fraction":
    case "bigint":
      return numericKind(seen, place);
    case "text":
      return { type: "text" };
    case "boolean":
      return { type: "boolean" };
    case "date":
      return { type: "timestamp", unit: "us", zoned: true };
    case "bytes":
      return { type: "bytes" };
    case "list": {
      const item = kindOfSeen(seen.items!, { ...place, column: `${place.column}[]` }, known?.type === "list" ? known.item : undefined, gaps);
      return item && { type: "list", item };
    }
    case "struct":
      return structKind(seen, place, known, gaps);
  }
}

function numericKind(seen: Seen, place: Place): ColumnKind {
  if (seen.first.has("fraction")) return { type: "float", bits: 64 };
  if (int64(seen)) return { type: "integer", bits: 64, signed: true };
  if (int128(seen)) return { type: "integer", bits: 128, signed: true };
  throw unsupported(place, seen.first.get("bigint")!, "a bigint of more than 128 bits");
}

function structKind(seen: Seen, place: Place, known: ColumnKind | undefined, gaps: string[]): ColumnKind | undefined {
  const fields = new Map<string, ColumnKind>();
  for (const [name, field] of seen.fields!) {
    const column = `${place.column}.${name}`;
    const kind = kindOfSeen(field, { ...place, column }, known?.type === "struct" ? known.fields.get(name) : undefined, gaps);
    if (kind !== undefined) fields.set(name, kind);
  }
  if (seen.fields!.size === 0 && known === undefined) gaps.push(place.column);
  if (seen.fields!.size === 0) return known;
  return fields.size === seen.fields!.size ? { type: "struct", fields } : undefined;
}

function mixture(place: Place, [a, rowA]: readonly [Sort, number], [b, rowB]: readonly [Sort, number]): SluiceError {
  const message = `Column "${place.column}" of asset "${place.asset}" holds ${words[a]} (row ${rowA + 1}) and ${words[b]} (row ${rowB + 1}).`;
  const name = place.column.split(/[.[]/)[0]!;
  return new SluiceError("io/unsupported-value", message, {
    asset: place.asset,
    hint: `Convert one of them, or say what the column is: columns: { ${JSON.stringify(name)}: "varchar" }.`,
  });
}
