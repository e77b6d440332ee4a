# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests with a real GIMP share: TAP that always ends with its plan, the command's answers to compare with,
where output goes."""

import json
import os
import sys
import tempfile
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "remote"))
from reallib import RealTap  # noqa: E402

from desk import missing  # noqa: E402
from gimplib import installed  # noqa: E402


def output():
    """The folder that what a test leaves to be looked at goes into."""
    return Path(os.environ.get("G_TEST_BUILDDIR") or tempfile.gettempdir()).resolve() / "gimp"


def ready():
    """Where GIMP's first start is kept for the next test."""
    return output() / "profiles"


def main_of(test):
    """Runs test(tap, *arguments); an exception is a failed point. Skips, with the reason, what this machine cannot."""
    tap = RealTap()
    if installed() is None:
        tap.skip_all("GIMP is not installed")
    if missing():
        tap.skip_all(f"{', '.join(missing())} not installed")
    try:
        test(tap, *sys.argv[1:])
    except Exception:  # pylint: disable=broad-except
        tap.point(False, "the test comes to its end", traceback.format_exc())
    return tap.finish()


def answers_of(ivl, gimp, task, *words, **changes):
    """What the command says, from the same service."""
    code, said, error = gimp.desk.run(ivl, task, "-m", "service:", "--json", *words, **changes)
    if code != 0:
        raise RuntimeError(f"{task} {words}: {error}")
    return json.loads(said.splitlines()[-1])
