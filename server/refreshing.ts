/** Calls `refresh` once, `delay` milliseconds after the first of several requests for it. */
export interface Refreshing {
  readonly request: () => void;
  readonly close: () => void;
}

export function createRefreshing(refresh: () => void, delay = 250): Refreshing {
  let timer: NodeJS.Timeout | undefined;
  return {
    request: () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        refresh();
      }, delay);
    },
    close: () => clearTimeout(timer),
  };
}
