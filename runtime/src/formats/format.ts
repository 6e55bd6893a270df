/** Takes the bytes of a value being stored. */
export interface Sink {
  /** Once, with everything or chunk by chunk. */
  readonly write: (bytes: Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array>) => Promise<void>;
  readonly signal: AbortSignal;
}
/** Gives the bytes of a stored value. */
export interface Source {
  readonly bytes: () => Promise<Uint8Array>;
  readonly signal: AbortSignal;
}

/**
 * How values that are no tables become the bytes of one object. Formats are tried in order; the first that accepts a value writes it,
 * and its name in the record says who reads it. Custom ones: `filesystem({ formats: [yours] })`, tried before the built-in ones.
 */
export interface Format<Value = unknown> {
  /** Recorded with the value, so never rename it: "json". */
  readonly name: string;
  /** Lower-case letters and digits: "json". */
  readonly extension: string;
  /** True only for values that come back equal. */
  readonly accepts: (value: unknown) => boolean;
  readonly write: (value: Value, sink: Sink) => Promise<void>;
  readonly read: (source: Source) => Promise<Value>;
}
// biome-ignore lint/suspicious/noExplicitAny: a format of whatever value; `unknown` would not accept one, since it both takes and gives
export type AnyFormat = Format<any>;
