import type { AssetDefinition, ConfigDefinition, ResourceDefinition, TargetDefinition } from "../assets/definition.ts";
import { type AnyIOManager, isKind } from "../io/manager.ts";
import { isSluiceError, SluiceError } from "../model/errors.ts";
import { nearestName } from "../model/nearest.ts";

/** Name of the I/O manager key that assets use when they choose none. */
export const defaultKey = "ioManager";

/** The I/O manager of an asset, and why that one. */
export interface BoundManager {
  readonly manager: AnyIOManager;
  /** Name of the key it is bound to. */
  readonly key: string;
  /** For people: "duckdb". */
  readonly name: string;
  /** The asset chose the key; the target's default; or the target binds no default, so that values lie in the project's own folder. */
  readonly why: "asset" | "default" | "fallback";
}

/** A target as planning, running and looking at values use it. Stores open on first use. */
export interface Target {
  readonly name: string;
  readonly protected: boolean;
  /** Where inputs that are missing here are read from; never written to. */
  readonly readFrom: Target | undefined;
  /** Throws `config/unbound-key`. */
  readonly managerOf: (asset: Pick<AssetDefinition, "key" | "ioManager">, override?: string) => BoundManager;
  /** Throws `config/unbound-key`. */
  readonly resource: (name: string, asset: string) => ResourceDefinition;
  /** Lets go of locks and handles; the next use opens again. */
  readonly release: () => Promise<void>;
  /** For good. Idempotent. */
  readonly close: () => Promise<void>;
}

export interface TargetOptions {
  /** The I/O manager of a target that binds no default: `filesystem()` below the project. Called once per target, on first need. */
  readonly fallback: (target: string) => AnyIOManager;
}

const isManager = (value: unknown): value is AnyIOManager => typeof (value as AnyIOManager | undefined)?.handleOutput === "function";

/** Where an asset lies, as its store compares names; `undefined` where that cannot be told, for instance because a setting is missing. */
export const placeOf = (manager: AnyIOManager, { key, table }: Place): string | undefined => told(() => manager.place?.({ key, table }));

/** The same for people. */
export const shownPlace = (manager: AnyIOManager, { key, table }: Place): string | undefined =>
  told(() => (manager.shown ? manager.shown({ key, table }) : manager.place?.({ key, table })));

type Place = Pick<AssetDefinition, "key" | "table">;

function told(place: () => string | undefined): string | undefined {
  try {
    return place();
  } catch (thrown) {
    if (isSluiceError(thrown)) return undefined;
    throw thrown;
  }
}

/** The target's definition. Throws `config/unknown-target` with the names there are. */
export function targetDefinition(config: ConfigDefinition, name: string): TargetDefinition {
  if (Object.hasOwn(config.targets, name)) return config.targets[name]!;
  const names = Object.keys(config.targets);
  const nearest = nearestName(name, names);
  throw new SluiceError("config/unknown-target", `There is no target "${name}" in sluice.config.ts.`, {
    hint: nearest === undefined ? `There are ${names.map((known) => `"${known}"`).join(", ")}.` : `Did you mean "${nearest}"?`,
  });
}

/** Makes a target of the config usable. Throws `config/unknown-target`, also for its `readFrom`; opens no store. */
export function openTarget(config: ConfigDefinition, name: string, options: TargetOptions): Target {
  return open(config, name, options, true);
}

function open(config: ConfigDefinition, name: string, options: TargetOptions, follow: boolean): Target {
  const definition = targetDefinition(config, name);
  let fallback: AnyIOManager | undefined;
  if (follow && definition.readFrom === name) {
    throw new SluiceError("config/invalid", `Target "${name}" reads missing inputs from itself.`, { hint: '"readFrom" names another target.' });
  }
  const readFrom = follow && definition.readFrom !== undefined ? open(config, definition.readFrom, options, false) : undefined;

  const binding = (key: string): unknown => (Object.hasOwn(definition.bindings, key) ? definition.bindings[key] : undefined);
  function unbound(key: string, asset: string, what: string): SluiceError {
    const nearest = nearestName(key, Object.keys(definition.bindings));
    return new SluiceError("config/unbound-key", `Target "${name}" binds no ${what} to "${key}", which ${asset} uses.`, {
      asset,
      hint: nearest === undefined ? `Bind it in sluice.config.ts: targets: { ${name}: { ${key}: ... } }.` : `Did you mean "${nearest}"?`,
    });
  }
  const unfit = (key: string, asset: string, what: string) =>
    new SluiceError("config/unbound-key", `Target "${name}" binds "${key}" to something else than ${what}, which ${asset} needs there.`, { asset });

  const managers = () => new Set([...Object.values(definition.bindings).filter(isManager), ...(fallback ? [fallback] : [])]);

  async function each(act: (manager: AnyIOManager) => Promise<void> | undefined): Promise<void> {
    const results = await Promise.allSettled([...managers()].map(async (manager) => act(manager)));
    const failed = results.filter((result) => result.status === "rejected").map(({ reason }) => reason as unknown);
    if (failed.length === 1) throw failed[0];
    if (failed.length > 1) throw new AggregateError(failed, `${failed.length} I/O managers of target "${name}" did not close.`);
  }

  return {
    name,
    protected: definition.protected,
    readFrom,
    managerOf: (asset, override) => {
      const key = override ?? asset.ioManager;
      const bound = binding(key);
      if (isManager(bound)) return { manager: bound, key, name: bound.name ?? key, why: key === defaultKey ? "default" : "asset" };
      if (bound !== undefined) throw unfit(key, asset.key, "an I/O manager");
      if (key !== defaultKey) throw unbound(key, asset.key, "I/O manager");
      fallback ??= options.fallback(name);
      return { manager: fallback, key, name: fallback.name ?? key, why: "fallback" };
    },
    resource: (key, asset) => {
      const bound = binding(key);
      if (isKind(bound, "resource")) return bound as ResourceDefinition;
      throw bound === undefined ? unbound(key, asset, "resource") : unfit(key, asset, "a resource");
    },
    release: async () => {
      await Promise.all([each((manager) => manager.release?.()), readFrom?.release()]);
    },
    close: async () => {
      await Promise.all([each((manager) => manager.close?.()), readFrom?.close()]);
    },
  };
}
