import { statSync } from "node:fs";
import path from "node:path";
import { glob } from "tinyglobby";
import type { ConfigDefinition } from "../assets/definition.ts";
import { isKind } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";
import { nearestName } from "../model/nearest.ts";

const names = ["sluice.config.ts", "sluice.config.mts", "sluice.config.js", "sluice.config.mjs"];

/** The config file of the project that a folder belongs to, looking upwards; `undefined` when there is none. */
export function findConfig(folder: string): string | undefined {
  for (let current = path.resolve(folder); ; current = path.dirname(current)) {
    for (const name of names) {
      const file = path.join(current, name);
      if (statSync(file, { throwIfNoEntry: false })?.isFile()) return file;
    }
    if (path.dirname(current) === current) return undefined;
  }
}

/** The same, where a project is needed. Throws `config/invalid`. */
export function requireConfig(folder: string): string {
  const found = findConfig(folder);
  if (found) return found;
  throw new SluiceError("config/invalid", `No sluice.config.ts in ${path.resolve(folder)} or above it.`, {
    hint: "Write one whose default export is defineConfig({ ... }), or name the project's folder.",
  });
}

/** The config that a config module exports. Throws `config/invalid` on the file. */
export function readConfig(exports: object, file: string): ConfigDefinition {
  const config = (exports as { readonly default?: unknown }).default;
  const invalid = (message: string, hint: string): never => {
    throw new SluiceError("config/invalid", `${path.basename(file)}: ${message}`, { hint, place: { file, line: 1 } });
  };
  if (!isKind(config, "config")) return invalid("it does not export a config.", "Write `export default defineConfig({ ... })`.");
  const { assets, targets, defaultTarget } = config as ConfigDefinition;
  if (!Array.isArray(assets) || assets.some((each) => typeof each !== "string")) {
    return invalid("`assets` is no list of file patterns.", 'Write for example `assets: ["assets/**/*.ts"]`.');
  }
  const known = Object.keys(targets ?? {});
  if (known.length === 0) return invalid("it has no target.", "Write for example `targets: { local: {} }`.");
  const unknown = (name: string, what: string) => {
    const near = nearestName(name, known);
    invalid(`${what} is "${name}", which is no target.`, near ? `Did you mean "${near}"?` : `There are: ${known.join(", ")}.`);
  };
  if (!Object.hasOwn(targets, defaultTarget)) unknown(String(defaultTarget), "`defaultTarget`");
  for (const [name, target] of Object.entries(targets)) {
    if (target.readFrom !== undefined && !Object.hasOwn(targets, target.readFrom)) unknown(target.readFrom, `\`readFrom\` of target "${name}"`);
  }
  return config as ConfigDefinition;
}

/** Files that may define assets, absolute, in order of their names. Tests and declarations are left out. */
export async function findAssetFiles(root: string, patterns: readonly string[]): Promise<readonly string[]> {
  const ignore = ["**/node_modules/**", "**/.sluice/**", "**/*.d.ts", "**/*.d.mts", "**/*.d.cts", "**/*.{test,spec}.*", "sluice.config.*"];
  const found = await glob([...patterns], { cwd: root, absolute: true, ignore, expandDirectories: false });
  return found
    .filter((file) => /\.[cm]?[jt]sx?$/.test(file))
    .map((file) => path.normalize(file))
    .sort();
}
