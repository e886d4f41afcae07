-- Whether a mail may have arrived though nobody said so: it is only ever sent again as itself, with its message id.
ALTER TABLE notices ADD COLUMN unsure INTEGER NOT NULL DEFAULT 0;
UPDATE notices SET unsure = 1 WHERE state = 'sending';

-- Every command that acts asks what waits: without reading all that was ever sent.
CREATE INDEX notices_open ON notices (tenant, due, id) WHERE state IN ('queued', 'deferred', 'sending');

-- What retention looks for.
CREATE INDEX excepted_at ON excepted (at);
CREATE INDEX notices_digests ON notices (created) WHERE incident IS NULL;
