-- Entries of followed logs that were not believed, because another word on the same object stands. They are looked at again when
-- a node, organisation or connector changes.
CREATE TABLE passed_over (
    origin TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    reason TEXT NOT NULL,
    at BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (origin, kind, id)
);
