import type { Format } from "./format.ts";

const isBuffer = (value: unknown): value is Buffer => Buffer.isBuffer(value);

/** `Uint8Array`, byte for byte. */
export const bytes: Format<Uint8Array> = {
  name: "bytes",
  extension: "bin",
  accepts: (value) => value instanceof Uint8Array && Object.getPrototypeOf(value) === Uint8Array.prototype,
  write: (value, sink) => sink.write(value),
  read: async (source) => {
    const read = await source.bytes();
    return new Uint8Array(read.buffer, read.byteOffset, read.byteLength);
  },
};

/** Node's `Buffer`, byte for byte; apart from `bytes` because its `slice` and `toString` mean something else. */
export const buffer: Format<Buffer> = {
  name: "buffer",
  extension: "bin",
  accepts: isBuffer,
  write: (value, sink) => sink.write(value),
  read: async (source) => {
    const read = await source.bytes();
    return Buffer.from(read.buffer, read.byteOffset, read.byteLength);
  },
};
