import type { Data, DataType } from "apache-arrow";
import * as arrow from "apache-arrow";
import { SluiceError } from "../model/errors.ts";

/*
 * Arrow objects of another copy or version of apache-arrow. Our copy's functions answer wrongly for them (a table of version 17 is
 * written as an empty one, without an error), so that only their plain members are read, and the buffers wrapped anew, without a copy.
 */

interface ForeignType {
  readonly typeId: number;
  readonly isSigned?: boolean;
  readonly bitWidth?: number;
  readonly precision?: number;
  readonly scale?: number;
  readonly unit?: number;
  readonly timezone?: string | null;
  readonly byteWidth?: number;
  readonly listSize?: number;
  readonly keysSorted?: boolean;
  readonly children?: readonly ForeignField[] | null;
  readonly indices?: ForeignType;
  readonly dictionary?: ForeignType;
  readonly isOrdered?: boolean;
  readonly id?: number;
}
interface ForeignField {
  readonly name: string;
  readonly type: ForeignType;
  readonly nullable?: boolean;
  readonly metadata?: unknown;
}
export interface ForeignSchema {
  readonly fields: readonly ForeignField[];
  readonly metadata?: unknown;
}
interface ForeignData {
  readonly offset?: number;
  readonly length: number;
  readonly values?: ArrayBufferView | null;
  readonly valueOffsets?: ArrayBufferView | null;
  readonly nullBitmap?: Uint8Array | null;
  readonly children?: readonly ForeignData[] | null;
  /** As version 6 and older name it. */
  readonly childData?: readonly ForeignData[] | null;
  readonly dictionary?: { readonly data?: unknown; readonly chunks?: readonly { readonly data: ForeignData }[] } | null;
  readonly variadicBuffers?: readonly Uint8Array[];
}
export interface ForeignBatch {
  readonly schema: ForeignSchema;
  readonly data: ForeignData;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null;

/** True for a schema of any copy of Arrow. */
export const isSchemaShape = (value: unknown): value is ForeignSchema =>
  isObject(value) &&
  Array.isArray(value["fields"]) &&
  value["fields"].every((field: unknown) => isObject(field) && isObject(field["type"]) && typeof field["type"]["typeId"] === "number");
/** True for a record batch of any copy of Arrow. */
export const isBatchShape = (value: unknown): value is ForeignBatch =>
  isObject(value) && isSchemaShape(value["schema"]) && isObject(value["data"]) && !Array.isArray(value["data"]) && "length" in value["data"];

/** Record batches of a table of any copy of Arrow; `undefined` when it is none. */
export function batchesOfTable(value: unknown): { readonly schema: ForeignSchema; readonly batches: readonly ForeignBatch[] } | undefined {
  if (!isObject(value) || !isSchemaShape(value["schema"])) return undefined;
  const batches = value["batches"] ?? value["chunks"];
  return Array.isArray(batches) && batches.every(isBatchShape) ? { schema: value["schema"], batches } : undefined;
}

const isOurs = (value: object, prototype: object): boolean => Object.getPrototypeOf(value) === prototype;

/** The schema as one of our copy. Throws `io/unsupported-value` for a type that Sluice does not carry. */
export function ourSchema(schema: ForeignSchema): arrow.Schema {
  if (isOurs(schema, arrow.Schema.prototype)) return schema as unknown as arrow.Schema;
  return new arrow.Schema(schema.fields.map(ourField), metadataOf(schema.metadata));
}

/** The batch as one of our copy, over the same buffers. */
export function ourBatch(batch: ForeignBatch): arrow.RecordBatch {
  if (isOurs(batch, arrow.RecordBatch.prototype)) return batch as unknown as arrow.RecordBatch;
  const schema = ourSchema(batch.schema);
  const data = rebuild(new arrow.Struct(schema.fields), batch.data) as Data<arrow.Struct>;
  return new arrow.RecordBatch(schema, data);
}

const metadataOf = (metadata: unknown): Map<string, string> =>
  isObject(metadata) && Symbol.iterator in metadata ? new Map(metadata as unknown as Iterable<[string, string]>) : new Map();

const ourField = (field: ForeignField): arrow.Field =>
  new arrow.Field(field.name, ourType(field.type, field.name), field.nullable ?? true, metadataOf(field.metadata));

function ourType(type: ForeignType, column: string): DataType {
  const { Type } = arrow;
  const child = () => ourField(type.children![0]!);
  switch (type.typeId) {
    case Type.Null:
      return new arrow.Null();
    case Type.Int:
      return new arrow.Int(type.isSigned as never, type.bitWidth as never) as DataType;
    case Type.Float:
      return new arrow.Float(type.precision as never) as DataType;
    case Type.Binary:
      return new arrow.Binary();
    case Type.LargeBinary:
      return new arrow.LargeBinary();
    case Type.BinaryView:
      return new arrow.BinaryView();
    case Type.Utf8:
      return new arrow.Utf8();
    case Type.LargeUtf8:
      return new arrow.LargeUtf8();
    case Type.Utf8View:
      return new arrow.Utf8View();
    case Type.Bool:
      return new arrow.Bool();
    case Type.Decimal:
      return new arrow.Decimal(type.scale!, type.precision!, type.bitWidth ?? 128);
    case Type.Date:
      return new arrow.Date_(type.unit as never) as DataType;
    case Type.Time:
      return new arrow.Time(type.unit as never, type.bitWidth as never) as DataType;
    case Type.Timestamp:
      return new arrow.Timestamp(type.unit as never, type.timezone ?? null) as DataType;
    case Type.Duration:
      return new arrow.Duration(type.unit as never) as DataType;
    case Type.FixedSizeBinary:
      return new arrow.FixedSizeBinary(type.byteWidth!);
    case Type.List:
      return new arrow.List(child());
    case Type.LargeList:
      return new arrow.LargeList(child());
    case Type.FixedSizeList:
      return new arrow.FixedSizeList(type.listSize!, child());
    case Type.Struct:
      return new arrow.Struct(type.children!.map(ourField));
    case Type.Map:
      return new arrow.Map_(child() as never, type.keysSorted ?? false) as DataType;
    case Type.Dictionary:
      return new arrow.Dictionary(
        ourType(type.dictionary!, column) as never,
        ourType(type.indices!, column) as never,
        type.id ?? null,
        type.isOrdered ?? null,
      ) as DataType;
  }
  throw new SluiceError(
    "io/unsupported-value",
    `Column "${column}" has Arrow type ${type.typeId} (${Type[type.typeId] ?? "unknown"}), which Sluice does not store.`,
    {
      hint: "Cast the column to a type that tables have.",
    },
  );
}

/** The buffer as the array our copy keeps for that type; old versions kept 64-bit values as pairs of 32 bits. */
function asArray<Result>(
  values: ArrayBufferView,
  ArrayType: { new (buffer: ArrayBufferLike, offset: number, length: number): Result; readonly BYTES_PER_ELEMENT: number },
): Result {
  const width = ArrayType.BYTES_PER_ELEMENT;
  const aligned = values.byteOffset % width === 0;
  const bytes = aligned ? values : new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();
  return new ArrayType(bytes.buffer, bytes.byteOffset, Math.floor(bytes.byteLength / width));
}

function rebuild(type: DataType, data: ForeignData): Data {
  const offset = data.offset ?? 0;
  const { length } = data;
  const nullBitmap = data.nullBitmap && data.nullBitmap.length > 0 ? data.nullBitmap : undefined;
  const children = (data.children ?? data.childData ?? []).map((child, index) => rebuild(type.children[index]!.type, child));
  const large = type.typeId === arrow.Type.LargeUtf8 || type.typeId === arrow.Type.LargeBinary || type.typeId === arrow.Type.LargeList;
  const offsets = data.valueOffsets ? (large ? asArray(data.valueOffsets, BigInt64Array) : asArray(data.valueOffsets, Int32Array)) : undefined;
  const storage = arrow.DataType.isDictionary(type) ? type.indices : type;
  const values = data.values ? (arrow.DataType.isNull(type) ? undefined : asArray(data.values, storage.ArrayType as never)) : undefined;
  const common = { type, offset, length, nullCount: nullBitmap ? -1 : 0, nullBitmap };
  if (arrow.DataType.isDictionary(type)) {
    return arrow.makeData({ ...common, data: values, dictionary: rebuildDictionary(type.dictionary, data.dictionary) } as never);
  }
  if (arrow.DataType.isUtf8View(type) || arrow.DataType.isBinaryView(type)) {
    return arrow.makeData({ ...common, views: values, variadicBuffers: data.variadicBuffers ?? [] } as never);
  }
  return arrow.makeData({
    ...common,
    data: values,
    ...(offsets === undefined ? {} : { valueOffsets: offsets }),
    ...(arrow.DataType.isStruct(type) ? { children } : { child: children[0] }),
  } as never);
}

function rebuildDictionary(type: DataType, dictionary: ForeignData["dictionary"]): arrow.Vector {
  const parts = dictionary?.chunks?.map((chunk) => chunk.data) ?? (Array.isArray(dictionary?.data) ? dictionary.data : [dictionary?.data]);
  return new arrow.Vector(parts.filter((part): part is ForeignData => isObject(part)).map((part) => rebuild(type, part)));
}
