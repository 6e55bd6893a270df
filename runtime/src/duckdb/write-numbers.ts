import { SluiceError } from "../model/errors.ts";
import { type ArrowData, bytesOf } from "./arrow-shape.ts";
import { isValid, type Validity } from "./validity.ts";

/** Fills `out` with `count` values of `data` from `start`, in DuckDB's layout. */
export type Convert = (out: ArrayBuffer, data: ArrowData, start: number, count: number, validity: Validity) => void;

const inexact = (path: string, what: string, hint: string): SluiceError => new SluiceError("io/inexact-value", `Column "${path}" ${what}`, { hint });

/** Low and high 32 bits of each value, whatever typed array the copy of Arrow chose for 64-bit ones. */
const words = (data: ArrowData): Int32Array => {
  const bytes = data.values ? bytesOf(data.values) : new Uint8Array();
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
};

export const bits: Convert = (out, data, start, count) => {
  const target = new Uint8Array(out, 0, count);
  const source = data.values as Uint8Array;
  const first = data.offset + start;
  for (let i = 0; i < count; i++) target[i] = (((source[(first + i) >> 3] ?? 0) >> ((first + i) & 7)) & 1) as number;
};

export const halfFloats: Convert = (out, data, start, count) => {
  const target = new Float32Array(out, 0, count);
  const source = data.values as Uint16Array;
  for (let i = 0; i < count; i++) {
    const half = source[start + i] ?? 0;
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    const size =
      exponent === 0 ? fraction * 2 ** -24 : exponent === 31 ? (fraction ? Number.NaN : Infinity) : (1 + fraction / 1024) * 2 ** (exponent - 15);
    target[i] = half & 0x8000 ? -size : size;
  }
};

const day = 86_400_000;

/** DATE from Arrow's milliseconds. Throws `io/inexact-value` for one that is not a whole day. */
export const millisecondDates =
  (path: string): Convert =>
  (out, data, start, count, validity) => {
    const target = new Int32Array(out, 0, count);
    const source = words(data);
    for (let i = 0; i < count; i++) {
      if (!isValid(validity, i)) continue;
      const k = (start + i) * 2;
      const days = ((source[k + 1] as number) * 4_294_967_296 + ((source[k] as number) >>> 0)) / day;
      if (!Number.isInteger(days)) throw inexact(path, "is a date with a time of day, which a DATE would lose.", "Use a Timestamp column.");
      target[i] = days;
    }
  };

/** Microseconds from seconds (unit 0) or milliseconds (unit 1) in 32 bits. */
export const shortTimes =
  (unit: number): Convert =>
  (out, data, start, count) => {
    const target = new BigInt64Array(out, 0, count);
    const source = data.values as Int32Array;
    const factor = unit === 0 ? 1_000_000 : 1000;
    for (let i = 0; i < count; i++) target[i] = BigInt((source[start + i] ?? 0) * factor);
  };

const most = (1n << 63n) - 1n;

/** Microseconds from another unit of time with a zone. Throws `io/inexact-value` for nanoseconds that would be lost or instants out of range. */
export const zonedTimestamps =
  (unit: number, path: string): Convert =>
  (out, data, start, count, validity) => {
    const target = new BigInt64Array(out, 0, count);
    const source = data.values as BigInt64Array;
    const factor = unit === 0 ? 1_000_000n : 1000n;
    for (let i = 0; i < count; i++) {
      if (!isValid(validity, i)) continue;
      const value = source[start + i] ?? 0n;
      if (unit === 3) {
        if (value % 1000n !== 0n) {
          throw inexact(path, "has nanoseconds, which TIMESTAMP WITH TIME ZONE would lose.", "Use microseconds, or a timestamp without a zone.");
        }
        target[i] = value / 1000n;
      } else {
        const micros = value * factor;
        if (micros > most || micros < -most) throw inexact(path, "has an instant that DuckDB's timestamps do not reach.", "Use a narrower range.");
        target[i] = micros;
      }
    }
  };

/** INTERVAL from a duration: microseconds only, without months and days. Throws `io/inexact-value` for nanoseconds that would be lost, or too long ones. */
export const durations =
  (unit: number, path: string): Convert =>
  (out, data, start, count, validity) => {
    const target = new BigInt64Array(out, 0, count * 2);
    const source = data.values as BigInt64Array;
    const factor = unit === 0 ? 1_000_000n : unit === 1 ? 1000n : 1n;
    for (let i = 0; i < count; i++) {
      target[2 * i] = 0n;
      if (!isValid(validity, i)) continue;
      const value = source[start + i] ?? 0n;
      if (unit === 3 && value % 1000n !== 0n) throw inexact(path, "has nanoseconds, which INTERVAL would lose.", "Round it to microseconds.");
      const micros = unit === 3 ? value / 1000n : value * factor;
      if (micros > most || micros < -most) throw inexact(path, "has a duration that DuckDB's intervals do not reach.", "Use a narrower range.");
      target[2 * i + 1] = micros;
    }
  };

/** A decimal of `width` bits as DuckDB keeps it: 16, 32 or 64 bits up to 4, 9 and 18 digits, else 128. */
export const decimals =
  (precision: number, width: number, path: string): Convert =>
  (out, data, start, count, validity) => {
    const source = words(data);
    const stride = width >> 5;
    const size = decimalBytes(precision) >> 2;
    const target = size === 0 ? new Int16Array(out, 0, count) : new Int32Array(out, 0, count * size);
    const limit = 10n ** BigInt(precision);
    const near = Number(limit) * (1 - 2 ** -50); // Above, doubles are too coarse to tell.
    for (let i = 0; i < count; i++) {
      if (!isValid(validity, i)) continue;
      const from = (start + i) * stride;
      const low = source[from] ?? 0;
      const high = stride > 1 ? (source[from + 1] ?? 0) : low >> 31;
      const sign = (source[from + stride - 1] ?? 0) >> 31;
      if (size <= 2) {
        let fits = true;
        for (let k = 2; k < stride; k++) fits &&= source[from + k] === sign;
        const value = high * 4_294_967_296 + (low >>> 0);
        if (!fits || (Math.abs(value) >= near && exceeds(high, low, limit))) throw tooWide(path, precision);
        if (size === 0) target[i] = low;
        else if (size === 1) target[i] = low;
        else {
          target[2 * i] = low;
          target[2 * i + 1] = high;
        }
      } else {
        for (let k = 0; k < 4; k++) target[4 * i + k] = k < stride ? (source[from + k] ?? 0) : sign;
        for (let k = 4; k < stride; k++) if (source[from + k] !== sign) throw tooWide(path, precision);
      }
    }
  };

const exceeds = (high: number, low: number, limit: bigint): boolean => {
  const value = (BigInt(high) << 32n) | BigInt(low >>> 0);
  return value >= limit || value <= -limit;
};

export const decimalBytes = (precision: number): number => (precision <= 4 ? 2 : precision <= 9 ? 4 : precision <= 18 ? 8 : 16);

const tooWide = (path: string, precision: number): SluiceError =>
  new SluiceError("io/unsupported-value", `Column "${path}" has a decimal with more than the ${precision} digits that its type says.`);

/** DuckDB's UUID from the 16 bytes in order: reversed, with the top bit flipped so that they sort. */
export const uuids: Convert = (out, data, start, count) => {
  const target = new Uint8Array(out, 0, count * 16);
  const source = data.values ? bytesOf(data.values) : new Uint8Array();
  for (let i = 0; i < count; i++) {
    const from = (start + i) * 16;
    for (let k = 0; k < 16; k++) target[i * 16 + 15 - k] = source[from + k] ?? 0;
    target[i * 16 + 15] = (target[i * 16 + 15] as number) ^ 0x80;
  }
};
