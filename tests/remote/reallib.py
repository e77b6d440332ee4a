# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests with real programs share: TAP with skipped points, processes that end with the test,
ports, small servers, Debian roots."""

import ctypes
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS / "cli"))

from clilib import HANG, Command, Tap  # noqa: E402,F401

SOURCE = TESTS.parent
ALONE = os.path.join(tempfile.gettempdir(), "ivl-tests")  # for a test that is run by hand
CANNOT = 77  # exit status of tests/tools/debian-root.sh where this machine cannot
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


class RealTap(Tap):
    """Counts test points, and says why some could not be tried."""

    def skip(self, reason, title="real program"):
        self.count += 1
        print(f"ok {self.count} - {title} # SKIP {' '.join(reason.split())}")
        sys.stdout.flush()

    def skip_all(self, reason):
        self.skip(reason)
        sys.exit(self.finish())


def die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def start(*arguments, **options):
    """A process that is killed when this one ends, however it ends."""
    return subprocess.Popen(arguments, preexec_fn=die_with_parent, **options)


def end(process):
    if process is not None and process.poll() is None:
        process.kill()
        process.wait(HANG)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def program(*names):
    """Path of the first of these that is installed, also in the folders that only root searches."""
    for name in names:
        path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/bin")
        if path:
            return path
    return None


def request(port, method, path, body=None, headers=None, timeout=HANG, host="127.0.0.1"):
    """(status, headers, body) of one plain request."""
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request(method, path, body, headers or {})
        reply = connection.getresponse()
        return reply.status, dict((name.lower(), value) for name, value in reply.getheaders()), reply.read()
    finally:
        connection.close()


def wait_until(condition, process=None, seconds=120):
    """Whether condition() became true while the process was alive; OSError counts as not yet."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if process is not None and process.poll() is not None:
            return False
        try:
            if condition():
                return True
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.1)
    return False


def wait_healthy(port, process, seconds=120):
    return wait_until(lambda: request(port, "GET", "/health", timeout=5)[0] == 200, process, seconds)


class Root:
    """Another Debian release in a folder below IVL_TEST_ROOTS or the build folder."""

    SCRIPT = str(TESTS / "tools" / "debian-root.sh")

    def __init__(self, tap, suite, *packages):
        folder = os.environ.get("IVL_TEST_ROOTS") or os.path.join(os.environ["G_TEST_BUILDDIR"], "..", "roots")
        os.makedirs(folder, exist_ok=True)
        self.folder = os.path.join(os.path.realpath(folder), suite)
        done = subprocess.run([self.SCRIPT, "make", suite, self.folder, *packages], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, check=False, text=True)
        if done.returncode == CANNOT:
            tap.skip_all(done.stderr.strip().rsplit("\n", 1)[-1])
        if done.returncode != 0:
            raise RuntimeError(done.stderr)

    def arguments(self, *command, see=()):
        shown = [word for folder in see for word in ("--see", str(folder))]
        return [self.SCRIPT, "run", self.folder, *shown, *map(str, command)]

    def run(self, *command, see=(), **options):
        return subprocess.run(self.arguments(*command, see=see), check=False, **options)

    def start(self, *command, see=(), **options):
        return start(*self.arguments(*command, see=see), **options)
