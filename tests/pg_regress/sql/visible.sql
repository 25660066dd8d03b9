--
-- What a user sees of docacl's own tables: what he may see, no more (T16), so that he can join his documents with it.
--
DO $$ BEGIN PERFORM acl_create_account('other'); PERFORM acl_create_account('visible'); END $$;
SET docacl.account = 'other';
DO $$ BEGIN
  PERFORM person('zoe', 'Users'), acl_create('location', 'Abroad', key => 'abroad'), acl_grant('zoe', 'view, enter', 'location', 'Abroad');
  PERFORM person('zed', 'Administrators');
END $$;
SET docacl.account = 'visible';
DO $$ BEGIN
  PERFORM acl_create('location', 'HR'), acl_create('location', 'Board', 'HR'), acl_create('location', 'Safe/1', 'Board', inherits => true);
  PERFORM acl_create('location', 'Sales'), acl_create('location', 'Europe', 'Sales', inherits => true);
  PERFORM acl_create('document type', 'Letter'), acl_create('document type', 'Invoice');
  PERFORM acl_create('project', 'P'), acl_create('project', 'Q');
  PERFORM acl_create('environment', 'E1'), acl_create('company', 'C1', 'E1'), acl_create('company', 'C2', 'E1');
  PERFORM acl_create_role('Readers'), acl_create_role('Writers'), acl_create_role('Bosses');
  PERFORM person('boss', 'Administrators'), person('ann', 'Readers'), person('sue', 'Users'), person('mia', 'Users'), person('rob', 'Users');
  PERFORM person('pia', 'Users'), person('tom', 'Writers'), person('cat', 'Users'), person('off', 'Readers'), person('none', 'Users');
  PERFORM acl_assign('Bosses', 'Writers');
  PERFORM acl_grant('Readers', 'enter', 'location', 'HR'), acl_grant('Readers', 'view', 'location', 'Safe\/1');
  PERFORM acl_grant('Readers', 'view', 'document type', 'Letter');
  PERFORM acl_grant('sue', 'view, security', 'location', 'Board');          -- may grant there
  PERFORM acl_grant('mia', 'manage_users', 'account', 'visible'), acl_grant('rob', 'manage_roles', 'account', 'visible');
  PERFORM acl_grant('pia', 'view', 'project', 'P'), acl_grant('tom', 'change', 'project', 'P'), acl_grant('none', 'change', 'project', 'Q');
  PERFORM acl_grant('cat', 'view', 'company', 'C1');                         -- one company of two (A11)
  PERFORM acl_grant('Bosses', 'view', 'location', 'Sales', note => 'all of it');
  PERFORM acl_grant('tom', 'add', 'location', 'Board');                      -- he may put something there and sees nothing of it
  PERFORM acl_grant('none', 'view', 'location', 'Sales'), acl_revoke('none', 'view', 'location', 'Sales');
  PERFORM acl_alter_user('off', enabled => false);
END $$;
CREATE TABLE vi_document (id bigint PRIMARY KEY, title text, location bigint, type bigint, project bigint, created_by bigint, own_acl bigint);
GRANT SELECT, UPDATE ON vi_document TO PUBLIC;
DO $$ BEGIN
  PERFORM acl_protect('vi_document', '{"location":"location","document_type":"type","project":"project"}', '{"owner":"created_by","own_acl":"own_acl","default":true}');
END $$;
INSERT INTO vi_document
  SELECT n, 'title ' || n, (SELECT id FROM docacl.resource WHERE kind = 'location' AND name = l), (SELECT id FROM docacl.resource WHERE name = t)
  FROM (VALUES (1, 'Safe/1', 'Letter'), (2, 'Safe/1', 'Invoice'), (3, 'Sales', NULL), (4, 'Board', NULL), (5, 'Europe', 'Letter')) AS v(n, l, t);
-- shares: 1 is ann's to see, 2 is not, though she holds view on its location: the type is closed
DO $$ BEGIN
  PERFORM acl_grant_row('cat', 'view', 'vi_document', '1'), acl_grant_row('cat', 'view', 'vi_document', '2');
END $$;

-- the resources
CREATE FUNCTION paths(who text) RETURNS text LANGUAGE plpgsql AS
$$ DECLARE
     said text;
   BEGIN
     BEGIN
       PERFORM become(who);
       SELECT string_agg(kind || ' ' || path, ', ' ORDER BY kind, path COLLATE "C") INTO said FROM docacl.resource_list;
       RAISE EXCEPTION USING ERRCODE = 'ZZ999';
     EXCEPTION WHEN SQLSTATE 'ZZ999' THEN RETURN coalesce(said, 'nothing');
     END;
   END $$;
SELECT who, paths(who) FROM unnest(ARRAY['ann', 'sue', 'mia', 'rob', 'pia', 'tom', 'cat', 'none']) AS who;
SELECT count(*) AS all_of_visible FROM docacl.resource WHERE account_id = (SELECT id FROM docacl.resource WHERE kind = 'account' AND name = 'visible');
SELECT array_length(string_to_array(paths('boss'), ', '), 1) AS all_of_visible;
SELECT count(*) AS all_there_is FROM docacl.resource;
SELECT attempt('system', 'SELECT FROM docacl.resource') AS all_there_is;

-- the law: what SELECT shows is what acl_can_on says, for every user and resource; 0 rows
CREATE FUNCTION differences(who text) RETURNS SETOF text LANGUAGE plpgsql AS
$$ DECLARE
     shown text[] := string_to_array(sees(who, 'docacl.resource'), ',');
     r record;
     expected boolean;
   BEGIN
     FOR r IN SELECT * FROM docacl.resource LOOP
       IF r.account_id <> (SELECT id FROM docacl.resource WHERE kind = 'account' AND name = 'visible') THEN
         expected := false;
       ELSIF r.kind = 'document' THEN
         expected := acl_can_on(who, 'document', r.row_key, 'read');
       ELSE
         expected := acl_can_on(who, r.kind, r.id, 'read') OR r.kind IN ('location') AND acl_can_on(who, r.kind, r.id, 'enter');
       END IF;
       IF expected IS DISTINCT FROM (r.id::text = ANY (shown)) THEN
         RETURN NEXT who || ' ' || r.kind || ' ' || r.name;
       END IF;
     END LOOP;
   END $$;
SELECT d AS difference FROM docacl.principal AS p, differences(p.name) AS d
 WHERE p.kind = 'user' AND p.enabled AND p.account_id = (SELECT id FROM docacl.resource WHERE kind = 'account' AND name = 'visible');

-- how much of each table and view, an attacker's function looking on
CREATE FUNCTION amounts(who text) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(split_part(relation, ' ', 1) || ' ' || attempt(who, format('SELECT FROM docacl.%s WHERE f_snoop(%s::text)', split_part(relation, ' ', 1), split_part(relation, ' ', 2))), ', ')
   FROM unnest(ARRAY['resource name', 'principal name', 'membership id', 'grants note', 'resource_list path', 'grant_list principal', 'member_list member']) AS relation $$;
SELECT who, amounts(who) FROM unnest(ARRAY['ann', 'sue', 'mia', 'rob', 'pia', 'tom', 'cat', 'none']) AS who;
SELECT amounts('boss') AS boss, amounts('system') AS system;
SELECT attempt('none', 'SELECT FROM docacl.kind') = (SELECT count(*)::text FROM docacl.kind) AS t, attempt('none', 'SELECT FROM docacl.action') = (SELECT count(*)::text FROM docacl.action) AS t;
-- another account's user of the same rights sees his own account only
SET docacl.account = 'other';
SELECT who, paths(who) FROM unnest(ARRAY['zoe', 'zed']) AS who;
SELECT who, amounts(who) FROM unnest(ARRAY['zoe', 'zed']) AS who;
SET docacl.account = 'visible';
-- a disabled user is nobody
SELECT attempt('off', 'SELECT FROM docacl.resource') AS "28000";
CREATE ROLE regress_off;
DO $$ BEGIN PERFORM acl_map('regress_off', 'off'); END $$;
SET ROLE regress_off;
SELECT (SELECT count(*) FROM docacl.resource) + (SELECT count(*) FROM docacl.principal) + (SELECT count(*) FROM docacl.membership)
     + (SELECT count(*) FROM docacl.grants) + (SELECT count(*) FROM docacl.kind) + (SELECT count(*) FROM docacl.action) AS n0;
RESET ROLE;
-- row_security off does not open them
BEGIN;
SET LOCAL row_security = off;
SELECT attempt('ann', 'SELECT FROM docacl.resource') AS "42501";
ROLLBACK;

-- the people, the memberships and the grants, in words
CREATE FUNCTION lines(who text, query text) RETURNS SETOF text LANGUAGE plpgsql AS
$$ DECLARE
     said text[];
   BEGIN
     BEGIN
       PERFORM become(who);
       EXECUTE format('SELECT array_agg(q::text ORDER BY q::text COLLATE "C") FROM (%s) AS q', query) INTO said;
       RAISE EXCEPTION USING ERRCODE = 'ZZ999';
     EXCEPTION WHEN SQLSTATE 'ZZ999' THEN RETURN QUERY SELECT unnest(said);
     END;
   END $$;
SELECT who, (SELECT string_agg(l, ' ') FROM lines(who, 'SELECT name FROM docacl.principal') AS l) AS people
  FROM unnest(ARRAY['ann', 'sue', 'mia', 'rob', 'pia', 'tom', 'cat', 'none', 'boss']) AS who;
SELECT who, (SELECT string_agg(l, ' ') FROM lines(who, 'SELECT role, member, member_kind, source, granted_by, revoked_at IS NULL FROM docacl.member_list') AS l) AS members
  FROM unnest(ARRAY['ann', 'sue', 'pia', 'tom', 'none', 'mia']) AS who;
SELECT who, l AS grants FROM unnest(ARRAY['ann', 'sue', 'pia', 'tom', 'cat', 'none']) AS who,
  lines(who, 'SELECT principal, actions, kind, path, source, note, granted_by, revoked_by, revoked_at IS NULL FROM docacl.grant_list') AS l;
SELECT count(*) AS n0 FROM lines('mia', 'SELECT FROM docacl.grants WHERE principal_id NOT IN (SELECT id FROM docacl.principal)');

-- documents joined with what they refer to
SELECT who, l FROM unnest(ARRAY['ann', 'sue', 'tom', 'cat']) AS who,
  lines(who, 'SELECT d.id, l.name AS location, t.name AS type, p.name AS owner FROM vi_document d
              LEFT JOIN docacl.resource l ON l.id = d.location LEFT JOIN docacl.resource t ON t.id = d.type LEFT JOIN docacl.principal p ON p.id = d.created_by') AS l;
-- B10: a location without a key is no row; A9, A11: one company of two, not its environment
SELECT attempt('ann', 'SELECT FROM docacl.resource WHERE name = ''Sales''') AS n0;
SELECT attempt('ann', 'SELECT FROM docacl.resource WHERE name = ''HR''') AS n1;
SELECT attempt('cat', 'SELECT FROM docacl.resource WHERE name IN (''C1'', ''C2'', ''E1'')') AS n1;
-- C7: who reads the project sees its authorisations
SELECT attempt('pia', 'SELECT FROM docacl.grant_list WHERE kind = ''project'' AND path = ''/P''') AS n2;
SELECT attempt('pia', 'SELECT FROM docacl.grant_list WHERE kind = ''project'' AND path = ''/Q''') AS n0;
-- a grant is seen as soon as it is given, and what was taken away is not
BEGIN;
DO $$ BEGIN PERFORM acl_grant('ann', 'view', 'location', 'Sales'), acl_revoke('Readers', 'enter', 'location', 'HR'); END $$;
SELECT attempt('ann', 'SELECT FROM docacl.resource WHERE name = ''Sales''') AS n1, attempt('ann', 'SELECT FROM docacl.resource WHERE name = ''HR''') AS n0;
ROLLBACK;
SELECT attempt('ann', 'SELECT FROM docacl.resource WHERE name = ''Sales''') AS n0, attempt('ann', 'SELECT FROM docacl.resource WHERE name = ''HR''') AS n1;

-- a database role that is nobody sees nothing, whatever it asks; docacl.nobody may make that an error
SET ROLE regress_stranger;
SELECT (SELECT count(*) FROM docacl.resource) + (SELECT count(*) FROM docacl.principal) + (SELECT count(*) FROM docacl.membership)
     + (SELECT count(*) FROM docacl.grants) + (SELECT count(*) FROM docacl.kind) + (SELECT count(*) FROM docacl.action) + (SELECT count(*) FROM docacl.grant_list)
     + (SELECT count(*) FROM docacl.member_list) + (SELECT count(*) FROM docacl.resource_list) AS n0;
SELECT docacl.path(1), docacl.kind_of(1), docacl.principal_name(1), docacl.sees_resource(1) AS f, docacl.sees_principal(1) AS f;
SET docacl.nobody = 'error';
SELECT count(*) FROM docacl.resource;       -- fail
RESET docacl.nobody;
RESET ROLE;

-- what is not there and what may not be seen are answered alike
SELECT DISTINCT l FROM lines('ann', 'SELECT docacl.path(id), docacl.kind_of(id), docacl.sees_resource(id)
  FROM unnest(ARRAY[-1, 9999999, ' || (SELECT string_agg(id::text, ',') FROM docacl.resource WHERE name IN ('Sales', 'Abroad', 'C1')) || ']) AS id') AS l;
SELECT DISTINCT l FROM lines('ann', 'SELECT docacl.principal_name(id), docacl.sees_principal(id)
  FROM unnest(ARRAY[-1, 9999999, 1, ' || (SELECT string_agg(id::text, ',') FROM docacl.principal WHERE name IN ('boss', 'zoe', 'Writers')) || ']) AS id') AS l;

-- nothing else is readable, nothing is writable, no right on rows is handed out by hand
SELECT who, relation, attempt(who, 'SELECT FROM docacl.' || relation) AS "42501"
  FROM unnest(ARRAY['ann', 'boss', 'system']) AS who, unnest(ARRAY['stamp', 'db_role', 'protected_table', 'event']) AS relation;
SELECT DISTINCT attempt(who, format(statement, relation)) AS "42501"
  FROM unnest(ARRAY['ann', 'boss', 'system']) AS who, unnest(ARRAY['kind', 'action', 'resource', 'principal', 'membership', 'grants']) AS relation,
       unnest(ARRAY['DELETE FROM docacl.%s', 'TRUNCATE docacl.%s', 'INSERT INTO docacl.%s DEFAULT VALUES', 'LOCK TABLE docacl.%s IN EXCLUSIVE MODE',
                    'SELECT FROM docacl.%s FOR UPDATE', 'DROP POLICY docacl_sees ON docacl.%s', 'ALTER TABLE docacl.%s DISABLE ROW LEVEL SECURITY',
                    'CREATE POLICY docacl_sees ON docacl.%s USING (true)', 'CREATE TRIGGER t BEFORE INSERT ON docacl.%s EXECUTE FUNCTION docacl.row_trigger()']) AS statement;
SELECT attempt('boss', 'UPDATE docacl.grants SET actions = 1') AS "42501", attempt('boss', 'CREATE TABLE docacl.mine ()') AS "42501",
       attempt('boss', 'SELECT docacl.cache()') AS "42501", attempt('boss', 'SELECT docacl.touch(1::smallint, ARRAY[1::bigint])') AS "42501",
       attempt('boss', 'SELECT nextval(''docacl.grants_id_seq'')') AS "42501";
-- what of docacl's schema everybody may call, and which privileges everybody has there
\pset format unaligned
SELECT p.oid::regprocedure AS may_call
  FROM pg_proc AS p WHERE pronamespace = 'docacl'::regnamespace AND has_function_privilege('regress_stranger', p.oid, 'EXECUTE')
 ORDER BY p.oid::regprocedure::text COLLATE "C";
SELECT c.relname, privilege AS may_use
  FROM pg_class AS c, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS privilege
 WHERE relnamespace = 'docacl'::regnamespace AND relkind IN ('r', 'v') AND has_table_privilege('regress_stranger', c.oid, privilege)
 ORDER BY c.relname COLLATE "C";
\pset format aligned

-- the check of a row called by hand, with shapes of one's own: it answers about oneself only and breaks nothing
SELECT attempt('ann', format('SELECT FROM docacl.row_check(1, %L, 1::bigint) AS open WHERE open', shape)) AS n0_or_code
  FROM unnest(ARRAY['', '{}', '{"gates":[]}', 'null', '[]', '{"gates":[{"gate":"place","refs":[{"kinds":["location"],"by":"id"}]}]}',
                    '{"gates":[{"gate":"place","own":true,"refs":[]}]}', '{"gates":[{"gate":"place","refs":[{"kinds":["account"],"by":"key"}]}]}',
                    '{"gates":[],"owner":"id"}', '{"gates":[],"owner":"key"}', '{"gates":[],"immutable":true}', repeat('[', 10000)]) AS shape;
SELECT attempt('ann', 'SELECT docacl.row_check(1, ''{"gates":[],"owner":"id"}'', VARIADIC ARRAY[1, 2])') AS code,
       attempt('ann', 'SELECT docacl.row_check(NULL, NULL)') AS code, attempt('ann', 'SELECT docacl.row_check(-1, ''{"gates":[],"owner":"id"}'', NULL::text)') AS code;
