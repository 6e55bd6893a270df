import * as arrow from "apache-arrow";

/** A column's type, between SQL's words and Arrow's classes. */
export type ColumnKind =
  | { readonly type: "boolean" | "bytes" | "uuid" | "date" | "time" }
  /** `sql` names the type that the store casts the text to, where it is another. */
  | { readonly type: "text"; readonly sql?: string }
  | { readonly type: "integer"; readonly bits: 8 | 16 | 32 | 64 | 128; readonly signed: boolean }
  | { readonly type: "float"; readonly bits: 32 | 64 }
  | { readonly type: "decimal"; readonly precision: number; readonly scale: number }
  | { readonly type: "timestamp"; readonly unit: "s" | "ms" | "us" | "ns"; readonly zoned: boolean }
  | { readonly type: "list"; readonly item: ColumnKind }
  | { readonly type: "struct"; readonly fields: ReadonlyMap<string, ColumnKind> };

/** Key of field metadata that says what a column stands for: 16 bytes for "HUGEINT" and "UHUGEINT" (little-endian) or "UUID" (big-endian), texts for a type that they are cast to. */
export const sluiceType = "sluice.type";

const integer = (bits: 8 | 16 | 32 | 64 | 128, signed: boolean): ColumnKind => ({ type: "integer", bits, signed });
const timestamp = (unit: "s" | "ms" | "us" | "ns", zoned = false): ColumnKind => ({ type: "timestamp", unit, zoned });
const named: readonly (readonly [kind: ColumnKind, ...names: readonly string[]])[] = [
  [{ type: "boolean" }, "boolean", "bool", "logical"],
  [integer(8, true), "tinyint", "int1"],
  [integer(16, true), "smallint", "int2", "short", "int16"],
  [integer(32, true), "integer", "int4", "int", "signed", "int32"],
  [integer(64, true), "bigint", "int8", "long", "int64"],
  [integer(128, true), "hugeint", "int128"],
  [integer(8, false), "utinyint", "uint8"],
  [integer(16, false), "usmallint", "uint16"],
  [integer(32, false), "uinteger", "uint32"],
  [integer(64, false), "ubigint", "uint64"],
  [integer(128, false), "uhugeint", "uint128"],
  [{ type: "float", bits: 32 }, "real", "float", "float4"],
  [{ type: "float", bits: 64 }, "double", "float8", "double precision"],
  [{ type: "decimal", precision: 18, scale: 3 }, "decimal", "numeric", "dec"],
  [{ type: "text" }, "varchar", "text", "string", "char", "bpchar"],
  [{ type: "bytes" }, "blob", "bytea", "binary", "varbinary"],
  [{ type: "uuid" }, "uuid"],
  [{ type: "date" }, "date"],
  [{ type: "time" }, "time", "time without time zone"],
  [timestamp("us"), "timestamp", "datetime", "timestamp_us", "timestamp without time zone"],
  [timestamp("s"), "timestamp_s"],
  [timestamp("ms"), "timestamp_ms"],
  [timestamp("ns"), "timestamp_ns"],
  [timestamp("us", true), "timestamptz", "timestamp with time zone"],
  [{ type: "text", sql: "TIME_NS" }, "time_ns"],
  [{ type: "text", sql: "TIME WITH TIME ZONE" }, "timetz", "time with time zone"],
  [{ type: "text", sql: "INTERVAL" }, "interval"],
  [{ type: "text", sql: "BIT" }, "bit"],
  [{ type: "text", sql: "JSON" }, "json"],
  [{ type: "text", sql: "BIGNUM" }, "bignum"],
  [{ type: "text", sql: "GEOMETRY" }, "geometry"],
];
const byName = new Map(named.flatMap(([kind, ...names]) => names.map((name) => [name, kind] as const)));

/** A type in SQL's words, in any case; `undefined` for one that rows cannot hold. */
export function parseColumnType(text: string): ColumnKind | undefined {
  const trimmed = text.trim();
  if (trimmed.endsWith("[]")) {
    const item = parseColumnType(trimmed.slice(0, -2));
    return item && { type: "list", item };
  }
  const simple = byName.get(trimmed.toLowerCase().replace(/\s+/g, " "));
  if (simple) return simple;
  const call = /^([a-z]+)\s*\(([\s\S]*)\)$/i.exec(trimmed);
  const name = call?.[1]?.toLowerCase();
  const inside = call?.[2] ?? "";
  if (name === "decimal" || name === "numeric" || name === "dec") return parseDecimal(inside);
  if (name === "varchar" || name === "char") return /^\s*\d+\s*$/.test(inside) ? { type: "text" } : undefined;
  if (name === "enum") return parseEnum(inside);
  return name === "struct" ? parseStruct(inside) : undefined;
}

function parseDecimal(inside: string): ColumnKind | undefined {
  const match = /^\s*(\d+)\s*(?:,\s*(\d+)\s*)?$/.exec(inside);
  if (!match) return undefined;
  const precision = Number(match[1]);
  const scale = Number(match[2] ?? 0);
  return precision >= 1 && precision <= 38 && scale <= precision ? { type: "decimal", precision, scale } : undefined;
}

/** As DuckDB writes it. */
function parseEnum(inside: string): ColumnKind | undefined {
  const values = inside.match(/'(?:[^']|'')*'/g);
  return values && values.join(",") === inside.replace(/('(?:[^']|'')*')|\s+/g, "$1")
    ? { type: "text", sql: `ENUM(${values.join(", ")})` }
    : undefined;
}

function parseStruct(inside: string): ColumnKind | undefined {
  const fields = new Map<string, ColumnKind>();
  for (const part of topLevelParts(inside)) {
    const match = /^\s*(?:"((?:[^"]|"")*)"|([^\s"]+))\s+([\s\S]+)$/.exec(part);
    const kind = match?.[3] === undefined ? undefined : parseColumnType(match[3]);
    if (!match || !kind) return undefined;
    fields.set(match[1]?.replaceAll('""', '"') ?? match[2]!, kind);
  }
  return { type: "struct", fields };
}

/** Parts between the commas that are neither in brackets nor in quotes. */
function topLevelParts(text: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let quoted = false;
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '"') quoted = !quoted;
    if (quoted) continue;
    if (c === "(") depth++;
    if (c === ")") depth--;
    if (c === "," && depth === 0) {
      parts.push(text.slice(from, i));
      from = i + 1;
    }
  }
  return [...parts, text.slice(from)];
}

const units = { s: arrow.TimeUnit.SECOND, ms: arrow.TimeUnit.MILLISECOND, us: arrow.TimeUnit.MICROSECOND, ns: arrow.TimeUnit.NANOSECOND } as const;

function arrowType(kind: ColumnKind): arrow.DataType {
  switch (kind.type) {
    case "boolean":
      return new arrow.Bool();
    case "text":
      return new arrow.Utf8();
    case "bytes":
      return new arrow.Binary();
    case "uuid":
      return new arrow.FixedSizeBinary(16);
    case "date":
      return new arrow.DateDay();
    case "time":
      return new arrow.TimeMicrosecond();
    case "integer":
      return kind.bits === 128 ? new arrow.FixedSizeBinary(16) : (new arrow.Int(kind.signed as never, kind.bits as never) as arrow.DataType);
    case "float":
      return kind.bits === 32 ? new arrow.Float32() : new arrow.Float64();
    case "decimal":
      return new arrow.Decimal(kind.scale, kind.precision, 128);
    case "timestamp":
      return new arrow.Timestamp(units[kind.unit], kind.zoned ? "UTC" : null) as arrow.DataType;
    case "list":
      return new arrow.List(fieldOfKind("item", kind.item));
    case "struct":
      return new arrow.Struct(Array.from(kind.fields, ([name, field]) => fieldOfKind(name, field)));
  }
}

/** The Arrow field of a column. */
export function fieldOfKind(name: string, kind: ColumnKind): arrow.Field {
  const meaning =
    kind.type === "text"
      ? kind.sql
      : kind.type === "uuid"
        ? "UUID"
        : kind.type === "integer" && kind.bits === 128
          ? kind.signed
            ? "HUGEINT"
            : "UHUGEINT"
          : undefined;
  return new arrow.Field(name, arrowType(kind), true, meaning === undefined ? undefined : new Map([[sluiceType, meaning]]));
}

export const schemaOfKinds = (kinds: ReadonlyMap<string, ColumnKind>): arrow.Schema =>
  new arrow.Schema(Array.from(kinds, ([name, kind]) => fieldOfKind(name, kind)));

/** The type in SQL's words, for messages. */
export function kindText(kind: ColumnKind): string {
  if (kind.type === "list") return `${kindText(kind.item)}[]`;
  if (kind.type === "struct") return `struct(${Array.from(kind.fields, ([name, field]) => `${name} ${kindText(field)}`).join(", ")})`;
  if (kind.type === "text" && kind.sql !== undefined) return kind.sql;
  if (kind.type === "decimal") return `decimal(${kind.precision},${kind.scale})`;
  for (const [other, name] of named) if (JSON.stringify(other) === JSON.stringify(kind)) return name!;
  return kind.type;
}
