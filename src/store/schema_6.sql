-- Version 6: images can be set aside, and a packet's answers are a run, so that both can be taken back.

ALTER TABLE image ADD COLUMN aside TEXT; -- since when; null: it is one of the project's images

ALTER TABLE review_answer ADD COLUMN run INTEGER REFERENCES run; -- the import of the packet; null: given on the page

-- The item that the person answered, whose picture has the same bytes; null: this one.
ALTER TABLE review_answer ADD COLUMN copy_of INTEGER REFERENCES review_item;

-- Annotators are looked up by whether they have runs: with thousands of them that must not read every run.
CREATE INDEX run_by_annotator ON run (annotator);

-- For people who use SQL: every answer given on an image that counts, by a run that counts, a row a cell; of a cell
-- an annotator's newest run, and then its newest vote, decides. label is null for abstentions.
DROP VIEW cell;
CREATE VIEW cell AS
WITH packed AS (
    SELECT answers.run, answers.image, c.name AS question, c.labels,
           hex(substr(answers.value, 2 * c.position + 1, 2)) AS h
    FROM answers
    JOIN counting_run AS run ON run.id = answers.run
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
    FROM counting_vote AS vote
    JOIN question_column AS c ON c.question_set = vote.question_set AND c.position = vote.position
)
SELECT image.key AS image, every.question, annotator.name AS annotator, every.value,
       CASE WHEN every.value >= 0 THEN json_extract(every.labels, '$[' || every.value || ']') END AS label,
       every.run, every.vote
FROM every
JOIN image ON image.id = every.image AND image.aside IS NULL
JOIN annotator ON annotator.id = every.annotator;
