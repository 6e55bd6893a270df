import type { ErrorInfo } from "./errors.ts";
import type { LogLevel, RunEvent, RunSummary } from "./events.ts";
import type { AssetStatus, Manifest, PartitionStatus, PlannedAsset } from "./graph.ts";
import type { Filter, PageRequest, Sort, TextPage } from "./page.ts";

/** What the client asks the runner, by name. Documented in docs/reference/runner-protocol.md. */
export interface RunnerRequests {
  /** Loads the config and the asset modules, again where files changed. */
  manifest: { params: Record<string, never>; result: Manifest };
  status: { params: { readonly target: string; readonly keys?: readonly string[] }; result: readonly AssetStatus[] };
  /**
   * Answers when the run has ended; its events arrive before. `confirmed` is needed for a protected target.
   * `upstream`: upstream assets that are missing or stale run first; those that are fresh are skipped as "not-needed".
   * `partitions`: keys and ranges "A..B" of the selected assets that have such; `missing`: of those, or of all, only what is not stored or failed last.
   */
  materialize: {
    params: {
      readonly target: string;
      readonly selection: string;
      readonly runId: string;
      readonly confirmed?: boolean;
      readonly upstream?: boolean;
      readonly partitions?: readonly string[];
      readonly missing?: boolean;
    };
    result: RunSummary;
  };
  /** What `materialize` with the same words would make, without beginning; refuses with everything that would keep it from its end. */
  plan: {
    params: {
      readonly target: string;
      readonly selection: string;
      readonly upstream?: boolean;
      readonly partitions?: readonly string[];
      readonly missing?: boolean;
    };
    result: readonly PlannedAsset[];
  };
  cancel: { params: { readonly runId: string }; result: boolean };
  /** `partition`: of an asset with partitions, one of them; all of them where it is left out and the store shows all together. */
  preview: {
    params: { readonly target: string; readonly key: string; readonly request: PageRequest; readonly partition?: string };
    result: TextPage;
  };
  /** One whole cell as text. `row` counts like `PageRequest.offset`. */
  cell: {
    params: {
      readonly target: string;
      readonly key: string;
      readonly partition?: string;
      readonly column: string;
      readonly row: number;
      readonly sort?: readonly Sort[];
      readonly filter?: readonly Filter[];
    };
    result: string | null;
  };
  /** The partitions of an asset in order, with the state of each; none for an asset without. */
  partitions: { params: { readonly target: string; readonly key: string }; result: readonly PartitionStatus[] };
  /** Gives the dynamic partitions of that name new keys; answers with those that are new. `confirmed` is needed for a protected target. */
  addPartitions: {
    params: { readonly target: string; readonly name: string; readonly keys: readonly string[]; readonly confirmed?: boolean };
    result: readonly string[];
  };
  runs: { params: { readonly limit: number }; result: readonly RunSummary[] };
  runEvents: { params: { readonly runId: string }; result: readonly RunEvent[] };
  /** Closes stores so that another program can open them. */
  release: { params: Record<string, never>; result: null };
}
export type RunnerRequestName = keyof RunnerRequests;

/** Client to runner. */
export type RunnerCall = {
  [Name in RunnerRequestName]: { readonly id: number; readonly name: Name; readonly params: RunnerRequests[Name]["params"] };
}[RunnerRequestName];
/** Client to runner: the answer of that call is not wanted any more. What it does is ended where it can be, and it is refused as "run/cancelled". */
export interface RunnerWithdrawal {
  readonly withdraw: number;
}
/** Runner to client. */
export type RunnerMessage =
  | { readonly type: "ready"; readonly node: string; readonly protocol: typeof protocolVersion }
  | { readonly type: "answer"; readonly id: number; readonly result: unknown }
  | { readonly type: "refusal"; readonly id: number; readonly error: ErrorInfo }
  | { readonly type: "event"; readonly event: RunEvent }
  | { readonly type: "log"; readonly level: LogLevel; readonly message: string };

export const protocolVersion = 1;
