// What the names of DashScope's models tell (seen 2026-11): which of its two surfaces a model lives on, and how it thinks.
// A name that tells nothing is a text model that may be asked to think.

/** They see or hear, and are asked on the multimodal surface even when there is nothing to see. */
const MULTIMODAL = /(?:^|-)(?:vl|omni|audio|ocr)(?:-|$)|^qvq|^qwen3\.[5-9]/;

/** They think unless they are told not to. */
const HYBRID = /^qwen3(?!.*-(?:thinking|instruct|coder|max-preview))|^qwen-(?:plus|flash|turbo)/;

export const isMultimodalModel = (model: string): boolean => MULTIMODAL.test(model.toLowerCase());

export const isHybridModel = (model: string): boolean => HYBRID.test(model.toLowerCase());
