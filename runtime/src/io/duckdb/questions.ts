import { makeData, RecordBatch, type Schema, Struct, Table, tableFromIPC, tableToIPC } from "apache-arrow";
import type { Connection } from "../../duckdb/connection.ts";
import { type Database, type Elsewhere, openDatabase } from "../../duckdb/database.ts";
import type { Answer } from "../../duckdb/owner/door.ts";
import { spool } from "../../duckdb/owner/spool.ts";
import type { QueryStream } from "../../duckdb/query.ts";
import type { DatabaseOptions } from "../../duckdb/shared.ts";
import { SluiceError } from "../../model/errors.ts";
import type { Page, PageRequest } from "../../model/page.ts";
import type { StoredRecord } from "../../model/values.ts";
import type { Relation } from "../manager.ts";
import type { TableFacts, TableName } from "../tables.ts";
import { type Question, readQuestion } from "./read-question.ts";
import { readFacts, readOnly, readPage, readRecords, readRelation, readRows, type Wanted } from "./reads.ts";

/*
 * What a process that meets the lock of another one asks it, and what that answers: the same reads, as plain data. Only reads are asked
 * for: whoever writes waits until it has the file itself.
 */

interface PlainFacts extends Omit<TableFacts, "partitions"> {
  readonly partitions: readonly (readonly [string, StoredRecord | null])[];
}

export const askFacts = (name: TableName, wanted: Wanted): Elsewhere<TableFacts | undefined> => ({
  question: { what: "facts", name, wanted } satisfies Question,
  take: async ({ json, close }) => {
    close();
    if (json === null) return undefined;
    const facts = json as PlainFacts;
    if (!Array.isArray(facts.columns) || !Array.isArray(facts.partitions)) throw misfit();
    return { ...facts, partitions: new Map(facts.partitions.map(([key, record]) => [key, record ?? undefined])) };
  },
});

export const askRecords = (name: TableName, wanted: Wanted): Elsewhere<ReadonlyMap<string, StoredRecord>> => ({
  question: { what: "records", name, wanted } satisfies Question,
  take: async ({ json, close }) => {
    close();
    if (!Array.isArray(json)) throw misfit();
    return new Map(json as (readonly [string, StoredRecord])[]);
  },
});

export const askRelation = (name: TableName, wanted: Wanted): Elsewhere<Relation> => ({
  question: { what: "relation", name, wanted } satisfies Question,
  take: async ({ json, close }) => {
    close();
    if (typeof json !== "object" || json === null || !("table" in json)) throw misfit();
    return json as Relation;
  },
});

export const askPage = (name: TableName, wanted: Wanted, request: PageRequest): Elsewhere<Page | undefined> => ({
  question: { what: "page", name, wanted, request } satisfies Question,
  take: async ({ json, bytes }) => {
    const pieces: Uint8Array[] = [];
    for await (const piece of bytes) pieces.push(piece);
    if (json === null) return undefined;
    const { rows, columns } = json as Partial<Page>;
    if (typeof rows !== "number" || !Array.isArray(columns) || !pieces[0]) throw misfit();
    return { ipc: pieces[0], rows, columns };
  },
});

export const askRows = (name: TableName, wanted: Wanted): Elsewhere<QueryStream> => ({
  question: { what: "rows", name, wanted } satisfies Question,
  take: async ({ json, bytes, close }) => {
    if (!Array.isArray(json)) throw misfit();
    const spooled = spool(bytes, close);
    const pieces = spooled.pieces[Symbol.asyncIterator]();
    const first = await pieces.next();
    if (first.done) throw misfit();
    const { schema } = tableFromIPC(first.value);
    async function* batches() {
      try {
        for (let next = await pieces.next(); !next.done; next = await pieces.next()) {
          for (const batch of tableFromIPC(next.value).batches) yield withSchema(schema, batch);
        }
      } finally {
        await spooled.close();
      }
    }
    return { schema, types: json as readonly string[], batches: batches(), close: spooled.close };
  },
});

/** A batch that has exactly this schema: each came with one of its own, equal to it. */
const withSchema = (schema: Schema, { data, numRows }: RecordBatch): RecordBatch =>
  new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length: numRows, nullCount: 0, children: data.children }));

const misfit = (): SluiceError =>
  new SluiceError("io/unavailable", "The process that has the DuckDB file open gave an answer that this one does not understand.", {
    hint: "It may be another version of Sluice: close it, then run again.",
  });

/** A database file that answers the questions of other processes while this one uses it. */
export function openAnswering(file: string, options: Omit<DatabaseOptions, "answer"> = {}): Database {
  const database: Database = openDatabase(file, { ...options, answer: answersOf(() => database) });
  return database;
}

function answersOf(database: () => Database): Answer {
  return async (given, { head, bytes }, signal) => {
    const question = readQuestion(given);
    const { name, wanted, what } = question;
    if (what === "page") {
      const page = await database().lease((connection) => readPage(connection, name, wanted, question.request, database()), {
        signal,
        purpose: "preview",
        forAnother: true,
      });
      await head(page ? { rows: page.rows, columns: page.columns } : null);
      if (page) await bytes(page.ipc);
      return;
    }
    if (what === "rows") {
      await database().lease(
        async (connection) => {
          const stream = await readRows(connection, name, wanted);
          try {
            await head(stream.types);
            await bytes(tableToIPC(new Table(stream.schema, []), "stream"));
            for await (const batch of stream.batches) await bytes(tableToIPC(new Table(stream.schema, [batch]), "stream"));
          } finally {
            await stream.close();
          }
        },
        { signal, purpose: "read", forAnother: true },
      );
      return;
    }
    const found = await database().lease(
      readOnly((connection) => plainAnswer(connection, what, name, wanted, database().store)),
      { signal, purpose: "look", forAnother: true },
    );
    await head(found);
  };
}

async function plainAnswer(connection: Connection, what: "facts" | "records" | "relation", name: TableName, wanted: Wanted, store: string) {
  if (what === "records") return [...(await readRecords(connection, name))];
  if (what === "relation") return readRelation(connection, name, wanted, store);
  const facts = await readFacts(connection, name, wanted.slices);
  return facts ? { ...facts, partitions: [...facts.partitions].map(([key, record]) => [key, record ?? null]) } : null;
}
