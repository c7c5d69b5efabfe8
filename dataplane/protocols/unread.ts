// Members inside of members that no reader of ours names: found by the shapes that readers know, and told by their paths, so
// that none of them is lost in silence. It reads no value.
import { isObject, type Json } from "../wire/json.ts";
import type { JsonObject } from "./json-members.ts";

/** True: all of it is read, or kept. A list has one shape for each of its elements. */
export type Shape = true | readonly [Shape] | { readonly [member: string]: Shape };

/** More of them say no more. */
const PATHS_MAX = 20;

const isList = (shape: Shape): shape is readonly [Shape] => Array.isArray(shape);

/** Adds to `paths`. */
export const findUnread = (value: Json | undefined, shape: Shape, at: string, paths: string[]): void => {
  if (shape === true) return;
  if (isList(shape)) {
    if (Array.isArray(value)) for (let index = 0; index < value.length; index += 1) findUnread(value[index], shape[0], `${at}[${index}]`, paths);
    return;
  }
  if (!isObject(value)) return;
  for (const key in value) {
    const member = value[key];
    if (member === null || member === undefined) continue;
    if (Object.hasOwn(shape, key)) findUnread(member, shape[key] ?? true, `${at}.${key}`, paths);
    else if (paths.length < PATHS_MAX) paths.push(`${at}.${key}`);
  }
};

/** Of a body: by the names of its members, those that have shapes. To be spread. */
export const unreadOf = (body: JsonObject, shapes: { readonly [member: string]: Shape }, found: readonly string[] = []): { readonly unread?: readonly string[] } => {
  const paths = [...found];
  for (const key in shapes) if (body[key] !== undefined) findUnread(body[key], shapes[key] ?? true, key, paths);
  return paths.length === 0 ? {} : { unread: paths };
};
