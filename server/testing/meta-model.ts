import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

/*
 * Validates messages against the protocol's meta model (metaModel.json of the specification's repository). The file is not part of this
 * repository: it is taken from SLUICE_LSP_METAMODEL or from `../shared/data` beside it.
 */

type Type =
  | { readonly kind: "base" | "reference"; readonly name: string }
  | { readonly kind: "array"; readonly element: Type }
  | { readonly kind: "map"; readonly key: Type; readonly value: Type }
  | { readonly kind: "and" | "or" | "tuple"; readonly items: readonly Type[] }
  | { readonly kind: "literal"; readonly value: { readonly properties: readonly Property[] } }
  | { readonly kind: "stringLiteral"; readonly value: string };
interface Property {
  readonly name: string;
  readonly type: Type;
  readonly optional?: boolean;
}
interface Structure {
  readonly name: string;
  readonly properties: readonly Property[];
  readonly extends?: readonly Type[];
  readonly mixins?: readonly Type[];
}
interface Enumeration {
  readonly name: string;
  readonly type: Type;
  readonly values: readonly { readonly value: unknown }[];
  readonly supportsCustomValues?: boolean;
}
interface Message {
  readonly method: string;
  readonly messageDirection: "clientToServer" | "serverToClient" | "both";
  readonly params?: Type | readonly Type[];
  readonly result?: Type;
}
interface MetaModel {
  readonly requests: readonly Message[];
  readonly notifications: readonly Message[];
  readonly structures: readonly Structure[];
  readonly enumerations: readonly Enumeration[];
  readonly typeAliases: readonly { readonly name: string; readonly type: Type }[];
}

export type Sender = "client" | "server";
export interface RpcMessage {
  readonly id?: number | string | null;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: unknown;
}

/** Path of the meta model; `undefined` where it is not at hand. */
export function metaModelPath(root: string, environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const candidates = [environment["SLUICE_LSP_METAMODEL"], path.join(root, "../shared/data/lsp-3.18-metaModel.json")];
  return candidates.find((candidate) => candidate !== undefined && existsSync(candidate));
}

export interface Validator {
  /** Takes one message that was sent; what is wrong with it is added to `mistakes`. Methods of our own are not looked into. */
  readonly check: (sender: Sender, message: RpcMessage) => void;
  readonly mistakes: readonly string[];
  readonly checked: () => number;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null && !Array.isArray(value);

const uri = (value: unknown) => typeof value === "string" && /^[a-z][a-z\d+.-]*:/i.test(value);
const fits: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === "string",
  ["DocumentUri"]: uri,
  ["URI"]: uri,
  integer: (value) => Number.isInteger(value) && Math.abs(value as number) <= 2 ** 31,
  uinteger: (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31,
  decimal: (value) => typeof value === "number",
  boolean: (value) => typeof value === "boolean",
  null: (value) => value === null,
};
const errorType: Type = {
  kind: "literal",
  value: {
    properties: [
      { name: "code", type: { kind: "base", name: "integer" } },
      { name: "message", type: { kind: "base", name: "string" } },
      { name: "data", type: { kind: "reference", name: "LSPAny" }, optional: true },
    ],
  },
};

export function createValidator(file: string): Validator {
  const model = JSON.parse(readFileSync(file, "utf8")) as MetaModel;
  const structures = new Map(model.structures.map((structure) => [structure.name, structure]));
  const enumerations = new Map(model.enumerations.map((enumeration) => [enumeration.name, enumeration]));
  const aliases = new Map(model.typeAliases.map((alias) => [alias.name, alias.type]));
  const requests = new Map(model.requests.map((request) => [request.method, request]));
  const notifications = new Map(model.notifications.map((notification) => [notification.method, notification]));
  const mistakes: string[] = [];
  const waiting = new Map<string, string>();
  let count = 0;

  const propertiesOf = (name: string): readonly Property[] => {
    const structure = structures.get(name);
    if (!structure) return [];
    const inherited = [...(structure.extends ?? []), ...(structure.mixins ?? [])].flatMap((type) => ("name" in type ? propertiesOf(type.name) : []));
    const own = new Set(structure.properties.map((property) => property.name));
    return [...structure.properties, ...inherited.filter((property) => !own.has(property.name))];
  };

  const object = (value: unknown, properties: readonly Property[], at: string): string | undefined => {
    if (!isObject(value)) return `${at} is no object`;
    for (const { name, type, optional } of properties) {
      if (value[name] === undefined) {
        if (!optional) return `${at}.${name} is missing`;
        continue;
      }
      const mistake = mistakeIn(value[name], type, `${at}.${name}`);
      if (mistake) return mistake;
    }
    const known = new Set(properties.map(({ name }) => name));
    const unknown = Object.keys(value).find((name) => !known.has(name));
    return unknown === undefined ? undefined : `${at}.${unknown} is no property of it`;
  };

  const base = (value: unknown, name: string, at: string): string | undefined => {
    return fits[name]?.(value) ? undefined : `${at} is no ${name}: ${JSON.stringify(value)}`;
  };

  const enumerated = (value: unknown, { type, values, supportsCustomValues }: Enumeration, at: string): string | undefined => {
    const mistake = mistakeIn(value, type, at);
    if (mistake || supportsCustomValues || values.some((each) => each.value === value)) return mistake;
    return `${at} is no value of its enumeration: ${JSON.stringify(value)}`;
  };

  const mistakeIn = (value: unknown, type: Type, at: string): string | undefined => {
    switch (type.kind) {
      case "base":
        return base(value, type.name, at);
      case "reference": {
        if (["LSPAny", "LSPObject", "LSPArray"].includes(type.name)) return undefined;
        const enumeration = enumerations.get(type.name);
        if (enumeration) return enumerated(value, enumeration, at);
        const alias = aliases.get(type.name);
        return alias ? mistakeIn(value, alias, at) : object(value, propertiesOf(type.name), at);
      }
      case "array":
        if (!Array.isArray(value)) return `${at} is no array`;
        return value.map((item, index) => mistakeIn(item, type.element, `${at}[${index}]`)).find((mistake) => mistake !== undefined);
      case "tuple":
        if (!Array.isArray(value) || value.length !== type.items.length) return `${at} is no tuple of ${type.items.length}`;
        return value.map((item, index) => mistakeIn(item, type.items[index]!, `${at}[${index}]`)).find((mistake) => mistake !== undefined);
      case "map":
        if (!isObject(value)) return `${at} is no map`;
        return Object.entries(value)
          .map(([key, item]) => mistakeIn(item, type.value, `${at}.${key}`))
          .find((mistake) => mistake !== undefined);
      case "or": {
        const found = type.items.map((item) => mistakeIn(value, item, at));
        return found.some((mistake) => mistake === undefined) ? undefined : `${at} fits no alternative (${[...new Set(found)].join("; ")})`;
      }
      case "and":
        return object(
          value,
          type.items.flatMap((item) => ("name" in item ? propertiesOf(item.name) : [])),
          at,
        );
      case "literal":
        return object(value, type.value.properties, at);
      case "stringLiteral":
        return value === type.value ? undefined : `${at} is not "${type.value}"`;
    }
  };

  const report = (mistake: string | undefined) => {
    if (mistake !== undefined) mistakes.push(mistake);
  };
  const paramsOf = ({ params }: Message) => params as Type | undefined;

  return {
    mistakes,
    checked: () => count,
    check: (sender, { id, method, params, result, error }) => {
      count++;
      if (method === undefined) {
        const asked = waiting.get(`${sender} ${id}`);
        waiting.delete(`${sender} ${id}`);
        if (asked === undefined) return report(`${sender} answers ${id}, which nobody asked`);
        if (asked.startsWith("sluice/")) return;
        if (error !== undefined) return report(mistakeIn(error, errorType, `error of ${asked}`));
        if (result === undefined) return report(`${asked} is answered with neither result nor error`);
        return report(mistakeIn(result, requests.get(asked)!.result!, `result of ${asked}`));
      }
      const isRequest = id !== undefined;
      if (isRequest) waiting.set(`${sender === "client" ? "server" : "client"} ${id}`, method);
      if (method.startsWith("sluice/")) return;
      const message = (isRequest ? requests : notifications).get(method);
      if (!message) return report(`${method} is no ${isRequest ? "request" : "notification"} of the protocol`);
      const direction = sender === "client" ? "clientToServer" : "serverToClient";
      if (message.messageDirection !== direction && message.messageDirection !== "both") report(`${method} may not be sent by the ${sender}`);
      const expected = paramsOf(message);
      if (expected === undefined) return params === undefined || params === null ? undefined : report(`${method} takes no params`);
      report(mistakeIn(params, expected, `params of ${method}`));
    },
  };
}
