// Which addresses may be dialled, and which endpoint URLs may be configured: pure tables, no resolver, no sockets.
// What counts is the address that is dialled, so whoever dials asks here last; a URL that passes proves nothing yet.
import { isIPv4, isIPv6 } from "node:net";

/** `reason` names the address and is for logs; `what` does not, so that it can be told to anybody. */
export type Permission = { readonly allowed: true } | { readonly allowed: false; readonly reason: string; readonly what: string };

interface Ip {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

interface Range extends Ip {
  readonly prefix: number;
}

/** What `parseRanges` made of a list of CIDRs. */
export type Ranges = readonly Range[];

const kinds = {
  metadata: "an address of a cloud's metadata",
  unspecified: "an unspecified address",
  loopback: "a loopback address",
  private: "a private address",
  shared: "a carrier's shared address",
  linkLocal: "a link-local address",
  multicast: "a multicast address",
  broadcast: "the broadcast address",
  documentation: "an address reserved for documentation",
  benchmark: "an address reserved for benchmarks",
  reserved: "a reserved address",
  tunnel: "an address that hides another one (6to4, Teredo, NAT64 or IPv4 inside IPv6)",
} as const;
type Kind = keyof typeof kinds;

/** No list of private ranges opens these: nothing that serves models is there, and 0.0.0.0 is another word for loopback. */
const NEVER: ReadonlySet<Kind> = new Set(["metadata", "unspecified", "multicast", "broadcast"]);

// The first row that holds an address names it. After the registries of special-purpose addresses at IANA.
const rows = [
  // AWS, Google, Azure, Oracle, DigitalOcean and most others; credentials of ECS tasks and EKS pods; Tencent; Scaleway.
  ["169.254.169.0/24", "metadata"], ["169.254.170.0/24", "metadata"], ["169.254.0.23/32", "metadata"], ["169.254.42.42/32", "metadata"],
  // Alibaba; Azure's wire server; Oracle's classic cloud.
  ["100.100.100.200/32", "metadata"], ["168.63.129.16/32", "metadata"], ["192.0.0.192/32", "metadata"],
  // AWS; Google; Oracle; Scaleway; OpenStack and Hetzner.
  ["fd00:ec2::/32", "metadata"], ["fd20:ce::/32", "metadata"], ["fd00:c1::a9fe:a9fe/128", "metadata"], ["fd00:42::42/128", "metadata"], ["fe80::a9fe:a9fe/128", "metadata"],
  ["0.0.0.0/8", "unspecified"],
  ["10.0.0.0/8", "private"],
  ["100.64.0.0/10", "shared"],
  ["127.0.0.0/8", "loopback"],
  ["169.254.0.0/16", "linkLocal"],
  ["172.16.0.0/12", "private"],
  ["192.0.0.0/24", "reserved"],
  ["192.0.2.0/24", "documentation"],
  ["192.88.99.0/24", "tunnel"],
  ["192.168.0.0/16", "private"],
  ["198.18.0.0/15", "benchmark"],
  ["198.51.100.0/24", "documentation"],
  ["203.0.113.0/24", "documentation"],
  ["224.0.0.0/4", "multicast"],
  ["255.255.255.255/32", "broadcast"],
  ["240.0.0.0/4", "reserved"],
  ["::/128", "unspecified"],
  ["::1/128", "loopback"],
  ["::/96", "tunnel"],
  ["::ffff:0:0:0/96", "tunnel"],
  ["64:ff9b:1::/48", "tunnel"],
  ["2001::/32", "tunnel"],
  ["2001:2::/48", "benchmark"],
  ["2001::/23", "reserved"],
  ["2001:db8::/32", "documentation"],
  ["2002::/16", "tunnel"],
  ["3fff::/20", "documentation"],
  ["fc00::/7", "private"],
  ["fe80::/10", "linkLocal"],
  ["fec0::/10", "private"],
  ["ff00::/8", "multicast"],
] as const satisfies readonly (readonly [string, Kind])[];

const parseIp = (text: string): Ip | null => {
  if (isIPv4(text)) return { bits: 32, value: readV4(text) };
  // A zone names the interface of a link, not another address.
  if (isIPv6(text)) return { bits: 128, value: readV6(text.split("%", 1)[0] as string) };
  return null;
};

const readV4 = (text: string): bigint => text.split(".").reduce((value, octet) => (value << 8n) | BigInt(octet), 0n);

const readV6 = (text: string): bigint => {
  const lastColon = text.lastIndexOf(":");
  const v4 = text.includes(".") ? readV4(text.slice(lastColon + 1)) : null;
  const words = v4 === null ? text : `${text.slice(0, lastColon + 1)}${(v4 >> 16n).toString(16)}:${(v4 & 0xffffn).toString(16)}`;
  const [head = "", tail] = words.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => "0");
  return [...left, ...zeros, ...right].reduce((value, word) => (value << 16n) | BigInt(`0x${word}`), 0n);
};

const holds = (range: Range, ip: Ip): boolean => {
  const shift = BigInt(range.bits - range.prefix);
  return range.bits === ip.bits && range.value >> shift === ip.value >> shift;
};

const parseRange = (text: string): Range | string => {
  const [address = "", length, ...rest] = text.split("/");
  const ip = parseIp(address);
  if (ip === null || rest.length > 0 || address.includes("%")) return `"${text}" is not a range; write it as 10.0.0.0/8 or fd00::/8`;
  const prefix = length === undefined ? ip.bits : /^\d{1,3}$/.test(length) ? Number(length) : Infinity;
  if (prefix > ip.bits) return `"${text}" needs a length between 0 and ${ip.bits} behind the slash`;
  const hostBits = BigInt(ip.bits - prefix);
  if ((ip.value >> hostBits) << hostBits !== ip.value) return `"${text}" has bits set behind its first ${prefix}; clear them, or write /${ip.bits} for the one address`;
  // A mapped range is the IPv4 range, since mapped addresses are looked at as IPv4.
  if (ip.bits === 128 && prefix >= 96 && ip.value >> 32n === 0xffffn) return { bits: 32, value: ip.value & 0xffff_ffffn, prefix: prefix - 96 };
  return { ...ip, prefix };
};

/** Entries that cannot be read open nothing and are told. */
export const parseRanges = (texts: readonly string[]): { readonly ranges: Ranges; readonly problems: readonly string[] } => {
  const parsed = texts.map(parseRange);
  return {
    ranges: parsed.filter((range) => typeof range !== "string"),
    problems: parsed.filter((range) => typeof range === "string"),
  };
};

const ranged = (cidr: string): Range => {
  const range = parseRange(cidr);
  if (typeof range === "string") throw new Error(range);
  return range;
};

const table = rows.map(([cidr, kind]) => ({ range: ranged(cidr), kind }));
const globalUnicast = ranged("2000::/3");
const nat64 = ranged("64:ff9b::/96");

/** IPv4-mapped and NAT64 addresses are the IPv4 address that they lead to, in other clothes. */
const undress = (ip: Ip): Ip => {
  const isDressed = ip.bits === 128 && (ip.value >> 32n === 0xffffn || holds(nat64, ip));
  return isDressed ? { bits: 32, value: ip.value & 0xffff_ffffn } : ip;
};

/** Null: open to everybody. IPv6 outside of what is handed out to the world is reserved. */
const kindOf = (ip: Ip): Kind | null => {
  for (const { range, kind } of table) if (holds(range, ip)) return kind;
  return ip.bits === 32 || holds(globalUnicast, ip) ? null : "reserved";
};

/** The IPv4 addresses that a tunnel address may lead to: last 32 bits, 6to4, Teredo's server and client, NAT64 with 48 bits. */
const hidden = ({ value }: Ip): readonly Ip[] =>
  [value, value >> 80n, value >> 64n, ~value, ((value >> 64n) & 0xffffn) << 16n | ((value >> 40n) & 0xffffn)]
    .map((candidate) => ({ bits: 32, value: candidate & 0xffff_ffffn }));

const leadsNowhere = (ip: Ip, kind: Kind): boolean =>
  NEVER.has(kind) || (kind === "tunnel" && ip.bits === 128 && hidden(ip).some((inner) => kindOf(inner) === "metadata"));

/** `address` is what a resolver gave or a literal: the very text that will be dialled. */
export const mayDial = (address: string, network: "public" | "private", privateRanges: Ranges): Permission => {
  const written = parseIp(address);
  if (written === null) return refuse(`"${address}"`, "not an IP address");
  const ip = undress(written);
  const kind = kindOf(ip);
  if (kind === null) return { allowed: true };
  if (network === "public" || leadsNowhere(ip, kind)) return refuse(address, kinds[kind]);
  if (privateRanges.some((range) => holds(range, ip))) return { allowed: true };
  return refuse(address, `${kinds[kind]} outside of the ranges that are allowed for private providers`);
};

const refuse = (address: string, what: string): Permission => ({ allowed: false, reason: `${address} is ${what}`, what: `it is ${what}` });

const METADATA_HOSTS: ReadonlySet<string> = new Set([
  "metadata", "metadata.google.internal", "metadata.goog", "metadata.azure.internal", "metadata.azure.com", "metadata.tencentyun.com",
  "metadata.oraclecloud.com", "metadata.packet.net", "metadata.platformequinix.com", "instance-data", "instance-data.ec2.internal",
]);

const NO_URL = "this is not a URL; write it as https://host/path";

/** What is wrong with the URL of an endpoint, null for nothing. Only the plain spelling passes, so that all readers read the same host. */
export const checkEndpointUrl = (url: string): string | null => {
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u0020\u007f]/.test(url)) return "the URL contains a space or a control character";
  if (url.includes("\\")) return "the URL contains a backslash";
  const parts = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^#]*)(#.*)?$/i.exec(url);
  if (parts === null) return NO_URL;
  const [, scheme = "", authority = "", , fragment] = parts;
  if (!/^https?$/i.test(scheme)) return `the scheme must be http or https, not ${scheme.toLowerCase()}`;
  if (authority === "" || !URL.canParse(url)) return NO_URL;
  if (authority.includes("@")) return "the URL contains a user name or password; credentials belong in a Secret";
  if (fragment !== undefined) return "the URL contains a fragment";
  return checkHost(authority.replace(/:\d*$/, ""), new URL(url));
};

const checkHost = (written: string, { hostname, port }: URL): string | null => {
  if (port === "0") return "port 0 cannot be dialled";
  if (hostname.endsWith(".")) return "the host ends in a dot; leave it out";
  const literal = hostname.replace(/^\[(.*)\]$/, "$1");
  const ip = parseIp(literal);
  if (ip !== null && undress(ip) !== ip) return `${written} is an IPv4 address inside IPv6; write the IPv4 address`;
  if (written.toLowerCase() !== hostname) return `the host is spelt in a roundabout way; write it as ${hostname}`;
  if (METADATA_HOSTS.has(hostname)) return `${hostname} is the name of a cloud's metadata`;
  if (ip !== null) return checkLiteral(literal, ip);
  const isName = hostname.split(".").every((label) => /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label));
  return isName && hostname.length <= 253 ? null : `"${hostname}" is not a host name`;
};

const checkLiteral = (literal: string, ip: Ip): string | null => {
  const kind = kindOf(ip);
  return kind !== null && leadsNowhere(ip, kind) ? `${literal} is ${kinds[kind]}` : null;
};
