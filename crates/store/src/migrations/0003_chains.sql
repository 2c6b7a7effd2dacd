-- Certificate chains of everyone whom this node knows, those that were replaced included: what was signed under an earlier
-- certificate is proven with that one.
CREATE TABLE chains (
    holder TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    not_before BIGINT NOT NULL,
    not_after BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (holder, fingerprint)
);
