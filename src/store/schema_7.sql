-- Version 7: a file's hash is known while its bytes are, not only its size and time. What was known so is hashed again.

DROP TABLE file_hash;
CREATE TABLE file_hash (
    path   TEXT PRIMARY KEY, -- absolute
    state  TEXT NOT NULL,    -- size, written, changed, device, inode
    sample TEXT NOT NULL,    -- the hash of some of its blocks
    sha256 TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What a bad disk or another program left in the place of answers, and was set aside: nothing is deleted.
CREATE TABLE damaged (
    id      INTEGER PRIMARY KEY,
    at      TEXT NOT NULL,
    by_whom TEXT NOT NULL,
    source  TEXT NOT NULL, -- the table that the row was in
    why     TEXT NOT NULL,
    was     TEXT NOT NULL  -- the row: its columns in their order, as SQL literals
) STRICT;
