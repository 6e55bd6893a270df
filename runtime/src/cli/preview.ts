import type { Filter, FilterOperator, PageRequest, Sort } from "../model/page.ts";
import { type Command, targetFlag } from "./command.ts";
import { exitCodes, UsageError } from "./errors.ts";
import { drawTable } from "./table.ts";

const operators: Readonly<Record<string, FilterOperator>> = {
  "=": "eq",
  "!=": "ne",
  "<": "lt",
  "<=": "le",
  ">": "gt",
  ">=": "ge",
  "~": "contains",
  "^=": "starts-with",
};

/** `amount>=10`, `owner~an`, `region is null`. */
export function readFilter(text: string): Filter {
  const isNull = /^(.+?)\s+is\s+(not\s+)?null$/i.exec(text.trim());
  if (isNull) return { column: isNull[1]!, operator: isNull[2] ? "is-not-null" : "is-null" };
  const found = /^(.+?)\s*(!=|<=|>=|\^=|=|<|>|~)\s*(.*)$/s.exec(text.trim());
  if (!found) throw new UsageError(`--filter "${text}" is no comparison. Write for example "amount>=10", "owner~an", "region is null".`);
  return { column: found[1]!, operator: operators[found[2]!]!, value: found[3]! };
}

const names = (text: string): readonly string[] =>
  text
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "");
const readSort = (text: string): readonly Sort[] =>
  names(text).map((each) => (each.startsWith("-") ? { column: each.slice(1), descending: true } : { column: each }));

export const preview: Command = {
  name: "preview",
  summary: "Shows what an asset stored, as a table.",
  usage: "<key> [flags]",
  arguments: 1,
  flags: {
    target: targetFlag,
    partition: { type: "string", value: "<key>", text: "one partition; all of them when left out" },
    limit: { type: "string", value: "<n>", text: "rows; 20 when left out" },
    offset: { type: "string", value: "<n>", text: "first row, from 0" },
    sort: { type: "string", value: "<columns>", text: 'such as "region,-amount"; "-" is descending' },
    filter: {
      type: "string",
      value: "<comparison>",
      text: '"amount>=10", "owner~an", "name^=A", "region is null"; all given must hold',
      multiple: true,
    },
    columns: { type: "string", value: "<names>", text: "only these, in this order" },
  },
  examples: ["sluice preview sales_summary", 'sluice preview raw_sales --limit 50 --sort=-amount --filter "amount is not null"'],
  async run({ session, values, terminal, signal }) {
    const key = values.rest[0];
    if (key === undefined) throw new UsageError("Name the asset: sluice preview <key>. `sluice list` shows the keys.");
    const [columns, sort] = [values.text("columns"), values.text("sort")];
    const request: PageRequest = {
      offset: values.count("offset", 0) ?? 0,
      limit: values.count("limit", 1) ?? 20,
      ...(columns === undefined ? {} : { columns: names(columns) }),
      ...(sort === undefined ? {} : { sort: readSort(sort) }),
      filter: values.all("filter").map(readFilter),
    };
    await session.manifest();
    const page = await session.preview(values.text("target"), key, request, { partition: values.text("partition"), signal });
    if (values.on("json")) terminal.out(`${JSON.stringify({ key, ...page })}\n`);
    else {
      const shown = page.cells[0]?.length ?? 0;
      const range = shown === 0 ? "no rows" : `rows ${page.offset + 1} to ${page.offset + shown}`;
      terminal.out(`${drawTable(page, terminal)}${terminal.paint("dim", `${range} of ${page.rows.toLocaleString("en-US")}`)}\n`);
    }
    return exitCodes.ok;
  },
};
