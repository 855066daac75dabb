-- Every table is STRICT: a value of the wrong type (a BLOB from readfile(), say) is an error at once and no surprise later. Text compares byte by byte
-- (BINARY, SQLite's default). The checks below catch what a person who writes SQL by hand would otherwise not notice. An owner or name holds no control
-- character: browsers drop some of them from an address, so two names would share one. (GLOB and length see nothing behind a NUL, instr does.)

CREATE TABLE vestibule_cert (
    id TEXT NOT NULL PRIMARY KEY
        DEFAULT (lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-'
            || substr('89ab', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))))
        CONSTRAINT id_is_a_lower_case_uuid
            CHECK (id GLOB '????????-????-????-????-????????????' AND id NOT GLOB '*[^0-9a-f-]*'),
    owner TEXT NOT NULL
        CONSTRAINT owner_is_a_name
            CHECK (length(owner) BETWEEN 1 AND 100 AND owner NOT GLOB '*[/?:#&%=+;]*' AND trim(owner) = owner
                AND instr(owner, char(0)) = 0
                AND owner NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    name TEXT NOT NULL
        CONSTRAINT name_is_a_name
            CHECK (length(name) BETWEEN 1 AND 100 AND name NOT GLOB '*[/?:#&%=+;]*' AND trim(name) = name
                AND instr(name, char(0)) = 0
                AND name NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    display_name TEXT NOT NULL DEFAULT '',
    type TEXT NOT NULL DEFAULT 'x509',
    certificate TEXT NOT NULL DEFAULT '',
    -- Sealed when we wrote it; clear when plain SQL did, until it is sealed.
    private_key TEXT,
    -- Of the record's content. A sealed value opens only in the version for which it was sealed.
    version INTEGER NOT NULL DEFAULT 1
        CONSTRAINT version_is_positive CHECK (version >= 1),
    -- Unix seconds, as all times here.
    not_after INTEGER,
    created_at INTEGER NOT NULL DEFAULT (unixepoch()),
    updated_at INTEGER NOT NULL DEFAULT (unixepoch()),
    CONSTRAINT owner_and_name_are_unique UNIQUE (owner, name)
) STRICT;

-- Finds what is to be sealed without a look at all that is.
CREATE INDEX vestibule_cert_clear ON vestibule_cert (id)
    WHERE private_key IS NOT NULL AND private_key <> '' AND substr(private_key, 1, 8) <> 'vsealed:';

CREATE TABLE vestibule_provider (
    id TEXT NOT NULL PRIMARY KEY
        DEFAULT (lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-'
            || substr('89ab', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))))
        CONSTRAINT id_is_a_lower_case_uuid
            CHECK (id GLOB '????????-????-????-????-????????????' AND id NOT GLOB '*[^0-9a-f-]*'),
    owner TEXT NOT NULL
        CONSTRAINT owner_is_a_name
            CHECK (length(owner) BETWEEN 1 AND 100 AND owner NOT GLOB '*[/?:#&%=+;]*' AND trim(owner) = owner
                AND instr(owner, char(0)) = 0
                AND owner NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    name TEXT NOT NULL
        CONSTRAINT name_is_a_name
            CHECK (length(name) BETWEEN 1 AND 100 AND name NOT GLOB '*[/?:#&%=+;]*' AND trim(name) = name
                AND instr(name, char(0)) = 0
                AND name NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    display_name TEXT NOT NULL DEFAULT '',
    category TEXT NOT NULL DEFAULT 'OAuth',
    type TEXT NOT NULL
        CONSTRAINT type_is_not_empty CHECK (type <> ''),
    enabled INTEGER NOT NULL DEFAULT 1
        CONSTRAINT enabled_is_0_or_1 CHECK (enabled IN (0, 1)),
    config TEXT NOT NULL DEFAULT '{}'
        CONSTRAINT config_is_a_json_object CHECK (json_valid(config) AND json_type(config) = 'object'),
    version INTEGER NOT NULL DEFAULT 1
        CONSTRAINT version_is_positive CHECK (version >= 1),
    created_at INTEGER NOT NULL DEFAULT (unixepoch()),
    updated_at INTEGER NOT NULL DEFAULT (unixepoch()),
    CONSTRAINT owner_and_name_are_unique UNIQUE (owner, name)
) STRICT;

CREATE INDEX vestibule_provider_type ON vestibule_provider (type, id);

-- What strangers may ask for, answered without a look at the rows.
CREATE INDEX vestibule_provider_sign_in ON vestibule_provider (owner, name, id) WHERE enabled = 1 AND category = 'OAuth';

CREATE TABLE vestibule_attempt (
    -- SHA-256 of the `state`, in hex: the `state` itself is nowhere.
    key TEXT NOT NULL PRIMARY KEY,
    -- Sealed; empty once the attempt was taken.
    content TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    taken INTEGER NOT NULL DEFAULT 0
        CONSTRAINT taken_is_0_or_1 CHECK (taken IN (0, 1))
) STRICT;

CREATE INDEX vestibule_attempt_created ON vestibule_attempt (created_at);
CREATE INDEX vestibule_attempt_expires ON vestibule_attempt (expires_at);
