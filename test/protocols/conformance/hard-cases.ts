// What is hard about the protocols, one line each: its numbers in the list of hard cases, where it is tried over all pairs or why
// not, and the tests that prove that it is done right: a file under test/ and words of the title of one of its tests. What is
// not done says why.
export interface HardCase {
  /** In the list of what is hard; none for what was found since. */
  readonly numbers: readonly number[];
  /** Cases of the suite that go through all pairs, or why it is a matter of some protocols, or of none, only. */
  readonly scope: Scope;
  readonly behaviour: string;
  readonly proofs: readonly (readonly [file: string, words: string])[];
  /** Why nothing proves it. */
  readonly skipped?: string;
}

export type Scope = string | { readonly pairs: readonly string[] };

export const HARD_CASES = 148;

const done = (numbers: readonly number[], scope: Scope, behaviour: string, ...proofs: HardCase["proofs"]): HardCase => ({ numbers, scope, behaviour, proofs });
const pairs = (...cases: readonly string[]): Scope => ({ pairs: cases });

const BYTES = "readers of bytes lie under all protocols: each framing has one";
const EVENTS = "one reader of server-sent events serves all protocols that are framed so";
const FRAMES = "of Bedrock only: its frames, and what comes in them";
const DELTAS = "how one provider's stream is read; what came of it is the same for each client";
const NAMED = "of protocols whose events have names: Anthropic's and Responses";
const PASSAGE = "what the gateway does with requests and streams of whatever protocols";
const TEMPLATES = "templates of open models refuse it, behind whatever protocol: their rows say so";
const STRICT = "only Anthropic's and Amazon's servers refuse it";
const NAMES = "only the messages of chat completions have names";
const ORDER = "chat completions cannot say it: they have no order of words and calls";
const NEUTRAL = "judged in the neutral model, before any provider's protocol";
const MODELS = "some models refuse it, behind whatever protocol";
const BLOCKS = "only Anthropic's, Amazon's and OpenAI's newer streams have blocks that begin and end";
const PREFIX = "bytes of the provider's side only: the same history gives the same beginning";
const ROWS = "a row of the catalogue says it of its vendor, whatever clients speak";
const ANY = "any member, over all pairs, by chance";
const CLIENTS = "each client's protocol has a style of its own, whatever the provider's";
const STORY = "each client's library against each provider's errors and lists, over the wire";
const FAILURES = "bodies of errors are read before they are anything of a protocol's";
const REPEATING = "only DashScope and Perplexity repeat";
const CHAT = "only chat completions and their vendors do so";
const RESPONSES = "only OpenAI's Responses do so";
const ANTHROPIC = "only Anthropic's protocol does so";
const GEMINI = "only Gemini's protocol does so";

const framing: readonly HardCase[] = [
  done([1], BYTES, "a character that is cut between two pieces of the network", ["wire/sse-reader", "reads the same wherever the bytes are cut"], ["wire/aws-event-stream", "come out as they went in, wherever the stream is cut"]),
  done([2], DELTAS, "a surrogate pair that is cut between two deltas", ["protocols/openai-chat/decode-stream", "a pair that was cut into two halves is one character"], ["protocols/anthropic-messages/stream", "holds half a character until its other half comes"], ["protocols/gemini/answers", "never gives half of a pair away"]),
  done([3], EVENTS, "line ends of all three kinds, and one that is cut in two", ["protocols/cuts", "and with CRLF for every LF"], ["protocols/cuts", "in pieces, and with CR for every LF"], ["wire/sse", "a comparison that forgets the carriage return is caught"]),
  done([4], EVENTS, "fields with no space behind the colon, or with two", ["wire/sse", "no space behind the colon"]),
  done([5], EVENTS, "comments, lone colons and empty data", ["protocols/openai-chat-stream", "with data count; comments, pings and empty data do not"]),
  done([6], EVENTS, "one payload on several lines of data", ["wire/sse", "joins several lines of data"]),
  done([7], EVENTS, "a byte order mark before the first field", ["wire/sse", "takes a byte order mark for one at the stream's beginning only"]),
  done([8], EVENTS, "an event's name behind its data", ["protocols/openai-responses/decode-stream", "with data before the event's name is read the same"]),
  done([9], EVENTS, "a bare field called error", ["wire/sse", "tells the bare error field apart"]),
  done([10], EVENTS, "a last event without its blank line", ["wire/sse-reader", "counts in a last event without its blank line when its data are whole"], ["protocols/openai-chat-stream", "is not there when the event behind the finish reason is cut off"]),
  done([11], DELTAS, "a stream without its terminator: good behind a finish, bad without", ["protocols/openai-chat/decode-stream", "incomplete is %s"], ["protocols/openai-chat/decode-stream", "Perplexity repeats the text in a message"], ["story/streams-endings", "is not finished when every choice gave its reason and the body broke off"]),
  done([12], NAMED, "a terminator of Chat's where the protocol has none", ["protocols/anthropic-messages/pass-through", "keeps a relay's [DONE] from a client that would fail on it"], ["protocols/openai-responses/decode-stream", "without event names and with [DONE] behind it is read the same"]),
  done([13], GEMINI, "Gemini's two framings, also where the provider knows one only", ["protocols/gemini/client", "is a list where the client did not ask for events"], ["protocols/gemini/reframe", "comes as events, each response as it was"], ["protocols/gemini/reframe", "end the list with an error where they were cut"]),
  done([14], FRAMES, "Amazon's frames over several pieces, broken or endless", ["wire/aws-event-stream", "that are broken anywhere are a problem at the byte that tells it"], ["wire/aws-event-stream", "that are announced cost nothing until the bytes come"]),
  done([15], FRAMES, "Amazon's exceptions inside a success", ["protocols/bedrock-converse/stream", "fails by an exception in it"], ["protocols/anthropic-messages/framed", "tell an exception as Anthropic's error"]),
  done([16], PASSAGE, "one document where a stream was asked for, and the reverse", ["story/streams-passage", "JSON where a stream was asked for arrives as a stream with the same content"], ["story/streams-passage", "a stream where JSON was asked for arrives as one reply with the same content"], ["story/joined", "is joined when it has 5 MiB in small chunks"]),
  done([17], PASSAGE, "encodings that are not what the head says, and lengths that no longer hold", ["story/streams-passage", "and breaks off, or lies about its encoding"], ["story/streams-passage", "keep their length honest"]),
  done([18], DELTAS, "an error in the clothes of a success, and an error of null", ["protocols/openai-reply", "can be an error with the status of a success"], ["protocols/openai-chat-stream", "is none when it is null, and text about errors is none"]),
  done([19], PASSAGE, "an error in the middle: told in the client's words, with no end that looks well", ["story/streams-passage", "mid stream ends the stream with an error event and the upstream with it"], ["protocols/openai-failure", "adds no success terminator"]),
  done([20], PASSAGE, "an error before the first byte: a real status, and somebody else's turn", ["story/streams-passage", "as the first one is a refusal or somebody else's turn"], ["story/streams-passage", "is held back until the first event"]),
  done([21], DELTAS, "events, blocks and words that nobody has heard of", ["protocols/anthropic-messages/stream", "may say what this build has not heard of"], ["protocols/openai-responses/decode-stream", "keep-alive events and events of tomorrow are no content"]),
  done([22], PASSAGE, "keep-alives of the gateway's own while a provider is silent", ["story/keep-alive", "nothing else of the stream changes, and nothing of its books"], ["story/keep-alive", "nothing is said inside an event"], ["story/keep-alive", "a provider that is silent for too long is told as ever"]),
  done([23], PASSAGE, "a client that leaves: the provider is stopped, and what was used is counted", ["story/clients-leaving", "mid stream is charged the usage that the provider told so far"]),
  done([24], DELTAS, "events larger than what may be held", ["protocols/openai-chat/decode-stream", "an event that is too long is a failure and not a wait"], ["protocols/fuzz-all", "in a stream with events that are too long ends in a failure"]),
];

const turns: readonly HardCase[] = [
  done([25], pairs("a system prompt in the middle"), "a system prompt in the middle", ["protocols/fit/turns", "in the middle keep their place as marked text of the user's"], ["protocols/anthropic-messages/encode-request", "have the system in front, and the later ones where they stand"]),
  done([26], pairs("a developer's prompt"), "a developer's prompt for those who know only the system's", ["protocols/openai-chat/encode-request", "write system prompts as one text each, and developer as system"], ["protocols/cohere/encode-request", "of the system and of a developer are the system's"]),
  done([27], pairs("several system prompts", "marks of the cache"), "several system texts with marks of the cache", ["protocols/anthropic-messages/decode-request", "keeps several system texts with their cache marks"], ["protocols/openai-chat/encode-request", "keep system prompts apart where the cache is marked in them"]),
  done([28], TEMPLATES, "templates that refuse a system prompt in the middle", ["protocols/fit/turns", "in the middle keep their place as marked text of the user's"], ["protocols/fit/turns", "in the middle stay where they are known"]),
  done([29], pairs("turns of one role behind each other"), "turns of one role behind each other", ["protocols/bedrock-converse/encode-request", "of one role behind each other are one"], ["protocols/anthropic-messages/encode-request", "of one role become one, the results of tools first"], ["protocols/gemini/encode-request", "results of functions alone and behind their calls"]),
  done([30], pairs("the model's turn as the first"), "a conversation that the model begins", ["protocols/fit/turns", "the model's turn as the first stands behind words that say so"], ["protocols/bedrock-converse/encode-request", "that begin with the model's are given a beginning, and that is told"]),
  done([31], pairs("a beginning of the answer"), "a beginning of the answer, where it can be gone on with and where not", ["protocols/fit/turns", "a beginning of the answer is missed where the model cannot go on with it"], ["protocols/dashscope/encode-request", "mark a beginning of the answer, so that it is gone on with"]),
  done([32], STRICT, "white space at the end of such a beginning", ["protocols/anthropic-messages/encode-request", "that the model goes on from end in a visible character"], ["protocols/bedrock-converse/encode-request", "that are gone on from do not end in white space"]),
  done([33], pairs("calls and their results"), "a model's turn that is null or empty beside its calls", ["protocols/anthropic-messages/encode-request", "hold no empty text, and there is no message of nothing"]),
  done([34], STRICT, "texts of nothing and of white space", ["protocols/fit/turns", "stay as the last thing that the user said: the provider judges them"], ["protocols/bedrock-converse/encode-request", "blank texts nowhere"]),
  done([35], NAMES, "names of who speaks", ["protocols/unread", "messages[0].name"]),
  done([36], CHAT, "functions in the older way", ["protocols/openai-chat/decode-request", "in the older way are read as the newer, and answers find their calls"], ["protocols/openai-chat/encode", "has one call only: the others are a loss"]),
  done([37], pairs("results in another order, and words behind them"), "results and words in one turn", ["protocols/fit/turns", "of one step come in one turn, before the text, in the order of the calls"], ["protocols/openai-chat/encode-request", "say the results of tools first, each as a message of its own"]),
  done([38], ORDER, "words behind a call", ["protocols/anthropic-messages/encode-request", "keep the order in which an assistant spoke and called"]),
  done([39], PASSAGE, "bodies that are too large", ["story/limits", "of %s bytes, where 2000 are the limit, get %s"], ["protocols/gemini/answers", "Request payload size exceeds the limit"], ["protocols/bedrock-converse/failure", "RequestEntityTooLargeException"]),
];

const tools: readonly HardCase[] = [
  done([40], pairs("calls and their results"), "results of one step, all in one turn", ["protocols/fit/turns", "of one step come in one turn, before the text, in the order of the calls"]),
  done([41], pairs("a result that is missing"), "a result that is missing", ["protocols/fit/turns", "that are missing are put in as errors, and it is told"]),
  done([42], NEUTRAL, "a result of a call that nobody made, and a second one", ["protocols/fit/turns", "of a call that nobody made, and second ones, are not sent"]),
  done([43], RESPONSES, "calls as items of their own that are one turn", ["protocols/openai-responses/decode-request", "calls that follow each other are one turn of the model"]),
  done([44], CHAT, "dense indices of calls", ["protocols/openai-chat/encode", "gets calls one after another with dense indices"]),
  done([45], pairs("calls and their results", "a call"), "calls without ids, and results by names", ["protocols/fit/tools", "that a provider leaves out are given on the way back"], ["protocols/fit/turns", "know the names of their tools"]),
  done([46], pairs("ids of calls that are long and odd"), "ids of letters and lengths that the other side refuses", ["protocols/fit/tools", "that it does not take become such as it takes, calls and results alike, the same every time"]),
  done([47], pairs("ids of calls that come again"), "ids that begin anew in each answer", ["protocols/fit/tools", "that are unique within one answer only are made different"]),
  done([48], pairs("a call", "words and two calls"), "a call that comes whole in one piece", ["protocols/openai-chat/decode-stream", "come %s"], ["protocols/gemini/client", "puts calls whole behind what stood before them"]),
  done([49], pairs("a call without arguments"), "arguments of nothing, and a first fragment of nothing", ["protocols/openai-chat/encode", "arguments that are never nothing"], ["protocols/anthropic-messages/stream", "calls tools: whole, in pieces, and with nothing to say to them"]),
  done([50], CHAT, "an empty list of calls beside text", ["protocols/openai-chat/decode-stream", "that are an empty list are none"]),
  done([51], pairs("arguments with numbers of many digits"), "arguments that come as an object, and go as one", ["protocols/ollama/encode-request", "hold calls without ids, arguments as objects"], ["protocols/openai-chat/decode-reply", "keeps the numbers of arguments that are objects"]),
  done([52], pairs("arguments that are no JSON"), "arguments in a history that are no JSON", ["protocols/bedrock-converse/encode-request", "arguments that are no object go along inside one"], ["protocols/cohere/encode-request", "keep arguments as they were written, JSON or not"]),
  done([53], pairs("arguments with numbers of many digits"), "numbers, keys and spaces of arguments as they were written", ["protocols/openai-chat/encode-request", "keeps each number of what is only passed on as it was written"], ["protocols/openai-responses/decode-request", "arguments stay as they were written, to the byte"]),
  done([54], pairs("a call that was cut off"), "arguments that the limit cut", ["protocols/openai-chat/decode-stream", "that broke off at the limit are given as they are"], ["protocols/gemini/answers", "ends a call that the limit cut"]),
  done([55], pairs("a call", "words and two calls"), "calls behind a word that says a natural end", ["protocols/gemini/answers", "ends with calls where it holds some, unless it was cut or filtered"], ["protocols/ollama/decode", "tells thinking, text and calls, whose end it calls a stop"]),
  done([56], pairs("an end at a call that could not be read"), "a call that could not be read", ["protocols/gemini/answers", "of a call that could not be read is no clean end"]),
  done([57], pairs("no tool may be called", "no tool may be called, behind calls"), "no tool may be called", ["protocols/bedrock-converse/encode-request", "none may be called: left out where the history has none, kept where it has some"], ["protocols/fit/tools", "none keeps the tools that the history needs, and tells the model"]),
  done([58], MODELS, "a forced call together with thinking", ["protocols/anthropic-messages/encode-request", "gives way to a tool that is forced, on models with budgets"]),
  done([59], pairs("one tool is forced"), "one tool that is forced, in each vendor's way", ["protocols/cohere/encode-request", "of tools force one by leaving only that one"], ["protocols/gemini/encode-request", "are chosen in Google's words"]),
  done([60], pairs("calls one at a time"), "calls one at a time, and vendors for whom that is usual", ["protocols/fit/tools", "calls one at a time cannot be had everywhere"], ["protocols/openai-chat/encode-request", "are asked for where the vendor makes one only unless it is asked"]),
  done([61], GEMINI, "schemas for those who know OpenAPI's only", ["protocols/gemini/encode-request", "have OpenAPI's schemas where the vendor or the model takes no other"], ["protocols/gemini/encode-request", "that grow without end by their references are cut"]),
  done([62], GEMINI, "what looks like a reference in a result", ["protocols/gemini/encode-request", '{"a":{"$ref":"#/x"}}']),
  done([63], pairs("a tool without parameters"), "a tool without parameters", ["protocols/gemini/encode-request", "have their schemas as they are, and none where they take nothing"], ["protocols/anthropic-messages/encode-request", "have a schema always"]),
  done([64], pairs("a tool's name of other letters", "a call of a tool with a name of other letters"), "names of tools of other letters, in the history and the choice too", ["protocols/fit/tools", "become such as the target takes, each another, and lose nothing"], ["protocols/fit/tools", "are the same in the history and in the choice"]),
  done([65], STRICT, "descriptions of nothing", ["protocols/bedrock-converse/encode-request", "have a description only when it says something"]),
  done([66], pairs("a strict tool", "an answer by a strict schema"), "strictness that is usual on one side only", ["protocols/openai-responses/encode-request", "strict is said of every tool and format, for here it is true when it is not"]),
  done([67], pairs("a tool of free text", "a call of a tool of free text"), "tools of free text and of grammars", ["protocols/fit/tools", "is a function with one string, in the history too, and loses nothing"], ["protocols/fit/tools", "comes back so wherever its arguments are cut, without half a character"]),
  done([68], pairs("a search of the web by the provider"), "tools that another provider runs", ["protocols/fit/tools", "is missed by name where another provider is asked"], ["protocols/fit/tools", "stays when it searches the web and the target can do that too"]),
  done([69], pairs("what a tool of the provider's own asked and found"), "what a provider's own tools asked and gave, for other clients", ["protocols/anthropic-messages/stream", "gives its own tools' calls whole, with their input"], ["protocols/fit/turns", "leave the text that others can read"]),
  done([70], pairs("an image as a result"), "pictures in results where only text may stand", ["protocols/fit/turns", "hand their images on to words behind them where they may hold text only"]),
  done([71], pairs("an error as a result"), "results that are errors", ["protocols/fit/turns", "say in words that they are errors where there is no flag"], ["protocols/bedrock-converse/encode-request", "results say whether they are errors"]),
  done([72], GEMINI, "results that must be objects", ["protocols/gemini/encode-request", "has each result as an object"]),
  done([73], GEMINI, "arguments that come value by value", ["protocols/gemini/answers", "puts calls together whose arguments come value by value"]),
  done([74], pairs("a subset of the tools"), "a subset of the tools", ["protocols/conformance/conformance", "asks what was asked, but for what is told"]),
  done([75], CHAT, "Groq's word for a call that it could not read", ["protocols/openai-chat/decode-stream", "an error is one: Groq's event"]),
  done([76], pairs("an end at a pause"), "a turn that the provider paused", ["protocols/openai-chat/encode", "ends in a word of the protocol: paused"], ["protocols/anthropic-messages/stream", "gives its own tools' calls whole, with their input"]),
];

const reasoning: readonly HardCase[] = [
  done([77], pairs("what only the provider can read of its thinking, given back with the next question"), "signatures through clients of other protocols and back", ["protocols/openai-chat/encode", "comes back in the history, from a stream"], ["protocols/conformance/conformance", "brings thinking back to its maker with the history"], ["protocols/anthropic-messages/encode-request", "rests for a turn when the open tool loop has lost its thinking"]),
  done([78], pairs("thinking that only its maker reads"), "thinking that only its maker reads, byte for byte", ["protocols/bedrock-converse/stream", "joins redacted reasoning whose pieces are base64 each"], ["protocols/fit/turns", "goes back to its maker"]),
  done([79], NEUTRAL, "values that belong to one vendor and one endpoint of it", ["protocols/fit/turns", "is taken off for others, and thinking of which nothing else is known goes"], ["protocols/bedrock-converse/encode-request", "in the history: what is %s"]),
  done([80], GEMINI, "Gemini's signatures on the very part, and its word for calls that nobody signed", ["protocols/gemini/encode-request", "has Gemini's own signatures on the parts that they came with"], ["protocols/gemini/encode-request", "has the word for calls that nobody signed"]),
  done([81], RESPONSES, "reasoning that is sealed because nothing is stored", ["protocols/openai-responses/encode-request", "nothing is stored, and the reasoning is asked for in sealed form"]),
  done([82], RESPONSES, "reasoning right before its call, and before each call for some", ["protocols/openai-responses/decode-request", "reasoning, a message and a call without a pause are one turn, in their order"], ["protocols/openai-responses/encode-request", "a server that wants its thinking back gets it before each call"]),
  done([83], CHAT, "two names for the same thinking", ["protocols/openai-chat/encode", "is told twice: to be shown, and to be sent back"], ["protocols/openai-chat/encode-request", "call members by other names"]),
  done([84], CHAT, "thinking that must be replayed with calls, and nowhere else", ["protocols/openai-chat/encode-request", "is said with calls, even when there was none, where it must be replayed, and nowhere else"]),
  done([85], CHAT, "thinking between tags in the text", ["protocols/openai-chat/decode-stream", "between tags is told apart where the dialect says so, wherever the tags are cut"]),
  done([86], CHAT, "thinking and text in one delta", ["protocols/openai-chat/decode-request", "may stand among Mistral's parts"], ["protocols/openai-chat/decode-stream", "is read from a list in which Mistral mixes it with text"]),
  done([87], pairs("a budget of thinking"), "a budget that is more than the limit of the answer", ["protocols/anthropic-messages/encode-request", "stays below the limit"], ["protocols/bedrock-converse/encode-request", "stays below the limit of the answer"]),
  done([88], MODELS, "sampling that a thinking model refuses", ["protocols/anthropic-messages/encode-request", "none that thinking forbids"], ["protocols/openai-chat/encode-request", "know by the model what OpenAI refuses"]),
  done([89], BLOCKS, "one open block at a time", ["protocols/anthropic-messages/stream", "has one block open at a time, although calls come side by side"], ["protocols/one-at-a-time", "lose nothing and mix nothing, however they were mixed"]),
  done([90], pairs("thinking without words"), "thinking without words that is a block all the same", ["protocols/anthropic-messages/stream", "thinks: %s"], ["protocols/openai-responses/decode-stream", "without text is a block all the same when something is sealed in it"]),
  done([91], RESPONSES, "a sealed value that is another at its end", ["protocols/openai-responses/decode-stream", "has the sealed value that came with its end, on its last part"]),
  done([92], ROWS, "models that can only stream", ["providers/rows/surgery", "asks a model that can only stream for a stream, and the client gets one answer"]),
  done([], RESPONSES, "summaries that OpenAI gives only to those who proved who they are", ["protocols/openai-responses/encode-request", "where a summary costs proof of who one is"]),
];

const parameters: readonly HardCase[] = [
  done([93], pairs("one question"), "a limit of the answer that one side demands", ["protocols/bedrock-converse/encode-request", "is the model's own when another protocol's client named none"]),
  done([94], ROWS, "two names for the limit of the answer, by the model", ["providers/rows/catalogue", "name the limit of the output for %s behind a relay"]),
  done([95], pairs("a stop string", "more stop strings than most take", "a stop string of white space"), "more stop strings than are taken, and blank ones", ["protocols/fit/stop", "as many as the target takes are its own; the gateway stops at the rest, and none is lost"], ["protocols/fit/stop", "of white space are the gateway's where the target refuses them"]),
  done([96], pairs("a high temperature"), "a temperature above the highest", ["protocols/fit/members", "a temperature above the target's highest is brought down to it"]),
  done([97], pairs("several answers"), "several answers from those who give one", ["protocols/fit/members", "several answers become one, which is another answer"]),
  done([98], pairs("logprobs"), "log probabilities", ["protocols/gemini/client", "tells likelihoods, whole and streamed"], ["protocols/fit/members", "fewer likeliest tokens are told"]),
  done([99], CHAT, "usage that is asked for by us, and by the client or not", ["protocols/openai-chat/encode-request", "usage is always asked for in streams, unless that is refused"], ["protocols/openai-chat/encode", "is told once, last and without choices, to those who asked"], ["protocols/openai-chat/encode", "is told to nobody else"], ["story/usage-unasked", "is asked of the provider, taken out again, and in our books as the provider counted it"], ["story/usage-unasked", "is not seen by OpenAI's library"], ["request/sifted", "is left out, however it is cut"]),
  done([100], ROWS, "vendors that refuse members", ["providers/rows/surgery", "loses what the vendor refuses and calls things as the vendor does, and nothing else moves"]),
  done([101], RESPONSES, "answers that are stored, and conversations that are gone on from", ["protocols/fit/members", "is lost under its own name, and is missed where the answer would mean something else"], ["protocols/openai-responses/decode-request", "a choice that only this protocol knows is kept for it"]),
  done([102], pairs("an answer by a schema", "an answer by a schema, beside tools", "an answer in JSON"), "a schema as a tool that is forced, and back", ["protocols/fit/tools", "of a schema are a tool that must be called, and nothing is lost"], ["protocols/fit/tools", "come back as text while they grow"]),
  done([103], pairs("an answer by a strict schema"), "schemas that are closed or not, and as text", ["protocols/anthropic-messages/encode-request", "a format is closed where it says nothing of that"], ["protocols/bedrock-converse/encode-request", "of the format are text inside"]),
  done([104], ROWS, "betas that a cloud refuses, or knows by another name", ["providers/rows/surgery", "go into the body at Bedrock, those that it knows, and the others are told"], ["providers/rows/surgery", "are called so there, once, and only what it does not know is told"]),
  done([105], pairs("marks of the cache"), "marks of the cache: more than are taken, points, lifetimes", ["protocols/fit/turns", "beyond what the target takes: the oldest go"], ["protocols/bedrock-converse/decode-request", "are marked by a point of the cache behind them"], ["protocols/anthropic-messages/encode-request", "cache marks stand where they stood, with what they said"]),
  done([106], PREFIX, "the beginning of a prompt that stays the same", ["protocols/anthropic-messages/agent", "keep the beginning of the prompt the same from turn to turn"], ["protocols/bedrock-converse/encode-request", "stand in one order always"]),
  done([107], pairs("a user's id"), "ids of users", ["protocols/openai-chat/encode-request", "a user's name in two members keeps both"], ["protocols/fit/members", "of users that are longer than the target takes are sent as their digest"], ["protocols/fit/members", "of users that are somebody's address"], ["story/agent", "does its job in fourteen turns with demo-chat behind it"]),
  done([], NEUTRAL, "limits of the answer that are huge, nothing, negative or no whole numbers", ["protocols/senseless", "that is large reaches every provider as it is"], ["protocols/senseless", "of %s is refused by that name"]),
  done([108], pairs("a tier of service"), "tiers of service in each vendor's words, and in a header", ["protocols/openai-chat/encode-request", "tell a tier in this protocol's words, or not at all"], ["protocols/gemini/encode-request", "of the tier stand in a header where the vendor reads them there"]),
  done([109], ROWS, "models in the path", ["protocols/bedrock-converse/encode-request", "holds the model once escaped"], ["protocols/gemini/encode-request", "names the model %s and what is wanted of it"]),
  done([110], ANY, "members that only one vendor has", ["protocols/fit/members", "is lost under its own name"], ["protocols/conformance/any", "reaches $to, but for what is told by its place"], ["protocols/unread", "is told to be lost, once, whoever is asked"]),
];

const content: readonly HardCase[] = [
  done([111], pairs("an image by URL"), "pictures by address for those who take bytes only", ["protocols/fit/turns", "images by address stay where addresses are taken, and are listed to be fetched where they are not"], ["story/media", "is one of at most 32 in a request"]),
  done([112], STRICT, "pictures that are another than they say", ["protocols/anthropic-messages/encode-request", "an image that is another than it says"]),
  done([113], pairs("a PDF as data"), "documents with names of letters that are taken, and a text beside them", ["protocols/bedrock-converse/encode-request", "documents have names of the letters that are taken, each once, and a text beside them"]),
  done([114], NEUTRAL, "what lies in somebody's account", ["protocols/openai-chat/encode-request", "lose what is bound to another account, and say so"]),
  done([115], pairs("a refusal", "an end at a refusal"), "refusals", ["protocols/openai-responses/encode-reply", "a refusal that is only a word of the provider's is told as a refusal too"]),
  done([116], pairs("an end by a filter, before any word"), "a prompt that was blocked", ["protocols/gemini/answers", "to a prompt that was blocked is an empty one, whole and streamed"]),
  done([117], pairs("an end at the limit, before any word"), "an answer of which thinking ate everything", ["protocols/gemini/answers", "of which thinking ate everything is cut off and empty"]),
  done([118], pairs("a citation", "a citation behind other signs"), "places of sources in bytes and in units", ["protocols/gemini/answers", "tells its sources by the units of its text, where Google counts bytes"], ["protocols/gemini/client", "tells its sources by bytes, where we count units, whole and streamed"]),
  done([119], pairs("a citation", "a citation of a part", "a citation of a document"), "citations that cut a text into blocks, before or behind it", ["protocols/anthropic-messages/reply", "cuts a text where its citations begin and end, and joins to the same text"], ["protocols/anthropic-messages/stream", "cites, before its text or after it, all of the block"]),
  done([120], ANTHROPIC, "what was found on the web, sealed, and wanted back", ["protocols/anthropic-messages/encode-request", "citations go back as they were made, and made up ones do not"], ["protocols/anthropic-messages/recorded", "goes back in the history as it came"]),
  done([121], pairs("a spoken answer", "a sound"), "spoken answers", ["protocols/gemini/answers", "of sound has a head for a client that asked for a file of it"], ["protocols/openai-chat/encode", "gets samples of sound as a file when it asked for one"]),
  done([122], pairs("an image"), "painted answers", ["protocols/openai-chat/decode-stream", "pictures come whole"], ["protocols/gemini/client", "has images, sound and files by their bytes or address"]),
  done([123], NEUTRAL, "halves of pairs, and keys that are dangerous", ["protocols/openai-chat/decode-request", "pollutes no prototype"], ["protocols/anthropic-messages/properties", "cannot reach the prototype of everything"]),
  done([], NEUTRAL, "values that are nested without end", ["protocols/depth", "is refused with what to do"], ["protocols/depth", "ends its stream, once"]),
];

const endings: readonly HardCase[] = [
  done([124], CHAT, "a finish that is told twice, or not at all", ["protocols/openai-chat/decode-stream", "OpenRouter repeats the role and the finish"], ["protocols/openai-chat/decode-stream", "complete is %s"]),
  done([125], CHAT, "Azure's chunks without choices and without a delta", ["protocols/openai-chat/decode-stream", "Azure's first chunk has no choices, and a later one no delta"]),
  done([126], ANTHROPIC, "counts that must stand before they are known", ["protocols/anthropic-messages/stream", "tells early counts in its beginning, cached input apart"], ["protocols/anthropic-messages/stream", "says that it does not know the input rather than that there was none"]),
  done([127], pairs("cached input"), "cached tokens that are counted twice, or are more than all", ["protocols/openai-chat-stream", "never has more cached tokens than input tokens"], ["story/streams-passage", "counts cached tokens once, and the same for a stream as for a reply"]),
  done([128], FRAMES, "usage that comes behind the end", ["protocols/bedrock-converse/stream", "holds the reason for the end until the counts have come"]),
  done([129], GEMINI, "usage in every chunk", ["protocols/gemini/answers", "keeps counts as the last chunk tells them"], ["protocols/collect", "take usage as snapshots"]),
  done([130], pairs("usage that nobody told"), "usage that nobody told", ["protocols/openai-responses/encode-reply", "gives an unknown usage as none"], ["protocols/gemini/client", "tells nothing of counts that nobody knows"]),
  done([131], RESPONSES, "the whole life of a response, with numbers and ids that hold", ["protocols/openai-responses/encode-reply", "has numbers without a gap, ids that stay, and one end that repeats all"]),
  done([132], ANTHROPIC, "the order of Anthropic's events", ["protocols/anthropic-messages/stream", "has each event once, in order, under its name"]),
  done([133], CLIENTS, "ids and models in the client's style", ["protocols/anthropic-messages/reply", "has an id in the style of its protocol"], ["protocols/openai-chat/encode", "has the model that it asked for, an id in the protocol's style"]),
  done([134], STORY, "errors in the shape of the client's family", ["story/forty-errors", "reach the SDK of %s"]),
  done([135], FRAMES, "Amazon's types of errors", ["protocols/bedrock-converse/failure", "ThrottlingException"], ["protocols/bedrock-converse/failure", "ServiceUnavailableException"]),
  done([136], STORY, "when to come back, in every form", ["story/forty-errors", "say when to come back in whatever form the provider does"], ["providers/rows/surgery", "tells a vendor's limits and its name for the request"]),
  done([137], CHAT, "an empty purse behind a 429", ["protocols/openai-chat/decode-reply", "an empty purse"]),
  done([138], FAILURES, "refusals that are pages, words, strings or lists", ["protocols/cohere/decode", "keeps the message, and no page for people"], ["story/surface-errors", "with a web page and %s becomes words in the client's shape"]),
  done([139], CHAT, "codes that are numbers, and errors that are strings", ["protocols/openai-chat/decode-reply", "is read: %s"]),
  done([140], pairs("an end by a filter"), "a filter's refusal, and a filter's end", ["protocols/openai-chat/decode-stream", "a reason is understood: content_filter"]),
  done([141], ROWS, "counts of tokens from those who count none", ["providers/rows/side", "are counted by the gateway"], ["story/side-endpoints", "with a word in the head where it is an estimate"]),
  done([142], RESPONSES, "an error of Responses that is nested, or flat", ["protocols/openai-responses/decode-stream", "in an event, %s, ends the stream"]),
  done([143], REPEATING, "texts that repeat all that was said", ["protocols/dashscope/decode", "that repeats all in each event tells each thing once"], ["protocols/openai-chat/decode-stream", "Perplexity repeats the text in a message"]),
  done([144], CHAT, "a role that is told in each chunk", ["protocols/openai-chat/decode-stream", "OpenRouter repeats the role and the finish"]),
  done([145], pairs("an end at a stop string"), "which stop string was met", ["protocols/openai-chat/decode-stream", "vLLM tells which string was met, and tokens' numbers tell nothing"]),
  done([146], pairs("an end at the limit", "an end by a filter"), "responses that end incomplete or failed", ["protocols/openai-responses/decode-stream", "that ended so"], ["protocols/openai-responses/decode-stream", "is a response that failed"]),
  done([147], ANTHROPIC, "runs that were compacted, and are all charged", ["protocols/anthropic-messages/stream", "is charged for its runs but not for those that declined"], ["protocols/anthropic-messages/recorded", "that compacts is charged for all of its runs"]),
  done([148], STORY, "lists of models in each form", ["story/surface-callers", "has each model at an address of its own, slashes or not"]),
  done([65], NEUTRAL, "tools of one name twice", ["protocols/senseless", "a tool of a name that another has"], ["story/nonsense", "two tools of one name"]),
  done([95], pairs("text up to a stop string"), "a provider that runs on behind a stop string that the gateway found", ["story/streams-stops", "ends a chat where it stands, and the upstream with it"], ["story/streams-stops", "is no reason to forget what the provider has counted by then"]),
];

export const hardCases: Readonly<Record<string, readonly HardCase[]>> = { framing, turns, tools, reasoning, parameters, content, endings };
