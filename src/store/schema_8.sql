-- Version 8: what was measured of a model before it answered.

CREATE TABLE probe (
    identity TEXT NOT NULL,    -- as a run has it
    what     TEXT NOT NULL,    -- asked again, asked alone, ..
    at       TEXT NOT NULL,
    images   INTEGER NOT NULL,
    answers  INTEGER NOT NULL, -- compared with those of the plain way
    changed  INTEGER NOT NULL, -- of the answers: another label
    mean     REAL,             -- of the moves of probabilities; NULL: there are none
    most     REAL,
    PRIMARY KEY (identity, what)
) STRICT, WITHOUT ROWID;
