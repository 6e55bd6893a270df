import { readdirSync, readlinkSync } from "node:fs";
import { SluiceError } from "../model/errors.ts";

/**
 * Refuses a file that something else in this process has open: another thread, or the user's own DuckDB instance. Closing either would
 * drop the other's lock, and the file would be destroyed. Only Linux tells.
 */
export function refuseSecondInstance(path: string): void {
  if (process.platform !== "linux") return;
  let open: readonly string[];
  try {
    open = readdirSync("/proc/self/fd").map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return ""; // Closed between listing and reading.
      }
    });
  } catch {
    return; // Without /proc there is nothing to be told.
  }
  if (open.includes(path)) {
    throw new SluiceError("io/locked", `"${path}" is open in this process already, by another thread or by a DuckDB instance of its own.`, {
      hint: "Use duckdbResource({ database }) for your own connection: it shares the one instance that a file may have in a process.",
    });
  }
}
