import { CodeActionKind, type ServerCapabilities, TextDocumentSyncKind } from "vscode-languageserver/node";
import type { ClientAbilities } from "./client-abilities.ts";
import { completionTriggers } from "./features/completion.ts";
import { documentScheme } from "./features/resolved-document.ts";
import { semanticLegend } from "./features/semantic-tokens.ts";

/** Features that a client can leave out; each is on unless it says `false`. */
const featureNames = [
  "callHierarchy",
  "codeAction",
  "codeLens",
  "completion",
  "definition",
  "diagnostics",
  "documentHighlight",
  "documentLink",
  "documentSymbol",
  "foldingRange",
  "hover",
  "inlayHint",
  "references",
  "rename",
  "semanticTokens",
  "textDocumentContent",
  "typeDefinition",
  "workspaceSymbol",
] as const;
export type FeatureName = (typeof featureNames)[number];

/** What the server offers to a client with these abilities. */
export function capabilitiesFor(abilities: ClientAbilities, has: (feature: FeatureName) => boolean): ServerCapabilities {
  return {
    positionEncoding: "utf-16",
    textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental, save: { includeText: false } },
    ...(has("codeAction") && abilities.codeActions
      ? { codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix, CodeActionKind.RefactorRewrite, CodeActionKind.RefactorExtract] } }
      : {}),
    ...(has("codeLens") ? { codeLensProvider: { resolveProvider: true } } : {}),
    ...(has("completion") ? { completionProvider: { triggerCharacters: completionTriggers } } : {}),
    ...(has("definition") ? { definitionProvider: true } : {}),
    ...(has("typeDefinition") ? { typeDefinitionProvider: true } : {}),
    ...(has("inlayHint") ? { inlayHintProvider: true } : {}),
    ...(has("documentLink") ? { documentLinkProvider: {} } : {}),
    ...(has("documentHighlight") ? { documentHighlightProvider: true } : {}),
    ...(has("foldingRange") ? { foldingRangeProvider: true } : {}),
    ...(has("callHierarchy") ? { callHierarchyProvider: true } : {}),
    ...(has("hover") ? { hoverProvider: true } : {}),
    ...(has("documentSymbol") ? { documentSymbolProvider: { label: "Sluice" } } : {}),
    ...(has("references") ? { referencesProvider: true } : {}),
    ...(has("semanticTokens") ? { semanticTokensProvider: { legend: semanticLegend, full: true } } : {}),
    ...(has("rename") ? { renameProvider: abilities.prepareRename ? { prepareProvider: true } : true } : {}),
    ...(has("workspaceSymbol") ? { workspaceSymbolProvider: true } : {}),
    ...(has("diagnostics") && abilities.pullDiagnostics
      ? { diagnosticProvider: { identifier: "sluice", interFileDependencies: true, workspaceDiagnostics: true } }
      : {}),
    workspace: {
      ...(abilities.workspaceFolders ? { workspaceFolders: { supported: true, changeNotifications: true } } : {}),
      ...(has("textDocumentContent") && abilities.contents ? { textDocumentContent: { schemes: [documentScheme] } } : {}),
    },
  };
}
