/** Assets by key, project by project. */
export interface KeyIndex {
  readonly add: (scope: string, key: string, id: string) => void;
  readonly remove: (scope: string, key: string, id: string) => void;
  /** Ids of the assets with this key, in a fixed order; more than one where the key is defined twice. */
  readonly ids: (scope: string, key: string) => readonly string[];
  readonly keys: (scope: string) => Iterable<string>;
  /** Every key that is defined more than once, as ids. */
  readonly duplicates: () => Iterable<readonly string[]>;
}

export function createKeyIndex(): KeyIndex {
  const scopes = new Map<string, Map<string, string | readonly string[]>>();
  const doubled = new Set<readonly string[]>();

  const ids = (scope: string, key: string): readonly string[] => {
    const found = scopes.get(scope)?.get(key) ?? [];
    return typeof found === "string" ? [found] : found;
  };
  const put = (scope: string, key: string, after: readonly string[]) => {
    const keys = scopes.get(scope) ?? new Map<string, string | readonly string[]>();
    const before = keys.get(key);
    if (typeof before === "object") doubled.delete(before);
    if (after.length > 1) doubled.add(after);
    if (after.length > 0) keys.set(key, after.length === 1 ? after[0]! : after);
    else keys.delete(key);
    if (keys.size > 0) scopes.set(scope, keys);
    else scopes.delete(scope);
  };
  return {
    ids,
    add: (scope, key, id) => put(scope, key, [...ids(scope, key).filter((each) => each !== id), id].sort()),
    remove: (scope, key, id) =>
      put(
        scope,
        key,
        ids(scope, key).filter((each) => each !== id),
      ),
    keys: (scope) => scopes.get(scope)?.keys() ?? [],
    duplicates: () => doubled,
  };
}
