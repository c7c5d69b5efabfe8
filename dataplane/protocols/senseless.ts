// What makes no sense in any protocol, and is refused where it is read: tools of one name twice, and limits of the answer that
// are none. What one provider takes and another does not is theirs to judge.
import type { Invalid } from "./codec.ts";
import type { Tool } from "./ir.ts";

/** Beyond them a number is no longer the one that was written. */
export const problemOfLimit = (limit: number | null, parameter: string): Invalid | null =>
  limit === null || (Number.isSafeInteger(limit) && limit > 0) ? null : { problem: `${parameter} must be a whole number from 1 to ${Number.MAX_SAFE_INTEGER}.`, parameter };

/** What a provider runs itself is called by its kind, of which there may be several. */
export const problemOfTools = (tools: readonly Tool[]): Invalid | null => {
  if (tools.length < 2) return null;
  const places = new Map<string, string>();
  for (const tool of tools) {
    if (tool.kind === "hosted") continue;
    const place = places.get(tool.name);
    if (place !== undefined) return { problem: `${tool.at} has the name of ${place}. Give every tool a name of its own.`, parameter: tool.at };
    places.set(tool.name, tool.at);
  }
  return null;
};
