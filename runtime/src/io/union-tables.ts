import { rowsOf } from "../duckdb/query.ts";
import { renderQuery } from "../duckdb/render.ts";
import { scratch } from "../duckdb/scratch.ts";
import { quoteName, quoteText } from "../duckdb/sql-text.ts";
import { existingColumns } from "../formats/existing-columns.ts";
import { relationQuery } from "../handlers/sql.ts";
import { SluiceError } from "../model/errors.ts";
import type { ColumnSchema } from "../model/values.ts";
import { wider } from "./duckdb/wider.ts";
import type { Relation, SqlNode, SqlQuery } from "./manager.ts";
import { kind } from "./manager.ts";

/** One stored partition of a table. */
export interface TablePart {
  readonly partition: string;
  readonly relation: Relation;
  /** In DuckDB's words. */
  readonly columns: readonly ColumnSchema[];
  /** Its key along each dimension, where that is to be a column: it is one unless the tables have a column of that name. */
  readonly places?: readonly { readonly name: string; readonly key: string }[];
}
/** Parts that one relation reads. */
interface Run extends TablePart {
  /** Of each of its files. */
  readonly each: readonly NonNullable<TablePart["places"]>[];
}
export interface UnionOptions {
  /** Asset key, for messages. */
  readonly key: string;
  /** All when left out. */
  readonly columns?: readonly string[] | undefined;
  readonly signal: AbortSignal;
}

const folded = (name: string): string => name.toLowerCase();
const columnOf = (part: TablePart, name: string): ColumnSchema | undefined => part.columns.find((column) => folded(column.name) === folded(name));

/** DuckDB's own column of Parquet files, unless they have one of that name: which of the files a row is from. */
const fileIndex = "file_index";

/** Files of one shape that follow each other are one relation. */
function runs(parts: readonly TablePart[]): readonly Run[] {
  const result: TablePart[][] = [];
  let shape = "";
  for (const part of parts) {
    const own = JSON.stringify([part.columns, part.relation.casts ?? {}]);
    const told = part.places === undefined || columnOf(part, fileIndex) === undefined;
    if (part.relation.parquet && told && own === shape) result.at(-1)?.push(part);
    else result.push([part]);
    shape = part.relation.parquet ? own : "";
  }
  return result.map((members) => {
    const [first] = members as [TablePart];
    const each = members.map(({ places = [] }) => places);
    if (members.length === 1) return { ...first, each };
    return { ...first, each, relation: { ...first.relation, parquet: members.flatMap(({ relation }) => relation.parquet ?? []) } };
  });
}

/** A partition's key along a dimension, for each row of a run. */
function placeOf({ each }: Run, name: string): string {
  const texts = each.map((places) => {
    const found = places.find((place) => folded(place.name) === folded(name));
    return found ? quoteText(found.key) : "CAST(NULL AS VARCHAR)";
  });
  return `${texts.length === 1 ? texts[0] : `[${texts.join(", ")}][CAST(${fileIndex} AS BIGINT) + 1]`} AS ${quoteName(name)}`;
}

/**
 * The query of several partitions as one table, in their order: columns by name, those that a partition lacks null there, types as wide as
 * all values need. Throws `io/schema-mismatch` for a column that has no one type that keeps every value, and for `columns` that are in none.
 */
export async function unionQuery(parts: readonly TablePart[], { key, columns, signal }: UnionOptions): Promise<SqlQuery> {
  const alike = runs(parts);
  const names = [...new Map(alike.flatMap((part) => part.columns.map(({ name }) => [folded(name), name] as const)).reverse()).values()];
  const order = alike.flatMap((part) => part.columns.map(({ name }) => folded(name)));
  names.sort((a, b) => order.indexOf(folded(a)) - order.indexOf(folded(b)));
  const wanted = columns && existingColumns(key, names, columns);
  const dimensions = new Map(parts.flatMap(({ places = [] }) => places.map(({ name }) => [folded(name), name] as const)));
  const shown = [...dimensions.values()].filter((name) => !names.some((other) => folded(other) === folded(name)));
  const [first, second] = alike as readonly [Run, Run?];
  if (!second && shown.length === 0) return relationQuery(wanted ? { ...first.relation, columns: wanted } : first.relation);

  const types = new Map<string, string>();
  for (const name of wanted ?? names) types.set(name, await commonType(alike, name, key, signal));
  const nodes: SqlNode[] = [];
  for (const [i, part] of alike.entries()) {
    // cast here: a relation that casts hides which file a row is from
    const { casts = {}, ...relation } = part.relation;
    const selected = [...types].map(([name, type]) => {
      const own = columnOf(part, name);
      const value = own ? (casts[own.name] === undefined ? quoteName(own.name) : `CAST(${quoteName(own.name)} AS ${own.type})`) : "NULL";
      return `${own?.type === type ? value : `CAST(${value} AS ${type})`} AS ${quoteName(name)}`;
    });
    selected.push(...shown.map((name) => placeOf(part, name)));
    nodes.push({ type: "text", text: `${i > 0 ? " UNION ALL " : ""}SELECT ${selected.join(", ")} FROM ` }, { type: "relation", relation });
  }
  return { [kind]: "sql", nodes };
}

/** The type that keeps every value of a column of all parts. */
async function commonType(parts: readonly TablePart[], name: string, key: string, signal: AbortSignal): Promise<string> {
  const having = parts.flatMap((part) => {
    const column = columnOf(part, name);
    return column ? [{ part, column }] : [];
  });
  const widest = (from: typeof having): string | undefined =>
    from.slice(1).reduce<string | undefined>((type, { column }) => type && wider(type, column.type)?.type, from[0]?.column.type);
  const distinct = new Set(having.map(({ column }) => column.type));
  if (distinct.size === 1) return having[0]!.column.type;

  let counted = having;
  let type = widest(having);
  if (type === undefined) {
    // nulls are of any type
    const filled = await Promise.all(having.map(({ part, column }) => isAny(part, `${quoteName(column.name)} IS NOT NULL`, signal)));
    counted = having.filter((_, i) => filled[i]);
    type = counted.length === 0 ? having[0]!.column.type : widest(counted);
  }
  const mismatch = (common: string | undefined): SluiceError => {
    const found = [...new Map(counted.map(({ part, column }) => [column.type, part.partition]))].map(
      ([each, partition]) => `${each} in ${JSON.stringify(partition)}`,
    );
    const why = common === undefined ? "" : `, and not every value stays exact as ${common}`;
    return new SluiceError(
      "io/schema-mismatch",
      `Column "${name}" of asset "${key}" is ${found.join(" and ")}${why}: these partitions are no one table.`,
      {
        asset: key,
        hint: "Give the column one type with columns: { ... } and materialize these partitions again, or load them one by one.",
      },
    );
  };
  if (type === undefined) throw mismatch(undefined);
  for (const { part, column } of counted) {
    const to = wider(column.type, type);
    if (column.type === type || (to?.type === type && !to.inexact)) continue;
    const text = quoteName(column.name);
    const lost = `${text} IS DISTINCT FROM TRY_CAST(TRY_CAST(${text} AS ${type}) AS ${column.type})`;
    if (await isAny(part, lost, signal)) throw mismatch(type);
  }
  return type;
}

/** Whether some row of a part holds a condition. */
const isAny = ({ relation }: TablePart, condition: string, signal: AbortSignal): Promise<boolean> =>
  scratch().lease(
    async (connection) => {
      const rendered = await renderQuery(connection, relationQuery(relation), { asset: relation.key });
      try {
        return (await rowsOf(connection, `SELECT 1 AS one FROM ${rendered.text} WHERE ${condition} LIMIT 1`)).length > 0;
      } finally {
        await rendered.end();
      }
    },
    { signal },
  );
