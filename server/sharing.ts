import type { PackedFacts } from "./index/pack.ts";
import type { Parser, UnreadFile } from "./parser.ts";

/** From so many files on, another thread is worth its start. */
const manyFiles = 2000;
/** Files handed to the other thread at once: some ten milliseconds of work. */
const share = 64;

export interface SharingOptions {
  /** Reads one file on this thread. */
  readonly here: (file: UnreadFile) => Promise<void>;
  /** Takes in what the other thread read. */
  readonly there: (path: string, packed: PackedFacts | undefined) => void;
  readonly startParser?: (() => Parser) | undefined;
}

/** Reads files, many of them on two threads: whoever is free takes the next few. What a thread that died had in hand is read on this one. */
export async function readShared(files: readonly UnreadFile[], { here, there, startParser }: SharingOptions): Promise<void> {
  const shares = Array.from({ length: Math.ceil(files.length / share) }, (_, at) => files.slice(at * share, (at + 1) * share));
  const readHere = async () => {
    for (let some = shares.shift(); some; some = shares.shift()) for (const file of some) await here(file);
  };
  const readThere = async (parser: Parser) => {
    for (let some = shares.shift(); some; some = shares.shift()) {
      const answers = await parser.parse(some).catch(() => undefined);
      if (!answers) return void shares.push(some);
      for (const [at, packed] of answers.entries()) there(some[at]!.path, packed);
    }
  };
  const parser = files.length >= manyFiles ? startParser?.() : undefined;
  try {
    // Two shares are on their way to the other thread, so that it never waits for this one.
    await Promise.all([readHere(), ...(parser ? [readThere(parser), readThere(parser)] : [])]);
    await readHere();
  } finally {
    parser?.close();
  }
}
