--
-- references: what refers to what in docacl's own tables is kept without foreign keys (a restore brings the tables in
-- any order), and only a restore is spared.
--
\set SHOW_CONTEXT never

-- no foreign key is left that could stop a restore: 0 rows
SELECT conrelid::regclass, conname FROM pg_constraint WHERE contype = 'f' AND connamespace = 'docacl'::regnamespace ORDER BY 1, 2;

-- docacl's own functions are checked whatever search_path the session has; these rows only a superuser can write
SELECT acl_create_role('Readers') > 0 AS role, acl_create_user('ann', 'ann@example.org', 'Readers') > 0 AS "user", acl_create('location', 'HR') > 0 AS location;
INSERT INTO docacl.grants (account_id, principal_id, resource_id, actions) VALUES (1, 999, 1, 1); -- fail
INSERT INTO docacl.grants (account_id, principal_id, resource_id, actions) VALUES (1, 1, 999, 1); -- fail
INSERT INTO docacl.membership (account_id, role_id, member_id) VALUES (1, 999, 1); -- fail
INSERT INTO docacl.membership (account_id, role_id, member_id) VALUES (1, 2, 999); -- fail
INSERT INTO docacl.principal (account_id, kind, name) VALUES (999, 'user', 'x'); -- fail
INSERT INTO docacl.resource (account_id, kind, inherits, name) VALUES (1, 'no such kind', true, 'x'); -- fail
INSERT INTO docacl.resource (account_id, kind, inherits, name, parent_id) VALUES (1, 'location', true, 'x', 999); -- fail
UPDATE docacl.resource SET parent_id = 999 WHERE name = 'HR'; -- fail
INSERT INTO docacl.db_role VALUES (0, 'postgres', 999); -- fail
DELETE FROM docacl.kind WHERE name = 'location'; -- fail
DELETE FROM docacl.resource WHERE id = 1; -- fail
SELECT acl_create('location', 'Board room', parent => 'HR') > 0 AS child;
DELETE FROM docacl.resource WHERE name = 'HR'; -- fail

-- what belongs to a principal or a resource goes with it, in a session without search_path too
SELECT acl_create_role('Temps') > 0 AS role, acl_assign('Temps', 'ann'), acl_grant('Temps', 'view', 'location', 'HR') AS granted,
       acl_grant('Readers', 'view', 'location', 'Board room') AS granted;
SET search_path = '';
SELECT public.acl_drop_role('Temps'), public.acl_drop('location', 'Board room');
RESET search_path;
SELECT count(*) AS grants FROM docacl.grants;
SELECT count(*) AS memberships FROM docacl.membership;
