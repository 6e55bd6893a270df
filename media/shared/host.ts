/** What the editor gives a webview, once. */
interface EditorApi {
  readonly postMessage: (message: unknown) => void;
  readonly getState: () => unknown;
  readonly setState: (state: unknown) => void;
}
declare function acquireVsCodeApi(): EditorApi;

/** The extension host, as a webview sees it. */
export interface Host<Request, Message> {
  readonly send: (request: Request) => void;
  /** Calls for each message; returns what ends it. */
  readonly listen: (heard: (message: Message) => void) => () => void;
  /** What `keep` was given last, also after a restart of the editor. */
  readonly kept: () => unknown;
  readonly keep: (state: unknown) => void;
}

/** Connects to the extension host. May be called once per page. */
export function connectHost<Request, Message>(): Host<Request, Message> {
  const api = acquireVsCodeApi();
  return {
    send: (request) => api.postMessage(request),
    listen(heard) {
      const listener = (event: MessageEvent) => heard(event.data as Message);
      window.addEventListener("message", listener);
      return () => window.removeEventListener("message", listener);
    },
    kept: () => api.getState(),
    keep: (state) => api.setState(state),
  };
}
