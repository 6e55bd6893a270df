/** Turns an English text with `{0}`, `{1}` … into the reader's language: `vscode.l10n.t`, or `plainWords` where there is no editor. */
export type Translate = (message: string, ...values: (string | number | boolean)[]) => string;

/** Messages name files in full; beside the project's own folder that is only long. */
export const withoutFolder = (text: string, folder: string): string => text.replaceAll(`${folder}/`, "").replaceAll(`${folder}\\`, "");

/** English, as written. */
export const plainWords: Translate = (message, ...values) => message.replace(/\{(\d+)\}/g, (_, index) => String(values[Number(index)] ?? ""));
