/** Calls `work` at most once per `interval` (milliseconds), at the end of it. */
export function throttle(work: () => void, interval: number): { readonly call: () => void; readonly dispose: () => void } {
  let timer: NodeJS.Timeout | undefined;
  return {
    call() {
      timer ??= setTimeout(() => {
        timer = undefined;
        work();
      }, interval);
    },
    dispose: () => clearTimeout(timer),
  };
}
