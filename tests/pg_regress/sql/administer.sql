--
-- Who may administer: for every right there is somebody who holds nothing else (only_…) and somebody who holds all
-- the others (but_…); every deed is tried by all of them, by an admin, by a read-only user who holds everything and by
-- one who holds nothing. Then every way up.
--
\set VERBOSITY terse
DO $$ BEGIN PERFORM acl_create_account('administer'); PERFORM acl_create_account('other'); PERFORM acl_create_kind('clearance', true); END $$;
SET docacl.account = 'other';
DO $$ BEGIN
  PERFORM person('olga', 'Administrators');
  PERFORM acl_create_role('Other role', key => 'other-role');
  PERFORM acl_create('location', 'Secret', key => 'secret');
  PERFORM acl_create('environment', 'Other environment', 'other');
END $$;
SELECT id AS secret FROM docacl.resource WHERE name = 'Secret' \gset
SELECT id AS other FROM docacl.resource WHERE kind = 'account' AND name = 'other' \gset
SET docacl.account = 'administer';
DO $$ BEGIN
  PERFORM acl_create('location', 'L');
  PERFORM acl_create('location', 'Sub', 'L', inherits => true);
  PERFORM acl_create('location', 'Leaf', 'Sub', inherits => true);
  PERFORM acl_create('location', 'Elsewhere');
  PERFORM acl_create('project', 'P');
  PERFORM acl_create('project', 'P2');
  PERFORM acl_create('document type', 'T');
  PERFORM acl_create('document type', 'T2');
  PERFORM acl_create('function', 'F');
  PERFORM acl_create('clearance', 'K');
  PERFORM acl_create('queue', 'Q');
  PERFORM acl_create('environment', 'E', 'administer');
  PERFORM acl_create('environment', 'E2', 'administer');
  PERFORM acl_create('company', 'C', 'E');
  PERFORM acl_create('company', 'C2', 'E');
  PERFORM acl_create('client', 'Cl', 'C');
  PERFORM acl_create_role('Staff');
  PERFORM acl_create_role('Empty');
  PERFORM person('bob', 'Users');
  PERFORM person('cid', 'Staff');
  PERFORM person('boss', 'Administrators');
  PERFORM person('nothing', 'Users');
END $$;
SELECT id AS l FROM docacl.resource WHERE name = 'L' AND kind = 'location' \gset
CREATE TABLE ad_doc (id int PRIMARY KEY, place bigint, list bigint, title text);
CREATE TABLE ad_open (id int PRIMARY KEY, place bigint);
GRANT SELECT, INSERT, UPDATE, DELETE ON ad_doc TO PUBLIC;
DO $$ BEGIN
  PERFORM acl_protect('ad_doc', '{"place": {"column": "place", "by": "id"}}', '{"key": "id", "own_acl": "list", "default": true}');
END $$;
INSERT INTO ad_doc VALUES (1, :l, NULL, 'in L');

CREATE TABLE ad_right (name text PRIMARY KEY, actions text, kind text, resource text);
INSERT INTO ad_right VALUES
  ('security', 'security', 'location', 'L'), ('add', 'add', 'location', 'L'), ('rename', 'rename', 'location', 'L'),
  ('move', 'move', 'location', 'L'), ('delete', 'delete', 'location', 'L'),
  ('project', 'write', 'project', 'P'), ('projects', 'write', 'function', 'Projects'),
  ('projauth', 'write', 'function', 'Project Authorizations'), ('roleauth', 'write', 'function', 'Role Authorizations'),
  ('environments', 'manage_environments', 'account', 'administer'), ('companies', 'manage_companies', 'account', 'administer'),
  ('parties', 'manage_parties', 'account', 'administer'), ('users', 'manage_users', 'account', 'administer'),
  ('roles', 'manage_roles', 'account', 'administer'), ('keys', 'manage_api_keys', 'account', 'administer'),
  ('configure', 'configure', 'account', 'administer'), ('usage', 'view_usage', 'account', 'administer');
-- what everybody here sees, so that a refusal is one and not an unknown name
DO $$ DECLARE r ad_right; s ad_right; BEGIN
  FOR r IN SELECT * FROM ad_right LOOP
    PERFORM person('only_' || r.name, 'Users');
    PERFORM person('but_' || r.name, 'Users');
    PERFORM acl_grant('only_' || r.name, r.actions, r.kind, r.resource);
    FOR s IN SELECT * FROM ad_right WHERE name <> r.name LOOP
      PERFORM acl_grant('but_' || r.name, s.actions, s.kind, s.resource);
    END LOOP;
  END LOOP;
  PERFORM person('looks', 'Users');
  PERFORM acl_alter_user('looks', read_only => true);
  FOR s IN SELECT * FROM ad_right LOOP
    PERFORM acl_grant('looks', s.actions, s.kind, s.resource);
  END LOOP;
  PERFORM acl_create_role('Readers');
  FOR s IN SELECT DISTINCT NULL, 'read', kind, resource FROM ad_right LOOP
    PERFORM acl_grant('Readers', s.actions, s.kind, s.resource);
  END LOOP;
  PERFORM acl_grant('Readers', 'read', 'project', 'P2');
  PERFORM acl_grant('Readers', 'read', 'location', '*');
  PERFORM acl_grant('Readers', 'read', 'document type', '*');
  PERFORM acl_grant('Readers', 'read', 'function', '*');
  PERFORM acl_grant('Readers', 'read', 'clearance', '*');
  PERFORM acl_grant('Readers', 'read', 'project', '*');
  PERFORM acl_assign('Readers', name) FROM docacl.principal WHERE name LIKE 'only\_%' OR name LIKE 'but\_%' OR name = 'looks';
END $$;

--
-- the deeds, and the rights that each needs: all of them; admin and above are nobody else's
--
CREATE TABLE ad_deed (n serial, needs text[], statement text);
INSERT INTO ad_deed (needs, statement) VALUES
  -- grant, revoke, inherits on a location or document: security there
  ('{security}', $$ SELECT acl_grant('bob', 'view', 'location', 'L') $$),
  ('{security}', $$ SELECT acl_grant('everyone', 'view', 'location', 'Sub') $$),
  ('{security}', $$ SELECT acl_revoke('bob', 'view', 'location', 'L') $$),
  ('{security}', $$ SELECT acl_set_grant('bob', 'view', 'location', 'L') $$),
  ('{security}', $$ SELECT acl_set_inherits('location', 'Sub', false) $$),
  ('{security}', $$ SELECT acl_set_inherits('location', 'Sub', false, copy => true) $$),
  ('{security}', $$ SELECT acl_grant('bob', 'view', 'document', '1') $$),
  ('{security}', $$ SELECT acl_grant_row('bob', 'view', 'ad_doc', '1') $$),
  ('{security}', $$ SELECT acl_revoke_row('bob', 'view', 'ad_doc', '1') $$),
  ('{security}', $$ SELECT acl_set_grant('bob', 'view', 'document', '1') $$),
  ('{security}', $$ SELECT acl_set_inherits('document', '1', false) $$),
  ('{security}', $$ SELECT acl_set_row_inherits('ad_doc', '1', false) $$),
  ('{admin}',    $$ SELECT acl_grant('bob', 'view', 'location', 'Elsewhere') $$),
  -- create a location: add on its parent, at the top an admin; rename, move, drop: rename, move, delete there
  ('{add}',      $$ SELECT acl_create('location', 'new', 'L') $$),
  ('{admin}',    $$ SELECT acl_create('location', 'new') $$),
  ('{admin}',    $$ SELECT acl_create('location', 'new', 'Elsewhere') $$),
  ('{rename}',   $$ SELECT acl_rename('location', 'Sub', 'other') $$),
  ('{admin}',    $$ SELECT acl_rename('location', 'Elsewhere', 'other') $$),
  ('{move,add}', $$ SELECT acl_move('location', 'Leaf', 'L') $$),
  ('{admin}',    $$ SELECT acl_move('location', 'Leaf', 'Elsewhere') $$),
  ('{admin}',    $$ SELECT acl_move('location', 'Leaf', NULL::text) $$),
  ('{delete}',   $$ SELECT acl_drop('location', 'Leaf') $$),
  ('{admin}',    $$ SELECT acl_drop('location', 'Elsewhere') $$),
  -- projects
  ('{projects}',         $$ SELECT acl_create('project', 'new') $$),
  ('{projects}',         $$ SELECT acl_create('project', 'new', 'P') $$),
  ('{project}',          $$ SELECT acl_rename('project', 'P', 'other') $$),
  ('{project}',          $$ SELECT acl_move('project', 'P', 'P2') $$),
  ('{project}',          $$ SELECT acl_drop('project', 'P') $$),
  ('{project,projauth}', $$ SELECT acl_grant('bob', 'view', 'project', 'P') $$),
  ('{project,projauth}', $$ SELECT acl_revoke('bob', 'view', 'project', 'P') $$),
  ('{project,projauth}', $$ SELECT acl_set_inherits('project', 'P', false) $$),
  ('{admin}',            $$ SELECT acl_rename('project', 'P2', 'other') $$),
  ('{admin}',            $$ SELECT acl_drop('project', 'P2') $$),
  ('{admin}',            $$ SELECT acl_grant('bob', 'view', 'project', 'P2') $$),
  -- types, functions, own kinds, and grants on them
  ('{roleauth}', $$ SELECT acl_create('document type', 'new') $$),
  ('{roleauth}', $$ SELECT acl_create('document type', 'new', 'T') $$),
  ('{roleauth}', $$ SELECT acl_rename('document type', 'T', 'other') $$),
  ('{roleauth}', $$ SELECT acl_move('document type', 'T', 'T2') $$),
  ('{roleauth}', $$ SELECT acl_drop('document type', 'T') $$),
  ('{roleauth}', $$ SELECT acl_set_inherits('document type', 'T', false) $$),
  ('{roleauth}', $$ SELECT acl_grant('bob', 'view', 'document type', 'T') $$),
  ('{roleauth}', $$ SELECT acl_create('function', 'new') $$),
  ('{roleauth}', $$ SELECT acl_rename('function', 'F', 'other') $$),
  ('{roleauth}', $$ SELECT acl_drop('function', 'F') $$),
  ('{roleauth}', $$ SELECT acl_grant('bob', 'view', 'screen', 'F') $$),
  ('{roleauth}', $$ SELECT acl_grant('bob', 'write', 'function', 'Projects') $$),
  ('{roleauth}', $$ SELECT acl_create('clearance', 'new') $$),
  ('{roleauth}', $$ SELECT acl_drop('clearance', 'K') $$),
  ('{roleauth}', $$ SELECT acl_grant('bob', 'view', 'clearance', 'K') $$),
  -- queues and forms: nobody below an admin
  ('{admin}',    $$ SELECT acl_create('queue', 'new') $$),
  ('{admin}',    $$ SELECT acl_create('form', 'new') $$),
  ('{admin}',    $$ SELECT acl_grant('bob', 'work_queue', 'queue', 'Q') $$),
  ('{admin}',    $$ SELECT acl_drop('queue', 'Q') $$),
  -- environments, companies, parties
  ('{environments}', $$ SELECT acl_create('environment', 'new', 'administer') $$),
  ('{environments}', $$ SELECT acl_rename('environment', 'E', 'other') $$),
  ('{environments}', $$ SELECT acl_drop('environment', 'E2') $$),
  ('{companies}',    $$ SELECT acl_create('company', 'new', 'E') $$),
  ('{companies}',    $$ SELECT acl_rename('company', 'C', 'other') $$),
  ('{companies}',    $$ SELECT acl_move('company', 'C2', 'E2') $$),
  ('{companies}',    $$ SELECT acl_drop('company', 'C2') $$),
  ('{parties}',      $$ SELECT acl_create('client', 'new', 'C') $$),
  ('{parties}',      $$ SELECT acl_create('provider', 'new', 'C') $$),
  ('{parties}',      $$ SELECT acl_rename('client', 'Cl', 'other') $$),
  ('{parties}',      $$ SELECT acl_drop('client', 'Cl') $$),
  -- users, roles and memberships
  ('{users}', $$ SELECT acl_create_user('new', 'new@administer.example', 'Users') $$),
  ('{users}', $$ SELECT acl_alter_user('bob', name => 'other') $$),
  ('{users}', $$ SELECT acl_alter_user('bob', enabled => false) $$),
  ('{users}', $$ SELECT acl_alter_user('bob', email => 'new@administer.example') $$),
  ('{users}', $$ SELECT acl_alter_user('bob', read_only => true) $$),
  ('{users}', $$ SELECT acl_drop_user('bob') $$),
  ('{roles}', $$ SELECT acl_create_role('new') $$),
  ('{roles}', $$ SELECT acl_alter_role('Staff', name => 'other') $$),
  ('{roles}', $$ SELECT acl_alter_role('Staff', enabled => false) $$),
  ('{roles}', $$ SELECT acl_alter_role('Staff', is_default => true) $$),
  ('{roles}', $$ SELECT acl_drop_role('Empty') $$),
  ('{roles}', $$ SELECT acl_assign('Staff', 'bob') $$),
  ('{roles}', $$ SELECT acl_assign('Staff', 'Empty') $$),
  ('{roles}', $$ SELECT acl_unassign('Staff', 'cid') $$),
  ('{roles}', $$ SELECT acl_copy_grants('cid', 'bob') $$),
  -- grants on account, environment, company, party or a *
  ('{roles}', $$ SELECT acl_grant('bob', 'view', 'account', 'administer') $$),
  ('{roles}', $$ SELECT acl_grant('bob', 'view', 'environment', 'E') $$),
  ('{roles}', $$ SELECT acl_revoke('bob', 'view', 'environment', 'E') $$),
  ('{roles}', $$ SELECT acl_set_grant('bob', 'view', 'company', 'C') $$),
  ('{roles}', $$ SELECT acl_set_inherits('client', 'Cl', false) $$),
  ('{roles}', $$ SELECT acl_grant('bob', 'view', 'client', 'Cl') $$),
  ('{roles}', $$ SELECT acl_grant('bob', 'view', 'location', '*') $$),
  ('{roles}', $$ SELECT acl_grant('everyone', 'view', 'project', '*') $$),
  ('{roles}', $$ SELECT acl_grant('bob', 'view', 'document type', '*') $$),
  ('{roles}', $$ SELECT acl_grant('bob', 'view', 'function', '*') $$),
  ('{roles}', $$ SELECT acl_grant('bob', 'view', 'clearance', '*') $$),
  -- a manage_… action is given by who holds it
  ('{roles}',           $$ SELECT acl_grant('bob', 'manage_roles', 'account', 'administer') $$),
  ('{roles,users}',     $$ SELECT acl_grant('bob', 'manage_users', 'account', 'administer') $$),
  ('{roles,keys}',      $$ SELECT acl_grant('bob', 'manage_api_keys', 'environment', 'E') $$),
  ('{roles,companies}', $$ SELECT acl_set_grant('bob', 'view, manage_companies', 'environment', 'E') $$),
  ('{roles,parties}',   $$ SELECT acl_grant('everyone', 'manage_parties', 'company', 'C') $$),
  ('{roles,users}',     $$ SELECT acl_copy_grants('only_users', 'bob') $$),
  ('{roles,users}',     $$ SELECT acl_grant('Staff', 'manage_users', 'account', 'administer') $$),
  ('{roles,configure}', $$ SELECT acl_grant('bob', 'configure', 'account', 'administer') $$),
  ('{roles,environments}', $$ SELECT acl_grant('bob', 'manage_environments', 'account', 'administer') $$),
  -- what is an admin's
  ('{admin}', $$ SELECT acl_assign('Administrators', 'bob') $$),
  ('{admin}', $$ SELECT acl_create_user('new', 'new@administer.example', 'Administrators') $$),
  ('{admin}', $$ SELECT acl_alter_user('boss', name => 'other') $$),
  ('{admin}', $$ SELECT acl_alter_role('Administrators', name => 'other') $$),
  -- what is not even an admin's
  ('{above}', $$ SELECT acl_create_account('new') $$),
  ('{above}', $$ SELECT acl_rename('account', 'administer', 'new') $$),
  ('{above}', $$ SELECT acl_create_kind('new', true) $$),
  ('{above}', $$ SELECT acl_set_kind('clearance', false) $$),
  ('{above}', $$ SELECT acl_create_action('new') $$),
  ('{above}', $$ SELECT acl_protect('ad_open', '{"location": "place"}') $$),
  ('{above}', $$ SELECT acl_unprotect('ad_doc') $$),
  ('{superuser}', $$ SELECT acl_map('regress_stranger', 'bob') $$),
  ('{superuser}', $$ SELECT acl_unmap('regress_system') $$),
  ('{superuser}', $$ SELECT acl_trust('regress_stranger') $$),
  ('{superuser}', $$ SELECT acl_distrust('regress_app') $$);

CREATE FUNCTION ad_may(who text, needs text[]) RETURNS boolean LANGUAGE sql AS
$$ SELECT CASE
     WHEN who = 'system' THEN needs <> '{superuser}'
     WHEN who = 'boss' THEN NOT needs && '{above,superuser}'
     WHEN needs && '{admin,above,superuser}' THEN false
     WHEN who LIKE 'only\_%' THEN needs <@ ARRAY[substr(who, 6)]
     WHEN who LIKE 'but\_%' THEN NOT substr(who, 5) = ANY (needs)
     ELSE false
   END $$;
SET client_min_messages = error;
CREATE TABLE ad_tried AS
SELECT n, needs, statement, who, attempt(who, statement) AS came
  FROM ad_deed, (SELECT name AS who FROM docacl.principal
                  WHERE name LIKE 'only\_%' OR name LIKE 'but\_%' OR name IN ('boss', 'looks', 'nothing', 'system')) AS w;
-- who may, does; who may not is refused and nothing else
SELECT n, statement, who, came FROM ad_tried WHERE came NOT IN ('1', '2') AND ad_may(who, needs) ORDER BY n, who;
SELECT n, statement, who, came FROM ad_tried WHERE came NOT IN ('42501', '42704') AND NOT ad_may(who, needs) ORDER BY n, who;
-- there is somebody for whom one right suffices, and somebody to whom it alone is missing
SELECT needs, statement FROM ad_deed WHERE cardinality(needs) = 1 AND NOT needs && '{admin,above,superuser}'
   AND (NOT EXISTS (SELECT FROM ad_tried t WHERE t.n = ad_deed.n AND who = 'only_' || needs[1] AND came = '1')
     OR NOT EXISTS (SELECT FROM ad_tried t WHERE t.n = ad_deed.n AND who = 'but_' || needs[1] AND came LIKE '42%'));
-- a read-only user administers nothing, whatever he holds
SELECT DISTINCT came AS "42501" FROM ad_tried WHERE who = 'looks';
-- who sees nothing is not told what there is: the names of resources are unknown ones to him
SELECT n, came, statement FROM ad_tried WHERE who = 'nothing' AND came <> '42501' ORDER BY n;
-- and those who see it are told that they may not; a queue is seen by nobody but admins
SELECT n, statement, count(*) FROM ad_tried WHERE came = '42704' AND who NOT IN ('nothing', 'looks') GROUP BY n, statement ORDER BY n;
-- a superuser does all of them
SELECT count(*) AS n0 FROM ad_deed, complaint(NULL, statement) AS said WHERE said <> 'no error';
RESET client_min_messages;

--
-- rights on an environment or a company reach what lies below it, and nothing beside it
--
DO $$ BEGIN
  PERFORM person('of E', 'Users');
  PERFORM acl_grant('of E', 'read, manage_companies', 'environment', 'E');
  PERFORM person('of C', 'Users');
  PERFORM acl_grant('of C', 'read, manage_parties', 'company', 'C');
END $$;
SELECT attempt('of E', $$ SELECT acl_create('company', 'new', 'E') $$) AS n1,
       attempt('of E', $$ SELECT acl_create('company', 'new', 'E2') $$) AS "42704",
       attempt('of E', $$ SELECT acl_move('company', 'C2', 'E2') $$) AS "42704",
       attempt('of E', $$ SELECT acl_rename('environment', 'E', 'mine') $$) AS "42501",
       attempt('of E', $$ SELECT acl_create('client', 'new', 'C') $$) AS "42501",
       attempt('of E', $$ SELECT acl_create('environment', 'new') $$) AS "42501";
SELECT attempt('of C', $$ SELECT acl_create('client', 'new', 'C') $$) AS n1,
       attempt('of C', $$ SELECT acl_create('client', 'new', 'C2') $$) AS "42704",
       attempt('of C', $$ SELECT acl_rename('company', 'C', 'mine') $$) AS "42501",
       attempt('of C', $$ SELECT acl_grant('of C', 'view', 'company', 'C') $$) AS "42501";
-- a function of the same name further down hands out nothing
DO $$ BEGIN
  PERFORM acl_create('function', 'Role Authorizations', 'F');
  PERFORM person('pretender', 'Users');
  PERFORM acl_grant('pretender', 'change', 'function', '/F/Role Authorizations');
END $$;
SELECT attempt('pretender', $$ SELECT acl_create('document type', 'new') $$) AS "42501";
DO $$ BEGIN PERFORM acl_drop('function', '/F/Role Authorizations'); PERFORM acl_drop_user('pretender'); END $$;
-- who makes a location or a project gets what he needs there, and only there
SELECT attempt('only_projects', $$ SELECT acl_rename('project', 'new', 'newer') FROM acl_create('project', 'new') $$) AS n1,
       attempt('only_add', $$ SELECT acl_grant('bob', 'view', 'location', 'new') FROM acl_create('location', 'new', 'L') $$) AS n1,
       attempt('only_add', $$ SELECT acl_grant('bob', 'view', 'location', 'new') FROM acl_create('location', 'new', 'L', inherits => true) $$) AS "42501";

--
-- every way up. A manager manages users and roles, keeps L, and is no admin.
--
DO $$ BEGIN
  PERFORM acl_create_role('Bosses');
  PERFORM acl_create_role('Nearly bosses');
  PERFORM acl_assign('Administrators', 'Bosses');
  PERFORM acl_assign('Bosses', 'Nearly bosses');
  PERFORM acl_create_role('Later bosses');
  PERFORM acl_assign('Administrators', 'Later bosses', valid_from => now() + interval '1 day');
  PERFORM acl_create_role('Companies');
  PERFORM acl_grant('Companies', 'manage_companies', 'account', 'administer');
  PERFORM acl_create_role('Around companies');
  PERFORM acl_assign('Companies', 'Around companies');
  PERFORM acl_create_role('Companies later');
  PERFORM acl_grant('Companies later', 'manage_companies', 'environment', 'E', valid_from => now() + interval '1 day');
  PERFORM person('chief', 'Nearly bosses');
  PERFORM person('company', 'Around companies');
  PERFORM person('manager', 'Users');
  PERFORM acl_grant('manager', 'manage_users, manage_roles', 'account', 'administer');
  PERFORM acl_grant('manager', 'full', 'location', 'L');
  PERFORM acl_grant('manager', 'read', 'account', 'administer');
  PERFORM acl_create_role('Sleeping bosses');
  PERFORM acl_assign('Administrators', 'Sleeping bosses');
  PERFORM acl_assign('Sleeping bosses', 'manager');
  PERFORM acl_alter_role('Sleeping bosses', enabled => false);
  PERFORM acl_create_role('Sleeping companies');
  PERFORM acl_grant('Sleeping companies', 'manage_companies', 'account', 'administer');
  PERFORM acl_assign('Sleeping companies', 'manager');
  PERFORM acl_alter_role('Sleeping companies', enabled => false);
  -- an environment that takes nothing from its account
  PERFORM acl_create('environment', 'Apart', 'administer', inherits => false);
END $$;
CREATE FUNCTION ways_up(VARIADIC ways text[]) RETURNS TABLE (way text, "42501" text) LANGUAGE sql AS
$$ SELECT way, attempt('manager', 'SELECT ' || way) FROM unnest(ways) WITH ORDINALITY AS w(way, n) ORDER BY n $$;
-- the admin role, and roles that lead to it
SELECT * FROM ways_up(
  $$ acl_assign('Administrators', 'manager') $$,
  $$ acl_assign('Bosses', 'manager') $$,
  $$ acl_assign('Nearly bosses', 'manager') $$,
  $$ acl_assign('Nearly bosses', 'bob') $$,
  $$ acl_assign('Later bosses', 'manager') $$,
  $$ acl_assign('Administrators', 'Users') $$,
  $$ acl_assign('Nearly bosses', 'Staff') $$,
  $$ acl_assign('Bosses', 'manager', valid_from => now() + interval '1 hour') $$,
  $$ acl_create_user('new', 'new@administer.example', 'Administrators') $$,
  $$ acl_create_user('new', 'new@administer.example', 'Nearly bosses') $$,
  $$ acl_alter_role('Nearly bosses', is_default => true) $$,
  $$ acl_alter_role('Administrators', is_default => true) $$,
  $$ acl_alter_role('Sleeping bosses', enabled => true) $$,
  $$ acl_alter_role('Bosses', name => 'Others') $$,
  $$ acl_alter_role('Bosses', enabled => false) $$,
  $$ acl_alter_role('Administrators', name => 'Others') $$,
  $$ acl_unassign('Administrators', 'Bosses') $$,
  $$ acl_unassign('Bosses', 'Nearly bosses') $$,
  $$ acl_unassign('Administrators', 'boss') $$,
  $$ acl_unassign('Nearly bosses', 'chief') $$,
  $$ acl_drop_role('Bosses') $$,
  $$ acl_drop_role('Later bosses') $$);
SELECT attempt('manager', $$ SELECT acl_drop_role('Administrators') $$) AS "55000";
-- those who are in it
SELECT * FROM ways_up(
  $$ acl_alter_user('boss', enabled => false) $$,
  $$ acl_alter_user('boss', email => 'manager2@administer.example') $$,
  $$ acl_alter_user('chief', name => 'ex-chief') $$,
  $$ acl_alter_user('chief', valid_until => now()) $$,
  $$ acl_alter_user('chief', read_only => true) $$,
  $$ acl_drop_user('boss') $$,
  $$ acl_drop_user('chief') $$);
-- actions of administration that he does not hold
SELECT * FROM ways_up(
  $$ acl_grant('manager', 'manage_companies', 'account', 'administer') $$,
  $$ acl_grant('manager', 'manage_companies', 'environment', 'E') $$,
  $$ acl_grant('manager', 'view, manage_parties', 'company', 'C') $$,
  $$ acl_grant('manager', 'manage_users, manage_environments', 'account', 'administer') $$,
  $$ acl_grant('everyone', 'manage_companies', 'account', 'administer') $$,
  $$ acl_grant('Users', 'manage_companies', 'account', 'administer') $$,
  $$ acl_grant('manager', 'configure', 'account', 'administer') $$,
  $$ acl_grant('manager', 'manage_companies', 'account', 'administer', valid_from => now() + interval '1 day') $$,
  $$ acl_set_grant('manager', 'manage_users, manage_companies', 'account', 'administer') $$,
  $$ acl_set_grant('everyone', 'manage_api_keys', 'environment', 'E') $$,
  $$ acl_copy_grants('Companies', 'manager') $$,
  $$ acl_copy_grants('Companies later', 'manager') $$,
  $$ acl_copy_grants('looks', 'manager') $$,
  $$ acl_assign('Companies', 'manager') $$,
  $$ acl_assign('Around companies', 'manager') $$,
  $$ acl_assign('Companies later', 'manager') $$,
  $$ acl_assign('Around companies', 'Users') $$,
  $$ acl_alter_role('Around companies', is_default => true) $$,
  $$ acl_alter_role('Sleeping companies', enabled => true) $$,
  $$ acl_create_user('new', 'new@administer.example', 'Around companies') $$,
  -- and those who hold them: whoever sets an e-mail can become its owner
  $$ acl_alter_user('company', email => 'mine@administer.example') $$,
  $$ acl_alter_user('company', enabled => true) $$,
  $$ acl_set_inherits('environment', 'Apart', true) $$);
-- those he holds he gives; one who holds it all lets the environment take from the account
SELECT attempt('manager', $$ SELECT acl_grant('bob', 'manage_users', 'account', 'administer') $$) AS n1,
       attempt('boss', $$ SELECT acl_set_inherits('environment', 'Apart', true) $$) AS n1;
-- a * holds no action of administration, for nobody
SELECT attempt('boss', $$ SELECT acl_grant('manager', 'manage_companies', 'location', '*') $$) AS "22023",
       attempt('manager', $$ SELECT acl_grant('manager', 'manage_companies', 'project', '*') $$) AS "22023";
-- logins and database roles
SELECT * FROM ways_up(
  $$ acl_map('regress_stranger', 'manager') $$,
  $$ acl_map('regress_stranger', 'boss') $$,
  $$ acl_map('regress_stranger', 'system') $$,
  $$ acl_trust('regress_stranger') $$,
  $$ acl_unmap('regress_system') $$,
  $$ set_config('docacl.principal', '1', true) $$);
SELECT attempt('manager', 'UPDATE docacl.principal SET read_only = false') AS "42501",
       attempt('manager', 'INSERT INTO docacl.membership (account_id, role_id, member_id) SELECT account_id, id, 1 FROM docacl.principal') AS "42501",
       attempt('manager', 'DELETE FROM docacl.db_role') AS "42501";

--
-- the last administrator: nobody takes him away, not himself and no superuser
--
SELECT attempt('boss', $$ SELECT acl_unassign('Administrators', 'Bosses') $$) AS n1,
       attempt('boss', $$ SELECT acl_drop_user('chief'), acl_unassign('Administrators', 'boss') $$) AS "55000",
       attempt('boss', $$ SELECT acl_drop_user('chief'), acl_alter_user('boss', enabled => false) $$) AS "55000",
       attempt('boss', $$ SELECT acl_drop_user('chief'), acl_alter_user('boss', valid_until => now()) $$) AS "55000",
       attempt('boss', $$ SELECT acl_drop_user('chief'), acl_drop_user('boss') $$) AS "55000",
       attempt('system', $$ SELECT acl_drop_user('chief'), acl_drop_user('boss') $$) AS "55000",
       attempt('chief', $$ SELECT acl_drop_user('boss'), acl_alter_role('Bosses', enabled => false) $$) AS "55000",
       attempt('chief', $$ SELECT acl_drop_user('boss'), acl_drop_role('Nearly bosses') $$) AS "55000",
       attempt('chief', $$ SELECT acl_drop_user('boss'), acl_unassign('Bosses', 'Nearly bosses') $$) AS "55000";
-- a read-only user is put in no admin role, directly or with the role that he is in
SELECT attempt('boss', $$ SELECT acl_assign('Administrators', 'looks') $$) AS "23514",
       attempt('boss', $$ SELECT acl_assign('Nearly bosses', 'looks') $$) AS "23514",
       attempt('boss', $$ SELECT acl_assign('Administrators', 'Users') $$) AS "23514",
       attempt('boss', $$ SELECT acl_create_user('new', 'new@administer.example', 'Bosses', read_only => true) $$) AS "23514",
       attempt('boss', $$ SELECT acl_alter_user('chief', read_only => true) $$) AS "23514";

--
-- system is nobody's to change, not even a superuser's
--
SELECT way, attempt('boss', 'SELECT ' || way) AS "42501", attempt('system', 'SELECT ' || way) AS "42501", (SELECT left(said, 5) FROM complaint(NULL, 'SELECT ' || way) AS said LIMIT 1) AS "42501"
  FROM unnest(ARRAY[
    $$ acl_drop_user('system') $$, $$ acl_alter_user('system', enabled => false) $$, $$ acl_alter_user('system', name => 'x') $$,
    $$ acl_alter_role('system', enabled => false) $$, $$ acl_drop_role('system') $$,
    $$ acl_grant('system', 'view', 'location', 'L') $$, $$ acl_set_grant('system', 'view', 'location', 'L') $$,
    $$ acl_revoke('system', 'view', 'location', 'L') $$, $$ acl_grant_row('system', 'view', 'ad_doc', '1') $$,
    $$ acl_copy_grants('bob', 'system') $$, $$ acl_assign('Staff', 'system') $$, $$ acl_assign('Administrators', 'system') $$,
    $$ acl_assign('system', 'bob') $$]) WITH ORDINALITY AS w(way, n) ORDER BY n;
SELECT attempt('boss', $$ SELECT acl_create_user('System', 'new@administer.example', 'Users') $$) AS "22023",
       attempt('boss', $$ SELECT acl_alter_user('bob', name => ' system ') $$) AS "22023";

--
-- another account: by name, path, id, key, e-mail, count. The answers are those to what does not exist
--
SELECT regexp_replace(way, '[0-9]+::bigint', '…') AS way, attempt('boss', 'SELECT ' || way) AS "42704"
  FROM unnest(ARRAY[
    $$ acl_alter_user('olga', enabled => false) $$, $$ acl_alter_user('olga@other.example', enabled => false) $$,
    $$ acl_alter_user('other:olga', enabled => false) $$, $$ acl_drop_user('other:olga') $$,
    $$ acl_alter_role('other-role', enabled => false) $$, $$ acl_drop_role('Other role') $$,
    $$ acl_assign('Staff', 'other:olga') $$, $$ acl_assign('other-role', 'bob') $$, $$ acl_unassign('other-role', 'bob') $$,
    $$ acl_grant('other:olga', 'view', 'location', 'L') $$, $$ acl_grant('bob', 'view', 'location', 'Secret') $$,
    $$ acl_grant('bob', 'view', 'location', '/Secret') $$, $$ acl_copy_grants('other:olga', 'bob') $$,
    $$ acl_grant('bob', 'view', 'account', 'other') $$, $$ acl_rename('account', 'other', 'x') $$, $$ acl_drop('account', 'other') $$,
    $$ acl_rename('location', 'Secret', 'x') $$, $$ acl_drop('location', 'Secret') $$, $$ acl_move('location', 'L', 'Secret') $$,
    $$ acl_create('location', 'new', 'Secret') $$, $$ acl_create('environment', 'new', 'other') $$, $$ acl_create('company', 'new', 'Other environment') $$,
    format($$ acl_grant('bob', 'view', 'location', %s::bigint) $$, :secret), format($$ acl_drop('location', %s::bigint) $$, :secret),
    format($$ acl_rename('location', %s::bigint, 'x') $$, :secret), format($$ acl_move('location', 'L', %s::bigint) $$, :secret),
    format($$ acl_create('location', 'new', %s::bigint) $$, :secret), format($$ acl_grant('bob', 'view', 'account', %s::bigint) $$, :other),
    format($$ acl_set_inherits('location', %s::bigint, true) $$, :secret)]) WITH ORDINALITY AS w(way, n) ORDER BY n;
SELECT count(*) AS n0 FROM unnest(ARRAY[
    $$ SELECT acl_grant('bob', 'view', 'location', %s::bigint) $$, $$ SELECT acl_drop('location', %s::bigint) $$,
    $$ SELECT acl_move('location', 'L', %s::bigint) $$, $$ SELECT acl_create('location', 'new', %s::bigint) $$]) AS statement
 WHERE (SELECT array_agg(replace(said, :'secret', '…')) FROM complaint('boss', format(statement, :secret)) AS said)
    <> (SELECT array_agg(replace(said, '999999', '…')) FROM complaint('boss', format(statement, 999999)) AS said);
-- saying that the account is another one does not make him of it
CREATE ROLE regress_ad_boss LOGIN;
DO $$ BEGIN PERFORM acl_map('regress_ad_boss', 'boss'); END $$;
BEGIN;
SET LOCAL ROLE regress_ad_boss;
SELECT set_config('docacl.account', 'other', true) AS other;
SELECT acl_can_on('location', 'L', 'security') AS t;
SELECT acl_drop_role('Other role');                                  -- fail: unknown
ROLLBACK;

--
-- disabled, expired, nobody: nothing is left of what one administered
--
BEGIN;
DO $$ BEGIN PERFORM acl_alter_user('boss', enabled => false); END $$;
SET LOCAL ROLE regress_ad_boss;
SELECT acl_create_role('new');                                       -- fail
ROLLBACK;
BEGIN;
DO $$ BEGIN PERFORM acl_alter_user('boss', valid_until => now()); END $$;
SET LOCAL ROLE regress_ad_boss;
SELECT acl_grant('bob', 'view', 'location', 'L');                    -- fail
ROLLBACK;
BEGIN;
SET LOCAL ROLE regress_stranger;
SELECT acl_grant('bob', 'view', 'location', 'L');                    -- fail
ROLLBACK;
BEGIN;
SET LOCAL ROLE regress_stranger;
SELECT acl_grant('no such', 'view', 'location', 'no such');          -- fail: the same
ROLLBACK;

--
-- an API key administers its environment as far as it was granted to, and is never an admin
--
CREATE ROLE regress_ad_key LOGIN;
INSERT INTO docacl.principal (account_id, kind, name, environment_id)
SELECT e.account_id, 'api_key', 'key', e.id FROM docacl.resource e WHERE e.kind = 'environment' AND e.name = 'E';
DO $$ BEGIN
  PERFORM acl_map('regress_ad_key', 'key');
  PERFORM acl_grant('key', 'read, manage_companies', 'account', 'administer');
  PERFORM acl_assign('Administrators', 'key');
  PERFORM acl_grant('everyone', 'manage_environments', 'account', 'administer');
END $$;
CREATE FUNCTION key_tries(statement text) RETURNS text LANGUAGE plpgsql AS
$$ BEGIN
     PERFORM set_config('role', 'regress_ad_key', true);
     EXECUTE statement;
     RAISE EXCEPTION USING ERRCODE = 'ZZ999';
   EXCEPTION WHEN SQLSTATE 'ZZ999' THEN RETURN 'done';
     WHEN OTHERS THEN RETURN SQLSTATE;
   END $$;
SELECT key_tries($$ SELECT acl_create('company', 'new', 'E') $$) AS done,
       key_tries($$ SELECT acl_create('company', 'new', 'E2') $$) AS "42704",
       key_tries($$ SELECT acl_create('environment', 'new') $$) AS "42501",
       key_tries($$ SELECT acl_rename('environment', 'E', 'x') $$) AS "42501",
       key_tries($$ SELECT acl_create_user('new', 'new@administer.example', 'Users') $$) AS "42501",
       key_tries($$ SELECT acl_assign('Administrators', 'bob') $$) AS "42501",
       key_tries($$ SELECT acl_create('location', 'new') $$) AS "42501",
       key_tries($$ SELECT acl_grant('key', 'view', 'environment', 'E') $$) AS "42501";
-- nor the last one of the account
SELECT attempt('boss', $$ SELECT acl_drop_user('chief'), acl_unassign('Administrators', 'boss') $$) AS "55000";
-- nothing of all this changed anything
SELECT name, enabled, read_only FROM docacl.principal WHERE name IN ('boss', 'chief', 'bob', 'system', 'olga', 'Other role', 'Bosses') ORDER BY name COLLATE "C";
