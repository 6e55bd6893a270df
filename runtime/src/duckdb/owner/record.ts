import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { System } from "../processes.ts";
import { endpointOf, fileKey, isPrivate, makeFolder, type PlaceSystem, runtimeFolders } from "./places.ts";

/** What a process that has a file open, or is opening it, tells the others of its user. */
export interface OwnerRecord {
  /** Version of the conversation. */
  readonly sluice: 1;
  /** Real path of the database file. */
  readonly path: string;
  readonly token: string;
  readonly pid: number;
  readonly start: string;
  readonly host: string;
  /** Its working folder, for people. */
  readonly folder: string;
}
/** A record, and where its process listens. */
export interface Owner extends OwnerRecord {
  readonly endpoint: string;
  /** Removes the record, and the socket of a process that is gone. */
  readonly forget: () => void;
}

/** A record of this process, ready to be published; `undefined` where no folder is private to this user. */
export function newRecord(path: string, system: System, place: PlaceSystem): { readonly owner: Owner; readonly publish: () => void } | undefined {
  const name = `${fileKey(path, place)}.${system.pid}.${randomBytes(place.platform === "win32" ? 16 : 4).toString("hex")}`;
  const folder = makeFolder(place, name);
  const endpoint = folder && endpointOf(folder, name, place);
  if (folder === undefined || endpoint === undefined) return undefined;
  const record: OwnerRecord = {
    sluice: 1,
    path,
    token: randomBytes(32).toString("base64url"),
    pid: system.pid,
    start: system.startOf(system.pid) ?? "",
    host: system.host,
    folder: process.cwd(),
  };
  const file = join(folder, `${name}.json`);
  return {
    owner: { ...record, endpoint, forget: () => rmSync(file, { force: true }) },
    publish: () => {
      writeFileSync(`${file}.new`, JSON.stringify(record), { mode: 0o600, flag: "wx" });
      renameSync(`${file}.new`, file);
    },
  };
}

/** The owners that say they have the file, or are opening it. What dead processes left, for whatever file, is removed. */
export function findOwners(path: string, system: System, place: PlaceSystem): readonly Owner[] {
  const key = fileKey(path, place);
  const found: Owner[] = [];
  for (const folder of runtimeFolders(place)) {
    if (!isPrivate(folder, place)) continue;
    for (const file of readdirSync(folder)) {
      const name = /^(\w+\.\d+\.\w+)\.json$/.exec(file)?.[1];
      const endpoint = name === undefined ? undefined : endpointOf(folder, name, place);
      const record = endpoint === undefined ? undefined : readRecord(join(folder, file));
      if (name === undefined || endpoint === undefined || record === undefined) continue;
      const forget = (): void => {
        rmSync(join(folder, file), { force: true });
        if (place.platform !== "win32") rmSync(endpoint, { force: true });
      };
      if (isGone(record, system)) forget();
      else if (name.startsWith(`${key}.`) && record.path === path) found.push({ ...record, endpoint, forget });
    }
  }
  return found;
}

const isGone = ({ host, pid, start }: OwnerRecord, system: System): boolean => host === system.host && system.startOf(pid) !== start;

function readRecord(file: string): OwnerRecord | undefined {
  try {
    const value = JSON.parse(readFileSync(file, "utf8")) as Partial<Record<keyof OwnerRecord, unknown>> | null;
    const { sluice, path, token, pid, start, host, folder } = value ?? {};
    const texts = [path, token, start, host, folder].every((each) => typeof each === "string");
    return sluice === 1 && texts && Number.isSafeInteger(pid) ? (value as OwnerRecord) : undefined;
  } catch {
    return undefined; // Removed meanwhile, or not one of ours.
  }
}
