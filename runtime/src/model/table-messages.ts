import type { ErrorInfo } from "./errors.ts";
import type { AssetStatus } from "./graph.ts";
import type { Filter, PageColumn, PageRequest, Sort, TextPage } from "./page.ts";
import type { TableTexts } from "./table-texts.ts";

/** Which stored table a preview shows. */
export interface TableSubject {
  /** The project's folder as a uri. */
  readonly project: string;
  readonly key: string;
  readonly target: string;
  /** One partition of it; all of them together where it is left out. */
  readonly partition?: string;
}

/** Whether pages can be asked for: "starting" covers loading the project too. */
export type RunnerState = "starting" | "ready" | "gone" | "untrusted";

/** A run that is about to replace, or is replacing, the table shown. */
export interface RunningRun {
  readonly runId: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly progress?: { readonly done: number; readonly total?: number };
}

/** Everything around the rows, sent whole each time it changes. */
export interface TableSnapshot {
  readonly subject: TableSubject;
  /** Name of the project, where the workspace has several. */
  readonly projectName?: string;
  readonly runner: RunnerState;
  /** Of an asset with partitions: the one that is shown, for readers; "" for all of them. */
  readonly partitionLabel?: string;
  /** Left out until the runner has answered. */
  readonly status?: AssetStatus;
  readonly run?: RunningRun;
  /** Columns known before the first page, from the history. */
  readonly columns?: readonly PageColumn[];
  /** Why there is nothing to ask, such as a project that does not load. */
  readonly error?: ErrorInfo;
}

/** What the reader chose, kept by the editor over restarts. */
export interface TableView {
  readonly version: 1;
  readonly subject: TableSubject;
  readonly sort: readonly Sort[];
  readonly filter: readonly Filter[];
  /** Pixels by column name, where the reader changed them. */
  readonly widths: Readonly<Record<string, number>>;
  /** First row in view, from 0. */
  readonly row: number;
  /** First column in view, by name. */
  readonly column?: string;
}

/** One whole cell of what a query shows. */
export interface CellRequest {
  readonly column: string;
  /** Counts like `PageRequest.offset`. */
  readonly row: number;
  readonly sort: readonly Sort[];
  readonly filter: readonly Filter[];
}

export type TableAction = "materialize" | "partition" | "restart" | "trust" | "open-source" | "show-log";

/** Webview to host. */
export type TableRequest =
  | { readonly type: "ready" }
  | { readonly type: "page"; readonly id: number; readonly request: PageRequest }
  | { readonly type: "cell"; readonly id: number; readonly cell: CellRequest }
  /** The answer to that request is not wanted any more. */
  | { readonly type: "cancel"; readonly id: number }
  /** The first page after opening, sorting, filtering or refreshing is on the screen. */
  | { readonly type: "shown"; readonly rows: number; readonly columns: number }
  | { readonly type: "copy"; readonly text: string }
  | { readonly type: "action"; readonly action: TableAction };

/** Host to webview. */
export type TableMessage =
  | { readonly type: "show"; readonly snapshot: TableSnapshot; readonly texts: TableTexts; readonly locale: string }
  | { readonly type: "snapshot"; readonly snapshot: TableSnapshot }
  /** `ms`: how long the runner took. */
  | { readonly type: "page"; readonly id: number; readonly page: TextPage; readonly ms: number }
  | { readonly type: "cell"; readonly id: number; readonly text: string | null }
  | { readonly type: "refused"; readonly id: number; readonly error: ErrorInfo };

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** The subject of a kept view; `undefined` when what was kept is not one. */
export function readSubject(kept: unknown): TableSubject | undefined {
  const subject = isObject(kept) ? kept["subject"] : undefined;
  if (!isObject(subject)) return undefined;
  const { project, key, target, partition } = subject;
  if (typeof project !== "string" || typeof key !== "string" || typeof target !== "string") return undefined;
  return { project, key, target, ...(typeof partition === "string" ? { partition } : {}) };
}

/** A kept view, if it is of this layout and of that table. */
export function readView(kept: unknown, subject: TableSubject): TableView | undefined {
  if (!isObject(kept) || kept["version"] !== 1) return undefined;
  const own = readSubject(kept);
  if (own?.project !== subject.project || own.key !== subject.key || own.target !== subject.target || own.partition !== subject.partition)
    return undefined;
  const { sort, filter, widths, row } = kept;
  return Array.isArray(sort) && Array.isArray(filter) && isObject(widths) && typeof row === "number" ? (kept as unknown as TableView) : undefined;
}

/** Tells one stored value from the next: changes with each materialization. */
export const storedVersion = (status: AssetStatus | undefined): string | undefined =>
  status?.storedAt === undefined ? undefined : `${status.runId ?? ""}@${status.storedAt}`;
