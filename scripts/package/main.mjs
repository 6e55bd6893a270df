// `npm run package`: an installable .vsix for this platform, with the DuckDB binary inside.
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { build } from "../build/main.mjs";
import { environment, node, root } from "../setup.mjs";

/** Builds the package and returns its path. */
export async function packageExtension() {
  await build();
  const target = `${process.platform}-${process.arch}`;
  const file = join(root, `sluice-${target}.vsix`);
  const vsce = join(root, "node_modules/@vscode/vsce/vsce");
  const { status, stderr, stdout } = spawnSync(
    node,
    [
      vsce,
      "package",
      "--target",
      target,
      "--no-dependencies",
      "--no-rewrite-relative-links",
      "--allow-missing-repository",
      "--skip-license",
      "--out",
      file,
    ],
    { cwd: root, env: environment, encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`vsce could not package the extension.\n${stdout}${stderr}`);
  return file;
}

if (process.argv[1] === import.meta.filename) {
  const file = await packageExtension();
  console.log(`${file} (${(statSync(file).size / 1e6).toFixed(1)} MB)`);
}
