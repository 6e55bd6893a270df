import { CodeLensRefreshRequest, type Connection, DiagnosticRefreshRequest, type InitializeParams } from "vscode-languageserver/node";
import { graphChanged, graphRequest, statusChanged } from "../runtime/src/model/graph.ts";
import { answering } from "./answering.ts";
import { capabilitiesFor, type FeatureName } from "./capabilities.ts";
import { abilitiesOf, type ClientAbilities } from "./client-abilities.ts";
import { answerContents } from "./content.ts";
import { answerDiagnostics, pushDiagnostics } from "./diagnosing.ts";
import { createDocuments } from "./documents.ts";
import type { FeatureContext } from "./features/context.ts";
import { createGraphFeed } from "./graph-feed.ts";
import { createCache } from "./index/cache.ts";
import { type Disk, nodeDisk, readFacts } from "./index/files.ts";
import { pathOfUri } from "./index/paths.ts";
import { createWorkspace } from "./index/workspace.ts";
import { createIndexer } from "./indexer.ts";
import type { Parser } from "./parser.ts";
import { createRefreshing } from "./refreshing.ts";
import { answerRequests } from "./requests.ts";
import { createStatuses, type StatusParams } from "./statuses.ts";
import { createWatching } from "./watching.ts";

export interface InitializationOptions {
  /** Folder for the index's cache. */
  readonly storagePath?: string;
  /** Uri of the folder with the reference pages, which diagnostics link to. */
  readonly docs?: string;
  readonly features?: Readonly<Partial<Record<FeatureName, boolean>>>;
}

export interface ServerOptions {
  readonly disk?: Disk;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Called when a large first index is finished. */
  readonly releaseMemory?: () => void;
  /** Starts a thread that reads the real disk, to share a first index of thousands of files with. */
  readonly startParser?: () => Parser;
}

function foldersOf({ workspaceFolders, rootUri }: InitializeParams): readonly string[] {
  const uris = workspaceFolders?.map(({ uri }) => uri) ?? (rootUri ? [rootUri] : []);
  return uris.flatMap((uri) => pathOfUri(uri) ?? []);
}

/** What a client gives that is no option counts as not given. */
function optionsOf({ initializationOptions }: InitializeParams) {
  const { features, storagePath, docs } = (initializationOptions ?? {}) as { readonly [Name in keyof InitializationOptions]: unknown };
  const text = (value: unknown) => (typeof value === "string" && !value.includes("\0") ? value : undefined);
  return { features: (features ?? {}) as NonNullable<InitializationOptions["features"]>, storagePath: text(storagePath), docs: text(docs) };
}

/** Errors of a run have a page of their own; what only an editor finds is on the language server's. */
const pagesIn = (docs: string | undefined) => (code: string) =>
  docs === undefined ? undefined : `${docs}/${code.includes("/") ? "errors" : "language-server"}.md#${code.replaceAll("/", "")}`;

/** From so many files on, the first index leaves memory behind that is worth giving back. */
const manyFiles = 500;

/** How often lenses that say how long ago something was are drawn anew, in milliseconds. */
const agePeriod = 60_000;

/** Serves one client on a connection that does not listen yet. */
export function serve(connection: Connection, { disk = nodeDisk, now = Date.now, releaseMemory = () => {}, startParser }: ServerOptions = {}): void {
  connection.onInitialize((params) => {
    const abilities = abilitiesOf(params);
    const { features, storagePath, docs } = optionsOf(params);
    const has = (feature: FeatureName) => features[feature] !== false;
    startSession(connection, { abilities, has, folders: foldersOf(params), storagePath, docs, disk, now, releaseMemory, startParser });
    return { capabilities: capabilitiesFor(abilities, has), serverInfo: { name: "Sluice" } };
  });
  connection.listen();
}

interface Session {
  readonly abilities: ClientAbilities;
  readonly has: (feature: FeatureName) => boolean;
  readonly folders: readonly string[];
  readonly storagePath: string | undefined;
  readonly docs: string | undefined;
  readonly disk: Disk;
  readonly now: () => number;
  readonly releaseMemory: () => void;
  readonly startParser: (() => Parser) | undefined;
}

function startSession(connection: Connection, { abilities, has, folders, storagePath, docs, disk, now, releaseMemory, startParser }: Session): void {
  const documents = createDocuments();
  const statuses = createStatuses();
  const workspace = createWorkspace({
    disk,
    load: (path) => (documents.get(path) ? documents.facts(path, undefined, true) : readFacts(path, disk, { always: true })),
  });
  const cache = storagePath === undefined ? undefined : createCache(storagePath, (message) => connection.console.warn(message));
  const indexer = createIndexer({ workspace, disk, documents, cache, startParser, onChange: () => changed() });
  const context: FeatureContext = {
    workspace,
    statuses,
    openDocument: documents.get,
    text: (path) => documents.text(path) ?? disk.readText(path),
    exists: (path) => disk.isFile(path) || disk.isFolder(path),
    isSettled: indexer.isSettled,
    now,
    pageOf: pagesIn(docs),
    markdown: abilities.markdown,
    links: abilities.definitionLinks,
  };

  // ---- what the client is told

  const feed = createGraphFeed({ workspace, isComplete: indexer.isComplete, send: (delta) => void connection.sendNotification(graphChanged, delta) });
  const push = pushDiagnostics(connection, context, indexer.isComplete, documents.paths);
  const ask = (type: { readonly method: string }) => void connection.sendRequest(type.method).catch(ignoreRefusal);
  const lenses = createRefreshing(() => ask(CodeLensRefreshRequest.type));
  const diagnostics = createRefreshing(() => (abilities.pullDiagnostics ? ask(DiagnosticRefreshRequest.type) : push()));
  const wantsLenses = has("codeLens") && abilities.refreshLenses;
  const wantsDiagnostics = has("diagnostics") && (!abilities.pullDiagnostics || abilities.refreshDiagnostics);
  let shape = "";
  const answers = answering(documents, indexer);
  const contents = has("textDocumentContent") && abilities.contents ? answerContents(connection, context, answers) : undefined;
  const changed = () => {
    feed.changed();
    contents?.request();
    const now = `${workspace.structure()} ${indexer.isSettled()}`;
    if (wantsDiagnostics && (now !== shape || !abilities.pullDiagnostics)) diagnostics.request();
    if (wantsLenses && now !== shape) lenses.request();
    shape = now;
  };
  const ages = setInterval(() => {
    if (wantsLenses && statuses.haveAges()) lenses.request();
  }, agePeriod);
  ages.unref();

  // ---- what the client tells

  let flushing: NodeJS.Immediate | undefined;
  const flushSoon = () => {
    flushing ??= setImmediate(() => {
      flushing = undefined;
      indexer.flush();
    });
  };
  connection.onDidOpenTextDocument(({ textDocument: { uri, version, text } }) => {
    if (documents.open(uri, version, text) !== undefined) flushSoon();
  });
  connection.onDidChangeTextDocument(({ textDocument: { uri, version }, contentChanges }) => {
    if (documents.change(uri, version, contentChanges) !== undefined) flushSoon();
  });
  connection.onDidCloseTextDocument(({ textDocument: { uri } }) => {
    const path = documents.close(uri);
    if (path !== undefined) indexer.documentClosed(path);
  });
  connection.onDidSaveTextDocument(() => {
    if (!abilities.watch) void indexer.rescan();
  });
  connection.onNotification(statusChanged, (params: StatusParams) => {
    statuses.set(params);
    if (wantsLenses) lenses.request();
    contents?.request();
    // Stored tables are held against the types of rows.
    if (wantsDiagnostics) diagnostics.request();
  });

  const watching = createWatching(connection, abilities, indexer);
  connection.onInitialized(() => {
    void start();
  });
  const start = async () => {
    const watched = watching.watch(folders).catch((error: Error) => connection.console.warn(`The client does not watch files: ${error.message}`));
    const progress = abilities.progress ? await connection.window.createWorkDoneProgress() : undefined;
    progress?.begin("Sluice: indexing assets", 0);
    try {
      await indexer.addFolders(folders, (done, total) => progress?.report(Math.floor((100 * done) / total), `${done} of ${total} files`));
    } finally {
      progress?.done();
    }
    feed.flush();
    // Not at once: the client asks for the graph first.
    if (workspace.files.size > manyFiles) setTimeout(releaseMemory, 3000).unref();
    await watched;
    if (!abilities.workspaceFolders) return;
    connection.workspace.onDidChangeWorkspaceFolders(({ added, removed }) => {
      indexer.removeFolders(removed.flatMap(({ uri }) => pathOfUri(uri) ?? []));
      void indexer.addFolders(added.flatMap(({ uri }) => pathOfUri(uri) ?? []));
      void watching.watch(indexer.folders());
    });
  };
  connection.onShutdown(() => {
    clearInterval(ages);
    clearImmediate(flushing);
    for (const each of [feed, lenses, diagnostics, watching, indexer, contents, answers]) each?.close();
  });

  // ---- what the client asks

  answerRequests(connection, context, { answers, abilities });
  if (abilities.pullDiagnostics) answerDiagnostics(connection, context, indexer.isComplete, answers);
  connection.onRequest(graphRequest, () => {
    indexer.flush();
    return feed.snapshot();
  });
}

/** A client may refuse to refresh, or be gone by now; there is nothing to do about either. */
const ignoreRefusal = () => undefined;
