-- Version 5: a run can be withdrawn, and brought back. Its answers stay, and do not count.

ALTER TABLE run ADD COLUMN withdrawn TEXT; -- since when; null: it counts

CREATE TABLE withdrawal (
    id      INTEGER PRIMARY KEY,
    run     INTEGER NOT NULL REFERENCES run,
    back    INTEGER NOT NULL,            -- 0: withdrawn, 1: brought back
    at      TEXT NOT NULL,
    by_whom TEXT NOT NULL
) STRICT;

-- How many withdrawals of other annotators' runs there had been when the run began: what came since is newer.
ALTER TABLE run ADD COLUMN withdrawals INTEGER NOT NULL DEFAULT 0;

CREATE VIEW counting_run AS SELECT * FROM run WHERE withdrawn IS NULL;
CREATE VIEW counting_vote AS
SELECT * FROM vote WHERE run IS NULL OR run NOT IN (SELECT id FROM run WHERE withdrawn IS NOT NULL);
