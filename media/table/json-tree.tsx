import { useState } from "react";
import { formatCount } from "./columns.ts";
import type { JsonNode } from "./json.ts";
import { useSay } from "./words.ts";

const atOnce = 200;
const preview = 60;

/** The beginning of a value on one line. */
function glance(node: JsonNode, room = preview): string {
  if (node.type === "text") return JSON.stringify(node.text);
  if (node.type !== "list" && node.type !== "object") return node.text;
  const [open, close] = node.type === "list" ? "[]" : "{}";
  let inside = "";
  const parts = node.type === "list" ? node.items.map((item) => ["", item] as const) : node.entries;
  for (const [name, value] of parts) {
    const part = (inside === "" ? "" : ", ") + (name === "" ? "" : `${name}: `);
    if (inside.length + part.length >= room) return `${open}${inside}, …${close}`;
    inside += part + glance(value, room - inside.length - part.length);
  }
  const cut = inside.length > room + 20 ? `${inside.slice(0, room)}…` : inside;
  return `${open}${cut}${close}`;
}

/** A nested value, unfolded level by level. */
export function JsonTree({
  node,
  name,
  open,
  locale,
}: {
  readonly node: JsonNode;
  readonly name: string;
  readonly open: boolean;
  readonly locale: string;
}) {
  const say = useSay();
  const [unfolded, setUnfolded] = useState(open);
  const [shown, setShown] = useState(atOnce);
  const label = name === "" ? null : <span className="json-name">{name}: </span>;
  if (node.type !== "list" && node.type !== "object") {
    return (
      <div className="json-leaf">
        {label}
        <span className={`json-${node.type}`}>{node.type === "text" ? JSON.stringify(node.text) : node.text}</span>
      </div>
    );
  }
  const children: readonly (readonly [string, JsonNode])[] =
    node.type === "list" ? node.items.map((item, at) => [String(at), item] as const) : node.entries;
  return (
    <details className="json-branch" open={unfolded} onToggle={(event) => setUnfolded(event.currentTarget.open)}>
      <summary>
        {label}
        <span className="json-glance">{unfolded ? say("detail.items", formatCount(children.length, locale)) : glance(node)}</span>
      </summary>
      {unfolded
        ? children.slice(0, shown).map(([key, child], at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a name can come twice in JSON text, and the order never changes
            <JsonTree key={at} node={child} name={key} open={false} locale={locale} />
          ))
        : null}
      {unfolded && children.length > shown ? (
        <button type="button" className="quiet" onClick={() => setShown(shown + atOnce)}>
          {say("detail.more", formatCount(Math.min(atOnce, children.length - shown), locale))}
        </button>
      ) : null}
    </details>
  );
}
