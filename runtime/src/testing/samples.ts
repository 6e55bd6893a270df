import type { RecordBatch, Table } from "apache-arrow";
import type * as FastCheck from "fast-check";
import { arrowColumns } from "../formats/arrow-columns.ts";
import { arrow } from "../handlers/arrow.ts";
import { batches } from "../handlers/batches.ts";
import { rows } from "../handlers/rows.ts";
import type { AnyHandler, TableStream } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";
import type { ColumnSchema } from "../model/values.ts";

/** A table as the suite makes it: plain rows, and the type of every column in SQL's words. */
export interface Sample {
  readonly columns: Readonly<Record<string, string>>;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

/** Rows with every value exact, whatever its type: what samples are compared as. */
export const exactRows = rows({ integers: "bigint", timestamps: "string", decimals: "string" });

/** The sample as an Arrow stream. */
export const sampleStream = (sample: Sample): Promise<TableStream> =>
  (rows() as AnyHandler).toTable!(sample.rows, { key: "sample", columns: sample.columns });

/** What loading the sample must give, as exact rows, and its columns. */
export async function expectedOf(sample: Sample): Promise<{ readonly rows: unknown; readonly columns: readonly ColumnSchema[] }> {
  const stream = await sampleStream(sample);
  return { rows: await exactRows.fromTable!(stream, { key: "sample" }), columns: arrowColumns(stream.schema) };
}

export const sampleTable = async (sample: Sample): Promise<Table> => arrow.fromTable!(await sampleStream(sample), { key: "sample" });

/** The sample as the value that `run` would return for a handler, in `parts` batches where it is a stream. */
export async function sampleValue(handler: AnyHandler, sample: Sample, parts = 3): Promise<unknown> {
  if (handler.name === "rows") return sample.rows;
  if (handler.name === "arrow") return sampleTable(sample);
  if (handler.name !== "batches") {
    if (handler.fromTable) return handler.fromTable(await sampleStream(sample), { key: "sample" });
    throw new Error(`The suite cannot make a value of the handler "${handler.name}".`);
  }
  const table = await sampleTable(sample);
  if (table.numRows === 0) return batches.fromTable!(await sampleStream(sample), { key: "sample" });
  const size = Math.max(1, Math.ceil(table.numRows / parts));
  return (async function* (): AsyncGenerator<RecordBatch> {
    for (let from = 0; from < table.numRows; from += size) yield* table.slice(from, Math.min(from + size, table.numRows)).batches;
  })();
}

/** One row per number, with a text that makes it heavy; every row says which generation it belongs to. */
export const generation = (number: number, size: number): Sample => ({
  columns: { generation: "bigint", i: "bigint", text: "varchar" },
  rows: Array.from({ length: size }, (_, i) => ({ generation: number, i, text: `${number}:${i} `.repeat(8) })),
});

/** The generation of a loaded sample that is whole; throws for a mixture. */
export function generationOf(loaded: unknown): number {
  const found = loaded as readonly Readonly<Record<string, unknown>>[];
  const [first] = found;
  if (!first) throw new Error("The stored table is empty.");
  const number = Number(first["generation"]);
  const whole =
    found.length === generationSize(number) &&
    found.every((row, i) => Number(row["generation"]) === number && Number(row["i"]) === i && row["text"] === `${number}:${i} `.repeat(8));
  if (!whole)
    throw new Error(
      `The stored table is no whole value: ${found.length} rows, of generations ${[...new Set(found.map((row) => Number(row["generation"])))].join(", ")}`,
    );
  return number;
}
/** Rows of a generation: each has another number of them. */
export const generationSize = (number: number): number => 2000 + (number % 7) * 500;

// ---------------------------------------------------------------- generated samples

const digits = (fc: typeof FastCheck, precision: number, scale: number) =>
  fc.bigInt({ min: -(10n ** BigInt(precision)) + 1n, max: 10n ** BigInt(precision) - 1n }).map((value) => {
    const text = (value < 0n ? -value : value).toString().padStart(scale + 1, "0");
    return `${value < 0n ? "-" : ""}${text.slice(0, text.length - scale)}.${text.slice(text.length - scale)}`;
  });
const whole = (fc: typeof FastCheck, bits: bigint, signed: boolean) =>
  signed ? fc.bigInt({ min: -(2n ** (bits - 1n)), max: 2n ** (bits - 1n) - 1n }) : fc.bigInt({ min: 0n, max: 2n ** bits - 1n });
const pad = (value: number, length: number): string => String(value).padStart(length, "0");

/** Types that the suite stores, each with values at and around its edges. A manager that cannot keep one of them leaves it out by name. */
const types = (fc: typeof FastCheck): Readonly<Record<string, FastCheck.Arbitrary<unknown>>> => {
  const text = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 30 }),
    fc.constantFrom("", "NULL", "null", "'", '"', "'; drop table x; --", "\0", "a\nb\tc\r\n", "\u{1F600}", "\\x00", " ", "é", "e\u0301"),
  );
  const day = fc
    .date({ min: new Date("0001-01-01T00:00:00Z"), max: new Date("9999-12-31T00:00:00Z"), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 10));
  const clock = fc
    .tuple(fc.nat(23), fc.nat(59), fc.nat(59), fc.nat(999_999))
    .map(([h, m, s, us]) => `${pad(h, 2)}:${pad(m, 2)}:${pad(s, 2)}.${pad(us, 6)}`);
  const moment = fc.tuple(day, clock).map(([date, time]) => `${date}T${time}`);
  return {
    boolean: fc.boolean(),
    tinyint: whole(fc, 8n, true),
    smallint: whole(fc, 16n, true),
    integer: whole(fc, 32n, true),
    bigint: fc.oneof(whole(fc, 64n, true), fc.constantFrom(2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n, 2n ** 53n + 1n)),
    hugeint: fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }),
    utinyint: whole(fc, 8n, false),
    usmallint: whole(fc, 16n, false),
    uinteger: whole(fc, 32n, false),
    ubigint: fc.oneof(whole(fc, 64n, false), fc.constant(2n ** 64n - 1n)),
    real: fc.float(),
    double: fc.oneof(fc.double(), fc.constantFrom(-0, Number.NaN, Number.POSITIVE_INFINITY, Number.MIN_VALUE, 2 ** 53 + 2)),
    "decimal(9,2)": digits(fc, 9, 2),
    "decimal(18,3)": digits(fc, 18, 3),
    "decimal(38,10)": digits(fc, 38, 10),
    varchar: text,
    blob: fc.uint8Array({ maxLength: 40 }),
    uuid: fc.uuid(),
    date: day,
    time: clock,
    timestamp: moment,
    timestamp_ms: fc.tuple(day, fc.nat(86_399_999)).map(([date, ms]) => `${date}T${new Date(ms).toISOString().slice(11, 23)}`),
    timestamptz: moment.map((text) => `${text}Z`),
    timestamp_s: fc.tuple(day, fc.nat(86_399)).map(([date, s]) => `${date}T${new Date(s * 1000).toISOString().slice(11, 19)}`),
    timestamp_ns: fc
      .tuple(fc.date({ min: new Date("1680-01-01"), max: new Date("2260-01-01"), noInvalidDate: true }), fc.nat(999_999))
      .map(([date, ns]) => `${date.toISOString().slice(0, -1)}${pad(ns, 6)}`),
    time_ns: fc.tuple(clock, fc.integer({ min: 1, max: 999 })).map(([time, ns]) => `${time}${pad(ns, 3)}`),
    timetz: fc
      .tuple(fc.nat(23), fc.integer({ min: -15, max: 15 }))
      .map(([h, zone]) => `${pad(h, 2)}:30:01.5${zone < 0 ? "-" : "+"}${pad(Math.abs(zone), 2)}`),
    interval: fc.constantFrom("1 day", "-2 months", "3 years 1 month -4 days", "00:00:00.000001", "1 day -01:02:03.5", "00:00:00"),
    bit: fc.array(fc.constantFrom("0", "1"), { minLength: 1, maxLength: 70 }).map((bits) => bits.join("")),
    "enum('b', 'a', 'it''s')": fc.constantFrom("b", "a", "it's"),
  };
};

/** A column's type in SQL's words, and its values. */
interface AnyType {
  readonly type: string;
  readonly values: FastCheck.Arbitrary<unknown>;
}

/** Any of the types, decimals of any width, and lists and structs of them, of those too. */
function anyType(fc: typeof FastCheck, without: readonly string[]): FastCheck.Arbitrary<AnyType> {
  const known = Object.entries(types(fc)).flatMap(([type, values]) => (without.includes(type) ? [] : [{ type, values }]));
  const decimal = fc
    .tuple(fc.integer({ min: 1, max: 38 }), fc.nat(38))
    .map(([precision, at]) => [precision, at % (precision + 1)] as const)
    .map(([precision, scale]) => ({ type: `decimal(${precision},${scale})`, values: digits(fc, precision, scale) }));
  const base = without.some((type) => type.startsWith("decimal"))
    ? fc.constantFrom(...known)
    : fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...known) }, decimal);
  const nullable = ({ values }: AnyType) => fc.option(values, { freq: 4 });
  const list = (item: AnyType): AnyType => ({ type: `${item.type}[]`, values: fc.array(nullable(item), { maxLength: 4 }) });
  const struct = (members: readonly (readonly [string, AnyType])[]): AnyType => ({
    type: `struct(${members.map(([name, member]) => `"${name.replaceAll('"', '""')}" ${member.type}`).join(", ")})`,
    values: fc
      .tuple(...members.map(([, member]) => nullable(member)))
      .map((values) => Object.fromEntries(members.map(([name], i) => [name, values[i]]))),
  });
  const member = (of: FastCheck.Arbitrary<AnyType>) =>
    fc.uniqueArray(fc.tuple(columnName(fc), of), { minLength: 1, maxLength: 3, selector: ([name]) => name.toLowerCase().normalize("NFC") });
  const { any } = fc.letrec<{ readonly any: AnyType }>((tie) => ({
    any: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      { weight: 2, arbitrary: base },
      tie("any").map(list),
      member(tie("any")).map(struct),
    ),
  }));
  return fc.oneof({ weight: 4, arbitrary: base }, any);
}

/** Names that are reserved, quoted, or meant to break out of a statement. */
const columnName = (fc: typeof FastCheck) =>
  fc.oneof(
    fc.constantFrom(
      "select",
      "from",
      "order",
      "a b",
      'a"b',
      "a'b",
      "a;b",
      "a.b",
      "--",
      "%",
      "\u{1F600}",
      "Ünïcödé",
      "a\nb",
      "rowid",
      "filename",
      "file_row_number",
      "1",
      "*",
      "generation",
    ),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }).filter((name) => name.trim() === name && name !== "" && !name.includes("\0")),
  );

/** Tables of nasty names, types and values, with at least one row in most. */
export function anySample(fc: typeof FastCheck, without: readonly string[] = []): FastCheck.Arbitrary<Sample> {
  return fc
    .uniqueArray(fc.tuple(columnName(fc), anyType(fc, without)), {
      minLength: 1,
      maxLength: 8,
      selector: ([name]) => name.toLowerCase().normalize("NFC"),
    })
    .chain((columns) =>
      fc.array(fc.tuple(...columns.map(([, { values }]) => fc.option(values, { freq: 5 }))), { maxLength: 12 }).map((lines) => ({
        columns: Object.fromEntries(columns.map(([name, { type }]) => [name, type])),
        rows: lines.map((line) => Object.fromEntries(columns.map(([name], i) => [name, line[i]]))),
      })),
    );
}

/** Texts that may name a partition or a table: whatever breaks out of statements and folders, and whatever file systems forbid. */
export const nastyText = (fc: typeof FastCheck): FastCheck.Arbitrary<string> => {
  const piece = fc.constantFrom(
    ...["'", '"', "`", ";", "--", "/*", "\\", "/", "..", ".", " ", "%", "%2F", "=", "|", "?", "*", ":", "<", ">", "#", "@", "~", "\n", "\t"],
    ...["select", "CON", "nul", "a", "A", "é", "e\u0301", "ß", "\u{1F600}", "数", "drop table x", "partition=", "null", "0"],
  );
  return fc
    .oneof(
      fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join("")),
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }),
    )
    .filter((text) => !text.includes("\0"));
};

/** Keys that stores have trouble with. Each is right by `model/keys.ts`. */
export const anyKey = (fc: typeof FastCheck): FastCheck.Arbitrary<string> =>
  fc.oneof(
    fc.constantFrom(
      "select",
      "a/b/c",
      "CON",
      "nul",
      "a.b",
      ".hidden",
      "x.parquet",
      "x.parquet/y",
      "-",
      "_",
      "数/据",
      "É/é",
      "table/order",
      "public",
      "main/main",
      "1",
      "l".repeat(300),
    ),
    fc
      .array(fc.string({ unit: fc.constantFrom("a", "B", "7", "_", "-", "é", "ß", "数"), minLength: 1, maxLength: 10 }), {
        minLength: 1,
        maxLength: 3,
      })
      .map((parts) => parts.join("/")),
  );

/** Loads fast-check, an optional peer of this entry point. */
export async function loadFastCheck(): Promise<typeof FastCheck> {
  try {
    return await import("fast-check");
  } catch (cause) {
    throw new SluiceError("io/sdk-missing", "The behaviour suite generates its tables with fast-check, which is not installed.", {
      hint: "npm install --save-dev fast-check",
      cause,
    });
  }
}
