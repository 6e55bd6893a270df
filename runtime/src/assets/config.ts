import type { AnyIOManager, IOManager, types } from "../io/manager.ts";
import { isKind, kind } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";
import { nearestName } from "../model/nearest.ts";
import type { ConfigDefinition, ResourceDefinition, TargetDefinition } from "./definition.ts";
import type { AnyKey, IOManagerKey, ResourceKey } from "./keys.ts";
import { defaultKeyName } from "./keys.ts";
import type { Resource } from "./resource.ts";
import { checkProperties, describe } from "./spec.ts";
import type { Register } from "./values.ts";

type Binding<K> =
  K extends IOManagerKey<string, infer Value> ? IOManager<Value> : K extends ResourceKey<string, infer Value> ? Resource<Value> : never;
type DefaultBound = Register extends { ioManager: infer Value } ? Value : never;
/** What each target binds: the default I/O manager and every key of the project. */
export type Target<Keys extends readonly AnyKey[]> = {
  /** Stores assets that name no key; `filesystem()` under `.sluice/storage` when left out. */
  readonly ioManager?: IOManager<DefaultBound>;
  /** Every write is confirmed. */
  readonly protected?: boolean;
  /** Name of another target that missing inputs are read from. */
  readonly readFrom?: string;
} & { readonly [K in Keys[number] as K["name"]]: Binding<K> };

/** A project's configuration; `Name` are its targets. */
export interface Config<Name extends string = string> extends ConfigDefinition {
  readonly [types]?: Name;
}

const wrong = (message: string, hint?: string) => new SluiceError("config/invalid", message, { hint });

/**
 * Describes a project: where its assets are and what each target binds. The default export of `sluice.config.ts`.
 * Throws `config/invalid`, `config/unknown-target`, `config/unbound-key`.
 */
export function defineConfig<const Keys extends readonly AnyKey[] = readonly [], const Name extends string = string>(config: {
  /** Globs of the modules that define assets, relative to the config's folder. */
  readonly assets: readonly string[];
  /** Every I/O manager key and resource key of the project: each target must bind them. */
  readonly keys?: Keys;
  readonly targets: { readonly [N in Name]: Target<Keys> };
  readonly defaultTarget: NoInfer<Name>;
}): Config<Name> {
  checkProperties("defineConfig()", config, ["assets", "keys", "targets", "defaultTarget"]);
  const globs: unknown = config.assets;
  if (!Array.isArray(globs) || globs.length === 0 || !globs.every((glob) => typeof glob === "string" && glob !== "")) {
    throw wrong(`assets is ${describe(globs)} where it takes a list of globs.`, 'Write assets: ["assets/**/*.ts"].');
  }
  const keys = keysByName(config.keys ?? []);
  const entries = Object.entries((config.targets as Readonly<Record<string, unknown>> | undefined) ?? {});
  const names = entries.map(([name]) => name);
  if (names.length === 0) throw wrong("The configuration has no targets.", "Write targets: { local: { ioManager: … } }.");
  const targets = Object.fromEntries(entries.map(([name, target]) => [name, targetDefinition(name, target, keys, names)]));
  checkTarget(config.defaultTarget, names, "defaultTarget");
  return { [kind]: "config", assets: [...config.assets], targets, defaultTarget: config.defaultTarget };
}

function keysByName(keys: readonly AnyKey[]): ReadonlyMap<string, AnyKey> {
  const byName = new Map<string, AnyKey>();
  for (const key of keys) {
    if (!isKind(key, "io-manager-key") && !isKind(key, "resource-key")) {
      throw wrong(`keys holds ${describe(key)} where it takes keys.`, "Make them with ioManagerKey() and resourceKey().");
    }
    if (byName.has(key.name)) throw wrong(`keys holds two keys named "${key.name}".`);
    byName.set(key.name, key);
  }
  return byName;
}

function checkTarget(name: unknown, names: readonly string[], what: string): void {
  if (typeof name === "string" && names.includes(name)) return;
  const meant = typeof name === "string" ? nearestName(name, names) : undefined;
  throw new SluiceError("config/unknown-target", `${what} is ${describe(name)}, which is no target.`, {
    hint: meant === undefined ? `Targets are ${names.join(", ")}.` : `Did you mean "${meant}"?`,
  });
}

function targetDefinition(name: string, target: unknown, keys: ReadonlyMap<string, AnyKey>, names: readonly string[]): TargetDefinition {
  checkProperties(`target "${name}"`, target, [defaultKeyName, "protected", "readFrom", ...keys.keys()]);
  const { protected: guarded, readFrom, ...bindings } = target as Readonly<Record<string, unknown>>;
  if (guarded !== undefined && typeof guarded !== "boolean") throw wrong(`protected of target "${name}" is ${describe(guarded)}.`);
  if (readFrom !== undefined) checkTarget(readFrom, names, `readFrom of target "${name}"`);
  if (readFrom === name) throw wrong(`Target "${name}" reads from itself.`, "Leave readFrom out.");
  for (const [keyName, key] of keys) {
    if (bindings[keyName] === undefined) {
      throw new SluiceError("config/unbound-key", `Target "${name}" binds nothing to the key "${keyName}".`, {
        hint: `Add ${keyName}: … to the target.`,
      });
    }
    checkBinding(name, keyName, bindings[keyName], isKind(key, "resource-key"));
  }
  if (bindings[defaultKeyName] !== undefined) checkBinding(name, defaultKeyName, bindings[defaultKeyName], false);
  return {
    protected: guarded === true,
    ...(readFrom === undefined ? {} : { readFrom: readFrom as string }),
    bindings: Object.fromEntries(Object.entries(bindings).filter(([, value]) => value !== undefined)) as Readonly<
      Record<string, AnyIOManager | ResourceDefinition>
    >,
  };
}

function checkBinding(target: string, key: string, binding: unknown, resource: boolean): void {
  const right = resource ? isKind(binding, "resource") : isIOManager(binding);
  if (right) return;
  throw wrong(
    `Target "${target}" binds ${describe(binding)} to "${key}", where ${resource ? "a resource" : "an I/O manager"} is needed.`,
    resource ? "Make it with resource({ open })." : "An I/O manager has handleOutput and loadInput.",
  );
}

const isIOManager = (value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  typeof (value as { handleOutput?: unknown }).handleOutput === "function" &&
  typeof (value as { loadInput?: unknown }).loadInput === "function";
