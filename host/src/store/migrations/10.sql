-- How a file is known again though others begin as it does.

-- SHA-256 of the last bytes before the position, at most 1,024.
ALTER TABLE files ADD COLUMN foot BLOB CHECK (length(foot) = 32);
-- Of a packed file the checksum and length at its end.
ALTER TABLE files ADD COLUMN seal INTEGER;

-- Whose file lies at a place: one that was renamed to a name of another source is still the first one's.
CREATE INDEX files_of_place ON files (tenant, device, inode);
