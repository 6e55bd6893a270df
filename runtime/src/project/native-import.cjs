"use strict";
/** `import()` of Node itself, which the test runner replaces in the modules that it loads. */
module.exports = (url) => import(url);
