// The extension: everything it needs in dist/, since nothing is installed beside it.
import { cpSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { root } from "../setup.mjs";
import { libraryEntries, processEntries, runtimeOptions, serverOptions } from "./runtime.mjs";

const require = createRequire(import.meta.url);
const dist = join(root, "dist");
const common = { bundle: true, platform: "node", target: "node22", logLevel: "warning", charset: "utf8" };

/** Leaves a package to the one copy in dist/vendor, which several bundles share. */
const vendored = (files) => ({
  name: "vendored",
  setup(api) {
    const names = new RegExp(`^(${Object.keys(files).join("|")})$`);
    api.onResolve({ filter: names }, ({ path }) => ({ path: files[path], external: true }));
  },
});

const duckdbBindings = { "@duckdb/node-bindings": "../vendor/duckdb-bindings.cjs" };

export async function buildVendor() {
  const vendor = join(dist, "vendor");
  // A CommonJS package has no names that esbuild could export by itself.
  const api = Object.keys(require("@duckdb/node-api")).filter((name) => name !== "default" && /^[A-Za-z_$][\w$]*$/.test(name));
  await Promise.all([
    build({ ...common, entryPoints: [require.resolve("typescript")], outfile: join(vendor, "typescript.cjs"), format: "cjs", minify: true }),
    build({
      ...common,
      stdin: { contents: 'export * from "apache-arrow";', resolveDir: join(root, "runtime") },
      outfile: join(vendor, "apache-arrow.mjs"),
      format: "esm",
      minify: true,
    }),
    build({
      ...common,
      stdin: {
        contents: `import * as api from "@duckdb/node-api";\n${api.map((name) => `export const ${name} = api.${name};`).join("\n")}`,
        resolveDir: join(root, "runtime"),
      },
      outfile: join(vendor, "duckdb.mjs"),
      format: "esm",
      banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
      plugins: [vendored({ "@duckdb/node-bindings": "./duckdb-bindings.cjs" })],
    }),
    build({
      ...common,
      stdin: { contents: 'module.exports = require("../native/duckdb.node");' },
      outfile: join(vendor, "duckdb-bindings.cjs"),
      format: "cjs",
      external: ["../native/duckdb.node"],
    }),
  ]);
  const native = dirname(require.resolve(`@duckdb/node-bindings-${process.platform}-${process.arch}/duckdb.node`));
  mkdirSync(join(dist, "native"), { recursive: true });
  cpSync(native, join(dist, "native"), { recursive: true, filter: (file) => !file.endsWith("package.json") && !file.endsWith("README.md") });
}

export async function buildExtension() {
  await Promise.all([
    buildVendor(),
    build({
      ...runtimeOptions,
      entryPoints: { ...libraryEntries, runner: processEntries.runner },
      outdir: join(dist, "runtime"),
      outExtension: { ".js": ".mjs" },
      banner: { js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);' },
      external: ["apache-arrow", "fast-check"],
      plugins: [vendored({ ...duckdbBindings, "@duckdb/node-api": "../vendor/duckdb.mjs", typescript: "../vendor/typescript.cjs" })],
    }),
    build({
      ...common,
      entryPoints: [join(root, "client/extension.ts")],
      outfile: join(dist, "extension.cjs"),
      format: "cjs",
      external: ["vscode"],
      minify: true,
    }),
    build({
      ...serverOptions,
      outdir: dist,
      plugins: [vendored({ typescript: "./vendor/typescript.cjs" })],
    }),
    build({
      bundle: true,
      entryPoints: { table: join(root, "media/table/main.tsx") },
      outdir: join(dist, "media"),
      format: "iife",
      platform: "browser",
      target: "es2022",
      jsx: "automatic",
      minify: true,
      define: { "process.env.NODE_ENV": '"production"' },
      logLevel: "warning",
      charset: "utf8",
    }),
  ]);
}
