// Why data planes and operator believe each other: the certificate that is shown to them, and what their tokens let them have.
// It wires what the settings name to what is watched; how keys are made and tokens reviewed is publish/'s matter.
import { X509Certificate } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { KubeClient } from "../kube/client.ts";
import { authorityStore, tokenReviewer } from "../publish/api-server.ts";
import { audienceIn, startAuthentication, type Fleet } from "../publish/authenticate.ts";
import { keepAuthority, serviceNames } from "../publish/keep-authority.ts";
import type { PublisherParts } from "../publish/server.ts";
import { watchCertificateFiles, type CertificateFiles, type ServingCertificate } from "../publish/tls.ts";
import type { ClusterWatch } from "../watch/cluster.ts";
import { isOpenToSidecars } from "../watch/pods.ts";
import type { World } from "../world.ts";
import type { Trust } from "./settings.ts";

export interface TrustParts {
  readonly client: KubeClient;
  /** The operator's own. */
  readonly namespace: string;
  readonly watch: Pick<ClusterWatch, "pod" | "world">;
  /** Further Services of ours that show the certificate. */
  readonly alsoServes: readonly string[];
  readonly clock: Clock;
  readonly say: (message: string) => void;
}

export interface Trusting {
  readonly authorize: PublisherParts["authorize"];
  readonly tls: ServingCertificate;
  close(): void;
}

/** Resolves when there is a certificate to show: our own is made, where nobody has made one yet. */
export const openTrust = async (trust: Trust, parts: TrustParts): Promise<Trusting> => {
  const fleet = fleetOf(trust, parts.watch);
  const authorize = startAuthentication({
    review: tokenReviewer(parts.client),
    audience: trust.audience,
    speaksFor: (account, gateway, pod) => audienceIn(fleet, account, gateway, pod),
    clock: parts.clock,
  });
  const certificate = await openCertificate(trust.certificate, parts);
  return { authorize, tls: certificate, close: () => certificate.close() };
};

// Those who stand by neither make nor read one: the leader alone writes, and of two leaders the slower one's write is refused.
const openCertificate = (certificate: Trust["certificate"], { client, namespace, alsoServes, clock, say }: TrustParts): Promise<CertificateFiles> => {
  if (!certificate.isOwn) return watchCertificateFiles({ ...certificate, clock, say });
  const { service, secretName, bundleName } = certificate;
  return keepAuthority({ store: authorityStore(client, namespace), secretName, bundleName, names: [service, ...alsoServes].flatMap((one) => serviceNames(one, namespace)), clock, say });
};

const fleetOf = ({ accounts }: Trust, watch: TrustParts["watch"]): Fleet => ({
  gateways: accounts,
  isOpenToSidecars: (namespace) => isOpenToSidecars(watch.world(), namespace),
  podOf: (namespace, { name, uid }) => {
    const known = watch.pod(`${namespace}/${name}`);
    // The same name under another uid is another pod.
    return known?.uid === uid ? known.value : undefined;
  },
});

/** Namespaces whose pods may have sidecars. */
export const openNamespaces = (world: Pick<World, "namespaces">): string[] => Object.keys(world.namespaces).filter((name) => isOpenToSidecars(world, name));

/** Milliseconds since 1970. */
export const endOf = ({ cert }: { readonly cert: string }): number => new X509Certificate(cert).validToDate.getTime();
