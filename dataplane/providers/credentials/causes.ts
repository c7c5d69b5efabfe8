// From what a library threw to words: short ones for callers, without hosts and names, and longer ones for the log.
// Secrets that are known here are taken out of both, whatever the library wrote.
import { AddressRefused } from "../connect.ts";
import { CredentialUnavailable } from "./authorization.ts";

const WORDS_MAX = 500;
const CODE = /^[A-Za-z][A-Za-z0-9_.-]{1,63}$/;

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields => (typeof value === "object" && value !== null ? (value as Fields) : {});

/** The error and what led to it, the outermost first. */
const chainOf = (error: unknown): Fields[] => {
  const chain: Fields[] = [];
  for (let one = error; typeof one === "object" && one !== null && chain.length < 8; one = fieldsOf(one)["cause"] ?? firstOf(fieldsOf(one)["errors"])) chain.push(fieldsOf(one));
  return chain;
};

const firstOf = (value: unknown): unknown => (Array.isArray(value) ? value[0] : undefined);

/** Undefined where the field is none that may be shown: a status, or a code word of a protocol or the operating system. */
const statusOf = (error: Fields): number | undefined => {
  const status = error["status"] ?? error["statusCode"] ?? fieldsOf(error["response"])["status"] ?? fieldsOf(error["$metadata"])["httpStatusCode"];
  return typeof status === "number" && status >= 100 && status < 600 ? status : undefined;
};

const systemCodeOf = (error: Fields): string | undefined => {
  const { code } = error as { readonly code?: unknown };
  return typeof code === "string" && /^E[A-Z_]{3,40}$|^CONNECTION_CLOSED$|^NOT_HTTP$|^[A-Z_]*CERT[A-Z_]*$/.test(code) ? code : undefined;
};

/** `words`: code words that the scheme's own protocol has for its refusals, such as "invalid_client". */
export const explained = (error: unknown, words: (error: Fields) => unknown, secrets: readonly string[] = []): CredentialUnavailable => {
  if (error instanceof CredentialUnavailable) return error;
  const chain = chainOf(error);
  const message = withoutSecrets(chain.map((one) => one["message"]).find((text): text is string => typeof text === "string" && text !== "") ?? "it failed without words", secrets);
  return new CredentialUnavailable(reasonOf(error, chain, words), message);
};

const reasonOf = (error: unknown, chain: readonly Fields[], words: (error: Fields) => unknown): string => {
  if (error instanceof AddressRefused) return `its issuer's address may not be dialled from here: ${error.reason}`;
  const status = first(chain, statusOf);
  const word = first(chain, (one) => {
    const found = words(one);
    return typeof found === "string" && CODE.test(found) ? found : undefined;
  });
  if (status !== undefined && status >= 400) return `its issuer refused with ${word === undefined ? status : `${status} ${word}`}`;
  if (word !== undefined) return `its issuer refused with ${word}`;
  const system = first(chain, systemCodeOf);
  return system === undefined ? "the log of the gateway has the details" : `its issuer could not be asked (${system})`;
};

const first = <Found>(chain: readonly Fields[], look: (error: Fields) => Found | undefined): Found | undefined => {
  for (const error of chain) {
    const found = look(error);
    if (found !== undefined) return found;
  }
  return undefined;
};

/** In one line of limited length. A secret may stand in it escaped as well, as in a form. */
export const withoutSecrets = (text: string, secrets: readonly string[]): string => {
  let clean = text;
  for (const secret of secrets) {
    if (secret.length < 4) continue;
    clean = clean.replaceAll(secret, "[redacted]").replaceAll(encodeURIComponent(secret), "[redacted]");
  }
  return clean.replaceAll(/\s+/g, " ").slice(0, WORDS_MAX);
};
