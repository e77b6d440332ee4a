# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands between programs and the service on its Unix socket, passes every byte on, and keeps what was asked."""

import base64
import json
import socket
import threading

PNG = "data:image/png;base64,"


class Relay:
    """Listens at `path`, as the service would, and asks the one at `behind`."""

    def __init__(self, path, behind):
        self.behind = str(behind)
        self.lock = threading.Lock()
        self.streams = []  # what each connection said, in the order in which they came
        path.parent.mkdir(mode=0o700, exist_ok=True)
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(str(path))
        self.server.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.server.close()

    def accept(self):
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            service = socket.socket(socket.AF_UNIX)
            try:
                service.connect(self.behind)
            except OSError:
                client.close()
                continue
            said = bytearray()
            with self.lock:
                self.streams.append(said)
            threading.Thread(target=self.copy, args=(client, service, said), daemon=True).start()
            threading.Thread(target=self.copy, args=(service, client, None), daemon=True).start()

    def copy(self, source, target, said):
        try:
            while True:
                data = source.recv(1 << 16)
                if not data:
                    break
                if said is not None:
                    with self.lock:
                        said += data
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def bodies(self):
        """The JSON of all requests so far that had some and are complete."""
        with self.lock:
            streams = [bytes(said) for said in self.streams]
        found = []
        for said in streams:
            while b"\r\n\r\n" in said:
                head, said = said.split(b"\r\n\r\n", 1)
                lengths = [int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                length = lengths[0] if lengths else 0
                if length and len(said) >= length:
                    found.append(json.loads(said[:length]))
                said = said[length:]
        return found

    def pictures(self):
        """The PNG files that were sent, each request's as a list."""
        found = []
        for body in self.bodies():
            parts = [part for message in body.get("messages", ()) if isinstance(message["content"], list) for part in message["content"]]
            urls = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
            if urls:
                found.append([base64.b64decode(url[len(PNG):]) if url.startswith(PNG) else url.encode() for url in urls])
        return found
