// The npm package `sluice`: one file per entry point, shared chunks, dependencies left to npm.
import { join } from "node:path";
import { build } from "esbuild";
import { root } from "../setup.mjs";

const source = join(root, "runtime/src");
export const libraryEntries = {
  index: join(source, "index.ts"),
  duckdb: join(source, "duckdb.ts"),
  polars: join(source, "polars.ts"),
  testing: join(source, "testing.ts"),
};
export const processEntries = { cli: join(source, "cli/main.ts"), runner: join(source, "runner/main.ts") };

export const runtimeOptions = {
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node22",
  splitting: true,
  chunkNames: "chunk-[hash]",
  logLevel: "warning",
  charset: "utf8",
};

/** The language server: CommonJS, so that its compiled code can be kept between starts. */
export const serverOptions = {
  bundle: true,
  entryPoints: { server: join(root, "server/main.ts"), "parse-worker": join(root, "server/parse-worker.ts") },
  outExtension: { ".js": ".cjs" },
  format: "cjs",
  platform: "node",
  target: "node22",
  minifySyntax: true,
  logLevel: "warning",
  charset: "utf8",
};

export const buildRuntime = () =>
  Promise.all([
    build({ ...runtimeOptions, entryPoints: { ...libraryEntries, ...processEntries }, outdir: join(root, "runtime/dist"), packages: "external" }),
    // TypeScript is a dependency of the package; the protocol's library is not.
    build({ ...serverOptions, outdir: join(root, "runtime/dist/lsp"), external: ["typescript"] }),
  ]);
