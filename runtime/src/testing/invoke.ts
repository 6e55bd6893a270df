import type { AssetDefinition, StepDefinition } from "../assets/definition.ts";
import type { AnyAsset, AnyInput, Loaded } from "../assets/inputs.ts";
import { type PartitionName, partitionText } from "../assets/partition-choice.ts";
import type { Unpartitioned } from "../assets/partitions.ts";
import { contextPartitions } from "../engine/context-partitions.ts";
import { partitionMap } from "../engine/partition-map.ts";
import { isKind } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";
import type { LogLevel } from "../model/events.ts";
import { planMapping } from "../partitions/mapping.ts";
import { partitionSpace } from "../partitions/space.ts";
import { dynamicKeys } from "./dynamic-keys.ts";

/** What `run` is to see as its context; what is left out is empty, and logs go nowhere. */
export interface InvokeContext {
  /** The partition to make, of an asset with partitions: its key, or a key for each dimension. Any key of a dynamic definition will do. */
  readonly partition?: PartitionName;
  /** The partitions to make, of an asset with `range: true`. */
  readonly partitions?: readonly PartitionName[];
  /** Names of the outputs asked for, of `assets()` with `subset: true`; all when left out. */
  readonly selected?: readonly string[];
  /** Opened values by the name that `run` knows them by. */
  readonly resources?: Readonly<Record<string, unknown>>;
  /** In place of the asset's defaults. */
  readonly params?: Readonly<Record<string, unknown>>;
  readonly signal?: AbortSignal;
  readonly log?: (level: LogLevel, message: string) => void;
  /** Receives what `run` says with `context.metadata`. */
  readonly metadata?: (more: Readonly<Record<string, unknown>>) => void;
  readonly progress?: (done: number, total?: number) => void;
  /** Receives what `run` says with `context.dataVersion`. */
  readonly dataVersion?: (version: string) => void;
  /** Receives the keys that `run` adds to a dynamic definition. */
  readonly addPartitions?: (name: string, keys: readonly string[]) => void;
}

/** Several assets of one function, as `assets()` returns them. */
type Several = Readonly<Record<string, AnyAsset>>;
/** What `run` returned: an asset's value, or those of all outputs by name. */
export type Invoked<A> = A extends AnyInput ? Loaded<A, Unpartitioned> : { readonly [Name in keyof A]: Loaded<A[Name], Unpartitioned> };

/**
 * Calls an asset's `run` with these inputs and stores nothing. Each input is the value in the shape that the asset asks for; of several partitions,
 * a Map of values by key. Resolves to what `run` returned: of `assets()`, the value of the output given, or all of them where all are given.
 * Throws what `run` throws; `config/invalid` for inputs that the asset does not have, or lacks; `partition/unknown`.
 * @example expect(await invoke(cleanSales, { rawSales: [{ owner: "a", amount: null }] })).toEqual([{ owner: "a", amount: 0 }]);
 */
export async function invoke<A extends AnyAsset | Several>(
  asset: A,
  inputs: Readonly<Record<string, unknown>> = {},
  context: InvokeContext = {},
): Promise<Invoked<A>> {
  const all = isKind(asset, "asset") ? undefined : Object.values(asset as Several)[0];
  const definition = (all ?? asset) as unknown as AssetDefinition;
  const { key, step } = definition;
  if (!isKind(definition, "asset") || !step) {
    throw new SluiceError("config/invalid", `"${String(key)}" has no run: it is a source, or no asset.`, { asset: key });
  }
  const known = Object.keys(step.inputs);
  const strange = Object.keys(inputs).find((name) => !known.includes(name));
  const missing = known.find((name) => !Object.hasOwn(inputs, name));
  if (strange !== undefined || missing !== undefined) {
    const what = strange !== undefined ? `has no input "${strange}"` : `needs the input "${missing}"`;
    throw new SluiceError("config/invalid", `Asset "${key}" ${what}.`, { asset: key, hint: `Its inputs are ${known.join(", ") || "none"}.` });
  }
  const selected = new Set(context.selected ?? Object.keys(step.outputs));
  const other = [...selected].find((name) => !Object.hasOwn(step.outputs, name));
  if (other !== undefined) {
    throw new SluiceError("config/invalid", `"${step.id}" has no output "${other}".`, {
      asset: key,
      hint: `Its outputs are ${Object.keys(step.outputs).join(", ")}.`,
    });
  }
  const { resources = {}, params = {}, signal = new AbortController().signal, log = () => {}, metadata = () => {}, progress = () => {} } = context;
  const said = (level: LogLevel) => (message: string) => log(level, String(message));
  const value = await step.run(withMaps(definition, step, inputs), {
    key: step.id,
    ...partitionsOf(definition, step, context),
    resources,
    params: { ...step.params, ...params },
    signal,
    log: { debug: said("debug"), info: said("info"), warn: said("warn"), error: said("error") },
    metadata,
    progress,
    dataVersion: context.dataVersion ?? (() => {}),
    selected,
  });
  const name = all || step.outputs[""] ? undefined : Object.entries(step.outputs).find(([, output]) => output.key === key)?.[0];
  return (name === undefined ? value : (value as Readonly<Record<string, unknown>>)[name]) as Invoked<A>;
}

/** What the context says of partitions. */
function partitionsOf({ key, partitions: definition }: AssetDefinition, step: StepDefinition, context: InvokeContext) {
  const named = [...(context.partition === undefined ? [] : [context.partition]), ...(context.partitions ?? [])].map(partitionText);
  const add = async (name: string, keys: readonly string[]) => context.addPartitions?.(name, keys);
  const range = step.range === true;
  if (!definition) {
    if (named.length === 0) return contextPartitions(undefined, [], range, add);
    throw new SluiceError("partition/unknown", `${key} has no partitions, and "${named.join(", ")}" was given.`, { asset: key });
  }
  if (range ? named.length === 0 : named.length !== 1) {
    throw new SluiceError("partition/unknown", `${key} has partitions; ${range ? "nothing says which of them" : "its run makes one of them"}.`, {
      asset: key,
      hint: range ? 'Give the context "partitions".' : 'Give the context "partition".',
    });
  }
  const space = partitionSpace(definition, { now: Date.now(), dynamic: dynamicKeys(definition, named) });
  const keys = named.map((each) => {
    const found = space.canonical(each);
    if (found !== undefined) return found;
    throw new SluiceError("partition/unknown", `${key} has no partition "${each}".`, { asset: key, hint: space.hint(each) });
  });
  return contextPartitions(space, keys, range, add);
}

/** Inputs that `run` gets as a map of partitions are given as a Map of values. */
function withMaps(asset: AssetDefinition, step: StepDefinition, inputs: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const given: Record<string, unknown> = { ...inputs };
  for (const [name, input] of Object.entries(step.inputs)) {
    const upstream = input.upstream ?? asset;
    const plan = planMapping(asset.partitions, input, upstream.partitions);
    if (!upstream.partitions || "mistake" in plan) continue;
    const fixed = [...plan.rules.values()].every(({ type }) => type !== "same" && type !== "time");
    const several = plan.shape === "many" || (plan.shape === "one" && step.range === true && !fixed);
    const value = inputs[name];
    if (several && !(value instanceof Map)) {
      throw new SluiceError("config/invalid", `Asset "${asset.key}" takes several partitions of ${upstream.key} as its input "${name}".`, {
        asset: asset.key,
        hint: "Give a Map of values by key of the partition.",
      });
    }
    if (!several) continue;
    const values = value as ReadonlyMap<string, unknown>;
    given[name] = partitionMap(upstream.key, [...values.keys()], async (key) => values.get(key));
  }
  return given;
}
