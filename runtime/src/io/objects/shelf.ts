import type { AnyFormat } from "../../formats/format.ts";
import { describeParquet, type ParquetFacts } from "../../formats/parquet.ts";
import { SluiceError } from "../../model/errors.ts";
import type { PartitionSlice } from "../../model/partition.ts";
import type { AnyHandler, InputContext } from "../manager.ts";
import { notFound } from "../shapes.ts";
import { type LocalCopies, localCopies } from "./local-copy.ts";
import { type StoredPartition, storedPartitions } from "./partitions.ts";
import { type ObjectPaths, objectPaths, partitionPaths } from "./paths.ts";
import { extensionOf, isShownBy, openSlots, type SlotRecord, type Slots } from "./slot.ts";
import type { ObjectStore } from "./store.ts";

/** Extension of tables. */
export const table = "parquet";

/** A stored value and where it lies. */
export interface Found {
  /** Of the data, within the store. */
  readonly path: string;
  readonly extension: string;
  /** Without one for a file that something else put there. */
  readonly record?: SlotRecord;
  /** Lets go of it. Idempotent. */
  readonly release: () => Promise<void>;
}
/** A table's file, open for reading. */
export interface OpenTable extends Pick<ParquetFacts, "casts" | "columns"> {
  /** Absolute path on this machine. */
  readonly file: string;
  /** Lets go of the file and of the value. Idempotent. */
  readonly done: () => Promise<void>;
}

export interface ShelfOptions {
  /** Before every path, "/" included. */
  readonly prefix: string;
  readonly handlers: readonly AnyHandler[];
  readonly formats: readonly AnyFormat[];
}

/** Where the values of an object store lie, and how they are found and opened. */
export interface Shelf extends ShelfOptions {
  readonly store: ObjectStore;
  readonly slots: Slots;
  readonly copies: LocalCopies;
  readonly pathsOf: (key: string, slice: PartitionSlice | undefined) => ObjectPaths;
  /** What is stored; `undefined` when nothing is. */
  readonly find: (paths: ObjectPaths) => Promise<Found | undefined>;
  /** What a person or another program put there: no value of ours is stored. */
  readonly findLone: (paths: ObjectPaths) => Promise<Found | undefined>;
  /** The same as `find`. Throws `io/not-found`, which says what is there instead. */
  readonly require: (context: InputContext, slice: PartitionSlice | undefined) => Promise<Found>;
  /** All partitions that are stored, by key. */
  readonly partitions: (key: string) => Promise<readonly StoredPartition[]>;
  /** The format that reads a value that is no table. Throws `io/unsupported-value`. */
  readonly formatOf: (key: string, found: Found) => AnyFormat;
  readonly readValue: (context: InputContext, found: Found) => Promise<unknown>;
  readonly openTable: (context: InputContext, found: Found) => Promise<OpenTable>;
  /** Work that is done when what this gives is called, once, or by `release`. */
  readonly once: (work: () => Promise<void>) => () => Promise<void>;
  readonly absent: (context: InputContext, paths: ObjectPaths, partition: string | undefined) => Promise<SluiceError>;
  /** Lets go of everything that was found and not let go of. */
  readonly release: () => Promise<void>;
}

export function openShelf(store: ObjectStore, options: ShelfOptions): Shelf {
  const { formats, prefix } = options;
  const slots = openSlots(store);
  const copies = localCopies(store);
  /** What `release` has to let go of. */
  const held = new Set<() => Promise<void>>();

  const once = (work: () => Promise<void>): (() => Promise<void>) => {
    const release = async (): Promise<void> => {
      if (held.delete(release)) await work();
    };
    held.add(release);
    return release;
  };

  /** Whether what is shown at that path is a value of ours: one that has just come, or one that was deleted and is about to go. */
  const isOurs = async (paths: ObjectPaths, path: string): Promise<boolean> => {
    const record = await slots.read(paths);
    if (record?.data !== undefined) return true;
    for (const { data } of record?.replaced ?? []) if (await store.local?.isShown(`${paths.slot}/${data}`, path)) return true;
    return false;
  };

  /** Files that something else put where people see the value: one for each kind that is there. */
  const filesOf = async (paths: ObjectPaths): Promise<readonly Found[]> => {
    const found: Found[] = [];
    for (const extension of new Set([table, ...formats.map((format) => format.extension)])) {
      const path = `${paths.shown}.${extension}`;
      if (!(await store.stat(path))) continue;
      // where case is ignored, the file of the partition "EU" is no file of the partition "eu"
      const exact = !paths.shown.includes("=") || (await store.list(path.slice(0, path.lastIndexOf("/")))).some((entry) => entry.path === path);
      if (exact && !(await isOurs(paths, path))) found.push({ path, extension, release: async () => {} });
    }
    return found;
  };

  const theOnly = (files: readonly Found[]): Found | undefined => {
    if (files.length < 2) return files[0];
    const shown = files.map(({ path }) => `"${store.uri(path)}"`).join(" and ");
    throw new SluiceError("io/ambiguous", `${shown} are there, and nothing says which of them is the value.`, {
      hint: "Remove or rename all but one of them.",
    });
  };

  const findLone: Shelf["findLone"] = async (paths) => {
    for (;;) {
      const before = await slots.read(paths);
      if (before?.data !== undefined) return undefined;
      const files: Found[] = [];
      // what a value was shown as may be there for a moment after it was deleted
      for (const file of await filesOf(paths)) if (!before || !(await isShownBy(store, before, file.path))) files.push(file);
      if (files.length === 0) return undefined;
      const after = await slots.read(paths);
      if ((before === undefined) === (after === undefined) && after?.data === undefined && after?.shown?.at(-1) === before?.shown?.at(-1))
        return theOnly(files);
    }
  };

  const find: Shelf["find"] = async (paths) => {
    const holding = await slots.hold(paths);
    if (!holding) {
      const lone = await findLone(paths);
      return lone || (await slots.read(paths))?.data === undefined ? lone : find(paths);
    }
    const { record } = holding;
    const data = record.data as string;
    return { path: `${paths.slot}/${data}`, extension: extensionOf(data), record, release: once(holding.release) };
  };

  const partitions: Shelf["partitions"] = (key) => storedPartitions(store, slots, key, prefix);
  const pathsOf: Shelf["pathsOf"] = (key, slice) => (slice ? partitionPaths(key, slice.dimensions, prefix) : objectPaths(key, prefix));

  const absent: Shelf["absent"] = async ({ key }, paths, partition) => {
    const whole = partition === undefined ? undefined : (await slots.read(objectPaths(key, prefix)))?.data;
    const more = whole === undefined ? "" : "What was stored before it had partitions is still there, as a whole.";
    return notFound(key, store.uri(paths.shown), partition, more);
  };

  const formatOf: Shelf["formatOf"] = (key, found) => {
    const recorded = found.record?.record?.handler;
    const format = formats.find((known) => (recorded === undefined ? known.extension === found.extension : known.name === recorded));
    if (format) return format;
    throw new SluiceError(
      "io/unsupported-value",
      `Asset "${key}" was stored in the format "${recorded ?? found.extension}", which is not known here.`,
      {
        asset: key,
        hint: `Give the I/O manager that format. Known: ${formats.map((known) => known.name).join(", ")}.`,
      },
    );
  };

  return {
    ...options,
    store,
    slots,
    copies,
    pathsOf,
    find,
    findLone,
    partitions,
    formatOf,
    once,
    absent,
    require: async (context, slice) => {
      const paths = pathsOf(context.key, slice);
      const found = await find(paths);
      if (!found) throw await absent(context, paths, slice?.key);
      return found;
    },
    readValue: (context, found) => {
      const { signal, key } = context;
      return formatOf(key, found).read({
        signal,
        bytes: async () => {
          const object = await store.get(found.path, { signal });
          if (!object) throw notFound(key, store.uri(found.path), context.partitions[0]);
          return object.bytes;
        },
      });
    },
    openTable: async ({ key, partitions: [partition], signal }, found) => {
      const copy = await copies.read(found.path, signal);
      if (!copy) throw notFound(key, store.uri(found.path), partition);
      const done = once(async () => {
        await copy.done();
        await found.release();
      });
      try {
        const { record } = found;
        const { casts = {}, columns } = record?.columns ? { casts: record.casts, columns: record.columns } : await describeParquet(copy.file, signal);
        return { file: copy.file, casts, columns, done };
      } catch (error) {
        await done();
        throw error;
      }
    },
    release: async () => {
      for (const each of [...held]) await each();
      await copies.close();
    },
  };
}
