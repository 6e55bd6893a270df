import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import type { App } from "../app.ts";
import type { Project } from "../project/project.ts";
import { compilerOptions } from "./files.ts";
import { hasTypeRoots, typeRootsInsertion } from "./tsconfig.ts";
import { typesVersion, writeTypes } from "./types.ts";
import { writeNewFiles } from "./write.ts";

const t = vscode.l10n.t;

/** Version of the extension: of the declarations it brings. */
export const extensionVersion = (context: vscode.ExtensionContext): string => String(context.extension.packageJSON.version);

async function tsconfigOf(project: string): Promise<string | undefined> {
  const file = join(project, "tsconfig.json");
  return existsSync(file) ? readFile(file, "utf8") : undefined;
}

/** Shows the change of the project's tsconfig.json in the editor, for the reader to save. */
async function editTsconfig(project: Project, text: string): Promise<void> {
  const insertion = typeRootsInsertion(text);
  const uri = vscode.Uri.joinPath(project.uri, "tsconfig.json");
  const editor = await vscode.window.showTextDocument(uri);
  if (insertion) await editor.edit((edit) => edit.insert(editor.document.positionAt(insertion.offset), insertion.text));
}

/** Writes the declarations; where the editor would not look for them, offers the change that makes it. */
export async function refreshTypes(app: App, project: Project, force: boolean): Promise<boolean> {
  const root = project.uri.fsPath;
  const wrote = await writeTypes({ project: root, from: app.files.types, version: extensionVersion(app.context), force });
  const tsconfig = await tsconfigOf(root);
  if (tsconfig !== undefined && hasTypeRoots(tsconfig)) return wrote;
  const add = tsconfig === undefined ? t("Create tsconfig.json") : t("Change tsconfig.json");
  vscode.window
    .showInformationMessage(t('The types lie in .sluice/types. The editor finds them when tsconfig.json names that folder in "typeRoots".'), add)
    .then(async (chosen) => {
      if (chosen !== add) return;
      if (tsconfig !== undefined) return editTsconfig(project, tsconfig);
      await writeNewFiles(root, { "tsconfig.json": `${JSON.stringify({ compilerOptions }, null, 2)}\n` });
    });
  return wrote;
}

/** Projects that were looked at since the window opened. */
const looked = new WeakSet<Project>();

/**
 * Keeps the types of a project that has ours up to date, and offers them, once, to one that has none and no installed copy.
 * Nothing is written without an answer; never in Restricted Mode.
 */
export async function offerTypes(app: App, project: Project): Promise<void> {
  if (!vscode.workspace.isTrusted || looked.has(project)) return;
  looked.add(project);
  const root = project.uri.fsPath;
  const version = await typesVersion(root);
  if (version !== undefined) {
    if (version !== extensionVersion(app.context)) await writeTypes({ project: root, from: app.files.types, version: extensionVersion(app.context) });
    return;
  }
  const asked = `types:${project.id}`;
  const manifest = project.state.manifest();
  if (!manifest || manifest.library.installed || app.context.workspaceState.get<boolean>(asked)) return;
  await app.context.workspaceState.update(asked, true);
  const write = t("Write types");
  const answer = await vscode.window.showInformationMessage(
    t(
      '{0} has no installed copy of "sluice"; the extension runs it with its own. Shall it write the types into .sluice/types, so that the editor knows them?',
      project.name,
    ),
    write,
    t("No"),
  );
  if (answer === write) await refreshTypes(app, project, false);
}
