import { type Metadata, metadataLines, tableOf } from "../model/metadata.ts";
import { drawTable } from "./table.ts";
import { fit, padEnd, plainLine, plainText, type Terminal, widthOf } from "./terminal.ts";

/** Lines of one entry; the rest is in `--json`. */
const mostLines = 20;
/** Places of a line where nobody says how wide it may be. */
const widest = 200;
/** Shown beside the asset already. */
const elsewhere = new Set(["place", "rows", "handler"]);

/** What a materialization recorded, indented below its asset: a name and its text, markdown as it was written, tables as tables. */
export function metadataText(metadata: Metadata, terminal: Terminal): string {
  const entries = metadataLines(metadata).filter(({ name }) => !elsewhere.has(name));
  const names = entries.map(({ name }) => fit(plainLine(name), 24));
  const left = Math.max(0, ...names.map(widthOf));
  const room = Math.max(20, Math.min(widest, terminal.columns()) - left - 6);
  return entries
    .map(({ name, text, url }, at) => {
      const lines = linesOf(metadata[name], url === undefined || url === text ? text : `${text} (${url})`, terminal, room);
      return lines.map((line, n) => `    ${terminal.paint("dim", padEnd(n === 0 ? names[at]! : "", left))}  ${line}`.trimEnd() + "\n").join("");
    })
    .join("");
}

function linesOf(value: unknown, text: string, terminal: Terminal, room: number): readonly string[] {
  const table = tableOf(value);
  const all = table ? tableLines(table, terminal, room) : (markdownText(value) ?? text).split("\n").map((line) => fit(plainLine(line), room));
  if (all.length <= mostLines) return all;
  return [...all.slice(0, mostLines), terminal.paint("dim", `… ${all.length - mostLines} more lines`)];
}

/** The text of `md()`, whose lines say something. */
function markdownText(value: unknown): string | undefined {
  const { type, text } = (value ?? {}) as { readonly type?: unknown; readonly text?: unknown };
  return type === "markdown" && typeof text === "string" ? plainText(text).trimEnd() : undefined;
}

function tableLines(lines: readonly Readonly<Record<string, unknown>>[], terminal: Terminal, room: number): readonly string[] {
  const names = [...new Set(lines.flatMap((line) => Object.keys(line)))];
  if (names.length === 0) return ["(no lines)"];
  const page = {
    columns: names.map((name) => ({
      name,
      type: "",
      kind: lines.every((line) => line[name] === undefined || typeof line[name] === "number") ? ("number" as const) : ("text" as const),
    })),
    cells: names.map((name) => lines.map((line) => (line[name] === undefined || line[name] === null ? null : String(line[name])))),
  };
  return drawTable(page, { ...terminal, columns: () => room })
    .trimEnd()
    .split("\n");
}
