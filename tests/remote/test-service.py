#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The user's service is started when it does not answer: once, detached, with its own words when it fails.

A stand-in for `ivl serve` takes the lock and answers /health; what it was started with is written down.
Usage: test-service.py ENSURE-SERVICE FOLDER-OF-INSTALLED-PROGRAMS"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "cli"))
from clilib import HANG, Tap  # noqa: E402

STAND_IN = r'''
import fcntl, json, os, socket, sys, time
folder = os.path.join(os.environ["XDG_RUNTIME_DIR"], "ivl")
plan = json.load(open(os.environ["PLAN"]))
fds = {int(name): os.readlink(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd")
       if os.path.exists(f"/proc/self/fd/{name}")}
with open(os.environ["PLAN"] + ".starts", "a") as starts:
    starts.write(json.dumps({"pid": os.getpid(), "session": os.getsid(0), "arguments": sys.argv[1:], "fds": fds,
                             "cwd": os.getcwd(), "key": os.environ.get("IVL_API_KEY"),
                             "model": os.environ.get("IVL_MODEL")}) + "\n")
if plan.get("die"):
    print("ivl: first line", file=sys.stderr)
    print("ivl: " + plan["die"] + "\n", file=sys.stderr)
    sys.exit(3)
model = os.path.basename(sys.argv[sys.argv.index("--model") + 1]) if "--model" in sys.argv else None
lock = open(os.path.join(folder, "serve.lock"), "w")
if plan.get("unlocked"):
    lock = open(os.path.join(folder, "other.lock"), "w")
try:
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    print("ivl: another one serves already", file=sys.stderr)
    sys.exit(1)
if plan.get("tells", True) and model:
    given = sys.argv[sys.argv.index("--model") + 1]
    lock.write(os.path.join(os.environ["XDG_DATA_HOME"], "ivl", "models", given))
    lock.flush()
time.sleep(plan.get("deaf", 0))
path = os.path.join(folder, "serve.sock")
if os.path.exists(path):
    os.unlink(path)
server = socket.socket(socket.AF_UNIX)
server.bind(path)
server.listen(64)
loading = time.monotonic() + plan.get("loading", 0)
while True:
    connection, _ = server.accept()
    path = (connection.recv(4096).split() + [b"", b""])[1].decode()
    status = "503 Service Unavailable" if time.monotonic() < loading else "200 OK"
    plan = json.load(open(os.environ["PLAN"]))
    body = "{}"
    if path == "/v1/models" and model:
        body = json.dumps({"object": "list", "data": [{"id": model, "object": "model", "owned_by": "ivl"}]})
    elif path == "/metrics" and not plan.get("silent"):
        body = "".join(f"# TYPE ivl_requests_{name} gauge\nivl_requests_{name} {plan.get(name, 0)}\n"
                       for name in ("running", "waiting"))
    reply = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()
    try:
        for byte in (reply[:5], reply[5:]):
            connection.sendall(byte)
    except OSError:
        pass
    connection.close()
'''


class Place:
    """A runtime folder of its own."""

    def __init__(self, program, folder):
        self.program = program
        self.folder = Path(folder)
        self.plan_file = self.folder / "plan.json"
        stand_in = self.folder / "stand-in.py"
        stand_in.write_text(STAND_IN, encoding="utf-8")
        self.environment = {**os.environ, "XDG_RUNTIME_DIR": str(self.folder), "PLAN": str(self.plan_file),
                            "XDG_CONFIG_HOME": str(self.folder / "config"), "XDG_DATA_HOME": str(self.folder / "data"),
                            "IVL_SERVE_COMMAND": f"{sys.executable} '{stand_in}'", "IVL_API_KEY": "sk-secret-value"}
        self.environment.pop("IVL_MODEL", None)
        self.plan()

    def install(self, name):
        (self.folder / "data" / "ivl" / "models" / name).mkdir(parents=True)

    def plan(self, **plan):
        self.plan_file.write_text(json.dumps(plan), encoding="utf-8")

    def start(self, *arguments, **changes):
        return subprocess.Popen([self.program, *(arguments or ("service:",))], cwd=self.folder,
                                env={**self.environment, **changes}, stdout=subprocess.PIPE, start_new_session=True)

    def ensure(self, *arguments, **changes):
        process = self.start(*arguments, **changes)
        out, _ = process.communicate(timeout=HANG)
        return process.returncode, out.decode()

    def starts(self):
        path = Path(str(self.plan_file) + ".starts")
        if not path.exists():
            return []
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    def kill(self):
        for start in self.starts():
            try:
                os.kill(start["pid"], signal.SIGKILL)
            except ProcessLookupError:
                pass
        deadline = time.monotonic() + HANG
        while any(is_running(start["pid"]) for start in self.starts()) and time.monotonic() < deadline:
            time.sleep(0.01)
        Path(str(self.plan_file) + ".starts").unlink(missing_ok=True)


def is_running(pid):
    """A zombie does not count: who reaps it depends on where the test runs."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def check_start(tap, place):
    result = place.ensure("service:./models/small", IVL_MODEL="stand-in-model")
    tap.point(result[0] == 0 and "ready after" in result[1], "a service that does not run is started", result)
    starts = place.starts()
    tap.equal(len(starts), 1, "once")
    start = starts[0]
    tap.equal(start["arguments"], ["serve", "--idle-exit", "15", "--model", str(place.folder / "models/small")],
              "with the model's whole path and an end when it is idle")
    tap.point(start["session"] == start["pid"] and start["cwd"] == "/", "in a session and folder of its own", start)
    log = str(place.folder / "ivl" / "serve.log")
    known = {"0": "/dev/null", "1": log, "2": log}
    extra = {name: target for name, target in start["fds"].items() if known.get(name) != target
             and not target.startswith("/proc/") and target != str(place.plan_file)}
    tap.point(not extra, "it inherits no file but its log", start["fds"])
    tap.equal(start["key"], None, "the API key is not handed on")
    tap.equal(oct((place.folder / "ivl").stat().st_mode & 0o777), "0o700", "the folder is private")
    tap.equal(oct((place.folder / "ivl" / "serve.log").stat().st_mode & 0o777), "0o600", "so is the log")
    result = place.ensure()
    tap.point(result == (0, "ready after 0 reports\n") and len(place.starts()) == 1,
              "a service that runs is used at once", result)
    place.kill()


def check_environment(tap, place):
    (place.folder / "weights").mkdir()
    place.ensure(IVL_MODEL="weights")
    tap.equal(place.starts()[0]["model"], str(place.folder / "weights"), "a folder in IVL_MODEL is made whole")
    place.kill()
    place.ensure(IVL_MODEL="https://gpu.example")
    tap.equal(place.starts()[0]["model"], None, "a server in IVL_MODEL is not handed on")
    place.kill()


def check_many(tap, place):
    place.plan(loading=0.6)
    starters = [place.start() for _ in range(12)]
    results = [(process.communicate(timeout=HANG)[0].decode(), process.returncode) for process in starters]
    tap.point(all(code == 0 for _, code in results), "twelve starters at once are all served", results)
    tap.equal(len(place.starts()), 1, "and start one service")
    place.kill()
    place.plan(deaf=0.5)
    result = place.ensure()
    tap.point(result[0] == 0 and "ready after 0" not in result[1], "loading is reported while it lasts", result)
    place.kill()


def check_killed(tap, place):
    place.plan()
    place.ensure()
    first = place.starts()[0]["pid"]
    os.kill(first, signal.SIGKILL)
    result = place.ensure()
    tap.point(result[0] == 0, "after kill -9 it is started again", result)
    tap.equal(len(place.starts()), 2, "once more")
    place.kill()

    process = place.start()
    process.communicate(timeout=HANG)
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    time.sleep(0.1)
    tap.point(is_running(place.starts()[0]["pid"]), "the end of who started it does not end the service")
    place.kill()

    place.plan(loading=30)
    process = place.start()
    deadline = time.monotonic() + HANG
    while not place.starts() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.communicate()
    place.plan()
    second = place.start()
    time.sleep(0.3)
    tap.equal(len(place.starts()), 1, "a starter killed while it waits leaves its service to the next")
    second.kill()
    second.communicate()
    place.kill()


def check_other_model(tap, place):
    place.plan()
    for name in ("alpha", "gamma", "delta"):
        place.install(name)
    installed = place.folder / "data" / "ivl" / "models" / "alpha"
    (place.folder / "linked").mkdir()
    (place.folder / "linked" / "alpha").symlink_to(installed)
    place.ensure("service:alpha")
    for location in ("service:", "service:alpha", f"service:{installed}", f"service:{place.folder}/linked/alpha",
                     "service:/elsewhere/alpha"):
        result = place.ensure(location)
        tap.point(result[0] == 0 and len(place.starts()) == 1, f"{location} is content with the model that is there",
                  result)
    for name in ("/elsewhere/beta", "beta"):
        code, out = place.ensure(f"service:{name}")
        tap.point(code == 1 and f" {name}" in out and len(place.starts()) == 1 and is_running(place.starts()[0]["pid"]),
                  f"{name}, which is not there, ends nothing", (code, out))
    beta = place.folder / "beta"
    beta.mkdir()
    result = place.ensure(f"service:{beta}")
    starts = place.starts()
    tap.point(result[0] == 0 and len(starts) == 2, "another model makes the idle service start anew", result)
    tap.point(not is_running(starts[0]["pid"]) and is_running(starts[1]["pid"]), "and ends the one that was there",
              starts)
    tap.equal(starts[1]["arguments"][-2:], ["--model", str(beta)], "with the model that is wanted")
    starters = [place.start("service:gamma") for _ in range(8)]
    results = [(process.communicate(timeout=HANG)[0].decode(), process.returncode) for process in starters]
    tap.point(all(code == 0 for _, code in results) and len(place.starts()) == 3,
              "eight who want another one at once start one", (results, place.starts()))
    for plan in ({"running": 1}, {"waiting": 2}, {"silent": True}):
        place.plan(**plan)
        code, out = place.ensure("service:delta")
        tap.point(code == 1 and "gamma" in out and "delta" in out, f"with {plan} it is left alone", (code, out))
    place.plan()
    tap.point(len(place.starts()) == 3 and is_running(place.starts()[2]["pid"]), "and goes on", place.starts())
    place.kill()

    other = place.folder / "elsewhere" / "alpha"
    other.mkdir(parents=True)
    place.ensure("service:alpha")
    result = place.ensure(f"service:{other}")
    starts = place.starts()
    tap.point(result[0] == 0 and [start["arguments"][-1] for start in starts] == ["alpha", str(other)],
              "two folders of one name are two models", (result, starts))
    place.ensure("service:alpha")
    tap.equal([start["arguments"][-1] for start in place.starts()], ["alpha", str(other), "alpha"], "there and back")
    place.kill()
    place.plan(tells=False)
    place.ensure("service:alpha")
    result = place.ensure(f"service:{other}")
    tap.point(result[0] == 0 and len(place.starts()) == 1, "a service that names no folder is known by its model's name",
              result)
    place.kill()

    place.plan(unlocked=True)
    place.install("beta")
    place.ensure("service:alpha")
    place.plan()
    code, out = place.ensure("service:beta")
    tap.point(code == 1 and "end it yourself" in out and is_running(place.starts()[0]["pid"]),
              "who listens without the service's lock is not ended", (code, out))
    place.kill()


def check_idle_exit(tap, place):
    place.plan()
    folder = place.folder / "config" / "ivl"
    folder.mkdir(parents=True)
    for text, expected in (("0", "0"), ("90", "90")):
        (folder / "ivl.conf").write_text(f"[service]\nidle-exit={text}\n", encoding="utf-8")
        place.ensure()
        tap.equal(place.starts()[0]["arguments"], ["serve", "--idle-exit", expected],
                  f"the configuration's {text} minutes are handed on")
        place.kill()
    for text in ("[service]\nidle-exit=soon\n", "[service\n"):
        (folder / "ivl.conf").write_text(text, encoding="utf-8")
        code, out = place.ensure()
        tap.point(code == 1 and "ivl.conf" in out and not place.starts(), f"{text!r} is refused", (code, out))
    (folder / "ivl.conf").unlink()


def check_program(tap, place, bindir):
    """Which program is started when IVL_SERVE_COMMAND is not set."""
    stand_in = place.folder / "stand-in.py"
    for name in ("self", "other", "link"):
        (place.folder / name).mkdir()
    own = place.folder / "self" / "ivl"
    shutil.copy(place.program, own)
    (place.folder / "link" / "ivl").symlink_to(own)
    script = f"#!/bin/sh\nexec {sys.executable} '{stand_in}' \"$@\" by-\"$(basename \"$(dirname \"$0\")\")\"\n"
    for name in ("other", "self"):
        path = place.folder / name / ("ivl" if name == "other" else "ivl-beside")
        path.write_text(script, encoding="utf-8")
        path.chmod(0o755)
    program, place.program = place.program, str(own)
    path = os.pathsep.join([str(place.folder / name) for name in ("self", "link", "other")] + [os.environ["PATH"]])
    try:
        if Path(bindir, "ivl").exists():
            tap.skip(f"which program is started: {bindir}/ivl comes first here")
        else:
            result = place.ensure(IVL_SERVE_COMMAND="", PATH=path)
            tap.point(result[0] == 0 and [start["arguments"][-1] for start in place.starts()] == ["by-other"],
                      "a program called ivl does not start itself, nor a link to itself", (result, place.starts()))
            place.kill()
            code, out = place.ensure(IVL_SERVE_COMMAND="", PATH=str(place.folder / "self"))
            tap.point(code == 1 and "not installed" in out, "rather nothing", (code, out))
        place.program = str(place.folder / "self" / "ensure")
        shutil.move(own, place.program)
        shutil.move(place.folder / "self" / "ivl-beside", own)
        place.ensure(IVL_SERVE_COMMAND="", PATH=path)
        tap.equal([start["arguments"][-1] for start in place.starts()], ["by-self"],
                  "the ivl beside the running program comes first")
        place.kill()
    finally:
        place.program = program


def check_failures(tap, place):
    place.plan(die="there is no model in sight")
    code, out = place.ensure()
    tap.point(code == 1 and "there is no model in sight" in out and "first line" not in out and "ivl: " not in out,
              "a service that cannot start is quoted", out)
    tap.equal(len(place.starts()), 1, "and not tried again")
    place.kill()
    code, out = place.ensure(IVL_SERVE_COMMAND="/nonexistent/ivl")
    tap.point(code == 1 and "cannot be started" in out, "a program that is not there is named", out)
    place.plan(loading=60)
    started = time.monotonic()
    code, out = place.ensure("service:", "400")
    tap.point(code == 1 and "cancel" in out.lower() and time.monotonic() - started < 30,
              "waiting can be given up", out)
    place.kill()
    place.plan()
    os.chmod(place.folder / "ivl", 0o777)
    code, out = place.ensure()
    tap.point(code == 1 and "0777" in out and not place.starts(), "a folder that others can write is refused", out)
    os.chmod(place.folder / "ivl", 0o755)
    code, _ = place.ensure()
    tap.equal((code, oct((place.folder / "ivl").stat().st_mode & 0o777)), (0, "0o700"),
              "one that others can read is made private")
    place.kill()


def main(program, bindir):
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        place = Place(os.path.abspath(program), folder)
        try:
            for check in (check_start, check_environment, check_many, check_killed, check_other_model,
                          check_idle_exit, check_failures):
                check(tap, place)
            check_program(tap, place, bindir)
        finally:
            place.kill()
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
