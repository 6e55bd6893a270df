import type { IHeaderParams, IInnerHeaderComponent } from "ag-grid-community";
import type { PageColumn } from "../../runtime/src/model/page.ts";
import type { TableTexts } from "../../runtime/src/model/table-texts.ts";
import { fill } from "../shared/fill.ts";
import { element } from "./dom.ts";

export interface ColumnHeaderParams extends IHeaderParams {
  readonly shown: PageColumn;
  readonly texts: TableTexts;
  readonly isFiltered: (column: string) => boolean;
  readonly openFilter: (column: PageColumn, near: Element) => void;
  readonly live: Set<ColumnHeader>;
}

const drawing = "http://www.w3.org/2000/svg";

function funnel(): SVGElement {
  const svg = document.createElementNS(drawing, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(drawing, "path");
  path.setAttribute("d", "M2 3h12L9.5 8.5V13l-3-1.5v-3z");
  svg.append(path);
  return svg;
}

/** Name and type of a column, and the button that filters it. */
export class ColumnHeader implements IInnerHeaderComponent {
  private readonly gui = element("span", "column-header");
  private readonly button = element("button", "header-filter");
  private params!: ColumnHeaderParams;

  init(params: ColumnHeaderParams): void {
    this.params = params;
    params.live.add(this);
    const words = element("span", "words");
    const name = element("span", "name", params.shown.name);
    const type = element("span", "type", params.shown.type);
    words.append(name, element("span", "only-heard", ", "), type);
    words.title = `${params.shown.name}\n${params.shown.type}`;
    this.button.type = "button";
    this.button.tabIndex = -1;
    this.button.append(funnel());
    this.button.addEventListener("click", (event) => {
      // The header around it would sort.
      event.stopPropagation();
      params.openFilter(params.shown, this.button);
    });
    this.gui.append(words, this.button);
    this.draw();
  }
  getGui(): HTMLElement {
    return this.gui;
  }
  refresh(params: ColumnHeaderParams): boolean {
    return params.shown.name === this.params.shown.name && params.shown.type === this.params.shown.type;
  }
  destroy(): void {
    this.params.live.delete(this);
  }

  draw(): void {
    const { shown, texts, isFiltered } = this.params;
    const filtered = isFiltered(shown.name);
    this.button.classList.toggle("on", filtered);
    const label = fill(texts[filtered ? "filter.edit" : "filter.open"], shown.name);
    this.button.setAttribute("aria-label", label);
    this.button.title = label;
  }
}
