import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { threadId } from "node:worker_threads";

/*
 * Files that are not the value (yet, or no longer) carry who made them in their name, so that a later process can tell
 * what a dead one left from what a live one still needs, without asking anybody.
 */

/** A process of some machine. */
export interface ProcessName {
  /** Machine and, where the system tells, the container's space of process ids. */
  readonly host: string;
  readonly pid: number;
  /** Tells a process from a later one with the same pid. */
  readonly start: string;
}
export interface OwnedName extends ProcessName {
  readonly run: string;
  readonly thread: number;
  readonly serial: string;
  readonly extension: string;
}

const safe = (text: string, length: number): string => text.replace(/[^A-Za-z0-9_-]/g, "-").slice(0, length);

const started = (pid: number | "self"): { readonly start: string; readonly zombie: boolean } | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // the second field is the program's name in brackets and may hold anything
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[19] === undefined ? undefined : { start: fields[19], zombie: fields[0] === "Z" };
  } catch {
    return undefined; // no /proc on this system, or no such process: the caller knows which by asking for the process itself
  }
};

const processSpace = (): string => {
  try {
    return `-${readlinkSync("/proc/self/ns/pid").replace(/\D/g, "")}`;
  } catch {
    return ""; // systems without /proc have one space of process ids per machine
  }
};

let own: ProcessName | undefined;
/** This process. */
export function thisProcess(): ProcessName {
  own ??= {
    host: safe(hostname(), 32) + processSpace(),
    pid: process.pid,
    start: started("self")?.start ?? String(Math.round(performance.timeOrigin / 1000)),
  };
  return own;
}

let serial = 0;
/** A name that no other call gives, here or anywhere: `run~host~pid~start~thread~serial.extension`. */
export function ownedName(run: string, extension: string): string {
  const { host, pid, start } = thisProcess();
  serial += 1;
  return `${safe(run, 36)}~${host}~${pid}~${start}~${threadId}~${serial.toString(36)}.${extension}`;
}

const form = /^([^~]*)~([^~]*)~(\d+)~(\d+)~(\d+)~([0-9a-z-]+)\.([a-z0-9]+)(?:-data)?$/;
/** What such a name says; `undefined` for any other name. */
export function parseOwnedName(name: string): OwnedName | undefined {
  const found = form.exec(name);
  if (!found) return undefined;
  const [, run = "", host = "", pid, start = "", thread, serialText = "", extension = ""] = found;
  return { run, host, pid: Number(pid), start, thread: Number(thread), serial: serialText, extension };
}

/** True for a process of this machine that has ended, "unknown" for one of another machine. */
export function hasEnded(owner: ProcessName): boolean | "unknown" {
  const self = thisProcess();
  if (owner.host !== self.host) return "unknown";
  if (owner.pid === self.pid) return owner.start !== self.start;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return true;
  }
  const found = started(owner.pid);
  if (found) return found.zombie || found.start !== owner.start;
  return false;
}

/** True for a name that this thread of this process gave. */
export function isOwn(owner: OwnedName): boolean {
  const { host, pid, start } = thisProcess();
  return owner.host === host && owner.pid === pid && owner.start === start && owner.thread === threadId;
}

/** Milliseconds after which what a process of another machine left counts as left behind. */
export const cleanupAfter = 24 * 3_600_000;

/** Whether nobody can need what this owner made: its process has ended, or is far away and silent for long. */
export function isLeftBehind(owner: ProcessName, modified: number, now: number): boolean {
  const ended = hasEnded(owner);
  return ended === "unknown" ? now - modified > cleanupAfter : ended;
}
