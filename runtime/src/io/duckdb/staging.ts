import type { System } from "../../duckdb/processes.ts";

/** What a staging table's name says: who writes it. */
export interface StagingOwner {
  readonly run: string;
  readonly host: string;
  readonly pid: number;
  /** Tells a process from a later one of the same number; "" where the system does not say. */
  readonly start: string;
}

const prefix = "sluice:stage:";

/** A name that no asset can have, since keys have no colon, and that says who may remove it. */
export function stagingName(run: string, number: number, { host, pid, startOf }: System): string {
  return prefix + [run, host, String(pid), startOf(pid) ?? "", String(number)].map(encodeURIComponent).join(":");
}

/** Who writes a staging table; `undefined` for another table. */
export function stagingOwner(name: string): StagingOwner | undefined {
  if (!name.startsWith(prefix)) return undefined;
  const [run, host, pid, start, number] = name.slice(prefix.length).split(":");
  if (run === undefined || host === undefined || start === undefined || number === undefined || !/^\d+$/.test(pid ?? "")) return undefined;
  return { run: decodeURIComponent(run), host: decodeURIComponent(host), pid: Number(pid), start: decodeURIComponent(start) };
}

/** Whether nobody can be writing a staging table any more; `writing` are those of this process. */
export function isAbandoned(name: string, system: System, writing: ReadonlySet<string>): boolean {
  const owner = stagingOwner(name);
  if (!owner || owner.host !== system.host) return false;
  const start = system.startOf(owner.pid);
  if (start === undefined || start !== owner.start) return true;
  return owner.pid === system.pid && !writing.has(name);
}
