// Ids of users and keys of caches that the target would refuse for their length, or for naming somebody: their digests are
// sent, so that equal ones stay equal. It knows nothing of ids of calls.
import { hash } from "node:crypto";
import type { Conversation } from "../ir.ts";
import type { Concern } from "./fitting.ts";

const ADDRESS = /^\s*[^\s@]+@[^\s@]+\.[^\s@]+\s*$/;
const TELEPHONE = /^\s*\+?[\d\s()./-]{7,}$/;

const isPersonal = (id: string): boolean => ADDRESS.test(id) || TELEPHONE.test(id);

const digestOf = (id: string, lengthMax: number): string => hash("sha256", id, "hex").slice(0, lengthMax);

export const fitIds: Concern = (conversation, fitting) => {
  const { userIdMax = Infinity, refusesPersonalIds = false, cacheKeyMax = Infinity } = fitting.abilities;
  const { userId, cacheKey } = conversation;
  let fitted: Conversation = conversation;
  if (userId !== null && (userId.length > userIdMax || (refusesPersonalIds && isPersonal(userId)))) {
    fitting.loseField("userId", userId.length > userIdMax ? "limited" : "approximated", "minor");
    fitted = { ...fitted, userId: digestOf(userId, userIdMax) };
  }
  if (cacheKey === null || cacheKey.length <= cacheKeyMax) return fitted;
  fitting.loseField("cacheKey", "limited", "minor");
  return { ...fitted, cacheKey: digestOf(cacheKey, cacheKeyMax) };
};
