// The table of addresses, row by row: what a public provider may be, what a listed private one may be, what nobody may be.
import { describe, expect, it } from "vitest";
import { checkEndpointUrl, mayDial, parseRanges } from "../../dataplane/providers/address.ts";

const nothing = parseRanges([]).ranges;
const everything = parseRanges(["0.0.0.0/0", "::/0"]).ranges;

const isPublic = (address: string): boolean => mayDial(address, "public", everything).allowed;
const isPrivate = (address: string, ...ranges: string[]): boolean => mayDial(address, "private", parseRanges(ranges).ranges).allowed;
const reasonFor = (address: string): string => {
  const permission = mayDial(address, "public", nothing);
  return permission.allowed ? "" : permission.reason;
};

const open = [
  "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "52.94.0.1", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
  "162.159.140.245", "168.63.129.15", "168.63.129.17", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255",
  "192.0.1.0", "192.0.3.0", "192.88.98.255", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "198.51.99.255",
  "203.0.112.255", "203.0.114.0", "223.255.255.255",
  "2001:4860:4860::8888", "2606:4700::1111", "2a00:1450:4001:81b::200e", "2001:200::1", "2001:db7:ffff::1", "2001:db9::1", "2003::1", "3ffe::1", "3fff:1000::1",
  "::ffff:8.8.8.8", "::ffff:808:808", "0:0:0:0:0:ffff:1.1.1.1", "64:ff9b::8.8.8.8", "64:ff9b::101:101",
];

// Grouped by the words with which they are refused.
const shut: Record<string, string[]> = {
  "metadata": [
    "169.254.169.254", "169.254.170.2", "169.254.170.23", "169.254.0.23", "169.254.42.42", "100.100.100.200", "168.63.129.16", "192.0.0.192",
    "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fd00:c1::a9fe:a9fe", "fd00:42::42", "fe80::a9fe:a9fe", "fe80::a9fe:a9fe%eth0",
    "::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "::FFFF:A9FE:A9FE", "0:0:0:0:0:ffff:a9fe:a9fe", "::ffff:100.100.100.200", "64:ff9b::169.254.169.254", "64:ff9b::a83f:8110",
  ],
  "unspecified": ["0.0.0.0", "0.0.0.1", "0.255.255.255", "::", "0:0:0:0:0:0:0:0", "::ffff:0.0.0.0", "64:ff9b::"],
  "loopback": ["127.0.0.1", "127.0.0.0", "127.1.2.3", "127.255.255.255", "::1", "0:0:0:0:0:0:0:1", "::1%lo", "::ffff:127.0.0.1", "::ffff:7f00:1", "64:ff9b::127.0.0.1"],
  "private": [
    "10.0.0.0", "10.255.255.255", "172.16.0.0", "172.20.1.1", "172.31.255.255", "192.168.0.0", "192.168.255.255", "::ffff:10.1.2.3", "::ffff:192.168.1.1", "64:ff9b::10.1.2.3",
    "fc00::", "fc00::1", "fd12:3456:789a::1", "fdff:ffff::1", "fec0::1", "feff::1",
  ],
  "shared": ["100.64.0.0", "100.100.100.199", "100.127.255.255", "::ffff:100.64.0.1"],
  "link-local": ["169.254.0.0", "169.254.1.1", "169.254.255.255", "fe80::1", "fe80::1%eth0", "febf::1", "::ffff:169.254.1.1"],
  "multicast": ["224.0.0.1", "233.252.0.1", "239.255.255.255", "ff02::1", "ff0e::1", "::ffff:224.0.0.1"],
  "broadcast": ["255.255.255.255", "::ffff:255.255.255.255"],
  "documentation": ["192.0.2.1", "198.51.100.7", "203.0.113.255", "2001:db8::1", "3fff::1", "3fff:fff:ffff::1"],
  "benchmarks": ["198.18.0.0", "198.19.255.255", "2001:2::1"],
  "hides another": [
    "::10.0.0.1", "::127.0.0.1", "::8.8.8.8", "::2", "::ffff:0:127.0.0.1", "64:ff9b:1::a00:1", "64:ff9b:1:a9fe:a9:fe00::", "192.88.99.1",
    "2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:a00:1::", "2002:808:808::", "2001:0:7f00:1::", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2",
  ],
  "reserved": ["192.0.0.8", "192.0.0.1", "240.0.0.1", "254.1.1.1", "100::1", "100:0:0:1::1", "2001:20::1", "2001:1ff::1", "5f00::1", "4000::1", "1::1", "64:ff9b:2::1", "64:ff9a::1"],
};

describe("a public provider", () => {
  it.each(open)("may be at %s", (address) => {
    expect(mayDial(address, "public", nothing)).toEqual({ allowed: true });
  });

  const refused = Object.entries(shut).flatMap(([words, addresses]) => addresses.map((address) => [address, words] as const));

  it.each(refused)("may not be at %s (%s)", (address, words) => {
    expect(reasonFor(address)).toContain(words);
    expect(reasonFor(address)).toContain(address);
  });

  it.each(refused)("may not be at %s even when private ranges cover everything", (address) => {
    expect(isPublic(address)).toBe(false);
  });

  it.each(["", "localhost", "example.com", "127.1", "0x7f.0.0.1", "0177.0.0.1", "2130706433", "[::1]", "8.8.8.8 ", "8.8.8.8/32", "1.1.1", "::ffff:1.1.1", "12345::"])(
    "may not be at %j, which is no address",
    (text) => {
      expect(reasonFor(text)).toContain("is not an IP address");
    },
  );

  it("is judged the same in every spelling of an IPv6 address", () => {
    const spellings = ["2001:db8::1", "2001:0db8:0:0:0:0:0:1", "2001:DB8:0:0::1", "2001:db8::0.0.0.1", "2001:db8:0:0:0:0::1"];
    for (const spelling of spellings) expect(reasonFor(spelling)).toContain("documentation");
  });
});

describe("a private provider", () => {
  it.each([
    ["10.1.2.3", "10.0.0.0/8"], ["10.0.0.7", "10.0.0.7"], ["192.168.7.7", "192.168.0.0/16"], ["127.0.0.1", "127.0.0.0/8"], ["::1", "::1/128"], ["fd12::1", "fd00::/8"],
    ["100.64.1.1", "100.64.0.0/10"], ["169.254.1.1", "169.254.0.0/16"], ["fe80::1%eth0", "fe80::/10"], ["::ffff:10.1.2.3", "10.0.0.0/8"], ["10.1.2.3", "::ffff:10.0.0.0/104"],
    ["64:ff9b::10.1.2.3", "10.0.0.0/8"], ["2002:a00:1::1", "2002::/16"], ["203.0.113.9", "203.0.113.0/24"], ["10.1.2.3", "0.0.0.0/0"], ["198.18.0.1", "198.18.0.0/15"],
  ])("may be at %s when %s is listed", (address, range) => {
    expect(isPrivate(address)).toBe(false);
    expect(isPrivate(address, range)).toBe(true);
    expect(isPrivate(address, "172.16.0.0/12", range)).toBe(true);
  });

  it.each([
    ["10.1.2.3", "10.1.2.4/32"], ["10.1.2.3", "10.128.0.0/9"], ["fd12::1", "fd13::/16"], ["127.0.0.1", "10.0.0.0/8"], ["10.0.0.1", "::/0"], ["::1", "0.0.0.0/0"],
    ["::ffff:10.1.2.3", "::/0"], ["64:ff9b::10.1.2.3", "64:ff9b::/96"],
  ])("may not be at %s when only %s is listed", (address, range) => {
    expect(mayDial(address, "private", parseRanges([range]).ranges)).toMatchObject({ allowed: false, reason: expect.stringContaining("outside of the ranges") });
  });

  it.each(open)("may be at the public address %s too", (address) => {
    expect(isPrivate(address)).toBe(true);
  });

  it.each([...(shut["metadata"] ?? []), "2002:a9fe:a9fe::1", "::169.254.169.254", "::ffff:0:169.254.169.254", "64:ff9b:1::a9fe:a9fe", "64:ff9b:1:a9fe:a9:fe00::", "2001:0:a9fe:a9fe::", "2001::5601:5601"])(
    "may never be at the metadata address %s, whatever is listed",
    (address) => {
      expect(isPrivate(address, "0.0.0.0/0", "::/0", "169.254.169.254", "fd00:ec2::/32", "2002::/16")).toBe(false);
    },
  );

  it.each(["0.0.0.0", "::", "224.0.0.1", "ff02::1", "255.255.255.255"])("may never be at %s, where nothing can be served", (address) => {
    expect(isPrivate(address, "0.0.0.0/0", "::/0", "224.0.0.0/4", "ff00::/8")).toBe(false);
  });
});

describe("parseRanges", () => {
  it.each([
    ["10.0.0.0/8", null], ["10.0.0.1", null], ["0.0.0.0/0", null], ["::/0", null], ["fd00::/8", null], ["::1", null], ["2001:db8:1::/48", null],
    ["", "is not a range"], ["10.0.0.0/8/8", "is not a range"], ["10.0.0/8", "is not a range"], ["example.com/8", "is not a range"], ["fe80::%eth0/64", "is not a range"],
    ["10.0.0.0/", "length between 0 and 32"], ["10.0.0.0/33", "length between 0 and 32"], ["10.0.0.0/-1", "length between 0 and 32"], ["10.0.0.0/8 ", "length between 0 and 32"], ["::/129", "length between 0 and 128"],
    ["10.0.0.1/8", "bits set behind its first 8"], ["fd00::1/64", "bits set behind its first 64"],
  ] as const)("says of %j: %s", (text, problem) => {
    const { ranges, problems } = parseRanges([text]);
    expect(problems).toEqual(problem === null ? [] : [expect.stringContaining(problem)]);
    expect(ranges).toHaveLength(problem === null ? 1 : 0);
  });

  it("keeps the good entries beside a bad one and names the bad one", () => {
    const { ranges, problems } = parseRanges(["10.0.0.0/8", "nonsense", "fd00::/8"]);
    expect(ranges).toHaveLength(2);
    expect(problems).toEqual([expect.stringContaining('"nonsense"')]);
  });
});

describe("checkEndpointUrl", () => {
  it.each([
    "https://api.openai.com/v1", "http://localhost:8080", "https://api.openai.com", "HTTPS://API.OpenAI.com/v1", "http://127.0.0.1:11434/v1", "http://10.0.0.7/", "http://[::1]:8080/v1",
    "http://[fd00::1]/", "https://vllm.models.svc.cluster.local:8000/v1", "https://a_b.example/v1", "https://xn--bcher-kva.example/", "https://resource.example/openai?api-version=2024-10-21", "http://ollama:11434",
    "https://1password.example", "https://example.com:443/",
  ])("takes %s", (url) => {
    expect(checkEndpointUrl(url)).toBeNull();
  });

  it.each([
    ["https://user@example.com/", "user name"], ["https://user:password@example.com/", "user name"], ["https://@example.com/", "user name"], ["https://good.example%40evil.example/", "not a URL"],
    ["https:\\\\example.com\\", "backslash"], ["https://good.example\\@evil.example/", "backslash"], ["https://example.com/a\\b", "backslash"],
    ["http://127.1/", "127.0.0.1"], ["http://0x7f.1/", "127.0.0.1"], ["http://2130706433/", "127.0.0.1"], ["http://0177.0.0.1/", "127.0.0.1"], ["http://0x7f000001/", "127.0.0.1"], ["http://127.0.1:80/", "127.0.0.1"],
    ["http://%31%32%37.0.0.1/", "127.0.0.1"], ["http://１２７.0.0.1/", "127.0.0.1"], ["http://127。0。0。1/", "127.0.0.1"], ["http://0/", "0.0.0.0"], ["http://LOCALHOST。/", "dot"],
    ["http://[::ffff:127.0.0.1]/", "inside IPv6"], ["http://[::ffff:7f00:1]/", "inside IPv6"], ["http://[64:ff9b::7f00:1]/", "inside IPv6"], ["http://[0:0:0:0:0:0:0:1]/", "[::1]"], ["http://[::0001]/", "[::1]"],
    ["http://[fe80::1%25eth0]/", "not a URL"], ["http://localhost./", "dot"], ["http://localhost../", "dot"], ["http://example.com.:80/", "dot"], ["http://a..b/", "host name"], ["http://-a.example/", "host name"],
    ["http://bücher.example/", "xn--bcher-kva"], ["http://ﬁle.example/", "file.example"], ["http://exa%6dple.com/", "example.com"], ["http://a\u00adb.example/", "ab.example"],
    ["ftp://example.com/", "scheme"], ["file:///etc/passwd", "scheme"], ["unix:///var/run/docker.sock", "scheme"], ["javascript:alert(1)", "not a URL"], ["data:text/plain,x", "not a URL"], ["ws://example.com/", "scheme"],
    ["https://example.com/#fragment", "fragment"], ["https://example.com#", "fragment"], ["https://example.com/?a#b", "fragment"],
    ["https://exam\tple.com/", "control"], ["https://example.com/\r\nx: y", "control"], [" https://example.com/", "control"], ["https://example.com/a b", "control"], ["https://example.com/\u007f", "control"], ["https://example.com/\0", "control"],
    ["", "not a URL"], ["example.com", "not a URL"], ["//example.com/", "not a URL"], ["https:example.com", "not a URL"], ["https:/example.com", "not a URL"], ["https:///example.com/", "not a URL"], ["https://", "not a URL"],
    ["https://example.com:99999/", "not a URL"], ["https://example.com:0/", "port 0"], ["https://[::1/", "not a URL"], ["http://256.1.1.1/", "not a URL"],
    ["http://169.254.169.254/latest/meta-data/", "metadata"], ["http://[fd00:ec2::254]/", "metadata"], ["http://metadata.google.internal/", "metadata"], ["http://METADATA.google.internal/", "metadata"], ["http://0.0.0.0:8080/", "unspecified"], ["http://224.0.0.1/", "multicast"],
  ])("refuses %j", (url, words) => {
    expect(checkEndpointUrl(url)).toContain(words);
  });
});
