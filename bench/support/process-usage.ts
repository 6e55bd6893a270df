import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

export interface Usage {
  /** User and system time so far, in milliseconds. */
  readonly cpu: number;
  /** Resident set, in bytes. */
  readonly memory: number;
}

/** What another process has used, as far as the operating system tells without help. */
export function usageOf(pid: number): Usage {
  if (existsSync(`/proc/${pid}/stat`)) {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    const pages = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
    return { cpu: (Number(fields[11]) + Number(fields[12])) * 10, memory: pages * 4096 };
  }
  const [rss, time] = execFileSync("ps", ["-o", "rss=,time=", "-p", String(pid)], { encoding: "utf8" })
    .trim()
    .split(/\s+/);
  const seconds = time!.split(":").reduce((total, part) => total * 60 + Number(part), 0);
  return { cpu: seconds * 1000, memory: Number(rss) * 1024 };
}
