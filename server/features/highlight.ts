import { type DocumentHighlight, DocumentHighlightKind } from "vscode-languageserver/node";
import type { Position } from "../../runtime/src/model/graph.ts";
import { uriOfPath } from "../index/paths.ts";
import type { FeatureContext } from "./context.ts";
import { references } from "./references.ts";

/** Where the file names the asset whose key stands at the position: its own key as written, every other place as read. */
export function documentHighlights(context: FeatureContext, path: string, position: Position): DocumentHighlight[] {
  const uri = uriOfPath(path);
  const here = (withDeclaration: boolean) => references(context, path, position, withDeclaration).filter((place) => place.uri === uri);
  const readers = new Set(here(false).map(({ range }) => JSON.stringify(range)));
  return here(true).map(({ range }) => ({
    range,
    kind: readers.has(JSON.stringify(range)) ? DocumentHighlightKind.Read : DocumentHighlightKind.Write,
  }));
}
