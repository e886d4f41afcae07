-- What the last check decided of events that more bytes may still change, and (file NULL) of ticks behind all it had read.
-- Each check judges them again: their ids are known beyond the incidents they belong to.
CREATE TABLE tails (
    tenant TEXT NOT NULL,
    id BLOB NOT NULL,
    file INTEGER,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, file) REFERENCES files (tenant, number) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX tails_of_file ON tails (tenant, file);

-- So far the digest was of what was left of a line. Of what was cut or blotted out it is not known.
UPDATE evidence SET digest = NULL WHERE cut = 1 OR instr(text, CAST('[redacted]' AS BLOB)) > 0;

-- How far the patterns of redaction have gone over what was stored before they were there.
CREATE TABLE redacted (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    -- SHA-256 of them.
    patterns BLOB NOT NULL CHECK (length(patterns) = 32),
    tenant TEXT NOT NULL,
    incident INTEGER NOT NULL,
    done INTEGER NOT NULL CHECK (done IN (0, 1))
) STRICT;
