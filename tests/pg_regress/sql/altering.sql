--
-- Altering a protection and giving it back: in one step or not at all, no own list lost, and everything as it was
-- before acl_protect; and what acl_protect refuses beyond tests/pg_regress/sql/bad_input.sql.
--
\set VERBOSITY terse
-- what holds where the event triggers that refuse such DDL, or follow it, did not fire (ddl.sql tests them)
ALTER EVENT TRIGGER docacl_refuse_ddl DISABLE;
ALTER EVENT TRIGGER docacl_column_renamed DISABLE;
\set QUIET off
DO $$ BEGIN PERFORM acl_create_account('altering'); END $$;
SET docacl.account = 'altering';
DO $$ BEGIN
  PERFORM person('ann', 'Users');
  PERFORM person('bob', 'Users');
  PERFORM person('boss', 'Administrators');
  PERFORM acl_create('location', 'A');
  PERFORM acl_create('location', 'B');
  PERFORM acl_grant('ann', 'view', 'location', 'A');
END $$;
SELECT id AS a FROM docacl.resource WHERE kind = 'location' AND name = 'A' \gset
SELECT id AS b FROM docacl.resource WHERE kind = 'location' AND name = 'B' \gset

--
-- acl_unprotect puts back policies, ENABLE and FORCE, whatever they were; a second acl_protect does not forget them
--
CREATE TABLE al_before (rls boolean, force boolean, own boolean);
INSERT INTO al_before SELECT r, f, o FROM unnest(ARRAY[true, false]) AS r, unnest(ARRAY[true, false]) AS f, unnest(ARRAY[true, false]) AS o;
CREATE FUNCTION al_state(relation regclass) RETURNS text LANGUAGE sql AS
$$ SELECT concat_ws(' / ', (SELECT concat_ws(' ', relrowsecurity, relforcerowsecurity, relacl) FROM pg_class WHERE oid = relation),
     (SELECT string_agg(concat_ws(' ', polname, polcmd, polpermissive, polroles, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)), '; ' ORDER BY polname) FROM pg_policy WHERE polrelid = relation),
     (SELECT string_agg(concat_ws(' ', tgenabled, pg_get_triggerdef(oid)), '; ' ORDER BY tgname) FROM pg_trigger WHERE tgrelid = relation),
     (SELECT string_agg(concat_ws(' ', attname, atttypid::regtype, attnotnull), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = relation AND attnum > 0),
     (SELECT string_agg(pg_get_indexdef(indexrelid), '; ' ORDER BY indexrelid) FROM pg_index WHERE indrelid = relation)) $$;
SET client_min_messages = error;
DO $$
DECLARE
  x al_before;
  before text;
  protected text;
BEGIN
  FOR x IN SELECT * FROM al_before LOOP
    CREATE TABLE al_given (id int PRIMARY KEY, place bigint, title text);
    GRANT SELECT ON al_given TO PUBLIC;
    IF x.rls THEN ALTER TABLE al_given ENABLE ROW LEVEL SECURITY; END IF;
    IF x.force THEN ALTER TABLE al_given FORCE ROW LEVEL SECURITY; END IF;
    IF x.own THEN
      CREATE POLICY mine ON al_given FOR SELECT TO regress_app USING (id > 0);
      CREATE POLICY strict ON al_given AS RESTRICTIVE USING (id < 1000) WITH CHECK (id < 100);
    END IF;
    before := al_state('al_given');
    PERFORM acl_protect('al_given', '{"location": {"column": "place", "by": "id"}}', '{"key": "id"}');
    protected := al_state('al_given');
    PERFORM acl_protect('al_given', '{"location": {"column": "place", "by": "id"}}', '{"key": "id", "columns": {"title": "rename"}, "required": ["location"]}');
    PERFORM acl_protect('al_given', '{"location": {"column": "place", "by": "id"}}', '{"key": "id"}');
    ASSERT al_state('al_given') = protected, 'altering back is not what it was';
    ASSERT protected <> before;
    PERFORM acl_unprotect('al_given');
    ASSERT al_state('al_given') = before, format('%s: %s is not %s', x, al_state('al_given'), before);
    ASSERT NOT EXISTS (SELECT 1 FROM docacl.protected_table WHERE relation = 'al_given'::regclass);
    DROP TABLE al_given;
  END LOOP;
END $$;
RESET client_min_messages;

CREATE TABLE al_document (id int PRIMARY KEY, place bigint, place2 bigint, list bigint, list2 bigint, number int NOT NULL UNIQUE, title text);
GRANT SELECT, INSERT, UPDATE, DELETE ON al_document TO PUBLIC;
INSERT INTO al_document (id, place, number) VALUES (1, :a, 11), (2, :a, 12), (3, :b, 13), (4, :b, 14);
-- once unprotected, whoever is granted the table sees it all, and a WARNING says that it is no longer protected
DO $$ BEGIN PERFORM acl_protect('al_document', '{"location": {"column": "place", "by": "id"}}', '{"own_acl": "list", "default": true}'); END $$;
SELECT sees('ann', 'al_document') AS "1,2", sees('bob', 'al_document') AS nothing;
SELECT acl_unprotect('al_document');
SELECT sees('bob', 'al_document') AS "1,2,3,4";
-- there may be another default table now
CREATE TABLE al_other (id int PRIMARY KEY, place bigint);
DO $$ BEGIN PERFORM acl_protect('al_other', '{"location": {"column": "place", "by": "id"}}', '{"default": true}'); END $$;
SELECT complaint(NULL, $$ SELECT acl_protect('al_document', '{"location": {"column": "place", "by": "id"}}', '{"default": true}') $$);
DO $$ BEGIN PERFORM acl_protect('al_other', '{"location": {"column": "place", "by": "id"}}'); END $$;
DO $$ BEGIN PERFORM acl_protect('al_document', '{"location": {"column": "place", "by": "id"}}', '{"own_acl": "list", "default": true}'); END $$;
SELECT relation, is_default FROM docacl.protected_table ORDER BY relation::text;
-- what was protected and has become a child since can be given back
CREATE TABLE al_parent (id int NOT NULL);
ALTER TABLE al_other INHERIT al_parent;
SELECT acl_unprotect('al_other');
SELECT complaint(NULL, 'SELECT acl_unprotect(''al_other'')');
SELECT complaint(NULL, 'SELECT acl_unprotect(NULL)');
SELECT complaint(NULL, 'SELECT acl_unprotect(0)');
SELECT complaint('boss', 'SELECT acl_unprotect(''al_document'')');
SELECT complaint('boss', 'SELECT acl_protect(''al_document'', ''{"location": {"column": "place", "by": "id"}}'')');
SELECT attempt('system', 'SELECT acl_unprotect(''al_document'')') AS n1;
SELECT sees('bob', 'al_document') AS nothing;

--
-- altering: an error leaves all as it was, and no own list is lost
--
DO $$ BEGIN
  PERFORM acl_grant_row('bob', 'view', 'al_document', '3');
  PERFORM acl_set_row_inherits('al_document', '1', false);
END $$;
SELECT who, sees(who, 'al_document') FROM unnest(ARRAY['ann', 'bob', 'boss']) AS who;
CREATE TEMPORARY TABLE al_now AS SELECT al_state('al_document') AS state, (SELECT spec FROM docacl.protected_table WHERE relation = 'al_document'::regclass) AS spec;
\t on
\a
SELECT complaint(NULL, $$ SELECT acl_protect('al_document', '{"location": {"column": "place", "by": "id"}}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('al_document', '{"location": {"column": "place", "by": "id"}}', '{"own_acl": "list2"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('al_document', '{"location": {"column": "place", "by": "id"}}', '{"own_acl": "list", "key": "number"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('al_document', '{"location": {"column": "place2", "by": "id"}}', '{"own_acl": "list"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('al_document', '{"location": {"column": "place", "by": "id"}}', '{"own_acl": "list", "columns": {"title": "fly"}}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('al_document', '{"type": {"column": "place", "by": "id"}}', '{"own_acl": "list"}') $$);
\a
\t off
SELECT now.state = al_state('al_document') AS t, now.spec = p.spec AS t FROM al_now AS now, docacl.protected_table AS p WHERE p.relation = 'al_document'::regclass;
SELECT who, sees(who, 'al_document') FROM unnest(ARRAY['ann', 'bob', 'boss']) AS who;
-- the rest may change while rows have lists
DO $$ BEGIN PERFORM acl_protect('al_document', '{"location": {"column": "place", "by": "id"}}', '{"own_acl": "list", "required": ["location"], "columns": {"title": "rename"}, "default": true}'); END $$;
SELECT who, sees(who, 'al_document') FROM unnest(ARRAY['ann', 'bob', 'boss']) AS who;
-- ended and begun again, lists are what they were
SELECT acl_unprotect('al_document');
DO $$ BEGIN PERFORM acl_protect('al_document', '{"location": {"column": "place", "by": "id"}}', '{"own_acl": "list", "default": true}'); END $$;
SELECT who, sees(who, 'al_document') FROM unnest(ARRAY['ann', 'bob', 'boss']) AS who;
-- but none is taken for another row's, nor anything else for a list
SELECT acl_unprotect('al_document');
\t on
\a
SELECT complaint(NULL, $$ SELECT acl_protect('al_document', '{"location": {"column": "place", "by": "id"}}', '{"own_acl": "list", "key": "number"}') $$);
BEGIN;
UPDATE al_document SET list = (SELECT d.list FROM al_document AS d WHERE d.id = 3) WHERE id = 4;
SELECT complaint(NULL, $$ SELECT acl_protect('al_document', '{"location": {"column": "place", "by": "id"}}', '{"own_acl": "list"}') $$);
UPDATE al_document SET list = place WHERE id = 4;
SELECT complaint(NULL, $$ SELECT acl_protect('al_document', '{"location": {"column": "place", "by": "id"}}', '{"own_acl": "list"}') $$);
UPDATE al_document SET list = -7 WHERE id = 4;
SELECT complaint(NULL, $$ SELECT acl_protect('al_document', '{"location": {"column": "place", "by": "id"}}', '{"own_acl": "list"}') $$);
ROLLBACK;
\a
\t off
DO $$ BEGIN PERFORM acl_protect('al_document', '{"location": {"column": "place", "by": "id"}}', '{"own_acl": "list", "default": true}'); END $$;
-- the lists given up, as the hint says: any key and column will do
UPDATE al_document SET list = NULL;
DO $$ BEGIN PERFORM acl_protect('al_document', '{"location": {"column": "place", "by": "id"}}', '{"own_acl": "list2", "key": "number", "default": true}'); END $$;
SELECT who, sees(who, 'al_document') FROM unnest(ARRAY['ann', 'bob', 'boss']) AS who;
DO $$ BEGIN PERFORM acl_grant_row('bob', 'view', 'al_document', '13'); END $$;
SELECT sees('bob', 'al_document') AS "3", disagreements(ARRAY['ann', 'bob', 'boss', 'system'], 'al_document', 'number') AS n0;

--
-- what else acl_protect refuses
--
CREATE TABLE al_bad (
  id bigint PRIMARY KEY, place bigint, other bigint, owner bigint, at timestamptz, words text[], list bigint, nowhere int,
  doubled bigint GENERATED ALWAYS AS (place * 2) STORED, gone boolean GENERATED ALWAYS AS (at IS NOT NULL) STORED, title text, partly text, loud text
);
CREATE UNIQUE INDEX ON al_bad (partly) WHERE at IS NULL;
CREATE UNIQUE INDEX ON al_bad (lower(loud));
CREATE UNIQUE INDEX ON al_bad (list);
CREATE UNIQUE INDEX ON al_bad (other, owner);
CREATE TABLE al_keyless (place bigint, list bigint);
CREATE TABLE al_target (id bigint PRIMARY KEY, a bigint, UNIQUE (id, a));
CREATE TABLE al_fk1 (id int PRIMARY KEY, place bigint DEFAULT 1 REFERENCES al_target ON DELETE SET DEFAULT);
CREATE TABLE al_fk2 (id int PRIMARY KEY, place bigint REFERENCES al_target ON UPDATE SET NULL);
CREATE TABLE al_fk3 (id int PRIMARY KEY, place bigint, a bigint, FOREIGN KEY (place, a) REFERENCES al_target (id, a) ON DELETE SET NULL);
CREATE FOREIGN DATA WRAPPER regress_wrapper;
CREATE SERVER regress_server FOREIGN DATA WRAPPER regress_wrapper;
CREATE FOREIGN TABLE al_foreign (id bigint, place bigint) SERVER regress_server;
CREATE TYPE al_type AS (id bigint, place bigint);
CREATE TEMPORARY TABLE al_counts AS SELECT (SELECT count(*) FROM docacl.protected_table) AS tables, (SELECT count(*) FROM pg_policy) AS policies,
  (SELECT count(*) FROM pg_trigger) AS triggers, (SELECT count(*) FROM pg_class WHERE relrowsecurity OR relforcerowsecurity) AS secured;
\t on
\a
\echo === what is no ordinary table
SELECT complaint(NULL, $$ SELECT acl_protect('al_foreign', '{"location": {"column": "place", "by": "id"}}', '{"key": "id"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('al_type', '{"location": {"column": "place", "by": "id"}}', '{"key": "id"}') $$);
\echo === foreign keys that open a row
SELECT complaint(NULL, $$ SELECT acl_protect('al_fk1', '{"location": {"column": "place", "by": "id"}}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('al_fk2', '{"location": {"column": "place", "by": "id"}}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('al_fk3', '{"location": {"column": "place", "by": "id"}}') $$);
\echo === generated columns
SELECT complaint(NULL, $$ SELECT acl_protect('al_bad', '{"location": {"column": "place", "by": "id"}}', '{"owner": {"column": "doubled", "by": "id"}}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('al_bad', '{"location": {"column": "place", "by": "id"}}', '{"requester": {"column": "doubled", "by": "id"}}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('al_bad', '{"location": {"column": "place", "by": "id"}}', '{"own_acl": "doubled"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('al_bad', '{"location": {"column": "place", "by": "id"}}', '{"deleted": "gone"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('al_bad', '{"location": {"column": "place", "by": "id"}}', '{"immutable": "gone"}') $$);
\echo === types
SELECT complaint(NULL, $$ SELECT acl_protect('al_bad', '{"location": {"column": "place", "by": "id"}}', '{"deleted": "title"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('al_bad', '{"location": {"column": "place", "by": "id"}}', '{"deleted": "at", "deleted_by": {"column": "words", "by": "key"}}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('al_bad', '{"location": {"column": "place", "by": "id"}}', '{"deleted": "at", "deleted_by": {"column": "nowhere", "by": "id"}}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('al_bad', '{"location": {"column": "place", "by": "id"}}', '{"owner": "nowhere"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('al_bad', '{"location": {"column": "place", "by": "id"}}', '{"key": "at"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('al_bad', '{"location": {"column": "place", "by": "id"}}', '{"requester": 5}') $$);
\echo === keys that are not unique
SELECT complaint(NULL, $$ SELECT acl_protect('al_bad', '{"location": {"column": "place", "by": "id"}}', '{"key": "partly"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('al_bad', '{"location": {"column": "place", "by": "id"}}', '{"key": "loud"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('al_bad', '{"location": {"column": "place", "by": "id"}}', '{"key": "other"}') $$);
\echo === options that contradict each other
SELECT complaint(NULL, $$ SELECT acl_protect('al_bad', '{"location": {"column": "place", "by": "id"}}', '{"deleted_by": {"column": "owner", "by": "id"}}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('al_keyless', '{"location": {"column": "place", "by": "id"}}', '{"own_acl": "list"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('al_bad', '{"location": {"column": "place", "by": "id"}, "type": {"column": "place", "by": "id"}}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('al_bad', '{"location": {"column": "place", "by": "id"}}', '{"owner": {"column": "owner", "by": "id"}, "requester": {"column": "owner", "by": "id"}}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('al_bad', '{"location": {"column": "place", "by": "id"}}', '{"own_acl": "place"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('al_bad', '{"location": {"column": "place", "by": "id"}}', '{"immutable": "at", "deleted": "at"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('al_bad', '{"location": {"column": "place", "by": "id"}}', '{"own_acl": "list", "key": "list"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('al_bad', '{"location": {"column": "place", "by": "id"}}', '{"columns": {"id": "rename"}}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('al_bad', '{"location": {"column": "place", "by": "id"}}', '{"deleted": "at", "columns": {"at": "archive"}}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('al_bad', '{"location": {"column": "place", "by": "id"}, "function": {"constant": ["Orders"]}, "screen": {"constant": ["Other"]}}') $$);
\echo === words
SELECT complaint(NULL, $$ SELECT acl_protect('al_bad', '{"location": {"column": "place", "by": "id"}}', '{"columns": {"title": "edit"}}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('al_bad', '{"location": {"column": "place", "by": "id"}}', '{"columns": {"title": "rename, sign"}}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('al_bad', '{"location": {"column": "place", "by": "id"}}', '{"columns": {"title": null}}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('al_bad', '{"location": {"column": "place", "by": "id"}}', '{"required": "location"}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('al_bad', '{"location": {"column": "place", "by": "id"}}', '{"required": [1]}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('al_bad', '{"document": {"column": "place", "by": "id"}}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('al_bad', '{"function": {"constant": [" "]}}') $$);
SELECT complaint(NULL, $$ SELECT acl_protect('al_bad', '{"location": {"column": "place", "by": "id", "constant": ["A"]}}') $$);
\a
\t off
-- nothing was left behind
SELECT c.tables = (SELECT count(*) FROM docacl.protected_table) AS t, c.policies = (SELECT count(*) FROM pg_policy) AS t,
       c.triggers = (SELECT count(*) FROM pg_trigger) AS t, c.secured = (SELECT count(*) FROM pg_class WHERE relrowsecurity OR relforcerowsecurity) AS t FROM al_counts AS c;
-- what is right beside all that: a key that is a gate or an owner as well, an unlogged table, a flag of each type
CREATE UNLOGGED TABLE al_right (id bigint PRIMARY KEY, owner bigint UNIQUE, day date, at timestamp, yes boolean);
DO $$ BEGIN
  PERFORM acl_protect('al_right', '{"project": {"column": "id", "by": "id"}}', '{"immutable": "day", "deleted": "at", "columns": {"yes": "sign"}}');
  PERFORM acl_protect('al_right', '{"project": {"column": "id", "by": "id"}}', '{"key": "owner", "owner": {"column": "owner", "by": "id"}, "deleted": "yes"}');
  PERFORM acl_unprotect('al_right');
END $$;
SELECT count(*) AS n0 FROM docacl.protected_table WHERE relation = 'al_right'::regclass;
DROP FOREIGN DATA WRAPPER regress_wrapper CASCADE;
ALTER EVENT TRIGGER docacl_refuse_ddl ENABLE ALWAYS;
ALTER EVENT TRIGGER docacl_column_renamed ENABLE ALWAYS;
