import { SluiceError } from "../model/errors.ts";
import { arrowIds as A, type ArrowData, type ArrowField, bytesOf } from "./arrow-shape.ts";
import { carriedEnum, sixteenByteType } from "./column-types.ts";
import type { Vector } from "./native.ts";
import { copyToVector } from "./scratch-memory.ts";
import { isValid, spreadValidity, type Validity, validityOf, writeValidity } from "./validity.ts";
import type { ColumnWriter, WriteContext } from "./write-context.ts";
import { writeDictionary } from "./write-dictionary.ts";
import {
  bits,
  type Convert,
  decimalBytes,
  decimals,
  durations,
  halfFloats,
  millisecondDates,
  shortTimes,
  uuids,
  zonedTimestamps,
} from "./write-numbers.ts";
import { writeTexts } from "./write-text.ts";

/** The writer of a column. The field has been accepted by `columnType`. */
export function columnWriter(context: WriteContext, field: ArrowField, path: string = field.name): ColumnWriter {
  const { native, scratch } = context;
  const { type } = field;
  const copied =
    (width: number): ColumnWriter =>
    (vector, data, start, count, parent) => {
      if (data.values) copyToVector(native, vector, data.values, start * width, count * width);
      writeValidity(native, vector, validityOf(data, start, count, parent), count);
    };
  const converted =
    (width: number, convert: Convert): ColumnWriter =>
    (vector, data, start, count, parent) => {
      const validity = validityOf(data, start, count, parent);
      const buffer = scratch.take(count * width);
      convert(buffer, data, start, count, validity);
      native.copy_data_to_vector(vector, 0, buffer, 0, count * width);
      writeValidity(native, vector, validity, count);
    };
  const texts =
    (utf8: boolean): ColumnWriter =>
    (vector, data, start, count, parent) => {
      writeTexts(native, vector, data, start, count, scratch, utf8, path);
      writeValidity(native, vector, validityOf(data, start, count, parent), count);
    };
  const child = (index: number, name: string): ColumnWriter => columnWriter(context, type.children?.[index] as ArrowField, `${path}.${name}`);

  switch (type.typeId) {
    case A.Null:
      return (vector, _data, _start, count) => writeValidity(native, vector, new Uint8Array((count + 7) >> 3), count);
    case A.Int:
      return copied((type.bitWidth ?? 64) >> 3);
    case A.Float:
      return type.precision === 0 ? converted(4, halfFloats) : copied(type.precision === 1 ? 4 : 8);
    case A.Bool:
      return converted(1, bits);
    case A.Date:
      return type.unit === 1 ? converted(4, millisecondDates(path)) : copied(4);
    case A.Time:
      return (type.unit ?? 2) < 2 ? converted(8, shortTimes(type.unit ?? 0)) : copied(8);
    case A.Timestamp:
      return type.timezone && type.unit !== 2 ? converted(8, zonedTimestamps(type.unit ?? 0, path)) : copied(8);
    case A.Duration:
      return converted(16, durations(type.unit ?? 2, path));
    case A.Decimal: {
      const { precision = 38, bitWidth = 128 } = type;
      return precision > 18 && bitWidth === 128 ? copied(16) : converted(decimalBytes(precision), decimals(precision, bitWidth, path));
    }
    case A.FixedSizeBinary: {
      const known = sixteenByteType(field);
      return known === "UUID" ? converted(16, uuids) : known ? copied(16) : texts(false);
    }
    case A.Utf8:
    case A.LargeUtf8:
    case A.Utf8View:
      return texts(true);
    case A.Binary:
    case A.LargeBinary:
    case A.BinaryView:
      return texts(false);
    case A.Dictionary:
      return writeDictionary(context, field, carriedEnum(field), path, columnWriter);
    case A.Struct: {
      const writers = (type.children ?? []).map((_, i) => child(i, type.children?.[i]?.name ?? ""));
      return (vector, data, start, count, parent) => {
        const validity = validityOf(data, start, count, parent);
        for (const [i, write] of writers.entries()) write(native.struct_vector_get_child(vector, i), part(data, i, path), start, count, validity);
        writeValidity(native, vector, validity, count);
      };
    }
    case A.FixedSizeList: {
      const size = type.listSize ?? 0;
      const write = child(0, "item");
      return (vector, data, start, count, parent) => {
        const validity = validityOf(data, start, count, parent);
        write(native.array_vector_get_child(vector), part(data, 0, path), start * size, count * size, spreadValidity(validity, count, size));
        writeValidity(native, vector, validity, count);
      };
    }
    case A.List:
    case A.LargeList:
    case A.Map: {
      const write = child(0, type.typeId === A.Map ? "entries" : "item");
      return (vector, data, start, count, parent) =>
        writeList(context, write, path, vector, data, start, count, validityOf(data, start, count, parent));
    }
    default:
      throw new Error(`No writer for Arrow's ${type}`);
  }
}

function part(data: ArrowData, index: number, path: string): ArrowData {
  const found = data.children[index];
  if (!found) throw new SluiceError("io/unsupported-value", `Column "${path}" lacks the data of its member ${index}.`);
  return found;
}

function writeList(
  { native, scratch }: WriteContext,
  write: ColumnWriter,
  path: string,
  vector: Vector,
  data: ArrowData,
  start: number,
  count: number,
  validity: Validity,
): void {
  const offsets = data.valueOffsets ?? new Int32Array(start + count + 1);
  const first = Number(offsets[start] ?? 0);
  const elements = Number(offsets[start + count] ?? first) - first;
  native.list_vector_reserve(vector, elements);
  native.list_vector_set_size(vector, elements);
  const entries = new Uint32Array(scratch.take(count * 16), 0, count * 4);
  for (let i = 0; i < count; i++) {
    const from = Number(offsets[start + i] ?? 0);
    const length = Number(offsets[start + i + 1] ?? from) - from;
    if (length < 0 || from < first || from + length > first + elements) {
      throw new SluiceError("io/unsupported-value", `Column "${path}" has list offsets that do not increase.`);
    }
    entries[4 * i] = from - first;
    entries[4 * i + 1] = 0;
    entries[4 * i + 2] = isValid(validity, i) ? length : 0;
    entries[4 * i + 3] = 0;
  }
  native.copy_data_to_vector(vector, 0, entries.buffer as ArrayBuffer, 0, count * 16);
  writeValidity(native, vector, validity, count);
  if (elements > 0) write(native.list_vector_get_child(vector), part(data, 0, path), first, elements);
}

/** Bytes that a column occupies, about; for deciding how much to hold at a time. */
export function sizeOf(data: ArrowData): number {
  let size = (data.nullBitmap?.byteLength ?? 0) + (data.valueOffsets?.byteLength ?? 0);
  if (data.values) size += bytesOf(data.values).byteLength;
  for (const buffer of data.variadicBuffers ?? []) size += buffer.byteLength;
  for (const child of data.children) size += sizeOf(child);
  return size;
}
