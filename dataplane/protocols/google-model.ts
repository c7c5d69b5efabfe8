// Google's questions for vectors and for counts may name the model in the body too, although it stands in the path, and
// Google refuses two names. Where the gateway asks for another model than the client did, both are its name.
import { isObject, parseExact } from "../wire/json.ts";
import { objectsIn, type JsonObject } from "./json-members.ts";

const PLACE = /^models\//;

/** The same bytes where what was asked for does not stand in them. */
export const nameInside = (body: Buffer, asked: string, sent: string): Buffer => {
  const document = parseExact(body.toString("utf8"));
  if (!isObject(document)) return body;
  const whole = document["generateContentRequest"];
  const isAsked = ({ model }: JsonObject): boolean => typeof model === "string" && model.replace(PLACE, "") === asked;
  const named = [document, ...objectsIn(document["requests"]), ...(isObject(whole) ? [whole] : [])].filter(isAsked);
  for (const request of named) request["model"] = sent.includes("/") ? sent : `models/${sent}`;
  return named.length === 0 ? body : Buffer.from(JSON.stringify(document));
};
