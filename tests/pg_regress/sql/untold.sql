--
-- Hints, errors, counts and notices tell nobody of what he may not see (T13): whatever is said of it is said of what does
-- not exist.
--
DO $$ BEGIN PERFORM acl_create_account('abroad'), acl_create_account('untold'); END $$;
SET docacl.account = 'abroad';
DO $$ BEGIN
  PERFORM person('zoe', 'Users'), acl_create('location', 'Abroad', key => 'abroad');
END $$;
SET docacl.account = 'untold';
DO $$ BEGIN
  PERFORM acl_create('location', 'A'), acl_create('location', 'B'), acl_create('location', 'Hidden', key => 'hidden'), acl_create('location', 'Below', 'Hidden');
  PERFORM acl_create('location', 'Dup', 'A'), acl_create('location', 'Dup', 'B'), acl_create('location', 'Twin', 'A'), acl_create('location', 'Twin', 'B');
  PERFORM acl_create('location', 'A/Dup'), acl_create('location', 'Dark', 'A'), acl_create('location', 'Darker', 'A'), acl_create('location', 'Deep', 'Hidden', inherits => true);
  PERFORM acl_create('document type', 'Letter'), acl_create('project', 'Secret'), acl_create('environment', 'E'), acl_create_role('Writers');
  PERFORM person('boss', 'Administrators'), person('ann', 'Users'), person('bob', 'Writers');
  PERFORM acl_grant('ann', 'view, add', 'location', 'A'), acl_grant('ann', 'view', 'location', '/A/Dup'), acl_grant('ann', 'add', 'location', '/A/Twin');
  PERFORM acl_grant('ann', 'delete, rename, move', 'location', 'Dark'), acl_grant('ann', 'view, security', 'location', 'Deep');
  PERFORM acl_grant('Writers', 'view', 'location', 'Hidden'), acl_grant('bob', 'view', 'location', 'Deep');
END $$;
CREATE TABLE un_document (id bigint PRIMARY KEY, place bigint, created_by text);
CREATE TABLE un_keyed (id bigint PRIMARY KEY, place text);
GRANT ALL ON un_document, un_keyed TO PUBLIC;
DO $$ BEGIN
  PERFORM acl_protect('un_document', '{"location":"place"}', '{"owner":"created_by","default":true}'), acl_protect('un_keyed', '{"location":"place"}');
END $$;
INSERT INTO un_document SELECT 1, id FROM docacl.resource WHERE name = 'A';
INSERT INTO un_document SELECT 2, id FROM docacl.resource WHERE name = 'Dark';
INSERT INTO un_document SELECT 3, id FROM docacl.resource WHERE name = 'Hidden';

-- what ann is told of what she may not see, and of what does not exist: the same but for what she wrote; 0 rows
CREATE FUNCTION told(who text, statement text, written text) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(left(l, 5) || replace(substr(l, 6), written, '<>'), E'\n') FROM complaint(who, format(statement, written)) AS l $$;
SELECT statement, unseen, told('ann', statement, unseen), told('ann', statement, nothing)
  FROM unnest(ARRAY[
         'SELECT acl_grant(''bob'', ''view'', ''location'', %L)', 'SELECT acl_revoke(''bob'', ''view'', ''location'', %L)',
         'SELECT acl_set_grant(''bob'', ''view'', ''location'', %L)', 'SELECT acl_rename(''location'', %L, ''new'')',
         'SELECT acl_move(''location'', %L, NULL::text)', 'SELECT acl_move(''location'', ''/A/Dup'', %L)', 'SELECT acl_set_inherits(''location'', %L, true)',
         'SELECT acl_drop(''location'', %L)', 'SELECT acl_create(''location'', ''new'', %L)', 'SELECT acl_require_on(''location'', %L, ''view'')',
         'DO $x$ BEGIN IF acl_can_on(''location'', %L, ''view'') THEN RAISE ''true''; END IF; END $x$',
         'DO $x$ BEGIN IF acl_actions_on(''location'', %L) <> ''{}'' THEN RAISE ''some''; END IF; END $x$']) AS statement,
       (VALUES ('Hidden', 'nothing'), ('/Hidden', '/nothing'), ('Hidden/Below', 'nothing/Below'), ('Abroad', 'nowhere')) AS n(unseen, nothing)
 WHERE told('ann', statement, unseen) IS DISTINCT FROM told('ann', statement, nothing);
-- by id
SELECT statement, name, told('ann', statement, id::text), told('ann', statement, '987654321')
  FROM unnest(ARRAY[
         'SELECT acl_grant(''bob'', ''view'', ''location'', %s::bigint)', 'SELECT acl_rename(''location'', %s::bigint, ''new'')',
         'SELECT acl_move(''location'', ''/A/Dup'', %s::bigint)', 'SELECT acl_drop(''location'', %s::bigint)', 'SELECT acl_create(''location'', ''new'', %s::bigint)',
         'SELECT acl_require_on(''location'', %s::bigint, ''view'')', 'INSERT INTO un_document VALUES (9, %s)', 'UPDATE un_document SET place = %s WHERE id = 1']) AS statement,
       docacl.resource WHERE name IN ('Hidden', 'Abroad', 'Letter', 'Secret', 'E', 'Below')
   AND told('ann', statement, id::text) IS DISTINCT FROM told('ann', statement, '987654321');
-- by the application's key, and the key of a row
SELECT unseen, told('ann', 'INSERT INTO un_keyed VALUES (1, %L)', unseen) FROM unnest(ARRAY['hidden', 'abroad']) AS unseen
 WHERE told('ann', 'INSERT INTO un_keyed VALUES (1, %L)', unseen) IS DISTINCT FROM told('ann', 'INSERT INTO un_keyed VALUES (1, %L)', 'nothing');
SELECT statement FROM unnest(ARRAY['SELECT acl_grant_row(''bob'', ''view'', ''un_document'', %L)', 'SELECT acl_require_row(''un_document'', %L, ''view'')',
         'SELECT acl_require(%L::text, ''view'')', 'SELECT acl_set_row_inherits(''un_document'', %L, true)']) AS statement
 WHERE told('ann', statement, '3') IS DISTINCT FROM told('ann', statement, '77');
-- of people: nothing is told before the right to administer them was asked for
SELECT statement, unseen, told('ann', statement, unseen), told('ann', statement, 'nobody at all')
  FROM unnest(ARRAY[
         'SELECT acl_alter_user(%L, enabled => false)', 'SELECT acl_drop_user(%L)', 'SELECT acl_drop_role(%L)', 'SELECT acl_alter_role(%L, enabled => false)',
         'SELECT acl_assign(''Users'', %L)', 'SELECT acl_assign(%L, ''ann'')', 'SELECT acl_unassign(''Users'', %L)', 'SELECT acl_copy_grants(%L, ''ann'')',
         'SELECT acl_create_user(''new'', ''new@untold.example'', %L)']) AS statement,
       unnest(ARRAY['boss', 'Writers', 'zoe', 'boss@untold.example', 'untold:boss']) AS unseen
 WHERE told('ann', statement, unseen) IS DISTINCT FROM told('ann', statement, 'nobody at all');

-- nor to who asks about others and is not trusted to
CREATE ROLE regress_ann;
DO $$ BEGIN PERFORM acl_map('regress_ann', 'ann'); END $$;
SET ROLE regress_ann;
SELECT told(NULL, statement, unseen) = told(NULL, statement, 'nobody at all') AS t, told(NULL, statement, unseen) AS "42501"
  FROM unnest(ARRAY['SELECT acl_can_on(%L, ''location'', ''A'', ''view'')', 'SELECT acl_actions(%L, 1)', 'SELECT acl_can(%L, 1, ''view'')']) AS statement, unnest(ARRAY['boss', 'zoe']) AS unseen;
RESET ROLE;

-- another resource of the name that she may not see changes no answer
SELECT attempt('ann', 'SELECT WHERE acl_can_on(''location'', ''Dup'', ''view'')') AS n1, attempt('ann', 'SELECT WHERE acl_can_on(''location'', ''Twin'', ''add'')') AS n1,
       attempt('ann', 'SELECT WHERE acl_can_on(''location'', ''A/Dup'', ''view'')') AS n1, attempt('ann', 'SELECT WHERE acl_can_on(''location'', ''/A/Twin'', ''add'')') AS n1,
       attempt('ann', 'SELECT acl_create(''location'', ''new'', ''Dup'')') AS "42501", attempt('ann', 'SELECT acl_create(''location'', ''new'', ''/A/Twin'')') AS n1,
       attempt('ann', 'SELECT acl_create(''location'', ''new'', ''Twin'')') AS n1;
-- an admin is told: it is ambiguous
SELECT attempt('boss', 'SELECT acl_can_on(''location'', ''Dup'', ''view'')') AS "42725", attempt('boss', 'SELECT acl_create(''location'', ''new'', ''Twin'')') AS "42725";

-- she may drop and move Dark by its id and does not see it: no message has its name
SELECT l LIKE '%Dark%' AS f, left(l, 5) FROM docacl.resource, complaint('ann', format('SELECT acl_drop(''location'', %s::bigint)', id)) AS l WHERE name = 'Dark';
BEGIN;
DO $$ BEGIN PERFORM acl_move('location', 'Dark', NULL), acl_create('location', 'Dark', 'A'); END $$;
SELECT l LIKE '%Dark%' AS f, left(l, 5) FROM (SELECT id FROM docacl.resource WHERE name = 'Dark' AND parent_id IS NULL) AS r,
  complaint('ann', format('SELECT acl_move(''location'', %s::bigint, ''A'')', id)) AS l;
ROLLBACK;
-- that a name, key or e-mail is taken cannot be hidden from who may give it; what has it is
SELECT complaint('ann', 'SELECT acl_create(''location'', ''Darker'', ''A'')');
SELECT complaint('ann', 'SELECT acl_create(''location'', ''new'', ''A'', key => ''abroad'')');
SELECT complaint('boss', 'SELECT acl_create_user(''zoe'', ''ZOE@abroad.example'', ''Users'')');

-- another account's principal is none, by name, e-mail or key
SELECT told('boss', 'SELECT acl_grant(%L, ''view'', ''location'', ''B'')', w) = told('boss', 'SELECT acl_grant(%L, ''view'', ''location'', ''B'')', 'nobody at all') AS t
  FROM unnest(ARRAY['zoe', 'zoe@abroad.example', 'abroad:zoe']) AS w;

-- what a NOTICE says of roles and locations that she may not see
BEGIN;
SELECT become('ann');
SELECT acl_revoke('bob', 'view', 'location', 'Deep') AS t;
ROLLBACK;
BEGIN;
SELECT become('boss');
SELECT acl_revoke('bob', 'view', 'location', 'Deep') AS t;
ROLLBACK;
