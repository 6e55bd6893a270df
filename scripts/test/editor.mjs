// The Mocha tests inside a real VS Code's extension host: through `vscode-test` where a desktop VS Code can be had, else in one served here.
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { format } from "node:util";
import { build } from "esbuild";
import { globSync } from "tinyglobby";
import { launchBrowser } from "../editor/browser.mjs";
import { startEditor, windowUrl } from "../editor/code-server.mjs";
import { environment, node, root } from "../setup.mjs";

const require = createRequire(import.meta.url);
const output = join(root, ".test-out");

async function compile() {
  rmSync(join(root, "out/test"), { recursive: true, force: true });
  const entryPoints = globSync("test/editor/host/**/*.test.ts", { cwd: root, absolute: true });
  await build({
    entryPoints,
    outdir: join(root, "out/test"),
    outExtension: { ".js": ".cjs" },
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node22",
    external: ["vscode", "mocha"],
    sourcemap: "inline",
    logLevel: "warning",
  });
}

const counts = (text) => {
  const of = (word) => Number([...text.matchAll(new RegExp(`(\\d+) ${word}`, "g"))].at(-1)?.[1] ?? 0);
  return { passed: of("passing"), failed: of("failing") };
};

async function desktop() {
  const child = spawn(node, [join(root, "node_modules/@vscode/test-cli/out/bin.mjs")], {
    cwd: root,
    env: environment,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.on("data", (data) => {
    text += data;
    process.stdout.write(data);
  });
  const code = await new Promise((done) => child.on("exit", (status) => done(status ?? 1)));
  const result = counts(text);
  return code === 0 || result.failed > 0 ? result : { ...result, failed: 1 };
}

async function served({ label, files, workspaceFolder, mocha = {}, env = {} }) {
  const report = join(output, `${label}.txt`);
  writeFileSync(report, "");
  rmSync(`${report}.ok`, { force: true });
  // Tests write into the folder they open, so it is a copy.
  const work = mkdtempSync(join(tmpdir(), "sluice-editor-test-"));
  const folder = join(work, "folder");
  cpSync(join(root, workspaceFolder), folder, {
    recursive: true,
    filter: (path) => !/[\\/](node_modules|\.sluice|data[\\/].*\.duckdb.*)$/.test(path),
  });
  const options = {
    mochaOpts: { failZero: true, forbidOnly: Boolean(process.env.CI), ...mocha },
    colorDefault: false,
    preload: [join(root, "scripts/test/mocha-to-file.cjs")],
    files: [files]
      .flat()
      .flatMap((pattern) => globSync(pattern, { cwd: root, absolute: true }))
      .sort(),
  };
  const editor = await startEditor({
    tests: true,
    log: join(output, `${label}.server.log`),
    env: { ...env, VSCODE_TEST_OPTIONS: JSON.stringify(options), MOCHA_OUTPUT: report, SLUICE_TEST_TEMP: work },
  });
  const browser = await launchBrowser();
  let log = "";
  let shown = 0;
  const tail = () => {
    const text = readFileSync(report, "utf8");
    process.stdout.write(text.slice(shown));
    shown = text.length;
  };
  const timer = setInterval(tail, 300);
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    let finish;
    const done = new Promise((resolvePromise) => (finish = resolvePromise));
    await page.exposeFunction("codeAutomationLog", (type, args) => (log += `${type} ${format(...args)}\n`));
    await page.exposeFunction("codeAutomationExit", (code) => finish(code ? "some tests failed" : undefined));
    page.on("crash", () => finish("the window crashed"));
    const limit = setTimeout(() => finish("the tests did not end within ten minutes"), 600_000);
    const runner = resolve(require.resolve("@vscode/test-cli"), "../runner.cjs");
    await page.goto(windowUrl(editor, { folder, extension: root, tests: runner }), { waitUntil: "commit" });
    let problem = await done;
    clearTimeout(limit);
    tail();
    // If the extension host dies, the window still reports success; the preload writes this file only after a whole run.
    if (!problem && !existsSync(`${report}.ok`)) problem = "the extension host died before the tests had ended";
    const result = counts(readFileSync(report, "utf8"));
    if (problem) {
      console.error(`${label}: ${problem}`);
      await page.screenshot({ path: join(output, `${label}.png`) }).catch(() => undefined);
      return { passed: result.passed, failed: Math.max(1, result.failed) };
    }
    return result;
  } finally {
    clearInterval(timer);
    writeFileSync(join(output, `${label}.window.log`), log);
    await browser.close();
    await editor.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

export async function editorTests() {
  mkdirSync(output, { recursive: true });
  await compile();
  if (process.env.VSCODE_TEST === "desktop" || process.env.VSCODE_EXECUTABLE) return desktop();
  const { default: config } = await import(join(root, ".vscode-test.mjs"));
  const total = { passed: 0, failed: 0 };
  for (const suite of Array.isArray(config) ? config : (config.tests ?? [config])) {
    const { passed, failed } = await served(suite);
    total.passed += passed;
    total.failed += failed;
  }
  return total;
}
