// Which folders are meant when none is named: the examples' manifests, and a run's state by the manifests that it serves.
import { hash } from "node:crypto";
import { realpathSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stateHome } from "../settings.ts";

export const EXAMPLES = fileURLToPath(new URL("../../examples", import.meta.url));

/** By the folder's real name, so that a link to it is the same run. */
export const stateFor = (manifests: string): string => {
  let real = manifests;
  try {
    real = realpathSync(manifests);
  } catch {
    // A folder that is not there is refused a moment later, with better words.
  }
  return join(stateHome(), hash("sha256", real, "hex").slice(0, 16));
};
