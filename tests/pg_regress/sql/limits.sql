--
-- limits: the most that anybody but admins and system may do to rows under a resource, whatever is granted and to whom.
--
\set VERBOSITY terse
DO $$ BEGIN PERFORM acl_create_account('limits'); PERFORM acl_create_account('other'); PERFORM acl_create_kind('month', true); END $$;
SET docacl.account = 'other';
DO $$ BEGIN PERFORM acl_create('location', 'Theirs'); PERFORM person('foreign', 'Administrators'); END $$;
SET docacl.account = 'limits';
SELECT acl_create('environment', 'E') AS e \gset
SELECT acl_create('location', 'Top') AS top \gset
SELECT acl_create('location', 'Sub', 'Top') AS sub \gset
SELECT acl_create('location', 'Else') AS "else" \gset
SELECT acl_create('project', 'Old') AS old \gset
SELECT acl_create('project', 'Part', 'Old', inherits => false) AS part \gset
SELECT acl_create('project', 'New') AS new \gset
SELECT acl_create('month', 'May') AS may \gset
DO $$ BEGIN
  PERFORM person('viewer', 'Users'), person('editor', 'Users'), person('manager', 'Users'), person('asker', 'Users');
  PERFORM person('owner', 'Users'), person('guest', 'Users'), person('boss', 'Administrators'), person('none', 'Users');
  PERFORM acl_alter_user('guest', read_only => true);
  PERFORM acl_grant('viewer', 'view', k, '*'), acl_grant('editor', 'change', k, '*'), acl_grant('manager', 'full', k, '*'),
          acl_grant('guest', 'change', k, '*'), acl_grant('owner', 'change', k, '*')
  FROM unnest(ARRAY['location', 'project', 'month']) AS k;
  PERFORM acl_grant('editor', 'enter', 'location', '*'), acl_grant('editor', 'change', 'account', 'limits');
  PERFORM acl_grant('manager', 'write', 'function', f) FROM unnest(ARRAY['Projects', 'Project Authorizations', 'Role Authorizations']) AS f;
  PERFORM acl_create_role('readers'), acl_grant('readers', 'change', 'environment', 'E'), acl_grant('readers', 'change', 'project', '*');
END $$;
CREATE TABLE li (id int PRIMARY KEY, place bigint, project bigint, month bigint, env bigint, list bigint, owner text, requester text,
  fixed boolean DEFAULT false, signed_at date, body text DEFAULT 'body');
GRANT SELECT, INSERT, UPDATE, DELETE ON li TO PUBLIC;
SELECT count(*) AS n0 FROM acl_protect('li', '{"location": {"column": "place", "by": "id"}, "project": {"column": "project", "by": "id"},
    "month": {"column": "month", "by": "id"}, "environment": {"column": "env", "by": "id"}}',
  '{"key": "id", "own_acl": "list", "owner": "owner", "requester": "requester", "immutable": "fixed", "columns": {"signed_at": "sign"}, "default": true}')
WHERE severity = 'error';
INSERT INTO li (id, place, project, owner, requester) VALUES
  (1, NULL, :old, NULL, NULL),             -- in the old project
  (2, :sub, :part, NULL, NULL),            -- in a part of it that inherits nothing, below Top
  (3, :sub, NULL, NULL, NULL),             -- below Top, in no project
  (4, :else, :new, NULL, NULL),            -- what no limit below is about
  (5, :else, :old, NULL, 'limits:asker'),  -- in the old project, requested
  (6, NULL, NULL, 'limits:owner', NULL),   -- in the owner's intray
  (7, :sub, NULL, NULL, NULL);             -- below Top, with a list that stands instead of it
DO $$ BEGIN
  PERFORM acl_grant_row('none', 'view, edit, delete', 'li', '7');
  PERFORM acl_set_row_inherits('li', '7', false);
END $$;
CREATE TABLE people (n serial, who text);
INSERT INTO people (who) SELECT unnest(ARRAY['viewer', 'editor', 'manager', 'asker', 'owner', 'guest', 'none', 'boss', 'foreign', 'system']);
-- what everybody sees and may change, and that SELECT, acl_can_row and acl_may say the same
CREATE VIEW everybody AS
  SELECT who, sees(who, 'li') AS sees, attempt(who, 'UPDATE li SET body = ''x''') AS changes, attempt(who, 'DELETE FROM li') AS deletes,
         sees(who, '(SELECT id FROM li l WHERE acl_may(l, ''write'')) AS may') AS may
  FROM people WHERE who <> 'foreign' ORDER BY n;
CREATE FUNCTION in_other(statement text) RETURNS text LANGUAGE plpgsql SET docacl.account = 'other' AS
$$ BEGIN RETURN attempt('foreign', statement); END $$;

-- without a limit
SELECT * FROM everybody;

-- archived: view is left, also of the part that inherits no grant; requester and owner are no exception, nor is who may grant
DO $$ BEGIN PERFORM acl_set_limit('project', 'Old', 'view'); END $$;
SELECT * FROM everybody;
SELECT disagreements(ARRAY['viewer', 'editor', 'manager', 'asker', 'owner', 'guest', 'none', 'boss'], 'li') AS n0;
SELECT who, array_to_string(acl_actions_row(who, 'li', '1'), ',') AS one, array_to_string(acl_actions_row(who, 'li', '5'), ',') AS requested
FROM people WHERE who NOT IN ('foreign', 'system', 'boss') ORDER BY n;
SELECT acl_can_row('boss', 'li', '1', 'full') AS t, acl_can_row('system', 'li', '2', 'delete') AS t;
-- no new row, none moved in, none moved out; the admin may
SELECT attempt('editor', format('INSERT INTO li (id, project) VALUES (10, %s)', p)) AS "42501, 42501, 1"
FROM (VALUES (1, :old), (2, :part), (3, :new)) AS v(n, p) ORDER BY n;
SELECT attempt('manager', format('UPDATE li SET project = %s WHERE id = 4', :old)) AS "42501",
       attempt('manager', format('UPDATE li SET project = %s WHERE id = 1', :new)) AS n0,
       attempt('manager', 'UPDATE li SET project = NULL WHERE id = 5') AS n0, attempt('manager', 'UPDATE li SET signed_at = now() WHERE id = 1') AS n0,
       attempt('asker', 'UPDATE li SET body = ''x'' WHERE id = 5') AS n0, attempt('editor', 'SELECT 1 FROM li WHERE id IN (1, 4) FOR UPDATE') AS n1,
       attempt('editor', 'MERGE INTO li USING (SELECT 1 AS id) s ON li.id = s.id WHEN MATCHED THEN UPDATE SET body = ''x''') AS "42501",
       attempt('boss', format('UPDATE li SET project = %s WHERE id = 4', :old)) AS n1, attempt('boss', 'DELETE FROM li WHERE id = 1') AS n1,
       attempt('boss', format('INSERT INTO li (id, project) VALUES (10, %s)', :old)) AS n1;
SELECT complaint('editor', format('INSERT INTO li (id, project) VALUES (10, %s)', :old));
-- grants change nothing of it; the row's list neither
DO $$ BEGIN PERFORM acl_grant('viewer', 'full', 'project', 'Old'), acl_grant_row('viewer', 'view, edit, delete', 'li', '5'); END $$;
SELECT attempt('viewer', 'UPDATE li SET body = ''x'' WHERE id IN (1, 5)') AS n0;
-- questions about the resource itself are not limited, nor is its administration
SELECT acl_can_on('manager', 'project', 'Old', 'write') AS t, acl_can_on('manager', 'project', 'Old', 'delete') AS t;
SELECT attempt('manager', $$SELECT acl_rename('project', 'Old', 'Older')$$) AS n1, attempt('manager', $$SELECT acl_grant('none', 'view', 'project', 'Old')$$) AS n1,
       attempt('manager', $$SELECT acl_move('project', 'Old', 'New')$$) AS n1, attempt('manager', $$SELECT acl_create('project', 'Another part', 'Old')$$) AS n1;
-- but nobody takes what lies under a limit out from under it
SELECT complaint('manager', $$SELECT acl_move('project', 'Part', 'New')$$);
SELECT attempt('manager', $$SELECT acl_move('project', 'Part', NULL)$$) AS "42501", attempt('boss', $$SELECT acl_move('project', 'Part', NULL)$$) AS n1,
       attempt('manager', $$SELECT acl_move('project', 'New', 'Old')$$) AS n1;

-- why: through a limit, and no grant opens it
SELECT gate, resource, held, opens, through, grant_sql FROM acl_explain('editor', 1, 'write');
SELECT gate, resource, held, opens, through, grant_sql FROM acl_explain('none', 2, 'write');
SELECT gate, opens, through, grant_sql FROM acl_explain('asker', 5, 'write');
SELECT gate, opens, through, grant_sql FROM acl_explain('asker', 5, 'read');
SELECT gate, opens, through FROM acl_explain('boss', 1, 'write');
SELECT principal FROM acl_who(1, 'write');
SELECT principal FROM acl_who(5, 'read');
SELECT principal, array_to_string(array_agg(row_key ORDER BY row_key), ',') AS rows FROM people, LATERAL (SELECT id::text AS row_key FROM li) k,
  LATERAL (SELECT who AS principal) w
WHERE who NOT IN ('foreign', 'system') AND acl_can_row(who, 'li', row_key, 'write') <> (who IN (SELECT w.principal FROM acl_who(row_key::bigint, 'write') w)) GROUP BY 1;
SELECT count(*) FILTER (WHERE acl_can(who, id, a) IS DISTINCT FROM (SELECT opens = 'yes' FROM acl_explain(who, id, a) WHERE gate = 'verdict')) AS n0, count(*) > 100 AS t
FROM people, li, unnest(ARRAY['read', 'write', 'add', 'sign', 'delete', 'enter', 'security']) AS a WHERE who <> 'foreign';
-- who reads a part but not the whole is not told its name
SELECT acl_create('project', 'Secret') AS secret \gset
SELECT acl_create('project', 'Known', 'Secret') AS known \gset
DO $$ BEGIN PERFORM acl_set_limit('project', 'Secret', 'view'); PERFORM acl_grant('none', 'change', 'project', 'Known'); END $$;
INSERT INTO li (id, project) VALUES (8, :known);
BEGIN;
SELECT become('none');
SELECT gate, resource, opens, through, grant_sql FROM acl_explain('none', 8, 'write');
SELECT kind, path, limited_to FROM docacl.resource_list WHERE kind = 'project';
SELECT count(*) AS n0 FROM docacl.resource_limit;
ROLLBACK;
BEGIN;
SELECT become('editor');
SELECT kind, path, limited_to FROM docacl.resource_list WHERE kind = 'project' ORDER BY path;
SELECT count(*) AS n2, count(set_at) AS n2 FROM docacl.resource_limit;
ROLLBACK;
DELETE FROM li WHERE id = 8;

-- nothing is left
DO $$ BEGIN PERFORM acl_set_limit('project', 'Old', ''); END $$;
SELECT * FROM everybody;
-- edit without view shows nothing; add without view only takes in
DO $$ BEGIN PERFORM acl_set_limit('project', 'Old', 'edit'); END $$;
SELECT sees('editor', 'li'), sees('asker', 'li'), attempt('editor', 'UPDATE li SET body = ''x'' WHERE id = 1') AS n0;
DO $$ BEGIN PERFORM acl_set_limit('project', 'Old', 'add'); END $$;
SELECT sees('editor', 'li'), attempt('editor', format('INSERT INTO li (id, project) VALUES (10, %s)', :old)) AS n1, attempt('editor', 'DELETE FROM li WHERE id = 1') AS n0;
-- two limits: what one of them leaves out is out; the one on top of both first
DO $$ BEGIN PERFORM acl_set_limit('project', 'Old', 'view, edit'), acl_set_limit('project', 'Part', 'view, delete'); END $$;
SELECT who, array_to_string(acl_actions_row(who, 'li', '1'), ',') AS one, array_to_string(acl_actions_row(who, 'li', '2'), ',') AS two FROM people WHERE who IN ('editor', 'viewer');
-- lifted: as before, for everybody
DO $$ BEGIN PERFORM acl_set_limit('project', 'Old', NULL), acl_set_limit('project', 'Part', NULL), acl_set_limit('project', 'Secret', NULL);
  PERFORM acl_revoke('viewer', 'full', 'project', 'Old'), acl_revoke_row('viewer', 'view, edit, delete', 'li', '5'), acl_set_grant('none', '', 'project', 'Known'); END $$;
SELECT count(*) AS n0 FROM docacl.resource_limit;
SELECT * FROM everybody;

-- an ancestor whose grants are not inherited, and a list that stands instead of the location
DO $$ BEGIN PERFORM acl_set_limit('folder', 'Top', 'view'); END $$;
SELECT * FROM everybody;
SELECT gate, resource, held, opens, through, grant_sql FROM acl_explain('none', 7, 'write');
SELECT attempt('none', 'DELETE FROM li WHERE id = 7') AS n0, attempt('manager', format('UPDATE li SET place = %s WHERE id = 3', :else)) AS n0,
       attempt('manager', format('UPDATE li SET place = %s WHERE id = 4', :sub)) AS "42501", attempt('manager', format('INSERT INTO li (id, place) VALUES (10, %s)', :sub)) AS "42501";
SELECT acl_set_limit('location', :top::bigint, NULL);
-- *: of every resource of the kind
DO $$ BEGIN PERFORM acl_set_limit('month', '*', 'view'); END $$;
UPDATE li SET month = :may WHERE id = 4;
SELECT * FROM everybody;
SELECT gate, through, grant_sql FROM acl_explain('editor', 4, 'write') WHERE gate = 'month';
SELECT acl_set_limit('month', '*', NULL);
-- the account: of rows with a scope gate, an API key's too
UPDATE li SET env = :e WHERE id IN (1, 4);
CREATE TABLE li_load (id int PRIMARY KEY, env bigint);
GRANT SELECT, INSERT, UPDATE, DELETE ON li_load TO PUBLIC;
SELECT count(*) AS n0 FROM acl_protect('li_load', '{"environment": {"column": "env", "by": "id"}}', '{"key": "id"}') WHERE severity = 'error';
INSERT INTO li_load VALUES (1, :e);
SELECT acl_create_api_key('E', 'importer', 'readers') AS key \gset
CREATE FUNCTION by_key(key text, statement text) RETURNS text LANGUAGE plpgsql AS
$$ DECLARE n bigint;
   BEGIN
     BEGIN
       PERFORM set_config('role', 'regress_stranger', true);
       PERFORM acl_login(key, local => false);
       EXECUTE statement;
       GET DIAGNOSTICS n = ROW_COUNT;
       RAISE EXCEPTION USING ERRCODE = 'ZZ999';
     EXCEPTION WHEN SQLSTATE 'ZZ999' THEN RETURN n; WHEN OTHERS THEN RETURN SQLSTATE;
     END;
   END $$;
SELECT by_key(:'key', 'SELECT FROM li_load') AS n1, by_key(:'key', 'UPDATE li_load SET env = env') AS n1, by_key(:'key', format('INSERT INTO li_load VALUES (2, %s)', :e)) AS n1;
SELECT acl_set_limit('account', 'limits', 'view');
SELECT by_key(:'key', 'SELECT FROM li_load') AS n1, by_key(:'key', 'UPDATE li_load SET env = env') AS n0, by_key(:'key', format('INSERT INTO li_load VALUES (2, %s)', :e)) AS "42501";
SELECT attempt('editor', 'UPDATE li SET body = ''x'' WHERE id IN (1, 4)') AS n0, attempt('boss', 'UPDATE li SET body = ''x'' WHERE id IN (1, 4)') AS n2;
SELECT by_key(:'key', 'SELECT acl_set_limit(''account'', ''limits'', NULL)') AS "42704";
SELECT acl_set_limit('account', 'limits', NULL);

-- seen by the next statement, in a plan made before, through the same prepared statement; an aborted limit never was
GRANT SELECT ON people TO PUBLIC;
PREPARE mine AS SELECT count(*) FROM li WHERE acl_may(li, 'write');
BEGIN;
SAVEPOINT nobody_yet;
SELECT become('editor');
EXECUTE mine;
ROLLBACK TO nobody_yet;
SAVEPOINT held;
SELECT acl_set_limit('project', 'Old', 'view');
SELECT become('editor');
EXECUTE mine;
ROLLBACK TO held;
SELECT become('editor');
EXECUTE mine;
ROLLBACK;
DEALLOCATE mine;

-- a table decided by these rows follows
CREATE TABLE li_line (id int PRIMARY KEY, li int, note text);
INSERT INTO li_line VALUES (1, 1, 'x'), (4, 4, 'x');
GRANT SELECT, INSERT, UPDATE, DELETE ON li_line TO PUBLIC;
SELECT count(*) AS n0 FROM acl_protect('li_line', '{"parent": {"relation": "li", "column": "li"}}') WHERE severity = 'error';
SELECT acl_set_limit('project', 'Old', 'view');
SELECT who, sees(who, 'li_line') AS sees, attempt(who, 'UPDATE li_line SET note = ''y''') AS changes, attempt(who, 'INSERT INTO li_line VALUES (9, 1, ''z'')') AS "inserts"
FROM people WHERE who IN ('editor', 'boss', 'system') ORDER BY n;

-- not: who may neither set nor lift; what is no limit
SELECT who, attempt(who, $$SELECT acl_set_limit('project', 'Old', NULL)$$) AS lifts, attempt(who, $$SELECT acl_set_limit('project', 'New', 'view')$$) AS sets,
       attempt(who, $$SELECT acl_set_limit('project', 'no such', 'view')$$) AS unknown
FROM people WHERE who <> 'foreign' ORDER BY n;
SELECT in_other($$SELECT acl_set_limit('project', 'Old', NULL)$$) AS "42704", in_other(format('SELECT acl_set_limit(''project'', %s::bigint, NULL)', :old)) AS "42704",
       in_other($$SELECT acl_set_limit('location', 'Theirs', 'view')$$) AS n1;
SELECT complaint('manager', $$SELECT acl_set_limit('project', 'Old', NULL)$$);
SELECT complaint('none', $$SELECT acl_set_limit('project', 'Old', NULL)$$);
SELECT c FROM unnest(ARRAY[$$'project', 'Old', 'enter'$$, $$'project', 'Old', 'view, work_queue'$$, $$'project', 'Old', 'manage_users'$$, $$'project', 'Old', 'veiw'$$,
  $$'document', '1', 'view'$$, $$'queue', 'Q', 'view'$$, $$'form', 'F', 'view'$$, $$'account', '*', 'view'$$, $$'nokind', 'Old', 'view'$$, $$'project', NULL::text, 'view'$$,
  $$NULL, 'Old', 'view'$$, $$'project', '', 'view'$$]) AS a, LATERAL (SELECT split_part(c, ': ', 1) FROM complaint(NULL, format('SELECT acl_set_limit(%s)', a)) AS c LIMIT 1) s(c);
-- what sets leave in and out; approve and complete_form may be done to rows too
SELECT acl_set_limit('project', 'New', 'change, approve, complete_form');
SELECT path, limited_to FROM docacl.resource_list WHERE limited_to IS NOT NULL ORDER BY id;
SELECT acl_set_limit('project', 'New', NULL);
-- docacl's own tables are nobody's to write
SELECT attempt('boss', 'DELETE FROM docacl.resource_limit') AS "42501", attempt('editor', 'UPDATE docacl.resource_limit SET actions = -1') AS "42501";
\set VERBOSITY sqlstate
INSERT INTO docacl.resource_limit (resource_id, account_id, actions) VALUES (-1, 1, 1);  -- fail
TRUNCATE docacl.resource_limit;  -- fail
\set VERBOSITY terse
-- a limit goes with its resource
DELETE FROM li WHERE project = :part;
SELECT acl_set_limit('project', 'Part', 'view');
SELECT acl_drop('project', 'Part');
SELECT count(*) AS n1 FROM docacl.resource_limit;

-- forms: what lies under a limit without add takes in no document
DO $$ BEGIN PERFORM acl_unprotect('li_line'), acl_unprotect('li'); END $$;
CREATE TABLE li_form (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, place bigint, type bigint, owner text, title text);
GRANT SELECT, INSERT, UPDATE, DELETE ON li_form TO PUBLIC;
SELECT count(*) AS n0 FROM acl_protect('li_form', '{"location": {"column": "place", "by": "id"}, "document type": {"column": "type", "by": "id"}}',
  '{"owner": "owner", "default": true}') WHERE severity = 'error';
DO $$ BEGIN
  PERFORM acl_create('document type', 'Claim'), acl_create_form('Claims', 'Claim', '/Top/Sub');
  PERFORM acl_grant('viewer', 'complete_form', 'form', 'Claims'), acl_grant('boss', 'complete_form', 'form', 'Claims');
END $$;
CREATE VIEW claims AS SELECT attempt('viewer', $$SELECT acl_complete_form('Claims', '{"title": "x"}')$$) AS viewer, attempt('boss', $$SELECT acl_complete_form('Claims', '{"title": "x"}')$$) AS boss;
SELECT * FROM claims;
SELECT acl_set_limit('location', 'Top', 'view');
SELECT * FROM claims;
SELECT complaint('viewer', $$SELECT acl_complete_form('Claims', '{"title": "x"}')$$);
SELECT acl_set_limit('location', 'Top', 'view, complete_form'), acl_set_limit('document type', 'Claim', 'add');
SELECT * FROM claims;

-- rows that are the resources themselves are rows: an application's own table of folders
CREATE TABLE li_folder (id int PRIMARY KEY, name text NOT NULL, parent_id int, note text);
GRANT SELECT, INSERT, UPDATE, DELETE ON li_folder TO PUBLIC;
SELECT acl_mirror('li_folder', 'folder', 'id', 'name', 'parent_id') AS n0;
SELECT count(*) AS n0 FROM acl_protect('li_folder', '{"location": {"column": "id", "by": "key"}}') WHERE severity = 'error';
INSERT INTO li_folder VALUES (1, 'Archive', NULL), (2, 'Old folder', 1), (3, 'Live', NULL), (4, 'Live folder', 3);
CREATE VIEW folders AS SELECT who, sees(who, 'li_folder') AS sees, attempt(who, 'INSERT INTO li_folder VALUES (9, ''x'', 1)') AS into_archive, attempt(who, 'INSERT INTO li_folder VALUES (9, ''x'', 3)') AS into_live,
    attempt(who, 'UPDATE li_folder SET name = ''x'' WHERE id = 2') AS renames, attempt(who, 'UPDATE li_folder SET parent_id = 3 WHERE id = 2') AS moves_out,
    attempt(who, 'UPDATE li_folder SET parent_id = 1 WHERE id = 4') AS moves_in, attempt(who, 'UPDATE li_folder SET note = ''x''') AS notes, attempt(who, 'DELETE FROM li_folder WHERE id = 2') AS deletes
  FROM people WHERE who IN ('viewer', 'manager', 'boss', 'system') ORDER BY n;
SELECT * FROM folders;
SELECT acl_set_limit('folder', 'Archive', 'view');
SELECT * FROM folders;
-- write is left, rename and move are not
SELECT acl_set_limit('folder', 'Archive', 'view, write');
SELECT * FROM folders;
SELECT complaint('manager', $$UPDATE li_folder SET name = 'x' WHERE id = 2$$);
SELECT complaint('manager', $$INSERT INTO li_folder VALUES (9, 'x', 1)$$);
-- move is left: not out from under it
SELECT acl_set_limit('folder', 'Archive', 'view, edit');
SELECT complaint('manager', $$UPDATE li_folder SET parent_id = 3 WHERE id = 2$$);
SELECT acl_set_limit('folder', 'Archive', NULL), acl_set_limit('folder', '*', 'view, edit');
SELECT * FROM folders;
