import { inspect } from "node:util";
import { expect, it } from "vitest";
import { isKind, readSetting } from "../io/manager.ts";
import { env } from "./env.ts";

it("reads the variable when asked, from the environment given", () => {
  expect(env("HOST").read({ HOST: "db" })).toBe("db");
  expect(env.secret("TOKEN").read({ TOKEN: "" })).toBe("");
  expect(env.int("PORT").read({ PORT: " 5432 " })).toBe(5432);
  expect(readSetting(env("HOST"), { HOST: "db" })).toBe("db");
  expect(isKind(env("HOST"), "env")).toBe(true);
  expect([env("A").secret, env.secret("A").secret]).toEqual([false, true]);
});

it("names a variable that is missing", () => {
  expect(() => env.secret("TOKEN").read({})).toThrow(
    expect.objectContaining({ code: "config/missing-env", message: expect.stringContaining("TOKEN") }),
  );
});

it("never shows the value of a number that is none", () => {
  for (const value of ["12a", "1.5", "", "9007199254740993"]) {
    let thrown: Error & { hint?: string; code?: string } = new Error();
    try {
      env.int("PORT").read({ PORT: `${value}` });
    } catch (error) {
      thrown = error as typeof thrown;
    }
    expect(thrown.code).toBe("config/invalid");
    expect(thrown.message).toContain("PORT");
    if (value !== "") expect(`${thrown.message}${thrown.hint}`).not.toContain(value);
  }
});

it("prints as its name, never as a value", () => {
  process.env["SLUICE_TEST_SECRET"] = "hunter2";
  try {
    const secret = env.secret("SLUICE_TEST_SECRET");
    for (const text of [String(secret), `${secret}`, JSON.stringify({ secret }), inspect(secret), inspect({ deep: { secret } }), secret.toString()]) {
      expect(text).toContain("SLUICE_TEST_SECRET");
      expect(text).not.toContain("hunter2");
    }
    expect(String(env("A"))).toBe('env("A")');
  } finally {
    delete process.env["SLUICE_TEST_SECRET"];
  }
});

it("refuses a name that is none", () => {
  expect(() => env("")).toThrow(/name of an environment variable/);
  expect(() => env(undefined as never)).toThrow(/name of an environment variable/);
});
