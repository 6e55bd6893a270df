import { kind } from "../io/manager.ts";

/** A value on its way to a store, and the error that its own stream threw there, if it did. */
export interface TrackedValue {
  readonly value: unknown;
  readonly failure: () => { readonly thrown: unknown } | undefined;
}

const nothingThrown = () => undefined;

/**
 * Watches a stream that user code gave, so that what it throws while it is stored is known as the user's error and not the store's.
 * Streams of our own carry a brand and run no user code; they pass as they are.
 */
export function tracked(value: unknown): TrackedValue {
  if (typeof value !== "object" || value === null || kind in value) return { value, failure: nothingThrown };
  const source = value as Partial<AsyncIterable<unknown>>;
  if (typeof source[Symbol.asyncIterator] !== "function") return { value, failure: nothingThrown };
  let failure: { readonly thrown: unknown } | undefined;
  const watch = async <Result>(call: () => Promise<Result>): Promise<Result> => {
    try {
      return await call();
    } catch (thrown) {
      failure ??= { thrown };
      throw thrown;
    }
  };
  function iterate(): AsyncIterator<unknown> {
    const inner = (value as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    return {
      next: () => watch(() => inner.next()),
      return: async (result) => (inner.return ? inner.return(result) : { done: true, value: result }),
    };
  }
  // A fresh target, since a frozen value would not let the trap answer otherwise than it does itself.
  const watched = new Proxy(
    {},
    {
      get: (_, name) => {
        if (name === Symbol.asyncIterator) return iterate;
        const found: unknown = Reflect.get(value, name, value);
        return typeof found === "function" ? found.bind(value) : found;
      },
      has: (_, name) => Reflect.has(value, name),
      getPrototypeOf: () => Reflect.getPrototypeOf(value),
    },
  );
  return { value: watched, failure: () => failure };
}
