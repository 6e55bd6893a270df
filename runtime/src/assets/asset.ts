import { callSite } from "./call-site.ts";
import type { Context, Params } from "./context.ts";
import type { StepDefinition } from "./definition.ts";
import type { AnyAsset, Asset, InputMistakes, Inputs, LoadedInputs, PerPartition } from "./inputs.ts";
import type { DefaultIOManagerKey, IOManagerKey, Resources } from "./keys.ts";
import type { MaybePartitions, Unpartitioned } from "./partitions.ts";
import { checkProperties } from "./spec.ts";
import { assetObject, describedProperties, outputDefinition, stepDefinition, stepProperties, storageProperties } from "./step.ts";
import type { Described, MaybeSchema, NoSchema, Received, Retry, Returned, Storage, StorageVerdict } from "./storage.ts";

/** An asset, or its key where importing it would make a cycle of modules. */
export type Dependency = AnyAsset | string;

/** What `asset` takes beside the key. */
export interface AssetSpec<
  Key extends string,
  Value,
  I extends Inputs,
  R extends Resources,
  P extends MaybePartitions,
  K extends IOManagerKey,
  Schema extends MaybeSchema,
  A extends Params,
  Optional extends boolean,
  Range extends boolean,
> extends Described,
    Storage<K> {
  /** Loaded through the I/O manager that stored each, and handed to `run`. */
  readonly inputs?: I & InputMistakes<I, P>;
  /** Order and lineage; never loaded. */
  readonly deps?: readonly Dependency[];
  readonly resources?: R;
  readonly partitions?: P;
  /**
   * `true`: all partitions of a run are made in one call, which sees `context.partitions` and gets maps; it returns all their rows as one table, or a
   * Map with a value for each.
   */
  readonly range?: Range;
  /** Defaults of what a run can be given: `{ limit: 100 }`. */
  readonly params?: A;
  readonly retry?: Retry;
  /** Milliseconds that `run` may take. */
  readonly timeout?: number;
  /** Assets of one pool share a limit of how many run at once. */
  readonly pool?: string;
  /** `true`: `run` may return `undefined`, and then nothing is stored: the former value stays, downstream is skipped. */
  readonly optional?: Optional;
  /** Validates each row before it is stored, names the columns of an empty result, and gives downstream its output type. */
  readonly rowSchema?: Schema;
  /** Returns the value to store, or nothing when the asset stores it by itself. */
  readonly run: (
    inputs: LoadedInputs<I, P, Range>,
    context: Context<P, R, A, Range>,
  ) => Returned<Value, StorageVerdict<Key, PerPartition<true extends Optional ? Exclude<Value, undefined> : Value, Range>, K, Schema>>;
}

/**
 * Defines an asset: a function whose result is stored under `key`. Throws `config/invalid` for a specification that is wrong,
 * `graph/cycle` for an upstream asset that is not defined yet.
 * @example export const total = asset("total", { inputs: { sales }, run: ({ sales }) => ({ rows: sales.length }) });
 */
export function asset<
  const Key extends string,
  Value,
  I extends Inputs = {},
  R extends Resources = {},
  P extends MaybePartitions = Unpartitioned,
  K extends IOManagerKey = DefaultIOManagerKey,
  Schema extends MaybeSchema = NoSchema,
  A extends Params = {},
  Optional extends boolean = false,
  Range extends boolean = false,
>(
  key: Key,
  spec: AssetSpec<Key, Value, I, R, P, K, Schema, A, Optional, Range>,
): Asset<Received<PerPartition<true extends Optional ? Exclude<Value, undefined> : Value, Range>, Schema>, P, Key> {
  checkProperties(`asset "${key}"`, spec, [...describedProperties, ...storageProperties, ...stepProperties, "rowSchema", "optional"], key);
  const loose = spec as unknown as Readonly<Record<string, unknown>>;
  const outputs: Record<string, ReturnType<typeof outputDefinition>> = {};
  const step: StepDefinition = { ...stepDefinition(key, loose), outputs };
  const definition = assetObject(outputDefinition(key, loose, { assetKind: "asset", step, definedAt: callSite(asset) }));
  outputs[""] = definition;
  return definition as unknown as ReturnType<typeof asset<Key, Value, I, R, P, K, Schema, A, Optional, Range>>;
}
