// `npm start`: materializes examples/sales and shows the table, then opens the editor on it. `--no-editor` stops after the terminal part.
import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { build } from "../build/main.mjs";
import { startEditor, windowUrl } from "../editor/code-server.mjs";
import { environment, node, root } from "../setup.mjs";

const project = join(root, "examples/sales");
const started = [];
let stopping = false;
async function stop(code) {
  if (stopping) return;
  stopping = true;
  await Promise.all(started.map((end) => end()));
  process.exit(code);
}
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => stop(signal === "SIGINT" ? 130 : 143));

function sluice(...args) {
  console.log(`\n$ sluice ${args.join(" ")}`);
  const child = spawn(node, [join(root, "runtime/bin/sluice.mjs"), ...args], { cwd: project, stdio: "inherit", env: environment });
  return new Promise((done) => child.on("exit", (code) => done(code ?? 1)));
}

await build();
for (const args of [["materialize"], ["preview", "sales_summary"]]) {
  const code = await sluice(...args);
  if (code !== 0) process.exit(code);
}

if (!process.argv.includes("--no-editor")) {
  const desktop = spawnSync("code", ["--version"], { stdio: "ignore", shell: process.platform === "win32" }).status === 0;
  if (desktop) {
    console.log("\nOpening VS Code on examples/sales…");
    spawn("code", ["--new-window", `--extensionDevelopmentPath=${root}`, project], { stdio: "ignore", shell: process.platform === "win32" });
  } else {
    const editor = await startEditor({ link: root });
    started.push(editor.stop);
    console.log(`\nVS Code is at ${windowUrl(editor, { folder: project })}`);
    console.log("Open it in a browser; Ctrl-C ends it.");
    await new Promise(() => setInterval(() => undefined, 1 << 30));
  }
}
