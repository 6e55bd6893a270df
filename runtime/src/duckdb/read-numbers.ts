import { aligned } from "./vector-memory.ts";

/** Puts `count` values of a vector behind the `at` values that `out` holds. */
export type Gather = (raw: Uint8Array, out: Uint8Array<ArrayBuffer>, at: number, count: number) => void;

/** 128-bit decimals from `stored` bytes each, the sign spread over the rest. */
export const readDecimals =
  (stored: number): Gather =>
  (raw, out, at, count) => {
    const target = new Int32Array(out.buffer, out.byteOffset + at * 16, count * 4);
    const words = stored >> 2;
    const source =
      words === 0
        ? aligned(raw, 2, (buffer, offset) => new Int16Array(buffer, offset, count))
        : aligned(raw, 4, (buffer, offset) => new Int32Array(buffer, offset, count * words));
    for (let i = 0; i < count; i++) {
      const low = source[words === 2 ? 2 * i : i] as number;
      const high = words === 2 ? (source[2 * i + 1] as number) : low >> 31;
      const sign = high >> 31;
      target[4 * i] = low;
      target[4 * i + 1] = high;
      target[4 * i + 2] = sign;
      target[4 * i + 3] = sign;
    }
  };

/** A UUID's 16 bytes in order, from DuckDB's reversed ones with the top bit flipped. */
export const readUuids: Gather = (raw, out, at, count) => {
  for (let i = 0; i < count; i++) {
    const to = (at + i) * 16;
    for (let k = 0; k < 16; k++) out[to + k] = raw[i * 16 + 15 - k] as number;
    out[to] = (out[to] as number) ^ 0x80;
  }
};
