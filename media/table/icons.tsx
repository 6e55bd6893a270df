import type { AssetState } from "../../runtime/src/model/graph.ts";

export type StateName = AssetState | "running";

const shapes: Readonly<Record<StateName, string>> = {
  fresh: "M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM5 8.2l2.1 2.1L11.2 6",
  stale: "M8 2 14.5 13.5h-13zM8 6.2v3.6M8 11.3v.9",
  failed: "M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8",
  missing: "M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13z",
  unknown: "M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM6.3 6.3a1.7 1.7 0 1 1 2.4 1.6c-.5.2-.7.5-.7 1.1M8 11v.6",
  running: "M8 1.5A6.5 6.5 0 0 1 14.5 8",
};

/** Status as a shape and a colour; the word stands beside it. */
export const StateIcon = ({ state }: { readonly state: StateName }) => (
  <svg className={`state-icon ${state}`} viewBox="0 0 16 16" aria-hidden="true">
    {state === "running" ? <circle className="track" cx="8" cy="8" r="6.5" /> : null}
    <path d={shapes[state]} />
  </svg>
);

/** A cross that closes or removes. */
export const CrossIcon = () => (
  <svg className="cross-icon" viewBox="0 0 16 16" aria-hidden="true">
    <path d="M4 4l8 8M12 4l-8 8" />
  </svg>
);
