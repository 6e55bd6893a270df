import type { ErrorInfo } from "../../runtime/src/model/errors.ts";
import type { CheckOutcome, RunEvent, RunState, RunSummary } from "../../runtime/src/model/events.ts";
import type { StoredMetadata } from "../../runtime/src/model/values.ts";

export type StepState = "waiting" | "running" | "retrying" | "skipped" | "failed" | "done";
export interface StepView {
  readonly step: string;
  readonly assets: readonly string[];
  state: StepState;
  startedAt?: number;
  ms?: number;
  progress?: { readonly done: number; readonly total?: number };
  error?: ErrorInfo;
  /** Why it was skipped: "upstream-failed" and the like. */
  reason?: string;
  /** The asset that is to blame for the skip. */
  because?: string;
  /** Rows stored, over the step's assets. */
  rows?: number;
  /** Keys of the partitions it makes. */
  readonly partitions?: readonly string[];
  /** Of several steps taken together: how many there are, how many have ended, and how many of those failed. */
  readonly parts?: { readonly total: number; readonly done: number; readonly failed: number };
  /** What each of its assets recorded last, by key. */
  metadata?: Record<string, StoredMetadata>;
  /** Checks that did not pass. */
  failedChecks?: readonly FailedCheck[];
}
export interface FailedCheck extends CheckOutcome {
  readonly asset: string;
  readonly partition?: string;
}
/** A run as its events have told it so far. Changed in place by `applyRunEvent`: a large run has many events. */
export interface RunView {
  readonly runId: string;
  target: string;
  selection: string;
  state: RunState;
  startedAt: number;
  ms?: number;
  error?: ErrorInfo;
  readonly steps: Map<string, StepView>;
  /** Steps by asset: one, or one for each partition. */
  readonly stepsOf: Map<string, StepView[]>;
  /** False for a run of the history whose events were not asked for. */
  hasSteps: boolean;
}

export const isLive = (run: RunView) => run.state === "queued" || run.state === "running";

export function newRun(runId: string, facts: { readonly target: string; readonly selection: string; readonly startedAt: number }): RunView {
  return { runId, ...facts, state: "queued", steps: new Map(), stepsOf: new Map(), hasSteps: false };
}

/** A run of the history, without its steps. */
export function runOfSummary(summary: RunSummary): RunView {
  const { runId, target, selection, startedAt, state, ms } = summary;
  return { ...newRun(runId, { target, selection, startedAt }), state, ...(ms === undefined ? {} : { ms }) };
}

function endRun(run: RunView, state: RunState, event: { readonly at: number; readonly ms: number }): void {
  run.state = state;
  run.ms = event.ms;
  for (const step of run.steps.values()) {
    if (step.state === "waiting" || step.state === "running" || step.state === "retrying") {
      step.state = "skipped";
      step.reason = "cancelled";
    }
  }
}

/** Folds one event into the run. */
export function applyRunEvent(run: RunView, event: RunEvent): void {
  switch (event.type) {
    case "run-queued":
      beginRun(run, event);
      break;
    case "run-started":
      run.state = "running";
      break;
    case "run-finished":
      endRun(run, "succeeded", event);
      break;
    case "run-failed":
      if (event.error) run.error = event.error;
      endRun(run, "failed", event);
      break;
    case "run-cancelled":
      endRun(run, "cancelled", event);
      break;
    default: {
      const step = run.steps.get(event.step);
      if (step) applyStepEvent(step, event);
    }
  }
}

function beginRun(run: RunView, event: Extract<RunEvent, { readonly type: "run-queued" }>): void {
  run.target = event.target;
  run.selection = event.selection;
  run.startedAt = event.at;
  run.hasSteps = true;
  for (const { step, assets, partitions } of event.plan) {
    const view: StepView = { step, assets, state: "waiting", ...(partitions ? { partitions } : {}) };
    run.steps.set(step, view);
    for (const key of assets) {
      const others = run.stepsOf.get(key);
      if (others) others.push(view);
      else run.stepsOf.set(key, [view]);
    }
  }
}

function applyStepEvent(step: StepView, event: Extract<RunEvent, { readonly step: string }>): void {
  switch (event.type) {
    case "step-started":
      step.state = "running";
      step.startedAt = event.at;
      delete step.progress;
      delete step.failedChecks;
      break;
    case "step-skipped":
      step.state = "skipped";
      step.reason = event.reason;
      if (event.because !== undefined) step.because = event.because;
      break;
    case "step-failed":
      step.state = "failed";
      step.error = event.error;
      step.ms = event.ms;
      break;
    case "step-retrying":
      step.state = "retrying";
      step.error = event.error;
      break;
    case "step-finished":
      step.state = "done";
      step.ms = event.ms;
      delete step.error;
      break;
    case "progress":
      step.progress = event.total === undefined ? { done: event.done } : { done: event.done, total: event.total };
      break;
    case "check-evaluated":
      if (!event.passed) step.failedChecks = [...(step.failedChecks ?? []), event];
      break;
    case "materialized": {
      const rows = event.record.rows ?? event.metadata?.rows;
      if (rows !== undefined) step.rows = (step.rows ?? 0) + rows;
      if (event.metadata) step.metadata = { ...step.metadata, [event.asset]: event.metadata };
    }
  }
}

const ended = ({ state }: StepView) => state === "done" || state === "failed" || state === "skipped";

/** Several steps that make partitions of the same assets, as one. */
export function together(steps: readonly StepView[]): StepView | undefined {
  const [first] = steps;
  if (!first || steps.length === 1) return first;
  const has = (state: StepState) => steps.some((step) => step.state === state);
  const done = steps.filter(ended).length;
  const state: StepState = has("running")
    ? "running"
    : has("retrying")
      ? "retrying"
      : has("waiting")
        ? done > 0
          ? "running"
          : "waiting"
        : has("failed")
          ? "failed"
          : has("done")
            ? "done"
            : "skipped";
  const rows = steps.reduce<number | undefined>((sum, step) => (step.rows === undefined ? sum : (sum ?? 0) + step.rows), undefined);
  const failure = steps.find((step) => step.error && step.state === "failed");
  const skipped = state === "skipped" ? first : undefined;
  const failedChecks = steps.flatMap((step) => step.failedChecks ?? []);
  const times = steps.flatMap(({ startedAt, ms }) => (startedAt === undefined ? [] : [[startedAt, startedAt + (ms ?? 0)] as const]));
  const from = times.reduce((least, [at]) => Math.min(least, at), Number.POSITIVE_INFINITY);
  const to = times.reduce((most, [, at]) => Math.max(most, at), 0);
  return {
    step: first.step,
    assets: first.assets,
    state,
    partitions: steps.flatMap(({ partitions = [] }) => partitions),
    parts: { total: steps.length, done, failed: steps.filter((step) => step.state === "failed").length },
    ...(rows === undefined ? {} : { rows }),
    ...(failedChecks.length === 0 ? {} : { failedChecks }),
    ...(failure?.error ? { error: failure.error } : {}),
    ...(skipped?.reason === undefined ? {} : { reason: skipped.reason }),
    ...(skipped?.because === undefined ? {} : { because: skipped.because }),
    ...(times.length === 0 ? {} : { startedAt: from }),
    ...(times.length === 0 || done < steps.length ? {} : { ms: to - from }),
  };
}

/** What a run does with an asset, over all its partitions. */
export const stepOfAsset = (run: RunView, key: string): StepView | undefined => together(run.stepsOf.get(key) ?? []);

/** The step that makes one partition of an asset. */
export const stepOfPartition = (run: RunView, key: string, partition: string): StepView | undefined =>
  run.stepsOf.get(key)?.find(({ partitions }) => partitions?.includes(partition));

/** The run's line for people and callers, from what the events told. */
export function summaryOf(run: RunView): RunSummary {
  const steps = [...run.steps.values()];
  return {
    runId: run.runId,
    target: run.target,
    state: run.state,
    startedAt: run.startedAt,
    ...(run.ms === undefined ? {} : { ms: run.ms }),
    selection: run.selection,
    assets: [...new Set(steps.flatMap((step) => step.assets))],
    failed: [...new Set(steps.filter((step) => step.state === "failed").flatMap((step) => step.assets))],
  };
}
