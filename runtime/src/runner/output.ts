import { StringDecoder } from "node:string_decoder";
import type { LogLevel } from "../model/events.ts";

/** Longest line kept in one piece. */
const longest = 8192;

/** Turns what user code prints into log lines; nothing of it reaches the process's own streams any more. */
export function captureOutput(log: (level: LogLevel, line: string) => void): void {
  const streams = [
    [process.stdout, "info"],
    [process.stderr, "warn"],
  ] as const;
  for (const [stream, level] of streams) {
    const take = lines((line) => log(level, line));
    stream.write = ((chunk: string | Uint8Array, encoding?: unknown, done?: unknown) => {
      take(chunk);
      const callback = typeof encoding === "function" ? encoding : done;
      if (typeof callback === "function") process.nextTick(callback as () => void);
      return true;
    }) as typeof stream.write;
  }
}

/** Cuts a stream of text into lines; what a line lacks its end is kept for the next chunk. */
function lines(take: (line: string) => void): (chunk: string | Uint8Array) => void {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  return (chunk) => {
    rest += typeof chunk === "string" ? chunk : decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    const parts = rest.split(/\r?\n/);
    rest = parts.pop() ?? "";
    for (const part of parts) take(part);
    if (rest.length > longest) {
      take(rest);
      rest = "";
    }
  };
}
