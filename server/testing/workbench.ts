import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Position } from "vscode-languageserver/node";
import { uriOfPath } from "../index/paths.ts";
import { startClient, type TestClient, type TestClientOptions } from "./client.ts";
import { createValidator, metaModelPath } from "./meta-model.ts";

/** A project in a temporary folder, and clients of a server for it whose messages are all held against the meta model, where it is at hand. */
export interface Workbench {
  readonly uri: (name: string) => string;
  readonly write: (name: string, text: string) => void;
  readonly start: (options?: Partial<TestClientOptions>) => Promise<TestClient>;
  /** Stops the clients, removes the folder and gives what was wrong with the messages. */
  readonly close: () => Promise<readonly string[]>;
}

export function createWorkbench(files: Readonly<Record<string, string>>): Workbench {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "sluice-server-")));
  const model = metaModelPath(process.cwd(), process.env);
  const validator = model === undefined ? undefined : createValidator(model);
  const running: TestClient[] = [];
  const write = (name: string, text: string) => {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  };
  for (const [name, text] of Object.entries(files)) write(name, text);
  return {
    uri: (name) => uriOfPath(path.posix.join(folder, name)),
    write,
    start: async (options = {}) => {
      const client = await startClient({ folders: [uriOfPath(folder)], spy: (sender, message) => validator?.check(sender, message), ...options });
      running.push(client);
      await client.settled();
      return client;
    },
    close: async () => {
      for (const client of running) await client.stop();
      rmSync(folder, { recursive: true, force: true });
      return validator?.mistakes ?? [];
    },
  };
}

export function positionIn(text: string, offset: number): Position {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length - 1, character: before.at(-1)!.length };
}

/** A text without its mark `‸`, and the mark's position. */
export function marked(text: string): { readonly text: string; readonly position: Position } {
  return { text: text.replace("‸", ""), position: positionIn(text, text.indexOf("‸")) };
}
