import type { AssetDefinition } from "../assets/definition.ts";
import type { AnyIOManager, OutputContext } from "../io/manager.ts";
import { isSluiceError, SluiceError } from "../model/errors.ts";
import type { LogLevel } from "../model/events.ts";
import type { StoredMetadata, StoredRecord } from "../model/values.ts";
import { bigintColumns } from "./bigints.ts";
import { collision } from "./check-target.ts";
import { stagedChecks } from "./checks.ts";
import type { GraphStep } from "./graph.ts";
import { type PartitionAddress, valueId } from "./partitioning.ts";
import { plain } from "./plain.ts";
import { validRows } from "./row-schema.ts";
import type { Said } from "./step-context.ts";
import { explainIo, type StepNames } from "./step-errors.ts";
import type { Materialized, StepHost, StepTask } from "./step-task.ts";
import { abandonable, Cancelled, type Stop } from "./stop.ts";
import { tracked } from "./streams.ts";
import { shownPlace } from "./target.ts";
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
  /** Gets what was stored, one after the other: also of an output that fails later on. */
  readonly materialized: Materialized[];
}

/**
 * Hands one output to its I/O manager with the record that travels with it; `materialized` gets one entry for each partition.
 * An `undefined` one was stored by the asset and is only recorded. Of several partitions, `run` returns one value for all, or a Map with one for each.
 */
export async function storeOutput(storing: StoringStep, asset: AssetDefinition, value: unknown): Promise<void> {
  const { materialized } = storing;
  const { partitions } = storing.task.step;
  const one = async (partition: string | undefined, own: unknown) => {
    materialized.push(await storeOne(storing, asset, partition, own));
  };
  if (!partitions) return one(undefined, value);
  if (!storing.step.definition.range) return one(partitions[0]!, value);
  if (value !== undefined && !(value instanceof Map)) {
    materialized.push(...(await storeTogether(storing, asset, partitions, value)));
    return;
  }
  const values = value as ReadonlyMap<unknown, unknown> | undefined;
  if (values) refuseOtherKeys(asset, partitions, values);
  for (const key of partitions) await one(key, values?.get(key));
}

function refuseOtherKeys({ key }: AssetDefinition, partitions: readonly string[], values: ReadonlyMap<unknown, unknown>): void {
  const lacking = partitions.find((each) => values.get(each) === undefined);
  if (lacking !== undefined) {
    throw new SluiceError("run/no-value", `${key} returned a Map without a value for its partition "${lacking}".`, {
      asset: key,
      hint: "Give it an entry for each of context.partitions, by key.",
    });
  }
  const known = new Set<unknown>(partitions);
  const other = [...values.keys()].find((each) => !known.has(each));
  if (other === undefined) return;
  throw new SluiceError("partition/unknown", `${key} returned a Map with a value for "${String(other)}", which this run does not make.`, {
    asset: key,
    hint: "Its keys are those of context.partitions.",
  });
}

type NewRecord = Omit<StoredRecord, "handler" | "rows">;

/** The record of one partition, or of the whole value. */
function recordOf({ task, step, host, said }: StoringStep, asset: AssetDefinition, partition: string | undefined): NewRecord {
  const { key } = asset;
  const codeVersion = host.codeVersions.get(key) ?? asset.codeVersion;
  const known = (partition === undefined ? undefined : task.partitionVersions?.[partition]) ?? task.versions;
  const call = partition === undefined ? task.step.step : `${task.step.step}\n${partition}`;
  const versions = { runId: task.runId, step: call, codeVersion, upstream: step.upstream, versions: known };
  const inputs: Record<string, string> = {};
  for (const upstream of step.upstream) {
    const version = known[upstream];
    if (version !== undefined) inputs[upstream] = version;
  }
  return {
    version: 1,
    key,
    ...(partition === undefined ? {} : { partition }),
    runId: task.runId,
    step: task.step.step,
    attempt: task.attempt,
    ...(codeVersion === undefined ? {} : { codeVersion }),
    dataVersion: said.dataVersion ?? dataVersion(versions),
    inputs,
    storedAt: new Date(host.clock.now()).toISOString(),
  };
}

async function storeOne(storing: StoringStep, asset: AssetDefinition, partition: string | undefined, value: unknown): Promise<Materialized> {
  const { said, stop } = storing;
  if (stop.signal.aborted) throw new Cancelled();
  const { key } = asset;
  const of = partition === undefined ? {} : { partition };
  const record = recordOf(storing, asset, partition);
  if (value === undefined) {
    const told = Object.keys(said.metadata).length > 0;
    const metadata = told ? { metadata: { place: "stored by the asset itself", ...said.metadata } } : {};
    return { key, ...of, record: { ...record, handler: storedByItself }, ...metadata };
  }
  const { metadata, handler } = await store(storing, asset, partition === undefined ? [] : [partition], value, record);
  return { key, ...of, record: { ...record, handler, ...(metadata.rows === undefined ? {} : { rows: metadata.rows }) }, metadata };
}

/** One value for several partitions: the I/O manager finds out which rows belong to which. */
async function storeTogether(
  storing: StoringStep,
  asset: AssetDefinition,
  partitions: readonly string[],
  value: unknown,
): Promise<readonly Materialized[]> {
  if (storing.stop.signal.aborted) throw new Cancelled();
  const records = Object.fromEntries(partitions.map((partition) => [partition, recordOf(storing, asset, partition)]));
  const { partition: _, ...record } = records[partitions[0]!]!;
  const { metadata, handler } = await store(storing, asset, partitions, value, record, records);
  const { rows: _rows, bytes: _bytes, ...shared } = metadata;
  return partitions.map((partition) => ({
    key: asset.key,
    partition,
    record: { ...records[partition]!, handler },
    metadata: partitions.length === 1 ? metadata : { ...shared, place: metadata.place },
  }));
}

async function store(
  storing: StoringStep,
  asset: AssetDefinition,
  partitions: readonly string[],
  value: unknown,
  record: NewRecord,
  partitionRecords?: Readonly<Record<string, NewRecord>>,
) {
  const { task, host, said } = storing;
  const started = host.clock.now();
  const valid = await validRows(asset, value);
  const bigints = bigintColumns(valid);
  const complete = (one: NewRecord): NewRecord => (bigints.length === 0 ? one : { ...one, bigints });
  const reported = await handOver(storing, asset, partitions, valid, {
    record: complete(record),
    ...(partitionRecords ? { partitionRecords: Object.fromEntries(Object.entries(partitionRecords).map(([key, one]) => [key, complete(one)])) } : {}),
  });
  const metadata: StoredMetadata = { ...said.metadata, ...(plain(reported) as StoredMetadata) };
  const at = host.clock.now();
  const of = partitions.length === 1 ? { partition: partitions[0]! } : {};
  host.emit({ type: "output-stored", runId: task.runId, step: task.step.step, at, ...of, asset: asset.key, metadata, ms: at - started });
  const handler = typeof metadata["handler"] === "string" ? metadata["handler"] : await recordedHandler(storing, asset, partitions);
  return { metadata, handler };
}

/** As what the value was stored, from the record that lies with it, where the I/O manager did not say so. */
async function recordedHandler(
  { task, host, stop }: StoringStep,
  { key, table, ioManager }: AssetDefinition,
  partitions: readonly string[],
): Promise<string> {
  const { manager } = host.target.managerOf({ key, ioManager });
  try {
    const record = await manager.inspect?.({ key, table, ...host.partitioning.address(key, partitions.slice(0, 1)), signal: stop.signal });
    return (record?.runId === task.runId ? record.handler : undefined) ?? "unknown";
  } catch {
    // The value is stored; only the log's line about it knows less.
    return "unknown";
  }
}

async function handOver(
  { host, task, names, stop, log }: StoringStep,
  asset: AssetDefinition,
  partitions: readonly string[],
  value: unknown,
  records: Pick<OutputContext, "record" | "partitionRecords">,
) {
  const { key, table, write, schemaChange, columns, rowSchema } = asset;
  const bound = host.target.managerOf(asset);
  const stream = tracked(value);
  const checks = stagedChecks({ runId: task.runId, step: task.step.step, host, stop }, asset, partitions);
  try {
    const address = host.partitioning.address(key, partitions);
    if (host.sharesPlace(key)) await refuseOthersPlace(bound.manager, asset, address, host.target.name, stop);
    const context = { key, table, ...address, write, schemaChange, columns, rowSchema, ...records, signal: stop.signal, log };
    const checked = checks ? { ...context, verify: checks.verify } : context;
    const metadata = await abandonable(bound.manager.handleOutput(checked, stream.value as never), stop, "after-grace");
    const failure = checks?.failure();
    if (failure) throw failure.thrown;
    if (checks?.called()) for (const partition of partitions.length === 0 ? [undefined] : partitions) host.verified.add(valueId(key, partition));
    return metadata;
  } catch (thrown) {
    if (thrown instanceof Cancelled) throw thrown;
    const failure = checks?.failure();
    if (failure) throw failure.thrown;
    const own = stream.failure();
    if (own) throw own.thrown;
    const error = explainIo(thrown, names, `Storing ${key} through ${bound.name}`);
    throw isSluiceError(error) && error.asset === undefined ? withAsset(error, key) : error;
  }
}

/** Two assets may share a place as long as only one of them stores there: whoever comes second must not overwrite the first. */
async function refuseOthersPlace(
  manager: AnyIOManager,
  asset: AssetDefinition,
  address: PartitionAddress,
  target: string,
  stop: Stop,
): Promise<void> {
  const { key, table } = asset;
  const found = await manager.inspect?.({ key, table, ...address, signal: stop.signal });
  if (found?.key === undefined || found.key === key) return;
  const { code, message, hint } = collision([key, found.key], target, shownPlace(manager, asset) ?? "");
  throw new SluiceError(code, message, { hint, asset: key });
}

const withAsset = (error: SluiceError, asset: string): SluiceError => {
  const named = new SluiceError(error.code, error.message, { hint: error.hint, asset, place: error.place, cause: error.cause });
  if (error.stack !== undefined) named.stack = error.stack;
  return named;
};
