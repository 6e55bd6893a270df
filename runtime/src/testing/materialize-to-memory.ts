import type { AssetDefinition, ConfigDefinition, LoadedProject, ResourceDefinition } from "../assets/definition.ts";
import { definitionOf, plainInput } from "../assets/input-definition.ts";
import type { AnyAsset, AnyInput, Loaded } from "../assets/inputs.ts";
import type { Unpartitioned } from "../assets/partitions.ts";
import { executeRun, planRun } from "../engine/run.ts";
import { defaultKey, openTarget } from "../engine/target.ts";
import { inMemory } from "../io/in-memory.ts";
import { type AnyHandler, type AnyIOManager, isKind, kind } from "../io/manager.ts";
import { fromErrorInfo, SluiceError } from "../model/errors.ts";
import type { RunEvent } from "../model/events.ts";
import type { StoredMetadata } from "../model/values.ts";
import { outputContext } from "./contexts.ts";

export interface MaterializeToMemoryOptions {
  /** Values of upstream assets that are not materialized here, by key. */
  readonly values?: Readonly<Record<string, unknown>>;
  /** Resources by key name: what `resource()` makes, or the opened value itself. */
  readonly resources?: Readonly<Record<string, unknown>>;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly signal?: AbortSignal;
  /** Shapes of tables beside rows, arrow, batches and sql. */
  readonly handlers?: readonly AnyHandler[];
}
export interface MemoryRun {
  /** The stored value of an asset, in the shape asked for with `.as`. */
  readonly value: <I extends AnyInput>(input: I) => Promise<Loaded<I, Unpartitioned>>;
  /** What was stored, by key. */
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
    await manager.handleOutput(outputContext(key, { columns: definition.columns, signal }), value);
  }
  const loaded: LoadedProject = { root: process.cwd(), config, assets: project, codeVersions: new Map() };
  const target = openTarget(config, "memory", { fallback: () => manager });
  const plan = await planRun({ project: loaded, target, selection: "*", params, signal, environment: {} });
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
    value: async <I extends AnyInput>(input: I) => {
      const definition = isKind(input, "asset") ? plainInput(input as unknown as AssetDefinition) : definitionOf(input);
      const { upstream, handler, columns } = definition;
      if (!upstream) throw new SluiceError("config/invalid", "A self-dependency stands for no stored value.");
      const found = await manager.loadInput({ key: upstream.key, partitions: [], columns, handler: handler ?? upstream.handler, signal });
      return found as Loaded<I, Unpartitioned>;
    },
  };
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
