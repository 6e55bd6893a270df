import type { Socket } from "node:net";

/** One message of a conversation: a JSON value, or bytes. */
export type Frame = { readonly json: unknown } | { readonly bytes: Uint8Array };

/** Length in four bytes, then the kind in one. */
const headerSize = 5;
const jsonKind = 0x4a;
const bytesKind = 0x42;

/** What came is no frame, or a longer one than agreed. */
export class FrameError extends Error {}

/** A frame as it is sent. */
export function frameOf(frame: Frame): readonly [header: Buffer, body: Uint8Array] {
  const body = "json" in frame ? Buffer.from(JSON.stringify(frame.json)) : frame.bytes;
  const header = Buffer.alloc(headerSize);
  header.writeUInt32BE(body.byteLength, 0);
  header[4] = "json" in frame ? jsonKind : bytesKind;
  return [header, body];
}

/** Takes pieces as they come and gives the frames that are whole. Memory grows by what has come, never by what a header announces. */
export function frameParser(longest: number): (piece: Uint8Array) => readonly Frame[] {
  let held: Uint8Array[] = [];
  let size = 0;
  const whole = (): Buffer => {
    const joined = Buffer.concat(held);
    held = [joined];
    return joined;
  };
  return (piece) => {
    held.push(piece);
    size += piece.byteLength;
    const frames: Frame[] = [];
    while (size >= headerSize) {
      const header = held[0] && held[0].byteLength >= headerSize ? Buffer.from(held[0].buffer, held[0].byteOffset, headerSize) : whole();
      const length = header.readUInt32BE(0);
      const kind = header[4];
      if (kind !== jsonKind && kind !== bytesKind) throw new FrameError("It is no frame.");
      if (length > longest) throw new FrameError(`A frame of ${length} bytes is longer than ${longest}.`);
      if (size < headerSize + length) break;
      const all = whole();
      const body = all.subarray(headerSize, headerSize + length);
      frames.push(kind === bytesKind ? { bytes: body } : { json: parsed(body) });
      held = all.byteLength > headerSize + length ? [all.subarray(headerSize + length)] : [];
      size -= headerSize + length;
    }
    return frames;
  };
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch (cause) {
    throw new FrameError("A frame holds no JSON.", { cause });
  }
}

/** Bytes that are given to a socket at once. */
const portion = 256 * 1024;

/**
 * Sends a frame; settles when the other side has taken it, but for what the system holds. Rejects when it is gone, or takes nothing for
 * `stall` milliseconds: then the connection is cut.
 */
export async function sendFrame(socket: Socket, frame: Frame, stall: number): Promise<void> {
  const [header, body] = frameOf(frame);
  await send(socket, header, stall);
  for (let at = 0; at < body.byteLength; at += portion) await send(socket, body.subarray(at, at + portion), stall);
}

async function send(socket: Socket, bytes: Uint8Array, stall: number): Promise<void> {
  if (socket.destroyed || socket.writableEnded) throw new FrameError("The other side is gone.");
  if (socket.write(bytes)) return;
  const timer = setTimeout(() => socket.destroy(), stall).unref();
  await new Promise<void>((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer);
      socket.off("drain", settle);
      socket.off("close", settle);
      if (socket.destroyed) reject(new FrameError("The other side is gone."));
      else resolve();
    };
    socket.on("drain", settle);
    socket.on("close", settle);
  });
}

/** The frames that come from a socket, which is read only as fast as they are taken. */
export async function* framesOf(socket: Socket, longest: number): AsyncGenerator<Frame> {
  const parse = frameParser(longest);
  for await (const piece of socket) yield* parse(piece as Buffer);
}
