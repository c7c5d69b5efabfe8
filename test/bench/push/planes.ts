// Many light data planes in one process of the bench.
import { answer, type ToChild } from "./commands.ts";
import { startLightPlane } from "./light-plane.ts";

process.on("message", (command: ToChild) => {
  if (command.type !== "planes") return;
  const { url, caFile, first, count } = command.start;
  for (let index = first; index < first + count; index += 1) {
    const pod = `light-${index}`;
    startLightPlane({ url, caFile, pod, uid: `uid-${pod}`, token: `head.payload.${pod}` });
  }
  answer({ type: "up", port: 0 });
});
process.on("disconnect", () => process.exit(0));
// Timers of the clock do not keep a process alive, and between two attempts there is nothing else.
setInterval(() => undefined, 1_000_000);
