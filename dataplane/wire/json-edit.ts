// Changes top-level members in the bytes of a JSON object: leaves them out, calls them otherwise, puts in what must be there.
// What is not named stays as it is to the byte; values are not parsed. It does not judge the object: a broken one is not changed.
import { Crossing, skipSpace, stringEnd, valueEnd } from "./json-cross.ts";
import { readString } from "./json-top-level.ts";

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const COLON = 0x3a;
const CLOSE_BRACE = 0x7d;
/** No request has so many; one that has is not changed. */
const MEMBERS_MAX = 1024;

export interface MemberEdit {
  readonly drops: ReadonlySet<string>;
  /** To the name that it gets; where a member has that name already, it is left out instead. */
  readonly renames: ReadonlyMap<string, string>;
  /** JSON of what is put in where it is missing. */
  readonly adds: ReadonlyMap<string, string>;
  /** JSON of what is put in place of what there is. */
  readonly sets: ReadonlyMap<string, string>;
}

export interface Edited {
  readonly body: Buffer;
  /** Names of members that were there and are no more, each once. */
  readonly dropped: readonly string[];
}

/** Positions: the name with its quotes, then the value. */
interface Member {
  readonly name: string;
  readonly start: number;
  readonly nameEnd: number;
  readonly valueStart: number;
  readonly end: number;
}

/** Null when there is nothing to change. */
export const editMembers = (bytes: Buffer, edit: MemberEdit): Edited | null => {
  const members = membersOf(bytes);
  if (members === null) return null;
  const names = new Set(members.map(({ name }) => name));
  const missing = [...edit.adds, ...edit.sets].filter(([name]) => !names.has(name));
  const isTouched = ({ name }: Member): boolean => edit.drops.has(name) || edit.renames.has(name) || edit.sets.has(name);
  if (missing.length === 0 && !members.some(isTouched)) return null;
  const isDropped = ({ name }: Member): boolean => edit.drops.has(name) || names.has(edit.renames.get(name) ?? "");
  const opening = bytes.indexOf(OPEN_BRACE) + 1;
  const pieces = [bytes.subarray(0, opening), Buffer.from(missing.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(","))];
  const dropped = new Set<string>();
  let hasMember = missing.length > 0;
  for (const [index, member] of members.entries()) {
    if (isDropped(member)) dropped.add(member.name);
    else pieces.push(separator(bytes, opening, members, index, hasMember), ...written(bytes, member, edit));
    hasMember ||= !dropped.has(member.name);
  }
  pieces.push(bytes.subarray(members.at(-1)?.end ?? opening));
  return { body: Buffer.concat(pieces), dropped: [...dropped] };
};

const COMMA_BYTES = Buffer.from(",");

/** What stands before a member belongs to it, but that the first one has no comma and the others have one. */
const separator = (bytes: Buffer, opening: number, members: readonly Member[], index: number, hasFormer: boolean): Buffer => {
  const { start } = members[index] as Member;
  const former = members[index - 1];
  if (!hasFormer) return bytes.subarray(opening, members[0]?.start);
  return former === undefined ? Buffer.concat([COMMA_BYTES, bytes.subarray(opening, start)]) : bytes.subarray(former.end, start);
};

const written = (bytes: Buffer, { name, start, nameEnd, valueStart, end }: Member, { renames, sets }: MemberEdit): Buffer[] => {
  const to = renames.get(name);
  const value = sets.get(name);
  return [
    to === undefined ? bytes.subarray(start, nameEnd) : Buffer.from(JSON.stringify(to)),
    bytes.subarray(nameEnd, valueStart),
    value === undefined ? bytes.subarray(valueStart, end) : Buffer.from(value),
  ];
};

/** Null when the skeleton is not sound. */
const membersOf = (bytes: Buffer): Member[] | null => {
  const end = bytes.length;
  const opening = skipSpace(bytes, 0, end);
  if (opening >= end || bytes[opening] !== OPEN_BRACE) return null;
  const members: Member[] = [];
  const crossing = new Crossing();
  let position = skipSpace(bytes, opening + 1, end);
  if (bytes[position] === CLOSE_BRACE) return members;
  while (position < end) {
    const member = memberAt(bytes, position, end, crossing);
    if (member === null) return null;
    if (members.push(member) > MEMBERS_MAX) return null;
    position = skipSpace(bytes, member.end, end);
    if (bytes[position] === CLOSE_BRACE && position < end) return members;
    if (bytes[position] !== COMMA) return null;
    position = skipSpace(bytes, position + 1, end);
  }
  return null;
};

const memberAt = (bytes: Buffer, start: number, end: number, crossing: Crossing): Member | null => {
  const nameEnd = bytes[start] === QUOTE ? stringEnd(bytes, start + 1, end, crossing) : -1;
  const name = nameEnd === -1 ? undefined : readString(bytes, start, nameEnd);
  if (name === undefined) return null;
  const colon = skipSpace(bytes, nameEnd, end);
  const valueStart = bytes[colon] === COLON ? skipSpace(bytes, colon + 1, end) : end;
  const memberEnd = valueStart < end ? valueEnd(bytes, valueStart, end, crossing) : -1;
  return memberEnd === -1 ? null : { name, start, nameEnd, valueStart, end: memberEnd };
};
