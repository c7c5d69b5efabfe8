// Sockets by the real Writable of Node, so that what counts as a write is what the system would see.
import { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { Gathering, sendNow } from "../../dataplane/wire/gathering.ts";

/** Every write that reaches the system, in the order of all sockets. */
const openSockets = (...names: string[]): { readonly writes: string[]; readonly sockets: Socket[] } => {
  const writes: string[] = [];
  const open = (name: string): Socket => {
    const socket = new Socket();
    socket._write = (chunk: Buffer, _encoding, done) => {
      writes.push(`${name}: ${chunk.toString()}`);
      done();
    };
    socket._writev = (chunks, done) => {
      writes.push(`${name}: ${chunks.map(({ chunk }) => String(chunk)).join("+")}`);
      done();
    };
    return socket;
  };
  return { writes, sockets: names.map(open) };
};

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
const still = { tick: () => 0 };

describe("what is written in one turn", () => {
  it("goes out at its end, in one write for each socket, in the order in which they were first written to", async () => {
    const { writes, sockets: [a, b] } = openSockets("a", "b") as { writes: string[]; sockets: [Socket, Socket] };
    const gathering = new Gathering(still);
    for (const [socket, text] of [[b, "1"], [a, "2"], [b, "3"]] as const) {
      gathering.hold(socket);
      socket.write(text);
    }
    await Promise.resolve();
    expect(writes).toEqual([]);
    await turn();
    expect(writes).toEqual(["b: 1+3", "a: 2"]);
  });

  it("is counted as not out until then", async () => {
    const { sockets: [a] } = openSockets("a") as { writes: string[]; sockets: [Socket] };
    new Gathering(still).hold(a);
    a.write("word");
    expect(a.writableLength).toBe(4);
    await turn();
    expect(a.writableLength).toBe(0);
  });

  it("waits no longer than a millisecond when something else is written meanwhile", async () => {
    const { writes, sockets: [a, b, c] } = openSockets("a", "b", "c") as { writes: string[]; sockets: [Socket, Socket, Socket] };
    let nowMs = 100;
    const gathering = new Gathering({ tick: () => nowMs });
    for (const [socket, afterMs] of [[a, 0], [b, 0.9], [c, 0.2]] as const) {
      nowMs += afterMs;
      gathering.hold(socket);
      socket.write("x");
    }
    expect(writes).toEqual(["a: x", "b: x"]);
    nowMs += 0.9;
    gathering.hold(a);
    a.write("y");
    expect(writes).toHaveLength(2);
    await turn();
    expect(writes.slice(2)).toEqual(["c: x", "a: y"]);
  });

  it("goes out in the next turns as well", async () => {
    const { writes, sockets: [a] } = openSockets("a") as { writes: string[]; sockets: [Socket] };
    const gathering = new Gathering(still);
    for (const text of ["1", "2", "3"]) {
      gathering.hold(a);
      a.write(text);
      await turn();
    }
    expect(writes).toEqual(["a: 1", "a: 2", "a: 3"]);
  });

  it("goes out although another socket was destroyed or ended meanwhile", async () => {
    const { writes, sockets: [a, b, c] } = openSockets("a", "b", "c") as { writes: string[]; sockets: [Socket, Socket, Socket] };
    const gathering = new Gathering(still);
    for (const socket of [a, b, c]) {
      gathering.hold(socket);
      socket.write("x");
    }
    a.destroy();
    b.end("!");
    expect(writes).toEqual(["b: x+!"]);
    await turn();
    expect(writes).toEqual(["b: x+!", "c: x"]);
  });
});

describe("what must not wait", () => {
  it("goes out at once, and what is written behind it too", async () => {
    const { writes, sockets: [a] } = openSockets("a") as { writes: string[]; sockets: [Socket] };
    const gathering = new Gathering(still);
    gathering.hold(a);
    a.cork();
    a.write("1");
    sendNow(a);
    expect(writes).toEqual(["a: 1"]);
    a.write("2");
    await turn();
    expect(writes).toEqual(["a: 1", "a: 2"]);
  });
});
