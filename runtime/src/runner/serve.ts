import type { RunPlan } from "../engine/plan.ts";
import { SluiceError, toErrorInfo } from "../model/errors.ts";
import type { PlannedAsset } from "../model/graph.ts";
import {
  protocolVersion,
  type RunnerCall,
  type RunnerMessage,
  type RunnerRequestName,
  type RunnerRequests,
  type RunnerWithdrawal,
} from "../model/protocol.ts";
import type { PackageHooks } from "../project/packages.ts";
import { createSession, type Session } from "../project/session.ts";
import { captureOutput } from "./output.ts";

type Handlers = {
  readonly [Name in RunnerRequestName]: (params: RunnerRequests[Name]["params"], signal: AbortSignal) => Promise<RunnerRequests[Name]["result"]>;
};

/** What a plan makes, by asset. */
function plannedAssets({ steps }: RunPlan): readonly PlannedAsset[] {
  const found = new Map<string, PlannedAsset>();
  for (const { assets, partitions, skip } of steps) {
    if (skip) continue;
    for (const key of assets) found.set(key, partitions ? { key, partitions: (found.get(key)?.partitions ?? 0) + partitions.length } : { key });
  }
  return [...found.values()];
}

/** How long runs that are being cancelled may take to let go of their stores when the other side is gone, in milliseconds. */
const grace = 5000;

export interface ServeOptions {
  readonly root: string;
  readonly packages: PackageHooks;
}

/** Answers the process that forked this one until it disconnects; then what runs is cancelled, stores are closed, and the process ends. */
export function serve({ root, packages }: ServeOptions): void {
  const send = (message: RunnerMessage): void => {
    if (process.connected) process.send?.(message);
  };
  let session: Session | undefined;
  captureOutput((level, message) => send({ type: "log", level, message: session ? session.redact(message) : message }));

  // opened on first need, and again after a failure: the config may be written meanwhile
  const opened = (): Session => {
    session ??= createSession({ root, packages });
    return session;
  };
  const running = new Map<string, AbortController>();
  const handlers: Handlers = {
    manifest: () => opened().manifest(),
    status: ({ target, keys }) => opened().status(target, keys),
    async materialize({ runId, ...request }) {
      if (running.has(runId)) throw new SluiceError("config/invalid", `The run ${runId} is under way already.`);
      const controller = new AbortController();
      running.set(runId, controller);
      try {
        return await opened().materialize({ runId, ...request }, (event) => send({ type: "event", event }), controller.signal);
      } finally {
        running.delete(runId);
      }
    },
    async cancel({ runId }) {
      const controller = running.get(runId);
      controller?.abort(new SluiceError("run/cancelled", "The run was cancelled."));
      return controller !== undefined;
    },
    plan: async (request, signal) => plannedAssets(await opened().plan(request, signal)),
    preview: ({ target, key, request, partition }, signal) => opened().preview(target, key, request, { partition, signal }),
    cell: ({ target, key, partition, ...cell }, signal) => opened().cell(target, key, cell, { partition, signal }),
    addPartitions: ({ target, name, keys, confirmed = false }, signal) => opened().addPartitions(target, name, keys, confirmed, signal),
    partitions: ({ target, key }) => opened().partitions(target, key),
    runs: ({ limit }) => opened().runs(limit),
    runEvents: ({ runId }) => opened().runEvents(runId),
    async release() {
      await session?.release();
      return null;
    },
  };

  /** By id of the call. */
  const answering = new Map<number, AbortController>();
  async function answer(call: RunnerCall): Promise<void> {
    const controller = new AbortController();
    answering.set(call.id, controller);
    try {
      const handle = handlers[call.name] as (params: unknown, signal: AbortSignal) => Promise<unknown>;
      if (typeof handle !== "function") throw new SluiceError("runner/crashed", `The runner knows no request "${String(call.name)}".`);
      send({ type: "answer", id: call.id, result: await handle(call.params, controller.signal) });
    } catch (error) {
      const { signal } = controller;
      send({ type: "refusal", id: call.id, error: toErrorInfo(signal.aborted ? signal.reason : error, "runner/crashed") });
    } finally {
      answering.delete(call.id);
    }
  }

  process.on("message", (message: RunnerCall | RunnerWithdrawal) => {
    if ("withdraw" in message) answering.get(message.withdraw)?.abort(new SluiceError("run/cancelled", "The answer is not wanted any more."));
    else void answer(message);
  });
  process.on("disconnect", () => {
    setTimeout(() => process.exit(1), grace).unref();
    for (const controller of running.values()) controller.abort(new SluiceError("run/cancelled", "The editor is gone."));
    void (session?.close() ?? Promise.resolve()).finally(() => process.exit(0));
  });
  send({ type: "ready", node: process.versions.node, protocol: protocolVersion });
}
