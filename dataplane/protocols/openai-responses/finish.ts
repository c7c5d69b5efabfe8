// How an answer ended, between the status of a response and the model's word for it.
// The protocol has no word for a call of a tool: that there is one says it.
import { isObject } from "../../wire/json.ts";
import type { Finish, FinishReason } from "../ir.ts";
import { type JsonObject, stringOf } from "../json-members.ts";

type Status = "completed" | "incomplete" | "failed";
type Why = "max_output_tokens" | "content_filter";

const endings = {
  stop: "completed",
  "stop-sequence": "completed",
  "tool-calls": "completed",
  other: "completed",
  refusal: "completed",
  length: "incomplete",
  "context-full": "incomplete",
  // Nobody goes on for the client: to it the answer is cut short.
  paused: "incomplete",
  filter: "incomplete",
  malformed: "failed",
  fault: "failed",
} as const satisfies Record<FinishReason, Status>;

const reasons: Readonly<Record<string, FinishReason>> = {
  max_output_tokens: "length",
  max_messages: "length",
  content_filter: "filter",
};

export interface Ending {
  readonly status: Status;
  readonly why: Why | null;
}

/** A refusal that is told in no words of its own is what a filter does. */
export const endingOf = ({ reason }: Finish, hasRefusal: boolean): Ending => {
  if (reason === "refusal" && !hasRefusal) return { status: "incomplete", why: "content_filter" };
  const status = endings[reason];
  if (status !== "incomplete") return { status, why: null };
  return { status, why: reason === "filter" ? "content_filter" : "max_output_tokens" };
};

/** Of a response that has not failed. */
export const finishOf = (response: JsonObject, has: { readonly calls: boolean; readonly refusal: boolean }): Finish => {
  const status = stringOf(response["status"]);
  if (status === "incomplete") {
    const details = response["incomplete_details"];
    const raw = isObject(details) ? stringOf(details["reason"]) : "";
    return { reason: reasons[raw] ?? "other", raw: raw === "" ? status : raw };
  }
  if (status !== "completed" && status !== "") return { reason: "other", raw: status };
  if (has.calls) return { reason: "tool-calls", raw: status };
  return { reason: has.refusal ? "refusal" : "stop", raw: status };
};
