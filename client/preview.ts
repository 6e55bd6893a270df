import type { App, AssetRef } from "./app.ts";

/** Opens the table preview of what the asset stored on the chosen target. */
export function openPreview(_app: App, { key }: AssetRef): string {
  return key;
}
