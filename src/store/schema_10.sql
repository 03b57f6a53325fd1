-- Version 10: a design keeps the stratum of every cell of its frame, so that a verdict can be reached whatever the
-- annotators answer later; and verdicts that were asked for are kept.

CREATE TABLE review_frame_column (
    id     INTEGER PRIMARY KEY,
    design INTEGER NOT NULL,
    part   INTEGER NOT NULL,
    name   TEXT NOT NULL,                -- the column's
    first  INTEGER NOT NULL,             -- the position of the stratum that is 1 in what follows
    strata BLOB NOT NULL,                -- uint16, little-endian, one an image by its id, from 0: 0 not in this part
    FOREIGN KEY (design, part) REFERENCES review_frame
) STRICT;
CREATE UNIQUE INDEX review_frame_column_by_name ON review_frame_column (design, part, name);

-- Each time that somebody asked what may be accepted.
CREATE TABLE acceptance (
    id        INTEGER PRIMARY KEY,
    design    INTEGER NOT NULL REFERENCES review_design,
    annotator INTEGER NOT NULL REFERENCES annotator, -- whose answers
    settings  TEXT NOT NULL,             -- JSON: the promise that was asked for
    settled   INTEGER NOT NULL,          -- cells of the sample that people had answered by then
    at        TEXT NOT NULL,
    by_whom   TEXT NOT NULL
) STRICT;
CREATE INDEX acceptance_by_design ON acceptance (design);
