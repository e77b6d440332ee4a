#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks two running `ivl serve` with the official Python client: what node/ask.mjs does with the other one,
and in the same lines of JSON. real-openai.py says which servers, in the environment."""

import base64
import json
import os
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import openai

URL, SLOW_URL, KEY, DEMO = (os.environ[name] for name in ("IVL_URL", "IVL_SLOW_URL", "IVL_KEY", "IVL_DEMO"))
PICTURES = json.loads(Path(DEMO, "pictures.json").read_text(encoding="utf-8"))
PROMPT = "Please describe the image shortly."
LONG = {"temperature": 1, "seed": 3, "max_tokens": 3000}


def point(good, title, shown=""):
    print(json.dumps({"good": bool(good), "title": title, "shown": None if good else str(shown)}), flush=True)


def equal(found, wanted, title):
    point(found == wanted, title, f"found {found!r}, wanted {wanted!r}")


def failure(action):
    """Name, status and code of the error that `action` ends in."""
    try:
        action()
        return "none", None, None
    except openai.OpenAIError as error:
        return type(error).__name__, getattr(error, "status_code", None), getattr(error, "code", None)


def part(picture):
    data = base64.b64encode(Path(DEMO, picture["file"]).read_bytes()).decode()
    return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}


def about(picture):
    return [{"role": "user", "content": [part(picture), {"type": "text", "text": PROMPT}]}]


def say(text):
    return [{"role": "user", "content": text}]


def running():
    """Requests that the slow server is answering."""
    asked = urllib.request.Request(SLOW_URL.removesuffix("/v1") + "/metrics", headers={"Authorization": f"Bearer {KEY}"})
    with urllib.request.urlopen(asked, timeout=10) as reply:
        lines = reply.read().decode().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("ivl_requests_running "))


def becomes(wanted, seconds=5):
    """Whether the slow server gets to work, or stops it long before its answer would have come to an end."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if (running() > 0) == wanted:
            return True
        time.sleep(0.05)
    return False


def read_stream(stream):
    chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    return chunks, text, [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices and chunk.choices[0].finish_reason]


def check_models(client):
    models = client.models.list().data
    equal(len(models), 1, "one model is listed")
    equal(client.models.retrieve(models[0].id).id, models[0].id, "and told of by its name")
    equal(failure(lambda: client.models.retrieve("another"))[:2], ("NotFoundError", 404), "another name is not found")
    return models[0].id


def check_chat(create):
    picture = PICTURES[0]
    whole = create(messages=about(picture), temperature=0)
    equal((whole.choices[0].message.content, whole.choices[0].finish_reason), (picture["caption"], "stop"),
          "a picture as a data: URL is answered")
    usage = whole.usage
    point(usage.prompt_tokens > 36 and usage.total_tokens == usage.prompt_tokens + usage.completion_tokens,
          "with the count of tokens", usage)
    chunks, text, reasons = read_stream(create(messages=about(picture), temperature=0, stream=True))
    equal((text, reasons), (picture["caption"], ["stop"]), "a stream says the same")
    point(len(chunks) > 4 and all(chunk.usage is None for chunk in chunks), "in pieces, without a count that nobody asked for",
          len(chunks))
    chunks, text, _ = read_stream(create(messages=about(picture), temperature=0, stream=True,
                                         stream_options={"include_usage": True}))
    equal((text, chunks[-1].choices, chunks[-1].usage.prompt_tokens, chunks[-1].usage.completion_tokens),
          (picture["caption"], [], usage.prompt_tokens, usage.completion_tokens),
          "include_usage: the count comes last, with no choice")


def check_options(create):
    one = create(messages=about(PICTURES[0]), temperature=0)
    two = create(temperature=0, messages=[{"role": "user", "content": [part(PICTURES[0]), part(PICTURES[1]),
                                                                       {"type": "text", "text": PROMPT}]}])
    point(two.usage.prompt_tokens >= one.usage.prompt_tokens + 36, "two pictures are seen", two.usage)
    cut = create(messages=about(PICTURES[0]), temperature=0, max_tokens=3)
    equal((cut.choices[0].finish_reason, cut.usage.completion_tokens), ("length", 3), "max_tokens is kept to")
    stopped = create(messages=about(PICTURES[0]), temperature=0, stop=" on")
    equal(stopped.choices[0].message.content, PICTURES[0]["caption"].split(" on")[0], "stop ends an answer before the text")
    several = [[choice.message.content for choice in create(messages=about(PICTURES[0]), n=3, temperature=1, seed=11).choices]
               for _ in range(2)]
    equal((len(several[0]), several[0]), (3, several[1]), "n answers, the same for the same seed")
    chances = create(messages=about(PICTURES[0]), temperature=0, logprobs=True, top_logprobs=2).choices[0].logprobs
    point(chances and all(token.logprob <= 0 and len(token.top_logprobs) == 2 for token in chances.content),
          "logprobs of each token and its rivals", chances)


def check_refusals(client, create, model):
    wrong = openai.OpenAI(base_url=URL, api_key="another-key-0123456789", max_retries=2)
    equal(failure(lambda: wrong.chat.completions.create(model=model, messages=say("Hello")))[:2],
          ("AuthenticationError", 401), "a bad key")
    equal(failure(lambda: client.chat.completions.create(model="another", messages=say("Hello")))[:2],
          ("NotFoundError", 404), "a bad model")
    equal(failure(lambda: create(messages=say("word " * 6000))), ("BadRequestError", 400, "context_length_exceeded"),
          "more than the context")
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    for title, body in (("a picture that is none", {"messages": [{"role": "user", "content": [picture]}]}),
                        ("a temperature below 0", {"messages": say("Hello"), "temperature": -1}),
                        ("a number that is none", {"messages": say("Hello"), "extra_body": {"top_p": "much"}}),
                        ("no messages", {"messages": []})):
        equal(failure(lambda body=body: create(**body))[:2], ("BadRequestError", 400), f"refused: {title}")


def check_parallel(create):
    wanted = [PICTURES[number % len(PICTURES)] for number in range(20)]

    def answer(picture):
        return read_stream(create(messages=about(picture), temperature=0, stream=True))[1]

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(answer, wanted))
    equal(answers, [picture["caption"] for picture in wanted], "20 in parallel: each gets its own answer")


def check_abort():
    client = openai.OpenAI(base_url=SLOW_URL, api_key=KEY, max_retries=0)
    model = client.models.list().data[0].id

    def create(**body):
        return client.chat.completions.create(model=model, messages=say("Say much."), **{**LONG, **body})

    stream = create(stream=True)
    for count, chunk in enumerate(stream):
        if count == 3:
            break
    stream.close()
    point(becomes(False), "the server works no longer on a stream that is closed", chunk)
    equal(failure(lambda: client.with_options(timeout=0.4).chat.completions.create(
        model=model, messages=say("Say much."), **LONG))[0], "APITimeoutError", "the client's own time limit")
    point(becomes(False), "and the server works on it no longer")
    other = openai.OpenAI(base_url=SLOW_URL, api_key=KEY, max_retries=0)
    ended = []
    thread = threading.Thread(target=lambda: ended.append(failure(lambda: other.chat.completions.create(
        model=model, messages=say("Say much."), **LONG))), daemon=True)
    thread.start()
    point(becomes(True), "an answer that is not streamed is being made")
    os._exit(0)  # the client is gone altogether; real-openai.py looks at the server


def main():
    client = openai.OpenAI(base_url=URL, api_key=KEY, max_retries=0)
    model = check_models(client)

    def create(**body):
        return client.chat.completions.create(model=model, **body)

    check_chat(create)
    check_options(create)
    check_refusals(client, create, model)
    check_parallel(create)
    check_abort()


if __name__ == "__main__":
    main()
