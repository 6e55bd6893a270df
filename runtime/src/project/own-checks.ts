import type { AssetDefinition, CheckDefinition } from "../assets/definition.ts";
import { stackLinePlace } from "../engine/user-place.ts";

const filesOf = ({ definedAt }: CheckDefinition): readonly string[] =>
  definedAt.flatMap((line) => {
    const place = stackLinePlace(line);
    return place === undefined ? [] : [place.file];
  });

/** Which files define checks of which assets: a file is loaded again by itself, and then defines its checks anew on assets that stay. */
export interface OwnChecks {
  /** Takes the checks of these files off the assets, before the files are loaded again. */
  readonly forget: (files: ReadonlySet<string>, assets: Iterable<AssetDefinition>) => void;
  /** Notes what the files define now; a file that does not load keeps what it defined last. */
  readonly note: (assets: Iterable<AssetDefinition>, broken: ReadonlySet<string>) => void;
  /** Keys of assets that lack checks while the file does not load. */
  readonly of: (file: string) => Iterable<string>;
}

export function ownChecks(): OwnChecks {
  let keys = new Map<string, Set<string>>();
  return {
    forget(files, assets) {
      for (const { checks } of assets) {
        if (!checks) continue;
        const staying = checks.filter((check) => !filesOf(check).some((file) => files.has(file)));
        checks.splice(0, checks.length, ...staying);
      }
    },
    note(assets, broken) {
      const next = new Map([...keys].filter(([file]) => broken.has(file)));
      for (const { key, checks = [] } of assets) for (const file of checks.flatMap(filesOf)) next.set(file, (next.get(file) ?? new Set()).add(key));
      keys = next;
    },
    of: (file) => keys.get(file) ?? [],
  };
}
