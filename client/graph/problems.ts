import type { ErrorInfo } from "../../runtime/src/model/errors.ts";
import type { AssetStatus } from "../../runtime/src/model/graph.ts";
import type { Translate } from "../words.ts";
import type { ProjectGraph } from "./project-graph.ts";
import { type FailedCheck, type RunView, stepOfAsset } from "./run-state.ts";

/** A line of the Problems view; lines and columns count from 0. */
export interface Problem {
  readonly uri: string;
  readonly line: number;
  /** Left out where the whole line is meant. */
  readonly column?: number;
  readonly code: string;
  /** Left out for an error. */
  readonly severity?: "warning";
  readonly message: string;
  readonly related: readonly { readonly uri: string; readonly line: number; readonly message: string }[];
}

/** Found by the language server too, at the better place. */
const serversOwn = new Set(["graph/cycle", "graph/duplicate-key", "graph/unknown-upstream"]);

/** The message, with the class of what was thrown where that says more than "Error". */
export const errorWords = ({ thrown, message }: ErrorInfo): string =>
  thrown === undefined || thrown === "Error" || message.includes(thrown) ? message : `${thrown}: ${message}`;

const words = (error: ErrorInfo): string => (error.hint === undefined ? errorWords(error) : `${errorWords(error)}\n${error.hint}`);

export interface ProblemFacts {
  readonly graph: ProjectGraph;
  readonly statuses: Iterable<AssetStatus>;
  /** What did not load. */
  readonly errors: readonly ErrorInfo[];
  /** Of the chosen target, newest first. */
  readonly runs: readonly RunView[];
  readonly uriOf: (file: string) => string;
}

/** Checks that did not pass and kept nothing from being stored, of the newest run that made each asset. */
function failedChecks(runs: readonly RunView[]): readonly FailedCheck[] {
  const found = new Map<string, readonly FailedCheck[]>();
  for (const run of runs) {
    for (const key of run.stepsOf.keys()) {
      const step = stepOfAsset(run, key);
      if (found.has(key) || step?.state === "skipped" || step?.state === "waiting") continue;
      const own = (step?.failedChecks ?? []).filter(({ asset }) => asset === key);
      found.set(key, step?.state === "failed" ? own.filter(({ blocking, severity }) => !blocking || severity === "warn") : own);
    }
  }
  return [...found.values()].flat();
}

/** Failed assets on the line that threw, with their upstream; files that did not load on theirs; failed checks where they are defined. */
export function problemsOf({ graph, statuses, errors, runs, uriOf }: ProblemFacts, t: Translate): readonly Problem[] {
  const problems: Problem[] = [];
  function add(error: ErrorInfo, key: string | undefined, severity?: "warning"): void {
    const node = key === undefined ? undefined : graph.nodes.get(key);
    const place = error.place
      ? { uri: uriOf(error.place.file), line: error.place.line - 1, ...(error.place.column === undefined ? {} : { column: error.place.column - 1 }) }
      : node?.source && { uri: node.source.uri, line: node.source.keyRange.start.line, column: node.source.keyRange.start.character };
    if (!place) return;
    const related = (node?.upstream ?? []).flatMap((edge) => {
      const source = edge.id === undefined ? undefined : graph.nodes.get(edge.id)?.source;
      return source
        ? [{ uri: source.uri, line: source.keyRange.start.line, message: t("{0} is upstream of {1}", edge.text, node?.label ?? "") }]
        : [];
    });
    const more = severity === undefined ? {} : { severity };
    problems.push({ ...place, line: Math.max(0, place.line), code: error.code, ...more, message: words(error), related });
  }
  for (const error of errors) if (!serversOwn.has(error.code)) add(error, error.asset);
  for (const status of statuses) if (status.state === "failed" && status.error) add(status.error, status.key);
  for (const { asset, partition, check, severity, description, place } of failedChecks(runs)) {
    const of = partition === undefined ? asset : `${asset} [${partition}]`;
    const said = description === undefined ? "" : `: ${description}`;
    const message = t("The check {0} of {1} failed{2}", `"${check}"`, of, said);
    add({ code: "check/failed", message, ...(place ? { place } : {}) }, asset, severity === "warn" ? "warning" : undefined);
  }
  return problems;
}
