import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  createMessageConnection,
  IPCMessageReader,
  IPCMessageWriter,
  type MessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver/node";
import { type GraphDelta, type GraphSnapshot, graphChanged, graphRequest } from "../runtime/src/model/graph.ts";
import { uriOfPath } from "./index/paths.ts";

const main = path.join(import.meta.dirname, "main.ts");
let folder: string;
let child: ChildProcess | undefined;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), "sluice-main-")));
  writeFileSync(path.join(folder, "a.ts"), 'import { asset } from "sluice";\nexport const a = asset("a", {});\n');
});
afterEach(() => {
  child?.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

async function talk(connection: MessageConnection): Promise<GraphSnapshot> {
  const complete = new Promise<void>((resolve) => {
    connection.onNotification(graphChanged, (delta: GraphDelta) => {
      if (delta.complete) resolve();
    });
  });
  connection.listen();
  await connection.sendRequest("initialize", { processId: process.pid, rootUri: uriOfPath(folder), capabilities: {} });
  await connection.sendNotification("initialized", {});
  await complete;
  return connection.sendRequest<GraphSnapshot>(graphRequest);
}

describe("the server's process", () => {
  it("speaks over standard input and output, and ends with code 0 after shutdown and exit", async () => {
    const process = spawn(globalThis.process.execPath, [main, "--stdio"], { stdio: ["pipe", "pipe", "inherit"] });
    child = process;
    const connection = createMessageConnection(new StreamMessageReader(process.stdout), new StreamMessageWriter(process.stdin));
    expect((await talk(connection)).assets.map(({ key }) => key)).toEqual(["a"]);
    await connection.sendRequest("shutdown");
    const ended = once(process, "exit");
    await connection.sendNotification("exit");
    expect((await ended)[0]).toBe(0);
    connection.dispose();
  });

  it("speaks over node's channel, as VS Code starts it", async () => {
    const process = fork(main, ["--node-ipc"], { stdio: "inherit" });
    child = process;
    const connection = createMessageConnection(new IPCMessageReader(process), new IPCMessageWriter(process));
    expect((await talk(connection)).assets.map(({ key }) => key)).toEqual(["a"]);
    const ended = once(process, "exit");
    await connection.sendNotification("exit");
    // Without shutdown the protocol wants 1.
    expect((await ended)[0]).toBe(1);
    connection.dispose();
  });
});
