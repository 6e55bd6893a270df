import { SluiceError } from "../model/errors.ts";
import { arrowIds as A, type ArrowField, carriedType, carriedValues } from "./arrow-shape.ts";
import { type LogicalType, type Native, typeIds as T } from "./native.ts";
import { quoteName, quoteText } from "./sql-text.ts";

/** How an Arrow column enters DuckDB: the type of its vectors, and what SQL makes of them where that differs. */
export interface ColumnType {
  readonly logical: LogicalType;
  /** SQL name of the stored type. */
  readonly sql: string;
  /** True when the vectors hold text (or nothing) that SQL must cast to `sql`. */
  readonly cast: boolean;
}

const refuse = (path: string, type: { readonly toString: () => string }, hint: string): never => {
  throw new SluiceError("io/unsupported-value", `Column "${path}" is an Arrow ${type}, which DuckDB has no type for.`, { hint });
};

const integers: Readonly<Record<number, readonly [unsigned: keyof typeof T, signed: keyof typeof T]>> = {
  8: ["UTINYINT", "TINYINT"],
  16: ["USMALLINT", "SMALLINT"],
  32: ["UINTEGER", "INTEGER"],
  64: ["UBIGINT", "BIGINT"],
};
const timestamps = ["TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP", "TIMESTAMP_NS"] as const;
const sixteenBytes = new Set(["HUGEINT", "UHUGEINT", "UUID"]);

/** Names the 128-bit type that a FixedSizeBinary(16) field stands for, from our metadata or the registered UUID extension. */
export function sixteenByteType(field: ArrowField): "HUGEINT" | "UHUGEINT" | "UUID" | undefined {
  const carried = field.metadata?.get(carriedType);
  if (field.type.byteWidth !== 16) return undefined;
  if (carried !== undefined && sixteenBytes.has(carried)) return carried as "HUGEINT";
  return field.metadata?.get("ARROW:extension:name") === "arrow.uuid" ? "UUID" : undefined;
}

/** True for a struct that stands for a UNION: the number of the member first, then all members. */
export const isUnion = (field: ArrowField): boolean =>
  field.type.typeId === A.Struct && (field.metadata?.get(carriedType) ?? "").startsWith("UNION(") && field.type.children?.[0]?.type.bitWidth === 8;

/** Values of the ENUM that a dictionary field was read from. */
export function carriedEnum(field: ArrowField): readonly string[] | undefined {
  const values = field.metadata?.get(carriedValues);
  return field.metadata?.get(carriedType) === "ENUM" && values !== undefined ? (JSON.parse(values) as string[]) : undefined;
}

/**
 * The DuckDB type of an Arrow column.
 * Throws `io/unsupported-value` naming the column and its type where DuckDB has none, `io/unknown-columns` for a column of Arrow's null type.
 */
export function columnType(native: Native, field: ArrowField, declared?: string, path: string = field.name): ColumnType {
  const found = ofField(native, field, path, declared !== undefined);
  return declared === undefined ? found : { logical: found.logical, sql: declared, cast: true };
}

function ofField(native: Native, field: ArrowField, path: string, declared: boolean): ColumnType {
  const { type } = field;
  const plain = (name: keyof typeof T, sql: string = name): ColumnType => ({
    logical: native.create_logical_type(T[name] as number),
    sql,
    cast: false,
  });
  const inner = (child: ArrowField | undefined, name: string): ColumnType =>
    child ? ofField(native, child, `${path}.${name}`, declared) : refuse(path, type, "The type names no child.");
  switch (type.typeId) {
    case A.Null:
      if (declared) return { ...plain("VARCHAR"), cast: true };
      throw new SluiceError("io/unknown-columns", `Column "${path}" holds only nulls and says no type.`, {
        hint: `Give its type in the asset's columns: columns: { ${JSON.stringify(path)}: "varchar" }.`,
      });
    case A.Bool:
      return plain("BOOLEAN");
    case A.Int: {
      const names = integers[type.bitWidth ?? 0];
      return names ? plain(names[type.isSigned ? 1 : 0]) : refuse(path, type, "Use an integer of 8, 16, 32 or 64 bits.");
    }
    case A.Float:
      return plain(type.precision === 2 ? "DOUBLE" : "FLOAT");
    case A.Utf8:
    case A.LargeUtf8:
    case A.Utf8View: {
      const carried = field.metadata?.get(carriedType);
      if (carried === "VARIANT" && !declared) {
        throw new SluiceError("io/unsupported-value", `Column "${path}" is a VARIANT, which arrived as text and cannot become one again exactly.`, {
          hint: "Move it with a query (.as(sql)), or cast it to JSON in a query before.",
        });
      }
      return carried === undefined ? plain("VARCHAR") : { ...plain("VARCHAR"), sql: carried, cast: true };
    }
    case A.Binary:
    case A.LargeBinary:
    case A.BinaryView:
      return plain("BLOB");
    case A.FixedSizeBinary:
      return plain(sixteenByteType(field) ?? "BLOB");
    case A.Date:
      return plain("DATE");
    case A.Time:
      return type.unit === 3 ? plain("TIME_NS") : plain("TIME");
    case A.Timestamp:
      return type.timezone ? plain("TIMESTAMP_TZ", "TIMESTAMP WITH TIME ZONE") : plain(timestamps[type.unit ?? 2] ?? "TIMESTAMP");
    case A.Decimal: {
      const { precision = 0, scale = 0 } = type;
      if (precision > 38 || precision < 1 || scale < 0 || scale > precision) return refuse(path, type, "DuckDB's decimals have 1 to 38 digits.");
      return { logical: native.create_decimal_type(precision, scale), sql: `DECIMAL(${precision},${scale})`, cast: false };
    }
    case A.Dictionary: {
      const values = carriedEnum(field);
      if (values) return { logical: native.create_enum_type(values), sql: `ENUM(${values.map(quoteText).join(", ")})`, cast: false };
      const { metadata } = field;
      return ofField(native, { name: field.name, type: type.dictionary as ArrowField["type"], ...(metadata ? { metadata } : {}) }, path, declared);
    }
    case A.List:
    case A.LargeList: {
      const child = inner(type.children?.[0], "item");
      return { logical: native.create_list_type(child.logical), sql: `${child.sql}[]`, cast: child.cast };
    }
    case A.FixedSizeList: {
      const child = inner(type.children?.[0], "item");
      const size = type.listSize ?? 0;
      if (size < 1) return refuse(path, type, "DuckDB's arrays have at least one element.");
      return { logical: native.create_array_type(child.logical, size), sql: `${child.sql}[${size}]`, cast: child.cast };
    }
    case A.Map: {
      const entries = type.children?.[0]?.type.children;
      const [key, value] = [inner(entries?.[0], "key"), inner(entries?.[1], "value")];
      return { logical: native.create_map_type(key.logical, value.logical), sql: `MAP(${key.sql}, ${value.sql})`, cast: key.cast || value.cast };
    }
    case A.Struct: {
      const parts = (type.children ?? []).map((child) => [child.name, inner(child, child.name)] as const);
      if (parts.length === 0) return refuse(path, type, "DuckDB's structs have at least one member.");
      if (isUnion(field)) {
        const [, ...members] = parts;
        return {
          logical: native.create_union_type(
            members.map(([, part]) => part.logical),
            members.map(([name]) => name),
          ),
          sql: `UNION(${members.map(([name, part]) => `${quoteName(name)} ${part.sql}`).join(", ")})`,
          cast: members.some(([, part]) => part.cast),
        };
      }
      return {
        logical: native.create_struct_type(
          parts.map(([, part]) => part.logical),
          parts.map(([name]) => name),
        ),
        sql: `STRUCT(${parts.map(([name, part]) => `${quoteName(name)} ${part.sql}`).join(", ")})`,
        cast: parts.some(([, part]) => part.cast),
      };
    }
    case A.Duration:
      return plain("INTERVAL");
    case A.Interval:
      return refuse(path, type, "Store it as an integer of one unit, or as text that SQL casts to INTERVAL.");
    default:
      return refuse(path, type, "Convert the column to a type that DuckDB has.");
  }
}
