import { SluiceError } from "../model/errors.ts";
import type { Place } from "./infer.ts";

/** Texts end to end, as Arrow keeps them. */
export interface PackedText {
  readonly offsets: Int32Array;
  readonly bytes: Uint8Array;
}
/** Most characters that are joined at once: below what a string may hold, whatever they take as UTF-8. */
export const mostCharacters = 1 << 27;

/** UTF-8 bytes of one text; -1 for half of a surrogate pair, which has none. */
function utf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x80) continue;
    if (code < 0x800) length += 1;
    else if (code < 0xd800 || code > 0xdfff) length += 2;
    else {
      const low = text.charCodeAt(i + 1);
      if (code > 0xdbff || !(low >= 0xdc00 && low <= 0xdfff)) return -1;
      length += 2;
      i++;
    }
  }
  return length;
}

/**
 * Encodes all texts in one go: per text only its length is computed. "" stands for null.
 * Throws `io/unsupported-value` for a text that UTF-8 cannot hold.
 */
export function packTexts(texts: readonly string[], place: Place, rowOf: (index: number) => number): PackedText {
  const offsets = new Int32Array(texts.length + 1);
  const encoded = Buffer.from(texts.join(""), "utf8");
  const bytes = new Uint8Array(encoded.buffer, encoded.byteOffset, encoded.length);
  let end = 0;
  for (let i = 0; i < texts.length; i++) {
    end += texts[i]!.length;
    offsets[i + 1] = end;
  }
  if (end === bytes.length) return { offsets, bytes };
  end = 0;
  for (let i = 0; i < texts.length; i++) {
    const length = utf8Length(texts[i]!);
    if (length < 0) {
      throw new SluiceError(
        "io/unsupported-value",
        `Column "${place.column}" of asset "${place.asset}" holds a text with half a surrogate pair (row ${rowOf(i) + 1}).`,
        {
          asset: place.asset,
          hint: "Such a text cannot be written as UTF-8. It usually comes from cutting a text inside an emoji: use text.toWellFormed().",
        },
      );
    }
    end += length;
    offsets[i + 1] = end;
  }
  return { offsets, bytes };
}

/** Reads texts out of Arrow's bytes. All are decoded at once and cut, since decoding one by one costs several times as much. */
export function textReader(bytes: Uint8Array, offsets: Int32Array | BigInt64Array, count: number): (index: number) => string {
  const at = (index: number) => Number(offsets[index]);
  const start = count === 0 ? 0 : at(0);
  const end = count === 0 ? 0 : at(count);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const one = (i: number) => buffer.toString("utf8", at(i), at(i + 1));
  if (end - start > mostCharacters) return one;
  const all = buffer.toString("utf8", start, end);
  if (all.length === end - start) {
    return start === 0 && offsets instanceof Int32Array
      ? (i) => all.slice(offsets[i], offsets[i + 1])
      : (i) => all.slice(at(i) - start, at(i + 1) - start);
  }
  // Bytes that are not UTF-8 become replacement characters, and then character counts are no guide.
  if (all.includes("\ufffd")) return one;
  const cuts = new Int32Array(count + 1);
  for (let i = 0; i < count; i++) cuts[i + 1] = cuts[i]! + characters(bytes, at(i), at(i + 1));
  return (i) => all.slice(cuts[i], cuts[i + 1]);
}

/** UTF-16 units of a range of UTF-8. */
function characters(bytes: Uint8Array, from: number, to: number): number {
  let count = 0;
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!;
    if ((byte & 0xc0) !== 0x80) count += byte >= 0xf0 ? 2 : 1;
  }
  return count;
}
