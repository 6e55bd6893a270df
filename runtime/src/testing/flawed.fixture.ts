import { openSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RecordBatch, Schema, Table } from "apache-arrow";
import { arrow } from "../handlers/arrow.ts";
import { batches } from "../handlers/batches.ts";
import { rows } from "../handlers/rows.ts";
import { sql } from "../handlers/sql.ts";
import { filesystem } from "../io/filesystem.ts";
import { inMemory } from "../io/in-memory.ts";
import type { AnyHandler, AnyIOManager, InputContext, OutputContext, SqlQuery } from "../io/manager.ts";
import { isSluiceError } from "../model/errors.ts";
import type { Rule } from "./cases.ts";
import { outputContext } from "./contexts.ts";
import type { BehaviourSubject } from "./subject.ts";

/** An I/O manager that breaks one rule, and what the suite must say of it. */
export interface Flaw {
  readonly name: string;
  readonly rule: Rule;
  readonly says: RegExp;
  readonly create: (folder: string) => AnyIOManager;
  readonly more?: Partial<BehaviourSubject>;
}

const handlers: readonly AnyHandler[] = [rows(), arrow, batches];
const files = (folder: string): AnyIOManager => filesystem({ baseDir: join(folder, "storage") });
const inputOf = ({ key, partitions, slices, table, signal }: OutputContext): InputContext => ({ key, partitions, slices, table, signal });

type Overrides = (good: AnyIOManager) => Partial<AnyIOManager>;
const over = (make: (folder: string) => AnyIOManager, overrides: Overrides) => (folder: string) => {
  const good = make(folder);
  return { ...good, ...overrides(good) };
};
const inMemoryBut = (overrides: Overrides) => over(() => inMemory(), overrides);
const filesBut = (overrides: Overrides) => over(files, overrides);
type Store = AnyIOManager["handleOutput"];
const storing =
  (store: (good: AnyIOManager, context: OutputContext, value: unknown) => ReturnType<Store>): Overrides =>
  (good) => ({
    handleOutput: (context, value) => store(good, context, value),
  });

/** The value as one Arrow table, by whichever handler takes it. */
async function tableOf({ key, columns }: OutputContext, value: unknown): Promise<Table | undefined> {
  const handler = handlers.find((known) => known.accepts(value));
  return handler && (arrow.fromTable!(await handler.toTable!(value, { key, columns }), { key }) as Promise<Table>);
}
const renamed = (table: Table, names: readonly string[]): Table => {
  const schema = new Schema(table.schema.fields.map((field, i) => field.clone({ name: names[i] as string })));
  return new Table(
    schema,
    table.batches.map((batch) => new RecordBatch(schema, batch.data)),
  );
};
const storedTable = async (good: AnyIOManager, context: OutputContext): Promise<Table | undefined> => {
  try {
    return (await good.loadInput({ ...inputOf(context), handler: arrow })) as Table;
  } catch (error) {
    if (isSluiceError(error)) return undefined;
    throw error;
  }
};

let serial = 0;

export const flaws: readonly Flaw[] = [
  {
    name: "takes large integers for numbers",
    rule: 1,
    says: /rows.*\d{15,}n.*expected.*\d{15,}n/s,
    create: inMemoryBut((good) => ({
      loadInput: async (context) => {
        const loaded = await good.loadInput(context);
        if (context.handler?.name !== "rows") return loaded;
        return (loaded as readonly object[]).map((row) =>
          Object.fromEntries(Object.entries(row).map(([name, value]) => [name, typeof value === "bigint" ? BigInt(Number(value)) : value])),
        );
      },
    })),
  },
  {
    name: "adds a repeated append again",
    rule: 2,
    says: /rows/,
    create: inMemoryBut(
      storing((good, context, value) => {
        serial += 1;
        return good.handleOutput({ ...context, record: { ...context.record, runId: `${context.record.runId}-${serial}` } }, value);
      }),
    ),
  },
  {
    name: "lets the last of two rows with one key win",
    rule: 2,
    says: /expected io\/duplicate-key, and it gave/,
    create: inMemoryBut(
      storing(async (good, context, value) => {
        try {
          return await good.handleOutput(context, value);
        } catch (error) {
          if (isSluiceError(error) && error.code === "io/duplicate-key") return { place: "somewhere", rows: 1, columns: [] };
          throw error;
        }
      }),
    ),
  },
  {
    name: "deletes first",
    rule: 3,
    says: /io\/not-found|Nothing is stored/,
    create: inMemoryBut(
      storing(async (good, context, value) => {
        if (context.write === "replace") await good.delete?.(inputOf(context));
        return good.handleOutput(context, value);
      }),
    ),
  },
  {
    name: "stores batch by batch",
    rule: 3,
    says: /the former value|no whole value/,
    create: inMemoryBut(
      storing(async (good, context, value) => {
        if (!batches.accepts(value) || arrow.accepts(value)) return good.handleOutput(context, value);
        const held: RecordBatch[] = [];
        for await (const batch of value as AsyncIterable<RecordBatch>) {
          held.push(batch);
          await good.handleOutput(context, new Table(held));
        }
        return good.handleOutput(context, new Table(held));
      }),
    ),
  },
  {
    name: "forgets the record",
    rule: 3,
    says: /the record/,
    create: inMemoryBut((good) => ({ inspect: async (context) => (await good.inspect!(context)) && {} })),
  },
  {
    name: "gives nothing for what was never stored",
    rule: 4,
    says: /expected io\/not-found, and it gave/,
    create: inMemoryBut((good) => ({
      loadInput: async (context) => {
        try {
          return await good.loadInput(context);
        } catch (error) {
          if (isSluiceError(error) && error.code === "io/not-found") return [];
          throw error;
        }
      },
    })),
  },
  {
    name: "makes every column of an empty table text",
    rule: 5,
    says: /columns.*VARCHAR/s,
    create: inMemoryBut(
      storing(async (good, context, value) => {
        const table = batches.accepts(value) && !arrow.accepts(value) ? undefined : await tableOf(context, value);
        if (!table || table.numRows > 0) return good.handleOutput(context, value);
        const columns = Object.fromEntries(table.schema.fields.map(({ name }) => [name, "varchar"]));
        return good.handleOutput({ ...context, columns }, []);
      }),
    ),
  },
  {
    name: "mixes partitions",
    rule: 6,
    says: /rows of/,
    create: inMemoryBut((good) => ({
      loadInput: async (context) => {
        const [first] = context.slices ?? [];
        if (!first) return good.loadInput(context);
        const partitions = (await good.list?.(context)) ?? [];
        const slices = partitions.map((key) => ({ key, dimensions: [{ ...first.dimensions[0]!, key }] }));
        return good.loadInput(partitions.length === 0 ? context : { ...context, partitions, slices });
      },
    })),
  },
  {
    name: "takes rows of other partitions",
    rule: 6,
    says: /expected io\/rows-outside-partition, and it gave/,
    create: filesBut(
      storing((good, context, value) => {
        if (context.slices?.length !== 1) return good.handleOutput(context, value);
        const slices = context.slices.map(({ key, dimensions }) => ({
          key,
          dimensions: dimensions.map(({ name, key: part }) => ({ name, key: part })),
        }));
        return good.handleOutput({ ...context, slices }, value);
      }),
    ),
  },
  {
    name: "inserts by position",
    rule: 7,
    says: /rows in another order of columns/,
    create: inMemoryBut(
      storing(async (good, context, value) => {
        const [stored, table] = [await storedTable(good, context), await tableOf(context, value)];
        if (!table || stored?.schema.fields.length !== table.schema.fields.length) return good.handleOutput(context, table ?? value);
        return good.handleOutput(
          context,
          renamed(
            table,
            stored.schema.fields.map(({ name }) => name),
          ),
        );
      }),
    ),
  },
  {
    name: "evolves whatever schemaChange says",
    rule: 7,
    says: /expected io\/schema-mismatch, and it gave/,
    create: inMemoryBut(storing((good, context, value) => good.handleOutput({ ...context, schemaChange: "evolve" }, value))),
  },
  {
    name: "interpolates names into statements",
    rule: 8,
    says: /Parser Error|syntax error|rows of|could not/i,
    create: inMemoryBut((good) => ({
      loadInput: async (context) => {
        const [key] = context.partitions;
        if (key === undefined || context.partitions.length > 1) return good.loadInput(context);
        const whole = (await good.loadInput({ ...context, handler: sql })) as SqlQuery;
        const nodes = [...sql`select * from ${whole}`.nodes, { type: "text", text: ` where part = '${key}'` } as const];
        await good.handleOutput(outputContext("flawed/copy", { signal: context.signal }), { ...whole, nodes });
        return good.loadInput({ ...context, key: "flawed/copy", partitions: [], slices: undefined });
      },
    })),
  },
  {
    name: "makes paths of partition keys as they are",
    rule: 8,
    says: /files that escaped|rows of|ENAMETOOLONG/,
    create: (folder) => {
      const at = (context: InputContext | OutputContext): AnyIOManager =>
        filesystem({ baseDir: join(folder, "storage", context.partitions.length === 1 ? (context.partitions[0] as string) : "") });
      return {
        place: ({ key }) => key,
        handleOutput: (context, value) => at(context).handleOutput({ ...context, partitions: [], slices: undefined }, value as never),
        loadInput: (context) => at(context).loadInput({ ...context, partitions: [], slices: undefined }),
      };
    },
  },
  {
    name: "says different places for what it stores at one",
    rule: 8,
    says: /rows of/,
    create: over(
      () => inMemory(),
      (good) => {
        const folded = <Context extends { readonly key: string }>(context: Context): Context => ({ ...context, key: context.key.toLowerCase() });
        return {
          handleOutput: (context, value) => good.handleOutput(folded(context), value),
          loadInput: (context) => good.loadInput(folded(context)),
        };
      },
    ),
  },
  {
    name: "swallows undefined",
    rule: 9,
    says: /expected run\/no-value, and it gave/,
    create: inMemoryBut(storing((good, context, value) => good.handleOutput(context, value === undefined ? null : value))),
  },
  {
    name: "appends by reading and replacing",
    rule: 10,
    says: /rows/,
    create: inMemoryBut(
      storing(async (good, context, value) => {
        if (context.write !== "append") return good.handleOutput(context, value);
        const [stored, table] = [await storedTable(good, context), await tableOf(context, value)];
        return good.handleOutput({ ...context, write: "replace" }, stored && table ? new Table([...stored.batches, ...table.batches]) : value);
      }),
    ),
  },
  {
    name: "leaves temporary files when a write fails",
    rule: 11,
    says: /files after/,
    create: (folder) =>
      filesBut(
        storing(async (good, context, value) => {
          serial += 1;
          const temporary = join(folder, `temporary-${serial}`);
          await mkdir(folder, { recursive: true });
          await writeFile(temporary, "");
          const metadata = await good.handleOutput(context, value);
          await rm(temporary);
          return metadata;
        }),
      )(folder),
  },
  {
    name: "keeps a file open",
    rule: 11,
    says: /open files after/,
    create: (folder) =>
      filesBut((good) => {
        let isOpen = false;
        return {
          handleOutput: async (context, value) => {
            const metadata = await good.handleOutput(context, value);
            if (!isOpen) openSync(join(folder, "storage"), "r");
            isOpen = true;
            return metadata;
          },
        };
      })(folder),
  },
  {
    name: "throws when it is closed twice",
    rule: 11,
    says: /closed already/,
    create: inMemoryBut(() => {
      let closed = 0;
      return {
        close: async () => {
          closed += 1;
          if (closed === 2) throw new Error("closed already");
        },
      };
    }),
  },
  {
    name: "tells a secret",
    rule: 12,
    says: /secret 1 is told/,
    more: { secrets: ["pa'ss\"word"] },
    create: inMemoryBut(
      storing(async (good, context, value) => ({ ...(await good.handleOutput(context, value)), place: "store://user:pa'ss\"word@host/" })),
    ),
  },
  {
    name: "counts no rows",
    rule: 12,
    says: /rows/,
    create: inMemoryBut(storing(async (good, context, value) => ({ ...(await good.handleOutput(context, value)), rows: 0 }))),
  },
  {
    name: "goes on when it is cancelled",
    rule: 13,
    says: /expected run\/cancelled/,
    create: inMemoryBut(storing((good, context, value) => good.handleOutput({ ...context, signal: new AbortController().signal }, value))),
  },
  {
    name: "reads a stream that failed again",
    rule: 13,
    says: /was opened 2 times|the stream's own error/,
    create: inMemoryBut(
      storing(async (good, context, value) => {
        try {
          return await good.handleOutput(context, value);
        } catch (error) {
          if (!(error instanceof TypeError)) throw error;
          return good.handleOutput(context, value);
        }
      }),
    ),
  },
];

/** Everything but what `create` and its kind decide. */
export const flawedSubject = ({ name, create, more }: Flaw): BehaviourSubject => ({
  name: `one that ${name}`,
  create,
  handlers,
  survivesProcess: false,
  refuses: [],
  supports: ["partitions", "append", "upsert"],
  ...more,
});
