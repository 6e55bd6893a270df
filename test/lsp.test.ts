import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from "vscode-languageserver/node";

const sluice = join(import.meta.dirname, "../runtime/bin/sluice.mjs");
let folder: string;
let child: ChildProcess | undefined;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "sluice-lsp-")));
  writeFileSync(
    join(folder, "sluice.config.ts"),
    'import { defineConfig } from "sluice";\nexport default defineConfig({ assets: ["*.ts"], targets: { local: {} } });\n',
  );
  writeFileSync(join(folder, "a.ts"), 'import { asset } from "sluice";\nexport const a = asset("a", { deps: ["nothing"], run: () => 1 });\n');
});
afterEach(() => {
  child?.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

describe("sluice lsp", () => {
  it("serves an editor that can do little over standard input and output, from anywhere, and ends when it is told", async () => {
    const server = spawn(process.execPath, [sluice, "lsp", "--stdio"], { cwd: tmpdir(), stdio: ["pipe", "pipe", "inherit"] });
    child = server;
    const ended = once(server, "exit");
    const connection = createMessageConnection(new StreamMessageReader(server.stdout), new StreamMessageWriter(server.stdin));
    const published = new Promise<{ uri: string; diagnostics: { message: string }[] }>((resolve) => {
      connection.onNotification("textDocument/publishDiagnostics", resolve);
    });
    connection.listen();
    const { capabilities } = await connection.sendRequest<{ capabilities: object }>("initialize", {
      processId: process.pid,
      rootUri: pathToFileURL(folder).href,
      capabilities: {},
    });
    expect(capabilities).toMatchObject({ hoverProvider: true, definitionProvider: true });
    await connection.sendNotification("initialized", {});
    const { uri, diagnostics } = await published;
    expect(uri).toBe(pathToFileURL(join(folder, "a.ts")).href);
    expect(diagnostics.map(({ message }) => message)).toEqual(['No asset of this project has the key "nothing".']);
    await connection.sendRequest("shutdown");
    await connection.sendNotification("exit");
    expect((await ended)[0]).toBe(0);
    connection.dispose();
  });

  it.each([
    [[], "Nothing says how the editor speaks with it."],
    [["--stdoi"], '"--stdoi" is no way to speak with it.'],
  ])("says what it takes when it is given %j", async (args, message) => {
    const server = spawn(process.execPath, [sluice, "lsp", ...args], { stdio: ["ignore", "ignore", "pipe"] });
    child = server;
    let said = "";
    server.stderr.on("data", (chunk) => {
      said += String(chunk);
    });
    const [code] = await once(server, "close");
    expect(code).toBe(2);
    expect(said).toContain(message);
    expect(said).toContain("sluice lsp --stdio");
  });
});
