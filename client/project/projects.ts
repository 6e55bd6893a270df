import * as vscode from "vscode";
import type { Activity } from "../activity.ts";
import { assetsByProject, emptyIndex, folderOf, type IndexState } from "../graph/index-state.ts";
import type { ProjectChange } from "../graph/project-state.ts";
import type { RunnerExit } from "../runner/process.ts";
import { createProject, type Project } from "./project.ts";
import type { RunnerFiles } from "./runner-files.ts";

export interface Projects {
  readonly list: () => readonly Project[];
  readonly find: (id: string) => Project | undefined;
  /** The deepest project that holds the file. */
  readonly of: (uri: vscode.Uri) => Project | undefined;
  readonly index: () => IndexState;
  readonly setIndex: (index: IndexState) => void;
  /** Resolves when the first full index is finished. */
  readonly whenIndexed: () => Promise<void>;
  /** A project came or went, or the index is complete now. */
  readonly onDidChange: vscode.Event<void>;
  readonly onDidChangeProject: vscode.Event<{ readonly project: Project; readonly change: ProjectChange }>;
  /** Ends every runner. */
  readonly dispose: () => Promise<void>;
}

export interface ProjectsOptions {
  readonly files: RunnerFiles;
  readonly log: vscode.LogOutputChannel;
  readonly memory: vscode.Memento;
  readonly activity: Activity;
  readonly onCrash: (project: Project, exit: RunnerExit) => void;
}

/** Files whose change can change what the project is; what it stores is not among them. */
const codeFiles = "**/{*.ts,*.tsx,*.mts,*.cts,*.js,*.jsx,*.mjs,*.cjs,*.json,*.sql,.env,.env.*}";
const notCode = /[\\/](node_modules|\.sluice|\.git)[\\/]/;

interface Entry {
  readonly project: Project;
  readonly parts: readonly vscode.Disposable[];
}

/** The workspace's projects, as the index finds them. */
export function createProjects(options: ProjectsOptions): Projects {
  const changed = new vscode.EventEmitter<void>();
  const projectChanged = new vscode.EventEmitter<{ readonly project: Project; readonly change: ProjectChange }>();
  const entries = new Map<string, Entry>();
  let index: IndexState = emptyIndex;
  let indexed: () => void = () => undefined;
  const firstIndex = new Promise<void>((resolve) => {
    indexed = resolve;
  });

  function open(id: string): Project {
    const uri = vscode.Uri.parse(id);
    const project = createProject({ ...options, uri });
    const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(uri, codeFiles));
    const touched = (file: vscode.Uri) => {
      if (!notCode.test(file.fsPath)) project.reloadSoon();
    };
    const parts = [
      watcher,
      watcher.onDidChange(touched),
      watcher.onDidCreate(touched),
      watcher.onDidDelete(touched),
      project.onDidChange((change) => projectChanged.fire({ project, change })),
    ];
    entries.set(id, { project, parts });
    return project;
  }

  async function close(id: string): Promise<void> {
    const entry = entries.get(id);
    if (!entry) return;
    entries.delete(id);
    for (const part of entry.parts) part.dispose();
    await options.activity.track(entry.project.dispose());
  }

  const find = (id: string) => entries.get(id)?.project;
  return {
    list: () => [...entries.values()].map((entry) => entry.project),
    find,
    of(uri) {
      const id = folderOf(uri.toString(), [...entries.keys()]);
      return id === undefined ? undefined : find(id);
    },
    index: () => index,
    setIndex(next) {
      const before = [index.complete, ...entries.keys()].join();
      index = next;
      const assets = assetsByProject(next);
      for (const id of entries.keys()) if (!assets.has(id)) void close(id);
      for (const indexed of next.projects) {
        const project = find(indexed.uri) ?? open(indexed.uri);
        project.setIndexed(indexed);
        project.state.setIndexed(assets.get(indexed.uri) ?? []);
      }
      if (next.complete) indexed();
      if (before !== [index.complete, ...entries.keys()].join()) changed.fire();
    },
    whenIndexed: () => firstIndex,
    onDidChange: changed.event,
    onDidChangeProject: projectChanged.event,
    async dispose() {
      await Promise.all([...entries.keys()].map(close));
    },
  };
}
