#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests of the deployment recipes in a Debian 13 root that has every checker and both proxies, which
nobody wants started on a desktop; then the whole way of a picture: ivl, TLS, the proxy there, ivl serve here.
Usage: real-deploy.py FOLDER IVL DEMO"""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from reallib import ALONE, SOURCE, Command, RealTap, Root, end, free_port, start, wait_healthy, wait_until

PACKAGES = ("python3", "python3-yaml", "python3-kubernetes", "docker-compose", "shellcheck", "systemd", "nginx-light", "caddy",
            "openssl")


KEY = "a-key-for-the-tests-0123456789"


def run_in_root(tap, root, name, *arguments):
    """Runs a test of this folder in the root, and counts its points here."""
    done = root.run("python3", SOURCE / "tests/remote" / name, *arguments, see=[SOURCE, *(path.parent for path in arguments)],
                    capture_output=True, text=True, timeout=500)
    points = [line for line in done.stdout.splitlines() if line.startswith(("ok ", "not ok "))]
    for line in points:
        # Everything is there: what is skipped is missing for another reason
        tap.point(line.startswith("ok ") and "# SKIP" not in line, line.split(" - ", 1)[1].replace("#", ""), done.stdout)
    tap.point(done.returncode == 0 and f"1..{len(points)}" in done.stdout, f"{name} came to its end", done.stderr[-1500:])


def load(name):
    spec = importlib.util.spec_from_file_location(name.replace("-", "_"), SOURCE / "tests/remote" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def start_nginx(root, recipe, folder, engine_port):
    """(process, port) of the root's nginx in front of a port of this machine."""
    proxies = load("test-deploy-proxy")
    done = root.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/fullchain.pem",
                    see=[folder], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    port = free_port()
    path = proxies.nginx_configuration(recipe, folder, port, engine_port)
    return root.start("nginx", "-e", f"{folder}/error.log", "-c", path, see=[folder]), port


def check_whole_way(tap, root, folder, program, demo):
    """Nothing but the recipe is between ivl and ivl serve."""
    pictures = json.loads((demo / "pictures.json").read_text(encoding="utf-8"))
    files = [str(demo / picture["file"]) for picture in pictures]
    with tempfile.TemporaryDirectory() as temporary:
        ivl = Command(program, temporary, str(demo / "model"))
        key = Path(temporary, "key")
        key.write_text(KEY + "\n", encoding="utf-8")
        key.chmod(0o600)
        engine_port = free_port()
        engine = start(str(program), "serve", "--model", str(demo / "model"), "--listen", f"127.0.0.1:{engine_port}", "--api-key-file",
                       str(key), cwd=temporary, env=ivl.environment, stderr=subprocess.DEVNULL)
        proxy, port = start_nginx(root, (folder / "proxy/nginx.conf").read_text(encoding="utf-8"), temporary, engine_port)
        try:
            ready = wait_healthy(engine_port, engine) and wait_until(Path(temporary, "nginx.pid").exists, proxy, 30)
            tap.point(ready, "ivl serve and nginx start")
            config = Path(temporary, "config/ivl/ivl.conf")
            config.parent.mkdir(parents=True)
            config.write_text(f'[remote "gpu"]\nurl=https://localhost:{port}/v1\nkey-file={key}\n'
                              f'ca-file={temporary}/fullchain.pem\n', encoding="utf-8")
            code, out, err = ivl.run("caption", "--json", "--model", "remote:gpu", *files)
            tap.equal((code, [json.loads(line).get("text") for line in out.splitlines()]),
                      (0, [picture["caption"] for picture in pictures]), f"six pictures through TLS and the proxy {err[-300:]!r}")
            config.write_text(config.read_text(encoding="utf-8").replace("ca-file", "#ca-file"), encoding="utf-8")
            code, out, err = ivl.run("caption", "--model", "remote:gpu", files[0])
            tap.point(code == 3 and out == b"" and b"certificate" in err.lower(), "a certificate of nobody's is refused", (code, err))
        finally:
            end(proxy)
            end(engine)


def main(folder, ivl, demo):
    tap = RealTap()
    root = Root(tap, "trixie", *PACKAGES)
    folder, ivl, demo = Path(folder).resolve(), Path(ivl).resolve(), Path(demo).resolve()
    run_in_root(tap, root, "test-deploy.py", folder, ivl)
    run_in_root(tap, root, "test-deploy-proxy.py", folder)
    check_whole_way(tap, root, folder, ivl, demo)
    return tap.finish()


if __name__ == "__main__":
    os.environ.setdefault("G_TEST_BUILDDIR", ALONE)
    sys.exit(main(*sys.argv[1:]))
