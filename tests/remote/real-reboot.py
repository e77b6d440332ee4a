#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two hosts with a cable between them, as network namespaces: one captions 200 pictures by the other's
`ivl serve`, which is rebooted in the middle. At the end nothing is lost, nothing is there twice, and every text
is what the model says. Usage: real-reboot.py IVL DEMO

Needs root, iproute2 and util-linux; skips where one is missing. The hosts are gone with this program.
"""

import fcntl
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import slow_model
from demo_pictures import make_pictures
from reallib import Command, RealTap, end, program, start, wait_until

KEY = "a-key-for-the-tests-0123456789"
COUNT = 200
REBOOT_AFTER = 60
SECONDS_AWAY = 4
RUN_LIMIT = 200  # for hangs only
ADDRESS = {"a": "10.203.77.1", "b": "10.203.77.2"}
PORT = 8765


class Host:
    """A network namespace that lives as long as its process, with the processes that run in it."""

    def __init__(self, name):
        self.name = name
        self.holder = start("unshare", "--net", "sleep", "infinity")
        self.processes = []
        own = os.readlink("/proc/self/ns/net")
        wait_until(lambda: os.readlink(f"/proc/{self.holder.pid}/ns/net") != own, self.holder, 10)
        self.ip("link", "set", "lo", "up")

    def command(self, *words):
        return ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", *map(str, words)]

    def ip(self, *words):
        subprocess.run(self.command("ip", *words), check=True, capture_output=True, timeout=30)

    def start(self, *words, **options):
        self.processes.append(start(*self.command(*words), **options))
        return self.processes[-1]

    def kill(self):
        for process in self.processes:
            end(process)
        self.processes = []
        # What a process started is gone a moment after it
        wait_until(lambda: not subprocess.run(self.command("ss", "-Htln", f"sport = :{PORT}"), capture_output=True,
                                              check=True).stdout, self.holder, 30)

    def vanish(self):
        self.kill()
        end(self.holder)


def plug(a, b):
    """The cable between two hosts."""
    a.ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", b.holder.pid)
    for host, mac in ((a, "02:00:00:00:77:01"), (b, "02:00:00:00:77:02")):
        host.ip("link", "set", "eth0", "address", mac)
        host.ip("address", "add", f"{ADDRESS[host.name]}/24", "dev", "eth0")
        host.ip("link", "set", "eth0", "up")


class Office:
    """Host b with its service, host a with its user."""

    def __init__(self, ivl, folder, model):
        self.ivl, self.folder, self.model = ivl, folder, model
        self.log = f"{folder}/serve.log"
        self.a, self.b = Host("a"), Host("b")
        plug(self.a, self.b)

    def serve(self):
        with open(self.log, "ab") as log:
            process = self.b.start(self.ivl.program, "serve", "--model", self.model, "--listen", f"{ADDRESS['b']}:{PORT}",
                                   "--api-key-file", f"{self.folder}/key", cwd=self.folder, env=self.ivl.environment,
                                   stdout=log, stderr=log)
        if not wait_until(lambda: self.ask("/health")[0] == 0, process, 60):
            raise RuntimeError(f"ivl serve does not start: {Path(self.log).read_text(encoding='utf-8')}")

    def ask(self, path):
        """(exit status, body) of a request that host a makes."""
        done = subprocess.run(self.a.command("curl", "-sf", "-m", "5", "-H", f"Authorization: Bearer {KEY}",
                                             f"http://{ADDRESS['b']}:{PORT}{path}"), capture_output=True, check=False)
        return done.returncode, done.stdout.decode()

    def caption(self, names, *options):
        return self.a.start(self.ivl.program, "caption", "--json", "--model", "remote:b", *options, *names, cwd=self.folder,
                            env={**self.ivl.environment, "IVL_API_KEY": KEY}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def close(self):
        self.a.vanish()
        self.b.vanish()

    # Ways to go away

    def power_cycle(self):
        """The programs die and their connections are reset; then the cable is dead for a while."""
        self.b.kill()
        self.b.ip("link", "set", "eth0", "down")
        time.sleep(SECONDS_AWAY)
        self.b.ip("link", "set", "eth0", "up")
        self.serve()

    def crash(self):
        """The whole host is gone at once: no connection is closed, and the new one knows of none."""
        self.a.ip("link", "set", "eth0", "down")
        self.b.vanish()
        time.sleep(SECONDS_AWAY)
        self.b = Host("b")
        # The other end went with its host
        subprocess.run(self.a.command("ip", "link", "delete", "eth0"), check=False, capture_output=True, timeout=30)
        plug(self.a, self.b)
        self.serve()

    def cable(self):
        """The cable is out for a while; nobody tells either end, and nothing dies."""
        self.b.ip("link", "set", "eth0", "down")
        time.sleep(SECONDS_AWAY)
        self.b.ip("link", "set", "eth0", "up")


def run_batch(office, names, incident, *options):
    """(exit status, objects, standard error) of a batch to which something happens in the middle."""
    process = office.caption(names, *options)
    # A small pipe: the batch cannot run ahead of what is read here
    fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 4096)
    limit = threading.Timer(RUN_LIMIT, process.kill)
    limit.start()
    lines = []
    for line in process.stdout:
        lines.append(line)
        if len(lines) == REBOOT_AFTER and incident is not None:
            incident()
    _, err = process.communicate(timeout=60)
    limit.cancel()
    return process.returncode, [json.loads(line) for line in lines], err.decode(errors="replace")


def check_run(tap, title, names, wanted, result):
    code, lines, err = result
    tap.point(code == 0, f"{title}: exit status 0", (code, err[-1500:]))
    found = [line.get("file") for line in lines]
    tap.equal((len(found), len(set(found))), (len(names), len(names)), f"{title}: {len(names)} results, none twice, none lost")
    tap.point(found == names, f"{title}: in the order of the pictures", found[:5])
    errors = [line for line in lines if "error" in line]
    tap.point(not errors, f"{title}: no picture failed", errors[:2])
    wrong = [(line["file"], line.get("text"), text) for line, text in zip(lines, wanted) if line.get("text") != text]
    tap.point(not wrong, f"{title}: every text is what the model says", wrong[:2])


def check_lost(tap, office, names, wanted):
    """The host never comes back: what was answered stands, the rest is told of, and it comes to an end."""
    code, lines, err = run_batch(office, names, office.b.vanish, "--jobs", "2", "--patience", "3")
    tap.point(code not in (0, None) and code > 0, "gone for good: the batch ends and says that it failed", (code, err[-1500:]))
    texts = [line for line in lines if "text" in line]
    tap.point(REBOOT_AFTER <= len(texts) < len(names), "gone for good: what was answered before is there", len(texts))
    tap.equal([line["text"] for line in texts], wanted[:len(texts)], "gone for good: and right")
    tap.point(all(line.get("error") for line in lines[len(texts):]) and "10.203.77.2" in err,
              "gone for good: no other has a text, and the host is named", (lines[-1:], err[-500:]))


def check_pause(tap, office, name, model):
    """The cable is out in the middle of an answer: it goes on where it was."""
    office.b.kill()
    office.model = str(model)
    office.serve()
    options = ("--max-tokens", "600", "--temperature", "1", "--seed", "5")
    _, wanted, _ = office.ivl.run("caption", "--json", "--model", str(model), *options, name)
    process = office.caption([name], *options)
    talks = wait_until(lambda: "ivl_requests_running 1" in office.ask("/metrics")[1], process, 60)
    office.cable()
    out, err = process.communicate(timeout=RUN_LIMIT)
    found = json.loads(out) if out.strip() else {}
    tap.equal((talks, process.returncode), (True, 0), f"cable out in an answer: it comes to its end {err[-300:]!r}")
    tap.point(found.get("text") == json.loads(wanted)["text"], "cable out in an answer: nothing of it is lost",
              (len(found.get("text", "")), len(json.loads(wanted)["text"])))


def prepare(tap):
    if os.geteuid() != 0:
        tap.skip_all("network namespaces need root")
    for name in ("ip", "nsenter", "unshare", "curl"):
        if program(name) is None:
            tap.skip_all(f"{name} is not installed")
    done = subprocess.run(["unshare", "--net", "true"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        tap.skip_all(f"no network namespaces here: {done.stderr.strip()}")


def main(ivl_program, demo):
    tap = RealTap()
    prepare(tap)
    demo = Path(demo).resolve()
    with tempfile.TemporaryDirectory() as folder:
        ivl = Command(ivl_program, folder, str(demo / "model"))
        Path(folder, "key").write_text(KEY + "\n", encoding="utf-8")
        os.chmod(f"{folder}/key", 0o600)
        config = Path(folder, "config/ivl/ivl.conf")
        config.parent.mkdir(parents=True)
        config.write_text(f'[remote "b"]\nurl=http://{ADDRESS["b"]}:{PORT}/v1\nengine=ivl\ninsecure-http=true\n', encoding="utf-8")
        pictures = Path(folder, "pictures")
        pictures.mkdir()
        names = make_pictures(demo, pictures, COUNT)
        code, local, _ = ivl.run("caption", "--json", *names)
        wanted = [json.loads(line)["text"] for line in local.splitlines()]
        tap.equal((code, len(wanted), len(set(wanted)) > 3), (0, COUNT, True), "the model captions them on its own host")
        office = Office(ivl, folder, str(demo / "model"))
        try:
            office.serve()
            check_run(tap, "undisturbed", names, wanted, run_batch(office, names, None))
            for title, incident, options in (("rebooted", office.power_cycle, ()),
                                             ("rebooted, several at a time", office.power_cycle, ("--jobs", "4")),
                                             ("cable out", office.cable, ()),
                                             ("host gone, half-open", office.crash, ("--jobs", "2"))):
                started = time.monotonic()
                check_run(tap, title, names, wanted, run_batch(office, names, incident, *options))
                print(f"# {title}: {time.monotonic() - started:.1f} s")
            slow_model.write(demo / "model", Path(folder, "slow"))
            check_pause(tap, office, names[0], Path(folder, "slow"))
            office.b.kill()
            office.model = str(demo / "model")
            office.serve()
            check_lost(tap, office, names, wanted)
        finally:
            office.close()
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
