// Bytes inside a URL, as the data scheme has it: read tolerantly, with parameters, without base64, with line breaks.
// It does not look at what the bytes are.

export interface DataUri {
  /** In lower case, without parameters; "" when it is not said. */
  readonly mediaType: string;
  /** Base64 without line breaks. */
  readonly data: string;
}

const SCHEME = /^data:/i;
const BREAKS = /\s+/g;

const unescaped = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** Null when it is another URL. */
export const readDataUri = (url: string): DataUri | null => {
  const comma = url.indexOf(",");
  if (comma === -1 || !SCHEME.test(url)) return null;
  const [mediaType = "", ...parameters] = url.slice("data:".length, comma).split(";");
  const text = url.slice(comma + 1);
  const isBase64 = parameters.some((parameter) => parameter.trim().toLowerCase() === "base64");
  const data = isBase64 ? (text.includes("%") ? unescaped(text) : text).replace(BREAKS, "") : Buffer.from(unescaped(text)).toString("base64");
  return { mediaType: mediaType.trim().toLowerCase(), data };
};

export const writeDataUri = (mediaType: string, data: string): string => `data:${mediaType === "" ? "application/octet-stream" : mediaType};base64,${data}`;
