// Server-sent events that are there as a whole: read into names and data, and written.
// Not for the path of the bytes: a stream on its way is walked by sse.ts.

export interface SseEvent {
  name: string;
  data: string;
}

const valueOf = (line: string, colon: number): string => {
  if (colon === -1) return "";
  return line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
};

/** Events with data, in order; an event without its blank line at the end is counted in. */
export const readEventText = (text: string): SseEvent[] => {
  const events: SseEvent[] = [];
  let name = "";
  let data = "";
  const close = () => {
    if (data !== "") events.push({ name, data });
    name = "";
    data = "";
  };
  const add = (value: string) => {
    data = data === "" ? value : `${data}\n${value}`;
  };
  for (const line of text.split(/\r\n|\n|\r/)) {
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    if (line === "") close();
    else if (field === "event") name = valueOf(line, colon);
    else if (field === "data") add(valueOf(line, colon));
    // Old llama.cpp servers report a failure as a field of its own.
    else if (field === "error" && colon !== -1) {
      name = "error";
      add(valueOf(line, colon));
    }
  }
  close();
  return events;
};

export const readEvents = (bytes: Buffer): SseEvent[] => {
  const text = bytes.toString("utf8");
  return readEventText(text.startsWith("\uFEFF") ? text.slice(1) : text);
};

/**
 * Says nothing, so that nobody takes a silent stream for dead. A comment, since libraries refuse events that they do not know, and
 * without a blank line: OpenAI's take one for an event of nothing and fail, that for Go until 2026 behind every comment, that for
 * Python (3.54) in streams whose events have ids (seen 2026-11).
 */
export const KEEP_ALIVE = ": keep-alive\n";

/** Data without line breaks, as JSON always is; no name: no `event:` line. */
export const encodeEvent = (data: string, name = ""): string => (name === "" ? `data: ${data}\n\n` : `event: ${name}\ndata: ${data}\n\n`);
