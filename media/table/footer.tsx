import { formatCount } from "./columns.ts";
import { boxCells, boxOf, type Selection } from "./selection.ts";
import type { TableState } from "./session.ts";
import { useSay } from "./words.ts";

export interface FooterProps {
  readonly state: TableState;
  /** First and last row in view, from 0. */
  readonly view: readonly [first: number, last: number];
  readonly selection: Selection | undefined;
  /** Last announcement; not every one is worth the eye. */
  readonly announced: { readonly text: string; readonly seen: boolean };
}

/** Where the reader is, what the query took, what is selected; and the live region. */
export function Footer({ state, view, selection, announced }: FooterProps) {
  const say = useSay();
  const { rows, total, ms, columns, locale } = state;
  const count = (value: number) => formatCount(value, locale);
  const [first, last] = view;
  const chosen = rows === 0 ? undefined : selection;
  const box = chosen && boxOf(chosen);
  const column = chosen && columns?.[chosen.head.column];
  const parts: string[] = [];
  if (rows === undefined) parts.push(state.loaded ? say("footer.loading") : "");
  else {
    parts.push(
      rows === 0
        ? say("say.loaded", count(0))
        : rows === 1
          ? say("say.row1")
          : say("footer.rows", count(Math.min(rows, first + 1)), count(Math.min(rows, last + 1)), count(rows)),
    );
    if (state.query.filter.length > 0 && total !== undefined) parts.push(say("footer.filtered", count(total)));
    if (ms !== undefined) parts.push(say("footer.query", count(Math.round(ms))));
  }
  if (box && boxCells(box) > 1) parts.push(say("footer.selected", count(box.bottom - box.top + 1), count(box.right - box.left + 1)));
  else if (column) parts.push(`${column.name} ${column.type}`);
  return (
    <footer className="footer">
      <span className="where">{parts.filter((part) => part !== "").join(" · ")}</span>
      <span role="status" className={announced.seen ? "announced" : "only-heard"}>
        {announced.text}
      </span>
    </footer>
  );
}
