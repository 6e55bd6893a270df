import { tableFromIPC } from "apache-arrow";
import { cellLimit, type Page, type TextPage } from "../model/page.ts";
import { cellKind, cellText } from "./cell-text.ts";

/** A page with every cell as exact text, long ones cut and marked. `offset` is that of the request. */
export function toTextPage(page: Page, offset: number): TextPage {
  const { fields, columns, rows } = textColumns(page, cellLimit + 1);
  const cut: number[] = [];
  const cells = columns.map((column, at) =>
    column.map((text, row) => {
      if (text === null || text.length <= cellLimit) return text;
      cut.push(row * columns.length + at);
      return cutText(text);
    }),
  );
  return {
    columns: fields.map((field, at) => ({ ...(page.columns[at] ?? { name: field.name, type: String(field.type) }), kind: cellKind(field) })),
    offset,
    cells,
    cut: cut.sort((one, other) => one - other),
    rows,
  };
}

/** The whole text of the only cell of a page; `null` for NULL and where there is no such row. */
export const toCellText = (page: Page): string | null => textColumns(page, Number.POSITIVE_INFINITY).columns[0]?.[0] ?? null;

function textColumns(page: Page, limit: number) {
  const table = tableFromIPC(page.ipc);
  const { fields } = table.schema;
  const columns = fields.map((field, at) => {
    const texts: (string | null)[] = [];
    for (const data of table.getChildAt(at)?.data ?? []) {
      const text = cellText(field, data);
      for (let row = 0; row < data.length; row++) texts.push(data.getValid(row) && data.type.typeId !== 1 ? text(row, limit) : null);
    }
    return texts;
  });
  return { fields, columns, rows: page.rows };
}

/** At the limit, or one before it where a character of two units would be torn. */
function cutText(text: string): string {
  const last = text.charCodeAt(cellLimit - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? cellLimit - 1 : cellLimit);
}
