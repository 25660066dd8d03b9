--
-- DDL on protected tables: renamed columns are followed, what would open a way around is refused when it is made.
--
\set VERBOSITY terse
DO $$ BEGIN PERFORM acl_create_account('ddl'); END $$;
SET docacl.account = 'ddl';
DO $$ BEGIN
  PERFORM acl_create('location', 'A', key => 'a');
  PERFORM acl_create('location', 'B', key => 'b');
  PERFORM person('alice', 'Users');
  PERFORM acl_grant('alice', 'read, write', 'location', 'A');
END $$;
CREATE ROLE regress_alice LOGIN;
CREATE ROLE regress_owner;
DO $$ BEGIN PERFORM acl_map('regress_alice', 'alice'); END $$;
CREATE TABLE doc (id bigint PRIMARY KEY, place text, owner bigint, own bigint, gone boolean NOT NULL DEFAULT false, title text, body text);
CREATE TABLE plain (id bigint PRIMARY KEY, place text UNIQUE);
GRANT SELECT, INSERT, UPDATE, DELETE ON doc TO PUBLIC;
DO $$ BEGIN
  PERFORM acl_protect('doc', '{"location": "place"}', '{"owner": {"column": "owner", "by": "id"}, "own_acl": "own",
    "deleted": "gone", "default": true, "columns": {"title": "rename"}}');
END $$;
INSERT INTO doc SELECT i, CASE WHEN i % 2 = 0 THEN 'a' ELSE 'b' END, NULL, NULL, false, 't', 'b' FROM generate_series(1, 6) i;
ALTER TABLE doc OWNER TO regress_owner;
ALTER TABLE plain OWNER TO regress_owner;
GRANT CREATE ON SCHEMA public TO regress_owner;
CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN new.place := 'a'; RETURN new; END $$;
SELECT sees('alice', 'doc') AS "2,4,6";
SELECT attempt('alice', 'UPDATE doc SET body = ''x'' WHERE id = 2') AS n1;
SELECT attempt('alice', 'UPDATE doc SET title = ''x'' WHERE id = 2') AS "42501";

--
-- the table's owner, who has no right on docacl's tables, renames every column of the spec
--
SET ROLE regress_owner;
ALTER TABLE doc RENAME id TO number;
ALTER TABLE doc RENAME COLUMN place TO location;
ALTER TABLE doc RENAME owner TO "Its owner";
ALTER TABLE doc RENAME own TO list;
ALTER TABLE doc RENAME gone TO deleted;
ALTER TABLE doc RENAME title TO name;
ALTER TABLE doc RENAME body TO content;
RESET ROLE;
SELECT spec FROM docacl.protected_table WHERE relation = 'doc'::regclass;
SELECT count(*) AS n1 FROM pg_trigger, docacl.protected_table AS p
WHERE tgrelid = p.relation AND tgname = '~docacl_row' AND tgenabled = 'A'
  AND encode(substr(tgargs, 1, length(tgargs) - 1), 'escape')::jsonb = p.spec;
SET ROLE regress_alice;
SELECT count(*) AS n3 FROM doc;
UPDATE doc SET content = 'y' WHERE number = 2;
UPDATE doc SET name = 'y' WHERE number = 2;              -- fail
UPDATE doc SET location = 'b' WHERE number = 2;          -- fail
UPDATE doc SET deleted = true WHERE number = 2;          -- fail
UPDATE doc SET "Its owner" = 1 WHERE number = 2;         -- fail
INSERT INTO doc VALUES (7, 'a');                         -- fail
SELECT acl_can('2', 'write') AS t, acl_can('1', 'read') AS f, acl_can('2', 'rename') AS f;
RESET ROLE;
-- two names exchanged: each right stays with its column
BEGIN;
ALTER TABLE doc RENAME name TO x;
ALTER TABLE doc RENAME content TO name;
ALTER TABLE doc RENAME x TO content;
SET LOCAL ROLE regress_alice;
UPDATE doc SET name = 'z' WHERE number = 2;
UPDATE doc SET content = 'z' WHERE number = 2;           -- fail
ROLLBACK;
-- the same session after the rollback
SET ROLE regress_alice;
UPDATE doc SET content = 'z' WHERE number = 2;
UPDATE doc SET name = 'z' WHERE number = 2;              -- fail
RESET ROLE;
-- a renamed table is the same table; a table that is not protected is not our business
ALTER TABLE doc RENAME TO document;
ALTER TABLE plain RENAME place TO somewhere;
ALTER TABLE plain RENAME somewhere TO place;
SET ROLE regress_alice;
SELECT count(*) AS n3 FROM document;
UPDATE document SET name = 'z' WHERE number = 2;         -- fail
RESET ROLE;
ALTER TABLE document RENAME TO doc;

--
-- what would open a way around, also by the table's owner
--
\set VERBOSITY default
CREATE TRIGGER "~later" BEFORE UPDATE ON doc FOR EACH ROW EXECUTE FUNCTION meddle();        -- fail
\set VERBOSITY terse
CREATE TRIGGER before BEFORE UPDATE ON doc FOR EACH ROW EXECUTE FUNCTION meddle();
ALTER TRIGGER before ON doc RENAME TO "~later";                                             -- fail
CREATE TRIGGER "~later" AFTER UPDATE ON doc FOR EACH ROW EXECUTE FUNCTION meddle();
DROP TRIGGER before ON doc;
DROP TRIGGER "~later" ON doc;
CREATE TRIGGER "~later" BEFORE UPDATE ON plain FOR EACH ROW EXECUTE FUNCTION meddle();
DROP TRIGGER "~later" ON plain;
\set VERBOSITY default
CREATE TABLE child () INHERITS (doc);                                                       -- fail
\set VERBOSITY terse
CREATE TABLE child (LIKE doc);
ALTER TABLE child INHERIT doc;                                                              -- fail
CREATE TABLE parent (number bigint);
ALTER TABLE doc INHERIT parent;                                                             -- fail
\set VERBOSITY default
ALTER TABLE doc ADD CONSTRAINT nulls FOREIGN KEY (location) REFERENCES plain (place) ON DELETE SET NULL NOT VALID;  -- fail
\set VERBOSITY terse
ALTER TABLE doc ADD CONSTRAINT nulls FOREIGN KEY (location) REFERENCES plain (place) ON UPDATE SET DEFAULT NOT VALID;  -- fail
ALTER TABLE doc ADD CONSTRAINT restricts FOREIGN KEY (location) REFERENCES plain (place) ON DELETE RESTRICT NOT VALID;
ALTER TABLE doc DROP CONSTRAINT restricts;
ALTER TABLE doc ADD CONSTRAINT nulls FOREIGN KEY (content) REFERENCES plain (place) ON DELETE SET NULL NOT VALID;
ALTER TABLE doc DROP CONSTRAINT nulls;

--
-- nobody calls the functions
--
SELECT count(*) AS n0 FROM pg_proc WHERE oid IN ('docacl.column_renamed'::regproc, 'docacl.refuse_ddl'::regproc)
  AND has_function_privilege('regress_alice', oid, 'EXECUTE');
SELECT docacl.column_renamed();                                                             -- fail

-- the end of protection opens it all again
DO $$ BEGIN PERFORM acl_unprotect('doc'); END $$;
CREATE TRIGGER "~later" BEFORE UPDATE ON doc FOR EACH ROW EXECUTE FUNCTION meddle();
ALTER TABLE child INHERIT doc;
DROP TABLE child, parent, doc, plain;
DROP FUNCTION meddle();
REVOKE CREATE ON SCHEMA public FROM regress_owner;
DROP ROLE regress_alice, regress_owner;
