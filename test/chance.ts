// Before each file of tests: what is drawn by lot is the same in each run, unless LLMGW_FUZZ_SEED asks for other lots.
// A property that fails tells its seed itself; one that names a seed of its own keeps it.
import fc from "fast-check";
import { askedSeed } from "./protocols/seed.ts";

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: askedSeed() });
