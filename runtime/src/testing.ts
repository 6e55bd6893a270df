import { behaviourSuite } from "./testing/behaviour.ts";

/**
 * Holds an I/O manager to what every I/O manager does (docs/guides/io-managers.md), with any test runner. Needs fast-check.
 * @example ioManagerBehaviour({ name: "mine", create, module: new URL("./mine.ts", import.meta.url).href, handlers: [rows(), arrow] }, { describe, it })
 */
export const ioManagerBehaviour = behaviourSuite(import.meta.url);

export { behaviourChild } from "./testing/child.ts";
export { inputContext, outputContext } from "./testing/contexts.ts";
export { type InvokeContext, invoke } from "./testing/invoke.ts";
export { type MaterializeToMemoryOptions, type MemoryRun, materializeToMemory } from "./testing/materialize-to-memory.ts";
export type { BehaviourSubject, KillOutcome, TestRunner } from "./testing/subject.ts";
