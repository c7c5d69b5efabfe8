// What the demo provider keeps in memory: uploaded files, batches and responses.
// It refuses behaviour: only the shapes are here.

import type { Turn } from "./prompt.ts";

export interface StoredFile {
  readonly id: string;
  readonly filename: string;
  readonly purpose: string;
  readonly createdAt: number;
  readonly contentType: string;
  readonly content: Buffer;
}

export interface BatchRequest {
  readonly input_file_id: string;
  readonly endpoint: string;
  readonly metadata?: Readonly<Record<string, string>> | null | undefined;
}

export interface Batch {
  readonly id: string;
  readonly request: BatchRequest;
  readonly stop: AbortController;
  readonly createdAt: number;
  readonly counts: { total: number; completed: number; failed: number };
  status: "validating" | "failed" | "in_progress" | "completed" | "cancelling" | "cancelled";
  endedAt?: number;
  problem?: { code: string; message: string; line: number | null; param: null };
  outputFileId?: string;
  errorFileId?: string;
}

export interface StoredResponse {
  readonly id: string;
  readonly body: object;
  readonly items: readonly { readonly id: string }[];
  readonly turns: readonly Turn[];
}
