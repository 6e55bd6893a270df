import { createContext, useContext } from "react";
import type { FilterOperator } from "../../runtime/src/model/page.ts";
import type { TableTextKey, TableTexts } from "../../runtime/src/model/table-texts.ts";
import { fill } from "../shared/fill.ts";

/** A text by name, with its values. */
export type Say = (key: TableTextKey, ...values: readonly (string | number)[]) => string;

export const createSay =
  (texts: TableTexts): Say =>
  (key, ...values) =>
    fill(texts[key], ...values);

export const Words = createContext<Say>((key) => key);
export const useSay = (): Say => useContext(Words);

const operatorKeys: Readonly<Record<FilterOperator, TableTextKey>> = {
  eq: "filter.eq",
  ne: "filter.ne",
  lt: "filter.lt",
  le: "filter.le",
  gt: "filter.gt",
  ge: "filter.ge",
  contains: "filter.contains",
  "starts-with": "filter.startsWith",
  "is-null": "filter.isNull",
  "is-not-null": "filter.isNotNull",
};
export const operatorWord = (say: Say, operator: FilterOperator): string => say(operatorKeys[operator]);

/** How large a table is: "1 row × 3 columns". */
export function sizeWords(say: Say, rows: number, columns: number, locale: string): string {
  const of = (one: TableTextKey, many: TableTextKey, count: number) => (count === 1 ? say(one) : say(many, count.toLocaleString(locale)));
  return `${of("say.row1", "say.loaded", rows)} × ${of("header.column1", "header.columns", columns)}`;
}

/** Where a table lies, without the project's own folder in front of it: the whole path is too long to be read at a glance. */
export function shortPlace(place: string, projectUri: string): string {
  const [, path] = /^file:\/\/(\/.*?)\/?$/.exec(projectUri) ?? [];
  if (path === undefined) return place;
  const folder = `${decodeURIComponent(path).replace(/^\/(?=[a-z]:)/i, "")}/`.toLowerCase();
  const at = place.replaceAll("\\", "/").toLowerCase().indexOf(folder);
  const scheme = at < 0 ? undefined : /^(?:[a-z-]+:(?:\/\/)?)?$/i.exec(place.slice(0, at));
  return scheme ? place.slice(at + folder.length) : place;
}

const ageSteps: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1000],
];
/** How long ago, in the reader's language: "2 min. ago". */
export function age(then: number, now: number, locale: string): string {
  const format = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" });
  const ms = Math.max(0, now - then);
  for (const [unit, size] of ageSteps) if (ms >= size) return format.format(-Math.floor(ms / size), unit);
  return format.format(0, "second");
}
