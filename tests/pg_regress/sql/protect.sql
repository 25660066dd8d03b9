--
-- acl_protect: gates by name, kind, id and the application's key of every type; constants; own lists; owner, requester,
-- immutable; columns mapped to actions; the application's own policies; what is left when the extension goes.
--
\set VERBOSITY terse
\set QUIET off
DO $$ BEGIN PERFORM acl_create_account('protect'); END $$;
SET docacl.account = 'protect';
DO $$ BEGIN
  PERFORM person('ann', 'Users');
  PERFORM person('bob', 'Users');
  PERFORM person('boss', 'Administrators');
END $$;
CREATE ROLE regress_pt_ann LOGIN;
CREATE ROLE regress_pt_bob LOGIN;
CREATE ROLE regress_pt_boss LOGIN;
DO $$ BEGIN
  PERFORM acl_map('regress_pt_ann', 'ann');
  PERFORM acl_map('regress_pt_bob', 'bob');
  PERFORM acl_map('regress_pt_boss', 'boss');
END $$;

--
-- a key of every type: ann holds the first resource of the kind and not the second
--
DO $$
DECLARE
  t text;
  k1 text;
  k2 text;
BEGIN
  FOREACH t IN ARRAY ARRAY['smallint', 'integer', 'bigint', 'uuid', 'text'] LOOP
    k1 := CASE t WHEN 'uuid' THEN 'aaaaaaaa-0000-4000-8000-000000000001' WHEN 'text' THEN 'one' ELSE '1' END;
    k2 := CASE t WHEN 'uuid' THEN 'aaaaaaaa-0000-4000-8000-000000000002' WHEN 'text' THEN 'it''s "two"/ü' ELSE '-2' END;
    PERFORM acl_create_kind(t || ' kind', false);
    PERFORM acl_create(t || ' kind', 'one', key => k1);
    PERFORM acl_create(t || ' kind', 'two', key => k2);
    PERFORM acl_grant('ann', 'change', t || ' kind', 'one');
    EXECUTE format('CREATE TABLE pt_%1$s (id %1$s PRIMARY KEY, ref %1$s, title text)', t);
    EXECUTE format('INSERT INTO pt_%1$s VALUES (%2$L, %2$L, ''one''), (%3$L, %3$L, ''two'')', t, k1, k2);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON pt_%s TO PUBLIC', t);
    PERFORM acl_protect(('pt_' || t)::regclass,
      jsonb_build_object(t || ' kind', CASE WHEN t IN ('uuid', 'text') THEN to_jsonb('ref'::text) ELSE '{"column": "ref", "by": "key"}' END), '{"key": "id"}');
  END LOOP;
END $$;
SELECT t, sees('ann', 'pt_' || t, 'title') AS one, sees('bob', 'pt_' || t, 'title') AS nothing,
       attempt('ann', format('UPDATE pt_%s SET title = title || ''!'' WHERE f_snoop(title)', t)) AS n1,
       attempt('ann', format('INSERT INTO pt_%1$s SELECT %2$L, ref FROM pt_%1$s', t, CASE t WHEN 'uuid' THEN 'aaaaaaaa-0000-4000-8000-000000000009' ELSE '9' END)) AS n1,
       disagreements(ARRAY['ann', 'bob', 'boss', 'system'], 'pt_' || t) AS n0
  FROM unnest(ARRAY['smallint', 'integer', 'bigint', 'uuid', 'text']) AS t;
-- a reference to a key that is not there, or to one of another kind, exempt session or not
SELECT complaint(NULL, 'INSERT INTO pt_integer VALUES (5, 5, ''x'')');
SELECT complaint('boss', 'INSERT INTO pt_integer VALUES (5, 5, ''x'')');
SELECT complaint(NULL, 'INSERT INTO pt_text VALUES (''x'', ''1'', ''x'')');
SELECT complaint(NULL, 'UPDATE pt_smallint SET ref = 77');

--
-- bigint: by id or by key. Left out, it is by id where every value present is an id of the gate; else one has to say
--
SELECT acl_create('location', 'A') AS a \gset
SELECT acl_create('location', 'B') AS b \gset
SELECT acl_create('document type', 'T') AS t \gset
SELECT acl_create('project', 'P') AS p \gset
CREATE TABLE pt_guess (id int PRIMARY KEY, place bigint, title text);
GRANT SELECT ON pt_guess TO PUBLIC;
INSERT INTO pt_guess VALUES (1, :a, 'in A'), (2, :b, 'in B'), (3, -1, 'nowhere');
SELECT complaint(NULL, $$ SELECT acl_protect('pt_guess', '{"location": "place"}', '{"key": "id"}') $$);
SELECT relrowsecurity AS f FROM pg_class WHERE oid = 'pt_guess'::regclass;
DELETE FROM pt_guess WHERE id = 3;
DO $$ BEGIN
  PERFORM acl_protect('pt_guess', '{"location": "place"}', '{"key": "id"}');
  PERFORM acl_grant('ann', 'view', 'location', 'A');
END $$;
SELECT sees('ann', 'pt_guess') AS "1";
SELECT complaint(NULL, format('INSERT INTO pt_guess VALUES (4, %s, ''a type'')', :t));     -- of another kind than the gate's
SELECT complaint(NULL, 'INSERT INTO pt_guess VALUES (4, -1, ''nothing'')');
DROP TABLE pt_guess;

--
-- gates are written by their own name or by a kind; by a kind only that kind is accepted
--
SELECT acl_create('environment', 'Env', 'protect') AS env \gset
SELECT acl_create('company', 'Comp', 'Env') AS comp \gset
SELECT acl_create('client', 'Cli', 'Comp') AS cli \gset
SELECT acl_create('provider', 'Prov', 'Comp') AS prov \gset
SELECT acl_create('company', 'Other', 'Env') AS other \gset
CREATE TABLE pt_scope (id int PRIMARY KEY, scope bigint, title text);
CREATE TABLE pt_party (id int PRIMARY KEY, env bigint, comp bigint, party bigint, title text);
GRANT SELECT, INSERT, UPDATE, DELETE ON pt_scope, pt_party TO PUBLIC;
DO $$ BEGIN
  PERFORM acl_protect('pt_scope', '{"scope": {"column": "scope", "by": "id"}}', '{"key": "id"}');
  PERFORM acl_protect('pt_party', '{"client": {"column": "party", "by": "id"}, "environment": {"column": "env", "by": "id"}, "company": {"column": "comp", "by": "id"}}', '{"key": "id"}');
END $$;
INSERT INTO pt_scope VALUES (1, :env, 'environment'), (2, :comp, 'company'), (3, :cli, 'client'), (4, :prov, 'provider'), (5, :other, 'other');
INSERT INTO pt_party VALUES (1, :env, NULL, NULL, 'environment'), (2, :env, :comp, NULL, 'company'), (3, :env, :comp, :cli, 'client'), (4, NULL, NULL, :cli, 'client only'), (5, :env, :other, NULL, 'other');
DO $$ BEGIN PERFORM acl_grant('ann', 'view', 'company', 'Comp'); END $$;
SELECT sees('ann', 'pt_scope') AS "2,3,4", sees('ann', 'pt_party') AS "2,3,4";
DO $$ BEGIN PERFORM acl_grant('bob', 'view', 'client', 'Cli'); END $$;
SELECT sees('bob', 'pt_scope') AS "3", sees('bob', 'pt_party') AS "3,4";
SELECT complaint(NULL, format('INSERT INTO pt_party VALUES (9, %s, %s, %s, ''a provider as client'')', :env, :comp, :prov));
SELECT complaint(NULL, format('INSERT INTO pt_party VALUES (9, %s, %s, %s, ''a client of another company'')', :env, :other, :cli));
SELECT complaint(NULL, format('INSERT INTO pt_scope VALUES (9, %s, ''a location'')', :a));
SELECT disagreements(ARRAY['ann', 'bob', 'boss', 'system'], 'pt_scope') AS n0, disagreements(ARRAY['ann', 'bob', 'boss', 'system'], 'pt_party') AS n0;

--
-- functions: constants of the table, the first is the one that counts; found in the asking user's account
--
DO $$ BEGIN
  PERFORM acl_create('screen', 'Orders');
  PERFORM acl_create('screen', 'Order overview');
  PERFORM person('cid', 'Users');
  PERFORM acl_grant('ann', 'open', 'screen', 'Orders');
  PERFORM acl_grant('cid', 'open', 'screen', 'Order overview');
END $$;
CREATE TABLE pt_order (id int PRIMARY KEY, title text);
GRANT SELECT, INSERT, UPDATE, DELETE ON pt_order TO PUBLIC;
DO $$ BEGIN PERFORM acl_protect('pt_order', '{"function": {"constant": ["Orders", "Order overview"]}}', '{"key": "id"}'); END $$;
INSERT INTO pt_order VALUES (1, 'order');
SELECT who, sees(who, 'pt_order') FROM unnest(ARRAY['ann', 'bob', 'cid', 'boss', 'system']) AS who;
-- a function that is no longer there, or not there yet, closes
DO $$ BEGIN PERFORM acl_rename('screen', 'Orders', 'Orders of old'); END $$;
SELECT who, sees(who, 'pt_order') FROM unnest(ARRAY['ann', 'bob', 'cid', 'boss', 'system']) AS who;
DO $$ BEGIN PERFORM acl_rename('screen', 'Orders of old', 'Orders'); END $$;
SELECT sees('ann', 'pt_order') AS "1";

--
-- owner, requester, immutable, own columns
--
CREATE TABLE pt_full (
  id int PRIMARY KEY, place bigint, type bigint, list bigint, created_by text, requested_by text, fixed boolean DEFAULT false,
  title text, custom_id text, signed_at date, updated_at int DEFAULT 0, body text
) WITH (autovacuum_enabled = off);
GRANT SELECT, INSERT, UPDATE, DELETE ON pt_full TO PUBLIC;
DO $$ BEGIN
  PERFORM acl_protect('pt_full', '{"location": {"column": "place", "by": "id"}, "document type": {"column": "type", "by": "id"}}',
    '{"key": "id", "own_acl": "list", "owner": {"column": "created_by", "by": "key"}, "requester": "requested_by", "immutable": "fixed",
      "columns": {"title": "rename", "custom_id": "custom id", "signed_at": "sign"}, "default": true}');
  PERFORM acl_revoke('ann', 'view', 'location', 'A');
  PERFORM acl_grant('ann', 'view, add, write', 'location', 'A');
  PERFORM acl_grant('bob', 'view', 'location', 'A');
END $$;
-- the application keeps a column of its own up to date; that asks nothing
CREATE FUNCTION regress_touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.updated_at := coalesce(OLD.updated_at, 0) + 1; RETURN NEW; END $$;
CREATE TRIGGER a_touch BEFORE UPDATE ON pt_full FOR EACH ROW EXECUTE FUNCTION regress_touch();

-- viewpoint of ann: the owner of what she makes, whatever the statement says; requester is herself or nobody
SET ROLE regress_pt_ann;
INSERT INTO pt_full (id, place, created_by) VALUES (1, :a, 'protect:bob') RETURNING id, created_by, requested_by;
INSERT INTO pt_full (id, place, requested_by) VALUES (2, :a, 'protect:bob') RETURNING id, created_by, requested_by;
INSERT INTO pt_full (id, created_by) VALUES (3, NULL) RETURNING id, place, created_by;
\set VERBOSITY sqlstate
INSERT INTO pt_full (id, place, title) VALUES (4, :a, 'named');                 -- fail: rename
INSERT INTO pt_full (id, place, fixed) VALUES (4, :a, true);                    -- fail: immutable
INSERT INTO pt_full (id, place, list) VALUES (4, :a, 1);                        -- fail: docacl's
INSERT INTO pt_full (id, place) VALUES (4, :b);                                 -- fail: nothing in B
UPDATE pt_full SET created_by = 'protect:bob' WHERE id = 1;                     -- fail
UPDATE pt_full SET created_by = NULL WHERE id = 1;                              -- fail
UPDATE pt_full SET requested_by = 'protect:ann' WHERE id = 1;                   -- fail
UPDATE pt_full SET id = 11 WHERE id = 1;                                        -- fail
UPDATE pt_full SET title = 'x' WHERE id = 1;                                    -- fail: rename
UPDATE pt_full SET body = 'x', title = 'x' WHERE id = 1;                        -- fail: the whole of it
UPDATE pt_full SET place = :b WHERE id = 1;                                     -- fail: move
UPDATE pt_full SET type = :t WHERE id = 1;                                      -- fail: add on T
UPDATE pt_full SET list = 1 WHERE id = 1;                                       -- fail: docacl's
\set VERBOSITY terse
UPDATE pt_full SET body = 'by ann' WHERE id = 1;
UPDATE pt_full SET body = 'by ann', title = title WHERE id = 1;
UPDATE pt_full SET body = 'by the requester', title = 'by the requester' WHERE id = 2;   -- the requester edits
DELETE FROM pt_full WHERE id IN (1, 2);                                         -- not given
DELETE FROM pt_full WHERE id = 3;                                               -- the intray
SELECT id, created_by, requested_by, title, updated_at, body FROM pt_full WHERE f_leak(body) ORDER BY id;
RESET ROLE;
-- viewpoint of bob: sees and changes nothing
SET ROLE regress_pt_bob;
SELECT id, body FROM pt_full WHERE f_leak(body) ORDER BY id;
UPDATE pt_full SET body = 'by bob';
UPDATE pt_full SET requested_by = 'protect:bob';
UPDATE pt_full SET created_by = 'protect:bob';
DELETE FROM pt_full;
\set VERBOSITY sqlstate
INSERT INTO pt_full (id, place, requested_by) VALUES (5, :b, 'protect:bob');    -- fail: asking for it is not being given it
\set VERBOSITY terse
RESET ROLE;
-- the requester sees what he requested wherever it lies, bob now does not
DO $$ BEGIN PERFORM acl_revoke('ann', 'view, add, write', 'location', 'A'); END $$;
SELECT sees('ann', 'pt_full') AS "2", acl_can('ann', 2, 'edit') AS t, acl_can('ann', 2, 'delete') AS f, acl_can('ann', 2, 'security') AS f;
DO $$ BEGIN PERFORM acl_alter_user('ann', read_only => true); END $$;
SELECT sees('ann', 'pt_full') AS "2", acl_can('ann', 2, 'edit') AS f;
DO $$ BEGIN PERFORM acl_alter_user('ann', read_only => false); END $$;
UPDATE pt_full SET fixed = true WHERE id = 2;
SELECT sees('ann', 'pt_full') AS "2", acl_can('ann', 2, 'edit') AS f;
DO $$ BEGIN PERFORM acl_alter_user('ann', enabled => false); END $$;
SELECT acl_can('ann', 2, 'view') AS f;
DO $$ BEGIN PERFORM acl_alter_user('ann', enabled => true); END $$;

-- viewpoint of the admin: owner and requester as said, immutable back, any key
SET ROLE regress_pt_boss;
INSERT INTO pt_full (id, place, created_by, requested_by) VALUES (6, :b, 'protect:bob', 'protect:ann') RETURNING id, created_by, requested_by;
INSERT INTO pt_full (id, place, fixed, title) VALUES (7, :b, true, 'fixed') RETURNING id, fixed;
UPDATE pt_full SET fixed = false, body = 'x' WHERE id = 7 RETURNING id, fixed;
UPDATE pt_full SET created_by = 'protect:ann', requested_by = NULL WHERE id = 6 RETURNING id, created_by, requested_by;
UPDATE pt_full SET id = 77 WHERE id = 7 RETURNING id;
\set VERBOSITY sqlstate
UPDATE pt_full SET created_by = 'no such principal' WHERE id = 6;               -- fail
\set VERBOSITY terse
DELETE FROM pt_full WHERE id = 77;
RESET ROLE;

-- the other statements: RETURNING, FOR UPDATE, ON CONFLICT, MERGE, COPY, cursors, views
DO $$ BEGIN PERFORM acl_grant('ann', 'view, add, edit', 'location', 'A'); END $$;
INSERT INTO pt_full (id, place, title, body) VALUES (8, :b, 'in B', 'in B');
CREATE VIEW pt_invoker WITH (security_invoker) AS SELECT id, body FROM pt_full;
GRANT SELECT ON pt_invoker TO PUBLIC;
GRANT pg_read_server_files TO regress_pt_ann;
SET ROLE regress_pt_ann;
SELECT id FROM pt_full ORDER BY id FOR UPDATE;                                  -- 2 is fixed: nothing to update
SELECT id FROM pt_full ORDER BY id;
SELECT id, body FROM pt_invoker WHERE f_leak(body) ORDER BY id;
SELECT count(*) AS n2 FROM pt_full x JOIN pt_full y USING (id);
SELECT (SELECT count(*) FROM pt_full) AS n2, EXISTS (SELECT FROM pt_full WHERE id = 8) AS f;
COPY (SELECT id, body FROM pt_full ORDER BY id) TO STDOUT;
COPY pt_full (id, body) TO STDOUT;
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM pt_full ORDER BY id;
FETCH ALL FROM c;
ROLLBACK;
\set VERBOSITY sqlstate
COPY pt_full (id, body) FROM '/dev/null';                                       -- fail, by PostgreSQL
INSERT INTO pt_full (id, place) VALUES (8, :a) ON CONFLICT (id) DO UPDATE SET body = 'taken over';      -- fail
MERGE INTO pt_full d USING (VALUES (8)) AS v(id) ON d.id = v.id WHEN MATCHED THEN UPDATE SET body = 'x'
  WHEN NOT MATCHED THEN INSERT (id, place) VALUES (v.id, 0);                    -- fail
TRUNCATE pt_full;                                                               -- fail
\set VERBOSITY terse
INSERT INTO pt_full (id, place) VALUES (1, :a) ON CONFLICT (id) DO UPDATE SET body = 'again' RETURNING id, body;
RESET ROLE;
GRANT TRUNCATE ON pt_full TO regress_pt_ann, regress_pt_boss;
SET ROLE regress_pt_ann;
\set VERBOSITY sqlstate
TRUNCATE pt_full;                                                               -- fail
SET ROLE regress_pt_boss;
TRUNCATE pt_full;                                                               -- fail: there are other accounts
\set VERBOSITY terse
RESET ROLE;
SELECT count(*) AS n4 FROM pt_full;
SELECT disagreements(ARRAY['ann', 'bob', 'boss', 'system'], 'pt_full') AS n0;

--
-- an application with tenant policies of its own: rows must pass both
--
CREATE TABLE pt_tenant (id int PRIMARY KEY, tenant text, place bigint, title text) WITH (autovacuum_enabled = off);
GRANT SELECT, INSERT, UPDATE, DELETE ON pt_tenant TO PUBLIC;
INSERT INTO pt_tenant VALUES (1, 'regress_pt_ann', :a, 'hers, in A'), (2, 'regress_pt_ann', :b, 'hers, in B'),
                             (3, 'regress_pt_bob', :a, 'his, in A'), (4, 'regress_pt_bob', :b, 'his, in B');
ALTER TABLE pt_tenant ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON pt_tenant USING (tenant = current_user);
CREATE POLICY report ON pt_tenant FOR SELECT TO regress_pt_boss USING (id = 3);
SET ROLE regress_pt_ann;
SELECT id, title FROM pt_tenant ORDER BY id;
SET ROLE regress_pt_boss;
SELECT id, title FROM pt_tenant ORDER BY id;
RESET ROLE;
DO $$ BEGIN PERFORM acl_protect('pt_tenant', '{"location": {"column": "place", "by": "id"}}', '{"key": "id"}'); END $$;
-- docacl added restrictive policies alone
SELECT polname NOT IN ('tenant', 'report') AS ours, polpermissive, count(*) FROM pg_policy WHERE polrelid = 'pt_tenant'::regclass GROUP BY 1, 2 HAVING polpermissive ORDER BY 1, 2;
SELECT count(*) > 0 AS t FROM pg_policy WHERE polrelid = 'pt_tenant'::regclass AND NOT polpermissive;
SET ROLE regress_pt_ann;
SELECT id, title FROM pt_tenant WHERE f_leak(title) ORDER BY id;
UPDATE pt_tenant SET title = 'x';
UPDATE pt_tenant SET title = 'x' WHERE id IN (2, 3);
\set VERBOSITY sqlstate
INSERT INTO pt_tenant VALUES (5, 'regress_pt_bob', :a, 'another tenant''s');    -- fail: the tenant's policy
INSERT INTO pt_tenant VALUES (5, 'regress_pt_ann', :b, 'in B');                 -- fail: docacl
\set VERBOSITY terse
INSERT INTO pt_tenant VALUES (5, 'regress_pt_ann', :a, 'both');
-- the admin of the account, whom the application lets see one row
SET ROLE regress_pt_boss;
SELECT id, title FROM pt_tenant WHERE f_leak(title) ORDER BY id;
-- nobody
SET ROLE regress_stranger;
SELECT count(*) AS n0 FROM pt_tenant WHERE f_leak(title);
RESET ROLE;
-- a policy that somebody adds later cannot widen: docacl's restrict
CREATE POLICY wide ON pt_tenant USING (true);
CREATE POLICY wide ON pt_full USING (true);
SET ROLE regress_pt_ann;
SELECT id FROM pt_tenant ORDER BY id;
SELECT id FROM pt_full ORDER BY id;
RESET ROLE;
DROP POLICY wide ON pt_tenant;
DROP POLICY wide ON pt_full;

--
-- altering a protected table in one step, and giving it back
--
DO $$ BEGIN PERFORM acl_protect('pt_scope', '{"scope": {"column": "scope", "by": "id"}}', '{"key": "id", "columns": {"title": "rename"}}'); END $$;
DO $$ BEGIN PERFORM acl_grant('ann', 'write', 'company', 'Comp'); END $$;
SELECT attempt('ann', 'UPDATE pt_scope SET title = ''x'' WHERE id = 2') AS "42501";
DO $$ BEGIN PERFORM acl_protect('pt_scope', '{"scope": {"column": "scope", "by": "id"}}', '{"key": "id"}'); END $$;
SELECT attempt('ann', 'UPDATE pt_scope SET title = ''x'' WHERE id = 2') AS n1;

--
-- what is left when something is taken away under CASCADE: closed, or the application's own policies
--
\set VERBOSITY sqlstate
DROP EXTENSION docacl;                                                          -- fail
\set VERBOSITY terse
CREATE TABLE pt_column (id int PRIMARY KEY, place bigint, title text);
GRANT SELECT, INSERT, UPDATE, DELETE ON pt_column TO PUBLIC;
INSERT INTO pt_column VALUES (1, :a, 'in A'), (2, :b, 'in B');
DO $$ BEGIN PERFORM acl_protect('pt_column', '{"location": {"column": "place", "by": "id"}}', '{"key": "id"}'); END $$;
SELECT sees('ann', 'pt_column') AS "1";
\set VERBOSITY sqlstate
ALTER TABLE pt_column DROP COLUMN place;                                        -- fail
SET client_min_messages = warning;
ALTER TABLE pt_column DROP COLUMN place CASCADE;
ALTER TABLE pt_tenant DROP COLUMN place CASCADE;
RESET client_min_messages;
\set VERBOSITY terse
SET ROLE regress_pt_ann;
SELECT count(*) AS n0 FROM pt_column WHERE f_leak(title);
UPDATE pt_column SET title = 'x';
DELETE FROM pt_column;
\set VERBOSITY sqlstate
INSERT INTO pt_column (id) VALUES (9);                                          -- fail
\set VERBOSITY terse
-- no row of another tenant
SELECT count(*) AS n0 FROM pt_tenant WHERE tenant <> 'regress_pt_ann';
RESET ROLE;
SET client_min_messages = warning;
\set VERBOSITY sqlstate
DROP EXTENSION docacl CASCADE;
\set VERBOSITY terse
RESET client_min_messages;
SET ROLE regress_pt_ann;
SELECT (SELECT count(*) FROM pt_full) AS n0, (SELECT count(*) FROM pt_integer) AS n0, (SELECT count(*) FROM pt_column) AS n0, (SELECT count(*) FROM pt_order) AS n0;
UPDATE pt_full SET body = 'x';
DELETE FROM pt_full;
\set VERBOSITY sqlstate
INSERT INTO pt_full (id) VALUES (99);                                           -- fail
\set VERBOSITY terse
SELECT count(*) AS n0 FROM pt_tenant WHERE tenant <> 'regress_pt_ann';
SET ROLE regress_stranger;
SELECT (SELECT count(*) FROM pt_full) AS n0, (SELECT count(*) FROM pt_integer) AS n0, (SELECT count(*) FROM pt_tenant) AS n0;
RESET ROLE;
SELECT count(*) AS n4 FROM pt_full;
