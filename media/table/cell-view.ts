import type { ICellRendererComp, ICellRendererParams } from "ag-grid-community";
import { cellLimit } from "../../runtime/src/model/page.ts";
import type { TableTexts } from "../../runtime/src/model/table-texts.ts";
import { element } from "./dom.ts";
import { type Box, boxCells, inBox } from "./selection.ts";
import type { TableSession } from "./session.ts";

/** What cells need to draw themselves; the same object for the life of the grid. */
export interface CellSurroundings {
  readonly pager: TableSession["pager"];
  readonly texts: TableTexts;
  /** Cells on the screen. */
  readonly live: Set<CellView>;
  readonly box: () => Box | undefined;
  readonly count: (row: number) => string;
  /** Called by a cell whose page is not here. */
  readonly missing: () => void;
}
export interface CellParams extends ICellRendererParams {
  readonly surroundings: CellSurroundings;
  /** Place among the table's columns; -1 for the row's number. */
  readonly index: number;
}

/** Spaces at the ends and characters without a shape, which a reader would take for something else. */
const unseen = /^ +| +$|[\t\r\n\u00a0\u200b\ufeff]/g;
const shapes: Readonly<Record<string, string>> = { "\t": "\\t", "\n": "\\n", "\r": "\\r", "\u00a0": "·", "\u200b": "\\u200b", "\ufeff": "\\ufeff" };

function textNodes(text: string): (Node | string)[] {
  const nodes: (Node | string)[] = [];
  let from = 0;
  for (const match of text.matchAll(unseen)) {
    if (match.index > from) nodes.push(text.slice(from, match.index));
    nodes.push(element("span", "mark", shapes[match[0]] ?? "·".repeat(match[0].length)));
    from = match.index + match[0].length;
  }
  if (from < text.length) nodes.push(text.slice(from));
  return nodes;
}

/** A word of ours in place of a value: seen as the word, heard as what it means. */
function stand(className: string, seen: string, heard: string): Node {
  const shown = element("span", "", seen);
  shown.setAttribute("aria-hidden", "true");
  const stands = element("span", className);
  stands.append(shown, element("span", "only-heard", heard));
  return stands;
}

/** One cell of the grid. It reads its text from the pager by place, so the grid itself holds no data. */
export class CellView implements ICellRendererComp {
  private readonly gui = element("span", "cell");
  private params!: CellParams;

  init(params: CellParams): void {
    this.params = params;
    params.surroundings.live.add(this);
    this.draw();
  }
  getGui(): HTMLElement {
    return this.gui;
  }
  refresh(params: CellParams): boolean {
    this.params = params;
    this.draw();
    return true;
  }
  destroy(): void {
    this.params.surroundings.live.delete(this);
  }

  draw(): void {
    const { surroundings, index, node } = this.params;
    const row = node.rowIndex;
    this.drawSelected();
    if (row === null) return;
    if (index < 0) {
      this.gui.textContent = surroundings.count(row + 1);
      return;
    }
    const text = surroundings.pager.cell(row, index);
    this.gui.classList.remove("cut");
    if (text === undefined) {
      const bar = element("span", "bar");
      bar.style.width = `${35 + ((row * 7 + index * 13) % 50)}%`;
      this.gui.replaceChildren(bar, element("span", "only-heard", surroundings.texts["cell.notLoaded"]));
      surroundings.missing();
    } else if (text === null) this.gui.replaceChildren(stand("null", "NULL", surroundings.texts["cell.null"]));
    else if (text === "") this.gui.replaceChildren(stand("empty", '""', surroundings.texts["detail.empty"]));
    else {
      const cut = surroundings.pager.isCut(row, index);
      if (cut) {
        const words = element("span", "start");
        words.append(...textNodes(text));
        const mark = element("span", "more", `${cellLimit}+`);
        mark.title = surroundings.texts["cell.cut"];
        this.gui.replaceChildren(words, mark);
      } else this.gui.replaceChildren(...textNodes(text));
      this.gui.classList.toggle("cut", cut);
    }
  }

  drawSelected(): void {
    const { surroundings, index, node, eGridCell } = this.params;
    const box = surroundings.box();
    const row = node.rowIndex ?? -1;
    const inside = box !== undefined && (index < 0 ? row >= box.top && row <= box.bottom : inBox(box, row, index));
    eGridCell.classList.toggle("selected", inside && (index < 0 || (box !== undefined && boxCells(box) > 1)));
    if (index >= 0) eGridCell.setAttribute("aria-selected", String(inside));
  }
}
