import { type Data, type Field, makeData, RecordBatch, Schema, Struct } from "apache-arrow";
import { arrowColumns } from "../formats/arrow-columns.ts";
import { existingColumns } from "../formats/existing-columns.ts";
import { freezePlain } from "../formats/freeze.ts";
import { builtInHandlers } from "../handlers/built-in.ts";
import { relationQuery } from "../handlers/sql.ts";
import { SluiceError } from "../model/errors.ts";
import type { PartitionSlice } from "../model/partition.ts";
import type { ColumnSchema, StoredRecord } from "../model/values.ts";
import type { AnyHandler, InputContext, IOManager, OutputContext, Relation, SqlNode, SqlQuery, TableStream } from "./manager.ts";
import { kind } from "./manager.ts";
import {
  cancellable,
  completeRecord,
  inseparable,
  isQueryHandler,
  loadHandler,
  noTable,
  notFound,
  requireSameColumns,
  requireValue,
  slicesOf,
  storeHints,
  watched,
} from "./shapes.ts";

export interface InMemoryOptions {
  /** Shapes of tables it takes beside rows, arrow, batches, polars, polarsLazy and sql. */
  readonly handlers?: readonly AnyHandler[];
  /** Whether arrays and plain objects are frozen when they are stored, since all who load one share it. True unless NODE_ENV is "production". */
  readonly freeze?: boolean;
}

/** A table in memory: its batches can be gone through many times. */
interface HeldTable extends TableStream {
  readonly schema: Schema;
  readonly batches: readonly RecordBatch[];
}
interface Entry {
  /** Left out for a part of a value that was given for several partitions. */
  readonly value?: unknown;
  readonly record: StoredRecord;
  readonly table?: HeldTable | undefined;
  /** Appends that it has had. */
  readonly appends?: ReadonlySet<string>;
}
/** What is stored of one asset; the whole value is under `undefined`. */
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
    const parts = partition === undefined && entries.size > 0 ? `Partitions are stored there: ${entries.size}.` : "";
    throw notFound(key, "memory", partition, whole || parts);
  };
  /** The stored value; several partitions are one table. */
  const getAll = async (context: InputContext): Promise<Entry> => {
    const { key, signal } = context;
    const slices = slicesOf(context);
    if (slices.length <= 1) return get(context, slices[0]?.key);
    const found = slices.map((slice) => [slice.key, get(context, slice.key)] as const);
    const tables = found.map(([, { table }]) => {
      if (!table) throw noTable(key, "memory", "values of its own", "one value of several partitions");
      return table;
    });
    const { record } = found[0]![1];
    const shared = found.every(([, one]) => one.record.handler === record.handler);
    return {
      table: await concatenate(
        key,
        found.map(([name]) => name),
        tables,
        signal,
      ),
      record: shared ? record : { ...record, handler: "arrow" },
    };
  };

  /** A value in the shape asked for. */
  const shaped = async (context: InputContext, { value, table }: Pick<Entry, "value" | "table">, recorded: string): Promise<unknown> => {
    const { key, columns } = context;
    if (!table) {
      if (context.handler) throw noTable(key, "memory", "a value of its own", context.handler.name);
      return value;
    }
    const handler = loadHandler(context, handlers, recorded);
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
        const { key, signal } = context;
        const entries = entriesOf(key);
        const slices = slicesOf(context);
        const [slice] = slices;
        const former = entries.get(slice?.key);
        const emptyList = Array.isArray(value) && value.length === 0 && former && !former.table;
        const handler = emptyList ? undefined : handlers.find((known) => known.accepts(value));
        const table = handler && (await collect(context, handler, value));
        if (context.write !== "replace" && !table) throw noTable(key, "memory", "a value of its own", "what is added to");
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
          return shaped({ ...context, columns, handler: asked }, staged, handler?.name ?? "reference");
        });
        signal.throwIfAborted();
        if (context.write !== "replace") {
          // one after another: each adds to what the one before left
          const added = adding.then(() => addTo(context, entries, slices, parts ?? [table as HeldTable], (handler as AnyHandler).name));
          adding = added.catch(() => undefined);
          await added;
          return { place: placeOf(key), rows: rowsOf(table as HeldTable), columns: arrowColumns((table as HeldTable).schema) };
        }
        const name = handler?.name ?? "reference";
        // a partition written last is last in order too
        const put = (partition: string | undefined, entry: Omit<Entry, "record">): void => {
          entries.delete(partition);
          entries.set(partition, { ...entry, record: completeRecord(context, name, partition, entry.table && rowsOf(entry.table)) });
        };
        if (slices.length > 1) for (const [i, { key: partition }] of slices.entries()) put(partition, { table: parts?.[i] });
        else put(slice?.key, { value, table });
        const place = placeOf(key) + (slices.length === 1 ? `?partition=${encodeURIComponent(slice!.key)}` : "");
        return { place, ...(table ? { rows: rowsOf(table), columns: arrowColumns(table.schema), bytes: bytesOf(table) } : {}) };
      }),

    loadInput: (context) =>
      cancellable(context, async () => {
        const entry = await getAll(context);
        return shaped(context, entry, entry.record.handler);
      }),

    inspect: async (context) => {
      const entries = entriesOf(context.key);
      const found = slicesOf(context).map(({ key }) => entries.get(key)?.record);
      if (found.length === 0) return entries.get(undefined)?.record;
      return found.includes(undefined) ? undefined : found[0];
    },
    list: async ({ key }) => [...entriesOf(key).keys()].filter((name) => name !== undefined).sort(),
    inspectPartitions: async ({ key }) =>
      new Map([...entriesOf(key)].flatMap(([name, { record }]) => (name === undefined ? [] : [[name, record] as const]))),

    preview: (context, request) =>
      cancellable(context, async () => {
        const { value, table } = await getAll(context);
        const { pageOfStream } = await import("../formats/memory-tables.ts");
        const shown = table ?? (await import("./value-table.ts")).valueTable(value);
        return pageOfStream(shown, request, context.signal);
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

const rowsOf = (table: HeldTable): number => table.batches.reduce((sum, batch) => sum + batch.numRows, 0);
const bytesOf = (table: HeldTable): number => table.batches.reduce((sum, batch) => sum + batch.data.byteLength, 0);

/** The columns in that order; Arrow's own `select` keeps the table's order for the names and not for the data. */
const select = ({ schema, batches }: HeldTable, names: readonly string[]): HeldTable => {
  const indices = names.map((name) => schema.fields.findIndex((field) => field.name === name));
  const fields = indices.map((index) => schema.fields[index] as Field);
  const chosen = new Schema(fields);
  const type = new Struct(fields);
  return {
    schema: chosen,
    batches: batches.map(({ data, numRows }) => {
      const children = indices.map((index) => data.children[index] as Data);
      return new RecordBatch(chosen, makeData({ type, length: numRows, nullCount: 0, children }));
    }),
  };
};

/** Runs a query in the embedded DuckDB and keeps its answer. */
async function queryTable(context: OutputContext, query: SqlQuery): Promise<HeldTable> {
  const { collectQuery } = await import("../formats/memory-tables.ts");
  return collectQuery(query, { key: context.key, signal: context.signal });
}

/** What goes into each partition; for a single one the table as it is, held to what the partition says about its rows. */
async function split(context: OutputContext, slices: readonly PartitionSlice[], table: HeldTable | undefined): Promise<readonly HeldTable[]> {
  const several = slices.length > 1;
  if (several && !table) throw inseparable(context, "which is no table", "Return a Map with a value for each of context.partitions.");
  const { key, signal } = context;
  const held = table as HeldTable;
  const said = slices.some(({ dimensions }) => dimensions.some(({ column, partitionExpr }) => column !== undefined || partitionExpr !== undefined));
  if (!several && !said) return [held];
  const [{ areSeparable, separate }, { collectQuery }] = await Promise.all([import("./slice-tables.ts"), import("../formats/memory-tables.ts")]);
  if (several && !areSeparable(slices)) {
    const hint = "Give the partitions a column: dailyPartitions({ column: ... }). Or return a Map with a value for each of context.partitions.";
    throw inseparable(context, "and nothing says in which column its rows say which is theirs", hint);
  }
  const relation: Relation = { store: "memory", memory: held, key };
  const conditions = await separate(relation, arrowColumns(held.schema), slices, signal);
  if (!several) return [held];
  const parts: HeldTable[] = [];
  for (const condition of conditions) {
    const nodes: readonly SqlNode[] = [
      { type: "text", text: "SELECT * FROM " },
      { type: "relation", relation },
      { type: "text", text: ` WHERE ${condition}` },
    ];
    parts.push(await collectQuery({ [kind]: "sql", nodes }, { key, signal }));
  }
  return parts;
}

/** Partitions as one table. Those of one shape keep their batches. */
async function concatenate(key: string, partitions: readonly string[], tables: readonly HeldTable[], signal: AbortSignal): Promise<HeldTable> {
  const columns = tables.map(({ schema }) => arrowColumns(schema));
  const shape = JSON.stringify(columns[0]);
  const [first] = tables as readonly [HeldTable];
  const types = String(first.schema);
  if (tables.every((table, i) => JSON.stringify(columns[i]) === shape && String(table.schema) === types))
    return { schema: first.schema, batches: tables.flatMap(({ batches: own }) => own) };
  const [{ unionQuery }, { collectQuery }] = await Promise.all([import("./union-tables.ts"), import("../formats/memory-tables.ts")]);
  const parts = tables.map((memory, i) => ({
    partition: partitions[i] as string,
    relation: { store: "memory", memory, key },
    columns: columns[i] as readonly ColumnSchema[],
  }));
  return collectQuery(await unionQuery(parts, { key, signal }), { key, signal });
}

/** Adds tables to what is stored, or merges them by keys. The stored tables are replaced together, once all are made. */
async function addTo(
  context: OutputContext,
  entries: Entries,
  slices: readonly PartitionSlice[],
  tables: readonly HeldTable[],
  handler: string,
): Promise<void> {
  const { key, write, record, partitions, schemaChange, signal } = context;
  const materialization = JSON.stringify([record.runId, record.step, ...partitions]);
  const made: (readonly [partition: string | undefined, former: Entry | undefined, entry: Entry])[] = [];
  for (const [i, table] of tables.entries()) {
    const partition = slices[i]?.key;
    const former = entries.get(partition);
    if (write === "append" && former?.appends?.has(materialization)) continue;
    if (former && !former.table) throw noTable(key, "memory", "a value of its own", "what is added to");
    if (former?.table && schemaChange !== "evolve") {
      const stored = [{ key: partition ?? "", columns: arrowColumns(former.table.schema) }];
      requireSameColumns({ ...context, partitions: [] }, arrowColumns(table.schema), stored);
    }
    const kept = typeof write === "object" ? await withoutKeys(context, write.upsert, former?.table, table) : former?.table;
    const joined = kept ? await concatenate(key, ["what is stored", "what is added"], [kept, table], signal) : table;
    const complete = completeRecord(context, handler, partition, rowsOf(joined));
    const appends = write === "append" ? new Set([...(former?.appends ?? []), materialization]) : (former?.appends ?? new Set<string>());
    made.push([partition, former, { table: joined, record: complete, appends }]);
  }
  signal.throwIfAborted();
  // a replacement that came meanwhile stays, and is what is added to
  if (made.some(([partition, former]) => entries.get(partition) !== former)) return addTo(context, entries, slices, tables, handler);
  for (const [partition, , entry] of made) entries.set(partition, entry);
}

/** The stored rows whose keys are not among the new ones. Throws `io/duplicate-key` for new rows without a key of their own. */
async function withoutKeys(context: OutputContext, keys: readonly string[], stored: HeldTable | undefined, added: HeldTable) {
  const { key, signal } = context;
  const [{ collectQuery }, { quoteName }] = await Promise.all([import("../formats/memory-tables.ts"), import("../duckdb/sql-text.ts")]);
  const names = existingColumns(
    key,
    added.schema.fields.map((field) => field.name),
    keys,
  ).map(quoteName);
  const reads = (memory: HeldTable): SqlNode => ({ type: "relation", relation: { store: "memory", memory, key } });
  const ask = (...parts: readonly (string | HeldTable)[]) =>
    collectQuery(
      { [kind]: "sql", nodes: parts.map((part) => (typeof part === "string" ? { type: "text", text: part } : reads(part))) },
      { key, signal },
    );
  const list = names.join(", ");
  const nulls = names.map((name) => `${name} IS NULL`).join(" OR ");
  const found = rowsOf(await ask(`SELECT 1 AS one FROM `, added, ` WHERE ${nulls}`));
  const double = rowsOf(await ask(`SELECT 1 AS one FROM `, added, ` GROUP BY ${list} HAVING count(*) > 1`));
  if (found > 0 || double > 0) {
    const what = found > 0 ? `${found} of its rows have no key` : `${double} of its keys are there more than once`;
    throw new SluiceError("io/duplicate-key", `Asset "${key}" is merged by ${keys.join(" and ")}, and ${what}.`, {
      asset: key,
      hint: "Return one row per key, and no row without one. Nothing was changed.",
    });
  }
  if (!stored) return undefined;
  const same = names.map((name) => `t.${name} = s.${name}`).join(" AND ");
  return ask("SELECT * FROM ", stored, ` AS t WHERE NOT EXISTS (SELECT 1 FROM `, added, ` AS s WHERE ${same})`);
}
