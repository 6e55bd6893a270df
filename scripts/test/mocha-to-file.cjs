// Loaded into the extension host before the tests: sends the reporter's lines to a file, since the console there is mixed with the window's own log.
const { appendFileSync } = require("node:fs");
const { format } = require("node:util");
const mocha = require(require.resolve("mocha", { paths: [require.resolve("@vscode/test-cli")] }));

mocha.reporters.Base.consoleLog = (...args) => appendFileSync(process.env.MOCHA_OUTPUT, `${format(...args)}\n`);
exports.mochaGlobalTeardown = () => appendFileSync(`${process.env.MOCHA_OUTPUT}.ok`, "ok");
