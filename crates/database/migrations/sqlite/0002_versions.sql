-- Cert records get versions, and say for whom their private key signs; provider rows remember what was examined of them; attempts are kept by the
-- browser, and only used ones here.

ALTER TABLE vestibule_cert ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;

-- Whose rows may use the private key: `*` for every owner's, or names separated by `;`.
ALTER TABLE vestibule_cert ADD COLUMN key_owners TEXT NOT NULL DEFAULT '*';

-- Towards which hosts it signs for other owners' rows: names separated by `;`. Empty: those that are the vendor's own or that the installation vouches for.
ALTER TABLE vestibule_cert ADD COLUMN key_hosts TEXT NOT NULL DEFAULT '';

CREATE INDEX vestibule_cert_not_after ON vestibule_cert (not_after, id);

CREATE INDEX vestibule_cert_updated ON vestibule_cert (updated_at, id);

-- The versions of a record that are not the active one, which stands in the record itself.
CREATE TABLE vestibule_cert_version (
    cert_id TEXT NOT NULL REFERENCES vestibule_cert (id) ON DELETE CASCADE,
    version INTEGER NOT NULL
        CONSTRAINT version_is_positive CHECK (version >= 1),
    state TEXT NOT NULL
        CONSTRAINT state_is_known CHECK (state IN ('next', 'retired')),
    certificate TEXT NOT NULL DEFAULT '',
    private_key TEXT,
    not_after INTEGER,
    created_at INTEGER NOT NULL DEFAULT (unixepoch()),
    PRIMARY KEY (cert_id, version)
) STRICT;

CREATE UNIQUE INDEX vestibule_cert_version_next ON vestibule_cert_version (cert_id) WHERE state = 'next';

CREATE INDEX vestibule_cert_version_clear ON vestibule_cert_version (cert_id, version)
    WHERE private_key IS NOT NULL AND private_key <> '' AND substr(private_key, 1, 8) <> 'vsealed:';

-- The config as this program last wrote or examined it. Where it is another, somebody else wrote: its secrets are to be sealed, its references noted.
ALTER TABLE vestibule_provider ADD COLUMN examined TEXT NOT NULL DEFAULT '';

CREATE INDEX vestibule_provider_unexamined ON vestibule_provider (id) WHERE examined <> config;

CREATE INDEX vestibule_provider_updated ON vestibule_provider (updated_at, id);

-- Which cert records a provider row names.
CREATE TABLE vestibule_provider_cert (
    provider_id TEXT NOT NULL REFERENCES vestibule_provider (id) ON DELETE CASCADE,
    field TEXT NOT NULL,
    cert_name TEXT NOT NULL,
    PRIMARY KEY (provider_id, field)
) STRICT;

CREATE INDEX vestibule_provider_cert_name ON vestibule_provider_cert (cert_name, provider_id);

-- Who changed what, and when. Never a secret.
CREATE TABLE vestibule_change (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    what TEXT NOT NULL
        CONSTRAINT what_is_known CHECK (what IN ('cert', 'provider')),
    row_id TEXT NOT NULL,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER,
    detail TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX vestibule_change_row ON vestibule_change (row_id, number);

CREATE INDEX vestibule_change_name ON vestibule_change (owner, name, number);

CREATE TABLE vestibule_used_attempt (
    -- SHA-256 of the `state`, in hex: the `state` itself is nowhere.
    attempt_key TEXT NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX vestibule_used_attempt_expires ON vestibule_used_attempt (expires_at);

CREATE TABLE vestibule_setting (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

DROP TABLE vestibule_attempt;
