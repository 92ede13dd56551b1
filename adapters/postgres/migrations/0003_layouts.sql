-- How a message was cut into segments and numbered, so that a redelivery goes on as it began (core/layout.py); empty
-- where there is one segment. Columns with constant defaults rewrite nothing.
ALTER TABLE smpp.message_correlations
    ADD COLUMN layout text COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN transliterated boolean NOT NULL DEFAULT false;  -- its text was altered; its events say so

ALTER TABLE smpp.unanswered_submits
    ADD COLUMN segments smallint NOT NULL DEFAULT 1,
    ADD COLUMN layout text COLLATE "C" NOT NULL DEFAULT '';
