import { SluiceError } from "../model/errors.ts";
import { arrowIds as A, type ArrowBatch, type ArrowField, type ArrowType } from "./arrow-shape.ts";
import { type ColumnType, columnType } from "./column-types.ts";
import { type DataChunk, type Native, type RawConnection, typeIds } from "./native.ts";
import { createScratch } from "./scratch-memory.ts";
import { quoteName } from "./sql-text.ts";
import { columnWriter } from "./write-column.ts";
import type { ColumnWriter } from "./write-context.ts";

/** Arrow batches that SQL reads by `select * from <sql>`. */
export interface Source {
  /** The table function's call, with casts where a type travels as text. */
  readonly sql: string;
  /** Batches that the next scan reads; each scan begins at the first. */
  batches: readonly ArrowBatch[];
  /** What a callback threw: the engine passes only its message on. */
  failure?: unknown;
  /** The vectors refer to a dictionary's memory until then. */
  readonly end: () => void;
}

/** The Arrow tables that a database's queries can read at this moment. */
export interface Sources {
  /** Throws what `columnType` throws, and `io/unsupported-value` for columns that DuckDB cannot tell apart. */
  readonly add: (fields: readonly ArrowField[], declared?: Readonly<Record<string, string>>) => Source;
}

const functionName = "sluice_arrow";

/** Whether vectors of one type can be written as the other: their layouts are equal. */
const sameType = (one: ArrowType, other: ArrowType): boolean =>
  one.typeId === other.typeId &&
  one.bitWidth === other.bitWidth &&
  one.isSigned === other.isSigned &&
  one.precision === other.precision &&
  one.scale === other.scale &&
  one.unit === other.unit &&
  one.byteWidth === other.byteWidth &&
  one.listSize === other.listSize &&
  (one.dictionary === undefined || (other.dictionary !== undefined && sameType(one.dictionary, other.dictionary))) &&
  (one.children ?? []).every((child, i) => {
    const match = other.children?.[i];
    return match !== undefined && sameType(child.type, match.type);
  });

/** Columns of a table in memory. Throws `io/unsupported-value` when there are none or two have the same name to DuckDB. */
export function checkColumns(names: readonly string[]): void {
  if (names.length === 0) {
    throw new SluiceError("io/unsupported-value", "The table has no columns, and DuckDB stores no table without one.");
  }
  const seen = new Map<string, string>();
  for (const name of names) {
    if (name === "") throw new SluiceError("io/unsupported-value", "The table has a column with an empty name.", { hint: "Name every column." });
    const folded = name.toLowerCase();
    const other = seen.get(folded);
    if (other !== undefined) {
      throw new SluiceError("io/unsupported-value", `The table has the columns "${other}" and "${name}", which DuckDB cannot tell apart.`, {
        hint: "Rename one: column names differ in more than case.",
      });
    }
    seen.set(folded, name);
  }
}

function typed(call: string, fields: readonly ArrowField[], types: readonly ColumnType[]): string {
  if (!types.some(({ cast }) => cast)) return call;
  const columns = types.map(({ cast, sql }, i) => {
    const name = quoteName((fields[i] as ArrowField).name);
    return cast ? `CAST(${name} AS ${sql}) AS ${name}` : name;
  });
  return `(SELECT ${columns.join(", ")} FROM ${call})`;
}

/**
 * Registers the table function that reads Arrow batches, once per database: a registered function cannot be removed again, so it takes the
 * number of the source to read.
 */
export function registerSources(native: Native, connection: RawConnection): Sources {
  interface Entry {
    readonly source: Source;
    readonly types: readonly ColumnType[];
    readonly fields: readonly ArrowField[];
    readonly writers: (ColumnWriter | undefined)[];
    readonly writerOf: (index: number) => ColumnWriter;
  }
  interface Scan {
    readonly entry: Entry;
    readonly columns: readonly number[];
    batch: number;
    row: number;
  }
  const entries = new Map<number, Entry>();
  const size = native.vector_size();
  const scratch = createScratch();
  let next = 1;

  /** Runs a callback of the engine; what it throws is kept, since only its message comes through. */
  const guarded = (entry: Entry | undefined, work: () => void) => {
    try {
      work();
    } catch (thrown) {
      if (entry) entry.source.failure = thrown;
      throw thrown;
    }
  };
  const fill = (scan: Scan, output: DataChunk) => {
    const { batches } = scan.entry.source;
    let batch = batches[scan.batch];
    while (batch && scan.row >= batch.numRows) {
      scan.batch++;
      scan.row = 0;
      batch = batches[scan.batch];
    }
    if (!batch) {
      native.data_chunk_set_size(output, 0);
      return;
    }
    const count = Math.min(size, batch.numRows - scan.row);
    for (let i = 0; i < scan.columns.length; i++) {
      const column = scan.columns[i] as number;
      const field = scan.entry.fields[column];
      if (!field) continue; // A scan that only counts asks for a column that is none.
      const data = batch.data.children[column];
      if (!data || !sameType(data.type, field.type)) {
        throw new SluiceError(
          "io/schema-mismatch",
          `A batch has ${data ? data.type : "no data"} in column "${field.name}", which its stream says is ${field.type}.`,
        );
      }
      scan.entry.writerOf(column)(native.data_chunk_get_vector(output, i), data, scan.row, count);
    }
    native.data_chunk_set_size(output, count);
    scan.row += count;
  };

  const table = native.create_table_function();
  native.table_function_set_name(table, functionName);
  native.table_function_add_parameter(table, native.create_logical_type(typeIds.BIGINT as number));
  native.table_function_supports_projection_pushdown(table, true);
  native.table_function_set_bind(table, (info) => {
    const id = Number(native.get_int64(native.bind_get_parameter(info, 0)));
    const entry = entries.get(id);
    guarded(entry, () => {
      if (!entry) throw new Error("This table in memory is gone: it can be read only while the query runs that it was given to.");
      for (const [i, field] of entry.fields.entries()) native.bind_add_result_column(info, field.name, (entry.types[i] as ColumnType).logical);
      native.bind_set_bind_data(info, entry);
      native.bind_set_cardinality(
        info,
        entry.source.batches.reduce((sum, batch) => sum + batch.numRows, 0),
        true,
      );
    });
  });
  native.table_function_set_init(table, (info) => {
    const entry = native.init_get_bind_data(info) as Entry;
    guarded(entry, () => {
      const columns = Array.from({ length: native.init_get_column_count(info) }, (_, i) => native.init_get_column_index(info, i));
      const scan: Scan = { entry, columns, batch: 0, row: 0 };
      native.init_set_init_data(info, scan);
      // One thread: rows keep their order, and the callbacks run on JavaScript's one thread anyway.
      native.init_set_max_threads(info, 1);
    });
  });
  native.table_function_set_function(table, (info, output) => {
    const scan = native.function_get_init_data(info) as Scan;
    guarded(scan.entry, () => fill(scan, output));
  });
  native.register_table_function(connection, table);

  return {
    add: (fields, declared = {}) => {
      checkColumns(fields.map((field) => field.name));
      const id = next++;
      const writers: (ColumnWriter | undefined)[] = [];
      const types = fields.map((field) => columnType(native, field, field.type.typeId === A.Null ? declared[field.name] : undefined));
      const source: Source = {
        sql: typed(`${functionName}(${id})`, fields, types),
        batches: [],
        end: () => {
          entries.delete(id);
          source.batches = [];
        },
      };
      const writerOf = (index: number) => (writers[index] ??= columnWriter({ native, scratch }, fields[index] as ArrowField));
      entries.set(id, { source, types, fields, writers, writerOf });
      return source;
    },
  };
}
