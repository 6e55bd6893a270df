import type { PageColumn } from "../../runtime/src/model/page.ts";
import { type CopyFormat, copyText } from "./copy.ts";
import { type Box, boxCells } from "./selection.ts";
import type { TableSession } from "./session.ts";

/** Cells that one copy may have: more is a matter for an export by the engine. */
export const copyLimit = 100_000;
const wholeLimit = 500;
const rowsAtOnce = 1000;

export interface Copied {
  readonly text: string;
  readonly cells: number;
  /** Cells that are not whole in the copy. */
  readonly cut: number;
}

/** The cells of a box as text, read where they are not here yet, and whole where a page cut them. */
export async function copyBox(session: TableSession, box: Box, columns: readonly PageColumn[], format: CopyFormat): Promise<Copied> {
  const chosen = columns.slice(box.left, box.right + 1);
  const { rows, cut } = here(session, box) ?? (await read(session, box, chosen));
  let left = cut.length;
  for (const [row, column] of cut.slice(0, wholeLimit)) {
    const name = chosen[column]?.name;
    const line = rows[row];
    if (name === undefined || !line) continue;
    line[column] = await session.whole(box.top + row, name);
    left--;
  }
  return { text: copyText(format, rows, chosen), cells: boxCells(box), cut: left };
}

interface Cells {
  readonly rows: (string | null)[][];
  /** Places within `rows`. */
  readonly cut: (readonly [row: number, column: number])[];
}

function here(session: TableSession, box: Box): Cells | undefined {
  const cells: Cells = { rows: [], cut: [] };
  for (let row = box.top; row <= box.bottom; row++) {
    const line: (string | null)[] = [];
    for (let column = box.left; column <= box.right; column++) {
      const text = session.pager.cell(row, column);
      if (text === undefined) return undefined;
      if (session.pager.isCut(row, column)) cells.cut.push([row - box.top, column - box.left]);
      line.push(text);
    }
    cells.rows.push(line);
  }
  return cells;
}

async function read(session: TableSession, box: Box, columns: readonly PageColumn[]): Promise<Cells> {
  const cells: Cells = { rows: [], cut: [] };
  const names = columns.map((column) => column.name);
  for (let top = box.top; top <= box.bottom; top += rowsAtOnce) {
    const page = await session.collect(top, Math.min(box.bottom, top + rowsAtOnce - 1), names);
    const before = cells.rows.length;
    for (let row = 0; row < (page.cells[0]?.length ?? 0); row++) cells.rows.push(page.cells.map((column) => column[row] ?? null));
    for (const index of page.cut) cells.cut.push([before + Math.floor(index / names.length), index % names.length]);
  }
  return cells;
}
