import "./compile-cache.ts";
import { parentPort } from "node:worker_threads";
import { nodeDisk, readFacts } from "./index/files.ts";
import { pack } from "./index/pack.ts";
import type { UnreadFile } from "./parser.ts";

// The other thread of a large first index: takes files and answers with their facts, packed, in the same order.
parentPort?.on("message", (files: readonly UnreadFile[]) => {
  const read = ({ path, size }: UnreadFile) => {
    const facts = readFacts(path, nodeDisk, { size });
    return facts && pack(facts);
  };
  parentPort?.postMessage(files.map(read));
});
