import { expect, test } from "vitest";
import { contentPolicy, pageHtml } from "./html.ts";

const parts = {
  title: `<"it's">`,
  language: "en",
  source: "https://a.test",
  nonce: "n0",
  script: "https://a.test/t.js?a&b",
  style: "https://a.test/t.css",
};

test("a page runs its own script and nothing else", () => {
  const policy = contentPolicy(parts.source, parts.nonce);
  expect(policy.split("; ")).toEqual([
    "default-src 'none'",
    "script-src 'nonce-n0'",
    "style-src https://a.test 'nonce-n0'",
    "img-src https://a.test data:",
    "font-src https://a.test",
  ]);
  expect(policy).not.toMatch(/unsafe|blob:|\*/);
});

test("names with markup stay text, and there is no inline script or style", () => {
  const html = pageHtml(parts);
  expect(html).toContain("<title>&lt;&quot;it&#39;s&quot;&gt;</title>");
  expect(html).toContain('src="https://a.test/t.js?a&amp;b"');
  expect(html).not.toMatch(/style="|<style|<script nonce="n0">/);
  expect(html.match(/<script/g)).toHaveLength(1);
});
