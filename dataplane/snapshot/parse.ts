// From a text that operator and data plane keep or exchange to something unknown; a failure is a value.
// It checks no shape, and sets no bound: whoever hands over the text has bounded it.

/** Undefined when it is not JSON. */
export const parseText = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
