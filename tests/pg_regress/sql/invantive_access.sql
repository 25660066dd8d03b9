--
-- Invantive Vision: who one is, who administers, screens that share a table, background processes
-- (acceptance C5, C7, C17, C18, E1-E5, E10).
--
\set VERBOSITY terse
SELECT current_user AS superuser \gset
DO $$ BEGIN PERFORM acl_create_account('vision'); END $$;
SET docacl.account = 'vision';
DO $$ BEGIN
  PERFORM acl_create('project', 'P', key => '1');
  PERFORM acl_create('project', 'Q', key => '2');
  PERFORM acl_create('screen', 'Orders');
  PERFORM acl_create('screen', 'Order overview');
  PERFORM acl_create('screen', 'Budgets');
  PERFORM acl_create('function', 'Access to documents with Background Process.', key => 'documents.process');
  PERFORM acl_create('function', 'Access to documents with Project.', key => 'documents.project');
  PERFORM person('alice', 'Users');
  PERFORM person('bob', 'Users');
END $$;
CREATE TABLE ia_order (id int PRIMARY KEY, project int, note text);
CREATE TABLE ia_budget (id int PRIMARY KEY, project int, note text);
GRANT SELECT, INSERT, UPDATE, DELETE ON ia_order, ia_budget TO PUBLIC;
DO $$ BEGIN
  PERFORM acl_protect('ia_order', '{"project": {"column": "project", "by": "key"}, "function": {"constant": ["Orders", "Order overview"]}}', '{"key": "id"}');
  PERFORM acl_protect('ia_budget', '{"project": {"column": "project", "by": "key"}, "function": {"constant": ["Budgets"]}}', '{"key": "id"}');
END $$;
INSERT INTO ia_order VALUES (1, 1, 'of P'), (2, 2, 'of Q');
INSERT INTO ia_budget VALUES (1, 1, 'of P'), (2, 2, 'of Q');
-- what a statement does for a user in a screen, undone afterwards
CREATE FUNCTION in_screen(who text, function text, statement text) RETURNS text LANGUAGE plpgsql AS
$$ DECLARE
     n bigint;
   BEGIN
     BEGIN
       PERFORM become(who);
       PERFORM acl_enter(function, local => false);
       EXECUTE statement;
       GET DIAGNOSTICS n = ROW_COUNT;
       RAISE EXCEPTION USING ERRCODE = 'ZZ999';
     EXCEPTION WHEN SQLSTATE 'ZZ999' THEN RETURN n; WHEN OTHERS THEN RETURN SQLSTATE;
     END;
   END $$;

--
-- E4: a person is known first; a login code (a database role, mapped) lets him in
--
CREATE ROLE iv_alice LOGIN PASSWORD 'Tulip-47-fields';
CREATE ROLE iv_bob LOGIN;
DO $$ BEGIN
  PERFORM acl_grant('alice', 'change', 'project', 'P');
  PERFORM acl_grant('alice', 'change', 'screen', 'Orders');
  PERFORM acl_grant('bob', 'change', 'project', 'P');
  PERFORM acl_grant('bob', 'change', 'screen', 'Orders');
  PERFORM acl_map('iv_alice', 'alice');
END $$;
\connect - iv_alice
SELECT acl_user(), identified FROM acl_session();
SELECT id AS "1" FROM ia_order;
-- E4 not: bob has no login code, and a database role that is nobody's cannot act, whatever bob may
\connect - iv_bob
SELECT acl_user() IS NULL AS t, identified FROM acl_session();
SELECT count(*) AS n0 FROM ia_order WHERE f_leak(note);
INSERT INTO ia_order VALUES (3, 1, 'x');
SELECT acl_create_user('carl', 'carl@vision.example', 'Users');
-- E2: who is logged in is who he is
\connect - iv_alice
UPDATE ia_order SET note = 'by alice' WHERE id = 1 RETURNING id;
INSERT INTO ia_order VALUES (3, 1, 'by alice');
DELETE FROM ia_order WHERE id = 3 RETURNING id;
-- E2 not: without an identity no row is seen and none is written; a variable makes nobody another
\connect - regress_stranger
SELECT count(*) AS n0 FROM ia_order WHERE f_leak(note);
UPDATE ia_order SET note = 'x';
DELETE FROM ia_order;
INSERT INTO ia_order VALUES (3, 1, 'x');
SELECT acl_set_user('alice', 'vision', local => false);
SET docacl.principal = 'alice';
SET docacl.account = 'vision';
SET application_name = 'alice';
SELECT count(*) AS n0 FROM ia_order WHERE f_leak(note);
SET docacl.nobody = 'error';
SELECT count(*) AS n0 FROM ia_order WHERE f_leak(note);
\connect - :superuser
\set VERBOSITY terse
SET docacl.account = 'vision';
SELECT attempt('alice', 'SELECT acl_set_user(''bob'')') AS "1: by the application that is trusted", complaint('bob', 'SELECT acl_map(''iv_bob'', ''alice'')');
-- E3: the password is PostgreSQL's business: whoever it lets in as iv_alice is alice
SELECT rolpassword LIKE 'SCRAM-SHA-256$%' AS t FROM pg_authid WHERE rolname = 'iv_alice';
SELECT role_name, p.name FROM docacl.db_role JOIN docacl.principal AS p ON p.id = principal_id WHERE p.name = 'alice';
-- E3 not: docacl keeps no password: no column for one, and it stands in no row
SELECT count(*) AS n0 FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
 WHERE c.relnamespace = 'docacl'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND a.attname ~* 'passw|secret_plain';
DO $$
DECLARE
  t regclass;
  n bigint;
BEGIN
  FOR t IN SELECT oid FROM pg_class WHERE relnamespace = 'docacl'::regnamespace AND relkind = 'r' LOOP
    EXECUTE format('SELECT count(*) FROM %s AS t WHERE t::text ~ ''Tulip|SCRAM-SHA''', t) INTO n;
    IF n > 0 THEN RAISE NOTICE '% holds a password', t; END IF;
  END LOOP;
END $$;
-- E5: however PostgreSQL came to believe who it is (pg_hba.conf: ldap, gss, cert …), docacl asks for the role of the session
SET SESSION AUTHORIZATION iv_alice;
SELECT acl_user() AS alice, (SELECT count(*) FROM ia_order) AS n1;
RESET SESSION AUTHORIZATION;
-- E5 not: to be in a group of the directory is nothing by itself
CREATE ROLE iv_directory_group;
GRANT iv_directory_group TO iv_bob;
DO $$ BEGIN
  PERFORM acl_create_role('Project office');
  PERFORM acl_grant('Project office', 'change', 'project', 'P');
  PERFORM acl_grant('Project office', 'change', 'screen', 'Orders');
  PERFORM acl_map('iv_directory_group', 'Project office');
END $$;
SET SESSION AUTHORIZATION iv_bob;
SELECT acl_user() IS NULL AS t, (SELECT count(*) FROM ia_order WHERE f_leak(note)) AS n0;
RESET SESSION AUTHORIZATION;
GRANT iv_alice TO iv_bob;
SET SESSION AUTHORIZATION iv_bob;
SELECT acl_user() IS NULL AS t, (SELECT count(*) FROM ia_order WHERE f_leak(note)) AS n0;
RESET SESSION AUTHORIZATION;

--
-- E1: the functions by which rights are given are functions themselves
--
DO $$ BEGIN
  PERFORM acl_create_role('Access managers');
  PERFORM acl_grant('Access managers', 'change', 'function', 'Role Authorizations');
  PERFORM person('access manager', 'Access managers');
  PERFORM acl_create_role('Access readers');
  PERFORM acl_grant('Access readers', 'open', 'function', 'Role Authorizations');
  PERFORM person('access reader', 'Access readers');
  PERFORM acl_create_role('Clerks');
  PERFORM person('project manager', 'Users');
  PERFORM acl_grant('project manager', 'change', 'project', 'P');
  PERFORM acl_grant('project manager', 'change', 'function', 'Project Authorizations');
END $$;
SELECT attempt('access manager', 'SELECT acl_grant(''Clerks'', ''open'', ''screen'', ''Budgets'')') AS "1",
       attempt('access manager', 'SELECT acl_create(''screen'', ''Invoices'')') AS "1",
       attempt('project manager', 'SELECT acl_grant(''bob'', ''see'', ''project'', ''P'')') AS "1";
-- E1 not: without change on the function nobody grants; each is for its own kind of rights
SELECT complaint('access reader', 'SELECT acl_grant(''Clerks'', ''open'', ''screen'', ''Budgets'')');
SELECT complaint('alice', 'SELECT acl_grant(''alice'', ''change'', ''screen'', ''Orders'')');
SELECT attempt('access reader', 'SELECT acl_create(''screen'', ''Invoices'')') AS "42501", attempt('project manager', 'SELECT acl_grant(''Clerks'', ''open'', ''screen'', ''Budgets'')') AS "42704",
       attempt('access manager', 'SELECT acl_grant(''bob'', ''see'', ''project'', ''P'')') AS "42704", attempt('project manager', 'SELECT acl_grant(''bob'', ''see'', ''project'', ''Q'')') AS "42704",
       attempt('access manager', 'INSERT INTO docacl.grants (account_id, principal_id, resource_id, actions) SELECT account_id, principal_id, resource_id, actions FROM docacl.grants') AS "42501",
       attempt('access manager', 'SELECT acl_assign(''Administrators'', ''access manager'')') AS "42501";

--
-- E10: who makes a project gets it, so that he may authorise others
--
DO $$ BEGIN
  PERFORM acl_create_role('Uploaders');
  PERFORM acl_grant('Uploaders', 'change', 'function', 'Projects');
  PERFORM acl_grant('Uploaders', 'change', 'function', 'Project Authorizations');
  PERFORM acl_grant('Uploaders', 'change', 'screen', 'Orders');
  PERFORM person('uploader', 'Uploaders');
  PERFORM person('other uploader', 'Uploaders');
END $$;
BEGIN;
SELECT become('uploader');
SELECT acl_create('project', 'New', key => '3') IS NOT NULL AS t;
SELECT acl_can_on('project', 'New', 'see') AS t, acl_can_on('project', 'New', 'change') AS t, acl_can_on('project', 'Q', 'see') AS f, acl_can_on('project', 'Q', 'change') AS f;
INSERT INTO ia_order VALUES (5, 3, 'of the new project');
SELECT acl_grant('bob', 'see', 'project', 'New') AS t;
RESET ROLE;
SELECT principal, actions, path, source FROM docacl.grant_list WHERE path = '/New' ORDER BY source;
-- E10 not: not another's projects, nor he another uploader's; nobody without the function; the creator's row can be revoked; system gets none
SELECT sees('uploader', 'ia_order') AS "5", sees('other uploader', 'ia_order') AS "nothing", attempt('bob', 'SELECT acl_create(''project'', ''Mine'')') AS "42501",
       attempt('other uploader', 'SELECT acl_grant(''other uploader'', ''see'', ''project'', ''New'')') AS "42704";
SELECT acl_revoke('uploader', 'change', 'project', 'New') AS t, acl_create('project', 'By a superuser') IS NOT NULL AS t;
SELECT sees('uploader', 'ia_order') AS "nothing", (SELECT count(*) FROM docacl.grant_list WHERE path = '/By a superuser') AS n0;
ROLLBACK;
-- the literal reading, as an option of the account: all projects
BEGIN;
SELECT acl_set_account_option('project_creator', 'all');
SELECT become('uploader');
SELECT acl_create('project', 'New', key => '3') IS NOT NULL AS t;
RESET ROLE;
SELECT sees('uploader', 'ia_order') AS "1,2", sees('other uploader', 'ia_order') AS "nothing", attempt('bob', 'SELECT acl_create(''project'', ''Mine'')') AS "42501";
ROLLBACK;

-- E10: the same where projects are rows of the application's own table, behind the screen Projects, and docacl mirrors them
CREATE TABLE ia_project (id int PRIMARY KEY, name text NOT NULL);
GRANT SELECT, INSERT, UPDATE, DELETE ON ia_project TO PUBLIC;
DO $$ BEGIN
  PERFORM acl_mirror('ia_project', 'project', 'id', 'name'), acl_protect('ia_project', '{"function": {"constant": ["Projects"]}}', '{"key": "id"}');
END $$;
BEGIN;
SELECT become('uploader');
INSERT INTO ia_project VALUES (5, 'Uploaded'), (6, 'Uploaded too');
SELECT acl_can_on('project', 'Uploaded', 'change') AS t, acl_can_on('project', 'Uploaded too', 'see') AS t, acl_can_on('project', 'Q', 'see') AS f;
INSERT INTO ia_order VALUES (5, 5, 'of the uploaded project');
SELECT acl_grant('bob', 'see', 'project', 'Uploaded') AS t;
RESET ROLE;
SELECT principal, actions, path, source, granted_by FROM docacl.grant_list WHERE path LIKE '/Uploaded%' AND source = 'creator' ORDER BY path;
-- E10 not: without the function nobody puts a project there; what a superuser or system loads is nobody's
SELECT sees('uploader', 'ia_order') AS "5", sees('other uploader', 'ia_order') AS "nothing", attempt('bob', 'INSERT INTO ia_project VALUES (7, ''Mine'')') AS "42501";
INSERT INTO ia_project VALUES (7, 'Loaded');
SELECT count(*) AS n0 FROM docacl.grant_list WHERE path = '/Loaded';
SELECT acl_set_account_option('project_creator', 'all');
SELECT attempt('uploader', 'INSERT INTO ia_project VALUES (8, ''And all'')') AS "1";
SELECT become('uploader');
INSERT INTO ia_project VALUES (8, 'And all');
INSERT INTO ia_project VALUES (9, 'And more');
RESET ROLE;
SELECT path, count(*) FROM docacl.grant_list WHERE principal = 'uploader' AND source = 'creator' AND path IN ('*', '/*', '/\*', '/And all', '/And more') GROUP BY path ORDER BY path;
SELECT sees('uploader', 'ia_order') AS "1,2,5", sees('other uploader', 'ia_order') AS "nothing";
ROLLBACK;

--
-- C7: all of a project: itself, its rows, its authorisations
--
DO $$ BEGIN
  PERFORM person('viewer', 'Users');
  PERFORM acl_grant('viewer', 'see', 'project', 'P');
  PERFORM acl_grant('viewer', 'change', 'screen', 'Orders');
  PERFORM acl_grant('viewer', 'change', 'function', 'Project Authorizations');
END $$;
BEGIN;
SELECT become('viewer');
SELECT (SELECT string_agg(path, ' ') FROM docacl.resource_list WHERE kind = 'project') AS "/P", (SELECT string_agg(note, ' ') FROM ia_order) AS "of P";
SELECT principal, actions, kind FROM docacl.grant_list WHERE path = '/P' ORDER BY 1, 2;
ROLLBACK;
SELECT attempt('project manager', 'SELECT acl_revoke(''viewer'', ''see'', ''project'', ''P'')') AS "1";
-- C7 not: nothing of Q, not that it is there nor who is authorised; who only sees gives himself nothing more
SELECT attempt('viewer', 'SELECT FROM docacl.resource_list WHERE path = ''/Q''') AS n0, attempt('viewer', 'SELECT FROM docacl.grant_list WHERE path = ''/Q''') AS n0,
       attempt('viewer', 'SELECT FROM ia_order WHERE project = 2') AS n0, attempt('viewer', 'SELECT acl_grant(''viewer'', ''see'', ''project'', ''Q'')') AS "42704";
SELECT complaint('viewer', 'SELECT acl_grant(''viewer'', ''change'', ''project'', ''P'')');
SELECT attempt('viewer', 'INSERT INTO docacl.grants (account_id, principal_id, resource_id, actions) VALUES (1, 1, 1, 1)') AS "42501",
       attempt('viewer', 'UPDATE docacl.grants SET actions = 255') AS "42501", attempt('viewer', 'INSERT INTO ia_order VALUES (3, 1, ''x'')') AS "42501";

--
-- C5: the same rows can be changed in one screen and not in another
--
DO $$ BEGIN
  PERFORM person('clerk', 'Users');
  PERFORM acl_grant('clerk', 'change', 'project', 'P');
  PERFORM acl_grant('clerk', 'change', 'screen', 'Orders');
  PERFORM acl_grant('clerk', 'open', 'screen', 'Order overview');
  PERFORM acl_grant('clerk', 'change', 'screen', 'Budgets');
END $$;
SELECT s AS screen, in_screen('clerk', s, 'SELECT FROM ia_order') AS sel, in_screen('clerk', s, 'UPDATE ia_order SET note = ''x''') AS upd,
       in_screen('clerk', s, 'INSERT INTO ia_order VALUES (3, 1, ''x'')') AS ins, in_screen('clerk', s, 'DELETE FROM ia_order') AS del
  FROM unnest(ARRAY['Orders', NULL]) AS s;
-- C5 not: opened only, it does not change; a screen that does not serve the table shows nothing of it; nobody enters what he may not open
SELECT s AS screen, in_screen('clerk', s, 'SELECT FROM ia_order') AS sel, in_screen('clerk', s, 'UPDATE ia_order SET note = ''x''') AS upd,
       in_screen('clerk', s, 'INSERT INTO ia_order VALUES (3, 1, ''x'')') AS ins, in_screen('clerk', s, 'DELETE FROM ia_order') AS del
  FROM unnest(ARRAY['Order overview', 'Budgets', 'Role Authorizations']) AS s;

--
-- C17, C18: documents of background processes. The requester is on the process; its documents are decided by it.
--
CREATE TABLE ia_process (id int PRIMARY KEY, requester text, project int, what text);
CREATE TABLE ia_result (id int PRIMARY KEY, process int NOT NULL REFERENCES ia_process, title text);
-- or on the document itself, of whatever kind
CREATE TABLE ia_document (id int PRIMARY KEY, kind text NOT NULL, project int, requested_by text, locked boolean NOT NULL DEFAULT false, title text);
GRANT SELECT, INSERT, UPDATE, DELETE ON ia_process, ia_result, ia_document TO PUBLIC;
DO $$ BEGIN
  PERFORM acl_protect('ia_process', '{"project": {"column": "project", "by": "key"}, "function": {"constant": ["Access to documents with Background Process."]}}',
                      '{"key": "id", "requester": {"column": "requester", "by": "key"}}');
  PERFORM acl_protect('ia_result', '{"parent": {"relation": "ia_process", "column": "process", "actions": {"delete": "delete"}}}', '{"key": "id"}');
  PERFORM acl_protect('ia_document', '{"project": {"column": "project", "by": "key"}, "function": "kind"}',
                      '{"key": "id", "requester": {"column": "requested_by", "by": "key"}, "immutable": "locked", "required": ["function"], "default": true}');
  PERFORM acl_create_role('Operators');
  PERFORM acl_grant('Operators', 'open', 'function', 'Access to documents with Background Process.');
  PERFORM person('operator', 'Operators');
  PERFORM acl_grant('operator', 'see', 'project', 'P');
  PERFORM acl_create_role('Senior operators');
  PERFORM acl_grant('Senior operators', 'change', 'function', 'Access to documents with Background Process.');
  PERFORM person('senior operator', 'Senior operators');
  PERFORM acl_grant('senior operator', 'change', 'project', 'P');
  PERFORM person('requester', 'Users');
  PERFORM person('nobody special', 'Users');
END $$;
INSERT INTO ia_process VALUES (1, 'vision:requester', 1, 'report on P'), (2, 'vision:requester', NULL, 'report'), (3, 'vision:bob', 2, 'report on Q'), (4, NULL, 1, 'nightly, of P');
INSERT INTO ia_result SELECT p.id, p.id, 'result of ' || p.id FROM ia_process AS p;
INSERT INTO ia_document SELECT p.id, 'documents.process', p.project, p.requester, p.id = 2, p.what FROM ia_process AS p;
INSERT INTO ia_document VALUES (5, 'documents.project', 1, NULL, false, 'of the project');
-- C17: who holds the function sees those of all processes, of projects that he may see and of none
SELECT sees('operator', 'ia_result') AS "1,2,4", sees('operator', 'ia_document') AS "1,2,4", sees('senior operator', 'ia_result') AS "1,2,4";
SELECT attempt('senior operator', 'UPDATE ia_result SET title = ''x''') AS n3, attempt('senior operator', 'DELETE FROM ia_result') AS n3,
       attempt('senior operator', 'UPDATE ia_document SET title = ''x'' WHERE NOT locked') AS n2;
-- C17 not: without the function, nor requested, nothing; open is not change; not those of a project that is closed
SELECT sees('nobody special', 'ia_result') AS "nothing", sees('viewer', 'ia_result') AS "nothing", sees('viewer', 'ia_document') AS "nothing";
SELECT attempt('operator', 'UPDATE ia_result SET title = ''x''') AS n0, attempt('operator', 'DELETE FROM ia_result') AS n0, attempt('operator', 'UPDATE ia_document SET title = ''x''') AS n0,
       attempt('operator', 'SELECT FROM ia_result WHERE id = 3') AS n0, attempt('nobody special', 'INSERT INTO ia_result VALUES (9, 4, ''x'')') AS "42501";
-- C18: requested oneself: always seen and edited, without function or project
SELECT sees('requester', 'ia_result') AS "1,2", sees('requester', 'ia_document') AS "1,2", sees('requester', 'ia_process') AS "1,2",
       attempt('requester', 'UPDATE ia_result SET title = ''x''') AS n2, attempt('requester', 'UPDATE ia_document SET title = ''x''') AS n1;
SELECT acl_actions_row('requester', 'ia_document', '1');
BEGIN;
SELECT become('requester');
INSERT INTO ia_process VALUES (9, 'vision:bob', NULL, 'in another''s name');
ROLLBACK;
BEGIN;
DO $$ BEGIN PERFORM acl_grant('requester', 'change', 'function', 'Access to documents with Background Process.'); PERFORM become('requester'); END $$;
INSERT INTO ia_process VALUES (9, 'vision:bob', NULL, 'in another''s name');
SELECT requester FROM ia_process WHERE id = 9;
ROLLBACK;
-- C18 not: never deleted; not another's; nobody makes himself the requester; who is disabled has nothing; what is locked stays locked
SELECT attempt('requester', 'DELETE FROM ia_result') AS n0, attempt('requester', 'DELETE FROM ia_document') AS n0, attempt('requester', 'DELETE FROM ia_process') AS n0,
       sees('bob', 'ia_document') AS "3", attempt('requester', 'UPDATE ia_result SET title = ''x'' WHERE id = 3') AS n0,
       attempt('requester', 'UPDATE ia_document SET title = ''x'' WHERE locked') AS n0, acl_can('requester', 1, 'delete') AS f, acl_can('requester', 1, 'security') AS f;
SELECT complaint('senior operator', 'UPDATE ia_process SET requester = ''vision:senior operator'' WHERE id = 1');
SELECT complaint('senior operator', 'UPDATE ia_document SET requested_by = ''vision:senior operator'' WHERE id = 1');
SELECT complaint('requester', 'UPDATE ia_process SET requester = NULL WHERE id = 1');
SELECT attempt('nobody special', 'UPDATE ia_process SET requester = ''vision:nobody special''') AS n0,
       attempt('requester', 'UPDATE ia_result SET process = 1 WHERE id = 3') AS n0, attempt('requester', 'UPDATE ia_result SET process = 3 WHERE id = 1') AS "42501",
       attempt('operator', 'UPDATE ia_process SET requester = ''vision:operator''') AS n0;
DO $$ BEGIN PERFORM acl_alter_user('requester', enabled => false); END $$;
SELECT acl_can('requester', 1, 'see') AS f, acl_can_row('requester', 'ia_result', '1', 'see') AS f, acl_actions('requester', 1) AS "{}", attempt('requester', 'SELECT FROM ia_document') AS "28000";
DO $$ BEGIN PERFORM acl_alter_user('requester', enabled => true); END $$;
SELECT sees('requester', 'ia_document') AS "1,2";

SELECT disagreements(ARRAY['alice', 'bob', 'viewer', 'clerk', 'requester', 'operator', 'senior operator', 'nobody special', 'project manager', 'system'], t) AS n0
  FROM unnest(ARRAY['ia_order', 'ia_budget', 'ia_process', 'ia_result', 'ia_document']) AS t;
