import { realpathSync } from "node:fs";
import path from "node:path";
import type { AssetDefinition, ConfigDefinition, LoadedProject } from "../assets/definition.ts";
import { type ErrorInfo, SluiceError } from "../model/errors.ts";
import { codeVersionOf, type ModuleFacts } from "./code-version.ts";
import { type AssetSite, collectAssets, isMadeOfAssets, uniqueAssets } from "./collect.ts";
import { findAssetFiles, readConfig, requireConfig } from "./config.ts";
import { type Environment, watchEnvironmentFile } from "./environment.ts";
import { describeLoadError } from "./load-error.ts";
import { createLoader } from "./loader.ts";
import { ownChecks } from "./own-checks.ts";
import { type PackageHooks, worksTogether } from "./packages.ts";
import { type ProjectTsconfig, readTsconfig } from "./resolver.ts";

export interface ProjectOptions {
  /** A folder of the project; its config is looked for from here upwards. */
  readonly root: string;
  /** Real variables; those of `.env` are added to it. */
  readonly environment?: Environment | undefined;
  /** Where `sluice` comes from, if that is not plain resolution. */
  readonly packages?: PackageHooks | undefined;
  /** Version of the engine that runs the project. */
  readonly version?: string | undefined;
  readonly typescript?: string | undefined;
  readonly importModule?: ((url: string) => Promise<object>) | undefined;
}

/** What is known of a project after a look at its files. */
export interface ProjectState {
  /** Changes whenever anything else here does. */
  readonly revision: number;
  /** The last that loaded; files that stopped loading still have their former assets in it. */
  readonly loaded?: LoadedProject;
  /** Why the config does not load now; what is in `loaded` is then the last good one. */
  readonly configError?: ErrorInfo;
  /** Files that do not load now. */
  readonly errors: readonly ErrorInfo[];
  /** Keys whose file does not load now, and why: shown, but not to be run. */
  readonly broken: ReadonlyMap<string, ErrorInfo>;
}

export interface Project {
  /** Folder of the config, absolute and real. */
  readonly root: string;
  readonly configFile: string;
  /** Loads what is new or changed. Calls wait for each other. */
  readonly refresh: () => Promise<ProjectState>;
  readonly close: () => void;
}

/** Opens the project a folder belongs to; nothing is loaded before the first `refresh`. Throws `config/invalid` where there is none. */
export function openProject(options: ProjectOptions): Project {
  const configFile = realpathSync(requireConfig(options.root));
  const root = path.dirname(configFile);
  const environment = options.environment ?? process.env;
  const environmentFile = watchEnvironmentFile(root, environment);
  let tsconfig = readProjectTsconfig(root);
  const loader = createLoader({
    root,
    tsconfig: () => tsconfig.settings,
    typescript: options.typescript,
    ...(options.importModule === undefined ? {} : { importModule: options.importModule }),
  });
  let state: ProjectState = { revision: 0, errors: [], broken: new Map() };
  let config: ConfigDefinition | undefined;
  let lastSites: ReadonlyMap<string, readonly AssetSite[]> = new Map();
  let lastFiles = "";
  let failed: readonly string[] = [];
  const checks = ownChecks();

  /** Renews everything that a change of any watched thing touches; true when there is something to load. */
  async function renew(): Promise<boolean> {
    const before = tsconfig.key;
    tsconfig = readProjectTsconfig(root);
    const environmentChanged = environmentFile.refresh();
    const packagesChanged = options.packages?.refresh() ?? false;
    const all = environmentChanged || packagesChanged || tsconfig.key !== before;
    const changed = all ? loader.files() : loader.changed();
    const retried = (await Promise.all(failed.map(loader.failing))).flat();
    const renewed = loader.renew([...changed, ...retried]);
    checks.forget(renewed, assetsOf(lastSites));
    return renewed.size > 0 || failed.length > 0 || state.revision === 0;
  }

  async function loadConfig(): Promise<ErrorInfo | undefined> {
    try {
      checkVersions(options, configFile);
      config = readConfig(await loader.load(configFile), configFile);
      return undefined;
    } catch (error) {
      const info = describeLoadError(error, configFile, root, loader);
      return info.code === "load/failed" ? { ...info, code: "config/invalid" } : info;
    }
  }

  async function refresh(): Promise<ProjectState> {
    const changed = await renew();
    const configError = changed ? await loadConfig() : state.configError;
    const files = config ? await findAssetFiles(root, config.assets) : [];
    const fileList = files.join("\n");
    if (!changed && fileList === lastFiles) return state;
    lastFiles = fileList;

    const errors: ErrorInfo[] = [];
    const failures: string[] = configError ? [configFile] : [];
    const brokenFiles = new Map<string, ErrorInfo>();
    const sitesByFile = new Map<string, readonly AssetSite[]>();
    const namespaces = new Map<string, object>();
    for (const file of files) {
      try {
        const exports = await loader.load(file);
        namespaces.set(file, exports);
        sitesByFile.set(file, collectAssets(exports, file, loader.facts(file)));
      } catch (error) {
        const info = describeLoadError(error, file, root, loader);
        failures.push(file);
        brokenFiles.set(file, info);
        if (!errors.some((each) => each.message === info.message && each.place?.line === info.place?.line)) errors.push(info);
      }
    }
    failed = failures;
    const good = uniqueAssets([...sitesByFile.values()].flat(), root);
    const broken = new Map<string, ErrorInfo>();
    const sites = new Map(good.sites);
    for (const [file, info] of brokenFiles) {
      const former = lastSites.get(file) ?? [];
      sitesByFile.set(file, former);
      for (const site of former) {
        if (sites.has(site.asset.key)) continue;
        sites.set(site.asset.key, site);
        broken.set(site.asset.key, info);
      }
    }
    lastSites = sitesByFile;
    checks.note(assetsOf(sitesByFile), new Set(brokenFiles.keys()));
    // An asset whose checks do not load must not run as if it had none.
    for (const [file, info] of brokenFiles) for (const key of checks.of(file)) if (!broken.has(key)) broken.set(key, info);
    const configNow = config;
    state = {
      revision: state.revision + 1,
      errors: [...(tsconfig.error ? [tsconfig.error] : []), ...errors, ...good.errors],
      broken,
      ...(configError ? { configError } : {}),
      ...(configNow ? { loaded: toLoadedProject(root, configNow, sites, codeVersions(sites, namespaces, broken)) } : {}),
    };
    return state;
  }

  function codeVersions(sites: ReadonlyMap<string, AssetSite>, namespaces: ReadonlyMap<string, object>, broken: ReadonlyMap<string, ErrorInfo>) {
    const modules: ModuleFacts = {
      facts: loader.facts,
      contentHash: loader.contentHash,
      target: loader.target,
      isAsset(file, name) {
        const exports = namespaces.get(file) as Readonly<Record<string, unknown>> | undefined;
        const facts = exports && loader.facts(file);
        return (facts?.exports ?? []).some(
          (each) => (each.exported === name || (each.from === undefined && each.local === name)) && isMadeOfAssets(exports?.[each.exported]),
        );
      },
    };
    const versions = new Map<string, string>();
    for (const [key, { asset, file, exported }] of sites) {
      if (!asset.step) continue;
      const former = broken.has(key) ? state.loaded?.codeVersions.get(key) : undefined;
      const version = asset.codeVersion ?? former ?? codeVersionOf(file, exported, modules);
      if (version !== undefined) versions.set(key, version);
    }
    return versions;
  }

  let queue: Promise<unknown> = Promise.resolve();
  return {
    root,
    configFile,
    refresh() {
      const next = queue.then(refresh);
      queue = next.catch(() => undefined); // told to this caller; the next one tries anew
      return next;
    },
    close() {
      loader.close();
      environmentFile.close();
    },
  };
}

const assetsOf = (sites: ReadonlyMap<string, readonly AssetSite[]>) => [...sites.values()].flat().map(({ asset }) => asset);

function readProjectTsconfig(root: string): { readonly settings: ProjectTsconfig; readonly key: string; readonly error?: ErrorInfo } {
  try {
    const settings = readTsconfig(root);
    return { settings, key: JSON.stringify([settings.file, settings.written]) };
  } catch (error) {
    const message = `The project's tsconfig.json could not be read: ${error instanceof Error ? error.message : String(error)}`;
    const known: ErrorInfo = { code: "config/invalid", message, hint: "Its paths are not followed until then." };
    return { settings: { paths: () => [], compilerOptions: {} }, key: message, error: known };
  }
}

function checkVersions({ packages, version }: ProjectOptions, configFile: string): void {
  const choice = packages?.choice("sluice");
  if (!version || !choice?.installed || !choice.version || worksTogether(choice.version, version)) return;
  throw new SluiceError("config/invalid", `The project has sluice ${choice.version} installed, which sluice ${version} cannot run.`, {
    hint: "Install the version that fits, or update the one that runs it, so that both begin with the same number.",
    place: { file: configFile, line: 1 },
  });
}

/** Definitions as the engine takes them, each with the place the project knows for it. */
function toLoadedProject(
  root: string,
  config: ConfigDefinition,
  sites: ReadonlyMap<string, AssetSite>,
  codeVersions: ReadonlyMap<string, string>,
): LoadedProject {
  const assets = new Map<string, AssetDefinition>();
  for (const [key, { asset, place }] of sites) {
    assets.set(key, { ...asset, definedAt: `${place.file}:${place.line}:${place.column ?? 1}` });
  }
  return { root, config, assets, codeVersions };
}
