// Before each file of tests: what is drawn by lot is the same in each run, unless LLMGW_FUZZ_SEED asks for other lots.
// A property that fails tells its seed itself; one that names a seed of its own keeps it. Each process tells the seed of all once.
import fc from "fast-check";
import { askedSeed, tellSeed } from "./protocols/seed.ts";

const seed = askedSeed();
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
tellSeed(seed);
