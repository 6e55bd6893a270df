import { formatAge, formatRows } from "../model/duration.ts";
import { type Command, type CommandContext, targetFlag } from "./command.ts";
import { exitCodes, UsageError } from "./errors.ts";
import { stateMark } from "./list.ts";
import { drawList } from "./table.ts";
import { plainLine } from "./terminal.ts";

/** Partitions listed when nothing says how many. */
const shown = 50;

export const partitions: Command = {
  name: "partitions",
  summary: "Shows the partitions of an asset, or adds keys to dynamic partitions.",
  usage: "list <key> | add <name> <partition>... [flags]",
  arguments: Number.POSITIVE_INFINITY,
  flags: {
    target: targetFlag,
    limit: { type: "string", value: "<n>", text: `list: the last so many; ${shown} when left out` },
    yes: { type: "boolean", text: "add: confirm writing to a protected target" },
  },
  examples: ["sluice partitions list daily_sales", 'sluice partitions add customers "Ada & Co"'],
  async run(context) {
    const [action, name, ...keys] = context.values.rest;
    if (action === "list" && name !== undefined && keys.length === 0) return list(context, name);
    if (action === "add" && name !== undefined && keys.length > 0) return add(context, name, keys);
    throw new UsageError("Write `sluice partitions list <asset>` or `sluice partitions add <name> <partition>...`.");
  },
};

async function list({ session, values, terminal }: CommandContext, key: string): Promise<number> {
  await session.manifest();
  const all = await session.partitions(values.text("target"), key);
  if (values.on("json")) {
    terminal.out(`${JSON.stringify(all, undefined, 2)}\n`);
    return exitCodes.ok;
  }
  const limit = values.count("limit", 1) ?? shown;
  const now = Date.now();
  const lines = all
    .slice(-limit)
    .map(({ key: partition, state, reason, rows, storedAt }) => [
      stateMark(state, terminal),
      plainLine(partition),
      plainLine(reason === undefined ? state : `${state}: ${reason}`),
      rows === undefined ? "" : formatRows(rows),
      storedAt === undefined ? "" : formatAge(storedAt, now),
    ]);
  const before = all.length - lines.length;
  if (before > 0) terminal.out(terminal.paint("dim", `${before} before these: --limit ${all.length} shows all\n`));
  terminal.out(lines.length === 0 ? "No partitions.\n" : drawList(lines));
  return exitCodes.ok;
}

async function add({ session, values, terminal, signal }: CommandContext, name: string, keys: readonly string[]): Promise<number> {
  await session.manifest();
  const added = await session.addPartitions(values.text("target"), name, keys, values.on("yes"), signal);
  if (values.on("json")) terminal.out(`${JSON.stringify({ name, added })}\n`);
  else {
    const known = keys.length - added.length;
    terminal.out(`${added.length} added to ${plainLine(name)}${known > 0 ? `, ${known} known already` : ""}\n`);
  }
  return exitCodes.ok;
}
