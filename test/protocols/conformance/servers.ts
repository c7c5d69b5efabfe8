// Who speaks as a provider in these tests. Where clients speak the protocol too, their half of it writes the answers; the
// others have a server here. What such a protocol has no word for is told as a loss.
import type { ProviderCodec } from "../../../dataplane/protocols/codec.ts";
import { cohereWriter } from "./cohere-server.ts";
import { dashscopeWriter } from "./dashscope-server.ts";
import { ollamaWriter } from "./ollama-server.ts";
import { bothHalves } from "./protocols.ts";
import { serverBy, type Server, type Writer } from "./server-writing.ts";

export type { Server } from "./server-writing.ts";

const writers: Readonly<Record<string, Writer>> = { cohere: cohereWriter, dashscope: dashscopeWriter, ollama: ollamaWriter };

/** Null where nobody writes such answers here. */
export const serverOf = (provider: ProviderCodec): Server | null => {
  const writer = writers[provider.name];
  return bothHalves(provider) ?? (writer === undefined ? null : serverBy(writer));
};

/** Whether its providers sign their thinking, or give it sealed: only where clients can bring that back. */
export const signs = (provider: ProviderCodec): boolean => bothHalves(provider) !== null;

const CUT = "a text is cut where it is cited, which its half for clients does not do; it writes these answers";

/** What a provider may say although nobody says it here, and why: by the provider's protocol and the answer's name. */
export const unwritten: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "bedrock-converse": {
    "a citation of a part": CUT,
    "a citation behind other signs": CUT,
    "an end at a pause": "Claude's word is read behind Converse, which has none of its own for its clients, whose half of it writes these answers",
  },
};
