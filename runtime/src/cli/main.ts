import { createInterface } from "node:readline/promises";
import { SluiceError, toErrorInfo } from "../model/errors.ts";
import { nearestName } from "../model/nearest.ts";
import { type EmbeddedModules, hookPackages } from "../project/packages.ts";
import { version } from "../project/version.ts";
import { captureOutput } from "../runner/output.ts";
import { type Command, commandHelp, readValues } from "./command.ts";
import { exitCodeOf, exitCodes, thrownText, UsageError } from "./errors.ts";
import { plainText, processTerminal, type Terminal } from "./terminal.ts";

const commands: Readonly<Record<string, { readonly summary: string; readonly load: () => Promise<Command> }>> = {
  materialize: { summary: "run assets and store what they return", load: async () => (await import("./materialize.ts")).materialize },
  check: { summary: "make the checks of what is stored", load: async () => (await import("./check.ts")).check },
  list: { summary: "the assets and their states", load: async () => (await import("./list.ts")).list },
  graph: { summary: "what depends on what", load: async () => (await import("./graph.ts")).graph },
  preview: { summary: "what an asset stored, as a table", load: async () => (await import("./preview.ts")).preview },
  partitions: { summary: "the partitions of an asset; add dynamic ones", load: async () => (await import("./partitions.ts")).partitions },
  runs: { summary: "the latest runs on this machine", load: async () => (await import("./runs.ts")).runs },
};

/** Commands that need no project. */
const others = { lsp: "the language server, for editors" };
const summaries = [...Object.entries(commands).map(([name, { summary }]) => [name, summary] as const), ...Object.entries(others)];

const help = `Sluice ${version}: write the transformation; Sluice loads what it needs, stores what it returns, and shows you the table.

Usage: sluice <command> [flags]

${summaries.map(([name, summary]) => `  ${name.padEnd(12)} ${summary}`).join("\n")}

\`sluice <command> --help\` shows the flags of a command.

Exit codes: 0 all well; 1 a run failed, a check of what is stored did, or a store did; 2 wrong use, or a project that does not load; 3 a mistake in Sluice; 130 cancelled.
`;

export interface MainOptions {
  /** By import specifier: what a project gets that has no copy of its own. */
  readonly embedded?: EmbeddedModules;
  /** Path of the language server's bundle. */
  readonly languageServer?: string;
}

/** The command line. Ends the process with the exit code. */
export async function main(argv: readonly string[], options: MainOptions = {}): Promise<never> {
  const terminal = processTerminal();
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(exitCodes.ok); // the reader has what it wanted
    throw error;
  });
  const code = await start(argv, options, terminal);
  await terminal.flush();
  return process.exit(code);
}

async function start(argv: readonly string[], options: MainOptions, terminal: Terminal): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || ["help", "--help", "-h"].includes(name)) {
    terminal.out(help);
    return name === undefined ? exitCodes.misuse : exitCodes.ok;
  }
  if (name === "--version" || name === "-v") {
    terminal.out(`${version}\n`);
    return exitCodes.ok;
  }
  const known = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!known && name !== "lsp") {
    const near = nearestName(
      name,
      summaries.map(([each]) => each),
    );
    terminal.error(`There is no command "${plainText(name)}".${near ? ` Did you mean "${near}"?` : ""} See sluice --help.\n`);
    return exitCodes.misuse;
  }
  const folder = process.cwd();
  let redact = (text: string): string => text;
  try {
    if (!known) return await (await import("./lsp.ts")).lsp(rest, terminal, options.languageServer);
    return await runCommand(await known.load(), rest, options, terminal, folder, (next) => {
      redact = next;
    });
  } catch (thrown) {
    if (thrown instanceof Error && rest.includes("--json")) terminal.out(`${redact(JSON.stringify({ type: "error", error: plainError(thrown) }))}\n`);
    else terminal.error(redact(thrownText(thrown, terminal, folder)));
    return exitCodeOf(thrown);
  }
}

const plainError = (thrown: Error) => {
  const { stack: _, ...info } = toErrorInfo(thrown, thrown instanceof UsageError ? "config/invalid" : "run/failed");
  return info;
};

async function runCommand(
  command: Command,
  argv: readonly string[],
  options: MainOptions,
  terminal: Terminal,
  folder: string,
  onRedact: (redact: (text: string) => string) => void,
): Promise<number> {
  const wantsHelp = argv.includes("--help") || argv.includes("-h");
  if (wantsHelp) {
    terminal.out(commandHelp(command));
    return exitCodes.ok;
  }
  const values = readValues(command, argv);
  const { requireConfig } = await import("../project/config.ts");
  const configFile = requireConfig(values.text("project") ?? folder);
  const { dirname } = await import("node:path");
  process.chdir(dirname(configFile));
  const packages = hookPackages({ root: process.cwd(), embedded: options.embedded ?? {} });
  const { createSession } = await import("../project/session.ts");
  const session = createSession({ root: process.cwd(), packages });
  onRedact(session.redact);

  let print = (line: string): void => terminal.error(`${line}\n`);
  captureOutput((_, line) => print(session.redact(line)));
  const controller = new AbortController();
  const cancel = () => {
    if (controller.signal.aborted) process.exit(exitCodes.cancelled);
    terminal.error("Cancelling. Press Ctrl-C again to leave at once.\n");
    controller.abort(new SluiceError("run/cancelled", "Cancelled."));
  };
  process.on("SIGINT", cancel);
  process.on("SIGTERM", cancel);
  try {
    return await command.run({
      session,
      values,
      terminal,
      folder,
      signal: controller.signal,
      onPrint: (listener) => {
        print = listener;
      },
      confirm: (question) => confirm(question, terminal),
    });
  } finally {
    await session.close();
  }
}

async function confirm(question: string, terminal: Terminal): Promise<boolean | undefined> {
  if (!terminal.interactive || process.stdin.isTTY !== true) return undefined;
  terminal.out(`${plainText(question)} [y/N] `);
  const lines = createInterface({ input: process.stdin });
  try {
    return /^\s*y(es)?\s*$/i.test(await lines.question(""));
  } finally {
    lines.close();
  }
}
