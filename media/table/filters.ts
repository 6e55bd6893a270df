import type { CellKind, Filter, FilterOperator, PageColumn } from "../../runtime/src/model/page.ts";

const ordered: readonly FilterOperator[] = ["eq", "ne", "lt", "le", "gt", "ge", "is-null", "is-not-null"];
const byKind: Readonly<Record<CellKind, readonly FilterOperator[]>> = {
  number: ordered,
  time: ordered,
  text: ["contains", "starts-with", ...ordered],
  boolean: ["eq", "is-null", "is-not-null"],
  binary: ["is-null", "is-not-null"],
  nested: ["is-null", "is-not-null"],
};

/** Comparisons offered for a column, the likeliest first. */
export const operatorsFor = (kind: CellKind): readonly FilterOperator[] => byKind[kind];

export const needsValue = (operator: FilterOperator): boolean => operator !== "is-null" && operator !== "is-not-null";

/** What a reader fills in. */
export interface FilterDraft {
  readonly operator: FilterOperator;
  readonly value: string;
}
export type DraftMistake = "filter.needNumber" | "filter.needValue";

const number = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;
const wordNumbers = new Set(["nan", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"]);

/** What is wrong with a draft, as the name of its text; `undefined` when it can be applied. */
export function draftMistake(kind: CellKind, { operator, value }: FilterDraft): DraftMistake | undefined {
  if (!needsValue(operator)) return undefined;
  const text = value.trim();
  if (kind === "number") return number.test(text) || wordNumbers.has(text.toLowerCase()) ? undefined : "filter.needNumber";
  if (kind === "text") return value === "" && (operator === "contains" || operator === "starts-with") ? "filter.needValue" : undefined;
  return text === "" ? "filter.needValue" : undefined;
}

/** The filter that a draft stands for. Text is kept as typed, spaces included; an empty text is a value too. */
export function toFilter(column: PageColumn, { operator, value }: FilterDraft): Filter {
  if (!needsValue(operator)) return { column: column.name, operator };
  return { column: column.name, operator, value: column.kind === "text" ? value : value.trim() };
}

/** The way back, to edit a filter. */
export const toDraft = (filter: Filter): FilterDraft => ({ operator: filter.operator, value: filter.value ?? "" });

/** Where a new filter of a column starts. */
export const emptyDraft = (kind: CellKind): FilterDraft => ({ operator: byKind[kind][0] ?? "is-null", value: kind === "boolean" ? "true" : "" });

/** The filter for "like this cell" and its opposite; `undefined` where a cell cannot be compared. */
export function filterByCell(column: PageColumn, text: string | null, same: boolean): Filter | undefined {
  if (text === null) return { column: column.name, operator: same ? "is-null" : "is-not-null" };
  if (column.kind === "binary" || column.kind === "nested") return undefined;
  if (column.kind === "boolean" && !same) return { column: column.name, operator: "eq", value: text === "true" ? "false" : "true" };
  return { column: column.name, operator: same ? "eq" : "ne", value: text };
}

const signs: Partial<Record<FilterOperator, string>> = { eq: "=", ne: "≠", lt: "<", le: "≤", gt: ">", ge: "≥" };

/** How a filter reads, after the column's name: `≥ 10`, `contains "ada"`, `is NULL`. `word` gives the operators that are words. */
export function describeFilter(filter: Filter, kind: CellKind | undefined, word: (operator: FilterOperator) => string): string {
  const operator = signs[filter.operator] ?? word(filter.operator);
  if (filter.value === undefined) return operator;
  return `${operator} ${kind === "number" || kind === "boolean" || kind === "time" ? filter.value : JSON.stringify(filter.value)}`;
}
