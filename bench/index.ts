import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from "vscode-languageserver/node";
import { type GraphDelta, graphChanged, graphRequest } from "../runtime/src/model/graph.ts";
import { ts } from "../server/index/typescript.ts";
import { writeWorkspace } from "./support/generated-workspace.ts";
import { usageOf } from "./support/process-usage.ts";

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly target?: number;
}

const server = path.join(import.meta.dirname, "../dist/server.cjs");
const keystrokes = 300;

/** Starts the shipped server on a folder; gives milliseconds of wall time and CPU until its index is complete. */
async function startServer(root: string, storagePath: string) {
  const child = spawn(process.execPath, [server, "--stdio"], { stdio: ["pipe", "pipe", "inherit"] });
  const connection = createMessageConnection(new StreamMessageReader(child.stdout), new StreamMessageWriter(child.stdin));
  const complete = new Promise<void>((resolve) => {
    connection.onNotification(graphChanged, (delta: GraphDelta) => {
      if (delta.complete) resolve();
    });
  });
  connection.listen();
  await connection.sendRequest("initialize", {
    processId: process.pid,
    rootUri: pathToFileURL(root).href,
    capabilities: {},
    initializationOptions: { storagePath },
  });
  const before = { wall: performance.now(), cpu: usageOf(child.pid!).cpu };
  await connection.sendNotification("initialized", {});
  await complete;
  const wall = performance.now() - before.wall;
  const { cpu } = usageOf(child.pid!);
  return {
    connection,
    wall,
    cpu: cpu - before.cpu,
    usage: () => usageOf(child.pid!),
    stop: async () => {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      await connection.sendRequest("shutdown");
      await connection.sendNotification("exit");
      await ended;
      connection.dispose();
    },
  };
}

/** CPU of TypeScript's parser alone over every file of a folder, in milliseconds: what no index can do without. */
function parsing(root: string): number {
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  const texts = files.map((name) => readFileSync(path.join(root, name), "utf8"));
  const before = process.cpuUsage();
  for (const [index, text] of texts.entries()) {
    ts.createSourceFile(files[index]!, text, { languageVersion: ts.ScriptTarget.ESNext, jsDocParsingMode: ts.JSDocParsingMode.ParseNone }, false);
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

type Server = Awaited<ReturnType<typeof startServer>>;

/** CPU of one typed character inside an asset's body, in milliseconds, with the question that makes sure it was taken in. */
async function keystroke({ connection, usage }: Server, root: string): Promise<number> {
  const file = path.join(root, "assets/group0/file1.ts");
  const uri = pathToFileURL(file).href;
  const text = readFileSync(file, "utf8");
  await connection.sendNotification("textDocument/didOpen", { textDocument: { uri, languageId: "typescript", version: 1, text } });
  const line = text.slice(0, text.indexOf("run: ({ raw })")).split("\n").length;
  const type = async (version: number) => {
    const position = { line, character: 0 };
    await connection.sendNotification("textDocument/didChange", {
      textDocument: { uri, version },
      contentChanges: [{ range: { start: position, end: position }, text: " " }],
    });
    await connection.sendRequest("textDocument/hover", { textDocument: { uri }, position });
  };
  for (let version = 2; version < 100; version++) await type(version);
  const before = usage().cpu;
  for (let version = 100; version < 100 + keystrokes; version++) await type(version);
  return (usage().cpu - before) / keystrokes;
}

/** Cold index, memory and keystrokes of the shipped language server over generated projects. */
export async function run(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const files of [100, 1000, 10_000]) {
    const root = mkdtempSync(path.join(tmpdir(), "sluice-bench-"));
    try {
      writeWorkspace(root, files);
      const storage = path.join(root, "..", `${path.basename(root)}-cache`);
      const started = await startServer(root, storage);
      await started.connection.sendRequest(graphRequest);
      // The server gives back what the first index left over once it is idle.
      await setTimeout(5000);
      const { memory } = started.usage();
      const size = files.toLocaleString("en-US");
      const isLarge = files === 10_000;
      figures.push(
        { name: `cold index of ${size} files, wall`, value: started.wall / 1000, unit: "s", ...(isLarge ? { target: 3 } : {}) },
        { name: `cold index of ${size} files, CPU`, value: started.cpu / 1000, unit: "s" },
        { name: `the same as a ratio to parsing alone`, value: started.cpu / parsing(root), unit: "×" },
        { name: `memory after the cold index of ${size} files`, value: memory / 1e6, unit: "MB", ...(isLarge ? { target: 200 } : {}) },
        { name: `keystroke at ${size} files, CPU with its question and answer`, value: await keystroke(started, root), unit: "ms", target: 5 },
      );
      await started.stop();
      const warm = await startServer(root, storage);
      figures.push({ name: `warm start with ${size} files, wall`, value: warm.wall / 1000, unit: "s" });
      await warm.stop();
      rmSync(storage, { recursive: true, force: true });
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  }
  return figures;
}
