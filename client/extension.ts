import * as vscode from "vscode";
import { createActivity } from "./activity.ts";
import { createApi, type SluiceApi } from "./api.ts";
import type { App } from "./app.ts";
import { registerCommands } from "./commands/index.ts";
import { showPendingProject } from "./commands/new-project.ts";
import { showStatesInEditor } from "./editor-states.ts";
import { offerTypes } from "./new-project/offer-types.ts";
import { notifyCrash } from "./notify.ts";
import { createPreviews } from "./preview.ts";
import { showProblems } from "./problems.ts";
import { createProjects } from "./project/projects.ts";
import { runnerFiles } from "./project/runner-files.ts";
import { readSettings } from "./settings.ts";
import { createAssetsView } from "./views/assets.ts";
import { decorateFiles } from "./views/decorations.ts";
import { createRunsView } from "./views/runs.ts";
import { showTarget } from "./views/status-bar.ts";

let stop: () => Promise<void> = async () => undefined;

/** Wires the parts together; what takes time starts after the editor has gone on. */
export function activate(context: vscode.ExtensionContext): SluiceApi {
  const log = vscode.window.createOutputChannel("Sluice", { log: true });
  const activity = createActivity();
  const files = runnerFiles(context.extensionPath);
  const memory = context.workspaceState;
  const projects = createProjects({ files, log, memory, activity, onCrash: (project, exit) => notifyCrash({ log }, project, exit) });
  const assetsView = createAssetsView({ projects, memory });
  const runsView = createRunsView(projects, log);
  const targetItem = showTarget(projects);
  const tables = createPreviews(context.extensionUri, projects);
  const app: App = { context, log, activity, files, projects, assetsView, tables };

  const wakeCurrent = () => {
    const file = vscode.window.activeTextEditor?.document.uri;
    const project = file && projects.of(file);
    project?.wake();
    if (project?.state.manifest()) void offerTypes(app, project);
  };
  context.subscriptions.push(
    log,
    assetsView,
    runsView,
    targetItem,
    tables,
    decorateFiles(projects),
    showProblems(projects, context.extensionUri),
    ...registerCommands(app),
    projects.onDidChange(wakeCurrent),
    vscode.window.onDidChangeActiveTextEditor(wakeCurrent),
    vscode.workspace.onDidGrantWorkspaceTrust(wakeCurrent),
    vscode.window.onDidChangeWindowState(({ focused }) => {
      if (focused) for (const project of projects.list()) project.recheck();
    }),
    projects.onDidChangeProject(({ change }) => {
      if (change === "graph") wakeCurrent();
    }),
  );
  setImmediate(() => void activity.track(startServer(app)));
  return createApi({ projects, assetsView, runsView, targetItem, tables, activity });
}

async function startServer(app: App): Promise<void> {
  const { context, log, projects } = app;
  // The client library is the largest part of the bundle: not on the way of activation.
  const { createServer } = await import("./server.ts");
  const server = createServer({
    context,
    log,
    features: () => readSettings().features,
    onIndex: projects.setIndex,
    onStart: () => states.resend(),
  });
  const states = showStatesInEditor(projects, server);
  const settings = vscode.workspace.onDidChangeConfiguration((event) => {
    if (event.affectsConfiguration("sluice.languageServer") || event.affectsConfiguration("sluice.codeLens")) {
      void app.activity.track(server.restart().catch((error: Error) => log.error(`The language server did not start again: ${error.message}`)));
    }
  });
  context.subscriptions.push(states, settings);
  stop = async () => {
    await Promise.allSettled([projects.dispose(), server.stop()]);
  };
  await server.start();
  await showPendingProject(context);
}

/** Ends the server and every runner. */
export const deactivate = (): Promise<void> => stop();
