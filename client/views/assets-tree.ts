import * as vscode from "vscode";
import { type Grouping, groupAssets } from "../graph/grouping.ts";
import type { Project } from "../project/project.ts";
import type { Projects } from "../project/projects.ts";
import type { AssetElement, AssetsElement } from "./asset-elements.ts";
import { assetTooltip, faceOf } from "./asset-item.ts";
import { treeItem } from "./tree-items.ts";

export interface AssetsTree extends vscode.TreeDataProvider<AssetsElement> {
  /** Everything is read again. */
  readonly refresh: () => void;
  /** Only the assets whose line has changed. */
  readonly refreshStates: () => void;
  /** The asset at its place in its group, with its parents. */
  readonly find: (project: Project, key: string) => AssetElement | undefined;
  readonly childrenOf: (element?: AssetsElement) => readonly AssetsElement[];
}

export interface AssetsTreeOptions {
  readonly projects: Projects;
  readonly grouping: () => Grouping;
}

const sameElement = (one: AssetsElement, other: AssetsElement) =>
  one.parent === other.parent && JSON.stringify({ ...one, parent: 0 }) === JSON.stringify({ ...other, parent: 0 });

export function createAssetsTree({ projects, grouping }: AssetsTreeOptions): AssetsTree {
  const changed = new vscode.EventEmitter<AssetsElement | AssetsElement[] | undefined>();
  // VS Code knows elements by identity: what has not changed must be the same object again.
  let known = new Map<string, AssetsElement>();
  /** What was drawn last, by element. */
  let drawn = new Map<string, string>();

  function same<E extends AssetsElement>(element: E): E {
    const before = known.get(element.id);
    if (before && sameElement(before, element)) return before as E;
    known.set(element.id, element);
    return element;
  }

  function asset(project: Project, node: string, parent: AssetsElement | undefined): AssetElement {
    const key = project.state.graph().nodes.get(node)?.key;
    const id = `${parent?.id ?? project.id}/${node}`;
    return same({ type: "asset", id, project: project.id, parent, node, ...(key === undefined ? {} : { key }) });
  }

  function topLevel(project: Project, parent: AssetsElement | undefined): readonly AssetsElement[] {
    project.wake();
    const base = { project: project.id, parent };
    const by = grouping();
    const errors = project.state.errors().map((error, number) => same({ ...base, type: "error", id: `${project.id}!${number}`, error }));
    const groups = groupAssets(
      project.state.graph(),
      by,
      {
        stateOf: (node) => faceOf(project, node).state,
        pathOf: (uri) => vscode.workspace.asRelativePath(vscode.Uri.parse(uri), false),
      },
      vscode.l10n.t,
    );
    const [only] = groups;
    // One nameless group says nothing.
    if (groups.length === 1 && only?.id === "") return [...errors, ...only.nodes.map((node) => asset(project, node.id, parent))];
    const elements = groups.map(({ id, label, nodes }) =>
      same({ ...base, type: "group", id: `${project.id}#${by}:${id}`, label, nodes: nodes.map((node) => node.id) }),
    );
    return [...errors, ...elements];
  }

  function childrenOf(element?: AssetsElement): readonly AssetsElement[] {
    if (!element) {
      const all = projects.list();
      const [first] = all;
      if (first && all.length === 1) return topLevel(first, undefined);
      return all.map((project) => same({ type: "project", id: project.id, project: project.id, parent: undefined }));
    }
    const project = projects.find(element.project);
    if (!project) return [];
    const node = "node" in element ? project.state.graph().nodes.get(element.node) : undefined;
    const base = { project: project.id, parent: element };
    switch (element.type) {
      case "project":
        return topLevel(project, element);
      case "group":
        return element.nodes.map((id) => asset(project, id, element));
      case "asset":
        return (["upstream", "downstream"] as const)
          .filter((direction) => (node?.[direction].length ?? 0) > 0)
          .map((direction) => same({ ...base, type: "links", id: `${element.id}/${direction}`, node: element.node, direction }));
      case "links":
        if (element.direction === "downstream") return (node?.downstream ?? []).map((id) => asset(project, id, element));
        return (node?.upstream ?? []).map((edge, number) =>
          edge.id === undefined
            ? same({ ...base, type: "missing", id: `${element.id}/?${number}`, text: edge.text })
            : asset(project, edge.id, element),
        );
      case "error":
      case "missing":
        return [];
    }
  }

  function signature(element: AssetElement): string {
    const project = projects.find(element.project);
    const node = project?.state.graph().nodes.get(element.node);
    if (!project || !node) return "";
    const face = faceOf(project, node);
    return `${face.state} ${face.words}`;
  }

  function find(project: Project, key: string, parent?: AssetsElement): AssetElement | undefined {
    for (const element of childrenOf(parent)) {
      if (element.project !== project.id) continue;
      if (element.type === "asset" && element.key === key) return element;
      const found = element.type === "project" || (element.type === "group" && element.nodes.includes(key)) ? find(project, key, element) : undefined;
      if (found) return found;
    }
    return undefined;
  }

  return {
    onDidChangeTreeData: changed.event,
    getParent: (element) => element.parent,
    getChildren: (element) => [...childrenOf(element)],
    getTreeItem(element) {
      const project = projects.find(element.project);
      if (!project) return new vscode.TreeItem("");
      if (element.type === "asset") drawn.set(element.id, signature(element));
      return treeItem(element, project);
    },
    resolveTreeItem(item, element) {
      const project = projects.find(element.project);
      const node = element.type === "asset" ? project?.state.graph().nodes.get(element.node) : undefined;
      if (project && node) item.tooltip = assetTooltip(project, node);
      return item;
    },
    childrenOf,
    find: (project, key) => find(project, key),
    refresh() {
      known = new Map();
      drawn = new Map();
      changed.fire(undefined);
    },
    refreshStates() {
      if (grouping() === "status") return this.refresh();
      const outdated = [...known.values()].filter(
        (element) => element.type === "asset" && drawn.has(element.id) && drawn.get(element.id) !== signature(element),
      );
      if (outdated.length > 0) changed.fire(outdated);
    },
  };
}
