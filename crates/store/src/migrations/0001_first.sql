-- Version 1: the first store. `{BYTES}`, `{NUMBERED}` and `{CLUSTERED}` are each backend's own words (schema.rs).

CREATE TABLE node_meta (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
){CLUSTERED};

CREATE TABLE enrolments (
    code_hash TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    used_by TEXT,
    body TEXT NOT NULL
);
CREATE INDEX enrolments_by_subject ON enrolments (subject, created_at);

CREATE TABLE organisations (
    code TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    area TEXT NOT NULL,
    state TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    body TEXT NOT NULL
);

CREATE TABLE directory (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    owner TEXT NOT NULL,
    area TEXT NOT NULL,
    origin TEXT NOT NULL,
    address TEXT,
    key_id TEXT,
    status TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX directory_by_kind ON directory (kind, id);
CREATE INDEX directory_by_owner ON directory (owner, id);
CREATE INDEX directory_by_key ON directory (key_id) WHERE key_id IS NOT NULL;

CREATE TABLE tenants (
    connector TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    body TEXT NOT NULL
);

CREATE TABLE resources (
    tenant TEXT NOT NULL,
    key TEXT NOT NULL,
    id TEXT,
    state TEXT NOT NULL,
    source TEXT,
    stamp TEXT,
    updated_at BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (tenant, key)
);
CREATE UNIQUE INDEX resources_by_id ON resources (tenant, id) WHERE id IS NOT NULL;

CREATE TABLE products (
    tenant TEXT NOT NULL,
    key TEXT NOT NULL,
    id TEXT,
    resource TEXT NOT NULL,
    state TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (tenant, key)
);
CREATE UNIQUE INDEX products_by_id ON products (tenant, id) WHERE id IS NOT NULL;
CREATE INDEX products_by_public_id ON products (id) WHERE id IS NOT NULL;

CREATE TABLE listings (
    tenant TEXT NOT NULL,
    product TEXT NOT NULL,
    service TEXT NOT NULL,
    state TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (tenant, product, service)
);

CREATE TABLE catalogue (
    product TEXT NOT NULL PRIMARY KEY,
    origin TEXT NOT NULL,
    provider TEXT NOT NULL,
    area TEXT NOT NULL,
    listed BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX catalogue_listed ON catalogue (product) WHERE listed = 1;
CREATE INDEX catalogue_by_provider ON catalogue (provider, product);

CREATE TABLE contracts (
    tenant TEXT NOT NULL,
    key TEXT NOT NULL,
    contract TEXT,
    state TEXT NOT NULL,
    role TEXT NOT NULL,
    peer TEXT NOT NULL,
    product TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (tenant, key)
);
CREATE UNIQUE INDEX contracts_by_id ON contracts (tenant, contract) WHERE contract IS NOT NULL;
CREATE INDEX contracts_by_state ON contracts (tenant, state, key);

CREATE TABLE issued_contracts (
    contract TEXT NOT NULL PRIMARY KEY,
    product TEXT NOT NULL,
    provider TEXT NOT NULL,
    requester TEXT NOT NULL,
    request TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE UNIQUE INDEX issued_by_request ON issued_contracts (requester, request);

CREATE TABLE use_counters (
    tenant TEXT NOT NULL,
    contract TEXT NOT NULL,
    used BIGINT NOT NULL,
    closed BIGINT NOT NULL,
    windowed BIGINT NOT NULL,
    PRIMARY KEY (tenant, contract)
){CLUSTERED};
CREATE INDEX use_counters_behind ON use_counters (tenant, contract) WHERE closed > windowed;

CREATE TABLE uses (
    tenant TEXT NOT NULL,
    contract TEXT NOT NULL,
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
    body TEXT NOT NULL,
    PRIMARY KEY (tenant, contract, use_id)
){CLUSTERED};
CREATE INDEX uses_open ON uses (touched_at) WHERE closing IS NULL;
CREATE UNIQUE INDEX uses_closed ON uses (tenant, contract, closing) WHERE closing IS NOT NULL;

CREATE TABLE windows (
    tenant TEXT NOT NULL,
    contract TEXT NOT NULL,
    number BIGINT NOT NULL,
    first BIGINT NOT NULL,
    last BIGINT NOT NULL,
    hash TEXT NOT NULL,
    state TEXT NOT NULL,
    closed_at BIGINT NOT NULL,
    countersigned_at BIGINT,
    body TEXT NOT NULL,
    countersignature TEXT,
    PRIMARY KEY (tenant, contract, number)
);
CREATE INDEX windows_by_state ON windows (state, tenant, contract, number);

CREATE TABLE received_uses (
    tenant TEXT NOT NULL,
    contract TEXT NOT NULL,
    use_id TEXT NOT NULL,
    state TEXT NOT NULL,
    sequence BIGINT,
    bytes BIGINT NOT NULL,
    rows BIGINT NOT NULL,
    digest TEXT,
    opened_at BIGINT NOT NULL,
    closed_at BIGINT,
    in_window BIGINT,
    body TEXT NOT NULL,
    PRIMARY KEY (tenant, contract, use_id)
);
CREATE INDEX received_by_window ON received_uses (tenant, contract, in_window);

CREATE TABLE outbox (
    id {NUMBERED},
    tenant TEXT NOT NULL,
    stream TEXT NOT NULL,
    destination TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    lease_until BIGINT,
    last_error TEXT,
    dead_at BIGINT
);
CREATE INDEX outbox_streams ON outbox (tenant, stream, id) WHERE dead_at IS NULL;
CREATE INDEX outbox_due ON outbox (next_at) WHERE dead_at IS NULL;

CREATE TABLE inbox (
    sender TEXT NOT NULL,
    sequence TEXT NOT NULL,
    body_hash TEXT NOT NULL,
    answer TEXT,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (sender, sequence)
);
CREATE INDEX inbox_by_age ON inbox (received_at);

CREATE TABLE evidence (
    id {NUMBERED},
    log TEXT NOT NULL,
    tenant TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    contract TEXT,
    salt {BYTES} NOT NULL,
    at BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX evidence_by_log ON evidence (log, id);

CREATE TABLE logs (
    log TEXT NOT NULL PRIMARY KEY,
    own BIGINT NOT NULL,
    size BIGINT NOT NULL,
    frontier {BYTES} NOT NULL,
    checkpoint TEXT,
    updated_at BIGINT NOT NULL
);

CREATE TABLE log_entries (
    log TEXT NOT NULL REFERENCES logs (log),
    position BIGINT NOT NULL,
    tenant TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    contract TEXT,
    salt {BYTES},
    leaf {BYTES} NOT NULL,
    at BIGINT NOT NULL,
    body TEXT,
    PRIMARY KEY (log, position)
);
CREATE INDEX log_entries_by_subject ON log_entries (log, kind, subject, position);
CREATE INDEX log_entries_by_contract ON log_entries (log, contract, position) WHERE contract IS NOT NULL;

CREATE TABLE log_nodes (
    log TEXT NOT NULL REFERENCES logs (log),
    level BIGINT NOT NULL,
    idx BIGINT NOT NULL,
    hash {BYTES} NOT NULL,
    PRIMARY KEY (log, level, idx)
){CLUSTERED};

CREATE TABLE log_checkpoints (
    log TEXT NOT NULL REFERENCES logs (log),
    size BIGINT NOT NULL,
    at BIGINT NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (log, size)
);
