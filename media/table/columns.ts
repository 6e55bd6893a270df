import type { CellKind, PageColumn } from "../../runtime/src/model/page.ts";

const narrowest = 72;
const widest = 360;
/** Room for the filter button, the sort arrow and the paddings. */
const headerExtra = 58;
const cellExtra = 22;

/** Width in pixels that shows the name, the type and the sampled cells; `charWidth` of the cells' font. */
export function columnWidth(column: PageColumn, sample: readonly (string | null | undefined)[], charWidth: number): number {
  let longest = 4;
  for (const text of sample) if (text) longest = Math.max(longest, text.length);
  const header = Math.max(column.name.length * charWidth, column.type.length * charWidth * 0.85) + headerExtra;
  const cells = longest * charWidth + cellExtra;
  return Math.round(Math.min(widest, Math.max(narrowest, header, cells)));
}

/** Width of the column of row numbers that shows the last of them, in bold too. */
export const rowNumberWidth = (rows: number, charWidth: number, locale: string): number =>
  Math.round(Math.max(4, formatCount(rows, locale).length) * charWidth * 1.12 + 20);

/** Columns whose texts stand at the right edge. */
export const isRightAligned = (kind: CellKind): boolean => kind === "number";

/** A count for readers, every digit: 1 240 113 with the locale's separators. */
export const formatCount = (count: number, locale: string): string => count.toLocaleString(locale);
