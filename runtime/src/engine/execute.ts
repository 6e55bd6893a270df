import { formatDuration } from "../model/duration.ts";
import { type ErrorInfo, SluiceError, toErrorInfo } from "../model/errors.ts";
import type { RunEvent } from "../model/events.ts";
import type { Clock } from "./clock.ts";
import { type LimitNames, readyQueue } from "./limits.ts";
import { valueId } from "./partitioning.ts";
import type { PlanStep, RunPlan } from "./plan.ts";
import { retryDelay } from "./retry.ts";
import type { StepOutcome } from "./step-task.ts";
import type { Transport } from "./transport.ts";
import { versionOf } from "./versions.ts";

export interface ScheduleOptions {
  readonly runId: string;
  readonly transport: Transport;
  readonly emit: (event: RunEvent) => void;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Most steps at once. */
  readonly concurrency: number;
  /** Places of one limit ("pool:api", "io:warehouse"); `undefined` for any number. */
  readonly limitOf: (name: string) => number | undefined;
  /** After the first failure nothing more is started; what runs may finish. */
  readonly failFast: boolean;
  /** Data versions of the upstream values that making one partition of a step reads, by asset; `versions` has those of single values. */
  readonly versionsFor?: (
    step: PlanStep,
    partition: string | undefined,
    versions: Readonly<Record<string, string>>,
  ) => Readonly<Record<string, string>>;
  /** Look first whether this run has stored what a step makes. */
  readonly resume: boolean;
}
export interface ScheduleResult {
  /** Keys of assets whose step failed. */
  readonly failed: readonly string[];
  /** True when steps were cut short because the signal was aborted. */
  readonly cancelled: boolean;
}

interface StepState {
  readonly step: PlanStep;
  readonly index: number;
  /** Upstream steps that have not ended yet. */
  waitsFor: number;
  readonly next: StepState[];
  attempt: number;
  startedAt: number;
  state: "waiting" | "ready" | "running" | "retrying" | "ended";
  timedOut: boolean;
  stopTimer: (() => void) | undefined;
}
type SkipReason = Extract<RunEvent, { type: "step-skipped" }>["reason"];

/** Versions of whole values. */
function wholeVersions(step: PlanStep, _partition: string | undefined, versions: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const known: Record<string, string> = {};
  for (const key of step.upstream) {
    const version = versions[key];
    if (version !== undefined) known[key] = version;
  }
  return known;
}

/** Names of the limits that a step counts against. */
const limitNames = ({ pool, ioManagers }: PlanStep): LimitNames => [
  ...(pool === undefined ? [] : [`pool:${pool}`]),
  ...ioManagers.map((name) => `io:${name}`),
];

/** Runs the steps of a plan in topological order over a transport. The only place that decides what starts, repeats, is skipped. Never rejects. */
export async function schedule(plan: RunPlan, options: ScheduleOptions): Promise<ScheduleResult> {
  const { runId, transport, emit, signal, clock, versionsFor = wholeVersions } = options;
  const failedAssets = new Set<string>();
  const versions: Record<string, string> = { ...plan.versions };
  const states: StepState[] = plan.steps.map((step, index) => ({
    step,
    index,
    waitsFor: 0,
    next: [],
    attempt: 0,
    startedAt: 0,
    state: "waiting",
    timedOut: false,
    stopTimer: undefined,
  }));
  const byName = new Map(states.map((state) => [state.step.step, state]));
  for (const state of states) {
    for (const name of state.step.after) {
      const before = byName.get(name);
      if (!before) continue;
      before.next.push(state);
      state.waitsFor++;
    }
  }

  // Steps of a run count against few limits; those without one need no place.
  const finite = new Map<string, number | undefined>();
  const limitOf = (name: string) => {
    if (!finite.has(name)) finite.set(name, options.limitOf(name));
    return finite.get(name);
  };
  const queue = readyQueue(limitOf);
  let running = 0;
  let open = states.length;
  let stopping: "cancelled" | "fail-fast" | undefined;
  let drained = false;
  let cancelled = false;
  let finish: () => void = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });

  const at = ({ step }: StepState) => {
    const { partitions } = step;
    const only = partitions?.length === 1 ? { partition: partitions[0]! } : {};
    return { runId, step: step.step, at: clock.now(), ...only };
  };
  const end = (state: StepState) => {
    state.state = "ended";
    if (--open === 0) finish();
  };
  const makeReady = (state: StepState) => {
    state.state = "ready";
    queue.add(
      state.index,
      limitNames(state.step).filter((name) => limitOf(name) !== undefined),
    );
  };
  const skip = (state: StepState, reason: SkipReason, because?: string) => {
    emit({ type: "step-skipped", ...at(state), reason, ...(because === undefined ? {} : { because }) });
    end(state);
  };

  /** Skips everything downstream of a step that did not make what it should. */
  function skipDownstream(of: StepState, reason: SkipReason, because: string | undefined): void {
    const list = of.next.map((state) => ({ state, why: reason }));
    for (const { state, why } of list) {
      if (state.state !== "waiting") continue;
      skip(state, why, because);
      for (const next of state.next) list.push({ state: next, why: "upstream-skipped" });
    }
  }

  function release(of: StepState, absent: readonly string[]): void {
    for (const state of of.next) {
      if (state.state !== "waiting") continue;
      const left = absent.find((key) => state.step.upstream.includes(key));
      if (left !== undefined) {
        skip(state, "upstream-skipped", left);
        skipDownstream(state, "upstream-skipped", left);
      } else if (--state.waitsFor === 0) enter(state);
    }
  }

  /** A step whose upstream is done. */
  function enter(first: StepState): void {
    // Steps that need not run let the next ones in at once: a list instead of recursion, since chains may be long.
    const list = [first];
    for (const state of list) {
      if (!state.step.skip) {
        makeReady(state);
        continue;
      }
      skip(state, state.step.skip);
      for (const next of state.next) if (next.state === "waiting" && --next.waitsFor === 0) list.push(next);
    }
  }

  function start(state: StepState): void {
    const { step } = state;
    state.state = "running";
    state.attempt++;
    state.startedAt = clock.now();
    state.timedOut = false;
    running++;
    emit({ type: "step-started", ...at(state), attempt: state.attempt });
    if (step.timeout !== undefined) {
      state.stopTimer = clock.after(step.timeout, () => {
        state.timedOut = true;
        transport.cancel(step.step);
      });
    }
    const { partitions } = step;
    const several = partitions && partitions.length > 1;
    const each = several ? Object.fromEntries(partitions.map((key) => [key, versionsFor(step, key, versions)])) : undefined;
    transport.submit({
      runId,
      step,
      attempt: state.attempt,
      versions: several ? {} : versionsFor(step, partitions?.[0], versions),
      ...(each ? { partitionVersions: each } : {}),
      params: plan.params,
      mayBeStored: options.resume || state.attempt > 1,
    });
    transport.outcome(step.step).then(
      (outcome) => settle(state, outcome),
      (thrown: unknown) =>
        settle(state, { state: "failed", error: toErrorInfo(thrown, "runner/crashed", { asset: step.assets[0]! }), materialized: [] }),
    );
  }

  function settle(state: StepState, outcome: StepOutcome): void {
    running--;
    queue.release(state.index);
    state.stopTimer?.();
    state.stopTimer = undefined;
    for (const { key, partition, record, metadata } of outcome.materialized) {
      const version = versionOf(record);
      if (version !== undefined) versions[valueId(key, partition)] = version;
      const of = partition === undefined ? {} : { partition };
      emit({ type: "materialized", ...at(state), ...of, asset: key, record, ...(metadata === undefined ? {} : { metadata }) });
    }
    if (outcome.state === "succeeded") {
      emit({ type: "step-finished", ...at(state), ms: clock.now() - state.startedAt });
      release(state, outcome.absent);
      end(state);
    } else if (stopping === "cancelled") {
      cancelled = true;
      skip(state, "cancelled");
    } else fail(state, outcome.state === "failed" ? outcome.error : stoppedError(state));
    if (stopping) drain();
    else fill();
  }

  function stoppedError({ step, timedOut }: StepState): ErrorInfo {
    const [asset] = step.assets;
    const error = timedOut
      ? new SluiceError("run/timeout", `${asset} did not finish within its timeout of ${formatDuration(step.timeout!)}.`, {
          asset,
          hint: 'Raise "timeout", or look at what it waits for.',
        })
      : new SluiceError("run/cancelled", `${asset} was stopped.`, { asset });
    const { stack: _, ...info } = toErrorInfo(error, error.code);
    return info;
  }

  function fail(state: StepState, error: ErrorInfo): void {
    const delay = stopping ? undefined : retryDelay(state.step.retry, state.attempt, error.code, clock.random);
    if (delay !== undefined) {
      emit({ type: "step-retrying", ...at(state), attempt: state.attempt + 1, delay, error });
      state.state = "retrying";
      state.stopTimer = clock.after(delay, () => {
        state.stopTimer = undefined;
        makeReady(state);
        fill();
      });
      return;
    }
    emit({ type: "step-failed", ...at(state), error, attempt: state.attempt, ms: clock.now() - state.startedAt });
    for (const asset of state.step.assets) failedAssets.add(asset);
    skipDownstream(state, "upstream-failed", state.step.assets[0]);
    end(state);
    if (options.failFast) stopping ??= "fail-fast";
  }

  /** Skips whatever has not started. */
  function drain(): void {
    if (drained) return;
    drained = true;
    queue.clear();
    for (const state of states) {
      if (state.state === "ended" || state.state === "running") continue;
      state.stopTimer?.();
      if (stopping === "cancelled") cancelled = true;
      skip(state, "cancelled");
    }
  }

  function fill(): void {
    while (running < options.concurrency) {
      const index = queue.take();
      if (index === undefined) return;
      start(states[index]!);
    }
  }

  const cancel = () => {
    stopping = "cancelled";
    drain();
    for (const state of states) if (state.state === "running") transport.cancel(state.step.step);
  };
  transport.events(emit);
  if (open === 0) return { failed: [], cancelled };
  for (const state of states) if (state.waitsFor === 0 && state.state === "waiting") enter(state);
  if (signal.aborted) cancel();
  else signal.addEventListener("abort", cancel, { once: true });
  if (!stopping) fill();
  await finished;
  signal.removeEventListener("abort", cancel);
  return { failed: [...failedAssets], cancelled };
}
