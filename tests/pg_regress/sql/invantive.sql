--
-- Invantive Vision: project security and function security
-- (acceptance C1-C4, C6, C8-C10, C12-C16, E6-E9, E12-E17; the others: invantive_access.sql, invantive_rules.sql).
--
-- Projects are referred to by the application's integer keys. Screens are constants of their tables; the documents'
-- function follows from their kind, a text key.
--
\set VERBOSITY terse
DO $$ BEGIN PERFORM acl_create_account('invantive'); END $$;
SET docacl.account = 'invantive';
DO $$ BEGIN
  PERFORM acl_create('project', 'P', key => '1');
  PERFORM acl_create('project', 'Q', key => '2');
  PERFORM acl_create('screen', 'Orders');
  PERFORM acl_create('screen', 'Budgets');
  PERFORM acl_create('screen', 'Documents');
  PERFORM acl_create('function', 'documents.order', key => 'documents.order');
  PERFORM acl_create('function', 'documents.revenue', key => 'documents.revenue');
  PERFORM acl_create('function', 'documents.budget', key => 'documents.budget');
  PERFORM acl_create('function', 'Access to documents with Project', key => 'documents.project');
END $$;

CREATE TABLE iv_order (id int PRIMARY KEY, project int, amount int, note text) WITH (autovacuum_enabled = off);
CREATE TABLE iv_document (id int PRIMARY KEY, project int, kind text, title text, content text) WITH (autovacuum_enabled = off);
CREATE TABLE iv_budget (id int PRIMARY KEY, project int, note text) WITH (autovacuum_enabled = off);
GRANT SELECT, INSERT, UPDATE, DELETE ON iv_order, iv_document, iv_budget TO PUBLIC;
DO $$ BEGIN
  PERFORM acl_protect('iv_order', '{"project": {"column": "project", "by": "key"}, "function": {"constant": ["Orders"]}}', '{"key": "id"}');
  PERFORM acl_protect('iv_budget', '{"project": {"column": "project", "by": "key"}, "function": {"constant": ["Budgets"]}}', '{"key": "id"}');
  PERFORM acl_protect('iv_document', '{"project": {"column": "project", "by": "key"}, "function": "kind"}', '{"key": "id", "default": true}');
END $$;
INSERT INTO iv_order VALUES (1, 1, 100, 'of P'), (2, 2, 200, 'of Q'), (3, NULL, 300, 'of no project');
INSERT INTO iv_budget VALUES (1, 1, 'budget of P'), (2, 2, 'budget of Q');
INSERT INTO iv_document VALUES
  (1, 1, 'documents.order', 'order of P'), (2, 1, 'documents.revenue', 'revenue of P'), (3, 1, 'documents.budget', 'budget of P'),
  (4, 1, 'documents.project', 'project document of P'), (5, 2, 'documents.project', 'project document of Q'),
  (6, 2, 'documents.order', 'order of Q'), (7, NULL, 'documents.order', 'order of no project');

CREATE FUNCTION tries(who text, OUT sel text, OUT ins text, OUT upd text, OUT del text) LANGUAGE plpgsql AS
$$ BEGIN
  sel := attempt(who, 'SELECT 1 FROM iv_order WHERE id = 1 AND f_snoop(note)');
  ins := attempt(who, 'INSERT INTO iv_order (id, project, amount) VALUES (99, 1, 1)');
  upd := attempt(who, 'UPDATE iv_order SET amount = amount + 1 WHERE id = 1 AND f_snoop(note)');
  del := attempt(who, 'DELETE FROM iv_order WHERE id = 1 AND f_snoop(note)');
END $$;

--
-- C1, C2, C3, C6: what one may do is what both project and function give.
-- A user per pair: none, see or change on P; none, open or change on the screen Orders.
--
CREATE TABLE iv_pair (who text, p text, f text);
INSERT INTO iv_pair
SELECT format('P %s, Orders %s', coalesce(p, '-'), coalesce(f, '-')), p, f
  FROM unnest(ARRAY[NULL, 'see', 'change']) AS p, unnest(ARRAY[NULL, 'open', 'change']) AS f;
DO $$
DECLARE
  r iv_pair;
BEGIN
  FOR r IN SELECT * FROM iv_pair LOOP
    PERFORM acl_create_role('role of ' || r.who);
    PERFORM person(r.who, 'role of ' || r.who);
    IF r.p IS NOT NULL THEN PERFORM acl_grant(r.who, r.p, 'project', 'P'); END IF;
    IF r.f IS NOT NULL THEN PERFORM acl_grant('role of ' || r.who, r.f, 'screen', 'Orders'); END IF;
  END LOOP;
END $$;
SELECT who, t.*, acl_can_row(who, 'iv_order', '1', 'see') AS see, acl_can_row(who, 'iv_order', '1', 'change') AS change
  FROM iv_pair, tries(who) AS t ORDER BY p NULLS FIRST, f = 'change' NULLS FIRST;
-- C1, C2, C6 not: never of another project, and change is not given by see
SELECT who, sees(who, 'iv_order') FROM iv_pair ORDER BY p NULLS FIRST, f = 'change' NULLS FIRST;
-- C3 not: one of the two is not enough to write, and the refusal names the gate that refused
SELECT complaint('P see, Orders change', 'INSERT INTO iv_order (id, project, amount) VALUES (99, 1, 1)');
SELECT complaint('P change, Orders open', 'INSERT INTO iv_order (id, project, amount) VALUES (99, 1, 1)');
SELECT complaint('P change, Orders change', 'INSERT INTO iv_order (id, project, amount) VALUES (99, 2, 1)');
-- C6: change alone reads too, and see does not write
SELECT acl_can_on('P change, Orders -', 'project', 'P', 'see') AS t, acl_can_on('P see, Orders -', 'project', 'P', 'change') AS f;

--
-- C4: where there is no project, the function alone decides
--
SELECT who,
       attempt(who, 'SELECT 1 FROM iv_order WHERE id = 3 AND f_snoop(note)') AS sel,
       attempt(who, 'UPDATE iv_order SET amount = 0 WHERE id = 3') AS upd,
       attempt(who, 'INSERT INTO iv_order (id, amount) VALUES (99, 1)') AS ins,
       attempt(who, 'DELETE FROM iv_order WHERE id = 3') AS del
  FROM unnest(ARRAY['P change, Orders -', 'P -, Orders open', 'P -, Orders change']) AS who;
-- C4 not: taking a row out of its project (which shows it to all holders of the function) is a change of the project
SELECT attempt('P see, Orders change', 'UPDATE iv_order SET project = NULL WHERE id = 1') AS n0;
SELECT attempt('P -, Orders change', 'UPDATE iv_order SET project = NULL WHERE id = 1') AS n0;
SELECT attempt('P change, Orders change', 'UPDATE iv_order SET project = NULL WHERE id = 1') AS n1;
-- and putting one into a project asks add there
SELECT attempt('P -, Orders change', 'UPDATE iv_order SET project = 1 WHERE id = 3') AS "42501";
SELECT attempt('P see, Orders change', 'UPDATE iv_order SET project = 1 WHERE id = 3') AS "42501";
SELECT attempt('P change, Orders change', 'UPDATE iv_order SET project = 1 WHERE id = 3') AS n1;
SELECT attempt('P change, Orders change', 'UPDATE iv_order SET project = 2 WHERE id = 1') AS "42501";

--
-- E6, C10: by user or role, project and right
--
DO $$ BEGIN
  PERFORM acl_create_role('All screens');
  PERFORM acl_grant('All screens', 'change', 'function', 'Orders');
  PERFORM acl_grant('All screens', 'change', 'function', 'Budgets');
  PERFORM acl_grant('All screens', 'change', 'function', 'documents.order');
  PERFORM acl_grant('All screens', 'change', 'function', 'documents.revenue');
  PERFORM acl_grant('All screens', 'change', 'function', 'documents.budget');
  PERFORM acl_grant('All screens', 'change', 'function', 'Access to documents with Project');
  PERFORM acl_create_role('On P');
  PERFORM acl_grant('On P', 'see', 'project', 'P');
  PERFORM person('without project', 'All screens');
  PERFORM person('by user', 'All screens');
  PERFORM acl_grant('by user', 'see', 'project', 'P');
  PERFORM person('by role', 'All screens', 'On P');
END $$;
SELECT who, sees(who, 'iv_order') AS orders, sees(who, 'iv_budget') AS budgets, sees(who, 'iv_document') AS documents
  FROM unnest(ARRAY['without project', 'by user', 'by role']) AS who;
-- E6, C10 not: no other project, and none at all without a grant; see does not change
SELECT who, attempt(who, 'SELECT FROM iv_order WHERE project = 2') AS n0, attempt(who, 'SELECT FROM iv_budget WHERE project = 2') AS n0,
       attempt(who, 'UPDATE iv_order SET note = ''x'' WHERE project = 1') AS n0
  FROM unnest(ARRAY['without project', 'by user', 'by role']) AS who;
SELECT attempt('without project', 'SELECT FROM iv_order WHERE project IS NOT NULL') AS n0;
-- E7: budgets, processes, adjustments, invoices, orders and revenues alike
DO $$
DECLARE
  t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['budget', 'process', 'adjustment', 'invoice', 'order', 'revenue'] LOOP
    EXECUTE format('CREATE TABLE iv_data_%s (id int PRIMARY KEY, project int, note text)', t);
    EXECUTE format('INSERT INTO iv_data_%1$s VALUES (1, 1, ''%1$s of P''), (2, 2, ''%1$s of Q'')', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON iv_data_%s TO PUBLIC', t);
    PERFORM acl_protect(('iv_data_' || t)::regclass, '{"project": {"column": "project", "by": "key"}}', '{"key": "id"}');
  END LOOP;
END $$;
SELECT t, sees('by user', 'iv_data_' || t) AS "1", sees('by role', 'iv_data_' || t) AS "1"
  FROM unnest(ARRAY['budget', 'process', 'adjustment', 'invoice', 'order', 'revenue']) WITH ORDINALITY AS o(t, ord) ORDER BY ord;
-- E7 not: every one of them is closed without a right
SELECT t, sees('without project', 'iv_data_' || t) AS nothing,
       attempt('without project', format('INSERT INTO iv_data_%s VALUES (3, 1, ''x'')', t)) AS "42501",
       attempt('by user', format('UPDATE iv_data_%s SET note = ''x''', t)) AS n0,
       attempt('by user', format('DELETE FROM iv_data_%s', t)) AS n0
  FROM unnest(ARRAY['budget', 'process', 'adjustment', 'invoice', 'order', 'revenue']) WITH ORDINALITY AS o(t, ord) ORDER BY ord;
-- E8: read only, or read and write
SELECT t.* FROM tries('by user') AS t;
SELECT acl_grant('by user', 'change', 'project', 'P') AS t;
SELECT t.* FROM tries('by user') AS t;
-- E8 not: read only again; without a row nothing
SELECT acl_revoke('by user', 'add, edit, delete', 'project', 'P') AS t;
SELECT t.* FROM tries('by user') AS t;
SELECT acl_revoke('by user', 'change', 'project', 'P') AS t;
SELECT t.* FROM tries('by user') AS t;

--
-- C8: everyone may see, or change, all projects; the function gate stands all the same
--
SELECT sees('without project', 'iv_order') AS "3", sees('P -, Orders open', 'iv_order') AS "3", sees('P see, Orders -', 'iv_order') AS "nothing";
SELECT acl_grant('everyone', 'see', 'project', '*') AS t;
SELECT sees('without project', 'iv_order') AS "1,2,3", sees('P -, Orders open', 'iv_order') AS "1,2,3";
SELECT acl_create('project', 'R', key => '3') IS NOT NULL AS t;
INSERT INTO iv_order VALUES (4, 3, 400, 'of R, a new project');
SELECT sees('without project', 'iv_order') AS "1,2,3,4";
-- C8 not: seeing all is changing none, and opens no screen; of another account nobody; gone in the next statement
SELECT t.* FROM tries('without project') AS t;
SELECT sees('P see, Orders -', 'iv_order') AS "nothing";
DO $$ BEGIN PERFORM acl_create_account('invantive rival'); END $$;
SET docacl.account = 'invantive rival';
DO $$ BEGIN
  PERFORM acl_create('screen', 'Orders');
  PERFORM acl_grant('everyone', 'change', 'screen', 'Orders');
  PERFORM acl_grant('everyone', 'change', 'project', '*');
  PERFORM person('rival', 'Users');
END $$;
SELECT sees('rival', 'iv_order') AS "3";    -- in no project, and he holds his account's screen of that name
SET docacl.account = 'invantive';
SELECT acl_revoke('everyone', 'see', 'project', '*') AS t;
SELECT sees('without project', 'iv_order') AS "3";
SELECT acl_grant('everyone', 'change', 'project', '*') AS t;
SELECT t.* FROM tries('without project') AS t;
-- a guest is everyone too, and sees only
DO $$ BEGIN PERFORM person('guest', 'All screens'), acl_alter_user('guest', read_only => true); END $$;
SELECT t.* FROM tries('guest') AS t;
SELECT t.* FROM tries('P -, Orders open') AS t;
SELECT acl_revoke('everyone', 'change', 'project', '*') AS t;
SELECT t.* FROM tries('without project') AS t;

--
-- C9, E9: all projects by role, or for one user
--
DO $$ BEGIN
  PERFORM acl_create_role('Controllers');
  PERFORM acl_grant('Controllers', 'see', 'project', '*');
  PERFORM person('controller', 'All screens', 'Controllers');
  PERFORM person('application manager', 'All screens');
  PERFORM acl_grant('application manager', 'change', 'project', '*');
  PERFORM person('no screens', 'Users');
  PERFORM acl_grant('no screens', 'change', 'project', '*');
END $$;
SELECT who, sees(who, 'iv_order') AS orders, t.* FROM unnest(ARRAY['controller', 'application manager']) AS who, tries(who) AS t;
-- C9, E9 not: who is not in the role; and all projects are no screen
SELECT who, sees(who, 'iv_order') AS orders, t.* FROM unnest(ARRAY['without project', 'no screens']) AS who, tries(who) AS t;
SELECT acl_can_on('no screens', 'screen', 'Orders', 'open') AS f, acl_can_on('no screens', 'project', 'Q', 'change') AS t;

--
-- E12: four sources of a project right, each alone suffices
--
BEGIN; DO $$ BEGIN PERFORM acl_grant('everyone', 'see', 'project', '*'); END $$;
SELECT sees('without project', 'iv_budget') AS "1,2"; ROLLBACK;
BEGIN; DO $$ BEGIN PERFORM acl_grant('All screens', 'see', 'project', '*'); END $$;
SELECT sees('without project', 'iv_budget') AS "1,2"; ROLLBACK;
BEGIN; DO $$ BEGIN PERFORM acl_assign('On P', 'without project'); END $$;
SELECT sees('without project', 'iv_budget') AS "1"; ROLLBACK;
BEGIN; DO $$ BEGIN PERFORM acl_grant('without project', 'see', 'project', 'P'); END $$;
SELECT sees('without project', 'iv_budget') AS "1"; ROLLBACK;
-- E12 not: without any of the four it is closed
SELECT sees('without project', 'iv_budget') AS "nothing", t.* FROM tries('without project') AS t;

--
-- C13, E13, E14: functions by role; several roles are a sum, and nothing subtracts
--
DO $$ BEGIN
  PERFORM acl_create_role('Orders open');
  PERFORM acl_grant('Orders open', 'open', 'screen', 'Orders');
  PERFORM acl_create_role('Orders change');
  PERFORM acl_grant('Orders change', 'change', 'screen', 'Orders');
  PERFORM acl_create_role('Third');
  PERFORM acl_grant('Third', 'open', 'screen', 'Budgets');
  PERFORM person('clerk', 'Orders open');
  PERFORM acl_grant('clerk', 'change', 'project', 'P');
END $$;
SELECT t.* FROM tries('clerk') AS t;
DO $$ BEGIN PERFORM acl_assign('Orders change', 'clerk'); PERFORM acl_assign('Third', 'clerk'); END $$;
SELECT t.* FROM tries('clerk') AS t;
SELECT acl_can_on('clerk', 'screen', 'Orders', 'change') AS t, acl_can_on('clerk', 'screen', 'Budgets', 'open') AS t;
-- C13, E13, E14 not: open is not change, no role no screen; and a role that is taken away takes what it gave
SELECT acl_can_on('clerk', 'screen', 'Budgets', 'change') AS f, acl_can_on('clerk', 'screen', 'Documents', 'open') AS f;
DO $$ BEGIN PERFORM acl_unassign('Orders change', 'clerk'); END $$;
SELECT t.* FROM tries('clerk') AS t;
DO $$ BEGIN PERFORM acl_unassign('Orders open', 'clerk'); END $$;
SELECT t.* FROM tries('clerk') AS t;

--
-- C14, C15, C16, E15-E17: documents stand behind their project and behind the function of their kind
--
DO $$ BEGIN
  PERFORM acl_create_role('Order documents');
  PERFORM acl_grant('Order documents', 'open', 'function', 'documents.order');
  PERFORM acl_create_role('Documents screen');
  PERFORM acl_grant('Documents screen', 'change', 'screen', 'Documents');
  PERFORM acl_create_role('Project documents');
  PERFORM acl_grant('Project documents', 'open', 'function', 'Access to documents with Project');
  PERFORM person('orders reader', 'Order documents', 'On P');
  PERFORM person('screen only', 'Documents screen', 'On P');
  PERFORM person('project reader', 'Project documents', 'On P');
  PERFORM person('function without project', 'Project documents');
  PERFORM person('project without function', 'On P');
  PERFORM acl_create_role('Budgets screen');
  PERFORM acl_grant('Budgets screen', 'open', 'screen', 'Budgets');
  PERFORM person('budget reader', 'Budgets screen', 'On P');
END $$;
SELECT who, sees(who, 'iv_document') AS documents, sees(who, 'iv_budget') AS budgets FROM unnest(ARRAY['orders reader', 'project reader']) AS who;
-- C14, C15, C16, E15, E16 not: one of the two alone; the screen Documents is no kind of documents, nor is the screen Budgets
SELECT who, sees(who, 'iv_document') AS documents, sees(who, 'iv_budget') AS budgets
  FROM unnest(ARRAY['screen only', 'function without project', 'project without function', 'budget reader']) AS who;
-- E16: the contents of the documents of budgets need a function of their own
DO $$ BEGIN PERFORM acl_grant('Budgets screen', 'open', 'function', 'documents.budget'); END $$;
SELECT sees('budget reader', 'iv_document') AS "3", sees('budget reader', 'iv_budget') AS "1";
-- E17 not: open there is not enough to change them, nor is change there without change on the project
SELECT attempt('budget reader', 'UPDATE iv_document SET content = ''new'' WHERE id = 3') AS n0;
DO $$ BEGIN PERFORM acl_grant('Budgets screen', 'change', 'function', 'documents.budget'); END $$;
SELECT attempt('budget reader', 'UPDATE iv_document SET content = ''new'' WHERE id = 3') AS n0;
-- E17: both are
DO $$ BEGIN PERFORM acl_grant('budget reader', 'change', 'project', 'P'); END $$;
SELECT attempt('budget reader', 'UPDATE iv_document SET content = ''new'' WHERE id = 3') AS n1;
SELECT attempt('budget reader', 'UPDATE iv_document SET kind = ''documents.order'' WHERE id = 3') AS "42501";
SELECT attempt('budget reader', 'UPDATE iv_document SET content = ''new'' WHERE id = 1') AS n0;
-- a user may be granted a function too
DO $$ BEGIN PERFORM acl_grant('budget reader', 'open', 'function', 'documents.revenue'); END $$;
SELECT sees('budget reader', 'iv_document') AS "2,3";

--
-- C12: system has access to everything, everywhere
--
SET docacl.account = 'invantive rival';
DO $$ BEGIN PERFORM acl_create('project', 'Rival', key => '9'); END $$;
SET docacl.account = 'invantive';
INSERT INTO iv_order VALUES (5, 9, 500, 'of another account');
SELECT sees('application manager', 'iv_order') AS "1,2,3,4";
SELECT sees('system', 'iv_order') AS "1,2,3,4,5", sees('system', 'iv_document') AS "1,2,3,4,5,6,7";
SELECT t.* FROM tries('system') AS t;
SELECT acl_can('system', 5, 'delete') AS t, acl_can('system', 5, 'add') AS t;
-- C12 not: nobody else is system, nor becomes it
DO $$ BEGIN PERFORM person('System2', 'Users'); END $$;
SELECT sees('System2', 'iv_document') AS "nothing";
-- no name that a person could take for it
SELECT complaint(NULL, 'SELECT acl_create_user(''System'', ''root@invantive.example'', ''Users'')');
SELECT complaint(NULL, 'SELECT acl_create_user('' system'', ''root@invantive.example'', ''Users'')');
SELECT complaint(NULL, 'SELECT acl_create_user(''system'', ''root@invantive.example'', ''Users'')');
SELECT complaint(NULL, 'SELECT acl_create_role(''system'')');
SELECT complaint(NULL, 'SELECT acl_drop_user(''system'')');
SELECT complaint(NULL, 'SELECT acl_alter_user(''system'', enabled => false)');
SELECT complaint(NULL, 'SELECT acl_alter_user(''system'', name => ''root'')');
SELECT complaint(NULL, 'SELECT acl_grant(''system'', ''see'', ''project'', ''P'')');
SELECT complaint(NULL, 'SELECT acl_assign(''On P'', ''system'')');
-- viewpoint of the application's role, which may say who is asking
SET ROLE regress_app;
\set VERBOSITY sqlstate
BEGIN;
SELECT acl_set_user('system');              -- fail
ROLLBACK;
SET docacl.principal = '1';                 -- fail
\set VERBOSITY terse
SELECT count(*) AS n0 FROM iv_document WHERE f_leak(title);
RESET ROLE;

SELECT disagreements((SELECT array_agg(who) FROM iv_pair) || ARRAY['clerk', 'controller', 'application manager', 'no screens', 'by user', 'system'], 'iv_order') AS n0;
SELECT disagreements(ARRAY['orders reader', 'screen only', 'project reader', 'function without project', 'project without function',
                           'budget reader', 'application manager', 'no screens', 'System2', 'system'], 'iv_document') AS n0;
