import {
  Binary,
  Bool,
  type DataType,
  DateDay,
  Decimal,
  Dictionary,
  Field,
  FixedSizeBinary,
  FixedSizeList,
  Float32,
  Float64,
  Int8,
  Int16,
  Int32,
  Int64,
  List,
  Map_,
  Null,
  Struct,
  TimeMicrosecond,
  TimeNanosecond,
  TimestampMicrosecond,
  TimestampMillisecond,
  TimestampNanosecond,
  TimestampSecond,
  Uint8,
  Uint16,
  Uint32,
  Uint64,
  Utf8,
} from "apache-arrow";
import { carriedType, carriedValues } from "./arrow-shape.ts";
import { type LogicalType, type Native, typeIds as T } from "./native.ts";
import { quoteName, quoteText } from "./sql-text.ts";

/** SQL names of the types whose name is all there is to them. */
const plainNames: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(T)
    .filter(([name]) => !["DECIMAL", "ENUM", "LIST", "STRUCT", "MAP", "UNION", "ARRAY"].includes(name))
    .map(([name, id]) => [id, name === "TIMESTAMP_TZ" ? "TIMESTAMP WITH TIME ZONE" : name === "TIME_TZ" ? "TIME WITH TIME ZONE" : name]),
);

/** Names and types of a STRUCT's members. */
function* members(native: Native, type: LogicalType): Iterable<readonly [string, LogicalType]> {
  const count = native.struct_type_child_count(type);
  for (let i = 0; i < count; i++) yield [native.struct_type_child_name(type, i), native.struct_type_child_type(type, i)];
}

/** Names and types of a UNION's members. */
function* unionMembers(native: Native, type: LogicalType): Iterable<readonly [string, LogicalType]> {
  const count = native.union_type_member_count(type);
  for (let i = 0; i < count; i++) yield [native.union_type_member_name(type, i), native.union_type_member_type(type, i)];
}

/** Values of an ENUM in order. */
export function enumValues(native: Native, type: LogicalType): readonly string[] {
  const count = native.enum_dictionary_size(type);
  return Array.from({ length: count }, (_, i) => native.enum_dictionary_value(type, i));
}

/** A DuckDB type as SQL writes it. */
export function typeName(native: Native, type: LogicalType): string {
  const alias = native.logical_type_get_alias(type);
  if (alias) return alias;
  const id = native.get_type_id(type) as number;
  switch (id) {
    case T.DECIMAL:
      return `DECIMAL(${native.decimal_width(type)},${native.decimal_scale(type)})`;
    case T.ENUM:
      return `ENUM(${enumValues(native, type).map(quoteText).join(", ")})`;
    case T.LIST:
      return `${typeName(native, native.list_type_child_type(type))}[]`;
    case T.ARRAY:
      return `${typeName(native, native.array_type_child_type(type))}[${native.array_type_array_size(type)}]`;
    case T.MAP:
      return `MAP(${typeName(native, native.map_type_key_type(type))}, ${typeName(native, native.map_type_value_type(type))})`;
    case T.STRUCT:
      return `STRUCT(${[...members(native, type)].map(([name, member]) => `${quoteName(name)} ${typeName(native, member)}`).join(", ")})`;
    case T.UNION:
      return `UNION(${[...unionMembers(native, type)].map(([name, member]) => `${quoteName(name)} ${typeName(native, member)}`).join(", ")})`;
    default:
      return plainNames[id] ?? `type ${id}`;
  }
}

/** Types that have no vector layout we read: they travel as text, and their name with them. */
const asText: ReadonlySet<number> = new Set([T.INTERVAL, T.BIT, T.TIME_TZ, T.BIGNUM, T.GEOMETRY, T.VARIANT]);

/** The SQL type that a column must be cast to before it can be read; `undefined` when it is read as it is. */
export function castForReading(native: Native, type: LogicalType): string | undefined {
  const id = native.get_type_id(type) as number;
  if (asText.has(id)) return "VARCHAR";
  if (id === T.LIST) {
    const child = castForReading(native, native.list_type_child_type(type));
    return child && `${child}[]`;
  }
  if (id === T.ARRAY) {
    const child = castForReading(native, native.array_type_child_type(type));
    return child && `${child}[${native.array_type_array_size(type)}]`;
  }
  if (id === T.MAP) {
    const [key, value] = [native.map_type_key_type(type), native.map_type_value_type(type)];
    const [keyCast, valueCast] = [castForReading(native, key), castForReading(native, value)];
    return keyCast || valueCast ? `MAP(${keyCast ?? typeName(native, key)}, ${valueCast ?? typeName(native, value)})` : undefined;
  }
  if (id === T.STRUCT || id === T.UNION) {
    const parts = [...(id === T.STRUCT ? members : unionMembers)(native, type)].map(
      ([name, member]) => [name, member, castForReading(native, member)] as const,
    );
    if (!parts.some(([, , cast]) => cast)) return undefined;
    return `${id === T.STRUCT ? "STRUCT" : "UNION"}(${parts.map(([name, member, cast]) => `${quoteName(name)} ${cast ?? typeName(native, member)}`).join(", ")})`;
  }
  return undefined;
}

const simple: Readonly<Record<number, () => DataType>> = {
  [T.BOOLEAN]: () => new Bool(),
  [T.TINYINT]: () => new Int8(),
  [T.SMALLINT]: () => new Int16(),
  [T.INTEGER]: () => new Int32(),
  [T.BIGINT]: () => new Int64(),
  [T.UTINYINT]: () => new Uint8(),
  [T.USMALLINT]: () => new Uint16(),
  [T.UINTEGER]: () => new Uint32(),
  [T.UBIGINT]: () => new Uint64(),
  [T.FLOAT]: () => new Float32(),
  [T.DOUBLE]: () => new Float64(),
  [T.DATE]: () => new DateDay(),
  [T.TIME]: () => new TimeMicrosecond(),
  [T.TIME_NS]: () => new TimeNanosecond(),
  [T.TIMESTAMP]: () => new TimestampMicrosecond(),
  [T.TIMESTAMP_S]: () => new TimestampSecond(),
  [T.TIMESTAMP_MS]: () => new TimestampMillisecond(),
  [T.TIMESTAMP_NS]: () => new TimestampNanosecond(),
  [T.TIMESTAMP_TZ]: () => new TimestampMicrosecond("UTC"),
  [T.VARCHAR]: () => new Utf8(),
  [T.BLOB]: () => new Binary(),
  [T.HUGEINT]: () => new FixedSizeBinary(16),
  [T.UHUGEINT]: () => new FixedSizeBinary(16),
  [T.UUID]: () => new FixedSizeBinary(16),
  [T.SQLNULL]: () => new Null(),
};

/**
 * The Arrow field that a DuckDB column arrives as. `original` is the column's own type where `type` is what it was cast to for reading.
 * 128-bit integers and UUIDs arrive as FixedSizeBinary(16), types cast to text as Utf8, ENUM as Dictionary, UNION as a Struct of the number of
 * the member and all members; `sluice.type` in the
 * field's metadata names the DuckDB type, so that storing it again restores it.
 */
export function arrowField(native: Native, name: string, type: LogicalType, original: LogicalType = type): Field {
  const id = native.get_type_id(type) as number;
  const was = native.get_type_id(original) as number;
  const metadata = new Map<string, string>();
  if (id === T.HUGEINT || id === T.UHUGEINT || id === T.UUID) metadata.set(carriedType, plainNames[id] as string);
  else if (asText.has(was) || (id === T.VARCHAR && native.logical_type_get_alias(original) === "JSON")) {
    metadata.set(carriedType, typeName(native, original));
  } else if (id === T.UNION) {
    metadata.set(carriedType, typeName(native, original));
  } else if (id === T.ENUM) {
    metadata.set(carriedType, "ENUM");
    metadata.set(carriedValues, JSON.stringify(enumValues(native, type)));
  }
  return new Field(name, arrowType(native, type, original), true, metadata);
}

function arrowType(native: Native, type: LogicalType, original: LogicalType): DataType {
  const id = native.get_type_id(type) as number;
  const plain = simple[id];
  if (plain) return plain();
  switch (id) {
    case T.DECIMAL:
      return new Decimal(native.decimal_scale(type), native.decimal_width(type), 128);
    case T.ENUM:
      return new Dictionary(new Utf8(), enumIndex(native.enum_internal_type(type) as number));
    case T.LIST:
      return new List(arrowField(native, "item", native.list_type_child_type(type), native.list_type_child_type(original)));
    case T.ARRAY:
      return new FixedSizeList(
        native.array_type_array_size(type),
        arrowField(native, "item", native.array_type_child_type(type), native.array_type_child_type(original)),
      );
    case T.MAP:
      return new Map_(
        new Field(
          "entries",
          new Struct<Record<string, DataType>>([
            arrowField(native, "key", native.map_type_key_type(type), native.map_type_key_type(original)).clone({ nullable: false }),
            arrowField(native, "value", native.map_type_value_type(type), native.map_type_value_type(original)),
          ]) as Struct,
          false,
        ),
      );
    case T.STRUCT: {
      const before = [...members(native, original)];
      return new Struct([...members(native, type)].map(([name, member], i) => arrowField(native, name, member, before[i]?.[1] ?? member)));
    }
    case T.UNION: {
      const before = [...unionMembers(native, original)];
      const fields = [...unionMembers(native, type)].map(([name, member], i) => arrowField(native, name, member, before[i]?.[1] ?? member));
      return new Struct<Record<string, DataType>>([new Field(unionTag(fields.map((field) => field.name)), new Uint8(), true), ...fields]) as Struct;
    }
    default:
      throw new Error(`No Arrow type for DuckDB's ${typeName(native, type)}`);
  }
}

/** Name of the child that says which member a UNION's value is: one that no member has. */
function unionTag(names: readonly string[]): string {
  let tag = "tag";
  while (names.some((name) => name.toLowerCase() === tag)) tag += "_";
  return tag;
}

const enumIndex = (internal: number) => (internal === T.UTINYINT ? new Uint8() : internal === T.USMALLINT ? new Uint16() : new Uint32());
