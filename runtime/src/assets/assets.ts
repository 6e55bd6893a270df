import { isKind, kind } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";
import type { Dependency } from "./asset.ts";
import { callSite } from "./call-site.ts";
import type { Context, Params } from "./context.ts";
import type { AssetDefinition, StepDefinition } from "./definition.ts";
import type { Asset, InputMistakes, Inputs, LoadedInputs, PerPartition } from "./inputs.ts";
import type { DefaultIOManagerKey, IOManagerKey, Resources } from "./keys.ts";
import type { Mistake, Promisable } from "./mistake.ts";
import type { MaybePartitions, Unpartitioned } from "./partitions.ts";
import { checkProperties, describe } from "./spec.ts";
import { assetObject, describedProperties, outputDefinition, stepDefinition, stepProperties, storageProperties } from "./step.ts";
import type { Described, MaybeSchema, NoSchema, Received, Retry, Storage, StorageVerdict } from "./storage.ts";

/** Base of every output; without type parameters, so that the compiler infers none of `output()`'s from it. */
interface AnyOutput extends Described {
  readonly [kind]: "output";
}
export interface Output<K extends IOManagerKey, Optional extends boolean, Schema extends MaybeSchema = NoSchema> extends AnyOutput, Storage<K> {
  readonly optional: Optional;
  readonly rowSchema?: Schema;
}
type Outputs = Readonly<Record<string, AnyOutput>>;

/** One of the outputs of `assets()`. `optional`: `run` may leave it `undefined`. */
export function output<K extends IOManagerKey = DefaultIOManagerKey, Optional extends boolean = false, Schema extends MaybeSchema = NoSchema>(
  options?: Described & Storage<K> & { readonly optional?: Optional; readonly rowSchema?: Schema },
): Output<K, Optional, Schema> {
  checkProperties("output()", options ?? {}, [...describedProperties, ...storageProperties, "rowSchema", "optional"]);
  return { ...options, [kind]: "output", optional: options?.optional === true } as Output<K, Optional, Schema>;
}

type OutputVerdict<Key extends string, Value, O, Subset, Range> =
  O extends Output<infer K, infer Optional, infer Schema>
    ? StorageVerdict<Key, PerPartition<true extends Optional | Subset ? Exclude<Value, undefined> : Value, Range>, K, Schema>
    : never;
type SchemaOf<O> = O extends Output<infer _K, infer _Optional, infer Schema> ? Schema : NoSchema;
type OutputVerdicts<Prefix extends string, Values, O, Subset, Range> = {
  readonly [Name in keyof O & string]: Name extends keyof Values ? OutputVerdict<`${Prefix}/${Name}`, Values[Name], O[Name], Subset, Range> : unknown;
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
  Range extends boolean = false,
>(
  prefix: Prefix,
  spec: {
    readonly inputs?: I & InputMistakes<I, P>;
    readonly deps?: readonly Dependency[];
    readonly resources?: R;
    readonly partitions?: P;
    /** `true`: all partitions of a run are made in one call; each output is one table of all their rows, or a Map with a value for each. */
    readonly range?: Range;
    readonly params?: A;
    readonly retry?: Retry;
    readonly timeout?: number;
    readonly pool?: string;
    readonly outputs: O;
    /** `true`: `run` may be asked for some of its outputs, `context.selected`, and leave the others `undefined`. */
    readonly subset?: Subset;
    readonly run: (
      inputs: LoadedInputs<I, P, Range>,
      context: Context<P, R, A, Range> & { readonly selected: ReadonlySet<keyof O> },
    ) => Promisable<Values> & Promisable<OutputVerdicts<Prefix, Values, O, Subset, Range>>;
  },
): {
  readonly [Name in keyof O]: Asset<
    Received<PerPartition<Exclude<Values[Name & keyof Values], undefined>, Range>, SchemaOf<O[Name]>>,
    P,
    `${Prefix}/${Name & string}`
  >;
} {
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
  return outputs as unknown as ReturnType<typeof assets<Prefix, O, Values, I, R, P, Subset, A, Range>>;
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
