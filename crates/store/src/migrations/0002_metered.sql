-- Version 2: a contract whose uses are metered has a number of its own, which stands in the rows of its uses and in their
-- indexes in place of two long names. Rows of uses stand in the order in which they came, and so do the entries by use id
-- where ids begin with the time: the uses of many contracts that share a commit also share its pages.

CREATE TABLE metered_contracts (
    id {NUMBERED},
    tenant TEXT NOT NULL,
    contract TEXT NOT NULL,
    used BIGINT NOT NULL,
    closed BIGINT NOT NULL,
    windowed BIGINT NOT NULL,
    UNIQUE (tenant, contract)
);
CREATE INDEX metered_contracts_behind ON metered_contracts (id) WHERE closed > windowed;

INSERT INTO metered_contracts (tenant, contract, used, closed, windowed)
SELECT tenant, contract, used, closed, windowed FROM use_counters ORDER BY tenant, contract;

CREATE TABLE metered_uses (
    metered BIGINT NOT NULL,
    use_id TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,
    touched_at BIGINT NOT NULL,
    closing BIGINT,
    closed_at BIGINT,
    bytes BIGINT NOT NULL,
    rows BIGINT NOT NULL,
    digest TEXT,
    complete BIGINT NOT NULL,
    in_window BIGINT,
    body TEXT NOT NULL
);

INSERT INTO metered_uses (metered, use_id, sequence, opened_at, touched_at, closing, closed_at, bytes, rows, digest,
    complete, in_window, body)
SELECT m.id, u.use_id, u.sequence, u.opened_at, u.touched_at, u.closing, u.closed_at, u.bytes, u.rows, u.digest,
    u.complete, u.in_window, u.body
FROM uses AS u JOIN metered_contracts AS m ON m.tenant = u.tenant AND m.contract = u.contract
ORDER BY u.opened_at, u.use_id;

CREATE UNIQUE INDEX metered_uses_by_id ON metered_uses (use_id, metered);
CREATE UNIQUE INDEX metered_uses_closed ON metered_uses (metered, closing) WHERE closing IS NOT NULL;
CREATE INDEX metered_uses_open ON metered_uses (touched_at) WHERE closing IS NULL;

DROP TABLE uses;
DROP TABLE use_counters;
