import type { ErrorInfo } from "../model/errors.ts";
import type { RunEvent } from "../model/events.ts";
import type { StoredMetadata, StoredRecord } from "../model/values.ts";
import type { Clock } from "./clock.ts";
import type { AssetGraph } from "./graph.ts";
import type { Partitioning } from "./partitioning.ts";
import type { PlanStep } from "./plan.ts";
import type { RunResources } from "./resources.ts";
import type { Target } from "./target.ts";

/** One attempt of one step, as plain data. */
export interface StepTask {
  readonly runId: string;
  readonly step: PlanStep;
  /** From 1. */
  readonly attempt: number;
  /** Data versions of its upstream assets, by key, where they are known: of the partitions that it is made of, all together. */
  readonly versions: Readonly<Record<string, string>>;
  /** The same for each partition that it makes, where it makes several. */
  readonly partitionVersions?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly params: Readonly<Record<string, unknown>>;
  /** Look first whether this run has stored what the step makes: after a failed attempt, or when a run is taken up again. */
  readonly mayBeStored: boolean;
}
export interface Materialized {
  readonly key: string;
  readonly partition?: string;
  readonly record: StoredRecord;
  readonly metadata?: StoredMetadata;
}
export type StepOutcome = {
  /** Also of a step that failed later on. */
  readonly materialized: readonly Materialized[];
} & (
  | {
      readonly state: "succeeded";
      /** Keys of outputs left out: their former values stay. */
      readonly absent: readonly string[];
    }
  | { readonly state: "failed"; readonly error: ErrorInfo }
  | { readonly state: "cancelled" }
);

/** What running a step needs from its process. It knows nothing of other steps. */
export interface StepHost {
  readonly root: string;
  readonly graph: AssetGraph;
  readonly codeVersions: ReadonlyMap<string, string>;
  readonly target: Target;
  readonly partitioning: Partitioning;
  /** Adds keys to a dynamic definition. */
  readonly addPartitions: (name: string, keys: readonly string[]) => Promise<void>;
  readonly resources: RunResources;
  readonly clock: Clock;
  readonly emit: (event: RunEvent) => void;
  /** Values of this run, by `valueId`, whose blocking checks were made while they were staged. */
  readonly verified: Set<string>;
  /** Whether another asset might store in the place of this one. */
  readonly sharesPlace: (key: string) => boolean;
  /** How this machine saw the asset materialized before: through an I/O manager, by itself, or not at all. */
  readonly materializedBefore: (key: string) => "stored" | "by-itself" | undefined;
}
