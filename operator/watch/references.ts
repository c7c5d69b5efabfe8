// Which Secrets and ConfigMaps the providers need: only of those is the content fetched. Pure.
import type { LLMProvider } from "../../crds/provider.ts";
import { keyOf } from "../world.ts";

/** Keys such as "Secret/team-a/openai-key". A reference leads to the provider's own namespace, and nowhere else. */
export const referencesOf = (providers: Iterable<LLMProvider>): Set<string> => {
  const keys = new Set<string>();
  for (const { metadata, spec } of providers) {
    const namespace = metadata.namespace ?? "";
    const { secretRef: single, keys: pool = [], aws, gcp, azure, oauth } = spec.auth ?? {};
    const secrets = [single, ...pool.map(({ secretRef }) => secretRef), aws?.credentialsRef, gcp?.credentialsRef, azure?.clientSecretRef, oauth?.clientSecretRef];
    for (const secret of secrets) if (secret !== undefined) keys.add(keyOf({ kind: "Secret", namespace, name: secret.name }));
    for (const { kind, name } of spec.tls?.caRefs ?? []) keys.add(keyOf({ kind, namespace, name }));
  }
  return keys;
};
