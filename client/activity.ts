/** Knows whether anything of ours is under way, for tests that must wait without guessing. */
export interface Activity {
  readonly track: <T>(work: Promise<T>) => Promise<T>;
  /** Resolves when nothing is under way. */
  readonly whenIdle: () => Promise<void>;
}

export function createActivity(): Activity {
  const pending = new Set<Promise<unknown>>();
  return {
    track(work) {
      pending.add(work);
      const done = () => void pending.delete(work);
      work.then(done, done);
      return work;
    },
    async whenIdle() {
      while (pending.size > 0) await Promise.allSettled(pending);
    },
  };
}
