import type { AssetDefinition } from "../assets/definition.ts";
import type { AnyIOManager } from "../io/manager.ts";
import { isSluiceError, SluiceError } from "../model/errors.ts";
import type { LogLevel } from "../model/events.ts";
import type { StoredMetadata, StoredRecord } from "../model/values.ts";
import { collision } from "./check-target.ts";
import type { GraphStep } from "./graph.ts";
import { plain } from "./plain.ts";
import type { Said } from "./step-context.ts";
import { explainIo, type StepNames } from "./step-errors.ts";
import type { Materialized, StepHost, StepTask } from "./step-task.ts";
import { abandonable, Cancelled, type Stop } from "./stop.ts";
import { tracked } from "./streams.ts";
import { placeOf } from "./target.ts";
import { dataVersion, storedByItself } from "./versions.ts";

/** What storing needs to know of the attempt. */
export interface StoringStep {
  readonly task: StepTask;
  readonly step: GraphStep;
  readonly host: StepHost;
  readonly names: StepNames;
  readonly stop: Stop;
  readonly said: Said;
  readonly log: (level: LogLevel, message: string) => void;
}

/** Hands one output to its I/O manager with the record that travels with it; an `undefined` one was stored by the asset and is only recorded. */
export async function storeOutput(storing: StoringStep, asset: AssetDefinition, value: unknown): Promise<Materialized> {
  const { task, step, host, stop, said } = storing;
  if (stop.signal.aborted) throw new Cancelled();
  const { key } = asset;
  const codeVersion = host.codeVersions.get(key) ?? asset.codeVersion;
  const versions = { runId: task.runId, step: task.step.step, codeVersion, upstream: step.upstream, versions: task.versions };
  const inputs: Record<string, string> = {};
  for (const upstream of step.upstream) {
    const version = task.versions[upstream];
    if (version !== undefined) inputs[upstream] = version;
  }
  const record: Omit<StoredRecord, "handler" | "rows"> = {
    version: 1,
    key,
    runId: task.runId,
    step: task.step.step,
    attempt: task.attempt,
    ...(codeVersion === undefined ? {} : { codeVersion }),
    dataVersion: said.dataVersion ?? dataVersion(versions),
    inputs,
    storedAt: new Date(host.clock.now()).toISOString(),
  };
  if (value === undefined) {
    const told = Object.keys(said.metadata).length > 0;
    const metadata = told ? { metadata: { place: "stored by the asset itself", ...said.metadata } } : {};
    return { key, record: { ...record, handler: storedByItself }, ...metadata };
  }

  const started = host.clock.now();
  const reported = await handOver(storing, asset, value, record);
  const metadata = { ...said.metadata, ...(plain(reported) as StoredMetadata) };
  const at = host.clock.now();
  host.emit({ type: "output-stored", runId: task.runId, step: task.step.step, at, asset: key, metadata, ms: at - started });
  const handler = typeof metadata["handler"] === "string" ? metadata["handler"] : await recordedHandler(storing, asset);
  return { key, record: { ...record, handler, ...(metadata.rows === undefined ? {} : { rows: metadata.rows }) }, metadata };
}

/** As what the value was stored, from the record that lies with it, where the I/O manager did not say so. */
async function recordedHandler({ task, host, stop }: StoringStep, { key, table, ioManager }: AssetDefinition): Promise<string> {
  const { manager } = host.target.managerOf({ key, ioManager });
  try {
    const record = await manager.inspect?.({ key, table, partitions: [], signal: stop.signal });
    return (record?.runId === task.runId ? record.handler : undefined) ?? "unknown";
  } catch {
    // The value is stored; only the log's line about it knows less.
    return "unknown";
  }
}

async function handOver(
  { host, names, stop, log }: StoringStep,
  asset: AssetDefinition,
  value: unknown,
  record: Omit<StoredRecord, "handler" | "rows">,
) {
  const { key, table, write, schemaChange, columns, rowSchema } = asset;
  const bound = host.target.managerOf(asset);
  const stream = tracked(value);
  try {
    if (host.sharesPlace(key)) await refuseOthersPlace(bound.manager, asset, host.target.name, stop);
    const context = { key, table, partitions: [], write, schemaChange, columns, rowSchema, record, signal: stop.signal, log };
    return await abandonable(bound.manager.handleOutput(context, stream.value as never), stop, "after-grace");
  } catch (thrown) {
    if (thrown instanceof Cancelled) throw thrown;
    const own = stream.failure();
    if (own) throw own.thrown;
    const error = explainIo(thrown, names, `Storing ${key} through ${bound.name}`);
    throw isSluiceError(error) && error.asset === undefined ? withAsset(error, key) : error;
  }
}

/** Two assets may share a place as long as only one of them stores there: whoever comes second must not overwrite the first. */
async function refuseOthersPlace(manager: AnyIOManager, asset: AssetDefinition, target: string, stop: Stop): Promise<void> {
  const { key, table } = asset;
  const found = await manager.inspect?.({ key, table, partitions: [], signal: stop.signal });
  if (found?.key === undefined || found.key === key) return;
  const { code, message, hint } = collision([key, found.key], target, placeOf(manager, asset) ?? "");
  throw new SluiceError(code, message, { hint, asset: key });
}

const withAsset = (error: SluiceError, asset: string): SluiceError => {
  const named = new SluiceError(error.code, error.message, { hint: error.hint, asset, place: error.place, cause: error.cause });
  if (error.stack !== undefined) named.stack = error.stack;
  return named;
};
