// The text of one manifest file → its documents, each with the line of every field.
// It knows YAML and JSON (which is YAML), but no kind; aliases are bounded, so that a small file cannot become a large object.
import { constructFromEvents, EVENT_ID, getScalarValue, parseEvents, YAMLException, type Event } from "js-yaml";

export interface ManifestDocument {
  readonly value: unknown;
  /** Line of a field by its path, "spec.targets[0].model"; the nearest field above it where there is none. Counted from 1. */
  readonly lineOf: (path: string) => number;
}

export type Manifest =
  | { readonly documents: readonly ManifestDocument[]; readonly problem?: never }
  | { readonly documents?: never; readonly problem: { readonly line: number; readonly message: string } };

const ALIASES_MAX = 32;

export const parseManifest = (text: string): Manifest => {
  const lineAt = lineFinder(text);
  try {
    const documents = splitDocuments(parseEvents(text, {})).map((events) => {
      const [value] = constructFromEvents(events, { source: text, maxAliases: ALIASES_MAX });
      const offsets = offsetsOf(events, text);
      return { value, lineOf: (path: string) => lineAt(nearest(offsets, path)) };
    });
    return { documents };
  } catch (error) {
    return { problem: problemOf(error) };
  }
};

const problemOf = (error: unknown): { line: number; message: string } => {
  if (error instanceof YAMLException) return { line: (error.mark?.line ?? 0) + 1, message: `not valid YAML: ${error.reason}` };
  return { line: 1, message: `not valid YAML: ${error instanceof Error ? error.message : "unreadable"}` };
};

const splitDocuments = (events: readonly Event[]): Event[][] => {
  const documents: Event[][] = [];
  for (const event of events) {
    if (event.type === EVENT_ID.DOCUMENT) documents.push([]);
    documents.at(-1)?.push(event);
  }
  return documents;
};

const lineFinder = (text: string): ((offset: number) => number) => {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    const after = starts.findIndex((start) => start > offset);
    return after === -1 ? starts.length : after;
  };
};

interface Frame {
  readonly path: string;
  readonly isMapping: boolean;
  /** A mapping's key that waits for its value. */
  key: string | undefined;
  index: number;
}

/** Path → offset, in one walk over the events: a mapping's events are key, value, key, value. */
const offsetsOf = (events: readonly Event[], text: string): ReadonlyMap<string, number> => {
  const offsets = new Map<string, number>();
  const frames: Frame[] = [];
  for (const event of events) {
    if (event.type === EVENT_ID.DOCUMENT) continue;
    if (event.type === EVENT_ID.POP) {
      frames.pop();
      continue;
    }
    const path = placeOf(event, frames.at(-1), offsets, text);
    if (event.type === EVENT_ID.MAPPING || event.type === EVENT_ID.SEQUENCE) {
      frames.push({ path: path ?? "", isMapping: event.type === EVENT_ID.MAPPING, key: undefined, index: 0 });
    }
  }
  return offsets;
};

type NodeEvent = Exclude<Event, { type: typeof EVENT_ID.DOCUMENT } | { type: typeof EVENT_ID.POP }>;

/** Where the event stands, noting the offset of what is seen for the first time. */
const placeOf = (event: NodeEvent, frame: Frame | undefined, offsets: Map<string, number>, text: string): string | undefined => {
  const offset = offsetOf(event);
  if (frame === undefined) {
    offsets.set("", Math.max(0, offset));
    return "";
  }
  if (frame.isMapping && frame.key === undefined) {
    frame.key = event.type === EVENT_ID.SCALAR ? getScalarValue(text, event) : "?";
    note(offsets, memberPath(frame.path, frame.key), offset);
    return undefined;
  }
  const path = frame.isMapping ? memberPath(frame.path, frame.key ?? "") : `${frame.path}[${frame.index}]`;
  frame.key = undefined;
  frame.index += 1;
  if (!frame.isMapping) note(offsets, path, offset);
  return path;
};

const memberPath = (path: string, key: string): string => (path === "" ? key : `${path}.${key}`);

const note = (offsets: Map<string, number>, path: string, offset: number): void => {
  if (offset >= 0 && !offsets.has(path)) offsets.set(path, offset);
};

const offsetOf = (event: NodeEvent): number => {
  if (event.type === EVENT_ID.SCALAR) return event.valueStart;
  return event.type === EVENT_ID.ALIAS ? event.anchorStart : event.start;
};

const nearest = (offsets: ReadonlyMap<string, number>, path: string): number => {
  for (let at = path; at !== ""; at = at.slice(0, Math.max(at.lastIndexOf("."), at.lastIndexOf("["), 0))) {
    const offset = offsets.get(at);
    if (offset !== undefined) return offset;
  }
  return offsets.get("") ?? 0;
};
