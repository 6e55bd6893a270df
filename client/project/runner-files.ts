import { join } from "node:path";

/** Where the extension keeps what a runner needs. */
export interface RunnerFiles {
  /** The runner's own file. */
  readonly entry: string;
  /** By import specifier: what a project gets that has no copy of its own. */
  readonly embedded: Readonly<Record<string, string>>;
  /** Declarations for `.sluice/types`. */
  readonly types: string;
}

export function runnerFiles(extensionPath: string): RunnerFiles {
  const runtime = join(extensionPath, "dist/runtime");
  return {
    entry: join(runtime, "runner.mjs"),
    embedded: {
      sluice: join(runtime, "index.mjs"),
      "sluice/duckdb": join(runtime, "duckdb.mjs"),
      "sluice/polars": join(runtime, "polars.mjs"),
      "sluice/testing": join(runtime, "testing.mjs"),
      "apache-arrow": join(extensionPath, "dist/vendor/apache-arrow.mjs"),
      // For the runner itself, which transpiles what its cache does not know.
      typescript: join(extensionPath, "dist/vendor/typescript.cjs"),
    },
    types: join(extensionPath, "dist/types"),
  };
}
