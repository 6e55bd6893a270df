/** Longest stretch of work before waiting messages get their turn, in milliseconds. */
const slice = 8;

export interface Pace {
  /** True when the slice is used up. */
  readonly isOver: () => boolean;
  /** Lets waiting messages in when the slice is used up. */
  readonly rest: () => Promise<void>;
}

/** Lets whatever waits in the event loop have its turn. */
export const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export function createPace(now: () => number = () => performance.now()): Pace {
  let end = now() + slice;
  const isOver = () => now() >= end;
  return {
    isOver,
    rest: async () => {
      if (!isOver()) return;
      await breathe();
      end = now() + slice;
    },
  };
}
