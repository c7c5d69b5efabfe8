// What the operator takes from its surroundings, read once. The only reader of process.env here.
// Flags are the command line's matter; nothing is decided here.
import { homedir } from "node:os";
import { join } from "node:path";
import packageJson from "../package.json" with { type: "json" };

export const build: string = packageJson.version;

export type Environment = Readonly<Record<string, string | undefined>>;

export const environment: Environment = Object.freeze({ ...process.env });

/** Where a run keeps what must outlive it, unless it is told a folder. */
export const stateHome = (given: Environment = environment): string => {
  const home = given.XDG_STATE_HOME;
  return join(home === undefined || home === "" ? join(homedir(), ".local", "state") : home, "llm-gateway");
};

/** Where Node keeps what it made of the sources, so that the second start of a process takes a third of the time. */
export const compileCache = (given: Environment = environment): string => join(stateHome(given), "compile-cache");

const INHERITED = ["PATH", "HOME", "TMPDIR", "TZ", "LANG", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR"];

/** For child processes: what a process needs to run, and nothing that could be a key. */
export const childEnvironment = (own: Readonly<Record<string, string>>, given: Environment = environment): Record<string, string> => {
  const inherited = Object.entries(given).filter(([name, value]) => value !== undefined && (INHERITED.includes(name) || name.startsWith("OTEL_")));
  return Object.fromEntries([["NODE_COMPILE_CACHE", compileCache(given)], ...inherited.map(([name, value]) => [name, value ?? ""]), ...Object.entries(own)]);
};

// The variables by which the clouds' own libraries find an identity, and the way out to them.
const CLOUD = /^(?:AWS_|GOOGLE_|AZURE_|GCE_METADATA_|CLOUDSDK_CONFIG$)|^(?:HTTPS?|NO)_PROXY$/i;

/** For data planes on a laptop alone: a provider that names no Secret uses the identity of whoever runs them. */
export const cloudEnvironment = (given: Environment = environment): Record<string, string> =>
  Object.fromEntries(Object.entries(given).flatMap(([name, value]) => (value !== undefined && CLOUD.test(name) ? [[name, value]] : [])));
