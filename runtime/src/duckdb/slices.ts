import type { SliceCondition } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";
import type { PartitionWindow } from "../model/partition.ts";
import { quoteName, quoteText } from "./sql-text.ts";

/** How rows of a type belong to a partition: two types of one kind put equal values into equal partitions. */
export type SliceKind = "text" | "integer" | "instant" | "naive" | "date" | "other";

const integers = /^U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$/;

export function sliceKind(type: string): SliceKind {
  if (type === "VARCHAR" || type.startsWith("ENUM(")) return "text";
  if (integers.test(type)) return "integer";
  if (type === "TIMESTAMP WITH TIME ZONE") return "instant";
  if (/^TIMESTAMP(_S|_MS|_NS)?$/.test(type)) return "naive";
  return type === "DATE" ? "date" : "other";
}

/** The column or the expression that says where a row lies, as SQL. */
export const sliceExpression = ({ column, partitionExpr }: Pick<SliceCondition, "column" | "partitionExpr">): string =>
  partitionExpr === undefined ? quoteName(column ?? "") : `(${partitionExpr}\n)`;

/**
 * The condition of rows that lie in any of the slices. Slices that differ along one dimension only are taken together, and neighbouring
 * windows become one. Throws `io/schema-mismatch` for a window over a column that holds no time.
 */
export function slicesText(slices: readonly (readonly SliceCondition[])[]): string {
  let boxes: readonly (readonly (readonly SliceCondition[])[])[] = slices.map((conditions) => conditions.map((condition) => [condition]));
  const dimensions = slices[0]?.length ?? 0;
  for (let at = 0; at < dimensions; at++) boxes = joinedAlong(boxes, at);
  const texts = boxes.map((box) => box.map(anyOf).join(" AND "));
  return texts.length === 0 ? "false" : texts.map((text) => `(${text})`).join(" OR ");
}

/** Boxes that are equal but for one dimension, as one. */
function joinedAlong(boxes: readonly (readonly (readonly SliceCondition[])[])[], at: number) {
  const groups = new Map<string, { readonly box: (readonly SliceCondition[])[]; readonly along: SliceCondition[] }>();
  for (const box of boxes) {
    const others = JSON.stringify(box.map((conditions, i) => (i === at ? null : conditions)));
    const group = groups.get(others) ?? { box: [...box], along: [] };
    group.along.push(...(box[at] ?? []));
    groups.set(others, group);
  }
  return [...groups.values()].map(({ box, along }) => box.map((conditions, i) => (i === at ? along : conditions)));
}

/** The condition of rows that lie in one of the partitions of one dimension. */
function anyOf(conditions: readonly SliceCondition[]): string {
  const [first] = conditions as readonly [SliceCondition, ...SliceCondition[]];
  const expression = sliceExpression(first);
  const texts = joined(conditions.flatMap(({ window }) => window ?? [])).map((window) => inWindow(expression, first, window));
  const keys = conditions.flatMap(({ window, key }) => (window ? [] : [key]));
  if (keys.length > 0) texts.push(equals(expression, first.type, keys));
  return texts.length === 1 ? (texts[0] as string) : `(${texts.join(" OR ")})`;
}

/** Values are compared as text, so that no row has two keys. */
function equals(expression: string, type: string, keys: readonly string[]): string {
  const kind = sliceKind(type);
  const numbers = kind === "integer" && keys.every((key) => /^(0|-?[1-9]\d{0,17})$/.test(key));
  if (numbers) return `${expression} IN (${keys.join(", ")})`;
  return `${type === "VARCHAR" ? expression : `CAST(${expression} AS VARCHAR)`} IN (${keys.map(quoteText).join(", ")})`;
}

function joined(windows: readonly PartitionWindow[]): readonly PartitionWindow[] {
  const result: PartitionWindow[] = [];
  for (const window of [...windows].sort((a, b) => (a.start < b.start ? -1 : 1))) {
    const last = result.at(-1);
    if (last?.end === window.start && last.endLocal === window.startLocal)
      result[result.length - 1] = { ...last, end: window.end, endLocal: window.endLocal };
    else result.push(window);
  }
  return result;
}

function inWindow(expression: string, condition: SliceCondition, { start, end, startLocal, endLocal }: PartitionWindow): string {
  const between = (value: string, from: string, before: string) => `(${value} >= ${from} AND ${value} < ${before})`;
  const instants = (value: string) => between(value, `TIMESTAMPTZ ${quoteText(start)}`, `TIMESTAMPTZ ${quoteText(end)}`);
  const naive = (value: string) => between(value, `TIMESTAMP ${quoteText(startLocal)}`, `TIMESTAMP ${quoteText(endLocal)}`);
  switch (sliceKind(condition.type)) {
    case "instant":
      return instants(expression);
    case "naive":
      return naive(expression);
    case "date":
      return between(expression, firstDate(startLocal), firstDate(endLocal));
    case "text": {
      const text = condition.type === "VARCHAR" ? expression : `CAST(${expression} AS VARCHAR)`;
      // A text with an offset says an instant; one without is read in the partitions' zone.
      const zoned = `regexp_matches(${text}, ':.*(Z|[+-][0-9]{2}(:?[0-9]{2})?)$')`;
      return `CASE WHEN ${zoned} THEN ${instants(`TRY_CAST(${text} AS TIMESTAMPTZ)`)} ELSE ${naive(`TRY_CAST(${text} AS TIMESTAMP)`)} END`;
    }
    default:
      throw new SluiceError(
        "io/schema-mismatch",
        `${condition.column === undefined ? "partitionExpr" : `Column "${condition.column}"`} is ${condition.type}, which is no time.`,
        {
          hint: "Time partitions need a date, a timestamp or a text such as 2026-01-31. Give partitionExpr for anything else: to_timestamp(seconds).",
        },
      );
  }
}

/** The first day that begins at that time or later. */
const firstDate = (local: string): string => {
  const date = `DATE ${quoteText(local.slice(0, 10))}`;
  return /^[ T]?00:00(:00(\.0+)?)?$/.test(local.slice(10)) ? date : `(${date} + 1)`;
};
