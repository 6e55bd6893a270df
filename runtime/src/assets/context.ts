import type { Opened } from "./keys.ts";
import type { Partition } from "./mapping.ts";
import type { DynamicPartitions } from "./partitions.ts";
import type { Metadata } from "./storage.ts";

/** Values that a run can be given: plain data. */
export type ParamValue = string | number | boolean | null | readonly (string | number)[];
export type Params = Readonly<Record<string, ParamValue>>;

/** Params as `run` sees them: a default of `true` may be given as `false`. */
type Given<A> = { readonly [Name in keyof A]: A[Name] extends boolean ? boolean : A[Name] };

/** What `run` receives beside its inputs. */
export interface Context<P, R = unknown, A = unknown, Range = false> {
  /** The asset's key; the prefix where `assets()` defines several. */
  readonly key: string;
  /** `undefined` for an asset without partitions, and for one with `range: true`. */
  readonly partition: true extends Range ? undefined : Partition<P>;
  /** The partitions being made: one, or several with `range: true`. */
  readonly partitions: ContextPartitions<P>;
  readonly resources: Opened<R>;
  /** The asset's `params`, with what this run was given in place of its defaults. */
  readonly params: Given<A>;
  /** Aborted when the run is cancelled or the asset's `timeout` is over. */
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Adds to what is recorded with the materialization: plain data, `md()`, `link()`, `table()`. */
  metadata(more: Metadata): void;
  progress(done: number, total?: number): void;
  /** Says what the value is, where two equal texts mean equal values; otherwise every materialization is a new version. */
  dataVersion(version: string): void;
}
export interface ContextPartitions<P> extends ReadonlyArray<Partition<P>> {
  /** Gives dynamic partitions new keys, for later runs. Those that are known already stay as they are. */
  add(definition: DynamicPartitions | string, ...keys: readonly string[]): Promise<void>;
}
export interface Log {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** A text for `metadata` that views show as Markdown. */
export const md = (text: string) => ({ type: "markdown", text }) as const;
/** A link for `metadata`; `text` defaults to the address. */
export const link = (url: string | URL, text?: string) => ({ type: "link", url: String(url), text: text ?? String(url) }) as const;
/** A small table for `metadata`, shown as it is: plain objects, one per line. */
export const table = (lines: readonly Readonly<Record<string, string | number | boolean | null>>[]) => ({ type: "table", lines }) as const;
