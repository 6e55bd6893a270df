import type { Native, Vector } from "./native.ts";
import type { Validity } from "./validity.ts";

/** Gathers the validity of a column, kept only from the first NULL on. */
export interface GrowingValidity {
  /** Appends `count` rows of a vector from row `from`, behind `at` rows; answers those rows' validity from bit 0. */
  readonly read: (vector: Vector, from: number, at: number, count: number) => Validity;
  readonly take: (rows: number) => { readonly nullCount: number; readonly nullBitmap?: Uint8Array };
}

const setBits = (target: Uint8Array, from: number, to: number): void => {
  let i = from;
  for (; i < to && (i & 7) !== 0; i++) target[i >> 3] = (target[i >> 3] as number) | (1 << (i & 7));
  const whole = (to - i) >> 3;
  target.fill(255, i >> 3, (i >> 3) + whole);
  for (i += whole * 8; i < to; i++) target[i >> 3] = (target[i >> 3] as number) | (1 << (i & 7));
};

/** Bits of `source` from `from`, moved to bit 0. */
function shifted(source: Uint8Array, from: number, count: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array((count + 7) >> 3);
  const [first, shift] = [from >> 3, from & 7];
  for (let i = 0; i < out.length; i++) out[i] = ((source[first + i] ?? 0) >>> shift) | ((source[first + i + 1] ?? 0) << (8 - shift));
  return out;
}

export function createValidity(native: Native): GrowingValidity {
  let bitmap: Uint8Array | undefined;
  return {
    read: (vector, from, at, count) => {
      const raw = native.vector_get_validity(vector, ((from + count + 63) >> 6) << 3) as Uint8Array<ArrayBuffer> | null;
      const validity = raw && from > 0 ? shifted(raw, from, count) : raw;
      if (!validity && !bitmap) return undefined;
      const need = ((at + count + 7) >> 3) + 8;
      if (!bitmap) {
        bitmap = new Uint8Array(Math.max(need, 256));
        setBits(bitmap, 0, at);
      } else if (bitmap.length < need) {
        const larger = new Uint8Array(Math.max(need, bitmap.length * 2));
        larger.set(bitmap);
        bitmap = larger;
      }
      if (!validity) {
        setBits(bitmap, at, at + count);
        return undefined;
      }
      const whole = count >> 3;
      const rest = count & 7;
      const [first, shift] = [at >> 3, at & 7];
      if (shift === 0) {
        bitmap.set(validity.subarray(0, whole), first);
        if (rest) bitmap[first + whole] = (validity[whole] as number) & ((1 << rest) - 1);
      } else {
        const bytes = (count + 7) >> 3;
        for (let i = 0; i < bytes; i++) {
          const bits = i < whole ? (validity[i] as number) : (validity[i] as number) & ((1 << rest) - 1);
          bitmap[first + i] = (bitmap[first + i] as number) | ((bits << shift) & 255);
          bitmap[first + i + 1] = bits >>> (8 - shift);
        }
      }
      return validity;
    },
    take: (rows) => {
      const taken = bitmap;
      bitmap = undefined;
      return taken ? { nullCount: -1, nullBitmap: taken.subarray(0, (rows + 7) >> 3) } : { nullCount: 0 };
    },
  };
}
