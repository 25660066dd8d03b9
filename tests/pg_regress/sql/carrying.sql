--
-- Grants carried over: from one resource to another, from one person to another, and all the way down a tree
-- (LogicalDOC's "Apply to Sub-folders" and copies of folders, D.3 2 and 5; somebody who leaves, D33).
--
\set VERBOSITY terse
DO $$ BEGIN PERFORM acl_create_account('elsewhere'), acl_create_account('carrying'); END $$;
SET docacl.account = 'elsewhere';
DO $$ BEGIN PERFORM person('olga', 'Users'), acl_create('location', 'Foreign'); END $$;
SET docacl.account = 'carrying';
DO $$ BEGIN
  PERFORM acl_create('location', n) FROM unnest(ARRAY['Top', 'Model', 'Copy', 'Beside']) AS n;
  PERFORM acl_create('location', 'Open', 'Top', inherits => true), acl_create('location', 'Closed', 'Top'), acl_create('location', 'Deep', 'Closed', inherits => true),
          acl_create('location', 'Deeper', 'Deep');
  PERFORM acl_create_role('Staff'), acl_create_role('Chiefs'), acl_create_role('Ruled');
  PERFORM person('boss', 'Administrators'), person('sue', 'Users'), person('half', 'Users'), person('ann', 'Staff'), person('bob', 'Users'), person('cid', 'Users');
  PERFORM acl_grant('sue', 'view, security', 'location', l) FROM unnest(ARRAY['Top', 'Closed', 'Deeper', 'Model', 'Copy']) AS l;
  PERFORM acl_grant('half', 'view, security', 'location', l) FROM unnest(ARRAY['Top', 'Model']) AS l;
END $$;
CREATE TABLE ca_doc (id bigint PRIMARY KEY, place bigint, list bigint, created_by bigint, requested_by bigint, title text);
CREATE TABLE ca_keyed (id uuid, year int, place bigint, created_by text, PRIMARY KEY (id, year)) PARTITION BY LIST (year);
CREATE TABLE ca_keyed_1 PARTITION OF ca_keyed FOR VALUES IN (1);
CREATE TABLE ca_keyed_2 PARTITION OF ca_keyed DEFAULT;
GRANT ALL ON ca_doc, ca_keyed TO PUBLIC;
DO $$ BEGIN
  PERFORM acl_protect('ca_doc', '{"location": {"column": "place", "by": "id"}}', '{"key": "id", "own_acl": "list", "owner": {"column": "created_by", "by": "id"}, "requester": {"column": "requested_by", "by": "id"}, "default": true}');
  PERFORM acl_protect('ca_keyed', '{"location": {"column": "place", "by": "id"}}', '{"key": ["id", "year"], "owner": {"column": "created_by", "by": "key"}}');
END $$;
-- an application's trigger, which must not think that a document was edited
CREATE FUNCTION ca_edited() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.title := 'edited'; RETURN NEW; END $$;
CREATE TRIGGER edited BEFORE UPDATE ON ca_doc FOR EACH ROW EXECUTE FUNCTION ca_edited();
INSERT INTO ca_doc SELECT n, r.id FROM (VALUES (1, 'Top'), (2, 'Open'), (3, 'Closed'), (4, 'Deep'), (5, 'Deeper'), (6, 'Model'), (7, 'Copy'), (8, 'Beside')) AS v(n, l), docacl.resource r WHERE r.name = v.l;
CREATE VIEW ca_grants AS
  SELECT p.name AS who, docacl.action_words(g.actions) AS what, r.name AS "on", g.valid_until::date AS until, g.source, g.note
    FROM docacl.grants g JOIN docacl.principal p ON p.id = g.principal_id JOIN docacl.resource r ON r.id = g.resource_id WHERE g.revoked_at IS NULL AND p.name IN ('ann', 'bob', 'cid', 'Staff');

--
-- from one resource to another
--
DO $$ BEGIN
  PERFORM acl_grant('ann', 'view', 'location', 'Model', note => 'for good'), acl_grant('Staff', 'view, edit', 'location', 'Model', valid_until => '2999-01-01'), acl_grant('bob', 'change', 'location', 'Model'),
          acl_revoke('bob', 'change', 'location', 'Model'), acl_grant('cid', 'view', 'location', 'Copy'), acl_grant('cid', 'view', 'location', '*');
END $$;
SELECT attempt('half', $$ SELECT acl_copy_resource_grants('location', 'Model', 'Copy') $$) AS "42704", attempt('half', $$ SELECT acl_copy_resource_grants('location', 'Copy', 'Model') $$) AS "42704",
       attempt('bob', $$ SELECT acl_copy_resource_grants('location', 'Model', 'Copy') $$) AS "42704", attempt('cid', $$ SELECT acl_copy_resource_grants('location', 'Model', 'Copy') $$) AS "42501",
       attempt('sue', $$ SELECT acl_copy_resource_grants('location', 'Model', 'Beside') $$) AS "42704", attempt('sue', $$ SELECT acl_copy_resource_grants('location', 'Foreign', 'Copy') $$) AS "42704",
       attempt('sue', $$ SELECT acl_copy_resource_grants('nonsense', 'Model', 'Copy') $$) AS "42704", attempt('sue', $$ SELECT acl_copy_resource_grants('location', NULL::text, 'Copy') $$) AS "22023";
SELECT complaint(NULL, format('SELECT acl_copy_resource_grants(''location'', ''Model'', %s)', id)) FROM docacl.resource WHERE name = 'Foreign';
BEGIN;
SELECT become('sue');
SELECT acl_copy_resource_grants('location', 'Model', 'Copy');
SELECT acl_copy_resource_grants('location', 'Model', 'Copy');
RESET ROLE;
-- what holds, and no more: not what was revoked, nor what reaches it from elsewhere; what was there stays
SELECT * FROM ca_grants WHERE "on" = 'Copy' ORDER BY who, what;
ROLLBACK;
BEGIN;
SELECT acl_copy_resource_grants('location', m.id, c.id), acl_copy_resource_grants('location', 'Model', c.id), acl_copy_resource_grants('location', m.id, 'Copy') FROM docacl.resource m, docacl.resource c WHERE m.name = 'Model' AND c.name = 'Copy';
SELECT count(*) AS n3 FROM ca_grants WHERE "on" = 'Copy';
ROLLBACK;
-- a row's own list, to another row; one that has none gives none
BEGIN;
DO $$ BEGIN PERFORM acl_grant_row('bob', 'view', 'ca_doc', '6'), acl_copy_resource_grants('document', 6, 7), acl_copy_resource_grants('document', '8', '6'); END $$;
SELECT sees('bob', 'ca_doc') AS "6,7";
SELECT list IS NULL AS t FROM ca_doc WHERE id = 8;
SELECT attempt('half', $$ SELECT acl_copy_resource_grants('document', '6', '1') $$) AS n1, attempt('half', $$ SELECT acl_copy_resource_grants('document', '6', '7') $$) AS "42704",
       attempt('cid', $$ SELECT acl_copy_resource_grants('document', '6', '7') $$) AS "42501", attempt('bob', $$ SELECT acl_copy_resource_grants('document', '6', '7') $$) AS "42501";
ROLLBACK;
-- nobody gives an action of administration by it that he does not hold
BEGIN;
DO $$ BEGIN
  PERFORM acl_create('environment', 'E1'), acl_create('environment', 'E2'), acl_grant('Staff', 'view, configure', 'environment', 'E1'), person('mia', 'Users'), acl_grant('mia', 'read, manage_roles', 'account', 'carrying');
END $$;
SELECT attempt('mia', $$ SELECT acl_copy_resource_grants('environment', 'E1', 'E2') $$) AS "42501", attempt('boss', $$ SELECT acl_copy_resource_grants('environment', 'E1', 'E2') $$) AS n1;
ROLLBACK;

--
-- all the way down
--
DO $$ BEGIN
  PERFORM acl_grant('Staff', 'view', 'location', 'Top'), acl_grant('bob', 'view', 'location', 'Closed'), acl_grant('bob', 'change', 'location', 'Open'), acl_grant('cid', 'view', 'location', 'Deeper', valid_until => now()),
          acl_grant_row('cid', 'view', 'ca_doc', '5');
  PERFORM acl_revoke('cid', 'view', 'location', '*');
END $$;
SELECT sees('ann', 'ca_doc') AS "1,2,6", sees('bob', 'ca_doc') AS "2,3,4", sees('cid', 'ca_doc') AS "5,7";
-- it takes security on all of it
SELECT complaint('half', $$ SELECT acl_apply_to_children('location', 'Top') $$);
SELECT attempt('ann', $$ SELECT acl_apply_to_children('location', 'Top') $$) AS "42501", attempt('cid', $$ SELECT acl_apply_to_children('location', 'Top') $$) AS "42704",
       attempt('sue', $$ SELECT acl_apply_to_children('location', 'Beside') $$) AS "42704", attempt('sue', $$ SELECT acl_apply_to_children('document', '1') $$) AS "22023",
       attempt('sue', $$ SELECT acl_apply_to_children('location', NULL::text) $$) AS "22023", attempt('sue', $$ SELECT acl_apply_to_children('location', 'Model') $$) AS n1;
BEGIN;
SELECT become('sue');
SELECT acl_apply_to_children('location', 'Top');
RESET ROLE;
-- everything below is as Top is; the share of row 5 stays, what lies beside too
SELECT sees('ann', 'ca_doc') AS "1,2,3,4,5,6", sees('bob', 'ca_doc') AS nothing, sees('cid', 'ca_doc') AS "5,7", sees('sue', 'ca_doc') AS "1,2,3,4,5,6,7";
SELECT name, inherits FROM docacl.resource WHERE name IN ('Top', 'Open', 'Closed', 'Deep', 'Deeper', 'Beside') ORDER BY name;
-- ended, not deleted
SELECT p.name, r.name, g.revoked_by = (SELECT id FROM docacl.principal WHERE name = 'sue') AS t FROM docacl.grants g JOIN docacl.principal p ON p.id = g.principal_id JOIN docacl.resource r ON r.id = g.resource_id
 WHERE g.revoked_at = now() ORDER BY 1, 2;
ROLLBACK;
-- in the middle of a tree; and twice
BEGIN;
DO $$ DECLARE i bigint; BEGIN SELECT id INTO i FROM docacl.resource WHERE name = 'Closed'; PERFORM acl_apply_to_children('location', i), acl_apply_to_children('location', i); END $$;
SELECT sees('bob', 'ca_doc') AS "2,3,4,5", sees('ann', 'ca_doc') AS "1,2,6";
ROLLBACK;
-- what follows a rule stays
BEGIN;
UPDATE docacl.grants g SET source = 'auto' FROM docacl.resource r WHERE r.id = g.resource_id AND r.name = 'Closed' AND g.principal_id = (SELECT id FROM docacl.principal WHERE name = 'bob');
DO $$ BEGIN PERFORM acl_apply_to_children('location', 'Top'); END $$;
SELECT sees('bob', 'ca_doc') AS "3,4,5";
ROLLBACK;
-- environments and companies: an action of administration that one does not hold is not let down
BEGIN;
DO $$ BEGIN
  PERFORM acl_create('environment', 'E'), acl_create('company', 'C', 'E', inherits => false), person('mia', 'Users'), acl_grant('mia', 'read, manage_roles', 'account', 'carrying');
  PERFORM acl_grant('Staff', 'manage_parties', 'environment', 'E');
END $$;
SELECT attempt('mia', $$ SELECT acl_apply_to_children('environment', 'E') $$) AS "42501", attempt('boss', $$ SELECT acl_apply_to_children('environment', 'E') $$) AS n1;
DO $$ BEGIN PERFORM acl_set_inherits('company', 'C', true); END $$;
SELECT attempt('mia', $$ SELECT acl_apply_to_children('environment', 'E') $$) AS n1;
ROLLBACK;

--
-- from one person to another
--
DO $$ BEGIN
  PERFORM person('leaves', 'Staff', 'Chiefs'), person('comes', 'Users'), person('gone', 'Users'), acl_create_user('no key', 'no.key@carrying.example', 'Users'), person('reads', 'Users');
  PERFORM acl_alter_user('gone', enabled => false), acl_alter_user('reads', read_only => true);
  PERFORM acl_assign('Chiefs', 'leaves', valid_from => '2999-01-01'), acl_assign('Staff', 'comes', valid_until => '2099-01-01');
  PERFORM acl_grant('leaves', 'view, edit', 'location', 'Beside', note => 'keeps it tidy'), acl_grant('leaves', 'view', 'location', 'Closed', valid_until => '2999-01-01'), acl_grant('comes', 'view', 'location', 'Beside'),
          acl_grant_row('leaves', 'view', 'ca_doc', '7'), acl_grant('leaves', 'view', 'location', 'Model'), acl_revoke('leaves', 'view', 'location', 'Model');
END $$;
INSERT INTO docacl.membership (account_id, role_id, member_id, source) SELECT r.account_id, r.id, m.id, 'mirror' FROM docacl.principal r, docacl.principal m WHERE r.name = 'Ruled' AND m.name = 'leaves';
INSERT INTO docacl.grants (account_id, principal_id, resource_id, actions, source) SELECT p.account_id, p.id, r.id, 1, 'auto' FROM docacl.principal p, docacl.resource r WHERE p.name = 'leaves' AND r.name = 'Deeper';
INSERT INTO ca_doc (id, created_by, title) SELECT 20, id, 'unfiled' FROM docacl.principal WHERE name = 'leaves';
INSERT INTO ca_doc (id, place, requested_by, title) SELECT 21, r.id, p.id, 'requested' FROM docacl.principal p, docacl.resource r WHERE p.name = 'leaves' AND r.name = 'Model';
INSERT INTO ca_keyed VALUES ('00000000-0000-0000-0000-000000000001', 1, NULL, 'carrying:leaves'), ('00000000-0000-0000-0000-000000000002', 2, NULL, 'carrying:leaves'), ('00000000-0000-0000-0000-000000000003', 2, NULL, 'carrying:ann');
SELECT attempt(w, $$ SELECT acl_reassign('leaves', 'comes') $$) AS came, w FROM unnest(ARRAY['boss', 'sue', 'leaves', 'comes', 'system']) AS w;
SELECT attempt('boss', $$ SELECT acl_reassign('leaves', 'olga') $$) AS "42704", attempt('boss', $$ SELECT acl_reassign('elsewhere:olga', 'comes') $$) AS "42704", attempt('boss', $$ SELECT acl_reassign('Staff', 'comes') $$) AS "42809",
       attempt('boss', $$ SELECT acl_reassign('leaves', 'Staff') $$) AS "42809", attempt('boss', $$ SELECT acl_reassign('leaves', 'gone') $$) AS "55000", attempt('boss', $$ SELECT acl_reassign('leaves', 'no key') $$) AS "55000",
       attempt('boss', $$ SELECT acl_reassign('system', 'comes') $$) AS "42501", attempt('boss', $$ SELECT acl_reassign('leaves', NULL) $$) AS "22023", attempt('boss', $$ SELECT acl_reassign('leaves', 'leaves') $$) AS n1;
-- who manages roles and users is no admin
BEGIN;
DO $$ BEGIN PERFORM person('mia', 'Users'), acl_grant('mia', 'manage_users, manage_roles', 'account', 'carrying'); END $$;
SELECT complaint('mia', $$ SELECT acl_reassign('leaves', 'mia') $$);
ROLLBACK;
-- the admin role goes along, but to no read-only user, and never from the last one to nobody
SELECT attempt('boss', $$ SELECT acl_reassign('boss', 'comes') $$) AS n1, attempt('boss', $$ SELECT acl_reassign('boss', 'reads') $$) AS "23514";
BEGIN;
DO $$ BEGIN PERFORM acl_reassign('boss', 'comes'); END $$;
SELECT attempt('boss', 'SELECT acl_create_role(''new'')') AS "42501", attempt('comes', 'SELECT acl_create_role(''new'')') AS n1;
ROLLBACK;
BEGIN;
SELECT sees('leaves', 'ca_doc') AS before, sees('comes', 'ca_doc') AS before, sees('leaves', 'ca_keyed', 'year') AS before, sees('comes', 'ca_keyed', 'year') AS before;
SELECT become('boss');
SELECT acl_reassign('leaves', 'comes');
RESET ROLE;
SELECT sees('leaves', 'ca_doc') AS after, sees('comes', 'ca_doc') AS after, sees('leaves', 'ca_keyed', 'year') AS after, sees('comes', 'ca_keyed', 'year') AS after;
SELECT p.name AS who, docacl.action_words(g.actions) AS what, r.name AS "on", g.valid_until::date AS until, g.source, g.note, g.revoked_at IS NOT NULL AS ended
  FROM docacl.grants g JOIN docacl.principal p ON p.id = g.principal_id JOIN docacl.resource r ON r.id = g.resource_id WHERE p.name IN ('leaves', 'comes') ORDER BY 1 DESC, 3, 2, 7;
SELECT role, member, valid_from::date, valid_until::date, source, revoked_at IS NOT NULL AS ended FROM docacl.member_list WHERE member IN ('leaves', 'comes') ORDER BY 2 DESC, 1, 6, 4;
-- the rows are not edited by it
SELECT id, title FROM ca_doc WHERE id >= 20 ORDER BY id;
-- now he can go; again it changes nothing
SELECT acl_reassign('leaves', 'comes');
SELECT acl_drop_user('leaves');
SELECT count(*) AS n0 FROM ca_keyed WHERE created_by = 'carrying:leaves';
ROLLBACK;
SELECT attempt('boss', $$ SELECT acl_drop_user('leaves') $$) AS "55006";
-- an application's foreign keys hold: who is not in its table of people owns nothing
BEGIN;
CREATE TABLE ca_people (key text PRIMARY KEY, id bigint UNIQUE);
INSERT INTO ca_people SELECT key, id FROM docacl.principal WHERE name IN ('leaves', 'ann', 'bob');
ALTER TABLE ca_keyed ADD FOREIGN KEY (created_by) REFERENCES ca_people;
SELECT complaint('boss', $$ SELECT acl_reassign('leaves', 'comes') $$);
SELECT attempt('boss', $$ SELECT acl_reassign('leaves', 'ann') $$) AS n1, attempt('boss', $$ SELECT acl_reassign('bob', 'comes') $$) AS "n1, who owns nothing";
-- and what refers to the column, or to it with others, is not docacl's to follow
ALTER TABLE ca_doc ADD UNIQUE (id, created_by);
CREATE TABLE ca_note (doc bigint, author bigint, FOREIGN KEY (doc, author) REFERENCES ca_doc (id, created_by) ON UPDATE CASCADE);
SELECT complaint('boss', $$ SELECT acl_reassign('leaves', 'ann') $$);
ROLLBACK;
