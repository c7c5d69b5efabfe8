// Whether a pod has a sidecar of ours, for those who put it in and those who count what is there. It judges neither labels nor namespaces.
import { SIDECAR_NAME } from "./labels.ts";
import { namesOf, type Fields } from "./types.ts";

/**
 * In whichever list it stands: a pod into which somebody wrote it among the other containers gets no second one, since two of one
 * name the API server refuses, and so must count as one that has it.
 */
export const hasSidecar = (spec: Fields): boolean => [spec["containers"], spec["initContainers"]].some((list) => namesOf(list).includes(SIDECAR_NAME));
