// Lines of JSON out of the operator: when, how grave, what part, in words. It never waits, and it keeps no history.
// Secrets are a type that prints as [redacted]; nothing here looks for others.

export interface Log {
  info(part: string, message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(part: string, message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(part: string, message: string, fields?: Readonly<Record<string, unknown>>): void;
}

const MESSAGE_CHARACTERS_MAX = 8192;

export const makeLog = (write: (line: string) => void, now: () => number): Log => {
  const line = (level: string) => (part: string, message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
    const told = message.length <= MESSAGE_CHARACTERS_MAX ? message : `${message.slice(0, MESSAGE_CHARACTERS_MAX)}…`;
    write(`${JSON.stringify({ time: new Date(now()).toISOString(), level, part, message: told, ...fields })}\n`);
  };
  return { info: line("info"), warn: line("warn"), error: line("error") };
};
