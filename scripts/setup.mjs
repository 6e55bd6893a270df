// What every script needs first, on any Node from 20: the dependencies, and the Node that the project runs on.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const bin = join(root, "node_modules/.bin");
/** Node 24, which comes as a development dependency. */
export const node = join(root, "node_modules/node/bin", process.platform === "win32" ? "node.exe" : "node");
export const environment = { ...process.env, PATH: `${bin}${process.platform === "win32" ? ";" : ":"}${process.env.PATH}` };

/** Installs the dependencies unless they are there and as new as the lock file. */
export function install() {
  const installed = join(root, "node_modules/.package-lock.json");
  if (existsSync(installed) && existsSync(node) && statSync(installed).mtimeMs >= statSync(join(root, "package-lock.json")).mtimeMs) return;
  console.log("Installing dependencies (once)…");
  // Twice on an older Node: npm leaves out optional packages that want a newer one than it runs on, and tests run on the newer one.
  for (const env of Number.parseInt(process.versions.node, 10) < 22 ? [process.env, environment] : [process.env]) {
    // Not `npm ci`: it refuses a lock file that lacks optional packages of platforms which the registry did not offer when it was written.
    const { status } = spawnSync("npm", ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"], {
      cwd: root,
      env,
      stdio: ["ignore", "inherit", "inherit"],
      shell: process.platform === "win32",
    });
    if (status !== 0) throw new Error("npm could not install the dependencies; its message is above.");
  }
}

/** Runs a script of this folder on Node 24, with its output on this terminal, and resolves to its exit code. */
export function run(script, args = [], options = {}) {
  const child = spawn(node, [join(root, "scripts", script), ...args], { cwd: root, stdio: "inherit", env: environment, ...options });
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => child.on("exit", (code, signal) => resolve(code ?? (signal === "SIGINT" ? 130 : 1))));
}

/** `npm run <name>`: installs, then hands over to the script that does the work. */
export async function main(script) {
  try {
    install();
    process.exitCode = await run(script, process.argv.slice(2));
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
