#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Terminals and signals: no control sequence gets through, progress, history, Ctrl-C.

The model of this test must be able to write control characters when it is made to choose at random.
Usage: test-terminal.py IVL MODEL
"""

import fcntl
import json
import os
import pty
import re
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unicodedata
from pathlib import Path

from clilib import HANG, Command, Tap, png, read_terminal, stop

# Random text: the highest temperature, and enough tokens that every byte's token turns up
RANDOM = ("--temperature", "100", "--seed", "7", "--max-tokens", "1500")
# Minutes of work, in steps that are short
LONG = ["good.png"] * 4000
EVIL = "\x1b]0;title\x07\x1b[31mred\x7f\x9b31m\u202eevil\u2066\u200f\u061c\rback\b end\n\ttab"
FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def show(text):
    """How a terminal must show it."""
    return FORBIDDEN.sub(lambda m: f"\\x{ord(m[0]):02x}" if ord(m[0]) < 256 else f"\\u{ord(m[0]):04x}", text)


def check_text(tap, ivl):
    _, ids, _ = ivl.run("tokenize", stdin=EVIL.encode())
    _, out, _ = ivl.run_on_terminal("tokenize", "--decode", *ids.decode().split())
    tap.equal(out.decode().rstrip("\n"), show(EVIL), "controls and direction marks are shown on a terminal")
    _, out, _ = ivl.run("tokenize", "--decode", *ids.decode().split())
    piped = re.sub("[\x00-\x08\x0b-\x1f]", "", EVIL)
    tap.equal(out.decode().rstrip("\n"), piped, "a pipe gets no C0 controls but newline and tab")
    _, out, _ = ivl.run("tokenize", "--json", "--decode", *ids.decode().split())
    tap.point(json.loads(out)["text"] == EVIL and not FORBIDDEN.search(out.decode()[:-1]),
              "JSON keeps the text and escapes what a terminal might obey", out)


def check_answers(tap, ivl):
    _, out, _ = ivl.run("caption", "--json", *RANDOM, "good.png")
    answer = json.loads(out)["text"]
    found = set(FORBIDDEN.findall(answer))
    tap.point(len(found) >= 3, "the model does write control characters here", found)
    _, out, _ = ivl.run_on_terminal("caption", *RANDOM, "good.png")
    tap.equal(out.decode().rstrip("\n"), show(answer).rstrip("\n"), "a streamed answer carries none to a terminal")
    _, out, _ = ivl.run_on_terminal("caption", "--raw", *RANDOM, "good.png")
    tap.equal(out.decode().rstrip("\n"), show(answer).rstrip("\n"), "not even with --raw")
    _, out, _ = ivl.run("caption", "--raw", *RANDOM, "good.png")
    tap.equal(out.decode().rstrip("\n"), answer.rstrip("\n"), "--raw gives a pipe all of them")
    _, out, _ = ivl.run("caption", *RANDOM, "good.png")
    tap.point(not re.search("[\x00-\x08\x0b-\x1f]", out.decode()), "without it a pipe gets no C0 controls", out)


def check_names(tap, ivl):
    evil = "a\x1b[31mb\u202ec\nd.png"
    Path(ivl.folder, evil).write_bytes(png(40, 30))
    Path(ivl.folder, "bad" + evil).write_bytes(b"no picture")
    shown = b"a\\x1b[31mb\\u202ec\\x0ad.png: "
    _, out, _ = ivl.run_on_terminal("caption", "--max-tokens", "2", evil, "good.png")
    tap.point(out.startswith(shown), "a file's name carries no control to a terminal", out)
    code, _, err = ivl.run_on_terminal("caption", "bad" + evil, which="stderr")
    tap.point(code == 1 and not FORBIDDEN.search(err.decode()), "nor does a message", err)
    code, _, err = ivl.run_on_terminal("caption", "-m", "./x\x1b[2J", "good.png", which="stderr")
    tap.point(code == 3 and not FORBIDDEN.search(err.decode()), "nor a model's name", err)
    code, _, err = ivl.run_on_terminal("caption", "--\x1b[2J", which="stderr")
    tap.point(code == 2 and not FORBIDDEN.search(err.decode()), "nor a wrong option", err)


def check_progress(tap, ivl):
    master, slave = pty.openpty()
    process = ivl.start("caption", *LONG, stdout=subprocess.DEVNULL, stderr=slave)
    os.close(slave)
    seen = read_terminal(master, process, until=b"\x1b[K")
    tap.point(b"\rgood.png: " in seen, "progress is shown on a terminal", seen)
    process.send_signal(signal.SIGINT)
    code = process.wait(60)
    seen += read_terminal(master, process)
    tap.point(code == 130 and seen.endswith(b"\r\x1b[K"), "and taken away at the end", (code, seen))

    process = ivl.start("caption", *LONG, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    code, _ = stop(process, signal.SIGINT, 2.0)
    err = process.stderr.read()
    tap.point(code == 130 and b"\r" not in err and b"\x1b" not in err, "none is shown elsewhere", (code, err))


def columns(text):
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else not unicodedata.combining(char) for char in text)


def check_progress_width(tap, ivl):
    """A line that wraps would leave a part of itself behind with each drawing."""
    name = "写真e\u0301" * 11 + ".png"
    Path(ivl.folder, name).write_bytes(png(40, 30))
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
    process = ivl.start("caption", *([name] * len(LONG)), stdout=subprocess.DEVNULL, stderr=slave)
    os.close(slave)
    seen = read_terminal(master, process, until=b"\x1b[K")
    process.send_signal(signal.SIGINT)
    process.wait(HANG)
    seen = (seen + read_terminal(master, process)).decode()
    drawn = [line for line in re.findall("\r([^\r\n]*)\x1b\\[K", seen) if line]
    tap.point(drawn and all(columns(line) < 40 for line in drawn) and "写真e\u0301写真" in drawn[0],
              "progress keeps within the terminal's columns", drawn)
    for term in (None, "", "dumb"):
        environment = {**ivl.environment, "TERM": term}
        master, slave = pty.openpty()
        process = subprocess.Popen([ivl.program, "caption", *LONG], cwd=ivl.folder, stdout=subprocess.DEVNULL, stderr=slave,
                                   env={key: value for key, value in environment.items() if value is not None})
        os.close(slave)
        code, _ = stop(process, signal.SIGINT, 2.0)
        seen = read_terminal(master, process)
        tap.point(code == 130 and b"\x1b" not in seen and b"\r" not in seen, f"TERM={term}: no line is drawn", (code, seen))


def check_stop(tap, ivl):
    """Ctrl-Z gives the terminal back as it was, and what was typed is still there afterwards. Without a shell that has
    job control nothing can be stopped."""
    process, master = pty.fork()
    if process == 0:
        os.chdir(ivl.folder)
        os.execve("/bin/sh", ["sh", "-c", f"set -m; '{ivl.program}' chat --max-tokens 3; echo stopped; stty -a; echo then; fg"],
                  ivl.environment)
    seen = read_terminal(master, None, until=b"> ")
    time.sleep(0.1)
    os.write(master, b"typed before")
    seen += read_terminal(master, None, until=b"before")
    os.write(master, b"\x1a")
    state = read_terminal(master, None, until=b"then\r\n").decode().split("stopped")[-1]
    tap.point(re.search(r"[^-]echo\b", state) and re.search(r"[^-]icanon\b", state), "Ctrl-Z gives the terminal back", state)
    seen = read_terminal(master, None, until=b"typed before")
    os.write(master, b" and after\r")
    seen += read_terminal(master, None, until=b"> ")
    os.write(master, b"\x04")
    seen += read_terminal(master, None)
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    history = Path(ivl.folder, "state", "ivl", "history").read_text(encoding="utf-8").splitlines()
    tap.point(code == 0 and history[-1] == "typed before and after", "and takes it again, with what was typed",
              (code, seen, history))


def check_signals(tap, ivl):
    for title, number, wanted in (("Ctrl-C", signal.SIGINT, 130), ("SIGTERM", signal.SIGTERM, 143)):
        process = ivl.start("caption", *LONG, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        code, seconds = stop(process, number)
        out = process.stdout.read()
        print(f"# {title} while an answer is made: {seconds:.2f} s")
        tap.point(code == wanted and (out == b"" or out.endswith(b"\n")),
                  f"{title} stops an answer, and no half answer is written", (code, out))

        process = ivl.start("caption", "-", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        code, seconds = stop(process, number)
        print(f"# {title} while standard input is awaited: {seconds:.2f} s")
        tap.equal(code, wanted, f"{title} stops waiting for standard input")

    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while os.write(writer, b"x" * 4096):
            pass
    except BlockingIOError:
        os.set_blocking(writer, True)
    process = ivl.start("caption", "--json", *LONG, stdout=writer, stderr=subprocess.DEVNULL)
    code, seconds = stop(process, signal.SIGINT, 1.0)
    print(f"# Ctrl-C while nobody reads: {seconds:.2f} s")
    tap.equal(code, 130, "Ctrl-C stops a process whose output nobody takes")
    os.close(reader)
    os.close(writer)


def talk(ivl, *steps):
    """A conversation on a terminal of its own: (exit status, what was seen). Steps are (awaited, typed)."""
    process, master = pty.fork()
    if process == 0:
        os.chdir(ivl.folder)
        os.execve(ivl.program, [ivl.program, "chat", "--max-tokens", "3"], ivl.environment)
    seen = b""
    for awaited, typed in steps:
        seen += read_terminal(master, None, until=awaited)
        time.sleep(0.1)
        os.write(master, typed)
    seen += read_terminal(master, None)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), seen


def check_chat(tap, ivl):
    code, seen = talk(ivl, (b"> ", b"/help\r"), (b"/quit", b"Hello there\r"), (b"> ", b"/quit\r"))
    tap.point(code == 0 and b"/image" in seen, "a conversation on a terminal", (code, seen))
    history = Path(ivl.folder, "state", "ivl", "history")
    tap.point(history.read_text(encoding="utf-8").splitlines()[:2] == ["/help", "Hello there"],
              "what was typed is kept", history)
    tap.equal(stat.S_IMODE(history.stat().st_mode), 0o600, "and only its owner can read it")
    code, seen = talk(ivl, (b"> ", b"\x1b[A\x1b[A\x01X\r"), (b"> ", b"\x04"))
    tap.point(code == 0 and "XHello there" in history.read_text(encoding="utf-8").splitlines(),
              "lines of the last time can be edited; Ctrl-D leaves", (code, seen))
    code, seen = talk(ivl, (b"> ", b"abc\x03"))
    tap.equal(code, 130, "Ctrl-C at the prompt leaves")


def main(program, model):
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        ivl = Command(program, folder, os.path.abspath(model))
        Path(folder, "good.png").write_bytes(png(40, 30))
        for check in (check_text, check_answers, check_names, check_progress, check_progress_width, check_signals, check_chat,
                      check_stop):
            check(tap, ivl)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
