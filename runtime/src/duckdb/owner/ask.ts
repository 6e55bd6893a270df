import { connect, type Socket } from "node:net";
import { type ErrorCode, errorCodes, isSluiceError, SluiceError } from "../../model/errors.ts";
import { type Frame, frameOf, framesOf } from "./frames.ts";
import type { Owner } from "./record.ts";

/** What another process answers: one value, then bytes. */
export interface Answered {
  readonly json: unknown;
  /** To be read once, to the end, or `close`d. Throws what the other process throws, and `io/unavailable` when that ends too early. */
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly close: () => void;
}

/**
 * How a conversation ended. "free": it does not have the file. "released": it has let it go. "gone": nobody is there. "busy": it uses the
 * file, and did not let it go in time. "silent": it did not answer in time.
 */
export type Outcome =
  | { readonly kind: "free" | "released" | "gone" | "busy" | "silent" }
  | { readonly kind: "answered"; readonly answered: Answered };

export interface AskOptions {
  /** What is answered where the file is in use; left out, the asker waits until it is not. */
  readonly question?: unknown;
  /** Milliseconds until it must have answered, or let go. */
  readonly limit: number;
  /** The file is in use, and is waited for. */
  readonly onBusy?: () => void;
  readonly signal?: AbortSignal | undefined;
}

/** Longest frame of an answer in bytes: some batches of rows in one. */
const longestAnswer = 2 ** 31 - 1;

/** Asks a process for its file. Throws `run/cancelled`, and what the process says went wrong with the question. */
export async function askOwner(owner: Owner, { question, limit, onBusy, signal }: AskOptions): Promise<Outcome> {
  if (signal?.aborted) throw cancelled(signal);
  const socket = connect(owner.endpoint);
  let late = false;
  let busy = false;
  let refused = false;
  const timer = setTimeout(() => {
    late = true;
    socket.destroy();
  }, limit);
  const abort = () => socket.destroy();
  signal?.addEventListener("abort", abort);
  const done = () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  };
  socket.on("error", (error: NodeJS.ErrnoException) => {
    refused ||= error.code === "ECONNREFUSED" || error.code === "ENOENT";
  });
  const { sluice, path, token } = owner;
  for (const piece of frameOf({ json: { sluice, path, token, question, wait: true } })) socket.write(piece);
  const frames = framesOf(socket, longestAnswer);
  let handedOver = false;
  try {
    for (let first = true; ; first = false) {
      const said = await nextSaid(frames);
      if (!said || (first && said["path"] !== path)) {
        if (signal?.aborted) throw cancelled(signal);
        if (refused) owner.forget();
        return { kind: late ? (busy ? "busy" : "silent") : "gone" };
      }
      if (said["say"] === "free" || said["say"] === "released") return { kind: said["say"] };
      if (said["say"] === "error") throw saidError(said["error"]);
      if (said["say"] === "answering") clearTimeout(timer);
      if (said["say"] === "busy" && !busy) {
        busy = true;
        onBusy?.();
      }
      if (said["say"] === "answer") {
        clearTimeout(timer);
        handedOver = true;
        return { kind: "answered", answered: answered(said["json"], { frames, socket, owner, done, signal }) };
      }
    }
  } finally {
    if (!handedOver) {
      done();
      socket.destroy();
    }
  }
}

/** The error of what its signal ended. */
export const cancelled = (signal: AbortSignal): SluiceError =>
  new SluiceError("run/cancelled", "The operation was cancelled.", { cause: signal.reason });

/** The next word of the other side; `undefined` when it is gone, or speaks another language. */
async function nextSaid(frames: AsyncGenerator<Frame>): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    const { value: frame } = await frames.next();
    if (frame === undefined || !("json" in frame) || typeof frame.json !== "object" || frame.json === null) return undefined;
    return frame.json as Readonly<Record<string, unknown>>;
  } catch {
    return undefined; // The connection broke, or what came was no frame: the caller asks again or gives up.
  }
}

interface Conversation {
  readonly frames: AsyncGenerator<Frame>;
  readonly socket: Socket;
  readonly owner: Owner;
  readonly done: () => void;
  readonly signal: AbortSignal | undefined;
}

function answered(json: unknown, { frames, socket, owner: { path, pid }, done, signal }: Conversation): Answered {
  const close = () => {
    done();
    socket.destroy();
  };
  async function* bytes() {
    try {
      for (;;) {
        const { value: frame } = await frames.next();
        if (frame === undefined) throw new Error("It ended.");
        if ("bytes" in frame) {
          yield frame.bytes;
          continue;
        }
        const said = frame.json as Readonly<Record<string, unknown>> | null;
        if (said?.["say"] === "error") throw saidError(said["error"]);
        if (said?.["say"] === "end") return;
      }
    } catch (cause) {
      if (signal?.aborted) throw cancelled(signal);
      if (isSluiceError(cause)) throw cause;
      throw new SluiceError("io/unavailable", `Process ${pid}, which has "${path}" open, ended while it was being read through it.`, {
        cause,
        hint: "Run it again.",
      });
    } finally {
      close();
    }
  }
  return { json, bytes: bytes(), close };
}

const known: ReadonlySet<unknown> = new Set(errorCodes);
const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

/** An error as the other process says it; only its words are taken. */
function saidError(value: unknown): SluiceError {
  const { code, message, hint, asset } = (typeof value === "object" && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
  return new SluiceError(known.has(code) ? (code as ErrorCode) : "io/unavailable", textOf(message) ?? "The process that has the file failed.", {
    hint: textOf(hint),
    asset: textOf(asset),
  });
}
