import type { Connection, Location, LocationLink } from "vscode-languageserver/node";
import type { Answering } from "./answering.ts";
import type { ClientAbilities } from "./client-abilities.ts";
import { codeActions } from "./features/code-actions.ts";
import { codeLenses, resolveCodeLens } from "./features/codelens.ts";
import { completion } from "./features/completion.ts";
import type { FeatureContext } from "./features/context.ts";
import { definition } from "./features/definition.ts";
import { documentLinks } from "./features/document-links.ts";
import { foldingRanges } from "./features/folding.ts";
import { documentHighlights } from "./features/highlight.ts";
import { hover } from "./features/hover.ts";
import { inlayHints } from "./features/inlay-hints.ts";
import { incomingCalls, outgoingCalls, prepareCallHierarchy } from "./features/lineage.ts";
import { references } from "./features/references.ts";
import { prepareRename, rename } from "./features/rename.ts";
import { semanticTokens } from "./features/semantic-tokens.ts";
import { documentSymbols, workspaceSymbols } from "./features/symbols.ts";
import { typeDefinition } from "./features/type-definition.ts";

const plainLocation = ({ targetUri, targetSelectionRange }: LocationLink): Location => ({ uri: targetUri, range: targetSelectionRange });

/** Answers what a client asks about documents and the workspace; what it was not offered it does not ask. */
export function answerRequests(
  connection: Connection,
  context: FeatureContext,
  { answers, abilities }: { readonly answers: Answering; readonly abilities: ClientAbilities },
): void {
  connection.onCodeAction(
    answers.document([], (path, { range, context: { only, diagnostics: told } }) =>
      codeActions(context, path, range, told).filter(({ kind }) => !only || only.some((each) => kind === each || kind!.startsWith(`${each}.`))),
    ),
  );
  connection.onCodeLens(answers.document([], (path) => codeLenses(context, path)));
  connection.onCodeLensResolve(answers.workspace((lens) => resolveCodeLens(context, lens)));
  connection.onCompletion(
    answers.document({ isIncomplete: false, items: [] }, (path, { position, context: asked }) =>
      completion(context, path, position, asked?.triggerCharacter),
    ),
  );
  connection.onDefinition(
    answers.document([], (path, { position }) => {
      const links = definition(context, path, position);
      return abilities.definitionLinks ? links : links.map(plainLocation);
    }),
  );
  connection.onTypeDefinition(
    answers.document([], (path, { position }) => {
      const links = typeDefinition(context, path, position);
      return abilities.typeDefinitionLinks ? links : links.map(plainLocation);
    }),
  );
  connection.languages.inlayHint.on(answers.document([], (path, { range }) => inlayHints(context, path, range)));
  connection.onDocumentLinks(answers.document([], (path) => documentLinks(context, path)));
  connection.onHover(answers.document(null, (path, { position }) => hover(context, path, position)));
  connection.onDocumentSymbol(answers.document([], (path) => documentSymbols(context, path)));
  connection.onReferences(
    answers.document([], (path, { position, context: { includeDeclaration } }) => references(context, path, position, includeDeclaration)),
  );
  connection.onPrepareRename(answers.document(null, (path, { position }) => prepareRename(context, path, position)));
  connection.onRenameRequest(answers.document(null, (path, params) => rename(context, path, params, abilities)));
  connection.onDocumentHighlight(answers.document([], (path, { position }) => documentHighlights(context, path, position)));
  connection.languages.semanticTokens.on(answers.document({ data: [] }, (path) => semanticTokens(context, path)));
  connection.onFoldingRanges(answers.document([], (path) => foldingRanges(context, path)));
  connection.languages.callHierarchy.onPrepare(answers.document(null, (path, { position }) => prepareCallHierarchy(context, path, position)));
  connection.languages.callHierarchy.onIncomingCalls(answers.workspace(({ item }) => incomingCalls(context, item)));
  connection.languages.callHierarchy.onOutgoingCalls(answers.workspace(({ item }) => outgoingCalls(context, item)));
  connection.onWorkspaceSymbol(answers.workspace(({ query }) => workspaceSymbols(context, query)));
}
