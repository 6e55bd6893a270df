import "./compile-cache.ts";
import { join } from "node:path";
import { createConnection } from "vscode-languageserver/node";
import { releaseMemory } from "./memory.ts";
import { startParser } from "./parser.ts";
import { serve } from "./server.ts";

// Speaks over node IPC, or what --stdio, --pipe or --socket say.
serve(createConnection(), { releaseMemory, startParser: () => startParser(join(__dirname, "parse-worker.cjs")) });
