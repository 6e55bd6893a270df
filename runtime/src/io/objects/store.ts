import type { Reach } from "../manager.ts";

export interface ObjectInfo {
  /** Within the store, parts joined by "/". */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly modified: number;
}
export interface StoredObject {
  readonly bytes: Uint8Array;
  /** Changes whenever the object does; left out where the store cannot compare on `put`. */
  readonly version?: string;
}
export interface PutOptions {
  /** `null`: only where nothing is yet. A version: only while that one is there. Else `io/conflict`. */
  readonly ifVersion?: string | null | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a store needs to offer that opens files in place: a folder of this machine. */
export interface LocalFiles {
  /** Absolute path of an object, whether it exists or not. */
  readonly path: (path: string) => string;
  /** Makes sure that the object's folder exists. Resolves to the absolute path to write to. */
  readonly prepare: (path: string) => Promise<string>;
  /** Makes a file that something else wrote outlive a power cut. */
  readonly seal: (path: string) => Promise<void>;
  /** Shows the object under a second path too, replacing what was shown there in one step. */
  readonly show: (path: string, shown: string) => Promise<void>;
  /** An empty file, made as cheaply as can be: a power cut may lose it. */
  readonly mark: (path: string) => Promise<void>;
  /** Contents of many small files, `undefined` for those that are not there; far cheaper than one by one. */
  readonly readAll: (paths: readonly string[]) => Promise<readonly (Uint8Array | undefined)[]>;
  /** Names of the folders directly in a folder. */
  readonly folders: (path: string) => Promise<readonly string[]>;
  /** Tells a file from every other one that was or will be at its path; equal for both paths of one object. `undefined` where nothing is. */
  readonly stamp: (path: string) => Promise<string | undefined>;
  /** Whether both paths show one object now. */
  readonly isShown: (path: string, shown: string) => Promise<boolean>;
}

/**
 * Named bytes: what `objectIOManager` needs of a folder, a bucket or a container. Every `put` is atomic: readers of the path see
 * the old bytes or the new ones. Paths hold "/" between parts and nothing that `pathPart` would not give.
 * Everything throws `io/permission` and `io/unavailable`, with the place in the message.
 */
export interface ObjectStore {
  /** For people: "filesystem", "s3". */
  readonly name: string;
  readonly reach: Reach;
  /** Settings, so that missing environment variables are found before a run. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Absolute path or uri of an object, for people. Reads settings, opens nothing. */
  readonly uri: (path: string) => string;
  /** The same, equal for two paths that the store may take for one. */
  readonly folded: (path: string) => string;
  /** `undefined` where nothing is. */
  readonly get: (path: string, options?: { readonly signal?: AbortSignal | undefined }) => Promise<StoredObject | undefined>;
  /** Bytes `[start, start + length)`, fewer at the end. `undefined` where nothing is. */
  readonly getRange: (path: string, start: number, length: number) => Promise<Uint8Array | undefined>;
  readonly put: (path: string, bytes: Uint8Array, options?: PutOptions) => Promise<void>;
  /** Stores chunk by chunk; when `chunks` throws, or on `signal`, nothing is stored. Resolves to the number of bytes. */
  readonly putStream: (path: string, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, options?: PutOptions) => Promise<number>;
  /** Stores the content of a local file. */
  readonly putFile: (path: string, file: string, options?: PutOptions) => Promise<number>;
  /** Objects directly in a folder; none for a folder that is not there. */
  readonly list: (folder: string) => Promise<readonly ObjectInfo[]>;
  /**
   * Paths of all objects below a folder, at any depth; none for a folder that is not there. A store that has folders leaves out those
   * that `into` says no to; others may ignore it.
   */
  readonly below: (folder: string, into?: (name: string) => boolean) => Promise<readonly string[]>;
  /** Nothing there is fine. */
  readonly delete: (path: string) => Promise<void>;
  readonly stat: (path: string) => Promise<ObjectInfo | undefined>;
  readonly local?: LocalFiles;
  /** Lets go of handles and connections; the next call opens again. Idempotent. */
  readonly close?: () => Promise<void>;
}
