import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { AnyHandler, AnyIOManager } from "../io/manager.ts";
import { kind } from "../io/manager.ts";
import type { AssetKind } from "../model/graph.ts";
import type { SchemaChange, TableOptions, Write } from "../model/values.ts";

/*
 * What definitions are at run time, without the type machinery of the public API: what the engine and the project loader read.
 * Several copies of the package can meet in one process, so these are recognised by `isKind`, and read by these names only.
 */

export interface PartitionsDefinition {
  readonly [kind]: "time" | "static" | "dynamic" | "multi";
}

/** One output of a step. `asset()` has one, `assets()` several, `source()` one and no step to run. */
export interface AssetDefinition {
  readonly [kind]: "asset";
  readonly key: string;
  readonly assetKind: AssetKind;
  readonly description?: string | undefined;
  readonly group?: string | undefined;
  readonly kinds: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  readonly owners: readonly string[];
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  readonly codeVersion?: string | undefined;
  /** Name of the I/O manager key it chooses; "ioManager" when it chooses none. */
  readonly ioManager: string;
  readonly table?: TableOptions | undefined;
  readonly write: Write;
  readonly schemaChange: SchemaChange;
  readonly columns?: Readonly<Record<string, string>> | undefined;
  readonly rowSchema?: StandardSchemaV1 | undefined;
  readonly partitions?: PartitionsDefinition | undefined;
  /** Shape that a source arrives in; not named `as`, which is the method users call. Inputs of it carry the same handler. */
  readonly handler?: AnyHandler | undefined;
  /** An output that may be `undefined`. */
  readonly optional: boolean;
  /** Left out for a source. */
  readonly step?: StepDefinition | undefined;
  /** Checks defined on it so far; `assetCheck()` adds to the list. */
  readonly checks?: CheckDefinition[] | undefined;
  /** Where `asset(...)` was called, as a stack line of a source-mapped trace shows it; set by the loader when it knows better. */
  readonly definedAt?: string | undefined;
}

/** One upstream asset as `run` wants to receive it. */
export interface InputDefinition {
  readonly [kind]: "asset" | "input";
  /** `undefined` for `self`. */
  readonly upstream: AssetDefinition | undefined;
  readonly handler?: AnyHandler | undefined;
  readonly columns?: readonly string[] | undefined;
  /** Name of another I/O manager key to load through. */
  readonly ioManager?: string | undefined;
  readonly allowMissingPartitions: boolean;
  /** How partitions are taken; left out: as the mapping says. */
  readonly take?: PartitionTake | undefined;
  readonly merged: boolean;
}
export type PartitionTake =
  | { readonly type: "all"; readonly dimension?: string | undefined }
  | { readonly type: "latest"; readonly dimension?: string | undefined }
  | { readonly type: "partition"; readonly key: string | Readonly<Record<string, unknown>> }
  | { readonly type: "window"; readonly start: number; readonly end: number };

export interface RetryDefinition {
  readonly max: number;
  /** Milliseconds. */
  readonly delay?: number;
  readonly backoff?: "linear" | "exponential";
  readonly jitter?: boolean;
}

/** One call of `run`. */
export interface StepDefinition {
  /** The key, or the prefix of `assets()`. */
  readonly id: string;
  /** By output name; `asset()` has the one named "". */
  readonly outputs: Readonly<Record<string, AssetDefinition>>;
  readonly inputs: Readonly<Record<string, InputDefinition>>;
  /** Keys. */
  readonly deps: readonly string[];
  /** Resource key's name by the name `run` sees. */
  readonly resources: Readonly<Record<string, string>>;
  /** Defaults; overridden per run. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly retry?: RetryDefinition | undefined;
  /** Milliseconds. */
  readonly timeout?: number | undefined;
  readonly pool?: string | undefined;
  readonly subset: boolean;
  /** Made for all partitions of a run in one call. */
  readonly range?: boolean | undefined;
  readonly run: (inputs: Readonly<Record<string, unknown>>, context: unknown) => unknown;
}

/** A check of what an asset stores. */
export interface CheckDefinition {
  readonly [kind]: "check";
  readonly name: string;
  readonly input: InputDefinition;
  readonly blocking: boolean;
  readonly severity: "warn" | "error";
  /** Resource key's name by the name `run` sees. */
  readonly resources: Readonly<Record<string, string>>;
  /** Where `assetCheck(...)` was called: the lines of the stack, innermost first. The check is that of every file among them. */
  readonly definedAt: readonly string[];
  readonly run: (value: unknown, context: unknown) => unknown;
}

export interface ResourceDefinition {
  readonly [kind]: "resource";
  /** For people and for the check of environment variables. */
  readonly name?: string | undefined;
  readonly settings?: Readonly<Record<string, unknown>> | undefined;
  readonly open: (context: { readonly signal: AbortSignal }) => unknown;
  readonly close?: ((value: never) => unknown) | undefined;
}

export interface TargetDefinition {
  readonly protected: boolean;
  /** Name of another target that missing inputs are read from. */
  readonly readFrom?: string | undefined;
  /** I/O managers and resources by key name; "ioManager" is the default's. */
  readonly bindings: Readonly<Record<string, AnyIOManager | ResourceDefinition>>;
}
export interface ConfigDefinition {
  readonly [kind]: "config";
  /** Globs of the modules that define assets, relative to the config's folder. */
  readonly assets: readonly string[];
  readonly targets: Readonly<Record<string, TargetDefinition>>;
  readonly defaultTarget: string;
}

/** A project as it was loaded: the input of planning and execution. */
export interface LoadedProject {
  /** Folder of `sluice.config.ts`, absolute. */
  readonly root: string;
  readonly config: ConfigDefinition;
  /** Every asset by key, in the order of definition. */
  readonly assets: ReadonlyMap<string, AssetDefinition>;
  /** Code version by key: the asset's own, or a hash of what its `run` depends on. */
  readonly codeVersions: ReadonlyMap<string, string>;
}
