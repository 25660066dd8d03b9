--
-- Accounts and environments as walls: what an account is made of, who runs it, what it is told of the others: nothing
-- (acceptance A1–A9, A12–A17, E1–E6; A10 and A11 are in invofox.sql, what is refused one by one in administer.sql and escalation.sql).
--
\set VERBOSITY terse
DO $$ BEGIN PERFORM acl_create_account('north'), acl_create_account('south'); END $$;
SELECT id AS north FROM docacl.resource WHERE kind = 'account' AND name = 'north' \gset
SELECT id AS south FROM docacl.resource WHERE kind = 'account' AND name = 'south' \gset

-- Accounts alike to the last name
CREATE TABLE te_file (id bigint PRIMARY KEY, environment bigint, company bigint, party bigint, location bigint, title text, created_by bigint, created_at timestamptz);
GRANT SELECT, INSERT, UPDATE, DELETE ON te_file TO PUBLIC;
DO $$ BEGIN
  PERFORM acl_protect('te_file',
    '{"environment": {"column": "environment", "by": "id"}, "company": {"column": "company", "by": "id"}, "provider": {"column": "party", "by": "id"}, "location": {"column": "location", "by": "id"}}',
    '{"key": "id", "owner": {"column": "created_by", "by": "id"}, "default": true}');
END $$;
DO $$
DECLARE
  a text;
BEGIN
  FOREACH a IN ARRAY ARRAY['south', 'north'] LOOP
    PERFORM set_config('docacl.account', a, false);
    PERFORM acl_create('environment', 'Test'), acl_create('environment', 'Live');
    PERFORM acl_create('company', 'C1', 'Live'), acl_create('company', 'C2', 'Live'), acl_create('company', 'T1', 'Test');
    PERFORM acl_create('provider', 'Paper Ltd', 'C1'), acl_create('provider', 'Ink Ltd', 'C2'), acl_create('client', 'Client', 'C1');
    PERFORM acl_create('location', 'Archive');
    PERFORM person('admin', 'Administrators'), person('ann', 'Users'), person('bob', 'Users');
  END LOOP;
END $$;
CREATE FUNCTION te(of text, what text, called text) RETURNS bigint LANGUAGE sql AS
$$ SELECT r.id FROM docacl.resource r JOIN docacl.resource a ON a.id = r.account_id WHERE a.name = of AND r.kind = what AND r.name = called $$;
INSERT INTO te_file (id, environment, company, title, created_at) VALUES
  (1, te('north', 'environment', 'Test'), NULL, 'north, Test', '2026-01-31 23:59:59 UTC'),
  (2, te('north', 'environment', 'Test'), te('north', 'company', 'T1'), 'north, T1', '2026-02-01 00:00:00 UTC'),
  (3, NULL, te('north', 'company', 'T1'), 'north, T1, the environment left out', '2026-02-28 12:00:00 UTC'),
  (4, te('north', 'environment', 'Live'), te('north', 'company', 'C1'), 'north, C1', '2026-02-10 12:00:00 UTC'),
  (5, te('north', 'environment', 'Live'), te('north', 'company', 'C2'), 'north, C2', NULL),
  (11, te('south', 'environment', 'Live'), te('south', 'company', 'C1'), 'south, C1', '2026-02-10 12:00:00 UTC');

--
-- A1: account > environment > company > client, provider; a row says the same all the way up
--
SELECT kind, docacl.path(id) AS path FROM docacl.resource WHERE account_id = :north AND kind IN ('environment', 'company', 'client', 'provider') ORDER BY 1, 2;
-- A1 not: a company of another environment; a company without one, a party without a company, an environment in another
SELECT attempt('system', format('INSERT INTO te_file (id, environment, company) VALUES (99, %s, %s)', te('north', 'environment', 'Test'), te('north', 'company', 'C1'))) AS "23514",
       attempt('system', format('INSERT INTO te_file (id, environment, company) VALUES (99, %s, %s)', te('north', 'environment', 'Live'), te('north', 'company', 'C1'))) AS n1;
SELECT attempt('admin', 'SELECT acl_create(''company'', ''C9'')') AS "23502", attempt('admin', 'SELECT acl_create(''company'', ''C9'', ''C1'')') AS "23514",
       attempt('admin', 'SELECT acl_create(''client'', ''P9'', ''Live'')') AS "23514", attempt('admin', 'SELECT acl_create(''environment'', ''E9'', ''Live'')') AS "23514";
-- A1: a party takes its company's access
BEGIN;
DO $$ BEGIN PERFORM acl_grant('ann', 'view', 'company', 'C1'), acl_grant('bob', 'view', 'provider', 'Ink Ltd'); END $$;
SELECT acl_can_on('ann', 'provider', 'Paper Ltd', 'view') AS t, acl_can_on('ann', 'provider', 'Ink Ltd', 'view') AS f;
-- A1 not: a party is no level of its own: what is granted on it reaches neither its company nor that company's other rows
SELECT acl_can_on('bob', 'provider', 'Ink Ltd', 'view') AS t, acl_can_on('bob', 'company', 'C2', 'view') AS f, acl_can('bob', 5, 'view') AS f, sees('bob', 'te_file') AS nothing;
ROLLBACK;

--
-- A2: the account is the wall: its admin sees its rows
--
SELECT sees('admin', 'te_file') AS "1,2,3,4,5";
-- A2 not: no grant, no row, no reference crosses it
SELECT attempt('admin', 'SELECT acl_grant(''south:ann'', ''view'', ''environment'', ''Live'')') AS "42704",
       attempt('admin', 'SELECT acl_grant(''ann@south.example'', ''view'', ''environment'', ''Live'')') AS "42704",
       attempt('admin', format('SELECT acl_grant(''ann'', ''view'', ''environment'', %s)', te('south', 'environment', 'Live'))) AS "42704",
       attempt('admin', 'SELECT acl_assign(''Users'', ''south:ann'')') AS "42704";
-- nor by a superuser, who reaches both
SELECT complaint(NULL, format('SELECT acl_grant(''ann'', ''view'', ''environment'', %s)', te('south', 'environment', 'Live')));
SELECT attempt('admin', format('INSERT INTO te_file (id, environment) VALUES (99, %s)', te('south', 'environment', 'Live'))) AS "42501",
       attempt('system', format('INSERT INTO te_file (id, environment, location) VALUES (99, %s, %s)', te('south', 'environment', 'Live'), te('north', 'location', 'Archive'))) AS "23514",
       attempt('admin', format('UPDATE te_file SET environment = %s, company = NULL WHERE id = 1', te('south', 'environment', 'Live'))) AS "42501",
       attempt('admin', 'UPDATE te_file SET title = ''x'' WHERE id = 11') AS n0, attempt('admin', 'DELETE FROM te_file WHERE id = 11') AS n0;
SELECT attempt('admin', format('SELECT FROM docacl.%I WHERE account_id = %s', t, :south)) AS n0 FROM unnest(ARRAY['resource', 'principal', 'membership', 'grants', 'setting']) AS t;
SET docacl.account = 'south';
SELECT sees('admin', 'te_file') AS "11";
SELECT attempt('admin', format('SELECT FROM docacl.%I WHERE account_id = %s', t, :north)) AS n0 FROM unnest(ARRAY['resource', 'principal', 'membership', 'grants', 'setting']) AS t;
SET docacl.account = 'north';

--
-- A3, A13, A14: environments, users and groups are the account's business: an admin's, or whose to whom it was granted
--
DO $$ BEGIN
  PERFORM acl_create_role('User managers'), acl_grant('User managers', 'manage_users', 'account', 'north'), person('uma', 'User managers');
  PERFORM acl_create_role('Live all'), acl_grant('Live all', 'full, manage_api_keys, configure, manage_companies, manage_parties', 'environment', 'Live'), person('liv', 'Live all');
END $$;
CREATE FUNCTION te_deeds(w text, OUT "create user" text, OUT "alter user" text, OUT "drop user" text, OUT "create group" text, OUT "alter group" text,
                         OUT "drop group" text, OUT "put in" text, OUT "take out" text, OUT "environment" text, OUT "drop environment" text) LANGUAGE sql AS $$ SELECT
       attempt(w, 'SELECT acl_create_user(''eve'', ''eve@north.example'', ''Users'')') AS "create user",
       attempt(w, 'SELECT acl_alter_user(''bob'', name => ''robert'')') AS "alter user",
       attempt(w, 'SELECT acl_drop_user(''bob'')') AS "drop user",
       attempt(w, 'SELECT acl_create_role(''New'')') AS "create group",
       attempt(w, 'SELECT acl_alter_role(''Live all'', name => ''Alles'')') AS "alter group",
       attempt(w, 'SELECT acl_drop_role(''Live all'')') AS "drop group",
       attempt(w, 'SELECT acl_assign(''Live all'', ''bob'')') AS "put in", attempt(w, 'SELECT acl_unassign(''Live all'', ''liv'')') AS "take out",
       attempt(w, 'SELECT acl_create(''environment'', ''Demo'')') AS "environment",
       attempt(w, 'SELECT acl_drop(''environment'', acl_create(''environment'', ''Demo''))') AS "drop environment" $$;
SELECT w AS who, d.* FROM unnest(ARRAY['admin', 'uma']) AS w, te_deeds(w) AS d;
-- A3, A13, A14 not: who holds everything on one environment, or nothing
SELECT w AS who, d.* FROM unnest(ARRAY['liv', 'ann']) AS w, te_deeds(w) AS d;
-- A3, A13, A14 not: nobody by plain SQL
SELECT attempt(w, 'INSERT INTO docacl.principal (account_id, kind, name) VALUES (1, ''user'', ''x'')') AS "42501", attempt(w, 'UPDATE docacl.principal SET name = ''x''') AS "42501",
       attempt(w, 'DELETE FROM docacl.membership') AS "42501", attempt(w, 'INSERT INTO docacl.setting VALUES (1, 1, ''x'', ''1'')') AS "42501"
  FROM unnest(ARRAY['admin', 'ann']) AS w;
-- A14: listing them: who manages people sees all of the account
SELECT w AS who, sees(w, 'docacl.principal', 'name') AS "sees" FROM unnest(ARRAY['admin', 'uma']) AS w;
-- A14: the whole of it by the admin: a group, a user in it, renamed, put in a second, taken out, both dropped
BEGIN;
SELECT become('admin');
SELECT acl_create_role('Interns') IS NOT NULL AS t, acl_create_user('ina', 'ina@north.example', 'Interns') IS NOT NULL AS t;
DO $$ BEGIN PERFORM acl_alter_user('ina', name => 'ina m.', email => 'ina.m@north.example'), acl_alter_role('Interns', name => 'Trainees'), acl_assign('Users', 'ina m.'); END $$;
SELECT role, member FROM docacl.member_list WHERE member LIKE 'ina%' ORDER BY role COLLATE "C";
DO $$ BEGIN PERFORM acl_unassign('Trainees', 'ina m.'), acl_drop_role('Trainees'); END $$;
SELECT role, member FROM docacl.member_list WHERE member LIKE 'ina%';
DO $$ BEGIN PERFORM acl_drop_user('ina m.'); END $$;
SELECT count(*) AS n0 FROM docacl.principal WHERE name LIKE 'ina%' OR name IN ('Interns', 'Trainees');
ROLLBACK;
-- A14 not: others see themselves and what they are in; the last administrator stays
SELECT sees('ann', 'docacl.principal', 'name') AS "Users,ann,everyone";
SELECT attempt('admin', 'SELECT acl_unassign(''Administrators'', ''admin'')') AS "55000", attempt('admin', 'SELECT acl_drop_user(''admin'')') AS "55000",
       attempt('admin', 'SELECT acl_alter_user(''admin'', enabled => false)') AS "55000", attempt('admin', 'SELECT acl_assign(''Administrators'', ''ann''), acl_drop_user(''admin'')') AS n1;

--
-- A4: usage is counted, of rows that need not be read, for whoever may see it, of his own account
--
DO $$ BEGIN
  PERFORM person('bill', 'Users'), acl_grant('bill', 'view_usage', 'account', 'north'), acl_alter_user('bob', enabled => false);
END $$;
INSERT INTO docacl.principal (account_id, kind, name, environment_id, enabled) VALUES
  (:north, 'api_key', 'scanner', te('north', 'environment', 'Live'), true), (:north, 'api_key', 'old scanner', te('north', 'environment', 'Live'), false);
CREATE FUNCTION usage(who text, account text) RETURNS SETOF text LANGUAGE plpgsql AS
$$ BEGIN
     PERFORM become(who);
     RETURN QUERY SELECT concat_ws(' ', coalesce(u.environment, '-'), coalesce(u.relation::text, '-'), coalesce(u.month::text, '-'), u.documents, u.users, u.api_keys)
                    FROM acl_usage(account) AS u ORDER BY 1;
     PERFORM set_config('role', 'none', true);
   END $$;
SELECT sees('bill', 'te_file') AS nothing;
BEGIN;
SELECT usage('bill', 'north') AS "environment table month documents users keys";
ROLLBACK;
SELECT sum(documents) AS n5, sum(documents) FILTER (WHERE environment = 'Test') AS n3, sum(documents) FILTER (WHERE environment = 'Live') AS n2,
       sum(users) = (SELECT count(*) FROM docacl.principal WHERE account_id = :north AND kind = 'user' AND enabled) AS t, sum(api_keys) AS n1 FROM acl_usage('north');
SELECT sum(documents) AS n1, sum(users) AS n3, sum(api_keys) AS n0 FROM acl_usage('south');
SELECT sum(documents) AS n5 FROM acl_usage(:north);
-- a row that refers to nothing is its owner's; one that refers to nothing and has no owner is nobody's; what only a parent decides is no document
BEGIN;
CREATE TABLE te_line (id bigint PRIMARY KEY, file bigint, created_at timestamp);
DO $$ BEGIN PERFORM acl_protect('te_line', '{"parent": {"relation": "te_file", "column": "file"}}'); END $$;
INSERT INTO te_line VALUES (1, 1), (2, 1);
INSERT INTO te_file (id, created_by) SELECT 20, id FROM docacl.principal WHERE account_id = :south AND name = 'ann';
INSERT INTO te_file (id) VALUES (21);
SELECT sum(documents) AS n5 FROM acl_usage('north');
SELECT sum(documents) AS n2, sum(documents) FILTER (WHERE environment IS NULL) AS n1 FROM acl_usage('south');
-- by the application's keys, a date, a table of another owner in partitions
CREATE ROLE regress_te_owner;
CREATE TABLE te_keyed (id int, place text, created_at date, PRIMARY KEY (id, place)) PARTITION BY LIST (place);
CREATE TABLE te_keyed_a PARTITION OF te_keyed FOR VALUES IN ('te-a');
CREATE TABLE te_keyed_b PARTITION OF te_keyed DEFAULT;
DO $$ BEGIN
  PERFORM acl_create('location', 'Keyed', key => 'te-a');
  PERFORM acl_protect('te_keyed', '{"location": {"column": "place", "by": "key"}}', '{"key": ["id", "place"]}');
END $$;
INSERT INTO te_keyed VALUES (1, 'te-a', '2026-03-31'), (2, 'te-a', '2026-03-01');
ALTER TABLE te_keyed OWNER TO regress_te_owner;
SELECT relation, month, documents FROM acl_usage('north') WHERE relation = 'te_keyed'::regclass;
ROLLBACK;
-- A4 not: who may not, whose account it is not
-- refused: without the right, of another account, of none; the same words for both
SELECT w AS who, attempt(w, 'SELECT FROM acl_usage(''north'')') AS "42501" FROM unnest(ARRAY['ann', 'uma', 'liv']) AS w;
SELECT said FROM unnest(ARRAY['south', 'nowhere']) AS a, complaint('bill', format('SELECT FROM acl_usage(%L)', a)) AS said;
SELECT said FROM unnest(ARRAY['north', 'south', 'nowhere']) AS a, complaint('ann', format('SELECT FROM acl_usage(%L)', a)) AS said;
SELECT attempt('bill', format('SELECT FROM acl_usage(%s)', :south)) AS "42704", attempt('bill', format('SELECT FROM acl_usage(%s)', te('north', 'environment', 'Live'))) AS "42704",
       attempt('admin', 'SELECT FROM acl_usage(''north'')') AS "more than 0", attempt('admin', 'SELECT FROM acl_usage(''south'')') AS "42704", attempt('admin', 'SELECT FROM acl_usage(NULL::text)') AS "22023";
-- a read-only user and an API key have no part in it
BEGIN;
DO $$ BEGIN PERFORM acl_alter_user('bill', read_only => true), acl_grant('scanner', 'view_usage', 'account', 'north'); END $$;
SELECT attempt('bill', 'SELECT FROM acl_usage(''north'')') AS "42501", attempt('scanner', 'SELECT FROM acl_usage(''north'')') AS "42501";
ROLLBACK;

--
-- A5: as many environments and companies as one likes; a name once per account
--
BEGIN;
SELECT count(acl_create('environment', 'E' || i)) AS n200 FROM generate_series(1, 200) AS i;
SELECT count(acl_create('company', 'C' || i, 'E7')) AS n50 FROM generate_series(1, 50) AS i;
SELECT attempt('admin', 'SELECT acl_create(''company'', ''C7'', ''E8'')') AS n1;
SET LOCAL docacl.account = 'south';
SELECT attempt('admin', 'SELECT acl_create(''environment'', ''E7'')') AS n1;
SET LOCAL docacl.account = 'north';
-- A5 not: one name twice in the account, or in the environment
SELECT attempt('admin', 'SELECT acl_create(''environment'', ''E7'')') AS "42710", attempt('admin', 'SELECT acl_create(''company'', ''C7'', ''E7'')') AS "42710";
ROLLBACK;

--
-- A6: an API key is of one environment and never acts outside it, whatever is granted to it
--
DO $$ BEGIN PERFORM acl_grant('scanner', 'full', 'account', 'north'), acl_assign('Live all', 'scanner'); END $$;
SELECT sees('scanner', 'te_file') AS "4,5";
SELECT attempt('scanner', format('INSERT INTO te_file (id, environment, title) VALUES (99, %s, ''x'')', te('north', 'environment', 'Live'))) AS n1,
       attempt('scanner', 'UPDATE te_file SET title = ''x''') AS n2;
-- A6 not: outside it, though its grant is on the whole account; nor when it is disabled
SELECT attempt('scanner', 'SELECT FROM te_file WHERE id IN (1, 2, 3)') AS n0, attempt('scanner', 'UPDATE te_file SET title = ''x'' WHERE id = 1') AS n0,
       attempt('scanner', format('INSERT INTO te_file (id, environment) VALUES (99, %s)', te('north', 'environment', 'Test'))) AS "42501", attempt('scanner', 'SELECT acl_create(''company'', ''T9'', ''Test'')') AS "42704",
       attempt('old scanner', 'SELECT FROM te_file') AS "28000";
-- A6 not: a fresh one holds nothing
SELECT attempt('admin', 'SELECT acl_revoke(''scanner'', ''full'', ''account'', ''north''), acl_unassign(''Live all'', ''scanner'')') AS n1;
BEGIN;
DO $$ BEGIN PERFORM acl_revoke('scanner', 'full', 'account', 'north'), acl_unassign('Live all', 'scanner'); END $$;
SELECT sees('scanner', 'te_file') AS nothing;
ROLLBACK;

--
-- A7, A9: environments keep apart what one sees and what one does
--
DO $$ BEGIN
  PERFORM person('tess', 'Users'), acl_create('environment', 'Hidden');
  PERFORM acl_grant('tess', 'view', 'environment', 'Test'), acl_grant('tess', 'view, edit', 'environment', 'Live');
END $$;
INSERT INTO te_file (id, environment, title) VALUES (6, te('north', 'environment', 'Hidden'), 'hidden');
SELECT sees('liv', 'te_file') AS "4,5", sees('tess', 'te_file') AS "1,2,3,4,5";
SELECT attempt('tess', 'UPDATE te_file SET title = ''x'' WHERE f_snoop(title)') AS n2;
-- A7, A9 not: nothing of an environment on which nothing is granted, no change where view is; to move takes rights in both
SELECT attempt('liv', 'SELECT FROM te_file WHERE id IN (1, 2, 3, 6)') AS n0, attempt('liv', 'UPDATE te_file SET title = ''x'' WHERE id IN (1, 2, 3, 6)') AS n0,
       attempt('tess', 'SELECT FROM te_file WHERE id = 6') AS n0, attempt('tess', 'UPDATE te_file SET title = ''x'' WHERE id IN (1, 2, 3)') AS n0,
       attempt('tess', 'UPDATE te_file SET title = ''x'' WHERE id = 6') AS n0;
SELECT attempt('tess', format('UPDATE te_file SET environment = %s WHERE id = 1', te('north', 'environment', 'Live'))) AS n0;
BEGIN;
DO $$ BEGIN PERFORM acl_grant('tess', 'edit', 'environment', 'Test'); END $$;
SELECT attempt('tess', format('UPDATE te_file SET environment = %s WHERE id = 1', te('north', 'environment', 'Live'))) AS "42501";
DO $$ BEGIN PERFORM acl_grant('tess', 'add', 'environment', 'Live'); END $$;
SELECT attempt('tess', format('UPDATE te_file SET environment = %s WHERE id = 1', te('north', 'environment', 'Live'))) AS n1,
       attempt('tess', format('UPDATE te_file SET environment = %s WHERE id = 1', te('north', 'environment', 'Hidden'))) AS "42501";
ROLLBACK;
-- A9 not: the environment itself is as invisible as its rows
SELECT sees('tess', '(SELECT * FROM docacl.resource WHERE kind = ''environment'') AS e', 'name') AS "Live,Test", sees('ann', '(SELECT * FROM docacl.resource WHERE kind = ''environment'') AS e', 'name') AS nothing;

--
-- A8: settings: a company's before its environment's, that before the account's
--
DO $$ BEGIN
  PERFORM person('conny', 'Users'), acl_grant('conny', 'configure', 'environment', 'Live');
  PERFORM person('cora', 'Users'), acl_grant('cora', 'view', 'company', 'C2');
  PERFORM acl_set('account', 'north', 'splitter', '"account"'), acl_set('environment', 'Live', 'splitter', 'true'), acl_set('company', 'C1', 'splitter', 'false');
  PERFORM acl_set('environment', 'Test', 'secret', '{"validation": ["strict"], "limit": 12345678901234567890.12345678901234567890}');
END $$;
SELECT acl_setting('company', 'C1', 'splitter') AS "false", acl_setting('company', 'C2', 'splitter') AS "true", acl_setting('environment', 'Live', 'splitter') AS "true",
       acl_setting('environment', 'Test', 'splitter') AS "account", acl_setting('company', 'T1', 'splitter') AS "account", acl_setting('account', 'north', 'splitter') AS "account";
-- to the last digit; what is set to JSON's null is set
SELECT acl_setting('company', 'T1', 'secret');
BEGIN;
DO $$ BEGIN PERFORM acl_set('company', 'C1', 'splitter', 'null'); END $$;
SELECT acl_setting('company', 'C1', 'splitter') AS "null";
-- SQL's null takes it away: what lies above holds again
DO $$ BEGIN PERFORM acl_set('company', 'C1', 'splitter', NULL), acl_set('company', 'C1', 'never set', NULL); END $$;
SELECT acl_setting('company', 'C1', 'splitter') AS "true";
DO $$ BEGIN PERFORM acl_set('environment', te('north', 'environment', 'Live'), 'splitter', NULL); END $$;
SELECT acl_setting('company', te('north', 'company', 'C1'), 'splitter') AS "account", acl_setting('company', 'C1', 'no such') IS NULL AS t;
ROLLBACK;
-- along the tree, whatever is inherited of grants
BEGIN;
DO $$ BEGIN PERFORM acl_set_inherits('company', 'C2', false); END $$;
SELECT acl_setting('company', 'C2', 'splitter') AS "true";
ROLLBACK;
-- who configures, configures there and below, and not beside
SELECT attempt('conny', 'SELECT acl_set(''environment'', ''Live'', ''x'', ''1'')') AS n1, attempt('conny', 'SELECT acl_set(''company'', ''C1'', ''x'', ''1'')') AS n1;
-- A8 not: elsewhere, or without configure
SELECT attempt('conny', 'SELECT acl_set(''environment'', ''Test'', ''x'', ''1'')') AS "42704", attempt('conny', 'SELECT acl_set(''company'', ''T1'', ''x'', ''1'')') AS "42704",
       attempt('conny', 'SELECT acl_set(''account'', ''north'', ''x'', ''1'')') AS "42704", attempt('admin', 'SELECT acl_set(''environment'', ''Test'', ''x'', ''1'')') AS n1,
       attempt('conny', format('SELECT acl_set(''environment'', %s, ''x'', ''1'')', te('south', 'environment', 'Live'))) AS "42704",
       attempt('admin', format('SELECT acl_set(''environment'', %s, ''x'', ''1'')', te('south', 'environment', 'Live'))) AS "42704";
-- who sees it and may not is told what it needs; who does not see it is told what he is told of nothing
SELECT said FROM unnest(ARRAY['Live', 'Test', 'No such']) AS e, complaint('tess', format('SELECT acl_set(''environment'', %L, ''x'', ''1'')', e)) AS said;
SELECT attempt(w, 'SELECT acl_set(''environment'', ''Live'', ''x'', ''1'')') AS came, w FROM unnest(ARRAY['ann', 'cora', 'uma', 'bill']) AS w;
-- read: on what one sees or configures; a company's setting is what holds there, wherever it was set
CREATE FUNCTION reads(who text, what text, called text, setting text) RETURNS text LANGUAGE plpgsql AS
$$ DECLARE said text; BEGIN
     PERFORM become(who);
     said := coalesce(acl_setting(what, called, setting)::text, 'nothing');
     PERFORM set_config('role', 'none', true);
     RETURN said;
   EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE; END $$;
BEGIN;
SELECT reads('tess', 'environment', 'Live', 'splitter') AS "true", reads('conny', 'environment', 'Live', 'splitter') AS "true", reads('cora', 'company', 'C2', 'splitter') AS "true";
-- A8 not: of what one neither sees nor configures
SELECT reads('cora', 'environment', 'Live', 'splitter') AS nothing, reads('cora', 'company', 'C1', 'splitter') AS nothing, reads('conny', 'environment', 'Test', 'secret') AS nothing,
       reads('ann', 'environment', 'Test', 'secret') AS nothing, reads('ann', 'environment', 'No such', 'secret') AS nothing,
       reads('admin', 'environment', 'No such', 'secret') AS "42704", reads('admin', 'environment', 'Test', 'no such') AS nothing;
ROLLBACK;
SELECT w AS who, sees(w, 'docacl.setting', 'name') AS "settings seen" FROM unnest(ARRAY['admin', 'tess', 'conny', 'cora', 'ann', 'liv', 'system']) AS w;
SELECT attempt('admin', 'UPDATE docacl.setting SET value = ''1''') AS "42501", attempt('conny', 'DELETE FROM docacl.setting') AS "42501";
-- bad input
SELECT attempt('admin', 'SELECT acl_set(''location'', ''Archive'', ''x'', ''1'')') AS "22023", attempt('admin', 'SELECT acl_set(''provider'', ''Paper Ltd'', ''x'', ''1'')') AS "22023",
       attempt('admin', 'SELECT acl_set(''nonsense'', ''Archive'', ''x'', ''1'')') AS "42704", attempt('admin', 'SELECT acl_set(''environment'', ''Live'', '''', ''1'')') AS "22023",
       attempt('admin', 'SELECT acl_set(''environment'', ''Live'', NULL, ''1'')') AS "22023", attempt('admin', 'SELECT acl_set(NULL, ''Live'', ''x'', ''1'')') AS "22023",
       attempt('admin', 'SELECT acl_setting(''environment'', NULL::text, ''x'')') AS "22023", attempt('admin', 'SELECT acl_setting(''location'', ''Archive'', ''x'')') AS "22023";
-- it says by whom and is gone with what it was of
SELECT p.name, s.name, s.value FROM docacl.setting s LEFT JOIN docacl.principal p ON p.id = s.set_by WHERE s.name = 'secret';
BEGIN;
DO $$ BEGIN PERFORM acl_create('environment', 'Short'), acl_set('environment', 'Short', 'x', '1'); END $$;
SELECT count(*) AS n1 FROM docacl.setting WHERE name = 'x';
DO $$ BEGIN PERFORM acl_drop('environment', 'Short'); END $$;
SELECT count(*) AS n0 FROM docacl.setting WHERE name = 'x';
ROLLBACK;
SELECT left(said, 5) AS "23503" FROM unnest(ARRAY[987654321, te('south', 'environment', 'Live')]) AS id, complaint(NULL, format('INSERT INTO docacl.setting VALUES (%s, %s, ''x'', ''1'')', :north, id)) AS said
 WHERE said NOT LIKE ' %';

--
-- A12: clients and providers are a company's: seen where the company is, named by its documents only
--
DO $$ BEGIN
  PERFORM person('pat', 'Users'), acl_grant('pat', 'view, manage_parties', 'company', 'C1');
END $$;
SELECT sees('cora', '(SELECT * FROM docacl.resource WHERE kind IN (''client'', ''provider'')) AS p', 'name') AS "Ink Ltd",
       sees('pat', '(SELECT * FROM docacl.resource WHERE kind IN (''client'', ''provider'')) AS p', 'name') AS "Client,Paper Ltd";
SELECT attempt('pat', 'SELECT acl_create(''client'', ''New'', ''C1''), acl_rename(''provider'', ''Paper Ltd'', ''Paper Inc'')') AS n1;
-- A12 not: without the company its parties are not there; without manage_parties they are not to be changed
SELECT attempt('pat', 'SELECT FROM docacl.resource WHERE name = ''Ink Ltd''') AS n0, attempt('ann', 'SELECT FROM docacl.resource WHERE kind IN (''client'', ''provider'')') AS n0,
       attempt('pat', 'SELECT acl_create(''client'', ''New'', ''C2'')') AS "42704", attempt('pat', 'SELECT acl_rename(''provider'', ''Ink Ltd'', ''x'')') AS "42704",
       attempt('cora', 'SELECT acl_create(''client'', ''New'', ''C2'')') AS "42501", attempt('cora', 'SELECT acl_drop(''provider'', ''Ink Ltd'')') AS "42501";
SELECT attempt('admin', format('INSERT INTO te_file (id, company, party) VALUES (99, %s, %s)', te('north', 'company', 'C1'), te('north', 'provider', 'Paper Ltd'))) AS n1;
-- A12 not: a document names no party of another company, of another account, or of the other sort, whoever writes it; a
-- party that is named moves to no other company
SELECT attempt('admin', format('INSERT INTO te_file (id, company, party) VALUES (99, %s, %s)', te('north', 'company', 'C1'), te('north', 'provider', 'Ink Ltd'))) AS "23514",
       attempt('system', format('INSERT INTO te_file (id, company, party) VALUES (99, %s, %s)', te('north', 'company', 'C1'), te('north', 'client', 'Client'))) AS "23514, a client is no provider",
       attempt('system', format('INSERT INTO te_file (id, company, party) VALUES (99, %s, %s)', te('north', 'company', 'C1'), te('south', 'provider', 'Paper Ltd'))) AS "23514",
       attempt('admin', format('UPDATE te_file SET party = %s WHERE id = 4', te('north', 'provider', 'Ink Ltd'))) AS "23514",
       attempt('admin', format('INSERT INTO te_file (id, environment, party) VALUES (99, %s, %s)', te('north', 'environment', 'Test'), te('north', 'provider', 'Ink Ltd'))) AS "23514";
BEGIN;
UPDATE te_file SET party = te('north', 'provider', 'Paper Ltd') WHERE id = 4;
SELECT attempt('admin', 'SELECT acl_move(''provider'', ''Paper Ltd'', ''C2'')') AS "55006", attempt('admin', 'SELECT acl_drop(''provider'', ''Paper Ltd'')') AS "55006",
       attempt('admin', 'SELECT acl_move(''provider'', ''Ink Ltd'', ''C1'')') AS n1;
ROLLBACK;
-- A12 not: a client and a provider of one document are of one company, though it names none
BEGIN;
CREATE TABLE te_deal (id bigint PRIMARY KEY, client bigint, provider bigint);
GRANT SELECT, INSERT ON te_deal TO PUBLIC;
DO $$ BEGIN PERFORM acl_protect('te_deal', '{"client": {"column": "client", "by": "id"}, "provider": {"column": "provider", "by": "id"}}'); END $$;
SELECT attempt('system', format('INSERT INTO te_deal VALUES (1, %s, %s)', te('north', 'client', 'Client'), te('north', 'provider', 'Paper Ltd'))) AS n1,
       attempt('system', format('INSERT INTO te_deal VALUES (1, %s, %s)', te('north', 'client', 'Client'), te('north', 'provider', 'Ink Ltd'))) AS "23514";
ROLLBACK;

--
-- A15: a user is a name, an e-mail that nobody else has in the whole installation, and a group
--
SELECT attempt('admin', 'SELECT acl_create_user(''new'', ''new@north.example'', ''Users'')') AS n1,
       attempt('admin', 'SELECT acl_create_user(''new'', ''new@north.example'', r.name) FROM (SELECT ''Fresh'' AS name, acl_create_role(''Fresh'')) AS r') AS n1, attempt('admin', 'SELECT acl_alter_user(''ann'', email => ''ANN@north.example'')') AS n1;
-- A15 not: no group, no e-mail, no name, somebody else's e-mail in whatever case and account, another account's group
SELECT attempt('admin', 'SELECT acl_create_user(''new'', ''new@north.example'', NULL)') AS "22023", attempt('admin', 'SELECT acl_create_user(''new'', ''new@north.example'', '''')') AS "42704",
       attempt('admin', 'SELECT acl_create_user(''new'', NULL, ''Users'')') AS "22023", attempt('admin', 'SELECT acl_create_user(''new'', ''no e-mail'', ''Users'')') AS "22023",
       attempt('admin', 'SELECT acl_create_user('''', ''new@north.example'', ''Users'')') AS "22023", attempt('admin', 'SELECT acl_create_user(NULL, ''new@north.example'', ''Users'')') AS "22023",
       attempt('admin', 'SELECT acl_create_user(''new'', ''ANN@North.Example'', ''Users'')') AS "42710", attempt('admin', 'SELECT acl_create_user(''new'', ''ann@SOUTH.example'', ''Users'')') AS "42710",
       attempt('admin', 'SELECT acl_alter_user(''ann'', email => ''Admin@north.example'')') AS "42710";
SET docacl.account = 'south';
DO $$ BEGIN PERFORM acl_create_role('Southerners'); END $$;
SET docacl.account = 'north';
SELECT attempt('admin', 'SELECT acl_create_user(''new'', ''new@north.example'', ''Southerners'')') AS "42704";
-- people of one name are told apart by their e-mails, which address them too
SELECT attempt('admin', 'SELECT acl_grant(''ann@north.example'', ''view'', ''environment'', ''Live'')') AS n1, attempt('admin', 'SELECT acl_grant(''ANN@NORTH.EXAMPLE'', ''view'', ''environment'', ''Live'')') AS n1;

--
-- A16: whoever sends letters is told of a new user, once, if the user came to be; nobody else is told (the NOTIFY that
-- wakes him: tests/client, tenants)
--
CREATE ROLE regress_mailer;
GRANT SELECT, DELETE ON docacl.event TO regress_mailer;
DELETE FROM docacl.event;
-- A16 not: nothing of a user who came not to be
BEGIN;
DO $$ BEGIN PERFORM person('gone', 'Users'); END $$;
SELECT count(*) AS n1 FROM docacl.event;
ROLLBACK;
SELECT count(*) AS n0 FROM docacl.event;
BEGIN;
SAVEPOINT s;
DO $$ BEGIN PERFORM person('gone', 'Users'); END $$;
ROLLBACK TO SAVEPOINT s;
-- A16: one event of the one who did, and no password in it
DO $$ BEGIN PERFORM person('greta', 'Users'); END $$;
COMMIT;
SET ROLE regress_mailer;
SELECT event, payload - 'id' AS payload, account_id = :north AS t FROM docacl.event;
SELECT payload ->> 'id' = (SELECT acl_user_id()::text) AS "null" FROM docacl.event;
RESET ROLE;
SELECT payload ->> 'id' = (SELECT id::text FROM docacl.principal WHERE name = 'greta') AS t FROM docacl.event;
-- A16 not: nothing is said where nobody is made
DO $$ BEGIN PERFORM acl_create_user('greta', 'greta@north.example', 'Users', if_not_exists => true); END $$;
SELECT count(*) AS n1 FROM docacl.event;
SELECT attempt('admin', 'SELECT acl_create_user(''greta'', ''greta2@north.example'', ''Users'')') AS "42710";
SELECT count(*) AS n1 FROM docacl.event;
-- A16 not: the outbox is read by whom a superuser lets, and by no user whatever he administers
SELECT w AS who, attempt(w, 'SELECT FROM docacl.event') AS "42501", attempt(w, 'INSERT INTO docacl.event (event, payload) VALUES (''x'', ''{}'')') AS "42501", attempt(w, 'DELETE FROM docacl.event') AS "42501"
  FROM unnest(ARRAY['admin', 'uma', 'ann', 'scanner']) AS w;
SET ROLE regress_mailer;
INSERT INTO docacl.event (event, payload) VALUES ('forged', '{}');                     -- fail
UPDATE docacl.event SET payload = '{}';                                               -- fail
SELECT count(*) AS n0 FROM docacl.principal;
DELETE FROM docacl.event;
RESET ROLE;
SELECT count(*) AS n0 FROM docacl.event;

--
-- A17: an account has two security groups; default groups come by themselves
--
SELECT name FROM docacl.principal WHERE account_id = :south AND kind = 'role' AND built_in IS NOT NULL ORDER BY name COLLATE "C";
-- A17 not: the second holds nothing
SELECT count(*) AS n0 FROM docacl.grants g JOIN docacl.principal p ON p.id = g.principal_id WHERE p.built_in = 'users';
BEGIN;
DO $$ BEGIN
  PERFORM acl_create_role('Company', is_default => true), acl_grant('Company', 'view', 'environment', 'Test');
  PERFORM person('first day', 'Live all');
END $$;
SELECT sees('first day', 'te_file') AS "1,2,3,4,5", sees('ann', 'te_file') AS nothing;
SELECT role FROM docacl.member_list WHERE member = 'first day' ORDER BY role COLLATE "C";
DO $$ BEGIN PERFORM acl_alter_role('Company', is_default => false), person('second day', 'Users'); END $$;
SELECT role FROM docacl.member_list WHERE member = 'second day';
ROLLBACK;

--
-- E1: administration is a function like others: who does not hold it grants nothing
--
DO $$ BEGIN
  PERFORM acl_create('function', 'Orders'), acl_create('project', 'P'), person('rhea', 'Users'), person('reed', 'Users');
  PERFORM acl_grant('rhea', 'change', 'function', 'Role Authorizations'), acl_grant('reed', 'view', 'function', 'Role Authorizations'), acl_grant('reed', 'change', 'function', 'Orders');
END $$;
SELECT attempt('rhea', 'SELECT acl_grant(''ann'', ''view'', ''function'', ''Orders'')') AS n1, attempt('reed', 'SELECT acl_grant(''ann'', ''view'', ''function'', ''Orders'')') AS "42501",
       attempt('reed', 'SELECT acl_grant(''reed'', ''change'', ''function'', ''Role Authorizations'')') AS "42501", attempt('rhea', 'SELECT acl_grant(''ann'', ''view'', ''project'', ''P'')') AS "42704";

--
-- E2, E4: nobody asks, nobody sees; and saying who one is takes a trusted role
--
SET ROLE regress_stranger;
SELECT count(*) AS n0 FROM te_file;
INSERT INTO te_file (id) VALUES (99);                                                 -- fail
UPDATE te_file SET title = 'x';
SET docacl.principal = '2';                                                           -- fail
SELECT set_config('docacl.principal', '2', false);                                    -- fail
SELECT acl_set_user('admin', local => false);                                         -- fail
SELECT acl_user() IS NULL AS t;
RESET ROLE;
-- E4: a person is there before he acts, and acts no more when he is shut out
CREATE ROLE regress_te_ann;
SET ROLE regress_te_ann;
SELECT count(*) AS n0 FROM te_file;
RESET ROLE;
DO $$ BEGIN PERFORM acl_map('regress_te_ann', 'tess'); END $$;
SET ROLE regress_te_ann;
SELECT count(*) AS n5 FROM te_file;
RESET ROLE;
DO $$ BEGIN PERFORM acl_alter_user('tess', enabled => false); END $$;
SET ROLE regress_te_ann;
SELECT count(*) AS n0 FROM te_file;
RESET ROLE;
-- E3: no column is there to hold a password
SELECT attrelid::regclass, attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
 WHERE relnamespace = 'docacl'::regnamespace AND relkind = 'r' AND attnum > 0 AND attname ~ 'pass|pwd';
-- E5: a group of the directory is a database role's, and by itself gives nothing
CREATE ROLE regress_te_group;
CREATE ROLE regress_te_bob IN ROLE regress_te_group;
DO $$ BEGIN PERFORM acl_map('regress_te_group', 'admin'); END $$;
SET SESSION AUTHORIZATION regress_te_bob;
SELECT acl_user() IS NULL AS t, count(*) AS n0 FROM te_file;
RESET SESSION AUTHORIZATION;
DO $$ BEGIN PERFORM acl_unmap('regress_te_group'); END $$;
-- E6: projects are granted to groups as well: their members see them and no others
CREATE TABLE te_order (id int PRIMARY KEY, project bigint);
GRANT SELECT ON te_order TO PUBLIC;
DO $$ BEGIN
  PERFORM acl_protect('te_order', '{"project": {"column": "project", "by": "id"}}');
  PERFORM acl_create('project', 'Q'), acl_create_role('Builders'), acl_assign('Builders', 'ann'), acl_grant('Builders', 'view', 'project', 'P');
END $$;
INSERT INTO te_order VALUES (1, te('north', 'project', 'P')), (2, te('north', 'project', 'Q'));
SELECT sees('ann', 'te_order') AS "1", sees('rhea', 'te_order') AS nothing;

--
-- E10: whoever creates a project gets it; the account may choose that he gets all of them, and only who configures and grants chooses
--
DO $$ BEGIN
  PERFORM person('pia', 'Users'), person('pim', 'Users'), person('opt', 'Users'), acl_grant('pia', 'change', 'function', 'Projects'), acl_grant('pim', 'change', 'function', 'Projects');
  PERFORM acl_grant('opt', 'configure', 'account', 'north'), acl_grant('uma', 'manage_roles', 'account', 'north');
END $$;
SELECT attempt(w, 'SELECT acl_set_account_option(''project_creator'', ''all'')') AS came, w FROM unnest(ARRAY['admin', 'opt', 'uma', 'ann', 'pia', 'scanner', 'system']) AS w;
SELECT attempt('admin', 'SELECT acl_set_account_option(''nonsense'', ''all'')') AS "22023", attempt('admin', 'SELECT acl_set_account_option(''project_creator'', ''none'')') AS "22023",
       attempt('admin', 'SELECT acl_set_account_option(''project_creator'', NULL)') AS "22023", attempt('ann', 'UPDATE docacl.account_option SET value = ''all''') AS "42501";
BEGIN;
SELECT become('pia');
SELECT acl_create('project', 'New') IS NOT NULL AS t;
RESET ROLE; RESET docacl.principal;
SELECT acl_can_on('pia', 'project', 'New', 'change') AS t, acl_can_on('pia', 'project', 'Q', 'view') AS f, acl_can_on('pim', 'project', 'New', 'view') AS f;
SELECT attempt('ann', 'SELECT acl_create(''project'', ''Newer'')') AS "42501";
DO $$ BEGIN PERFORM acl_set_account_option('Project Creator', 'ALL'); END $$;
-- not for what was made before
SELECT acl_can_on('pia', 'project', 'Q', 'view') AS f;
SELECT become('pim');
SELECT acl_create('project', 'Third') IS NOT NULL AS t, acl_create('project', 'Fourth') IS NOT NULL AS t;
RESET ROLE; RESET docacl.principal;
SELECT acl_can_on('pim', 'project', p, 'change') AS t FROM unnest(ARRAY['Third', 'New', 'Q']) AS p;
SELECT sees('pim', 'te_order') AS "1,2", sees('pia', 'te_order') AS nothing;
SELECT principal, actions, path, source FROM docacl.grant_list WHERE principal = 'pim' AND kind = 'project' ORDER BY path;
-- read by who sees the account or configures it
SELECT w AS who, attempt(w, 'SELECT FROM docacl.account_option') AS options FROM unnest(ARRAY['admin', 'opt', 'ann', 'system']) AS w;
-- another account chooses for itself; who is above accounts, for the one at hand
SET LOCAL docacl.account = 'south';
DO $$ BEGIN PERFORM acl_grant('ann', 'change', 'function', 'Projects'), acl_create('project', 'South'); END $$;
SELECT become('ann');
SELECT acl_create('project', 'Mine') IS NOT NULL AS t;
RESET ROLE; RESET docacl.principal;
SELECT acl_can_on('ann', 'project', 'Mine', 'change') AS t, acl_can_on('ann', 'project', 'South', 'view') AS f;
SELECT attempt('admin', 'SELECT FROM docacl.account_option') AS n0;
ROLLBACK;
BEGIN;
DO $$ BEGIN PERFORM acl_create_account('short'), set_config('docacl.account', 'short', true), acl_set_account_option('project_creator', 'all'), acl_set('account', 'short', 'x', '1'), acl_drop('account', 'short'); END $$;
SELECT count(*) AS n0 FROM docacl.account_option;
ROLLBACK;

SELECT disagreements(ARRAY['admin', 'ann', 'uma', 'liv', 'cora', 'pat', 'conny', 'system'], 'te_file') AS n0;
