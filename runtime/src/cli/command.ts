import { parseArgs } from "node:util";
import { nearestName } from "../model/nearest.ts";
import { splitList } from "../partitions/select.ts";
import type { Session } from "../project/session.ts";
import { UsageError } from "./errors.ts";
import type { Terminal } from "./terminal.ts";

export interface Flag {
  readonly type: "string" | "boolean";
  readonly short?: string;
  /** What stands for the value in the help. */
  readonly value?: string;
  readonly text: string;
  readonly multiple?: boolean;
}
export interface Values {
  /** The flag's value; `undefined` when it was not given. */
  readonly text: (name: string) => string | undefined;
  readonly all: (name: string) => readonly string[];
  readonly on: (name: string) => boolean;
  /** Throws where it is no whole number from `least` on. */
  readonly count: (name: string, least: number) => number | undefined;
  readonly rest: readonly string[];
}
export interface CommandContext {
  readonly session: Session;
  readonly values: Values;
  readonly terminal: Terminal;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** Folder that the command was called in, for paths in messages. */
  readonly folder: string;
  /** Called for each line that user code prints. */
  readonly onPrint: (listener: (line: string) => void) => void;
  /** Asks a person; `undefined` where there is none. */
  readonly confirm: (question: string) => Promise<boolean | undefined>;
}
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** What follows the name in the help. */
  readonly usage: string;
  readonly flags: Readonly<Record<string, Flag>>;
  /** Most arguments beside the flags. */
  readonly arguments: number;
  readonly examples: readonly string[];
  /** Exit code. */
  readonly run: (context: CommandContext) => Promise<number>;
}

export const commonFlags: Readonly<Record<string, Flag>> = {
  project: { type: "string", value: "<folder>", text: "folder of the project; its sluice.config.ts is looked for upwards from here" },
  json: { type: "boolean", text: "machine-readable output" },
  help: { type: "boolean", short: "h", text: "this help" },
};
export const targetFlag: Flag = { type: "string", short: "t", value: "<name>", text: "target of sluice.config.ts; its defaultTarget when left out" };
export const selectFlag: Flag = {
  type: "string",
  short: "s",
  value: "<selection>",
  text: "which assets: a key, +key, key+2, group:, tag:, status:, and, or, not",
};

export const partitionFlags: Readonly<Record<string, Flag>> = {
  partition: { type: "string", value: "<key>", text: "one partition" },
  partitions: { type: "string", value: "<list>", text: 'several: "a,b,c..f"' },
  range: { type: "string", value: "<a..b>", text: "from one to another, both included; a.. and ..b and .. are open" },
};

/** What `partitionFlags` name, together. */
export function partitionParts(values: Values): readonly string[] | undefined {
  const [one, list, range] = [values.text("partition"), values.text("partitions"), values.text("range")];
  if (range !== undefined && !range.includes("..")) throw new UsageError(`--range takes A..B, not "${range}".`);
  const parts = [...(one === undefined ? [] : [one]), ...(list === undefined ? [] : splitList(list)), ...(range === undefined ? [] : [range])];
  return one === undefined && list === undefined && range === undefined ? undefined : parts;
}

/** The selection, given with `selectFlag` or as the first argument. */
export function selectionOf(values: Values): string | undefined {
  const given = values.text("select");
  if (given !== undefined && values.rest[0] !== undefined) throw new UsageError("The selection is given twice: with --select and without.");
  return given ?? values.rest[0];
}

/** Reads a command's flags. Throws UsageError with the flag it may have meant. */
export function readValues(command: Command, argv: readonly string[]): Values {
  const flags = { ...command.flags, ...commonFlags };
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { type, short, multiple }]) => [
      name,
      { type, ...(short ? { short } : {}), ...(multiple ? { multiple } : {}) },
    ]),
  );
  let parsed: { readonly values: Readonly<Record<string, unknown>>; readonly positionals: readonly string[] };
  try {
    parsed = parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
  } catch (error) {
    const unknown = /Unknown option '--?([^']+)'/.exec((error as Error).message)?.[1];
    const near = unknown && nearestName(unknown, Object.keys(flags));
    throw new UsageError(
      unknown
        ? `There is no flag --${unknown}.${near ? ` Did you mean --${near}?` : ""} See sluice ${command.name} --help.`
        : (error as Error).message,
    );
  }
  const { values, positionals } = parsed;
  if (positionals.length > command.arguments) {
    throw new UsageError(`"${positionals[command.arguments]}" is one argument too many. See sluice ${command.name} --help.`);
  }
  return {
    text: (name) => values[name] as string | undefined,
    all: (name) => (values[name] as readonly string[] | undefined) ?? [],
    on: (name) => values[name] === true,
    count(name, least) {
      const text = values[name] as string | undefined;
      if (text === undefined) return undefined;
      const number = Number(text);
      if (!Number.isSafeInteger(number) || number < least) throw new UsageError(`--${name} takes a whole number from ${least} on, not "${text}".`);
      return number;
    },
    rest: positionals,
  };
}

/** Help of one command. */
export function commandHelp(command: Command): string {
  const flags = Object.entries({ ...command.flags, ...commonFlags }).map(([name, { short, value, text }]): [string, string] => [
    `  ${short ? `-${short}, ` : "    "}--${name}${value ? ` ${value}` : ""}`,
    text,
  ]);
  const width = Math.max(...flags.map(([left]) => left.length)) + 2;
  return [
    command.summary,
    "",
    `Usage: sluice ${command.name} ${command.usage}`.trimEnd(),
    "",
    ...flags.map(([left, text]) => `${left.padEnd(width)}${text}`),
    "",
    ...command.examples.map((example) => `  $ ${example}`),
    "",
  ].join("\n");
}
