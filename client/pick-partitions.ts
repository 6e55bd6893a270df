import * as vscode from "vscode";
import type { PartitionStatus } from "../runtime/src/model/graph.ts";
import { partitionFace } from "./graph/face.ts";
import { allPartitions, type ChoiceItem, choiceItems, keysOfParts, type PartitionChoice } from "./graph/partition-choice.ts";
import { countStates, type Dimensions, keysAlong, mergePartitions, newestFirst, partitionLabel } from "./graph/partitions.ts";
import type { Project } from "./project/project.ts";

const t = vscode.l10n.t;

/** Partitions to choose from: of one asset, or of several that have the same. */
interface Choosable {
  readonly project: Project;
  /** Asset keys. */
  readonly keys: readonly string[];
  readonly name: string;
  readonly partitions: readonly PartitionStatus[];
  readonly dimensions: Dimensions;
}

/** Above this many assets with partitions they are not compared with each other. */
const mostCompared = 10;

/** What was chosen last in this window, by project and assets. */
const remembered = new Map<string, PartitionChoice>();

const iconOf = (icon: string, color?: string) => new vscode.ThemeIcon(icon, color === undefined ? undefined : new vscode.ThemeColor(color));
const count = (value: number) => value.toLocaleString(vscode.env.language);
const nameOf = (keys: readonly string[]) => (keys.length <= 2 ? keys.join(", ") : t("{0} and {1} more", keys[0] ?? "", keys.length - 1));

export const dimensionsOf = (project: Project | undefined, key: string | undefined): Dimensions =>
  project?.state.graph().nodes.get(key ?? "")?.dimensions ?? [{ name: "partition", type: "static" }];

/** A pick of one partition, with its state in words and icon. */
export function partitionPick(project: Project, key: string, status: PartitionStatus): vscode.QuickPickItem & { readonly key: string } {
  const face = partitionFace(status, project.state.partitionStep(key, status.key), Date.now(), t);
  return {
    label: partitionLabel(status.key, dimensionsOf(project, key)),
    description: face.words,
    iconPath: iconOf(face.icon, face.color),
    key: status.key,
  };
}

/**
 * Asks which partitions of these assets to make; an empty choice for assets without. Undefined when the reader gives up.
 * Rejects when the partitions cannot be asked for.
 */
export async function choosePartitions(project: Project, assets: readonly string[], doing: <T>(work: () => Promise<T>) => Promise<T>) {
  const keys = assets.filter((key) => project.state.graph().nodes.get(key)?.partitioned);
  if (keys.length === 0) return {};
  const memory = [project.id, ...keys].join("\n");
  const choosable = await doing(() => readChoosable(project, keys));
  const choice = choosable ? await chooseOf(choosable, remembered.get(memory)) : await chooseOfSeveral(project, keys, doing);
  if (choice) remembered.set(memory, choice);
  return choice;
}

async function readChoosable(project: Project, keys: readonly string[]): Promise<Choosable | undefined> {
  const [first] = keys;
  if (first === undefined || keys.length > mostCompared) return undefined;
  const lists: (readonly PartitionStatus[])[] = [];
  for (const key of keys) lists.push(await project.partitions(key));
  const partitions = mergePartitions(lists);
  return partitions && { project, keys, name: nameOf(keys), partitions, dimensions: dimensionsOf(project, first) };
}

interface WayPick extends vscode.QuickPickItem {
  readonly item: ChoiceItem;
}

function wayPick(item: ChoiceItem): WayPick {
  const parts = (...words: readonly (string | undefined)[]) => words.filter((word) => word !== undefined && word !== "").join(" · ");
  const number = item.count === undefined ? undefined : count(item.count);
  const pick = (label: string, icon: string, color?: string, description = parts(number)): WayPick => ({
    label,
    description,
    iconPath: iconOf(icon, color),
    item,
  });
  switch (item.way) {
    case "again":
      return pick(t("The same again"), "history", undefined, item.detail);
    case "missing":
      return pick(t("Missing and failed partitions"), "circle-outline");
    case "stale":
      return pick(t("Stale partitions"), "warning", "charts.yellow");
    case "latest":
      return pick(t("Latest"), "arrow-down", undefined, parts(item.detail, item.count === 1 ? undefined : number));
    case "range":
      return pick(t("A range…"), "arrow-both");
    case "several":
      return pick(t("Choose several…"), "checklist");
    case "all":
      return pick(t("All partitions"), "run-all");
  }
}

async function chooseOf(of: Choosable, last: PartitionChoice | undefined): Promise<PartitionChoice | undefined> {
  const { total, stored } = countStates(of.partitions);
  if (total === 0) {
    void vscode.window.showInformationMessage(
      of.dimensions.some(({ type }) => type === "dynamic")
        ? t("{0} has no partitions yet. Add one with the command Add Partition.", of.name)
        : t("{0} has no partitions yet: none of their windows has ended.", of.name),
    );
    return undefined;
  }
  for (;;) {
    const title = t("Partitions of {0}", of.name);
    const placeHolder = t("Which partitions to materialize? {0} of {1} are stored.", count(stored), count(total));
    const picked = await vscode.window.showQuickPick(choiceItems(of.partitions, of.dimensions, last).map(wayPick), { title, placeHolder });
    if (!picked) return undefined;
    const { way, choice } = picked.item;
    if (choice) return choice;
    const asked = way === "range" ? await chooseRange(of) : await chooseSeveral(of);
    // Escape goes back to the ways.
    if (asked) return asked;
  }
}

/** Assets whose partitions differ: all, all that are missing, or those that follow from the partitions of one. */
async function chooseOfSeveral(project: Project, keys: readonly string[], doing: <T>(work: () => Promise<T>) => Promise<T>) {
  const counts = keys.flatMap((key) => project.state.status(key)?.partitions ?? []);
  const sum = (of: (each: (typeof counts)[number]) => number) => counts.reduce((total, each) => total + of(each), 0);
  const picks = [
    { ...wayPick({ way: "missing", count: sum(({ missing, failed }) => missing + failed), choice: { missing: true } }), asset: undefined },
    { ...wayPick({ way: "all", count: sum(({ total }) => total), choice: allPartitions }), asset: undefined },
    ...[...keys].reverse().map((key) => ({
      label: t("Those of {0}…", key),
      description: t("and what belongs to them"),
      iconPath: iconOf("list-selection"),
      asset: key,
      item: undefined,
    })),
  ];
  const title = t("Partitions of {0}", nameOf(keys));
  const picked = await vscode.window.showQuickPick<(typeof picks)[number]>(picks, { title, placeHolder: t("Which partitions to materialize?") });
  if (picked?.asset === undefined) return picked?.item?.choice;
  const { asset } = picked;
  const choosable = await doing(() => readChoosable(project, [asset]));
  return choosable && chooseOf(choosable, undefined);
}

const onlyKey = (of: Choosable) => of.keys.at(-1) ?? "";

async function chooseRange(of: Choosable): Promise<PartitionChoice | undefined> {
  if (of.dimensions.length > 1) return chooseRanges(of);
  const all = of.partitions;
  const title = t("Range of partitions of {0}", of.name);
  const pickFrom = (list: readonly PartitionStatus[], placeHolder: string) =>
    vscode.window.showQuickPick(
      list.map((status) => partitionPick(of.project, onlyKey(of), status)),
      { title, placeHolder },
    );
  const from = await pickFrom(newestFirst(all, of.dimensions), t("First partition of the range"));
  if (!from) return undefined;
  const after = all.slice(all.findIndex(({ key }) => key === from.key));
  const to = await pickFrom(after, t("Last partition of the range that begins with {0}", from.label));
  if (!to) return undefined;
  return { partitions: [from.key === to.key ? from.key : `${from.key}..${to.key}`] };
}

/** Of several dimensions each is a range, or a choice, of its own. */
async function chooseRanges(of: Choosable): Promise<PartitionChoice | undefined> {
  const picked: (readonly string[])[] = [];
  for (const [index, { name, type }] of of.dimensions.entries()) {
    const keys = keysAlong(of.partitions, of.dimensions, index);
    const title = t("{0} of {1}", name, of.name);
    if (type === "time") {
      const from = await vscode.window.showQuickPick([...keys].sort().reverse(), { title, placeHolder: t("First {0}", name) });
      if (from === undefined) return undefined;
      const rest = [...keys].sort().filter((key) => key >= from);
      const to = await vscode.window.showQuickPick(rest, { title, placeHolder: t("Last {0}, from {1} on", name, from) });
      if (to === undefined) return undefined;
      picked.push(rest.filter((key) => key <= to));
    } else {
      const items = keys.map((label) => ({ label, picked: true }));
      const some = await vscode.window.showQuickPick(items, { title, canPickMany: true, placeHolder: t("Which {0}?", name) });
      if (!some || some.length === 0) return undefined;
      picked.push(some.map(({ label }) => label));
    }
  }
  const partitions = keysOfParts(of.partitions, of.dimensions, picked);
  return partitions.length === 0 ? undefined : { partitions };
}

async function chooseSeveral(of: Choosable): Promise<PartitionChoice | undefined> {
  const items = newestFirst(of.partitions, of.dimensions).map((status) => partitionPick(of.project, onlyKey(of), status));
  const picked = await vscode.window.showQuickPick(items, {
    title: t("Partitions of {0}", of.name),
    canPickMany: true,
    matchOnDescription: true,
    placeHolder: t("Type to search; the space bar chooses; by state too: missing, failed, stale"),
  });
  return picked && picked.length > 0 ? { partitions: picked.map(({ key }) => key) } : undefined;
}

/** Asks which partition to look at: "" stands for all of them together. Undefined when the reader gives up. */
export async function choosePreviewed(project: Project, key: string, now?: string): Promise<string | undefined> {
  const all = newestFirst(await project.partitions(key), dimensionsOf(project, key));
  const isThere = (status: PartitionStatus) =>
    status.storedAt !== undefined || status.state === "fresh" || status.state === "stale" || status.state === "unknown";
  const picks = (list: readonly PartitionStatus[]) => list.map((status) => partitionPick(project, key, status));
  const stored = all.filter(isThere);
  const others = all.filter((status) => !isThere(status));
  const separator = (label: string) => ({ label, kind: vscode.QuickPickItemKind.Separator, key: "" });
  const items = [
    {
      label: t("All partitions"),
      description: t("{0} of {1} are stored", count(stored.length), count(all.length)),
      iconPath: iconOf("table"),
      key: "",
    },
    ...(stored.length > 0 ? [separator(t("stored")), ...picks(stored)] : []),
    ...(others.length > 0 ? [separator(t("not stored")), ...picks(others)] : []),
  ];
  const quick = vscode.window.createQuickPick<(typeof items)[number]>();
  quick.title = t("Preview of {0}", key);
  quick.placeholder = t("Partition to preview");
  quick.matchOnDescription = true;
  quick.items = items;
  const active = items.find((item) => item.key === now && item.kind === undefined);
  if (active) quick.activeItems = [active];
  try {
    return await new Promise<string | undefined>((resolve) => {
      quick.onDidAccept(() => resolve(quick.activeItems[0]?.key));
      quick.onDidHide(() => resolve(undefined));
      quick.show();
    });
  } finally {
    quick.dispose();
  }
}
