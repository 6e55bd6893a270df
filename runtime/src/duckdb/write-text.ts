import { SluiceError } from "../model/errors.ts";
import { arrowIds as A, type ArrowData, bytesOf } from "./arrow-shape.ts";
import type { Native, Vector } from "./native.ts";
import { copyToVector, type Scratch } from "./scratch-memory.ts";

/** Bytes of a run of values, and where each begins: value i is `bytes[offsets[first + i] .. offsets[first + i + 1]]`. */
interface Texts {
  readonly bytes: Uint8Array;
  readonly offsets: Int32Array;
  readonly first: number;
}

/** Most bytes of one vector's values; DuckDB takes them as one piece. */
const mostBytes = 1 << 30;

/** The values of `count` rows in one piece with 32-bit offsets, from any of Arrow's layouts of text and bytes. */
function textsOf(data: ArrowData, start: number, count: number): Texts {
  const { typeId, byteWidth = 0 } = data.type;
  const values = data.values ? bytesOf(data.values) : new Uint8Array();
  if (typeId === A.FixedSizeBinary) {
    const offsets = new Int32Array(count + 1);
    for (let i = 0; i <= count; i++) offsets[i] = i * byteWidth;
    return { bytes: values.subarray(start * byteWidth, (start + count) * byteWidth), offsets, first: 0 };
  }
  if (typeId === A.Utf8View || typeId === A.BinaryView) return viewed(values, data.variadicBuffers ?? [], start, count);
  if (data.valueOffsets instanceof Int32Array || data.valueOffsets?.BYTES_PER_ELEMENT === 4) {
    return { bytes: values, offsets: data.valueOffsets as Int32Array, first: start };
  }
  const wide = data.valueOffsets as BigInt64Array;
  const base = Number(wide[start] ?? 0n);
  const offsets = new Int32Array(count + 1);
  for (let i = 0; i <= count; i++) offsets[i] = Number(wide[start + i] ?? 0n) - base;
  return { bytes: values.subarray(base), offsets, first: 0 };
}

/** Arrow's view layout: 16 bytes a value, short ones inside, long ones as buffer number and offset. */
function viewed(views: Uint8Array, buffers: readonly Uint8Array[], start: number, count: number): Texts {
  const words = new DataView(views.buffer, views.byteOffset, views.byteLength);
  const offsets = new Int32Array(count + 1);
  for (let i = 0; i < count; i++) offsets[i + 1] = (offsets[i] as number) + words.getInt32((start + i) * 16, true);
  const bytes = new Uint8Array(offsets[count] as number);
  for (let i = 0; i < count; i++) {
    const at = (start + i) * 16;
    const length = words.getInt32(at, true);
    const inside = length <= 12;
    const source = inside ? views : buffers[words.getInt32(at + 8, true)];
    const from = inside ? at + 4 : words.getInt32(at + 12, true);
    if (source) bytes.set(source.subarray(from, from + length), offsets[i] as number);
  }
  return { bytes, offsets, first: 0 };
}

/**
 * Writes text or bytes as DuckDB's 16-byte strings: up to 12 bytes inside, longer ones as a pointer. The vector takes all bytes in one
 * call, and the pointers into its memory are computed here, so that no value costs a call.
 * Throws `io/unsupported-value` for text that is not UTF-8: the engine does not check strings made this way.
 */
export function writeTexts(
  native: Native,
  vector: Vector,
  data: ArrowData,
  start: number,
  count: number,
  scratch: Scratch,
  utf8: boolean,
  path: string,
): void {
  const { bytes, offsets, first } = textsOf(data, start, count);
  const base = offsets[first] ?? 0;
  const end = offsets[first + count] ?? base;
  const total = end - base;
  if (total < 0 || end > bytes.length) throw new SluiceError("io/unsupported-value", `Column "${path}" has offsets that point outside its values.`);
  if (total > mostBytes) throw new SluiceError("io/unsupported-value", `Column "${path}" has more than 1 GiB of text in ${count} rows.`);
  const buffer = scratch.take(count * 16);
  const words = new Uint32Array(buffer, 0, count * 4);
  let low = 0;
  let high = 0;
  if (total > 12) {
    const lost = 0xffff_fffe;
    words[0] = lost;
    native.copy_data_to_vector(vector, 0, buffer, 0, 4);
    native.vector_assign_string_element_len(vector, 0, bytes.subarray(base, end));
    const view = native.vector_get_data(vector, 16);
    const header = new DataView(view.buffer, view.byteOffset, 16);
    if (header.getUint32(0, true) !== total) throw notUtf8(path);
    low = header.getUint32(8, true);
    high = header.getUint32(12, true);
  }
  if (end + 12 <= bytes.length || total === 0) fill(words, bytes, offsets, first, count, low, high);
  else {
    // The last values are read 12 bytes at a time, past their end: they need room there.
    const padded = new Uint8Array(total + 12);
    padded.set(bytes.subarray(base, end));
    const moved = new Int32Array(count + 1);
    for (let i = 0; i <= count; i++) moved[i] = (offsets[first + i] as number) - base;
    fill(words, padded, moved, 0, count, low, high);
  }
  if (utf8) {
    if (total <= 12 && !isUtf8(bytes.subarray(base, end))) throw notUtf8(path);
    // All of it is UTF-8, so each value is when none begins within a character.
    for (let i = 1; i < count; i++) {
      const at = offsets[first + i] as number;
      if (at < end && ((bytes[at] as number) & 0xc0) === 0x80) throw notUtf8(path);
    }
  }
  copyToVector(native, vector, words, 0, count * 16);
}

/** `bytes` has at least 12 bytes after the last value. */
function fill(words: Uint32Array, bytes: Uint8Array, offsets: Int32Array, first: number, count: number, low: number, high: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const base = offsets[first] as number;
  let from = base;
  for (let i = 0, w = 0; i < count; i++, w += 4) {
    const to = offsets[first + i + 1] as number;
    const length = to - from;
    words[w] = length;
    if (length > 12) {
      const pointer = low + (from - base);
      words[w + 1] = view.getUint32(from, true);
      words[w + 2] = pointer;
      words[w + 3] = pointer > 0xffff_ffff ? high + 1 : high;
    } else if (length > 8) {
      words[w + 1] = view.getUint32(from, true);
      words[w + 2] = view.getUint32(from + 4, true);
      words[w + 3] = view.getUint32(from + 8, true) & masks[length - 8]!;
    } else if (length > 4) {
      words[w + 1] = view.getUint32(from, true);
      words[w + 2] = view.getUint32(from + 4, true) & masks[length - 4]!;
      words[w + 3] = 0;
    } else {
      if (length < 0) throw new RangeError("Offsets of an Arrow column decrease.");
      words[w + 1] = length === 0 ? 0 : view.getUint32(from, true) & masks[length]!;
      words[w + 2] = 0;
      words[w + 3] = 0;
    }
    from = to;
  }
}
const masks = Int32Array.of(0, 0xff, 0xffff, 0xff_ffff, -1);

const strict = new TextDecoder("utf-8", { fatal: true });
function isUtf8(bytes: Uint8Array): boolean {
  try {
    strict.decode(bytes);
    return true;
  } catch {
    return false; // The decoder throws for nothing else.
  }
}

const notUtf8 = (path: string): SluiceError =>
  new SluiceError("io/unsupported-value", `Column "${path}" holds text that is not valid UTF-8.`, {
    hint: "Store such bytes in a Binary column, or repair the text where it is read.",
  });
