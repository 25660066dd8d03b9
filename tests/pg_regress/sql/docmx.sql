--
-- DocMX: a location key and a document type key open a document (acceptance B1-B8, B10-B20; tasks and
-- forms, B7-B9, are in work.sql and following.sql).
--
-- Both gates refer by the application's own keys (text). attempt() gives the number of rows that a
-- statement reached, or its SQLSTATE, and undoes it.
--
\set VERBOSITY terse
\set QUIET off
DO $$ BEGIN PERFORM acl_create_account('docmx'); END $$;
SET docacl.account = 'docmx';

DO $$ BEGIN
  PERFORM acl_create('location', 'Company', key => 'company');
  PERFORM acl_create('location', 'HR',       'Company', key => 'hr');
  PERFORM acl_create('location', 'Accounts', 'Company', key => 'accounts');
  PERFORM acl_create('location', 'Kitchen',  'Company', key => 'kitchen');
  PERFORM acl_create('location', 'Sales',    'Company', key => 'sales');
  PERFORM acl_create('document type', 'Contract', key => 'contract');
  PERFORM acl_create('document type', 'Invoice',  key => 'invoice');
END $$;

CREATE TABLE dm_document (
  id int PRIMARY KEY,
  location text,
  type text,
  owner text,
  title text,
  body text
) WITH (autovacuum_enabled = off);
GRANT SELECT, INSERT, UPDATE, DELETE ON dm_document TO PUBLIC;
DO $$ BEGIN
  PERFORM acl_protect('dm_document', '{"location": "location", "document type": "type"}',
                      '{"key": "id", "owner": "owner", "default": true}');
END $$;
INSERT INTO dm_document (id, location, type, title) VALUES
  (1, 'hr', 'contract', 'HR contract'),
  (2, 'hr', 'invoice', 'HR invoice'),
  (3, 'sales', 'contract', 'Sales contract'),
  (4, 'sales', 'invoice', 'Sales invoice'),
  (5, 'company', 'contract', 'Company contract'),
  (6, 'accounts', 'contract', 'Accounts contract'),
  (7, 'kitchen', 'contract', 'Kitchen contract');

--
-- B1, B2: roles carry keys; a user has one or more roles.
--
DO $$ BEGIN
  PERFORM acl_create_role('HR key');
  PERFORM acl_create_role('Sales key');
  PERFORM acl_create_role('Contracts');
  PERFORM acl_create_role('Invoices');
  PERFORM acl_create_role('HR contracts');   -- carries both keys
  PERFORM acl_create_role('Empty');          -- carries none
END $$;
SELECT acl_grant('HR key', 'enter', 'location', 'HR') AS t;
SELECT acl_grant('Sales key', 'enter', 'location', 'Sales') AS t;
SELECT acl_grant('Contracts', 'view, add, edit, delete', 'document type', 'Contract') AS t;
SELECT acl_grant('Invoices', 'view, add, edit, delete', 'document type', 'Invoice') AS t;
SELECT acl_grant('HR contracts', 'enter', 'location', 'HR') AS t;
SELECT acl_grant('HR contracts', 'view, add, edit, delete', 'document type', 'Contract') AS t;
-- B1 not: a user without a role
SELECT complaint(NULL, $$ SELECT acl_create_user('roleless', 'roleless@docmx.example', NULL) $$);
-- B1, B2: users of one role and of several
DO $$ BEGIN
  PERFORM person('neither', 'Empty');
  PERFORM person('place', 'HR key');
  PERFORM person('type', 'Contracts');
  PERFORM person('both', 'HR key');
  PERFORM acl_assign('Contracts', 'both');
  PERFORM person('one role', 'HR contracts');
END $$;

--
-- B5, B6: the truth table. Both keys, from one role or from two, or nothing at all.
--
SELECT who,
       attempt(who, 'SELECT 1 FROM dm_document WHERE id = 1 AND f_snoop(title)') AS "select",
       attempt(who, $$ INSERT INTO dm_document (id, location, type, title) VALUES (99, 'hr', 'contract', 'new') $$) AS "insert",
       attempt(who, $$ UPDATE dm_document SET body = 'x' WHERE id = 1 AND f_snoop(title) $$) AS "update",
       attempt(who, $$ UPDATE dm_document SET body = 'x' $$) AS "update all",
       attempt(who, 'DELETE FROM dm_document WHERE id = 1 AND f_snoop(title)') AS "delete",
       attempt(who, 'DELETE FROM dm_document') AS "delete all",
       acl_can(who, 1, 'view') AS can_view
  FROM unnest(ARRAY['neither', 'place', 'type', 'both', 'one role']) AS who;
-- B2: a role with both keys opens; and so do two roles with one each
SELECT who, sees(who, 'dm_document') AS "1" FROM unnest(ARRAY['both', 'one role']) AS who;
-- B2, B5, B6 not: a role with neither opens nothing, and no gate is opened by the key of its neighbour
SELECT who, sees(who, 'dm_document') AS nothing, attempt(who, $$ UPDATE dm_document SET body = 'x' $$) AS n0, attempt(who, 'DELETE FROM dm_document') AS n0
  FROM unnest(ARRAY['neither', 'place', 'type']) AS who;
-- B6 not: the refusal names the action and the gate
SELECT complaint('neither', $$ INSERT INTO dm_document (id, location, type) VALUES (99, 'hr', 'contract') $$);
SELECT complaint('place',   $$ INSERT INTO dm_document (id, location, type) VALUES (99, 'hr', 'contract') $$);
SELECT complaint('type',    $$ INSERT INTO dm_document (id, location, type) VALUES (99, 'hr', 'contract') $$);

-- B1, B6: the keys are independent and add up: HR and Sales keys with Contract and Invoice rights open all four
DO $$ BEGIN
  PERFORM person('cross', 'HR key');
  PERFORM acl_assign('Sales key', 'cross');
  PERFORM acl_assign('Contracts', 'cross');
  PERFORM acl_assign('Invoices', 'cross');
END $$;
SELECT sees('cross', 'dm_document') AS "1,2,3,4";
DO $$ BEGIN PERFORM acl_unassign('Sales key', 'cross'); END $$;
SELECT sees('cross', 'dm_document') AS "1,2";
DO $$ BEGIN PERFORM acl_unassign('Contracts', 'cross'); END $$;
SELECT sees('cross', 'dm_document') AS "2";
DO $$ BEGIN PERFORM acl_unassign('HR key', 'cross'); END $$;
SELECT sees('cross', 'dm_document') AS "nothing";

-- B1 not: a user left without roles has nothing
DO $$ BEGIN PERFORM acl_unassign('Invoices', 'cross'); END $$;
SELECT acl_actions('cross', 1) AS "{}";

--
-- B3: locations of any size, in one tree
--
SELECT path, (SELECT count(*) FROM dm_document WHERE location = l.key) AS documents FROM docacl.resource_list AS l WHERE kind = 'location' AND key IN ('company', 'hr') ORDER BY path;
SELECT acl_can_on('place', 'location', 'HR', 'enter') AS t;
SELECT acl_can_on('place', 'location', 'Company', 'enter') AS f;
-- B3 not: a cycle, another account's parent
SELECT complaint(NULL, $$ SELECT acl_move('location', 'Company', 'HR') $$);            -- a cycle
SELECT complaint(NULL, $$ SELECT acl_move('location', 'Company', 'Company') $$);       -- a cycle
DO $$ BEGIN PERFORM acl_create_account('docmx neighbour'); END $$;
SET docacl.account = 'docmx neighbour';
SELECT acl_create('location', 'Elsewhere') AS elsewhere \gset
SET docacl.account = 'docmx';
SELECT complaint(NULL, format('SELECT acl_move(''location'', ''HR'', %s)', :'elsewhere'));  -- another account
SELECT complaint(NULL, format('SELECT acl_create(''location'', ''Annexe'', %s)', :'elsewhere'));

--
-- B10: one sees the locations of which one has a key, and what lies in them with the type's
--
SELECT who, sees(who, '(SELECT * FROM docacl.resource_list WHERE kind = ''location'') AS l', 'path') AS locations
  FROM unnest(ARRAY['place', 'both', 'one role']) AS who;
-- B10 not: without a key the location is not there, be it by name, by path or in a question
SELECT who, sees(who, '(SELECT * FROM docacl.resource_list WHERE kind = ''location'') AS l', 'path') AS nothing,
       attempt(who, 'SELECT FROM docacl.resource WHERE kind = ''location''') AS n0,
       attempt(who, 'SELECT FROM (SELECT acl_can_on(''location'', ''HR'', ''enter'') AS may) AS q WHERE may') AS n0,
       attempt(who, 'SELECT acl_require_on(''location'', ''HR'', ''enter'')') AS refused, attempt(who, 'SELECT acl_require_on(''location'', ''No such'', ''enter'')') AS "in the same way"
  FROM unnest(ARRAY['neither', 'type']) AS who;
SELECT attempt('place', 'SELECT FROM docacl.resource WHERE kind = ''location'' AND name <> ''HR''') AS n0;

--
-- B11, B12: everybody enters the company; departments take a key of their own
--
DO $$ BEGIN
  PERFORM acl_create_role('Company access', is_default => true);
  PERFORM acl_grant('Company access', 'enter', 'location', 'Company');
  PERFORM acl_create_role('Accounts access');
  PERFORM acl_grant('Accounts access', 'enter', 'location', 'Accounts');
  PERFORM acl_create_role('Kitchen access');
  PERFORM acl_grant('Kitchen access', 'enter', 'location', 'Kitchen');
  PERFORM acl_create_role('Contract readers');
  PERFORM acl_grant('Contract readers', 'view', 'document type', 'Contract');
  -- none of them is given 'Company access' by hand: it is the default role
  PERFORM person('Director of Finance', 'Contract readers');
  PERFORM person('Accountant', 'Contract readers');
  PERFORM person('Head of Kitchen', 'Contract readers');
  PERFORM person('Sales Director', 'Contract readers');
  PERFORM acl_assign('Accounts access', 'Director of Finance');
  PERFORM acl_assign('Accounts access', 'Accountant');
  PERFORM acl_assign('Kitchen access', 'Head of Kitchen');
  PERFORM acl_assign('Sales key', 'Sales Director');
END $$;
SELECT who,
       attempt(who, $$ SELECT 1 FROM dm_document WHERE location = 'company'  AND f_snoop(title) $$) AS "Company",
       attempt(who, $$ SELECT 1 FROM dm_document WHERE location = 'accounts' AND f_snoop(title) $$) AS "Accounts",
       attempt(who, $$ SELECT 1 FROM dm_document WHERE location = 'kitchen'  AND f_snoop(title) $$) AS "Kitchen",
       attempt(who, $$ SELECT 1 FROM dm_document WHERE location = 'sales'    AND f_snoop(title) $$) AS "Sales"
  FROM unnest(ARRAY['Director of Finance', 'Accountant', 'Head of Kitchen', 'Sales Director']) AS who;
SELECT who, sees(who, 'dm_document')
  FROM unnest(ARRAY['Director of Finance', 'Accountant', 'Head of Kitchen', 'Sales Director']) AS who;
SELECT acl_can('Accountant', 5, 'view') AS t;
-- B11, B12 not: the key of the building opens no department, though the department lies in it
SELECT acl_can('Accountant', 7, 'view') AS f, attempt('Accountant', $$ SELECT FROM dm_document WHERE location = 'kitchen' $$) AS n0;
DO $$ BEGIN PERFORM person('newcomer', 'Contract readers'); END $$;
SELECT sees('newcomer', 'dm_document') AS "5", attempt('newcomer', $$ SELECT FROM dm_document WHERE location IN ('accounts', 'kitchen', 'sales', 'hr') $$) AS n0;
-- B11 not: who was there before the default role has no company key
SELECT acl_can('both', 5, 'view') AS f;
-- B11 not: the default role is an ordinary one: taken away, it is gone
DO $$ BEGIN PERFORM acl_unassign('Company access', 'Accountant'); END $$;
SELECT sees('Accountant', 'dm_document') AS "6";

--
-- B7, B8: an ordinary role opens documents; an approval role with both keys approves
--
DO $$ BEGIN
  PERFORM acl_create_role('Approvers', purpose => 'approval');
  PERFORM acl_grant('Approvers', 'approve', 'document type', 'Contract');
  PERFORM person('approver', 'Approvers');
  PERFORM acl_assign('HR key', 'approver');
  PERFORM acl_assign('Contract readers', 'approver');
  PERFORM person('approver without location', 'Approvers');
  PERFORM acl_assign('Contract readers', 'approver without location');
  PERFORM person('approver without type', 'Approvers');
  PERFORM acl_assign('HR key', 'approver without type');
  PERFORM acl_create_task(1, 'Approvers');
END $$;
SELECT acl_can('both', 1, 'view') AS t, acl_can('approver', 1, 'view') AS t, acl_can('approver', 1, 'approve') AS t, sees('approver', 'docacl.task_list', 'document') AS "1";
-- B7 not: approvers without one of the keys have no task, see no document and approve none
SELECT who, acl_can(who, 1, 'view') AS f, acl_can(who, 1, 'approve') AS f, sees(who, 'docacl.task_list', 'document') AS nothing, sees(who, 'dm_document') AS "5, of the company",
       attempt(who, format('SELECT acl_decide(%s, true)', (SELECT max(id) FROM docacl.task))) AS "42704"
  FROM unnest(ARRAY['approver without location', 'approver without type']) AS who;
-- B8 not: an ordinary role approves nothing, gets no task, and cannot be put on one
SELECT acl_can('both', 1, 'approve') AS f, sees('both', 'docacl.task_list', 'document') AS nothing, attempt('both', format('SELECT acl_decide(%s, true)', (SELECT max(id) FROM docacl.task))) AS "42704",
       attempt('system', 'SELECT acl_create_task(1, ''HR key'')') AS "42809";

--
-- B13-B15: entities with departments of the same name; a regional director holds roles of several
--
DO $$ BEGIN
  PERFORM acl_create('location', 'Entity 1', key => 'e1');
  PERFORM acl_create('location', 'Sales', 'Entity 1', key => 'e1-sales');
  PERFORM acl_create('location', 'Kitchen', 'Entity 1', key => 'e1-kitchen');
  PERFORM acl_create('location', 'Entity 2', key => 'e2');
  PERFORM acl_create('location', 'Sales', 'Entity 2', key => 'e2-sales');
  PERFORM acl_create('location', 'Kitchen', 'Entity 2', key => 'e2-kitchen');
  PERFORM acl_create_role('Entity 1 access');
  PERFORM acl_create_role('Entity 1 Sales');
  PERFORM acl_create_role('Entity 2 Sales');
  PERFORM acl_grant('Entity 1 access', 'enter', 'location', 'Entity 1');
  PERFORM acl_grant('Entity 1 Sales', 'enter', 'location', '/Entity 1/Sales');
  PERFORM acl_grant('Entity 2 Sales', 'enter', 'location', 'Entity 2/Sales');
  PERFORM person('E1 Worker', 'Contract readers');
  PERFORM person('E1 Director of Sales', 'Contract readers');
  PERFORM person('E2 Director of Sales', 'Contract readers');
  PERFORM person('Regional Director', 'Contract readers');
  PERFORM acl_assign('Entity 1 access', 'E1 Worker');
  PERFORM acl_assign('Entity 1 Sales', 'E1 Director of Sales');
  PERFORM acl_assign('Entity 2 Sales', 'E2 Director of Sales');
  PERFORM acl_assign('Entity 1 Sales', 'Regional Director');
  PERFORM acl_assign('Entity 2 Sales', 'Regional Director');
END $$;
INSERT INTO dm_document (id, location, type, title) VALUES
  (11, 'e1', 'contract', 'Entity 1'),
  (12, 'e1-sales', 'contract', 'Entity 1 Sales'),
  (13, 'e1-kitchen', 'contract', 'Entity 1 Kitchen'),
  (21, 'e2', 'contract', 'Entity 2'),
  (22, 'e2-sales', 'contract', 'Entity 2 Sales'),
  (23, 'e2-kitchen', 'contract', 'Entity 2 Kitchen');
-- three departments are called Sales
SELECT complaint(NULL, $$ SELECT acl_grant('Regional Director', 'enter', 'location', 'Sales') $$);
SELECT who,
       attempt(who, 'SELECT 1 FROM dm_document WHERE id = 11 AND f_snoop(title)') AS "E1",
       attempt(who, 'SELECT 1 FROM dm_document WHERE id = 12 AND f_snoop(title)') AS "E1 Sales",
       attempt(who, 'SELECT 1 FROM dm_document WHERE id = 13 AND f_snoop(title)') AS "E1 Kitchen",
       attempt(who, 'SELECT 1 FROM dm_document WHERE id = 21 AND f_snoop(title)') AS "E2",
       attempt(who, 'SELECT 1 FROM dm_document WHERE id = 22 AND f_snoop(title)') AS "E2 Sales",
       attempt(who, 'SELECT 1 FROM dm_document WHERE id = 23 AND f_snoop(title)') AS "E2 Kitchen"
  FROM unnest(ARRAY['E1 Worker', 'E1 Director of Sales', 'E2 Director of Sales', 'Regional Director']) AS who;
-- B13 not: the key of one entity's Sales does not open the other's
SELECT attempt('E1 Director of Sales', 'SELECT FROM dm_document WHERE id = 22') AS n0, attempt('E2 Director of Sales', 'SELECT FROM dm_document WHERE id = 12') AS n0;
-- B14 not: who works for one entity does not enter another, nor his own one's departments
SELECT attempt('E1 Worker', 'SELECT FROM dm_document WHERE id IN (21, 22, 23)') AS n0, attempt('E1 Worker', 'SELECT FROM dm_document WHERE id IN (12, 13)') AS n0,
       acl_can_on('E1 Worker', 'location', 'Entity 2', 'enter') AS f;
-- B15 not: the regional director enters no Kitchen, nor the entities themselves; taking one role closes one entity
SELECT attempt('Regional Director', 'SELECT FROM dm_document WHERE id IN (11, 13, 21, 23)') AS n0;
DO $$ BEGIN PERFORM acl_unassign('Entity 1 Sales', 'Regional Director'); END $$;
SELECT sees('Regional Director', 'dm_document') AS "5,22";
-- the same by one role that holds both
DO $$ BEGIN
  PERFORM acl_unassign('Entity 2 Sales', 'Regional Director');
  PERFORM acl_create_role('Region');
  PERFORM acl_assign('Entity 1 Sales', 'Region');
  PERFORM acl_assign('Entity 2 Sales', 'Region');
  PERFORM acl_assign('Region', 'Regional Director');
END $$;
SELECT sees('Regional Director', 'dm_document') AS "5,12,22";
DO $$ BEGIN PERFORM acl_unassign('Entity 1 Sales', 'Region'); END $$;
SELECT sees('Regional Director', 'dm_document') AS "5,22";
SELECT sees('E1 Director of Sales', 'dm_document') AS "5,12";

--
-- B16: all sixteen subsets of view, add, edit, delete on a type, the location's key given.
-- Without view nothing works but adding, and that without looking (no RETURNING).
--
DO $$
DECLARE
  name text;
  words text;
BEGIN
  FOR i IN 0..15 LOOP
    name := CASE WHEN i & 8 > 0 THEN 'v' ELSE '-' END || CASE WHEN i & 4 > 0 THEN 'a' ELSE '-' END
         || CASE WHEN i & 2 > 0 THEN 'e' ELSE '-' END || CASE WHEN i & 1 > 0 THEN 'd' ELSE '-' END;
    words := concat_ws(', ', CASE WHEN i & 8 > 0 THEN 'view' END, CASE WHEN i & 4 > 0 THEN 'add' END,
                             CASE WHEN i & 2 > 0 THEN 'edit' END, CASE WHEN i & 1 > 0 THEN 'delete' END);
    PERFORM acl_create_role('role ' || name);
    IF words <> '' THEN
      PERFORM acl_grant('role ' || name, words, 'document type', 'Contract');
    END IF;
    PERFORM person('user ' || name, 'role ' || name);
    PERFORM acl_assign('HR key', 'user ' || name);
  END LOOP;
END $$;
SELECT subset,
       attempt('user ' || subset, 'SELECT 1 FROM dm_document WHERE f_snoop(title) AND id = 1') AS "select",
       attempt('user ' || subset, $$ INSERT INTO dm_document (id, location, type) VALUES (99, 'hr', 'contract') $$) AS "insert",
       attempt('user ' || subset, $$ INSERT INTO dm_document (id, location, type) VALUES (99, 'hr', 'contract') RETURNING id $$) AS "returning",
       attempt('user ' || subset, $$ UPDATE dm_document SET body = 'x' WHERE f_snoop(title) AND id = 1 $$) AS "update",
       attempt('user ' || subset, $$ UPDATE dm_document SET body = 'x' $$) AS "update all",
       attempt('user ' || subset, 'SELECT 1 FROM dm_document WHERE id = 1 FOR UPDATE') AS "lock",
       attempt('user ' || subset, 'DELETE FROM dm_document WHERE f_snoop(title) AND id = 1') AS "delete",
       (SELECT string_agg(word, ' ' ORDER BY ord)
          FROM unnest(ARRAY['view', 'edit', 'delete']) WITH ORDINALITY AS w(word, ord)
         WHERE acl_can('user ' || subset, 1, word)) AS acl_can
  FROM (SELECT CASE WHEN i & 8 > 0 THEN 'v' ELSE '-' END || CASE WHEN i & 4 > 0 THEN 'a' ELSE '-' END
            || CASE WHEN i & 2 > 0 THEN 'e' ELSE '-' END || CASE WHEN i & 1 > 0 THEN 'd' ELSE '-' END AS subset
          FROM generate_series(0, 15) AS i) AS subsets;
-- B16 not: edit and delete without view reach no row; add without view adds and sees nothing, not even what it added
SELECT attempt('user -aed', $$ UPDATE dm_document SET body = 'x' WHERE id = 1 $$) AS n0, attempt('user --e-', $$ UPDATE dm_document SET body = 'x' $$) AS n0,
       attempt('user ---d', 'DELETE FROM dm_document') AS n0, attempt('user -a--', $$ INSERT INTO dm_document (id, location, type) VALUES (99, 'hr', 'contract') $$) AS n1,
       attempt('user -a--', $$ INSERT INTO dm_document (id, location, type) VALUES (99, 'hr', 'contract') RETURNING id $$) AS "42501", sees('user -a--', 'dm_document') AS nothing;
-- the same sixteen: the place asks add too
SELECT subset, acl_can_on('user ' || subset, 'document type', 'Contract', 'add') AS can_add,
       acl_can_on('user ' || subset, 'document type', 'Invoice', 'add') AS f
  FROM (VALUES ('-a--'), ('v-ed'), ('vaed')) AS s(subset);

--
-- B4, B17: the intray. An unfiled document is its owner's alone until he files it.
--
DO $$ BEGIN
  PERFORM acl_create_role('Basic');
  PERFORM acl_grant('Basic', 'view, add', 'document type', 'Invoice');
  PERFORM acl_create_role('Mid');
  PERFORM acl_grant('Mid', 'view, add, edit', 'document type', 'Invoice');
  PERFORM acl_create_role('High');
  PERFORM acl_grant('High', 'view, add, edit, delete', 'document type', 'Invoice');
  PERFORM acl_create_role('Every key');
  PERFORM acl_grant('Every key', 'enter', 'location', '*');
  PERFORM acl_grant('Every key', 'change', 'document type', '*');
  PERFORM person('basic', 'Basic');
  PERFORM person('mid', 'Mid');
  PERFORM person('high', 'High');
  PERFORM person('high without location', 'High');
  PERFORM person('viewer', 'Contract readers');
  PERFORM person('adder', 'Empty');
  PERFORM acl_grant('adder', 'add', 'document type', 'Invoice');
  PERFORM person('key holder', 'Every key');
  PERFORM person('admin', 'Administrators');
  PERFORM acl_assign('HR key', 'basic');
  PERFORM acl_assign('HR key', 'mid');
  PERFORM acl_assign('HR key', 'high');
  PERFORM acl_assign('HR key', 'viewer');
  PERFORM acl_assign('HR key', 'adder');
END $$;
CREATE ROLE regress_dm_basic LOGIN;
CREATE ROLE regress_dm_mid LOGIN;
CREATE ROLE regress_dm_high LOGIN;
CREATE ROLE regress_dm_keys LOGIN;
DO $$ BEGIN
  PERFORM acl_map('regress_dm_basic', 'basic');
  PERFORM acl_map('regress_dm_mid', 'mid');
  PERFORM acl_map('regress_dm_high', 'high');
  PERFORM acl_map('regress_dm_keys', 'key holder');
END $$;

-- viewpoint of basic: a scan arrives in the intray; whatever the statement says, its owner is who made it
SET ROLE regress_dm_basic;
SELECT acl_user();
INSERT INTO dm_document (id, title) VALUES (31, 'scan of basic') RETURNING id, location, type, owner;
INSERT INTO dm_document (id, title, owner) VALUES (32, 'not for mid', 'docmx:mid') RETURNING id, owner;
SELECT id, location, type, title FROM dm_document WHERE f_leak(title) ORDER BY id;
SELECT acl_can(31, 'view') AS t, acl_can(31, 'edit') AS t, acl_can(31, 'delete') AS t, acl_can(31, 'security') AS f;
RESET ROLE;
-- B4 not: nobody else, not even the holder of every key; the admin and system do
SELECT who, sees(who, 'dm_document') FROM unnest(ARRAY['mid', 'high', 'key holder', 'admin']) AS who;
SELECT sees('system', 'dm_document');
SELECT who,
       attempt(who, $$ UPDATE dm_document SET body = 'x' WHERE id = 31 $$) AS "update",
       attempt(who, 'DELETE FROM dm_document WHERE id = 31') AS "delete",
       acl_can(who, 31, 'view') AS can_view
  FROM unnest(ARRAY['basic', 'mid', 'key holder', 'admin', 'system']) AS who;
-- B4 not: a row of nobody's in no gate at all is system's alone: absence is never "for everyone"
INSERT INTO dm_document (id, title) VALUES (39, 'nobody''s');
SELECT who, attempt(who, 'SELECT 1 FROM dm_document WHERE id = 39') AS "select"
  FROM unnest(ARRAY['basic', 'key holder', 'admin', 'system']) AS who;

-- viewpoint of basic: indexing needs add under the type, and the location's key
SET ROLE regress_dm_basic;
BEGIN;
UPDATE dm_document SET location = 'hr', type = 'invoice' WHERE id = 31;
SELECT id, location, type, title FROM dm_document ORDER BY id;
UPDATE dm_document SET body = 'x' WHERE id = 31;                           -- filed: no edit, 0 rows
DELETE FROM dm_document WHERE id = 31;                                     -- filed: no delete, 0 rows
ROLLBACK;
UPDATE dm_document SET location = 'hr', type = 'contract' WHERE id = 31;   -- fail: no add on Contract
UPDATE dm_document SET location = 'sales', type = 'invoice' WHERE id = 31; -- fail: no key of Sales
UPDATE dm_document SET location = 'hr' WHERE id = 31;                      -- fail: the key alone adds nothing
UPDATE dm_document SET owner = 'docmx:mid' WHERE id = 31;                     -- fail: the owner is not his to change
UPDATE dm_document SET id = 131 WHERE id = 31;                             -- fail: nor is the key
SELECT id, location, type, owner FROM dm_document WHERE id = 31;
DELETE FROM dm_document WHERE id = 32;                                     -- the intray is his: 1 row
RESET ROLE;
-- only the owner files
SELECT who, attempt(who, $$ UPDATE dm_document SET location = 'hr', type = 'invoice' WHERE id = 31 $$) AS files
  FROM unnest(ARRAY['basic', 'mid', 'high', 'key holder', 'admin', 'system']) AS who;
-- who may add but not see files blindly only: PostgreSQL wants read on a row that the statement looked at
INSERT INTO dm_document (id, owner, title) VALUES (33, 'docmx:adder', 'for the drop box'), (34, 'docmx:viewer', 'viewer has no add');
SELECT attempt('adder', $$ UPDATE dm_document SET location = 'hr', type = 'invoice' WHERE id = 33 $$) AS "42501";
SELECT attempt('adder', $$ UPDATE dm_document SET location = 'hr', type = 'invoice' $$) AS n1;
SELECT attempt('viewer', $$ UPDATE dm_document SET location = 'hr', type = 'contract' WHERE id = 34 $$) AS "42501";
DELETE FROM dm_document WHERE id IN (33, 34, 39);

-- B17: viewpoint of basic: search for invoices and index them
SET ROLE regress_dm_basic;
UPDATE dm_document SET location = 'hr', type = 'invoice' WHERE id = 31;
SELECT id, location, type, title FROM dm_document WHERE f_leak(title) ORDER BY id;
INSERT INTO dm_document (id, location, type, title) VALUES (35, 'hr', 'invoice', 'indexed at once') RETURNING id, owner;
-- B17 not: neither change nor removal of one, and nothing of another type or place
UPDATE dm_document SET body = 'x';
DELETE FROM dm_document;
INSERT INTO dm_document (id, location, type, title) VALUES (36, 'hr', 'contract', 'no');     -- fail
INSERT INTO dm_document (id, location, type, title) VALUES (36, 'sales', 'invoice', 'no');   -- fail
INSERT INTO dm_document (id, location, type, title) VALUES (36, 'nowhere', 'invoice', 'no'); -- fail
RESET ROLE;

-- B18: viewpoint of mid: edits invoices too
SET ROLE regress_dm_mid;
WITH changed AS (UPDATE dm_document SET body = 'by mid' WHERE type = 'invoice' AND f_leak(title) RETURNING id)
SELECT id FROM changed ORDER BY id;
-- B18 not: deletes none, and makes no contract of one
DELETE FROM dm_document;                                                   -- 0 rows
UPDATE dm_document SET type = 'contract' WHERE id = 2;                     -- fail: no add on Contract
RESET ROLE;
-- B18: re-typing needs edit on the old type, add on the new one, and the key where the row comes to lie
SELECT attempt('mid', $$ UPDATE dm_document SET type = 'contract' WHERE id = 2 $$) AS "42501";
DO $$ BEGIN PERFORM acl_grant('Mid', 'add', 'document type', 'Contract'); END $$;
SELECT attempt('mid', $$ UPDATE dm_document SET type = 'contract' WHERE id = 2 $$) AS "42501";  -- may not read the new row
DO $$ BEGIN PERFORM acl_grant('Mid', 'view', 'document type', 'Contract'); END $$;
SELECT attempt('mid', $$ UPDATE dm_document SET type = 'contract' WHERE id = 2 $$) AS n1;
SELECT attempt('mid', $$ UPDATE dm_document SET type = 'contract', location = 'sales' WHERE id = 2 $$) AS "42501";
SELECT attempt('mid', $$ UPDATE dm_document SET type = 'invoice' WHERE id = 1 $$) AS n0;        -- no edit on Contract
DO $$ BEGIN PERFORM acl_assign('Sales key', 'mid'); END $$;
SELECT attempt('mid', $$ UPDATE dm_document SET type = 'contract', location = 'sales' WHERE id = 2 $$) AS n1;
-- to no type at all is a change of the type as well
SELECT attempt('basic', $$ UPDATE dm_document SET type = NULL WHERE id = 2 $$) AS n0;
SELECT attempt('mid', $$ UPDATE dm_document SET type = NULL WHERE id = 2 $$) AS "42501";        -- HR's key alone adds nothing

-- B19: viewpoint of high: deletes invoices too
SET ROLE regress_dm_high;
BEGIN;
SELECT count(*) AS n3 FROM dm_document;
DELETE FROM dm_document WHERE id = 2;
-- B19 not: and no contract
DELETE FROM dm_document WHERE id = 1;
DELETE FROM dm_document WHERE type = 'contract';
SELECT count(*) AS n2 FROM dm_document;
ROLLBACK;
RESET ROLE;

-- B20 not: without the location's key none of it counts
SELECT who,
       attempt(who, 'SELECT 1 FROM dm_document WHERE id = 2 AND f_snoop(title)') AS "select",
       attempt(who, $$ INSERT INTO dm_document (id, location, type, title) VALUES (99, 'hr', 'invoice', 'new') $$) AS "insert",
       attempt(who, $$ UPDATE dm_document SET body = 'x' WHERE id = 2 $$) AS "update",
       attempt(who, 'DELETE FROM dm_document WHERE id = 2') AS "delete"
  FROM unnest(ARRAY['basic', 'mid', 'high', 'high without location']) AS who;

-- B20: and once the key is given, the next statement sees it
DO $$ BEGIN PERFORM acl_assign('HR key', 'high without location'); END $$;
SELECT sees('high without location', 'dm_document') AS "2,31,35";
DO $$ BEGIN PERFORM acl_unassign('HR key', 'high without location'); END $$;
SELECT sees('high without location', 'dm_document') AS "nothing";

-- what SELECT shows and what acl_can says are one thing, for everyone
SELECT disagreements(ARRAY['neither', 'place', 'type', 'both', 'one role', 'cross', 'Director of Finance', 'Accountant',
                           'Head of Kitchen', 'Sales Director', 'approver', 'E1 Worker', 'E1 Director of Sales',
                           'Regional Director', 'user v---', 'user -aed', 'user vaed', 'basic', 'mid', 'high',
                           'high without location', 'viewer', 'adder', 'key holder', 'admin', 'system'], 'dm_document') AS n0;

DROP TABLE dm_document;
RESET docacl.account;
