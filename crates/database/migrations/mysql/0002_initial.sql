-- The tables of schema 2, as they come of SQLite's steps 1 and 2, which have the reasons. Texts compare byte by byte, spaces at the end included: for
-- BINARY_COLLATION stands what this server calls that (utf8mb4_nopad_bin on MariaDB, utf8mb4_0900_bin on MySQL). Where others have an index over some rows, a
-- generated column is indexed: it is NULL in the rows that are left out.

CREATE TABLE vestibule_cert (
    id VARCHAR(36) NOT NULL DEFAULT (UUID()) PRIMARY KEY,
    CONSTRAINT vestibule_cert_id_is_a_lower_case_uuid
        CHECK (id REGEXP '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'),
    owner VARCHAR(100) NOT NULL,
    CONSTRAINT vestibule_cert_owner_is_a_name
        CHECK (owner <> '' AND owner NOT REGEXP '[/?:#&%=+;]' AND owner = TRIM(owner) AND owner NOT REGEXP '[[:cntrl:]]'),
    name VARCHAR(100) NOT NULL,
    CONSTRAINT vestibule_cert_name_is_a_name
        CHECK (name <> '' AND name NOT REGEXP '[/?:#&%=+;]' AND name = TRIM(name) AND name NOT REGEXP '[[:cntrl:]]'),
    display_name VARCHAR(400) NOT NULL DEFAULT '',
    type VARCHAR(100) NOT NULL DEFAULT 'x509',
    certificate MEDIUMTEXT NOT NULL DEFAULT (''),
    -- Sealed when we wrote it; clear when plain SQL did, until it is sealed.
    private_key MEDIUMTEXT,
    version BIGINT NOT NULL DEFAULT 1,
    CONSTRAINT vestibule_cert_version_is_positive CHECK (version >= 1),
    revision BIGINT NOT NULL DEFAULT 1,
    key_owners TEXT NOT NULL DEFAULT ('*'),
    key_hosts TEXT NOT NULL DEFAULT (''),
    not_after BIGINT,
    created_at BIGINT NOT NULL DEFAULT (UNIX_TIMESTAMP()),
    updated_at BIGINT NOT NULL DEFAULT (UNIX_TIMESTAMP()),
    clear_id VARCHAR(36) AS (CASE WHEN private_key IS NOT NULL AND private_key <> '' AND SUBSTR(private_key, 1, 8) <> 'vsealed:' THEN id END) STORED,
    UNIQUE KEY vestibule_cert_owner_and_name_are_unique (owner, name),
    KEY vestibule_cert_clear (clear_id),
    KEY vestibule_cert_not_after (not_after, id),
    KEY vestibule_cert_updated (updated_at, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE BINARY_COLLATION;

CREATE TABLE vestibule_cert_version (
    cert_id VARCHAR(36) NOT NULL,
    version BIGINT NOT NULL,
    CONSTRAINT vestibule_cert_version_number_is_positive CHECK (version >= 1),
    state VARCHAR(10) NOT NULL,
    CONSTRAINT vestibule_cert_version_state_is_known CHECK (state IN ('next', 'retired')),
    certificate MEDIUMTEXT NOT NULL DEFAULT (''),
    private_key MEDIUMTEXT,
    not_after BIGINT,
    created_at BIGINT NOT NULL DEFAULT (UNIX_TIMESTAMP()),
    next_of VARCHAR(36) AS (CASE WHEN state = 'next' THEN cert_id END) STORED,
    clear_id VARCHAR(36) AS (CASE WHEN private_key IS NOT NULL AND private_key <> '' AND SUBSTR(private_key, 1, 8) <> 'vsealed:' THEN cert_id END) STORED,
    PRIMARY KEY (cert_id, version),
    UNIQUE KEY vestibule_cert_version_next (next_of),
    KEY vestibule_cert_version_clear (clear_id, version),
    CONSTRAINT vestibule_cert_version_of FOREIGN KEY (cert_id) REFERENCES vestibule_cert (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE BINARY_COLLATION;

CREATE TABLE vestibule_provider (
    id VARCHAR(36) NOT NULL DEFAULT (UUID()) PRIMARY KEY,
    CONSTRAINT vestibule_provider_id_is_a_lower_case_uuid
        CHECK (id REGEXP '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'),
    owner VARCHAR(100) NOT NULL,
    CONSTRAINT vestibule_provider_owner_is_a_name
        CHECK (owner <> '' AND owner NOT REGEXP '[/?:#&%=+;]' AND owner = TRIM(owner) AND owner NOT REGEXP '[[:cntrl:]]'),
    name VARCHAR(100) NOT NULL,
    CONSTRAINT vestibule_provider_name_is_a_name
        CHECK (name <> '' AND name NOT REGEXP '[/?:#&%=+;]' AND name = TRIM(name) AND name NOT REGEXP '[[:cntrl:]]'),
    display_name VARCHAR(400) NOT NULL DEFAULT '',
    category VARCHAR(100) NOT NULL DEFAULT 'OAuth',
    type VARCHAR(100) NOT NULL,
    CONSTRAINT vestibule_provider_type_is_not_empty CHECK (type <> ''),
    enabled SMALLINT NOT NULL DEFAULT 1,
    CONSTRAINT vestibule_provider_enabled_is_0_or_1 CHECK (enabled IN (0, 1)),
    config MEDIUMTEXT NOT NULL DEFAULT ('{}'),
    CONSTRAINT vestibule_provider_config_is_a_json_object CHECK (JSON_VALID(config) AND JSON_TYPE(config) = 'OBJECT'),
    examined MEDIUMTEXT NOT NULL DEFAULT (''),
    version BIGINT NOT NULL DEFAULT 1,
    CONSTRAINT vestibule_provider_version_is_positive CHECK (version >= 1),
    created_at BIGINT NOT NULL DEFAULT (UNIX_TIMESTAMP()),
    updated_at BIGINT NOT NULL DEFAULT (UNIX_TIMESTAMP()),
    unexamined_id VARCHAR(36) AS (CASE WHEN examined <> config THEN id END) STORED,
    sign_in_owner VARCHAR(100) AS (CASE WHEN enabled = 1 AND category = 'OAuth' THEN owner END) STORED,
    UNIQUE KEY vestibule_provider_owner_and_name_are_unique (owner, name),
    KEY vestibule_provider_type (type, id),
    -- What strangers may ask for, answered without a look at the rows.
    KEY vestibule_provider_sign_in (sign_in_owner, name, id),
    KEY vestibule_provider_unexamined (unexamined_id),
    KEY vestibule_provider_updated (updated_at, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE BINARY_COLLATION;

CREATE TABLE vestibule_provider_cert (
    provider_id VARCHAR(36) NOT NULL,
    field VARCHAR(100) NOT NULL,
    cert_name VARCHAR(400) NOT NULL,
    PRIMARY KEY (provider_id, field),
    KEY vestibule_provider_cert_name (cert_name, provider_id),
    CONSTRAINT vestibule_provider_cert_of FOREIGN KEY (provider_id) REFERENCES vestibule_provider (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE BINARY_COLLATION;

CREATE TABLE vestibule_change (
    number BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    at BIGINT NOT NULL,
    actor VARCHAR(400) NOT NULL,
    action VARCHAR(100) NOT NULL,
    what VARCHAR(20) NOT NULL,
    CONSTRAINT vestibule_change_what_is_known CHECK (what IN ('cert', 'provider')),
    row_id VARCHAR(36) NOT NULL,
    owner VARCHAR(100) NOT NULL,
    name VARCHAR(100) NOT NULL,
    version BIGINT,
    detail VARCHAR(2000) NOT NULL DEFAULT '',
    KEY vestibule_change_row (row_id, number),
    KEY vestibule_change_name (owner, name, number)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE BINARY_COLLATION;

CREATE TABLE vestibule_used_attempt (
    -- SHA-256 of the `state`, in hex: the `state` itself is nowhere.
    attempt_key VARCHAR(64) NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL,
    KEY vestibule_used_attempt_expires (expires_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE BINARY_COLLATION;

CREATE TABLE vestibule_setting (
    name VARCHAR(100) NOT NULL PRIMARY KEY,
    value MEDIUMTEXT NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE BINARY_COLLATION;
