import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { createMessageConnection, type InitializeResult, StreamMessageReader, StreamMessageWriter } from "vscode-languageserver/node";
import { type GraphDelta, type GraphSnapshot, graphChanged, graphRequest } from "../runtime/src/model/graph.ts";
import { ts } from "../server/index/typescript.ts";
import { fullCapabilities } from "../server/testing/client.ts";
import { questions } from "../server/testing/questions.ts";
import { positionIn } from "../server/testing/workbench.ts";
import { type BenchOptions, type Figure, percentile } from "./support/figures.ts";
import { writeWorkspace } from "./support/generated-workspace.ts";
import { usageOf } from "./support/process-usage.ts";

const server = path.join(import.meta.dirname, "../dist/server.cjs");
const keystrokes = 300;

/** Starts the shipped server on a folder; gives milliseconds of wall time and CPU until its index is complete. */
async function startServer(root: string, storagePath: string) {
  const child = spawn(process.execPath, [server, "--stdio"], { stdio: ["pipe", "pipe", "inherit"] });
  const connection = createMessageConnection(new StreamMessageReader(child.stdout), new StreamMessageWriter(child.stdin));
  const { promise: complete, resolve } = Promise.withResolvers<void>();
  connection.onNotification(graphChanged, (delta: GraphDelta) => {
    if (delta.complete) resolve();
  });
  // The server registers watchers, shows progress and asks for refreshes.
  connection.onRequest(() => null);
  connection.listen();
  const folder = pathToFileURL(root).href;
  const { capabilities } = await connection.sendRequest<InitializeResult>("initialize", {
    processId: process.pid,
    rootUri: folder,
    workspaceFolders: [{ uri: folder, name: "bench" }],
    capabilities: fullCapabilities,
    initializationOptions: { storagePath },
  });
  const before = { wall: performance.now(), cpu: usageOf(child.pid!).cpu };
  await connection.sendNotification("initialized", {});
  await complete;
  const wall = performance.now() - before.wall;
  const { cpu } = usageOf(child.pid!);
  return {
    connection,
    capabilities,
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

const uriOf = (root: string, name: string) => pathToFileURL(path.join(root, name)).href;
const edited = "assets/group0/file1.ts";

/** Opens the file that is typed in; gives its text. */
async function openEdited({ connection }: Server, root: string): Promise<string> {
  const text = readFileSync(path.join(root, edited), "utf8");
  await connection.sendNotification("textDocument/didOpen", {
    textDocument: { uri: uriOf(root, edited), languageId: "typescript", version: 1, text },
  });
  return text;
}

/** CPU of one typed character inside an asset's body, in milliseconds, with the question that makes sure it was taken in. */
async function keystroke({ connection, usage }: Server, root: string, text: string): Promise<number> {
  const uri = uriOf(root, edited);
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

/** The most that an answer may take at the 95th percentile with 10,000 files, in milliseconds, where there is a target. */
const limits: Readonly<Record<string, number>> = {
  "textDocument/codeLens": 30,
  "codeLens/resolve": 30,
  "textDocument/hover": 30,
  "textDocument/completion": 30,
  "textDocument/definition": 10,
  "textDocument/documentSymbol": 10,
  "textDocument/references": 50,
  "textDocument/prepareRename": 50,
  "textDocument/rename": 50,
  "workspace/symbol": 50,
};

/** How long each feature's answer takes, seen from the client, at a key that other assets read. */
async function answers({ connection, capabilities }: Server, root: string, text: string, { rounds, isLarge }: { rounds: number; isLarge: boolean }) {
  const ask = <Answer>(method: string, params: unknown) => connection.sendRequest<Answer>(method, params);
  const place = {
    uri: uriOf(root, edited),
    position: positionIn(text, text.indexOf('"clean_1"') + 3),
    range: { start: { line: 0, character: 0 }, end: { line: 60, character: 0 } },
  };
  const all = await questions(ask, capabilities, place);
  const inString = positionIn(text, text.indexOf("deps: [") + 7);
  const figures: Figure[] = [];
  for (const { method, ask: one } of all) {
    // A list of keys is offered only inside a string of `deps`.
    const work = method === "textDocument/completion" ? () => ask(method, { textDocument: { uri: place.uri }, position: inString }) : one;
    const taken: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const began = performance.now();
      await work();
      taken.push(performance.now() - began);
    }
    const target = isLarge ? limits[method] : undefined;
    figures.push({
      name: `${method}, 95th percentile`,
      value: percentile(taken, 95),
      unit: "ms",
      note: `50th ${percentile(taken, 50).toPrecision(3)}, first ${taken[0]!.toPrecision(3)}`,
      ...(target === undefined ? {} : { target }),
    });
  }
  return figures;
}

/** Replaces so many files on disk, as a branch switch does, and tells the server: until the first answer that has all of them. */
async function branchSwitch({ connection, usage }: Server, root: string, files: number): Promise<readonly Figure[]> {
  const names = Array.from({ length: files }, (_, index) => `assets/group${Math.floor(index / 20)}/file${index}.ts`);
  for (const name of names) {
    const file = path.join(root, name);
    writeFileSync(file, readFileSync(file, "utf8").replace(/asset\("clean_/, 'asset("tidy_'));
  }
  const [began, before] = [performance.now(), usage().cpu];
  await connection.sendNotification("workspace/didChangeWatchedFiles", { changes: names.map((name) => ({ uri: uriOf(root, name), type: 2 })) });
  for (;;) {
    const { assets } = await connection.sendRequest<GraphSnapshot>(graphRequest);
    if (assets.filter(({ key }) => key?.startsWith("tidy_")).length >= files - 1) break;
    await setTimeout(50);
  }
  const name = `branch switch of ${files.toLocaleString("en-US")} files, until the graph shows them`;
  return [{ name, value: (performance.now() - began) / 1000, unit: "s", note: `${((usage().cpu - before) / 1000).toPrecision(3)} s CPU` }];
}

async function measure(root: string, storage: string, files: number, quick: boolean): Promise<readonly Figure[]> {
  writeWorkspace(root, files);
  const started = await startServer(root, storage);
  await started.connection.sendRequest(graphRequest);
  // The server gives back what the first index left over once it is idle, and writes its cache.
  await setTimeout(5000);
  const { memory } = started.usage();
  const size = files.toLocaleString("en-US");
  const isLarge = files === 10_000;
  const figures: Figure[] = [
    { name: `cold index of ${size} files, wall`, value: started.wall / 1000, unit: "s", ...(isLarge ? { target: 3 } : {}) },
    { name: `cold index of ${size} files, CPU`, value: started.cpu / 1000, unit: "s" },
    { name: "the same as a ratio to parsing alone", value: started.cpu / parsing(root), unit: "x" },
    { name: `memory after the cold index of ${size} files`, value: memory / 1e6, unit: "MB", ...(isLarge ? { target: 200 } : {}) },
  ];
  const text = await openEdited(started, root);
  figures.push(
    ...(await answers(started, root, text, { rounds: quick ? 30 : 200, isLarge })).map((each) => ({ ...each, name: `${each.name}, ${size} files` })),
  );
  figures.push(
    { name: `keystroke at ${size} files, CPU with its question and answer`, value: await keystroke(started, root, text), unit: "ms CPU", target: 5 },
    { name: `memory after all that at ${size} files`, value: started.usage().memory / 1e6, unit: "MB" },
  );
  await started.stop();
  const warm = await startServer(root, storage);
  figures.push({
    name: `warm start with ${size} files, wall`,
    value: warm.wall / 1000,
    unit: "s",
    note: `${(warm.cpu / 1000).toPrecision(3)} s CPU`,
    ...(isLarge ? { target: 1.5 } : {}),
  });
  if (isLarge) figures.push(...(await branchSwitch(warm, root, 2000)));
  await warm.stop();
  return figures;
}

/** Starts, memory, keystrokes, answers and a branch switch of the shipped language server over generated projects. */
export async function run({ quick }: BenchOptions): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const files of [100, 1000, 10_000]) {
    const root = mkdtempSync(path.join(tmpdir(), "sluice-bench-"));
    const storage = `${root}-cache`;
    try {
      figures.push(...(await measure(root, storage, files, quick)));
    } finally {
      for (const each of [root, storage]) rmSync(each, { recursive: true, force: true });
    }
  }
  return figures;
}
