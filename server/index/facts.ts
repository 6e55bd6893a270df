import type { AssetKind } from "../../runtime/src/model/graph.ts";

/** Offsets into the file's text, in UTF-16 units. */
export type Span = readonly [start: number, end: number];

/** `imported` is "*" for a namespace, "default" for the default export. */
export interface ImportFact {
  readonly local: string;
  readonly imported: string;
  readonly spec: string;
}

/**
 * One name that the module offers. Own: `local`. From elsewhere: `spec` with `imported`, which is "*" for `export * as name`.
 * `export * from` has the name "*" and no `imported`.
 */
export interface ExportFact {
  readonly name: string;
  readonly local?: string;
  readonly imported?: string;
  readonly spec?: string;
}

/** `const path = chain`: another name for something, such as `const good = split.good` or `{ a: rawSales }`. */
export interface AliasFact {
  readonly path: readonly string[];
  readonly chain: readonly string[];
}

/** Something an asset names as its upstream. One of `chain`, `key` and `inline`; none of them where it is computed. */
export interface RefFact {
  /** Property in `inputs`; left out for `deps`. */
  readonly input?: string;
  readonly inputSpan?: Span;
  /** Identifier and members: `["ns", "sales"]`. */
  readonly chain?: readonly string[];
  /** A string in `deps`. */
  readonly key?: string;
  /** Position in the file's `assets`, for an asset defined on the spot. */
  readonly inline?: number;
  /** True where it says which partitions it wants: `sales.latest()`. */
  readonly chooses?: true;
  /** What stands there, for a reader. */
  readonly text: string;
  readonly span: Span;
}

export interface AssetFact {
  readonly kind: AssetKind;
  /** How the file's top level reaches it: `["rawSales"]`, `["split", "good"]`; left out for one that no variable holds. */
  readonly path?: readonly string[];
  /** Left out where the key is computed. */
  readonly key?: string;
  /** The whole declaration. */
  readonly span: Span;
  /** The key's literal, or the call where there is none. */
  readonly keySpan: Span;
  /** The variable's name, or the output's. */
  readonly nameSpan?: Span;
  readonly group?: string;
  readonly description?: string;
  readonly ioManager?: ChainFact;
  /** Where its partitions are defined, on the spot or under a name. */
  readonly partitions?: PartitionsFact | ChainFact;
  /** Keys of the resources it opens. */
  readonly resources?: readonly ChainFact[];
  /** As far as it is written out. */
  readonly table?: { readonly schema?: string; readonly name?: string; readonly isComputed?: true };
  /** What `inputs` and the parameter of `run` do not have in common; left out where they agree, or cannot be compared. */
  readonly mismatch?: { readonly unused: readonly NameFact[]; readonly unfed: readonly NameFact[] };
  /** The type of its rows, where `run` names one: `readCsv<Sale>(…)`, `(): Sale[] =>`, `sql<Sale>`. */
  readonly rowType?: ChainFact;
  /** What `run` returns, where that is a literal and nothing else. */
  readonly returns?: { readonly type: string; readonly span: Span };
  readonly refs: readonly RefFact[];
  /** True where one of the module's exports reaches it: only these are loaded. */
  readonly exported?: true;
  /** True while the file does not parse and this is the last good record. */
  readonly stale?: true;
}

/** A call of `ioManagerKey()` or `resourceKey()`. */
export interface BoundKeyFact {
  readonly kind: "io-manager" | "resource";
  readonly path: readonly string[];
  readonly name: string;
  readonly span: Span;
}

/** A name, and where it stands. */
export interface NameFact {
  readonly name: string;
  readonly span: Span;
}
/** Identifier and members, and where they stand. */
export interface ChainFact {
  readonly chain: readonly string[];
  readonly span: Span;
}

/** A partitions definition, as far as its syntax shows it. */
export interface PartitionsFact {
  /** The function called: "dailyPartitions". */
  readonly maker: string;
  readonly span: Span;
  /** IANA name; left out where it is computed. */
  readonly timezone?: string;
  /** Of static partitions; left out where one is computed. */
  readonly keys?: readonly string[];
  /** Whether it says where a partition lies in a table; left out where that is computed, and for several dimensions. */
  readonly isPlaced?: boolean;
  /** Of several dimensions, by name. */
  readonly dimensions?: readonly (NameFact & { readonly is?: PartitionsFact | ChainFact })[];
}
/** `const days = dailyPartitions(…)`. */
export interface NamedPartitionsFact extends PartitionsFact {
  readonly path: readonly string[];
}

/** A call of `assetCheck`. */
export interface CheckFact {
  readonly name?: string;
  readonly ref: RefFact;
}

/** An interface, or a name for an object type, that may be the type of a row. */
export interface RowTypeFact {
  readonly name: string;
  /** Between its braces. */
  readonly body: Span;
  readonly members: readonly RowMemberFact[];
}
export interface RowMemberFact extends NameFact {
  readonly typeSpan: Span;
  /** Of a union each: "string", "null"; "?" for anything that is not of this kind. */
  readonly types: readonly string[];
  readonly optional?: true;
}

/** One target of a config. */
export interface TargetFact extends NameFact {
  /** What it binds by name; `maker` is what is called for it: `["duckdb"]`. */
  readonly bindings: readonly (NameFact & { readonly maker?: readonly string[] })[];
  /** False where it holds something computed: it may bind more. */
  readonly isWhole: boolean;
  /** Offset behind its last binding, or behind its opening brace. */
  readonly end: number;
}

/** What the syntax of a `defineConfig` call shows. */
export interface ConfigFact {
  /** Globs; left out where they are computed. */
  readonly assets?: readonly string[];
  readonly targets: readonly string[];
  readonly defaultTarget?: string;
  /** The same targets with what they bind, as far as each is an object written out. */
  readonly bound: readonly TargetFact[];
}

/**
 * Everything the index keeps of one file. Immutable, replaced as a whole; plain data without syntax tree or text, so that it can be
 * cached and sent between threads.
 */
export interface FileFacts {
  /** False while the file has syntax errors. */
  readonly parses: boolean;
  /** Offset of each line's first character. */
  readonly lines: readonly number[];
  readonly imports: readonly ImportFact[];
  readonly exports: readonly ExportFact[];
  readonly aliases: readonly AliasFact[];
  readonly assets: readonly AssetFact[];
  readonly boundKeys: readonly BoundKeyFact[];
  readonly partitions: readonly NamedPartitionsFact[];
  /** Only of files that define assets, or that such a file takes a row's type from. */
  readonly rowTypes: readonly RowTypeFact[];
  /** Imports of types, which do not exist when the module runs. */
  readonly typeImports: readonly ImportFact[];
  readonly checks: readonly CheckFact[];
  readonly config?: ConfigFact;
}

/** Local name of `export default`: no identifier can equal it. */
export const defaultExport = "*default*";
