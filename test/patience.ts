// Before each file of tests: what is waited for may take as long as the machine lets it. The usual second is a flake on a busy one.
// It changes nothing but how late a wait that is in vain fails.
import { vi } from "vitest";

const PATIENCE_MS = 30_000;

const { waitFor } = vi;

const waitPatiently: typeof waitFor = (condition, options) => waitFor(condition, typeof options === "number" ? options : { timeout: PATIENCE_MS, ...options });

if (waitFor.name !== waitPatiently.name) vi.waitFor = waitPatiently;
