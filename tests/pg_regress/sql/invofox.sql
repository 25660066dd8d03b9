--
-- Invofox: an account, its environments, and companies that may be left out (acceptance A7-A11, A17),
-- and the groups' queues and approvals (A18). What else an account is made of: tenants.sql.
--
-- Environments and companies are two kinds of one gate, referred to by the application's uuids.
--
\set VERBOSITY terse
CREATE TABLE fx_environment (id uuid PRIMARY KEY, name text);
CREATE TABLE fx_company (id uuid PRIMARY KEY, environment uuid, name text);
INSERT INTO fx_environment VALUES
  ('00000000-0000-0000-0000-0000000000e1', 'Live'), ('00000000-0000-0000-0000-0000000000e2', 'Test');
INSERT INTO fx_company
SELECT ('00000000-0000-0000-0000-0000000000c' || i)::uuid, '00000000-0000-0000-0000-0000000000e1', 'C' || i FROM generate_series(1, 5) AS i;
INSERT INTO fx_company VALUES ('00000000-0000-0000-0000-0000000000f1', '00000000-0000-0000-0000-0000000000e2', 'T1');

DO $$
DECLARE
  e fx_environment;
  c fx_company;
BEGIN
  PERFORM acl_create_account('invofox');
  PERFORM set_config('docacl.account', 'invofox', false);
  FOR e IN SELECT * FROM fx_environment LOOP
    PERFORM acl_create('environment', e.name, 'invofox', key => e.id::text);
  END LOOP;
  FOR c IN SELECT * FROM fx_company LOOP
    PERFORM acl_create('company', c.name, (SELECT name FROM fx_environment WHERE id = c.environment), key => c.id::text);
  END LOOP;
END $$;

CREATE TABLE fx_document (id int PRIMARY KEY, environment uuid, company uuid, title text) WITH (autovacuum_enabled = off);
GRANT SELECT, INSERT, UPDATE, DELETE ON fx_document TO PUBLIC;
DO $$ BEGIN
  PERFORM acl_protect('fx_document', '{"environment": "environment", "company": "company"}', '{"key": "id", "default": true}');
END $$;
INSERT INTO fx_document
SELECT i, '00000000-0000-0000-0000-0000000000e1', ('00000000-0000-0000-0000-0000000000c' || i)::uuid, 'of C' || i FROM generate_series(1, 5) AS i;
INSERT INTO fx_document VALUES
  (10, '00000000-0000-0000-0000-0000000000e1', NULL, 'of Live, of no company'),
  (11, NULL, '00000000-0000-0000-0000-0000000000c1', 'of C1, the environment left out'),
  (20, '00000000-0000-0000-0000-0000000000e2', '00000000-0000-0000-0000-0000000000f1', 'of T1'),
  (21, '00000000-0000-0000-0000-0000000000e2', NULL, 'of Test, of no company');

--
-- A17: an account is made with two security groups; one's own are granted on account, environment or company
--
SELECT name, built_in FROM docacl.principal
 WHERE account_id = (SELECT id FROM docacl.resource WHERE kind = 'account' AND name = 'invofox') AND kind = 'role' ORDER BY name COLLATE "C";
-- A17 not: they are made once
SELECT complaint(NULL, 'SELECT acl_create_role(''Administrators'')');
SELECT complaint(NULL, 'SELECT acl_create_role(''Users'')');
-- A17: own groups on account, environment and company
DO $$ BEGIN
  PERFORM acl_create_role('Account viewers');
  PERFORM acl_create_role('Live editors');
  PERFORM acl_create_role('C1 editors');
  PERFORM acl_grant('Account viewers', 'view', 'account', 'invofox');
  PERFORM acl_grant('Live editors', 'view, edit', 'environment', 'Live');
  PERFORM acl_grant('C1 editors', 'view, edit', 'company', 'C1');
  PERFORM person('admin', 'Administrators');
  PERFORM person('plain user', 'Users');
  PERFORM person('account viewer', 'Account viewers');
  PERFORM person('live editor', 'Live editors');
  PERFORM person('c1 editor', 'C1 editors');
END $$;
SELECT who, sees(who, 'fx_document'),
       attempt(who, 'UPDATE fx_document SET title = ''x'' WHERE id = 1 AND f_snoop(title)') AS "edit C1",
       attempt(who, 'UPDATE fx_document SET title = ''x'' WHERE id = 2 AND f_snoop(title)') AS "edit C2",
       attempt(who, 'UPDATE fx_document SET title = ''x'' WHERE id = 20 AND f_snoop(title)') AS "edit T1",
       attempt(who, 'DELETE FROM fx_document WHERE id = 1') AS "delete C1"
  FROM unnest(ARRAY['admin', 'plain user', 'account viewer', 'live editor', 'c1 editor']) AS who;
-- A17 not: a company's editor edits no sibling and nothing of another environment; view on the account edits nothing
SELECT who, attempt(who, 'SELECT FROM fx_document WHERE id <> 1 AND id <> 11') AS "sees others",
       attempt(who, 'UPDATE fx_document SET title = ''x'' WHERE id <> 1 AND id <> 11') AS "edits others",
       attempt(who, $$ INSERT INTO fx_document VALUES (99, '00000000-0000-0000-0000-0000000000e1', '00000000-0000-0000-0000-0000000000c1', 'x') $$) AS "adds"
  FROM unnest(ARRAY['account viewer', 'c1 editor', 'plain user']) AS who;
-- A17: the second group holds nothing until somebody grants it something
SELECT acl_grant('Users', 'view', 'environment', 'Test') AS t;
SELECT sees('plain user', 'fx_document') AS "20,21";
SELECT acl_revoke('Users', 'view', 'environment', 'Test') AS t;
SELECT sees('plain user', 'fx_document') AS "nothing";
-- A17: view on the account with edit on a company is edit there alone
DO $$ BEGIN
  PERFORM acl_assign('C1 editors', 'account viewer');
END $$;
SELECT sees('account viewer', 'fx_document') AS all,
       attempt('account viewer', 'UPDATE fx_document SET title = ''x''') AS n2;

--
-- A10: the company is optional. Without one, the environment decides.
--
SELECT sees('live editor', 'fx_document') AS "1,2,3,4,5,10,11";
SELECT acl_can('live editor', 10, 'view') AS t, acl_can('live editor', 11, 'view') AS t, acl_can('c1 editor', 11, 'view') AS t;
SELECT attempt('live editor', 'UPDATE fx_document SET title = ''x'' WHERE id = 10') AS n1;
-- A10 not: who has only a company does not see what has none, nor does who has another environment
SELECT acl_can('c1 editor', 10, 'view') AS f, acl_can('live editor', 21, 'view') AS f, attempt('c1 editor', 'SELECT FROM fx_document WHERE id = 10') AS n0,
       attempt('c1 editor', 'UPDATE fx_document SET title = ''x'' WHERE id = 10') AS n0, attempt('c1 editor', 'DELETE FROM fx_document WHERE id = 10') AS n0;

--
-- A11: a subset of an environment's companies; an environment's grant covers the companies to come
--
DO $$ BEGIN
  PERFORM person('two companies', 'Users');
  PERFORM acl_grant('two companies', 'view', 'company', 'C1');
  PERFORM acl_grant('two companies', 'view', 'company', 'C2');
  PERFORM person('environment', 'Users');
  PERFORM acl_grant('environment', 'view', 'environment', 'Live');
END $$;
SELECT sees('two companies', 'fx_document') AS "1,2,11", sees('environment', 'fx_document') AS "1,2,3,4,5,10,11";
SELECT sees('two companies', '(SELECT * FROM docacl.resource WHERE kind = ''company'') AS c', 'name') AS "C1,C2";
SELECT acl_create('company', 'C6', 'Live', key => '00000000-0000-0000-0000-0000000000c6') IS NOT NULL AS t;
INSERT INTO fx_document VALUES (6, '00000000-0000-0000-0000-0000000000e1', '00000000-0000-0000-0000-0000000000c6', 'of C6');
SELECT sees('two companies', 'fx_document') AS "1,2,11", sees('environment', 'fx_document') AS "1,2,3,4,5,6,10,11";
SELECT acl_can_on('two companies', 'company', 'C1', 'view') AS t, acl_can_on('environment', 'company', 'C6', 'view') AS t;
-- A11 not: neither the environment nor a company that was not granted, nor one to come
SELECT acl_can_on('two companies', 'company', 'C3', 'view') AS f, acl_can_on('two companies', 'company', 'C6', 'view') AS f,
       acl_can_on('two companies', 'environment', 'Live', 'view') AS f, attempt('two companies', 'SELECT FROM fx_document WHERE id IN (3, 4, 5, 6, 10)') AS n0,
       attempt('two companies', 'UPDATE fx_document SET title = ''x'' WHERE id IN (3, 4, 5, 6, 10)') AS n0,
       sees('two companies', '(SELECT * FROM docacl.resource WHERE kind IN (''company'', ''environment'')) AS c', 'name') AS "C1,C2";
-- A11: the other kinds of statement
DO $$ BEGIN PERFORM acl_grant('two companies', 'add, edit, delete', 'company', 'C2'); END $$;
SELECT attempt('two companies', $$ INSERT INTO fx_document VALUES (99, '00000000-0000-0000-0000-0000000000e1', '00000000-0000-0000-0000-0000000000c2', 'x') $$) AS n1,
       attempt('two companies', 'UPDATE fx_document SET title = ''x'' WHERE f_snoop(title)') AS n1,
       attempt('two companies', 'DELETE FROM fx_document') AS n1;
-- A11 not: into a company that was not granted, or into none
SELECT attempt('two companies', $$ INSERT INTO fx_document VALUES (99, '00000000-0000-0000-0000-0000000000e1', '00000000-0000-0000-0000-0000000000c3', 'x') $$) AS "42501",
       attempt('two companies', $$ INSERT INTO fx_document VALUES (99, '00000000-0000-0000-0000-0000000000e1', NULL, 'x') $$) AS "42501",
       attempt('two companies', 'UPDATE fx_document SET company = NULL WHERE id = 2') AS "42501",
       attempt('two companies', 'UPDATE fx_document SET company = ''00000000-0000-0000-0000-0000000000c1'' WHERE id = 2') AS "42501";

-- A1 not: the references of one row belong together, whoever writes them
SELECT complaint(NULL, $$ INSERT INTO fx_document VALUES (99, '00000000-0000-0000-0000-0000000000e2', '00000000-0000-0000-0000-0000000000c1', 'x') $$);
SELECT complaint('two companies', $$ UPDATE fx_document SET environment = '00000000-0000-0000-0000-0000000000e2' WHERE id = 2 $$);
SELECT complaint(NULL, $$ INSERT INTO fx_document VALUES (99, '00000000-0000-0000-0000-0000000000c1', NULL, 'a company as environment') $$);
SELECT complaint(NULL, $$ INSERT INTO fx_document VALUES (99, '00000000-0000-0000-0000-00000000dead', NULL, 'nothing') $$);

--
-- A18: the same groups work the queues and approve. A queue opens no document.
--
DO $$ BEGIN
  PERFORM acl_create('queue', 'Corrections');
  PERFORM acl_create_role('Correctors', purpose => 'approval'), acl_grant('Correctors', 'work_queue', 'queue', 'Corrections');
  PERFORM acl_assign('Correctors', 'two companies'), person('corrector of Test', 'Correctors'), acl_grant('corrector of Test', 'view', 'environment', 'Test');
  PERFORM acl_enqueue('Corrections', i) FROM unnest(ARRAY[1, 2, 3]) AS i;
  PERFORM acl_create_task(2, 'Correctors'), acl_create_task(3, 'Correctors');
END $$;
SELECT sees('two companies', 'docacl.queue_list', 'document') AS "1,2", sees('two companies', 'docacl.task_list', 'document') AS "2",
       sees('admin', 'docacl.queue_list', 'document') AS "1,2,3", sees('admin', 'docacl.task_list', 'document') AS "2,3";
BEGIN;
SELECT become('two companies');
SELECT acl_claim('Corrections') AS mine \gset
SELECT document, state, claimed_by FROM docacl.queue_list WHERE item = :mine;
SELECT acl_complete(:mine) AS t;
SELECT acl_decide(task, true) AS approved FROM docacl.task_list;
ROLLBACK;
-- A18 not: who is in the group without view on the company; who has view and is not in the group; whose company it is not
SELECT who, sees(who, 'docacl.queue_list', 'document') AS items, sees(who, 'docacl.task_list', 'document') AS tasks, sees(who, 'fx_document') AS documents,
       attempt(who, format('SELECT acl_complete(%s)', (SELECT id FROM docacl.queue_item WHERE row_key = '3'))) AS "42704",
       attempt(who, format('SELECT acl_decide(%s, true)', (SELECT max(id) FROM docacl.task))) AS "42704"
  FROM unnest(ARRAY['corrector of Test', 'live editor', 'two companies']) AS who;
SELECT attempt('live editor', 'SELECT acl_claim(''Corrections'')') AS "42704", attempt('corrector of Test', 'SELECT FROM acl_claim(''Corrections'') AS c WHERE c IS NOT NULL') AS n0,
       attempt('two companies', format('SELECT acl_complete(%s)', (SELECT id FROM docacl.queue_item WHERE row_key = '1'))) AS "42501, not claimed";
-- A18 not: after leaving the group
DO $$ BEGIN PERFORM acl_unassign('Correctors', 'two companies'); END $$;
SELECT sees('two companies', 'docacl.queue_list', 'document') AS nothing, sees('two companies', 'docacl.task_list', 'document') AS nothing,
       attempt('two companies', format('SELECT acl_decide(%s, true)', (SELECT min(id) FROM docacl.task))) AS "42704";

SELECT disagreements(ARRAY['admin', 'plain user', 'account viewer', 'live editor', 'c1 editor', 'two companies', 'environment', 'system'], 'fx_document') AS n0;
