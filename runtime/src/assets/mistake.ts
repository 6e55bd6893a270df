/** Present in types only. */
declare const mistake: unique symbol;

/** What a wrong use is compared with, so that the compiler's message carries the sentence. */
export interface Mistake<Message extends string> {
  readonly [mistake]: Message;
}

export type Promisable<T> = T | PromiseLike<T>;
export type IsUnknown<T> = unknown extends T ? true : false;
export type IsAny<T> = 0 extends 1 & T ? true : false;
/** What a function without `return` gives back. */
export type Nothing = ReturnType<() => void>;
/** Any function; `never` parameters, since every function fits them. */
export type Callable = (...args: never) => unknown;
