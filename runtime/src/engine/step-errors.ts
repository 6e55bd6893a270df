import { type ErrorInfo, isSluiceError, SluiceError, toErrorInfo } from "../model/errors.ts";
import { stackLinePlace, userPlace } from "./user-place.ts";

/** What every error of a step can say. */
export interface StepNames {
  readonly asset: string;
  /** The project's folder. */
  readonly root: string;
  readonly definedAt: string | undefined;
}

const definition = ({ definedAt }: StepNames) => (definedAt === undefined ? undefined : stackLinePlace(definedAt));

/** What user code threw, as data: `run/failed` on the user's line, or the SluiceError it was, with asset and place filled in. */
export function explainUser(thrown: unknown, names: StepNames): ErrorInfo {
  const place = userPlace(thrown, names.root) ?? definition(names);
  return toErrorInfo(thrown, "run/failed", { asset: names.asset, ...(place ? { place } : {}) });
}

/** What an I/O manager threw: a SluiceError as it is, anything else as `io/unavailable` saying what was being done. */
export function explainIo(thrown: unknown, names: StepNames, doing: string): unknown {
  if (isSluiceError(thrown)) return thrown;
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return new SluiceError("io/unavailable", `${doing} failed: ${text}`, {
    asset: names.asset,
    place: userPlace(thrown, names.root) ?? definition(names),
    cause: thrown,
  });
}
