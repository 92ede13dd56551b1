-- Of a segment: an earlier submit_sm of it had no answer, so that the SMSC may have it twice; its events say so.
-- A column with a constant default rewrites nothing.
ALTER TABLE smpp.message_correlations ADD COLUMN possibly_repeated boolean NOT NULL DEFAULT false;


-- unanswered_submits: segments whose submit_sm went out and had no answer, for whoever sends them again. Few: a window of
-- a bind whenever its link or process dies.
CREATE TABLE smpp.unanswered_submits (
    message_id text COLLATE "C" NOT NULL,
    operator_id text COLLATE "C" NOT NULL,
    segment smallint NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (message_id, operator_id, segment)
);

CREATE INDEX unanswered_submits_noted_at ON smpp.unanswered_submits (noted_at);
