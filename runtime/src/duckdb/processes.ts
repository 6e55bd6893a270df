import { readFileSync } from "node:fs";
import { hostname } from "node:os";

/** The system as names need it that say which process made something. */
export interface System {
  readonly host: string;
  readonly pid: number;
  /** Tells a process from a later one of the same number: `undefined` when there is none of that number, "" where the system does not say. */
  readonly startOf: (pid: number) => string | undefined;
}

/** This machine. */
export const thisSystem = (): System => ({ host: hostname(), pid: process.pid, startOf });

function startOf(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return undefined; // EPERM: it is there, and somebody else's.
  }
  try {
    // Fields after the program's name, which may hold anything; the 22nd of all is the start in ticks since boot.
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return ""; // Only Linux has it.
  }
}
