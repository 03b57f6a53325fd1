-- Version 2: models answer. What an answer keeps beside its values, who is at work on what, and what the
-- images and the model's files are.

ALTER TABLE answers ADD COLUMN mass BLOB;   -- float32 a column: the probability that fell on valid answers
ALTER TABLE answers ADD COLUMN spread BLOB; -- float32 a column: largest less smallest score of its wordings
ALTER TABLE answers ADD COLUMN detail TEXT; -- JSON: {"error": ..}, or by column the likeliest first tokens

ALTER TABLE run ADD COLUMN seconds REAL;    -- of work: what its images a second are computed from

ALTER TABLE question ADD COLUMN format TEXT NOT NULL DEFAULT 'text'; -- letters: options listed as A., B., ..

-- image.state is now also: read (its bytes were seen: sha256, width, height), unreadable.

-- A worker answers an image: nobody else does until then, or until the worker is gone.
CREATE TABLE claim (
    annotator  INTEGER NOT NULL REFERENCES annotator,
    image      INTEGER NOT NULL REFERENCES image,
    worker     TEXT NOT NULL,           -- host, process
    until_unix REAL NOT NULL,           -- seconds
    PRIMARY KEY (annotator, image)
) STRICT, WITHOUT ROWID;

-- Of large files that do not change: a model's weights.
CREATE TABLE file_hash (
    path     TEXT PRIMARY KEY,          -- absolute
    size     INTEGER NOT NULL,
    modified INTEGER NOT NULL,          -- nanoseconds
    sha256   TEXT NOT NULL
) STRICT, WITHOUT ROWID;
