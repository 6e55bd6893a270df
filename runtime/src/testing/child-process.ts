import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { ChildOrder, ChildTask } from "./child.ts";

/** A child process of the suite, as its parent sees it. */
export interface Child {
  readonly order: (order: ChildOrder) => void;
  /** Resolves to the last of that many lines that begin so, once it has said them; rejects when it ends before. */
  readonly said: (start: string, times?: number) => Promise<string>;
  /** Ends it without a word. Resolves to everything it has said. */
  readonly kill: () => Promise<readonly string[]>;
  /** Resolves to everything it has said once it has ended by itself; rejects when it failed. */
  readonly ended: () => Promise<readonly string[]>;
}

/** Starts a child process of the entry point. `cache` is a folder where compiled code is kept for the next one, `temporary` its folder for temporary files. */
export function startChild(entry: string, task: ChildTask, cache: string, temporary: string): Child {
  const script = "import(process.argv[1]).then((module) => module.behaviourChild(JSON.parse(process.argv[2])))";
  const child: ChildProcess = spawn(process.execPath, ["--no-warnings", "-e", script, entry, JSON.stringify(task)], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, NODE_COMPILE_CACHE: cache, TMPDIR: temporary, TEMP: temporary, TMP: temporary },
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
    said: (start, times = 1) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const line = said.filter((text) => text.startsWith(start))[times - 1];
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
