-- The database of one project, version 1. Nothing is overwritten: a new run adds rows, and of each cell an
-- annotator's latest answer counts. Times are UTC, ISO 8601. Ids of a table grow with time.

CREATE TABLE image (
    id      INTEGER PRIMARY KEY,
    key     TEXT NOT NULL UNIQUE,       -- as the user's files write it
    sha256  TEXT,                       -- of its bytes; null while only its key is known
    width   INTEGER,
    height  INTEGER,
    state   TEXT NOT NULL DEFAULT 'key' -- key: known by its key only
) STRICT;

CREATE TABLE image_meta (
    image INTEGER NOT NULL REFERENCES image,
    name  TEXT NOT NULL,                -- the column's name in the metadata file
    value TEXT NOT NULL,
    PRIMARY KEY (name, image)
) STRICT, WITHOUT ROWID;

-- The questions as they were when answers came in: a later change of assent.yaml changes no answer.
CREATE TABLE question_set (
    id   INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE           -- SHA-256 of its questions
) STRICT;

CREATE TABLE question (
    id           INTEGER PRIMARY KEY,
    question_set INTEGER NOT NULL REFERENCES question_set,
    position     INTEGER NOT NULL,      -- from 0
    name         TEXT NOT NULL,
    kind         TEXT NOT NULL,         -- yesno, choice, multi, ordinal
    options      TEXT NOT NULL,         -- JSON: the texts of the values 0, 1, ..
    wordings     TEXT NOT NULL,         -- JSON
    UNIQUE (question_set, position)
) STRICT;

-- What the packed arrays hold, in their order: one column a question, one an option of a multi question.
CREATE TABLE question_column (
    question_set INTEGER NOT NULL REFERENCES question_set,
    position     INTEGER NOT NULL,      -- from 0: the index in answers.value
    name         TEXT NOT NULL,         -- "Bald", "Wearing:hat"
    question     INTEGER NOT NULL REFERENCES question,
    labels       TEXT NOT NULL,         -- JSON: the texts of the values 0, 1, ..
    PRIMARY KEY (question_set, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE annotator (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL                  -- human, model, consensus
) STRICT;

-- One execution of one annotator: an import, a model's run, a consensus.
CREATE TABLE run (
    id            INTEGER PRIMARY KEY,
    annotator     INTEGER NOT NULL REFERENCES annotator,
    question_set  INTEGER NOT NULL REFERENCES question_set,
    identity      TEXT,                 -- of a model: the hash of all that decides its answers
    settings      TEXT NOT NULL,        -- JSON: what was asked for
    source        TEXT,                 -- the file that the answers came from
    source_sha256 TEXT,
    by_whom       TEXT NOT NULL,        -- the user who ran it
    started       TEXT NOT NULL,
    ended         TEXT,                 -- null: running, or killed
    images        INTEGER,
    labels        INTEGER,
    abstentions   INTEGER
) STRICT;

-- All answers of one run on one image, packed in the order of the run's question_column rows.
CREATE TABLE answers (
    run         INTEGER NOT NULL REFERENCES run,
    image       INTEGER NOT NULL REFERENCES image,
    value       BLOB NOT NULL,          -- int16, little-endian: an option's index; -1 not answered;
                                        -- -2 unparseable, -3 refused, -4 unsure, -5 error, -6 tied
    probability BLOB,                   -- float32, little-endian: P(yes) of a yes/no column, else one an option
    seconds     REAL,
    PRIMARY KEY (run, image)
) STRICT, WITHOUT ROWID;

-- One person's answer on one cell.
CREATE TABLE vote (
    id        INTEGER PRIMARY KEY,
    annotator INTEGER NOT NULL REFERENCES annotator,
    run       INTEGER REFERENCES run,   -- the import that brought it; null: given in a review
    image     INTEGER NOT NULL REFERENCES image,
    question_set INTEGER NOT NULL,
    position  INTEGER NOT NULL,         -- the column voted on
    value     INTEGER NOT NULL,         -- as in answers.value
    seconds   REAL,                     -- that the person looked
    at        TEXT NOT NULL,
    FOREIGN KEY (question_set, position) REFERENCES question_column
) STRICT;
CREATE INDEX vote_by_annotator ON vote (annotator);

CREATE TABLE event (
    id   INTEGER PRIMARY KEY,
    at   TEXT NOT NULL,
    who  TEXT NOT NULL,
    what TEXT NOT NULL
) STRICT;

-- For people who use SQL: every answer ever given, a row a cell. label is null for abstentions.
CREATE VIEW cell AS
WITH packed AS (
    SELECT answers.run, answers.image, c.name AS question, c.labels,
           hex(substr(answers.value, 2 * c.position + 1, 2)) AS h
    FROM answers
    JOIN run ON run.id = answers.run
    JOIN question_column AS c ON c.question_set = run.question_set
), unpacked AS (
    SELECT run, image, question, labels,
           (instr('123456789ABCDEF', substr(h, 1, 1)) * 16 + instr('123456789ABCDEF', substr(h, 2, 1))
            + 256 * (instr('123456789ABCDEF', substr(h, 3, 1)) * 16 + instr('123456789ABCDEF', substr(h, 4, 1)))
            + 32768) % 65536 - 32768 AS value
    FROM packed
), every AS (
    SELECT u.run, run.annotator, u.image, u.question, u.value, u.labels, NULL AS vote
    FROM unpacked AS u JOIN run ON run.id = u.run
    WHERE u.value <> -1
    UNION ALL
    SELECT vote.run, vote.annotator, vote.image, c.name, vote.value, c.labels, vote.id
    FROM vote
    JOIN question_column AS c ON c.question_set = vote.question_set AND c.position = vote.position
)
SELECT image.key AS image, every.question, annotator.name AS annotator, every.value,
       CASE WHEN every.value >= 0 THEN json_extract(every.labels, '$[' || every.value || ']') END AS label,
       every.run, every.vote
FROM every
JOIN image ON image.id = every.image
JOIN annotator ON annotator.id = every.annotator;
