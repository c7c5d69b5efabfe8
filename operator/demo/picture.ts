// Pictures as the demo provider sees them: a type and a size, read from base64 or from an address.
// It refuses to look at them: the first bytes tell the type, nothing else is read.

export interface Picture {
  readonly mediaType: string;
  /** Null of an address, which is never fetched. */
  readonly byteCount: number | null;
}

const BEGINNINGS: readonly (readonly [string, string])[] = [
  ["89504e47", "image/png"],
  ["ffd8ff", "image/jpeg"],
  ["47494638", "image/gif"],
  ["52494646", "image/webp"],
  ["25504446", "application/pdf"],
];
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const BASE64_CHARACTERS_CHECKED = 200_000;

/** Undefined when the text is no base64. `told` is the type that the request names; without one it is read from the bytes. */
export function pictureOfBase64(text: string, told?: string): Picture | undefined {
  if (text === "" || text.length % 4 !== 0 || !BASE64.test(text.slice(-BASE64_CHARACTERS_CHECKED))) return undefined;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const seen = typeSeen(text);
  return { mediaType: told ?? seen ?? "application/octet-stream", byteCount: (text.length / 4) * 3 - padding };
}

export function typeSeen(base64: string): string | undefined {
  const beginning = Buffer.from(base64.slice(0, 16), "base64").toString("hex");
  return BEGINNINGS.find(([bytes]) => beginning.startsWith(bytes))?.[1];
}

/** A data: address or one on the web; undefined when it is a data: address that cannot be read. */
export function pictureOfUrl(url: string): Picture | undefined {
  const [whole, mediaType = "", base64 = ""] = /^data:([^;,]*);base64,(.*)$/s.exec(url) ?? [];
  if (whole !== undefined) return pictureOfBase64(base64, mediaType);
  return url.startsWith("data:") ? undefined : { mediaType: "an address", byteCount: null };
}

export function sentenceOf(pictures: readonly Picture[]): string {
  const told = pictures.map(({ mediaType, byteCount }) => (byteCount === null ? mediaType : `${mediaType} of ${byteCount} bytes`));
  return `I was shown ${pictures.length} ${pictures.length === 1 ? "image" : "images"}: ${told.join(", ")}.`;
}
