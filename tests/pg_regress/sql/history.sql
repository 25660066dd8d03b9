--
-- History: what was granted and revoked, by whom and when; what a revocation leaves, and what it says about it.
--
\set VERBOSITY terse
DO $$ BEGIN PERFORM acl_create_account('history'); END $$;
SET docacl.account = 'history';
DO $$ BEGIN
  PERFORM acl_create('location', 'L');
  PERFORM acl_create('location', 'Sub', 'L', inherits => true);
  PERFORM acl_create('project', 'P');
  PERFORM acl_create_role('Staff');
  PERFORM acl_create_role('Outer');
  PERFORM acl_assign('Staff', 'Outer');
  PERFORM person('ann', 'Users');
  PERFORM person('bob', 'Users');
  PERFORM person('boss', 'Administrators');
END $$;
SELECT id AS sub FROM docacl.resource WHERE name = 'Sub' \gset
CREATE TABLE hi_doc (id int PRIMARY KEY, place bigint, list bigint);
GRANT SELECT ON hi_doc TO PUBLIC;
DO $$ BEGIN
  PERFORM acl_protect('hi_doc', '{"place": {"column": "place", "by": "id"}}', '{"key": "id", "own_acl": "list", "default": true}');
END $$;
INSERT INTO hi_doc VALUES (1, :sub), (2, :sub);
CREATE ROLE regress_hi_boss LOGIN;
DO $$ BEGIN PERFORM acl_map('regress_hi_boss', 'boss'); END $$;
-- the rows about a principal, in the order of their making
CREATE FUNCTION grants_of(who text) RETURNS TABLE (on_what text, actions bigint, period text, source text, note text, "by" text, revoked text) LANGUAGE sql AS
$$ SELECT r.kind || ' ' || r.name, g.actions,
          CASE WHEN g.valid_from IS NULL AND g.valid_until IS NULL THEN 'always'
               ELSE coalesce(extract(day FROM g.valid_from - g.granted_at)::text, '') || '..' || coalesce(extract(day FROM g.valid_until - g.granted_at)::text, '') END,
          g.source, g.note, b.name || CASE WHEN g.granted_at <= now() THEN '' ELSE ' LATER' END,
          c.name || CASE WHEN g.revoked_at BETWEEN g.granted_at AND now() THEN '' ELSE ' WHEN?' END
     FROM docacl.grants g JOIN docacl.principal p ON p.id = g.principal_id JOIN docacl.resource r ON r.id = g.resource_id
     LEFT JOIN docacl.principal b ON b.id = g.granted_by LEFT JOIN docacl.principal c ON c.id = g.revoked_by
    WHERE p.name = who AND (g.revoked_at IS NULL) = (g.revoked_by IS NULL) ORDER BY g.id $$;
CREATE FUNCTION memberships_of(who text) RETURNS TABLE (role text, period text, source text, "by" text, revoked text) LANGUAGE sql AS
$$ SELECT r.name,
          CASE WHEN m.valid_from IS NULL AND m.valid_until IS NULL THEN 'always'
               ELSE coalesce(extract(day FROM m.valid_from - m.granted_at)::text, '') || '..' || coalesce(extract(day FROM m.valid_until - m.granted_at)::text, '') END,
          m.source, b.name || CASE WHEN m.granted_at <= now() THEN '' ELSE ' LATER' END,
          c.name || CASE WHEN m.revoked_at BETWEEN m.granted_at AND now() THEN '' ELSE ' WHEN?' END
     FROM docacl.membership m JOIN docacl.principal p ON p.id = m.member_id JOIN docacl.principal r ON r.id = m.role_id
     LEFT JOIN docacl.principal b ON b.id = m.granted_by LEFT JOIN docacl.principal c ON c.id = m.revoked_by
    WHERE p.name = who AND (m.revoked_at IS NULL) = (m.revoked_by IS NULL) ORDER BY m.id $$;

--
-- who did it: a superuser counts as system, an administrator as himself
--
SELECT acl_grant('ann', 'read, print', 'location', 'L', note => 'by the superuser') AS t;
SET ROLE regress_hi_boss;
SELECT acl_grant('ann', 'read, write', 'location', 'L', note => 'by boss') AS t;             -- write alone is new
SELECT acl_grant('ann', 'read, write, print', 'location', 'L', note => 'not told') AS f;
SELECT acl_revoke('ann', 'read', 'location', 'L') AS t;                                      -- print goes on as it was
SELECT acl_revoke('ann', 'read', 'location', 'L') AS f;
RESET ROLE;
SELECT acl_revoke('ann', 'write', 'location', 'L') AS t;
SET ROLE regress_system;
SELECT acl_revoke('ann', 'print', 'location', 'L') AS t;
RESET ROLE;
SELECT * FROM grants_of('ann');
SELECT count(*) AS n0 FROM docacl.grants WHERE granted_by IS NULL OR granted_at IS NULL;
-- what was revoked is granted anew in another row
SELECT acl_grant('ann', 'read', 'location', 'L') AS t;
SELECT acl_can_on('ann', 'location', 'L', 'read') AS t;
SELECT acl_set_grant('ann', '', 'location', 'L');
SELECT * FROM grants_of('ann') OFFSET 3;
-- who makes a project gets his grant from himself
DO $$ BEGIN PERFORM acl_grant('ann', 'write', 'function', 'Projects'); PERFORM become('ann'); PERFORM acl_create('project', 'by ann'); PERFORM set_config('role', 'none', true); END $$;
DISCARD ALL;
SET docacl.account = 'history';
SELECT on_what, actions > 0 AS t, source, "by" FROM grants_of('ann') WHERE source = 'creator';

--
-- periods: another period is another row; what is held for all of it is granted already; a revocation ends all
--
SELECT acl_grant('bob', 'read', 'location', 'L', valid_from => now() + interval '2 days', valid_until => now() + interval '4 days') AS t;
SELECT acl_grant('bob', 'read', 'location', 'L', valid_from => now() + interval '1 days', valid_until => now() + interval '3 days') AS t;
SELECT acl_grant('bob', 'read', 'location', 'L', valid_from => now() + interval '50 hours', valid_until => now() + interval '70 hours') AS f;
SELECT acl_can_on('bob', 'location', 'L', 'read') AS f;
SELECT acl_grant('bob', 'read', 'location', 'L', valid_until => now() + interval '1 days') AS t;
SELECT acl_can_on('bob', 'location', 'L', 'read') AS t;
SELECT acl_grant('bob', 'read', 'location', 'L', valid_until => now() - interval '1 days') AS f;       -- over: it changes nothing
SELECT acl_grant('bob', 'read, print', 'location', 'L') AS t;
SELECT acl_grant('bob', 'print', 'location', 'L', valid_from => now() + interval '1 days') AS f;
SELECT complaint(NULL, $$ SELECT acl_grant('bob', 'read', 'location', 'L', valid_from => now(), valid_until => now()) $$);
-- infinities in their own direction are no limits
SELECT acl_grant('bob', 'print', 'location', 'L', valid_from => '-infinity', valid_until => 'infinity') AS f;
SELECT acl_revoke('bob', 'read', 'location', 'L') AS t;
SELECT acl_can_on('bob', 'location', 'L', 'read') AS f, acl_can_on('bob', 'location', 'L', 'print') AS t;
SELECT * FROM grants_of('bob');
-- one that is over stays as it was: it was not revoked
UPDATE docacl.grants SET valid_until = now() - interval '1 hour' WHERE revoked_at IS NULL AND principal_id = (SELECT id FROM docacl.principal WHERE name = 'bob');
SELECT acl_can_on('bob', 'location', 'L', 'print') AS f;
SELECT acl_revoke('bob', 'print', 'location', 'L') AS f;
SELECT revoked IS NULL AS t FROM grants_of('bob') OFFSET 4;

--
-- exactly these by hand: what is not among them ends, what is stays in its row, what is missing is added
--
SELECT acl_grant('bob', 'read, print, email', 'location', 'Sub', note => 'three') AS t;
SELECT acl_grant('bob', 'write', 'location', 'Sub', valid_until => now() + interval '1 day') AS t;
SET ROLE regress_hi_boss;
SELECT acl_set_grant('bob', 'read, write, move', 'location', 'Sub');
RESET ROLE;
SELECT * FROM grants_of('bob') WHERE on_what = 'location Sub';
SELECT acl_actions_on('bob', 'location', 'Sub') AS "{read,write,move}";
SELECT acl_set_grant('bob', 'read, write, move', 'location', 'Sub');                       -- as it is: nothing changes
SELECT count(*) AS n4 FROM grants_of('bob') WHERE on_what = 'location Sub';
SELECT acl_set_grant('bob', '', 'location', 'Sub');
SELECT count(*) AS n0 FROM grants_of('bob') WHERE on_what = 'location Sub' AND revoked IS NULL;
SELECT acl_set_grant('bob', 'read', 'document', '1');
SELECT acl_set_grant('bob', 'print', 'document', '1');
SELECT acl_set_grant('bob', '', 'document', '1');
SELECT acl_set_grant('bob', '', 'document', '2');                                          -- no list for nothing
SELECT id, list IS NOT NULL AS has_list FROM hi_doc ORDER BY id;
SELECT regexp_replace(on_what, '[0-9]+', '1') AS on_what, actions, revoked FROM grants_of('bob') WHERE on_what LIKE 'document%';
-- what a rule gave is not by hand: it stays, and revoking it says so
INSERT INTO docacl.grants (account_id, principal_id, resource_id, actions, source, granted_by)
SELECT p.account_id, p.id, r.id, 1, 'auto', 1 FROM docacl.principal p, docacl.resource r WHERE p.name = 'bob' AND r.name = 'P';
SELECT complaint(NULL, $$ SELECT acl_revoke('bob', 'read', 'project', 'P') $$);
SELECT acl_grant('bob', 'read, print', 'project', 'P') AS t;
SELECT acl_revoke('bob', 'read, print', 'project', 'P') AS t;
SELECT acl_set_grant('bob', '', 'project', 'P');
SELECT acl_actions_on('bob', 'project', 'P') AS "{read}";

--
-- what is held there through others, word by word
--
DO $$ BEGIN
  PERFORM acl_assign('Outer', 'bob');
  PERFORM acl_grant('Staff', 'read', 'location', 'Sub');
  PERFORM acl_grant('bob', 'read', 'location', 'Sub');
END $$;
SELECT acl_revoke('bob', 'read', 'location', 'Sub') AS t;                                   -- a role of his role
DO $$ BEGIN PERFORM acl_revoke('Staff', 'read', 'location', 'Sub'); PERFORM acl_grant('bob', 'read', 'location', 'Sub'); END $$;
SELECT acl_revoke('bob', 'read', 'location', 'Sub') AS t;                                   -- nothing: nothing is said
DO $$ BEGIN PERFORM acl_grant('bob', 'read', 'location', 'L'); PERFORM acl_grant('bob', 'read, print', 'location', 'Sub'); END $$;
SELECT acl_revoke('bob', 'read, print', 'location', 'Sub') AS t;                            -- the parent, and read alone
DO $$ BEGIN PERFORM acl_revoke('bob', 'read', 'location', 'L'); PERFORM acl_grant('bob', 'read', 'location', '*'); END $$;
SELECT acl_revoke('bob', 'read', 'location', 'Sub') AS f;                                   -- the *
DO $$ BEGIN PERFORM acl_revoke('bob', 'read', 'location', '*'); PERFORM acl_grant('everyone', 'read', 'location', 'L'); END $$;
SELECT acl_revoke('bob', 'read', 'location', 'Sub') AS f;                                   -- everyone
SELECT acl_revoke('bob', 'read', 'document', '1') AS f;                                     -- the list, and what it inherits
SELECT acl_revoke('bob', 'read', 'document', '2') AS f;                                     -- a row without a list
DO $$ BEGIN PERFORM acl_set_inherits('location', 'Sub', false); END $$;
SELECT acl_revoke('bob', 'read', 'location', 'Sub') AS f;                                   -- nothing any more
DO $$ BEGIN PERFORM acl_set_inherits('location', 'Sub', true); PERFORM acl_revoke('everyone', 'read', 'location', 'L'); END $$;
-- what is to come is ended with it, what is over and what is disabled is not held
DO $$ BEGIN
  PERFORM acl_grant('bob', 'read', 'location', 'Sub', valid_from => now() + interval '1 day');
  PERFORM acl_grant('Staff', 'read', 'location', 'Sub', valid_from => now() + interval '1 day');
END $$;
SELECT acl_revoke('bob', 'read', 'location', 'Sub') AS t;
SELECT count(*) AS n0 FROM grants_of('bob') WHERE revoked IS NULL AND on_what LIKE 'location%' AND period LIKE '1%';
DO $$ BEGIN PERFORM acl_grant('Staff', 'read', 'location', 'Sub'); PERFORM acl_alter_role('Outer', enabled => false); END $$;
SELECT acl_revoke('bob', 'read', 'location', 'Sub') AS f;
DO $$ BEGIN PERFORM acl_alter_role('Outer', enabled => true); END $$;
SELECT acl_revoke('boss', 'read', 'location', 'Sub') AS f;                                  -- an administrator holds it all
-- who keeps one place is not told the names of roles and of what he does not see
DO $$ BEGIN
  PERFORM person('keeper', 'Users');
  PERFORM acl_grant('keeper', 'security', 'location', 'Sub');
  PERFORM acl_grant('bob', 'read', 'location', 'L');
END $$;
CREATE ROLE regress_hi_keeper LOGIN;
DO $$ BEGIN PERFORM acl_map('regress_hi_keeper', 'keeper'); END $$;
SET ROLE regress_hi_keeper;
SELECT acl_revoke('bob', 'read', 'location', 'Sub') AS f;
RESET ROLE;

--
-- memberships
--
SELECT * FROM memberships_of('bob');
SET ROLE regress_hi_boss;
SELECT acl_assign('Staff', 'bob'), acl_assign('Staff', 'bob');                              -- twice is once
RESET ROLE;
SELECT acl_assign('Staff', 'bob', valid_until => now() + interval '1 day');                 -- shorter than what there is
SELECT * FROM memberships_of('bob') OFFSET 2;
SELECT acl_unassign('Staff', 'bob'), acl_unassign('Staff', 'bob');
SELECT acl_assign('Staff', 'bob', valid_from => now() + interval '1 day', valid_until => now() + interval '3 days');
SELECT acl_assign('Staff', 'bob', valid_until => now() + interval '2 days');                -- another period
SELECT acl_assign('Staff', 'bob', valid_from => now() + interval '30 hours', valid_until => now() + interval '40 hours');
SET ROLE regress_hi_boss;
SELECT acl_unassign('Staff', 'bob');                                                        -- now and later
RESET ROLE;
SELECT * FROM memberships_of('bob') OFFSET 2;
-- one that is over stays as it was, and stands in nobody's way
SELECT acl_assign('Staff', 'ann', valid_until => now() + interval '1 day');
UPDATE docacl.membership SET valid_until = now() - interval '1 hour' WHERE revoked_at IS NULL AND valid_until IS NOT NULL;
SELECT acl_unassign('Staff', 'ann');
SELECT role, revoked IS NULL AS t FROM memberships_of('ann') OFFSET 1;
SELECT acl_assign('Staff', 'ann');
SELECT role, period, revoked IS NULL AS t FROM memberships_of('ann') OFFSET 2;
SELECT acl_unassign('Staff', 'ann');
-- one that a rule made is not ended by hand
INSERT INTO docacl.membership (account_id, role_id, member_id, source, granted_by)
SELECT p.account_id, r.id, p.id, 'mirror', 1 FROM docacl.principal p, docacl.principal r WHERE p.name = 'ann' AND r.name = 'Staff';
SELECT complaint(NULL, $$ SELECT acl_unassign('Staff', 'ann') $$);
-- a period that ends and one that begins: "now" is the transaction's start
BEGIN;
SELECT acl_assign('Staff', 'keeper', valid_until => now() + interval '1 millisecond');
SELECT pg_sleep(0.01);
SELECT acl_can_on('keeper', 'location', 'Sub', 'read') AS t;
COMMIT;
SELECT acl_can_on('keeper', 'location', 'Sub', 'read') AS f;
BEGIN;
SELECT acl_assign('Staff', 'keeper', valid_from => now() + interval '1 millisecond');
SELECT pg_sleep(0.01);
SELECT acl_can_on('keeper', 'location', 'Sub', 'read') AS f;
COMMIT;
SELECT acl_can_on('keeper', 'location', 'Sub', 'read') AS t;
-- every row says who made it
SELECT count(*) AS n0 FROM docacl.membership WHERE granted_by IS NULL OR granted_at IS NULL OR (revoked_by IS NULL) <> (revoked_at IS NULL);
SELECT count(*) AS n0 FROM docacl.grants WHERE granted_by IS NULL OR granted_at IS NULL OR (revoked_by IS NULL) <> (revoked_at IS NULL);
