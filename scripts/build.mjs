import { main } from "./setup.mjs";

await main("build/main.mjs");
