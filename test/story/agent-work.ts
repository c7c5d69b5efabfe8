// What a coding agent brings to a conversation: its instructions, thirty tools as such agents really have them, and a job to
// do. The demo provider calls the tools that a turn's words name, or the first one, with arguments made of the
// tool's schema and the words: so what must come back is known before it is asked.
import type Anthropic from "@anthropic-ai/sdk";
import { instanceOf } from "../../operator/demo/instance.ts";
import { isJsonObject } from "../../operator/demo/json.ts";
import { picture } from "../../operator/demo/png.ts";
import { argumentWords } from "../../operator/demo/words.ts";

type Properties = Readonly<Record<string, unknown>>;

const object = (properties: Properties, required: readonly string[] = []): Anthropic.Tool.InputSchema => ({ type: "object", properties, required: [...required], additionalProperties: false });
const text = (description: string, more: object = {}) => ({ type: "string", description, ...more });
const whole = (description: string, more: object = {}) => ({ type: "integer", description, ...more });
const flag = (description: string) => ({ type: "boolean", description, default: false });
const list = (items: object, more: object = {}) => ({ type: "array", items, ...more });

const path = text("The absolute path of the file", { minLength: 1 });
const tool = (name: string, description: string, input_schema: Anthropic.Tool.InputSchema): Anthropic.Tool => ({ name, description, input_schema });

/** Longer than every other protocol takes, and with letters that some of them refuse. */
export const LONG = "mcp__atlassian.cloud__search_issues_by_jql_with_pagination_and_selected_fields";
export const FORCED = "mcp__github_enterprise__create_pull_request_review_comment_on_changed_lines";

/** The first is called when nothing is named. */
const plainTools: readonly Anthropic.Tool[] = [
  tool(LONG, "Searches issues.", object({ jql: text("The query"), fields: list({ type: "string", enum: ["summary", "status", "assignee"] }, { minItems: 1, uniqueItems: true }), page: object({ start: whole("From", { minimum: 0 }), limit: whole("How many", { minimum: 1, maximum: 100 }) }, ["start"]) }, ["jql"])),
  tool("read_file", "Reads a file.", object({ file_path: path, offset: whole("First line", { minimum: 1 }), limit: whole("Number of lines", { minimum: 1, maximum: 2000 }) }, ["file_path"])),
  tool("write_file", "Writes a file.", object({ file_path: path, content: text("The whole content") }, ["file_path", "content"])),
  tool("multi_edit", "Changes several places of one file.", object({ file_path: path, edits: list(object({ old_string: text("Before"), new_string: text("After"), replace_all: flag("Everywhere") }, ["old_string", "new_string"]), { minItems: 1, description: "In order" }) }, ["file_path", "edits"])),
  tool("ripgrep", "Searches contents.", object({ pattern: text("A regular expression such as \\bfoo\\b or \"quoted\""), glob: text("Which files, as **/*.{ts,tsx}"), output_mode: { type: "string", enum: ["content", "files_with_matches", "count"] }, "-i": flag("Ignore case"), "-A": whole("Lines behind") }, ["pattern"])),
  tool("list_directory", "Lists a directory.", object({ path, ignore: list({ type: "string" }) }, ["path"])),
  tool("run_command", "Runs a shell command.", object({ command: text("The command"), timeout_ms: { type: "number", minimum: 0, maximum: 600_000 }, env: { type: "object", additionalProperties: { type: "string" } }, run_in_background: flag("Do not wait") }, ["command"])),
  tool("todo_write", "Keeps the list of what is to be done.", object({ todos: list(object({ content: text("What", { minLength: 1 }), status: { type: "string", enum: ["pending", "in_progress", "completed"] }, priority: { anyOf: [{ type: "integer", minimum: 1 }, { type: "null" }] } }, ["content", "status"])) }, ["todos"])),
  tool("take_screenshot", "Takes a picture of a page.", object({ url: text("The page", { format: "uri" }), viewport: object({ width: whole("Pixels"), height: whole("Pixels") }) }, ["url"])),
  tool("get_diagnostics", "Tells what the compiler says.", object({})),
  tool("git_status", "Tells the state of the work tree.", { type: "object" }),
  tool(FORCED, "Comments on a line.", object({ repository: text("owner/name", { pattern: "^[^/]+/[^/]+$" }), line: { oneOf: [whole("One"), { type: "object", properties: { from: whole("From"), to: whole("To") }, required: ["from", "to"] }] }, body: text("Markdown — with “quotes”, emoji 🚀 and a \\ backslash") }, ["repository", "line", "body"])),
];

const further = ["web_fetch", "web_lookup", "notebook_edit", "kill_shell", "bash_output", "slash_command", "exit_plan_mode", "launch_agent", "git_blame", "git_commit", "docker_logs", "kubectl_get", "psql_query", "redis_get", "sentry_issue", "figma_frame", "memory_store"];

export const tools: readonly Anthropic.Tool[] = [
  ...plainTools,
  ...further.map((name, index) => tool(name, `Does what its name says (${index}).`, object({ query: text("What"), options: object({ deep: flag("Deeper"), tags: list({ type: "string" }, { maxItems: 5 }) }) }, ["query"]))),
  { ...tool("ask_user", "Asks the user.", object({ question: text("What"), choices: list(object({ label: text("Short"), description: text("Long") }, ["label"]), { minItems: 2, maxItems: 4 }) }, ["question"])), cache_control: { type: "ephemeral" } },
];

export const system: Anthropic.TextBlockParam[] = [
  { type: "text", text: "You are an agent that writes code." },
  { type: "text", text: "Always say what you do before you do it. ".repeat(40).trim(), cache_control: { type: "ephemeral", ttl: "1h" } },
];

const SCREENSHOT = picture(Buffer.from("a page of the application")).toString("base64");

export interface Turn {
  /** Behind the results of the turn before, as agents put their reminders there; "" for nothing but the results. */
  readonly says: string;
  /** What is then called, in the order of the tools; empty where the model answers in words. */
  readonly calls: readonly string[];
  /** Of the turn's own calls, in their order; what is missing is a line of text. */
  readonly results?: readonly Anthropic.ToolResultBlockParam["content"][];
  readonly failed?: readonly number[];
  readonly isForced?: true;
  /** Without thinking. Who forces a call may not let it think. */
  readonly isPlain?: true;
}

/**
 * Ten turns with calls, and four that end in words. What was seen in a picture is told in the next turn in some protocols, with
 * the tool's name: so that turn names it too. Whether it thinks may change only between one job and the next.
 */
export const job: readonly Turn[] = [
  { says: "Have a look around: list_directory of the project and read_file package.json, 40 lines", calls: ["read_file", "list_directory"] },
  { says: "Which issue is this about? Number 4711 in the tracker", calls: [LONG], results: [[{ type: "text", text: "One issue." }, { type: "text", text: "It is open." }]] },
  { says: "Find where it happens by ripgrep for parse_date with 3 lines behind", calls: ["ripgrep"], results: [""] },
  { says: "Nothing. Try run_command npm test and get_diagnostics and git_status within 60 seconds", calls: ["run_command", "get_diagnostics", "git_status"], results: ["exit code 1", "src/date.ts(12,5): error TS2322", "M src/date.ts"], failed: [0] },
  { says: "", calls: [] },
  { says: "Then show me: take_screenshot of the page, 800 wide", calls: ["take_screenshot"], results: [[{ type: "text", text: "Done." }, { type: "image", source: { type: "base64", media_type: "image/png", data: SCREENSHOT } }]] },
  { says: "Change it by multi_edit at 2 places of src/date.ts and take_screenshot of the page again", calls: ["multi_edit", "take_screenshot"], results: ["Changed.", "The page does not load."], failed: [1] },
  { says: "", calls: [] },
  { says: "Comment on line 12 of the pull request", calls: [FORCED], isForced: true, isPlain: true },
  { says: "", calls: [], isPlain: true },
  { says: "Keep a list with todo_write and priority 1", calls: ["todo_write"], results: [[]] },
  { says: "Once more run_command npm test, up to 30 seconds", calls: ["run_command"], results: ["ok ".repeat(2000)] },
  { says: "Let me choose: ask_user with 2 choices", calls: ["ask_user"], results: ["The first one"] },
  { says: "", calls: [] },
];

const schemaOf = (name: string): object => tools.find((one) => one.name === name)?.input_schema ?? {};

export const inputOf = (name: string, says: string): unknown => {
  const schema = JSON.parse(JSON.stringify(schemaOf(name)));
  return isJsonObject(schema) ? instanceOf(schema, argumentWords(says)) : {};
};
