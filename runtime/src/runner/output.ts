import { StringDecoder } from "node:string_decoder";
import type { LogLevel } from "../model/events.ts";

/** How long a line may lack its end before it is passed on, in milliseconds. */
const patience = 100;
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
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    if (rest !== "") take(rest);
    rest = "";
  };
  return (chunk) => {
    clearTimeout(timer);
    rest += typeof chunk === "string" ? chunk : decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    const parts = rest.split(/\r?\n/);
    rest = parts.pop() ?? "";
    for (const part of parts) take(part);
    if (rest.length > longest) flush();
    else if (rest !== "") timer = setTimeout(flush, patience).unref();
  };
}
