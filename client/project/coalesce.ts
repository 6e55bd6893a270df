/** Work that is asked for often and done once: after a quiet time, never twice at a time. */
export interface Coalesced {
  /** Does it after the quiet time, counted anew with every call. Resolves when it was done. */
  readonly soon: () => Promise<void>;
  /** Does it now, or after the one that is under way. */
  readonly now: () => Promise<void>;
  readonly dispose: () => void;
}

/** `delay` in milliseconds. `work` must not reject. */
export function coalesce(work: () => Promise<void>, delay: number): Coalesced {
  let timer: NodeJS.Timeout | undefined;
  let current: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  let waiting: (() => void)[] = [];

  function now(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const told = waiting;
    waiting = [];
    const run = async () => {
      await work();
      for (const tell of told) tell();
    };
    if (!current) {
      current = run().finally(() => {
        current = undefined;
      });
      return current;
    }
    if (told.length > 0) waiting.push(...told);
    next ??= current.then(() => {
      next = undefined;
      return now();
    });
    return next;
  }

  return {
    now,
    soon() {
      clearTimeout(timer);
      timer = setTimeout(now, delay);
      return new Promise((resolve) => waiting.push(resolve));
    },
    dispose() {
      clearTimeout(timer);
      for (const tell of waiting) tell();
      waiting = [];
    },
  };
}
