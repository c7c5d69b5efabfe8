// Runs while an image is built, in a copy of it: has Node take the types off all sources and keep what is left, so that no pod
// need load the compiler that does it, which is a quarter of an idle data plane's memory. Nothing of the sources is run.
// What V8 would keep beside it is let go: it differs from build to build.
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { flushCompileCache, getCompileCacheDir } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const HEAD_BYTES = 20;
/** The upper half of what V8's own data begin with. */
const V8_MARK = 0xc0de;

const [app = "", entry = ""] = process.argv.slice(2);
const folder = getCompileCacheDir();
if (folder === undefined) throw new Error("NODE_COMPILE_CACHE must name a folder that can be written");

const sources = readdirSync(app, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts") && !name.startsWith("node_modules"))
  .map((name) => pathToFileURL(join(app, name)).href);
// All are loaded before the first one runs, and that one gives up.
writeFileSync(entry, [`import "data:text/javascript,throw new Error('loaded')";`, ...sources.map((source) => `import ${JSON.stringify(source)};`)].join("\n"));
const outcome = await import(pathToFileURL(entry).href).catch((error: unknown) => error);
if (!(outcome instanceof Error && outcome.message === "loaded")) throw new Error("the sources could not be loaded", { cause: outcome });
flushCompileCache();

let kept = 0;
for (const name of readdirSync(folder)) {
  const path = join(folder, name);
  const bytes = readFileSync(path);
  if (bytes.length <= HEAD_BYTES || bytes.readUInt16LE(HEAD_BYTES + 2) === V8_MARK) {
    rmSync(path);
    continue;
  }
  // Whoever owns it in the image.
  chmodSync(path, 0o644);
  kept += 1;
}
if (kept < sources.length) throw new Error(`of ${sources.length} sources only ${kept} were kept`);
process.stdout.write(`${kept} of ${sources.length} sources kept without types\n`);
