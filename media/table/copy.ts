import type { CellKind } from "../../runtime/src/model/page.ts";

export type CopyFormat = "tsv" | "tsv-with-header" | "json";
export interface CopiedColumn {
  readonly name: string;
  readonly kind: CellKind;
}

const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
const field = (text: string | null) => (text === null ? "" : text === "" || /["\t\r\n]/.test(text) ? quoted(text) : text);

/**
 * Cells, row by row, as tab-separated text. NULL is nothing at all, an empty string is `""`, and the text NULL is itself;
 * texts with tabs, line breaks or quotes are quoted, as spreadsheets read them.
 */
export function toTsv(rows: readonly (readonly (string | null)[])[], header?: readonly string[]): string {
  const [first] = rows;
  const cell = first?.[0];
  // One cell alone is copied as it is; only what would look like an empty string is quoted.
  if (!header && rows.length === 1 && first?.length === 1 && typeof cell === "string") return cell === "" || cell === '""' ? quoted(cell) : cell;
  return [...(header ? [header] : []), ...rows].map((row) => row.map(field).join("\t")).join("\n");
}

const jsonNumber = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

function jsonCell(text: string | null, kind: CellKind): string {
  if (text === null) return "null";
  if (kind === "number" && jsonNumber.test(text)) return text;
  if (kind === "boolean" && (text === "true" || text === "false")) return text;
  return JSON.stringify(text);
}

/** Rows as a JSON array of objects; numbers keep every digit. */
export function toJson(rows: readonly (readonly (string | null)[])[], columns: readonly CopiedColumn[]): string {
  const objects = rows.map(
    (row) => `  {${columns.map(({ name, kind }, at) => `${JSON.stringify(name)}: ${jsonCell(row[at] ?? null, kind)}`).join(", ")}}`,
  );
  return objects.length === 0 ? "[]" : `[\n${objects.join(",\n")}\n]`;
}

/** Cells as text for the clipboard. */
export function copyText(format: CopyFormat, rows: readonly (readonly (string | null)[])[], columns: readonly CopiedColumn[]): string {
  if (format === "json") return toJson(rows, columns);
  return toTsv(rows, format === "tsv-with-header" ? columns.map((column) => column.name) : undefined);
}
