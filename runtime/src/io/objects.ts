import { buffer, bytes } from "../formats/bytes.ts";
import { existingColumns } from "../formats/existing-columns.ts";
import type { AnyFormat } from "../formats/format.ts";
import { json } from "../formats/json.ts";
import { describeParquet, pageOfParquet, pageOfTables, readTable, showQuery, writeParquet } from "../formats/parquet.ts";
import { describeValue } from "../formats/plain.ts";
import { cloneMistake, structuredCloned } from "../formats/structured-clone.ts";
import { relationQuery } from "../handlers/sql.ts";
import { SluiceError } from "../model/errors.ts";
import type { PartitionSlice } from "../model/partition.ts";
import type { ColumnSchema, StoredMetadata, StoredRecord } from "../model/values.ts";
import type { AnyHandler, InputContext, IOManager, OutputContext, Relation, SqlQuery } from "./manager.ts";
import { kind } from "./manager.ts";
import { localCopies } from "./objects/local-copy.ts";
import { inParallel, storedPartitions } from "./objects/partitions.ts";
import { type ObjectPaths, objectPaths, partitionFolder, partitionPaths } from "./objects/paths.ts";
import { openSlots, type SlotRecord } from "./objects/slot.ts";
import type { ObjectStore } from "./objects/store.ts";
import {
  cancellable,
  completeRecord,
  inseparable,
  isQueryHandler,
  loadHandler,
  noTable,
  notFound,
  requireReplace,
  requireSameColumns,
  requireValue,
  slicesOf,
  storeHints,
  unsupported,
  watched,
} from "./shapes.ts";
import { areSeparable, separate } from "./slice-tables.ts";
import { type TablePart, unionQuery } from "./union-tables.ts";

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
      if (!(await store.stat(path))) continue;
      // where case is ignored, the file of the partition "EU" is no file of the partition "eu"
      const exact = !paths.shown.includes("=") || (await store.list(path.slice(0, path.lastIndexOf("/")))).some((entry) => entry.path === path);
      if (exact) return { path, extension, release: async () => {} };
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

  const pathsOf = (key: string, slice: PartitionSlice | undefined): ObjectPaths =>
    slice ? partitionPaths(key, slice.dimensions, prefix) : objectPaths(key, prefix);

  const absent = async ({ key }: InputContext, paths: ObjectPaths, slice: PartitionSlice | undefined): Promise<SluiceError> => {
    const place = store.uri(paths.shown);
    if (slice) {
      const whole = (await slots.read(objectPaths(key, prefix)))?.data !== undefined;
      const more = "What was stored before it had partitions is still there, as a whole.";
      return notFound(key, place, slice.key, whole ? more : "");
    }
    const { length } = await storedPartitions(store, slots, key, prefix);
    return notFound(key, place, undefined, length === 0 ? "" : `${length === 1 ? "A partition is" : `${length} partitions are`} stored there.`);
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
        if (!object) throw notFound(context.key, store.uri(found.path), context.partitions[0]);
        return object.bytes;
      },
    });
  };

  /** The Parquet file of a table, as a file of this machine. `done` lets go of it. */
  const openTable = async (context: InputContext, found: Found) => {
    const copy = await copies.read(found.path, context.signal);
    if (!copy) throw notFound(context.key, store.uri(found.path), context.partitions[0]);
    const done = once(async () => {
      await copy.done();
      await found.release();
    });
    try {
      const { record } = found;
      const { casts = {}, columns } = record?.columns
        ? { casts: record.casts, columns: record.columns }
        : await describeParquet(copy.file, context.signal);
      return { file: copy.file, casts, columns, done };
    } catch (error) {
      await done();
      throw error;
    }
  };

  /** Partitions may have columns of their own, unless `schemaChange` says otherwise. */
  const refuseOtherColumns = async (context: OutputContext, columns: readonly ColumnSchema[]): Promise<void> => {
    if (context.schemaChange === "evolve") return;
    const others = await storedPartitions(store, slots, context.key, prefix);
    requireSameColumns(
      context,
      columns,
      others.flatMap(({ key, record }) => (record?.columns ? [{ key, columns: record.columns }] : [])),
    );
  };

  /** One value as one Parquet file, held to what the partition says about its rows. */
  const storeTable = async (
    context: OutputContext,
    slice: PartitionSlice | undefined,
    handler: AnyHandler,
    value: unknown,
    path: string,
    former: SlotRecord | undefined,
  ) =>
    copies.write(path, context.signal, async (file) => {
      const facts = await writeTable(context, handler, value, file, completeRecord(context, handler.name, slice?.key), former);
      if (slice) await refuseOtherColumns(context, facts.columns);
      if (slice) await separate({ store: table, parquet: [file], casts: facts.casts, key: context.key }, facts.columns, [slice], context.signal);
      return facts;
    });

  const writeTable = async (
    context: OutputContext,
    handler: AnyHandler,
    value: unknown,
    file: string,
    record: StoredRecord,
    former: SlotRecord | undefined,
  ) => {
    const { signal, key } = context;
    if (!handler.toTable) return writeParquet(file, { query: value as SqlQuery }, { key, record, signal });
    const hints = storeHints(context, async () => former?.columns ?? (await storedColumns(context)));
    const source = watched(await handler.toTable(value, hints), signal);
    try {
      return await writeParquet(file, { table: source.stream }, { key, record, signal, declared: context.columns });
    } catch (error) {
      throw source.thrown()?.error ?? error;
    }
  };

  /** Columns of a file without a record, or of the partition stored last. */
  const storedColumns = async (context: OutputContext) => {
    if (context.partitions.length > 0) {
      const tables = (await storedPartitions(store, slots, context.key, prefix)).filter(({ record }) => record?.columns);
      return tables.sort((a, b) => ((a.record?.record?.storedAt ?? "") < (b.record?.record?.storedAt ?? "") ? 1 : -1))[0]?.record?.columns;
    }
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
  const replacing = (context: OutputContext, extension: string) => ({
    run: context.record.runId,
    extension,
    signal: context.signal,
    warn: (message: string) => context.log("warn", message),
  });

  const placed = (slice: PartitionSlice | undefined) => (slice ? { dimensions: slice.dimensions.map(({ name, key }) => ({ name, key })) } : {});

  /** One value as one object. */
  const storeOne = async (context: OutputContext, value: unknown, slice: PartitionSlice | undefined): Promise<StoredMetadata> => {
    const paths = pathsOf(context.key, slice);
    const former = await slots.read(paths);
    // an empty array has no columns of its own: where items that are no rows were stored before, it is the empty list of those
    const emptyList = Array.isArray(value) && value.length === 0 && former?.record !== undefined && !former.columns;
    const handler = emptyList ? undefined : handlers.find((known) => known.accepts(value));
    const format = handler ? undefined : formats.find((known) => known.accepts(value));
    if (!handler && !format) throw unsupported(context.key, store.name, value, handlers, cloneMistake(value));
    const { signal } = context;
    const stored = await slots.replace(paths, replacing(context, format?.extension ?? table), async (path) => {
      if (handler) {
        const { rows, columns, casts } = await storeTable(context, slice, handler, value, path, former);
        return { record: completeRecord(context, handler.name, slice?.key, rows), columns, casts, ...placed(slice) };
      }
      await (format as AnyFormat).write(value, {
        signal,
        write: async (content) => {
          if (content instanceof Uint8Array) await store.put(path, content, { signal });
          else await store.putStream(path, content, { signal });
        },
      });
      return { record: completeRecord(context, (format as AnyFormat).name, slice?.key), ...placed(slice) };
    });
    const at = place(paths, stored.data);
    return {
      place: at,
      bytes: stored.bytes,
      ...(stored.record.rows === undefined ? {} : { rows: stored.record.rows }),
      ...(stored.columns ? { columns: stored.columns, query: showQuery([at]) } : {}),
    };
  };

  /** One table for several partitions, each replaced in a step of its own once all rows have their place. */
  const storeSeveral = async (context: OutputContext, value: unknown, slices: readonly PartitionSlice[]): Promise<StoredMetadata> => {
    const { key, signal } = context;
    const handler = handlers.find((known) => known.accepts(value));
    if (!handler)
      throw inseparable(context, `${describeValue(value)}, which is no table`, "Return a Map with a value for each of context.partitions.");
    if (!areSeparable(slices)) {
      const hint = "Give the partitions a column: dailyPartitions({ column: ... }). Or return a Map with a value for each of context.partitions.";
      throw inseparable(context, "and nothing says in which column its rows say which is theirs", hint);
    }
    return copies.between(async (file) => {
      const { rows, columns, casts } = await writeTable(context, handler, value, file, completeRecord(context, handler.name, undefined), undefined);
      const relation: Relation = { store: table, parquet: [file], casts, key };
      await refuseOtherColumns(context, columns);
      const conditions = await separate(relation, columns, slices, signal);
      const places = await inParallel([...slices.entries()], async ([i, slice]) => {
        const paths = pathsOf(key, slice);
        const query: SqlQuery = {
          [kind]: "sql",
          nodes: [
            { type: "text", text: "SELECT * FROM " },
            { type: "relation", relation },
            { type: "text", text: ` WHERE ${conditions[i]}` },
          ],
        };
        const stored = await slots.replace(paths, replacing(context, table), async (path) => {
          const record = completeRecord(context, handler.name, slice.key);
          const facts = await copies.write(path, signal, (to) => writeParquet(to, { query }, { key, record, signal }));
          return { record: { ...record, rows: facts.rows }, columns: facts.columns, casts: facts.casts, ...placed(slice) };
        });
        return { at: place(paths, stored.data), bytes: stored.bytes };
      });
      const bytes = places.reduce((sum, each) => sum + each.bytes, 0);
      return { place: store.uri(partitionFolder(key, prefix)), rows, bytes, columns, query: showQuery(places.map(({ at }) => at)) };
    });
  };

  /** Several partitions as one table: its query, and what lets go of them. */
  const openSeveral = async (context: InputContext, slices: readonly PartitionSlice[]) => {
    const { key, columns, signal } = context;
    const opened: { readonly part: TablePart; readonly handler: string | undefined; readonly done: () => Promise<void> }[] = [];
    const done = async (): Promise<void> => {
      for (const each of opened) await each.done();
    };
    try {
      await inParallel([...slices.entries()], async ([i, slice]) => {
        const paths = pathsOf(key, slice);
        const found = await find(paths);
        if (!found) throw await absent(context, paths, slice);
        if (found.extension !== table) {
          await found.release();
          throw noTable(key, store.uri(found.path), formatOf(key, found).name, "one value of several partitions");
        }
        const { file, casts, columns: own, done: close } = await openTable({ ...context, partitions: [slice.key] }, found);
        const relation: Relation = { store: table, parquet: [file], casts, key };
        opened[i] = { part: { partition: slice.key, relation, columns: own }, handler: found.record?.record?.handler, done: close };
      });
      const query = await unionQuery(
        opened.map(({ part }) => part),
        { key, columns, signal },
      );
      const recorded = new Set(opened.map(({ handler }) => handler));
      const files = opened.flatMap(({ part }) => part.relation.parquet ?? []);
      return { query, files, recorded: recorded.size === 1 ? opened[0]?.handler : undefined, done };
    } catch (error) {
      for (const each of opened) await each?.done();
      throw error;
    }
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
      cancellable(context, async () => {
        requireReplace(context, store.name);
        requireValue(context, value);
        const slices = slicesOf(context);
        return slices.length > 1 ? storeSeveral(context, value, slices) : storeOne(context, value, slices[0]);
      }),

    loadInput: (context) =>
      cancellable(context, async () => {
        const slices = slicesOf(context);
        if (slices.length > 1) {
          const { query, recorded, done } = await openSeveral(context, slices);
          const handler = loadHandler(context, handlers, recorded);
          // what a query reads is let go of by release
          if (isQueryHandler(handler)) return query;
          return handler.fromTable!(await readTable(query, { key: context.key, signal: context.signal, done }), { key: context.key });
        }
        const paths = pathsOf(context.key, slices[0]);
        const found = await find(paths);
        if (!found) throw await absent(context, paths, slices[0]);
        try {
          if (found.extension !== table) {
            if (context.handler) throw noTable(context.key, store.uri(found.path), formatOf(context.key, found).name, context.handler.name);
            const value = await readValue(context, found);
            await found.release();
            return value;
          }
          const { key, signal, columns: asked } = context;
          const handler = loadHandler(context, handlers, found.record?.record?.handler);
          if (isQueryHandler(handler)) {
            const known = readInPlace.get(found.path);
            const opened = known ? undefined : await openTable(context, found);
            if (known) await found.release();
            const relation: Relation = known ?? { store: table, parquet: [opened!.file], casts: opened!.casts, key };
            readInPlace.set(found.path, relation);
            return relationQuery(asked ? { ...relation, columns: asked } : relation);
          }
          const { file, casts, columns, done } = await openTable(context, found);
          const names = columns.map(({ name }) => name);
          const wanted = asked && existingColumns(key, names, asked);
          const query = relationQuery({ store: table, parquet: [file], casts, key, ...(wanted ? { columns: wanted } : {}) });
          return await handler.fromTable!(await readTable(query, { key, signal, done }), { key });
        } catch (error) {
          await found.release();
          throw error;
        }
      }),

    inspect: async (context) => {
      const records = await inParallel(slicesOf(context).length === 0 ? [undefined] : slicesOf(context), async (slice) => {
        const paths = pathsOf(context.key, slice);
        const record = await slots.read(paths);
        if (record?.data === undefined) return (await findLone(paths)) ? {} : undefined;
        if (!(await store.stat(`${paths.slot}/${record.data}`))) return undefined;
        await slots.show(paths, record).catch(() => undefined); // what people see is put right where that is allowed; the record is the answer
        return record.record;
      });
      return records.every((record) => record !== undefined) ? records[0] : undefined;
    },

    list: async ({ key }) => (await storedPartitions(store, slots, key, prefix)).map((partition) => partition.key),
    inspectPartitions: async ({ key }) =>
      new Map((await storedPartitions(store, slots, key, prefix)).map((partition) => [partition.key, partition.record?.record ?? {}] as const)),

    preview: (context, request) =>
      cancellable(context, async () => {
        const slices = slicesOf(context);
        if (slices.length > 1) {
          const { query, files, done } = await openSeveral(context, slices);
          try {
            return await pageOfTables(query, files, request, context.signal);
          } finally {
            await done();
          }
        }
        const paths = pathsOf(context.key, slices[0]);
        const found = await find(paths);
        if (!found) throw await absent(context, paths, slices[0]);
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
      const remove = async (paths: ObjectPaths): Promise<void> => {
        await slots.remove(paths);
        for (let lone = await findLone(paths); lone; lone = await findLone(paths)) await store.delete(lone.path);
      };
      const slices = slicesOf(context);
      for (const slice of slices) await remove(pathsOf(context.key, slice));
      if (slices.length > 0) return;
      await remove(objectPaths(context.key, prefix));
      await inParallel(await storedPartitions(store, slots, context.key, prefix), ({ paths }) => remove(paths));
    },

    release,
    close: async () => {
      await release();
      await store.close?.();
    },
  };
}
