import { SluiceError } from "../../model/errors.ts";
import type { Filter, FilterOperator, PageRequest, Sort } from "../../model/page.ts";
import type { PartitionDimension, PartitionSlice, PartitionWindow } from "../../model/partition.ts";
import type { TableName } from "../tables.ts";
import type { Wanted } from "./reads.ts";

/*
 * A question as it comes from another process: anything, until it is shown to be one. Every part is made anew of what was checked, so that
 * nothing else passes.
 */

/** What is asked; plain data. */
export type Question =
  | { readonly what: "facts" | "records" | "relation" | "rows"; readonly name: TableName; readonly wanted: Wanted }
  | { readonly what: "page"; readonly name: TableName; readonly wanted: Wanted; readonly request: PageRequest };

type Reader<Value> = (value: unknown) => Value;

const fail = (): never => {
  throw new SluiceError("config/invalid", "Another process asked for something that this version of Sluice does not know.", {
    hint: "Both must be of one version of Sluice.",
  });
};
const text: Reader<string> = (value) => (typeof value === "string" ? value : fail());
const count: Reader<number> = (value) => (typeof value === "number" && Number.isFinite(value) ? value : fail());
const object: Reader<Readonly<Record<string, unknown>>> = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : fail();
const list =
  <Item>(item: Reader<Item>): Reader<readonly Item[]> =>
  (value) =>
    Array.isArray(value) ? value.map(item) : fail();
/** The member under its name, or nothing where it is left out. */
const maybe = <Name extends string, Value>(from: Readonly<Record<string, unknown>>, name: Name, read: Reader<Value>) =>
  (from[name] === undefined ? {} : { [name]: read(from[name]) }) as { readonly [Key in Name]?: Value };

const tableName: Reader<TableName> = (value) => {
  const { schema, table } = object(value);
  return { schema: text(schema), table: text(table) };
};
const window: Reader<PartitionWindow> = (value) => {
  const { start, end, startLocal, endLocal, timezone } = object(value);
  return { start: text(start), end: text(end), startLocal: text(startLocal), endLocal: text(endLocal), timezone: text(timezone) };
};
const dimension: Reader<PartitionDimension> = (value) => {
  const from = object(value);
  return {
    name: text(from["name"]),
    key: text(from["key"]),
    ...maybe(from, "column", text),
    ...maybe(from, "partitionExpr", text),
    ...maybe(from, "window", window),
  };
};
const slice: Reader<PartitionSlice> = (value) => {
  const { key, dimensions } = object(value);
  return { key: text(key), dimensions: list(dimension)(dimensions) };
};
const wanted: Reader<Wanted> = (value) => {
  const from = object(value);
  return { key: text(from["key"]), slices: list(slice)(from["slices"]), ...maybe(from, "columns", list(text)) };
};

const operators: ReadonlySet<unknown> = new Set<FilterOperator>([
  "eq",
  "ne",
  "lt",
  "le",
  "gt",
  "ge",
  "contains",
  "starts-with",
  "is-null",
  "is-not-null",
]);
const operator: Reader<FilterOperator> = (value) => (operators.has(value) ? (value as FilterOperator) : fail());
const sort: Reader<Sort> = (value) => {
  const { column, descending } = object(value);
  return { column: text(column), descending: descending === true };
};
const filter: Reader<Filter> = (value) => {
  const from = object(value);
  return { column: text(from["column"]), operator: operator(from["operator"]), ...maybe(from, "value", text) };
};
const pageRequest: Reader<PageRequest> = (value) => {
  const from = object(value);
  return {
    offset: count(from["offset"]),
    limit: count(from["limit"]),
    ...maybe(from, "columns", list(text)),
    ...maybe(from, "sort", list(sort)),
    ...maybe(from, "filter", list(filter)),
  };
};

/** The question in what another process sent. Throws `config/invalid` for anything else. */
export const readQuestion: Reader<Question> = (value) => {
  const from = object(value);
  const rest = { name: tableName(from["name"]), wanted: wanted(from["wanted"]) };
  const { what } = from;
  if (what === "page") return { what, ...rest, request: pageRequest(from["request"]) };
  return what === "facts" || what === "records" || what === "relation" || what === "rows" ? { what, ...rest } : fail();
};
