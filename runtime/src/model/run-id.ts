const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");

/**
 * An id for a run: a UUID whose text sorts by time (version 7), so that a log kept by it grows at its end. In the middle of a large one each event
 * would cost several times as much.
 */
export function newRunId(now: number = Date.now(), random: Uint8Array = crypto.getRandomValues(new Uint8Array(10))): string {
  const time = hex(now, 12);
  const bytes = Array.from(random, (byte) => hex(byte, 2)).join("");
  const variant = hex(0x8 | (Number.parseInt(bytes.slice(3, 4), 16) & 0x3), 1);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${bytes.slice(0, 3)}-${variant}${bytes.slice(4, 7)}-${bytes.slice(7, 19)}`;
}
