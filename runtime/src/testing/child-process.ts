import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { arrow } from "../handlers/arrow.ts";
import { batches } from "../handlers/batches.ts";
import { rows } from "../handlers/rows.ts";
import { sql } from "../handlers/sql.ts";
import type { AnyHandler, AnyIOManager, SqlQuery } from "../io/manager.ts";
import { inputContext, outputContext } from "./contexts.ts";
import { generation, generationSize, sampleValue } from "./samples.ts";

/** What a child process is told on its command line. */
export interface ChildTask {
  /** Module with the export `create`. */
  readonly module: string;
  readonly folder: string;
  readonly key: string;
}
/** What it is told on its standard input, once it may open the store. */
export interface ChildOrder {
  readonly handler: string;
  /** Number of the first generation it stores; each next one is one more. */
  readonly from: number;
  /** How many it stores before it closes and ends; without end when left out. */
  readonly count?: number;
}

const shapes: Readonly<Record<string, AnyHandler>> = { rows: rows(), arrow, batches };
export const childHandlers = [...Object.keys(shapes), "sql"];

async function generationValue(manager: AnyIOManager, handler: string, number: number): Promise<unknown> {
  const sample = generation(number, generationSize(number));
  const shape = shapes[handler];
  if (shape) return sampleValue(shape, sample);
  await manager.handleOutput(outputContext("behaviour/source", { columns: sample.columns }), await sampleValue(arrow, sample));
  return sql`select * from ${(await manager.loadInput(inputContext("behaviour/source", { handler: sql }))) as SqlQuery} order by i`;
}

/** What the child process of the suite does: stores one generation after the other, and says when it begins and ends each. */
export async function behaviourChild(task: ChildTask): Promise<void> {
  const { create } = (await import(task.module)) as { readonly create: (folder: string) => AnyIOManager };
  const lines = createInterface({ input: process.stdin });
  // written at once: what was said before a kill must have been said
  const say = (text: string): void => void writeSync(1, `${text}\n`);
  say("ready");
  const [line] = (await once(lines, "line")) as [string];
  const order = JSON.parse(line) as ChildOrder;
  const manager = create(task.folder);
  for (let number = order.from; number < order.from + (order.count ?? Number.POSITIVE_INFINITY); number += 1) {
    const value = await generationValue(manager, order.handler, number);
    say(`begin ${number}`);
    await manager.handleOutput(outputContext(task.key, { record: { dataVersion: String(number) }, columns: generation(number, 0).columns }), value);
    say(`end ${number}`);
  }
  await manager.close?.();
  lines.close();
  process.stdin.destroy();
}

/** A child process of the suite, as its parent sees it. */
export interface Child {
  readonly order: (order: ChildOrder) => void;
  /** Resolves when it has said a line that begins so; rejects when it ends before. */
  readonly said: (start: string) => Promise<string>;
  /** Ends it without a word. Resolves to everything it has said. */
  readonly kill: () => Promise<readonly string[]>;
  /** Resolves to everything it has said once it has ended by itself; rejects when it failed. */
  readonly ended: () => Promise<readonly string[]>;
}

/** Starts a child process of the entry point. `cache` is a folder where compiled code is kept for the next one. */
export function startChild(entry: string, task: ChildTask, cache: string): Child {
  const script = "import(process.argv[1]).then((module) => module.behaviourChild(JSON.parse(process.argv[2])))";
  const child: ChildProcess = spawn(process.execPath, ["--no-warnings", "-e", script, entry, JSON.stringify(task)], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, NODE_COMPILE_CACHE: cache },
  });
  const said: string[] = [];
  const waiting = new Set<() => void>();
  let complaint = "";
  let over: { readonly code: number | null; readonly signal: NodeJS.Signals | null } | undefined;
  const tell = (): void => {
    for (const each of [...waiting]) each();
  };
  createInterface({ input: child.stdout! }).on("line", (line) => {
    said.push(line);
    tell();
  });
  child.stderr!.on("data", (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  child.stdin!.on("error", () => {}); // it ended before it was told: its exit says more
  const closed = once(child, "close").then(([code, signal]) => {
    over = { code: code as number | null, signal: signal as NodeJS.Signals | null };
    tell();
  });
  const failure = (): Error =>
    new Error(`The child process ended (${over?.code ?? over?.signal}) and said: ${said.slice(-3).join(", ")}\n${complaint}`);
  return {
    order: (order) => void child.stdin!.write(`${JSON.stringify(order)}\n`),
    said: (start) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const line = said.find((text) => text.startsWith(start));
          if (line === undefined && !over) return;
          waiting.delete(look);
          if (line === undefined) reject(failure());
          else resolve(line);
        };
        waiting.add(look);
        look();
      }),
    kill: async () => {
      child.kill("SIGKILL");
      await closed;
      return said;
    },
    ended: async () => {
      await closed;
      if (over?.code !== 0) throw failure();
      return said;
    },
  };
}
