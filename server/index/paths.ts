/*
 * Inside the server a file is a path with "/" between its parts and a small drive letter: a key that compares with `===`.
 * Outside it is a `file:` uri, written as VS Code writes it, so that its clients can compare that as well.
 */

const drive = /^[A-Za-z]:/;

/** Path of a `file:` uri; `undefined` for any other scheme, another machine's file, or what is no uri. */
export function pathOfUri(uri: string): string | undefined {
  const match = /^file:\/\/(localhost)?(\/[^?#]*)/i.exec(uri);
  if (!match) return undefined;
  try {
    const path = decodeURIComponent(match[2]!);
    if (path.includes("\0")) return undefined;
    return normalPath(drive.test(path.slice(1)) ? path.slice(1) : path);
  } catch {
    return undefined; // A malformed percent sequence.
  }
}

const encoded: Readonly<Record<string, string>> = { "!": "%21", "'": "%27", "(": "%28", ")": "%29", "*": "%2A" };
const encodePart = (part: string) => encodeURIComponent(part).replace(/[!'()*]/g, (character) => encoded[character]!);

/** The `file:` uri of a path. */
export function uriOfPath(path: string): string {
  const parts = path
    .replace(/\p{Surrogate}/gu, "\uFFFD")
    .split("/")
    .map(encodePart)
    .join("/");
  return drive.test(path) ? `file:///${parts}` : `file://${parts}`;
}

/** A path of the operating system in the form used here. */
export function normalPath(path: string): string {
  const slashed = path.includes("\\") && drive.test(path) ? path.replaceAll("\\", "/") : path;
  const cut = slashed.length > 1 && slashed.endsWith("/") ? slashed.slice(0, -1) : slashed;
  return drive.test(cut) ? cut[0]!.toLowerCase() + cut.slice(1) : cut;
}

/** The folder that holds a file; of the root, the root. */
export function folderOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash > 0 ? path.slice(0, slash) : "/";
}

export const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/** True for the folder itself as well. */
export const isInside = (path: string, folder: string): boolean => path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);

/** A relative module specifier as a path, without `.` and `..`. */
export function joinPath(folder: string, relative: string): string {
  const parts = folder.split("/");
  for (const part of relative.split("/")) {
    if (part === "..") {
      if (parts.length > 1) parts.pop();
    } else if (part !== "." && part !== "") parts.push(part);
  }
  return parts.join("/") || "/";
}

/** Files that can define assets. Declaration files cannot. */
export const isSource = (path: string): boolean => /\.[cm]?[jt]sx?$/.test(path) && !/\.d\.[cm]?ts$/.test(path);

export const isConfig = (path: string): boolean => /(^|\/)sluice\.config\.m?[jt]s$/.test(path);

/** Files that say how module names resolve. */
export const isModuleSetting = (path: string): boolean => /(^|\/)([tj]sconfig[^/]*\.json|package\.json)$/.test(path);

const ignored = new Set(["node_modules", "dist"]);
/** Folders that are never looked into: installed packages, output, and what starts with a dot. */
export const isIgnoredFolder = (name: string): boolean => ignored.has(name) || name.startsWith(".");

/** True when a folder between `root` and the file is never looked into. */
export function isIgnoredPath(path: string, root: string): boolean {
  return path
    .slice(root.length + 1)
    .split("/")
    .slice(0, -1)
    .some(isIgnoredFolder);
}
