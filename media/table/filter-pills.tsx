import type { Filter, PageColumn } from "../../runtime/src/model/page.ts";
import { describeFilter } from "./filters.ts";
import { CrossIcon } from "./icons.tsx";
import { operatorWord, useSay } from "./words.ts";

export interface FilterPillsProps {
  readonly filters: readonly Filter[];
  readonly columns: readonly PageColumn[];
  readonly onEdit: (index: number, near: Element) => void;
  readonly onRemove: (index: number) => void;
  readonly onClear: () => void;
}

/** The filters in force, each to be changed or removed. */
export function FilterPills({ filters, columns, onEdit, onRemove, onClear }: FilterPillsProps) {
  const say = useSay();
  if (filters.length === 0) return null;
  return (
    <div className="pills">
      <ul aria-label={say("filter.list")}>
        {filters.map((filter, index) => {
          const kind = columns.find((column) => column.name === filter.column)?.kind;
          const condition = describeFilter(filter, kind, (operator) => operatorWord(say, operator));
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: two filters can be equal, and the order is the only identity they have
            <li key={index} className="pill">
              <button type="button" className="pill-text" onClick={(event) => onEdit(index, event.currentTarget)}>
                <b>{filter.column}</b> {condition}
              </button>
              <button
                type="button"
                className="pill-cross"
                aria-label={say("filter.remove", `${filter.column} ${condition}`)}
                onClick={() => onRemove(index)}
              >
                <CrossIcon />
              </button>
            </li>
          );
        })}
      </ul>
      <button type="button" className="quiet" onClick={onClear}>
        {say("action.clearFilters")}
      </button>
    </div>
  );
}
