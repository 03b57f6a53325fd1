#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Answers a review's packet as an imagined person who sees exactly what was drawn: answer.py PROJECT PACKET.zip OUT.json

A packet does not say which drawing an item shows, so this is looked up in the project's database, where a person would look
at the picture. What was drawn is in truth.csv, beside this file. Every answer takes 3 seconds, as assent.yaml assumes.
"""
import csv
import datetime
import json
import pathlib
import sqlite3
import sys
import zipfile


def answers(packet, shown, truth):
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    for item in packet["items"]:
        image, question = shown[item["id"]]
        options = packet["questions"][item["question"]]["options"]
        value = options.index(truth[image][question])
        yield {
            "key": item["id"],
            "mode": "single",
            "seconds": 3.0,
            "undone": False,
            "at": now,
            "answers": [{"item": item["id"], "kind": "value", "value": value}],
        }


def main():
    project, archive, out = sys.argv[1:]
    with open(pathlib.Path(__file__).parent / "truth.csv", newline="") as file:
        truth = {row["image"]: row for row in csv.DictReader(file)}
    database = sqlite3.connect(f"file:{project}/assent.db?mode=ro", uri=True)
    items = database.execute("SELECT i.key, image.key, i.question FROM review_item i JOIN image ON image.id = i.image")
    shown = {item: (pathlib.PurePath(image).name, question) for item, image, question in items}
    database.close()
    with zipfile.ZipFile(archive) as files:
        text = files.read("data.js").decode()
    packet = json.loads(text[text.index("{") : text.rindex("}") + 1])
    said = {"assent_answers": 1, "packet": packet["packet"], "answers": list(answers(packet, shown, truth))}
    pathlib.Path(out).write_text(json.dumps(said))


if __name__ == "__main__":
    main()
