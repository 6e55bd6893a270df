import type { TextDocumentContentChangeEvent } from "vscode-languageserver/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import type { FileFacts } from "./index/facts.ts";
import { isTooLong, tooLong } from "./index/files.ts";
import { mentionsPackage, type OpenParser, openParser, type TextChange } from "./index/parse.ts";
import { pathOfUri } from "./index/paths.ts";

/** A document as the editor shows it, saved or not. */
export interface OpenDocument {
  readonly path: string;
  readonly uri: string;
  readonly version: number;
}

/** Open documents. Their text is what counts, whatever lies on the disk. Files of other schemes are not looked at. */
export interface Documents {
  readonly open: (uri: string, version: number, text: string) => string | undefined;
  readonly change: (uri: string, version: number, changes: readonly TextDocumentContentChangeEvent[]) => string | undefined;
  readonly close: (uri: string) => string | undefined;
  readonly get: (path: string) => OpenDocument | undefined;
  readonly text: (path: string) => string | undefined;
  readonly paths: () => Iterable<string>;
  /** Paths whose text changed since their facts were last asked for. */
  readonly changed: () => Iterable<string>;
  /** Facts of the present text; `undefined` where it never names the package, unless `always`. */
  readonly facts: (path: string, lastGood: FileFacts | undefined, always: boolean) => FileFacts | undefined;
}

interface State {
  document: TextDocument;
  readonly parser: OpenParser;
  /** What happened to the text since it was last parsed; `undefined` before that, and when it is not known exactly. */
  pending: TextChange | undefined;
}

/** Two edits, one after the other, as one edit of the first text. */
function joined(first: TextChange, second: TextChange): TextChange {
  const start = Math.min(first.span.start, second.span.start);
  const middleEnd = Math.max(first.span.start + first.newLength, second.span.start + second.span.length);
  const oldEnd = middleEnd - first.newLength + first.span.length;
  const newEnd = middleEnd - second.span.length + second.newLength;
  return { span: { start, length: oldEnd - start }, newLength: newEnd - start };
}

const nothing: TextChange = { span: { start: 0, length: 0 }, newLength: 0 };

/** A change event whose range lies in the document as it is: TextDocument takes lines that are not there for lines that it has to count. */
function fitting(document: TextDocument, change: TextDocumentContentChangeEvent): TextDocumentContentChangeEvent {
  if (!("range" in change)) return change;
  const offsets = [document.offsetAt(change.range.start), document.offsetAt(change.range.end)];
  return { range: { start: document.positionAt(Math.min(...offsets)), end: document.positionAt(Math.max(...offsets)) }, text: change.text };
}

/** The edit that a fitting change event makes in the document as it is; `undefined` for one that replaces the whole text. */
function edit(document: TextDocument, change: TextDocumentContentChangeEvent): TextChange | undefined {
  if (!("range" in change)) return undefined;
  const start = document.offsetAt(change.range.start);
  return { span: { start, length: document.offsetAt(change.range.end) - start }, newLength: change.text.length };
}

export function createDocuments(): Documents {
  const states = new Map<string, State>();
  const changed = new Set<string>();

  return {
    open: (uri, version, text) => {
      const path = pathOfUri(uri);
      if (path === undefined) return undefined;
      states.set(path, { document: TextDocument.create(uri, "", version, text), parser: openParser(path), pending: undefined });
      changed.add(path);
      return path;
    },
    change: (uri, version, changes) => {
      const path = pathOfUri(uri);
      const state = path === undefined ? undefined : states.get(path);
      if (path === undefined || !state) return undefined;
      for (const each of changes) {
        const change = fitting(state.document, each);
        const next = edit(state.document, change);
        state.pending &&= next && (state.pending === nothing ? next : joined(state.pending, next));
        state.document = TextDocument.update(state.document, [change], version);
      }
      changed.add(path);
      return path;
    },
    close: (uri) => {
      const path = pathOfUri(uri);
      if (path === undefined || !states.delete(path)) return undefined;
      changed.delete(path);
      return path;
    },
    get: (path) => {
      const document = states.get(path)?.document;
      return document && { path, uri: document.uri, version: document.version };
    },
    text: (path) => states.get(path)?.document.getText(),
    paths: () => states.keys(),
    changed: () => changed,
    facts: (path, lastGood, always) => {
      const state = states.get(path);
      if (!state) return undefined;
      const text = state.document.getText();
      const { pending } = state;
      changed.delete(path);
      if (isTooLong(text.length) || (!always && !mentionsPackage(text))) {
        state.pending = undefined;
        return always ? tooLong : undefined;
      }
      state.pending = nothing;
      return state.parser.parse(text, pending, lastGood);
    },
  };
}
