import type { DataType, Field, Schema } from "apache-arrow";
import { arrowIds as A, type ArrowType, carriedType, carriedValues } from "../duckdb/arrow-shape.ts";
import { quoteName, quoteText } from "../duckdb/sql-text.ts";
import type { ColumnSchema } from "../model/values.ts";

/** Columns of an Arrow schema in the words that DuckDB has for their types. */
export const arrowColumns = (schema: Schema): readonly ColumnSchema[] => schema.fields.map((field) => ({ name: field.name, type: typeText(field) }));

const integers: Readonly<Record<number, string>> = { 8: "TINYINT", 16: "SMALLINT", 32: "INTEGER", 64: "BIGINT" };
const timestamps = ["TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP", "TIMESTAMP_NS"];

function typeText(field: Field): string {
  const carried = field.metadata.get(carriedType);
  if (carried === "ENUM") return `ENUM(${(JSON.parse(field.metadata.get(carriedValues) ?? "[]") as readonly string[]).map(quoteText).join(", ")})`;
  if (carried !== undefined) return carried;
  const type = field.type as DataType & ArrowType;
  const child = (index: number): string => typeText((type.children as readonly Field[])[index] as Field);
  switch (type.typeId) {
    case A.Null:
      return "NULL";
    case A.Bool:
      return "BOOLEAN";
    case A.Int:
      return `${type.isSigned ? "" : "U"}${integers[type.bitWidth ?? 64]}`;
    case A.Float:
      return type.precision === 2 ? "DOUBLE" : "FLOAT";
    case A.Utf8:
    case A.LargeUtf8:
    case A.Utf8View:
      return "VARCHAR";
    case A.Binary:
    case A.LargeBinary:
    case A.BinaryView:
    case A.FixedSizeBinary:
      return "BLOB";
    case A.Date:
      return "DATE";
    case A.Time:
      return type.unit === 3 ? "TIME_NS" : "TIME";
    case A.Timestamp:
      return type.timezone ? "TIMESTAMP WITH TIME ZONE" : (timestamps[type.unit ?? 2] as string);
    case A.Duration:
      return "INTERVAL";
    case A.Decimal:
      return `DECIMAL(${type.precision},${type.scale})`;
    case A.Dictionary:
      return typeText(field.clone({ type: (type as unknown as { readonly dictionary: DataType }).dictionary }));
    case A.List:
    case A.LargeList:
      return `${child(0)}[]`;
    case A.FixedSizeList:
      return `${child(0)}[${type.listSize}]`;
    case A.Struct:
      return `STRUCT(${(type.children as readonly Field[]).map((inner) => `${quoteName(inner.name)} ${typeText(inner)}`).join(", ")})`;
    case A.Map: {
      const entries = ((type.children as readonly Field[])[0] as Field).type.children as readonly Field[];
      return `MAP(${typeText(entries[0] as Field)}, ${typeText(entries[1] as Field)})`;
    }
    default:
      return String(type);
  }
}
