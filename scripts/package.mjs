import { main } from "./setup.mjs";

await main("package/main.mjs");
