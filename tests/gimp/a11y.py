# SPDX-License-Identifier: GPL-3.0-or-later
"""What a screen reader is told of a program's windows, and its controls used as a person uses them: by pointer and keys.

The accessibility bus is asked directly: libatspi handles what programs tell in between inside its own questions to
them, where the two can wait for each other for ever."""

import re

from gi.repository import Gio, GLib

from desk import HANG, wait_for

ATSPI = "org.a11y.atspi"
# Of the protocol's lists of roles and states
ROLES = {"button": 43, "toggle": 62, "check": 7, "radio": 44, "text": 61, "label": 29, "tab": 37, "combo": 11, "entry": 79,
         "window": 23, "dialog": 16, "menu": 35, "list item": 32, "spin": 52, "progress": 42, "cell": 56, "scroll bar": 48}
NAMES = {number: name for name, number in ROLES.items()}
STATES = {"CHECKED": 4, "FOCUSABLE": 11, "FOCUSED": 12, "SELECTED": 23, "SENSITIVE": 24, "SHOWING": 25}
ANSWER = 20000  # milliseconds until a program that does not answer counts as gone


class Node:
    """One thing that a program tells of: its name on the bus and its path there."""

    def __init__(self, bus, owner, path):
        self.bus = bus
        self.owner = owner
        self.path = path

    def call(self, interface, method, arguments=None):
        return self.bus.call_sync(self.owner, self.path, interface, method, arguments, None, Gio.DBusCallFlags.NONE,
                                  ANSWER, None).unpack()

    def ask(self, interface, method, arguments=None):
        return self.call(f"{ATSPI}.{interface}", method, arguments)

    def name(self):
        return self.call("org.freedesktop.DBus.Properties", "Get", GLib.Variant("(ss)", (f"{ATSPI}.Accessible", "Name")))[0]

    def children(self):
        return [Node(self.bus, owner, path) for owner, path in self.ask("Accessible", "GetChildren")[0]]

    def interfaces(self):
        return self.ask("Accessible", "GetInterfaces")[0]

    def states(self):
        low, high = self.ask("Accessible", "GetState")[0]
        return low | high << 32


class Control:
    """One thing on the screen."""

    def __init__(self, desk, node, window=None):
        self.desk = desk
        self.node = node
        self.window = window

    def has(self, state):
        return bool(self.node.states() >> STATES[state] & 1)

    def is_showing(self):
        return self.has("SHOWING")

    def is_usable(self):
        return self.has("SENSITIVE") and self.has("SHOWING")

    def is_checked(self):
        return self.has("CHECKED")

    def name(self):
        return self.node.name()

    def role(self):
        return self.node.ask("Accessible", "GetRole")[0]

    def text(self):
        """What stands in it: an editable's or a text view's contents, else its name."""
        if f"{ATSPI}.Text" not in self.node.interfaces():
            return self.name()
        return self.node.ask("Text", "GetText", GLib.Variant("(ii)", (0, -1)))[0]

    def walk(self):
        """All that is in it, itself first. What goes away meanwhile is left out."""
        yield self
        try:
            nodes = self.node.children()
        except GLib.Error:
            return
        for node in nodes:
            yield from Control(self.desk, node, self.window).walk()

    def every(self, role=None, name=None, showing=True):
        wanted = ROLES[role] if role else None
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
                lines.append(f"{NAMES.get(control.role(), control.role())} “{control.name()}” {control.text()[:60]!r}{state}")
            except GLib.Error:
                pass
        return "\n".join(lines)

    def box(self):
        """(x, y, width, height) on the screen."""
        return self.node.ask("Component", "GetExtents", GLib.Variant("(u)", (0,)))[0]

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
        self.node.ask("Action", "DoAction", GLib.Variant("(i)", (0,)))

    def choose(self, number):
        """Of a combo box: its row with that number."""
        if not self.node.ask("Selection", "SelectChild", GLib.Variant("(i)", (number,)))[0]:
            raise LookupError(f"“{self.name()}” has no row {number}")

    def focus(self):
        self.desk.activate(self.window)
        self.node.ask("Component", "GrabFocus")
        wait_for(lambda: self.has("FOCUSED"))

    def write(self, text):
        """In place of what stands there, by keys as far as the keyboard has them."""
        self.focus()
        self.desk.key("ctrl+a", "Delete")
        if text.isascii():
            self.desk.type(text)
        else:
            self.node.ask("EditableText", "SetTextContents", GLib.Variant("(s)", (text,)))
        if not wait_for(lambda: self.text() == text, 20):
            raise LookupError(f"“{self.name()}” has {self.text()!r} in place of {text!r}")


def connect():
    """The accessibility bus of the session."""
    session = Gio.bus_get_sync(Gio.BusType.SESSION)
    address = Node(session, "org.a11y.Bus", "/org/a11y/bus").call("org.a11y.Bus", "GetAddress")[0]
    return Gio.DBusConnection.new_for_address_sync(
        address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION)


def windows(desk, pid, handle=None, bus=None):
    """All windows of the program with that process id."""
    bus = bus or connect()
    root = Node(bus, f"{ATSPI}.Registry", "/org/a11y/atspi/accessible/root")

    def owner_of(node):
        return Node(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus").call(
            "org.freedesktop.DBus", "GetConnectionUnixProcessID", GLib.Variant("(s)", (node.owner,)))[0]

    programs = [node for node in root.children() if owner_of(node) == pid]
    return [Control(desk, node, handle) for program in programs for node in program.children()]


def window(desk, pid, handle, title, seconds=HANG):
    """The window with that title (exactly) of the program with that process id. handle: its id on the display."""
    bus = connect()

    def look():
        try:
            return [control for control in windows(desk, pid, handle, bus) if control.name() == title]
        except GLib.Error:
            return None
    found = wait_for(look, seconds)
    if not found:
        raise LookupError(f"process {pid} tells assistive programs of no window “{title}”")
    return found[0]
