import { addressing } from "./addressing.ts";
import { atomicity } from "./atomicity.ts";
import { casesOf } from "./cases.ts";
import { interleavings } from "./interleavings.ts";
import { kills } from "./kills.ts";
import { names } from "./names.ts";
import { partitioned } from "./partitioned.ts";
import { roundTrip } from "./round-trip.ts";
import { stagedChecks } from "./staged-checks.ts";
import type { BehaviourSubject, TestRunner } from "./subject.ts";
import { ways } from "./ways.ts";
import { writeModes } from "./write-modes.ts";

/** `ioManagerBehaviour` of the entry point whose url is given: a child process imports that module. */
export const behaviourSuite =
  (entry: string) =>
  (subject: BehaviourSubject, runner: TestRunner): void => {
    const cases = casesOf(runner);
    cases.describe(`${subject.name} does what every I/O manager does`, () => {
      roundTrip(subject, cases);
      atomicity(subject, cases);
      addressing(subject, cases);
      names(subject, cases);
      partitioned(subject, cases);
      ways(subject, cases);
      writeModes(subject, cases);
      stagedChecks(subject, cases);
      interleavings(subject, cases, entry);
      kills(subject, cases, entry);
    });
  };
