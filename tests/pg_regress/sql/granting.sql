--
-- Granting: what a grant, a revocation, a share and a switch of inheritance change for those who look;
-- who may grant; that grants only add.
--
\set VERBOSITY terse
DO $$ BEGIN PERFORM acl_create_account('granting'); END $$;
SET docacl.account = 'granting';
SELECT acl_create('location', 'Company') AS company \gset
SELECT acl_create('location', 'Board', 'Company') AS board \gset
SELECT acl_create('location', 'Team', 'Company', inherits => true) AS team \gset
SELECT acl_create('document type', 'Report') AS report \gset
DO $$ BEGIN
  PERFORM acl_create_role('Staff');
  PERFORM acl_create_role('Board members');
  PERFORM person('ann', 'Staff');
  PERFORM person('bob', 'Staff');
  PERFORM person('cid', 'Board members');
  PERFORM person('out', 'Users');
  PERFORM person('boss', 'Administrators');
END $$;
CREATE TABLE gr_document (id int PRIMARY KEY, place bigint, type bigint, list bigint, owner text, title text) WITH (autovacuum_enabled = off);
GRANT SELECT, INSERT, UPDATE, DELETE ON gr_document TO PUBLIC;
DO $$ BEGIN
  PERFORM acl_protect('gr_document',
    '{"place": {"column": "place", "by": "id"}, "type": {"column": "type", "by": "id"}}',
    '{"key": "id", "own_acl": "list", "owner": "owner", "default": true}');
END $$;
INSERT INTO gr_document (id, place, title) VALUES (1, :company, 'Company'), (2, :board, 'Board'), (3, :team, 'Team'), (4, :board, 'Board too');

-- nothing is granted: nothing is seen
SELECT who, sees(who, 'gr_document') FROM unnest(ARRAY['ann', 'bob', 'cid', 'out', 'boss']) AS who;

--
-- a grant says whether it changed anything; a second one of the same does not
--
SELECT acl_grant('Staff', 'view', 'location', 'Company') AS t;
SELECT acl_grant('Staff', 'view', 'location', 'Company') AS f;
SELECT acl_grant('Staff', 'read, print', 'location', 'Company') AS f;        -- held already
SELECT acl_grant('Staff', 'VIEW , Custom-ID', 'location', 'Company') AS t;   -- some of it is new: words are words of any case
SELECT sees('ann', 'gr_document') AS "1,3", sees('bob', 'gr_document') AS "1,3", sees('cid', 'gr_document') AS "nothing";
SELECT acl_grant('everyone', 'view', 'location', 'Board') AS t;
SELECT sees('ann', 'gr_document') AS "1,2,3,4", sees('cid', 'gr_document') AS "2,4", sees('out', 'gr_document') AS "2,4";

--
-- a revocation ends the actions named, and no others; a second one finds nothing
--
SELECT acl_revoke('everyone', 'print', 'location', 'Board') AS t;
SELECT acl_can('out', 2, 'view') AS t, acl_can('out', 2, 'print') AS f, acl_can('out', 2, 'download') AS t;
SELECT acl_revoke('everyone', 'print', 'location', 'Board') AS f;
SELECT acl_revoke('everyone', 'view', 'location', 'Board') AS t;
SELECT sees('out', 'gr_document') AS "nothing";
SELECT acl_revoke('everyone', 'view', 'location', 'Board') AS f;
SELECT acl_revoke('cid', 'full', 'location', 'Team') AS f;
-- the rows are closed, not deleted, and say who did it
SELECT p.name AS principal, g.source, g.valid_from IS NULL AND g.valid_until IS NULL AS always,
       g.revoked_at IS NOT NULL AS revoked, g.granted_by, g.revoked_by
  FROM docacl.grants g JOIN docacl.principal p ON p.id = g.principal_id
 WHERE g.resource_id = :board AND g.revoked_at IS NOT NULL ORDER BY g.id LIMIT 1;
-- what he holds there through others stays, and a NOTICE says so
SELECT acl_grant('ann', 'view, edit', 'location', 'Company') AS t;
\set VERBOSITY default
SELECT acl_revoke('ann', 'view', 'location', 'Company') AS t;
\set VERBOSITY terse
SELECT acl_can('ann', 1, 'view') AS t, acl_can('ann', 1, 'edit') AS t, acl_can('bob', 1, 'edit') AS f;
SELECT acl_revoke('ann', 'edit', 'location', 'Company') AS t;
SELECT acl_can('ann', 1, 'edit') AS f;

--
-- exactly these by hand
--
DO $$ BEGIN PERFORM acl_set_grant('cid', 'view, edit', 'location', 'Team'); END $$;
SELECT acl_actions('cid', 3);
DO $$ BEGIN PERFORM acl_set_grant('cid', 'read', 'location', 'Team'); END $$;
SELECT acl_actions('cid', 3) AS "{read}";
DO $$ BEGIN PERFORM acl_set_grant('cid', '', 'location', 'Team'); END $$;
SELECT acl_actions('cid', 3) AS "{}";

--
-- periods: a grant adds and never shortens
--
SELECT acl_grant('cid', 'view', 'location', 'Board', valid_from => now() + interval '1 hour') AS t;
SELECT acl_can('cid', 2, 'view') AS f;
SELECT acl_grant('cid', 'view', 'location', 'Board', valid_until => now() + interval '1 hour', note => 'for today') AS t;
SELECT acl_can('cid', 2, 'view') AS t;
SELECT count(*) AS n2 FROM docacl.grants g JOIN docacl.principal p ON p.id = g.principal_id WHERE p.name = 'cid' AND g.resource_id = :board AND g.revoked_at IS NULL;
SELECT acl_grant('cid', 'view', 'location', 'Team') AS t;
SELECT acl_grant('cid', 'view', 'location', 'Team', valid_until => now() + interval '1 hour') AS f;   -- shorter than what he holds
SELECT acl_revoke('cid', 'view', 'location', 'Board') AS t;                                           -- now and later
SELECT count(*) AS n0 FROM docacl.grants g JOIN docacl.principal p ON p.id = g.principal_id WHERE p.name = 'cid' AND g.resource_id = :board AND g.revoked_at IS NULL;
SELECT acl_revoke('cid', 'view', 'location', 'Team') AS t;
-- "now" is the transaction's start: a grant that ends within the transaction still counts in it, the next one is without it
BEGIN;
SELECT acl_grant('cid', 'view', 'location', 'Board', valid_until => now() + interval '1 millisecond') AS t;
SELECT pg_sleep(0.01);
SELECT acl_can('cid', 2, 'view') AS t;
COMMIT;
SELECT acl_can('cid', 2, 'view') AS f;
SELECT sees('cid', 'gr_document') AS "nothing";

--
-- copying what one holds
--
DO $$ BEGIN
  PERFORM acl_grant('ann', 'view, edit', 'location', 'Board');
  PERFORM acl_grant('ann', 'view', 'document type', 'Report');
  PERFORM acl_copy_grants('ann', 'out');
END $$;
SELECT acl_actions('out', 2) = acl_actions('ann', 2) AS t, acl_can_on('out', 'document type', 'Report', 'view') AS t;
SELECT acl_can('out', 1, 'view') AS f;               -- what ann has through a role is not hers to copy
DO $$ BEGIN PERFORM acl_revoke('ann', 'full', 'location', 'Board'); END $$;
SELECT acl_can('out', 2, 'edit') AS t, acl_can('ann', 2, 'edit') AS f;
DO $$ BEGIN PERFORM acl_revoke('out', 'full', 'location', 'Board'); PERFORM acl_revoke('out', 'full', 'document type', 'Report'); END $$;

--
-- * reaches every resource of the kind, whatever inherits says
--
SELECT acl_grant('cid', 'view', 'location', '*') AS t;
SELECT sees('cid', 'gr_document') AS "1,2,3,4";
SELECT acl_create('location', 'New') AS new \gset
INSERT INTO gr_document (id, place, title) VALUES (5, :new, 'New');
SELECT sees('cid', 'gr_document') AS "1,2,3,4,5";
SELECT acl_revoke('cid', 'view', 'location', '*') AS t;
SELECT sees('cid', 'gr_document') AS "nothing";

--
-- a share adds to one row
--
SELECT acl_grant('cid', 'view', 'document', '2') AS t;
SELECT sees('cid', 'gr_document') AS "2", sees('ann', 'gr_document') AS "1,3";
SELECT acl_grant_row('cid', 'edit', 'gr_document', '4') AS t;
SELECT sees('cid', 'gr_document') AS "2";                                      -- edit without view is nothing
SELECT attempt('cid', 'UPDATE gr_document SET title = ''x''') AS n0;
SELECT acl_grant_row('cid', 'view', 'gr_document', '4', valid_until => now() + interval '1 hour', note => 'shared') AS t;
SELECT attempt('cid', 'UPDATE gr_document SET title = ''x''') AS n1;
SELECT acl_grant_row('cid', 'view', 'gr_document', '4') AS t;                   -- for ever is more than for an hour
SELECT acl_grant_row('cid', 'view', 'gr_document', '4') AS f;
-- those of the location keep what they had
SELECT acl_grant('out', 'view', 'location', 'Board') AS t;
SELECT sees('out', 'gr_document') AS "2,4";
-- the list is docacl's to write
SELECT attempt('boss', 'UPDATE gr_document SET list = NULL WHERE id = 2') AS "42501";
SELECT attempt('cid', 'UPDATE gr_document SET list = NULL WHERE id = 4') AS "42501";
SELECT attempt('boss', format('INSERT INTO gr_document (id, place, list) SELECT 99, %s, list FROM gr_document WHERE id = 2', :board)) AS "42501";
-- with inheritance off the list stands instead of the location, for everyone
DO $$ BEGIN PERFORM acl_set_inherits('document', '2', false); END $$;
SELECT sees('out', 'gr_document') AS "4", sees('cid', 'gr_document') AS "2,4", sees('boss', 'gr_document') AS "1,2,3,4,5";
SELECT acl_grant('cid', 'view', 'location', '*') AS t, sees('cid', 'gr_document') AS "1,2,3,4,5";
SELECT acl_grant('ann', 'view', 'location', '*') AS t;
SELECT sees('ann', 'gr_document') AS "1,3,4,5";                                -- * does not reach a list that stands instead
DO $$ BEGIN PERFORM acl_revoke('ann', 'view', 'location', '*'); PERFORM acl_revoke('cid', 'view', 'location', '*'); END $$;
DO $$ BEGIN PERFORM acl_set_inherits('document', '2', true); END $$;
SELECT sees('out', 'gr_document') AS "2,4", sees('cid', 'gr_document') AS "2,4";
DO $$ BEGIN PERFORM acl_set_row_inherits('gr_document', '2', false, copy => true); END $$;
SELECT sees('out', 'gr_document') AS "2,4", sees('ann', 'gr_document') AS "1,3";
DO $$ BEGIN PERFORM acl_revoke('out', 'view', 'document', '2'); END $$;
SELECT sees('out', 'gr_document') AS "4";
DO $$ BEGIN PERFORM acl_set_row_inherits('gr_document', '2', true); END $$;
-- an empty list that stands instead closes the row for all but the admins
DO $$ BEGIN PERFORM acl_set_row_inherits('gr_document', '3', false); END $$;
SELECT sees('ann', 'gr_document') AS "1", sees('boss', 'gr_document') AS "1,2,3,4,5";
DO $$ BEGIN PERFORM acl_set_row_inherits('gr_document', '3', true); END $$;
SELECT sees('ann', 'gr_document') AS "1,3";
-- a share follows the row when it moves
UPDATE gr_document SET place = :new WHERE id = 2;
SELECT sees('cid', 'gr_document') AS "2,4", sees('out', 'gr_document') AS "4";
UPDATE gr_document SET place = :board WHERE id = 2;
SELECT acl_revoke('cid', 'view', 'document', '2') AS t, acl_revoke_row('cid', 'view, edit', 'gr_document', '4') AS t;
SELECT sees('cid', 'gr_document') AS "nothing";
SELECT acl_revoke_row('cid', 'view', 'gr_document', '4') AS f;
-- a share does not open the other gates
UPDATE gr_document SET type = :report WHERE id = 4;
DO $$ BEGIN PERFORM acl_grant('cid', 'view', 'document', '4'); END $$;
SELECT sees('cid', 'gr_document') AS "nothing", sees('out', 'gr_document') AS "2";
DO $$ BEGIN PERFORM acl_grant('cid', 'view', 'document type', 'Report'); END $$;
SELECT sees('cid', 'gr_document') AS "4";
-- a share of a row in no location: the list is a gate like any
INSERT INTO gr_document (id, owner, title) VALUES (6, 'granting:ann', 'in the intray of ann');
SELECT sees('ann', 'gr_document') AS "1,3,6";
DO $$ BEGIN PERFORM acl_grant('cid', 'view', 'document', '6'); END $$;
SELECT sees('cid', 'gr_document') AS "4,6", sees('ann', 'gr_document');
DO $$ BEGIN PERFORM acl_revoke('cid', 'view', 'document', '6'); END $$;
DELETE FROM gr_document WHERE id = 6;

--
-- who may grant: security on a location or document; not what one may only write
--
CREATE ROLE regress_gr_ann LOGIN;
CREATE ROLE regress_gr_bob LOGIN;
DO $$ BEGIN
  PERFORM acl_map('regress_gr_ann', 'ann');
  PERFORM acl_map('regress_gr_bob', 'bob');
  PERFORM acl_grant('ann', 'security', 'location', 'Company');
  PERFORM acl_grant('bob', 'change', 'location', 'Company');
END $$;
-- viewpoint of ann, who keeps the grants of Company; Team inherits from it, Board does not
SET ROLE regress_gr_ann;
SELECT acl_grant('Staff', 'email', 'location', 'Company') AS f, acl_grant('Staff', 'add', 'location', 'Company') AS t;
SELECT acl_grant('bob', 'print', 'location', 'Team') AS t;
SELECT acl_revoke('Staff', 'add', 'location', 'Company') AS t;
SELECT acl_grant('bob', 'print', 'document', '1') AS t;
\set VERBOSITY sqlstate
SELECT acl_grant('bob', 'print', 'location', 'Board');          -- fail: she does not see it
SELECT acl_grant('bob', 'print', 'document', '2');              -- fail: nor this
SELECT acl_grant('bob', 'print', 'location', '*');              -- fail: manage_roles on the account
SELECT acl_grant('bob', 'view', 'document type', 'Report');     -- fail: write on Role Authorizations
SELECT acl_assign('Administrators', 'ann');                     -- fail
SELECT acl_create_user('fay', 'fay@granting.example', 'Users'); -- fail
SELECT acl_create_role('Friends');                              -- fail
SELECT acl_grant_row('ann', 'full', 'gr_document', '2');        -- fail
INSERT INTO docacl.grants (account_id, principal_id, resource_id, actions) VALUES (1, 1, 1, 1);   -- fail
UPDATE docacl.principal SET name = 'x';                         -- fail
DELETE FROM docacl.membership;                                  -- fail
\set VERBOSITY terse
RESET ROLE;
-- viewpoint of bob, who may change everything in Company and give nothing away
SET ROLE regress_gr_bob;
\set VERBOSITY sqlstate
SELECT acl_grant('bob', 'security', 'location', 'Company');     -- fail
SELECT acl_grant('cid', 'view', 'location', 'Company');         -- fail
SELECT acl_revoke('ann', 'security', 'location', 'Company');    -- fail
SELECT acl_grant('cid', 'view', 'document', '1');               -- fail
SELECT acl_set_inherits('location', 'Team', false);             -- fail
SELECT acl_set_row_inherits('gr_document', '1', false);         -- fail
SELECT acl_set_grant('cid', 'view', 'location', 'Company');     -- fail
SELECT acl_copy_grants('ann', 'bob');                           -- fail
\set VERBOSITY terse
RESET ROLE;
SELECT sees('cid', 'gr_document') AS "4";

--
-- the law: adding a grant, a membership or a role takes nothing away from anybody
--
CREATE TABLE gr_before AS
SELECT who, id, acl_actions(who, id) AS actions FROM unnest(ARRAY['ann', 'bob', 'cid', 'out', 'boss']) AS who, gr_document;
DO $$ BEGIN
  PERFORM acl_grant('Users', 'enter', 'location', 'Board');
  PERFORM acl_grant('bob', 'add', 'document type', 'Report');
  PERFORM acl_grant('Staff', 'read', 'document', '4');
  PERFORM acl_create_role('More');
  PERFORM acl_grant('More', 'view', 'document type', '*');
  PERFORM acl_assign('More', 'Staff');
  PERFORM acl_assign('Staff', 'cid');
END $$;
SELECT count(*) AS n0 FROM gr_before WHERE NOT acl_actions(who, id) @> actions;
SELECT count(*) > 0 AS t FROM gr_before WHERE acl_actions(who, id) <> actions;
SELECT disagreements(ARRAY['ann', 'bob', 'cid', 'out', 'boss', 'system'], 'gr_document') AS n0;
