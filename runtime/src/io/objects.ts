import { buffer, bytes } from "../formats/bytes.ts";
import { existingColumns } from "../formats/existing-columns.ts";
import type { AnyFormat } from "../formats/format.ts";
import { json } from "../formats/json.ts";
import { pageOfParquet, pageOfTables, readTable } from "../formats/parquet.ts";
import { structuredCloned } from "../formats/structured-clone.ts";
import { relationQuery } from "../handlers/sql.ts";
import { SluiceError } from "../model/errors.ts";
import type { PartitionSlice } from "../model/partition.ts";
import type { AnyHandler, InputContext, IOManager, Relation } from "./manager.ts";
import { kind } from "./manager.ts";
import { storeAdded } from "./objects/add.ts";
import { pageOfValues } from "./objects/page-of-values.ts";
import { inParallel } from "./objects/parallel.ts";
import { type ObjectPaths, objectPaths } from "./objects/paths.ts";
import { type HeldPartitions, holdPartitions, isPartitioned, openSeveral } from "./objects/several.ts";
import { openShelf, table } from "./objects/shelf.ts";
import type { ObjectStore } from "./objects/store.ts";
import { storeOne, storeSeveral } from "./objects/write.ts";
import { cancellable, isQueryHandler, loadHandler, noTable, requireValue, slicesOf } from "./shapes.ts";

export interface ObjectOptions {
  /** Before every path, "/" included: "sluice/". */
  readonly prefix?: string;
  /** Shapes of tables it takes, tried in order. */
  readonly handlers: readonly AnyHandler[];
  /** Tried before the built-in ones. */
  readonly formats?: readonly AnyFormat[];
}

/**
 * Stores each asset as one object: tables as Parquet, other values as JSON where JSON keeps them exactly, else as a structured clone,
 * bytes as they are. A record, moved last in one step, says which object is the value, so that readers see the former value or the new
 * one whatever happens to the writer. docs/decisions/0004-object-layout.md
 */
export function objectIOManager<Value = unknown>(store: ObjectStore, options: ObjectOptions): IOManager<Value> {
  const { handlers, prefix = "" } = options;
  for (const format of options.formats ?? []) {
    if (/^[a-z0-9]{1,20}$/.test(format.extension) && format.extension !== table) continue;
    throw new SluiceError("config/invalid", `The format "${format.name}" has the extension "${format.extension}".`, {
      hint: `An extension has up to 20 lower-case letters and digits, and is not "${table}".`,
    });
  }
  const shelf = openShelf(store, { handlers, prefix, formats: [...(options.formats ?? []), bytes, buffer, json, structuredCloned] });
  const { slots } = shelf;
  /** Files that queries read, by path. */
  const readInPlace = new Map<string, Relation>();

  /** The partitions that are read as one: those asked for, or all of an asset that is its partitions. */
  const severalOf = async (context: InputContext, slices: readonly PartitionSlice[]): Promise<HeldPartitions | undefined> => {
    if (slices.length === 0) return (await isPartitioned(shelf, context.key)) ? holdPartitions(shelf, context, undefined) : undefined;
    return slices.length === 1 ? undefined : holdPartitions(shelf, context, slices);
  };

  const release = async (): Promise<void> => {
    readInPlace.clear();
    await shelf.release();
    await store.close?.();
  };

  return {
    [kind]: "io-manager",
    name: store.name,
    reach: store.reach,
    settings: store.settings ?? {},
    place: (asset) => `${store.name}:${store.folded(objectPaths(asset.key, prefix).shown)}`,
    shown: (asset) => store.uri(objectPaths(asset.key, prefix).shown),

    handleOutput: (context, value) =>
      cancellable(context, async () => {
        requireValue(context, value);
        const slices = slicesOf(context);
        if (context.write !== "replace") return storeAdded(shelf, context, value, slices);
        return slices.length > 1 ? storeSeveral(shelf, context, value, slices) : storeOne(shelf, context, value, slices[0]);
      }),

    loadInput: (context) =>
      cancellable(context, async () => {
        const { key, signal, columns: asked } = context;
        const slices = slicesOf(context);
        const several = await severalOf(context, slices);
        if (several) {
          const { query, records, done } = await openSeveral(shelf, context, several);
          const handler = loadHandler(context, handlers, records);
          // what a query reads is let go of by release
          if (isQueryHandler(handler)) return query;
          return handler.fromTable!(await readTable(query, { key, signal, done }), { key });
        }
        const found = await shelf.require(context, slices[0]);
        try {
          if (found.extension !== table) {
            if (context.handler) throw noTable(key, store.uri(found.path), shelf.formatOf(key, found).name, context.handler.name);
            const value = await shelf.readValue(context, found);
            await found.release();
            return value;
          }
          const handler = loadHandler(context, handlers, [found.record?.record]);
          if (isQueryHandler(handler)) {
            const known = readInPlace.get(found.path);
            const opened = known ? undefined : await shelf.openTable(context, found);
            if (known) await found.release();
            const relation: Relation = known ?? { store: table, parquet: [opened!.file], casts: opened!.casts, key };
            readInPlace.set(found.path, relation);
            return relationQuery(asked ? { ...relation, columns: asked } : relation);
          }
          const { file, casts, columns, done } = await shelf.openTable(context, found);
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
      const slices = slicesOf(context);
      // partitions have records, and all of them together have none
      if (slices.length === 0 && (await isPartitioned(shelf, context.key))) return {};
      const records = await inParallel(slices.length === 0 ? [undefined] : slices, async (slice) => {
        const paths = shelf.pathsOf(context.key, slice);
        const record = await slots.read(paths);
        if (record?.data === undefined) return (await shelf.findLone(paths)) ? {} : undefined;
        if (!(await store.stat(`${paths.slot}/${record.data}`))) return undefined;
        await slots.show(paths, record).catch(() => undefined); // what people see is put right where that is allowed; the record is the answer
        return record.record;
      });
      return records.every((record) => record !== undefined) ? records[0] : undefined;
    },

    list: async ({ key }) => (await shelf.partitions(key)).map((partition) => partition.key),
    inspectPartitions: async ({ key }) =>
      new Map((await shelf.partitions(key)).map((partition) => [partition.key, partition.record?.record ?? {}] as const)),

    preview: (context, request) =>
      cancellable(context, async () => {
        const { signal } = context;
        const slices = slicesOf(context);
        const several = await severalOf(context, slices);
        if (several?.partitions.some(({ found }) => found.extension !== table)) return pageOfValues(shelf, context, several, request);
        if (several) {
          const { query, files, done } = await openSeveral(shelf, context, several, { shown: true });
          try {
            return await pageOfTables(query, files, request, signal);
          } finally {
            await done();
          }
        }
        const found = await shelf.require(context, slices[0]);
        try {
          if (found.extension !== table) {
            const [{ valueTable }, { pageOfStream }] = await Promise.all([import("./value-table.ts"), import("../formats/memory-tables.ts")]);
            return await pageOfStream(valueTable(await shelf.readValue(context, found)), request, signal);
          }
          const { file, casts, done } = await shelf.openTable(context, found);
          try {
            return await pageOfParquet(file, casts, request, signal);
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
        for (let lone = await shelf.findLone(paths); lone; lone = await shelf.findLone(paths)) await store.delete(lone.path);
      };
      const slices = slicesOf(context);
      for (const slice of slices) await remove(shelf.pathsOf(context.key, slice));
      if (slices.length > 0) return;
      await remove(objectPaths(context.key, prefix));
      await inParallel(await shelf.partitions(context.key), ({ paths }) => remove(paths));
    },

    release,
    close: release,
  };
}
