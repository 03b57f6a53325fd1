-- Version 6: images can be set aside, and a packet's answers are a run, so that both can be taken back.

ALTER TABLE image ADD COLUMN aside TEXT; -- since when; null: it is one of the project's images

ALTER TABLE review_answer ADD COLUMN run INTEGER REFERENCES run; -- the import of the packet; null: given on the page

-- The item that the person answered, whose picture has the same bytes; null: this one.
ALTER TABLE review_answer ADD COLUMN copy_of INTEGER REFERENCES review_item;

-- Annotators are looked up by whether they have runs: with thousands of them that must not read every run.
CREATE INDEX run_by_annotator ON run (annotator);
