#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""ivl serve under load for minutes: 64 streams at a time, and its memory stays what it was.

Usage: test-server-long.py IVL MODEL [SECONDS]
"""

import os
import sys
import tempfile
import threading
import time

from serverlib import JSON, Connection, Served, Tap, chat_body, metrics, resident_kb, wait_for

N_STREAMS = 64
# What the caches may still grow by after the first minute
MAX_GROWTH_KB = 32 * 1024


class Client(threading.Thread):
    """Asks again and again on one connection, each time something else; every fifth time it hangs up."""

    def __init__(self, place, number, end):
        super().__init__(daemon=True)
        self.place, self.number, self.end = place, number, end
        self.n_answers = self.n_chunks = self.n_hung_up = 0
        self.problems = []

    def run(self):
        connection = Connection(self.place)
        turn = 0
        while time.monotonic() < self.end and len(self.problems) < 5:
            turn += 1
            connection.request("POST", "/v1/chat/completions",
                               chat_body(f"Client {self.number} asks for the {turn}th time: what is red?", stream=True,
                                         max_tokens=200, temperature=1.2, seed=turn), JSON)
            if turn % 5 == 0:
                connection.read_head()
                connection.close()
                connection = Connection(self.place)
                self.n_hung_up += 1
                continue
            reply = connection.read_reply()
            if reply is None or reply.status != 200 or not reply.complete or reply.events()[-1] != "[DONE]":
                self.problems.append(repr(reply)[:300])
                connection.close()
                connection = Connection(self.place)
                continue
            self.n_answers += 1
            self.n_chunks += len(reply.events())
        connection.close()


def main(program, model, seconds="600"):
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        served = Served(program, folder, os.path.abspath(model), "--max-running", str(N_STREAMS), "--cache", "64")
        worker = served.worker()
        start = time.monotonic()
        clients = [Client(served.place, i, start + float(seconds)) for i in range(N_STREAMS)]
        for client in clients:
            client.start()
        sizes = []
        while any(client.is_alive() for client in clients):
            time.sleep(min(30, float(seconds) / 20))
            sizes.append((time.monotonic() - start, resident_kb(worker)))
            print(f"# {sizes[-1][0]:.0f} s: {sizes[-1][1]} kB, {sum(client.n_answers for client in clients)} answers")
            sys.stdout.flush()
        problems = [problem for client in clients for problem in client.problems]
        tap.equal(problems, [], "every answer was whole")
        tap.point(all(client.n_answers > 0 for client in clients), "every client was served",
                  [client.n_answers for client in clients])
        tap.point(wait_for(lambda: metrics(served.place)["ivl_requests_running"] == 0), "nothing is left running")
        first = next(size for when, size in sizes if when >= min(60, float(seconds) / 10))
        last = resident_kb(worker)
        tap.point(last - first < MAX_GROWTH_KB, "memory is flat", f"{first} kB after a minute, {last} kB at the end")
        after = metrics(served.place)
        n_answers = sum(client.n_answers for client in clients)
        print(f"# {n_answers} answers and {sum(client.n_hung_up for client in clients)} hung up in {seconds} s; "
              f"{after['ivl_answer_tokens_total'] / float(seconds):.0f} tokens/s; "
              f"memory {first} kB after a minute, {last} kB at the end; least and most answers of a client: "
              f"{min(client.n_answers for client in clients)}, {max(client.n_answers for client in clients)}")
        tap.equal(served.worker(), worker, "it was one process all the time")
        code, _ = served.stop()
        tap.equal(code, 143, "and it ends")
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
