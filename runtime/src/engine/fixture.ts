import type {
  AssetDefinition,
  CheckDefinition,
  InputDefinition,
  LoadedProject,
  ResourceDefinition,
  StepDefinition,
  TargetDefinition,
} from "../assets/definition.ts";
import { type AnyIOManager, type InputContext, kind, type OutputContext } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";
import type { RunEvent } from "../model/events.ts";
import type { StoredMetadata, StoredRecord } from "../model/values.ts";
import type { Clock } from "./clock.ts";
import { valueId } from "./partitioning.ts";
import { type ExecuteOptions, executeRun, type PlanOptions, planRun } from "./run.ts";
import { openTarget, type Target } from "./target.ts";

/** A small project in memory, for the tests and the benchmark of the engine. */
export interface FakeAsset
  extends Partial<Omit<AssetDefinition, "step" | "key">>,
    Partial<Omit<StepDefinition, "id" | "inputs" | "outputs" | "deps">> {
  /** Upstream key by input name. */
  readonly inputs?: Readonly<Record<string, string | (Partial<InputDefinition> & { readonly key: string })>>;
  readonly deps?: readonly string[];
  /** Output names with their properties; makes the entry an `assets()` with this prefix. */
  readonly outputs?: Readonly<Record<string, Partial<AssetDefinition>>>;
  readonly source?: true;
}

const blank = (key: string): AssetDefinition => ({
  [kind]: "asset",
  key,
  assetKind: "asset",
  kinds: [],
  tags: {},
  owners: [],
  ioManager: "ioManager",
  write: "replace",
  schemaChange: "evolve",
  optional: false,
});

/** Definitions by key, as the loader hands them over. Upstream assets may be defined later in the list. */
export function fakeAssets(list: Readonly<Record<string, FakeAsset>>): ReadonlyMap<string, AssetDefinition> {
  const assets = new Map<string, AssetDefinition>();
  const wiring: (() => void)[] = [];
  for (const [key, spec] of Object.entries(list)) {
    const {
      inputs = {},
      deps = [],
      outputs,
      source,
      resources = {},
      params = {},
      retry,
      timeout,
      pool,
      subset = false,
      range,
      run = () => key,
      ...own
    } = spec;
    if (source) {
      assets.set(key, { ...blank(key), ...own, assetKind: "source" });
      continue;
    }
    const madeInputs: Record<string, InputDefinition> = {};
    const madeOutputs: Record<string, AssetDefinition> = {};
    const step: StepDefinition = {
      id: key,
      outputs: madeOutputs,
      inputs: madeInputs,
      deps,
      resources,
      params,
      retry,
      timeout,
      pool,
      subset,
      range,
      run,
    };
    for (const [name, more] of Object.entries(outputs ?? { "": {} })) {
      const outputKey = name === "" ? key : `${key}/${name}`;
      madeOutputs[name] = { ...blank(outputKey), ...own, ...more, step };
      assets.set(outputKey, madeOutputs[name]);
    }
    wiring.push(() => {
      for (const [name, wanted] of Object.entries(inputs)) {
        const { key: from, ...more } = typeof wanted === "string" ? { key: wanted } : wanted;
        const upstream = from === key ? undefined : (assets.get(from) ?? blank(from));
        madeInputs[name] = { [kind]: "input", upstream, handler: upstream?.handler, allowMissingPartitions: false, merged: false, ...more };
      }
    });
  }
  for (const wire of wiring) wire();
  return assets;
}

export interface MemoryManager extends AnyIOManager {
  readonly values: Map<string, { readonly value: unknown; readonly record: StoredRecord }>;
  /** What was called, such as "store a" and "load b". */
  readonly calls: string[];
}

const named = (key: string, partitions: readonly string[]) => (partitions.length === 0 ? key : `${key} ${partitions.join(",")}`);

/** Keeps values by reference, of assets with partitions each by itself. `more` replaces what a test wants to see fail. */
export function memory(name = "memory", more: Partial<AnyIOManager> = {}): MemoryManager {
  const values: MemoryManager["values"] = new Map();
  const calls: string[] = [];
  return {
    name,
    values,
    calls,
    handleOutput: async ({ key, record, partitions, partitionRecords }: OutputContext, value: unknown): Promise<StoredMetadata> => {
      calls.push(`store ${named(key, partitions)}`);
      if (partitions.length === 0) values.set(key, { value, record: { ...record, handler: "reference" } });
      for (const partition of partitions) {
        values.set(valueId(key, partition), { value, record: { ...record, partition, ...partitionRecords?.[partition], handler: "reference" } });
      }
      return { place: `${name}:${key}`, handler: "reference" };
    },
    loadInput: async ({ key, partitions }: InputContext) => {
      calls.push(`load ${named(key, partitions)}`);
      const all = (partitions.length === 0 ? [undefined] : partitions).map((partition) => {
        const found = values.get(valueId(key, partition));
        if (found) return found.value;
        throw new SluiceError("io/not-found", `Nothing is stored under "${valueId(key, partition)}".`, { asset: key });
      });
      return all.length === 1 ? all[0] : all;
    },
    inspect: async ({ key, partitions }: InputContext) => values.get(valueId(key, partitions[0]))?.record,
    inspectPartitions: async ({ key }: InputContext) => {
      const own = [...values].filter(([id]) => id.startsWith(`${key} `));
      return new Map(own.map(([id, { record }]) => [id.slice(key.length + 1), record]));
    },
    ...more,
  };
}

export interface FakeProject {
  readonly project: LoadedProject;
  readonly target: Target;
  readonly manager: MemoryManager;
}

/** A project whose one target, "local", keeps everything in memory. Every asset has the code version "1" unless it says another. */
export function fakeProject(
  list: Readonly<Record<string, FakeAsset>>,
  options: {
    readonly manager?: MemoryManager;
    readonly bindings?: Readonly<Record<string, AnyIOManager | ResourceDefinition>>;
    readonly target?: Partial<TargetDefinition>;
    readonly targets?: Readonly<Record<string, TargetDefinition>>;
    readonly root?: string;
  } = {},
): FakeProject {
  const manager = options.manager ?? memory();
  const local: TargetDefinition = { protected: false, bindings: { ioManager: manager, ...options.bindings }, ...options.target };
  const assets = fakeAssets(list);
  const config = { [kind]: "config", assets: [], targets: { local, ...options.targets }, defaultTarget: "local" } as const;
  const project: LoadedProject = {
    root: options.root ?? "/project",
    config,
    assets,
    codeVersions: new Map(Array.from(assets.values(), ({ key, codeVersion = "1" }) => [key, codeVersion])),
  };
  return { project, manager, target: openTarget(config, "local", { fallback: () => memory("fallback") }) };
}

/** Plans and runs a selection, and collects the events. */
export async function materialize(
  { project, target }: FakeProject,
  selection: string,
  more: Partial<Pick<PlanOptions, "upstream" | "params" | "partitions" | "missing" | "now"> & Omit<ExecuteOptions, "plan">> = {},
) {
  const events: RunEvent[] = [];
  const { upstream, params, history, partitions, missing, now } = more;
  const plan = await planRun({
    project,
    target,
    selection,
    environment: {},
    ...(history ? { history } : {}),
    ...(upstream === undefined ? {} : { upstream }),
    ...(params ? { params } : {}),
    ...(partitions ? { partitions } : {}),
    ...(missing ? { missing } : {}),
    ...(now === undefined ? {} : { now }),
  });
  const emit = (event: RunEvent) => {
    events.push(event);
    more.emit?.(event);
  };
  const summary = await executeRun({ project, target, plan, ...more, emit });
  return { plan, summary, events };
}

/** What happened to each step, in order: "a started", "a failed", "b skipped: upstream-failed (a)". */
export const story = (events: readonly RunEvent[]): readonly string[] =>
  events.flatMap((event) => {
    if (event.type === "step-skipped") return [`${event.step} skipped: ${event.reason}${event.because === undefined ? "" : ` (${event.because})`}`];
    if (event.type === "step-retrying") return [`${event.step} retrying in ${event.delay}`];
    return event.type.startsWith("step-") && "step" in event ? [`${event.step} ${event.type.slice(5)}`] : [];
  });

export interface FakeClock extends Clock {
  /** Lets time pass, and everything that was due happen. */
  readonly advance: (ms: number) => Promise<void>;
  /** Timers that wait. */
  readonly waiting: () => readonly number[];
}

/** Time that passes only when told to. */
export function fakeClock(start = 1_700_000_000_000): FakeClock {
  let now = start;
  const timers = new Set<{ readonly at: number; readonly then: () => void }>();
  const settle = async () => {
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    now: () => now,
    random: () => 0.5,
    after: (ms, then) => {
      const timer = { at: now + ms, then };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    waiting: () => [...timers].map(({ at }) => at - now),
    advance: async (ms) => {
      await settle();
      now += ms;
      for (const timer of [...timers].sort((a, b) => a.at - b.at)) {
        if (timer.at > now || !timers.delete(timer)) continue;
        timer.then();
      }
      await settle();
    },
  };
}

/** A check as `assetCheck` makes it; what it is of is known by who holds it. */
export const check = (name: string, run: (value: never, context: never) => unknown, more: Partial<CheckDefinition> = {}): CheckDefinition => ({
  [kind]: "check",
  name,
  input: { [kind]: "input", upstream: undefined, allowMissingPartitions: false, merged: false },
  blocking: false,
  severity: "error",
  resources: {},
  definedAt: [],
  run: run as CheckDefinition["run"],
  ...more,
});
