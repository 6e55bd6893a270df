import type { RetryDefinition } from "../assets/definition.ts";
import { type ErrorInfo, SluiceError } from "../model/errors.ts";
import type { PlannedStep } from "../model/events.ts";
import type { AssetState } from "../model/graph.ts";
import { nearestName } from "../model/nearest.ts";
import { selectAssets, selectionUsesStatus } from "../model/selection.ts";
import { type AssetGraph, aboutAsset, type GraphStep, selectableAssets, withUpstream } from "./graph.ts";

/** What one step of a plan does, as plain data: any process that has loaded the project can run it. */
export interface PlanStep extends PlannedStep {
  /** Keys of all its inputs and deps, whether this run makes them or not. */
  readonly upstream: readonly string[];
  /** Set when it need not run: what it makes is fresh. */
  readonly skip?: "not-needed";
  /** Names of inputs that lie on the target's `readFrom` only. */
  readonly readFrom?: readonly string[];
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
  /** Data versions of upstream assets that this run does not make, by key, where they are known. */
  readonly versions: Readonly<Record<string, string>>;
  /** Values for `context.params`, by name. */
  readonly params: Readonly<Record<string, unknown>>;
}

export interface PlanRequest {
  readonly target: string;
  readonly selection: string;
  /** Missing or stale upstream runs too. Needs `states`. */
  readonly upstream?: boolean | undefined;
  /** States by key; needed for `upstream` and for selections with `status:`. */
  readonly states?: ReadonlyMap<string, AssetState> | undefined;
  readonly params?: Readonly<Record<string, unknown>> | undefined;
}

/** Whether a plan can be made without asking the stores for states. Throws `selection/invalid`. */
export const needsStates = (request: Pick<PlanRequest, "selection" | "upstream">): boolean =>
  request.upstream === true || selectionUsesStatus(request.selection);

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
    const entry = planStep(graph, step, step.definition.subset ? wanted : step.assets, planned, skip);
    for (const key of entry.assets) planned.set(key, entry);
    steps.push(entry);
  }
  const params = request.params ?? {};
  const running = steps.filter((entry) => !entry.skip);
  const problems = [...blocking(graph, running), ...unsupported(graph, running), ...unknownParams(graph, running, params)];
  return { plan: { target: request.target, selection: request.selection, steps, versions: {}, params }, problems };
}

function planStep(graph: AssetGraph, step: GraphStep, selected: readonly string[], planned: ReadonlyMap<string, PlanStep>, skip: boolean): PlanStep {
  const { pool, retry, timeout } = step.definition;
  const after = new Set<string>();
  const ioManagers = new Set<string>();
  for (const key of selected) ioManagers.add(graph.assets.get(key)!.definition.ioManager);
  for (const key of step.upstream) {
    const before = planned.get(key);
    if (before && before.step !== step.name) after.add(before.step);
  }
  for (const input of step.inputs) {
    const stored = input.definition.ioManager ?? (input.key === undefined ? undefined : graph.assets.get(input.key)?.definition.ioManager);
    if (stored !== undefined) ioManagers.add(stored);
  }
  return {
    step: step.name,
    assets: selected,
    after: [...after],
    upstream: step.upstream,
    ioManagers: [...ioManagers],
    ...(skip ? { skip: "not-needed" as const } : {}),
    ...(pool === undefined ? {} : { pool }),
    ...(retry === undefined ? {} : { retry }),
    ...(timeout === undefined ? {} : { timeout }),
  };
}

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
function blocking(graph: AssetGraph, steps: readonly PlanStep[]): readonly ErrorInfo[] {
  if (graph.errors.length === 0) return [];
  const keys = new Set(steps.flatMap(({ assets }) => assets));
  return graph.errors.filter((error) => error.assets.some((key) => keys.has(key)));
}

/** What these steps ask for and this version refuses to run, rather than doing something else silently. */
function unsupported(graph: AssetGraph, steps: readonly PlanStep[]): readonly ErrorInfo[] {
  const found: ErrorInfo[] = [];
  for (const { step: name, assets } of steps) {
    const step = graph.steps.get(name)!;
    for (const key of assets) {
      const asset = graph.assets.get(key)!.definition;
      if (asset.partitions !== undefined) {
        found.push({
          code: "partition/unknown",
          message: `${key} has partitions, which this version of Sluice cannot run.`,
          hint: 'Leave out "partitions" to materialize it as a whole.',
          ...aboutAsset(asset),
        });
      } else if (asset.write !== "replace") {
        const write = typeof asset.write === "string" ? `"${asset.write}"` : "upsert";
        found.push({
          code: "config/invalid",
          message: `${key} writes with ${write}; this version of Sluice runs "replace" only.`,
          hint: 'Leave out "write".',
          ...aboutAsset(asset),
        });
      } else if (asset.checks?.length) {
        found.push({
          code: "config/invalid",
          message: `${key} has the check "${asset.checks[0]!.name}", which this version of Sluice cannot run.`,
          hint: "Leave out assetCheck() until checks run: a check that is not made must not look like one that passed.",
          ...aboutAsset(asset),
        });
      }
    }
    for (const input of step.inputs) {
      const asset = graph.assets.get(assets[0]!)!.definition;
      const upstream = input.key === undefined ? undefined : graph.assets.get(input.key)?.definition;
      if (input.key !== undefined && upstream?.partitions === undefined && input.definition.take === undefined && !input.definition.merged) continue;
      const what = input.key === undefined ? "takes partitions of itself" : `takes partitions of "${input.key}"`;
      found.push({
        code: "partition/mismatch",
        message: `${asset.key} ${what} as its input "${input.name}", which this version of Sluice cannot run.`,
        ...aboutAsset(asset),
      });
    }
  }
  return found;
}

function unknownParams(graph: AssetGraph, steps: readonly PlanStep[], params: Readonly<Record<string, unknown>>): readonly ErrorInfo[] {
  const names = Object.keys(params);
  if (names.length === 0) return [];
  const declared = new Set(steps.flatMap(({ step }) => Object.keys(graph.steps.get(step)!.definition.params)));
  return names.flatMap((name) => {
    if (declared.has(name)) return [];
    const nearest = nearestName(name, declared);
    const hint = nearest === undefined ? `They have ${declared.size === 0 ? "none" : [...declared].join(", ")}.` : `Did you mean "${nearest}"?`;
    return [{ code: "config/invalid" as const, message: `None of the selected assets has a parameter "${name}".`, hint }];
  });
}
