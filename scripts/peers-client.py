"""Asks the mock server at the given URL as the clients of LiteLLM, OpenAI and Anthropic do; see scripts/peers."""
import sys

import anthropic
import litellm
import openai

url = sys.argv[1]
said = "größer 🦉"
messages = [{"role": "user", "content": "hi"}]
schema = {"type": "object", "properties": {"path": {"type": "string"}}}
tools = [{"type": "function", "function": {"name": "read", "description": "Reads.", "parameters": schema}}]
count = 0


def check(what, got, expected):
    global count
    if got != expected:
        sys.exit(f"{what}: {got!r} is not {expected!r}")
    count += 1


for model, base in ("openai/gpt-4o-mini", url + "/v1"), ("anthropic/claude-haiku-4-5", url):
    ask = dict(model=model, messages=messages, api_base=base, api_key="sk-none", max_tokens=64)
    check(model, litellm.completion(**ask).choices[0].message.content, said)
    pieces = [chunk.choices[0].delta.content or "" for chunk in litellm.completion(**ask, stream=True)]
    check(model + " streamed", "".join(pieces), said)
    chunks = list(litellm.completion(**ask, stream=True, tools=tools))
    call = litellm.stream_chunk_builder(chunks).choices[0].message.tool_calls[0].function
    check(model + " calls", (call.name, call.arguments.replace(" ", "")), ("read", '{"path":"ä.txt"}'))

client = openai.OpenAI(base_url=url + "/v1", api_key="sk-none")
with client.chat.completions.stream(model="m", messages=messages, tools=tools) as stream:
    call = stream.get_final_completion().choices[0].message.tool_calls[0].function
check("openai", (call.name, call.arguments), ("read", '{"path":"ä.txt"}'))

client = anthropic.Anthropic(base_url=url, api_key="sk-none")
tool = {"name": "read", "description": "Reads.", "input_schema": schema}
with client.messages.stream(model="m", max_tokens=64, messages=messages, tools=[tool]) as stream:
    block = stream.get_final_message().content[0]
check("anthropic", (block.name, block.input), ("read", {"path": "ä.txt"}))

print(f"{count} exchanges understood")
