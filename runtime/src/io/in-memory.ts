import type { RecordBatch } from "apache-arrow";
import { arrowColumns } from "../formats/arrow-columns.ts";
import { existingColumns } from "../formats/existing-columns.ts";
import { freezePlain } from "../formats/freeze.ts";
import { builtInHandlers } from "../handlers/built-in.ts";
import { relationQuery } from "../handlers/sql.ts";
import type { PartitionSlice } from "../model/partition.ts";
import type { ColumnSchema, StoredRecord } from "../model/values.ts";
import {
  bytesOf,
  concatenate,
  type HeldTable,
  join,
  type PartitionPlace,
  queryTable,
  rowsOf,
  select,
  split,
  type TablePart,
} from "./in-memory-tables.ts";
import type { AnyHandler, InputContext, IOManager, OutputContext, SqlQuery, TableStream } from "./manager.ts";
import { kind } from "./manager.ts";
import {
  cancellable,
  completeRecord,
  isQueryHandler,
  loadHandler,
  materializationOf,
  noTable,
  notAddable,
  notAddedTo,
  notFound,
  requireSameColumns,
  requireUpsertKeys,
  requireValue,
  severalValues,
  slicesOf,
  storeHints,
  watched,
  wholeOfPartitions,
} from "./shapes.ts";

export interface InMemoryOptions {
  /** Shapes of tables it takes beside rows, arrow, batches, polars, polarsLazy and sql. */
  readonly handlers?: readonly AnyHandler[];
  /** Whether arrays and plain objects are frozen when they are stored, since all who load one share it. True unless NODE_ENV is "production". */
  readonly freeze?: boolean;
}

interface Entry {
  /** Left out for a part of a value that was given for several partitions. */
  readonly value?: unknown;
  readonly record: StoredRecord;
  readonly table?: HeldTable | undefined;
  /** Appends that it has had. */
  readonly appends?: ReadonlySet<string>;
  /** Of a partition: its key along each dimension. */
  readonly places?: readonly PartitionPlace[];
}
interface NamedEntry extends Entry {
  readonly partition: string;
}
/** What is stored of one asset, what was stored last at the end; the whole value is under `undefined`. */
type Entries = Map<string | undefined, Entry>;

let opened = 0;

/**
 * Keeps values in this process's memory, by reference: for tests, and for steps that share a process. A table also loads as any
 * handler asks; streams and queries are read once, when they are stored.
 */
export function inMemory(options: InMemoryOptions = {}): IOManager<unknown> {
  const handlers: readonly AnyHandler[] = [...(options.handlers ?? []), ...builtInHandlers];
  const freeze = options.freeze ?? process.env["NODE_ENV"] !== "production";
  const assets = new Map<string, Entries>();
  let adding: Promise<unknown> = Promise.resolve();
  opened += 1;
  const instance = opened;
  const placeOf = (key: string): string => `memory:${instance}/${key}`;

  const placeFor = (key: string, slices: readonly PartitionSlice[]): string =>
    placeOf(key) + (slices.length === 1 ? `?partition=${encodeURIComponent(slices[0]!.key)}` : "");

  const entriesOf = (key: string): Entries => {
    const entries: Entries = assets.get(key) ?? new Map();
    assets.set(key, entries);
    return entries;
  };
  /** Columns of the value that is stored now, or of the partition stored last. */
  const columnsOf = async ({ key, partitions }: OutputContext): Promise<readonly ColumnSchema[] | undefined> => {
    const entries = entriesOf(key);
    const former =
      partitions.length === 0 ? entries.get(undefined) : [...entries].filter(([name, { table }]) => name !== undefined && table).at(-1)?.[1];
    return former?.table && arrowColumns(former.table.schema);
  };

  /** The value as a table; `undefined` for one that no handler takes. */
  const collect = async (context: OutputContext, handler: AnyHandler, value: unknown): Promise<HeldTable> => {
    if (!handler.toTable) return queryTable(context, value as SqlQuery);
    const source = watched(
      await handler.toTable(
        value,
        storeHints(context, () => columnsOf(context)),
      ),
      context.signal,
    );
    const held: RecordBatch[] = [];
    for await (const batch of source.stream.batches) held.push(batch);
    return { schema: source.stream.schema, batches: held };
  };

  const get = ({ key }: InputContext, partition: string | undefined): Entry => {
    const entries = entriesOf(key);
    const entry = entries.get(partition);
    if (entry) return entry;
    const whole = partition !== undefined && entries.has(undefined) ? "What was stored before it had partitions is still there, as a whole." : "";
    throw notFound(key, "memory", partition, whole);
  };
  /** The partitions that are read as one: those asked for, or all of an asset whose partitions were stored last. */
  const severalOf = (context: InputContext): readonly NamedEntry[] | undefined => {
    const slices = slicesOf(context);
    if (slices.length > 0) return slices.length === 1 ? undefined : slices.map(({ key }) => ({ ...get(context, key), partition: key }));
    const entries = [...entriesOf(context.key)];
    if (entries.length === 0 || entries.at(-1)?.[0] === undefined) return undefined;
    const named = entries.flatMap(([partition, entry]) => (partition === undefined ? [] : [{ ...entry, partition }]));
    return named.sort((one, other) => (one.partition < other.partition ? -1 : 1));
  };
  /** The stored value; several partitions are one table. */
  const getAll = async (context: InputContext): Promise<Entry> => {
    const { key, signal } = context;
    const several = severalOf(context);
    if (!several) return get(context, slicesOf(context)[0]?.key);
    const parts = several.map(({ partition, table }) => {
      if (!table) throw severalValues(key, partition, "a value of its own");
      return { partition, table };
    });
    const { record } = several[0] as NamedEntry;
    const shared = several.every((one) => one.record.handler === record.handler);
    const bigints = [...new Set(several.flatMap((one) => one.record.bigints ?? []))];
    return { table: await concatenate(key, parts, signal), record: { ...record, ...(shared ? {} : { handler: "arrow" }), bigints } };
  };
  /** The stored value as a table to look at; of several partitions, each row says which it is of. */
  const shown = async (context: InputContext): Promise<TableStream> => {
    const { key, signal } = context;
    const several = severalOf(context);
    if (several?.every((part) => part.table)) return concatenate(key, several as readonly TablePart[], signal);
    const { valueTable } = await import("./value-table.ts");
    if (several) {
      const line = ({ places = [], value, table }: NamedEntry) => ({
        ...Object.fromEntries(places.map((place) => [place.name, place.key])),
        value: table ? `a table of ${rowsOf(table)} rows` : value,
      });
      return valueTable(several.map(line));
    }
    const { value, table } = await getAll(context);
    return table ?? valueTable(value);
  };

  /** A value in the shape asked for. */
  const shaped = async (context: InputContext, { value, table }: Pick<Entry, "value" | "table">, record: Partial<StoredRecord>): Promise<unknown> => {
    const { key, columns } = context;
    if (!table) {
      if (context.handler) throw noTable(key, "memory", "a value of its own", context.handler.name);
      return value;
    }
    const handler = loadHandler(context, handlers, [record]);
    const byReference = value !== undefined && !context.handler && columns === undefined && !isQueryHandler(handler) && handler.name !== "batches";
    if (byReference) return value;
    const names = table.schema.fields.map((field) => field.name);
    const wanted = columns && existingColumns(key, names, columns);
    // with columns, so that a query that is nothing but this input can stand in brackets
    if (isQueryHandler(handler)) return relationQuery({ store: placeOf(""), memory: table, key, columns: wanted ?? names });
    const selected = wanted ? select(table, wanted) : table;
    return handler.fromTable!(watched(selected, context.signal).stream, { key });
  };

  return {
    [kind]: "io-manager",
    name: "memory",
    reach: "process",
    place: (asset) => placeOf(asset.key),

    handleOutput: (context, value) =>
      cancellable(context, async () => {
        requireValue(context, value);
        requireUpsertKeys(context);
        const { key, signal } = context;
        const entries = entriesOf(key);
        const slices = slicesOf(context);
        const [slice] = slices;
        const former = entries.get(slice?.key);
        const emptyList = Array.isArray(value) && value.length === 0 && former && !former.table;
        const handler = emptyList ? undefined : handlers.find((known) => known.accepts(value));
        const table = handler && (await collect(context, handler, value));
        if (context.write !== "replace" && !table) throw notAddable(context, value);
        const parts = slices.length > 1 || (slice && table) ? await split(context, slices, table) : undefined;
        if (slice && table) {
          const others = [...entries].flatMap(([name, one]) =>
            name === undefined || !one.table ? [] : [{ key: name, columns: arrowColumns(one.table.schema) }],
          );
          requireSameColumns(context, arrowColumns(table.schema), others);
        }
        if (freeze && context.write === "replace") freezePlain(value);
        await context.verify?.(async ({ columns, handler: asked, partition }) => {
          const one = partition === undefined ? -1 : slices.findIndex((each) => each.key === partition);
          const staged = one >= 0 && slices.length > 1 ? { table: parts?.[one] } : { value, table };
          return shaped({ ...context, columns, handler: asked }, staged, { ...context.record, handler: handler?.name ?? "reference" });
        });
        signal.throwIfAborted();
        if (context.write !== "replace") {
          // one after another: each adds to what the one before left
          const added = adding.then(() => addTo(context, entries, slices, parts ?? [table as HeldTable], (handler as AnyHandler).name));
          adding = added.catch(() => undefined);
          const results = await added;
          return {
            place: placeFor(key, slices),
            rows: results.reduce((sum, each) => sum + rowsOf(each.table), 0),
            written: results.some(({ changed }) => changed) ? rowsOf(table as HeldTable) : 0,
            columns: arrowColumns(results[0]!.table.schema),
          };
        }
        const name = handler?.name ?? "reference";
        const store = (partition: string | undefined, entry: Omit<Entry, "record">): void =>
          put(entries, partition, {
            ...entry,
            ...placed(slices, partition),
            record: completeRecord(context, name, partition, entry.table && rowsOf(entry.table)),
          });
        if (slices.length > 1) for (const [i, { key: partition }] of slices.entries()) store(partition, { table: parts?.[i] });
        else store(slice?.key, { value, table });
        return {
          place: placeFor(key, slices),
          ...(table ? { rows: rowsOf(table), columns: arrowColumns(table.schema), bytes: bytesOf(table) } : {}),
        };
      }),

    loadInput: (context) =>
      cancellable(context, async () => {
        const entry = await getAll(context);
        return shaped(context, entry, entry.record);
      }),

    inspect: async (context) => {
      const entries = entriesOf(context.key);
      const found = slicesOf(context).map(({ key }) => entries.get(key)?.record);
      // partitions have records, and all of them together have none
      if (found.length === 0) return severalOf(context) ? {} : entries.get(undefined)?.record;
      return found.includes(undefined) ? undefined : found[0];
    },
    list: async ({ key }) => [...entriesOf(key).keys()].filter((name) => name !== undefined).sort(),
    inspectPartitions: async ({ key }) =>
      new Map([...entriesOf(key)].flatMap(([name, { record }]) => (name === undefined ? [] : [[name, record] as const]))),

    preview: (context, request) =>
      cancellable(context, async () => {
        const { pageOfStream } = await import("../formats/memory-tables.ts");
        return pageOfStream(await shown(context), request, context.signal);
      }),

    delete: async (context) => {
      const slices = slicesOf(context);
      if (slices.length === 0) assets.delete(context.key);
      for (const { key } of slices) entriesOf(context.key).delete(key);
    },
    release: async () => {},
    close: async () => {},
  };
}

/** Adds tables to what is stored, or merges them by keys. The stored tables are replaced together, once all are made. */
async function addTo(
  context: OutputContext,
  entries: Entries,
  slices: readonly PartitionSlice[],
  tables: readonly HeldTable[],
  handler: string,
): Promise<readonly { readonly table: HeldTable; readonly changed: boolean }[]> {
  const { write, signal } = context;
  const materialization = materializationOf(context);
  const made: (readonly [partition: string | undefined, former: Entry | undefined, entry: Entry & { readonly table: HeldTable }])[] = [];
  const results: { readonly table: HeldTable; readonly changed: boolean }[] = [];
  for (const [i, table] of tables.entries()) {
    const partition = slices[i]?.key;
    const former = entries.get(partition);
    if (former && !former.table) throw notAddedTo(context, "memory", "a value of its own");
    if (former?.table && write === "append" && former.appends?.has(materialization)) {
      results.push({ table: former.table, changed: false });
      continue;
    }
    if (!former && partition === undefined && entries.size > 0) throw wholeOfPartitions(context, entries.size);
    const joined = await join(context, former?.table, table);
    const complete = completeRecord(context, handler, partition, rowsOf(joined));
    const appends = write === "append" ? new Set([...(former?.appends ?? []), materialization]) : (former?.appends ?? new Set<string>());
    made.push([partition, former, { table: joined, record: complete, appends, ...placed(slices, partition) }]);
    results.push({ table: joined, changed: true });
  }
  signal.throwIfAborted();
  // a replacement that came meanwhile stays, and is what is added to
  if (made.some(([partition, former]) => entries.get(partition) !== former)) return addTo(context, entries, slices, tables, handler);
  for (const [partition, , entry] of made) put(entries, partition, entry);
  return results;
}

const placed = (slices: readonly PartitionSlice[], partition: string | undefined): Pick<Entry, "places"> => {
  const slice = slices.find(({ key }) => key === partition);
  return slice ? { places: slice.dimensions.map(({ name, key }) => ({ name, key })) } : {};
};

/** What is written last is last in order too. */
function put(entries: Entries, partition: string | undefined, entry: Entry): void {
  entries.delete(partition);
  entries.set(partition, entry);
}
