import { bytesOf } from "./arrow-shape.ts";
import type { Native, Vector } from "./native.ts";

/** Memory that one vector is laid out in before the engine copies it; grows, and is used again for the next vector. */
export interface Scratch {
  /** At least `size` bytes, 16-byte aligned, with whatever the last use left in it. */
  readonly take: (size: number) => ArrayBuffer;
}

export function createScratch(): Scratch {
  let buffer = new ArrayBuffer(1 << 16);
  return {
    take: (size) => {
      if (buffer.byteLength < size) buffer = new ArrayBuffer(size * 2);
      return buffer;
    },
  };
}

const limit = 0xffff_ffff;

/**
 * Copies `length` bytes of `array`, from byte `from` of it, to the start of a vector. What the array lacks is zero: Arrow lets buffers of
 * all-null columns be absent. Views of vectors are never written: in Electron they are copies.
 */
export function copyToVector(native: Native, vector: Vector, array: ArrayBufferView, from: number, length: number): void {
  const start = array.byteOffset + from;
  if (from + length <= array.byteLength && array.buffer instanceof ArrayBuffer && start + length <= limit) {
    native.copy_data_to_vector(vector, 0, array.buffer, start, length);
    return;
  }
  const copy = new Uint8Array(length);
  copy.set(bytesOf(array).subarray(from, from + length));
  native.copy_data_to_vector(vector, 0, copy.buffer, 0, length);
}
