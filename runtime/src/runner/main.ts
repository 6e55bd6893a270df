import module from "node:module";
import { type EmbeddedModules, hookPackages } from "../project/packages.ts";

/** What the process that forks this one says in its only argument, as JSON. */
interface Launch {
  /** Project folder, absolute. */
  readonly root: string;
  /** Embedded modules by import specifier, as absolute paths. */
  readonly embedded?: EmbeddedModules;
}

/**
 * The process that loads and runs one project's code. The hooks come first: everything imported after them, ours too, gets
 * `apache-arrow` from where the project has it.
 */
async function main(): Promise<void> {
  if (typeof module.registerHooks !== "function") {
    process.stderr.write(`Sluice needs Node 22.15 or newer; this is ${process.version}.\n`);
    process.exit(2);
  }
  module.enableCompileCache?.();
  const { root, embedded = {} } = JSON.parse(process.argv[2] ?? "{}") as Launch;
  process.chdir(root);
  const packages = hookPackages({ root: process.cwd(), embedded });
  const { serve } = await import("./serve.ts");
  serve({ root: process.cwd(), packages });
}

await main();
