-- A large installation, as its application would make it: tables of its own, which docacl's mirrors follow, and a table
-- of documents, protected before the first row comes. Keys of principals are unique over users and roles, hence texts.

\set ON_ERROR_STOP on
CREATE EXTENSION docacl;
CREATE SCHEMA app;
-- Number 0 … n - 1 out of a number, apart for every seed.
CREATE FUNCTION app.pick(i bigint, seed bigint, n bigint) RETURNS bigint IMMUTABLE PARALLEL SAFE LANGUAGE sql
RETURN (hashint8extended(i, seed) & 9007199254740991) % n;

CREATE TABLE app.environment (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE app.company (id bigint PRIMARY KEY, name text NOT NULL, environment_id bigint NOT NULL REFERENCES app.environment);
CREATE TABLE app.place (id bigint PRIMARY KEY, name text NOT NULL, parent_id bigint REFERENCES app.place);
CREATE INDEX ON app.place (parent_id);
CREATE TABLE app.role (id text PRIMARY KEY, name text NOT NULL);
CREATE TABLE app.person (id text PRIMARY KEY, name text NOT NULL, email text NOT NULL, role text NOT NULL REFERENCES app.role);
CREATE TABLE app.member (role text NOT NULL REFERENCES app.role, person text NOT NULL REFERENCES app.person, PRIMARY KEY (role, person));
CREATE INDEX ON app.member (person);
CREATE INDEX ON app.person (role);
CREATE INDEX ON app.company (environment_id);
-- Who keeps which place: a rule grants it.
CREATE TABLE app.keeper (place_id bigint NOT NULL REFERENCES app.place, person text NOT NULL REFERENCES app.person, PRIMARY KEY (place_id, person));
CREATE INDEX ON app.keeper (person);
CREATE TABLE app.document (
    id           bigint PRIMARY KEY,
    title        text NOT NULL,
    place_id     bigint NOT NULL REFERENCES app.place,
    type_id      bigint NOT NULL,
    company_id   bigint NOT NULL REFERENCES app.company,
    created_by   text,
    own_acl      bigint
) WITH (autovacuum_enabled = false);

-- Its folders take what is granted above them.
SELECT acl_set_kind('location', true) \g /dev/null
SELECT acl_mirror('app.environment', 'environment', 'id', 'name'),
       acl_mirror('app.company', 'company', 'id', 'name', parent_column => 'environment_id'),
       acl_mirror('app.place', 'location', 'id', 'name', parent_column => 'parent_id'),
       acl_mirror('app.role', 'role', 'id', 'name'),
       acl_mirror('app.person', 'user', 'id', 'name', email_column => 'email', role_column => 'role'),
       acl_mirror_members('app.member', 'role', 'person'),
       acl_auto_grant('app.keeper', 'person', 'location', 'view', 'place_id') \g /dev/null
SELECT acl_protect('app.document',
    '{"location": {"column": "place_id", "by": "key"}, "document_type": {"column": "type_id", "by": "id"}, "company": {"column": "company_id", "by": "key"}}',
    '{"key": "id", "owner": "created_by", "own_acl": "own_acl", "default": true}') \g /dev/null
