// A call whose arguments Vertex AI streams value by value, each with the path of its place: put together into the object that
// they are. What a path leads through and is not there is made. It writes no event.
import type { JsonObject } from "../json-members.ts";
import { objectsIn, stringOf } from "../json-members.ts";
import type { Json } from "../../wire/json.ts";
import { isMembers, setMember } from "./members.ts";

const STEP = /\.([^.[\]]+)|\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]/y;
const STEPS_MAX = 64;

type Step = string | number;

/** Null for what is no path to one place. */
const stepsOf = (path: string): Step[] | null => {
  if (!path.startsWith("$")) return null;
  const steps: Step[] = [];
  STEP.lastIndex = 1;
  while (STEP.lastIndex < path.length) {
    const found = STEP.exec(path);
    if (found === null || steps.length === STEPS_MAX) return null;
    const [, name, index, single, double] = found;
    steps.push(index === undefined ? (name ?? single ?? double ?? "").replaceAll(/\\(.)/g, "$1") : Number(index));
  }
  return steps.length === 0 ? null : steps;
};

const valueOf = (partial: JsonObject): Json | undefined => {
  const { stringValue, numberValue, boolValue } = partial;
  return stringValue ?? numberValue ?? boolValue ?? (partial["nullValue"] === undefined ? undefined : null);
};

const memberOf = (holder: Json, step: Step): Json | undefined => {
  if (typeof step === "number") return Array.isArray(holder) ? holder[step] : undefined;
  return isMembers(holder) && Object.hasOwn(holder, step) ? holder[step] : undefined;
};

const put = (holder: Json, step: Step, value: Json): void => {
  // A list grows in order: places that nobody filled would all have to be held.
  if (typeof step === "number" && Array.isArray(holder)) {
    if (step <= holder.length) holder[step] = value;
  } else if (isMembers(holder)) setMember(holder, String(step), value);
};

const isHolderFor = (value: Json | undefined, step: Step): value is Json => (typeof step === "number" ? Array.isArray(value) : isMembers(value));

export class PartialCall {
  readonly #root: JsonObject = {};
  #length = 0;

  /** How much text it holds. */
  get length(): number {
    return this.#length;
  }

  add(partials: Json | undefined): void {
    for (const partial of objectsIn(partials)) {
      const steps = stepsOf(stringOf(partial["jsonPath"]));
      const value = valueOf(partial);
      if (steps !== null && value !== undefined) this.#set(steps, value);
    }
  }

  /** What came whole beside it counts too. */
  merge(values: Json | undefined): void {
    if (!isMembers(values)) return;
    for (const [key, value] of Object.entries(values)) setMember(this.#root, key, value);
    this.#length += JSON.stringify(values).length;
  }

  /** "" for no arguments. */
  text(): string {
    return Object.keys(this.#root).length === 0 ? "" : JSON.stringify(this.#root);
  }

  #set(steps: readonly Step[], value: Json): void {
    let holder: Json = this.#root;
    for (const [index, step] of steps.slice(0, -1).entries()) {
      const next = memberOf(holder, step);
      const following = steps[index + 1] as Step;
      const inner: Json = isHolderFor(next, following) ? next : typeof following === "number" ? [] : {};
      if (inner !== next) put(holder, step, inner);
      holder = inner;
    }
    const last = steps.at(-1) as Step;
    const before = memberOf(holder, last);
    put(holder, last, typeof before === "string" && typeof value === "string" ? before + value : value);
    this.#length += (typeof value === "string" ? value.length : 1) + steps.length;
  }
}
