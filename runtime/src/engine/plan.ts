import type { RetryDefinition } from "../assets/definition.ts";
import { type ErrorInfo, SluiceError } from "../model/errors.ts";
import type { PlannedStep } from "../model/events.ts";
import type { AssetState } from "../model/graph.ts";
import { nearestName } from "../model/nearest.ts";
import { selectAssets, selectionUsesStatus } from "../model/selection.ts";
import type { Moment } from "../partitions/space.ts";
import { type ChosenPartitions, choosePartitions, neededBy } from "./choose-partitions.ts";
import { type AssetGraph, type GraphStep, selectableAssets, withUpstream } from "./graph.ts";
import { type Partitioning, partitioningOf, valueId } from "./partitioning.ts";
import { attempt } from "./problems.ts";

/** What one step of a plan does, as plain data: any process that has loaded the project can run it. */
export interface PlanStep extends PlannedStep {
  /** Name of the step in the graph: several steps of a plan make partitions of the same assets. */
  readonly of: string;
  /** Keys of all its inputs and deps, whether this run makes them or not. */
  readonly upstream: readonly string[];
  /** Set when it need not run: what it makes is fresh. */
  readonly skip?: "not-needed";
  /** Names of inputs that lie on the target's `readFrom` only. */
  readonly readFrom?: readonly string[];
  /** By name of the input: upstream partitions that lie on the target's `readFrom` only. */
  readonly readFromPartitions?: Readonly<Record<string, readonly string[]>>;
  /** By name of the input: upstream partitions that are not there and may be missing. */
  readonly absent?: Readonly<Record<string, readonly string[]>>;
  /** Names of the I/O manager keys it loads from and stores into. */
  readonly ioManagers: readonly string[];
  readonly pool?: string;
  readonly retry?: RetryDefinition;
  /** Milliseconds, per attempt. */
  readonly timeout?: number;
}
export interface RunPlan {
  readonly target: string;
  readonly selection: string;
  /** In topological order. */
  readonly steps: readonly PlanStep[];
  /** Data versions of upstream values that this run does not make, by `valueId`, where they are known. */
  readonly versions: Readonly<Record<string, string>>;
  /** What its partitions were counted with. */
  readonly moment: Moment;
  /** Values for `context.params`, by name. */
  readonly params: Readonly<Record<string, unknown>>;
}

export interface PlanRequest {
  readonly target: string;
  readonly selection: string;
  /** Missing or stale upstream runs too. Needs `states`. */
  readonly upstream?: boolean | undefined;
  /** Keys and ranges of partitions, of every selected asset that has such. */
  readonly partitions?: readonly string[] | undefined;
  /** Of those partitions, only the ones that are not stored, or whose last attempt failed. Needs `states`. */
  readonly missing?: boolean | undefined;
  /** States by key; needed for `upstream`, for `missing` and for selections with `status:`. */
  readonly states?: ReadonlyMap<string, AssetState> | undefined;
  /** State of one partition. */
  readonly partitionState?: ((asset: string, partition: string) => AssetState) | undefined;
  readonly partitioning?: Partitioning | undefined;
  readonly params?: Readonly<Record<string, unknown>> | undefined;
}

/** Whether a plan can be made without asking the stores for states. Throws `selection/invalid`. */
export const needsStates = (request: Pick<PlanRequest, "selection" | "upstream" | "missing">): boolean =>
  request.upstream === true || request.missing === true || selectionUsesStatus(request.selection);

const needed = (state: AssetState | undefined) => state === "missing" || state === "stale" || state === "failed";

/**
 * Which steps a selection runs, in topological order. Throws `selection/invalid` when it names nothing that can run; a selection by
 * `status:` may come out empty. Problems of the chosen assets are returned, not thrown, so that they can be shown together with others.
 */
export function makePlan(graph: AssetGraph, root: string, request: PlanRequest): { readonly plan: RunPlan; readonly problems: readonly ErrorInfo[] } {
  const chosen = new Set(selectAssets(request.selection, selectableAssets(graph, root, request.states)));
  const runnable = [...chosen].filter((key) => graph.assets.get(key)?.step);
  if (runnable.length === 0 && !selectionUsesStatus(request.selection)) throw nothingSelected(graph, request.selection, [...chosen]);

  const upstream = request.upstream ? withUpstream(graph, runnable) : new Set<string>();
  const partitioning = request.partitioning ?? partitioningOf(graph, { now: Date.now(), dynamic: {} });
  const found: ErrorInfo[] = [];
  const selected = [...graph.steps.values()].filter((step) => step.assets.some((key) => chosen.has(key)));
  const partitions = attempt(() => partitionsToMake(graph, partitioning, selected, upstream, request), found) ?? new Map<string, readonly string[]>();
  const steps: PlanStep[] = [];
  const planned = new Map<string, PlanStep>();
  for (const step of graph.steps.values()) {
    const own = step.assets.filter((key) => chosen.has(key));
    const added = own.length > 0 ? [] : step.assets.filter((key) => upstream.has(key));
    if (own.length === 0 && added.length === 0) continue;
    const skip = own.length === 0 && !added.some((key) => needed(request.states?.get(key)));
    const wanted =
      skip || own.length === 0
        ? added
        : [...own, ...step.assets.filter((key) => !chosen.has(key) && upstream.has(key) && needed(request.states?.get(key)))];
    const making = step.definition.subset ? wanted : step.assets;
    const keys = step.partitions ? (partitions.get(step.name) ?? []) : undefined;
    const calls = !keys ? [undefined] : step.definition.range && keys.length > 0 ? [keys] : keys.map((key) => [key]);
    for (const call of calls) {
      const entry = planStep(graph, partitioning, step, making, call, planned, skip);
      for (const key of entry.assets) for (const each of call ?? [undefined]) planned.set(valueId(key, each), entry);
      steps.push(entry);
    }
  }
  const params = request.params ?? {};
  const running = steps.filter((entry) => !entry.skip);
  // An error of the graph says more than what follows from it for the partitions.
  const broken = blocking(graph, [...selected, ...running.map(({ of }) => graph.steps.get(of)!)]);
  const problems = [...(broken.length > 0 ? broken : found), ...unknownParams(graph, running, params)];
  const { moment } = partitioning;
  return { plan: { target: request.target, selection: request.selection, steps, versions: {}, moment, params }, problems };
}

/** Partitions by step: those asked for, and of what lies upstream of them those that are missing or stale. */
function partitionsToMake(
  graph: AssetGraph,
  partitioning: Partitioning,
  selected: readonly GraphStep[],
  upstream: ReadonlySet<string>,
  request: PlanRequest,
): ChosenPartitions {
  const state = (step: GraphStep, key: string) => step.assets.map((asset) => request.partitionState?.(asset, key));
  const chosen = new Map(choosePartitions(graph, partitioning, selected, request.partitions));
  if (request.missing) {
    for (const step of selected) {
      const keys = chosen.get(step.name);
      if (keys)
        chosen.set(
          step.name,
          keys.filter((key) => state(step, key).some((each) => each === "missing" || each === "failed")),
        );
    }
  }
  if (upstream.size === 0) return chosen;
  const users = [...selected];
  for (const step of [...graph.steps.values()].reverse()) {
    if (chosen.has(step.name) || users.includes(step) || !step.assets.some((key) => upstream.has(key))) continue;
    if (step.partitions) {
      const keys = neededBy(partitioning, step, users, chosen);
      chosen.set(
        step.name,
        keys.filter((key) => state(step, key).some(needed)),
      );
    } else if (!step.assets.some((key) => needed(request.states?.get(key)))) continue;
    users.push(step);
  }
  return chosen;
}

function planStep(
  graph: AssetGraph,
  partitioning: Partitioning,
  step: GraphStep,
  assets: readonly string[],
  partitions: readonly string[] | undefined,
  planned: ReadonlyMap<string, PlanStep>,
  skip: boolean,
): PlanStep {
  const { pool, retry, timeout } = step.definition;
  const after = new Set<string>();
  const ioManagers = new Set<string>();
  for (const key of assets) ioManagers.add(graph.assets.get(key)!.definition.ioManager);
  const wait = (asset: string, partition: string | undefined): boolean => {
    const before = planned.get(valueId(asset, partition));
    if (before) after.add(before.step);
    return before !== undefined;
  };
  for (const partition of partitions ?? [undefined]) {
    for (const need of partitioning.needs(step, partition)) {
      const own = step.assets.includes(need.asset);
      if (!need.partitions) wait(need.asset, undefined);
      // Who waits for the one before waits for those before that one too.
      else if (own && follows(step)) need.partitions.findLast((key) => wait(need.asset, key));
      else for (const key of need.partitions) wait(need.asset, key);
    }
  }
  for (const input of step.inputs) {
    const stored = input.definition.ioManager ?? (input.key === undefined ? undefined : graph.assets.get(input.key)?.definition.ioManager);
    if (stored !== undefined) ioManagers.add(stored);
  }
  const range = partitions && (partitions.length === 1 ? partitions[0]! : `${partitions[0]!}..${partitions.at(-1)!}`);
  return {
    step: range === undefined ? step.name : `${step.name} [${range}]`,
    of: step.name,
    assets,
    ...(partitions ? { partitions } : {}),
    after: [...after],
    upstream: step.upstream,
    ioManagers: [...ioManagers],
    ...(skip ? { skip: "not-needed" as const } : {}),
    ...(pool === undefined ? {} : { pool }),
    ...(retry === undefined ? {} : { retry }),
    ...(timeout === undefined ? {} : { timeout }),
  };
}

/** Whether each partition of an asset that reads itself reads the one just before. */
const follows = (step: GraphStep): boolean =>
  step.inputs.every(({ key, definition }) => key !== undefined || (definition.take?.type === "window" && definition.take.end === -1));

function nothingSelected(graph: AssetGraph, selection: string, sources: readonly string[]): SluiceError {
  if (sources.length > 0) {
    return new SluiceError("selection/invalid", `"${selection}" selects only what something else writes: ${sources.join(", ")}.`, {
      hint: "A source is read, never materialized. Select what is downstream of it.",
    });
  }
  if (graph.assets.size === 0) {
    return new SluiceError("selection/invalid", "The project defines no asset.", {
      hint: 'Check "assets" in sluice.config.ts: it names the modules to load.',
    });
  }
  const group = /^\s*group:"?([^"\s]+)"?\s*$/.exec(selection)?.[1];
  const groups = new Set([...graph.assets.values()].flatMap(({ definition }) => (definition.group === undefined ? [] : [definition.group])));
  const nearest = group === undefined ? undefined : nearestName(group, groups);
  return new SluiceError("selection/invalid", `"${selection}" selects no asset.`, {
    hint: nearest === undefined ? `There are ${graph.assets.size} assets: sluice list shows them.` : `Did you mean "group:${nearest}"?`,
  });
}

/** Errors of the graph that lie in the way of these steps, whatever is wrong elsewhere. */
function blocking(graph: AssetGraph, steps: readonly GraphStep[]): readonly ErrorInfo[] {
  if (graph.errors.length === 0) return [];
  const keys = new Set(steps.flatMap(({ assets }) => assets));
  return graph.errors.filter((error) => error.assets.some((key) => keys.has(key)));
}

function unknownParams(graph: AssetGraph, steps: readonly PlanStep[], params: Readonly<Record<string, unknown>>): readonly ErrorInfo[] {
  const names = Object.keys(params);
  if (names.length === 0) return [];
  const declared = new Set(steps.flatMap(({ of }) => Object.keys(graph.steps.get(of)!.definition.params)));
  return names.flatMap((name) => {
    if (declared.has(name)) return [];
    const nearest = nearestName(name, declared);
    const hint = nearest === undefined ? `They have ${declared.size === 0 ? "none" : [...declared].join(", ")}.` : `Did you mean "${nearest}"?`;
    return [{ code: "config/invalid" as const, message: `None of the selected assets has a parameter "${name}".`, hint }];
  });
}
