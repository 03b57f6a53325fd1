#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Labels find their pictures, or the import says why not and changes nothing."""
import json
import os
import shutil
import sqlite3
import unicodedata

from harness import FACES, ROOT, Case, main

YES_NO = "  - {name: Bald, text: b}\n  - {name: Smiling, text: s}\n"


class Imports(Case):
    def pictures(self, *names):
        """A project with these pictures, each drawn otherwise."""
        drawn = sorted(os.listdir(os.path.join(FACES, "images")))
        for i, name in enumerate(names):
            path = self.path(os.path.join("images", name))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            shutil.copy(os.path.join(FACES, "images", drawn[i]), path)
        self.write("assent.yaml", f"name: t\nimages: images/\nquestions:\n{YES_NO}")

    def images(self):
        return self.json("status")["images"]

    def bald(self, annotator="p"):
        return {image: value for (image, question), value in self.labels(annotator).items() if question == "Bald"}

    def import_text(self, text, *args, name="labels.csv", code=0):
        self.write(name, text)
        return self.run_assent("import", name, "-a", "p", *args, code=code)


class Matching(Imports):
    def test_a_bucket_s_folder_is_not_another_folder(self):
        self.pictures("a/IMG_0000.JPG", "a/IMG_0001.JPG")
        ran = self.import_text("image,Bald\ns3://bucket/pics/b/IMG_0000.JPG,1\n", code=1)
        self.assertIn("1 of 1 images of this file are not in this project", ran.err)
        self.assertIn("'s3://bucket/pics/b/IMG_0000.JPG'", ran.err)
        self.assertIn("--skip-unknown", ran.err)
        self.assertIn("--add-images", ran.err)
        self.assertEqual(self.json("status")["annotators"], [])

    def test_two_folders_with_equal_file_names(self):
        self.pictures("a/1.jpg", "b/1.jpg", "1.jpg")
        self.import_text("image,Bald\ns3://k/x/b/1.jpg,1\nfile:///home/anna/a/1.jpg,0\n1.jpg,1\n")
        self.assertEqual(self.bald(), {"a/1.jpg": "no", "b/1.jpg": "yes", "1.jpg": "yes"})

    def test_a_name_that_may_be_two_is_refused_with_both(self):
        self.pictures("a/1.jpg", "b/1.jpg")
        ran = self.import_text("image,Bald\na/1.jpg,1\n1.jpg,1\n", code=1)
        self.assertIn("labels.csv:3: '1.jpg' may be more than one image: got 'a/1.jpg' and 'b/1.jpg'", ran.err)
        self.assertEqual(self.json("status")["annotators"], [])

    def test_two_names_that_would_be_one_picture_are_refused(self):
        self.pictures("1.jpg")
        ran = self.import_text("image,Bald\na/1.jpg,1\nb/1.jpg,1\n", code=1)
        self.assertIn("labels.csv:3: two names of this file would be one image, '1.jpg'", ran.err)
        self.assertIn("'a/1.jpg' and 'b/1.jpg'", ran.err)

    def test_a_name_from_a_mac(self):
        name = "Müller_é.jpg"
        self.pictures(unicodedata.normalize("NFD", name))
        self.import_text(f"image,Bald\n{unicodedata.normalize('NFC', name)},1\n")
        self.assertEqual(list(self.bald().values()), ["yes"])
        self.assertEqual(self.images(), 1)

    def test_uploads_of_label_studio(self):
        self.pictures("face_0001.jpg", "face_0002.jpg")
        self.write("ls.json", json.dumps([
            {"data": {"image": f"/data/upload/3/0a1b2c3{i}-face_000{i}.jpg"}, "annotations": [
                {"completed_by": 1, "result": [{"from_name": "Bald", "type": "choices", "value": {"choices": [a]}}]}]}
            for i, a in ((1, "yes"), (2, "no"))]))
        self.run_assent("import", "ls.json")
        self.assertEqual(self.bald("label-studio-1"), {"face_0001.jpg": "yes", "face_0002.jpg": "no"})

    def test_metadata_finds_images_the_same_way(self):
        self.pictures("a/1.jpg", "b/1.jpg")
        self.import_text("image,Bald\na/1.jpg,1\nb/1.jpg,0\n")
        self.write("m.csv", "image,site\ns3://k/a/1.jpg,north\n1.jpg,south\n")
        self.fails("import", "--metadata", "m.csv", says=["m.csv:3", "'a/1.jpg' and 'b/1.jpg'"])

    def test_images_of_addresses_are_not_mixed_up(self):
        """Without pictures, images come from the file: one an address, whatever its query."""
        self.write("assent.yaml", f"name: t\nquestions:\n{YES_NO}")
        self.import_text("image,Bald\nhttps://h/a/1.jpg?sig=1,1\nhttps://h/b/1.jpg?sig=1,0\n")
        self.import_text("image,Smiling\nhttps://h/a/1.jpg?sig=2,1\n")
        self.assertEqual(self.bald(), {"h/a/1.jpg": "yes", "h/b/1.jpg": "no"})
        self.assertEqual(self.images(), 2)


class ImageFolder(Imports):
    """Hugging Face's metadata.csv and metadata.jsonl name the pictures beside them."""

    def test_equal_names_in_two_splits(self):
        self.pictures("train/1.jpg", "test/1.jpg", "1.jpg")
        for split, answer in (("train", "yes"), ("test", "no")):
            self.write(f"images/{split}/metadata.csv", f"file_name,Bald,site\n1.jpg,{answer},{split}\n")
            self.run_assent("import", f"images/{split}/metadata.csv", "-a", "p")
            self.run_assent("import", "--metadata", f"images/{split}/metadata.csv")
        self.assertEqual(self.bald(), {"train/1.jpg": "yes", "test/1.jpg": "no"})
        with sqlite3.connect(self.path("assent.db")) as db:
            sites = dict(db.execute("SELECT key, value FROM image_meta JOIN image ON image = id WHERE name = 'site'"))
        self.assertEqual(sites, {"train/1.jpg": "train", "test/1.jpg": "test"})

    def test_json_lines(self):
        self.pictures("train/1.jpg", "train/2.jpg")
        self.write("images/train/metadata.jsonl", '{"file_name": "1.jpg", "Bald": true, "site": "north", "age": 7, "box": [1]}\n'
                   '{"file_name": "2.jpg", "Bald": "n", "text": "late", "Smiling": null}\n')
        given = self.json("import", "images/train/metadata.jsonl", "-a", "p")
        self.assertEqual((given["format"], given["names"]["unmatched"]), ("jsonl", ["site", "age", "box", "text"]))
        self.assertEqual(self.bald(), {"train/1.jpg": "yes", "train/2.jpg": "no"})
        given = self.json("import", "--metadata", "images/train/metadata.jsonl")
        self.assertEqual(given["columns"], ["Bald", "site", "age", "text"])
        with sqlite3.connect(self.path("assent.db")) as db:
            kept = set(db.execute("SELECT key, name, value FROM image_meta JOIN image ON image = id WHERE name <> 'Bald'"))
        self.assertEqual(kept, {("train/1.jpg", "site", "north"), ("train/1.jpg", "age", "7"), ("train/2.jpg", "text", "late")})

    def test_a_line_without_its_picture(self):
        self.pictures("1.jpg")
        self.write("m.jsonl", '{"file_name": "1.jpg", "site": "x"}\n{"site": "y"}\n')
        self.fails("import", "--metadata", "m.jsonl", says=["m.jsonl:2", "names no image", "--image-column"])
        self.write("m.jsonl", '{"file_name": "1.jpg", "site": "x"}\n{"site": \n')
        self.fails("import", "--metadata", "m.jsonl", says=["m.jsonl:2", "JSON"])


class Growing(Imports):
    UNKNOWN = "image,Bald\n1.jpg,1\n3.jpg,0\n3.jpg,0\n4.jpg,1\n"

    def test_a_project_with_pictures_grows_no_images(self):
        self.pictures("1.jpg", "2.jpg")
        ran = self.import_text(self.UNKNOWN, code=1)
        self.assertIn("labels.csv: 2 of 3 images of this file are not in this project: got '3.jpg', ..", ran.err)
        self.assertEqual(self.images(), 0)  # nothing changed

    def test_rows_can_be_left_out(self):
        self.pictures("1.jpg", "2.jpg")
        self.write("labels.csv", self.UNKNOWN)
        given = self.json("import", "labels.csv", "-a", "p", "--skip-unknown")
        self.assertEqual((given["rows_skipped"], given["images"]["skipped"]), (3, 2))
        self.assertEqual(given["images"]["first_skipped"], ["3.jpg", "4.jpg"])
        self.assertEqual(self.bald(), {"1.jpg": "yes"})
        self.assertEqual(self.images(), 2)

    def test_nothing_left_is_refused(self):
        self.pictures("1.jpg")
        ran = self.import_text("image,Bald\n7.jpg,1\n", "--skip-unknown", code=1)
        self.assertIn("1 of 1 images", ran.err)

    def test_images_can_be_added(self):
        self.pictures("1.jpg", "2.jpg")
        self.import_text(self.UNKNOWN, "--add-images")
        self.assertEqual(self.images(), 4)
        self.fails("import", "labels.csv", "-a", "p", "--add-images", "--skip-unknown", code=2, says="two ways")

    def test_pictures_that_were_seen_are_enough(self):
        """assent.yaml does not say where, but import --images has read them."""
        self.pictures("1.jpg")
        self.run_assent("import", "--images", "images")
        self.write("assent.yaml", f"name: t\nquestions:\n{YES_NO}")
        self.assertIn("2 of 3 images", self.import_text(self.UNKNOWN, code=1).err)

    def test_pictures_that_came_since_are_images(self):
        self.pictures("1.jpg")
        self.run_assent("import", "--images", "images")
        shutil.copy(self.path("images/1.jpg"), self.path("images/3.jpg"))
        out = self.import_text("image,Bald\n3.jpg,1\n").out
        self.assertIn("1 picture of assent.yaml became images", out)
        self.assertEqual(self.bald(), {"3.jpg": "yes"})

    def test_a_dry_run_shows_and_changes_nothing(self):
        self.pictures("1.jpg", "2.jpg")
        ran = self.import_text("image,Bald\n1,1\n", "--dry-run")
        self.assertIn("'1' taken as '1.jpg'", ran.out)
        self.assertIn("nothing was changed", ran.err)
        self.assertFalse(os.path.exists(self.path("assent.db")))
        self.run_assent("import", "labels.csv", "-a", "p")
        before = self.dump()
        self.run_assent("import", "labels.csv", "-a", "q", "--dry-run")
        self.run_assent("import", "--images", "images", "--dry-run")
        self.write("m.csv", "image,site\n1,x\n")
        self.run_assent("import", "--metadata", "m.csv", "--dry-run")
        self.assertEqual(self.dump(), before)


class Tables(Imports):
    """What a table's columns and values are called."""

    def check(self, text, *args, wanted=None, name="labels.csv"):
        self.pictures("000001.jpg", "000002.jpg", "000003.jpg")
        self.import_text(text, *args, name=name)
        self.assertEqual(self.bald(), wanted or {"000001.jpg": "yes", "000002.jpg": "no"})

    def test_an_index_of_pandas_is_no_image(self):
        self.check(",image_id,Bald\n0,000001.jpg,1\n1,000002.jpg,-1\n")

    def test_an_id_is_no_image_where_another_column_is(self):
        self.check("id,photo,Bald\n2,1,1\n1,2,0\n", "--image-column", "photo")
        self.fails("import", "labels.csv", "-a", "p", "--image-column", "foto",
                   says=["labels.csv:1", "'foto'", "'photo'"], code=2)

    def test_the_column_that_names_images_is_the_images(self):
        self.check("note,who,Bald\nx,pics/000001,1\ny,pics/000002,0\n")
        self.assertIn("images from the column 'who'", self.run_assent("import", "labels.csv", "-a", "q").out)

    def test_metadata_too(self):
        self.pictures("a.jpg", "b.jpg")
        self.write("m.csv", ",site,file\n0,north,a.jpg\n1,south,b.jpg\n")
        self.import_text("image,Bald\na.jpg,1\nb.jpg,0\n")
        self.assertEqual(self.json("import", "--metadata", "m.csv")["columns"], ["index", "site"])

    def test_values_and_names_are_mapped(self):
        text = "image,has beard?\n1,oui\n2,non\n3,?\n"
        self.check(text, "--map", "oui=yes,non=no,?=", "--map-question", "has beard?=Bald")
        self.write("values.txt", "\ufeffoui=yes\r\nnon=no\r\n\r\n?=\r\n")
        self.write("names.txt", "has beard?=Bald\n")
        self.check(text, "--map", "@values.txt", "--map-question", "@names.txt")
        self.fails("import", "labels.csv", "-a", "p", "--map", "oui", says=["--map", "'oui'", "OLD=NEW"], code=2)
        self.write("values.txt", "a=b\n=no\n")
        self.fails("import", "labels.csv", "-a", "p", "--map", "@values.txt", says=["values.txt", "'=no'"], code=2)

    def test_excel(self):
        self.check("sep=;\r\nimage;Bald\r\n1;1\r\n2;0\r\n")
        self.check("image\tBald\r\n1\tyes\r\n2\tno\r\n".encode("utf-16"), name="labels.txt")

    def test_a_byte_order_mark_in_assent_yaml(self):
        self.pictures("000001.jpg")
        self.write("assent.yaml", b"\xef\xbb\xbf" + self.read("assent.yaml").encode())
        self.assertEqual(self.json("status")["questions"], 2)


class Whose(Imports):
    def test_people_s_labels_are_not_a_model_s(self):
        self.pictures("1.jpg")
        self.write("labels.csv", "image,Bald\n1,1\n")
        self.run_assent("import", "labels.csv", "-a", "llava", "--kind", "model")
        self.fails("import", "labels.csv", "-a", "llava", code=2,
                   says=["'llava' is a model", "--kind model", "another --annotator"])
        self.run_assent("import", "labels.csv", "-a", "llava", "--kind", "model")
        self.run_assent("import", "labels.csv", "-a", "anna")
        self.write("ls.json", json.dumps([{"data": {"image": "1.jpg"}, "predictions": [{"model_version": "m", "result": [
            {"from_name": "Bald", "type": "choices", "value": {"choices": ["no"]}}]}]}]))
        self.fails("import", "ls.json", "-a", "anna", code=2, says=["'anna' is a human", "a model's, by the file"])

    def test_a_model_that_assent_asks_takes_no_file_s_labels_unsaid(self):
        self.pictures("1.jpg")
        for engine in ("engine: vlm, model: m", "model: m"):
            self.write("assent.yaml", f"name: t\nimages: images/\nquestions:\n{YES_NO}annotators:\n  toy: {{kind: model, {engine}}}\n")
            self.write("labels.csv", "image,Bald\n1,1\n")
            self.fails("import", "labels.csv", "-a", "toy", code=2, says="'toy' is a model")

    def test_a_value_that_is_none_names_the_way_on(self):
        self.pictures("1.jpg")
        self.write("labels.csv", "image,Bald\n1,oui\n")
        self.fails("import", "labels.csv", "-a", "p", says=["got 'oui'", '--map "oui=.."'])

    def test_a_picture_is_no_label_file(self):
        self.pictures("1.jpg")
        ran = self.fails("import", "images/1.jpg", "-a", "p", says="--images FOLDER brings pictures")
        self.assertTrue(ran.err.isprintable() or ran.err.replace("\n", "").isprintable(), repr(ran.err))

    def test_pictures_that_are_not_there_are_said(self):
        self.pictures("1.jpg")
        shutil.rmtree(self.path("images"))
        self.assertIn("images are not there", self.run_assent("status").err)

    def test_a_model_of_assent_yaml_without_an_engine_has_its_labels_in_files(self):
        self.pictures("1.jpg")
        self.write("assent.yaml", self.read("assent.yaml") + "annotators:\n  gpt: {kind: model}\n"
                   "  own: {kind: model, engine: vlm, model: m}\n")
        self.write("labels.csv", "image,Bald\n1,1\n")
        self.run_assent("import", "labels.csv", "-a", "gpt")
        self.assertEqual(self.json("status")["annotators"][0]["kind"], "model")
        self.fails("import", "labels.csv", "-a", "own", code=2, says=["'own' is a model"])

    def test_the_same_file_again_adds_nothing(self):
        self.pictures("1.jpg", "2.jpg")
        self.import_text("image,Bald\n1,1\n2,0\n")
        before = self.json("status")["runs"]
        ran = self.run_assent("import", "labels.csv", "-a", "p")
        self.assertIn("p (human): the same as run 1 of 20", ran.out)
        self.assertIn("nothing was added", ran.out)
        self.assertEqual(self.json("status")["runs"], before)
        self.run_assent("import", "labels.csv", "-a", "q")  # somebody else's
        self.write("assent.yaml", self.read("assent.yaml") + "  - {name: Hat, text: h}\n")
        self.run_assent("import", "labels.csv", "-a", "p")  # for other questions
        self.assertEqual(len(self.json("status")["runs"]), 3)
        self.import_text("image,Bald\n1,0\n")
        self.assertEqual(self.bald(), {"1.jpg": "no", "2.jpg": "no"})
        self.import_text("image,Bald\n1,1\n2,0\n")  # not the last: it counts again
        self.assertEqual(self.bald(), {"1.jpg": "yes", "2.jpg": "no"})


class Pictures(Imports):
    def test_formats_that_are_not_read_are_named_and_counted(self):
        self.pictures("a.jfif", "b.JPG")
        for name in ("c.jxl", "d.JXL", "sub/e.pfm", "notes.txt"):
            self.write(f"images/{name}", b"x")
        ran = self.run_assent("import", "--images", "images")
        self.assertIn("3 pictures left out, of a format that is not read (JPEG, PNG, WebP, GIF,", ran.err)
        self.assertIn("3 pictures left out", self.run_assent("status").err)
        self.assertIn("JPEG 2000 and PNM are): c.jxl", ran.err)
        self.assertNotIn("notes", ran.err)
        self.assertEqual(self.images(), 2)

    def test_formats_are_told_by_their_bytes_and_found_by_their_names(self):
        files = ("global.gif", "rle8.bmp", "tiles.tif", "444.avif", "444.heic", "rgb.jp2", "rgb.j2k", "p4.pbm", "p5.pgm", "p6.ppm")
        self.pictures()
        for name in files:
            with open(os.path.join(ROOT, "tests/data/image_formats", name), "rb") as f:
                self.write(f"images/{name.upper()}", f.read())
        self.run_assent("import", "--images", "images")
        self.assertEqual(self.images(), len(files))


class LabelStudio(Imports):
    """Exports as people have them."""

    @staticmethod
    def annotation(answer, by=1, question="Bald", **more):
        return {"completed_by": by, "was_cancelled": False, "lead_time": 3.5, **more, "result": [
            {"from_name": question, "type": "choices", "value": {"choices": [answer]}}]}

    def load(self, tasks, *args):
        self.pictures("1.jpg", "2.jpg")
        self.write("ls.json", json.dumps(tasks))
        return self.json("import", "ls.json", *args)

    def test_the_latest_of_a_person_s_annotations_counts(self):
        given = self.load([{"data": {"image": "1.jpg"}, "annotations": [
            self.annotation("no", updated_at="2026-01-02T00:00:00Z"),
            self.annotation("yes", updated_at="2026-01-01T00:00:00Z"), self.annotation("yes", by=2)]},
            {"data": {"image": "2.jpg"}, "annotations": [self.annotation("yes"), self.annotation("no")]}])
        self.assertEqual(given["superseded"], 2)
        self.assertEqual(self.bald("label-studio-1"), {"1.jpg": "no", "2.jpg": "no"})
        self.assertEqual(self.bald("label-studio-2"), {"1.jpg": "yes"})

    def test_json_min_and_csv_are_the_same(self):
        flat = [{"image": f"/data/upload/7/0a1b2c3d-{i}.jpg", "id": i, "Bald": a, "annotator": 1, "annotation_id": i,
                 "created_at": "2026", "updated_at": "2026", "lead_time": 3.5} for i, a in ((1, "yes"), (2, "no"))]
        self.load(flat)
        self.assertEqual(self.bald("label-studio-1"), {"1.jpg": "yes", "2.jpg": "no"})
        for row in flat:
            row["annotator"] = 2
        self.write("ls.csv", ",".join(flat[0]) + "\n" + "".join(",".join(map(str, r.values())) + "\n" for r in flat))
        self.run_assent("import", "ls.csv")
        self.assertEqual(self.bald("label-studio-2"), {"1.jpg": "yes", "2.jpg": "no"})

    def test_the_key_of_the_image_can_be_said(self):
        tasks = [{"id": 7, "data": {"a": "1.jpg", "b": "2.jpg"}, "annotations": [self.annotation("yes")]}]
        self.load(tasks, "--image-key", "b")
        self.assertEqual(self.bald("label-studio-1"), {"2.jpg": "yes"})
        self.fails("import", "ls.json", says=["ls.json:1: task 7", "got a, b", "--image-key"])

    def test_seconds_are_kept(self):
        self.load([{"data": {"image": "1.jpg"}, "annotations": [self.annotation("yes")]}])
        database = sqlite3.connect(self.path("assent.db"))
        self.assertEqual(database.execute("SELECT seconds FROM answers").fetchall(), [(3.5,)])
        database.close()

    def test_a_file_that_answers_nothing_says_so(self):
        self.pictures("1.jpg")
        self.write("ls.json", json.dumps([{"data": {"image": "1.jpg"}, "annotations": [{"completed_by": 1, "result": [
            {"from_name": "box", "type": "rectanglelabels", "value": {"x": 1}}]}]}]))
        self.fails("import", "ls.json", says=["this file answers no question"])


if __name__ == "__main__":
    main()
