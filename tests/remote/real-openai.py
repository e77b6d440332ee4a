#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The official OpenAI clients against `ivl serve`: real-openai.py node|python IVL DEMO

node: the npm package of node/package-lock.json, fetched into the build folder. python: python3-openai of
Debian sid, in a root. Both skip with the reason where their parts cannot be had.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import slow_model
from reallib import ALONE, SOURCE, Command, RealTap, Root, end, free_port, program, request, start, wait_healthy, wait_until

KEY = "a-key-for-the-tests-0123456789"
HERE = Path(__file__).resolve().parent
# What the one client's list has beside the other's
LEAST = {"node": 36, "python": 25}


def start_serve(ivl, folder, model, name):
    """(process, port) of an ivl serve on loopback, with a key."""
    key = Path(folder, "key")
    key.write_text(KEY + "\n", encoding="utf-8")
    key.chmod(0o600)
    port = free_port()
    with open(f"{folder}/{name}.log", "wb") as log:
        process = start(ivl.program, "serve", "--model", str(model), "--listen", f"127.0.0.1:{port}", "--api-key-file", str(key),
                        cwd=folder, env=ivl.environment, stdout=log, stderr=log)
    if not wait_healthy(port, process):
        raise RuntimeError(f"ivl serve does not start: {Path(folder, name + '.log').read_text(encoding='utf-8')}")
    return process, port


def running(port):
    _, _, body = request(port, "GET", "/metrics", headers={"Authorization": f"Bearer {KEY}"})
    return next(int(line.split()[1]) for line in body.decode().splitlines() if line.startswith("ivl_requests_running "))


def prepare_node(tap):
    """The command that runs the client; the package is kept between runs."""
    node, npm = program("node", "nodejs"), program("npm")
    if node is None or npm is None:
        tap.skip_all("node and npm are not installed")
    folder = Path(os.environ["G_TEST_BUILDDIR"], "node").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", "ask.mjs"):
        shutil.copy(HERE / "node" / name, folder / name)
    lock = (HERE / "node/package-lock.json").read_text(encoding="utf-8")
    kept = folder / "node_modules/.fetched"
    if not kept.exists() or kept.read_text(encoding="utf-8") != lock:
        done = subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"], cwd=folder, check=False,
                              capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            tap.skip_all(f"npm ci could not fetch the client: {done.stderr.strip()[-300:]}")
        kept.write_text(lock, encoding="utf-8")
    return [node, str(folder / "ask.mjs")], None


def prepare_python(tap, demo):
    root = Root(tap, "sid", "python3-openai")
    return root.arguments("env", *(f"{name}={{{name}}}" for name in ("IVL_URL", "IVL_SLOW_URL", "IVL_KEY", "IVL_DEMO")),
                          "python3", HERE / "openai_asks.py", see=[SOURCE, demo]), root


def run_client(tap, which, command, environment):
    # A root has an environment of its own: the variables are part of the command there
    if which == "python":
        command = [word.format(**environment) if word.startswith("IVL_") else word for word in command]
    done = subprocess.run(command, env={"PATH": os.environ["PATH"], **environment}, capture_output=True, text=True,
                          check=False, timeout=300)
    count = 0
    for line in done.stdout.splitlines():
        answer = json.loads(line)
        tap.point(answer["good"], f"{which}: {answer['title']}", answer["shown"])
        count += 1
    tap.point(done.returncode == 0 and count >= LEAST[which], f"{which}: the client came to its end",
              f"exit {done.returncode}, {count} points: {done.stderr[-1500:]}")


def main(which, ivl_program, demo):
    tap = RealTap()
    demo = Path(demo).resolve()
    command, _ = prepare_node(tap) if which == "node" else prepare_python(tap, demo)
    with tempfile.TemporaryDirectory() as folder:
        slow_model.write(demo / "model", Path(folder, "slow"))
        ivl = Command(ivl_program, folder, str(demo / "model"))
        servers = []
        try:
            for name, model in (("demo", demo / "model"), ("slow", Path(folder, "slow"))):
                servers.append(start_serve(ivl, folder, model, name))
            urls = [f"http://127.0.0.1:{port}/v1" for _, port in servers]
            run_client(tap, which, command, {"IVL_URL": urls[0], "IVL_SLOW_URL": urls[1], "IVL_KEY": KEY, "IVL_DEMO": str(demo)})
            tap.point(wait_until(lambda: running(servers[1][1]) == 0, servers[1][0], 5), "a client that is gone leaves no work behind")
            for (process, port), name in zip(servers, ("demo", "slow")):
                tap.equal((process.poll(), request(port, "GET", "/health")[0]), (None, 200), f"the {name} server is well")
        finally:
            for process, _ in servers:
                end(process)
    return tap.finish()


if __name__ == "__main__":
    os.environ.setdefault("G_TEST_BUILDDIR", ALONE)
    sys.exit(main(*sys.argv[1:]))
