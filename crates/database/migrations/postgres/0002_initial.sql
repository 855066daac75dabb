-- The tables of schema 2, as they come of SQLite's steps 1 and 2, which have the reasons. Names compare byte by byte (COLLATE "C"). The checks catch what a
-- person who writes SQL by hand would otherwise not notice.

CREATE TABLE vestibule_cert (
    id text COLLATE "C" NOT NULL DEFAULT (gen_random_uuid()::text)
        CONSTRAINT vestibule_cert_id_is_a_lower_case_uuid CHECK (id ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'),
    owner text COLLATE "C" NOT NULL
        CONSTRAINT vestibule_cert_owner_is_a_name
            CHECK (char_length(owner) BETWEEN 1 AND 100 AND owner !~ '[/?:#&%=+;]' AND owner = btrim(owner)
                AND owner !~ U&'[\0001-\001F\007F-\009F]'),
    name text COLLATE "C" NOT NULL
        CONSTRAINT vestibule_cert_name_is_a_name
            CHECK (char_length(name) BETWEEN 1 AND 100 AND name !~ '[/?:#&%=+;]' AND name = btrim(name)
                AND name !~ U&'[\0001-\001F\007F-\009F]'),
    display_name text NOT NULL DEFAULT '',
    type text NOT NULL DEFAULT 'x509',
    certificate text NOT NULL DEFAULT '',
    -- Sealed when we wrote it; clear when plain SQL did, until it is sealed.
    private_key text,
    version bigint NOT NULL DEFAULT 1
        CONSTRAINT vestibule_cert_version_is_positive CHECK (version >= 1),
    revision bigint NOT NULL DEFAULT 1,
    key_owners text NOT NULL DEFAULT '*',
    key_hosts text NOT NULL DEFAULT '',
    not_after bigint,
    created_at bigint NOT NULL DEFAULT (extract(epoch FROM now())::bigint),
    updated_at bigint NOT NULL DEFAULT (extract(epoch FROM now())::bigint),
    CONSTRAINT vestibule_cert_pkey PRIMARY KEY (id),
    CONSTRAINT vestibule_cert_owner_and_name_are_unique UNIQUE (owner, name)
);

CREATE INDEX vestibule_cert_clear ON vestibule_cert (id)
    WHERE private_key IS NOT NULL AND private_key <> '' AND substr(private_key, 1, 8) <> 'vsealed:';

CREATE INDEX vestibule_cert_not_after ON vestibule_cert (not_after, id);

CREATE INDEX vestibule_cert_updated ON vestibule_cert (updated_at, id);

CREATE TABLE vestibule_cert_version (
    cert_id text COLLATE "C" NOT NULL REFERENCES vestibule_cert (id) ON DELETE CASCADE,
    version bigint NOT NULL
        CONSTRAINT vestibule_cert_version_number_is_positive CHECK (version >= 1),
    state text COLLATE "C" NOT NULL
        CONSTRAINT vestibule_cert_version_state_is_known CHECK (state IN ('next', 'retired')),
    certificate text NOT NULL DEFAULT '',
    private_key text,
    not_after bigint,
    created_at bigint NOT NULL DEFAULT (extract(epoch FROM now())::bigint),
    PRIMARY KEY (cert_id, version)
);

CREATE UNIQUE INDEX vestibule_cert_version_next ON vestibule_cert_version (cert_id) WHERE state = 'next';

CREATE INDEX vestibule_cert_version_clear ON vestibule_cert_version (cert_id, version)
    WHERE private_key IS NOT NULL AND private_key <> '' AND substr(private_key, 1, 8) <> 'vsealed:';

CREATE TABLE vestibule_provider (
    id text COLLATE "C" NOT NULL DEFAULT (gen_random_uuid()::text)
        CONSTRAINT vestibule_provider_id_is_a_lower_case_uuid CHECK (id ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'),
    owner text COLLATE "C" NOT NULL
        CONSTRAINT vestibule_provider_owner_is_a_name
            CHECK (char_length(owner) BETWEEN 1 AND 100 AND owner !~ '[/?:#&%=+;]' AND owner = btrim(owner)
                AND owner !~ U&'[\0001-\001F\007F-\009F]'),
    name text COLLATE "C" NOT NULL
        CONSTRAINT vestibule_provider_name_is_a_name
            CHECK (char_length(name) BETWEEN 1 AND 100 AND name !~ '[/?:#&%=+;]' AND name = btrim(name)
                AND name !~ U&'[\0001-\001F\007F-\009F]'),
    display_name text NOT NULL DEFAULT '',
    category text COLLATE "C" NOT NULL DEFAULT 'OAuth',
    type text COLLATE "C" NOT NULL
        CONSTRAINT vestibule_provider_type_is_not_empty CHECK (type <> ''),
    enabled smallint NOT NULL DEFAULT 1
        CONSTRAINT vestibule_provider_enabled_is_0_or_1 CHECK (enabled IN (0, 1)),
    config text NOT NULL DEFAULT '{}'
        CONSTRAINT vestibule_provider_config_is_a_json_object CHECK (json_typeof(config::json) = 'object'),
    examined text NOT NULL DEFAULT '',
    version bigint NOT NULL DEFAULT 1
        CONSTRAINT vestibule_provider_version_is_positive CHECK (version >= 1),
    created_at bigint NOT NULL DEFAULT (extract(epoch FROM now())::bigint),
    updated_at bigint NOT NULL DEFAULT (extract(epoch FROM now())::bigint),
    CONSTRAINT vestibule_provider_pkey PRIMARY KEY (id),
    CONSTRAINT vestibule_provider_owner_and_name_are_unique UNIQUE (owner, name)
);

CREATE INDEX vestibule_provider_type ON vestibule_provider (type, id);

-- What strangers may ask for, answered without a look at the rows.
CREATE INDEX vestibule_provider_sign_in ON vestibule_provider (owner, name, id) WHERE enabled = 1 AND category = 'OAuth';

CREATE INDEX vestibule_provider_unexamined ON vestibule_provider (id) WHERE examined <> config;

CREATE INDEX vestibule_provider_updated ON vestibule_provider (updated_at, id);

CREATE TABLE vestibule_provider_cert (
    provider_id text COLLATE "C" NOT NULL REFERENCES vestibule_provider (id) ON DELETE CASCADE,
    field text COLLATE "C" NOT NULL,
    cert_name text COLLATE "C" NOT NULL,
    PRIMARY KEY (provider_id, field)
);

CREATE INDEX vestibule_provider_cert_name ON vestibule_provider_cert (cert_name, provider_id);

CREATE TABLE vestibule_change (
    number bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    at bigint NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    what text NOT NULL
        CONSTRAINT vestibule_change_what_is_known CHECK (what IN ('cert', 'provider')),
    row_id text COLLATE "C" NOT NULL,
    owner text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    version bigint,
    detail text NOT NULL DEFAULT ''
);

CREATE INDEX vestibule_change_row ON vestibule_change (row_id, number);

CREATE INDEX vestibule_change_name ON vestibule_change (owner, name, number);

CREATE TABLE vestibule_used_attempt (
    -- SHA-256 of the `state`, in hex: the `state` itself is nowhere.
    attempt_key text COLLATE "C" NOT NULL PRIMARY KEY,
    expires_at bigint NOT NULL
);

CREATE INDEX vestibule_used_attempt_expires ON vestibule_used_attempt (expires_at);

CREATE TABLE vestibule_setting (
    name text COLLATE "C" NOT NULL PRIMARY KEY,
    value text NOT NULL
);
