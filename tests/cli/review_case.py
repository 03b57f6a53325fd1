# SPDX-License-Identifier: MIT
"""A review of a small project on which a model and a person differ, for the tests of it."""
import json
import os
import random
import sqlite3
import struct
import zlib

import harness

ALL = os.environ.get("ASSENT_TEST_ALL")
KINDS = ("dispute", "sample", "gold", "repeat")


def png(shade, comment=b"SENTINELMETADATA", side=24):
    """A small PNG with a comment in it."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    rows = b"".join(b"\0" + bytes([shade, y * 8 % 256, 100] * side) for y in range(side))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
            + chunk(b"tEXt", b"Comment\0" + comment) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class ReviewCase(harness.Case):
    """A project of 30 images and two yes/no questions on which a model and a person differ half the time."""

    images = 30
    pictures = False

    def setUp(self):
        super().setUp()
        self.write("assent.yaml", "name: test\n" + ("images: pictures\n" if self.pictures else "")
                   + "questions:\n  - {name: Bald, text: Is this person bald?, help: No hair at all.}\n"
                     "  - {name: Hat, text: Is there a hat?}\n"
                     "review: {flags: [wrong image, harmful]}\n")
        rows = [("SENTINELKEY%02d.png" % i, i % 2, i % 3 == 0) for i in range(self.images)]
        self.write("model.jsonl", "".join(
            json.dumps({"image": key, "question": q, "value": "yes" if v else "no",
                        "options": {"yes": 0.98765 if v else 0.01235, "no": 0.01235 if v else 0.98765}}) + "\n"
            for key, bald, hat in rows for q, v in (("Bald", bald), ("Hat", hat))))
        self.write("people.csv", "image_id,Bald,Hat\n" + "".join(f"{k},0,1\n" for k, _, _ in rows))
        if self.pictures:
            for i, (key, _, _) in enumerate(rows):
                self.write("pictures/" + key, png(i))
        self.run_assent("-q", "import", "model.jsonl", "-a", "SENTINELMODEL", "--kind", "model")
        self.run_assent("-q", "import", "people.csv", "-a", "SENTINELPEOPLE")
        self.disputes = sum(bald for _, bald, _ in rows) + sum(not hat for _, _, hat in rows)

    def rows(self, statement, folder="."):
        db = sqlite3.connect(os.path.join(self.dir, folder, "assent.db"))
        try:
            return db.execute(statement).fetchall()
        finally:
            db.close()

    def answer_all(self, browser, most=1000, value=1, **more):
        """Answers until there is nothing left; returns the items."""
        done = []
        while len(done) < most:
            items = browser.take(want=4, **more)["items"]
            if not items:
                break
            for item in items[:most - len(done)]:
                given = value(item) if callable(value) else value
                self.assertEqual(browser.answer(f"key-{random.random():.16f}".replace(".", "-"), item["id"], given,
                                                **more).status, 200)
                done.append(item["id"])
        return done
