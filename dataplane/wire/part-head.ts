// The head of one part of a form: which field it is, strictly read. It sees no content.
// What two parsers could read in two ways is a problem here, since the other one is the provider's.

export const NAMELESS = "a part has no content-disposition of form-data with a name";

export interface Parameter {
  /** Lower case. */
  readonly name: string;
  /** Without quotes; backslashes stay, since old browsers send whole paths as file names. */
  readonly value: string;
}

/** `a=b; c="d"`; null when it is not that. Values without quotes may hold what boundaries may, since clients do not quote them. */
export const parametersOf = (text: string): Parameter[] | null => {
  const trimmed = text.trim();
  const pattern = /[ \t]*([!#$%&'*+.^`|~\w-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s";]+))[ \t]*(?:;|$)/y;
  const parameters: Parameter[] = [];
  while (pattern.lastIndex < trimmed.length) {
    const found = pattern.exec(trimmed);
    if (found === null) return null;
    parameters.push({ name: (found[1] ?? "").toLowerCase(), value: found[2] ?? found[3] ?? "" });
  }
  return parameters;
};

export interface PartHead {
  readonly problem: string;
  readonly name: string;
  readonly isFile: boolean;
  readonly isEncoded: boolean;
}

const broken = (problem: string): PartHead => ({ problem, name: "", isFile: false, isEncoded: false });

/** `text` is the headers without the empty line behind them. */
export const readPart = (text: string): PartHead => {
  const headers = new Map<string, string>();
  for (const line of text.split("\r\n")) {
    const [, name = "", value = ""] = /^([!#$%&'*+.^`|~\w-]+):[ \t]*([^\r\n\0]*)$/.exec(line) ?? [];
    if (name === "") return broken("a part has a malformed header");
    if (headers.has(name.toLowerCase())) return broken("a part has the same header twice");
    headers.set(name.toLowerCase(), value.trim());
  }
  const disposition = /^form-data[ \t]*;(.*)$/i.exec(headers.get("content-disposition") ?? "")?.[1];
  const parameters = disposition === undefined ? null : parametersOf(disposition);
  const names = parameters?.filter(({ name }) => name === "name" || name === "name*") ?? [];
  const [only] = names;
  if (parameters === null || only === undefined) return broken(NAMELESS);
  if (names.length > 1 || only.name === "name*" || only.value.includes("\\")) return broken("a part's name can be read in two ways");
  const encoding = (headers.get("content-transfer-encoding") ?? "binary").toLowerCase();
  return {
    problem: "",
    name: only.value,
    isFile: parameters.some(({ name }) => name === "filename" || name === "filename*"),
    isEncoded: encoding !== "binary" && encoding !== "8bit" && encoding !== "7bit",
  };
};
