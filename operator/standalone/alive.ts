// Whether a process is still there, and whether it is still the same one.
// It asks the system and signals nobody.
import { readFileSync } from "node:fs";

/** One that has ended but that nobody has asked about still has its number: it counts as gone. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return statOf(pid)[0] !== "Z";
};

const START_TIME_INDEX = 19;

/** When it began, in a spelling of the system's own; "" where the system does not say. */
export const birthOf = (pid: number): string => statOf(pid)[START_TIME_INDEX] ?? "";

/** What follows the name in /proc/PID/stat: state, parent, …; nothing where there is no such file. */
const statOf = (pid: number): string[] => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in brackets may itself hold brackets and spaces.
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
};
