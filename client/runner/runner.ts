import type { RunnerRequestName, RunnerRequests } from "../../runtime/src/model/protocol.ts";
import { type RunnerExit, type RunnerProcess, type RunnerProcessOptions, startRunnerProcess } from "./process.ts";

/** A project's runner: started on first need, and again after it ended. */
export interface Runner {
  /** `signal`: the answer is not wanted any more; the runner ends what it does for it. */
  readonly call: <Name extends RunnerRequestName>(
    name: Name,
    params: RunnerRequests[Name]["params"],
    signal?: AbortSignal,
  ) => Promise<RunnerRequests[Name]["result"]>;
  readonly isRunning: () => boolean;
  readonly pid: () => number | undefined;
  /** Ends the process; the next call starts another. */
  readonly stop: () => Promise<void>;
}

export interface RunnerOptions extends Omit<RunnerProcessOptions, "onExit" | "onReady"> {
  readonly onState: (state: "starting" | "ready" | "off" | "gone") => void;
  readonly onCrash: (exit: RunnerExit) => void;
  readonly start?: (options: RunnerProcessOptions) => RunnerProcess;
}

export function createRunner({ onState, onCrash, start = startRunnerProcess, ...options }: RunnerOptions): Runner {
  let current: RunnerProcess | undefined;
  let ending: Promise<void> | undefined;
  /** Runs that a process has told something of. */
  const begun = new Set<string>();

  function ensure(): RunnerProcess {
    if (current) return current;
    const launched = start({
      ...options,
      onEvent(event) {
        begun.add(event.runId);
        options.onEvent(event);
      },
      onReady: () => onState("ready"),
      onExit(exit, expected) {
        if (current === launched) current = undefined;
        onState(expected ? "off" : "gone");
        if (!expected) onCrash(exit);
      },
    });
    current = launched;
    onState("starting");
    return launched;
  }

  return {
    isRunning: () => current !== undefined,
    pid: () => current?.pid,
    async call(name, params, signal) {
      // Two at once would compete for the database files.
      await ending;
      await current?.exiting();
      const used = ensure();
      try {
        return await used.call(name, params, signal);
      } catch (error) {
        // Killed from outside, perhaps before anybody noticed: that says nothing about the call, unless it has begun to change things.
        if (!used.wasKilled() || ("runId" in params && begun.has(params.runId))) throw error;
        return ensure().call(name, params, signal);
      }
    },
    async stop() {
      const used = current;
      current = undefined;
      ending = used?.stop() ?? ending;
      await ending;
    },
  };
}
