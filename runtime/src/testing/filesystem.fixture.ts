import { join } from "node:path";
import { filesystem } from "../io/filesystem.ts";

export const create = (folder: string) => filesystem({ baseDir: join(folder, "storage") });
