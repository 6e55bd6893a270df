import "./compile-cache.ts";
import { createConnection } from "vscode-languageserver/node";
import { releaseMemory } from "./memory.ts";
import { serve } from "./server.ts";

// Speaks over node IPC, or what --stdio, --pipe or --socket say.
serve(createConnection(), { releaseMemory });
