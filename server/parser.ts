import { Worker } from "node:worker_threads";
import type { PackedFacts } from "./index/pack.ts";

/** A file on disk that nothing is known of, and its length in bytes. */
export interface UnreadFile {
  readonly path: string;
  readonly size: number;
}

/** Reads and parses files on another thread. */
export interface Parser {
  /** Facts in the order of the files; `undefined` for one that cannot define an asset. Rejects once the thread has died. */
  readonly parse: (files: readonly UnreadFile[]) => Promise<readonly (PackedFacts | undefined)[]>;
  readonly close: () => void;
}

/** Starts a thread that runs `parse-worker`. */
export function startParser(script: string): Parser {
  const worker = new Worker(script);
  const waiting: { readonly resolve: (facts: readonly (PackedFacts | undefined)[]) => void; readonly reject: (error: Error) => void }[] = [];
  let failure: Error | undefined;
  const fail = (error: Error) => {
    failure ??= error;
    for (const { reject } of waiting.splice(0)) reject(failure);
  };
  // Answers come in the order of the questions.
  worker.on("message", (facts: readonly (PackedFacts | undefined)[]) => waiting.shift()?.resolve(facts));
  worker.on("error", fail);
  worker.on("exit", (code) => fail(new Error(`The parser's thread ended with ${code}.`)));
  worker.unref();
  return {
    parse: (files) => {
      if (failure) return Promise.reject(failure);
      return new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        worker.postMessage(files);
      });
    },
    close: () => void worker.terminate(),
  };
}
