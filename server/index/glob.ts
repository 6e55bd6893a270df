const special = /[\\^$+.()|[\]{}]/g;

/** One glob as the source of a regular expression over a path relative to the glob's folder. */
function source(glob: string): string {
  let text = "";
  for (let at = 0; at < glob.length; at++) {
    const rest = glob.slice(at);
    const folders = /^\*\*\//.exec(rest);
    const group = /^\{([^{}]*)\}/.exec(rest);
    const set = /^\[([!^]?)([^\]]+)\]/.exec(rest);
    if (folders && (at === 0 || glob[at - 1] === "/")) {
      text += "(?:(?!\\.)[^/]+/)*";
      at += 2;
    } else if (rest === "**") {
      text += "(?:(?!\\.)[^/]+/)*(?!\\.)[^/]+";
      at += 1;
    } else if (rest.startsWith("*")) {
      text += at === 0 || glob[at - 1] === "/" ? "(?!\\.)[^/]*" : "[^/]*";
      if (rest.startsWith("**")) at += 1;
    } else if (rest.startsWith("?")) text += "[^/]";
    else if (group) {
      text += `(?:${group[1]!.split(",").map(source).join("|")})`;
      at += group[0].length - 1;
    } else if (set) {
      text += `[${set[1] ? "^" : ""}${set[2]!.replaceAll("\\", "\\\\")}]`;
      at += set[0].length - 1;
    } else text += rest[0]!.replace(special, "\\$&");
  }
  return text;
}

function expression(glob: string): RegExp {
  try {
    return new RegExp(`^${source(glob.replace(/^(\.\/)+/, ""))}$`, "u");
  } catch {
    return /(?!)/; // A character set that is none matches nothing.
  }
}

// What the project loader leaves out of any pattern.
const never = /(^|\/)(node_modules|\.sluice)\/|\.(test|spec)\.[^/]*$|^sluice\.config\.[^/]*$/;

/** Which files, relative to the project's folder, a config's `assets` patterns cover. Those that begin with "!" take away. */
export function assetPatterns(patterns: readonly string[]): (relative: string) => boolean {
  const wanted = patterns.filter((pattern) => !pattern.startsWith("!")).map(expression);
  const unwanted = patterns.filter((pattern) => pattern.startsWith("!")).map((pattern) => expression(pattern.slice(1)));
  const matches = (list: readonly RegExp[], path: string) => list.some((pattern) => pattern.test(path));
  return (relative) => !never.test(relative) && matches(wanted, relative) && !matches(unwanted, relative);
}
