import type { ErrorInfo, SourcePlace } from "./errors.ts";
import type { StoredMetadata, StoredRecord } from "./values.ts";

/** One step of a plan: one call of `run`, which materializes one asset, or several for `assets(...)`. */
export interface PlannedStep {
  readonly step: string;
  /** Keys it materializes. */
  readonly assets: readonly string[];
  /** Steps that must succeed first. */
  readonly after: readonly string[];
  /** Keys of the partitions it makes: one, or several for an asset that wants them together. Left out for a whole value. */
  readonly partitions?: readonly string[];
}

export type LogLevel = "debug" | "info" | "warn" | "error";

interface InRun {
  readonly runId: string /** Milliseconds since the epoch. */;
  readonly at: number;
}
interface InStep extends InRun {
  readonly step: string;
  /** Key of the partition, where the step or the output has exactly one. */
  readonly partition?: string;
}
interface OfAsset extends InStep {
  readonly asset: string;
}

/** How one check of a value came out. */
export interface CheckOutcome {
  readonly check: string;
  readonly passed: boolean;
  readonly severity: "warn" | "error";
  readonly blocking: boolean;
  /** "staged": before the value replaced the former one; "stored": when it was in its place. */
  readonly on: "staged" | "stored";
  readonly description?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Where it is defined. */
  readonly place?: SourcePlace;
  readonly ms: number;
}

/** Everything that happens in a run, in order; each view (tree, terminal, history) is a fold over it. */
export type RunEvent =
  | (InRun & { readonly type: "run-queued"; readonly target: string; readonly plan: readonly PlannedStep[]; readonly selection: string })
  | (InRun & { readonly type: "run-started" })
  | (InRun & { readonly type: "run-finished"; readonly ms: number })
  | (InRun & { readonly type: "run-failed"; readonly ms: number; readonly error?: ErrorInfo })
  | (InRun & { readonly type: "run-cancelled"; readonly ms: number; readonly error?: ErrorInfo })
  | (InStep & { readonly type: "step-started"; readonly attempt: number })
  | (InStep & {
      readonly type: "step-skipped";
      readonly reason: "upstream-failed" | "upstream-skipped" | "not-needed" | "cancelled";
      readonly because?: string;
    })
  | (InStep & { readonly type: "step-failed"; readonly error: ErrorInfo; readonly attempt: number; readonly ms: number })
  | (InStep & { readonly type: "step-retrying"; readonly attempt: number; readonly delay: number; readonly error: ErrorInfo })
  | (InStep & { readonly type: "step-finished"; readonly ms: number })
  | (InStep & {
      readonly type: "input-loaded";
      readonly input: string;
      readonly upstream: string;
      readonly upstreamPartition?: string;
      readonly handler?: string;
      readonly ms: number;
    })
  | (InStep & { readonly type: "progress"; readonly done: number; readonly total?: number })
  | (InStep & { readonly type: "log"; readonly level: LogLevel; readonly message: string })
  | (OfAsset & CheckOutcome & { readonly type: "check-evaluated" })
  | (OfAsset & { readonly type: "output-stored"; readonly metadata: StoredMetadata; readonly ms: number })
  | (OfAsset & { readonly type: "materialized"; readonly record: StoredRecord; readonly metadata?: StoredMetadata });

export type RunState = "queued" | "running" | "succeeded" | "failed" | "cancelled";

/** One line of the run history. */
export interface RunSummary {
  readonly runId: string;
  readonly target: string;
  readonly state: RunState;
  readonly startedAt: number;
  readonly ms?: number;
  readonly selection: string;
  readonly assets: readonly string[];
  readonly failed: readonly string[];
}
