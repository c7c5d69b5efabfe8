// Metadata and ids of users where the target takes them as labels: what is none becomes the nearest one, and each that was
// changed or left out for another of its name is told. Ids that are too long are digests by then, see ids.ts.
import type { Abilities } from "../abilities.ts";
import type { Conversation } from "../ir.ts";
import type { Concern, Fitting } from "./fitting.ts";

type Label = NonNullable<Abilities["label"]>;
type Metadata = NonNullable<Conversation["metadata"]>;

/** Half of a character at the cut is refused like any other. */
const labelOf = (words: string, { refused, lengthMax }: Label): string => words.toLowerCase().slice(0, lengthMax).replace(refused, "_");

/** The first of a name stays; the very same when there is nothing to do. */
const labelled = (metadata: Metadata, taken: Set<string>, label: Label, fitting: Fitting): Metadata => {
  const labels: [string, string][] = [];
  let isChanged = false;
  for (const [key, value] of Object.entries(metadata)) {
    const name = labelOf(key, label);
    const words = labelOf(value, label);
    const isTaken = taken.has(name);
    taken.add(name);
    if (!isTaken) labels.push([name, words]);
    if (!isTaken && name === key && words === value) continue;
    isChanged = true;
    fitting.lose(`${fitting.client.fieldNames.metadata}.${key}`, "approximated", "minor");
  }
  return isChanged ? Object.fromEntries(labels) : metadata;
};

export const fitLabels: Concern = (conversation, fitting) => {
  const { label } = fitting.abilities;
  const { metadata, userId } = conversation;
  if (label === undefined || (metadata === null && userId === null)) return conversation;
  const user = userId === null ? null : labelOf(userId, label);
  if (user !== userId) fitting.loseField("userId", "approximated", "minor");
  const labels = metadata === null ? null : labelled(metadata, new Set(userId === null ? [] : [label.ofUser]), label, fitting);
  return user === userId && labels === metadata ? conversation : { ...conversation, userId: user, metadata: labels };
};
