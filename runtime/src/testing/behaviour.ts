import { addressing } from "./addressing.ts";
import { atomicity } from "./atomicity.ts";
import { kills } from "./kills.ts";
import { partitioned } from "./partitioned.ts";
import { roundTrip } from "./round-trip.ts";
import { stagedChecks } from "./staged-checks.ts";
import type { BehaviourSubject, TestRunner } from "./subject.ts";
import { writeModes } from "./write-modes.ts";

/** `ioManagerBehaviour` of the entry point whose url is given: a child process imports that module. */
export const behaviourSuite =
  (entry: string) =>
  (subject: BehaviourSubject, runner: TestRunner): void => {
    runner.describe(`${subject.name} does what every I/O manager does`, () => {
      roundTrip(subject, runner);
      atomicity(subject, runner);
      addressing(subject, runner);
      partitioned(subject, runner);
      writeModes(subject, runner);
      stagedChecks(subject, runner);
      kills(subject, runner, entry);
    });
  };
