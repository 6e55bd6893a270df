import type { ErrorInfo } from "../../runtime/src/model/errors.ts";

/** What stands in the assets tree. `id` is stable between refreshes; `project` is the folder's uri as text. */
export type AssetsElement =
  | ProjectElement
  | ErrorElement
  | GroupElement
  | AssetElement
  | LinksElement
  | MissingElement
  | PartitionsElement
  | PartitionElement;

interface Element {
  readonly id: string;
  readonly project: string;
  readonly parent: AssetsElement | undefined;
}
export interface ProjectElement extends Element {
  readonly type: "project";
}
export interface ErrorElement extends Element {
  readonly type: "error";
  readonly error: ErrorInfo;
}
export interface GroupElement extends Element {
  readonly type: "group";
  readonly label: string;
  readonly nodes: readonly string[];
}
export interface AssetElement extends Element {
  readonly type: "asset";
  /** Id of the graph's node. */
  readonly node: string;
  /** Left out where the key is computed and the project is not loaded. */
  readonly key?: string;
}
/** "upstream" or "downstream" under an asset. */
export interface LinksElement extends Element {
  readonly type: "links";
  readonly node: string;
  readonly direction: "upstream" | "downstream";
}
/** An upstream that nothing is known of. */
export interface MissingElement extends Element {
  readonly type: "missing";
  readonly text: string;
}
/** The partitions of an asset, or a part of them where they are many. */
export interface PartitionsElement extends Element {
  readonly type: "partitions";
  readonly node: string;
  readonly key: string;
  /** Labels of the parts from the outermost in; empty for all of them. */
  readonly path: readonly string[];
  /** Of a part: what it holds, as a range. */
  readonly partitions?: readonly string[];
}
export interface PartitionElement extends Element {
  readonly type: "partition";
  readonly node: string;
  readonly key: string;
  readonly partition: string;
}
