import type { RecordBatch, Schema } from "apache-arrow";
import type { Batches, StoreHints, TableStream, TypeHandler, UpstreamRow } from "../io/manager.ts";
import { kind } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";
import { schemaOfKinds } from "./columns.ts";
import { batchesOfTable, isBatchShape, isSchemaShape, ourBatch, ourSchema } from "./foreign.ts";
import { knownColumns, unknownColumns } from "./known-columns.ts";

type AnyIterator = AsyncIterator<unknown> | Iterator<unknown>;
const method = (value: unknown, name: PropertyKey): boolean => typeof (value as Record<PropertyKey, unknown>)[name] === "function";

function accepts(value: unknown): boolean {
  if (typeof value !== "object" || value === null || batchesOfTable(value) !== undefined) return false;
  if (Array.isArray(value)) return value.length > 0 && value.every(isBatchShape);
  return method(value, Symbol.asyncIterator) || (method(value, Symbol.iterator) && method(value, "next"));
}

const iteratorOf = (value: unknown): AnyIterator =>
  method(value, Symbol.asyncIterator) ? (value as AsyncIterable<unknown>)[Symbol.asyncIterator]() : (value as Iterable<unknown>)[Symbol.iterator]();

/** Columns that the stream shows without a batch: our readers by `schema()`, Arrow's readers by `schema`. */
async function shownSchema(value: unknown): Promise<Schema | undefined> {
  const shown = (value as { readonly schema?: unknown }).schema;
  const schema: unknown = typeof shown === "function" ? await (value as Batches).schema?.() : shown;
  return isSchemaShape(schema) ? ourSchema(schema) : undefined;
}

function asBatch(value: unknown, key: string, position: number): RecordBatch {
  if (isBatchShape(value)) return ourBatch(value);
  throw new SluiceError("io/unsupported-value", `Asset "${key}" returned a stream whose item ${position} is no Arrow record batch.`, {
    asset: key,
    hint: "Yield record batches, or collect the rows in an array.",
  });
}

const columnsOf = (schema: Schema): string => schema.fields.map((field) => `${field.name} ${field.type}`).join(", ");

async function* following(first: RecordBatch, rest: AnyIterator, schema: Schema, key: string): AsyncGenerator<RecordBatch> {
  const expected = columnsOf(schema);
  let ended = false;
  try {
    let batch = first;
    for (let position = 1; ; position++) {
      const found = columnsOf(batch.schema);
      if (found !== expected) {
        throw new SluiceError(
          "io/schema-mismatch",
          `Batch ${position} of asset "${key}" has the columns ${found}, where ${expected} was begun with.`,
          {
            asset: key,
            hint: "Give every batch of a stream the same columns, in the same order.",
          },
        );
      }
      yield batch;
      const next = await rest.next();
      if (next.done === true) {
        ended = true;
        return;
      }
      batch = asBatch(next.value, key, position + 1);
    }
  } finally {
    if (!ended) await rest.return?.();
  }
}

async function toTable(value: unknown, hints: StoreHints): Promise<TableStream> {
  if (!accepts(value)) {
    throw new SluiceError("io/unsupported-value", `What asset "${hints.key}" returned is no stream of record batches.`, { asset: hints.key });
  }
  const iterator = iteratorOf(value);
  const first = await iterator.next();
  if (first.done !== true) {
    const batch = asBatch(first.value, hints.key, 1);
    return { schema: batch.schema, batches: following(batch, iterator, batch.schema, hints.key) };
  }
  const schema = await shownSchema(value);
  if (schema !== undefined) return { schema, batches: [] };
  const known = await knownColumns(hints);
  if (known.size === 0) throw unknownColumns(hints.key, []);
  return { schema: schemaOfKinds(known), batches: [] };
}

/** A stream that `run` reads once, with its columns known before the first batch. */
export function batchStream<Row>(table: TableStream, key: string): Batches<Row> {
  let read = false;
  return {
    schema: async () => table.schema,
    async *[Symbol.asyncIterator]() {
      if (read) {
        throw new SluiceError("run/failed", `The stream of asset "${key}" was read already; a stream can be read once.`, {
          hint: "Load the input with .as(arrow) to go through it several times.",
        });
      }
      read = true;
      yield* table.batches;
    },
  };
}

/**
 * Streams of Arrow record batches, stored and loaded batch by batch, so that memory stays flat. Stores any iterable or async iterable of
 * batches, an async generator too; the first batch says what the columns are.
 */
export const batches: TypeHandler<Batches<UpstreamRow>> = {
  [kind]: "handler",
  name: "batches",
  accepts,
  toTable,
  fromTable: async (table, hints) => batchStream(table, hints.key),
};
