#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""ivl doctor: what it finds, what it advises, and its exit code. Usage: test-doctor.py IVL DEMO-FOLDER"""

import http.server
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from clilib import HANG, Command, Tap

KEY = "sk-sesame-0123456789"


def examine(ivl, *arguments, **changes):
    """(exit code, {subject: [(severity, message, advice)]}, standard error)"""
    code, out, err = ivl.run("doctor", "--json", *arguments, **changes)
    found = {}
    for line in out.splitlines():
        finding = json.loads(line)
        found.setdefault(finding["subject"], []).append(
            (finding["severity"], finding["message"], finding["advice"]))
    return code, found, err


def severities(found, subject):
    return {finding[0] for finding in found.get(subject, [])}


def says(found, subject, severity, text):
    return any(finding[0] == severity and text in finding[1] for finding in found.get(subject, []))


def write_config(ivl, text):
    path = Path(ivl.folder, "config", "ivl", "ivl.conf")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


def check_healthy(tap, ivl):
    code, found, err = examine(ivl)
    tap.equal((code, err), (0, b""), "a healthy place gives 0")
    for subject in ("configuration file", "processor", "model", "service", "clock", "keyring"):
        tap.point(subject in found, f"it tells of the {subject}", found)
    everything = [finding for findings in found.values() for finding in findings]
    tap.point(all(finding[0] != "problem" for finding in everything), "nothing is a problem", found)
    tap.point(all((finding[2] is None) == (finding[0] == "ok") for finding in everything),
              "whatever is not ok comes with advice", found)
    tap.point(severities(found, ivl.model) == {"ok"}, "the model that is used is read", found)
    code, out, _ = ivl.run("doctor")
    tap.point(code == 0 and out.startswith(b"ok ") and b"processor: " in out, "and shown as lines", out)
    tap.point(not Path(ivl.folder, "run", "ivl").exists(), "looking makes no folder")
    _, found, _ = examine(ivl, IVL_ISA="generic")
    tap.equal(severities(found, "processor"), {"warning"}, "a processor without vector instructions is told of")


def check_models(tap, ivl):
    code, found, _ = examine(ivl, IVL_MODEL=None)
    tap.point(code == 0 and severities(found, "model") == {"warning"}, "no model at all is a warning", found)
    code, found, _ = examine(ivl, IVL_MODEL="nobody")
    tap.point(code == 1 and says(found, "model", "problem", "nobody"), "a chosen model that is not there", found)
    models = Path(ivl.folder, "data", "ivl", "models")
    (models / "broken").mkdir(parents=True)
    (models / "broken" / "config.json").write_text("{", encoding="utf-8")
    os.symlink(ivl.model, models / "whole")
    code, found, _ = examine(ivl)
    tap.point(code == 1 and severities(found, "broken") == {"problem"} and severities(found, "whole") == {"ok"},
              "an installed model that is broken, beside one that is not", found)
    (models / "broken" / "config.json").unlink()
    (models / "broken").rmdir()


def check_config(tap, ivl):
    write_config(ivl, "[ivl\n")
    code, found, _ = examine(ivl)
    tap.point(code == 1 and "problem" in severities(found, "configuration file"), "a broken configuration file", found)
    path = write_config(ivl, "[ivl]\nlokal-only=true\n[remot \"x\"]\nurl=y\n")
    path.chmod(0o666)
    code, found, _ = examine(ivl)
    tap.equal(code, 0, "warnings alone give 0")
    for text in ("lokal-only", "remot", "write"):
        tap.point(says(found, "configuration file", "warning", text), f"a warning about {text}", found)
    write_config(ivl, "[ivl]\nlocal-only=perhaps\n")
    code, found, _ = examine(ivl)
    tap.point(code == 1 and says(found, "configuration file", "problem", "local-only"), "local-only=perhaps", found)
    write_config(ivl, '[remote "bad"]\nurl=https://user:sesame@gpu.example\n[remote "none"]\nmodel=a\n')
    code, found, _ = examine(ivl)
    tap.point(code == 1 and severities(found, "remote bad") == severities(found, "remote none") == {"problem"},
              "remotes without a proper address", found)
    tap.point("sesame" not in str(found), "a password in an address is not shown", found)


def check_remotes(tap, ivl, demo):
    keys = Path(ivl.folder, "keys")
    keys.write_text(KEY, encoding="utf-8")
    keys.chmod(0o600)
    process = ivl.start("serve", "--listen", "127.0.0.1:0", "--api-key-file", str(keys), "-m", f"{demo}/model",
                        stderr=subprocess.PIPE)
    try:
        location = process.stderr.readline().decode().split("ready at ")[1].strip()
        public = Path(ivl.folder, "public")
        public.write_text(KEY, encoding="utf-8")
        public.chmod(0o644)
        wrong = Path(ivl.folder, "wrong")
        wrong.write_text("sk-other-sesame", encoding="utf-8")
        wrong.chmod(0o600)
        write_config(ivl, "".join(f'[remote "{name}"]\nurl={location}\n{rest}\n' for name, rest in (
            ("good", f"key-file={keys}\nmodel=model"), ("wrong-key", f"key-file={wrong}"),
            ("wrong-key-and-model", f"key-file={wrong}\nmodel=model"),
            ("public-key", f"key-file={public}"), ("no-key", f"key-file={ivl.folder}/absent"), ("other-model", f"key-file={keys}\nmodel=other"),
            ("other-engine", f"key-file={keys}\nengine=nonsense"))))
        code, found, err = examine(ivl)
        tap.equal(code, 1, "problems give 1")
        tap.equal(severities(found, "remote good"), {"ok"}, "a good remote")
        tap.point(says(found, "remote good", "ok", "sees pictures"), "it has seen a picture", found)
        tap.point(says(found, "remote good", "ok", str(keys)), "where its key is", found)
        for name, text in (("wrong-key", "key"), ("wrong-key-and-model", "key"), ("public-key", "chmod 600"),
                           ("other-model", "model"), ("other-engine", "nonsense")):
            tap.point(says(found, f"remote {name}", "problem", text), f"a remote with a problem: {name}", found)
        tap.point(any("key-file" in finding[2] for finding in found["remote no-key"]), "what to do about a key that is not there",
                  found)
        tap.point("sesame" not in str(found) and b"sesame" not in err, "no key is shown", found)
    finally:
        process.terminate()
        process.wait(HANG)
        process.stderr.close()


class Plain(http.server.BaseHTTPRequestHandler):
    """Something that is no server of the protocol."""

    asked = 0

    def log_message(self, *_):
        pass

    def do_GET(self):
        Plain.asked += 1
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<html><body>Welcome</body></html>")

    do_POST = do_GET


def check_away(tap, ivl):
    server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), Plain)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        write_config(ivl, f'[remote "down"]\nurl=http://127.0.0.1:{taken.getsockname()[1]}\n[remote "page"]\n'
                          f"url=http://0.0.0.0:{server.server_address[1]}\n"
                          f'[remote "socket"]\nurl=unix:{ivl.folder}/nobody\n')
        code, found, _ = examine(ivl)
        tap.equal(code, 1, "remotes that are not there give 1")
        for name in ("down", "page", "socket"):
            tap.point("problem" in severities(found, f"remote {name}"), f"a remote that is no server: {name}", found)
        tap.point(says(found, "remote page", "warning", "without encryption"), "plain HTTP is told of", found)
        Plain.asked = 0
        _, found, _ = examine(ivl, "--local-only")
        tap.point(severities(found, "remote page") == {"ok"} and Plain.asked == 0, "--local-only asks no remote",
                  found)
    server.shutdown()
    server.server_close()
    Path(ivl.folder, "config", "ivl", "ivl.conf").unlink()


def check_service(tap, ivl):
    folder = Path(ivl.folder, "run", "ivl")
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    code, found, _ = examine(ivl)
    tap.point(code == 1 and severities(found, "service") == {"problem"}, "a socket's folder that all can write", found)
    folder.chmod(0o700)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(folder / "serve.sock"))
        silent.listen(4)
        code, found, _ = examine(ivl)
        tap.point(code == 1 and says(found, "service", "problem", "does not answer"), "a service that is stuck", found)
    code, found, _ = examine(ivl)
    tap.point(code == 0 and severities(found, "service") == {"ok"}, "what a service left behind is no problem", found)


def main(program, demo):
    tap = Tap()
    demo = os.path.abspath(demo)
    with tempfile.TemporaryDirectory() as folder:
        ivl = Command(program, folder, f"{demo}/model")
        check_healthy(tap, ivl)
        check_models(tap, ivl)
        check_config(tap, ivl)
        check_remotes(tap, ivl, demo)
        check_away(tap, ivl)
        check_service(tap, ivl)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
