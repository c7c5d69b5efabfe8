"""Asks a gateway by the SDKs from PyPI as their users do, each SDK over each of the models named on the command line, and
prints one line of JSON for each check: {"sdk", "model", "check", "problem"}, with "" for no problem.

It knows no wire format and starts nothing: usage is smoke.py URL MODEL..., with the gateway at that URL.
"""

import json
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import anthropic
import boto3
import botocore.config
import botocore.exceptions
import openai
from google import genai
from google.genai import errors, types

SYSTEM = "Always answer like a sailor."
TEXT = "Tell me about the sea"
QUESTION = "Use get_weather and get_time for Oslo"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]}
TOOLS = {"get_weather": "Tells the weather.", "get_time": "Tells the time."}
RESULTS = {"get_weather": "21 degrees", "get_time": "noon"}
KEY = "any"
TOKENS_MAX = 4000
BUDGET = 2000

printing = threading.Lock()


@dataclass
class Answer:
    text: str
    calls: list
    thoughts: str
    finish: str
    usage: tuple
    """What the SDK gave, to be said again."""
    said: object
    """Ids of the calls, which differ from one answer to the next."""
    ids: list

    def meaning(self):
        return {"text": self.text, "calls": self.calls, "thoughts": self.thoughts, "finish": self.finish, "usage": self.usage}


class Chat:
    name = "openai Chat"
    failure = openai.APIError

    def __init__(self, url):
        self.client = openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0)
        self.tools = [{"type": "function", "function": {"name": name, "description": about, "parameters": SCHEMA}} for name, about in TOOLS.items()]

    def ask(self, model, streaming, tools=False, thinking=False, before=None):
        messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": QUESTION if tools else TEXT}]
        if before is not None:
            messages.append(before.said)
            messages += [{"role": "tool", "tool_call_id": id, "content": RESULTS[name]} for id, (name, _) in zip(before.ids, before.calls)]
        body = {"model": model, "messages": messages, **({"tools": self.tools} if tools else {}), **({"reasoning_effort": "medium"} if thinking else {})}
        if not streaming:
            return self.read(self.client.chat.completions.create(**body))
        with self.client.chat.completions.stream(**body, stream_options={"include_usage": True}) as stream:
            deltas = "".join(event.delta for event in stream if event.type == "content.delta")
            completion = stream.get_final_completion()
        require(deltas == (completion.choices[0].message.content or ""), "the deltas are not the text")
        return self.read(completion)

    def read(self, completion):
        choice = completion.choices[0]
        calls = choice.message.tool_calls or []
        return Answer(
            text=choice.message.content or "",
            calls=[(call.function.name, json.loads(call.function.arguments or "{}")) for call in calls],
            # Not a member of the vendor's own, so the SDK keeps it beside those that it knows.
            thoughts=getattr(choice.message, "reasoning_content", None) or "",
            finish=choice.finish_reason,
            usage=(completion.usage.prompt_tokens, completion.usage.completion_tokens),
            said=choice.message.model_dump(exclude_none=True, exclude={"parsed": True, "tool_calls": {"__all__": {"function": {"parsed_arguments"}, "index": True}}}),
            ids=[call.id for call in calls],
        )

    def status(self, error):
        return error.status_code


class Failed(Exception):
    """A response that failed while it was streamed."""


class Responses:
    name = "openai Responses"
    failure = (openai.APIError, Failed)

    def __init__(self, url):
        self.client = openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0)
        self.tools = [{"type": "function", "name": name, "description": about, "parameters": SCHEMA, "strict": False} for name, about in TOOLS.items()]
        self.thinking = {"reasoning": {"effort": "medium", "summary": "auto"}, "include": ["reasoning.encrypted_content"]}

    def ask(self, model, streaming, tools=False, thinking=False, before=None):
        items = [{"role": "user", "content": QUESTION if tools else TEXT}]
        if before is not None:
            items += before.said
            items += [{"type": "function_call_output", "call_id": id, "output": RESULTS[name]} for id, (name, _) in zip(before.ids, before.calls)]
        body = {"model": model, "instructions": SYSTEM, "input": items, "store": False, **({"tools": self.tools} if tools else {}), **(self.thinking if thinking else {})}
        if not streaming:
            return self.read(self.client.responses.create(**body))
        with self.client.responses.stream(**body) as stream:
            events = list(stream)
            # The SDK hands it over like any other event.
            for event in events:
                if event.type == "response.failed":
                    raise Failed(event.response.error.message)
            deltas = "".join(event.delta for event in events if event.type == "response.output_text.delta")
            response = stream.get_final_response()
        require(deltas == response.output_text, "the deltas are not the text")
        return self.read(response)

    def read(self, response):
        calls = [item for item in response.output if item.type == "function_call"]
        return Answer(
            text=response.output_text,
            calls=[(call.name, json.loads(call.arguments or "{}")) for call in calls],
            thoughts="".join(part.text for item in response.output if item.type == "reasoning" for part in [*item.summary, *(item.content or [])]),
            finish=response.status,
            usage=(response.usage.input_tokens, response.usage.output_tokens),
            said=[item.model_dump(exclude_none=True, exclude={"parsed_arguments"}) for item in response.output],
            ids=[call.call_id for call in calls],
        )

    def status(self, error):
        return error.status_code


class Messages:
    name = "anthropic"
    failure = anthropic.APIError

    def __init__(self, url):
        self.client = anthropic.Anthropic(base_url=url, api_key=KEY, max_retries=0)
        self.tools = [{"name": name, "description": about, "input_schema": SCHEMA} for name, about in TOOLS.items()]

    def ask(self, model, streaming, tools=False, thinking=False, before=None):
        messages = [{"role": "user", "content": QUESTION if tools else TEXT}]
        if before is not None:
            results = [{"type": "tool_result", "tool_use_id": id, "content": RESULTS[name]} for id, (name, _) in zip(before.ids, before.calls)]
            messages += [{"role": "assistant", "content": before.said}, {"role": "user", "content": results}]
        body = {"model": model, "max_tokens": TOKENS_MAX, "system": SYSTEM, "messages": messages, **({"tools": self.tools} if tools else {}), **({"thinking": {"type": "enabled", "budget_tokens": BUDGET}} if thinking else {})}
        if not streaming:
            return self.read(self.client.messages.create(**body))
        with self.client.messages.stream(**body) as stream:
            deltas = "".join(stream.text_stream)
            message = stream.get_final_message()
        answer = self.read(message)
        require(deltas == answer.text, "the deltas are not the text")
        return answer

    def read(self, message):
        calls = [block for block in message.content if block.type == "tool_use"]
        return Answer(
            text="".join(block.text for block in message.content if block.type == "text"),
            calls=[(call.name, call.input) for call in calls],
            thoughts="".join(block.thinking for block in message.content if block.type == "thinking"),
            finish=message.stop_reason,
            usage=(message.usage.input_tokens, message.usage.output_tokens),
            said=message.content,
            ids=[call.id for call in calls],
        )

    def status(self, error):
        return error.status_code


class Google:
    name = "google-genai"
    failure = errors.APIError

    def __init__(self, url):
        self.client = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=url))
        self.tools = [types.Tool(function_declarations=[types.FunctionDeclaration(name=name, description=about, parameters_json_schema=SCHEMA) for name, about in TOOLS.items()])]
        self.thinking = {"thinking_config": types.ThinkingConfig(include_thoughts=True, thinking_budget=BUDGET)}

    def ask(self, model, streaming, tools=False, thinking=False, before=None):
        contents = [types.Content(role="user", parts=[types.Part(text=QUESTION if tools else TEXT)])]
        if before is not None:
            responses = [types.Part(function_response=types.FunctionResponse(id=id, name=name, response={"output": RESULTS[name]})) for id, (name, _) in zip(before.ids, before.calls)]
            contents += [before.said, types.Content(role="user", parts=responses)]
        calling = types.AutomaticFunctionCallingConfig(disable=True)
        config = types.GenerateContentConfig(system_instruction=SYSTEM, automatic_function_calling=calling, **({"tools": self.tools} if tools else {}), **(self.thinking if thinking else {}))
        asked = {"model": model, "contents": contents, "config": config}
        return self.read(list(self.client.models.generate_content_stream(**asked)) if streaming else [self.client.models.generate_content(**asked)])

    def read(self, chunks):
        parts = [part for chunk in chunks for candidate in chunk.candidates or [] for part in (candidate.content and candidate.content.parts) or []]
        calls = [part.function_call for part in parts if part.function_call]
        finishes = [candidate.finish_reason for chunk in chunks for candidate in chunk.candidates or [] if candidate.finish_reason]
        usage = [chunk.usage_metadata for chunk in chunks if chunk.usage_metadata][-1]
        return Answer(
            text="".join(part.text for part in parts if part.text and not part.thought),
            calls=[(call.name, call.args or {}) for call in calls],
            thoughts="".join(part.text for part in parts if part.text and part.thought),
            finish=finishes[-1].value,
            usage=(usage.prompt_token_count, usage.candidates_token_count),
            said=types.Content(role="model", parts=parts),
            ids=[call.id for call in calls],
        )

    def status(self, error):
        return error.code


class Converse:
    name = "boto3"
    failure = (botocore.exceptions.ClientError, botocore.exceptions.EventStreamError)

    def __init__(self, url):
        settings = botocore.config.Config(retries={"total_max_attempts": 1})
        self.client = boto3.client("bedrock-runtime", region_name="eu-central-1", endpoint_url=url, aws_access_key_id=KEY, aws_secret_access_key=KEY, config=settings)
        self.tools = {"tools": [{"toolSpec": {"name": name, "description": about, "inputSchema": {"json": SCHEMA}}} for name, about in TOOLS.items()]}
        self.thinking = {"additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": BUDGET}}}

    def ask(self, model, streaming, tools=False, thinking=False, before=None):
        messages = [{"role": "user", "content": [{"text": QUESTION if tools else TEXT}]}]
        if before is not None:
            results = [{"toolResult": {"toolUseId": id, "content": [{"text": RESULTS[name]}]}} for id, (name, _) in zip(before.ids, before.calls)]
            messages += [before.said, {"role": "user", "content": results}]
        body = {"modelId": model, "system": [{"text": SYSTEM}], "messages": messages, "inferenceConfig": {"maxTokens": TOKENS_MAX}, **({"toolConfig": self.tools} if tools else {}), **(self.thinking if thinking else {})}
        return self.read(self.joined(self.client.converse_stream(**body)["stream"]) if streaming else self.client.converse(**body))

    def joined(self, events):
        """The SDK has no accumulator: what its users write."""
        blocks, end = {}, {}
        for event in events:
            start, delta = event.get("contentBlockStart"), event.get("contentBlockDelta")
            if start is not None:
                blocks[start["contentBlockIndex"]] = {"toolUse": {**start["start"]["toolUse"], "input": ""}}
            if delta is not None:
                self.grow(blocks.setdefault(delta["contentBlockIndex"], {}), delta["delta"])
            end.update(event.get("messageStop", {}), **event.get("metadata", {}))
        for block in blocks.values():
            if "toolUse" in block:
                block["toolUse"]["input"] = json.loads(block["toolUse"]["input"] or "{}")
        return {**end, "output": {"message": {"role": "assistant", "content": [block for _, block in sorted(blocks.items())]}}}

    def grow(self, block, delta):
        if "text" in delta:
            block["text"] = block.get("text", "") + delta["text"]
        if "toolUse" in delta:
            block["toolUse"]["input"] += delta["toolUse"]["input"]
        reasoning = delta.get("reasoningContent", {})
        if "redactedContent" in reasoning:
            content = block.setdefault("reasoningContent", {})
            content["redactedContent"] = content.get("redactedContent", b"") + reasoning["redactedContent"]
        for member in ("text", "signature"):
            if member in reasoning:
                content = block.setdefault("reasoningContent", {}).setdefault("reasoningText", {"text": ""})
                content[member] = content.get(member, "") + reasoning[member]

    def read(self, answer):
        message = answer["output"]["message"]
        calls = [block["toolUse"] for block in message["content"] if "toolUse" in block]
        thoughts = [block["reasoningContent"].get("reasoningText", {}) for block in message["content"] if "reasoningContent" in block]
        return Answer(
            text="".join(block.get("text", "") for block in message["content"]),
            calls=[(call["name"], call["input"]) for call in calls],
            thoughts="".join(thought.get("text", "") for thought in thoughts),
            finish=answer["stopReason"],
            usage=(answer["usage"]["inputTokens"], answer["usage"]["outputTokens"]),
            said=message,
            ids=[call["toolUseId"] for call in calls],
        )

    def status(self, error):
        return error.response["ResponseMetadata"]["HTTPStatusCode"]


def require(condition, problem):
    if not condition:
        raise AssertionError(problem)


def both(sdk, model, **asked):
    """Whole and streamed, which must mean the same."""
    whole, streamed = sdk.ask(model, False, **asked), sdk.ask(model, True, **asked)
    require(whole.meaning() == streamed.meaning(), f"whole {whole.meaning()}, streamed {streamed.meaning()}")
    return whole, streamed


def text(sdk, model):
    whole, _ = both(sdk, model)
    require(TEXT in whole.text and "sailor" in whole.text, whole.text)
    require(whole.calls == [] and min(whole.usage) > 5, f"{whole.calls} {whole.usage}")


def calls(sdk, model, thinking):
    whole, streamed = both(sdk, model, tools=True, thinking=thinking)
    expected = [(name, {"city": "Oslo", "days": 1}) for name in TOOLS]
    require(whole.calls == expected, f"{whole.calls}")
    require(len(set(streamed.ids)) == len(TOOLS) or None in streamed.ids, f"{streamed.ids}")
    for before in (whole, streamed):
        answered, _ = both(sdk, model, tools=True, thinking=thinking, before=before)
        require(all(result in answered.text for result in RESULTS.values()), answered.text)


def refused(sdk, model):
    for streaming in (False, True):
        try:
            sdk.ask(f"{model}-error-429", streaming)
        except sdk.failure as error:
            require(sdk.status(error) == 429, f"{error!r}")
            require(any(word in str(error).lower() for word in ("limit", "quota", "too many", "throttl")), str(error))
        else:
            raise AssertionError("no error was raised")


def broken(sdk, model):
    """After some words."""
    try:
        sdk.ask(f"{model}-error-200", True)
    except sdk.failure as error:
        require(str(error) != "", "the error says nothing")
    else:
        raise AssertionError("no error was raised")


def vectors(sdk):
    one, two = sdk.client.embeddings.create(model="demo-embedding", input=["the sea", "a ship"], dimensions=8).data
    require(len(one.embedding) == len(two.embedding) == 8 and one.embedding != two.embedding, f"{one} {two}")
    again = sdk.client.embeddings.create(model="demo-embedding", input="the sea", dimensions=8, encoding_format="float").data[0]
    require(all(abs(left - right) < 1e-6 for left, right in zip(one.embedding, again.embedding)), f"{one} {again}")


def listed(sdk):
    models = [model.id for model in sdk.client.models.list()]
    require({"demo-chat", "demo-embedding"} <= set(models), f"{models}")


def counted(sdk):
    few = sdk.client.messages.count_tokens(model="demo-anthropic", messages=[{"role": "user", "content": "a"}]).input_tokens
    many = sdk.client.messages.count_tokens(model="demo-chat", messages=[{"role": "user", "content": "a " * 500}]).input_tokens
    require(0 < few < 50 < many, f"{few} {many}")


def check(sdk, model, name, run):
    problem = ""
    try:
        run()
    except Exception as error:
        places = [f"{place.filename.rsplit('/', 1)[-1]}:{place.lineno}" for place in traceback.extract_tb(error.__traceback__)]
        problem = f"{type(error).__name__}: {error} ({' '.join(places[-4:])})"
    with printing:
        print(json.dumps({"sdk": sdk.name, "model": model, "check": name, "problem": problem}), flush=True)


def converse(sdk, models):
    for model in models:
        check(sdk, model, "text", lambda: text(sdk, model))
        check(sdk, model, "tool calls", lambda: calls(sdk, model, thinking=False))
        check(sdk, model, "tool calls after thinking", lambda: calls(sdk, model, thinking=True))
        check(sdk, model, "an error", lambda: refused(sdk, model))
        check(sdk, model, "an error inside a stream", lambda: broken(sdk, model))


def main(url, models):
    chat, responses, messages, google, converse_sdk = Chat(url), Responses(url), Messages(url), Google(url), Converse(url)
    # While one waits for the gateway another can read its answer.
    with ThreadPoolExecutor() as threads:
        for done in [threads.submit(converse, sdk, models) for sdk in (chat, responses, messages, google, converse_sdk)]:
            done.result()
    check(chat, "demo-embedding", "embeddings", lambda: vectors(chat))
    check(chat, "all", "the list of models", lambda: listed(chat))
    check(messages, "all", "a count of tokens", lambda: counted(messages))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
