/** Keeps two runs of a process from making the same thing at once. */
export interface Turns {
  /** Takes the names when nobody has any of them; otherwise `wait` ends when those who have them are done. */
  readonly take: (
    names: readonly string[],
  ) => { readonly free: true; readonly end: () => void } | { readonly free: false; readonly wait: (signal: AbortSignal) => Promise<void> };
}

export function takeTurns(): Turns {
  const taken = new Map<string, Promise<void>>();
  return {
    take(names) {
      const others = new Set(names.flatMap((name) => taken.get(name) ?? []));
      if (others.size > 0) return { free: false, wait: (signal) => waitFor([...others], signal) };
      let end = () => {};
      const done = new Promise<void>((resolve) => {
        end = resolve;
      });
      for (const name of names) taken.set(name, done);
      return {
        free: true,
        end: () => {
          for (const name of names) taken.delete(name);
          end();
        },
      };
    },
  };
}

async function waitFor(others: readonly Promise<void>[], signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
  });
  signal.addEventListener("abort", stop, { once: true });
  try {
    await Promise.race([Promise.all(others), aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
