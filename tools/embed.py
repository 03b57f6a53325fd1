#!/usr/bin/env python3
"""Writes text files as C strings: embed.py NAME=FILE ... > texts.inc"""
import sys


def main():
    for pair in sys.argv[1:]:
        name, path = pair.split("=", 1)
        with open(path, encoding="utf-8") as f:
            lines = f.read().splitlines(keepends=True)
        print(f"static const char {name}[] =")
        for line in lines:
            escaped = line.encode().decode("latin-1")
            text = "".join(
                c if 32 <= ord(c) < 127 and c not in '"\\?' else f"\\{ord(c):03o}" for c in escaped)
            print(f'    "{text}"')
        print("    ;")


main()
