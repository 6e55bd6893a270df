/**
 * The line that called `callee`, as a source-mapped trace shows it: "file:///project/assets/sales.ts:3:24".
 * Cheap: one frame is captured. `undefined` where the engine shows none.
 */
export const callSite = (callee: (...args: never) => unknown): string | undefined => callSites(callee, 1)[0];

/** The same with the lines that called that one, innermost first: at most `most` of them. */
export function callSites(callee: (...args: never) => unknown, most = 20): readonly string[] {
  const limit = Error.stackTraceLimit;
  const holder: { stack?: unknown } = {};
  Error.stackTraceLimit = most;
  Error.captureStackTrace(holder, callee);
  const trace = holder.stack;
  Error.stackTraceLimit = limit;
  if (typeof trace !== "string") return [];
  return [...trace.matchAll(/^\s*at (?:.*\((.+)\)|(?:async )?(.+))$/gm)].flatMap(([, named, plain]) => named ?? plain ?? []);
}
