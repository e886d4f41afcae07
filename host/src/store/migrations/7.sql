-- How far the clock is believed: what has been kept for long enough is deleted by this.
CREATE TABLE clock (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    -- The latest time that was believed.
    believed INTEGER NOT NULL,
    -- Since when the clock has been ahead of that by more than a day, by its own account; NULL: it is not.
    ahead INTEGER
) STRICT;
