-- Version 7: what a bad disk or another program left in the place of answers, and was set aside: nothing is deleted.

CREATE TABLE damaged (
    id      INTEGER PRIMARY KEY,
    at      TEXT NOT NULL,
    by_whom TEXT NOT NULL,
    source  TEXT NOT NULL, -- the table that the row was in
    why     TEXT NOT NULL,
    was     TEXT NOT NULL  -- the row: its columns in their order, as SQL literals
) STRICT;
