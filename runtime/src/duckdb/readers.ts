import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { RecordBatch, Schema } from "apache-arrow";
import type { Batches } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";
import { query } from "./query.ts";
import { scratch } from "./scratch.ts";
import type { LeaseOptions } from "./shared.ts";
import { quoteName, quoteText } from "./sql-text.ts";

/** Columns to read, and types that the file does not say. */
export interface ReadOptions {
  /** Only these, in this order. */
  readonly columns?: readonly string[];
}
export interface ReadCsvOptions extends ReadOptions {
  /** Found out when left out. */
  readonly delimiter?: string;
  readonly quote?: string;
  readonly escape?: string;
  /** Whether the first line names the columns; found out when left out. */
  readonly header?: boolean;
  /** Text that stands for NULL; an empty unquoted field when left out. */
  readonly null?: string;
  /** SQL types by column, such as `{ zip: "varchar" }`; the others are found out from the whole file. */
  readonly types?: Readonly<Record<string, string>>;
}
export interface ReadJsonOptions extends ReadOptions {
  /** "array" for one array of objects, "newline" for an object per line; found out when left out. */
  readonly format?: "array" | "newline";
  readonly types?: Readonly<Record<string, string>>;
}

const isGlob = (path: string): boolean => /[*?[\]]/.test(path);

/** An absolute path in SQL's text. Throws `io/not-found` for a file that is not there. */
function fileText(path: string, what: string): string {
  const absolute = resolve(path);
  if (!isGlob(path) && !existsSync(absolute)) {
    throw new SluiceError("io/not-found", `There is no ${what} file at "${absolute}".`, {
      hint: "Relative paths count from the project's folder, where sluice.config.ts lies.",
    });
  }
  return quoteText(absolute);
}

/** A struct literal of SQL types by column. */
const typesText = (types: Readonly<Record<string, string>>): string =>
  `{${Object.entries(types)
    .map(([name, type]) => `${quoteText(name)}: ${quoteText(type)}`)
    .join(", ")}}`;

/** A file's rows as batches: read anew by each loop, and not at all before. */
function lazily<Row>(call: () => string, columns: readonly string[] | undefined): Batches<Row> {
  const text = () => `SELECT ${columns ? columns.map(quoteName).join(", ") : "*"} FROM ${call()}`;
  const open = (sql: string, options?: LeaseOptions) => scratch().stream((connection) => query(connection, sql), options);
  return {
    schema: async (): Promise<Schema> => {
      const stream = await open(`${text()} LIMIT 0`);
      await stream.close();
      return stream.schema;
    },
    async *[Symbol.asyncIterator](): AsyncGenerator<RecordBatch> {
      yield* (await open(text())).batches;
    },
  };
}

/**
 * Rows of a CSV file (or of several, by a pattern such as "data/*.csv") as Arrow batches, read when somebody loops over them. Delimiter,
 * header and types are found out from the whole file unless given. Paths are relative to the working folder, which is the project's in a
 * run. Throws `io/not-found`, `sql/failed` with the line that does not fit.
 * @example const rawSales = asset("raw_sales", { run: () => readCsv<Sale>("data/raw_sales.csv") });
 */
export function readCsv<Row = unknown>(path: string, options: ReadCsvOptions = {}): Batches<Row> {
  const { columns, delimiter, quote, header, types } = options;
  const given: readonly (readonly [string, string | undefined])[] = [
    ["delim", delimiter === undefined ? undefined : quoteText(delimiter)],
    ["quote", quote === undefined ? undefined : quoteText(quote)],
    ["escape", options.escape === undefined ? undefined : quoteText(options.escape)],
    ["header", header === undefined ? undefined : String(header)],
    ["nullstr", options.null === undefined ? undefined : quoteText(options.null)],
    ["types", types === undefined ? undefined : typesText(types)],
  ];
  return lazily(() => `read_csv(${[fileText(path, "CSV"), "sample_size = -1", ...named(given)].join(", ")})`, columns);
}

/** Rows of a JSON file, an array of objects or an object per line, like `readCsv`. */
export function readJson<Row = unknown>(path: string, { columns, format, types }: ReadJsonOptions = {}): Batches<Row> {
  const formats = { array: "'array'", newline: "'newline_delimited'" } as const;
  const given: readonly (readonly [string, string | undefined])[] = [["format", format && formats[format]]];
  const call = () => `read_json(${[fileText(path, "JSON"), "sample_size = -1", "maximum_depth = -1", ...named(given)].join(", ")})`;
  if (!types) return lazily(call, columns);
  const casts = Object.entries(types).map(([name, type]) => `CAST(${quoteName(name)} AS ${type}) AS ${quoteName(name)}`);
  return lazily(() => `(SELECT * REPLACE (${casts.join(", ")}) FROM ${call()})`, columns);
}

/** Rows of a Parquet file, or of several by a pattern, like `readCsv`; types are the file's. */
export const readParquet = <Row = unknown>(path: string, { columns }: ReadOptions = {}): Batches<Row> =>
  lazily(() => `read_parquet(${fileText(path, "Parquet")})`, columns);

const named = (options: readonly (readonly [string, string | undefined])[]): readonly string[] =>
  options.flatMap(([name, text]) => (text === undefined ? [] : [`${name} = ${text}`]));
