# SPDX-License-Identifier: GPL-3.0-or-later
"""A server of another computer, as far as the plug-in can tell: it speaks the OpenAI protocol on an address of this one that is
not its loopback, says what it is told to, word by word, and waits where it is told to."""

import json
import queue
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def own_address():
    """An address of this computer that is not its loopback; None without a network. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            address = probe.getsockname()[0]
        except OSError:
            return None
    return None if address.startswith("127.") else address


class FakeServer:
    """`answers` are given one after the other, the last one again and again. `gate` is closed (clear) to hold an answer after
    its first word, and opened (set) to let it go on; `begin` is the same for its beginning. `questions` are the requests so far.
    A server of the owner "ivl" tells each (phase, done, total) that is put into `phases`, meanwhile."""

    def __init__(self, *answers, owner="nobody"):
        self.answers = list(answers)
        self.questions = []
        self.gate = threading.Event()
        self.gate.set()
        self.begin = threading.Event()
        self.begin.set()
        self.owner = owner
        self.phases = queue.Queue()
        self.broken = threading.Event()  # set: answers break off after their first word
        self.dropped = threading.Event()  # set when a client went away in the middle of an answer
        self.host = own_address()
        self.server = ThreadingHTTPServer((self.host or "127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        self.url = f"http://{self.server.server_address[0]}:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.begin.set()
        self.gate.set()
        self.server.shutdown()
        self.server.server_close()

    def handler(self):
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                body = json.dumps({"object": "list", "data": [{"id": "fake", "object": "model", "owned_by": fake.owner}]}).encode()
                self.send_response(200 if self.path.endswith("/models") else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                fake.questions.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                answer = fake.answers.pop(0) if len(fake.answers) > 1 else fake.answers[0]
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Connection", "close")
                self.end_headers()
                self.close_connection = True
                try:
                    self.say(answer)
                except OSError:
                    fake.dropped.set()

            def event(self, delta, finish=None):
                data = {"id": "1", "object": "chat.completion.chunk", "model": "fake",
                        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
                self.wfile.write(b"data: " + json.dumps(data).encode() + b"\n\n")
                self.wfile.flush()

            def wait(self, event):
                """Until it is set; what there is to tell meanwhile is told."""
                while not event.wait(0.1):
                    self.wfile.write(b": still here\n\n")
                    while not fake.phases.empty():
                        data = dict(zip(("phase", "done", "total"), fake.phases.get()))
                        self.wfile.write(b"event: ivl.progress\ndata: " + json.dumps(data).encode() + b"\n\n")
                    self.wfile.flush()

            def say(self, answer):
                self.event({"role": "assistant", "content": ""})
                self.wait(fake.begin)
                for word in answer.split(" "):
                    self.event({"content": word + " "})
                    if fake.broken.is_set():
                        return
                    self.wait(fake.gate)
                self.event({}, "stop")
                self.wfile.write(b"data: [DONE]\n\n")

        return Handler


if __name__ == "__main__":
    import sys
    server = FakeServer(*sys.argv[1:])
    print(server.url, flush=True)
    for line in sys.stdin:
        (server.gate.clear if line.strip() == "hold" else server.gate.set)()
