// A headless Chromium: CHROMIUM names one, else the one inside an npm package on Linux x64, else an installed Chrome.
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const quiet = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
];

async function packagedBrowser() {
  // Asks the package to unpack the libraries it was built with, too.
  process.env.AWS_LAMBDA_JS_RUNTIME ??= "nodejs20.x";
  const { default: packaged } = await import("@sparticuz/chromium");
  return packaged.executablePath();
}

export async function launchBrowser() {
  const named = process.env.CHROMIUM;
  if (named && !existsSync(named)) throw new Error(`CHROMIUM names ${named}, which does not exist.`);
  if (named) return chromium.launch({ executablePath: named, args: quiet });
  if (process.platform === "linux" && process.arch === "x64") return chromium.launch({ executablePath: await packagedBrowser(), args: quiet });
  return chromium.launch({ channel: "chrome", args: quiet });
}
