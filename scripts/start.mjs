import { main } from "./setup.mjs";

await main("start/main.mjs");
