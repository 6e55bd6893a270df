import {
  type Connection,
  type DocumentDiagnosticReport,
  DocumentDiagnosticReportKind,
  type WorkspaceDiagnosticReport,
} from "vscode-languageserver/node";
import type { answering } from "./answering.ts";
import type { FeatureContext } from "./features/context.ts";
import { diagnose } from "./features/diagnostics.ts";
import { storedColumns } from "./features/row-schema.ts";
import { pathOfUri, uriOfPath } from "./index/paths.ts";

/** Files that something can be found in. */
function suspects({ workspace, statuses }: FeatureContext): ReadonlySet<string> {
  const paths = new Set(workspace.suspects());
  for (const path of workspace.typed()) if (workspace.nodesIn(path).some((node) => storedColumns(statuses, node))) paths.add(path);
  return paths;
}

/** Answers the client's questions for diagnostics. While findings cannot be known, the former ones stay. */
export function answerDiagnostics(
  connection: Connection,
  context: FeatureContext,
  isComplete: () => boolean,
  answers: ReturnType<typeof answering>,
): void {
  const empty: DocumentDiagnosticReport = { kind: DocumentDiagnosticReportKind.Full, items: [] };
  const report = (path: string, previous: string | undefined): DocumentDiagnosticReport => {
    const found = diagnose(context, path, isComplete());
    if (found === "wait") return previous === undefined ? empty : { kind: DocumentDiagnosticReportKind.Unchanged, resultId: previous };
    if (found.resultId === previous) return { kind: DocumentDiagnosticReportKind.Unchanged, resultId: previous };
    return { kind: DocumentDiagnosticReportKind.Full, ...found };
  };
  connection.languages.diagnostics.on(
    answers.document(empty, (path, { previousResultId }: { textDocument: { uri: string }; previousResultId?: string }) =>
      report(path, previousResultId),
    ),
  );
  connection.languages.diagnostics.onWorkspace(
    answers.workspace(({ previousResultIds }: { previousResultIds: { uri: string; value: string }[] }): WorkspaceDiagnosticReport => {
      const previous = new Map(previousResultIds.flatMap(({ uri, value }) => [[pathOfUri(uri) ?? uri, { uri, value }] as const]));
      const paths = new Set([...suspects(context), ...previous.keys()]);
      const items = [...paths].map((path) => ({
        uri: previous.get(path)?.uri ?? uriOfPath(path),
        version: context.openDocument(path)?.version ?? null,
        ...report(path, previous.get(path)?.value),
      }));
      return { items };
    }),
  );
}

/** Sends diagnostics to a client that cannot ask for them; gives the function to call when something changed. */
export function pushDiagnostics(
  connection: Connection,
  context: FeatureContext,
  isComplete: () => boolean,
  openPaths: () => Iterable<string>,
): () => void {
  const sent = new Map<string, string>();
  return () => {
    for (const path of new Set([...suspects(context), ...sent.keys(), ...openPaths()])) {
      const found = diagnose(context, path, isComplete());
      if (found === "wait") continue;
      const document = context.openDocument(path);
      const state = `${found.resultId} ${document?.version}`;
      const isKnown = found.items.length === 0 ? !sent.has(path) : sent.get(path) === state;
      if (isKnown) continue;
      if (found.items.length === 0) sent.delete(path);
      else sent.set(path, state);
      void connection.sendDiagnostics({
        uri: document?.uri ?? uriOfPath(path),
        ...(document ? { version: document.version } : {}),
        diagnostics: found.items,
      });
    }
  };
}
