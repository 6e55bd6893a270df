import { main } from "./setup.mjs";

await main("test/main.mjs");
