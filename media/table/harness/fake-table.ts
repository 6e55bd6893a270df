import { cellLimit, type Filter, type PageColumn, type PageRequest, type TextPage } from "../../../runtime/src/model/page.ts";

const base: readonly PageColumn[] = [
  { name: "id", type: "BIGINT", kind: "number" },
  { name: "note", type: "VARCHAR", kind: "text" },
  { name: "amount", type: "DECIMAL(18,2)", kind: "number" },
  { name: "big", type: "HUGEINT", kind: "number" },
  { name: "ok", type: "BOOLEAN", kind: "boolean" },
  { name: "at", type: "TIMESTAMP WITH TIME ZONE", kind: "time" },
  { name: "blob", type: "BLOB", kind: "binary" },
  { name: "tags", type: "VARCHAR[]", kind: "nested" },
  { name: "payload", type: "STRUCT(a BIGINT, words VARCHAR[])", kind: "nested" },
  { name: "ratio", type: "DOUBLE", kind: "number" },
];

/** The ten awkward columns, then plain ones up to that number. */
export const fakeColumns = (count: number): readonly PageColumn[] =>
  Array.from({ length: count }, (_, index) => base[index] ?? { name: `extra_${index}`, type: "INTEGER", kind: "number" as const });

const notes: readonly (string | null)[] = [
  null,
  "",
  "NULL",
  "  two spaces, then one ",
  "tab\there, line\nbreak",
  'quotes "and" <b>markup</b> & more',
  "日本語 ünï © 🎈",
  "x".repeat(900),
];
const ratios = ["NaN", "Infinity", "-0.0", "1.7976931348623157e308", "0.1"];

/** The whole text of a cell, from nothing but its place. */
export function fakeCell(row: number, column: string): string | null {
  switch (column) {
    case "id":
      return String(9_007_199_254_740_993n + BigInt(row));
    case "note":
      return notes[row % notes.length] ?? null;
    case "amount":
      return row % 9 === 4 ? null : `${(row * 37) % 100_000}.${String(row % 100).padStart(2, "0")}`;
    case "big":
      return `-1701411834604692317316873037158841${String(row % 100_000).padStart(5, "0")}`;
    case "ok":
      return row % 3 === 2 ? null : String(row % 3 === 0);
    case "at":
      return `2026-01-${String((row % 28) + 1).padStart(2, "0")} 12:34:56.789012+00`;
    case "blob":
      return `0x${(row % 65_536).toString(16).padStart(4, "0")}deadbeef`;
    case "tags":
      return row % 2 === 0 ? '["vip", "eu"]' : "[]";
    case "payload":
      return JSON.stringify({ words: Array.from({ length: 60 }, (_, at) => `word ${at}`) }).replace(
        "{",
        `{"a": 9223372036854775807, "row": ${row}, `,
      );
    case "ratio":
      return ratios[row % ratios.length] ?? null;
    default:
      return String(row % 1000);
  }
}

/** Rows that pass, and which row of the table each is. Knows just the filters that the tests use. */
function selectRows(rows: number, filters: readonly Filter[]): { readonly count: number; readonly at: (index: number) => number } {
  const isNull = filters.find((filter) => filter.column === "note" && filter.operator === "is-null");
  if (isNull) return { count: Math.ceil(rows / notes.length), at: (index) => index * notes.length };
  const below = filters.find((filter) => filter.column === "amount" && filter.operator === "lt");
  if (below) return { count: Math.min(rows, Number(below.value)), at: (index) => index };
  if (filters.length > 0) return { count: 0, at: (index) => index };
  return { count: rows, at: (index) => index };
}

export function fakePage(rows: number, columns: readonly PageColumn[], request: PageRequest): TextPage {
  const chosen = request.columns ? columns.filter((column) => request.columns?.includes(column.name)) : columns;
  const { count, at } = selectRows(rows, request.filter ?? []);
  const backwards = request.sort?.[0]?.descending === true;
  const length = Math.max(0, Math.min(request.limit, count - request.offset));
  const places = Array.from({ length }, (_, index) => {
    const place = request.offset + index;
    return at(backwards ? count - 1 - place : place);
  });
  const cut: number[] = [];
  const cells = chosen.map(({ name }, column) =>
    places.map((row, index) => {
      const text = fakeCell(row, name);
      if (text === null || text.length <= cellLimit) return text;
      cut.push(index * chosen.length + column);
      return text.slice(0, cellLimit);
    }),
  );
  return { columns: chosen, offset: request.offset, cells, cut, rows: count };
}
