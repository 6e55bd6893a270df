import type { Native, Vector } from "./native.ts";

/** Bytes of `count` values of a vector from row `from`. A view in Node, to be read only, and only while the vector's chunk is referenced. */
export function vectorBytes(native: Native, vector: Vector, from: number, count: number, width: number): Uint8Array {
  const bytes = native.vector_get_data(vector, (from + count) * width);
  return from === 0 ? bytes : bytes.subarray(from * width);
}

/** The same for 16-byte values, as four words each. */
export function vectorWords(native: Native, vector: Vector, from: number, count: number): Uint32Array {
  const bytes = vectorBytes(native, vector, from, count, 16);
  return aligned(bytes, 4, (buffer, offset) => new Uint32Array(buffer, offset, count * 4));
}

/** A typed array over bytes; over a copy where they lie askew, as copies in Electron may. */
export const aligned = <Values>(bytes: Uint8Array, size: number, view: (buffer: ArrayBufferLike, offset: number) => Values): Values =>
  bytes.byteOffset % size === 0 ? view(bytes.buffer, bytes.byteOffset) : view(Uint8Array.from(bytes).buffer, 0);

/**
 * Ends a view whose values were copied. Many views of native memory would otherwise wait for the garbage collector, which runs ever more often
 * the more memory they seem to take.
 */
export function endView({ buffer }: ArrayBufferView): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}
