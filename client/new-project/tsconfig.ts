/** A text with these characters inserted at an offset. */
export interface Insertion {
  readonly offset: number;
  readonly text: string;
}

/** The text without comments, each of them replaced by blanks so that offsets stay. */
function withoutComments(text: string): string {
  return text.replace(/"(?:\\.|[^"\\])*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (match) => (match.startsWith('"') ? match : match.replace(/[^\n]/g, " ")));
}

/** True when the file says itself where types are looked for. What it inherits with `extends` is not read. */
export const hasTypeRoots = (tsconfig: string): boolean => /"typeRoots"\s*:/.test(withoutComments(tsconfig));

/** What to insert into a tsconfig.json so that the editor finds `.sluice/types`; undefined where it is no JSON object. */
export function typeRootsInsertion(tsconfig: string): Insertion | undefined {
  const bare = withoutComments(tsconfig);
  const roots = '"typeRoots": ["./.sluice/types", "./node_modules/@types"]';
  const types = /"types"\s*:/.test(bare) ? "" : ', "types": ["node"]';
  const options = /"compilerOptions"\s*:\s*\{/.exec(bare);
  const object = options ?? /\{/.exec(bare);
  if (!object) return undefined;
  const offset = object.index + object[0].length;
  const comma = /^\s*\}/.test(bare.slice(offset)) ? "" : ",";
  return { offset, text: options ? `\n    ${roots}${types}${comma}` : `\n  "compilerOptions": { ${roots}${types} }${comma}` };
}
