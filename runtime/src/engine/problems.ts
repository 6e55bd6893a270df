import { type ErrorInfo, fromErrorInfo, isSluiceError, SluiceError, toErrorInfo } from "../model/errors.ts";

/** Several findings as one error to throw: the code of the first, every message and hint once. `cause` is an AggregateError of them all. */
export function asOneError(found: readonly ErrorInfo[]): SluiceError {
  const first = found[0]!;
  if (found.length === 1) return fromErrorInfo(first);
  const hints = [...new Set(found.flatMap(({ hint }) => (hint === undefined ? [] : [hint])))];
  return new SluiceError(first.code, found.map(({ message }) => message).join("\n"), {
    hint: hints.length === 0 ? undefined : hints.join("\n"),
    asset: first.asset,
    place: first.place,
    cause: new AggregateError(found.map(fromErrorInfo), `${found.length} problems`),
  });
}

/** The findings that an error thrown by planning stands for, one each. */
export function problemsOf(thrown: unknown): readonly ErrorInfo[] {
  const cause = isSluiceError(thrown) ? thrown.cause : undefined;
  return cause instanceof AggregateError ? cause.errors.map((error) => toErrorInfo(error, "run/failed")) : [toErrorInfo(thrown, "run/failed")];
}

/** What the call returns, or its SluiceError as data; anything else that it throws goes on. */
export function attempt<Value>(call: () => Value, problems: ErrorInfo[]): Value | undefined {
  try {
    return call();
  } catch (thrown) {
    if (!isSluiceError(thrown)) throw thrown;
    const { stack: _, ...info } = toErrorInfo(thrown, thrown.code);
    problems.push(info);
    return undefined;
  }
}
