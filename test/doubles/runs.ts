// How often properties are tried with random values: often enough to find what was broken, and as much longer as somebody has time.
// It chooses no values.

/** `LLMGW_FUZZ_RUNS=20`: twenty times as many as usual. */
export const runsOf = (usual: number): number => {
  const times = Number(process.env["LLMGW_FUZZ_RUNS"] ?? 1);
  if (!Number.isInteger(times) || times < 1) throw new Error("LLMGW_FUZZ_RUNS must be a whole number: how many times as many as usual");
  return usual * times;
};
