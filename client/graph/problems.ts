import type { ErrorInfo } from "../../runtime/src/model/errors.ts";
import type { AssetStatus } from "../../runtime/src/model/graph.ts";
import type { Translate } from "../words.ts";
import type { ProjectGraph } from "./project-graph.ts";

/** A line of the Problems view; lines and columns count from 0. */
export interface Problem {
  readonly uri: string;
  readonly line: number;
  /** Left out where the whole line is meant. */
  readonly column?: number;
  readonly code: string;
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
  readonly uriOf: (file: string) => string;
}

/** Failed assets on the line that threw, with their upstream; files that did not load on theirs. */
export function problemsOf({ graph, statuses, errors, uriOf }: ProblemFacts, t: Translate): readonly Problem[] {
  const problems: Problem[] = [];
  function add(error: ErrorInfo, key: string | undefined): void {
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
    problems.push({ ...place, line: Math.max(0, place.line), code: error.code, message: words(error), related });
  }
  for (const error of errors) if (!serversOwn.has(error.code)) add(error, error.asset);
  for (const status of statuses) if (status.state === "failed" && status.error) add(status.error, status.key);
  return problems;
}
