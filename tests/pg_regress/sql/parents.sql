--
-- Tables whose rows are decided by another table's rows: lines by their document, pages by their content; own gates beside.
--
\set VERBOSITY terse
\set QUIET off
DO $$ BEGIN PERFORM acl_create_account('parents'); END $$;
SET docacl.account = 'parents';
DO $$ BEGIN
  PERFORM person('ann', 'Users');
  PERFORM person('bob', 'Users');
  PERFORM person('cy', 'Users');
  PERFORM person('boss', 'Administrators');
  PERFORM acl_create('location', 'A', key => 'a');
  PERFORM acl_create('location', 'B', key => 'b');
  PERFORM acl_create('document type', 'T', key => 't');
  -- ann changes what is in A and reads B; bob reads A, without download; cy previews and reads A, and holds T
  PERFORM acl_grant('ann', 'change', 'location', 'A');
  PERFORM acl_grant('ann', 'view', 'location', 'B');
  PERFORM acl_grant('bob', 'read', 'location', 'A');
  PERFORM acl_grant('cy', 'read, preview, write', 'location', 'A');
  PERFORM acl_grant('cy', 'read, write', 'document type', 'T');
END $$;
CREATE TABLE pr_document (id int PRIMARY KEY, place text, title text);
CREATE TABLE pr_line (id int PRIMARY KEY, document_id int, note text);
CREATE TABLE pr_content (id int PRIMARY KEY, document_id int REFERENCES pr_document ON DELETE CASCADE ON UPDATE CASCADE, bytes text);
CREATE TABLE pr_page (id int PRIMARY KEY, content_id int, bytes text);
CREATE TABLE pr_typed (id int PRIMARY KEY, document_id int, type text, note text);
GRANT SELECT, INSERT, UPDATE, DELETE ON pr_document, pr_line, pr_content, pr_page, pr_typed TO PUBLIC;

--
-- bad input
--
SELECT complaint(NULL, $$SELECT acl_protect('pr_line', '{"parent": {"relation": "pr_document", "column": "document_id"}}')$$);
DO $$ BEGIN PERFORM acl_protect('pr_document', '{"place": "place"}'); END $$;
SELECT statement, complaint(NULL, format('SELECT acl_protect(''pr_line'', %L, %L)', gates, options)) FROM (VALUES
  (1, '{"parent": "pr_document"}', '{}'),
  (2, '{"parent": {"relation": "pr_document"}}', '{}'),
  (3, '{"parent": {"relation": "pr_document", "column": "no"}}', '{}'),
  (4, '{"parent": {"relation": "pr_document", "column": "note"}}', '{}'),
  (5, '{"parent": {"relation": "pr_document", "column": ["id", "document_id"]}}', '{}'),
  (6, '{"parent": {"relation": "pr_document", "column": ["id", "id"]}}', '{}'),
  (7, '{"parent": {"relation": "no_such", "column": "document_id"}}', '{}'),
  (8, '{"parent": {"relation": "pr_line", "column": "document_id"}}', '{}'),
  (9, '{"parent": {"relation": "pr_document", "column": "document_id", "x": 1}}', '{}'),
  (10, '{"parent": {"relation": "pr_document", "column": "document_id", "actions": {"select": "sing"}}}', '{}'),
  (11, '{"parent": {"relation": "pr_document", "column": "document_id", "actions": {"truncate": "read"}}}', '{}'),
  (12, '{"parent": {"relation": "pr_document", "column": "document_id", "actions": {"select": 1}}}', '{}'),
  (13, '{"parent": {"relation": "pr_document", "column": "document_id"}}', '{"parent": {"relation": "pr_document", "column": "document_id"}}'),
  (14, '{"parent": {"relation": "pr_document", "column": "document_id"}}', '{"requester": "note"}'),
  (15, '{}', '{}')) AS bad(statement, gates, options);

DO $$ BEGIN
  PERFORM acl_protect('pr_line', '{"parent": {"relation": "pr_document", "column": "document_id"}}');
  PERFORM acl_protect('pr_content', '{}', '{"parent": {"relation": "pr_document", "column": "document_id", "actions": {"select": "download"}}}');
  PERFORM acl_protect('pr_page', '{"parent": {"relation": "public.pr_content", "column": "content_id"}}');
  PERFORM acl_protect('pr_typed', '{"type": "type", "parent": {"relation": "pr_document", "column": "document_id"}}');
END $$;
-- a cycle
SELECT complaint(NULL, $$SELECT acl_protect('pr_document', '{"place": "place", "parent": {"relation": "pr_page", "column": "id"}}')$$);
-- nothing to report but what is said of every table
SELECT * FROM acl_check('pr_line') WHERE severity = 'error';
SELECT * FROM acl_check('pr_typed') WHERE severity = 'error';

INSERT INTO pr_document VALUES (1, 'a', 'one'), (2, 'b', 'two'), (3, 'a', 'three');
INSERT INTO pr_line SELECT i, i, 'line ' || i FROM generate_series(1, 3) AS i;
INSERT INTO pr_line VALUES (4, NULL, 'line of nothing');
INSERT INTO pr_content SELECT i, i, 'content ' || i FROM generate_series(1, 3) AS i;
INSERT INTO pr_page SELECT i, i, 'page ' || i FROM generate_series(1, 3) AS i;
INSERT INTO pr_typed VALUES (1, 1, 't', 'typed'), (2, 2, 't', 'typed'), (3, 1, NULL, 'untyped'), (4, NULL, 't', 'of nothing');
-- references are checked for exempt sessions too
SELECT complaint(NULL, 'INSERT INTO pr_line VALUES (9, 99, ''x'')');
SELECT complaint(NULL, 'UPDATE pr_line SET document_id = 99 WHERE id = 1');

--
-- what everybody sees, and the law
--
SELECT who, sees(who, 'pr_document') AS documents, sees(who, 'pr_line') AS lines, sees(who, 'pr_content') AS contents,
       sees(who, 'pr_page') AS pages, sees(who, 'pr_typed') AS typed
  FROM unnest(ARRAY['ann', 'bob', 'cy', 'boss', 'system']) AS who;
SELECT t, disagreements(ARRAY['ann', 'bob', 'cy', 'boss', 'system'], t) AS n0
  FROM unnest(ARRAY['pr_document', 'pr_line', 'pr_content', 'pr_page', 'pr_typed']) AS t;
SELECT who, acl_can_row(who, 'pr_line', '1', 'write') AS write, acl_can_row(who, 'pr_line', '1', 'delete') AS delete,
       acl_can_row(who, 'pr_line', '1', 'add') AS add, acl_can_row(who, 'pr_content', '1', 'read') AS read_content,
       acl_can_row(who, 'pr_line', '4', 'read') AS null_parent, acl_actions_row(who, 'pr_typed', '1') AS actions
  FROM unnest(ARRAY['ann', 'bob', 'cy']) AS who;
SELECT complaint('bob', $$SELECT acl_require_row('pr_line', '1', 'write')$$);

--
-- what everybody may do: insert, update, delete ask write of the document
--
SELECT who, attempt(who, 'INSERT INTO pr_line VALUES (10, 1, ''x'')') AS in_a,
       attempt(who, 'INSERT INTO pr_line VALUES (10, 2, ''x'')') AS in_b,
       attempt(who, 'INSERT INTO pr_line VALUES (10, NULL, ''x'')') AS in_nothing,
       attempt(who, 'UPDATE pr_line SET note = ''!'' WHERE f_snoop(note)') AS update,
       attempt(who, 'DELETE FROM pr_line WHERE f_snoop(note)') AS delete,
       attempt(who, 'UPDATE pr_line SET document_id = 3 WHERE id = 1') AS move_to_a,
       attempt(who, 'UPDATE pr_line SET document_id = 2 WHERE id = 1') AS move_to_b,
       attempt(who, 'SELECT 1 FROM pr_line FOR UPDATE') AS locks
  FROM unnest(ARRAY['ann', 'bob', 'cy', 'boss', 'system']) AS who;
SELECT complaint('ann', 'INSERT INTO pr_line VALUES (10, 2, ''x'')');
SELECT complaint('boss', 'INSERT INTO pr_line VALUES (10, 99, ''x'')');
SELECT complaint('system', 'INSERT INTO pr_line VALUES (10, 99, ''x'')');
-- content: nothing is read without download, though it may be written
SELECT who, attempt(who, 'INSERT INTO pr_content VALUES (10, 1, ''x'')') AS insert,
       attempt(who, 'UPDATE pr_content SET bytes = ''!''') AS blind_update, attempt(who, 'DELETE FROM pr_content') AS delete
  FROM unnest(ARRAY['ann', 'bob', 'cy']) AS who;
-- pages: parents of parents
SELECT who, attempt(who, 'INSERT INTO pr_page VALUES (10, 1, ''x'')') AS insert, attempt(who, 'UPDATE pr_page SET bytes = ''!'' WHERE f_snoop(bytes)') AS update
  FROM unnest(ARRAY['ann', 'bob', 'cy', 'boss']) AS who;
-- own gates beside a parent: both must open
SELECT who, attempt(who, 'INSERT INTO pr_typed VALUES (10, 1, ''t'', ''x'')') AS insert, attempt(who, 'UPDATE pr_typed SET note = ''!'' WHERE f_snoop(note)') AS update,
       attempt(who, 'DELETE FROM pr_typed WHERE f_snoop(note)') AS delete
  FROM unnest(ARRAY['ann', 'bob', 'cy', 'boss', 'system']) AS who;

-- an attacker's function is shown nothing
BEGIN;
DO $$ BEGIN PERFORM become('bob'); END $$;
SELECT id FROM pr_line WHERE f_leak(note) ORDER BY id;
SELECT count(*) AS n0 FROM pr_content WHERE f_leak(bytes);
ROLLBACK;
-- nobody
SET ROLE regress_stranger;
SELECT count(*) AS n0 FROM pr_line;
RESET ROLE;

-- a prepared statement is judged anew
CREATE ROLE regress_pr_bob LOGIN;
DO $$ BEGIN PERFORM acl_map('regress_pr_bob', 'bob'); END $$;
SET ROLE regress_pr_bob;
SET plan_cache_mode = force_generic_plan;
PREPARE lines AS SELECT string_agg(id::text, ',' ORDER BY id) FROM pr_line WHERE note <> $1;
EXECUTE lines('');
RESET ROLE;
DO $$ BEGIN PERFORM acl_revoke('bob', 'read', 'location', 'A'); PERFORM acl_grant('bob', 'read', 'location', 'B'); END $$;
SET ROLE regress_pr_bob;
EXECUTE lines('');
-- parallel workers see the same
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT count(*) FROM pr_line;
SELECT string_agg(id::text, ',' ORDER BY id) AS "2" FROM pr_line;
RESET ROLE;

-- a document that moves or goes takes its lines along
UPDATE pr_document SET place = 'b' WHERE id = 1;
SELECT sees('bob', 'pr_line') AS "1,2";
UPDATE pr_document SET id = 20 WHERE id = 2;
SELECT sees('bob', 'pr_line') AS "1", sees('ann', 'pr_content') AS contents, disagreements(ARRAY['ann', 'bob', 'cy', 'boss', 'system'], 'pr_line') AS n0;

-- the parent stays protected while it has children, keyed as it is
SELECT complaint(NULL, $$SELECT acl_unprotect('pr_document')$$);
CREATE UNIQUE INDEX ON pr_document (title);
SELECT complaint(NULL, $$SELECT acl_protect('pr_document', '{"place": "place"}', '{"key": "title"}')$$);
-- renamed, it stays the parent, for reading and for writing
ALTER TABLE pr_document RENAME TO pr_paper;
SELECT sees('bob', 'pr_line') AS "1", attempt('ann', 'INSERT INTO pr_line VALUES (10, 3, ''x'')') AS "1";
SELECT object, finding FROM acl_check('pr_line') WHERE severity = 'error';
ALTER TABLE pr_paper RENAME TO pr_document;
-- an application's permissive policy does not let in when the parent goes with CASCADE
CREATE TABLE pr_open (id int PRIMARY KEY, document_id int);
GRANT SELECT ON pr_open TO PUBLIC;
INSERT INTO pr_open VALUES (1, 3), (2, 20);
CREATE POLICY everybody ON pr_open USING (true);
DO $$ BEGIN PERFORM acl_protect('pr_open', '{"parent": {"relation": "pr_document", "column": "document_id"}}'); END $$;
SELECT sees('ann', 'pr_open') AS "1,2", sees('cy', 'pr_open') AS "1";
SELECT object, finding FROM acl_check('pr_open') WHERE severity = 'error';
SELECT complaint(NULL, 'DROP TABLE pr_document') LIMIT 1;
SET client_min_messages = error;
DROP TABLE pr_document CASCADE;
RESET client_min_messages;
SELECT sees('ann', 'pr_open') AS nothing, sees('ann', 'pr_line') AS nothing, sees('boss', 'pr_typed') AS nothing,
       attempt('ann', 'INSERT INTO pr_line VALUES (10, 3, ''x'')') AS "1", acl_can_row('ann', 'pr_line', '3', 'read') AS f;
