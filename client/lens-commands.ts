import type * as vscode from "vscode";

export interface LensCommands extends vscode.Disposable {
  /** The same command, under an id that carries its arguments. */
  readonly of: (command: vscode.Command) => vscode.Command;
}

export interface LensCommandsOptions {
  readonly register: (id: string, run: () => unknown) => { dispose(): unknown };
  readonly execute: (id: string, ...values: readonly unknown[]) => unknown;
}

/**
 * Commands for lenses. The editor keeps the arguments of a lens's command only as long as the list that the lens came in,
 * and after a refresh may go on showing the lens of a former list: a click on it then does nothing. Without arguments none are lost.
 */
export function createLensCommands({ register, execute }: LensCommandsOptions): LensCommands {
  const known = new Map<string, { readonly id: string; readonly registration: { dispose(): unknown } }>();
  return {
    of(command) {
      const values: readonly unknown[] = command.arguments ?? [];
      if (values.length === 0) return command;
      const key = JSON.stringify([command.command, values]);
      let own = known.get(key);
      if (!own) {
        const id = `${command.command}.lens${known.size}`;
        own = { id, registration: register(id, () => execute(command.command, ...values)) };
        known.set(key, own);
      }
      return { title: command.title, command: own.id, ...(command.tooltip === undefined ? {} : { tooltip: command.tooltip }) };
    },
    dispose() {
      for (const { registration } of known.values()) registration.dispose();
      known.clear();
    },
  };
}
