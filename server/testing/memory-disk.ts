import type { Disk, Entry } from "../index/files.ts";
import { folderOf, nameOf } from "../index/paths.ts";

/** A disk in memory. A path's stamp changes with every write. */
export interface MemoryDisk extends Disk {
  readonly write: (path: string, text: string) => void;
  readonly remove: (path: string) => void;
  readonly paths: () => readonly string[];
}

export function memoryDisk(files: Readonly<Record<string, string>> = {}): MemoryDisk {
  const texts = new Map<string, { readonly text: string; readonly mtime: number }>();
  let clock = 0;
  const write = (path: string, text: string) => void texts.set(path, { text, mtime: ++clock });
  for (const [path, text] of Object.entries(files)) write(path, text);
  const isFolder = (path: string) => [...texts.keys()].some((file) => file.startsWith(`${path}/`));
  return {
    write,
    remove: (path) => void texts.delete(path),
    paths: () => [...texts.keys()],
    list: (folder) => {
      const entries = new Map<string, Entry>();
      for (const path of texts.keys()) {
        if (folderOf(path) === folder) entries.set(nameOf(path), { name: nameOf(path), isFolder: false });
        else if (path.startsWith(`${folder}/`)) {
          const name = path.slice(folder.length + 1).split("/")[0]!;
          entries.set(name, { name, isFolder: true });
        }
      }
      return [...entries.values()];
    },
    stamp: (path) => {
      const file = texts.get(path);
      return file && { mtime: file.mtime, size: file.text.length };
    },
    read: (path) => {
      const file = texts.get(path);
      return file && Buffer.from(file.text);
    },
    readText: (path) => texts.get(path)?.text,
    isFile: (path) => texts.has(path),
    isFolder,
    realPath: (path) => path,
  };
}
