// From the words of manifests to numbers: durations to milliseconds, dates to milliseconds since 1970.
// It knows no clock: what time it is now is somebody else's question.

const DAY_MS = 86_400_000;
const unitMs: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** "1h30m" as milliseconds, at most a day: the longest that a data plane counts. */
export const durationMs = (text: string): number => {
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(/([0-9]+)(ms|h|m|s)/g)) sum += Number(amount) * (unitMs[unit ?? ""] ?? 0);
  return Math.min(sum, DAY_MS);
};

const instantText =
  /^(?<year>\d{4})-(?<month>\d{2})-(?<day>\d{2})(?:[Tt](?<hour>\d{2}):(?<minute>\d{2}):(?<second>\d{2})(?:\.(?<fraction>\d{1,9}))?(?:[Zz]|(?<sign>[+-])(?<offsetHour>\d{2}):(?<offsetMinute>\d{2})))?$/;

/** RFC 3339, or a date alone, which means its first moment in UTC. Undefined for anything else, 30 February included. */
export const instantMs = (text: string): number | undefined => {
  const parts = instantText.exec(text.trim())?.groups;
  if (parts === undefined) return undefined;
  const part = (name: string): number => Number(parts[name] ?? 0);
  if (!isDate(part("year"), part("month"), part("day"))) return undefined;
  if (part("hour") > 23 || part("minute") > 59 || part("second") > 60 || part("offsetHour") > 23 || part("offsetMinute") > 59) return undefined;
  const fractionMs = Math.floor(Number(`0.${parts.fraction ?? "0"}`) * 1000);
  const offsetMs = (parts.sign === "-" ? -1 : 1) * (part("offsetHour") * 3_600_000 + part("offsetMinute") * 60_000);
  return Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"), fractionMs) - offsetMs;
};

const isDate = (year: number, month: number, day: number): boolean => {
  if (year < 1970 || month < 1 || month > 12 || day < 1) return false;
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return day <= (days[month - 1] ?? 0);
};
