--
-- LogicalDOC: twenty-five actions on folders and documents, for groups and for single users. Action by action with the
-- statements that each lets through: logicaldoc_actions; the folders' side: logicaldoc_folders.
--
-- The table refers to folders and templates by docacl's ids; each column asks its own action.
--
\set VERBOSITY terse
DO $$ BEGIN PERFORM acl_create_account('logicaldoc'); END $$;
SET docacl.account = 'logicaldoc';
SELECT acl_create('folder', 'F') AS f \gset
SELECT acl_create('folder', 'G') AS g \gset
SELECT acl_create('document type', 'Invoice') AS invoice \gset
SELECT acl_create('document type', 'Payroll') AS payroll \gset

CREATE TABLE ld_document (
  id bigint PRIMARY KEY,
  folder bigint,
  template bigint,
  title text,
  custom_id text,
  revision text,
  content text,
  immutable boolean NOT NULL DEFAULT false,
  password text,
  signed_at date,
  archived_at date,
  own_acl bigint
) WITH (autovacuum_enabled = off);
GRANT SELECT, INSERT, UPDATE, DELETE ON ld_document TO PUBLIC;
DO $$ BEGIN
  PERFORM acl_protect('ld_document',
    '{"location": {"column": "folder", "by": "id"}, "type": {"column": "template", "by": "id"}}',
    '{"key": "id", "own_acl": "own_acl", "immutable": "immutable", "default": true,
      "columns": {"title": "rename", "custom_id": "custom_id", "revision": "revision",
                  "password": "password", "signed_at": "sign", "archived_at": "archive"}}');
END $$;
INSERT INTO ld_document (id, folder, title, content) VALUES (1, :f, 'in F', 'text');
INSERT INTO ld_document (id, folder, title, immutable) VALUES (2, :f, 'immutable in F', true);

-- one statement per column and command, on the document 1
CREATE FUNCTION tries(who text, f bigint, g bigint,
  OUT sel text, OUT lock text, OUT ins text, OUT write text, OUT rename text, OUT cust text, OUT revis text, OUT immut text,
  OUT passw text, OUT sign text, OUT archv text, OUT move text, OUT del text) LANGUAGE plpgsql AS
$$ BEGIN
  sel    := attempt(who, 'SELECT 1 FROM ld_document WHERE id = 1 AND f_snoop(title)');
  lock   := attempt(who, 'SELECT 1 FROM ld_document WHERE id = 1 FOR UPDATE');
  ins    := attempt(who, format('INSERT INTO ld_document (id, folder) VALUES (99, %s)', f));
  write  := attempt(who, 'UPDATE ld_document SET content = ''x'' WHERE id = 1');
  rename := attempt(who, 'UPDATE ld_document SET title = ''x'' WHERE id = 1');
  cust   := attempt(who, 'UPDATE ld_document SET custom_id = ''x'' WHERE id = 1');
  revis  := attempt(who, 'UPDATE ld_document SET revision = ''x'' WHERE id = 1');
  immut  := attempt(who, 'UPDATE ld_document SET immutable = true WHERE id = 1');
  passw  := attempt(who, 'UPDATE ld_document SET password = ''x'' WHERE id = 1');
  sign   := attempt(who, 'UPDATE ld_document SET signed_at = ''2020-02-02'' WHERE id = 1');
  archv  := attempt(who, 'UPDATE ld_document SET archived_at = ''2020-02-02'' WHERE id = 1');
  move   := attempt(who, format('UPDATE ld_document SET folder = %s WHERE id = 1', g));
  del    := attempt(who, 'DELETE FROM ld_document WHERE id = 1');
END $$;

--
-- For each action X three members of three groups: "X" holds read and X on the folder F,
-- "X alone" holds X without read. Everyone may read and add in G, so that a move has somewhere to go.
--
CREATE TABLE ld_action (d text, bit int, action text);
INSERT INTO ld_action
SELECT 'D' || ord + 3, ord - 1, a
  FROM unnest(ARRAY['read', 'preview', 'print', 'download', 'email', 'write', 'add', 'security', 'immutable', 'password',
                    'delete', 'move', 'rename', 'custom_id', 'revision', 'import', 'export', 'sign', 'archive', 'workflow',
                    'calendar', 'subscription', 'automation', 'reading_request', 'store']) WITH ORDINALITY AS o(a, ord);
DO $$
DECLARE
  a text;
BEGIN
  PERFORM acl_grant('everyone', 'read, add', 'folder', 'G');
  FOR a IN SELECT action FROM ld_action LOOP
    PERFORM acl_create_role('group ' || a);
    PERFORM acl_grant('group ' || a, 'read', 'folder', 'F');
    PERFORM acl_grant('group ' || a, a, 'folder', 'F');
    PERFORM person(a, 'group ' || a);
    PERFORM acl_create_role('group ' || a || ' alone');
    PERFORM acl_grant('group ' || a || ' alone', a, 'folder', 'F');
    PERFORM person(a || ' alone', 'group ' || a || ' alone');
  END LOOP;
END $$;

-- D3-D28: each action with read: its own statement and reading, and nothing else. Where no action is held that an UPDATE of
-- this table can ask, a row is passed over (0); where one is held, the wrong column is refused (42501).
SELECT d, action, t.* FROM ld_action, tries(action, :f, :g) AS t ORDER BY bit;

-- D3-D28 not: each action without read: void, but that who may add may put something where he may not look
SELECT d, action || ' alone' AS who, t.* FROM ld_action, tries(action || ' alone', :f, :g) AS t WHERE action <> 'read' ORDER BY bit;

-- asked as questions: of the document (1), of the folder (F); held, not held ("read" has only read), without read.
-- add, import, export and store are asked of places, never of a document that exists.
SELECT d, action,
       acl_can(action, 1, action) AS "1",
       acl_can('read', 1, action) AS "1 not held",
       acl_can(action || ' alone', 1, action) AS "1 alone",
       acl_can_on(action, 'folder', 'F', action) AS "F",
       acl_can_on('read', 'folder', 'F', action) AS "F not held",
       acl_can_on(action || ' alone', 'folder', 'F', action) AS "F alone",
       attempt(action, format('SELECT acl_require(1, %L)', action)) AS require,
       attempt('read', format('SELECT acl_require(1, %L)', action)) AS refused,
       attempt(action, format('SELECT acl_require_on(''folder'', ''F'', %L)', action)) AS require_on,
       attempt('read', format('SELECT acl_require_on(''folder'', ''F'', %L)', action)) AS refused_on
  FROM ld_action ORDER BY bit;
SELECT action, acl_actions(action, 1) AS document, acl_actions_on(action, 'folder', 'F') AS folder FROM ld_action ORDER BY bit;
SELECT action, acl_actions(action || ' alone', 1) AS document, acl_actions_on(action || ' alone', 'folder', 'F') AS folder
  FROM ld_action WHERE action IN ('preview', 'write', 'add', 'delete', 'store') ORDER BY bit;

-- the refusal names the action and the gate
SELECT complaint('rename', 'UPDATE ld_document SET content = ''x'' WHERE id = 1');
SELECT complaint('write', 'UPDATE ld_document SET title = ''x'' WHERE id = 1');
SELECT complaint('read', format('INSERT INTO ld_document (id, folder) VALUES (99, %s)', :f));
SELECT complaint('read', 'SELECT acl_require(1, ''print'')');
SELECT complaint('read', 'SELECT acl_require_on(''folder'', ''F'', ''store'')');

-- D9: write is none of rename, move, custom id, revision; the set edit is all of them
DO $$ BEGIN
  PERFORM acl_create_role('Editors');
  PERFORM acl_grant('Editors', 'view, edit', 'folder', 'F');
  PERFORM person('editor', 'Editors');
  PERFORM acl_create_role('Full');
  PERFORM acl_grant('Full', 'full', 'folder', 'F');
  PERFORM person('full', 'Full');
  PERFORM acl_create_role('Changers');
  PERFORM acl_grant('Changers', 'change', 'folder', 'F');
  PERFORM person('changer', 'Changers');
END $$;
SELECT who, t.* FROM unnest(ARRAY['editor', 'changer', 'full']) AS who, tries(who, :f, :g) AS t;
SELECT attempt('editor', 'UPDATE ld_document SET content = ''x'', title = ''x'', custom_id = ''x'', revision = ''x'' WHERE id = 1') AS n1;
SELECT attempt('editor', 'UPDATE ld_document SET content = ''x'', password = ''x'' WHERE id = 1') AS "42501";
SELECT acl_actions('changer', 1);
SELECT acl_actions('full', 1);
SELECT acl_can('full', 1, 'full') AS t, acl_can('changer', 1, 'full') AS f, acl_can_on('full', 'folder', 'F', 'full') AS t;

-- a column that is written as it was asks nothing
SELECT attempt('write', 'UPDATE ld_document SET content = ''x'', title = title, password = password WHERE id = 1') AS n1;

-- D10: a new row's flags and mapped columns are unset, or their action is held
SELECT attempt('add', format('INSERT INTO ld_document (id, folder, content) VALUES (99, %s, ''x'')', :f)) AS n1;
SELECT attempt('add', format('INSERT INTO ld_document (id, folder, password) VALUES (99, %s, ''x'')', :f)) AS "42501";
SELECT attempt('add', format('INSERT INTO ld_document (id, folder, immutable) VALUES (99, %s, true)', :f)) AS "42501";
SELECT attempt('full', format('INSERT INTO ld_document (id, folder, immutable) VALUES (99, %s, true)', :f)) AS n1;
SELECT attempt('add', format('INSERT INTO ld_document (id, folder, immutable) VALUES (99, %s, false)', :f)) AS n1;

-- D10: a sub-folder takes add on its parent; a folder at the top is the admin's
SELECT who, attempt(who, 'SELECT acl_create(''folder'', ''Sub'', ''F'')') AS sub, attempt(who, 'SELECT acl_create(''folder'', ''Top'')') AS top
  FROM unnest(ARRAY['add', 'read', 'write', 'import', 'full']) AS who;

-- D11: security on the folder lets one grant there, and nowhere else
SELECT who,
       attempt(who, 'SELECT acl_grant(''group read'', ''print'', ''folder'', ''F'')') AS "grant",
       attempt(who, 'SELECT acl_grant(''group read'', ''print'', ''folder'', ''G'')') AS elsewhere,
       attempt(who, 'SELECT acl_set_inherits(''folder'', ''F'', true)') AS inherits
  FROM unnest(ARRAY['security', 'read', 'write', 'changer', 'full']) AS who;

-- D14, D15, D16 on the folder itself: delete, move, rename there
SELECT acl_create('folder', 'Leaf', 'F') AS leaf \gset
DO $$ BEGIN
  PERFORM acl_grant('group delete', 'read, delete', 'folder', 'Leaf');
  PERFORM acl_grant('group move', 'read, move', 'folder', 'Leaf');
  PERFORM acl_grant('group rename', 'read, rename', 'folder', 'Leaf');
  PERFORM acl_grant('group write', 'read, write', 'folder', 'Leaf');
END $$;
SELECT who,
       attempt(who, 'SELECT acl_rename(''folder'', ''Leaf'', ''Branch'')') AS rename,
       attempt(who, 'SELECT acl_move(''folder'', ''Leaf'', ''G'')') AS move,
       attempt(who, 'SELECT acl_drop(''folder'', ''Leaf'')') AS "drop"
  FROM unnest(ARRAY['rename', 'move', 'delete', 'write']) AS who;

-- D12: immutable goes on with its action and never back, but by admin and system
DO $$ BEGIN PERFORM person('boss', 'Administrators'); END $$;
SELECT who,
       attempt(who, 'SELECT 1 FROM ld_document WHERE id = 2') AS sel,
       attempt(who, 'UPDATE ld_document SET content = ''x'' WHERE id = 2') AS write,
       attempt(who, 'UPDATE ld_document SET title = ''x'' WHERE id = 2') AS rename,
       attempt(who, 'UPDATE ld_document SET password = ''x'' WHERE id = 2') AS password,
       attempt(who, 'UPDATE ld_document SET signed_at = ''2020-02-02'' WHERE id = 2') AS sign,
       attempt(who, 'UPDATE ld_document SET archived_at = ''2020-02-02'' WHERE id = 2') AS archive,
       attempt(who, format('UPDATE ld_document SET folder = %s WHERE id = 2', :g)) AS move,
       attempt(who, 'UPDATE ld_document SET immutable = false WHERE id = 2') AS back,
       attempt(who, 'DELETE FROM ld_document WHERE id = 2') AS delete
  FROM unnest(ARRAY['immutable', 'changer', 'full', 'boss', 'system']) AS who;
SELECT attempt('full', 'UPDATE ld_document SET immutable = true, content = ''last words'' WHERE id = 1') AS n1;
SELECT acl_actions('full', 2);
SELECT acl_actions('changer', 2);

-- D15: a move asks move where the row lies and add where it comes to lie
SELECT acl_create('folder', 'H') AS h \gset
SELECT attempt('move', format('UPDATE ld_document SET folder = %s WHERE id = 1', :h)) AS "42501";
DO $$ BEGIN PERFORM acl_grant('group move', 'add', 'folder', 'H'); END $$;
SELECT attempt('move', format('UPDATE ld_document SET folder = %s WHERE id = 1', :h)) AS "42501";   -- the new row may not be read
SELECT attempt('move', format('UPDATE ld_document SET folder = %s', :h)) AS n1;                     -- unless it is not looked at
DO $$ BEGIN PERFORM acl_grant('group move', 'read', 'folder', 'H'); END $$;
SELECT attempt('move', format('UPDATE ld_document SET folder = %s WHERE id = 1', :h)) AS n1;
SELECT attempt('add', format('UPDATE ld_document SET folder = %s WHERE id = 1', :g)) AS n0;
-- out of every folder is a move too: nowhere is a place where nobody may add
SELECT attempt('move', 'UPDATE ld_document SET folder = NULL WHERE id = 1') AS "42501";

-- what applies where: folder actions are not granted on a document, and are left out of a set
SELECT acl_grant('group read', 'print', 'document', '1') AS t;
SELECT complaint(NULL, 'SELECT acl_grant(''group read'', ''add'', ''document'', ''1'')') LIMIT 1;
SELECT complaint(NULL, 'SELECT acl_grant(''group read'', ''store'', ''document'', ''1'')') LIMIT 1;
SELECT complaint(NULL, 'SELECT acl_grant(''group read'', ''enter'', ''document type'', ''Invoice'')') LIMIT 1;
SELECT complaint(NULL, 'SELECT acl_grant(''group read'', ''manage_users'', ''folder'', ''F'')') LIMIT 1;
SELECT complaint(NULL, 'SELECT acl_grant(''group read'', ''complete_form'', ''folder'', ''F'')') LIMIT 1;
SELECT acl_grant('group calendar', 'full', 'document', '1') AS t;
SELECT acl_actions('calendar', 1);
SELECT acl_revoke('group calendar', 'full', 'document', '1') AS t;
SELECT acl_revoke('group read', 'print', 'document', '1') AS t;
SELECT acl_actions('read', 1), acl_actions('calendar', 1);

--
-- D1, D32: to a user, to a group, to both; several groups are a union
DO $$ BEGIN
  PERFORM acl_create_role('Readers of F');
  PERFORM acl_create_role('Printers of F');
  PERFORM acl_create_role('Nothing');
  PERFORM acl_grant('Readers of F', 'read', 'folder', 'F');
  PERFORM acl_grant('Printers of F', 'print', 'folder', 'F');
  PERFORM person('anna', 'Nothing');
  PERFORM person('bert', 'Nothing');
END $$;
SELECT acl_actions('anna', 1) AS "{}";
SELECT acl_grant('anna', 'read', 'folder', 'F') AS t;
SELECT acl_actions('anna', 1) AS "{read}";
DO $$ BEGIN PERFORM acl_assign('Readers of F', 'anna'); PERFORM acl_assign('Printers of F', 'anna'); END $$;
SELECT acl_actions('anna', 1) AS "{read,print}";
-- D1, D32 not: taking away the user's grant leaves the group's; taking away one group leaves the other's, and no group takes anything away
SELECT acl_revoke('anna', 'read', 'folder', 'F') AS t;
SELECT acl_actions('anna', 1) AS "{read,print}";
SELECT acl_unassign('Printers of F', 'anna');
SELECT acl_actions('anna', 1) AS "{read}", acl_can('anna', 1, 'print') AS f;
DO $$ BEGIN PERFORM acl_assign('Printers of F', 'anna'); PERFORM acl_assign('Nothing', 'anna'); END $$;
SELECT acl_actions('anna', 1) AS "{read,print}";
-- D2 not: whoever leaves the role holds nothing at the next statement
DO $$ BEGIN PERFORM acl_unassign('Readers of F', 'anna'); END $$;
SELECT acl_actions('anna', 1) AS "{}";
SELECT sees('anna', 'ld_document') AS "nothing";
-- D2: whoever is put into it holds exactly what it holds
DO $$ BEGIN PERFORM acl_assign('Readers of F', 'anna'); END $$;
SELECT sees('anna', 'ld_document') AS "1,2";
SELECT sees('bert', 'ld_document') AS "nothing";

--
-- D29: admins can do everything in their account
SELECT bool_and(acl_can('boss', 1, action)) AS t, bool_and(acl_can_on('boss', 'folder', 'F', action)) AS t FROM ld_action;
SELECT acl_can('boss', 1, 'full') AS t;
SELECT t.* FROM tries('boss', :f, :g) AS t;
SELECT t.* FROM tries('system', :f, :g) AS t;
-- D29 not: neither who is in a group of such a name, nor another account's admin; and the admin role cannot be dropped
DO $$ BEGIN
  PERFORM acl_create_role('admin2');
  PERFORM person('not the boss', 'admin2');
END $$;
SELECT t.* FROM tries('not the boss', :f, :g) AS t;
SELECT complaint(NULL, 'SELECT acl_drop_role(''Administrators'')');
SELECT complaint('boss', 'SELECT acl_drop_role(''Administrators'')');
DO $$ BEGIN PERFORM acl_create_account('logicaldoc rival'); END $$;
SET docacl.account = 'logicaldoc rival';
DO $$ BEGIN PERFORM person('rival', 'Administrators'); END $$;
SELECT t.* FROM tries('rival', :f, :g) AS t;
SELECT acl_can('rival', 1, 'read') AS f, acl_actions('rival', 1) AS "{}";
SET docacl.account = 'logicaldoc';
SELECT sees('boss', 'ld_document') AS "1,2";

--
-- D30: groups may be granted something on everything that has security
DO $$ BEGIN
  PERFORM acl_create('function', 'Reports');
  PERFORM acl_create('project', 'Apollo');
  PERFORM acl_create('form', 'Leave request');
  PERFORM acl_create('queue', 'Inbox');
END $$;
SELECT acl_grant('Readers of F', 'print', 'folder', 'F') AS t;
SELECT acl_grant('Readers of F', 'print', 'document', '1') AS t;
SELECT acl_grant('Readers of F', 'open', 'screen', 'Reports') AS t;
SELECT acl_grant('Readers of F', 'see', 'project', 'Apollo') AS t;
SELECT acl_grant('Readers of F', 'view', 'document type', 'Invoice') AS t;
SELECT acl_grant('Readers of F', 'complete_form', 'form', 'Leave request') AS t;
SELECT acl_grant('Readers of F', 'work_queue', 'queue', 'Inbox') AS t;
SELECT acl_can_on('anna', 'report', 'Reports', 'open') AS t, acl_can_on('anna', 'form', 'Leave request', 'complete form') AS t,
       acl_can_on('anna', 'queue', 'Inbox', 'work-queue') AS t, acl_can_on('bert', 'queue', 'Inbox', 'work_queue') AS f;
-- D30 not: without security there, or whatever the kind asks instead
SELECT r.kind, attempt('read', format('SELECT acl_grant(''bert'', ''read'', %L, %L)', r.kind, r.name)) AS refused
  FROM (VALUES ('folder', 'F'), ('folder', 'G'), ('document', '1'), ('function', 'Reports'), ('project', 'Apollo'), ('document type', 'Invoice')) AS r(kind, name);

--
-- D31: an accountant reads invoices and creates payrolls
--
INSERT INTO ld_document (id, template, title) VALUES (11, :invoice, 'invoice'), (12, :payroll, 'payroll');
DO $$ BEGIN
  PERFORM acl_create_role('Accountant');
  PERFORM acl_grant('Accountant', 'read', 'document type', 'Invoice');
  PERFORM acl_grant('Accountant', 'add', 'document type', 'Payroll');
  PERFORM person('carla', 'Accountant');
END $$;
SELECT sees('carla', 'ld_document') AS "11";
SELECT attempt('carla', format('INSERT INTO ld_document (id, template) VALUES (99, %s)', :payroll)) AS n1;
-- D31 not: nor the other way round
SELECT attempt('carla', format('INSERT INTO ld_document (id, template) VALUES (99, %s)', :invoice)) AS "42501";
SELECT attempt('carla', 'SELECT 1 FROM ld_document WHERE id = 12') AS n0;

--
-- D33: in open sessions, through prepared statements, at the next statement, for every member
--
CREATE ROLE regress_ld_anna LOGIN;
CREATE ROLE regress_ld_carla LOGIN;
DO $$ BEGIN PERFORM acl_map('regress_ld_anna', 'anna'); PERFORM acl_map('regress_ld_carla', 'carla'); END $$;
PREPARE mine AS SELECT id, title FROM ld_document WHERE f_leak(title) ORDER BY id;
-- viewpoint of anna
SET ROLE regress_ld_anna;
EXECUTE mine;
RESET ROLE;
DO $$ BEGIN
  PERFORM acl_revoke('Readers of F', 'full', 'folder', 'F');
  PERFORM acl_grant('Accountant', 'read', 'folder', 'F');
END $$;
-- D33 not: what the role lost is gone for its members
SET ROLE regress_ld_anna;
EXECUTE mine;
-- viewpoint of carla
SET ROLE regress_ld_carla;
EXECUTE mine;
RESET ROLE;
-- a hire: one assignment
DO $$ BEGIN PERFORM acl_assign('Accountant', 'anna'); END $$;
SET ROLE regress_ld_anna;
EXECUTE mine;
RESET ROLE;
-- one's own uncommitted change counts at once, a rolled-back one never did
BEGIN;
DO $$ BEGIN PERFORM acl_revoke('Accountant', 'read', 'document type', 'Invoice'); END $$;
SET LOCAL ROLE regress_ld_carla;
EXECUTE mine;
RESET ROLE;
SAVEPOINT s;
DO $$ BEGIN PERFORM acl_grant('Accountant', 'read', 'document type', 'Payroll'); END $$;
SET LOCAL ROLE regress_ld_carla;
EXECUTE mine;
ROLLBACK TO s;
SET LOCAL ROLE regress_ld_carla;
EXECUTE mine;
ROLLBACK;
SET ROLE regress_ld_carla;
EXECUTE mine;
RESET ROLE;
-- the role is switched off, and on
DO $$ BEGIN PERFORM acl_alter_role('Accountant', enabled => false); END $$;
SET ROLE regress_ld_carla;
EXECUTE mine;
RESET ROLE;
DO $$ BEGIN PERFORM acl_alter_role('Accountant', enabled => true); END $$;
SET ROLE regress_ld_carla;
EXECUTE mine;
RESET ROLE;

SELECT disagreements((SELECT array_agg(action || suffix) FROM ld_action, unnest(ARRAY['', ' alone']) AS suffix)
                     || ARRAY['anna', 'bert', 'carla', 'boss', 'full', 'changer', 'editor', 'not the boss', 'system'], 'ld_document') AS n0;
