import type { RetryDefinition } from "../assets/definition.ts";
import type { ErrorCode } from "../model/errors.ts";

/** Errors that another attempt may not meet again; the others say that something has to be changed first. */
const passing = new Set<ErrorCode>(["run/failed", "run/timeout", "io/unavailable", "io/locked", "io/conflict", "sql/failed", "runner/crashed"]);

/** Milliseconds until the next attempt; `undefined` when there is none. `attempt` is the one that failed, from 1. */
export function retryDelay(policy: RetryDefinition | undefined, attempt: number, code: ErrorCode, random: () => number): number | undefined {
  if (!policy || attempt > policy.max || !passing.has(code)) return undefined;
  const base = policy.delay ?? 0;
  const delay = policy.backoff === "exponential" ? (2 ** attempt - 1) * base : policy.backoff === "linear" ? attempt * base : base;
  return Math.round(policy.jitter ? delay * random() : delay);
}
