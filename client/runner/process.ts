import { type ChildProcess, fork } from "node:child_process";
import { fromErrorInfo, SluiceError } from "../../runtime/src/model/errors.ts";
import type { LogLevel, RunEvent } from "../../runtime/src/model/events.ts";
import {
  protocolVersion,
  type RunnerCall,
  type RunnerMessage,
  type RunnerRequestName,
  type RunnerRequests,
  type RunnerWithdrawal,
} from "../../runtime/src/model/protocol.ts";
import { runnerEnvironment } from "./environment.ts";
import { keepLastLines } from "./last-lines.ts";

/** What the runner is told when it starts, as JSON in its only argument. */
export interface RunnerLaunch {
  /** Project folder, absolute. */
  readonly root: string;
  /** Embedded modules by import specifier, as absolute paths; used where the project has no copy of its own. */
  readonly embedded: Readonly<Record<string, string>>;
}

export interface RunnerExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** Of the error output. */
  readonly lastLines: readonly string[];
}

export interface RunnerProcessOptions {
  /** The runner's file. */
  readonly entry: string;
  readonly launch: RunnerLaunch;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Called first; throws where running the workspace's code is not allowed. */
  readonly permit: () => void;
  /** It is up and takes calls. */
  readonly onReady: () => void;
  readonly onEvent: (event: RunEvent) => void;
  readonly onLog: (level: LogLevel, message: string) => void;
  /** Once, when it ended; `expected` when `stop` asked for it. */
  readonly onExit: (exit: RunnerExit, expected: boolean) => void;
}

export interface RunnerProcess {
  readonly pid: number | undefined;
  /** Once it has ended: resolves when its last words have been read and `onExit` was told. */
  readonly exiting: () => Promise<void> | undefined;
  /** True when somebody else has ended it, and not the code that it ran. */
  readonly wasKilled: () => boolean;
  /** Rejects with the runner's `SluiceError`, or `runner/crashed` when it ends before it answers. */
  readonly call: <Name extends RunnerRequestName>(
    name: Name,
    params: RunnerRequests[Name]["params"],
    signal?: AbortSignal,
  ) => Promise<RunnerRequests[Name]["result"]>;
  /** Asks it to end, and ends it after a grace period (milliseconds) longer than its own. */
  readonly stop: (grace?: number) => Promise<void>;
}

/** How long the rest of the error output is waited for, milliseconds. */
const lastWords = 500;

interface Waiting {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

const withdrawn = () => new SluiceError("run/cancelled", "The answer is not wanted any more.");

/** What to tell when a runner ended by itself. */
export const crashError = ({ code, signal, lastLines }: RunnerExit) =>
  new SluiceError(
    "runner/crashed",
    `The runner ended ${signal === null ? `with code ${code}` : `on ${signal}`}.${lastLines.map((line) => `\n${line}`).join("")}`,
    {
      hint: "What was stored before is still there. Restart the runner and try again.",
    },
  );

/** Starts the process that loads and runs the project's code. The only place that forks. */
export function startRunnerProcess(options: RunnerProcessOptions): RunnerProcess {
  options.permit();
  const { entry, launch, onEvent, onLog } = options;
  const child: ChildProcess = fork(entry, [JSON.stringify(launch)], {
    cwd: launch.root,
    serialization: "advanced",
    execArgv: [],
    env: runnerEnvironment(options.environment),
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const waiting = new Map<number, Waiting>();
  const errorLines = keepLastLines(20);
  let lastId = 0;
  let stopping = false;
  let over: Error | undefined;
  let exited = false;
  let ready: () => void = () => undefined;
  let failed: (error: Error) => void = () => undefined;
  const started = new Promise<void>((resolve, reject) => {
    ready = resolve;
    failed = reject;
  });
  // Every call waits for it; without a call its failure is told by onExit.
  started.catch(() => undefined);
  let gone: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    gone = resolve;
  });

  function end(exit: RunnerExit): void {
    if (over) return;
    over = crashError(exit);
    failed(over);
    for (const call of waiting.values()) call.reject(over);
    waiting.clear();
    gone();
    options.onExit(exit, stopping);
  }

  function settle(id: number, how: (call: Waiting) => void): void {
    const call = waiting.get(id);
    waiting.delete(id);
    if (call) how(call);
  }

  function receive(message: RunnerMessage): void {
    switch (message.type) {
      case "ready":
        if (message.protocol === protocolVersion) {
          ready();
          options.onReady();
        } else {
          failed(new SluiceError("runner/crashed", `The runner speaks protocol ${message.protocol}, the extension ${protocolVersion}.`));
        }
        break;
      case "answer":
        settle(message.id, (call) => call.resolve(message.result as never));
        break;
      case "refusal":
        settle(message.id, (call) => call.reject(fromErrorInfo(message.error)));
        break;
      case "event":
        onEvent(message.event);
        break;
      case "log":
        onLog(message.level, message.message);
    }
  }

  child.on("message", (message) => receive(message as unknown as RunnerMessage));
  child.stdout?.setEncoding("utf8").on("data", (text: string) => onLog("info", text.trimEnd()));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    errorLines.add(text);
    onLog("warn", text.trimEnd());
  });
  child.on("error", (error) => {
    errorLines.add(`${error.message}\n`);
    if (child.pid === undefined) end({ code: null, signal: null, lastLines: errorLines.lines() });
  });
  child.on("disconnect", () => {
    if (stopping) return;
    // One that has hung up will never answer; one that is ending may say with which code.
    setTimeout(() => {
      if (!exited) child.kill("SIGKILL");
    }, lastWords).unref();
  });
  // Not "close": it never comes when this side has disconnected.
  child.on("exit", (code, signal) => {
    exited = true;
    const report = () => end({ code, signal, lastLines: errorLines.lines() });
    if (child.stderr?.readableEnded !== false) return report();
    child.stderr.once("end", report);
    // A program that user code has started may keep the pipe open.
    setTimeout(report, lastWords);
  });

  return {
    pid: child.pid,
    exiting: () => (exited ? ended : undefined),
    wasKilled: () => !stopping && (child.signalCode === "SIGKILL" || child.signalCode === "SIGTERM"),
    async call(name, params, signal) {
      await started;
      if (over) throw over;
      if (signal?.aborted) throw withdrawn();
      return new Promise((resolve, reject) => {
        const id = ++lastId;
        // What cannot be sent is rejected with the others, when the process has ended.
        const send = (message: RunnerCall | RunnerWithdrawal) => child.connected && child.send(message, () => undefined);
        const withdraw = () => send({ withdraw: id });
        const settled = () => signal?.removeEventListener("abort", withdraw);
        waiting.set(id, {
          resolve(result) {
            settled();
            resolve(result);
          },
          reject(error) {
            settled();
            reject(error);
          },
        });
        signal?.addEventListener("abort", withdraw, { once: true });
        send({ id, name, params } as RunnerCall);
      });
    },
    async stop(grace = 6000) {
      if (over) return;
      stopping = true;
      if (child.connected) child.disconnect();
      const timer = setTimeout(() => child.kill("SIGKILL"), grace);
      await ended;
      clearTimeout(timer);
    },
  };
}
