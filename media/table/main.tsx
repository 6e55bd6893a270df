import "../shared/theme.css";
import "./table.css";
import { createRoot } from "react-dom/client";
import type { TableMessage, TableRequest } from "../../runtime/src/model/table-messages.ts";
import { connectHost } from "../shared/host.ts";
import { App } from "./app.tsx";
import { createSession } from "./session.ts";

const nonce = document.currentScript?.nonce ?? "";
const rootElement = document.getElementById("root");
if (!rootElement) throw new Error("The page has no root element.");
const root = createRoot(rootElement);
const host = connectHost<TableRequest, TableMessage>();
const session = createSession(host, { onTexts: (texts) => root.render(<App session={session} texts={texts} nonce={nonce} />) });
host.send({ type: "ready" });
