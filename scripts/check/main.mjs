// `npm run check`: types, style, who imports whom, what nobody uses.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { build } from "../build/main.mjs";
import { environment, node, root } from "../setup.mjs";

const tool = (path) => join(root, "node_modules", path);
const tsc = (project) => [`types of ${project}`, tool("typescript/bin/tsc"), ["-p", project]];
const commands = [
  ...["runtime", "server", "client", "media", "media/tsconfig.test.json", "test", "examples/sales", "examples/flights", "examples/partitions"].map(
    tsc,
  ),
  ["style", tool("@biomejs/biome/bin/biome"), ["check", "--error-on-warnings", "."]],
  [
    "imports",
    tool("dependency-cruiser/bin/dependency-cruiser.mjs"),
    ["--config", ".dependency-cruiser.cjs", "runtime/src", "server", "client", "media"],
  ],
  ["unused", tool("knip/bin/knip.js"), []],
];

function check([name, script, args]) {
  return new Promise((done) => {
    const child = spawn(node, [script, ...args], { cwd: root, env: environment, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (text += data));
    child.on("exit", (code) => {
      console.log(`${code === 0 ? "ok    " : "FAILED"} ${name}`);
      if (code !== 0) console.log(text.trimEnd());
      done(code === 0);
    });
  });
}

/** Runs all of them, two at a time. */
export async function checks() {
  const waiting = [...commands];
  const result = { passed: 0, failed: 0 };
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) result[(await check(next)) ? "passed" : "failed"]++;
  };
  await Promise.all([worker(), worker()]);
  return result;
}

if (process.argv[1] === import.meta.filename) {
  await build();
  const { passed, failed } = await checks();
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}
