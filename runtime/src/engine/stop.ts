import type { Clock } from "./clock.ts";

/** Thrown inside a step whose signal was aborted; never leaves it. */
export class Cancelled extends Error {}

/** How one attempt of a step is stopped. */
export interface Stop {
  readonly signal: AbortSignal;
  /** Rejects with `Cancelled` as soon as the signal is aborted. */
  readonly atOnce: Promise<never>;
  /** Rejects some time later: stores get that long to clean up after themselves. */
  readonly afterGrace: Promise<never>;
  /** Lets go of the signal and the timer. */
  readonly finish: () => void;
}

/** Time an I/O manager has for coming to its end after it was told to stop, in milliseconds. */
const grace = 10_000;

export function stopOf(signal: AbortSignal, clock: Clock): Stop {
  let stopNow: (reason: Cancelled) => void = () => {};
  let giveUp: (reason: Cancelled) => void = () => {};
  const atOnce = new Promise<never>((_, reject) => {
    stopNow = reject;
  });
  const afterGrace = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  // Nobody may be waiting when it happens.
  atOnce.catch(() => {});
  afterGrace.catch(() => {});
  let noTimer = () => {};
  const act = () => {
    stopNow(new Cancelled());
    noTimer = clock.after(grace, () => giveUp(new Cancelled()));
  };
  if (signal.aborted) act();
  else signal.addEventListener("abort", act, { once: true });
  const finish = () => {
    signal.removeEventListener("abort", act);
    noTimer();
  };
  return { signal, atOnce, afterGrace, finish };
}

/**
 * The result of the work, unless the step is stopped before. User code that does not heed the signal is left behind at once, since nothing it
 * returns is stored any more; I/O managers are waited for, so that a later attempt never meets an earlier one that still writes.
 */
export async function abandonable<Value>(work: Promise<Value>, stop: Stop, how: "at-once" | "after-grace"): Promise<Value> {
  if (stop.signal.aborted && how === "at-once") {
    work.catch(() => {});
    throw new Cancelled();
  }
  return Promise.race([work, how === "at-once" ? stop.atOnce : stop.afterGrace]);
}
