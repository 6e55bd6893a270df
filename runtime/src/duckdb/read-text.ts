import { SluiceError } from "../model/errors.ts";
import type { GrowingBuffer } from "./growing-buffer.ts";
import type { Native, Vector } from "./native.ts";
import { isValid, type Validity } from "./validity.ts";
import { endView, vectorWords } from "./vector-memory.ts";

const pointer = new ArrayBuffer(8);
const pointerWords = new Uint32Array(pointer);
const most = 2 ** 31 - 1;

/**
 * Reads `count` of DuckDB's 16-byte strings from row `from` of a vector, whose validity is given from that row on, behind the `used` bytes of `out`; sets `offsets[at + 1 ...]`.
 * Strings of up to 12 bytes lie inside; longer ones are fetched in runs that lie one behind the other, so that few calls are made.
 * Answers how many bytes of `out` are used then. There must be room for 12 bytes more than that, which `out` is given.
 */
export function readTexts(
  native: Native,
  vector: Vector,
  from: number,
  count: number,
  validity: Validity,
  out: GrowingBuffer,
  used: number,
  offsets: Int32Array,
  at: number,
): number {
  const words = vectorWords(native, vector, from, count);
  let end = used;
  let long = false;
  for (let i = 0; i < count; i++) {
    if (isValid(validity, i)) {
      const length = words[4 * i] as number;
      end += length;
      if (length > 12) long = true;
    }
    offsets[at + i + 1] = end;
  }
  if (end > most) {
    throw new SluiceError("io/unsupported-value", `${count} rows hold more than 2 GiB of text in one column, which an Arrow batch cannot.`);
  }
  out.reserve(end + 16, used);
  if (long) readMixed(native, words, count, validity, out, offsets, at);
  else {
    const { view } = out;
    for (let i = 0; i < count; i++) {
      if (!isValid(validity, i)) continue;
      const to = offsets[at + i] as number;
      view.setUint32(to, words[4 * i + 1] as number, true);
      view.setUint32(to + 4, words[4 * i + 2] as number, true);
      view.setUint32(to + 8, words[4 * i + 3] as number, true);
    }
  }
  endView(words);
  return end;
}

function readMixed(native: Native, words: Uint32Array, count: number, validity: Validity, out: GrowingBuffer, offsets: Int32Array, at: number): void {
  const { view, bytes } = out;
  let i = 0;
  while (i < count) {
    if (!isValid(validity, i)) {
      i++;
      continue;
    }
    const length = words[4 * i] as number;
    if (length <= 12) {
      inside(view, words, i, offsets[at + i] as number);
      i++;
      continue;
    }
    const begin = (words[4 * i + 3] as number) * 4_294_967_296 + (words[4 * i + 2] as number);
    let end = begin + length;
    let last = i;
    let pure = true;
    for (let j = i + 1; j < count; j++) {
      if (!isValid(validity, j)) continue;
      const next = words[4 * j] as number;
      if (next <= 12) {
        if (next > 0) pure = false;
        continue;
      }
      if ((words[4 * j + 3] as number) * 4_294_967_296 + (words[4 * j + 2] as number) !== end) break;
      end += next;
      last = j;
    }
    pointerWords[0] = words[4 * i + 2] as number;
    pointerWords[1] = words[4 * i + 3] as number;
    const source = native.get_data_from_pointer(pointer, 0, end - begin);
    if (pure && last > i) bytes.set(source, offsets[at + i] as number);
    else scatter(source, words, i, last, validity, out, offsets, at);
    endView(source);
    i = last + 1;
  }
}

/** Copies the strings of rows `first` to `last`, the long ones from `source`, where they lie one behind the other. */
function scatter(
  source: Uint8Array,
  words: Uint32Array,
  first: number,
  last: number,
  validity: Validity,
  out: GrowingBuffer,
  offsets: Int32Array,
  at: number,
): void {
  const { view, bytes } = out;
  const from = new DataView(source.buffer, source.byteOffset, source.byteLength);
  const readable = source.length - 4;
  let s = 0;
  for (let k = first; k <= last; k++) {
    if (!isValid(validity, k)) continue;
    const length = words[4 * k] as number;
    const to = offsets[at + k] as number;
    if (length <= 12) inside(view, words, k, to);
    else {
      if (length > 64) bytes.set(source.subarray(s, s + length), to);
      else {
        let d = 0;
        for (; d + 4 <= length && s + d <= readable; d += 4) view.setUint32(to + d, from.getUint32(s + d, true), true);
        for (; d < length; d++) bytes[to + d] = source[s + d] as number;
      }
      s += length;
    }
  }
}

/** Writes 12 bytes of a short string; what is too much is written over by the next one. */
function inside(view: DataView, words: Uint32Array, row: number, to: number): void {
  view.setUint32(to, words[4 * row + 1] as number, true);
  view.setUint32(to + 4, words[4 * row + 2] as number, true);
  view.setUint32(to + 8, words[4 * row + 3] as number, true);
}
