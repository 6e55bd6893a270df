/** Reads one value of a column. */
export type Reader = (index: number) => unknown;
/** An object of one row, a property per reader. */
export type ObjectMaker = (readers: readonly Reader[], index: number) => Record<string, unknown>;

function loopMaker(names: readonly string[]): ObjectMaker {
  return (readers, index) => {
    const object: Record<string, unknown> = {};
    for (let k = 0; k < names.length; k++) {
      const name = names[k]!;
      const value = readers[k]!(index);
      if (name === "__proto__") Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true });
      else object[name] = value;
    }
    return object;
  };
}

/** Beyond this, an object literal becomes a dictionary and nothing is won. */
const mostNames = 200;

/**
 * Makes objects with the given property names, whatever they are.
 * An object literal of known shape takes a fifth of the time of setting properties one by one, so the literal is compiled, with the names
 * as quoted computed keys and nothing else of the data in it; where code cannot be compiled from text, the loop does the same.
 */
export function objectMaker(names: readonly string[]): ObjectMaker {
  if (names.length === 0 || names.length > mostNames) return loopMaker(names);
  const properties = names.map((name, k) => `${name === "__proto__" ? '["__proto__"]' : JSON.stringify(name)}: r[${k}](i)`);
  try {
    return new Function("r", "i", `return { ${properties.join(", ")} };`) as ObjectMaker;
  } catch {
    // --disallow-code-generation-from-strings
    return loopMaker(names);
  }
}
