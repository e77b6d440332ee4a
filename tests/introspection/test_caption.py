#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Captions a picture through gi.repository.Ivl, synchronously, asynchronously and piece by piece.

Usage: test_caption.py DEMO-FOLDER PICTURE
The folder holds the demonstration model, its pictures, and pictures.json, which says what is in them.
"""
import json
import sys
from pathlib import Path

import gi

gi.require_version("Ivl", "1")
from gi.repository import Gio, GLib, Ivl


def caption_message(path):
    image = Ivl.Image.new_from_file(path, Ivl.ImageFlags.DEFAULT, 0, None)
    task = Ivl.Task.load("caption")
    return task.create_message(image, None, "en"), task.complete_options(None)


def caption(model, path):
    message, options = caption_message(path)
    reply = Ivl.Session.new(model).send_and_read(message, options, None)
    assert reply.get_finish_reason() != Ivl.FinishReason.NONE
    assert reply.get_usage().n_tiles >= 1
    return reply.get_text()


def caption_async(model, path):
    message, options = caption_message(path)
    loop, out, phases = GLib.MainLoop(), [], set()
    session = Ivl.Session.new(model)
    session.set_progress(lambda phase, done, total, *data: phases.add(phase))

    def on_reply(source, result):
        out.append(source.send_and_read_finish(result).get_text())
        loop.quit()

    session.send_and_read_async(message, options, None, on_reply)
    loop.run()
    assert Ivl.Phase.TILES in phases or Ivl.Phase.PREFILL in phases, phases
    return out[0]


def caption_in_pieces(model, path):
    message, options = caption_message(path)
    reply = Ivl.Session.new(model).send(message, options, None)
    pieces = []
    while True:
        piece = reply.read(None)
        if piece is None:
            return "".join(pieces)
        pieces.append(piece)


def main(folder, name):
    pictures = json.loads((folder / "pictures.json").read_text(encoding="utf-8"))
    truth = next(picture["caption"] for picture in pictures if picture["file"] == name)
    path = str(folder / name)
    model = Ivl.Model.open(str(folder / "model"), None)
    assert caption(model, path) == truth, caption(model, path)
    assert caption_async(model, path) == truth
    assert caption_in_pieces(model, path) == truth
    try:
        Ivl.Model.open("/nonexistent", None)
        raise AssertionError("a model that is not there was opened")
    except GLib.Error as error:
        assert error.matches(GLib.quark_from_string("ivl-error-quark"), Ivl.Error.NOT_FOUND), error
    cancelled = Gio.Cancellable()
    cancelled.cancel()
    try:
        Ivl.Session.new(model).send(*caption_message(path), cancelled)
        raise AssertionError("a cancelled question was answered")
    except GLib.Error as error:
        assert error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED), error


main(Path(sys.argv[1]), sys.argv[2])
