// Declarations: one file per entry point of `sluice`, and what a folder without node_modules needs beside them.
import { cpSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { rollup } from "rollup";
import { dts } from "rollup-plugin-dts";
import { root } from "../setup.mjs";
import { libraryEntries } from "./runtime.mjs";

const require = createRequire(import.meta.url);

async function rollUp(input, dir, external) {
  const bundle = await rollup({
    input,
    external,
    plugins: [dts({ respectExternal: true, tsconfig: join(root, "runtime/tsconfig.json") })],
    onwarn: () => undefined,
  });
  await bundle.write({ dir, format: "es", entryFileNames: "[name].d.ts", chunkFileNames: "shared-[hash].d.ts" });
  await bundle.close();
}

const packageOf = (name, from = import.meta.url) => dirname(createRequire(from).resolve(`${name}/package.json`));

function copyDeclarations(from, to) {
  cpSync(from, to, {
    recursive: true,
    filter: (path) =>
      !path.includes("node_modules", from.length) && (!/\.[^./\\]+$/.test(path) || /\.d\.[cm]?ts$|package\.json$|LICENSE$/.test(path)),
  });
}

export async function buildTypes() {
  const types = join(root, "runtime/dist/types");
  const embedded = join(root, "dist/types");
  const standardSchema = "@standard-schema/spec";
  const isExternal = (id) => !id.startsWith(".") && !id.startsWith("/") && id !== standardSchema;
  const arrow = join(dirname(require.resolve("apache-arrow")), "Arrow.node.d.ts");
  await Promise.all([
    rollUp(libraryEntries, types, isExternal),
    rollUp({ index: arrow }, join(embedded, "apache-arrow"), (id) => id.startsWith("node:") || id === "stream"),
  ]);
  cpSync(types, join(embedded, "sluice"), { recursive: true });
  const node = packageOf("@types/node");
  copyDeclarations(node, join(embedded, "node"));
  copyDeclarations(packageOf("undici-types", join(node, "package.json")), join(embedded, "undici-types"));
}
