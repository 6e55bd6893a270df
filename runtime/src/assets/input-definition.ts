import type { AnyHandler } from "../io/manager.ts";
import { isKind, kind } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";
import type { AssetDefinition, InputDefinition, PartitionTake } from "./definition.ts";
import { checkProperties, describe } from "./spec.ts";

const wrong = (message: string, hint?: string, asset?: string) => new SluiceError("config/invalid", message, { hint, asset });

/** The name of an I/O manager key. Throws `config/invalid` for anything else, such as the name alone. */
export function keyName(key: unknown, asset?: string): string {
  if (isKind(key, "io-manager-key")) return (key as unknown as { readonly name: string }).name;
  throw wrong(`ioManager is ${describe(key)} where a key is needed.`, 'Make one with ioManagerKey()("warehouse") and bind it in each target.', asset);
}

function handlerOf(value: unknown): AnyHandler {
  if (isKind(value, "handler")) return value as unknown as AnyHandler;
  throw wrong(
    `.as() was given ${describe(value)} where it takes a type handler.`,
    typeof value === "function" ? "Call it: .as(rows())." : "Use rows(), arrow, batches or sql.",
  );
}

const definitionKey = Symbol.for("sluice.input");

/** The definition behind an input that users hold: `merged` is a setter there and a fact here. */
export const definitionOf = (input: object): InputDefinition =>
  (input as { readonly [definitionKey]?: InputDefinition })[definitionKey] ?? (input as InputDefinition);

/** An input as users hold it: nothing to see but the setters. */
export const inputObject = (input: InputDefinition): object => withSetters({ [kind]: "input" }, input);

/** Adds the setters that users call; they are not enumerable, so that a spread or a print of a definition shows its data only. */
export function withSetters<Target extends object>(target: Target, input: InputDefinition): Target {
  const next = (change: Partial<InputDefinition>) => inputObject({ ...input, ...change });
  const take = (value: PartitionTake) => {
    if (input.take === undefined) return next({ take: value });
    throw wrong(`.${value.type}() was called on an input that says .${input.take.type}() already.`, "An input takes its partitions in one way.");
  };
  const dimension = (name: unknown) => {
    if (name === undefined || typeof name === "string") return name === undefined ? {} : { dimension: name };
    throw wrong(`A dimension is named by a text, not by ${describe(name)}.`);
  };
  const setters = {
    as: (handler: unknown) => next({ handler: handlerOf(handler) }),
    with: (options: { readonly columns?: readonly string[]; readonly ioManager?: unknown; readonly allowMissingPartitions?: boolean }) => {
      checkProperties(".with()", options, ["columns", "ioManager", "allowMissingPartitions"]);
      return next({
        ...(options.columns === undefined ? {} : { columns: columnNames(options.columns) }),
        ...(options.ioManager === undefined ? {} : { ioManager: keyName(options.ioManager) }),
        ...(options.allowMissingPartitions === undefined ? {} : { allowMissingPartitions: options.allowMissingPartitions }),
      });
    },
    all: (name?: unknown) => take({ type: "all", ...dimension(name) }),
    latest: (name?: unknown) => take({ type: "latest", ...dimension(name) }),
    partition: (key: string | Readonly<Record<string, unknown>>) => take({ type: "partition", key }),
    window: (range: unknown) => take({ type: "window", ...windowRange(range) }),
    merged: () => next({ merged: true }),
  };
  Object.defineProperty(target, definitionKey, { value: input });
  for (const [name, value] of Object.entries(setters)) Object.defineProperty(target, name, { value });
  return target;
}

function columnNames(columns: readonly string[]): readonly string[] {
  if (Array.isArray(columns) && columns.length > 0 && columns.every((name) => typeof name === "string")) return [...columns];
  throw wrong(".with({ columns }) takes the names of one or more columns.");
}

/** The window of `.window()`. Throws `config/invalid` unless both ends are integers in order. */
export function windowRange(range: unknown): { readonly start: number; readonly end: number } {
  checkProperties(".window()", range, ["start", "end"]);
  const { start, end } = range as { start: number; end: number };
  if (Number.isInteger(start) && Number.isInteger(end) && start <= end) return { start, end };
  throw wrong(
    `.window() was given start ${describe(start)} and end ${describe(end)}.`,
    "Both are counted in partitions, as integers, start not after end.",
  );
}

/** An asset as an input of another, before any setter. */
export const plainInput = (upstream: AssetDefinition | undefined): InputDefinition => ({
  [kind]: "input",
  upstream,
  ...(upstream?.handler === undefined ? {} : { handler: upstream.handler }),
  allowMissingPartitions: false,
  merged: false,
});

/** `inputs` of a specification. Throws `graph/cycle` for an upstream that is not defined yet, `config/invalid` for what is no asset. */
export function inputDefinitions(asset: string, inputs: unknown): Readonly<Record<string, InputDefinition>> {
  if (inputs === undefined) return {};
  if (typeof inputs !== "object" || inputs === null || Array.isArray(inputs)) {
    throw wrong(
      `inputs of asset "${asset}" is ${describe(inputs)} where it takes an object of assets.`,
      "Write inputs: { name: upstreamAsset }.",
      asset,
    );
  }
  const result: Record<string, InputDefinition> = {};
  for (const [name, value] of Object.entries(inputs)) result[name] = inputDefinition(asset, `input "${name}"`, value);
  return result;
}

function inputDefinition(asset: string, what: string, value: unknown): InputDefinition {
  if (isKind(value, "asset")) return plainInput(value as unknown as AssetDefinition);
  if (isKind(value, "input")) return definitionOf(value);
  if (value === undefined) throw usedTooEarly(asset, what);
  throw wrong(
    `The ${what} of asset "${asset}" is ${describe(value)} where it takes an asset.`,
    typeof value === "string"
      ? `Inputs are assets by reference: import the asset, or describe it with source(${JSON.stringify(value)}).`
      : "Import the upstream asset and name it.",
    asset,
  );
}

/** Keys of `deps`. */
export function dependencyKeys(asset: string, deps: unknown): readonly string[] {
  if (deps === undefined) return [];
  if (!Array.isArray(deps)) throw wrong(`deps of asset "${asset}" is ${describe(deps)} where it takes a list of assets or keys.`, undefined, asset);
  return deps.map((value: unknown, index) => {
    if (typeof value === "string") return value;
    if (isKind(value, "asset")) return (value as unknown as AssetDefinition).key;
    if (value === undefined) throw usedTooEarly(asset, `dependency ${index + 1}`);
    throw wrong(`Dependency ${index + 1} of asset "${asset}" is ${describe(value)} where it takes an asset or a key.`, undefined, asset);
  });
}

const usedTooEarly = (asset: string, what: string) =>
  new SluiceError("graph/cycle", `The ${what} of asset "${asset}" is undefined: the upstream asset is used before it is defined.`, {
    asset,
    hint: "Two modules of assets import each other, or the name is not exported. Move the shared assets into a module of their own, or name the upstream key in deps.",
  });
