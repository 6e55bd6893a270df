import type { TextPage } from "../model/page.ts";
import { fit, padEnd, padStart, plainLine, type Terminal, widthOf } from "./terminal.ts";

/** Longest cell on a terminal, in places. */
const widest = 48;

/** NULL, an empty string and the word NULL are told apart, with and without colours. */
function cellText(text: string | null): string {
  if (text === null) return "NULL";
  return text === "" || text === "NULL" ? JSON.stringify(text) : plainLine(text);
}

/** A page as a table in the width of the terminal; columns that do not fit are named below it. */
export function drawTable(page: Pick<TextPage, "columns" | "cells">, terminal: Terminal): string {
  const bounded = Number.isFinite(terminal.columns());
  const columns = page.columns.map((column, at) => {
    const cells = (page.cells[at] ?? []).map((text) => (bounded ? fit(cellText(text), widest) : cellText(text)));
    const name = plainLine(column.name);
    const width = Math.max(widthOf(name), ...cells.map(widthOf), 1);
    return { name, width, cells, right: column.kind === "number", nulls: page.cells[at] ?? [] };
  });
  let used = 0;
  let shown = 0;
  for (const { width } of columns) {
    used += width + (shown === 0 ? 0 : 2);
    if (shown > 0 && used > terminal.columns()) break;
    shown++;
  }
  const visible = columns.slice(0, shown);
  const line = (cells: readonly string[]): string => cells.join("  ").trimEnd();
  const rows = Math.max(0, ...visible.map(({ cells }) => cells.length));
  const lines = [
    terminal.paint("bold", line(visible.map(({ name, width, right }) => (right ? padStart(name, width) : padEnd(name, width))))),
    line(visible.map(({ width }) => "─".repeat(width))),
    ...Array.from({ length: rows }, (_, row) =>
      line(
        visible.map(({ cells, width, right, nulls }) => {
          const padded = (right ? padStart : padEnd)(cells[row] ?? "", width);
          return nulls[row] === null ? terminal.paint("dim", padded) : padded;
        }),
      ),
    ),
  ];
  const hidden = columns.slice(shown).map(({ name }) => name);
  const more =
    hidden.length === 0
      ? ""
      : `${terminal.paint("dim", fit(`${hidden.length} more columns, see --columns: ${hidden.join(", ")}`, terminal.columns()))}\n`;
  return `${lines.join("\n")}\n${more}`;
}

/** Lines of texts under each other in columns. */
export function drawList(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, widthOf(cell));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, at) => padEnd(cell, widths[at] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}
