import type { CallHierarchyItem, CodeLens, Position, Range, ServerCapabilities } from "vscode-languageserver/node";

/** Asks the server one thing; gives its answer. */
export type Ask = <Answer>(method: string, params: unknown) => Promise<Answer>;

/** Where the questions are asked. */
export interface Place {
  readonly uri: string;
  readonly position: Position;
  /** Part of the document that is asked about, where a question has one; the position alone otherwise. */
  readonly range?: Range;
}

type Params = (place: Required<Place>) => object;

const textDocument: Params = ({ uri }) => ({ textDocument: { uri } });
const atPosition: Params = ({ uri, position }) => ({ textDocument: { uri }, position });
const overRange: Params = ({ uri, range }) => ({ textDocument: { uri }, range });

const provided: Readonly<Record<string, readonly [provider: keyof ServerCapabilities, params: Params]>> = {
  "textDocument/codeLens": ["codeLensProvider", textDocument],
  "textDocument/hover": ["hoverProvider", atPosition],
  "textDocument/definition": ["definitionProvider", atPosition],
  "textDocument/typeDefinition": ["typeDefinitionProvider", atPosition],
  "textDocument/references": ["referencesProvider", (place) => ({ ...atPosition(place), context: { includeDeclaration: true } })],
  "textDocument/documentHighlight": ["documentHighlightProvider", atPosition],
  "textDocument/completion": ["completionProvider", atPosition],
  "textDocument/documentSymbol": ["documentSymbolProvider", textDocument],
  "textDocument/diagnostic": ["diagnosticProvider", (place) => ({ ...textDocument(place), identifier: "sluice" })],
  "textDocument/codeAction": ["codeActionProvider", (place) => ({ ...overRange(place), context: { diagnostics: [] } })],
  "textDocument/prepareRename": ["renameProvider", atPosition],
  "textDocument/rename": ["renameProvider", (place) => ({ ...atPosition(place), newName: "renamed" })],
  "textDocument/prepareCallHierarchy": ["callHierarchyProvider", atPosition],
  "textDocument/inlayHint": ["inlayHintProvider", overRange],
  "textDocument/foldingRange": ["foldingRangeProvider", textDocument],
  "textDocument/documentLink": ["documentLinkProvider", textDocument],
  "textDocument/semanticTokens/full": ["semanticTokensProvider", textDocument],
  "textDocument/signatureHelp": ["signatureHelpProvider", atPosition],
  "workspace/symbol": ["workspaceSymbolProvider", () => ({ query: "cl1" })],
  "workspace/diagnostic": ["diagnosticProvider", () => ({ identifier: "sluice", previousResultIds: [] })],
};

const items = (answer: unknown) => (Array.isArray(answer) ? answer : []);

/** One question, to be asked now or many times. */
export interface Question {
  readonly method: string;
  readonly ask: () => Promise<unknown>;
}

/**
 * Every question that the server offers to answer, about one place. Those that carry on from an answer (lenses, call hierarchy) ask for that
 * answer first, so that they can be made only where the server answers at all.
 */
export async function questions(ask: Ask, capabilities: ServerCapabilities, { uri, position, range }: Place): Promise<readonly Question[]> {
  const place = { uri, position, range: range ?? { start: position, end: position } };
  const first = Object.entries(provided).flatMap(([method, [provider, params]]) =>
    capabilities[provider] ? [{ method, ask: () => ask(method, params(place)) }] : [],
  );
  const [lens] = items(capabilities.codeLensProvider && (await ask<CodeLens[]>("textDocument/codeLens", textDocument(place)).catch(() => [])));
  const [item] = items(
    capabilities.callHierarchyProvider &&
      (await ask<CallHierarchyItem[] | null>("textDocument/prepareCallHierarchy", atPosition(place)).catch(() => [])),
  );
  return [
    ...first,
    ...(lens ? [{ method: "codeLens/resolve", ask: () => ask("codeLens/resolve", lens) }] : []),
    ...(item ? ["callHierarchy/incomingCalls", "callHierarchy/outgoingCalls"].map((method) => ({ method, ask: () => ask(method, { item }) })) : []),
  ];
}
