import { randomUUID } from "node:crypto";
import { type FileHandle, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Pieces that wait for whoever takes them. */
export interface Spool {
  readonly pieces: AsyncIterable<Uint8Array>;
  /** Ends it early; idempotent, as after the last piece. */
  readonly close: () => Promise<void>;
}
export interface SpoolOptions {
  /** Bytes kept in memory; the rest waits in a file. */
  readonly memory?: number;
  readonly folder?: string;
}

type Held = Uint8Array | { readonly at: number; readonly length: number };

/**
 * Takes all of a source, which `stop` ends early, as fast as it comes, however slowly it is read on: another process reads a table for us, and must not be kept from
 * letting the file go by what is done with the rows here, which may be waiting for that file. What memory does not hold lies in a temporary
 * file.
 */
export function spool(
  source: AsyncIterable<Uint8Array>,
  stop: () => void,
  { memory = 64 * 1024 * 1024, folder = tmpdir() }: SpoolOptions = {},
): Spool {
  const held: Held[] = [];
  let inMemory = 0;
  let over = false;
  let closed = false;
  let failure: { readonly thrown: unknown } | undefined;
  let wake = () => {};
  let file: { readonly handle: FileHandle; readonly path: string; end: number } | undefined;

  const hold = async (piece: Uint8Array): Promise<void> => {
    if (inMemory + piece.byteLength <= memory || held.length === 0) {
      inMemory += piece.byteLength;
      held.push(piece);
      return;
    }
    if (!file) {
      const path = join(folder, `sluice-${randomUUID()}.spool`);
      file = { handle: await open(path, "wx+", 0o600), path, end: 0 };
      if (process.platform !== "win32") await rm(path); // Nothing is left of it when this process is killed.
    }
    const at = file.end;
    for (let done = 0; done < piece.byteLength; ) {
      done += (await file.handle.write(piece, done, piece.byteLength - done, at + done)).bytesWritten;
    }
    file.end += piece.byteLength;
    held.push({ at, length: piece.byteLength });
  };
  const filling = (async () => {
    try {
      for await (const piece of source) {
        if (closed) return;
        await hold(piece);
        wake();
      }
    } catch (thrown) {
      failure = { thrown };
    } finally {
      over = true;
      wake();
    }
  })();

  const fetched = async ({ at, length }: Exclude<Held, Uint8Array>): Promise<Uint8Array> => {
    const piece = Buffer.alloc(length);
    for (let done = 0; done < length; ) done += (await file!.handle.read(piece, done, length - done, at + done)).bytesRead;
    return piece;
  };
  const close = async (): Promise<void> => {
    closed = true;
    stop();
    await filling;
    held.length = 0;
    const { handle, path } = file ?? {};
    file = undefined;
    await handle?.close();
    if (path !== undefined) await rm(path, { force: true });
  };
  async function* pieces(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const next = held.shift();
        if (next instanceof Uint8Array) {
          inMemory -= next.byteLength;
          yield next;
        } else if (next) yield await fetched(next);
        else if (failure) throw failure.thrown;
        else if (over) return;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    } finally {
      await close();
    }
  }
  return { pieces: pieces(), close };
}
