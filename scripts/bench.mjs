import { main } from "./setup.mjs";

await main("bench/main.mjs");
