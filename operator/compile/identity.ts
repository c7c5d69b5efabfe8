// The data plane's own identity may only be sent to the cloud that it belongs to: a bearer token that a tenant could have
// sent to a server of the tenant's own would be stolen. An AWS signature is good for the host it was made for and no other.
import type { ProviderAuth, ProviderSpec, ProviderType } from "../../crds/provider.ts";
import { finding, type Finding } from "./diagnostics.ts";

interface Cloud {
  readonly name: string;
  readonly field: string;
  /** Ends of host names, with the dot. */
  readonly hosts: readonly string[];
  /** Types whose own address, where no endpoint is given, is in that cloud. */
  readonly types: readonly ProviderType[];
}

const google: Cloud = { name: "Google", field: "gcp.credentialsRef", hosts: [".googleapis.com"], types: ["VertexAI", "Gemini"] };

const azure: Cloud = {
  name: "Azure",
  field: "azure.clientSecretRef",
  hosts: [
    ".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com", ".models.ai.azure.com",
    ".openai.azure.us", ".cognitiveservices.azure.us", ".openai.azure.cn", ".cognitiveservices.azure.cn",
  ],
  types: ["AzureOpenAI"],
};

const cloudOf = (auth: ProviderAuth): Cloud | undefined => {
  if (auth.type === "GCP" && auth.gcp?.credentialsRef === undefined) return google;
  return auth.type === "Azure" && auth.azure?.clientSecretRef === undefined ? azure : undefined;
};

export const strayIdentity = ({ type, endpoints }: ProviderSpec, auth: ProviderAuth): Finding[] => {
  const cloud = cloudOf(auth);
  if (cloud === undefined) return [];
  const told = { cloud: cloud.name, hosts: cloud.hosts.map((end) => `*${end}`).join(", "), field: cloud.field };
  if (endpoints === undefined) return cloud.types.includes(type) ? [] : [finding("IdentityElsewhere", "spec.auth.type", { ...told, where: `type ${type} is` })];
  return endpoints.flatMap(({ url }, index) =>
    isIn(cloud, url) ? [] : [finding("IdentityElsewhere", `spec.endpoints[${index}].url`, { ...told, where: `endpoint ${url} is` })]);
};

const isIn = ({ hosts }: Cloud, url: string): boolean => {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, port } = new URL(url);
  return protocol === "https:" && port === "" && hosts.some((end) => hostname.endsWith(end));
};
