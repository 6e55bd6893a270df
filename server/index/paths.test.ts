import { describe, expect, it } from "vitest";
import { joinPath, normalPath, pathOfUri, uriOfPath } from "./paths.ts";

describe("paths and uris", () => {
  it.each(["/project/assets/sales.ts", "/with space/ä & ö/[x]/(y)/a+b@c#d?e%f.ts", "/project/日本語/😀.ts", "c:/Users/me/a.ts", "/it's/!/*.ts"])(
    "%s survives the way to a uri and back",
    (path) => {
      expect(pathOfUri(uriOfPath(path))).toBe(path);
    },
  );

  it("are written as VS Code writes them, and read as anyone does", () => {
    expect(uriOfPath("c:/a b/x.ts")).toBe("file:///c%3A/a%20b/x.ts");
    expect(uriOfPath("/a(b)/x.ts")).toBe("file:///a%28b%29/x.ts");
    expect(pathOfUri("file:///C:/a/x.ts")).toBe("c:/a/x.ts");
    expect(pathOfUri("file://localhost/a/x.ts")).toBe("/a/x.ts");
    expect(pathOfUri("file:///a(b)/x.ts")).toBe("/a(b)/x.ts");
  });

  it.each(["untitled:x", "http://x/y", "file://server/share/x", "file:///%", "file:///a%00b", "", "/plain"])("%s is no file here", (uri) => {
    expect(pathOfUri(uri)).toBeUndefined();
  });

  it("become normal", () => {
    expect(normalPath("C:\\a\\b\\")).toBe("c:/a/b");
    expect(joinPath("/a/b", "../c/./d.ts")).toBe("/a/c/d.ts");
    expect(joinPath("/a", "../../..")).toBe("/");
  });
});
