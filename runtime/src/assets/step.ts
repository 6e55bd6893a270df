import { isKind, kind } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";
import { keyParts } from "../model/keys.ts";
import type { AssetDefinition, RetryDefinition, StepDefinition } from "./definition.ts";
import { dependencyKeys, inputDefinitions, keyName, plainInput, withSetters } from "./input-definition.ts";
import { defaultKeyName } from "./keys.ts";
import { isPartitions } from "./partitions.ts";
import { checkProperties, describe } from "./spec.ts";

type Loose = Readonly<Record<string, unknown>>;

export const describedProperties = ["description", "group", "kinds", "tags", "owners", "metadata", "codeVersion"] as const;
export const storageProperties = ["ioManager", "table", "write", "schemaChange", "columns"] as const;
export const stepProperties = ["inputs", "deps", "resources", "partitions", "range", "params", "retry", "timeout", "pool", "run"] as const;

const wrong = (asset: string, message: string, hint?: string) => new SluiceError("config/invalid", `Asset "${asset}": ${message}`, { asset, hint });
const given = (spec: Loose, names: readonly string[]): Loose =>
  Object.fromEntries(names.flatMap((name) => (spec[name] === undefined ? [] : [[name, spec[name]]])));

/** What one output of a step is: everything of an `AssetDefinition` but the step. Throws `config/invalid`. */
export function outputDefinition(key: string, spec: Loose, more: Pick<AssetDefinition, "assetKind"> & Partial<AssetDefinition>): AssetDefinition {
  keyParts(key);
  if (spec["partitions"] !== undefined && !isPartitions(spec["partitions"])) {
    throw wrong(key, `partitions is ${describe(spec["partitions"])}.`, "Use dailyPartitions(), staticPartitions() or another constructor.");
  }
  const { write = "replace", schemaChange = "evolve" } = spec;
  checkWrite(key, write);
  if (!["evolve", "error", "recreate"].includes(schemaChange as string)) {
    throw wrong(key, `schemaChange is ${describe(schemaChange)}.`, 'It is "evolve", "error" or "recreate".');
  }
  if (spec["table"] !== undefined) checkProperties(`table of asset "${key}"`, spec["table"], ["schema", "name"], key);
  if (spec["columns"] !== undefined) checkColumns(key, spec["columns"]);
  checkTexts(key, spec);
  return {
    [kind]: "asset",
    key,
    ...given(spec, ["description", "group", "metadata", "codeVersion", "table", "columns", "rowSchema", "partitions"]),
    kinds: (spec["kinds"] as readonly string[] | undefined) ?? [],
    tags: (spec["tags"] as Readonly<Record<string, string>> | undefined) ?? {},
    owners: (spec["owners"] as readonly string[] | undefined) ?? [],
    ioManager: spec["ioManager"] === undefined ? defaultKeyName : keyName(spec["ioManager"], key),
    write: write as AssetDefinition["write"],
    schemaChange: schemaChange as AssetDefinition["schemaChange"],
    optional: spec["optional"] === true,
    checks: [],
    ...more,
  };
}

function checkWrite(key: string, write: unknown): void {
  if (write === "replace" || write === "append") return;
  const upsert = typeof write === "object" && write !== null ? (write as { upsert?: unknown }).upsert : undefined;
  if (Array.isArray(upsert) && upsert.length > 0 && upsert.every((name) => typeof name === "string")) return;
  throw wrong(key, `write is ${describe(write)}.`, 'It is "replace", "append" or { upsert: ["id"] }.');
}

function checkColumns(key: string, columns: unknown): void {
  checkProperties(`columns of asset "${key}"`, columns, Object.keys(columns as object), key);
  for (const [name, type] of Object.entries(columns as object)) {
    if (typeof type !== "string" || type.trim() === "")
      throw wrong(key, `the type of column "${name}" is ${describe(type)}.`, 'Write a text, such as "decimal(18,2)".');
  }
}

function checkTexts(key: string, spec: Loose): void {
  for (const name of ["description", "group", "codeVersion"]) {
    if (spec[name] !== undefined && typeof spec[name] !== "string") throw wrong(key, `${name} is ${describe(spec[name])} where it takes a text.`);
  }
  for (const name of ["kinds", "owners"]) {
    const list = spec[name];
    if (list !== undefined && !(Array.isArray(list) && list.every((text) => typeof text === "string"))) {
      throw wrong(key, `${name} is ${describe(list)} where it takes a list of texts.`);
    }
  }
}

/** What a step is, without its outputs. Throws `config/invalid`, `graph/cycle`. */
export function stepDefinition(id: string, spec: Loose): Omit<StepDefinition, "outputs"> {
  if (typeof spec["run"] !== "function") throw wrong(id, `run is ${describe(spec["run"])} where it takes a function.`);
  if (spec["retry"] !== undefined) checkRetry(id, spec["retry"]);
  const { timeout, pool } = spec;
  if (timeout !== undefined && !(typeof timeout === "number" && timeout > 0)) {
    throw wrong(id, `timeout is ${describe(timeout)}.`, "It is a number of milliseconds above 0.");
  }
  if (pool !== undefined && (typeof pool !== "string" || pool === "")) throw wrong(id, `pool is ${describe(pool)} where it takes a name.`);
  if (spec["params"] !== undefined) checkParams(id, spec["params"]);
  const { range } = spec;
  if (range !== undefined && typeof range !== "boolean") throw wrong(id, `range is ${describe(range)} where it takes true.`);
  if (range === true && spec["partitions"] === undefined)
    throw wrong(id, "range is for assets with partitions.", 'Add "partitions", or leave out "range".');
  return {
    id,
    inputs: inputDefinitions(id, spec["inputs"]),
    deps: dependencyKeys(id, spec["deps"]),
    resources: resourceNames(id, spec["resources"]),
    params: (spec["params"] as Loose | undefined) ?? {},
    ...(given(spec, ["retry", "timeout", "pool"]) as Partial<StepDefinition>),
    subset: spec["subset"] === true,
    ...(range === true ? { range } : {}),
    run: spec["run"] as StepDefinition["run"],
  };
}

function checkRetry(id: string, retry: unknown): void {
  checkProperties(`retry of asset "${id}"`, retry, ["max", "delay", "backoff", "jitter"], id);
  const { max, delay, backoff } = retry as RetryDefinition;
  if (!Number.isInteger(max) || max < 0) throw wrong(id, `retry.max is ${describe(max)}.`, "It is how often the step is repeated: 0 or more.");
  if (delay !== undefined && !(delay >= 0)) throw wrong(id, `retry.delay is ${describe(delay)}.`, "It is a number of milliseconds.");
  if (backoff !== undefined && backoff !== "linear" && backoff !== "exponential") {
    throw wrong(id, `retry.backoff is ${describe(backoff)}.`, 'It is "linear" or "exponential".');
  }
}

function checkParams(id: string, params: unknown): void {
  if (typeof params !== "object" || params === null || Array.isArray(params))
    throw wrong(id, `params is ${describe(params)} where it takes an object.`);
  for (const [name, value] of Object.entries(params)) {
    const plain = value === null || ["string", "number", "boolean"].includes(typeof value) || Array.isArray(value);
    if (!plain)
      throw wrong(id, `the default of param "${name}" is ${describe(value)}.`, "A param is a text, a number, a boolean, null or a list of those.");
  }
}

/** Names of resource keys by the name `run` sees. */
export function resourceNames(id: string, resources: unknown): Readonly<Record<string, string>> {
  if (resources === undefined) return {};
  return Object.fromEntries(
    Object.entries(resources as object).map(([name, key]) => {
      if (!isKind(key, "resource-key")) {
        throw wrong(
          id,
          `resource "${name}" is ${describe(key)} where a key is needed.`,
          'Make one with resourceKey<Shop>()("shop") and bind it in each target.',
        );
      }
      return [name, (key as unknown as { readonly name: string }).name];
    }),
  );
}

/** The object that users hold: the definition, with the setters of an input. */
export const assetObject = (definition: AssetDefinition): AssetDefinition => withSetters(definition, plainInput(definition));
