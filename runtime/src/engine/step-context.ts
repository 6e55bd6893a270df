import type { LogLevel, RunEvent } from "../model/events.ts";
import type { Clock } from "./clock.ts";
import type { ContextPartition, ContextPartitions } from "./context-partitions.ts";
import { addMetadata } from "./said-metadata.ts";

/** What `run` sees as its context. */
export interface StepContext {
  readonly key: string;
  /** `undefined` for an asset without partitions, and for one that makes several together. */
  readonly partition: ContextPartition | undefined;
  readonly partitions: ContextPartitions;
  readonly resources: Readonly<Record<string, unknown>>;
  readonly params: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
  readonly log: Readonly<Record<LogLevel, (message: string) => void>>;
  readonly metadata: (more: Readonly<Record<string, unknown>>) => void;
  readonly progress: (done: number, total?: number) => void;
  readonly dataVersion: (version: string) => void;
  /** Names of the outputs asked for. */
  readonly selected: ReadonlySet<string>;
}
/** What `run` said through its context. */
export interface Said {
  readonly metadata: Record<string, unknown>;
  dataVersion: string | undefined;
}

/** Least time between two progress events of a step, in milliseconds. */
const progressEvery = 100;

/** Builds the context of one attempt; after `close`, whatever an abandoned `run` still says is dropped. */
export function stepContext(
  step: { readonly runId: string; readonly step: string; readonly partition?: string },
  facts: Pick<StepContext, "key" | "partition" | "partitions" | "resources" | "params" | "signal" | "selected">,
  emit: (event: RunEvent) => void,
  clock: Clock,
): { readonly context: StepContext; readonly said: Said; readonly log: (level: LogLevel, message: string) => void; readonly close: () => void } {
  let open = true;
  let lastProgress = Number.NEGATIVE_INFINITY;
  const said: Said = { metadata: {}, dataVersion: undefined };
  const log = (level: LogLevel, message: string) => {
    if (open) emit({ type: "log", ...step, at: clock.now(), level, message: String(message) });
  };
  const context: StepContext = {
    ...facts,
    log: {
      debug: (message) => log("debug", message),
      info: (message) => log("info", message),
      warn: (message) => log("warn", message),
      error: (message) => log("error", message),
    },
    metadata: (more) => {
      addMetadata(said.metadata, more);
    },
    progress: (done, total) => {
      const at = clock.now();
      if (!open || (at - lastProgress < progressEvery && done !== total)) return;
      lastProgress = at;
      emit({ type: "progress", ...step, at, done, ...(total === undefined ? {} : { total }) });
    },
    dataVersion: (version) => {
      said.dataVersion = String(version);
    },
  };
  const close = () => {
    open = false;
  };
  return { context, said, log, close };
}
