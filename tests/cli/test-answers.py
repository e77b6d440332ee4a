#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What commands give for pictures: text, JSON, files, and failures among good pictures.

Usage: test-answers.py IVL MODEL
"""

import json
import math
import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from clilib import Command, Tap, png

NOT_UTF8 = b"na\xffme.png"


def make_files(folder):
    for name, data in (("good.png", png(40, 30)), ("other.png", png(64, 64, (20, 40, 220))),
                       ("wide.png", png(90, 30)), ("-dash.png", png(40, 30)), ("bad.png", b"no picture"),
                       ("empty.png", b""), ("short.png", png(64, 64)[:60]), ("fox \x1b[31m.png", png(40, 30))):
        Path(folder, name).write_bytes(data)
    with open(os.path.join(folder.encode(), NOT_UTF8), "wb") as file:
        file.write(png(40, 30))
    os.mkfifo(os.path.join(folder, "pipe.png"))


def check_json(tap, ivl):
    code, out, _ = ivl.run("caption", "--json", "--max-tokens", "6", "good.png", "wide.png")
    lines = [json.loads(line) for line in out.decode().splitlines()]
    tap.equal((code, [line["file"] for line in lines]), (0, ["good.png", "wide.png"]), "one JSON object for each picture")
    wanted = {"file", "task", "model", "origin", "text", "regions", "finish_reason", "token_ids", "tokens", "timings", "grid"}
    tap.equal(set(lines[0]), wanted, "the object's keys")
    tap.equal(set(lines[0]["timings"]),
              {"tiles_seconds", "prefill_seconds", "decode_seconds", "tiles_encoded", "total_seconds"}, "its timings")
    tap.equal(lines[0]["tokens"]["answer"], len(lines[0]["token_ids"]), "as many ids as tokens")
    tap.point(lines[0]["finish_reason"] in ("stop", "length", "repetition"), "a finish reason", lines[0])
    tap.equal(lines[0]["task"], "caption", "the task")
    tap.equal(lines[0]["model"], os.path.basename(ivl.model), "the model")
    grid = lines[1]["grid"]
    tap.equal((grid["cols"], grid["rows"], grid["tiles"]), (3, 1, 4), "a picture three times as wide as high")

    _, again, _ = ivl.run("caption", "--max-tokens", "6", "good.png")
    clean = "".join(c for c in lines[0]["text"] if c >= " " or c in "\n\t")
    tap.equal(again.decode().rstrip("\n"), clean.rstrip("\n"), "the text is the same without --json")

    code, out, _ = ivl.run("ocr", "--json", "--max-tiles", "2", "--max-tokens", "2", "wide.png")
    tap.equal(json.loads(out)["grid"]["tiles"], 3, "--max-tiles is kept to, the thumbnail comes on top")
    _, out, _ = ivl.run("caption", "--json", "--max-tokens", "3", "good.png")
    tap.equal(json.loads(out)["finish_reason"], "length", "--max-tokens is kept to")


def check_failures(tap, ivl):
    bad = ("bad.png", "empty.png", "short.png", "nothing.png", ".", "pipe.png")
    code, out, err = ivl.run("caption", "--max-tokens", "3", "good.png", *bad, "other.png")
    tap.equal(code, 1, "some pictures failed")
    tap.equal([line.split(b":")[0] for line in out.splitlines() if b".png:" in line], [b"good.png", b"other.png"],
              "the good ones are answered, each with its name in front")
    for name in bad:
        tap.point(any(line.startswith(f"ivl: {name}: ") for line in err.decode().splitlines()),
                  f"{name} is named with a reason", err)
    code, out, err = ivl.run("caption", "--json", "bad.png", "good.png", "--max-tokens", "3")
    first, second = (json.loads(line) for line in out.splitlines())
    tap.point(code == 1 and set(first) == {"file", "task", "origin", "error"} and "text" in second,
              "a failure has its line of JSON too", out)
    code, out, err = ivl.run("caption", "bad.png")
    tap.point(code == 1 and out == b"" and b"bad.png" in err, "a single bad picture", (code, out, err))
    code, out, err = ivl.run("caption", "--max-pixels", "0.001", "good.png")
    tap.point(code == 1 and out == b"", "a picture over the pixel limit", (code, out, err))


def check_names(tap, ivl):
    code, out, _ = ivl.run("caption", "--max-tokens", "3", "--json", "--", "-dash.png")
    tap.equal((code, json.loads(out)["file"]), (0, "-dash.png"), "a name that begins with a dash, after --")
    code, out, _ = ivl.run("caption", "--max-tokens", "3", NOT_UTF8, "good.png")
    tap.point(code == 0 and out.startswith(b"na\\xffme.png: "), "a name that is not UTF-8 is shown escaped", out)
    code, out, _ = ivl.run("caption", "--json", "--max-tokens", "3", NOT_UTF8)
    tap.equal((code, json.loads(out)["file"]), (0, "na\\xffme.png"), "a name that is not UTF-8 in JSON")


def check_stdin(tap, ivl):
    _, plain, _ = ivl.run("caption", "--max-tokens", "6", "good.png")
    code, out, _ = ivl.run("caption", "--max-tokens", "6", "-", stdin=png(40, 30))
    tap.equal((code, out), (0, plain), "a picture on standard input gives the same answer")
    code, out, err = ivl.run("caption", "-", stdin=b"nonsense")
    tap.point(code == 1 and out == b"" and b"standard input" in err, "nonsense on standard input", (code, out, err))
    code, out, err = ivl.run("caption", "-")
    tap.point(code == 1 and out == b"" and b"standard input" in err, "nothing on standard input", (code, out, err))


def check_questions(tap, ivl):
    _, first, _ = ivl.run("ask", "What is it?", "good.png", "--max-tokens", "6")
    code, second, _ = ivl.run("ask", "-q", "What is it?", "good.png", "--max-tokens", "6")
    tap.equal((code, second), (0, first), "a question as first argument or by -q")
    _, other, _ = ivl.run("ask", "-q", "How many of them are there?", "good.png", "--json", "--max-tokens", "6")
    _, same, _ = ivl.run("ask", "-q", "What is it?", "good.png", "--json", "--max-tokens", "6")
    tap.point(json.loads(other)["tokens"]["prompt"] != json.loads(same)["tokens"]["prompt"],
              "the question reaches the model", (other, same))
    _, plain, _ = ivl.run("ask", "-q", "x", "good.png", "--json", "--max-tokens", "9")
    _, tricky, _ = ivl.run("ask", "-q", "<|im_end|>", "good.png", "--json", "--max-tokens", "9")
    tap.point(json.loads(tricky)["tokens"]["prompt"] > json.loads(plain)["tokens"]["prompt"] + 1,
              "control tokens in a question are plain text", (plain, tricky))
    lines = [ivl.run("caption", "good.png", "--max-tokens", "30", "--temperature", "2", "--seed", seed)[1]
             for seed in ("1", "1", "2")]
    tap.point(lines[0] == lines[1] and lines[0] != lines[2], "the same seed gives the same text, another another", lines)


def check_tiles(tap, ivl):
    code, out, _ = ivl.run("tiles", "-o", "cut", "wide.png")
    names = sorted(os.listdir(os.path.join(ivl.folder, "cut")))
    tap.equal((code, names), (0, ["wide-thumbnail.png", "wide-tile-01.png", "wide-tile-02.png", "wide-tile-03.png"]),
              "tiles are written, the thumbnail last")
    tap.point(b"90 x 30 pixels, 3 x 1 tiles" in out, "the grid is shown", out)
    size = struct.unpack(">II", Path(ivl.folder, "cut", names[0]).read_bytes()[16:24])
    tap.point(size[0] == size[1] > 0, "tiles are square", size)
    code, out, _ = ivl.run("tiles", "--json", "wide.png", "good.png")
    first = json.loads(out.splitlines()[0])
    tap.equal((code, first["width"], first["height"], first["grid"], first["tile_size"]),
              (0, 90, 30, {"cols": 3, "rows": 1, "tiles": 4}, size[0]), "the grid as JSON")
    code, out, _ = ivl.run("tiles", "--json", "wide.png", IVL_MODEL=None)
    tap.equal((code, json.loads(out)["tile_size"]), (0, 448), "without a model the published tile size is used")
    os.symlink("../target.png", os.path.join(ivl.folder, "cut", "good-tile-01.png"))
    code, _, _ = ivl.run("tiles", "-o", "cut", "good.png", "--max-tiles", "1")
    tap.point(code == 0 and not os.path.lexists(os.path.join(ivl.folder, "target.png")) and
              not os.path.islink(os.path.join(ivl.folder, "cut", "good-tile-01.png")),
              "a symbolic link in the folder is replaced, not followed", code)
    code, out, err = ivl.run("tiles", "-o", "good.png", "wide.png")
    tap.point(code == 1 and err, "a folder that cannot be made", (code, out, err))


def read_npy(data):
    assert data[:8] == b"\x93NUMPY\x01\x00"
    length = struct.unpack("<H", data[8:10])[0]
    header = data[10:10 + length].decode()
    assert (10 + length) % 64 == 0 and header.endswith("\n") and "'descr': '<f4'" in header
    shape = tuple(int(part) for part in header.split("(")[1].split(")")[0].split(",") if part.strip())
    values = struct.unpack(f"<{shape[0] * shape[1]}f", data[10 + length:])
    return [values[i * shape[1]:(i + 1) * shape[1]] for i in range(shape[0])]


def get_cosine(a, b):
    return sum(x * y for x, y in zip(a, b)) / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


def check_embed(tap, ivl):
    names = ("good.png", "other.png", "wide.png")
    code, out, _ = ivl.run("embed", *names)
    rows = read_npy(out)
    code2, _, _ = ivl.run("embed", "-o", "rows.npy", *names)
    tap.equal((code, code2, Path(ivl.folder, "rows.npy").read_bytes()), (0, 0, out), "NumPy rows to a file or a pipe")
    code, out, _ = ivl.run("embed", "--json", *names)
    objects = [json.loads(line) for line in out.splitlines()]
    same = all(math.isclose(x, y, rel_tol=1e-6, abs_tol=1e-9) for row, item in zip(rows, objects)
               for x, y in zip(row, item["embedding"]))
    tap.point(code == 0 and len(objects) == 3 and same, "the same numbers as JSON", code)
    code, out, _ = ivl.run("embed", "--similar", "--json", *names)
    ranked = [json.loads(line) for line in out.splitlines()]
    wanted = {name: get_cosine(rows[0], row) for name, row in zip(names[1:], rows[1:])}
    tap.point(code == 0 and {item["file"] for item in ranked} == set(wanted) and
              all(math.isclose(item["similarity"], wanted[item["file"]], abs_tol=1e-5) for item in ranked) and
              ranked[0]["similarity"] >= ranked[1]["similarity"], "pictures ranked by cosine", ranked)
    code, out, _ = ivl.run("embed", "--similar", "good.png", "good.png", "bad.png")
    tap.point(code == 1 and out == b"1.0000  good.png\n", "a picture is like itself; a bad one is left out", out)


def check_tokenize(tap, ivl):
    text = "Hello <img> wörld, 12 日本\n"
    _, out, _ = ivl.run("tokenize", text)
    code, back, _ = ivl.run("tokenize", "--decode", stdin=out)
    tap.equal((code, back.decode()), (0, text + "\n"), "a text to tokens and back")
    _, plain, _ = ivl.run("tokenize", "<img>")
    _, special, _ = ivl.run("tokenize", "--special", "<img>")
    tap.point(len(plain.split()) > 1 and len(special.split()) == 1, "special tokens only when asked", (plain, special))
    code, out, _ = ivl.run("tokenize", "--json", "hello")
    tap.point(code == 0 and json.loads(out)["text"] == "hello" and json.loads(out)["token_ids"], "tokens as JSON", out)
    code, out, err = ivl.run("tokenize", "--decode", "4294967296")
    tap.point(code == 1 and out == b"" and err, "a number that no id can be", (code, out, err))
    code, out, err = ivl.run("tokenize", stdin=b"\xff\xfe")
    tap.point(code == 1 and out == b"" and err, "text that is not UTF-8", (code, out, err))


def check_info_and_bench(tap, ivl):
    code, out, _ = ivl.run("info", "--json")
    info = json.loads(out)
    size = sum(path.stat().st_size for path in Path(ivl.model).glob("*.safetensors"))
    tap.point(code == 0 and info["problems"] == [] and info["parameters"] > 0, "info as JSON", out)
    tap.point(0 < info["bytes"] <= size, "info counts the bytes of the weight files", (info["bytes"], size))
    code, out, _ = ivl.run("info")
    tap.point(code == 0 and b"can be used" in out, "info for people", out)
    code, out, _ = ivl.run("bench", "--json", "--prompt", "8", "--answer", "4", "--repeats", "1")
    bench = json.loads(out)
    tap.point(code == 0 and bench["decode"]["tokens_per_second"] > 0 and bench["peak_memory"] > 0 and
              bench["tile"]["share"] > 0 and bench["load_seconds"] > 0 and
              all(bench["decode_streams"][n] > 0 for n in "1248"), "bench as JSON", out)
    code, out, _ = ivl.run("bench", "-p", "8", "-a", "4", "-r", "1")
    tap.point(code == 0 and out.count(b"\n") == 8, "bench for people", out)


def check_pipes(tap, ivl):
    code, out, _ = ivl.run("caption", "--max-tokens", "3", "good.png", LC_ALL="de_DE.UTF-8")
    tap.point(code == 0 and out, "a locale that is not installed does no harm", code)
    process = ivl.start("caption", *["good.png"] * 40, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    err = process.stderr.read()
    tap.point(process.wait() == 141 and b"Traceback" not in err and b"Broken" not in err,
              "nobody reads: the process ends without a word", (process.returncode, err))
    with open("/dev/full", "wb") as full:
        process = ivl.start("caption", "--max-tokens", "3", "good.png", stdout=full, stderr=subprocess.PIPE)
        err = process.stderr.read()
    tap.point(process.wait() == 1 and b"standard output" in err, "a full disk is an error", err)


def check_chat(tap, ivl):
    script = b"Hello\n/image good.png\nWhat is this?\n/reset\nAgain\n/quit\nnever\n"
    code, out, err = ivl.run("chat", "--max-tokens", "16", stdin=script)
    tap.point(code == 0 and out.count(b"\n") >= 3, "a conversation without a terminal", (code, out, err))
    code, _, err = ivl.run("chat", "--max-tokens", "4", "good.png", "other.png", stdin=b"What are these?")
    tap.equal(code, 0, "two pictures, and a last line without its end")
    code, out, err = ivl.run("chat", stdin=b"/image nothing.png\n/dance\n")
    tap.point(code == 1 and out == b"" and b"nothing.png" in err and b"/dance" in err, "what failed is told", err)
    tap.point(not os.path.exists(os.path.join(ivl.folder, "state", "ivl", "history")),
              "without a terminal no history is kept")


def main(program, model):
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        ivl = Command(program, folder, os.path.abspath(model))
        make_files(folder)
        for check in (check_json, check_failures, check_names, check_stdin, check_questions, check_tiles, check_embed,
                      check_tokenize, check_info_and_bench, check_pipes, check_chat):
            check(tap, ivl)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
