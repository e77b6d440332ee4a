# SPDX-License-Identifier: GPL-3.0-or-later
"""What a screen reader is told of a program's windows, and its controls used as a person uses them: by pointer and keys."""

import re

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

from desk import HANG, wait_for  # noqa: E402

ROLES = {"button": "PUSH_BUTTON", "toggle": "TOGGLE_BUTTON", "check": "CHECK_BOX", "radio": "RADIO_BUTTON", "text": "TEXT",
         "label": "LABEL", "tab": "PAGE_TAB", "combo": "COMBO_BOX", "entry": "ENTRY", "window": "FRAME",
         "dialog": "DIALOG", "menu": "MENU_ITEM", "info": "INFO_BAR", "list item": "LIST_ITEM", "spin": "SPIN_BUTTON"}


class Control:
    """One thing on the screen."""

    def __init__(self, desk, node, window=None):
        self.desk = desk
        self.node = node
        self.window = window

    def has(self, state):
        return self.node.get_state_set().contains(getattr(Atspi.StateType, state))

    def is_showing(self):
        return self.has("SHOWING")

    def is_usable(self):
        return self.has("SENSITIVE") and self.has("SHOWING")

    def is_checked(self):
        return self.has("CHECKED")

    def name(self):
        return self.node.get_name() or ""

    def role(self):
        return self.node.get_role()

    def text(self):
        """What stands in it: an editable's or a text view's contents, else its name."""
        if self.node.get_text_iface() is None:
            return self.name()
        return Atspi.Text.get_text(self.node, 0, -1)

    def walk(self):
        """All that is in it, itself first. What goes away meanwhile is left out."""
        yield self
        try:
            count = self.node.get_child_count()
        except GLib.Error:
            return
        for index in range(count):
            try:
                child = self.node.get_child_at_index(index)
            except GLib.Error:
                continue
            if child is not None:
                yield from Control(self.desk, child, self.window).walk()

    def every(self, role=None, name=None, showing=True):
        wanted = getattr(Atspi.Role, ROLES[role]) if role else None
        found = []
        for control in self.walk():
            try:
                if (wanted is None or control.role() == wanted) and (not showing or control.is_showing()) and \
                        (name is None or re.search(name, control.name())):
                    found.append(control)
            except GLib.Error:
                pass
        return found

    def find(self, role=None, name=None, showing=True, seconds=HANG):
        """The first such control, once there is one."""
        found = wait_for(lambda: self.every(role, name, showing), seconds)
        if not found:
            raise LookupError(f"no {role or 'control'} “{name or ''}” in:\n{self.outline()}")
        return found[0]

    def words(self):
        """All text that is in sight, a line for each control."""
        lines = []
        for control in self.every():
            try:
                text = control.text()
            except GLib.Error:
                continue
            if text and text not in lines[-1:]:
                lines.append(text)
        return "\n".join(lines)

    def outline(self):
        lines = []
        for control in self.every(showing=False):
            try:
                state = "" if control.is_showing() else " (hidden)"
                lines.append(f"{control.node.get_role_name()} “{control.name()}” {control.text()[:60]!r}{state}")
            except GLib.Error:
                pass
        return "\n".join(lines)

    def box(self):
        box = self.node.get_component_iface().get_extents(Atspi.CoordType.SCREEN)
        return box.x, box.y, box.width, box.height

    def click(self):
        """With the pointer, on its middle, once it can be used."""
        if not wait_for(self.is_usable):
            raise LookupError(f"“{self.name()}” cannot be used")
        self.desk.activate(self.window)
        x, y, width, height = self.box()
        self.desk.run("xdotool", "mousemove", x + width // 2, y + height // 2, "click", 1)

    def press(self):
        """As assistive programs do it."""
        if not wait_for(self.is_usable):
            raise LookupError(f"“{self.name()}” cannot be used")
        Atspi.Action.do_action(self.node, 0)

    def focus(self):
        self.desk.activate(self.window)
        self.node.get_component_iface().grab_focus()
        wait_for(lambda: self.has("FOCUSED"))

    def write(self, text):
        """In place of what stands there, by keys as far as the keyboard has them."""
        self.focus()
        self.desk.key("ctrl+a", "Delete")
        if text.isascii():
            self.desk.type(text)
        else:
            Atspi.EditableText.set_text_contents(self.node, text)
        if not wait_for(lambda: self.text() == text, 20):
            raise LookupError(f"“{self.name()}” has {self.text()!r} in place of {text!r}")


def application(desk, pid, seconds=HANG):
    """The program with that process id, once it tells of itself."""
    def look():
        while GLib.MainContext.default().iteration(False):
            pass
        desktop = Atspi.get_desktop(0)
        for index in range(desktop.get_child_count()):
            try:
                program = desktop.get_child_at_index(index)
                if program is not None and program.get_process_id() == pid:
                    program.set_cache_mask(Atspi.Cache.NONE)
                    return program
            except GLib.Error:
                pass
        return None
    return wait_for(look, seconds)


def window(desk, pid, handle, title, seconds=HANG):
    """The window with that title (exactly) of a program. handle: its id on the display."""
    program = application(desk, pid, seconds)
    if program is None:
        raise LookupError(f"process {pid} tells assistive programs nothing")
    found = wait_for(lambda: [control for control in Control(desk, program, handle).every(showing=False)
                              if control.role() in (Atspi.Role.FRAME, Atspi.Role.DIALOG) and control.name() == title], seconds)
    if not found:
        raise LookupError(f"no window “{title}”:\n{Control(desk, program).outline()}")
    return found[0]
