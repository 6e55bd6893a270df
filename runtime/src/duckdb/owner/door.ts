import { timingSafeEqual } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import { toErrorInfo } from "../../model/errors.ts";
import { isForeignLock } from "../errors.ts";
import { type System, thisSystem } from "../processes.ts";
import { type Frame, frameParser, sendFrame } from "./frames.ts";
import { type PlaceSystem, thisPlace } from "./places.ts";
import { newRecord } from "./record.ts";

/** What is sent back to a process that asked: one value, then any bytes. Each call settles when the other side has taken enough. */
export interface Reply {
  readonly head: (json: unknown) => Promise<void>;
  readonly bytes: (bytes: Uint8Array) => Promise<void>;
}
/** Answers a question about the file for another process of this user; whatever it asks is checked here. */
export type Answer = (question: unknown, reply: Reply, signal: AbortSignal) => Promise<void>;

/** Whether the file is another's to take: never had, let go just now, or in use here. */
export type Offer = "free" | "released" | "busy";

export interface DoorOptions {
  /** Real path of the database file. */
  readonly path: string;
  /** Lets the file go where nothing uses it. */
  readonly offer: () => Promise<Offer>;
  /** `undefined` where nothing here can answer questions about the file. */
  readonly answer: () => Answer | undefined;
  readonly system?: System;
  readonly place?: PlaceSystem;
  readonly limits?: DoorLimits;
}
export interface DoorLimits {
  /** Milliseconds until the request must have come. */
  readonly request: number;
  /** Milliseconds in which the other side must have taken what it is sent. */
  readonly stall: number;
}

/** Where other processes of this user ask for a file that this one has, or is about to have. */
export interface Door {
  /** Whether somebody waits for the file. */
  readonly isWaitedFor: () => boolean;
  /** After the file was let go: whoever waits for it is told. */
  readonly close: () => void;
}

/** Longest request in bytes: thousands of partitions. */
const longestRequest = 8 * 1024 * 1024;
const mostConversations = 128;

interface Request {
  readonly path: string;
  readonly token: string;
  readonly question?: unknown;
  readonly wait?: boolean;
}

function readRequest(frame: Frame): Request | undefined {
  const value = "json" in frame ? (frame.json as Partial<Record<string, unknown>> | null) : undefined;
  if (typeof value !== "object" || value === null || value["sluice"] !== 1) return undefined;
  const { path, token, question, wait } = value;
  if (typeof path !== "string" || typeof token !== "string") return undefined;
  return { path, token, question, wait: wait === true };
}

const sameText = (one: string, other: string): boolean => {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.byteLength === b.byteLength && timingSafeEqual(a, b);
};

/**
 * Listens for processes that meet this one's lock. One connection is one request: it names the file and the token, and asks for the file,
 * for an answer where the file is in use, or to be told when it is let go. Resolves to `undefined` where no socket can be had: then others
 * see the lock alone.
 */
export async function openDoor(options: DoorOptions): Promise<Door | undefined> {
  const { path, offer, answer, system = thisSystem(), place = thisPlace(), limits = { request: 5000, stall: 20_000 } } = options;
  const waiting = new Set<Socket>();
  const made = newRecord(path, system, place);
  if (!made) return undefined;
  const { owner, publish } = made;

  const say = (socket: Socket, json: object): Promise<void> => sendFrame(socket, { json }, limits.stall);
  const release = (socket: Socket, offered: Offer): void => {
    say(socket, { path, say: offered }).then(
      () => socket.end(),
      () => socket.destroy(),
    );
  };

  async function converse(socket: Socket, { question, wait }: Request): Promise<void> {
    const offered = await offer();
    if (offered !== "busy") return release(socket, offered);
    const answering = question === undefined ? undefined : answer();
    await say(socket, { path, say: answering ? "answering" : "busy" });
    if (answering) return give(socket, answering, question);
    if (!wait) return void socket.end();
    waiting.add(socket);
    socket.on("close", () => waiting.delete(socket));
    // It may have become free between the offer and now.
    const again = await offer();
    if (again !== "busy" && waiting.delete(socket)) release(socket, again);
  }

  async function give(socket: Socket, answering: Answer, question: unknown): Promise<void> {
    const gone = new AbortController();
    socket.on("close", () => gone.abort());
    socket.ref();
    try {
      const bytes = (body: Uint8Array) => sendFrame(socket, { bytes: body }, limits.stall);
      await answering(question, { head: (json) => say(socket, { say: "answer", json }), bytes }, gone.signal);
      await say(socket, { say: "end" });
      socket.end();
    } catch (thrown) {
      if (socket.destroyed) return;
      // Taken by somebody else since it was offered.
      if (isForeignLock(thrown)) return release(socket, "free");
      const { code, message, hint, asset } = toErrorInfo(thrown, "io/unavailable");
      await say(socket, { say: "error", error: { code, message, hint, asset } });
      socket.end();
    } finally {
      socket.unref();
    }
  }

  const server = createServer((socket) => {
    socket.unref();
    socket.on("error", () => socket.destroy()); // Whoever was there is gone: nobody to tell.
    const late = setTimeout(() => socket.destroy(), limits.request).unref();
    const parse = frameParser(longestRequest);
    let asked = false;
    socket.on("data", (piece: Buffer) => {
      try {
        const [frame, more] = parse(piece);
        if (frame === undefined) return;
        clearTimeout(late);
        const request = readRequest(frame);
        const known = request !== undefined && request.path === path && sameText(request.token, owner.token);
        if (asked || more !== undefined || !known) return void socket.destroy();
        asked = true;
        converse(socket, request).catch(() => socket.destroy()); // It went away, or did not take what it was sent.
      } catch {
        socket.destroy(); // No frame: nothing to say to that.
      }
    });
  });
  server.maxConnections = mostConversations;
  try {
    await listen(server, owner.endpoint);
    publish();
  } catch {
    server.close();
    return undefined; // Others see the lock alone, as that of any program.
  }
  server.on("error", () => undefined); // A connection that could not be taken: its other side sees that.
  server.unref();
  return {
    isWaitedFor: () => waiting.size > 0,
    close: () => {
      owner.forget();
      server.close();
      for (const socket of waiting) release(socket, "released");
      waiting.clear();
    },
  };
}

const listen = (server: Server, endpoint: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(endpoint, () => {
      server.off("error", reject);
      resolve();
    });
  });
