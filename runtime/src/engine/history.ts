import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { DatabaseSync } from "node:sqlite";
import { type ErrorInfo, SluiceError, toErrorInfo } from "../model/errors.ts";
import type { PlannedStep, RunEvent, RunState, RunSummary } from "../model/events.ts";
import type { StoredMetadata, StoredRecord } from "../model/values.ts";
import { openHistoryFile } from "./history-file.ts";

export interface PastFailure {
  readonly runId: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly error: ErrorInfo;
}
export interface PastMaterialization {
  readonly at: number;
  readonly record: StoredRecord;
  readonly metadata?: StoredMetadata;
}

/** This machine's log of runs. Several processes may have it open; it decides nothing about what lies in the stores. */
export interface History {
  /** Why there is none; then everything else answers empty. */
  readonly problem: string | undefined;
  /** Takes events in, to be written soon: in one transaction, at the latest when a run ends. */
  readonly append: (events: readonly RunEvent[]) => void;
  readonly flush: () => void;
  /** Newest first. */
  readonly runs: (limit: number) => readonly RunSummary[];
  readonly events: (runId: string) => readonly RunEvent[];
  /** By key: the last attempt on this target, where it failed. */
  readonly failures: (target: string) => ReadonlyMap<string, PastFailure>;
  /** By key: the last materialization on this target from this machine. */
  readonly materializations: (target: string) => ReadonlyMap<string, PastMaterialization>;
  /** The same for each partition, by key and then by the partition's key. */
  readonly partitionFailures: (target: string) => ReadonlyMap<string, ReadonlyMap<string, PastFailure>>;
  readonly partitionMaterializations: (target: string, asset: string) => ReadonlyMap<string, PastMaterialization>;
  readonly close: () => void;
}

export interface HistoryOptions {
  readonly now?: () => number;
  /** Runs kept; older ones go when a run ends. */
  readonly keepRuns?: number;
  /** Events kept over all runs; older runs lose theirs first and keep their line. */
  readonly keepEvents?: number;
  /** Whether a process of this machine lives. */
  readonly isAlive?: (pid: number) => boolean;
  /** Identity of this process among those with the same pid. */
  readonly processId?: string;
}

/** A log that keeps nothing. */
export function noHistory(problem?: string): History {
  const none = () => {};
  return {
    problem,
    append: none,
    flush: none,
    runs: () => [],
    events: () => [],
    failures: () => new Map(),
    materializations: () => new Map(),
    partitionFailures: () => new Map(),
    partitionMaterializations: () => new Map(),
    close: none,
  };
}

/** One per process, whatever copies of the package it has loaded. */
const processKey = Symbol.for("sluice.process");
const ownProcess = (): string => {
  const shared = globalThis as { [processKey]?: string };
  shared[processKey] ??= randomUUID();
  return shared[processKey];
};

/** How long a run whose process cannot be asked for may be silent, in milliseconds. */
const silence = 10 * 60_000;
/** How often a running process says that it lives, and how long events wait to be written. */
const heartbeat = 15_000;
const writeDelay = 100;
/** Events kept while another process holds the file. */
const mostPending = 100_000;

function processAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Opens the history in a project's `.sluice` folder. Where that cannot be done, the history answers empty and says why in `problem`. */
export function openHistory(folder: string, options: HistoryOptions = {}): History {
  try {
    return historyOf(openHistoryFile(folder), options);
  } catch (thrown) {
    return noHistory(thrown instanceof Error ? thrown.message : String(thrown));
  }
}

function historyOf(db: DatabaseSync, options: HistoryOptions): History {
  const { now = Date.now, keepRuns = 500, keepEvents = 250_000, isAlive = processAlive, processId = ownProcess() } = options;
  const host = hostname();
  const pending: RunEvent[] = [];
  const live = new Map<
    string,
    { seq: number; readonly target: string; readonly steps: ReadonlyMap<string, PlannedStep>; readonly failed: Set<string> }
  >();
  let timer: NodeJS.Timeout | undefined;
  let beat: NodeJS.Timeout | undefined;
  let problem: string | undefined;
  let closed = false;

  const sql = {
    run: db.prepare(
      "insert or replace into runs (run_id, target, selection, state, started_at, assets, host, pid, process, alive_at) values (?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?)",
    ),
    event: db.prepare("insert or replace into events (run_id, seq, event) values (?, ?, ?)"),
    state: db.prepare("update runs set state = ?, ms = ?, failed = ?, events = ?, alive_at = ? where run_id = ?"),
    failure: db.prepare("insert or replace into failures (target, asset, run_id, at, error) values (?, ?, ?, ?, ?)"),
    noFailure: db.prepare("delete from failures where target = ? and asset = ?"),
    materialization: db.prepare("insert or replace into materializations (target, asset, at, record, metadata) values (?, ?, ?, ?, ?)"),
    alive: db.prepare("update runs set alive_at = ? where process = ? and state in ('queued', 'running')"),
    runs: db.prepare("select * from runs order by started_at desc, rowid desc limit ?"),
    open: db.prepare("select * from runs where state in ('queued', 'running')"),
    events: db.prepare("select event from events where run_id = ? order by seq"),
    lastSeq: db.prepare("select max(seq) as seq from events where run_id = ?"),
    failures: db.prepare("select * from failures where target = ?"),
    materializations: db.prepare("select * from materializations where target = ?"),
    partitionFailure: db.prepare("insert or replace into partition_failures (target, asset, partition, run_id, at, error) values (?, ?, ?, ?, ?, ?)"),
    noPartitionFailure: db.prepare("delete from partition_failures where target = ? and asset = ? and partition = ?"),
    partitionMaterialization: db.prepare(
      "insert or replace into partition_materializations (target, asset, partition, at, record, metadata) values (?, ?, ?, ?, ?, ?)",
    ),
    partitionFailures: db.prepare("select * from partition_failures where target = ?"),
    partitionMaterializations: db.prepare("select * from partition_materializations where target = ? and asset = ?"),
  };

  function transaction(act: () => void): void {
    db.exec("begin immediate");
    try {
      act();
      db.exec("commit");
    } catch (thrown) {
      db.exec("rollback");
      throw thrown;
    }
  }

  function write(event: RunEvent): void {
    const { runId } = event;
    const at = Math.round(event.at);
    if (event.type === "run-queued") {
      const steps = new Map(event.plan.map((step) => [step.step, step]));
      // A run that is taken up again goes on in its own log.
      const seq = Number(sql.lastSeq.get(runId)?.["seq"] ?? -1) + 1;
      live.set(runId, { seq, target: event.target, steps, failed: new Set() });
      const keys = JSON.stringify([...new Set(event.plan.flatMap((step) => step.assets))]);
      sql.run.run(runId, event.target, event.selection, at, keys, host, process.pid, processId, at);
    }
    const run = live.get(runId);
    if (!run) return;
    // How far a step is does not matter once it has ended.
    if (event.type !== "progress") sql.event.run(runId, run.seq++, JSON.stringify(event));
    const state = (to: RunState, ms: number | null) =>
      sql.state.run(to, ms === null ? null : Math.round(ms), JSON.stringify([...run.failed]), run.seq, at, runId);
    switch (event.type) {
      case "run-started":
        state("running", null);
        return;
      case "materialized":
        sql.noFailure.run(run.target, event.asset);
        materialized(run.target, event, at);
        return;
      case "step-failed": {
        const { assets = [], partitions } = run.steps.get(event.step) ?? {};
        const error = JSON.stringify(event.error);
        for (const asset of assets) {
          run.failed.add(asset);
          if (!partitions) sql.failure.run(run.target, asset, runId, at, error);
          for (const partition of partitions ?? []) sql.partitionFailure.run(run.target, asset, partition, runId, at, error);
        }
        state("running", null);
        return;
      }
      case "run-finished":
      case "run-failed":
      case "run-cancelled":
        state(event.type === "run-finished" ? "succeeded" : event.type === "run-failed" ? "failed" : "cancelled", event.ms);
        live.delete(runId);
        prune();
    }
  }

  function materialized(target: string, event: Extract<RunEvent, { type: "materialized" }>, at: number): void {
    const { asset, partition } = event;
    const record = JSON.stringify(event.record);
    const metadata = event.metadata ? JSON.stringify(event.metadata) : null;
    sql.materialization.run(target, asset, at, record, metadata);
    if (partition === undefined) return;
    sql.noPartitionFailure.run(target, asset, partition);
    sql.partitionMaterialization.run(target, asset, partition, at, record, metadata);
  }

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (pending.length === 0 || closed) return;
    const events = pending.splice(0);
    let begun = false;
    try {
      transaction(() => {
        begun = true;
        events.forEach(write);
      });
      problem = undefined;
    } catch (thrown) {
      // The history is a log: a full disk must not fail a run. `problem` tells. Events that only had to wait for another process come again.
      problem = `events could not be written: ${(thrown as Error).message}`;
      if (!begun && events.length < mostPending) pending.unshift(...events);
    }
    if (live.size > 0 && !beat) {
      beat = setInterval(() => guarded(() => sql.alive.run(now(), processId)), heartbeat);
      beat.unref();
    } else if (live.size === 0) {
      clearInterval(beat);
      beat = undefined;
    }
  }

  function prune(): void {
    db.prepare(
      "delete from events where run_id in (select run_id from runs where state not in ('queued', 'running') order by started_at desc limit -1 offset ?)",
    ).run(keepRuns);
    db.prepare(
      "delete from runs where run_id in (select run_id from runs where state not in ('queued', 'running') order by started_at desc limit -1 offset ?)",
    ).run(keepRuns);
    let kept = 0;
    for (const row of db.prepare("select run_id, events from runs where events > 0 order by started_at desc").all()) {
      kept += Number(row["events"]);
      if (kept <= keepEvents || live.has(String(row["run_id"]))) continue;
      db.prepare("delete from events where run_id = ?").run(row["run_id"]!);
      db.prepare("update runs set events = 0 where run_id = ?").run(row["run_id"]!);
    }
  }

  function guarded(act: () => void): void {
    try {
      if (!closed) act();
    } catch (thrown) {
      problem = (thrown as Error).message;
    }
  }

  /** A run whose process died never said so: it has failed. */
  function closeDeadRuns(): void {
    const isDead = (row: Record<string, unknown>) => {
      if (row["process"] === processId) return false;
      const pid = Number(row["pid"]);
      if (row["host"] === host && (pid === process.pid || !isAlive(pid))) return true;
      return now() - Number(row["alive_at"]) > silence;
    };
    if (!sql.open.all().some(isDead)) return;
    transaction(() => {
      for (const row of sql.open.all().filter(isDead)) {
        const runId = String(row["run_id"]);
        const at = Number(row["alive_at"]);
        const thrown = new SluiceError("runner/crashed", "The process that ran this ended in the middle of it.", {
          hint: "What was stored before is whole. Run it again.",
        });
        const { stack: _, ...error } = toErrorInfo(thrown, "runner/crashed");
        const ms = Math.max(0, at - Number(row["started_at"]));
        const seq = Number(sql.lastSeq.get(runId)?.["seq"] ?? -1) + 1;
        sql.event.run(runId, seq, JSON.stringify({ type: "run-failed", runId, at, ms, error } satisfies RunEvent));
        sql.state.run("failed", ms, String(row["failed"]), seq + 1, at, runId);
      }
    });
  }

  const by = <Value>(column: string, rows: readonly Record<string, unknown>[], value: (row: Record<string, unknown>) => Value) =>
    new Map(rows.map((row) => [String(row[column]), value(row)]));
  const failureOf = (row: Record<string, unknown>): PastFailure => ({
    runId: String(row["run_id"]),
    at: Number(row["at"]),
    error: JSON.parse(String(row["error"])) as ErrorInfo,
  });
  const materializationOf = (row: Record<string, unknown>): PastMaterialization => {
    const metadata = row["metadata"] === null ? {} : { metadata: JSON.parse(String(row["metadata"])) as StoredMetadata };
    return { at: Number(row["at"]), record: JSON.parse(String(row["record"])) as StoredRecord, ...metadata };
  };
  function answer<Value>(ask: () => Value, otherwise: Value): Value {
    flush();
    let result = otherwise;
    guarded(() => {
      result = ask();
    });
    return result;
  }

  return {
    get problem() {
      return problem;
    },
    append: (events) => {
      if (closed) return;
      let ended = false;
      for (const event of events) {
        pending.push(event);
        ended ||= event.type === "run-queued" || event.type === "run-finished" || event.type === "run-failed" || event.type === "run-cancelled";
      }
      if (ended || pending.length >= 2000) flush();
      else timer ??= setTimeout(flush, writeDelay);
    },
    flush,
    runs: (limit) =>
      answer(() => {
        closeDeadRuns();
        return sql.runs.all(limit).map(summary);
      }, []),
    events: (runId) =>
      answer(() => {
        closeDeadRuns();
        return sql.events.all(runId).map((row) => JSON.parse(String(row["event"])) as RunEvent);
      }, []),
    failures: (target) => answer(() => by("asset", sql.failures.all(target), failureOf), new Map()),
    materializations: (target) => answer(() => by("asset", sql.materializations.all(target), materializationOf), new Map()),
    partitionFailures: (target) =>
      answer(() => {
        const found = new Map<string, Map<string, PastFailure>>();
        for (const row of sql.partitionFailures.all(target)) {
          const asset = String(row["asset"]);
          const own = found.get(asset) ?? new Map<string, PastFailure>();
          found.set(asset, own.set(String(row["partition"]), failureOf(row)));
        }
        return found;
      }, new Map<string, ReadonlyMap<string, PastFailure>>()),
    partitionMaterializations: (target, asset) =>
      answer(() => by("partition", sql.partitionMaterializations.all(target, asset), materializationOf), new Map()),
    close: () => {
      if (closed) return;
      flush();
      closed = true;
      clearInterval(beat);
      db.close();
    },
  };
}

function summary(row: Record<string, unknown>): RunSummary {
  const ms = row["ms"];
  return {
    runId: String(row["run_id"]),
    target: String(row["target"]),
    state: String(row["state"]) as RunState,
    startedAt: Number(row["started_at"]),
    ...(ms === null ? {} : { ms: Number(ms) }),
    selection: String(row["selection"]),
    assets: JSON.parse(String(row["assets"])) as string[],
    failed: JSON.parse(String(row["failed"])) as string[],
  };
}
