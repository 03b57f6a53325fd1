#!/usr/bin/env python3
"""Writes text files as C: embed.py NAME=FILE ... > texts.inc gives strings, and
embed.py --table NAME [--bundle MODULES_AS] FILE ... a table of struct asset.

--bundle adds one more text: all .js files, in their order, as one classic script, for pages that are
opened from the disk and may not load modules. Imports must stand on one line, exports at the start of one.
"""
import os
import re
import sys

TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
         ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def write_string(name, text):
    print(f"static const char {name}[] =")
    for line in text.splitlines(keepends=True):
        escaped = line.encode().decode("latin-1")
        print('    "' + "".join(
            c if 32 <= ord(c) < 127 and c not in '"\\?' else f"\\{ord(c):03o}" for c in escaped) + '"')
    print("    ;")


def bundle(modules):
    """The modules' text in one scope, without import and export."""
    parts = []
    for path in modules:
        lines = []
        for number, line in enumerate(read(path).splitlines(), 1):
            if re.match(r"import\b", line):
                if not re.match(r'import (\{[^}]*\} from )?"\./[\w.-]+";$', line):
                    sys.exit(f"{path}:{number}: an import must be one line: import {{a}} from \"./b.js\";")
                continue
            if re.match(r"export\b", line):
                if not re.match(r"export (async function|function|const|let|class)\b", line):
                    sys.exit(f"{path}:{number}: an export must be of a declaration")
                line = line[len("export "):]
            lines.append(line)
        parts.append("\n".join(lines))
    return '"use strict";\n(() => {\n' + "\n".join(parts) + "\n})();\n"


def write_table(name, bundled, paths):
    texts = [(os.path.basename(p), read(p)) for p in paths]
    if bundled:
        texts.append((bundled, bundle([p for p in paths if p.endswith(".js")])))
    for i, (_, text) in enumerate(texts):
        write_string(f"{name}_{i}", text)
    print(f"static const struct asset {name}[] = {{")
    for i, (file, _) in enumerate(texts):
        kind = TYPES[os.path.splitext(file)[1]]
        print(f'    {{ "{file}", "{kind}", {name}_{i}, sizeof({name}_{i}) - 1 }},')
    print("};")


def main():
    arguments = sys.argv[1:]
    if arguments[:1] == ["--table"]:
        name, arguments, bundled = arguments[1], arguments[2:], None
        if arguments[0] == "--bundle":
            bundled, arguments = arguments[1], arguments[2:]
        write_table(name, bundled, arguments)
        return
    for pair in arguments:
        name, path = pair.split("=", 1)
        write_string(name, read(path))


main()
