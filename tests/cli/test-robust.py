#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a shell, a terminal, a script and a person's habits bring: closed streams, other locales, contradictions, names.
Usage: test-robust.py IVL MODEL"""

import base64
import json
import math
import os
import pty
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from clilib import HANG, Command, Tap, png, read_terminal
from fake_engine import FakeEngine, delta

STOP = delta(finish="stop")
RED = (delta("A red square."), STOP)


def run_in_shell(ivl, line, **changes):
    environment = {name: value for name, value in {**ivl.environment, **changes}.items() if value is not None}
    done = subprocess.run(["sh", "-c", line.replace("ivl ", f"'{ivl.program}' ", 1)], capture_output=True, check=False,
                          cwd=ivl.folder, env=environment, timeout=HANG)
    return done.returncode, done.stdout, done.stderr


def check_closed_streams(tap, ivl):
    with FakeEngine(*RED) as engine:
        line = f"ivl caption -m {engine.location} good.png nothere.png other.png"
        code, out, _ = run_in_shell(ivl, f"{line} <&- 2>&-")
        tap.point(code == 1 and out.count(b"A red square.") == 2, "without stdin and stderr all pictures are tried",
                  (code, out))
        code, out, err = run_in_shell(ivl, f"{line} <&- >&-")
        tap.point(code == 1 and b"nothere.png" in err, "without stdin and stdout", (code, out, err))
    code, _, err = run_in_shell(ivl, "ivl tiles good.png <&- >&- 2>&-", IVL_MODEL=None)
    tap.equal(code, 0, "without any stream")


def check_locale(tap, ivl):
    with FakeEngine(*RED) as engine:
        for option in (("ask", "-q", "größe?"), ("ask", "--stop", "größe", "-q", "x"),
                       ("caption", "--lang", "Ελληνικά")):
            code, out, err = ivl.run(*option, "-m", engine.location, "good.png", LC_ALL="C")
            tap.point(code == 0, f"{option[1]} is UTF-8 in any locale", (code, out, err))
        tap.point("Ελληνικά" in engine.get_texts(), "and arrives as it is", engine.requests[-1])
        code, _, err = ivl.run("ask", "-q", b"gr\xf6\xdfe", "-m", engine.location, "good.png")
        tap.point(code == 2 and b"UTF-8" in err, "what is no UTF-8 is refused", (code, err))


def check_help(tap, ivl):
    _, wanted, _ = ivl.run("caption", "--help")
    code, out, _ = ivl.run("help", "caption")
    tap.point(code == 0 and out == wanted and b"--max-tokens" in out, "help COMMAND", out)
    _, out, _ = ivl.run("caption", "--help", LC_ALL="C")
    tap.point("IMAGE…".encode() in out, "no character is lost in the C locale", out)
    for arguments in (("--help",), ("caption", "--help"), ("help", "tiles")):
        with open("/dev/full", "wb") as full:
            process = ivl.start(*arguments, stdout=full, stderr=subprocess.PIPE)
            err = process.stderr.read()
            tap.point(process.wait(HANG) == 1 and err, f"{arguments}: a full disk is an error", err)
    tasks = Path(ivl.folder, "data", "ivl", "tasks")
    tasks.mkdir(parents=True)
    (tasks / "weather.ini").write_text("[task]\ntitle=Say the weather\nprompt=What is the weather?\n", encoding="utf-8")
    _, out, _ = ivl.run("--help")
    tap.point(b"  weather   Say the weather\n" in out, "a user's task is listed", out)
    _, out, _ = ivl.run("weather", "--help")
    tap.point(b"Examples:" not in out and b"Say the weather" in out, "its help promises no examples", out)
    _, out, _ = ivl.run("locate", "--help")
    tap.point(b"--json-schema" not in out, "no option is offered that is refused", out)


def check_contradictions(tap, ivl):
    for title, arguments in (("embed --json and a file", ("embed", "--json", "-o", "f.npy", "good.png")),
                             ("embed --similar and a file",
                              ("embed", "--similar", "-o", "f.npy", "good.png", "other.png")),
                             ("two models for info", ("info", "-m", "/nonexistent", ivl.model)),
                             ("two models for bench", ("bench", "-m", "/nonexistent", ivl.model)),
                             ("a negative number of jobs", ("caption", "--jobs", "-1", "good.png")),
                             ("special tokens of ids", ("tokenize", "--decode", "--special", "1")),
                             ("tiles on standard output", ("tiles", "-o", "-", "good.png")),
                             ("a chat in no language", ("chat", "--lang", "xx-nonsense")),
                             ("an empty stop string", ("caption", "--stop", "", "good.png"))):
        code, out, err = ivl.run(*arguments)
        tap.point(code == 2 and out == b"" and err.startswith(b"ivl: "), f"refused: {title}", (code, out, err))
    tap.point(not Path(ivl.folder, "f.npy").exists(), "and nothing is written")
    _, wanted, _ = ivl.run("embed", "good.png")
    _, out, _ = ivl.run("embed", "-o", "-", "good.png")
    tap.point(out == wanted and not Path(ivl.folder, "-").exists(), "embed -o - is standard output", len(out))


def check_tokens(tap, ivl):
    for title, arguments, stdin in (("a word", ("abc",), b""), ("an id that does not exist", ("100000000",), b""),
                                    ("a negative one", ("--", "-5"), b""), ("a fraction", ("1.5",), b""),
                                    ("nothing", (), b"")):
        code, out, err = ivl.run("tokenize", "--decode", *arguments, stdin=stdin)
        tap.point(code == 1 and out == b"" and err, f"no token id: {title}", (code, out, err))
    code, out, _ = ivl.run("tokenize", "--decode", stdin=b"[1, 2,\n 3]")
    tap.equal((code, out), (0, ivl.run("tokenize", "--decode", "1", "2", "3")[1]), "ids as JSON writes them")
    code, out, err = ivl.run("tokenize", stdin=b"a red\0 circle")
    tap.point(code == 1 and out == b"" and b"NUL" in err, "NUL in a text is refused", (code, out, err))
    with FakeEngine(*RED) as engine:
        code, out, err = ivl.run("chat", "-m", engine.location, stdin=b"a red\0 circle\n")
        tap.point(code == 1 and not engine.requests, "and in a conversation", (code, out, err))


def check_chat(tap, ivl):
    with FakeEngine(*RED) as engine:
        code, out, _ = ivl.run("chat", "--lang", "de", "-m", engine.location, stdin=b"hi\n")
        tap.point(code == 0 and engine.get_texts().startswith("hi") and "Deutsch" in engine.get_texts(),
                  "a chat in a language", engine.requests[-1])
        Path(ivl.folder, "a b").mkdir()
        shutil.copy(Path(ivl.folder, "good.png"), Path(ivl.folder, "a b", "x.png"))
        for name in ("~/good.png", '"a b/x.png"', "a\\ b/x.png", "a b/x.png"):
            code, out, err = ivl.run("chat", "-m", engine.location, stdin=f"/image {name}\nWhat?\n".encode())
            tap.point(code == 0 and "image_url" in json.dumps(engine.requests[-1]), f"/image {name}", (code, err))

        def talk(*lines):
            master, slave = pty.openpty()
            process = ivl.start("chat", "-m", engine.location, stdin=slave, stdout=slave, stderr=slave)
            os.close(slave)
            seen = read_terminal(master, None, until=b"> ")
            for line in lines:
                os.write(master, line)
                seen += read_terminal(master, None, until=b"> ")
            return master, process, seen

        master, process, seen = talk(b"/hlp\n")
        os.write(master, b"\x04")
        tap.equal(process.wait(HANG), 0, "a typing error is no failure")
        os.close(master)

        history = Path(ivl.folder, "state", "ivl", "history")
        first, second = talk(b"one\n"), talk(b"two\n")
        first[1].send_signal(signal.SIGHUP)
        tap.equal(first[1].wait(HANG), 129, "SIGHUP ends a conversation")
        os.write(second[0], b"\x04")
        second[1].wait(HANG)
        lines = history.read_text(encoding="utf-8").split()
        tap.point({"one", "two"} <= set(lines), "two conversations at a time keep each other's lines", lines)
        for master in (first[0], second[0]):
            os.close(master)


def check_signals(tap, ivl):
    process = subprocess.Popen(["sh", "-c", f"trap '' INT; exec '{ivl.program}' chat"], cwd=ivl.folder, env=ivl.environment,
                               stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    tap.equal(process.poll(), None, "a signal that was ignored from the start stays ignored")
    process.stdin.close()
    tap.equal(process.wait(HANG), 0, "and the conversation ends as usual")


def check_serve(tap, ivl):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, _, err = ivl.run("serve", "--listen", f"127.0.0.1:{taken.getsockname()[1]}")
        tap.equal(code, 4, f"an address that is taken has a code of its own {err!r}")
    keys = Path(ivl.folder, "keys")
    code, _, err = ivl.run("serve", "--listen", "127.0.0.1:0", "--api-key-file", str(keys))
    tap.equal(code, 4, f"so has a key file that is not there {err!r}")
    keys.write_text("sk-1234567890123456\n", encoding="utf-8")
    keys.chmod(0o644)
    code, _, err = ivl.run("serve", "--listen", "127.0.0.1:0", "--api-key-file", str(keys))
    tap.equal(code, 4, f"and one that others can read {err!r}")
    code, _, err = ivl.run("serve", "--listen", "nonsense")
    tap.equal(code, 2, f"a malformed address is wrong usage {err!r}")


def check_messages(tap, ivl):
    with FakeEngine(*RED) as engine:
        code, _, err = ivl.run("caption", "-m", engine.location, "good.png")
        lines = [line for line in err.decode().splitlines() if "which engine" in line]
        tap.point(code == 0 and len(lines) == 1 and lines[0].startswith("ivl: ") and "ivl.conf" in lines[0],
                  "what the library says comes as all else", err)
        config = Path(ivl.folder, "config", "ivl")
        config.mkdir(parents=True)
        (config / "ivl.conf").write_text("[ivl]\nmodle=x\nlocal_only=true\n", encoding="utf-8")
        for arguments in (("caption", "-m", engine.location, "good.png"), ("tiles", "good.png")):
            _, _, err = ivl.run(*arguments)
            lines = [line for line in err.decode().splitlines() if "ivl.conf: " in line]
            tap.point(len(lines) == 1 and "modle" in lines[0] and "local_only" in lines[0],
                      f"{arguments[0]}: keys that nothing reads are told in one line", err)
        (config / "ivl.conf").unlink()


def check_terminal(tap, ivl):
    hidden = "a\u2028b\u2029c\u200bd\ufeffe\u2060f\u00adg\U000e0041h\u3164i\u202ej"
    shown = "a\\u2028b\\u2029c\\u200bd\\ufeffe\\u2060f\\u00adg\\U000e0041h\\u3164i\\u202ej"
    with FakeEngine(delta(hidden), STOP) as engine:
        _, out, _ = ivl.run_on_terminal("caption", "-m", engine.location, "good.png")
        tap.equal(out.decode(), shown + "\n", "characters that a terminal obeys or hides are shown")
        _, out, _ = ivl.run("caption", "--json", "-m", engine.location, "good.png")
        tap.point(json.loads(out)["text"] == hidden and out.isascii(), "and escaped in JSON", out)
    words = "می\u200cخواهم 👩\u200d🚀 ❤\ufe0f"
    with FakeEngine(delta(words), STOP) as engine:
        _, out, _ = ivl.run_on_terminal("caption", "-m", engine.location, "good.png")
        tap.equal(out.decode(), words + "\n", "what belongs to words and pictograms stays")
    with FakeEngine(delta("one\r\n"), delta("two\r"), delta("\nthree\r\n"), STOP) as engine:
        _, out, _ = ivl.run_on_terminal("caption", "-m", engine.location, "good.png")
        tap.equal(out, b"one\ntwo\nthree\n", "other systems' line ends are line ends")


def check_broken(tap, ivl):
    with FakeEngine(delta("A"), delta(" red")) as engine:
        for arguments, terminal in ((("good.png", "other.png", "--jobs", "1"), True), (("good.png", "other.png"), False)):
            engine.requests.clear()
            run = ivl.run_on_terminal if terminal else ivl.run
            code, out, err = run("caption", "-m", engine.location, *arguments)
            tap.point(code == 1 and out == b"" and len(engine.requests) == 6,
                      f"broken answers are asked for again (terminal: {terminal})", (code, out, len(engine.requests), err))
        engine.requests.clear()
        code, _, _ = ivl.run("caption", "--patience", "0", "-m", engine.location, "good.png")
        tap.equal((code, len(engine.requests)), (1, 1), "without patience there is one try")


def check_patience(tap, ivl):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        location = f"http://127.0.0.1:{free.getsockname()[1]}/v1#m"
    started = time.monotonic()
    code, _, err = ivl.run("caption", "--patience", "0", "-m", location, "good.png", "other.png")
    tap.point(code == 3 and time.monotonic() - started < 5 and b"Tried" not in err, "patience 0 opens once", (code, err))
    started = time.monotonic()
    code, _, err = ivl.run("caption", "--patience", "13", "-m", location, "good.png")
    seconds = time.monotonic() - started
    tap.point(code == 3 and seconds > 12, "a server is waited for as long as the patience says", (code, seconds, err))


def check_names(tap, ivl):
    names = [b"caf\xe9.png", b"caf\xe8.png", b"caf\\xe9.png", "café.png".encode()]
    for name in names:
        shutil.copy(Path(ivl.folder, "good.png"), os.path.join(os.fsencode(ivl.folder), name))
    for command in (("tiles", "--json"), ("embed", "--json")):
        _, out, _ = ivl.run(*command, *names)
        objects = [json.loads(line) for line in out.splitlines()]
        back = [base64.b64decode(item["file_base64"]) if "file_base64" in item else item["file"].encode()
                for item in objects]
        tap.equal(back, names, f"{command[0]}: names come back as they were")
        tap.equal([item["file"] for item in objects][:2], ["caf\\xe9.png", "caf\\xe8.png"], "and can be told apart")


def check_embed(tap, ivl):
    code, out, _ = ivl.run("embed", "good.png", "nothere.png", "other.png")
    length = struct.unpack("<H", out[8:10])[0]
    data = out[10 + length:]
    size = len(data) // 3
    rows = [struct.unpack(f"<{size // 4}f", data[i * size:(i + 1) * size]) for i in range(3)]
    tap.point(code == 1 and all(map(math.isnan, rows[1])) and not any(map(math.isnan, rows[0] + rows[2])),
              "rows are those of the command line: a picture that failed has a row of NaN", (code, size))
    code, out, _ = ivl.run("embed", "--json", "good.png", "nothere.png", "other.png")
    objects = [json.loads(line) for line in out.splitlines()]
    tap.equal((code, [item["file"] for item in objects], ["error" in item for item in objects]),
              (1, ["good.png", "nothere.png", "other.png"], [False, True, False]), "and a line of JSON")


def check_look_first(tap, ivl):
    for command in (("caption",), ("embed", "--json"), ("chat",)):
        code, _, err = ivl.run(*command, "-m", "./nowhere", "a.png", "b.png")
        tap.point(code == 1 and b"a.png" in err and b"b.png" in err and b"nowhere" not in err,
                  f"{command[0]}: files are looked for before a model is opened", (code, err))


def check_tiles(tap, ivl):
    folder = Path(ivl.folder, "own")
    folder.mkdir()
    (folder / "photo.png").write_bytes(png(400, 400))
    for name in ("photo-tile-01.png", "photo-thumbnail.png"):
        (folder / name).write_bytes(png(200, 200))
    before = (folder / "photo-tile-01.png").read_bytes()
    code, out, err = ivl.run("tiles", "-o", "own", "own/photo.png", "own/photo-tile-01.png", "--json", IVL_MODEL=None)
    second = json.loads(out.splitlines()[1])
    tap.point(code == 1 and b"--force" in err and second["width"] == 200, "a picture of the user's is not written over",
              (code, out, err))
    tap.equal((folder / "photo-tile-01.png").read_bytes(), before, "it stays as it is")
    code, _, _ = ivl.run("tiles", "-o", "cut", "own/photo.png", IVL_MODEL=None)
    code2, _, err = ivl.run("tiles", "-o", "cut", "own/photo.png", IVL_MODEL=None)
    tap.equal((code, code2), (0, 0), "its own tiles are written anew")
    code, _, _ = ivl.run("tiles", "--force", "-o", "own", "own/photo.png", IVL_MODEL=None)
    tap.point(code == 0 and (folder / "photo-tile-01.png").read_bytes() != before, "and others' by --force", code)


def check_completion(tap, ivl, script):
    Path(ivl.folder, "data", "ivl", "models", "My Model").mkdir(parents=True)

    def complete(*words):
        listed = " ".join(f"'{word}'" for word in words)
        line = (f"PATH='{os.path.dirname(ivl.program)}':$PATH; . '{script}'; COMP_WORDS=({listed}); "
                f"COMP_CWORD={len(words) - 1}; _ivl; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
        done = subprocess.run(["bash", "-c", line], capture_output=True, check=False, cwd=ivl.folder,
                              env={**ivl.environment, "LD_LIBRARY_PATH": ivl.environment.get("LD_LIBRARY_PATH", "")},
                              timeout=HANG)
        return done.stdout.decode().splitlines()

    tap.point("My\\ Model" in complete("ivl", "caption", "-m", "M"), "a model's name stays whole",
              complete("ivl", "caption", "-m", "M"))
    tap.point("My\\ Model" in complete("ivl", "info", ""), "info has models to offer", complete("ivl", "info", ""))
    tap.equal(complete("ivl", "cap"), ["caption"], "commands")
    tap.point("weather" in complete("ivl", "wea"), "a user's task is among them", complete("ivl", "wea"))
    tap.equal(complete("ivl", "caption", "--max-to"), ["--max-tokens"], "options")


def main(program, model):
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        ivl = Command(program, folder, os.path.abspath(model))
        Path(folder, "good.png").write_bytes(png(40, 30))
        Path(folder, "other.png").write_bytes(png(50, 30, (30, 30, 200)))
        for check in (check_closed_streams, check_locale, check_help, check_contradictions, check_tokens, check_chat,
                      check_signals, check_serve, check_messages, check_terminal, check_broken, check_patience,
                      check_names, check_embed, check_look_first, check_tiles):
            check(tap, ivl)
        check_completion(tap, ivl, Path(__file__).resolve().parents[2] / "data/completion/ivl")
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
