import type { RunnerRequestName, RunnerRequests } from "../../runtime/src/model/protocol.ts";
import { type RunnerExit, type RunnerProcess, type RunnerProcessOptions, startRunnerProcess } from "./process.ts";

/** A project's runner: started on first need, and again after it ended. */
export interface Runner {
  readonly call: <Name extends RunnerRequestName>(name: Name, params: RunnerRequests[Name]["params"]) => Promise<RunnerRequests[Name]["result"]>;
  readonly isRunning: () => boolean;
  readonly pid: () => number | undefined;
  /** Ends the process; the next call starts another. */
  readonly stop: () => Promise<void>;
}

export interface RunnerOptions extends Omit<RunnerProcessOptions, "onExit" | "onReady"> {
  readonly onState: (state: "starting" | "ready" | "off" | "gone") => void;
  readonly onCrash: (exit: RunnerExit) => void;
  /** Milliseconds without a call after which stores are closed, so that other programs can open them; 0 for never. */
  readonly idleRelease: () => number;
  readonly start?: (options: RunnerProcessOptions) => RunnerProcess;
}

export function createRunner({ onState, onCrash, idleRelease, start = startRunnerProcess, ...options }: RunnerOptions): Runner {
  let current: RunnerProcess | undefined;
  let idle: NodeJS.Timeout | undefined;
  let ending: Promise<void> | undefined;

  function ensure(): RunnerProcess {
    if (current) return current;
    const launched = start({
      ...options,
      onReady: () => onState("ready"),
      onExit(exit, expected) {
        clearTimeout(idle);
        if (current === launched) current = undefined;
        onState(expected ? "off" : "gone");
        if (!expected) onCrash(exit);
      },
    });
    current = launched;
    onState("starting");
    return launched;
  }

  function releaseWhenIdle(used: RunnerProcess): void {
    clearTimeout(idle);
    const delay = idleRelease();
    if (delay <= 0 || used.pending() > 0 || current !== used) return;
    idle = setTimeout(() => {
      if (current !== used || used.pending() > 0) return;
      used.call("release", {}).catch((error: Error) => options.onLog("warn", error.message));
    }, delay);
  }

  return {
    isRunning: () => current !== undefined,
    pid: () => current?.pid,
    async call(name, params) {
      // Two at once would compete for the database files.
      await ending;
      const used = ensure();
      clearTimeout(idle);
      try {
        return await used.call(name, params);
      } finally {
        releaseWhenIdle(used);
      }
    },
    async stop() {
      const used = current;
      current = undefined;
      clearTimeout(idle);
      ending = used?.stop() ?? ending;
      await ending;
    },
  };
}
