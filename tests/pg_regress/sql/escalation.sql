--
-- Reaching another account (T12, T13), one argument after the other: every function of docacl that there is, called by people of one
-- account with the names, paths, e-mails, keys and ids of another. What it answers is what it answers of nothing, to the
-- byte, and nothing of the other account changes. Then what the tables, views and functions below tell, and ways up that are not
-- in administer.sql.
--
\set VERBOSITY terse
DO $$ BEGIN PERFORM acl_create_account('east', key => 'account-east'), acl_create_account('west', key => 'account-west'), acl_create_kind('clearance', true); END $$;
CREATE TABLE es_doc (id bigint PRIMARY KEY, environment bigint, place bigint, type bigint, list bigint, title text, created_by bigint);
CREATE TABLE es_keyed (id bigint PRIMARY KEY, environment text, owner text);
GRANT ALL ON es_doc, es_keyed TO PUBLIC;
DO $$
DECLARE
  a text;
BEGIN
  PERFORM acl_protect('es_doc', '{"environment": {"column": "environment", "by": "id"}, "location": {"column": "place", "by": "id"}, "document type": {"column": "type", "by": "id"}}',
                      '{"key": "id", "own_acl": "list", "owner": {"column": "created_by", "by": "id"}, "default": true}');
  PERFORM acl_protect('es_keyed', '{"environment": {"column": "environment", "by": "key"}}', '{"key": "id", "owner": {"column": "owner", "by": "key"}}');
  -- everything twice under the same names, and in each account one of each kind that the other has not
  FOREACH a IN ARRAY ARRAY['east', 'west'] LOOP
    PERFORM set_config('docacl.account', a, false);
    PERFORM acl_create('environment', n, a, key => a || n), acl_create('company', n || ' company', n, key => a || n), acl_create('client', n || ' client', n || ' company', key => a || n),
            acl_create('provider', n || ' provider', n || ' company', key => a || n), acl_create('location', n, key => a || n), acl_create('location', n || ' below', n, inherits => true),
            acl_create('document type', n, key => a || n), acl_create('project', n, key => a || n), acl_create('function', n, key => a || n), acl_create('clearance', n, key => a || n),
            acl_create('queue', n, key => a || n), acl_create('form', n, key => a || n), acl_create_role(n || ' role', key => a || n || ' role'),
            acl_set('environment', n, 'splitter', to_jsonb(a))
       FROM unnest(ARRAY['Same', 'Only ' || a]) AS n;
    PERFORM person('boss', 'Administrators'), person('mia', 'Users'), person('sue', 'Users'), person('ann', 'Same role'), person('only ' || a, 'Same role');
    PERFORM acl_grant('mia', 'read, manage_users, manage_roles', 'account', a), acl_grant('sue', 'view, add, security', 'location', 'Same');
    PERFORM acl_grant('Same role', 'view', 'environment', 'Same'), acl_grant('Same role', 'view', 'location', 'Same');
  END LOOP;
END $$;
CREATE FUNCTION es(of text, what text, called text) RETURNS bigint LANGUAGE sql AS
$$ SELECT r.id FROM docacl.resource r JOIN docacl.resource a ON a.id = r.account_id WHERE a.name = of AND r.kind = what AND r.name = called $$;
INSERT INTO es_doc (id, environment, place, title) VALUES
  (1, es('east', 'environment', 'Same'), es('east', 'location', 'Same'), 'east'), (100, es('west', 'environment', 'Same'), es('west', 'location', 'Same'), 'west'),
  (101, es('west', 'environment', 'Only west'), NULL, 'west');
DO $$ BEGIN PERFORM acl_grant_row('ann', 'view', 'es_doc', '101'); END $$;
CREATE ROLE regress_es_west;
DO $$ BEGIN PERFORM acl_map('regress_es_west', 'boss'); END $$;
SET docacl.account = 'east';
CREATE ROLE regress_es_boss; CREATE ROLE regress_es_mia; CREATE ROLE regress_es_sue; CREATE ROLE regress_es_ann;
DO $$ BEGIN PERFORM acl_map('regress_es_boss', 'boss'), acl_map('regress_es_mia', 'mia'), acl_map('regress_es_sue', 'sue'), acl_map('regress_es_ann', 'ann'); END $$;
CREATE TABLE es_asker (n serial, role text);
INSERT INTO es_asker (role) VALUES ('regress_es_boss'), ('regress_es_mia'), ('regress_es_sue'), ('regress_es_ann'), ('regress_stranger');
GRANT SELECT ON es_asker TO PUBLIC;

CREATE TABLE es_west AS SELECT es('west', 'account', 'west') AS id;
-- all there is of west, in one word
CREATE FUNCTION west() RETURNS text LANGUAGE sql SECURITY DEFINER AS
$$ SELECT md5(string_agg(t, E'\n' ORDER BY t)) FROM (
     SELECT 'r' || r::text FROM docacl.resource r, es_west w WHERE r.account_id = w.id UNION ALL SELECT 'p' || p::text FROM docacl.principal p, es_west w WHERE p.account_id = w.id
     UNION ALL SELECT 'm' || m::text FROM docacl.membership m, es_west w WHERE m.account_id = w.id UNION ALL SELECT 'g' || g::text FROM docacl.grants g, es_west w WHERE g.account_id = w.id
     UNION ALL SELECT 's' || s::text FROM docacl.setting s, es_west w WHERE s.account_id = w.id UNION ALL SELECT 'e' || e::text FROM docacl.event e, es_west w WHERE e.account_id = w.id
     UNION ALL SELECT 'd' || d::text FROM es_doc d WHERE id >= 100 UNION ALL SELECT 'k' || d::text FROM docacl.db_role d JOIN docacl.principal p ON p.id = d.principal_id JOIN es_west w ON w.id = p.account_id) AS u(t) $$;
CREATE TABLE es_before AS SELECT west() AS west;

-- What a database role gets from a call: its rows or SQLSTATE, message, detail and hint; undone. What was written is <>,
-- and the number of what was made with success says nothing.
CREATE FUNCTION es_try(asker text, call text, written text) RETURNS text LANGUAGE plpgsql AS
$$ DECLARE
     said text; detail text; hint text; state text;
   BEGIN
     BEGIN
       PERFORM set_config('role', asker, true);
       EXECUTE 'SELECT string_agg(t::text, '';'') FROM (SELECT * FROM ' || call || ') AS t' INTO said;
       PERFORM set_config('role', 'none', true);
       -- what is stable changes nothing
       IF EXISTS (SELECT FROM pg_proc WHERE proname = split_part(call, '(', 1) AND provolatile = 'v') AND west() <> (SELECT b.west FROM es_before b) THEN
         said := 'CHANGED west';
       END IF;
       RAISE EXCEPTION USING ERRCODE = 'ZZ999';
     EXCEPTION
       WHEN SQLSTATE 'ZZ999' THEN
         RETURN CASE WHEN call ~ '^acl_(create|issue)' AND said !~ '^CHANGED' THEN 'made' ELSE replace(coalesce(said, 'null'), written, '<>') END;
       WHEN OTHERS THEN
         GET STACKED DIAGNOSTICS said = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
         RETURN SQLSTATE || '|' || replace(said || '|' || detail || '|' || hint, written, '<>');
     END;
   END $$;

-- The same of a statement.
CREATE FUNCTION es_complaint(asker text, statement text) RETURNS SETOF text LANGUAGE plpgsql AS
$$ BEGIN
     PERFORM set_config('role', asker, true);
     RETURN QUERY SELECT * FROM complaint(NULL, statement);
     PERFORM set_config('role', 'none', true);
   END $$;

-- What stands for an argument: something of one's own, and what is another's, of whatever sort.
CREATE FUNCTION es_own(kind text, argument text, type text) RETURNS text LANGUAGE sql AS
$$ SELECT CASE
     WHEN argument = 'kind' THEN kind
     WHEN argument IN ('resource', 'parent', 'from_resource', 'to_resource') AND kind = 'document' THEN '1'
     WHEN argument IN ('resource', 'parent', 'from_resource', 'to_resource') AND type = 'bigint' THEN es('east', kind, name)::text
     WHEN argument IN ('resource', 'parent', 'from_resource', 'to_resource') THEN name
     WHEN argument IN ('principal', 'member', 'from_principal', 'to_principal', 'from_user', 'to_user', 'new_owner') THEN 'ann'
     WHEN argument = 'role' THEN 'Same role'
     WHEN argument IN ('action', 'actions') THEN 'view'
     WHEN argument IN ('doc', 'key') THEN '1'
     WHEN argument = 'relation' THEN 'es_doc'
     WHEN argument = 'account' AND type = 'bigint' THEN es('east', 'account', 'east')::text
     WHEN argument = 'account' THEN 'east'
     WHEN argument IN ('environment', 'function', 'queue', 'form', 'location', 'document_type') THEN 'Same'
     WHEN argument = 'name' THEN 'new'
     WHEN argument = 'email' THEN 'new@east.example'
     WHEN argument IN ('enable', 'inherits') THEN 'true'
     WHEN argument = 'value' THEN '1'
   END
   FROM (SELECT CASE kind WHEN 'account' THEN 'east' WHEN 'company' THEN 'Same company' WHEN 'client' THEN 'Same client' WHEN 'provider' THEN 'Same provider' ELSE 'Same' END AS name) AS n $$;
CREATE FUNCTION es_foreign(kind text, argument text, type text) RETURNS TABLE (written text, nothing text) LANGUAGE sql AS
$$ WITH n AS (SELECT CASE kind WHEN 'account' THEN 'west' WHEN 'company' THEN 'Only west company' WHEN 'client' THEN 'Only west client' WHEN 'provider' THEN 'Only west provider'
                     ELSE 'Only west' END AS name)
   SELECT es('west', kind, name)::text, '987654321' FROM n WHERE argument IN ('resource', 'parent', 'from_resource', 'to_resource') AND type = 'bigint' AND kind <> 'document'
   UNION ALL SELECT f, CASE WHEN f LIKE '/%' THEN '/' ELSE '' END || 'No such' || CASE WHEN f LIKE '%/Only west below' THEN '/Only west below' ELSE '' END FROM n, unnest(CASE WHEN kind = 'location' THEN ARRAY[name, '/' || name, name || '/Only west below', 'westOnly west'] ELSE ARRAY[name] END) AS f
     WHERE argument IN ('resource', 'parent', 'from_resource', 'to_resource') AND type = 'text' AND kind <> 'document'
   UNION ALL SELECT f, 'No such' FROM unnest(ARRAY['only west', 'ONLY.WEST@west.example', 'west:only west', 'Only west role']) AS f
     WHERE argument IN ('principal', 'member', 'role', 'from_principal', 'to_principal', 'from_user', 'to_user')
   UNION ALL SELECT f, CASE f WHEN '100' THEN '998' ELSE '999' END FROM unnest(ARRAY['100', '101']) AS f WHERE argument = 'doc' AND type <> 'uuid' OR argument IN ('resource', 'key') AND kind = 'document'
   UNION ALL SELECT es('west', 'account', 'west')::text, '987654321' WHERE argument = 'account' AND type = 'bigint'
   UNION ALL SELECT 'west', 'No such' WHERE argument = 'account' AND type = 'text'
   UNION ALL SELECT f, 'No such' FROM unnest(ARRAY['Only west', '/Only west', 'westOnly west']) AS f WHERE argument IN ('environment', 'function', 'queue', 'form', 'location', 'document_type') AND type = 'text'
   UNION ALL SELECT f, 'No such' FROM unnest(ARRAY['Only west', 'only west']) AS f WHERE argument = 'name' $$;

-- every call: a function, for each kind of resource where it takes one, one argument of another account, the others one's own
CREATE TABLE es_call AS
WITH f AS (
  SELECT p.oid, p.proname, a.n, a.name, a.type::regtype::text AS type, p.pronargs - p.pronargdefaults AS required, 'kind' = ANY (p.proargnames) AS by_kind
    FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e' JOIN pg_extension e ON d.refobjid = e.oid AND e.extname = 'docacl',
         unnest(p.proargtypes::oid[], p.proargnames[1:p.pronargs]) WITH ORDINALITY AS a(type, name, n)
   WHERE p.pronamespace = 'public'::regnamespace
), k AS (
  SELECT f.oid, coalesce(k.name, CASE WHEN f.name = 'key' THEN 'document' ELSE 'location' END) AS kind, f.proname, f.n, f.name, f.type
    FROM f LEFT JOIN docacl.kind k ON f.by_kind
)
SELECT DISTINCT k.proname, k.kind, k.name AS argument, x.written, x.nothing,
       k.proname || '(' || (SELECT string_agg(format('%I => %s', f.name, CASE WHEN f.n = k.n THEN '{}' ELSE quote_nullable(es_own(k.kind, f.name, f.type)) || '::' || f.type END), ', ' ORDER BY f.n)
                              FROM f WHERE f.oid = k.oid AND (f.n <= f.required OR f.n = k.n)) || ')' AS call, k.type
  FROM k, es_foreign(k.kind, k.name, k.type) AS x;
-- a taken key or e-mail cannot be hidden from who may give it (untold.sql); an account's name is given by who is above accounts
DELETE FROM es_call WHERE argument = 'key' AND proname LIKE 'acl\_create%';
SELECT count(*) > 500 AS t, count(DISTINCT proname) > 30 AS t FROM es_call;

-- (sue and nobody hold nothing but on locations)
SET client_min_messages = error;
CREATE TABLE es_answer AS
SELECT c.*, a.role, es_try(a.role, replace(call, '{}', quote_literal(written) || '::' || type), written) AS foreign_is FROM es_call c, es_asker a
 WHERE c.kind IN ('location', 'document') OR a.role NOT IN ('regress_es_sue', 'regress_stranger');
CREATE TABLE es_nothing AS
SELECT call, type, nothing, role, es_try(role, replace(call, '{}', quote_literal(nothing) || '::' || type), nothing) AS nothing_is
  FROM (SELECT DISTINCT call, type, nothing, kind FROM es_call) AS c, es_asker WHERE kind IN ('location', 'document') OR role NOT IN ('regress_es_sue', 'regress_stranger');
CREATE TABLE es_mine AS
SELECT call, es_try('regress_es_boss', replace(call, '{}', quote_literal(es_own(kind, argument, type)) || '::' || type), '') AS came FROM (SELECT DISTINCT call, kind, argument, type FROM es_call) AS c;
RESET client_min_messages;
-- what is another's is answered like nothing: 0 rows
SELECT a.role, replace(a.call, '{}', quote_literal(a.written)) AS call, a.foreign_is, n.nothing_is
  FROM es_answer a JOIN es_nothing n USING (call, type, nothing, role) WHERE a.foreign_is IS DISTINCT FROM n.nothing_is ORDER BY a.call, a.role, a.written;
-- and to the names of one's own there is an answer, or all of this would say nothing
SELECT count(*) FILTER (WHERE foreign_is LIKE '42704|%') > 200 AS t, count(*) FILTER (WHERE foreign_is LIKE '42501|%') > 1000 AS t,
       count(*) FILTER (WHERE foreign_is !~ '^\d\d...\|') > 100 AS t FROM es_answer;
-- the message, the detail and the hint have nothing of the other's in them: 0 rows
SELECT role, call, foreign_is FROM es_answer WHERE foreign_is ~* 'west' AND written !~* 'west';

--
-- the same names in both accounts: what is done to one's own is done to one's own (0 rows), and is done
--
SELECT call FROM es_mine WHERE came = 'CHANGED west';
SELECT count(*) FILTER (WHERE came !~ '^[0-9A-Z]{5}\|') > 150 AS t FROM es_mine;
SELECT west() = (SELECT west FROM es_before) AS t;
-- a NOTICE speaks of one's own as well: west's ann holds more there
SET docacl.account = 'west';
DO $$ BEGIN PERFORM acl_create_role('Whispers'), acl_assign('Whispers', 'ann'), acl_grant('Whispers', 'full', 'location', 'Same'); END $$;
SET docacl.account = 'east';
BEGIN;
SET LOCAL ROLE regress_es_sue;
SELECT acl_revoke('ann', 'view, edit', 'location', 'Same') AS f;
SET LOCAL ROLE regress_es_boss;
SELECT acl_revoke('ann', 'view, edit', 'location', 'Same') AS f;
ROLLBACK;

--
-- docacl's own tables, views and functions, for everybody of east: what he sees is of east, and counts of it
--
SET client_min_messages = error;
SELECT a.role, v.relation, es_try(a.role, format('(SELECT count(*) FILTER (WHERE account_id = %s) FROM docacl.%I) AS c', (SELECT id FROM es_west), v.relation), '') AS "(0)"
  FROM es_asker a, (SELECT c.relname FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid AND t.attname = 'account_id'
                     WHERE c.relnamespace = 'docacl'::regnamespace AND c.relkind IN ('r', 'v') AND has_table_privilege('regress_stranger', c.oid, 'SELECT')) AS v(relation)
 WHERE es_try(a.role, format('(SELECT count(*) FILTER (WHERE account_id = %s) FROM docacl.%I) AS c', (SELECT id FROM es_west), v.relation), '') <> '(0)';
SELECT es_try(a.role, '(SELECT FROM docacl.grant_list WHERE grant_list::text ~* ''west'') AS c', '') AS none,
       es_try(a.role, '(SELECT FROM docacl.member_list WHERE member_list::text ~* ''west'') AS c', '') AS none,
       es_try(a.role, '(SELECT FROM docacl.resource_list WHERE resource_list::text ~* ''west'') AS c', '') AS none FROM es_asker a;
-- no table is read past row security, and no sequence, which counts: 0 rows
SELECT c.relname, es_try('regress_stranger', format('(SELECT count(*) FROM docacl.%I) AS c', c.relname), '') AS came
  FROM pg_class c WHERE c.relnamespace = 'docacl'::regnamespace AND c.relkind IN ('r', 'S')
   AND es_try('regress_stranger', format('(SELECT count(*) FROM docacl.%I) AS c', c.relname), '') NOT LIKE '42501|permission denied for%' AND NOT c.relrowsecurity;
-- functions of schema docacl that take an id: of another's as of nothing (0 rows)
SELECT a.role, f.proname, x.id
  FROM es_asker a, (SELECT p.oid, p.proname, p.proargnames[1] AS argument FROM pg_proc p WHERE p.pronamespace = 'docacl'::regnamespace AND p.pronargs = 1 AND p.proargtypes[0] = 'bigint'::regtype
                       AND has_function_privilege('regress_stranger', p.oid, 'EXECUTE')) AS f,
       (SELECT id FROM docacl.resource WHERE account_id = (SELECT id FROM es_west) UNION SELECT id FROM docacl.principal WHERE account_id = (SELECT id FROM es_west)) AS x
 WHERE f.proname <> 'action_words' AND NOT EXISTS (SELECT FROM docacl.resource r WHERE r.id = x.id AND r.account_id <> (SELECT id FROM es_west))
   AND NOT EXISTS (SELECT FROM docacl.principal p WHERE p.id = x.id AND p.account_id IS DISTINCT FROM (SELECT id FROM es_west))
   AND es_try(a.role, format('docacl.%I(%s) AS c', f.proname, x.id), '') IS DISTINCT FROM es_try(a.role, format('docacl.%I(987654321) AS c', f.proname), '');
-- rows: none of west's, none counted, none named by an error
SELECT a.role, es_try(a.role, '(SELECT count(*) FILTER (WHERE id >= 100) FROM es_doc) AS c', '') AS "(0)", es_try(a.role, '(SELECT count(*) FILTER (WHERE id >= 100) FROM es_keyed) AS c', '') AS "(0)"
  FROM es_asker a ORDER BY n;
SELECT a.role, s.statement FROM es_asker a,
       unnest(ARRAY['INSERT INTO es_doc (id, environment) VALUES (7, {})', 'INSERT INTO es_doc (id, place) VALUES (7, {})', 'UPDATE es_doc SET environment = {} WHERE id = 1', 'UPDATE es_doc SET place = {} WHERE id = 1',
                    'INSERT INTO es_doc (id, type) VALUES (7, {})', 'INSERT INTO es_keyed VALUES (7, ''{}'')', 'INSERT INTO es_keyed (id, owner) VALUES (7, ''{}'')']) AS s(statement),
       (VALUES (es('west', 'environment', 'Only west')::text), (es('west', 'location', 'Only west')::text), (es('west', 'document_type', 'Only west')::text), ('westOnly west'), ('west:ann')) AS f(written)
 WHERE (f.written ~ '\D' ) = (s.statement LIKE '%keyed%')
   AND (SELECT string_agg(replace(c, f.written, '<>'), '|') FROM es_complaint(a.role, replace(s.statement, '{}', f.written)) AS c)
       IS DISTINCT FROM (SELECT string_agg(replace(c, '987654321', '<>'), '|') FROM es_complaint(a.role, replace(s.statement, '{}', '987654321')) AS c);
-- an admin says whose a row is, among the people of his account
SELECT a.role, f.written, es_complaint(a.role, format('INSERT INTO es_doc (id, environment, created_by) VALUES (7, %s, %s)', es('east', 'environment', 'Same'), f.id)) AS came
  FROM es_asker a, (SELECT 'of west' AS written, id FROM docacl.principal WHERE account_id = (SELECT id FROM es_west) AND name = 'ann' UNION ALL VALUES ('nothing', 987654321)
                    UNION ALL SELECT 'system', 1 UNION ALL SELECT 'of east', id FROM docacl.principal WHERE account_id = es('east', 'account', 'east') AND name = 'ann') AS f
 WHERE a.role = 'regress_es_boss' ORDER BY f.written;
SELECT left(es_complaint('regress_es_boss', format('UPDATE es_doc SET created_by = %s WHERE id = 1', id)), 5) AS "23503" FROM docacl.principal WHERE account_id = (SELECT id FROM es_west) AND name = 'ann' LIMIT 1;
RESET client_min_messages;

--
-- ways up that are not in administer.sql
--
-- a company that comes to lie in an environment takes what is granted there: actions of administration only from whom holds them there
DO $$ BEGIN
  PERFORM acl_create('environment', 'Far'), acl_create('company', 'Moves', 'Same'), acl_create_role('Far parties'), acl_grant('Far parties', 'manage_parties', 'environment', 'Far'), acl_assign('Far parties', 'sue');
  PERFORM acl_create_role('Companies'), acl_grant('Companies', 'read, manage_companies', 'environment', 'Same'), acl_grant('Companies', 'read, manage_companies', 'environment', 'Far'), acl_assign('Companies', 'mia');
END $$;
SELECT said FROM complaint('mia', $$ SELECT acl_move('company', 'Moves', 'Far') $$) AS said;
SELECT attempt('boss', $$ SELECT acl_move('company', 'Moves', 'Far') $$) AS n1, attempt('mia', $$ SELECT acl_create('company', 'Fresh', 'Far') $$) AS n1;
BEGIN;
DO $$ BEGIN PERFORM acl_grant('mia', 'manage_parties', 'environment', 'Far'); END $$;
SELECT attempt('mia', $$ SELECT acl_move('company', 'Moves', 'Far') $$) AS n1;
ROLLBACK;
-- what holds in both is not taken anew
BEGIN;
DO $$ BEGIN PERFORM acl_revoke('Far parties', 'manage_parties', 'environment', 'Far'), acl_grant('Far parties', 'manage_parties', 'account', 'east'); END $$;
SELECT attempt('mia', $$ SELECT acl_move('company', 'Moves', 'Far') $$) AS n1;
ROLLBACK;
-- one who is shut out, expired or nobody reads no setting and counts nothing, whatever he was
BEGIN;
DO $$ BEGIN PERFORM person('deputy', 'Administrators'), acl_alter_user('boss', enabled => false), acl_alter_user('mia', valid_until => now()); END $$;
SELECT role, es_try(role, 'acl_setting(''environment'', ''Same'', ''splitter'') AS c', '') AS "()", es_try(role, '(SELECT count(*) FROM docacl.setting) AS c', '') AS "(0)",
       left(es_try(role, 'acl_usage(''east'')', ''), 5) AS "42501", left(es_try(role, 'acl_set(''environment'', ''Same'', ''splitter'', ''1'')', ''), 5) AS "42501"
  FROM unnest(ARRAY['regress_es_boss', 'regress_es_mia', 'regress_stranger', 'regress_app']) AS role;
ROLLBACK;
-- an admin is told why his people may not read his account's rows, and of another account's not even that they are there
SELECT es_try('regress_es_boss', '(SELECT count(*) > 0 FROM acl_explain(''sue'', 1, ''delete'')) AS c', '') AS "(t)", es_try('regress_es_boss', '(SELECT count(*) FROM acl_explain(''sue'', 100, ''delete'')) AS c', '') AS "(0)",
       es_try('regress_es_boss', '(SELECT count(*) FROM acl_explain(''sue'', 999, ''delete'')) AS c', '') AS "(0)", es_try('regress_app', '(SELECT count(*) > 0 FROM acl_explain(''sue'', 100, ''delete'')) AS c', '') AS "(t), trusted";
