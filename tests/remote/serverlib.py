# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the server share: starting it, and HTTP by hand over TCP or a Unix socket."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../cli"))
from clilib import HANG, Tap, png  # noqa: E402,F401

JSON = {"Content-Type": "application/json"}

# Sanitizers keep freed memory for a while
SLACK_KB = 512 * 1024 if "ASAN_OPTIONS" in os.environ else 0


class Reply:
    """One answer: status, fields with names in lower case, body; how it ended."""

    def __init__(self, status, fields, body, complete):
        self.status = status
        self.fields = fields
        self.body = body
        self.complete = complete

    def json(self):
        return json.loads(self.body)

    def error(self):
        """The nested error, {} where there is none."""
        try:
            return self.json()["error"]
        except (ValueError, KeyError, TypeError):
            return {}

    def events(self):
        """The data of a stream's events, in order; comments are left out."""
        found = []
        for event in self.body.decode().split("\n\n"):
            lines = [line[6:] for line in event.split("\n") if line.startswith("data: ")]
            if lines:
                found.append("\n".join(lines))
        return found

    def chunks(self):
        return [json.loads(data) for data in self.events() if data != "[DONE]"]

    def text(self, index=0):
        """The answer's text, streamed or not."""
        if self.fields.get("content-type") == "text/event-stream":
            return "".join(choice["delta"].get("content") or "" for chunk in self.chunks()
                           for choice in chunk.get("choices", []) if choice["index"] == index)
        return self.json()["choices"][index]["message"]["content"]

    def __repr__(self):
        return f"{self.status} {self.fields} {self.body[:400]} complete={self.complete}"


class Connection:
    """A connection on which a test says byte for byte what goes out."""

    def __init__(self, place):
        if isinstance(place, str):
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        else:
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.settimeout(HANG)
        self.socket.connect(place)
        self.buffer = b""
        self.is_stuck = False

    def send(self, data):
        """False: the other end is closed."""
        try:
            self.socket.sendall(data)
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def is_readable(self):
        return bool(select.select([self.socket], [], [], 0)[0])

    def close(self):
        self.socket.close()

    def receive(self):
        """False at the end."""
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            return False
        except socket.timeout:
            self.is_stuck = True
            return False
        self.buffer += data
        return bool(data)

    def read_until(self, end):
        while end not in self.buffer:
            if not self.receive():
                return None
        found, self.buffer = self.buffer.split(end, 1)
        return found

    def read_exactly(self, n):
        while len(self.buffer) < n:
            if not self.receive():
                return None
        found, self.buffer = self.buffer[:n], self.buffer[n:]
        return found

    def read_head(self):
        """(status, fields), or None at the end of the connection."""
        head = self.read_until(b"\r\n\r\n")
        if head is None:
            return None
        lines = head.decode("latin-1").split("\r\n")
        fields = {name.strip().lower(): value.strip() for name, _, value in
                  (line.partition(":") for line in lines[1:])}
        return int(lines[0].split()[1]), fields

    def read_chunk(self):
        """The bytes of one chunk; b"" for the last one; None when the connection ends before."""
        size = self.read_until(b"\r\n")
        data = self.read_exactly(int(size, 16) + 2) if size is not None else None
        return data[:-2] if data is not None else None

    def read_reply(self, has_body=True):
        """The next answer, or None at the end of the connection."""
        head = self.read_head()
        if head is None:
            return None
        status, fields = head
        body, complete = b"", True
        if not has_body:
            pass
        elif fields.get("transfer-encoding") == "chunked":
            while True:
                chunk = self.read_chunk()
                complete = chunk is not None
                if not chunk:
                    break
                body += chunk
        elif "content-length" in fields:
            found = self.read_exactly(int(fields["content-length"]))
            complete = found is not None
            body = found if complete else self.buffer
        else:
            while self.receive():
                pass
            body, self.buffer = self.buffer, b""
        return Reply(status, fields, body, complete)

    def is_closed(self):
        """Waits for the end of the connection; False when it does not come."""
        while self.receive():
            pass
        return not self.is_stuck

    def request(self, method, path, body=None, fields=None):
        """Sends a well-formed request."""
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
        lines += [f"{name}: {value}" for name, value in (fields or {}).items()]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        return self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b""))


def ask(place, method, path, body=None, fields=None):
    """One request on a connection of its own."""
    connection = Connection(place)
    connection.request(method, path, body, fields)
    reply = connection.read_reply(method != "HEAD")
    connection.close()
    return reply


def chat_body(messages, **settings):
    if isinstance(messages, (str, list)) and not (messages and isinstance(messages, list) and "role" in messages[0]):
        messages = [{"role": "user", "content": messages}]
    return json.dumps({"messages": messages, **settings}).encode()


def chat(place, messages, fields=None, **settings):
    """One chat completion; messages may be a user's text or parts."""
    return ask(place, "POST", "/v1/chat/completions", chat_body(messages, **settings), {**JSON, **(fields or {})})


def metrics(place, fields=None):
    text = ask(place, "GET", "/metrics", fields=fields).body.decode()
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
            if line and not line.startswith("#")}


def wait_for(check, seconds=HANG):
    """Waits until check () is true; False when it never was."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if check():
            return True
        time.sleep(0.02)
    return False


def resident_kb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def children(pid):
    """Processes whose parent this is."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as stat:
                if int(stat.read().rsplit(")", 1)[1].split()[1]) == pid:
                    found.append(int(name))
        except (OSError, ValueError, IndexError):
            pass
    return found


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Served:
    """A running `ivl serve`, in a folder of its own with nothing of the user's."""

    def __init__(self, program, folder, model, *arguments, listen="127.0.0.1:0", wait=True, **changes):
        environment = {
            "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": folder, "XDG_RUNTIME_DIR": f"{folder}/run",
            "XDG_CONFIG_HOME": f"{folder}/config", "XDG_DATA_HOME": f"{folder}/data", "XDG_DATA_DIRS": f"{folder}/system",
            "OPENBLAS_NUM_THREADS": os.environ.get("OPENBLAS_NUM_THREADS", "2")}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "LD_LIBRARY_PATH"):
            if name in os.environ:
                environment[name] = os.environ[name]
        os.makedirs(f"{folder}/run", mode=0o700, exist_ok=True)
        self.folder = folder
        options = ["--listen", listen] if listen else []
        self.process = subprocess.Popen([os.path.abspath(program), "serve", "--model", model, *options, *arguments],
                                        cwd=folder, env={**environment, **changes}, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.lines = []
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self.read_lines, daemon=True)
        self.reader.start()
        self.place = None
        if wait:
            self.wait_ready()

    def read_lines(self):
        for line in self.process.stderr:
            with self.changed:
                self.lines.append(line.decode(errors="replace").rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.lines.append(None)
            self.changed.notify_all()

    def wait_line(self, part, count=1):
        """Waits for the count-th line with this part; None: it never came."""
        end = time.monotonic() + HANG
        with self.changed:
            while True:
                found = [line for line in self.lines if line is not None and part in line]
                if len(found) >= count:
                    return found[count - 1]
                if (self.lines and self.lines[-1] is None) or time.monotonic() > end:
                    return None
                self.changed.wait(1)

    def wait_ready(self, count=1):
        line = self.wait_line("ready at ", count)
        if line is None:
            raise RuntimeError(f"the server does not get ready: {self.lines}")
        location = line.split("ready at ")[1]
        if location.startswith("unix:"):
            self.place = location[5:]
        else:
            host, port = location.split("//")[1].split("/")[0].rsplit(":", 1)
            self.place = (host, int(port))

    def worker(self):
        found = children(self.process.pid)
        return found[0] if found else None

    def stop(self, number=signal.SIGTERM):
        """(exit status, seconds until it was gone)."""
        started = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            code = self.process.wait(HANG)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = None
        return code, time.monotonic() - started


class Double:
    """A server with the model of serve-double.c."""

    def __init__(self, program, folder, max_running=2, max_waiting=2, model=True):
        self.place = os.path.join(folder, f"double-{max_running}-{max_waiting}.sock")
        self.process = subprocess.Popen([program, self.place, str(max_running), str(max_waiting)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == b"listening\n"
        if model:
            self.give_model()

    def give_model(self):
        self.process.stdin.write(b"model\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == b"ready\n"

    def stop(self):
        if self.process.stdin:
            self.process.stdin.close()
        return self.process.wait(HANG)
