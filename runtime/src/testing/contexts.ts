import type { InputContext, OutputContext } from "../io/manager.ts";

const never = (): AbortSignal => new AbortController().signal;

/** What an I/O manager's `handleOutput` receives, for tests: the key, and whatever else matters to the test. */
export function outputContext(
  key: string,
  more: Partial<Omit<OutputContext, "key" | "record">> & { readonly record?: Partial<OutputContext["record"]> } = {},
): OutputContext {
  const { record, ...rest } = more;
  return {
    key,
    partitions: [],
    write: "replace",
    schemaChange: "evolve",
    signal: never(),
    log: () => {},
    ...rest,
    record: {
      version: 1,
      key,
      runId: "test-run",
      step: key,
      attempt: 1,
      codeVersion: "1",
      dataVersion: "1",
      storedAt: "2026-01-01T00:00:00.000Z",
      ...record,
    },
  };
}

/** What an I/O manager's `loadInput`, `inspect`, `preview` and `delete` receive, for tests. */
export const inputContext = (key: string, more: Partial<Omit<InputContext, "key">> = {}): InputContext => ({
  key,
  partitions: [],
  signal: never(),
  ...more,
});
