import { useEffect, useLayoutEffect, useRef } from "react";
import { useSay } from "./words.ts";

export interface MenuItem {
  readonly label: string;
  readonly run: () => void;
  /** Begins a new group. */
  readonly parted?: boolean;
  /** Shown at the right: the key that does the same. */
  readonly keys?: string;
}

/** The context menu of a cell. */
export function CellMenu({
  x,
  y,
  items,
  onClose,
}: {
  readonly x: number;
  readonly y: number;
  readonly items: readonly MenuItem[];
  readonly onClose: () => void;
}) {
  const say = useSay();
  const menu = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const shown = menu.current;
    if (!shown) return;
    const { width, height } = shown.getBoundingClientRect();
    shown.style.left = `${Math.max(4, Math.min(x, window.innerWidth - width - 4))}px`;
    shown.style.top = `${Math.max(4, Math.min(y, window.innerHeight - height - 4))}px`;
    shown.querySelector("button")?.focus();
  }, [x, y]);
  useEffect(() => {
    const outside = (event: MouseEvent) => {
      if (event.target instanceof Node && !menu.current?.contains(event.target)) onClose();
    };
    document.addEventListener("mousedown", outside);
    return () => document.removeEventListener("mousedown", outside);
  }, [onClose]);

  const step = (key: string) => {
    const buttons = [...(menu.current?.querySelectorAll("button") ?? [])];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const to = key === "Home" ? 0 : key === "End" ? buttons.length - 1 : (at + (key === "ArrowDown" ? 1 : -1) + buttons.length) % buttons.length;
    buttons[to]?.focus();
  };
  return (
    <div
      ref={menu}
      className="cell-menu"
      role="menu"
      tabIndex={-1}
      aria-label={say("menu.label")}
      onKeyDown={(event) => {
        if (event.key === "Escape" || event.key === "Tab") onClose();
        else if (["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) step(event.key);
        else return;
        event.preventDefault();
        event.stopPropagation();
      }}
    >
      {items.map((item) => (
        <button
          key={item.label}
          type="button"
          role="menuitem"
          tabIndex={-1}
          className={item.parted ? "parted" : ""}
          onClick={() => {
            onClose();
            item.run();
          }}
        >
          <span>{item.label}</span>
          {item.keys === undefined ? null : <kbd>{item.keys}</kbd>}
        </button>
      ))}
    </div>
  );
}
