// Every body is cut at every byte: what the scanner says must not depend on where the network cuts.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HeldBytes } from "../../dataplane/wire/held-bytes.ts";
import { boundaryOf, MultipartScanner, type ModelPart } from "../../dataplane/wire/multipart.ts";

interface Seen {
  model: ModelPart | null;
  problem: string;
  isClosed: boolean;
}

const scan = (chunks: readonly Buffer[], boundary = "B"): Seen => {
  const scanner = new MultipartScanner(boundary);
  for (const chunk of chunks) scanner.push(chunk);
  scanner.end();
  const { model, problem, isClosed } = scanner;
  return { model, problem, isClosed };
};

/** The verdict on the whole body, after checking that every cut in two and the cut into single bytes agree with it. */
const scanEveryWay = (text: string | Buffer, boundary = "B"): Seen => {
  const body = typeof text === "string" ? Buffer.from(text, "latin1") : text;
  const whole = scan([body], boundary);
  for (let cut = 0; cut <= body.length; cut++) {
    expect(scan([body.subarray(0, cut), body.subarray(cut)], boundary), `cut at ${cut}`).toEqual(whole);
  }
  expect(scan(Array.from(body, (byte) => Buffer.of(byte)), boundary), "single bytes").toEqual(whole);
  return whole;
};

const field = (name: string, value: string): string => `Content-Disposition: form-data; name="${name}"\r\n\r\n${value}`;
const file = (content: string): string => `Content-Disposition: form-data; name="file"; filename="a.mp3"\r\nContent-Type: audio/mpeg\r\n\r\n${content}`;
const form = (...parts: string[]): string => `${parts.map((part) => `--B\r\n${part}\r\n`).join("")}--B--\r\n`;

describe("boundaryOf", () => {
  it.each([
    ["multipart/form-data; boundary=abc", "abc"],
    ["multipart/form-data;boundary=abc", "abc"],
    ["Multipart/Form-Data; Boundary=aBc", "aBc"],
    ['multipart/form-data; boundary="abc"', "abc"],
    ['multipart/form-data; boundary="a b:c"; charset=utf-8', "a b:c"],
    ["multipart/form-data; charset=utf-8; boundary=abc;", "abc"],
    ["multipart/form-data ; boundary=abc ; x=y", "abc"],
    ["multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW", "----WebKitFormBoundary7MA4YWxkTrZu0gW"],
    ["multipart/form-data; boundary=a/b=c:d?e'f(g)h+i_j,k-l.m", "a/b=c:d?e'f(g)h+i_j,k-l.m"],
    [`multipart/form-data; boundary=${"x".repeat(70)}`, "x".repeat(70)],
    [`multipart/form-data; boundary=${"x".repeat(71)}`, null],
    ["multipart/form-data", null],
    ["multipart/form-data;", null],
    ["multipart/form-data; boundary=", null],
    ['multipart/form-data; boundary=""', null],
    ['multipart/form-data; boundary="abc', null],
    ['multipart/form-data; boundary="abc "', null],
    ['multipart/form-data; boundary="a\\"b"', null],
    ["multipart/form-data; boundary=a\u00e9", null],
    ["multipart/form-data; boundary=abc; boundary=def", null],
    ["multipart/form-data; boundary abc", null],
    ["multipart/form-data-x; boundary=abc", null],
    ["multipart/mixed; boundary=abc", null],
    ["application/json; boundary=abc", null],
    ["x, multipart/form-data; boundary=abc", null],
    ["", null],
  ])("of %j is %j", (contentType, boundary) => {
    expect(boundaryOf(contentType)).toBe(boundary);
  });
});

describe("the part named model", () => {
  const at = (body: string, value: string): ModelPart => {
    const start = body.indexOf(`name="model"`) + `name="model"\r\n\r\n`.length;
    return { value, start, end: start + Buffer.byteLength(value) };
  };

  it.each([
    ["first", form(field("model", "whisper-1"), file("\0\xff\r\n--\r\n--A\r\n"))],
    ["last", form(file("sound"), field("language", "en"), field("model", "whisper-1"))],
    ["between", form(field("prompt", 'name="modem"\r\n\r\nx'), field("model", "whisper-1"), field("temperature", "0"))],
    ["alone", form(field("model", "whisper-1"))],
    ["beside boundaries inside lines", form(field("prompt", "a --B b--B--"), field("model", "whisper-1"), file("--A--B\r\n-B\r\n--\r\n"))],
    ["behind a preamble", `preamble\r\n${form(field("model", "whisper-1"))}`],
    ["behind an empty line", `\r\n${form(field("model", "whisper-1"))}`],
    ["before an epilogue", `${form(field("model", "whisper-1"))}epilogue\r\n with --B inside`],
    ["without a line end at the end", form(field("model", "whisper-1")).slice(0, -2)],
    ["with padding behind the boundaries", form(field("model", "whisper-1")).replace("--B\r\n", "--B \t\r\n").replace("--B--", "--B-- ")],
  ])("is found when it is %s", (_, body) => {
    expect(scanEveryWay(body)).toEqual({ model: at(body, "whisper-1"), problem: "", isClosed: true });
  });

  it.each(["", " ", "gpt-4o ", "a\r\nb", "\r\n", "\r", "-", "--", "--A", "\r\n-", "\r\n--", "\r\n--\r\n", "--B", "x".repeat(1024)])("has exactly the value %j", (value) => {
    const body = form(field("a", "1"), field("model", value), field("b", "2"));
    // A boundary at the very start of a value is a part without content, and that is a problem of its own.
    if (value === "--B") return expect(scanEveryWay(body).problem).toBe("a part has no content");
    return expect(scanEveryWay(body)).toEqual({ model: at(body, value), problem: "", isClosed: true });
  });

  it("is read as UTF-8 and measured in bytes", () => {
    const body = Buffer.from(form(field("model", "größe-模型")), "utf8");
    const { model } = scanEveryWay(body);
    expect(model?.value).toBe("größe-模型");
    expect(body.toString("utf8", model?.start, model?.end)).toBe("größe-模型");
  });

  it.each([
    "content-disposition:form-data;name=model", 'CONTENT-DISPOSITION: FORM-DATA; NAME="model"', 'Content-Type: text/plain\r\nContent-Disposition: form-data; name="model"', 'Content-Disposition: form-data ; name="model" ;',
    'Content-Disposition: form-data; x="a;b=\\"c"; name="model"', 'Content-Disposition: form-data; name="model"\r\nContent-Transfer-Encoding: 8bit', 'Content-Length: 1\r\nContent-Disposition: form-data; name="model"', 'X:\r\nContent-Disposition: form-data; name="model"',
  ])("is known by its head %j", (head) => {
    expect(scanEveryWay(`--B\r\n${head}\r\n\r\nm\r\n--B--`)).toMatchObject({ model: { value: "m" }, problem: "" });
  });

  it.each(["Model", "MODEL", " model", "model ", "model[]", "modelx", "mode", "", "%6dodel"])("is not the one named %j", (name) => {
    expect(scanEveryWay(form(field(name, "x")))).toEqual({ model: null, problem: "", isClosed: true });
  });

  it("is known before the rest of the body came", () => {
    const scanner = new MultipartScanner("B");
    scanner.push(Buffer.from(`--B\r\n${field("model", "m")}\r\n--B`));
    expect(scanner).toMatchObject({ model: { value: "m" }, isClosed: false, problem: "" });
  });

  it.each([
    ["----WebKitFormBoundary7MA4YWxkTrZu0gW", ""], ["-", "a-b--c---d"], ["------------------------d74496d66958873e", "--------------------------d74496d66958873"], ["x".repeat(70), "x".repeat(69)], ["'()+_,-./:=?", "x--'()+_,-./:=?\r\n--'()+_,-./:="],
  ])("is found with the boundary %s", (boundary, content) => {
    const body = form(field("a", content), field("model", "m")).replaceAll("--B", `--${boundary}`);
    expect(scanEveryWay(body, boundary)).toMatchObject({ model: { value: "m" }, problem: "", isClosed: true });
  });
});

describe("a body is refused", () => {
  const good = field("model", "m");

  it.each([
    ["that names two models", form(good, field("a", "1"), field("model", "n")), "two parts are named model"],
    ["that names a model and a file called model", form(good, 'Content-Disposition: form-data; name="model"; filename="x"\r\n\r\nn'), "two parts are named model"],
    ["whose model is a file", form('Content-Disposition: form-data; name="model"; filename="x"\r\n\r\nn'), "is a file"],
    ["whose model is a file with a starred name", form("Content-Disposition: form-data; name=\"model\"; filename*=utf-8''x\r\n\r\nn"), "is a file"],
    ["whose model is encoded", form('Content-Disposition: form-data; name="model"\r\nContent-Transfer-Encoding: base64\r\n\r\nbQ=='), "content-transfer-encoding"],
    ["whose model is too long", form(field("model", "x".repeat(1025))), "longer than 1024 bytes"],
    ["whose model never ends", `--B\r\n${field("model", "x".repeat(3000))}`, "longer than 1024 bytes"],
    ["that is empty", "", "before its closing boundary"],
    ["without any boundary", "hello", "before its closing boundary"],
    ["without a closing boundary", `--B\r\n${good}\r\n`, "before its closing boundary"],
    ["that is cut off in its closing boundary", `--B\r\n${good}\r\n--B-`, "before its closing boundary"],
    ["that is cut off in a head", "--B\r\nContent-Disposition: form-", "before its closing boundary"],
    ["that goes on behind its closing boundary", `${form(good)}--B\r\n${field("model", "n")}\r\n--B--`, "a boundary follows the closing one"],
    ["with text behind a boundary", form(good).replace("--B\r\n", "--Bx\r\n"), "boundary line is malformed"],
    ["with text behind the closing boundary", form(good).replace("--B--", "--B--x"), "boundary line is malformed"],
    ["with half a closing boundary", form(good).replace("--B--", "--B-"), "boundary line is malformed"],
    ["with padding inside a closing boundary", form(good).replace("--B--", "--B- -"), "boundary line is malformed"],
    ["with a bare line feed behind a boundary", form(good).replace("--B\r\n", "--B\n"), "boundary line is malformed"],
    ["with a bare carriage return behind a boundary", form(good).replace("--B\r\n", "--B\r"), "boundary line is malformed"],
    ["with padding without end", form(good).replace("--B", `--B${" ".repeat(100)}`), "boundary line is malformed"],
    ["with a bare line feed before a boundary", form(good, "Content-Disposition: form-data; name=\"a\"\r\n\r\nx\n--B\nContent-Disposition: form-data; name=\"model\"\n\nn"), "not CRLF"],
    ["with a bare carriage return before a boundary", form(field("a", "x\r--B"), good), "not CRLF"],
    ["with a bare line feed before its first boundary", `\n${form(good)}`, "not CRLF"],
    ["with a part without content", `--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n--B--`, "a part has no content"],
    ["with a part without a head", "--B\r\n\r\nx\r\n--B--", "no content-disposition"],
    ["with a part without a disposition", form("Content-Type: text/plain\r\n\r\nx"), "no content-disposition"],
    ["with a part that is an attachment", form('Content-Disposition: attachment; name="model"\r\n\r\nx'), "no content-disposition"],
    ["with a part without a name", form('Content-Disposition: form-data; filename="model"\r\n\r\nx'), "no content-disposition"],
    ["with a disposition that cannot be read", form('Content-Disposition: form-data; name="model\r\n\r\nx'), "no content-disposition"],
    ["with two names in a part", form('Content-Disposition: form-data; name="a"; name="model"\r\n\r\nx'), "two ways"],
    ["with a starred name", form("Content-Disposition: form-data; name*=utf-8''model\r\n\r\nx"), "two ways"],
    ["with a starred name beside a plain one", form("Content-Disposition: form-data; name=\"a\"; name*=utf-8''model\r\n\r\nx"), "two ways"],
    ["with a backslash in a name", form('Content-Disposition: form-data; name="mo\\del"\r\n\r\nx'), "two ways"],
    ["with two dispositions", form('Content-Disposition: form-data; name="a"\r\nContent-Disposition: form-data; name="model"\r\n\r\nx'), "same header twice"],
    ["with a folded header", form('Content-Disposition: form-data;\r\n name="model"\r\n\r\nx'), "malformed header"],
    ["with a header without a colon", form('Content-Disposition\r\n\r\nx'), "malformed header"],
    ["with a space before the colon", form('Content-Disposition : form-data; name="model"\r\n\r\nx'), "malformed header"],
    ["with a bare line feed in a head", form('Content-Disposition: form-data; name="a"\nContent-Disposition: form-data; name="model"\r\n\r\nx'), "malformed header"],
    ["with a zero byte in a head", form('Content-Disposition: form-data; name="mod\0el"\r\n\r\nx'), "malformed header"],
    ["with a boundary in a head", form(`X: y\r\n--B\r\n${good}`), "malformed header"],
  ])("%s", (_, body, problem) => {
    expect(scanEveryWay(body).problem).toContain(problem);
  });

  it("whose head is longer than 16 KiB, wherever it is cut", () => {
    const head = (bytes: number): string => 'Content-Disposition: form-data; name="a"\r\nX: '.padEnd(bytes, "y");
    const body = (bytes: number): Buffer => Buffer.from(form(`${head(bytes)}\r\n\r\nx`, good));
    for (const size of [1, 7, 1000, 16_384, 100_000]) {
      const cut = (bytes: Buffer): Buffer[] => Array.from({ length: Math.ceil(bytes.length / size) }, (__, index) => bytes.subarray(index * size, (index + 1) * size));
      expect(scan(cut(body(16_384)))).toMatchObject({ problem: "", model: { value: "m" } });
      expect(scan(cut(body(16_385))).problem).toBe("a part's headers are longer than 16384 bytes");
    }
  });

  it("with more than 1000 parts", () => {
    const parts = (count: number): Buffer => Buffer.from(form(...Array.from({ length: count }, () => field("a", ""))));
    expect(scan([parts(1000)])).toEqual({ model: null, problem: "", isClosed: true });
    expect(scan([parts(1001)]).problem).toBe("it has more than 1000 parts");
  });

  it("and looked at no more once something is wrong", () => {
    const scanner = new MultipartScanner("B");
    scanner.push(Buffer.from("--Bx\r\n"));
    const { problem } = scanner;
    scanner.push(Buffer.from(form(good)));
    scanner.end();
    expect(scanner).toMatchObject({ problem, model: null });
  });
});

describe("any form", () => {
  const content = fc.array(fc.constantFrom("\r\n", "\r\n--", "--", "--A", "-", "x", "\r\n\r\n", " --B", "x--B\r\n", "\0", "model"), { maxLength: 12 }).map((pieces) => `.${pieces.join("")}`);

  it("is read the same however it is cut, and the offsets hold the value", () => {
    fc.assert(
      fc.property(fc.array(content, { maxLength: 5 }), content, fc.array(content, { maxLength: 5 }), fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 50 }), (before, model, after, sizes) => {
        const body = Buffer.from(form(...before.map((value) => field("a", value)), field("model", model), ...after.map(file)));
        const chunks: Buffer[] = [];
        for (let at = 0, turn = 0; at < body.length; turn++) {
          const size = sizes[turn % sizes.length] ?? 1;
          chunks.push(body.subarray(at, at + size));
          at += size;
        }
        const seen = scan(chunks);
        expect(seen).toMatchObject({ problem: "", isClosed: true, model: { value: model } });
        expect(body.toString("latin1", seen.model?.start, seen.model?.end)).toBe(model);
      }),
      { numRuns: 500, seed: 20261121 },
    );
  });
});

describe("held bytes", () => {
  it("come back as they were, in few pieces, however finely they were cut", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 4000, max: 20_000 })), { maxLength: 60 }), (sizes) => {
        const held = new HeldBytes();
        const chunks = sizes.map((size, index) => Buffer.alloc(size, index + 1));
        for (const chunk of chunks) held.append(chunk);
        const whole = Buffer.concat(chunks);
        expect(held.length).toBe(whole.length);
        expect(Buffer.concat(held.pieces()).equals(whole)).toBe(true);
        const [start, end] = [sizes[0] ?? 0, whole.length - (sizes.at(-1) ?? 0)];
        expect(held.span(start, end).equals(whole.subarray(start, Math.max(start, end)))).toBe(true);
      }),
      { numRuns: 200, seed: 20261121 },
    );
    const fine = new HeldBytes();
    for (let index = 0; index < 100_000; index++) fine.append(Buffer.of(index & 0xff));
    expect(fine.pieces().length).toBe(8);
  });

  it("do not change what was taken out before", () => {
    const held = new HeldBytes();
    held.append(Buffer.from("abc"));
    const pieces = held.pieces();
    held.append(Buffer.from("def"));
    expect(Buffer.concat(pieces).toString()).toBe("abc");
    expect(Buffer.concat(held.pieces()).toString()).toBe("abcdef");
  });
});
