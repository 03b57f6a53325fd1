#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where pictures come from: links as a cache of Hugging Face has them, and zips."""
import io
import os
import tarfile
import zipfile

from harness import main
from review_case import ReviewCase, png
from test_annotate import Project


class Links(Project):
    def test_a_cache_of_hugging_face_is_read_as_it_lies(self):
        names = self.project(4)
        os.makedirs(self.path("cache/blobs"))
        os.makedirs(self.path("cache/snapshots/c0ffee"))
        os.rename(self.path("images"), self.path("originals"))
        for i, name in enumerate(names):
            os.rename(self.path(f"originals/{name}"), self.path(f"cache/blobs/{i}"))
            os.symlink(f"../../blobs/{i}", self.path(f"cache/snapshots/c0ffee/{name}"))
        os.symlink(".", self.path("cache/snapshots/c0ffee/again"))
        os.symlink("cache/snapshots/c0ffee", self.path("images"))
        ran = self.run_assent("annotate")
        self.assertIn("toy answered 4 images", ran.out)
        self.assertEqual(ran.err.count("lies outside the folder"), 1)
        self.assertIn("1 folder left out, which would lead in circles: again", ran.err)


class Zips(Project):
    def zip(self, path, members):
        with zipfile.ZipFile(self.path(path), "w") as archive:
            for name, data in members:
                archive.writestr(name, data, zipfile.ZIP_DEFLATED)

    def test_import_and_annotate(self):
        names = self.project(5)
        whole = self.run_assent("annotate", "-q") and self.labels("toy")
        members = [(n, open(self.path(f"images/{n}"), "rb").read()) for n in reversed(names)]
        self.zip("images.zip", members + [("__MACOSX/._" + names[0], b"")])
        os.makedirs(self.path("other"))
        self.write("other/assent.yaml", self.read("assent.yaml").replace("images/", "../images.zip"))
        known = self.run_assent("-C", "other", "import", "--images", "images.zip", "--json").json
        self.assertEqual((known["images"], known["broken"]), (5, 0))
        self.run_assent("-C", "other", "annotate", "-q")
        self.assertEqual(self.labels("toy", "other"), whole)

    def test_status_names_what_an_archive_has_and_is_not_read(self):
        self.project(1)
        members = [("a.png", png(1)), ("b.cr2", b"raw"), ("c.svg", b"<svg/>")]
        self.zip("images.zip", members)
        for kind in ("", "gz"):
            with tarfile.open(self.path("images.tar" + kind), "w:" + kind) as archive:
                for name, data in members:
                    info = tarfile.TarInfo(name)
                    info.size = len(data)
                    archive.addfile(info, io.BytesIO(data))
        task = self.read("assent.yaml")
        for name, says in (("images.zip", True), ("images.tar", True), ("images.targz", False)):
            self.write("assent.yaml", task.replace("images/", name))
            said = self.run_assent("status").err
            self.assertEqual("2 pictures left out, of a format that is not read" in said, says, name + said)

    def test_a_damaged_member_is_one_picture_s_error(self):
        names = self.project(3)
        self.zip("images.zip", [(n, open(self.path(f"images/{n}"), "rb").read()) for n in names])
        data = bytearray(open(self.path("images.zip"), "rb").read())
        data[60 + len(names[0])] ^= 0xFF
        self.write("images.zip", bytes(data))
        self.write("assent.yaml", self.read("assent.yaml").replace("images/", "images.zip"))
        ran = self.run_assent("annotate", code=3)
        self.assertIn("toy answered 2 images", ran.out)
        self.assertIn(f"images.zip: {names[0]}: the picture cannot be read", ran.err)

    def test_more_members_than_16_bits_count(self):
        self.project(1)
        self.zip("images.zip", ((f"{i:06d}.png", png(i % 256, side=1)) for i in range(66000)))
        known = self.run_assent("import", "--images", "images.zip", "--json").json
        self.assertEqual((known["images"], known["broken"]), (66000, 0))

    def test_what_is_no_zip_or_tar(self):
        self.project(1)
        for name, data, says in (("a.7z", b"7z\xbc\xaf\x27\x1c" + bytes(30), "a 7z archive, which is not read"),
                                 ("a.zip", b"PK\3\4" + bytes(100), "broken, or cut short")):
            self.write(name, data)
            self.assertIn(says, self.run_assent("import", "--images", name, code=1).err)


class Review(ReviewCase):
    def test_pictures_of_a_zip_are_shown(self):
        with zipfile.ZipFile(self.path("pictures.zip"), "w") as archive:
            for i in range(self.images):
                archive.writestr("SENTINELKEY%02d.png" % i, png(i))
        self.write("assent.yaml", self.read("assent.yaml").replace("questions:", "images: pictures.zip\nquestions:"))
        server = self.serve("--reviewer", "anna")
        browser = self.browse(server)
        item = browser.take(1)["items"][0]
        answer = browser.get("/image/" + item["id"])
        self.assertEqual((answer.status, answer.headers["content-type"]), (200, "image/jpeg"))


if __name__ == "__main__":
    main()
