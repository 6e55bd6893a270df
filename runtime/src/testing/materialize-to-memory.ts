import type { AssetDefinition, ConfigDefinition, LoadedProject, ResourceDefinition } from "../assets/definition.ts";
import type { AnyAsset, AnyInput, Loaded } from "../assets/inputs.ts";
import { chosenParts, type PartitionChoice, type PartitionOption } from "../assets/partition-choice.ts";
import type { Unpartitioned } from "../assets/partitions.ts";
import { addDynamicKeys } from "../engine/dynamic-partitions.ts";
import { executeRun, planRun } from "../engine/run.ts";
import { storedValue, wantsPartition } from "../engine/stored-value.ts";
import { defaultKey, openTarget } from "../engine/target.ts";
import { inMemory } from "../io/in-memory.ts";
import { type AnyHandler, type AnyIOManager, isKind, kind } from "../io/manager.ts";
import { fromErrorInfo, SluiceError } from "../model/errors.ts";
import type { RunEvent } from "../model/events.ts";
import type { StoredMetadata } from "../model/values.ts";
import { partitionSpace } from "../partitions/space.ts";
import { outputContext } from "./contexts.ts";
import { dynamicKeys } from "./dynamic-keys.ts";

export interface MaterializeToMemoryOptions extends PartitionChoice {
  /** Values of upstream assets that are not materialized here, by key; of those with partitions, a Map of values by key of the partition. */
  readonly values?: Readonly<Record<string, unknown>>;
  /** Resources by key name: what `resource()` makes, or the opened value itself. */
  readonly resources?: Readonly<Record<string, unknown>>;
  readonly params?: Readonly<Record<string, unknown>>;
  /** Keys of dynamic definitions that are there already, by the definition's name. */
  readonly dynamicPartitions?: Readonly<Record<string, readonly string[]>>;
  readonly signal?: AbortSignal;
  /** Shapes of tables beside rows, arrow, batches and sql. */
  readonly handlers?: readonly AnyHandler[];
}
export interface MemoryRun {
  /** The stored value of an asset, in the shape asked for with `.as`; of an asset with partitions, of the one that was asked for, or of `partition`. */
  readonly value: <I extends AnyInput>(input: I, options?: Partial<PartitionOption<I>>) => Promise<Loaded<I, Unpartitioned>>;
  /** What was stored, by key; of several partitions, what was stored last. */
  readonly metadata: Readonly<Record<string, StoredMetadata>>;
  readonly events: readonly RunEvent[];
}

/**
 * Materializes assets in memory, as a run does it: in order, through an I/O manager, whatever I/O manager each asset names.
 * Throws what the first asset that failed threw; `io/not-found` for an upstream asset that is neither materialized nor given a value.
 * @example const run = await materializeToMemory([cleanSales, salesSummary], { values: { raw_sales: [{ owner: "a", amount: 1 }] } });
 */
export async function materializeToMemory(assets: readonly AnyAsset[], options: MaterializeToMemoryOptions = {}): Promise<MemoryRun> {
  const { values = {}, resources = {}, params = {}, signal = new AbortController().signal } = options;
  const project = projectOf(assets as readonly unknown[] as readonly AssetDefinition[]);
  const manager: AnyIOManager = inMemory({ handlers: options.handlers ?? [] });
  const config = configOf(project, manager, resources);
  for (const [key, value] of Object.entries(values)) {
    const definition = project.get(key);
    if (definition?.assetKind !== "source") {
      throw new SluiceError(
        "config/invalid",
        `A value was given for "${key}", which is ${definition ? "materialized here" : "upstream of nothing here"}.`,
        {
          asset: key,
          hint: "Values are for upstream assets that are not in the list.",
        },
      );
    }
    if (definition.partitions) await storeGiven(manager, definition, value, signal);
    else await manager.handleOutput(outputContext(key, { columns: definition.columns, signal }), value);
  }
  const loaded: LoadedProject = { root: process.cwd(), config, assets: project, codeVersions: new Map() };
  const target = openTarget(config, "memory", { fallback: () => manager });
  for (const [name, keys] of Object.entries(options.dynamicPartitions ?? {})) {
    await addDynamicKeys(target, name, keys, { now: Date.now(), runId: "test-run", signal });
  }
  const plan = await planRun({ project: loaded, target, selection: "*", partitions: chosenParts(options), params, signal, environment: {} });
  const events: RunEvent[] = [];
  const failures: RunEvent[] = [];
  await executeRun({ project: loaded, target, plan, signal, emit: (event) => events.push(event) });
  for (const event of events) {
    if (event.type === "step-failed" || (event.type === "run-failed" && event.error)) failures.push(event);
    if (event.type === "run-cancelled") throw new SluiceError("run/cancelled", "The run was cancelled.");
  }
  const [first] = failures;
  if (first && "error" in first && first.error) throw fromErrorInfo(first.error);
  const stored = events.flatMap((event) => (event.type === "output-stored" ? [[event.asset, event.metadata] as const] : []));
  return {
    events,
    metadata: Object.fromEntries(stored),
    value: async <I extends AnyInput>(input: I, which: { readonly partition?: unknown } = {}) => {
      const partition = which.partition ?? (wantsPartition(input) ? options.partition : undefined);
      return (await storedValue(target, input, { partition, signal })) as Loaded<I, Unpartitioned>;
    },
  };
}

/** Stores the values that were given for an upstream asset, one for each partition. */
async function storeGiven(manager: AnyIOManager, { key, columns, partitions }: AssetDefinition, values: unknown, signal: AbortSignal): Promise<void> {
  if (!(values instanceof Map)) {
    throw new SluiceError("config/invalid", `The value given for "${key}" is no Map, and ${key} has partitions.`, {
      asset: key,
      hint: "Give a Map of values by key of the partition.",
    });
  }
  const given = values as ReadonlyMap<string, unknown>;
  const space = partitionSpace(partitions!, { now: Date.now(), dynamic: dynamicKeys(partitions!, [...given.keys()]) });
  for (const [name, value] of given) {
    const partition = space.canonical(name);
    if (partition === undefined) {
      throw new SluiceError("partition/unknown", `A value was given for the partition "${name}" of ${key}, which it does not have.`, {
        asset: key,
        hint: space.hint(name),
      });
    }
    const slices = [space.slice(partition)];
    await manager.handleOutput(outputContext(key, { columns, partitions: [partition], slices, signal, record: { partition } }), value);
  }
}

/** The assets given, and those upstream of them as sources. */
function projectOf(assets: readonly AssetDefinition[]): ReadonlyMap<string, AssetDefinition> {
  const found = new Map<string, AssetDefinition>();
  for (const asset of assets) for (const output of [asset, ...Object.values(asset.step?.outputs ?? {})]) found.set(output.key, output);
  for (const asset of [...found.values()]) {
    for (const { upstream } of Object.values(asset.step?.inputs ?? {})) {
      if (upstream && !found.has(upstream.key)) found.set(upstream.key, { ...upstream, assetKind: "source", step: undefined });
    }
    for (const key of asset.step?.deps ?? []) if (!found.has(key)) found.set(key, orderOnly(key));
  }
  return found;
}

/** An asset that is named for order only, and that this run has nothing of. */
const orderOnly = (key: string): AssetDefinition => ({
  [kind]: "asset",
  key,
  assetKind: "source",
  kinds: [],
  tags: {},
  owners: [],
  ioManager: defaultKey,
  write: "replace",
  schemaChange: "evolve",
  optional: false,
});

function configOf(
  project: ReadonlyMap<string, AssetDefinition>,
  manager: AnyIOManager,
  resources: Readonly<Record<string, unknown>>,
): ConfigDefinition {
  const bindings: Record<string, AnyIOManager | ResourceDefinition> = { [defaultKey]: manager };
  for (const asset of project.values()) {
    bindings[asset.ioManager] = manager;
    for (const input of Object.values(asset.step?.inputs ?? {})) if (input.ioManager !== undefined) bindings[input.ioManager] = manager;
  }
  for (const [name, given] of Object.entries(resources)) {
    bindings[name] = isKind(given, "resource") ? (given as unknown as ResourceDefinition) : { [kind]: "resource", name, open: () => given };
  }
  return { [kind]: "config", assets: [], targets: { memory: { protected: false, bindings } }, defaultTarget: "memory" };
}
