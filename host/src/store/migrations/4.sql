-- What a search looks at, and an index of all its runs of three characters: LIKE over a million incidents takes most of
-- a second. The index holds no text of its own; what it finds is looked at again in `texts`.
--
-- Titles count, so they change with each occurrence, and an index that is changed each time would cost more than all the
-- rest of a commit. So it keeps what it has, `indexed` says what that is, and those few that have it are looked at anyway.
CREATE TABLE texts (
    row INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    incident INTEGER NOT NULL,
    text TEXT NOT NULL,
    indexed TEXT,
    UNIQUE (tenant, incident),
    FOREIGN KEY (tenant, incident) REFERENCES incidents (tenant, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX texts_changed ON texts (row) WHERE indexed IS NOT NULL;

CREATE VIRTUAL TABLE grams USING fts5 (
    text, content = 'texts', content_rowid = 'row', tokenize = 'trigram', detail = 'none', columnsize = 0
);
-- Its own word for what the database does everywhere: what is deleted is gone.
INSERT INTO grams (grams, rank) VALUES ('secure-delete', 1);

CREATE TRIGGER texts_added AFTER INSERT ON texts BEGIN
    INSERT INTO grams (rowid, text) VALUES (new.row, new.text);
END;
CREATE TRIGGER texts_settled AFTER UPDATE OF indexed ON texts
WHEN old.indexed IS NOT NULL AND new.indexed IS NULL BEGIN
    INSERT INTO grams (grams, rowid, text) VALUES ('delete', old.row, old.indexed);
    INSERT INTO grams (rowid, text) VALUES (new.row, new.text);
END;
CREATE TRIGGER texts_gone AFTER DELETE ON texts BEGIN
    INSERT INTO grams (grams, rowid, text) VALUES ('delete', old.row, coalesce(old.indexed, old.text));
END;

-- The first byte of a fingerprint says of which kind it is. Packs choose how much they write; what one incident adds to
-- the index is bounded.
CREATE VIEW searched AS
    SELECT tenant, id, title || char(10) || substr(summary, 1, 2000) || char(10) || substr(fields, 1, 4000)
        || char(10) || subject || char(10) || CAST(substr(fingerprint, 2) AS TEXT) AS text
    FROM incidents;

CREATE TRIGGER incidents_added AFTER INSERT ON incidents BEGIN
    INSERT INTO texts (tenant, incident, text) SELECT tenant, id, text FROM searched
    WHERE tenant = new.tenant AND id = new.id;
END;
CREATE TRIGGER incidents_renamed AFTER UPDATE OF title, summary, fields ON incidents
WHEN (old.title, old.summary, old.fields) IS NOT (new.title, new.summary, new.fields) BEGIN
    UPDATE texts SET indexed = coalesce(indexed, text),
        text = (SELECT text FROM searched WHERE tenant = new.tenant AND id = new.id)
    WHERE tenant = new.tenant AND incident = new.id;
END;

INSERT INTO texts (tenant, incident, text) SELECT tenant, id, text FROM searched;
