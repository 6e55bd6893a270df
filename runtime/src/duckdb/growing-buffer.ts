/** Memory for values that arrive piece by piece; `bytes` changes identity when it grows. */
export interface GrowingBuffer {
  bytes: Uint8Array<ArrayBuffer>;
  view: DataView<ArrayBuffer>;
  /** Makes room for `size` bytes in all, keeping the first `used`. */
  readonly reserve: (size: number, used: number) => void;
}

// What is read is written first, so the memory need not be zeroed; 16-byte alignment comes with a buffer of its own.
const allocate = (size: number): Uint8Array<ArrayBuffer> => Buffer.allocUnsafeSlow(Math.max(size, 64)) as Uint8Array as Uint8Array<ArrayBuffer>;
const viewOf = (bytes: Uint8Array<ArrayBuffer>) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export function growingBuffer(size: number): GrowingBuffer {
  const bytes = allocate(size);
  const self: GrowingBuffer = {
    bytes,
    view: viewOf(bytes),
    reserve: (wanted, used) => {
      if (wanted <= self.bytes.length) return;
      const larger = allocate(Math.max(wanted, self.bytes.length * 2));
      larger.set(self.bytes.subarray(0, used));
      self.bytes = larger;
      self.view = viewOf(larger);
    },
  };
  return self;
}

/** Offsets with room for `rows` rows. */
export function grownOffsets(offsets: Int32Array<ArrayBuffer>, rows: number): Int32Array<ArrayBuffer> {
  if (rows + 1 <= offsets.length) return offsets;
  const larger = new Int32Array(Math.max(rows, offsets.length * 2) + 1);
  larger.set(offsets);
  return larger;
}
