export interface CellSpot {
  readonly row: number;
  readonly column: number;
}
/** A rectangle of cells, from where it was begun to where it was drawn. */
export interface Selection {
  readonly anchor: CellSpot;
  readonly head: CellSpot;
}
/** Both ends included. */
export interface Box {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}
export interface TableSize {
  readonly rows: number;
  readonly columns: number;
}

export const single = (spot: CellSpot): Selection => ({ anchor: spot, head: spot });

export const boxOf = ({ anchor, head }: Selection): Box => ({
  top: Math.min(anchor.row, head.row),
  bottom: Math.max(anchor.row, head.row),
  left: Math.min(anchor.column, head.column),
  right: Math.max(anchor.column, head.column),
});

export const boxCells = (box: Box): number => (box.bottom - box.top + 1) * (box.right - box.left + 1);
export const inBox = (box: Box, row: number, column: number): boolean =>
  row >= box.top && row <= box.bottom && column >= box.left && column <= box.right;

/** Whole rows from the anchor's to that one. */
export const wholeRows = (from: number, to: number, columns: number): Selection => ({
  anchor: { row: from, column: 0 },
  head: { row: to, column: columns - 1 },
});

/** The cell that a key leads to from another; `undefined` for keys that do not move. */
export function moved(from: CellSpot, key: string, far: boolean, size: TableSize, pageSize: number): CellSpot | undefined {
  const row = (value: number) => Math.max(0, Math.min(size.rows - 1, value));
  const column = (value: number) => Math.max(0, Math.min(size.columns - 1, value));
  switch (key) {
    case "ArrowUp":
      return { row: far ? 0 : row(from.row - 1), column: from.column };
    case "ArrowDown":
      return { row: far ? row(size.rows) : row(from.row + 1), column: from.column };
    case "ArrowLeft":
      return { row: from.row, column: far ? 0 : column(from.column - 1) };
    case "ArrowRight":
      return { row: from.row, column: far ? column(size.columns) : column(from.column + 1) };
    case "PageUp":
      return { row: row(from.row - pageSize), column: from.column };
    case "PageDown":
      return { row: row(from.row + pageSize), column: from.column };
    case "Home":
      return { row: far ? 0 : from.row, column: 0 };
    case "End":
      return { row: far ? row(size.rows) : from.row, column: column(size.columns) };
    default:
      return undefined;
  }
}

/** First and last of the longest run of neighbours among some row numbers. */
export function longestRun(rows: readonly number[]): readonly [first: number, last: number] | undefined {
  let best: readonly [number, number] | undefined;
  let from = Number.NaN;
  let before = Number.NaN;
  for (const row of [...rows].sort((a, b) => a - b)) {
    if (row !== before + 1) from = row;
    if (!best || row - from > best[1] - best[0]) best = [from, row];
    before = row;
  }
  return best;
}
