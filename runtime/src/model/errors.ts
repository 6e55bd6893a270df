/** Every code a `SluiceError` can carry; each has a page in docs/errors. */
export const errorCodes = [
  "config/invalid",
  "config/missing-env",
  "config/unbound-key",
  "config/unknown-target",
  "graph/cycle",
  "graph/duplicate-key",
  "graph/unknown-upstream",
  "graph/storage-collision",
  "graph/nothing-to-load",
  "selection/invalid",
  "partition/unknown",
  "partition/mismatch",
  "partition/missing-column",
  "io/not-found",
  "io/unsupported-value",
  "io/inexact-value",
  "io/unknown-columns",
  "io/rows-outside-partition",
  "io/schema-mismatch",
  "io/duplicate-key",
  "io/conflict",
  "io/ambiguous",
  "io/locked",
  "io/permission",
  "io/sdk-missing",
  "io/unavailable",
  "sql/failed",
  "sql/foreign-store",
  "load/failed",
  "run/failed",
  "run/no-value",
  "run/invalid-row",
  "run/timeout",
  "run/cancelled",
  "check/failed",
  "runner/crashed",
] as const;
export type ErrorCode = (typeof errorCodes)[number];

/** A place in a source file; lines and columns count from 1. */
export interface SourcePlace {
  readonly file: string;
  readonly line: number;
  readonly column?: number;
}

/** An error as plain data: what crosses process borders and lies in the history. */
export interface ErrorInfo {
  readonly code: ErrorCode;
  /** What was tried, what was found. */
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
  /** Key of the asset it happened to. */
  readonly asset?: string;
  /** Class name of the thrown value, such as "TypeError", where user code threw. */
  readonly thrown?: string;
  /** The user's line, where one is known. */
  readonly place?: SourcePlace;
  readonly stack?: string;
  /** Name, message and code of what caused it. */
  readonly cause?: { readonly message: string; readonly code?: string };
}

export interface SluiceErrorOptions {
  readonly hint?: string | undefined;
  readonly asset?: string | undefined;
  readonly place?: SourcePlace | undefined;
  readonly cause?: unknown;
}

const brand = Symbol.for("sluice.error");

/** The one error type of Sluice: a code from the closed list, a message, and what to do. */
export class SluiceError extends Error {
  readonly code: ErrorCode;
  readonly hint?: string;
  readonly asset?: string;
  readonly place?: SourcePlace;
  constructor(code: ErrorCode, message: string, options: SluiceErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "SluiceError";
    this.code = code;
    if (options.hint !== undefined) this.hint = options.hint;
    if (options.asset !== undefined) this.asset = options.asset;
    if (options.place !== undefined) this.place = options.place;
    Object.defineProperty(this, brand, { value: true });
  }
}

/** Also true for errors of another copy of the package. */
export const isSluiceError = (value: unknown): value is SluiceError => typeof value === "object" && value !== null && brand in value;

/** Any thrown value as plain data; what is not a `SluiceError` gets the code given. */
export function toErrorInfo(thrown: unknown, code: ErrorCode, extra: { readonly asset?: string; readonly place?: SourcePlace } = {}): ErrorInfo {
  const error = thrown instanceof Error || isSluiceError(thrown) ? (thrown as Error) : undefined;
  const known = isSluiceError(thrown) ? thrown : undefined;
  const cause = error?.cause;
  const asset = known?.asset ?? extra.asset;
  const place = known?.place ?? extra.place;
  return {
    code: known?.code ?? code,
    message: error ? error.message : String(thrown),
    ...(known?.hint === undefined ? {} : { hint: known.hint }),
    ...(asset === undefined ? {} : { asset }),
    ...(known || !error ? {} : { thrown: error.name }),
    ...(place === undefined ? {} : { place }),
    ...(error?.stack === undefined ? {} : { stack: error.stack }),
    ...(cause instanceof Error ? { cause: { message: cause.message, ...(isSluiceError(cause) ? { code: cause.code } : {}) } } : {}),
  };
}

/** The way back, at the other side of a process border. */
export function fromErrorInfo(info: ErrorInfo): SluiceError {
  const error = new SluiceError(info.code, info.message, { hint: info.hint, asset: info.asset, place: info.place });
  if (info.stack !== undefined) error.stack = info.stack;
  return error;
}
