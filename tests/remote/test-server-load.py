#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is served when: loading, the line, disconnects, slow readers, failures in the middle.

Usage: test-server-load.py SERVE-DOUBLE
The model is a double that takes the time that the question says (serve-double.c).
"row N" is a row of the threat table that the server was designed against.
"""

import json
import signal
import socket
import sys
import tempfile
import threading
import time

from serverlib import HANG, JSON, SLACK_KB, Connection, Double, Tap, ask, chat, chat_body, metrics, resident_kb, wait_for

# An answer that takes far longer than any test waits
ENDLESS = "tokens=1000000 each=20"
THINKING = "begin=1000000"


def start(place, question, **settings):
    """Asks on a connection that stays open."""
    connection = Connection(place)
    connection.request("POST", "/v1/chat/completions", chat_body(question, **settings), JSON)
    return connection


def is_running(place, n):
    return metrics(place)["ivl_requests_running"] == n


def check_loading(tap, program, folder):
    double = Double(program, folder, model=False)
    place = double.place
    for reply, name in ((ask(place, "GET", "/health"), "/health"), (ask(place, "GET", "/v1/models"), "/v1/models"),
                        (chat(place, "hello"), "a chat"), (chat(place, "hello", stream=True), "a stream")):
        tap.point(reply.status == 503 and int(reply.fields["retry-after"]) >= 1 and reply.error()["code"] == "loading",
                  f"while the model loads, {name} is told to come again", reply)
    tap.equal(metrics(place)["ivl_ready"], 0, "and the metrics tell so")
    double.give_model()
    tap.equal((ask(place, "GET", "/health").status, chat(place, "hello").status), (200, 200), "then it is answered")
    tap.equal(double.stop(), 0, "it ends as it should")


def check_gone(tap, place):
    """row 52: nobody works for a client that is gone."""
    for name, question, settings in (("a stream", ENDLESS, {"stream": True}), ("an answer", ENDLESS, {}),
                                     ("a stream before its first token", THINKING, {"stream": True}),
                                     ("an answer that is thought about", THINKING, {}),
                                     ("four answers at a time", ENDLESS, {"n": 4})):
        for way in ("closed", "reset", "half closed"):
            connection = start(place, question, **settings)
            tap.point(wait_for(lambda: is_running(place, 1)), f"row 52: {name} is under way")
            if question == ENDLESS and settings.get("stream"):
                connection.read_head()
            started = time.monotonic()
            if way == "reset":
                connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            if way == "half closed":
                connection.socket.shutdown(socket.SHUT_WR)
            else:
                connection.close()
            tap.point(wait_for(lambda: is_running(place, 0)), f"row 52: {way}, it is given up")
            print(f"# after {1000 * (time.monotonic() - started):.0f} ms")
            connection.close()
    tap.point(metrics(place).get('ivl_requests_total{status="499"}', 0) >= 15, "and counted as 499", metrics(place))


def check_line(tap, place):
    running = [start(place, ENDLESS, stream=True) for _ in range(2)]
    tap.point(wait_for(lambda: is_running(place, 2)), "two answers are made at a time")
    waiting = [start(place, "tokens=2") for _ in range(2)]
    tap.point(wait_for(lambda: metrics(place)["ivl_requests_waiting"] == 2), "two wait in line")
    for settings in ({}, {"stream": True}, {"n": 2}):
        reply = chat(place, "hello", **settings)
        tap.point(reply.status == 429 and int(reply.fields["retry-after"]) >= 1 and
                  reply.error()["type"] == "rate_limit_error", "the next one is told to come again", reply)
    tap.equal(ask(place, "GET", "/v1/models").status, 200, "all else is answered")
    waiting.pop().close()
    tap.point(wait_for(lambda: metrics(place)["ivl_requests_waiting"] == 1), "row 52: who leaves the line frees a place")
    waiting.append(start(place, "tokens=2"))
    tap.point(wait_for(lambda: metrics(place)["ivl_requests_waiting"] == 2), "for another")
    running.pop().close()
    tap.equal([connection.read_reply().status for connection in waiting], [200, 200], "who waits is answered in the end")
    running.pop().close()
    tap.point(wait_for(lambda: is_running(place, 0)), "then the line is empty")


def check_failures(tap, place):
    reply = chat(place, "fail=0")
    tap.point(reply.status == 500 and reply.fields.get("x-should-retry") == "false" and
              reply.error()["message"] == "the double fails as told", "a failure is 500, not to be tried again", reply)
    reply = chat(place, "fail=0", stream=True)
    tap.equal(reply.status, 500, "also of a stream that has not begun")
    reply = chat(place, "tokens=9 fail=3", stream=True)
    last = reply.chunks()[-1]
    tap.point(reply.status == 200 and set(last["error"]) == {"message", "type", "param", "code"} and
              "[DONE]" not in reply.events(), "in the middle of a stream it is an event", reply)
    tap.point(not reply.complete, "and the stream is cut, not ended", reply)
    tap.equal(chat(place, "tokens=9 fail=3").status, 500, "no half answer is given as a whole one")
    reply = chat(place, "tokens=9 fail=3", n=3)
    tap.equal(reply.status, 500, "nor some of several answers")


def check_many(tap, place):
    """n beyond what runs at a time must not stand still."""
    replies = []
    threads = [threading.Thread(target=lambda n=n: replies.append(chat(place, "tokens=20 each=1", n=n)))
               for n in (16, 1, 3, 2, 1)]
    for thread in threads:
        thread.start()
        time.sleep(0.01)
    for thread in threads:
        thread.join()
    statuses = sorted(reply.status for reply in replies)
    tap.point(set(statuses) <= {200, 429} and 200 in statuses, "more answers than run at a time are made or refused", statuses)
    big = [reply for reply in replies if reply.status == 200 and len(reply.json()["choices"]) == 16]
    tap.point(big and all(choice["message"]["content"].endswith("0019 ") or "0019" in choice["message"]["content"]
                          for choice in big[0].json()["choices"]), "16 of one request all end")


def read_progress(reply):
    """(phase, done, total) of each event of that type, in order."""
    found = []
    for event in reply.body.decode().split("\n\n"):
        kind, _, data = event.partition("\n")
        if kind == "event: ivl.progress":
            told = json.loads(data.removeprefix("data: "))
            found.append((told["phase"], told["done"], told["total"]))
    return found


def check_progress(tap, place):
    """How far an answer is, to who asks for it, in a stream that others read as it always was."""
    question = "tiles=5 tile=400 prompt=9 tokens=4 each=300"
    wanted = {"stream": True, "stream_options": {"ivl_progress": True}}
    reply = chat(place, question, **wanted)
    told = read_progress(reply)
    phases = [phase for number, (phase, _, _) in enumerate(told) if number == 0 or told[number - 1][0] != phase]
    tap.equal(phases, ["tiles", "prompt", "answer"], "tiles, prompt and answer are told one after the other")
    tap.equal([step for step in told if step[0] == "tiles"], [("tiles", 2, 5), ("tiles", 3, 5), ("tiles", 4, 5)],
              "each with how many there are, from the second second on")
    tap.point(("prompt", 9, 9) in told and [step[1] for step in told if step[0] == "answer"] == [1, 2, 3, 4], "to their ends", told)
    tap.equal(reply.text(), "0000 0001 0002 0003", "the answer is the same")
    tap.equal(read_progress(chat(place, "tokens=2", **wanted)), [], "what is quick is not told")
    for settings in ({"stream": True}, {"stream": True, "stream_options": {"include_usage": True}},
                     {"stream": True, "stream_options": {"ivl_progress": False}}):
        reply = chat(place, question, **settings)
        tap.equal(b"event:" in reply.body, False, f"{settings} is told nothing of it")
    tap.equal(chat(place, question, stream_options={"ivl_progress": True}).json()["choices"][0]["message"]["content"],
              "0000 0001 0002 0003", "nor who wants no stream")
    reply = chat(place, question, stream=True, stream_options={"ivl_progress": 1})
    tap.point(reply.status == 400 and reply.error()["param"] == "stream_options.ivl_progress", "it is a boolean", reply)
    reply = chat(place, "tiles=3 tile=700 tokens=9 fail=0", **wanted)
    tap.point(read_progress(reply) and not reply.complete and "error" in reply.chunks()[-1] if reply.chunks() else False,
              "a failure after it is an event", reply)
    tap.equal(chat(place, "tiles=1 tile=100 tokens=9 fail=0", **wanted).status, 500, "one before it has its status")


def check_place(tap, place):
    """The place in the queue: two wait while the double makes as many answers as it may."""
    running = [start(place, "begin=60000") for _ in range(4)]
    tap.point(wait_for(lambda: is_running(place, 4)), "four answers are under way")
    replies = {}
    def ask_late(name):
        replies[name] = chat(place, "tokens=1", stream=True, stream_options={"ivl_progress": True})
    threads = [threading.Thread(target=ask_late, args=(name,)) for name in ("first", "second")]
    for number, thread in enumerate(threads, 1):
        thread.start()
        wait_for(lambda number=number: metrics(place).get("ivl_requests_waiting") == number)
    time.sleep(2)
    for connection in running:
        connection.close()
        time.sleep(1)
    for thread in threads:
        thread.join()
    first, second = read_progress(replies["first"]), read_progress(replies["second"])
    tap.equal(first[0], ("queue", 1, 2), "the next one is told that it is, and how many wait")
    tap.point(second[0] == ("queue", 2, 2) and replies["second"].text() == "0000", "the one behind it as well", second)


def check_patience(tap, place, pid):
    """What takes long, all at the same time: the double makes four answers at a time here."""
    results = {}

    def ping():
        connection = start(place, "begin=12000 tokens=2", stream=True)
        head = connection.read_head()
        results["ping"] = (head, connection.read_chunk(), connection.read_chunk())
        connection.close()

    def hold(name, rate):
        connection = start(place, "tokens=1000000 each=0 width=2000", stream=True)
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.socket.settimeout(1)
        started = time.monotonic()
        while time.monotonic() - started < 100:
            if rate:
                try:
                    if not connection.socket.recv(rate):
                        break
                except (ConnectionResetError, socket.timeout):
                    pass
            time.sleep(0.5)
            if results.get("stop"):
                break
        results[name] = connection

    before = resident_kb(pid)
    threads = [threading.Thread(target=ping), threading.Thread(target=hold, args=("still", 0)),
               threading.Thread(target=hold, args=("drip", 1))]
    for thread in threads:
        thread.start()
    tap.point(wait_for(lambda: is_running(place, 3)), "a ping and two slow readers are under way")
    time.sleep(3)
    after = resident_kb(pid)
    tap.point(after - before < 20 * 1024 + SLACK_KB, "what a slow reader does not take is not piled up", f"{before}, then {after} kB")
    tap.equal(chat(place, "tokens=50").status, 200, "others are answered meanwhile")
    tap.point(wait_for(lambda: is_running(place, 0), 120), "who reads nothing, or one byte now and then, is cut")
    results["stop"] = True
    for thread in threads:
        thread.join()
    head, first, second = results["ping"]
    tap.point(head[0] == 200 and first.startswith(b":") and b"assistant" in second,
              "who waits long for the first token hears something", results["ping"])


def check_shutdown(tap, double):
    stream = start(double.place, ENDLESS, stream=True)
    stream.read_head()
    whole = start(double.place, THINKING)
    tap.point(wait_for(lambda: is_running(double.place, 2)), "two answers are under way when it ends")
    double.process.stdin.close()
    reply = whole.read_reply()
    tap.point(reply is not None and reply.status == 503 and reply.error()["code"] == "shutting_down",
              "the client of the one is told to come again", reply)
    last = None
    while True:
        chunk = stream.read_chunk()
        if chunk is None:
            break
        last = chunk
    tap.point(last is not None and b'"error"' in last and b"shutting down" in last, "that of the other why it stops", last)
    tap.equal(double.stop(), 0, "and it ends")


def check_crash(tap, program, folder):
    """A crash in the thread of one request: that client is told so, the others may ask again."""
    double = Double(program, folder, 4, 2)
    half_read = start(double.place, "tokens=1000000 each=5", stream=True)
    half_read.read_until(b"data: ")
    bystanders = [start(double.place, THINKING), start(double.place, THINKING, stream=True)]
    wait_for(lambda: is_running(double.place, 3))
    culprit = start(double.place, "crash").read_reply()
    tap.point(culprit.status == 500 and culprit.fields["x-should-retry"] == "false" and
              culprit.error()["code"] == "engine_crashed", "F31: a request that crashes the engine is told so, for good", culprit)
    for bystander in bystanders:
        reply = bystander.read_reply()
        tap.point(reply.status == 503 and reply.fields["retry-after"] == "1" and
                  reply.error()["code"] == "engine_restarts", "F31: one that waits may ask again", reply)
    tap.point(half_read.is_closed(), "F31: an answer that has begun breaks off")
    tap.equal(double.process.wait(HANG), -signal.SIGSEGV, "and the process ends by its signal")


def main(program):
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        check_loading(tap, program, folder)
        double = Double(program, folder, 4, 2)
        check_gone(tap, double.place)
        check_failures(tap, double.place)
        check_many(tap, double.place)
        check_progress(tap, double.place)
        check_place(tap, double.place)
        check_patience(tap, double.place, double.process.pid)
        check_shutdown(tap, double)
        double = Double(program, folder, 2, 2)
        check_line(tap, double.place)
        tap.equal(double.stop(), 0, "it ends as it should")
        check_crash(tap, program, folder)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
