import type { ErrorInfo, SourcePlace } from "./errors.ts";

/** Zero-based, as in the language server protocol. */
export interface Position {
  readonly line: number;
  readonly character: number;
}
export interface Range {
  readonly start: Position;
  readonly end: Position;
}

export type AssetKind = "asset" | "output" | "source";

// ---------------------------------------------------------------- static index: what the language server sends

export interface IndexedEdge {
  /** How the asset names it: the property in `inputs`; left out for `deps`. */
  readonly input?: string;
  /** Key of the upstream asset where it resolves. */
  readonly key?: string;
  /** What stands there, for a reader. */
  readonly text: string;
  readonly range: Range;
}
/** An asset as its syntax shows it. */
export interface IndexedAsset {
  /** Stable while the declaration keeps its file and its name. */
  readonly id: string;
  readonly kind: AssetKind;
  /** Left out where the key is computed. */
  readonly key?: string;
  /** The variable it is bound to. */
  readonly name?: string;
  readonly uri: string;
  /** The whole declaration. */
  readonly range: Range;
  /** The key's literal, or the call where there is none. */
  readonly keyRange: Range;
  readonly group?: string;
  readonly description?: string;
  /** Name of the I/O manager key it chooses. */
  readonly ioManager?: string;
  readonly upstream: readonly IndexedEdge[];
  /** True while its file does not parse and this is the last good record. */
  readonly stale?: true;
}
/** A folder with a `sluice.config.ts`. */
export interface IndexedProject {
  /** The folder. */
  readonly uri: string;
  readonly configUri: string;
  /** Target names that the config's syntax shows. */
  readonly targets: readonly string[];
  readonly defaultTarget?: string;
}
export interface GraphSnapshot {
  readonly revision: number;
  /** False until the first full index is finished. */
  readonly complete: boolean;
  readonly projects: readonly IndexedProject[];
  readonly assets: readonly IndexedAsset[];
}
/** From revision `base` to `revision`; a client at another revision asks for a snapshot. */
export interface GraphDelta {
  readonly base: number;
  readonly revision: number;
  readonly complete: boolean;
  readonly projects?: readonly IndexedProject[];
  readonly changed: readonly IndexedAsset[];
  /** Ids. */
  readonly removed: readonly string[];
}
/** Requests and notifications beside the protocol's own. */
export const graphRequest = "sluice/graph";
export const graphChanged = "sluice/graphChanged";
/** Client to server: states that CodeLens and hover show; the server asks the client to refresh them. */
export const statusChanged = "sluice/statusChanged";

// ---------------------------------------------------------------- manifest: what the runner knows after loading

export interface ManifestInput {
  readonly input: string;
  readonly key: string;
  /** Type handler asked for with `.as`. */
  readonly handler?: string;
}
export interface ManifestAsset {
  readonly key: string;
  readonly kind: AssetKind;
  readonly group?: string;
  readonly description?: string;
  readonly kinds: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  readonly owners: readonly string[];
  readonly inputs: readonly ManifestInput[];
  readonly deps: readonly string[];
  /** Name of the I/O manager key; "ioManager" is the default's. */
  readonly ioManager: string;
  readonly partitioned: boolean;
  /** Of an asset with partitions. */
  readonly dimensions?: readonly ManifestDimension[];
  readonly place?: SourcePlace;
  readonly codeVersion?: string;
}
export interface ManifestDimension {
  /** "partition" for the only one. */
  readonly name: string;
  readonly type: "time" | "static" | "dynamic";
  /** Name of the dynamic definition, under which keys are added. */
  readonly dynamic?: string;
}
export interface ManifestTarget {
  readonly name: string;
  readonly protected: boolean;
  /** What is bound to each key, such as `{ ioManager: "duckdb" }`. */
  readonly bindings: Readonly<Record<string, string>>;
}
export interface Manifest {
  /** Project folder, absolute. */
  readonly root: string;
  readonly targets: readonly ManifestTarget[];
  readonly defaultTarget: string;
  readonly assets: readonly ManifestAsset[];
  /** Files that did not load, and what is wrong with the graph. Assets of the other files are there. */
  readonly errors: readonly ErrorInfo[];
  /** Where `sluice` came from. */
  readonly library: { readonly version: string; readonly installed: boolean };
}

export type AssetState = "missing" | "fresh" | "stale" | "failed" | "unknown";
/** State of one asset on one target: from the record in the store, and this machine's history for failures. */
export interface AssetStatus {
  readonly key: string;
  readonly state: AssetState;
  /** In words: "clean_sales changed", "code changed". */
  readonly reason?: string;
  /** Key of the upstream asset that makes it stale. */
  readonly because?: string;
  /** Milliseconds since the epoch. */
  readonly storedAt?: number;
  readonly rows?: number;
  readonly runId?: string;
  /** Of the last attempt, when it failed after the stored value was written. */
  readonly error?: ErrorInfo;
  readonly failedAt?: number;
  /** Path, uri or table. */
  readonly place?: string;
  /** What else the last materialization recorded, as far as it is short. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Of an asset with partitions: how many there are, and how many of them are stored, failed last, or are neither. */
  readonly partitions?: PartitionCounts;
}
/** State of one partition on one target. */
export interface PartitionStatus {
  readonly key: string;
  readonly state: AssetState;
  readonly reason?: string;
  /** Milliseconds since the epoch. */
  readonly storedAt?: number;
  readonly rows?: number;
  readonly runId?: string;
  /** Of the last attempt, when it failed. */
  readonly error?: ErrorInfo;
}
export interface PartitionCounts {
  readonly total: number;
  readonly stored: number;
  readonly failed: number;
  readonly missing: number;
  /** Of those that are stored. */
  readonly stale?: number;
}
/** What a run would make of one asset. */
export interface PlannedAsset {
  readonly key: string;
  /** How many partitions, of an asset that has such. */
  readonly partitions?: number;
}
