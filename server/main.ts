import "./compile-cache.ts";
import { createConnection } from "vscode-languageserver/node";
import { serve } from "./server.ts";

// Speaks over node IPC, or what --stdio, --pipe or --socket say.
serve(createConnection());
