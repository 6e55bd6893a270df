import type { InitializeParams } from "vscode-languageserver/node";

/** What the client can do, as far as it matters here. */
export interface ClientAbilities {
  readonly watch: boolean;
  /** Watchers may be given a folder to start from. */
  readonly relativePatterns: boolean;
  readonly pullDiagnostics: boolean;
  readonly refreshDiagnostics: boolean;
  readonly refreshLenses: boolean;
  /** Code actions may be more than commands. */
  readonly codeActions: boolean;
  readonly definitionLinks: boolean;
  readonly typeDefinitionLinks: boolean;
  readonly prepareRename: boolean;
  /** Edits may come by document, with the version that they are for. */
  readonly documentChanges: boolean;
  readonly changeAnnotations: boolean;
  readonly markdown: boolean;
  readonly progress: boolean;
  readonly workspaceFolders: boolean;
  /** Shows documents whose text the server has. */
  readonly contents: boolean;
}

export function abilitiesOf({ capabilities }: InitializeParams): ClientAbilities {
  const { workspace, textDocument, window } = capabilities;
  return {
    watch: workspace?.didChangeWatchedFiles?.dynamicRegistration ?? false,
    relativePatterns: workspace?.didChangeWatchedFiles?.relativePatternSupport ?? false,
    pullDiagnostics: textDocument?.diagnostic !== undefined,
    refreshDiagnostics: workspace?.diagnostics?.refreshSupport ?? false,
    refreshLenses: workspace?.codeLens?.refreshSupport ?? false,
    codeActions: textDocument?.codeAction?.codeActionLiteralSupport !== undefined,
    definitionLinks: textDocument?.definition?.linkSupport ?? false,
    typeDefinitionLinks: textDocument?.typeDefinition?.linkSupport ?? false,
    prepareRename: textDocument?.rename?.prepareSupport ?? false,
    documentChanges: workspace?.workspaceEdit?.documentChanges ?? false,
    changeAnnotations: workspace?.workspaceEdit?.changeAnnotationSupport !== undefined,
    markdown: textDocument?.hover?.contentFormat?.includes("markdown") ?? false,
    progress: window?.workDoneProgress ?? false,
    workspaceFolders: workspace?.workspaceFolders ?? false,
    contents: workspace?.textDocumentContent !== undefined,
  };
}
