import { isKind, kind } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";
import type { Dependency } from "./asset.ts";
import { callSite } from "./call-site.ts";
import type { Context, Params } from "./context.ts";
import type { AssetDefinition, StepDefinition } from "./definition.ts";
import type { Asset, InputMistakes, Inputs, LoadedInputs } from "./inputs.ts";
import type { DefaultIOManagerKey, IOManagerKey, Resources } from "./keys.ts";
import type { Mistake, Promisable } from "./mistake.ts";
import type { MaybePartitions, Unpartitioned } from "./partitions.ts";
import { checkProperties, describe } from "./spec.ts";
import { assetObject, describedProperties, outputDefinition, stepDefinition, stepProperties, storageProperties } from "./step.ts";
import type { Described, Received, Retry, Storage, StorageVerdict } from "./storage.ts";

/** Base of every output; without type parameters, so that the compiler infers none of `output()`'s from it. */
interface AnyOutput extends Described {
  readonly [kind]: "output";
}
export interface Output<K extends IOManagerKey, Optional extends boolean> extends AnyOutput, Storage<K> {
  readonly optional: Optional;
}
type Outputs = Readonly<Record<string, AnyOutput>>;

/** One of the outputs of `assets()`. `optional`: `run` may leave it `undefined`. */
export function output<K extends IOManagerKey = DefaultIOManagerKey, Optional extends boolean = false>(
  options?: Described & Storage<K> & { readonly optional?: Optional },
): Output<K, Optional> {
  checkProperties("output()", options ?? {}, [...describedProperties, ...storageProperties, "optional"]);
  return { ...options, [kind]: "output", optional: options?.optional === true } as Output<K, Optional>;
}

type OutputVerdict<Key extends string, Value, O, Subset> =
  O extends Output<infer K, infer Optional> ? StorageVerdict<Key, true extends Optional | Subset ? Exclude<Value, undefined> : Value, K> : never;
type OutputVerdicts<Prefix extends string, Values, O, Subset> = {
  readonly [Name in keyof O & string]: Name extends keyof Values ? OutputVerdict<`${Prefix}/${Name}`, Values[Name], O[Name], Subset> : unknown;
} & { readonly [Name in Exclude<keyof Values, keyof O> & string]: Mistake<`"${Prefix}" declares no output "${Name}"`> };

/**
 * Defines several assets that one function computes. Their keys are `prefix/name`.
 * An optional output that is `undefined` is not materialized: its former value stays, its downstream is skipped.
 * @example const { good, bad } = assets("split", { outputs: { good: output(), bad: output() }, run: () => ({ good: [], bad: [] }) });
 */
export function assets<
  const Prefix extends string,
  O extends Outputs,
  Values extends object,
  I extends Inputs = {},
  R extends Resources = {},
  P extends MaybePartitions = Unpartitioned,
  Subset extends boolean = false,
  A extends Params = {},
>(
  prefix: Prefix,
  spec: {
    readonly inputs?: I & InputMistakes<I, P>;
    readonly deps?: readonly Dependency[];
    readonly resources?: R;
    readonly partitions?: P;
    readonly params?: A;
    readonly retry?: Retry;
    readonly timeout?: number;
    readonly pool?: string;
    readonly outputs: O;
    /** `true`: `run` may be asked for some of its outputs, `context.selected`, and leave the others `undefined`. */
    readonly subset?: Subset;
    readonly run: (
      inputs: LoadedInputs<I, P>,
      context: Context<P, R, A> & { readonly selected: ReadonlySet<keyof O> },
    ) => Promisable<Values> & Promisable<OutputVerdicts<Prefix, Values, O, Subset>>;
  },
): { readonly [Name in keyof O]: Asset<Received<Exclude<Values[Name & keyof Values], undefined>>, P, `${Prefix}/${Name & string}`> } {
  checkProperties(`assets "${prefix}"`, spec, [...stepProperties, "outputs", "subset"], prefix);
  const loose = spec as unknown as Readonly<Record<string, unknown>>;
  const names = outputNames(prefix, spec.outputs);
  const outputs: Record<string, AssetDefinition> = {};
  const step: StepDefinition = { ...stepDefinition(prefix, loose), outputs };
  const definedAt = callSite(assets);
  for (const name of names) {
    const own = { ...spec.outputs[name], partitions: spec.partitions };
    const definition = outputDefinition(`${prefix}/${name}`, own, { assetKind: "output", step, definedAt });
    outputs[name] = assetObject(definition);
  }
  return outputs as unknown as ReturnType<typeof assets<Prefix, O, Values, I, R, P, Subset, A>>;
}

function outputNames(prefix: string, outputs: unknown): readonly string[] {
  const entries = typeof outputs === "object" && outputs !== null ? Object.entries(outputs) : [];
  if (entries.length === 0)
    throw new SluiceError("config/invalid", `assets "${prefix}" declares no outputs.`, { asset: prefix, hint: "Write outputs: { name: output() }." });
  for (const [name, value] of entries) {
    if (isKind(value, "output")) continue;
    throw new SluiceError("config/invalid", `Output "${name}" of assets "${prefix}" is ${describe(value)}.`, {
      asset: `${prefix}/${name}`,
      hint: "Make it with output().",
    });
  }
  return entries.map(([name]) => name);
}
