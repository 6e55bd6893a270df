import * as vscode from "vscode";

/** Every setting that the extension reads, by its name after "sluice."; the last is read by the language client library. */
export const settingNames = [
  "codeLens.enabled",
  "decorations.enabled",
  "languageServer.features",
  "run.saveFirst",
  "run.confirmPartitions",
  "runner.startAutomatically",
  "trace.server",
] as const;
type SettingName = (typeof settingNames)[number];

export interface Settings {
  /** Which of the language server's features are on, by name. */
  readonly features: Readonly<Record<string, boolean>>;
  readonly decorations: boolean;
  readonly saveFirst: boolean;
  /** A run of more partitions asks first; 0: never. */
  readonly confirmPartitions: number;
  readonly startRunner: boolean;
}

/** The settings as they hold for a folder or file now. */
export function readSettings(scope?: vscode.Uri): Settings {
  const configuration = vscode.workspace.getConfiguration("sluice", scope ?? null);
  const read = <Value>(name: SettingName, otherwise: Value): Value => configuration.get<Value>(name, otherwise);
  return {
    features: { ...read<Readonly<Record<string, boolean>>>("languageServer.features", {}), codeLens: read("codeLens.enabled", true) },
    decorations: read("decorations.enabled", true),
    saveFirst: read("run.saveFirst", true),
    confirmPartitions: read("run.confirmPartitions", 100),
    startRunner: read("runner.startAutomatically", true),
  };
}
