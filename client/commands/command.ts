import type { App } from "../app.ts";

/** A command of the palette, of menus, lenses and links. */
export interface Command {
  readonly id: string;
  /** It runs the workspace's code, or reads what that code stores: never in Restricted Mode. */
  readonly needsTrust: boolean;
  readonly run: (app: App, ...values: readonly unknown[]) => Promise<unknown>;
}
