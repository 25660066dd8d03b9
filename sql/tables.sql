-- The tables of docacl. They live in the fixed schema docacl, belong to the extension's owner and are changed
-- only through the acl_* functions. What refers to what is kept by sql/references.sql. The positions of columns are known to src/facts.rs (a test compares them).

DO $$
BEGIN
    IF pg_catalog.getdatabaseencoding() <> 'UTF8' THEN
        RAISE EXCEPTION 'docacl needs a database in UTF8, this one is in %', pg_catalog.getdatabaseencoding()
            USING ERRCODE = '0A000', HINT = 'Create a database with ENCODING ''UTF8''.';
    END IF;
END
$$;

CREATE SCHEMA docacl;
REVOKE ALL ON SCHEMA docacl FROM PUBLIC;

CREATE TABLE docacl.kind (
    name      text PRIMARY KEY,
    gate      text,
    rank      smallint NOT NULL DEFAULT 0,
    inherits  boolean NOT NULL,
    has_star  boolean NOT NULL,
    built_in  boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE docacl.kind IS 'Kinds of resource. Kinds of one gate are ranked outermost first; a kind without a gate holds grants but gates no rows.';
COMMENT ON COLUMN docacl.kind.inherits IS 'Whether resources made from now on inherit unless said otherwise.';
COMMENT ON COLUMN docacl.kind.has_star IS 'Whether every account has a resource * of this kind, a grant on which reaches every resource of the kind.';

CREATE TABLE docacl.action (
    bit       smallint PRIMARY KEY CHECK (bit BETWEEN 0 AND 62),
    name      text NOT NULL UNIQUE,
    built_in  boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE docacl.action IS 'Actions: the bits of grants.actions. Bits 40 to 62 are free for actions that a DBA adds.';

CREATE TABLE docacl.resource (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id  bigint NOT NULL,
    kind        text NOT NULL,
    parent_id   bigint,
    inherits    boolean NOT NULL,
    is_star     boolean NOT NULL DEFAULT false,
    name        text NOT NULL,
    key         text,
    relation    regclass,
    row_key     text,
    created_by  bigint,
    created_at  timestamptz NOT NULL DEFAULT now(),
    CHECK (parent_id <> id),
    CHECK ((kind = 'document') = (relation IS NOT NULL)),
    CHECK ((relation IS NULL) = (row_key IS NULL)),
    CHECK ((kind = 'account') = (account_id = id))
);
COMMENT ON TABLE docacl.resource IS 'What grants are given on. A resource of kind account is its own account; one of kind document is the own list of one row of a protected table.';
COMMENT ON COLUMN docacl.resource.inherits IS 'Whether it takes the grants of its parent. For a document: whether the list adds to the location (true) or stands instead of it (false).';
COMMENT ON COLUMN docacl.resource.key IS 'The application''s own identifier, unique per kind.';
CREATE UNIQUE INDEX resource_name ON docacl.resource (account_id, kind, parent_id, name) NULLS NOT DISTINCT WHERE kind NOT IN ('document', 'account');
CREATE UNIQUE INDEX resource_account_name ON docacl.resource (name) WHERE kind = 'account';
CREATE INDEX resource_by_name ON docacl.resource (account_id, kind, name) WHERE kind <> 'document';
CREATE UNIQUE INDEX resource_key ON docacl.resource (kind, key) WHERE key IS NOT NULL;
CREATE UNIQUE INDEX resource_row ON docacl.resource (relation, row_key) WHERE relation IS NOT NULL;
CREATE INDEX resource_parent ON docacl.resource (parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE docacl.principal (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id      bigint,
    kind            text NOT NULL CHECK (kind IN ('user', 'role', 'api_key', 'system')),
    name            text NOT NULL,
    email           text,
    key             text,
    enabled         boolean NOT NULL DEFAULT true,
    read_only       boolean NOT NULL DEFAULT false,
    valid_until     timestamptz,
    purpose         text NOT NULL DEFAULT 'normal' CHECK (purpose IN ('normal', 'approval', 'form')),
    is_default      boolean NOT NULL DEFAULT false,
    built_in        text CHECK (built_in IN ('system', 'administrators', 'users', 'everyone')),
    environment_id  bigint,
    created_by      bigint,
    created_at      timestamptz NOT NULL DEFAULT now(),
    email_folded    text GENERATED ALWAYS AS (lower(email)) STORED,
    CHECK ((kind = 'system') = (account_id IS NULL)),
    CHECK ((kind = 'system') = (id = 1)),
    CHECK ((kind = 'system') = (built_in IS NOT DISTINCT FROM 'system')),
    CHECK ((kind = 'api_key') = (environment_id IS NOT NULL)),
    CHECK (kind <> 'system' OR (enabled AND NOT read_only AND valid_until IS NULL))
);
COMMENT ON TABLE docacl.principal IS 'Who may hold grants: users, roles and API keys of an account, and system, which has none and passes every check.';
CREATE UNIQUE INDEX principal_name ON docacl.principal (account_id, name) NULLS NOT DISTINCT;
CREATE UNIQUE INDEX principal_email ON docacl.principal (email_folded) WHERE email_folded IS NOT NULL;
CREATE UNIQUE INDEX principal_key ON docacl.principal (key) WHERE key IS NOT NULL;
CREATE UNIQUE INDEX principal_built_in ON docacl.principal (account_id, built_in) WHERE built_in IS NOT NULL;

CREATE TABLE docacl.membership (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id   bigint NOT NULL,
    role_id      bigint NOT NULL,
    member_id    bigint NOT NULL,
    valid_from   timestamptz,
    valid_until  timestamptz,
    source       text NOT NULL DEFAULT 'manual' CHECK (source IN ('manual', 'creator', 'auto', 'mirror')),
    granted_by   bigint,
    granted_at   timestamptz NOT NULL DEFAULT now(),
    revoked_by   bigint,
    revoked_at   timestamptz,
    CHECK (role_id <> member_id),
    CHECK (valid_from < valid_until)
);
COMMENT ON TABLE docacl.membership IS 'Which principal is a member of which role, and when. A membership that was taken away is closed (revoked_at), not deleted.';
CREATE INDEX membership_member ON docacl.membership (member_id) WHERE revoked_at IS NULL;
CREATE INDEX membership_role ON docacl.membership (role_id) WHERE revoked_at IS NULL;

CREATE TABLE docacl.grants (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id    bigint NOT NULL,
    principal_id  bigint NOT NULL,
    resource_id   bigint NOT NULL,
    actions       bigint NOT NULL CHECK (actions > 0),
    valid_from    timestamptz,
    valid_until   timestamptz,
    source        text NOT NULL DEFAULT 'manual' CHECK (source IN ('manual', 'creator', 'auto', 'mirror')),
    note          text,
    granted_by    bigint,
    granted_at    timestamptz NOT NULL DEFAULT now(),
    revoked_by    bigint,
    revoked_at    timestamptz,
    on_row        boolean NOT NULL DEFAULT false,
    CHECK (valid_from < valid_until)
);
COMMENT ON COLUMN docacl.grants.on_row IS 'Whether the resource is a row''s own list: only such a grant opens a row by its own list.';
COMMENT ON TABLE docacl.grants IS 'Grants: additive only. A grant that was revoked is closed (revoked_at), not deleted; it holds in a transaction that sees it open.';
CREATE INDEX grants_principal ON docacl.grants (principal_id) WHERE revoked_at IS NULL;
CREATE INDEX grants_resource ON docacl.grants (resource_id) WHERE revoked_at IS NULL;
CREATE INDEX grants_pair ON docacl.grants (principal_id, resource_id) WHERE revoked_at IS NULL;

CREATE TABLE docacl.db_role (
    role_oid      oid PRIMARY KEY,
    role_name     name NOT NULL UNIQUE,
    principal_id  bigint
);
COMMENT ON TABLE docacl.db_role IS 'Which principal a database role is; without a principal: a trusted role, which may say who is asking.';

CREATE TABLE docacl.protected_table (
    relation    regclass PRIMARY KEY,
    spec        jsonb NOT NULL,
    is_default  boolean NOT NULL DEFAULT false,
    had_rls     boolean NOT NULL,
    had_force   boolean NOT NULL
);
COMMENT ON TABLE docacl.protected_table IS 'Protected tables: the gates and options that acl_protect was given, completed, and the row security that the table had before.';
CREATE UNIQUE INDEX protected_table_default ON docacl.protected_table (is_default) WHERE is_default;

CREATE TABLE docacl.event (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id  bigint,
    event       text NOT NULL,
    payload     jsonb NOT NULL,
    at          timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE docacl.event IS 'Outbox: what an application wants to hear of, written in the transaction that did it.';

-- Stamps: see ARCHITECTURE.md, "Freshness". Random values, so that a stamp written by a transaction that
-- rolled back is never met again (a counter would be: two attempts give the same number).
CREATE TABLE docacl.stamp (
    kind   smallint NOT NULL,
    id     bigint NOT NULL,
    value  uuid NOT NULL,
    part   bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (kind, id, part)
) WITH (fillfactor = 20);
COMMENT ON COLUMN docacl.stamp.part IS 'A stamp is all of its parts together: whoever finds them all held by other transactions adds one, and waits for nobody.';
COMMENT ON TABLE docacl.stamp IS 'One value per principal (kind 1: its grants, memberships and state) and per account (kind 2: parents, inherits and keys of existing resources), changed whenever what it stands for changes.';

REVOKE ALL ON ALL TABLES IN SCHEMA docacl FROM PUBLIC;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA docacl FROM PUBLIC;
