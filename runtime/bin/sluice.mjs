#!/usr/bin/env node
import { readFileSync } from "node:fs";
import module from "node:module";
import { fileURLToPath } from "node:url";

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 15)) {
  console.error(`sluice needs Node 22.15 or newer; this is ${process.versions.node}.`);
  process.exit(2);
}

module.enableCompileCache?.();

// A project without a copy of its own gets this one, by the same names.
const { exports } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const embedded = { "apache-arrow": fileURLToPath(import.meta.resolve("apache-arrow")) };
for (const [name, target] of Object.entries(exports)) {
  if (typeof target === "object") embedded[`sluice${name.slice(1)}`] = fileURLToPath(new URL(`../${target.default}`, import.meta.url));
}

const { main } = await import("../dist/cli.js");
const languageServer = fileURLToPath(new URL("../dist/lsp/server.cjs", import.meta.url));
await main(process.argv.slice(2), { embedded, languageServer });
