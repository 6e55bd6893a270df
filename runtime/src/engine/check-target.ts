import type { AnyIOManager, EnvRef } from "../io/manager.ts";
import { isKind } from "../io/manager.ts";
import { type ErrorInfo, isSluiceError } from "../model/errors.ts";
import { type AssetGraph, aboutAsset, type GraphError, type GraphStep } from "./graph.ts";
import { attempt } from "./problems.ts";
import { placeOf, shownPlace, type Target } from "./target.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** What a step uses of its target, beside the checks of its assets. */
type UsingStep = Pick<GraphStep, "assets" | "inputs"> & { readonly definition: Pick<GraphStep["definition"], "resources"> };

/** What a plan uses on its target: by key name, the settings that must be readable. */
interface UsedBinding {
  readonly key: string;
  readonly target: string;
  readonly asset: string;
  readonly settings: Readonly<Record<string, unknown>> | undefined;
}

/** Calls `visit` for every environment reference in settings, however deep. */
function walkSettings(value: unknown, visit: (ref: EnvRef<unknown>) => void, seen = new Set<object>()): void {
  if (typeof value !== "object" || value === null || seen.has(value)) return;
  seen.add(value);
  if (isKind(value, "env")) visit(value as EnvRef<unknown>);
  else if (Array.isArray(value)) for (const each of value) walkSettings(each, visit, seen);
  else if (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null) {
    for (const each of Object.values(value)) walkSettings(each, visit, seen);
  }
}

/** Every environment variable of the settings that cannot be read: `config/missing-env`, `config/invalid`. Never shows a value. */
function unreadableSettings(used: UsedBinding, environment: Environment): readonly ErrorInfo[] {
  const problems: ErrorInfo[] = [];
  const told = new Set<string>();
  walkSettings(used.settings, (ref) => {
    if (told.has(ref.name)) return;
    told.add(ref.name);
    const where = `"${used.key}" of target "${used.target}"`;
    try {
      ref.read(environment);
    } catch (thrown) {
      const code = isSluiceError(thrown) ? thrown.code : "config/invalid";
      problems.push({
        code,
        message:
          code === "config/missing-env"
            ? `The environment variable ${ref.name} is not set; ${where} needs it.`
            : `The environment variable ${ref.name}, which ${where} needs, is not what it takes: ${(thrown as Error).message}`,
        hint: `Set ${ref.name}, or write ${ref.name}=... into the .env file beside sluice.config.ts.`,
        asset: used.asset,
      });
    }
  });
  return problems;
}

/**
 * What is wrong with a target for these steps, all together and before anything opens: `config/unbound-key`, `config/missing-env`,
 * `graph/storage-collision` with any other asset of the project.
 */
export function checkTarget(graph: AssetGraph, target: Target, steps: Iterable<UsingStep>, environment: Environment): readonly ErrorInfo[] {
  const problems: ErrorInfo[] = [];
  const used = new Map<object, UsedBinding>();
  const touched = new Set<string>();
  const use = (key: string, bound: { readonly settings?: Readonly<Record<string, unknown>> | undefined } | undefined, asset: string) => {
    if (bound && !used.has(bound)) used.set(bound, { key, target: target.name, asset, settings: bound.settings });
  };
  const unique = new Set<string>();
  const once = (found: ErrorInfo[]) => {
    for (const problem of found) {
      if (unique.has(problem.message)) continue;
      unique.add(problem.message);
      problems.push(problem);
    }
  };
  for (const step of steps) {
    const found: ErrorInfo[] = [];
    for (const key of step.assets) {
      touched.add(key);
      const bound = attempt(() => target.managerOf(graph.assets.get(key)!.definition), found);
      use(bound?.key ?? "", bound?.manager, key);
    }
    for (const input of step.inputs) {
      const upstream = input.key === undefined ? undefined : graph.assets.get(input.key)?.definition;
      if (!upstream) continue;
      const bound = attempt(() => target.managerOf({ key: step.assets[0]!, ioManager: upstream.ioManager }, input.definition.ioManager), found);
      use(bound?.key ?? "", bound?.manager, step.assets[0]!);
    }
    const checks = step.assets.flatMap((key) => graph.assets.get(key)!.definition.checks ?? []);
    for (const name of new Set([step.definition, ...checks].flatMap(({ resources }) => Object.values(resources)))) {
      use(
        name,
        attempt(() => target.resource(name, step.assets[0]!), found),
        step.assets[0]!,
      );
    }
    once(found);
  }
  for (const binding of used.values()) once([...unreadableSettings(binding, environment)]);
  problems.push(...storageCollisions(graph, target).filter((error) => error.assets.some((key) => touched.has(key))));
  return problems;
}

/** Same object, or same kind with the same settings: two of them would write to one place. */
function managerIdentity(manager: AnyIOManager, known: Map<AnyIOManager, string>): string {
  const found = known.get(manager);
  if (found !== undefined) return found;
  const text = manager.name === undefined ? undefined : settingsText(manager.settings);
  const identity = text === undefined ? `#${known.size}` : `${manager.name} ${text}`;
  known.set(manager, identity);
  return identity;
}

/** Settings as text, with references to the environment as their names; `undefined` where they are no plain data, so that only the object itself tells. */
function settingsText(settings: unknown): string | undefined {
  try {
    return JSON.stringify(settings);
  } catch {
    // A cycle or a bigint in settings: nothing to compare.
    return undefined;
  }
}

/** Keys of assets that share a place on this target, by place. */
function sharedPlaces(graph: AssetGraph, target: Target): readonly { readonly place: string; readonly keys: readonly string[] }[] {
  const groups = new Map<string, { readonly place: string; readonly keys: string[] }>();
  const identities = new Map<AnyIOManager, string>();
  for (const { key, definition } of graph.assets.values()) {
    const bound = attempt(() => target.managerOf(definition), []);
    const place = bound && placeOf(bound.manager, definition);
    if (!bound || place === undefined) continue;
    const id = `${managerIdentity(bound.manager, identities)}\n${place}`;
    const group = groups.get(id);
    if (group) group.keys.push(key);
    else groups.set(id, { place: shownPlace(bound.manager, definition) ?? place, keys: [key] });
  }
  return [...groups.values()].filter(({ keys }) => keys.length > 1);
}

/**
 * Whether an asset may be one that stores its value itself, which only the compiler knows before it has run: it uses a resource, and nobody
 * takes it as an input. What it shares a place with is then looked at when something is stored there.
 */
const mayStoreItself = (graph: AssetGraph, key: string): boolean =>
  !graph.loaded.has(key) && Object.keys(graph.assets.get(key)?.step?.definition.resources ?? {}).length > 0;

/** Assets that would overwrite each other on this target, as their stores compare names. */
export function storageCollisions(graph: AssetGraph, target: Target): readonly GraphError[] {
  return sharedPlaces(graph, target).flatMap(({ place, keys: all }) => {
    const keys = all.filter((key) => !mayStoreItself(graph, key));
    if (keys.length < 2 || keys.every((key) => !graph.assets.get(key)!.step)) return [];
    return [{ ...collision(keys, target.name, place), ...aboutAsset(graph.assets.get(keys[1]!)!.definition), assets: keys }];
  });
}

/** Words for `graph/storage-collision`. */
export const collision = (keys: readonly string[], target: string, place: string) => ({
  code: "graph/storage-collision" as const,
  message: `${keys.join(" and ")} would be stored in the same place on target "${target}": ${place}.`,
  hint: 'Give one of them another place: table: { schema: "...", name: "..." }, another I/O manager, or another key.',
});

/** Keys whose place must be looked at before something is stored there: it may hold what another asset stored. */
export const keysInSharedPlaces = (graph: AssetGraph, target: Target): ReadonlySet<string> =>
  new Set(sharedPlaces(graph, target).flatMap(({ keys }) => keys));
