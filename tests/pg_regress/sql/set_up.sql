--
-- Set-up: accounts, resources, users, roles, memberships, own kinds and own actions: what each function does,
-- and what a user sees of it in a protected table.
--
\set VERBOSITY terse
SELECT acl_create_account('one') IS NOT NULL AS t;
SELECT acl_create_account('two', key => 'customer 2') IS NOT NULL AS t;
SELECT complaint(NULL, 'SELECT acl_create_account(''one'')');
-- a fresh database has the account main, and what every account has
SELECT a.name AS account, count(*) FILTER (WHERE p.kind = 'role') AS roles
  FROM docacl.resource a JOIN docacl.principal p ON p.account_id = a.id WHERE a.kind = 'account' GROUP BY a.name ORDER BY a.name;
SELECT a.name AS account, r.kind, r.name, r.inherits
  FROM docacl.resource a JOIN docacl.resource r ON r.account_id = a.id
 WHERE a.kind = 'account' AND a.name = 'one' ORDER BY r.kind COLLATE "C", r.name COLLATE "C";
SET docacl.account = 'one';

--
-- resources
--
SELECT acl_create('location', 'Archive') AS archive \gset
SELECT acl_create('location', 'Old', 'Archive') AS old \gset
SELECT acl_create('Location', 'Recent', 'Archive', inherits => true) AS recent \gset
SELECT acl_create('document type', 'Letter') AS letter \gset
SELECT acl_create('Document-Type', 'Fax', 'Letter') AS fax \gset
-- the same name again: an error, or what is there
SELECT complaint(NULL, 'SELECT acl_create(''location'', ''Archive'')');
SELECT acl_create('location', 'Archive', if_not_exists => true) = :archive AS t;
SELECT acl_create('folder', 'Old', 'Archive', if_not_exists => true) = :old AS t;
-- elsewhere in the tree, in another family or in another account it is another name
SELECT acl_create('location', 'Old') <> :old AS t;
SELECT acl_create('project', 'Archive') <> :archive AS t;
-- a key is unique per kind, in the whole installation
SELECT acl_create('project', 'Keyed', key => 'k-1') AS keyed \gset
SELECT acl_create('location', 'Keyed', key => 'k-1') IS NOT NULL AS t;
SELECT complaint(NULL, 'SELECT acl_create(''project'', ''Keyed too'', key => ''k-1'')');
-- what inherits unless told otherwise: everything but locations
SELECT kind, name, inherits FROM docacl.resource WHERE id IN (:archive, :old, :recent, :letter, :fax) ORDER BY id;

CREATE TABLE su_document (id int PRIMARY KEY, place bigint, type bigint, owner bigint, title text) WITH (autovacuum_enabled = off);
GRANT SELECT, INSERT, UPDATE, DELETE ON su_document TO PUBLIC;
DO $$ BEGIN
  PERFORM acl_protect('su_document',
    '{"place": {"column": "place", "by": "id"}, "document_type": {"column": "type", "by": "id"}}',
    '{"key": "id", "owner": {"column": "owner", "by": "id"}, "default": true}');
END $$;
INSERT INTO su_document (id, place, type, title) VALUES
  (1, :archive, NULL, 'Archive'), (2, :old, NULL, 'Archive/Old'), (3, :recent, NULL, 'Archive/Recent'),
  (4, NULL, :letter, 'Letter'), (5, NULL, :fax, 'Fax');

--
-- users and roles
--
SELECT acl_create_role('Archivists') IS NOT NULL AS t;
SELECT complaint(NULL, 'SELECT acl_create_role(''Archivists'')');
SELECT acl_create_role('Archivists', if_not_exists => true) = (SELECT id FROM docacl.principal WHERE name = 'Archivists') AS t;
SELECT acl_create_user('ann', 'Ann@one.example', 'Archivists') AS ann \gset
SELECT acl_create_user('bob', 'bob@one.example', 'Users', key => 'bob-key') AS bob \gset
-- an event for each, and no more
SELECT event, count(*) FROM docacl.event
 WHERE account_id = (SELECT id FROM docacl.resource WHERE kind = 'account' AND name = 'one') GROUP BY event;
-- names are unique per account over users and roles; e-mails over the installation, whatever their case
SELECT complaint(NULL, 'SELECT acl_create_user(''ann'', ''ann2@one.example'', ''Users'')');
SELECT complaint(NULL, 'SELECT acl_create_user(''Archivists'', ''archivists@one.example'', ''Users'')');
SELECT complaint(NULL, 'SELECT acl_create_role(''ann'')');
SELECT complaint(NULL, 'SELECT acl_create_user(''ann again'', ''ANN@ONE.example'', ''Users'')');
SELECT complaint(NULL, 'SELECT acl_create_user(''bob again'', ''bob2@one.example'', ''Users'', key => ''bob-key'')');
SELECT acl_create_user('ann', 'ann@one.example', 'Users', if_not_exists => true) = :ann AS t;
SET docacl.account = 'two';
SELECT complaint(NULL, 'SELECT acl_create_user(''ann'', ''ann@one.example'', ''Users'')');
SELECT acl_create_user('ann', 'ann@two.example', 'Users') <> :ann AS t;
SELECT complaint(NULL, 'SELECT acl_create_user(''cid'', ''cid@two.example'', ''Archivists'')');       -- the other account's role
SET docacl.account = 'one';
-- addressed by name, by e-mail, by key
SELECT acl_grant('Archivists', 'enter, view', 'location', 'Archive') AS t;
SELECT acl_actions_on('ann', 'location', 'Archive') = acl_actions_on('ann@ONE.example', 'location', 'Archive') AS t;
SELECT acl_can_on('bob-key', 'location', 'Archive', 'view') AS f, acl_can_on('ann', 'location', 'Archive', 'view') AS t;

-- what is inherited: Recent inherits, Old does not
SELECT sees('ann', 'su_document') AS "1,3", sees('bob', 'su_document') AS "nothing";
-- inherits is a setting of the resource
SELECT acl_can('ann', 2, 'view') AS f;
DO $$ BEGIN PERFORM acl_set_inherits('location', '/Archive/Old', true); END $$;
SELECT sees('ann', 'su_document') AS "1,2,3";
DO $$ BEGIN PERFORM acl_set_inherits('location', '/Archive/Old', false); PERFORM acl_set_inherits('location', 'Recent', false); END $$;
SELECT sees('ann', 'su_document') AS "1";
-- with copy, what was inherited becomes its own
DO $$ BEGIN
  PERFORM acl_set_inherits('location', 'Recent', true);
  PERFORM acl_set_inherits('location', 'Recent', false, copy => true);
END $$;
SELECT sees('ann', 'su_document') AS "1,3";
DO $$ BEGIN PERFORM acl_revoke('Archivists', 'enter, view', 'location', 'Recent'); END $$;
SELECT sees('ann', 'su_document') AS "1";

-- moving a resource moves what it inherits, and its rows with it
DO $$ BEGIN
  PERFORM acl_grant('bob', 'view', 'document type', 'Letter');
END $$;
SELECT sees('bob', 'su_document') AS "4,5";
DO $$ BEGIN PERFORM acl_move('document type', 'Fax', NULL); END $$;
SELECT sees('bob', 'su_document') AS "4";
DO $$ BEGIN PERFORM acl_move('document type', 'Fax', 'Letter'); END $$;
SELECT sees('bob', 'su_document') AS "4,5";
-- a new name is a name, no more
DO $$ BEGIN PERFORM acl_rename('document type', 'Letter', 'Epistle'); END $$;
SELECT sees('bob', 'su_document') AS "4,5";
SELECT acl_can_on('bob', 'document type', 'Epistle', 'view') AS t;
SELECT complaint(NULL, 'SELECT acl_can_on(''bob'', ''document type'', ''Letter'', ''view'')');
SELECT complaint(NULL, 'SELECT acl_rename(''location'', ''Recent'', ''Old'')');           -- its sister's name
-- cycles, wrong parents, what is used
SELECT complaint(NULL, 'SELECT acl_move(''document type'', ''Epistle'', ''Fax'')');
SELECT complaint(NULL, 'SELECT acl_create(''company'', ''Orphan'')');
SELECT complaint(NULL, 'SELECT acl_create(''company'', ''Orphan'', ''one'')');
SELECT complaint(NULL, 'SELECT acl_create(''queue'', ''Child'', ''Archive'')');
SELECT complaint(NULL, 'SELECT acl_drop(''location'', ''Archive'')');                     -- rows and others below it
SELECT complaint(NULL, 'SELECT acl_drop(''document type'', ''Fax'')');                    -- a row refers to it
SELECT complaint(NULL, 'SELECT acl_drop(''location'', ''*'')');
SELECT complaint(NULL, 'SELECT acl_rename(''location'', ''*'', ''Star'')');
SELECT complaint(NULL, 'SELECT acl_create(''document'', ''7'')');
-- dropping takes grants along
SELECT acl_create('project', 'Short') AS short \gset
DO $$ BEGIN PERFORM acl_grant('bob', 'see', 'project', 'Short'); END $$;
SELECT count(*) AS n1 FROM docacl.grants WHERE resource_id = :short;
DO $$ BEGIN PERFORM acl_drop('project', 'Short'); END $$;
SELECT count(*) AS n0 FROM docacl.grants WHERE resource_id = :short;
SELECT complaint(NULL, 'SELECT acl_drop(''project'', ''Short'')');

-- addressing: an exact name wins, then a path's end; a leading slash starts at the top; \/ is a slash in a name
SELECT acl_create('location', 'A/B') AS ab \gset
SELECT acl_create('location', 'A') AS a \gset
SELECT acl_create('location', 'B', 'A') AS b \gset
SELECT acl_create('location', 'A', 'B') AS aba \gset
DO $$ BEGIN
  PERFORM acl_grant('bob', 'enter', 'location', 'A/B');          -- the exact name
  PERFORM acl_grant('bob', 'print', 'location', '/A/B');         -- the path
  PERFORM acl_grant('bob', 'email', 'location', 'A\/B');         -- a slash in a name
  PERFORM acl_grant('bob', 'move', 'location', 'B/A');           -- a path's end
  PERFORM acl_grant('bob', 'write', 'location', '/A');           -- at the top
END $$;
SELECT CASE id WHEN :ab THEN 'A\/B' WHEN :a THEN '/A' WHEN :b THEN '/A/B' WHEN :aba THEN '/A/B/A' END AS location,
       acl_actions_on('bob', 'location', id) FROM docacl.resource WHERE id IN (:ab, :a, :b, :aba) ORDER BY id;
SELECT complaint(NULL, 'SELECT acl_grant(''bob'', ''write'', ''location'', ''A'')');      -- two bear it

--
-- altering users and roles
--
SELECT sees('bob', 'su_document') AS "4,5";
DO $$ BEGIN PERFORM acl_alter_user('bob', enabled => false); END $$;
SELECT acl_can('bob', 4, 'view') AS f, acl_actions('bob', 4) AS "{}", sees('bob', 'su_document');
DO $$ BEGIN PERFORM acl_alter_user('bob', enabled => true); END $$;
SELECT sees('bob', 'su_document') AS "4,5";
DO $$ BEGIN PERFORM acl_alter_user('bob', valid_until => now() - interval '1 hour'); END $$;
SELECT acl_can('bob', 4, 'view') AS f, sees('bob', 'su_document');
DO $$ BEGIN PERFORM acl_alter_user('bob', name => 'robert'); END $$;
SELECT acl_can('robert', 4, 'view') AS f;
DO $$ BEGIN PERFORM acl_alter_user('robert', valid_until => 'infinity'); END $$;
SELECT acl_can('robert', 4, 'view') AS t, acl_can('bob-key', 4, 'view') AS t;
DO $$ BEGIN PERFORM acl_alter_user('robert', email => 'robert@one.example'); END $$;
SELECT acl_can('robert@one.example', 4, 'view') AS t;
SELECT complaint(NULL, 'SELECT acl_can(''bob@one.example'', 4, ''view'')');
SELECT complaint(NULL, 'SELECT acl_alter_user(''robert'', email => ''ann@one.example'')');
SELECT complaint(NULL, 'SELECT acl_alter_user(''robert'', name => ''ann'')');
SELECT complaint(NULL, 'SELECT acl_alter_user(''Archivists'', enabled => false)');        -- a role
SELECT complaint(NULL, 'SELECT acl_alter_role(''robert'', enabled => false)');            -- a user
-- a read-only user looks, whatever he holds
DO $$ BEGIN PERFORM acl_grant('robert', 'full', 'document type', 'Epistle'); END $$;
SELECT acl_actions('robert', 4);
SELECT attempt('robert', 'UPDATE su_document SET title = ''x'' WHERE id = 4') AS n1;
DO $$ BEGIN PERFORM acl_alter_user('robert', read_only => true); END $$;
SELECT acl_actions('robert', 4);
SELECT attempt('robert', 'UPDATE su_document SET title = ''x'' WHERE id = 4') AS n0,
       attempt('robert', 'DELETE FROM su_document WHERE id = 4') AS n0,
       attempt('robert', format('INSERT INTO su_document (id, type) VALUES (99, %s)', :letter)) AS "42501",
       attempt('robert', 'INSERT INTO su_document (id) VALUES (99)') AS "42501";
SELECT complaint(NULL, 'SELECT acl_assign(''Administrators'', ''robert'')');
DO $$ BEGIN PERFORM acl_alter_user('robert', read_only => false); END $$;
SELECT complaint(NULL, 'SELECT acl_create_user(''ro'', ''ro@one.example'', ''Administrators'', read_only => true)');
-- a role switched off gives nothing
DO $$ BEGIN PERFORM acl_alter_role('Archivists', enabled => false); END $$;
SELECT sees('ann', 'su_document') AS "nothing";
DO $$ BEGIN PERFORM acl_alter_role('Archivists', enabled => true, name => 'Keepers'); END $$;
SELECT sees('ann', 'su_document') AS "1";
-- a default role is given to every user made afterwards, and only to those
DO $$ BEGIN
  PERFORM acl_create_role('Everybody new', is_default => true);
  PERFORM acl_grant('Everybody new', 'view', 'location', 'Archive');
  PERFORM acl_create_user('dan', 'dan@one.example', 'Users');
  PERFORM acl_alter_role('Everybody new', is_default => false);
  PERFORM acl_create_user('eve', 'eve@one.example', 'Users');
END $$;
SELECT sees('robert', 'su_document') AS "4,5", sees('dan', 'su_document') AS "1", sees('eve', 'su_document') AS "nothing";

--
-- memberships
--
DO $$ BEGIN PERFORM acl_assign('Keepers', 'eve'); PERFORM acl_assign('Keepers', 'eve'); END $$;   -- twice is once
SELECT sees('eve', 'su_document') AS "1";
DO $$ BEGIN PERFORM acl_unassign('Keepers', 'eve'); PERFORM acl_unassign('Keepers', 'eve'); END $$;
SELECT sees('eve', 'su_document') AS "nothing";
-- roles in roles, and no cycles
DO $$ BEGIN
  PERFORM acl_create_role('Outer');
  PERFORM acl_create_role('Middle');
  PERFORM acl_assign('Keepers', 'Middle');
  PERFORM acl_assign('Middle', 'Outer');
  PERFORM acl_assign('Outer', 'eve');
END $$;
SELECT sees('eve', 'su_document') AS "1";
SELECT complaint(NULL, 'SELECT acl_assign(''Outer'', ''Keepers'')');
SELECT complaint(NULL, 'SELECT acl_assign(''Outer'', ''Outer'')');
DO $$ BEGIN PERFORM acl_alter_role('Middle', enabled => false); END $$;
SELECT sees('eve', 'su_document') AS "nothing";
DO $$ BEGIN PERFORM acl_alter_role('Middle', enabled => true); PERFORM acl_unassign('Middle', 'Outer'); END $$;
SELECT sees('eve', 'su_document') AS "nothing";
-- periods: over, to come, now
DO $$ BEGIN PERFORM acl_assign('Keepers', 'eve', valid_from => now() + interval '1 hour'); END $$;
SELECT sees('eve', 'su_document') AS "nothing";
DO $$ BEGIN PERFORM acl_assign('Keepers', 'eve', valid_from => now() - interval '1 hour', valid_until => now() + interval '1 hour'); END $$;
SELECT sees('eve', 'su_document') AS "1";
DO $$ BEGIN PERFORM acl_unassign('Keepers', 'eve'); END $$;
SELECT sees('eve', 'su_document') AS "nothing";
SELECT complaint(NULL, 'SELECT acl_assign(''Keepers'', ''eve'', valid_from => now(), valid_until => now() - interval ''1 day'')');
-- built-in roles: everyone has members by itself
SELECT complaint(NULL, 'SELECT acl_assign(''everyone'', ''eve'')');
SELECT complaint(NULL, 'SELECT acl_assign(''Keepers'', ''everyone'')');
SELECT complaint(NULL, 'SELECT acl_drop_role(''everyone'')');
SELECT complaint(NULL, 'SELECT acl_drop_role(''Administrators'')');
SELECT complaint(NULL, 'SELECT acl_alter_role(''Administrators'', enabled => false)');

--
-- the last administrator stays
--
DO $$ BEGIN PERFORM acl_create_user('boss', 'boss@one.example', 'Administrators'); END $$;
SELECT complaint(NULL, 'SELECT acl_unassign(''Administrators'', ''boss'')');
SELECT complaint(NULL, 'SELECT acl_alter_user(''boss'', enabled => false)');
SELECT complaint(NULL, 'SELECT acl_drop_user(''boss'')');
DO $$ BEGIN
  PERFORM acl_create_user('deputy', 'deputy@one.example', 'Administrators');
  PERFORM acl_drop_user('boss');
END $$;
SELECT complaint(NULL, 'SELECT acl_drop_user(''deputy'')');
-- whoever owns rows stays too, else they would be nobody's
INSERT INTO su_document (id, owner, title) VALUES (6, :ann, 'in the intray of ann');
SELECT sees('ann', 'su_document') AS "1,6";
SELECT complaint(NULL, 'SELECT acl_drop_user(''ann'')');
DELETE FROM su_document WHERE id = 6;
DO $$ BEGIN PERFORM acl_drop_user('ann'); PERFORM acl_drop_role('Keepers'); END $$;
SELECT complaint(NULL, 'SELECT acl_can(''ann'', 1, ''view'')');
SELECT complaint(NULL, 'SELECT acl_grant(''Keepers'', ''view'', ''location'', ''Archive'')');
SELECT complaint(NULL, 'SELECT acl_drop_role(''robert'')');
SELECT complaint(NULL, 'SELECT acl_drop_user(''Users'')');

--
-- an own kind is a gate of its own, an own action is granted and asked like any other
--
DO $$ BEGIN PERFORM acl_create_kind('Clearance', false); END $$;
SELECT acl_create_action('Release To Press') AS "40";
SELECT acl_create_action('stamp') AS "41";
SELECT complaint(NULL, 'SELECT acl_create_action(''stamp'')');
SELECT complaint(NULL, 'SELECT acl_create_action(''edit'')');
SELECT complaint(NULL, 'SELECT acl_create_kind(''clearance'', true)');
SELECT complaint(NULL, 'SELECT acl_create_kind(''location'', true)');
SELECT acl_create('clearance', 'secret') AS secret \gset
SELECT acl_create('clearance', 'top secret', 'secret') AS topsecret \gset
DO $$ BEGIN PERFORM acl_set_kind('clearance', true); END $$;
SELECT acl_create('clearance', 'cosmic', 'secret') AS cosmic \gset
SELECT name, inherits FROM docacl.resource WHERE kind = 'clearance' AND id IN (:secret, :topsecret, :cosmic) ORDER BY id;
CREATE TABLE su_cable (id int PRIMARY KEY, clearance bigint, type bigint, title text);
GRANT SELECT, INSERT, UPDATE, DELETE ON su_cable TO PUBLIC;
DO $$ BEGIN
  PERFORM acl_protect('su_cable', '{"clearance": {"column": "clearance", "by": "id"}, "type": {"column": "type", "by": "id"}}', '{"key": "id"}');
END $$;
INSERT INTO su_cable VALUES (1, :secret, NULL, 'secret'), (2, :topsecret, NULL, 'top secret'), (3, :cosmic, NULL, 'cosmic'), (4, :secret, :letter, 'secret letter');
DO $$ BEGIN
  PERFORM acl_create_user('spy', 'spy@one.example', 'Users');
  PERFORM acl_grant('spy', 'view, release_to_press', 'clearance', 'secret');
END $$;
SELECT sees('spy', 'su_cable') AS "1,3";
SELECT acl_can_row('spy', 'su_cable', '1', 'release to press') AS t, acl_can_row('spy', 'su_cable', '1', 'stamp') AS f,
       acl_can_row('spy', 'su_cable', '2', 'release-to-press') AS f, acl_actions_on('spy', 'clearance', 'secret') @> '{release_to_press}' AS t;
DO $$ BEGIN PERFORM acl_grant('spy', 'view', 'document type', 'Epistle'); END $$;
SELECT sees('spy', 'su_cable') AS "1,3,4";
SELECT acl_can_row('spy', 'su_cable', '4', 'release to press') AS f;           -- the type does not permit it
DO $$ BEGIN PERFORM acl_grant('spy', 'release to press', 'document type', 'Epistle'); END $$;
SELECT acl_can_row('spy', 'su_cable', '4', 'release to press') AS t;
DO $$ BEGIN PERFORM acl_grant('spy', 'view', 'clearance', '*'); END $$;
SELECT sees('spy', 'su_cable') AS "1,2,3,4";
