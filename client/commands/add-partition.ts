import * as vscode from "vscode";
import { keysAlong } from "../graph/partitions.ts";
import { pickAsset } from "../pick-assets.ts";
import { dimensionsOf } from "../pick-partitions.ts";
import type { Project } from "../project/project.ts";
import type { Command } from "./command.ts";

const t = vscode.l10n.t;

/** Why a text cannot be a new key; undefined for one that can. */
function mistakeIn(text: string, known: ReadonlySet<string>): string | undefined {
  if (text.trim() === "") return t("Type a key.");
  if (text !== text.trim()) return t("A key does not begin or end with a space.");
  if (/\p{Cc}/u.test(text)) return t("A key has no control characters.");
  if (known.has(text)) return t('There is a partition "{0}" already.', text);
  return undefined;
}

/** Keys of a dynamic definition that the asset has now. */
async function knownKeys(project: Project, key: string, name: string): Promise<ReadonlySet<string>> {
  const index =
    project.state
      .graph()
      .nodes.get(key)
      ?.dimensions?.findIndex(({ dynamic }) => dynamic === name) ?? 0;
  return new Set(keysAlong(await project.partitions(key), dimensionsOf(project, key), index));
}

/** Asks before a write to a protected target; undefined when the answer is no. */
async function agreed(project: Project): Promise<boolean | undefined> {
  if (!project.targets.isProtected()) return false;
  const target = project.targets.current() ?? "";
  const go = t("Add to {0}", target);
  const question = t('The target "{0}" is protected. Store to it?', target);
  return (await vscode.window.showWarningMessage(question, { modal: true }, go)) === go ? true : undefined;
}

/** Gives an asset's dynamic partitions a new key, on the chosen target. */
export const addPartition: Command = {
  id: "sluice.addPartition",
  needsTrust: true,
  async run(app, ...values) {
    const ref = await pickAsset(app, values, t("Asset with dynamic partitions"));
    if (!ref) return undefined;
    const { project, key } = ref;
    if (!project.state.manifest()) await app.assetsView.withProgress(project.load);
    const names =
      project.state
        .graph()
        .nodes.get(key)
        ?.dimensions?.flatMap(({ dynamic }) => dynamic ?? []) ?? [];
    const [only] = names;
    if (only === undefined) {
      void vscode.window.showInformationMessage(t("{0} has no dynamic partitions: the keys of others follow from their definition.", key));
      return undefined;
    }
    const name = names.length === 1 ? only : await vscode.window.showQuickPick(names, { placeHolder: t("Partitions to add to") });
    if (name === undefined) return undefined;
    const known = await app.assetsView.withProgress(() => knownKeys(project, key, name));
    const text = await vscode.window.showInputBox({
      title: t("Add a partition of {0}", name),
      prompt: t("A key, as it stands in the data. It is stored on the target {0}.", project.targets.current() ?? ""),
      validateInput: (typed) => mistakeIn(typed, known),
    });
    if (text === undefined) return undefined;
    const confirmed = await agreed(project);
    if (confirmed === undefined) return undefined;
    const target = project.targets.current() ?? "";
    const added = await app.assetsView.withProgress(() => project.call("addPartitions", { target, name, keys: [text], confirmed }));
    await project.load();
    return added;
  },
};
