import type { ErrorInfo } from "../../runtime/src/model/errors.ts";

/** What stands in the assets tree. `id` is stable between refreshes; `project` is the folder's uri as text. */
export type AssetsElement = ProjectElement | ErrorElement | GroupElement | AssetElement | LinksElement | MissingElement;

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
