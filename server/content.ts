import { type Connection, LSPErrorCodes, ResponseError } from "vscode-languageserver/node";
import type { Answering } from "./answering.ts";
import type { FeatureContext } from "./features/context.ts";
import { resolvedDocument } from "./features/resolved-document.ts";
import { createRefreshing, type Refreshing } from "./refreshing.ts";

/** More documents than this are not watched: the client does not say when it closes one. */
const most = 50;

/** Serves documents that show assets, and tells the client which of those it asked for read otherwise now, when it is called for. */
export function answerContents(connection: Connection, context: FeatureContext, answers: Answering): Refreshing {
  const shown = new Map<string, string>();
  connection.workspace.textDocumentContent.on(
    answers.workspace(({ uri }) => {
      const text = resolvedDocument(context, uri);
      if (text === undefined) throw new ResponseError(LSPErrorCodes.RequestFailed, `${uri} names no asset.`);
      shown.delete(uri);
      shown.set(uri, text);
      if (shown.size > most) shown.delete(shown.keys().next().value!);
      return { text };
    }),
  );
  return createRefreshing(() => {
    for (const [uri, text] of shown) {
      if (resolvedDocument(context, uri) === text) continue;
      // Asked for again it is watched again; a document that was closed is not.
      shown.delete(uri);
      connection.workspace.textDocumentContent
        .refresh(uri)
        .catch((error: Error) => connection.console.warn(`${uri} was not refreshed: ${error.message}`));
    }
  });
}
