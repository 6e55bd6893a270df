// `npm run build`: the package `sluice` into runtime/dist, the extension into dist. Skipped when nothing changed since the last time.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../setup.mjs";
import { buildExtension } from "./extension.mjs";
import { buildRuntime } from "./runtime.mjs";
import { buildTypes } from "./types.mjs";

const sources = ["runtime/src", "server", "client", "media", "scripts/build", "package-lock.json", "runtime/package.json"];

function* walk(path) {
  const info = statSync(path);
  if (!info.isDirectory()) yield `${path} ${info.size} ${info.mtimeMs}`;
  else for (const name of readdirSync(path).sort()) if (name !== "dist" && name !== "node_modules") yield* walk(join(path, name));
}
const fingerprint = () => {
  const hash = createHash("sha256");
  for (const source of sources) for (const line of walk(join(root, source))) hash.update(line);
  return hash.digest("hex");
};

export async function build({ force = false } = {}) {
  const stamp = join(root, "dist/.stamp");
  const now = fingerprint();
  if (!force && existsSync(stamp) && existsSync(join(root, "runtime/dist")) && readFileSync(stamp, "utf8") === now) return false;
  for (const folder of ["dist", "runtime/dist"]) {
    rmSync(join(root, folder), { recursive: true, force: true });
    mkdirSync(join(root, folder), { recursive: true });
  }
  await Promise.all([buildRuntime(), buildExtension()]);
  await buildTypes();
  writeFileSync(stamp, now);
  return true;
}

if (process.argv[1] === import.meta.filename) console.log((await build({ force: process.argv.includes("--force") })) ? "Built." : "Up to date.");
