-- When what listens at a port was asked what it is, nanoseconds since 1970; NULL: it never was, or that was not kept. What is
-- known of it is from then, and not from the scan that found the port open last.
ALTER TABLE scan_ports ADD COLUMN asked INTEGER;

-- A guess by the port's number is nothing that was asked.
UPDATE scan_ports SET probed = NULL, service = NULL, product = NULL, version = NULL, extra = NULL, tunnel = NULL, cpe = NULL
    WHERE probed = 0;
