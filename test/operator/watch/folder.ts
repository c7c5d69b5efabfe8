// A folder of manifests on disk that a test owns, and the manifests to put into it.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

export interface Folder {
  readonly path: string;
  write(file: string, text: string): void;
  remove(file: string): void;
}

/** Gone when the test is. `name` is the folder within the temporary one, which may be deleted and made again. */
export const temporaryFolder = (name = "manifests"): Folder => {
  const root = mkdtempSync(join(tmpdir(), "llmgw-watch-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const path = join(root, name);
  mkdirSync(path);
  return {
    path,
    write: (file, text) => {
      mkdirSync(dirname(join(path, file)), { recursive: true });
      writeFileSync(join(path, file), text);
    },
    remove: (file) => rmSync(join(path, file), { recursive: true }),
  };
};

export const provider = (name = "openai"): string => `apiVersion: llmgateway.io/v1alpha1
kind: LLMProvider
metadata: {name: ${name}}
spec:
  type: OpenAI
  auth: {secretRef: {name: openai-key}}
`;

export const route = (name: string, weight: number | string = 1): string => `apiVersion: llmgateway.io/v1alpha1
kind: LLMRoute
metadata: {name: ${name}}
spec:
  models: [${name}]
  targets:
  - {providerRef: {name: openai}, model: gpt-5.5-mini}
  - providerRef: {name: openai}
    weight: ${weight}
`;

export const secret = (value = "sk-1", name = "openai-key"): string => `apiVersion: v1
kind: Secret
metadata: {name: ${name}}
stringData:
  api-key: "${value}"
`;
