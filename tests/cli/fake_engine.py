# SPDX-License-Identifier: GPL-3.0-or-later
"""A server of the chat protocol that streams the same deltas whatever it is asked, and keeps what it gets."""

import http.server
import json
import threading


def delta(content=None, finish=None, **more):
    """One event of the stream."""
    if content is not None:
        more["content"] = content
    return {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "fake",
            "choices": [{"index": 0, "delta": more, "finish_reason": finish}]}


class Handler(http.server.BaseHTTPRequestHandler):
    """Lists one model and answers with the engine's events; without a finish reason the connection breaks."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        body = json.dumps({"object": "list", "data": [{"id": "fake", "object": "model"}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        engine = self.server.engine
        engine.requests.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        for event in engine.events:
            self.wfile.write(b"data: " + json.dumps(event).encode() + b"\n\n")
            self.wfile.flush()
        if engine.events[-1]["choices"][0]["finish_reason"] is not None:
            self.wfile.write(b"data: [DONE]\n\n")


class FakeEngine:
    """Until the end of a with statement."""

    def __init__(self, *events):
        self.events = events
        self.requests = []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.engine = self
        self.location = f"http://127.0.0.1:{self.server.server_address[1]}/v1#fake"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def get_texts(self):
        """What the last request asks in words."""
        content = self.requests[-1]["messages"][-1]["content"]
        return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
