import { buffer, bytes } from "../formats/bytes.ts";
import type { AnyFormat } from "../formats/format.ts";
import { json } from "../formats/json.ts";
import { describeParquet, pageOfParquet, readParquet, showQuery, writeParquet } from "../formats/parquet.ts";
import { cloneMistake, structuredCloned } from "../formats/structured-clone.ts";
import { SluiceError } from "../model/errors.ts";
import type { StoredMetadata } from "../model/values.ts";
import type { AnyHandler, InputContext, IOManager, OutputContext, Relation, SqlQuery } from "./manager.ts";
import { kind } from "./manager.ts";
import { localCopies } from "./objects/local-copy.ts";
import { type ObjectPaths, objectPaths } from "./objects/paths.ts";
import { openSlots, type SlotRecord } from "./objects/slot.ts";
import type { ObjectStore } from "./objects/store.ts";
import {
  cancellable,
  completeRecord,
  isQueryHandler,
  loadHandler,
  noTable,
  notFound,
  requireValue,
  requireWholeValue,
  storeHints,
  unsupported,
  watched,
} from "./shapes.ts";

export interface ObjectOptions {
  /** Before every path, "/" included: "sluice/". */
  readonly prefix?: string;
  /** Shapes of tables it takes, tried in order. */
  readonly handlers: readonly AnyHandler[];
  /** Tried before the built-in ones. */
  readonly formats?: readonly AnyFormat[];
}

/** A stored value and where it lies. */
interface Found {
  /** Of the data, within the store. */
  readonly path: string;
  readonly extension: string;
  /** Without one for a file that something else put there. */
  readonly record?: SlotRecord;
  /** Lets go of it. Idempotent. */
  readonly release: () => Promise<void>;
}

const table = "parquet";

/**
 * Stores each asset as one object: tables as Parquet, other values as JSON where JSON keeps them exactly, else as a structured clone,
 * bytes as they are. A record, moved last in one step, says which object is the value, so that readers see the former value or the new
 * one whatever happens to the writer. docs/decisions/0004-object-layout.md
 */
export function objectIOManager<Value = unknown>(store: ObjectStore, options: ObjectOptions): IOManager<Value> {
  const { handlers, prefix = "" } = options;
  const formats: readonly AnyFormat[] = [...(options.formats ?? []), bytes, buffer, json, structuredCloned];
  const slots = openSlots(store);
  const copies = localCopies(store);
  /** What `release` has to let go of, by the asset's slot for queries. */
  const held = new Set<() => Promise<void>>();
  const readInPlace = new Map<string, Relation>();

  for (const format of options.formats ?? []) {
    if (/^[a-z0-9]+$/.test(format.extension) && format.extension !== table) continue;
    throw new SluiceError("config/invalid", `The format "${format.name}" has the extension "${format.extension}".`, {
      hint: `An extension has lower-case letters and digits, and is not "${table}".`,
    });
  }

  const once = (work: () => Promise<void>): (() => Promise<void>) => {
    const release = async (): Promise<void> => {
      if (held.delete(release)) await work();
    };
    held.add(release);
    return release;
  };

  /** What a person or another program put there, without a record. */
  const findLone = async (paths: ObjectPaths): Promise<Found | undefined> => {
    for (const extension of new Set([table, ...formats.map((format) => format.extension)])) {
      const path = `${paths.shown}.${extension}`;
      if (await store.stat(path)) return { path, extension, release: async () => {} };
    }
    return undefined;
  };

  const find = async (paths: ObjectPaths): Promise<Found | undefined> => {
    const holding = await slots.hold(paths);
    if (!holding) return findLone(paths);
    const { record } = holding;
    const data = record.data as string;
    return { path: `${paths.slot}/${data}`, extension: data.slice(data.lastIndexOf(".") + 1), record, release: once(holding.release) };
  };

  const formatOf = (key: string, found: Found): AnyFormat => {
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

  const readValue = async (context: InputContext, found: Found): Promise<unknown> => {
    const { signal } = context;
    const format = formatOf(context.key, found);
    return format.read({
      signal,
      bytes: async () => {
        const object = await store.get(found.path, { signal });
        if (!object) throw notFound(context.key, store.uri(found.path));
        return object.bytes;
      },
    });
  };

  /** The Parquet file of a table, as a file of this machine. `done` lets go of it. */
  const openTable = async (context: InputContext, found: Found) => {
    const copy = await copies.read(found.path, context.signal);
    if (!copy) throw notFound(context.key, store.uri(found.path));
    const done = once(async () => {
      await copy.done();
      await found.release();
    });
    const casts = found.record ? (found.record.casts ?? {}) : (await describeParquet(copy.file, context.signal)).casts;
    return { file: copy.file, casts, done };
  };

  const storeTable = async (context: OutputContext, handler: AnyHandler, value: unknown, path: string, former: SlotRecord | undefined) => {
    const { signal, key } = context;
    return copies.write(path, signal, async (file) => {
      const record = completeRecord(context, handler.name);
      if (!handler.toTable) return writeParquet(file, { query: value as SqlQuery }, { key, record, signal });
      const hints = storeHints(context, async () => former?.columns ?? (await storedColumns(context)));
      const source = watched(await handler.toTable(value, hints), signal);
      try {
        return await writeParquet(file, { table: source.stream }, { key, record, signal, declared: context.columns });
      } catch (error) {
        throw source.thrown()?.error ?? error;
      }
    });
  };

  /** Columns of a file without a record. */
  const storedColumns = async (context: OutputContext) => {
    const found = await findLone(objectPaths(context.key, prefix));
    if (found?.extension !== table) return undefined;
    const copy = await copies.read(found.path, context.signal);
    if (!copy) return undefined;
    try {
      return (await describeParquet(copy.file, context.signal)).columns;
    } finally {
      await copy.done();
    }
  };

  const place = (paths: ObjectPaths, data: string): string => {
    const extension = data.slice(data.lastIndexOf(".") + 1);
    return store.uri(store.local ? `${paths.shown}.${extension}` : `${paths.slot}/${data}`);
  };

  const release = async (): Promise<void> => {
    readInPlace.clear();
    for (const each of [...held]) await each();
    await copies.close();
  };

  return {
    [kind]: "io-manager",
    name: store.name,
    reach: store.reach,
    settings: store.settings ?? {},
    place: (asset) => `${store.name}:${store.folded(objectPaths(asset.key, prefix).shown)}`,

    handleOutput: (context, value) =>
      cancellable(context, async (): Promise<StoredMetadata> => {
        requireWholeValue(context, store.name);
        requireValue(context, value);
        const paths = objectPaths(context.key, prefix);
        const { signal } = context;
        const former = await slots.read(paths);
        // an empty array has no columns of its own: where items that are no rows were stored before, it is the empty list of those
        const emptyList = Array.isArray(value) && value.length === 0 && former?.record !== undefined && !former.columns;
        const handler = emptyList ? undefined : handlers.find((known) => known.accepts(value));
        const format = handler ? undefined : formats.find((known) => known.accepts(value));
        if (!handler && !format) throw unsupported(context.key, store.name, value, handlers, cloneMistake(value));

        const replacing = {
          run: context.record.runId,
          extension: format?.extension ?? table,
          signal,
          warn: (message: string) => context.log("warn", message),
        };
        const stored = await slots.replace(paths, replacing, async (path) => {
          if (handler) {
            const { rows, columns, casts } = await storeTable(context, handler, value, path, former);
            return { record: completeRecord(context, handler.name, rows), columns, casts };
          }
          await (format as AnyFormat).write(value, {
            signal,
            write: async (content) => {
              if (content instanceof Uint8Array) await store.put(path, content, { signal });
              else await store.putStream(path, content, { signal });
            },
          });
          return { record: completeRecord(context, (format as AnyFormat).name) };
        });
        const at = place(paths, stored.data);
        return {
          place: at,
          bytes: stored.bytes,
          ...(stored.record.rows === undefined ? {} : { rows: stored.record.rows }),
          ...(stored.columns ? { columns: stored.columns, query: showQuery(at) } : {}),
        };
      }),

    loadInput: (context) =>
      cancellable(context, async () => {
        requireWholeValue(context, store.name);
        const paths = objectPaths(context.key, prefix);
        const found = await find(paths);
        if (!found) throw notFound(context.key, store.uri(paths.shown));
        try {
          if (found.extension !== table) {
            if (context.handler) throw noTable(context.key, store.uri(found.path), formatOf(context.key, found).name, context.handler.name);
            const value = await readValue(context, found);
            await found.release();
            return value;
          }
          const handler = loadHandler(context, handlers, found.record?.record?.handler);
          if (isQueryHandler(handler)) {
            const known = readInPlace.get(found.path);
            const opened = known ? undefined : await openTable(context, found);
            if (known) await found.release();
            const relation: Relation = known ?? { store: table, parquet: [opened!.file], casts: opened!.casts, key: context.key };
            readInPlace.set(found.path, relation);
            return asQuery(context.columns ? { ...relation, columns: context.columns } : relation);
          }
          const { file, casts, done } = await openTable(context, found);
          const stream = await readParquet(file, { key: context.key, casts, columns: context.columns, signal: context.signal, done });
          return await handler.fromTable!(stream, { key: context.key });
        } catch (error) {
          await found.release();
          throw error;
        }
      }),

    inspect: async (context) => {
      requireWholeValue(context, store.name);
      const paths = objectPaths(context.key, prefix);
      const record = await slots.read(paths);
      if (record?.data === undefined) return (await findLone(paths)) ? {} : undefined;
      if (!(await store.stat(`${paths.slot}/${record.data}`))) return undefined;
      await slots.show(paths, record).catch(() => undefined); // what people see is put right where that is allowed; the record is the answer
      return record.record;
    },

    preview: (context, request) =>
      cancellable(context, async () => {
        requireWholeValue(context, store.name);
        const paths = objectPaths(context.key, prefix);
        const found = await find(paths);
        if (!found) throw notFound(context.key, store.uri(paths.shown));
        try {
          if (found.extension !== table) {
            const [{ valueTable }, { pageOfStream }] = await Promise.all([import("./value-table.ts"), import("../formats/memory-tables.ts")]);
            return await pageOfStream(valueTable(await readValue(context, found)), request, context.signal);
          }
          const { file, casts, done } = await openTable(context, found);
          try {
            return await pageOfParquet(file, casts, request, context.signal);
          } finally {
            await done();
          }
        } finally {
          await found.release();
        }
      }),

    delete: async (context) => {
      requireWholeValue(context, store.name);
      const paths = objectPaths(context.key, prefix);
      await slots.remove(paths);
      for (let lone = await findLone(paths); lone; lone = await findLone(paths)) await store.delete(lone.path);
    },

    release,
    close: async () => {
      await release();
      await store.close?.();
    },
  };
}

const asQuery = (relation: Relation): SqlQuery => ({ [kind]: "sql", nodes: [{ type: "relation", relation }] });
