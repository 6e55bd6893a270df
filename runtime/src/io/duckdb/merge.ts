import { randomUUID } from "node:crypto";
import type { Connection } from "../../duckdb/connection.ts";
import { rowsOf, run } from "../../duckdb/query.ts";
import { slicesText } from "../../duckdb/slices.ts";
import { quoteName, quoteNames, quoteText } from "../../duckdb/sql-text.ts";
import { SluiceError } from "../../model/errors.ts";
import type { ColumnSchema, StoredRecord } from "../../model/values.ts";
import type { TableName, TableWrite } from "../tables.ts";
import { commentText, type FoundTable, findTable, folded, type TableComment } from "./catalog.ts";
import { missingColumn, slicesIn } from "./conditions.ts";
import { evolution } from "./evolve.ts";
import { forgetEntries, hadAppend, partitionRecords, rememberAppend, rememberPartitions } from "./ledger.ts";

/** A table that was filled beside the stored one. */
export interface Staged {
  readonly connection: Connection;
  readonly name: TableName;
  /** Qualified names of the stored table and of the staged one. */
  readonly target: readonly string[];
  readonly stage: readonly string[];
  readonly columns: FoundTable["columns"];
  readonly rows: number;
  readonly write: TableWrite;
}
export interface Merged {
  /** Rows of the slices, or of the whole table, now. */
  readonly rows: number;
  /** False when the table had this append already. */
  readonly changed: boolean;
}

/** Puts a staged value into its place. To be called inside a transaction, which the caller ends. */
export async function merge(staged: Staged): Promise<Merged> {
  const { connection, name, write, rows } = staged;
  const found = await findTable(connection, name);
  if (!found || (write.mode === "replace" && write.slices.length === 0)) {
    await swap(staged, found);
    return { rows, changed: true };
  }
  if (write.slices.length === 0 && found.partitioned) throw holdsPartitions(write, name);
  if (write.mode === "append" && (await hadAppend(connection, found.owner, write.materialization))) {
    return { rows: await countRows(staged, found.columns), changed: false };
  }
  return join(staged, found);
}

/** Makes the staged table the stored one. */
async function swap(staged: Staged, found: FoundTable | undefined): Promise<void> {
  const { connection, name, target, stage, rows, write, columns } = staged;
  if (found) await forgetEntries(connection, found.owner);
  await run(connection, `DROP TABLE IF EXISTS ${quoteNames(target)}`);
  await run(connection, `ALTER TABLE ${quoteNames(stage)} RENAME TO ${quoteName(name.table)}`);
  const keeps = write.slices.length > 0 || write.mode !== "replace";
  await remember(staged, keeps ? { owner: randomUUID() } : {}, rows, columns);
}

/** Puts the staged rows beside those that stay. */
async function join(staged: Staged, found: FoundTable): Promise<Merged> {
  const { connection, target, stage, write } = staged;
  const { key, slices, mode, schemaChange } = write;
  const from = quoteNames(target);
  const where = await slicesIn(connection, from, found.columns, slices);
  if (!where) throw missingColumn(key, `the table that it is written into`, found.columns, slices);
  const inside = slices.length === 0 ? "true" : slicesText(where);
  const evolved = await evolution(connection, {
    key,
    schemaChange,
    target: from,
    stage: quoteNames(stage),
    stored: found.columns,
    staged: staged.columns,
    staying: mode === "replace" ? `(${inside}) IS NOT TRUE` : "true",
    partitionColumns: where.flatMap((conditions) => conditions.flatMap(({ column }) => column ?? [])),
  });
  if (schemaChange === "recreate" && evolved.differences.length > 0) {
    await refuseOthers(staged, found, inside, evolved.differences);
    await swap(staged, found);
    return { rows: staged.rows, changed: true };
  }
  for (const alteration of evolved.alterations) await run(connection, `ALTER TABLE ${from} ${alteration}`);
  if (mode === "replace") await run(connection, `DELETE FROM ${from} WHERE ${inside}`);
  else if (mode !== "append") {
    const same = mode.upsert.map((column) => `s.${quoteName(column)} = t.${quoteName(column)}`).join(" AND ");
    await run(connection, `DELETE FROM ${from} AS t WHERE (${inside}) AND EXISTS (SELECT 1 FROM (${evolved.select}) AS s WHERE ${same})`);
  }
  await run(connection, `INSERT INTO ${from} BY NAME ${evolved.select}`);
  const columns = evolved.alterations.length === 0 ? found.columns : ((await findTable(connection, staged.name))?.columns ?? found.columns);
  const rows = mode === "replace" ? staged.rows : await countRows(staged, columns);
  await remember(staged, { ...found, owner: found.owner ?? randomUUID() }, rows, columns);
  return { rows, changed: true };
}

/** Writes what is known of the value: into the table's comment, or, for partitions, into the ledger. */
async function remember(staged: Staged, former: TableComment, rows: number, columns: FoundTable["columns"]): Promise<void> {
  const { connection, target, write } = staged;
  const { slices, mode, recordOf, materialization } = write;
  const { owner, text } = former;
  const comment = commentText(slices.length === 0 ? { record: recordOf(rows), owner, text } : { owner, partitioned: true, text });
  const known = former.partitioned === true && slices.length > 0;
  if (!known) await run(connection, `COMMENT ON TABLE ${quoteNames(target)} IS ${quoteText(comment)}`);
  if (owner === undefined) return;
  if (mode === "append") await rememberAppend(connection, owner, materialization);
  if (slices.length === 0) return;
  const counts = slices.length === 1 ? [rows] : await countEach(staged, columns);
  const records = new Map<string, StoredRecord>(slices.map(({ key }, i) => [key, recordOf(counts[i], key)]));
  await rememberPartitions(connection, owner, records);
}

async function countRows(staged: Staged, columns: FoundTable["columns"]): Promise<number> {
  const { connection, target, write } = staged;
  const from = quoteNames(target);
  const where = write.slices.length === 0 ? undefined : await slicesIn(connection, from, columns, write.slices);
  const [counted] = await rowsOf(connection, `SELECT count(*) AS n FROM ${from}${where ? ` WHERE ${slicesText(where)}` : ""}`);
  return Number(counted?.["n"] ?? 0);
}

/** Most slices whose rows are counted one by one: each is a condition on every row. Of more, the records say no number. */
const mostCounted = 100;

async function countEach({ connection, target, write }: Staged, columns: FoundTable["columns"]): Promise<readonly (number | undefined)[]> {
  if (write.slices.length > mostCounted) return [];
  const from = quoteNames(target);
  const where = (await slicesIn(connection, from, columns, write.slices)) ?? [];
  const each = where.map((conditions, i) => `count(*) FILTER (WHERE ${slicesText([conditions])}) AS n${i}`).join(", ");
  const [counted] = await rowsOf(connection, `SELECT ${each} FROM ${from} WHERE ${slicesText(where)}`);
  return where.map((_, i) => Number(counted?.[`n${i}`] ?? 0));
}

/** Refuses to recreate a table that holds more than what is being written. */
async function refuseOthers({ connection, target, write }: Staged, found: FoundTable, inside: string, differences: readonly string[]): Promise<void> {
  const { key, slices, mode } = write;
  const staying = mode === "replace" ? `(${inside}) IS NOT TRUE` : "true";
  const [counted] = await rowsOf(connection, `SELECT count(*) AS n FROM ${quoteNames(target)} WHERE ${staying}`);
  const records = await partitionRecords(connection, found.owner);
  const others = [...records.keys()].filter((one) => !slices.some((slice) => slice.key === one));
  const rows = Number(counted?.["n"] ?? 0);
  if (rows === 0 && others.length === 0) return;
  throw new SluiceError(
    "io/schema-mismatch",
    `The table of asset "${key}" cannot be recreated with other columns: it keeps ${rows} rows${others.length > 0 ? ` and ${others.length} partitions, such as "${others[0]}"` : ""} that are not being written (${differences.join("; ")}).`,
    { asset: key, hint: 'Use schemaChange: "evolve", or delete the asset\'s table first and materialize every partition again.' },
  );
}

const holdsPartitions = ({ key, mode }: TableWrite, { schema, table }: TableName): SluiceError =>
  new SluiceError("io/conflict", `Asset "${key}" is written as a whole with ${JSON.stringify(mode)}, and ${schema}.${table} holds its partitions.`, {
    asset: key,
    hint: 'Store it once with write: "replace", which takes the place of all partitions, or give the asset its partitions again.',
  });

/** Refuses an upsert by keys that are null or double in the staged value, or no columns of it. Throws `io/duplicate-key`. */
export async function requireKeys(
  connection: Connection,
  from: string,
  columns: readonly ColumnSchema[],
  { key, mode }: Pick<TableWrite, "key" | "mode">,
): Promise<void> {
  if (typeof mode === "string") return;
  const absent = mode.upsert.find((column) => !columns.some(({ name }) => folded(name) === folded(column)));
  if (absent !== undefined) {
    throw new SluiceError("io/schema-mismatch", `Asset "${key}" is merged by "${absent}", and the value has no such column.`, {
      asset: key,
      hint: `Its columns are ${columns.map(({ name }) => name).join(", ")}.`,
    });
  }
  const names = mode.upsert.map(quoteName);
  const shown = (row: Readonly<Record<string, unknown>>) => mode.upsert.map((column, i) => `${column} is ${row[`k${i}`] ?? "null"}`).join(" and ");
  const texts = names.map((name, i) => `CAST(${name} AS VARCHAR) AS k${i}`).join(", ");
  const refuse = (what: string, row: Readonly<Record<string, unknown>>): never => {
    throw new SluiceError("io/duplicate-key", `Asset "${key}" is merged by ${mode.upsert.join(" and ")}, and ${what}: ${shown(row)}.`, {
      asset: key,
      hint: "Return one row per key, and no row without one. Nothing was changed.",
    });
  };
  const nulls = names.map((name) => `${name} IS NULL`).join(" OR ");
  const [empty] = await rowsOf(connection, `SELECT ${texts}, count(*) OVER () AS n FROM ${from} WHERE ${nulls} LIMIT 1`);
  if (empty) refuse(`${Number(empty["n"]) === 1 ? "1 row has" : `${Number(empty["n"])} rows have`} no key`, empty);
  const [double] = await rowsOf(connection, `SELECT ${texts}, count(*) AS n FROM ${from} GROUP BY ${names.join(", ")} HAVING count(*) > 1 LIMIT 1`);
  if (double) refuse(`${Number(double["n"])} rows have the same key`, double);
}
