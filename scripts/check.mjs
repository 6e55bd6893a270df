import { main } from "./setup.mjs";

await main("check/main.mjs");
