// Where the random of the fuzzers begins: the same each time, or as it is asked for, and always told.
const USUAL = 20_261_121;

/** `LLMGW_FUZZ_SEED=7`: begins at 7. `LLMGW_FUZZ_SEED=random`: elsewhere each time. */
export const askedSeed = (): number => {
  const asked = process.env["LLMGW_FUZZ_SEED"] ?? "";
  const seed = asked === "random" ? Math.trunc(performance.now() * 1_000_003) % 2_147_483_647 : Number(asked || USUAL);
  if (!Number.isInteger(seed)) throw new Error(`LLMGW_FUZZ_SEED is ${asked}: it must be a whole number, or "random"`);
  return seed;
};

const TOLD = Symbol.for("llm-gateway tests: the seed was told");

/** Once in a process, however many files it tests. */
export const tellSeed = (seed: number): void => {
  if (Reflect.get(globalThis, TOLD) === seed) return;
  Reflect.set(globalThis, TOLD, seed);
  process.stdout.write(`seed ${seed}: LLMGW_FUZZ_SEED=${seed} does it again\n`);
};

/** And says so. */
export const seedOf = (): number => {
  const seed = askedSeed();
  tellSeed(seed);
  return seed;
};
