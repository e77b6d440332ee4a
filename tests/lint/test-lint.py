#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every rule of the checks must refuse a small tree that breaks it and take the same tree mended.

Prints TAP. The trees are made here, so that no file of the repository breaks a rule.
"""

import importlib.util
import io
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

HERE = Path(__file__).resolve().parent
LGPL = "/* SPDX-License-Identifier: LGPL-2.1-or-later\n *\n * Adds numbers for the tests. */\n"
GPL = "/* SPDX-License-Identifier: GPL-3.0-or-later\n *\n * Adds numbers for the tests. */\n"
GOOD = LGPL + "#include \"ivl-sum.h\"\n\nint\nivl_sum_add (int a,\n             int b)\n{\n  return a + b;\n}\n"
HEADER = "/* SPDX-License-Identifier: LGPL-2.1-or-later */\nint ivl_sum_add (int a, int b);\n"


def load(name):
    sys.path.insert(0, str(HERE))
    spec = importlib.util.spec_from_file_location(name.replace("-", "_"), HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(check, files, *arguments):
    """What the check finds in a tree of these files."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        output = io.StringIO()
        with redirect_stdout(output):
            code = check.main(folder, *arguments)
        return code, output.getvalue()


def body(*lines):
    return LGPL + "\nvoid\nivl_sum_run (void)\n{\n" + "".join(f"  {line}\n" for line in lines) + "}\n"


SOURCE_CASES = [
    # what is wrong, its rule, the file, the text that must be refused
    ("a long function", "lines", "libivl/util/ivl-sum.c", body(*["x ();"] * 118)),
    ("a long kernel", "lines", "libivl/kernels/ivl-sum.c", body(*["x ();"] * 198)),
    ("a long file", "lines", "libivl/util/ivl-sum.h", HEADER + "\n" * 1200),
    ("a brace at the end of a line", "lines", "libivl/util/ivl-sum.c", LGPL + "int ivl_sum_x (void) {\n}\n"),
    ("a long line", "width", "libivl/util/ivl-sum.c", GOOD + "/* " + "a" * 98 + " */\n"),
    ("a name of another file", "name", "libivl/util/ivl-sum.c", GOOD.replace("ivl_sum_add", "ivl_product")),
    ("another name in the command", "name", "plugin-cli/cli-sum.c", GPL + "\nint\nother (void)\n{\n  return 1;\n}\n"),
    ("no licence", "spdx", "libivl/util/ivl-sum.c", "/* Adds numbers. */\n"),
    ("the other licence", "spdx", "libivl/util/ivl-sum.c", GPL),
    ("no word on what it is for", "spdx", "libivl/util/ivl-sum.c", "/* SPDX-License-Identifier: LGPL-2.1-or-later */\n"),
    ("a foreign error domain", "domain", "libivl/util/ivl-sum.c",
     body("g_set_error (error, G_MARKUP_ERROR,", "             1, \"%s\", text);")),
    ("a foreign domain in a new error", "domain", "libivl/util/ivl-sum.c",
     body("e = g_error_new (MY_ERROR, 1, \"x\");")),
    ("abort in the library", "end", "libivl/util/ivl-sum.c", body("abort ();")),
    ("g_error in the library", "end", "libivl/util/ivl-sum.c", body("g_error (\"no\");")),
    ("assert in the library", "end", "libivl/util/ivl-sum.c", body("g_assert_true (x);")),
    ("goto", "goto", "libivl/util/ivl-sum.c", body("goto out;")),
    ("jansson's text in the library", "json", "libivl/util/ivl-sum.c", body("json_loads (text, 0, NULL);")),
    ("unfinished work", "word", "libivl/util/ivl-sum.c", GOOD + "/* TO" "DO: more */\n"),
    ("unfinished work in a script", "word", "tests/x.py", "# FIX" "ME later\n"),
    ("a path of one machine", "path", "README.md", "see /" "work/main/x\n"),
    ("a home folder", "path", "tests/x.py", "open('/" "home/me/x')\n"),
]

LAYER_CASES = [
    ("a lower layer that includes a higher one", "libivl/ops/ivl-a.c", '#include "models/ivl-b.h"\n'),
    ("a sibling", "libivl/image/ivl-a.c", '#include "formats/ivl-b.h"\n'),
    ("a private header in the command", "plugin-cli/cli-a.c", '#include "models/ivl-b.h"\n'),
    ("a single public header in the command", "plugin-cli/cli-a.c", "#include <libivl/ivl-task.h>\n"),
    ("GLib in kernels", "libivl/kernels/ivl-a.c", "#include <glib.h>\n"),
    ("BLAS outside its file", "libivl/ops/ivl-a.c", "#include <cblas.h>\n"),
    ("the JSON library that is not safe", "libivl/formats/ivl-a.c", "#include <json-glib/json-glib.h>\n"),
    ("the public API in models", "libivl/models/ivl-a.c", "#include <libivl/ivl-session.h>\n"),
    ("a header that is not there", "libivl/util/ivl-a.c", '#include "ivl-nothing.h"\n'),
    ("a folder that the table does not know", "libivl/extras/ivl-a.c", "int x;\n"),
]

LAYER_GOOD = [
    ("a lower layer", "libivl/models/ivl-a.c", '#include "formats/ivl-b.h"\n#include <libivl/ivl-error.h>\n'),
    ("the umbrella header", "plugin-cli/cli-a.c", "#include <libivl/ivl.h>\n#include <jansson.h>\n"),
    ("BLAS in its file", "libivl/ops/ivl-blas.c", "#include <cblas.h>\n"),
    ("an include inside a comment", "libivl/kernels/ivl-a.c", "/*\n#include <glib.h>\n*/\n"),
]

LAYER_TREE = {f"libivl/{folder}/ivl-b.h": "int b;\n" for folder in ("models", "formats", "image")}
LAYER_TREE.update({f"libivl/{name}": "int c;\n" for name in ("ivl.h", "ivl-error.h", "ivl-task.h", "ivl-session.h")})


def check_source_rules(point):
    source = load("check-source")
    for title, rule, name, text in SOURCE_CASES:
        code, output = run(source, {name: text})
        point(code == 1 and f": {rule}: " in output, f"source refuses {title}", output)
        if rule in ("path", "word", "width", "goto", "domain", "end", "json") and name.endswith(".c"):
            lines = text.split("\n")
            last = max(i for i, line in enumerate(lines) if line.strip() not in ("", "}"))
            first = last - 1 if rule == "domain" and "G_MARKUP" in text else last
            lines.insert(first, f"/* nocheck:{rule}: this test wants it */")
            code, output = run(source, {name: "\n".join(lines)})
            point(code == 0, f"source takes {title} with a reason", output)
    code, output = run(source, {"libivl/util/ivl-sum.c": GOOD, "libivl/util/ivl-sum.h": HEADER})
    point(code == 0, "source takes a good file", output)
    code, output = run(source, {"libivl/util/ivl-sum.c": body("g_set_error (e, IVL_ERROR, 1, \"x\");",
                                                              "g_error_free (e);", "on_exit (1);")})
    point(code == 0, "source takes the library's own domain and names that only look like others", output)
    code, output = run(source, {"libivl/util/ivl-sum.c": body(*["x ();"] * 116)})
    point(code == 0, "source takes a function of 120 lines with its head", output)


def check_layer_rules(point):
    layers = load("check-layers")
    table = str(HERE / "layers.ini")
    for title, name, text in LAYER_CASES:
        code, output = run(layers, {**LAYER_TREE, name: text}, table)
        point(code == 1, f"layers refuse {title}", output)
    for title, name, text in LAYER_GOOD:
        code, output = run(layers, {**LAYER_TREE, name: text}, table)
        point(code == 0, f"layers take {title}", output)
    with tempfile.NamedTemporaryFile("w", suffix=".ini") as cyclic:
        cyclic.write("[layers]\na = b\nb = a\n[external]\n[bare]\n[generated]\nheaders =\n")
        cyclic.flush()
        code, output = run(layers, {}, cyclic.name)
    point(code == 1 and "cycle" in output, "layers refuse a table with a cycle", output)


def check_other_rules(point):
    docs = load("check-docs")
    public = "IVL_AVAILABLE_IN_ALL\nint ivl_sum_add (int a,\n                 int b);\n"
    comment = "/**\n * ivl_sum_add:\n * @a: a number\n * @b: another\n *\n * Returns: the sum\n */\n"
    code, output = run(docs, {"libivl/ivl-sum.h": public, "libivl/ivl-sum.c": comment})
    point(code == 0, "docs take a full comment", output)
    for title, text in (("no comment", ""), ("a parameter left out", comment.replace(" * @b: another\n", "")),
                        ("no word on what is returned", comment.replace(" * Returns: the sum\n", ""))):
        code, output = run(docs, {"libivl/ivl-sum.h": public, "libivl/ivl-sum.c": text})
        point(code == 1, f"docs refuse {title}", output)
    enumeration = "/**\n * IvlSum:\n * @IVL_SUM_A: a\n */\ntypedef enum\n{\n  IVL_SUM_A,\n  IVL_SUM_B,\n} IvlSum;\n"
    code, output = run(docs, {"libivl/ivl-sum.h": enumeration})
    point(code == 1 and "IVL_SUM_B" in output, "docs refuse an enumeration value left out", output)

    potfiles = load("check-potfiles")
    tree = {"po/POTFILES.in": "plugin-cli/main.c\n", "po/LINGUAS": "", "plugin-cli/main.c": 'x = _ ("words");\n'}
    code, output = run(potfiles, tree)
    point(code == 0, "potfiles take a list that is right", output)
    code, output = run(potfiles, {**tree, "plugin-cli/cmd-a.c": 'x = N_ ("more");\n'})
    point(code == 1, "potfiles refuse a file left out", output)
    catalog = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "words"\nmsgstr "mots"\n'
    code, output = run(potfiles, {**tree, "po/LINGUAS": "fr\n", "po/fr.po": catalog})
    point(code == 0, "potfiles take a complete language", output)
    code, output = run(potfiles, {**tree, "po/LINGUAS": "fr\n", "po/fr.po": catalog.replace("mots", "")})
    point(code == 1, "potfiles refuse a language with a string left out", output)
    code, output = run(potfiles, {**tree, "plugin-cli/main.c": "x = 1;\n"})
    point(code == 1, "potfiles refuse a file without words", output)

    exports = load("check-exports")
    point(exports.compare({"ivl_a": "ivl.h"}, {"ivl_a"}) == [], "exports take what is declared", "")
    point(len(exports.compare({"ivl_a": "ivl.h"}, set())) == 1, "exports refuse a symbol left out", "")
    point(len(exports.compare({}, {"ivl_b"})) == 1, "exports refuse a symbol too many", "")


def check_reader_rules(point):
    readers = load("check-config-readers")
    header = "typedef struct\n{\n  guint n_layers;\n  char *template_name; /* nullable */\n} IvlHfConfig;\n"
    reads = "int\nf (void)\n{\n  return config->n_layers + (config->template_name != NULL);\n}\n"
    tree = {"libivl/formats/ivl-hf-config.h": header, "libivl/models/ivl-a.c": reads}
    code, output = run(readers, tree)
    point(code == 0, "readers take fields that are all used", output)
    for title, name, text in (
            ("a field without a reader", "libivl/models/ivl-a.c", reads.replace("config->n_layers", "0")),
            ("a field that is only set", "libivl/models/ivl-a.c",
             reads.replace("config->n_layers", "(config->n_layers = 1)")),
            ("a field in a comment", "libivl/models/ivl-a.c", reads.replace("config->n_layers", "0 /* config->n_layers */")),
            ("a field that only its parser reads", "libivl/formats/ivl-a.c", reads),
            ("a field that is only shown", "libivl/ivl-model-info.c", reads)):
        code, output = run(readers, {"libivl/formats/ivl-hf-config.h": header, name: text})
        point(code == 1 and "IvlHfConfig.n_layers" in output, f"readers refuse {title}", output)
    excused = header.replace("n_layers;", "n_layers; /* nocheck:reader: this test wants it */")
    code, output = run(readers, {"libivl/formats/ivl-hf-config.h": excused, "libivl/models/ivl-a.c": "int x;\n"})
    point("n_layers" not in output, "readers take a field with a reason", output)


def check_mutant_rules(point):
    mutants = load("check-mutants")
    table = "".join(f"[[mutant]]\nname = \"{name}\"\nfile = \"libivl/a.c\"\nold = \"x = 1;\"\n" for name in ("a", "b"))
    tree = {"tests/mutants/mutants.toml": table, "libivl/a.c": "x = 1;\n"}
    for title, change, wanted in (
            ("take rows that fit", {}, 0),
            ("refuse a text that is gone", {"libivl/a.c": "x = 2;\n"}, 1),
            ("refuse a text that stands twice", {"libivl/a.c": "x = 1;\nx = 1;\n"}, 1),
            ("refuse a name that stands twice", {"tests/mutants/mutants.toml": table.replace('"b"', '"a"')}, 1)):
        code, output = run(mutants, {**tree, **change})
        point(code == wanted, f"mutants {title}", output)


def check_header_rules(point, cc, cxx):
    headers = load("check-headers")
    guard = "#ifndef IVL_INSIDE\n#error \"ivl: only ivl.h can be included directly\"\n#endif\n"
    good = {"libivl/ivl.h": "#define IVL_INSIDE\n#include <libivl/ivl-a.h>\n#undef IVL_INSIDE\n",
            "libivl/ivl-a.h": "#pragma once\n" + guard + "int ivl_a (int self);\n"}
    for title, text, wanted in (
            ("take a good header", good["libivl/ivl-a.h"], 0),
            ("refuse a header that needs another", "#pragma once\n" + guard + "ivl_unknown ivl_a (void);\n", 1),
            ("refuse a header that is no C++", "#pragma once\n" + guard + "int ivl_a (int class);\n", 1),
            ("refuse a header that cannot come twice", guard + "struct ivl_a { int x; };\n", 1),
            ("refuse a header that stands alone", "#pragma once\nint ivl_a (int self);\n", 1)):
        code, output = run(headers, {**good, "libivl/ivl-a.h": text}, ".", cc, cxx)
        point(code == wanted, f"headers {title}", output)


def main(cc="cc", cxx="c++"):
    state = {"count": 0, "failed": 0}

    def point(good, title, output):
        state["count"] += 1
        state["failed"] += not good
        print(f"{'ok' if good else 'not ok'} {state['count']} - {title}")
        if not good:
            print("".join(f"# {line}\n" for line in output.splitlines()), end="")

    check_source_rules(point)
    check_layer_rules(point)
    check_other_rules(point)
    check_reader_rules(point)
    check_mutant_rules(point)
    check_header_rules(point, cc, cxx)
    print(f"1..{state['count']}")
    return 1 if state["failed"] else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
