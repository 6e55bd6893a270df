import type { Reach } from "../io/manager.ts";
import type { RunEvent } from "../model/events.ts";
import { runStep } from "./step.ts";
import type { StepHost, StepOutcome, StepTask } from "./step-task.ts";

/**
 * Carries steps to where they run. Tasks and outcomes are plain data, so that a transport may cross processes and machines.
 * Events are hints for people; outcomes are the truth.
 */
export interface Transport {
  /** How far away steps may run; every I/O manager of the plan must reach as far. */
  readonly reach: Reach;
  readonly submit: (task: StepTask) => void;
  /** Calls the listener for what happens inside steps. */
  readonly events: (listener: (event: RunEvent) => void) => void;
  /** How the attempt of that step came out; resolves once per submitted task, and never rejects. */
  readonly outcome: (step: string) => Promise<StepOutcome>;
  /** Stops the step's work; its outcome follows. */
  readonly cancel: (step: string) => void;
  /** Ends when no step runs any more. */
  readonly close: () => Promise<void>;
}

/** Runs steps in this process. */
export function inProcess(host: Omit<StepHost, "emit" | "verified">): Transport {
  const running = new Map<string, { readonly controller: AbortController; readonly outcome: Promise<StepOutcome> }>();
  const listeners: ((event: RunEvent) => void)[] = [];
  const stepHost: StepHost = {
    ...host,
    verified: new Set(),
    emit: (event) => {
      for (const listener of listeners) listener(event);
    },
  };
  return {
    reach: "process",
    submit: (task) => {
      const controller = new AbortController();
      const outcome = runStep(task, stepHost, controller.signal);
      running.set(task.step.step, { controller, outcome });
    },
    events: (listener) => {
      listeners.push(listener);
    },
    outcome: async (step) => {
      try {
        return await running.get(step)!.outcome;
      } finally {
        running.delete(step);
      }
    },
    cancel: (step) => running.get(step)?.controller.abort(),
    close: async () => {
      await Promise.all(Array.from(running.values(), ({ outcome }) => outcome));
    },
  };
}
