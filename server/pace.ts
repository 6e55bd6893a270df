export interface Pace {
  /** True when the slice is used up. */
  readonly isOver: () => boolean;
  /** Lets waiting messages in when the slice is used up. */
  readonly rest: () => Promise<void>;
}

/** Lets whatever waits in the event loop have its turn. */
export const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** `slice`: longest stretch of work before waiting messages get their turn, in milliseconds. */
export function createPace(slice: number): Pace {
  let end = performance.now() + slice;
  const isOver = () => performance.now() >= end;
  return {
    isOver,
    rest: async () => {
      if (!isOver()) return;
      await breathe();
      end = performance.now() + slice;
    },
  };
}
