import { mkdir, mkdtemp, readdir, readlink, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { arrow } from "../handlers/arrow.ts";
import { sql } from "../handlers/sql.ts";
import type { AnyHandler, AnyIOManager, SqlQuery } from "../io/manager.ts";
import { inputContext, outputContext } from "./contexts.ts";
import { exactRows, type Sample, sampleValue } from "./samples.ts";

/** Groups and cases of whatever test runner; both as vitest, Jest, Mocha and `node:test` have them. */
export interface TestRunner {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, body: () => Promise<void>) => unknown;
}

/** An I/O manager to hold to the rules. */
export interface BehaviourSubject {
  /** For the names of the tests. */
  readonly name: string;
  /** Opens one over an empty folder of its own, or again over what another one stored there. */
  readonly create: (folder: string) => AnyIOManager;
  /** Module whose export `create` is the same function, as `import.meta.url` writes it, so that another process can open one. Left out with `survivesProcess: false`. */
  readonly module?: string;
  /** Every handler it supports. */
  readonly handlers: readonly AnyHandler[];
  /** False for what lives in the memory of one process; true when left out. */
  readonly survivesProcess?: boolean;
  /** Whether several processes may have it open at once; false when left out. */
  readonly sharedByProcesses?: boolean;
  /** Whether it stores values that are no tables; false when left out. */
  readonly storesValues?: boolean;
  /** What it does beside replacing whole values. */
  readonly supports?: readonly ("partitions" | "append" | "upsert")[];
  /** Whether it shows a value that is staged to `verify`; false when left out: then it never calls it. */
  readonly showsStaged?: boolean;
  /** Values that it must refuse with `io/unsupported-value`; a function and a symbol when left out. */
  readonly refuses?: readonly unknown[];
  /** Column types of the suite that it cannot keep, such as "hugeint". */
  readonly withoutTypes?: readonly string[];
  /** Column types that values of a handler have no name of their own for, by the handler's name: they come back as another type. */
  readonly withoutTypesOf?: Readonly<Record<string, readonly string[]>>;
  /** A query that runs for minutes, where there is one: cancelling must end it. */
  readonly endlessQuery?: SqlQuery;
  /** True where several partitions that are written together change in one step; else each changes in a step of its own. */
  readonly partitionsTogether?: boolean;
  /** Names of everything that lies in the store, where files do not show it, such as tables. Opens the store and closes it. */
  readonly contents?: (folder: string) => Promise<readonly string[]>;
  /** Texts that its settings hold in secret, which nobody may be told. */
  readonly secrets?: readonly string[];
  /** Told what came of killing processes, once per test. */
  readonly onKills?: (outcome: KillOutcome) => void;
}

/** What came of killing processes in the middle of their writes. */
export interface KillOutcome {
  /** How many were killed. */
  readonly processes: number;
  /** Writes that were cut off and left the former value. */
  readonly former: number;
  /** Writes that were cut off and left the new one. */
  readonly new: number;
  /** Kills that left something behind, which the next writes removed. */
  readonly staged: number;
}

/** Calls of one manager over one folder. */
export interface Opened {
  readonly manager: AnyIOManager;
  readonly folder: string;
  /** Files that lie beside the folder: whatever escaped it. */
  readonly outside: () => Promise<readonly string[]>;
  /** Opens another one over the same folder; closed with the first. */
  readonly again: () => AnyIOManager;
}

/** Runs a case over a new folder, closes what it opened and removes the folder. */
export async function inFolder(subject: BehaviourSubject, work: (opened: Opened) => Promise<void>): Promise<void> {
  // deep enough for what leads up to be seen
  const around = await mkdtemp(join(tmpdir(), "sluice-behaviour-"));
  const folder = join(around, "1/2/3/4");
  await mkdir(folder, { recursive: true });
  const outside = async () => (await filesIn(around)).filter((file) => !join(around, file).startsWith(`${folder}${sep}`));
  const managers: AnyIOManager[] = [];
  const again = (): AnyIOManager => {
    const manager = subject.create(folder);
    managers.push(manager);
    return manager;
  };
  try {
    await work({ manager: again(), folder, outside, again });
  } finally {
    for (const manager of managers) await manager.close?.();
    await rm(around, { recursive: true, force: true });
  }
}

/** Every file below a folder, sorted. */
export const filesIn = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length))
    .sort();

/** Files below a folder that this process has open, by number; `undefined` where the system does not say. */
export async function openFilesIn(folder: string): Promise<readonly string[] | undefined> {
  if (process.platform !== "linux") return undefined;
  const real = await realpath(folder);
  const targets = await Promise.all((await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ""))); // closed meanwhile
  return targets.filter((target) => target.startsWith(`${real}/`)).sort();
}

/** The sample as a value of that handler; a query reads what is stored under another key of the same manager. */
export async function valueFor(manager: AnyIOManager, handler: AnyHandler, sample: Sample): Promise<unknown> {
  if (handler.fromTable) return sampleValue(handler, sample);
  await manager.handleOutput(outputContext("behaviour/source", { columns: sample.columns }), await sampleValue(arrow, sample));
  const source = (await manager.loadInput(inputContext("behaviour/source", { handler: sql }))) as SqlQuery;
  return sql`select * from ${source}`;
}

/** Stores the sample through a handler. */
export const storeSample = async (manager: AnyIOManager, key: string, handler: AnyHandler, sample: Sample) =>
  manager.handleOutput(outputContext(key, { columns: sample.columns }), await valueFor(manager, handler, sample));

export const loadExact = (manager: AnyIOManager, key: string): Promise<unknown> => manager.loadInput(inputContext(key, { handler: exactRows }));
