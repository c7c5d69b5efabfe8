// Labels and names by which the objects of a cluster say that they concern us. What follows from one is decided by whoever reads it.

/** On each pod that is or has a data plane, with the gateway's name; on their Services, and so on their EndpointSlices. */
export const GATEWAY_LABEL = "llmgateway.io/gateway";
/** "true" on a namespace that is open to sidecars, and on each pod that has one. */
export const INJECT_LABEL = "llmgateway.io/inject";

/** The container that is added to a pod with a sidecar. */
export const SIDECAR_NAME = "llm-gateway";
