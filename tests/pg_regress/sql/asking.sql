--
-- Asking: acl_can, acl_actions and acl_require, of rows and of resources, about oneself and about others.
-- What they say is what the statements do.
--
\set VERBOSITY terse
DO $$ BEGIN PERFORM acl_create_account('asking'); END $$;
SET docacl.account = 'asking';
SELECT acl_create('location', 'Open') AS open \gset
SELECT acl_create('location', 'Closed') AS closed \gset
SELECT acl_create('screen', 'Desk') AS desk \gset
DO $$ BEGIN
  PERFORM acl_create_role('Readers');
  PERFORM acl_create_role('Writers');
  PERFORM acl_grant('Readers', 'view', 'location', 'Open');
  PERFORM acl_grant('Writers', 'write', 'location', 'Open');
  PERFORM person('ann', 'Readers');
  PERFORM person('bob', 'Readers', 'Writers');
  PERFORM person('out', 'Users');
  PERFORM person('boss', 'Administrators');
END $$;
CREATE ROLE regress_as_ann LOGIN;
CREATE ROLE regress_as_boss LOGIN;
DO $$ BEGIN PERFORM acl_map('regress_as_ann', 'ann'); PERFORM acl_map('regress_as_boss', 'boss'); END $$;

-- three tables: keyed by bigint and the default one, by uuid, by text
CREATE TABLE as_document (id bigint PRIMARY KEY, place bigint, owner text, requester text, title text);
CREATE TABLE as_scan (id uuid PRIMARY KEY, place bigint, title text);
CREATE TABLE as_note (name text PRIMARY KEY, place bigint);
GRANT SELECT, INSERT, UPDATE, DELETE ON as_document, as_scan, as_note TO PUBLIC;
DO $$ BEGIN
  PERFORM acl_protect('as_document', '{"place": {"column": "place", "by": "id"}}', '{"key": "id", "owner": "owner", "requester": "requester", "default": true}');
  PERFORM acl_protect('as_scan', '{"place": {"column": "place", "by": "id"}}', '{"key": "id"}');
  PERFORM acl_protect('as_note', '{"place": {"column": "place", "by": "id"}}', '{"key": "name"}');
END $$;
INSERT INTO as_document VALUES
  (1, :open, NULL, NULL, 'open'), (2, :closed, NULL, NULL, 'closed'), (3, :closed, NULL, 'asking:ann', 'requested by ann'),
  (4, NULL, 'asking:ann', NULL, 'in the intray of ann');
INSERT INTO as_scan VALUES ('00000000-0000-0000-0000-000000000001', :open, 'open'), ('00000000-0000-0000-0000-000000000002', :closed, 'closed');
INSERT INTO as_note VALUES ('it''s "open"/ü', :open), ('closed', :closed);

--
-- rows: by the key in the default table, by table and key
--
SELECT acl_can('ann', 1, 'view') AS t, acl_can('ann', 1, 'write') AS f, acl_can('bob', 1, 'write') AS t, acl_can('out', 1, 'view') AS f;
SELECT acl_can('ann', '1', 'view') AS t, acl_can('ann', 1::int, 'view') AS t, acl_can('ann', 1::smallint, 'view') AS t;
SELECT acl_can_row('ann', 'as_scan', '00000000-0000-0000-0000-000000000001', 'view') AS t,
       acl_can_row('ann', 'as_scan', '00000000-0000-0000-0000-000000000002', 'view') AS f,
       acl_can_row('ann', 'as_note', 'it''s "open"/ü', 'view') AS t,
       acl_can_row('ann', 'as_note', 'closed', 'view') AS f;
-- a row that is not there is no, to everybody
SELECT acl_can('ann', 99, 'view') AS f, acl_can('boss', 99, 'view') AS f, acl_can('system', 99, 'view') AS f,
       acl_can_row('boss', 'as_note', 'not there', 'view') AS f, acl_can_row('boss', 'as_document', 'no number', 'view') AS f,
       acl_can_row('boss', 'as_document', '99999999999999999999', 'view') AS f, acl_can_row('boss', 'as_scan', 'no uuid', 'view') AS f,
       acl_actions('boss', 99) AS "{}";

-- words: sets ask their one bit, a list asks all of its words, case and hyphens do not matter
SELECT acl_can('bob', 1, 'VIEW') AS t, acl_can('bob', 1, 'edit') AS t, acl_can('bob', 1, 'view, edit') AS t, acl_can('ann', 1, 'view, edit') AS f,
       acl_can('bob', 1, 'change') AS t, acl_can('bob', 1, 'rename') AS f, acl_can('bob', 1, 'Reading Request') AS t,
       acl_can('bob', 1, 'reading-request') AS t, acl_can('bob', 1, 'full') AS f, acl_can('bob', 1, 'see') AS t, acl_can('bob', 1, 'open') AS t,
       acl_can('bob', 1, 'guest') AS t;
-- never "no" to a word that means nothing
SELECT complaint(NULL, 'SELECT acl_can(''bob'', 1, ''fly'')') LIMIT 1;
SELECT complaint(NULL, 'SELECT acl_can(''bob'', 99, ''fly'')') LIMIT 1;
SELECT complaint(NULL, 'SELECT acl_can(''bob'', 1, '''')') LIMIT 1;
SELECT complaint(NULL, 'SELECT acl_can(''bob'', 1, ''view,,edit'')') LIMIT 1;
SELECT complaint(NULL, 'SELECT acl_can(''nobody'', 1, ''view'')');
SELECT complaint(NULL, 'SELECT acl_can_row(''bob'', ''pg_class'', ''1'', ''view'')');

-- everything allowed, as a user interface needs it
SELECT who, acl_actions(who, 1) AS "1", acl_actions(who, 2) AS "2", acl_actions(who, 3) AS "3", acl_actions(who, 4) AS "4"
  FROM unnest(ARRAY['ann', 'bob', 'out']) AS who;
SELECT cardinality(acl_actions('boss', 2)) = cardinality(acl_actions('system', 2)) AS t, acl_actions('boss', 2) @> '{read,write,add,security,store}' AS t;
SELECT acl_actions_row('bob', 'as_scan', '00000000-0000-0000-0000-000000000001') = acl_actions('bob', 1) AS t;
-- the requester views and edits, and no more, wherever it lies; the owner of an unfiled row changes it
SELECT acl_can('ann', 3, 'view') AS t, acl_can('ann', 3, 'edit') AS t, acl_can('ann', 3, 'delete') AS f, acl_can('ann', 4, 'delete') AS t,
       acl_can('bob', 3, 'view') AS f, acl_can('bob', 4, 'view') AS f;

--
-- resources
--
SELECT acl_can_on('ann', 'location', 'Open', 'view') AS t, acl_can_on('ann', 'folder', 'Closed', 'view') AS f, acl_can_on('bob', 'location', 'Open', 'write') AS t,
       acl_can_on('ann', 'screen', 'Desk', 'open') AS f, acl_can_on('ann', 'location', :open, 'view') AS t, acl_can_on('boss', 'screen', 'Desk', 'change') AS t,
       acl_can_on('system', 'report', 'Desk', 'change') AS t;
SELECT acl_actions_on('ann', 'location', 'Open'), acl_actions_on('ann', 'location', 'Closed') AS "{}";
SELECT complaint(NULL, 'SELECT acl_can_on(''ann'', ''location'', ''Nowhere'', ''view'')');
SELECT complaint(NULL, 'SELECT acl_can_on(''ann'', ''colour'', ''Open'', ''view'')');
SELECT complaint(NULL, 'SELECT acl_can_on(''ann'', ''location'', ''Open'', ''fly'')') LIMIT 1;
-- of the kind document: the row
SELECT acl_can_on('ann', 'document', '1', 'view') AS t, acl_can_on('ann', 'document', '2', 'view') AS f;

--
-- viewpoint of ann: about herself freely, about others not
--
SET ROLE regress_as_ann;
SELECT acl_user() AS ann, acl_user_id() IS NOT NULL AS t;
SELECT id, title, acl_can(id, 'view') AS t, acl_can(id, 'edit') AS edit, acl_can(id, 'delete') AS delete FROM as_document WHERE f_leak(title) ORDER BY id;
SELECT acl_can(2, 'view') AS f, acl_can(99, 'view') AS f, acl_actions(2) AS "{}", acl_actions(1);
SELECT acl_can_row('as_note', 'it''s "open"/ü', 'view') AS t, acl_can_row('as_note', 'closed', 'view') AS f,
       acl_can_on('location', 'Open', 'view') AS t;
SELECT acl_can('ann', 1, 'view') AS t;                      -- herself by name
-- what she may not see is answered like what does not exist
SELECT acl_can_on('location', 'Closed', 'view') AS f, acl_can_on('location', 'Nowhere', 'view') AS f;
SELECT complaint(NULL, 'SELECT acl_require(1, ''view'')');
SELECT complaint(NULL, 'SELECT acl_require(1, ''write'')');
SELECT complaint(NULL, 'SELECT acl_require(2, ''view'')');
SELECT complaint(NULL, 'SELECT acl_require(99, ''view'')');
SELECT complaint(NULL, 'SELECT acl_require_row(''as_note'', ''closed'', ''view'')');
SELECT complaint(NULL, 'SELECT acl_require_on(''location'', ''Open'', ''view'')');
SELECT complaint(NULL, 'SELECT acl_require_on(''location'', ''Open'', ''write'')');
SELECT complaint(NULL, 'SELECT acl_require_on(''location'', ''Closed'', ''view'')');
SELECT complaint(NULL, 'SELECT acl_require_on(''location'', ''Nowhere'', ''view'')');
SELECT complaint(NULL, 'SELECT acl_require(1, ''fly'')') LIMIT 1;
-- about others
SELECT complaint(NULL, 'SELECT acl_can(''bob'', 1, ''view'')');
SELECT complaint(NULL, 'SELECT acl_actions(''bob'', 1)');
SELECT complaint(NULL, 'SELECT acl_can_on(''bob'', ''location'', ''Open'', ''view'')');
SELECT complaint(NULL, 'SELECT acl_can(''not there'', 1, ''view'')');
RESET ROLE;

-- viewpoint of the admin, who may administer all of them
SET ROLE regress_as_boss;
SELECT acl_can('ann', 1, 'view') AS t, acl_can('out', 1, 'view') AS f, acl_actions('ann', 1) @> '{read}' AS t;
SELECT complaint(NULL, 'SELECT acl_can(''not there'', 1, ''view'')');
RESET ROLE;

-- viewpoint of the application's role, trusted to ask about others
SET ROLE regress_app;
SELECT acl_can('ann', 1, 'view') AS t, acl_can('out', 1, 'view') AS f, acl_can_on('ann', 'location', 'Open', 'view') AS t;
SELECT acl_user() IS NULL AS t, acl_can(1, 'view') AS f, acl_actions(1) AS "{}";
SELECT complaint(NULL, 'SELECT acl_require(1, ''view'')');
RESET ROLE;

-- viewpoint of a role that is nobody
SET ROLE regress_stranger;
SELECT acl_user() IS NULL AS t, acl_can(1, 'view') AS f;
SELECT count(*) AS n0 FROM as_document WHERE f_leak(title);
SELECT complaint(NULL, 'SELECT acl_can(''ann'', 1, ''view'')');
SELECT complaint(NULL, 'INSERT INTO as_document (id) VALUES (99)');
RESET ROLE;

-- NULL in, and no answer out: an error, not NULL or "no"
SELECT complaint(NULL, 'SELECT acl_can(NULL, 1, ''view'')');
SELECT complaint(NULL, 'SELECT acl_can(''ann'', NULL::bigint, ''view'')');
SELECT complaint(NULL, 'SELECT acl_can(''ann'', 1, NULL)');
SELECT complaint(NULL, 'SELECT acl_can_row(''ann'', NULL, ''1'', ''view'')');
SELECT complaint(NULL, 'SELECT acl_can_on(''ann'', NULL, ''Open'', ''view'')');

-- one truth, for each table and everyone
SELECT disagreements(ARRAY['ann', 'bob', 'out', 'boss', 'system'], 'as_document') AS n0,
       disagreements(ARRAY['ann', 'bob', 'out', 'boss', 'system'], 'as_scan') AS n0,
       disagreements(ARRAY['ann', 'bob', 'out', 'boss', 'system'], 'as_note', 'name') AS n0;
-- and for each action of the default table: what acl_can says the statement does
SELECT who, id,
       acl_can(who, id, 'edit') = (attempt(who, format('UPDATE as_document SET title = ''x'' WHERE id = %s', id)) = '1') AS t,
       acl_can(who, id, 'delete') = (attempt(who, format('DELETE FROM as_document WHERE id = %s', id)) = '1') AS t
  FROM unnest(ARRAY['ann', 'bob', 'out', 'boss']) AS who, as_document ORDER BY who, id;
