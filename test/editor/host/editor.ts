import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as vscode from "vscode";
import type { ProjectFacts, SluiceApi } from "../../../client/api.ts";
import type { RunSummary } from "../../../runtime/src/model/events.ts";

export const folder = () => {
  const first = vscode.workspace.workspaceFolders?.[0];
  if (!first) throw new Error("The test window has no folder.");
  return first.uri;
};
export const pathOf = (name: string) => join(folder().fsPath, name);
export const uriOf = (name: string) => vscode.Uri.file(pathOf(name));

let api: Promise<SluiceApi> | undefined;
/** The running extension, once its index is complete. */
export async function sluice(): Promise<SluiceApi> {
  api ??= Promise.resolve(vscode.extensions.getExtension<SluiceApi>("sluice.sluice-vscode")?.activate() as Promise<SluiceApi>);
  const running = await api;
  await running.whenIdle();
  return running;
}

export async function project(): Promise<ProjectFacts> {
  const first = (await sluice()).projects()[0];
  if (!first) throw new Error("The window shows no project.");
  return first;
}

export async function materialize(key: string): Promise<RunSummary | undefined> {
  const { id } = await project();
  return vscode.commands.executeCommand<RunSummary | undefined>("sluice.materialize", { project: id, key });
}

export async function stateOf(key: string) {
  return (await project()).assets.find((asset) => asset.key === key)?.status;
}

/** Waits until the condition holds, looking again at every turn of the clock; fails with what it saw last. */
export async function until<T>(look: () => T | Promise<T>, holds: (seen: T) => boolean, limit = 30_000): Promise<T> {
  for (const end = Date.now() + limit; ; ) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (Date.now() > end) throw new Error(`Not seen within ${limit} ms; the last was ${JSON.stringify(seen)}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

export const write = (name: string, text: string) => writeFileSync(pathOf(name), text);
export const read = (name: string) => readFileSync(pathOf(name), "utf8");

/** Process ids of this host's runners. */
export function runnerProcesses(): readonly number[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const parent = /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${name}/status`, "utf8"))?.[1];
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8");
      return Number(parent) === process.pid && command.includes("runner.mjs") ? [Number(name)] : [];
    } catch {
      // It ended while we looked.
      return [];
    }
  });
}
