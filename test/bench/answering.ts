// How the fake provider can be told to answer, and in what portions: shared with those who count them.

/** json: one reply; messages and messages-burst: as json and burst, of a provider that speaks Anthropic Messages; burst: 200 chunks as fast as they go; paced: one chunk for each stream in turn; calm: five chunks; idle: one chunk, then silence. */
export type Answering = "json" | "messages" | "messages-burst" | "burst" | "paced" | "calm" | "idle";

export const CHUNKS_PER_STREAM = 200;
export const CHUNKS_PER_BURST = 10;
export const CHUNKS_PER_SECOND = 400;
