import { createRequire } from "node:module";
import { UsageError } from "./errors.ts";
import type { Terminal } from "./terminal.ts";

const help = `the language server, for editors

Usage: sluice lsp --stdio | --pipe=<name> | --socket=<port>

      --stdio          speak over standard input and output
      --pipe=<name>    connect to a named pipe, or to a socket file
      --socket=<port>  connect to a port of this machine
  -h, --help           this help

An editor starts it by itself; docs/guides/editors.md has their configurations. It reads source files and runs none of them.
`;

/** Hands the process over to the language server, which ends it when its editor says so, or is gone. */
export async function lsp(argv: readonly string[], terminal: Terminal, server: string | undefined): Promise<number> {
  if (argv.includes("--help") || argv.includes("-h")) {
    terminal.out(help);
    return 0;
  }
  const unknown = argv.find((each) => !/^--(?:stdio$|pipe=.|socket=\d+$|clientProcessId=\d+$)/.test(each));
  if (unknown !== undefined || argv.length === 0) {
    const found = unknown === undefined ? "Nothing says how the editor speaks with it." : `"${unknown}" is no way to speak with it.`;
    throw new UsageError(`${found} Most editors want sluice lsp --stdio. See sluice lsp --help.`);
  }
  if (server === undefined) throw new UsageError("This copy of Sluice has no language server in it.");
  createRequire(import.meta.url)(server);
  return new Promise(() => {});
}
