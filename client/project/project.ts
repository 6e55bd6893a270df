import * as path from "node:path";
import * as vscode from "vscode";
import { toErrorInfo } from "../../runtime/src/model/errors.ts";
import type { RunEvent, RunSummary } from "../../runtime/src/model/events.ts";
import type { IndexedProject, PartitionStatus, PlannedAsset } from "../../runtime/src/model/graph.ts";
import { newRunId } from "../../runtime/src/model/run-id.ts";
import type { Activity } from "../activity.ts";
import { unknownReasons } from "../graph/face.ts";
import type { PartitionChoice } from "../graph/partition-choice.ts";
import { createProjectState, type ProjectChange, type ProjectState } from "../graph/project-state.ts";
import { isLive } from "../graph/run-state.ts";
import { permitRunning } from "../runner/guard.ts";
import { crashError, type RunnerExit } from "../runner/process.ts";
import { createRunner, type Runner } from "../runner/runner.ts";
import { readSettings } from "../settings.ts";
import { withoutFolder } from "../words.ts";
import { coalesce } from "./coalesce.ts";
import { logLine } from "./log-event.ts";
import type { RunnerFiles } from "./runner-files.ts";
import { createTargets, type Targets } from "./targets.ts";

export interface RunRequest extends PartitionChoice {
  readonly selection: string;
  /** Missing and stale upstream assets run first. */
  readonly upstream: boolean;
  /** The reader agreed to write to a protected target. */
  readonly confirmed: boolean;
}

/** A folder with a `sluice.config.ts`: its state, its target and its runner. */
export interface Project {
  /** The folder's uri as text. */
  readonly id: string;
  readonly uri: vscode.Uri;
  readonly name: string;
  readonly state: ProjectState;
  readonly targets: Targets;
  readonly onDidChange: vscode.Event<ProjectChange>;
  readonly onDidRun: vscode.Event<RunEvent>;
  readonly setIndexed: (indexed: IndexedProject) => void;
  /** Loads the project for the first time; later calls do nothing. Never in Restricted Mode. */
  readonly wake: () => void;
  /** Loads it again now. Failures become state, not rejections. */
  readonly load: () => Promise<void>;
  /** Loads it again when nothing has changed for a moment. */
  readonly reloadSoon: () => void;
  /** Asks again for states that could not be found out: what was in the way may be gone. */
  readonly recheck: () => void;
  /** Rejects when the run could not begin, and when the runner ended in the middle. */
  readonly run: (request: RunRequest) => Promise<RunSummary>;
  /** What a run would make; rejects with everything that would keep it from its end. */
  readonly plan: (request: Omit<RunRequest, "confirmed">) => Promise<readonly PlannedAsset[]>;
  /** The partitions of an asset with their states, asked for once and kept true from then on. */
  readonly partitions: (key: string) => Promise<readonly PartitionStatus[]>;
  readonly cancel: (runId: string) => Promise<boolean>;
  /** Reads the steps of a past run. */
  readonly loadSteps: (runId: string) => Promise<void>;
  readonly call: Runner["call"];
  readonly restart: () => Promise<void>;
  readonly release: () => Promise<void>;
  readonly dispose: () => Promise<void>;
}

export interface ProjectOptions {
  readonly uri: vscode.Uri;
  readonly files: RunnerFiles;
  readonly log: vscode.LogOutputChannel;
  readonly memory: vscode.Memento;
  readonly activity: Activity;
  readonly onCrash: (project: Project, exit: RunnerExit) => void;
}

/** Quiet time after a save, milliseconds. */
const quiet = 300;
const historyLimit = 50;

export function createProject({ uri, files, log, memory, activity, onCrash }: ProjectOptions): Project {
  const changed = new vscode.EventEmitter<ProjectChange>();
  const ran = new vscode.EventEmitter<RunEvent>();
  const root = uri.fsPath;
  const name = path.basename(root);
  const state = createProjectState({ uriOf: (file) => vscode.Uri.file(file).toString(), onChange: (change) => changed.fire(change) });
  const targets = createTargets({ id: uri.toString(), memory, manifest: state.manifest });
  let awake = false;
  /** A project that ends its runner each time it loads is told of once, not with each save. */
  let toldCrash = false;
  let rechecking = false;

  const runner = createRunner({
    entry: files.entry,
    launch: { root, embedded: files.embedded },
    environment: process.env,
    permit: permitRunning,
    onLog: (level, message) => log[level](`[${name}] ${message}`),
    onState: state.setRunner,
    onCrash(exit) {
      log.error(`[${name}] The runner ended (${exit.signal ?? exit.code}).`);
      state.setCrash(toErrorInfo(crashError(exit), "runner/crashed"));
      if (!toldCrash || isRunning()) onCrash(project, exit);
      toldCrash = true;
    },
    onEvent(event) {
      const run = state.applyEvent(event);
      const [level, line] = logLine(event, run) ?? [];
      if (level !== undefined) log[level](`[${name}] ${line}`);
      ran.fire(event);
    },
  });

  async function loadStatuses(): Promise<void> {
    const target = targets.current();
    if (target === undefined) return;
    try {
      const statuses = await runner.call("status", { target });
      if (target !== targets.current()) return;
      // An asset that is gone, or has lost its partitions, is not asked for again.
      const divided = new Set(statuses.flatMap(({ key, partitions }) => (partitions ? [key] : [])));
      for (const key of state.partitionsKnown()) if (divided.has(key)) await loadPartitions(key);
      if (target !== targets.current()) return;
      state.setStatuses(statuses.map(withoutRoot));
    } catch (error) {
      const info = toErrorInfo(error, "runner/crashed");
      log.error(`[${name}] The states of the assets are unknown: ${info.message}`);
      if (info.code !== "runner/crashed") state.setStatusError(info);
    }
  }

  const withoutRoot = <Status extends { readonly reason?: string }>(status: Status): Status =>
    status.reason === undefined ? status : { ...status, reason: withoutFolder(status.reason, root) };

  async function loadPartitions(key: string): Promise<readonly PartitionStatus[]> {
    const target = targets.current() ?? "";
    const partitions = (await runner.call("partitions", { target, key })).map(withoutRoot);
    if (target === targets.current()) state.setPartitions(key, partitions);
    return partitions;
  }

  async function load(): Promise<void> {
    if (!vscode.workspace.isTrusted) return;
    awake = true;
    try {
      const manifest = await runner.call("manifest", {});
      for (const error of manifest.errors) log.error(`[${name}] ${error.code}: ${error.message}`);
      state.setManifest(manifest);
      toldCrash = false;
    } catch (error) {
      const info = toErrorInfo(error, "runner/crashed");
      log.error(`[${name}] The project did not load: ${info.message}`);
      // A crash is shown as such, and says nothing about the config.
      if (info.code !== "runner/crashed") state.setLoadError(info);
      return;
    }
    await loadStatuses();
    try {
      state.setHistory(await runner.call("runs", { limit: historyLimit }));
    } catch (error) {
      log.warn(`[${name}] The history of runs is unknown: ${toErrorInfo(error, "runner/crashed").message}`);
    }
  }
  const loading = coalesce(load, quiet);
  const loadNow = () => activity.track(loading.now());
  const isRunning = () => state.runs().some(isLive);

  const project: Project = {
    id: uri.toString(),
    uri,
    name,
    state,
    targets,
    onDidChange: changed.event,
    onDidRun: ran.event,
    setIndexed: targets.setIndexed,
    wake() {
      if (awake || !vscode.workspace.isTrusted || !readSettings(uri).startRunner) return;
      awake = true;
      void loadNow();
    },
    load: loadNow,
    reloadSoon() {
      // A run that goes on keeps the code it began with; its end loads again.
      if (awake && !isRunning()) void activity.track(loading.soon());
    },
    recheck() {
      if (!awake || !vscode.workspace.isTrusted || isRunning() || unknownReasons(state.statuses().values()).length === 0) return;
      if (rechecking) return;
      rechecking = true;
      void activity.track(
        loadStatuses().finally(() => {
          rechecking = false;
        }),
      );
    },
    plan({ selection, upstream, ...choice }) {
      return runner.call("plan", { target: targets.current() ?? "", selection, upstream, ...choice });
    },
    partitions: async (key) => state.partitions(key) ?? (await loadPartitions(key)),
    run({ selection, upstream, confirmed, partitions, missing }) {
      const target = targets.current() ?? "";
      const chosen = { ...(partitions ? { partitions } : {}), ...(missing ? { missing } : {}) };
      const runId = newRunId();
      const work = async () => {
        try {
          return await runner.call("materialize", { target, selection, runId, upstream, ...chosen, ...(confirmed ? { confirmed } : {}) });
        } finally {
          state.endRun(runId, Date.now());
          await loadNow();
        }
      };
      return activity.track(work());
    },
    cancel: (runId) => runner.call("cancel", { runId }),
    async loadSteps(runId) {
      for (const event of await runner.call("runEvents", { runId })) state.replayEvent(event);
    },
    call: runner.call,
    async restart() {
      await runner.stop();
      await loadNow();
    },
    async release() {
      if (runner.isRunning()) await runner.call("release", {});
    },
    async dispose() {
      loading.dispose();
      await runner.stop();
      changed.dispose();
      ran.dispose();
    },
  };
  targets.onDidChange(() => {
    state.forgetStatuses();
    changed.fire("graph");
    if (awake && vscode.workspace.isTrusted) void activity.track(loadStatuses());
  });
  return project;
}
