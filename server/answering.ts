import { type CancellationToken, ErrorCodes, LSPErrorCodes, ResponseError } from "vscode-languageserver/node";
import type { Documents } from "./documents.ts";
import { pathOfUri } from "./index/paths.ts";
import type { Indexer } from "./indexer.ts";
import { breathe } from "./pace.ts";

interface ForDocument {
  readonly textDocument: { readonly uri: string };
}

/** A text can be nested deeper than what walks its tree can go; nothing can be said of it then. */
function unlessTooDeep<Answer>(nothing: Answer, answer: () => Answer): Answer {
  try {
    return answer();
  } catch (error) {
    if (error instanceof RangeError && error.message.includes("call stack")) return nothing;
    throw error;
  }
}

/**
 * Makes a function of a path and the request's parameters a request handler. Messages that arrived meanwhile go first: what they cancel is
 * not computed, and what they make old is refused as such, so that no answer comes from an older text than the client has.
 */
export function answering(documents: Documents, indexer: Indexer) {
  let closed = false;
  const checked = async <Answer>(token: CancellationToken, isOld: () => boolean, answer: () => Answer): Promise<Answer> => {
    await breathe(); // Twice: the connection hands over one waiting message per turn, and its turn comes second.
    await breathe();
    if (closed) throw new ResponseError(ErrorCodes.InvalidRequest, "The server was shut down.");
    if (token.isCancellationRequested) throw new ResponseError(LSPErrorCodes.RequestCancelled, "The request was cancelled.");
    if (isOld()) throw new ResponseError(LSPErrorCodes.ContentModified, "The document changed.");
    indexer.flush();
    return answer();
  };
  return {
    /** For requests about one document. What is no file of this machine is answered with `nothing`. */
    document:
      <Params extends ForDocument, Answer>(nothing: Answer, answer: (path: string, params: Params) => Answer) =>
      (params: Params, token: CancellationToken): Promise<Answer> => {
        const path = pathOfUri(params.textDocument.uri);
        if (path === undefined) return Promise.resolve(nothing);
        const version = documents.get(path)?.version;
        return checked(
          token,
          () => documents.get(path)?.version !== version,
          () => unlessTooDeep(nothing, () => answer(path, params)),
        );
      },
    workspace:
      <Params, Answer>(answer: (params: Params) => Answer) =>
      (params: Params, token: CancellationToken): Promise<Answer> =>
        checked(
          token,
          () => false,
          () => answer(params),
        ),
    /** From now on everything is refused. */
    close: () => {
      closed = true;
    },
  };
}

export type Answering = ReturnType<typeof answering>;
