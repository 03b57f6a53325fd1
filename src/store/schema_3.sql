-- The review: what people are asked, who they are, and every answer that they gave. A vote row is what counts; it
-- is taken away by an undo, and review_answer keeps that it was given.

-- People who may open the review page. Of a token only the hash is kept.
CREATE TABLE reviewer (
    id        INTEGER PRIMARY KEY,
    name      TEXT NOT NULL,
    annotator INTEGER REFERENCES annotator, -- whose votes theirs are; null: an owner, who looks and does not vote
    created   TEXT NOT NULL,
    revoked   TEXT                          -- null: may come in
) STRICT;
CREATE UNIQUE INDEX reviewer_by_name ON reviewer (name, annotator IS NULL);

CREATE TABLE review_token (
    sha256   TEXT PRIMARY KEY,
    kind     TEXT NOT NULL,             -- link: to come in with; session: a browser that did
    reviewer INTEGER NOT NULL REFERENCES reviewer,
    created  TEXT NOT NULL,
    expires  INTEGER                    -- seconds since 1970; null: never
) STRICT, WITHOUT ROWID;

-- How a queue was built, so that its figures can be worked out and it can be built again.
CREATE TABLE review_design (
    id       INTEGER PRIMARY KEY,
    settings TEXT NOT NULL,             -- JSON: what was asked for
    seed     TEXT NOT NULL,
    created  TEXT NOT NULL,
    by_whom  TEXT NOT NULL
) STRICT;

-- A stratified random sample of cells: of each stratum's cells as many were drawn, each with one probability.
CREATE TABLE review_stratum (
    design   INTEGER NOT NULL REFERENCES review_design,
    position INTEGER NOT NULL,          -- from 0
    name     TEXT NOT NULL,             -- "Bald, yes, no": the question, what the annotators say
    cells    INTEGER NOT NULL,
    drawn    INTEGER NOT NULL,
    PRIMARY KEY (design, position)
) STRICT, WITHOUT ROWID;

-- One cell put before people. A question and its options are known by their names: assent.yaml may change.
CREATE TABLE review_item (
    id        INTEGER PRIMARY KEY,
    key       TEXT NOT NULL,            -- random, 128 bits: what the page knows it by
    kind      TEXT NOT NULL,            -- why it was queued: dispute, sample, gold, repeat
    image     INTEGER NOT NULL REFERENCES image,
    question  TEXT NOT NULL,            -- the column's name
    votes     INTEGER NOT NULL,         -- by so many different people
    place     INTEGER NOT NULL,         -- in the queue
    known     TEXT,                     -- gold: the answer
    repeats   INTEGER REFERENCES review_item, -- repeat: of this one
    design    INTEGER REFERENCES review_design, -- whose sample the cell is in; null: in none
    stratum   INTEGER,
    inclusion_probability REAL,
    aside     TEXT                      -- why it cannot be shown; null: it can
) STRICT;
CREATE UNIQUE INDEX review_item_by_cell ON review_item (image, question) WHERE kind <> 'repeat';

-- An item is somebody's for some minutes, so that two people never give one vote.
CREATE TABLE review_lease (
    item      INTEGER NOT NULL REFERENCES review_item,
    annotator INTEGER NOT NULL REFERENCES annotator,
    tab       TEXT NOT NULL,            -- of their browser
    until     INTEGER NOT NULL,         -- seconds since 1970
    PRIMARY KEY (item, annotator)
) STRICT, WITHOUT ROWID;

CREATE TABLE review_answer (
    id        INTEGER PRIMARY KEY,
    annotator INTEGER NOT NULL REFERENCES annotator,
    key       TEXT NOT NULL,            -- the page's, of the answer or the grid page: sent again, it is known
    item      INTEGER NOT NULL REFERENCES review_item,
    kind      TEXT NOT NULL,            -- value, unsure, skip, flag
    value     TEXT,                     -- value: the option; flag: the reason
    seconds   REAL NOT NULL,            -- that the person looked; a grid page's are shared out
    mode      TEXT NOT NULL,            -- single, grid, packet
    at        TEXT NOT NULL,
    undone    TEXT,                     -- when; null: it counts
    UNIQUE (annotator, key, item)
) STRICT;
CREATE INDEX review_answer_by_item ON review_answer (item);

-- Items that were handed out as a folder.
CREATE TABLE review_packet (
    sha256    TEXT PRIMARY KEY,
    annotator INTEGER NOT NULL REFERENCES annotator,
    items     INTEGER NOT NULL,
    created   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Set where the vote was given in a review.
ALTER TABLE vote ADD COLUMN item INTEGER REFERENCES review_item;
CREATE INDEX vote_by_item ON vote (item) WHERE item IS NOT NULL;
