import * as vscode from "vscode";
import { LanguageClient, type LanguageClientOptions, State, TransportKind } from "vscode-languageclient/node";
import {
  type AssetStatus,
  type GraphDelta,
  type GraphSnapshot,
  graphChanged,
  graphRequest,
  type IndexedAsset,
  type IndexedProject,
  statusChanged,
} from "../runtime/src/model/graph.ts";
import { applyDelta, applySnapshot, emptyIndex, type IndexState } from "./graph/index-state.ts";
import { createLensCommands } from "./lens-commands.ts";

/** What CodeLens and hover show of a project's assets. */
export interface StatusNote {
  readonly project: string;
  readonly target: string;
  /** What the target binds to each key. */
  readonly bindings: Readonly<Record<string, string>>;
  readonly statuses: readonly AssetStatus[];
  /** Keys of assets that run or wait in a run now. */
  readonly running: readonly string[];
  /** False in Restricted Mode, where lenses offer trust instead of a run. */
  readonly trusted: boolean;
}

export interface Server {
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
  /** Shows states where the server draws them. */
  readonly sendStatuses: (note: StatusNote) => void;
  /** Starts the server anew where other features are on now than when it was started. */
  readonly restart: () => Promise<void>;
}

export interface ServerOptions {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  /** Which of the server's features are on. */
  readonly features: () => Readonly<Record<string, boolean>>;
  /** The last one stays while the server is away. */
  readonly onIndex: (index: IndexState) => void;
  /** The server is there, for the first time or again. */
  readonly onStart: () => void;
}

const languages = ["typescript", "typescriptreact", "javascript", "javascriptreact"];

/** Uris as VS Code writes them, so that they can be compared as text; the same files come again and again. */
function uriNormaliser(): (uri: string) => string {
  const known = new Map<string, string>();
  return (uri) => {
    let normal = known.get(uri);
    if (normal === undefined) {
      normal = vscode.Uri.parse(uri).toString();
      known.set(uri, normal);
    }
    return normal;
  };
}

/** Starts the language server and follows its graph. */
export function createServer({ context, log, features, onIndex, onStart }: ServerOptions): Server {
  const normal = uriNormaliser();
  const asset = (one: IndexedAsset): IndexedAsset => ({ ...one, uri: normal(one.uri) });
  const project = (one: IndexedProject): IndexedProject => ({ ...one, uri: normal(one.uri).replace(/\/$/, ""), configUri: normal(one.configUri) });
  const lensCommands = createLensCommands({ register: vscode.commands.registerCommand, execute: vscode.commands.executeCommand });
  context.subscriptions.push(lensCommands);
  let index: IndexState = emptyIndex;
  let asking: Promise<void> | undefined;
  let started = "";

  const options: LanguageClientOptions = {
    documentSelector: languages.map((language) => ({ scheme: "file", language })),
    outputChannel: log,
    initializationOptions: () => {
      const wanted = features();
      started = JSON.stringify(wanted);
      return {
        storagePath: context.storageUri?.fsPath,
        docs: vscode.Uri.joinPath(context.extensionUri, "docs/reference").toString(),
        features: wanted,
      };
    },
    middleware: {
      async resolveCodeLens(lens, token, next) {
        const resolved = await next(lens, token);
        if (resolved?.command) resolved.command = lensCommands.of(resolved.command);
        return resolved;
      },
    },
  };
  const module = context.asAbsolutePath("dist/server.cjs");
  const client = new LanguageClient(
    "sluice",
    "Sluice",
    {
      run: { module, transport: TransportKind.ipc, options: { execArgv: [] } },
      debug: { module, transport: TransportKind.ipc, options: { execArgv: ["--nolazy", "--inspect=0"] } },
    },
    options,
  );

  function set(next: IndexState): void {
    index = next;
    onIndex(index);
  }

  function askSnapshot(): Promise<void> {
    asking ??= client
      .sendRequest<GraphSnapshot>(graphRequest)
      .then((snapshot) => set(applySnapshot({ ...snapshot, projects: snapshot.projects.map(project), assets: snapshot.assets.map(asset) })))
      .catch((error: Error) => log.warn(`The index did not answer: ${error.message}`))
      .finally(() => {
        asking = undefined;
      });
    return asking;
  }

  async function follow(delta: GraphDelta): Promise<void> {
    await asking;
    const next = applyDelta(index, {
      ...delta,
      changed: delta.changed.map(asset),
      ...(delta.projects === undefined ? {} : { projects: delta.projects.map(project) }),
    });
    if (next === undefined) await askSnapshot();
    else if (next !== index) set(next);
  }

  client.onNotification(graphChanged, follow);
  client.onDidChangeState(({ newState }) => {
    if (newState !== State.Running) return;
    // A new process counts its revisions from the beginning.
    index = { ...index, revision: -1 };
    onStart();
    void askSnapshot();
  });

  /** One after the other: a server that is being started cannot be stopped. */
  let last: Promise<void> = Promise.resolve();
  const soon = (act: () => Promise<void>): Promise<void> => {
    last = last.catch(() => undefined).then(act);
    return last;
  };

  return {
    start: () => soon(() => client.start()),
    stop: () => soon(() => client.stop()),
    restart: () =>
      soon(async () => {
        if (JSON.stringify(features()) !== started) await client.restart();
      }),
    sendStatuses(note) {
      if (client.state === State.Running) {
        client.sendNotification(statusChanged, note).catch((error: Error) => log.warn(`The index does not take states: ${error.message}`));
      }
    },
  };
}
