import { SluiceError } from "../model/errors.ts";
import { arrowIds as A, type ArrowData, type ArrowField, type Numbers } from "./arrow-shape.ts";
import { columnType } from "./column-types.ts";
import type { Vector } from "./native.ts";
import { isValid, type Validity, validityOf, writeValidity } from "./validity.ts";
import type { ColumnWriter, WriteContext } from "./write-context.ts";
import { decimalBytes } from "./write-numbers.ts";

/** A dictionary as DuckDB's vectors hold it: the bytes of every value, and which are NULL. */
interface Template {
  readonly words: Uint8Array;
  readonly width: number;
  readonly validity: Validity;
  /** Keeps the memory alive that long strings point into. */
  readonly vectors: readonly Vector[];
}

/**
 * Writes dictionary-encoded rows: as ENUM where the field says its values, else as the dictionary's own type, by copying each row's value
 * from the dictionary laid out once.
 */
export function writeDictionary(
  context: WriteContext,
  field: ArrowField,
  enumNames: readonly string[] | undefined,
  path: string,
  writerOf: (context: WriteContext, field: ArrowField, path: string) => ColumnWriter,
): ColumnWriter {
  const { native, scratch } = context;
  const type = field.type.dictionary as ArrowField["type"];
  const { metadata } = field;
  const plain: ArrowField = { name: field.name, type, ...(metadata && !enumNames ? { metadata } : {}) };
  if ([A.List, A.LargeList, A.Struct, A.Map, A.FixedSizeList, A.Dictionary].some((nested) => nested === type.typeId)) {
    throw new SluiceError("io/unsupported-value", `Column "${path}" is a dictionary of ${type}, which cannot be stored.`, {
      hint: "Decode the dictionary first.",
    });
  }
  const templates = new WeakMap<object, Template>();
  const template = enumNames ? enumTemplate(enumNames, path) : valueTemplate(context, plain, path, writerOf(context, plain, path));
  return (vector, data, start, count, parent) => {
    const chunks = data.dictionary?.data ?? [];
    const identity = chunks[0] ?? data;
    let found = templates.get(identity);
    if (!found || chunks.reduce((sum, chunk) => sum + chunk.length, 0) * found.width !== found.words.length) {
      found = template(chunks);
      templates.set(identity, found);
    }
    const { width, words } = found;
    let validity = validityOf(data, start, count, parent);
    const buffer = scratch.take(count * width);
    const indices = data.values as Numbers;
    gather(new Uint8Array(buffer), words, width, indices, start, count, validity, path);
    if (found.validity) validity = withNulls(validity, found.validity, indices, start, count);
    native.copy_data_to_vector(vector, 0, buffer, 0, count * width);
    writeValidity(native, vector, validity, count);
  };
}

function gather(
  out: Uint8Array,
  words: Uint8Array,
  width: number,
  indices: Numbers,
  start: number,
  count: number,
  validity: Validity,
  path: string,
): void {
  const size = words.length / width;
  const wide = width % 4 === 0;
  const target = wide ? new Uint32Array(out.buffer, 0, out.byteLength >> 2) : out;
  const source = wide ? new Uint32Array(words.buffer, words.byteOffset, words.byteLength >> 2) : words;
  const step = wide ? width >> 2 : width;
  for (let i = 0; i < count; i++) {
    const valid = isValid(validity, i);
    const index = valid ? Number(indices[start + i]) : 0;
    if (valid && !(index >= 0 && index < size)) throw new SluiceError("io/unsupported-value", `Column "${path}" points outside its dictionary.`);
    for (let k = 0; k < step; k++) target[i * step + k] = valid ? (source[index * step + k] as number) : 0;
  }
}

function withNulls(validity: Validity, dictionary: Validity, indices: Numbers, start: number, count: number): Validity {
  const out = new Uint8Array((count + 7) >> 3);
  for (let i = 0; i < count; i++) {
    if (isValid(validity, i) && isValid(dictionary, Number(indices[start + i]))) out[i >> 3] = (out[i >> 3] as number) | (1 << (i & 7));
  }
  return out;
}

/** The dictionary's values written to vectors of their own, and the vectors' bytes. */
function valueTemplate({ native }: WriteContext, field: ArrowField, path: string, write: ColumnWriter): (chunks: readonly ArrowData[]) => Template {
  const { logical } = columnType(native, field, undefined, path);
  return (chunks) => {
    const parts: Uint8Array[] = [];
    const vectors: Vector[] = [];
    const nulls: boolean[] = [];
    const width = widthOf(field);
    for (const chunk of chunks) {
      if (chunk.length === 0) continue;
      const vector = native.create_vector(logical, chunk.length);
      write(vector, chunk, 0, chunk.length);
      vectors.push(vector);
      parts.push(Uint8Array.from(native.vector_get_data(vector, chunk.length * width)));
      const validity = validityOf(chunk, 0, chunk.length, undefined);
      for (let i = 0; i < chunk.length; i++) nulls.push(!isValid(validity, i));
    }
    const words = new Uint8Array(parts.reduce((sum, bytes) => sum + bytes.length, 0));
    let at = 0;
    for (const bytes of parts) {
      words.set(bytes, at);
      at += bytes.length;
    }
    return { words, width, vectors, validity: bitsOf(nulls) };
  };
}

function bitsOf(nulls: readonly boolean[]): Validity {
  if (!nulls.includes(true)) return undefined;
  const out = new Uint8Array((nulls.length + 7) >> 3);
  nulls.forEach((isNull, i) => {
    if (!isNull) out[i >> 3] = (out[i >> 3] as number) | (1 << (i & 7));
  });
  return out;
}

/** Bytes of one value in a vector. */
function widthOf({ type }: ArrowField): number {
  switch (type.typeId) {
    case A.Bool:
      return 1;
    case A.Int:
      return (type.bitWidth ?? 64) >> 3;
    case A.Float:
      return type.precision === 2 ? 8 : 4;
    case A.Date:
      return 4;
    case A.Time:
    case A.Timestamp:
      return 8;
    case A.Decimal:
      return decimalBytes(type.precision ?? 38);
    default:
      return 16;
  }
}

/** Codes of an ENUM with the names given, for a dictionary that may order them differently or lack some. */
function enumTemplate(names: readonly string[], path: string): (chunks: readonly ArrowData[]) => Template {
  const width = names.length <= 255 ? 1 : names.length <= 65_535 ? 2 : 4;
  const codes = new Map(names.map((name, i) => [name, i]));
  const decoder = new TextDecoder();
  return (chunks) => {
    const texts: (string | null)[] = [];
    for (const chunk of chunks) {
      const offsets = chunk.valueOffsets ?? new Int32Array(1);
      const validity = validityOf(chunk, 0, chunk.length, undefined);
      for (let i = 0; i < chunk.length; i++) {
        texts.push(isValid(validity, i) ? decoder.decode((chunk.values as Uint8Array).subarray(Number(offsets[i]), Number(offsets[i + 1]))) : null);
      }
    }
    const words = new Uint8Array(texts.length * width);
    const view = new DataView(words.buffer);
    texts.forEach((text, i) => {
      const code = text === null ? 0 : codes.get(text);
      if (code === undefined)
        throw new SluiceError("io/unsupported-value", `Column "${path}" has the value ${JSON.stringify(text)}, which its ENUM has not.`);
      if (width === 1) view.setUint8(i, code);
      else if (width === 2) view.setUint16(i * 2, code, true);
      else view.setUint32(i * 4, code, true);
    });
    return { words, width, vectors: [], validity: bitsOf(texts.map((text) => text === null)) };
  };
}
