// The rows of the tables that the gateway itself uses: a new protocol is in this suite when it is there.
import type { ClientCodec, Codec, ProviderCodec, TargetModel } from "../../../dataplane/protocols/codec.ts";
import { type Dialect, noDialect } from "../../../dataplane/protocols/dialect.ts";
import { clientCodecs, providerCodecs } from "../../../dataplane/protocols/index.ts";
import { completionsHalf } from "./completions.ts";

export const clients: readonly ClientCodec[] = Object.values(clientCodecs);
export const providers: readonly ProviderCodec[] = Object.values(providerCodecs);

/** A name that no table of models knows, so that the protocol's own limits count and not some model's. */
export const MODEL = "model-x";

/** Where a protocol is spoken by one vendor's models, one of those. */
export const representatives: Readonly<Record<string, string>> = { "anthropic-messages": "claude-sonnet-4-5" };

/** Whom clients ask when their protocol has a word that not every model is asked in. */
const knowing: Readonly<Record<string, readonly string[]>> = { "anthropic-messages": ["claude-sonnet-4-5", "claude-opus-4-8"], "bedrock-converse": ["anthropic.claude-sonnet-4-5-20250929-v1:0"] };

/** One after the other, until one is there that can be asked. */
export const modelsAskedBy = ({ name }: ClientCodec): readonly string[] => [MODEL, ...(knowing[name] ?? [])];

export const modelOf = ({ name }: ProviderCodec): string => representatives[name] ?? MODEL;

export const targetOf = ({ name }: ProviderCodec, isStreaming: boolean, model = MODEL): TargetModel => ({ model, isStreaming, dialect: noDialect, origin: `${name}/vendor`, outputTokensMax: 1357 });

/** Clients write what is read, also where a vendor would refuse it. */
const spoken: Dialect = { reasoningMember: "reasoning_details", cacheMember: "cache_control", prefillMember: "prefix" };

export const speakingTo = (provider: ProviderCodec, isStreaming: boolean, model = MODEL): TargetModel => ({ ...targetOf(provider, isStreaming, model), dialect: spoken });

/** A protocol that can also be written as clients write it, or read as they read it: its other half, or null. */
export const bothHalves = (one: ClientCodec | ProviderCodec): Codec | null => {
  const [client, provider] = [clientCodecs[one.name], providerCodecs[one.name] ?? (one.name === completionsHalf.name ? completionsHalf : undefined)];
  return client === undefined || provider === undefined ? null : { ...client, ...provider };
};
