import { PassThrough } from "node:stream";
import {
  type ClientCapabilities,
  createConnection,
  createMessageConnection,
  type InitializeResult,
  type MessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver/node";
import { type GraphDelta, type GraphSnapshot, graphChanged, graphRequest } from "../../runtime/src/model/graph.ts";
import { type InitializationOptions, type ServerOptions, serve } from "../server.ts";
import type { RpcMessage, Sender } from "./meta-model.ts";

/** What VS Code's client can do, as far as the server asks. */
export const fullCapabilities: ClientCapabilities = {
  workspace: {
    workspaceFolders: true,
    didChangeWatchedFiles: { dynamicRegistration: true, relativePatternSupport: true },
    workspaceEdit: { documentChanges: true, changeAnnotationSupport: {} },
    codeLens: { refreshSupport: true },
    diagnostics: { refreshSupport: true },
    textDocumentContent: { dynamicRegistration: true },
  },
  textDocument: {
    hover: { contentFormat: ["markdown", "plaintext"] },
    codeAction: { codeActionLiteralSupport: { codeActionKind: { valueSet: ["quickfix", "refactor"] } }, isPreferredSupport: true },
    definition: { linkSupport: true },
    typeDefinition: { linkSupport: true },
    rename: { prepareSupport: true },
    diagnostic: { dynamicRegistration: true, relatedDocumentSupport: true },
  },
  window: { workDoneProgress: true },
};

export interface TestClient {
  readonly connection: MessageConnection;
  readonly initialized: InitializeResult;
  /** Messages of the server that it sent by itself, by method. */
  readonly received: (method: string) => readonly unknown[];
  /** Resolves when the server has sent a message of this method that passes, now or later. */
  readonly until: <Params>(method: string, passes?: (params: Params) => boolean) => Promise<Params>;
  readonly graph: () => Promise<GraphSnapshot>;
  /** Resolves when the first index is finished. */
  readonly settled: () => Promise<void>;
  readonly open: (uri: string, text: string, version?: number) => Promise<void>;
  readonly edit: (uri: string, version: number, text: string) => Promise<void>;
  readonly ask: <Answer>(method: string, params?: unknown) => Promise<Answer>;
  readonly stop: () => Promise<void>;
}

export interface TestClientOptions {
  /** Uris. */
  readonly folders: readonly string[];
  readonly capabilities?: ClientCapabilities;
  readonly initializationOptions?: InitializationOptions;
  readonly server?: ServerOptions;
  /** Sees every message on the wire. */
  readonly spy?: (sender: Sender, message: RpcMessage) => void;
}

/** Hands every framed message on a stream to `see`. */
function listenOn(stream: PassThrough, see: (message: RpcMessage) => void): void {
  let pending = Buffer.alloc(0);
  stream.on("data", (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    for (;;) {
      const head = pending.indexOf("\r\n\r\n");
      const length = /Content-Length: (\d+)/i.exec(pending.toString("latin1", 0, Math.max(head, 0)))?.[1];
      const end = head + 4 + Number(length);
      if (head < 0 || length === undefined || pending.length < end) return;
      see(JSON.parse(pending.toString("utf8", head + 4, end)) as RpcMessage);
      pending = pending.subarray(end);
    }
  });
}

/** A server and a client of it in this process, with the protocol's real framing between them. */
export async function startClient({
  folders,
  capabilities = fullCapabilities,
  initializationOptions,
  server = {},
  spy = () => {},
}: TestClientOptions): Promise<TestClient> {
  const toServer = new PassThrough();
  const toClient = new PassThrough();
  listenOn(toServer, (message) => spy("client", message));
  listenOn(toClient, (message) => spy("server", message));
  serve(createConnection(new StreamMessageReader(toServer), new StreamMessageWriter(toClient)), server);
  const connection = createMessageConnection(new StreamMessageReader(toClient), new StreamMessageWriter(toServer));

  const messages = new Map<string, unknown[]>();
  const waiting = new Set<() => void>();
  const take = (method: string, params: unknown) => {
    messages.set(method, [...(messages.get(method) ?? []), params]);
    for (const wake of [...waiting]) wake();
  };
  connection.onRequest((method, params) => {
    take(method, params);
    return null;
  });
  connection.onNotification((method, params) => take(method, params));
  connection.onUnhandledProgress(({ token, value }) => take("$/progress", { token, value }));
  connection.listen();

  const until = <Params>(method: string, passes: (params: Params) => boolean = () => true): Promise<Params> =>
    new Promise((resolve) => {
      const look = () => {
        const sent = (messages.get(method) ?? []) as Params[];
        const index = sent.findIndex(passes);
        if (index < 0) return;
        waiting.delete(look);
        resolve(sent[index]!);
      };
      waiting.add(look);
      look();
    });

  const initialized = await connection.sendRequest<InitializeResult>("initialize", {
    processId: null,
    rootUri: folders[0] ?? null,
    capabilities,
    ...(initializationOptions ? { initializationOptions } : {}),
    workspaceFolders: capabilities.workspace?.workspaceFolders ? folders.map((uri) => ({ uri, name: uri })) : null,
  });
  await connection.sendNotification("initialized", {});
  return {
    connection,
    initialized,
    until,
    received: (method) => messages.get(method) ?? [],
    graph: () => connection.sendRequest<GraphSnapshot>(graphRequest),
    settled: async () => {
      await until<GraphDelta>(graphChanged, ({ complete }) => complete);
    },
    open: (uri, text, version = 1) =>
      connection.sendNotification("textDocument/didOpen", { textDocument: { uri, languageId: "typescript", version, text } }),
    edit: (uri, version, text) =>
      connection.sendNotification("textDocument/didChange", { textDocument: { uri, version }, contentChanges: [{ text }] }),
    ask: (method, params) => connection.sendRequest(method, params),
    stop: async () => {
      await connection.sendRequest("shutdown");
      connection.dispose();
      toServer.destroy();
      toClient.destroy();
    },
  };
}
