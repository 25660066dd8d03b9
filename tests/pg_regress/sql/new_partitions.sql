--
-- What DDL does to protected partitioned tables: partitions that come are protected at once, those that go stay closed.
--
\set VERBOSITY terse
DO $$ BEGIN PERFORM acl_create_account('ddl'); END $$;
SET docacl.account = 'ddl';
SELECT acl_create('location', 'A') AS a, acl_create('location', 'B') AS b \gset
DO $$ BEGIN
  PERFORM person('reader', 'Users');
  PERFORM person('writer', 'Users');
  PERFORM person('none', 'Users');
  PERFORM acl_grant('reader', 'view', 'location', 'A');
  PERFORM acl_grant('writer', 'enter, view, write, add, delete, move', 'location', 'A');
END $$;
CREATE ROLE regress_owner LOGIN;
CREATE TABLE dd_doc (id int, shelf text, place bigint, own bigint, PRIMARY KEY (id, shelf)) PARTITION BY LIST (shelf);
CREATE TABLE dd_one PARTITION OF dd_doc FOR VALUES IN ('one');
SELECT count(*) AS n0 FROM acl_protect('dd_doc', '{"place": {"column": "place", "by": "id"}}', '{"own_acl": "own"}') WHERE severity = 'error';
GRANT ALL ON SCHEMA public TO regress_owner;
ALTER TABLE dd_doc OWNER TO regress_owner;
ALTER TABLE dd_one OWNER TO regress_owner;

-- made by whoever owns the table, in every way there is
SET ROLE regress_owner;
CREATE TABLE dd_two PARTITION OF dd_doc FOR VALUES IN ('two') PARTITION BY RANGE (id);
CREATE TABLE dd_two_low PARTITION OF dd_two FOR VALUES FROM (MINVALUE) TO (100);
CREATE TABLE dd_three (own bigint, place bigint, id int NOT NULL, shelf text NOT NULL);
CREATE TABLE dd_four (id int NOT NULL, shelf text NOT NULL, place bigint, own bigint) PARTITION BY RANGE (id);
CREATE TABLE dd_four_low PARTITION OF dd_four FOR VALUES FROM (MINVALUE) TO (100);
ALTER TABLE dd_doc ATTACH PARTITION dd_three FOR VALUES IN ('three');
ALTER TABLE dd_doc ATTACH PARTITION dd_four FOR VALUES IN ('four');
RESET ROLE;
CREATE SCHEMA dd_schema CREATE TABLE dd_five PARTITION OF public.dd_doc FOR VALUES IN ('five');
ALTER TABLE dd_schema.dd_five SET SCHEMA public;
GRANT SELECT, INSERT, UPDATE, DELETE ON dd_doc, dd_one, dd_two, dd_two_low, dd_three, dd_four, dd_four_low, dd_five TO PUBLIC;
INSERT INTO dd_doc (id, shelf, place) VALUES (1, 'one', :a), (2, 'two', :a), (3, 'three', :a), (4, 'four', :a), (5, 'five', :a), (12, 'two', :b), (13, 'three', :b);
SELECT c.relname, c.relrowsecurity AS t, c.relforcerowsecurity AS t,
       (SELECT count(*) FROM pg_policy WHERE polrelid = c.oid) AS n5,
       (SELECT string_agg(tgname || ' ' || tgenabled::text, ', ' ORDER BY tgname) FROM pg_trigger WHERE tgrelid = c.oid) AS triggers
  FROM pg_class c WHERE relname ~ '^dd_' AND relkind IN ('r', 'p') ORDER BY 1;
SELECT rel, sees('reader', rel) AS reader, sees('none', rel) AS none, attempt('none', 'DELETE FROM ' || rel) AS n0, attempt('none', 'TRUNCATE ' || rel) AS "42501"
  FROM unnest(ARRAY['dd_doc', 'dd_one', 'dd_two', 'dd_two_low', 'dd_three', 'dd_four', 'dd_four_low', 'dd_five']) WITH ORDINALITY AS r(rel, i) ORDER BY i;
SELECT * FROM acl_check('dd_doc') WHERE severity = 'error';
SELECT attempt('none', format('INSERT INTO dd_three (id, shelf, place) VALUES (6, ''three'', %s)', :a)) AS "42501",
       attempt('writer', format('INSERT INTO dd_three (id, shelf, place) VALUES (6, ''three'', %s)', :a)) AS n1;
SELECT attempt('writer', 'UPDATE dd_doc SET shelf = ''four'' WHERE id = 3') AS n1;
-- no foreign partition
SET client_min_messages = error;
CREATE FOREIGN DATA WRAPPER dd_fdw;
CREATE SERVER dd_server FOREIGN DATA WRAPPER dd_fdw;
RESET client_min_messages;
CREATE TABLE dd_plain (id int, shelf text, place bigint) PARTITION BY LIST (shelf);
SELECT count(*) AS n0 FROM acl_protect('dd_plain', '{"place": {"column": "place", "by": "id"}}') WHERE severity = 'error';
SELECT complaint(NULL, $$CREATE FOREIGN TABLE dd_far PARTITION OF dd_plain FOR VALUES IN ('far') SERVER dd_server$$);
SELECT max(oid) AS before FROM pg_policy WHERE polrelid = 'dd_one'::regclass \gset
-- a policy of docacl's name, written before, counts for nothing
CREATE TABLE dd_six (id int NOT NULL, shelf text NOT NULL, place bigint, own bigint);
CREATE POLICY docacl_select ON dd_six USING (true);
CREATE POLICY docacl_insert ON dd_six USING (true);
ALTER TABLE dd_six ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE dd_doc ATTACH PARTITION dd_six FOR VALUES IN ('six');
GRANT SELECT ON dd_six TO PUBLIC;
INSERT INTO dd_six (id, shelf, place) VALUES (8, 'six', :b);
SELECT sees('reader', 'dd_six') AS nothing, count(*) AS n5 FROM pg_policy WHERE polrelid = 'dd_six'::regclass;
-- its sisters are left alone
SELECT max(oid) = :before AS t FROM pg_policy WHERE polrelid = 'dd_one'::regclass;
DROP TABLE dd_six;
-- partitions of other tables are nobody's business
CREATE TABLE dd_free (id int) PARTITION BY LIST (id);
CREATE TABLE dd_free_one PARTITION OF dd_free FOR VALUES IN (1);
SELECT relrowsecurity AS f FROM pg_class WHERE relname = 'dd_free_one';

-- what is refused on a protected table is refused on its partitions
CREATE FUNCTION dd_trigger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TABLE dd_place (id bigint PRIMARY KEY);
SELECT complaint(NULL, $$CREATE TRIGGER "~later" BEFORE UPDATE ON dd_one FOR EACH ROW EXECUTE FUNCTION dd_trigger()$$);
SELECT complaint(NULL, $$ALTER TABLE dd_one ADD CONSTRAINT dd_null FOREIGN KEY (place) REFERENCES dd_place ON DELETE SET NULL NOT VALID$$);
DROP TABLE dd_place;
-- columns renamed in the root are renamed in every partition's protection
BEGIN;
ALTER TABLE dd_doc RENAME COLUMN place TO location;
SELECT rel, sees('reader', rel) AS reader FROM unnest(ARRAY['dd_doc', 'dd_one', 'dd_two_low', 'dd_three']) WITH ORDINALITY AS r(rel, i) ORDER BY i;
SELECT attempt('writer', format('UPDATE dd_one SET location = %s', :b)) AS "42501", attempt('writer', 'UPDATE dd_doc SET shelf = ''four'' WHERE id = 3') AS n1;
ROLLBACK;

-- detached, it stays protected as a table of its own
SELECT acl_grant_row('none', 'view', 'dd_doc', '13') AS t;
SET ROLE regress_owner;
ALTER TABLE dd_doc DETACH PARTITION dd_three;
ALTER TABLE dd_doc DETACH PARTITION dd_two;
RESET ROLE;
SELECT relation, had_rls AS f, partitions FROM docacl.protected_table WHERE relation::text ~ '^dd_' ORDER BY 1;
SELECT c.relname, c.relrowsecurity AS t, c.relforcerowsecurity AS t,
       (SELECT count(*) FROM pg_policy WHERE polrelid = c.oid) AS n5,
       (SELECT string_agg(tgname || ' ' || tgenabled::text, ', ' ORDER BY tgname) FROM pg_trigger WHERE tgrelid = c.oid) AS triggers
  FROM pg_class c WHERE relname ~ '^dd_t' AND relkind IN ('r', 'p') ORDER BY 1;
SELECT rel, sees('reader', rel) AS reader, sees('none', rel) AS none, attempt('none', 'DELETE FROM ' || rel) AS n0, attempt('writer', 'TRUNCATE ' || rel) AS "42501"
  FROM unnest(ARRAY['dd_doc', 'dd_three', 'dd_two', 'dd_two_low']) WITH ORDINALITY AS r(rel, i) ORDER BY i;
SELECT attempt('writer', format('UPDATE dd_three SET place = %s WHERE id = 3', :b)) AS "42501",
       attempt('writer', format('INSERT INTO dd_three (id, shelf, place) VALUES (7, ''x'', %s)', :b)) AS "42501";
SELECT row_key, relation FROM docacl.resource WHERE kind = 'document' AND relation::text ~ '^dd_';
SELECT * FROM acl_check() WHERE severity = 'error' AND object ~ 'dd_';
-- given back, it can be attached again
SET client_min_messages = error;
DO $$ BEGIN PERFORM acl_unprotect('dd_two'); END $$;
RESET client_min_messages;
ALTER TABLE dd_doc ATTACH PARTITION dd_two FOR VALUES IN ('two');
SELECT sees('reader', 'dd_two') AS "2", sees('none', 'dd_two_low') AS nothing;
