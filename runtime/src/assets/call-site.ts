/**
 * The line that called `callee`, as a source-mapped trace shows it: "file:///project/assets/sales.ts:3:24".
 * Cheap: one frame is captured. `undefined` where the engine shows none.
 */
export function callSite(callee: (...args: never) => unknown): string | undefined {
  const limit = Error.stackTraceLimit;
  const holder: { stack?: unknown } = {};
  Error.stackTraceLimit = 1;
  Error.captureStackTrace(holder, callee);
  const trace = holder.stack;
  Error.stackTraceLimit = limit;
  if (typeof trace !== "string") return undefined;
  const frame = /^\s*at (?:.*\((.+)\)|(?:async )?(.+))$/m.exec(trace);
  return frame?.[1] ?? frame?.[2];
}
