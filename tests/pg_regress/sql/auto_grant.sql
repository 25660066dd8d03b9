--
-- Rules that keep grants equal to what a table of the application says: acl_auto_grant, acl_drop_auto_grant,
-- acl_profile_option. What Invantive Vision does with them: invantive_rules.sql.
--
\set VERBOSITY terse
DO $$ BEGIN PERFORM acl_create_account('rules'); PERFORM acl_create_account('rules elsewhere'); END $$;
SET docacl.account = 'rules elsewhere';
DO $$ BEGIN
  PERFORM acl_create_user('otto', 'otto@elsewhere.example', 'Users', key => 'otto');
  PERFORM acl_create('project', 'Otto''s', key => '90');
END $$;
SET docacl.account = 'rules';
CREATE TABLE au_user (login text PRIMARY KEY, full_name text NOT NULL);
CREATE TABLE au_project (id int PRIMARY KEY, name text NOT NULL, controller text REFERENCES au_user ON DELETE SET NULL, developer text REFERENCES au_user, budget int);
CREATE TABLE au_responsible (project int REFERENCES au_project ON DELETE CASCADE, login text, since date DEFAULT now());
GRANT SELECT, INSERT, UPDATE, DELETE ON au_user, au_project, au_responsible TO PUBLIC;
INSERT INTO au_user VALUES ('ann', 'Ann'), ('bob', 'Bob'), ('cat', 'Cat');
INSERT INTO au_project VALUES (1, 'P', 'ann', 'bob'), (2, 'Q', NULL, NULL);
SELECT acl_mirror('au_user', 'user', 'login', 'full_name') AS three, acl_mirror('au_project', 'project', 'id', 'name') AS two;
-- who holds what through rules now: 'auto' rows that are not closed
CREATE FUNCTION held() RETURNS SETOF text LANGUAGE sql AS
$$ SELECT format('%s %s %s: %s', principal, CASE WHEN actions LIKE '%write%' OR actions LIKE '%change%' THEN 'changes' ELSE 'sees' END, path, note) FROM docacl.grant_list
   WHERE source = 'auto' AND revoked_at IS NULL ORDER BY 1 $$;
-- the law: the open auto rows are exactly what the tables say, whatever happened
CREATE FUNCTION amiss() RETURNS bigint LANGUAGE sql AS
$$ WITH said AS (
     SELECT DISTINCT 'controller' AS rule, controller AS login, id FROM au_project WHERE controller IS NOT NULL
     UNION SELECT DISTINCT 'login', login, project FROM au_responsible WHERE login IS NOT NULL AND project IS NOT NULL
   ), kept AS (
     SELECT a.principal_column AS rule, u.key AS login, r.key::int AS id
     FROM docacl.grants g JOIN docacl.auto_pair p ON p.grant_id = g.id JOIN docacl.auto_grant a ON a.id = p.rule_id
     JOIN docacl.principal u ON u.id = g.principal_id JOIN docacl.resource r ON r.id = g.resource_id
     WHERE g.source = 'auto' AND g.revoked_at IS NULL AND a.principal_column IN ('controller', 'login')
   )
   SELECT (SELECT count(*) FROM (TABLE said EXCEPT ALL TABLE kept) a) + (SELECT count(*) FROM (TABLE kept EXCEPT ALL TABLE said) b) $$;

--
-- the row itself is the resource: by its mirror
--
SELECT acl_auto_grant('au_project', 'controller', 'project', 'see') AS one;
SELECT held(), amiss() AS n0;
SELECT acl_can_on('ann', 'project', 'P', 'see') AS t, acl_can_on('ann', 'project', 'P', 'change') AS f,
       acl_can_on('ann', 'project', 'Q', 'see') AS f, acl_can_on('bob', 'project', 'P', 'see') AS f;
-- in the statement that makes project and resource, and in the same transaction
BEGIN;
INSERT INTO au_project VALUES (3, 'R', 'bob'), (4, 'S', NULL);
SELECT acl_can_on('bob', 'project', 'R', 'see') AS t;
UPDATE au_project SET controller = 'cat' WHERE id IN (1, 4);
SELECT acl_can_on('ann', 'project', 'P', 'see') AS f, acl_can_on('cat', 'project', 'P', 'see') AS t, acl_can_on('cat', 'project', 'S', 'see') AS t;
SELECT amiss() AS n0;
SAVEPOINT before;
DELETE FROM au_project WHERE id = 3;
SELECT acl_can_on('bob', 'project', 'R', 'see');
ROLLBACK TO before;
SELECT acl_can_on('bob', 'project', 'R', 'see') AS t, amiss() AS n0;
COMMIT;
SELECT held();
BEGIN;
UPDATE au_project SET controller = 'bob';
SELECT acl_can_on('cat', 'project', 'P', 'see') AS f, amiss() AS n0;
ROLLBACK;
SELECT acl_can_on('cat', 'project', 'P', 'see') AS t, amiss() AS n0;
-- what a rule made is not taken away by hand, and what was granted by hand is not touched by a rule
SELECT acl_revoke('cat', 'see', 'project', 'P');
SELECT acl_grant('cat', 'change', 'project', 'P') AS t;
SELECT acl_revoke('cat', 'change', 'project', 'P') AS t;
SELECT acl_grant('cat', 'see', 'project', 'P') AS t;
UPDATE au_project SET controller = NULL WHERE id = 1;
SELECT acl_can_on('cat', 'project', 'P', 'see') AS t, amiss() AS n0;
SELECT acl_revoke('cat', 'see', 'project', 'P') AS t;
SELECT acl_can_on('cat', 'project', 'P', 'see') AS f;
-- the application's foreign keys: a user who goes leaves the project to nobody
UPDATE au_project SET controller = 'ann' WHERE id IN (1, 2);
DELETE FROM au_user WHERE login = 'ann';
SELECT held(), amiss() AS n0;
INSERT INTO au_user VALUES ('ann', 'Ann');
SELECT acl_can_on('Ann', 'project', 'P', 'see') AS f;

--
-- a table of responsibilities: the resource in a column, several rows to one grant
--
SELECT acl_auto_grant('au_responsible', 'login', 'project', 'change', 'project') AS none;
INSERT INTO au_responsible VALUES (1, 'bob'), (1, 'bob'), (2, 'bob'), (2, NULL), (NULL, 'bob');
SELECT held(), amiss() AS n0;
SELECT acl_can_on('bob', 'project', 'P', 'change') AS t;
DELETE FROM au_responsible WHERE ctid = (SELECT min(ctid) FROM au_responsible WHERE project = 1);
SELECT acl_can_on('bob', 'project', 'P', 'change') AS t, amiss() AS n0;
-- the other rule's row is left when this one's goes
UPDATE au_project SET controller = 'bob' WHERE id = 1;
DELETE FROM au_responsible WHERE project = 1;
SELECT acl_can_on('bob', 'project', 'P', 'change') AS f, acl_can_on('bob', 'project', 'P', 'see') AS t, amiss() AS n0;
-- a statement that moves rows, MERGE, ON CONFLICT, COPY, a cascade, what changes neither column
UPDATE au_responsible SET project = CASE project WHEN 2 THEN 1 ELSE 2 END, login = coalesce(login, 'cat');
SELECT held(), amiss() AS n0;
INSERT INTO au_project VALUES (2, 'Q', 'cat') ON CONFLICT (id) DO UPDATE SET controller = excluded.controller;
MERGE INTO au_project AS p USING (VALUES (1, 'cat'), (4, NULL), (5, 'bob')) AS v (id, who) ON p.id = v.id
  WHEN MATCHED THEN UPDATE SET controller = v.who WHEN NOT MATCHED THEN INSERT (id, name, controller) VALUES (v.id, 'T', v.who);
COPY au_responsible (project, login) FROM stdin;
3	ann
3	cat
\.
UPDATE au_project SET budget = 1;
SELECT held(), amiss() AS n0;
DELETE FROM au_project WHERE id = 3;
SELECT held(), amiss() AS n0;
TRUNCATE au_responsible;
SELECT held(), amiss() AS n0;
-- not of another account, not of nobody, not to system; nothing half done
INSERT INTO au_responsible VALUES (1, 'cat'), (1, 'otto');
INSERT INTO au_responsible VALUES (1, 'nobody');
UPDATE au_responsible SET login = 'x';
INSERT INTO au_responsible VALUES (1, 'bob');
UPDATE au_responsible SET login = 'otto';
ALTER TABLE au_responsible DROP CONSTRAINT au_responsible_project_fkey;
INSERT INTO au_responsible VALUES (77, 'bob');
INSERT INTO au_responsible VALUES (90, 'bob');
SELECT held(), amiss() AS n0;
-- roles and whatever else can hold grants; a disabled user's grants give nothing
SELECT acl_create_role('Team', key => 'team') IS NOT NULL AS t, acl_assign('Team', 'Cat');
INSERT INTO au_responsible VALUES (5, 'team');
SELECT acl_can_on('Cat', 'project', 'T', 'change') AS t;
SELECT acl_alter_user('Cat', enabled => false);
SELECT acl_can_on('Cat', 'project', 'T', 'change') AS f;
SELECT acl_alter_user('Cat', enabled => true);
SELECT acl_drop_role('Team');
SELECT held();
DELETE FROM au_responsible WHERE login = 'team';
SELECT amiss() AS n0;

--
-- what is carried elsewhere by hand is what was granted by hand
--
SELECT acl_copy_grants('Bob', 'Cat');
SELECT acl_copy_resource_grants('project', 'P', 'S');
SELECT acl_reassign('Bob', 'Ann');
SELECT acl_apply_to_children('project', 'P');
SELECT acl_set_grant('Bob', '', 'project', 'P');
SELECT count(*) AS none FROM docacl.grant_list WHERE kind = 'project' AND source <> 'auto' AND revoked_at IS NULL;
SELECT held(), amiss() AS n0;

--
-- options: off until switched on, at once for all rows, by account
--
SELECT acl_auto_grant('au_project', 'developer', 'project', 'see', code => 'acl-pae-developer-see') AS none;
SELECT acl_auto_grant('au_project', 'developer', 'project', 'change', code => 'acl-pae-developer-change') AS none;
UPDATE au_project SET developer = 'ann' WHERE id IN (1, 2);
SELECT acl_can_on('Ann', 'project', 'P', 'see') AS f;
SELECT acl_profile_option('acl-pae-developer-see', true);
SELECT acl_can_on('Ann', 'project', 'P', 'see') AS t, acl_can_on('Ann', 'project', 'P', 'change') AS f, acl_can_on('Ann', 'project', 'S', 'see') AS f;
SELECT acl_profile_option('acl-pae-developer-change', true);
SELECT acl_can_on('Ann', 'project', 'P', 'change') AS t;
SELECT acl_profile_option('acl-pae-developer-change', true), count(*) AS four FROM docacl.grant_list WHERE note LIKE '%developer%' AND revoked_at IS NULL;
UPDATE au_project SET developer = 'cat' WHERE id = 1;
SELECT acl_can_on('Ann', 'project', 'P', 'see') AS f, acl_can_on('Cat', 'project', 'P', 'change') AS t;
SELECT acl_profile_option('acl-pae-developer-change', false);
SELECT acl_can_on('Cat', 'project', 'P', 'change') AS f, acl_can_on('Cat', 'project', 'P', 'see') AS t;
SELECT acl_profile_option('acl-pae-developer-see', false);
SELECT count(*) AS none FROM docacl.grant_list WHERE note LIKE '%developer%' AND revoked_at IS NULL;
-- changed while it was off
UPDATE au_project SET developer = CASE id WHEN 1 THEN 'bob' END;
SELECT acl_profile_option('acl-pae-developer-see', true);
SELECT acl_can_on('Bob', 'project', 'P', 'see') AS t, acl_can_on('Cat', 'project', 'P', 'see') AS t, acl_can_on('Ann', 'project', 'Q', 'see') AS f;
-- elsewhere it is off
SET docacl.account = 'rules elsewhere';
CREATE TABLE au_elsewhere (who text, project int);
INSERT INTO au_elsewhere VALUES ('otto', 90), ('bob', 1);
SELECT acl_auto_grant('au_elsewhere', 'who', 'project', 'see', 'project', 'acl-pae-developer-see') AS "1, in the other account";
SELECT acl_can_on('otto', 'project', 'Otto''s', 'see') AS f;
SELECT acl_profile_option('acl-pae-developer-see', true);
SELECT acl_can_on('otto', 'project', 'Otto''s', 'see') AS t;
SELECT acl_profile_option('acl-pae-developer-see', false);
SELECT acl_can_on('otto', 'project', 'Otto''s', 'see') AS f;
SET docacl.account = 'rules';
SELECT acl_can_on('Bob', 'project', 'P', 'see') AS t;
-- a code without -pae- does nothing
SELECT acl_auto_grant('au_project', 'developer', 'project', 'full', code => 'developer') AS none;
SELECT acl_profile_option('developer', true);
UPDATE au_project SET developer = 'ann' WHERE id = 4;
SELECT acl_can_on('Ann', 'project', 'S', 'write') AS f;

--
-- the same again replaces a rule; a rule that is dropped takes its grants along
--
SELECT acl_auto_grant('au_project', 'controller', 'project', 'change') AS three;
SELECT held(), amiss() AS n0;
SELECT acl_drop_auto_grant('au_project', 'developer');
SELECT held();
SELECT count(*) AS eight FROM pg_trigger WHERE tgname LIKE 'docacl\_rule%' AND tgrelid IN ('au_project'::regclass, 'au_responsible'::regclass) AND tgenabled = 'A';
SELECT acl_drop_auto_grant('au_project', 'developer');
-- renamed columns and tables are followed; a dropped column stops the table until somebody says what to do
ALTER TABLE au_project RENAME controller TO accountable;
ALTER TABLE au_project RENAME TO au_plan;
UPDATE au_plan SET accountable = 'ann' WHERE id = 1;
SELECT acl_can_on('Ann', 'project', 'P', 'change') AS t;
SELECT acl_revoke('Ann', 'change', 'project', 'P');
ALTER TABLE au_plan DROP accountable;
UPDATE au_plan SET name = 'PP' WHERE id = 1;
SELECT acl_drop_auto_grant('au_plan', 'accountable');
SELECT held();
UPDATE au_plan SET name = 'PP' WHERE id = 1;
DROP TABLE au_responsible;
SELECT held();
SELECT count(*) AS none FROM docacl.auto_grant WHERE relation NOT IN (SELECT oid FROM pg_class);
SELECT count(*) AS none FROM docacl.auto_pair WHERE rule_id NOT IN (SELECT id FROM docacl.auto_grant);

--
-- how columns name what they name, and what is refused
--
CREATE TABLE au_ids (id int PRIMARY KEY, who bigint, project bigint, note numeric);
CREATE TABLE au_gated (project bigint, who text, other bigint);
CREATE TABLE au_parts (project int, who text) PARTITION BY HASH (project);
CREATE VIEW au_view AS SELECT * FROM au_ids;
INSERT INTO au_ids SELECT 1, (SELECT id FROM docacl.principal WHERE name = 'Bob'), r.id FROM docacl.resource AS r WHERE r.kind = 'project' AND r.key = '2';
SELECT acl_auto_grant('au_ids', 'who', 'project', 'see', 'project') AS one;
SELECT acl_can_on('Bob', 'project', 'Q', 'see') AS t;
INSERT INTO au_ids VALUES (2, 1, NULL), (3, NULL, 1), (4, -1, NULL);
INSERT INTO au_ids SELECT 5, 1, project FROM au_ids WHERE id = 1;
INSERT INTO au_ids SELECT 5, -1, project FROM au_ids WHERE id = 1;
INSERT INTO au_ids SELECT 5, who, who FROM au_ids WHERE id = 1;
UPDATE au_ids SET project = 2 WHERE id = 1;
SELECT acl_drop_auto_grant('au_ids', 'who');
UPDATE au_ids SET project = 2 WHERE id = 1;
SELECT acl_auto_grant('au_ids', 'who', 'project', 'see', 'project');  -- fail: a system and a nobody are among the ids
DELETE FROM au_ids WHERE id > 1;
SELECT acl_auto_grant('au_ids', 'who', 'project', 'see', 'project') AS "1, by key";
SELECT resource_by, principal_by FROM docacl.auto_grant WHERE relation = 'au_ids'::regclass;
SELECT acl_auto_grant('au_ids', 'note', 'project', 'see', 'project');
SELECT acl_auto_grant('au_ids', 'nothing', 'project', 'see', 'project');
SELECT acl_auto_grant('au_ids', 'who', 'project', 'see', 'nothing');
SELECT acl_auto_grant('au_ids', 'who', 'project', 'see');
SELECT acl_auto_grant('au_ids', 'who', 'planet', 'see', 'project');
SELECT acl_auto_grant('au_ids', 'who', 'document', 'see', 'project');
SELECT acl_auto_grant('au_ids', 'who', 'project', 'fly', 'project');
SELECT acl_auto_grant('au_ids', 'who', 'project', '', 'project');
SELECT acl_auto_grant('au_ids', 'who', 'project', 'manage_users', 'project');
SELECT acl_auto_grant('au_ids', 'who', 'project', 'see', 'project', '');
SELECT acl_auto_grant('au_view', 'who', 'project', 'see', 'project');
SELECT acl_auto_grant('au_parts', 'who', 'project', 'see', 'project');
SELECT acl_auto_grant(NULL, 'who', 'project', 'see', 'project');
SELECT acl_profile_option(NULL, true);
SELECT acl_profile_option('acl-pae-x', NULL);
SELECT acl_profile_option('', true);
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT acl_profile_option('acl-pae-x', true);
ROLLBACK;
-- the row's own gate
DO $$ BEGIN PERFORM acl_protect('au_gated', '{"project": {"column": "project", "by": "key"}}', '{"owner": {"column": "other", "by": "id"}}'); END $$;
INSERT INTO au_gated VALUES (2, 'cat');
SELECT acl_auto_grant('au_gated', 'who', 'project', 'change') AS one;
SELECT acl_auto_grant('au_gated', 'who', 'location', 'change');
SELECT held();

--
-- ways past the triggers: refused, or found
--
CREATE TABLE au_whole (LIKE au_gated) PARTITION BY RANGE (project);
ALTER TABLE au_whole ATTACH PARTITION au_gated FOR VALUES FROM (MINVALUE) TO (MAXVALUE);
CREATE TABLE au_child () INHERITS (au_ids);
CREATE TABLE au_parent (id int, who bigint);
ALTER TABLE au_ids INHERIT au_parent;
CREATE TABLE au_user_child () INHERITS (au_user);
CREATE TABLE au_other_child () INHERITS (au_parent);
SET session_replication_role = replica;
UPDATE au_ids SET project = 1;
RESET session_replication_role;
SELECT acl_can_on('Bob', 'project', 'Q', 'see') AS f, acl_can_on('Bob', 'project', 'PP', 'see') AS t;
SELECT object, finding FROM acl_check() WHERE object LIKE 'trigger %';
ALTER TABLE au_ids DISABLE TRIGGER USER;
DROP TRIGGER docacl_mirror_user_delete ON au_user;
SELECT object, finding FROM acl_check() WHERE object LIKE 'trigger %';
SELECT acl_auto_grant('au_ids', 'who', 'project', 'see', 'project') AS one, acl_mirror('au_user', 'user', 'login', 'full_name') AS three;
SELECT count(*) AS n0 FROM acl_check() WHERE object LIKE 'trigger %';
-- keys are the same where they are the same to the byte, whatever the column's collation; only a server with ICU has one
-- that says otherwise, so nothing is printed
DO $$ BEGIN
  PERFORM acl_create_user('Other cat', 'other.cat@rules.example', 'Users', key => 'CAT');
  CREATE COLLATION au_blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
  CREATE TABLE au_folded (who text COLLATE au_blind, project int);
  INSERT INTO au_folded VALUES ('cat', 4), ('cat', 4);
  PERFORM acl_auto_grant('au_folded', 'who', 'project', 'see', 'project');
  ASSERT acl_can_on('Cat', 'project', 'S', 'see') AND NOT acl_can_on('Other cat', 'project', 'S', 'see');
  UPDATE au_folded SET who = 'CAT';
  ASSERT NOT acl_can_on('Cat', 'project', 'S', 'see') AND acl_can_on('Other cat', 'project', 'S', 'see');
  DROP TABLE au_folded;
EXCEPTION WHEN feature_not_supported THEN
END $$;

--
-- who may: superusers and system make rules, admins switch them, and nobody reaches what the triggers call
--
DO $$ BEGIN PERFORM person('boss', 'Administrators'); PERFORM person('reader', 'Users'); PERFORM acl_alter_user('reader', read_only => true); END $$;
SELECT complaint('boss', 'SELECT acl_auto_grant(''au_ids'', ''who'', ''project'', ''see'', ''project'')');
SELECT complaint('boss', 'SELECT acl_drop_auto_grant(''au_ids'', ''who'')');
SELECT complaint('Bob', 'SELECT acl_profile_option(''acl-pae-x'', true)');
SELECT complaint('reader', 'SELECT acl_profile_option(''acl-pae-x'', true)');
SELECT attempt('boss', 'SELECT acl_profile_option(''acl-pae-developer-see'', true)') AS "1";
SELECT attempt('system', 'SELECT acl_auto_grant(''au_ids'', ''who'', ''project'', ''see'', ''project'', ''acl-pae-y'')') AS "1";
SELECT attempt('boss', 'TABLE docacl.auto_grant') AS "42501", attempt('boss', 'TABLE docacl.auto_pair') AS "42501", attempt('boss', 'TABLE docacl.profile_option') AS "42501",
       attempt('boss', 'SELECT docacl.auto_forget(1, 1)') AS "42501", attempt('boss', 'SELECT docacl.auto_switch(1, ''x'', true, 1)') AS "42501",
       attempt('boss', 'SELECT docacl.follow_rule()') AS "42501";
-- whoever may write the table grants what the rule says
GRANT SELECT, INSERT, UPDATE ON au_ids TO PUBLIC;
SELECT attempt('Bob', 'UPDATE au_ids SET project = 1') AS "1", attempt('Bob', 'DELETE FROM au_ids') AS "42501";
-- the table's owner, who has no rights on docacl's tables: renames, brings a type with a cast that would run as docacl's owner, drops
CREATE ROLE au_owner;
GRANT CREATE ON SCHEMA public TO au_owner;
CREATE TABLE au_owned (who text, project int);
SELECT acl_auto_grant('au_owned', 'who', 'project', 'see', 'project') AS none;
ALTER TABLE au_owned OWNER TO au_owner;
SET ROLE au_owner;
ALTER TABLE au_owned RENAME who TO person;
INSERT INTO au_owned VALUES ('bob', 4);
CREATE TYPE au_type AS (t text);
CREATE FUNCTION au_cast(au_type) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'run as %', current_user; END $$;
CREATE CAST (au_type AS text) WITH FUNCTION au_cast(au_type);
ALTER TABLE au_owned ALTER person TYPE au_type USING ROW(person)::au_type;
INSERT INTO au_owned VALUES (ROW('cat')::au_type, 4);
DELETE FROM au_owned;
RESET ROLE;
-- a type that names nothing grants nothing
SELECT acl_can_on('Bob', 'project', 'S', 'see') AS f;
SET ROLE au_owner;
DROP TABLE au_owned;
RESET ROLE;
SELECT acl_can_on('Bob', 'project', 'S', 'see') AS f;
REVOKE CREATE ON SCHEMA public FROM au_owner;
-- an account takes its options along; a project its grants
SELECT count(*) AS "elsewhere: 1" FROM docacl.profile_option WHERE code LIKE 'acl%' AND account_id = (SELECT id FROM docacl.resource WHERE kind = 'account' AND name = 'rules elsewhere');
DROP TABLE au_elsewhere;
SET docacl.account = 'rules elsewhere';
SELECT acl_drop('project', 'Otto''s');
SELECT acl_drop_user('otto');
RESET docacl.account;
SELECT acl_drop('account', 'rules elsewhere');
SELECT count(*) AS none FROM docacl.profile_option AS o WHERE NOT EXISTS (SELECT FROM docacl.resource AS r WHERE r.id = o.account_id);

--
-- in bulk: one statement each
--
SET docacl.account = 'rules';
CREATE TABLE au_bulk (project int, who int);
CREATE TABLE au_people (id int PRIMARY KEY, name text);
CREATE TABLE au_plans (id int PRIMARY KEY, name text);
SELECT acl_mirror('au_people', 'user', 'id', 'name') AS none, acl_mirror('au_plans', 'project', 'id', 'name') AS none;
INSERT INTO au_people SELECT 10000 + n, 'person ' || n FROM generate_series(1, 500) AS n;
INSERT INTO au_plans SELECT 10000 + n, 'plan ' || n FROM generate_series(1, 2000) AS n;
ANALYZE docacl.grants, docacl.auto_pair, docacl.principal, docacl.resource;
SELECT acl_auto_grant('au_bulk', 'who', 'project', 'change', 'project', 'acl-pae-bulk') AS none;
SELECT acl_profile_option('acl-pae-bulk', true);
SELECT clock_timestamp() AS began \gset
INSERT INTO au_bulk SELECT 10001 + n % 2000, 10001 + n % 499 FROM generate_series(0, 9999) AS n;
SELECT clock_timestamp() - :'began'::timestamptz < '6 s' AS "in time";
SELECT count(*) FROM docacl.grants WHERE source = 'auto' AND revoked_at IS NULL AND note LIKE '%au_bulk%';
UPDATE au_bulk SET who = who + 1;
SELECT count(*) FILTER (WHERE revoked_at IS NULL), count(*) FROM docacl.grants WHERE source = 'auto' AND note LIKE '%au_bulk%';
SELECT acl_profile_option('acl-pae-bulk', false);
SELECT acl_profile_option('acl-pae-bulk', true);
SELECT count(*) FILTER (WHERE revoked_at IS NULL) FROM docacl.grants WHERE source = 'auto' AND note LIKE '%au_bulk%';
DELETE FROM au_bulk;
SELECT count(*) FILTER (WHERE revoked_at IS NULL) FROM docacl.grants WHERE source = 'auto' AND note LIKE '%au_bulk%';
SELECT clock_timestamp() - :'began'::timestamptz < '60 s' AS "in time";

--
-- what changes rows without a trigger: a column's type
--
CREATE TABLE au_moving (project int, login text, note int);
INSERT INTO au_moving VALUES (1, 'ann'), (1, 'ann'), (2, 'bob');
SELECT acl_auto_grant('au_moving', 'login', 'project', 'see', 'project') AS two;
CREATE FUNCTION moving() RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(principal || ' ' || path, ', ' ORDER BY principal, path) FROM docacl.grant_list WHERE note = 'rule on public.au_moving.login' AND revoked_at IS NULL $$;
SELECT moving();
BEGIN;
ALTER TABLE au_moving ALTER login TYPE varchar(10) USING CASE login WHEN 'ann' THEN 'cat' ELSE login END;
SELECT moving();
DELETE FROM au_moving WHERE login = 'cat';
SELECT moving();
ROLLBACK;
-- no matter what else the command does, nor how the column names what it names; other columns are no matter
BEGIN;
ALTER TABLE au_moving ADD more int, ALTER project TYPE text USING '2', ALTER note TYPE text;
SELECT moving();
DELETE FROM au_moving;
SELECT moving();
ROLLBACK;
-- a type that names nothing grants nothing
BEGIN;
ALTER TABLE au_moving ALTER project TYPE numeric;
SELECT moving();
INSERT INTO au_moving VALUES (1, 'bob');
ROLLBACK;
-- a column that was dropped takes its grants along; another of its name says what it says
BEGIN;
ALTER TABLE au_moving DROP login;
SELECT moving();
ALTER TABLE au_moving ADD login text DEFAULT 'cat';
SELECT moving();
DELETE FROM au_moving WHERE project = 1;
SELECT moving();
ALTER TABLE au_moving DROP login, ADD login text;
SELECT moving();
ROLLBACK;
BEGIN;
ALTER TABLE au_moving ADD other text GENERATED ALWAYS AS (lower(login)) STORED;
SELECT acl_auto_grant('au_moving', 'other', 'project', 'see', 'project') AS two;
ALTER TABLE au_moving DROP other, ADD other text GENERATED ALWAYS AS ('cat') STORED;
SELECT string_agg(principal || ' ' || path, ', ' ORDER BY principal, path) FROM docacl.grant_list WHERE note = 'rule on public.au_moving.other' AND revoked_at IS NULL;
ROLLBACK;
-- to nobody, and nothing changed
ALTER TABLE au_moving ALTER login TYPE text USING 'nobody';
BEGIN ISOLATION LEVEL REPEATABLE READ;
ALTER TABLE au_moving ALTER login TYPE text USING 'cat';
ROLLBACK;
SELECT moving();
DELETE FROM au_moving;
SELECT moving();
DROP TABLE au_moving;
DROP FUNCTION moving;
