import type { OpenDocument } from "../documents.ts";
import type { Workspace } from "../index/workspace.ts";
import type { Statuses } from "../statuses.ts";

/** What the features read. Features are functions of this and a request's parameters; they change nothing. */
export interface FeatureContext {
  readonly workspace: Workspace;
  readonly statuses: Statuses;
  readonly openDocument: (path: string) => OpenDocument | undefined;
  /** Text as the editor shows it, else as it is on the disk. */
  readonly text: (path: string) => string | undefined;
  /** Whether there is a file or folder at a path. */
  readonly exists: (path: string) => boolean;
  /** False until the index has seen every file: what does not resolve may still come. */
  readonly isSettled: () => boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Uri of the page that explains a diagnostic's code; `undefined` where the client did not say where the pages are. */
  readonly pageOf: (code: string) => string | undefined;
  /** True when the client shows markdown in hovers. */
  readonly markdown: boolean;
  /** True when the client understands links with an origin. */
  readonly links: boolean;
}
