-- Version 9: what a server was asked for a run, as it is written with the run's answers. null: no server, or one that does
-- not say.

ALTER TABLE run ADD COLUMN requests INTEGER;          -- those that were sent again too
ALTER TABLE run ADD COLUMN prompt_tokens INTEGER;
ALTER TABLE run ADD COLUMN cached_tokens INTEGER;     -- of the prompts'
ALTER TABLE run ADD COLUMN completion_tokens INTEGER;
