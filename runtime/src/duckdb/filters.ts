import type { SqlValue } from "../io/manager.ts";
import { isSluiceError, SluiceError } from "../model/errors.ts";
import type { Filter, FilterOperator, PageRequest } from "../model/page.ts";
import type { ColumnSchema } from "../model/values.ts";
import type { Connection } from "./connection.ts";
import { rowsOf } from "./query.ts";
import { quoteName } from "./sql-text.ts";

/** A page request's filter and sort as SQL with bound values. */
export interface Clauses {
  /** " WHERE ..." or "". */
  readonly where: string;
  readonly values: readonly SqlValue[];
  /** " ORDER BY ..." or "". */
  readonly order: string;
}

const comparisons: Readonly<Partial<Record<FilterOperator, string>>> = { eq: "=", ne: "<>", lt: "<", le: "<=", gt: ">", ge: ">=" };

/**
 * Filter and sort of a request: columns quoted, values bound and cast to the column's type; texts are compared without case.
 * Throws `io/schema-mismatch` for a column that the table has not.
 */
export function clausesOf({ filter = [], sort = [] }: Pick<PageRequest, "filter" | "sort">, columns: readonly ColumnSchema[]): Clauses {
  const values: SqlValue[] = [];
  const bound = (value: string): string => {
    values.push(value);
    return `$${values.length}`;
  };
  const conditions = filter.map((one) => condition(one, columnNamed(columns, one.column), bound));
  const orders = sort.map(({ column, descending }) => `${quoteName(columnNamed(columns, column).name)} ${descending ? "DESC" : "ASC"} NULLS LAST`);
  return {
    where: conditions.length === 0 ? "" : ` WHERE ${conditions.join(" AND ")}`,
    values,
    order: orders.length === 0 ? "" : ` ORDER BY ${orders.join(", ")}`,
  };
}

function condition({ operator, value = "" }: Filter, { name, type }: ColumnSchema, bound: (value: string) => string): string {
  const column = quoteName(name);
  const text = `lower(CAST(${column} AS VARCHAR))`;
  switch (operator) {
    case "is-null":
      return `${column} IS NULL`;
    case "is-not-null":
      return `${column} IS NOT NULL`;
    case "contains":
      return `contains(${text}, lower(${bound(value)}))`;
    case "starts-with":
      return `starts_with(${text}, lower(${bound(value)}))`;
    default: {
      const sign = comparisons[operator];
      if (sign === undefined) throw new SluiceError("io/unsupported-value", `There is no filter operator "${operator}".`);
      return `${column} ${sign} CAST(${bound(value)} AS ${type})`;
    }
  }
}

/** The column of that name. Throws `io/schema-mismatch` naming those that there are. */
export function columnNamed(columns: readonly ColumnSchema[], name: string): ColumnSchema {
  const found = columns.find((column) => column.name === name);
  if (found) return found;
  throw new SluiceError("io/schema-mismatch", `The table has no column "${name}".`, {
    hint: `Its columns are ${columns.map((column) => column.name).join(", ")}.`,
  });
}

/** Finds the filter whose value is no value of its column, when a query with filters failed; else answers the error itself. */
export async function filterMistake(
  connection: Connection,
  filter: readonly Filter[],
  columns: readonly ColumnSchema[],
  thrown: unknown,
): Promise<unknown> {
  if (isSluiceError(thrown) && thrown.code !== "sql/failed") return thrown;
  for (const { column, operator, value = "" } of filter) {
    if (comparisons[operator] === undefined) continue;
    const { type } = columnNamed(columns, column);
    const [answer] = await rowsOf(connection, `SELECT TRY_CAST($1 AS ${type}) IS NOT NULL AS fits`, [value]);
    if (answer?.["fits"] === true) continue;
    return new SluiceError("io/unsupported-value", `${JSON.stringify(value)} is no ${type}, which column "${column}" holds.`, {
      hint: `Filter "${column}" by a value of that type, or use contains.`,
    });
  }
  return thrown;
}
