-- Version 4: a design keeps its frame: which cells could be drawn. Where the project has grown since, the same
-- design is drawn again from what is new: one more part, with strata of its own.

CREATE TABLE review_frame (
    design     INTEGER NOT NULL REFERENCES review_design,
    part       INTEGER NOT NULL,         -- from 0
    last_image INTEGER NOT NULL REFERENCES image, -- images up to this one
    columns    TEXT NOT NULL,            -- JSON: by these columns, less the cells of earlier parts
    cells      INTEGER NOT NULL,         -- so many
    created    TEXT NOT NULL,
    by_whom    TEXT NOT NULL,
    PRIMARY KEY (design, part)
) STRICT, WITHOUT ROWID;

-- How often answers of a review had been given or taken back when the run began: what came since is newer than it,
-- whatever the clock of who gave it.
ALTER TABLE run ADD COLUMN review_answers INTEGER NOT NULL DEFAULT 0;
UPDATE run SET review_answers = (SELECT count(*) + count(undone) FROM review_answer
    WHERE coalesce(undone, at) < started);

ALTER TABLE review_stratum ADD COLUMN part INTEGER NOT NULL DEFAULT 0; -- of the frame
