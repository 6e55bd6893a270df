import { isSluiceError, SluiceError } from "../../model/errors.ts";
import type { ColumnSchema, StoredRecord } from "../../model/values.ts";
import { cleanupAfter, isLeftBehind, isOwn, ownedName, parseOwnedName } from "./owners.ts";
import { inParallel } from "./parallel.ts";
import type { ObjectPaths, PartitionPlace } from "./paths.ts";
import type { ObjectStore, StoredObject } from "./store.ts";

/*
 * One value: immutable data, and one small record that says which data is the value. The record is put last, in one step, and that is
 * the moment at which the value changes. docs/decisions/0004-object-layout.md goes through every point at which a process can die.
 */

/** What lies in `record`, which is JSON. */
export interface SlotRecord {
  readonly layout: 1;
  /** Name of the data, in the same folder; left out when the value was deleted. */
  readonly data?: string;
  readonly bytes?: number;
  readonly columns?: readonly ColumnSchema[];
  /** Types to cast columns of the Parquet file to. */
  readonly casts?: Readonly<Record<string, string>>;
  readonly record?: StoredRecord;
  /** Where the value is a partition: its key along each dimension. */
  readonly dimensions?: readonly PartitionPlace[];
  /** What was added since the value was last replaced, the latest last: one that is there is not added again. */
  readonly appends?: readonly string[];
  /** Stamps of the latest data, the last one last: a file under the asset's name that has one of these is ours, and no other program's. */
  readonly shown?: readonly string[];
  /** Data that was the value before, and may still be read. */
  readonly replaced: readonly { readonly data: string; readonly at: string }[];
}
export type SlotContent = Required<Pick<SlotRecord, "data" | "bytes" | "record">> & Pick<SlotRecord, "columns" | "casts" | "dimensions" | "appends">;

export interface ReplaceOptions {
  readonly run: string;
  readonly extension: string;
  readonly signal: AbortSignal;
  readonly warn: (message: string) => void;
  /** Data that the new one is made from, or null for nothing: when something else is the value by then, `io/conflict`. */
  readonly from?: string | null;
}

export interface Slots {
  /** The record of the value that is stored now. */
  readonly read: (paths: Pick<ObjectPaths, "slot">) => Promise<SlotRecord | undefined>;
  /** The same of many. */
  readonly readAll: (slots: readonly string[]) => Promise<readonly (SlotRecord | undefined)[]>;
  /** Has `fill` write new data, then makes it the value. When anything fails before that moment, the former value stays and nothing else does. */
  readonly replace: (
    paths: ObjectPaths,
    options: ReplaceOptions,
    fill: (path: string) => Promise<Omit<SlotContent, "data" | "bytes">>,
  ) => Promise<SlotContent>;
  /** The value, kept from being removed until `release` is called; for readers that open a file more than once. */
  readonly hold: (paths: ObjectPaths) => Promise<{ readonly record: SlotRecord; readonly release: () => Promise<void> } | undefined>;
  /**
   * Keeps all values that lie below the asset, and that are read after this, from being removed until what it resolves to is called: one lease
   * for thousands of partitions.
   */
  readonly holdAll: (paths: Pick<ObjectPaths, "slot" | "readers">) => Promise<() => Promise<void>>;
  /** Makes the path that people see show the value that is stored now. */
  readonly show: (paths: ObjectPaths, record: SlotRecord) => Promise<void>;
  readonly remove: (paths: ObjectPaths) => Promise<boolean>;
}

interface Shared {
  /** Data being written by this thread, without extension: parts of it have the same stem. */
  readonly writing: Set<string>;
  readonly turns: Map<string, Promise<unknown>>;
}
const registry = Symbol.for("sluice.objects");
/** Shared by every copy of the package in this thread. */
const shared = (): Shared => {
  const place = globalThis as { [registry]?: Shared };
  place[registry] ??= { writing: new Set(), turns: new Map() };
  return place[registry];
};

/** One after another in this thread, for what has the same name. */
export async function inTurn<Value>(name: string, work: () => Promise<Value>): Promise<Value> {
  const { turns } = shared();
  const turn = (turns.get(name) ?? Promise.resolve()).then(work, work);
  const settled = turn.catch(() => undefined);
  turns.set(name, settled);
  try {
    return await turn;
  } finally {
    if (turns.get(name) === settled) turns.delete(name);
  }
}

const baseName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
/** In a folder, a tool that collects every `.parquet` below it is to find what people see, once, and not the data behind it too. */
const behind = "-data";
/** The extension that people see. */
export const extensionOf = (name: string): string => name.slice(name.lastIndexOf(".") + 1).replace(behind, "");
/** `x.parquet` and its part `x-1.part` have one stem. */
const stemOf = (path: string): string => path.slice(0, path.lastIndexOf(".")).replace(/-\d+$/, "");
const leaseMark = "@";

/** How many of them a record keeps: whoever shows data does so at once, or takes it back. */
const stamps = 20;

/** Name of the file in a slot that says which data is the value. */
export const recordName = "record";

/** Whether a file under the asset's name is what a value of ours was shown as, or gone by now. */
export async function isShownBy({ local }: ObjectStore, { shown = [] }: SlotRecord, path: string): Promise<boolean> {
  if (!local) return false;
  const stamp = await local.stamp(path);
  return stamp === undefined || shown.includes(stamp);
}

export function openSlots(store: ObjectStore, now: () => number = Date.now): Slots {
  const recordPath = (paths: Pick<ObjectPaths, "slot">): string => `${paths.slot}/${recordName}`;
  const dataPath = (paths: ObjectPaths, data: string): string => `${paths.slot}/${data}`;
  const shownPath = (paths: ObjectPaths, data: string): string => `${paths.shown}.${extensionOf(data)}`;

  const parse = (place: string, object: Pick<StoredObject, "bytes">): SlotRecord => {
    let found: Partial<SlotRecord>;
    try {
      found = JSON.parse(Buffer.from(object.bytes).toString("utf8")) as Partial<SlotRecord>;
    } catch (cause) {
      throw new SluiceError("io/unavailable", `${place} is not the record it should be: ${(cause as Error).message}`, {
        hint: "Something else has written into this folder. Remove the folder that holds it, then materialize again.",
        cause,
      });
    }
    if (found.layout !== 1) {
      throw new SluiceError("io/unavailable", `${place} has layout ${String(found.layout)}, and this version of Sluice reads layout 1.`, {
        hint: "A newer version of Sluice wrote it: update this one.",
      });
    }
    return { ...found, layout: 1, replaced: found.replaced ?? [] };
  };
  const readVersioned = async (
    paths: Pick<ObjectPaths, "slot">,
  ): Promise<{ readonly record: SlotRecord | undefined; readonly version: string | null | undefined }> => {
    const object = await store.get(recordPath(paths));
    return { record: object && parse(store.uri(recordPath(paths)), object), version: object ? object.version : null };
  };
  const read: Slots["read"] = async (paths) => (await readVersioned(paths)).record;

  /** Puts a record made from the former one; again when another writer was faster. `make` throwing ends it. */
  const move = async (
    paths: ObjectPaths,
    make: (former: SlotRecord | undefined, existing: ReadonlySet<string>) => SlotRecord,
  ): Promise<SlotRecord> => {
    for (;;) {
      const { record: former, version } = await readVersioned(paths);
      const existing = new Set((await store.list(paths.slot)).map((entry) => baseName(entry.path)));
      const next = make(former, existing);
      try {
        await store.put(recordPath(paths), Buffer.from(`${JSON.stringify(next, null, 2)}\n`), { ifVersion: version });
        return next;
      } catch (error) {
        if (version === undefined || !isSluiceError(error) || error.code !== "io/conflict") throw error;
      }
      // a store that puts twice when an answer was lost refuses the second time
      const now = next.data === undefined ? undefined : await read(paths);
      if (now !== undefined && now.data === next.data) return now;
    }
  };
  const succeed = (former: SlotRecord | undefined, existing: ReadonlySet<string>): SlotRecord["replaced"] => [
    ...(former?.replaced ?? []).filter((entry) => existing.has(entry.data)),
    ...(former?.data === undefined ? [] : [{ data: former.data, at: new Date(now()).toISOString() }]),
  ];

  const show = async (paths: ObjectPaths, record: SlotRecord): Promise<void> => {
    const { local } = store;
    if (!local) return;
    for (let current = record; ; ) {
      const { data } = current;
      const seen = data === undefined ? undefined : shownPath(paths, data);
      if (data !== undefined && seen !== undefined && !(await local.isShown(dataPath(paths, data), seen))) {
        // the data is gone when yet another value has come meanwhile: then the record, read again, names that one
        if (await store.stat(dataPath(paths, data))) await local.show(dataPath(paths, data), seen);
      }
      for (const former of current.replaced) if (shownPath(paths, former.data) !== seen) await store.delete(shownPath(paths, former.data));
      const again = await read(paths);
      // whoever shows last has read the record after every other change to it
      if (again === undefined || again.data === current.data) return;
      current = again;
    }
  };

  /** Removes what no record needs and no living process holds. */
  const sweep = async (paths: ObjectPaths, record: SlotRecord): Promise<void> => {
    const { writing } = shared();
    // listed after the record was moved: see `hold`
    const readers = store.local ? await store.list(paths.readers) : [];
    let all = false;
    for (const { path, modified } of readers) {
      const reader = parseOwnedName(baseName(path));
      if (reader && isLeftBehind(reader, modified, now())) await store.delete(path);
      else if (reader) all = true;
    }
    const entries = await store.list(paths.slot);
    const held = new Set<string>();
    for (const entry of entries) {
      const [data, lease] = baseName(entry.path).split(leaseMark);
      const reader = lease === undefined ? undefined : parseOwnedName(lease);
      if (data === undefined || !reader) continue;
      if (isLeftBehind(reader, entry.modified, now())) await store.delete(entry.path);
      else held.add(data);
    }
    for (const entry of entries) {
      const name = baseName(entry.path);
      const owner = parseOwnedName(name);
      if (!owner || all || name === record.data || held.has(name) || writing.has(stemOf(store.uri(entry.path)))) continue;
      const replaced = record.replaced.find((former) => former.data === name);
      const old = now() - (replaced ? Date.parse(replaced.at) : entry.modified) > cleanupAfter;
      // on a shared store the names of machines are not proof enough, and readers leave no mark: only age counts
      const needless = store.local ? replaced !== undefined || isOwn(owner) || isLeftBehind(owner, entry.modified, now()) : old;
      if (needless) await store.delete(entry.path);
    }
  };

  /** `undefined` when the record cannot be read now. */
  const isNamed = async (paths: ObjectPaths, data: string): Promise<boolean | undefined> => {
    try {
      return (await read(paths))?.data === data;
    } catch {
      return undefined; // the error that made us ask is the one to report
    }
  };

  return {
    read,
    readAll: async (folders) => {
      const { local } = store;
      if (!local) return inParallel(folders, (slot) => read({ slot }));
      const found = await local.readAll(folders.map((slot) => `${slot}/${recordName}`));
      return found.map((bytes, i) => bytes && parse(store.uri(`${folders[i]}/${recordName}`), { bytes }));
    },
    show,
    replace: async (paths, { run, extension, signal, warn, from }, fill) => {
      const data = ownedName(run, store.local ? extension + behind : extension);
      const path = dataPath(paths, data);
      const { writing } = shared();
      writing.add(stemOf(store.uri(path)));
      let stage: "writing" | "moving" | "stored" = "writing";
      try {
        const filled = await fill(path);
        return await inTurn(store.uri(paths.slot), async () => {
          const found = await store.stat(path);
          if (!found) {
            throw new SluiceError("io/unavailable", `${store.uri(path)} was removed while it was being stored.`, { hint: "Materialize again." });
          }
          signal.throwIfAborted();
          const stamp = await store.local?.stamp(path);
          const content: SlotContent = { data, bytes: found.size, ...filled };
          stage = "moving";
          const record = await move(paths, (former, existing) => {
            if (from !== undefined && from !== (former?.data ?? null))
              throw new SluiceError("io/conflict", `${store.uri(recordPath(paths))} has changed.`);
            const shown = [...(former?.shown ?? []), ...(stamp === undefined ? [] : [stamp])].slice(-stamps);
            return { layout: 1, ...content, shown, replaced: succeed(former, existing) };
          });
          stage = "stored";
          // from here on the value is stored: what follows is for people and for the disk
          try {
            await show(paths, record);
            await sweep(paths, (await read(paths)) ?? record);
          } catch (error) {
            warn(`The value is stored. ${error instanceof Error ? error.message : String(error)}`);
          }
          return content;
        });
      } finally {
        writing.delete(stemOf(store.uri(path)));
        // a failed move may have happened all the same: then the data is the value, and stays
        if (stage === "writing" || (stage === "moving" && (await isNamed(paths, data)) === false)) await store.delete(path);
      }
    },
    hold: async (paths) => {
      for (;;) {
        const record = await read(paths);
        if (record?.data === undefined) return undefined;
        const { local } = store;
        if (!local) return { record, release: async () => {} };
        const lease = `${dataPath(paths, record.data)}${leaseMark}${ownedName("read", "lease")}`;
        try {
          await local.mark(lease);
        } catch (error) {
          // whoever may only read cannot say that it reads
          if (!isSluiceError(error) || error.code !== "io/permission") throw error;
          return { record, release: async () => {} };
        }
        // a writer lists leases after it has moved the record: while the record still names this data, no writer has missed the lease
        const again = await read(paths);
        if (again?.data === record.data) return { record, release: () => store.delete(lease) };
        await store.delete(lease);
      }
    },
    holdAll: async ({ slot, readers }) => {
      const { local } = store;
      // in a folder that only others write there is nothing of ours to keep, and nothing is left there
      if (!local || (await local.folders(slot)).length === 0) return async () => {};
      const lease = `${readers}/${ownedName("read", "lease")}`;
      try {
        await local.prepare(lease);
        await local.mark(lease);
      } catch (error) {
        if (!isSluiceError(error) || error.code !== "io/permission") throw error;
        return async () => {};
      }
      return () => store.delete(lease);
    },
    remove: (paths) =>
      inTurn(store.uri(paths.slot), async () => {
        const former = await read(paths);
        if (former?.data === undefined) return false;
        const record = await move(paths, (last, existing) => ({ layout: 1, shown: last?.shown ?? [], replaced: succeed(last, existing) }));
        await show(paths, record);
        await sweep(paths, record);
        return true;
      }),
  };
}
