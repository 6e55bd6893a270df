import * as vscode from "vscode";
import { toErrorInfo } from "../../runtime/src/model/errors.ts";
import { type Grouping, groupAssets } from "../graph/grouping.ts";
import type { Project } from "../project/project.ts";
import type { Projects } from "../project/projects.ts";
import type { AssetElement, AssetsElement, PartitionElement, PartitionsElement } from "./asset-elements.ts";
import { assetTooltip, faceOf } from "./asset-item.ts";
import { partitionSignature, partitionsIn, partitionTooltip } from "./partition-items.ts";
import { treeItem } from "./tree-items.ts";

export interface AssetsTree extends vscode.TreeDataProvider<AssetsElement> {
  /** Everything is read again. */
  readonly refresh: () => void;
  /** Only the assets whose line has changed. */
  readonly refreshStates: () => void;
  /** The asset at its place in its group, with its parents. */
  readonly find: (project: Project, key: string) => AssetElement | undefined;
  /** Rejects nothing: what cannot be asked for is an error element. */
  readonly childrenOf: (element?: AssetsElement) => Promise<readonly AssetsElement[]>;
}

export interface AssetsTreeOptions {
  readonly projects: Projects;
  readonly grouping: () => Grouping;
}

const sameElement = (one: AssetsElement, other: AssetsElement) =>
  one.parent === other.parent && JSON.stringify({ ...one, parent: 0 }) === JSON.stringify({ ...other, parent: 0 });

const isDrawn = (element: AssetsElement): element is AssetElement | PartitionsElement | PartitionElement =>
  element.type === "asset" || element.type === "partitions" || element.type === "partition";

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
        return [
          ...(node?.partitioned && node.key !== undefined
            ? [same({ ...base, type: "partitions", id: `${element.id}/%`, node: element.node, key: node.key, path: [] } satisfies PartitionsElement)]
            : []),
          ...(["upstream", "downstream"] as const)
            .filter((direction) => (node?.[direction].length ?? 0) > 0)
            .map((direction) => same({ ...base, type: "links", id: `${element.id}/${direction}`, node: element.node, direction } as const)),
        ];
      case "partitions":
        return partitionElements(project, element);
      case "links":
        if (element.direction === "downstream") return (node?.downstream ?? []).map((id) => asset(project, id, element));
        return (node?.upstream ?? []).map((edge, number) =>
          edge.id === undefined
            ? same({ ...base, type: "missing", id: `${element.id}/?${number}`, text: edge.text })
            : asset(project, edge.id, element),
        );
      case "error":
      case "missing":
      case "partition":
        return [];
    }
  }

  function partitionElements(project: Project, element: PartitionsElement): readonly AssetsElement[] {
    const inside = partitionsIn(project, element);
    if (!inside) return [];
    const { project: id, node, key } = element;
    const base = { project: id, parent: element, node, key };
    const order = project.state.partitions(key)?.map((status) => status.key) ?? [];
    if (inside.buckets.length > 0) {
      return inside.buckets.map(({ label, partitions }) => {
        const inBucket = new Set(partitions.map((status) => status.key));
        const range = `${order.find((each) => inBucket.has(each))}..${order.findLast((each) => inBucket.has(each))}`;
        return same({ ...base, type: "partitions", id: `${element.id}/${label}`, path: [...element.path, label], partitions: [range] });
      });
    }
    return inside.partitions.map(({ key: partition }) => same({ ...base, type: "partition", id: `${element.id}=${partition}`, partition }));
  }

  async function loadedChildrenOf(element?: AssetsElement): Promise<readonly AssetsElement[]> {
    const project = element && projects.find(element.project);
    if (element?.type !== "partitions" || !project) return childrenOf(element);
    if (!vscode.workspace.isTrusted) return [];
    try {
      await project.partitions(element.key);
    } catch (thrown) {
      const error = toErrorInfo(thrown, "runner/crashed");
      return [{ type: "error", id: `${element.id}!`, project: project.id, parent: element, error }];
    }
    return childrenOf(element);
  }

  function signature(element: AssetElement | PartitionsElement | PartitionElement): string {
    const project = projects.find(element.project);
    if (project && element.type !== "asset") return partitionSignature(project, element);
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
    getChildren: async (element) => [...(await loadedChildrenOf(element))],
    getTreeItem(element) {
      const project = projects.find(element.project);
      if (!project) return new vscode.TreeItem("");
      if (isDrawn(element)) drawn.set(element.id, signature(element));
      return treeItem(element, project);
    },
    resolveTreeItem(item, element) {
      const project = projects.find(element.project);
      const node = element.type === "asset" ? project?.state.graph().nodes.get(element.node) : undefined;
      if (project && node) item.tooltip = assetTooltip(project, node);
      if (project && element.type === "partition") item.tooltip = partitionTooltip(element, project);
      return item;
    },
    childrenOf: loadedChildrenOf,
    find: (project, key) => find(project, key),
    refresh() {
      known = new Map();
      drawn = new Map();
      changed.fire(undefined);
    },
    refreshStates() {
      if (grouping() === "status") return this.refresh();
      const outdated = [...known.values()].filter(
        (element) => isDrawn(element) && drawn.has(element.id) && drawn.get(element.id) !== signature(element),
      );
      if (outdated.length > 0) changed.fire(outdated);
    },
  };
}
