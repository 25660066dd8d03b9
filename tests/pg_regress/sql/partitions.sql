--
-- Partitioned tables: protected with every partition at every level, whichever of them a statement names; a row that
-- moves between partitions is one UPDATE.
--
\set VERBOSITY terse
DO $$ BEGIN PERFORM acl_create_account('parts'); END $$;
SET docacl.account = 'parts';
SELECT acl_create('location', 'A') AS a, acl_create('location', 'B') AS b, acl_create('location', 'C') AS c \gset
DO $$ BEGIN
  PERFORM person('reader', 'Users');
  PERFORM person('mover', 'Users');
  PERFORM person('stuck', 'Users');
  PERFORM person('pusher', 'Users');
  PERFORM person('shredder', 'Users');
  PERFORM person('none', 'Users');
  PERFORM person('boss', 'Administrators');
  PERFORM acl_grant('reader', 'view', 'location', 'A');
  PERFORM acl_grant('mover', 'enter, view, write, move', 'location', 'A');
  PERFORM acl_grant('mover', 'enter, view, add, move', 'location', 'B');
  PERFORM acl_grant('stuck', 'enter, view, write', 'location', 'A');      -- no move
  PERFORM acl_grant('stuck', 'enter, view, add', 'location', 'B');
  PERFORM acl_grant('pusher', 'enter, view, write, move', 'location', 'A');
  PERFORM acl_grant('pusher', 'enter, view', 'location', 'B');       -- no add
  PERFORM acl_grant('shredder', 'enter, view, delete', 'location', 'A');
END $$;

-- two levels; one partition has its columns in another order, one is attached
CREATE TABLE pr_doc (id int, shelf text NOT NULL, place bigint, owner bigint, own bigint, title text, PRIMARY KEY (id, shelf))
  PARTITION BY LIST (shelf);
CREATE TABLE pr_one PARTITION OF pr_doc FOR VALUES IN ('one');
CREATE TABLE pr_two PARTITION OF pr_doc FOR VALUES IN ('two') PARTITION BY RANGE (id);
CREATE TABLE pr_two_low PARTITION OF pr_two FOR VALUES FROM (MINVALUE) TO (100);
CREATE TABLE pr_two_high PARTITION OF pr_two FOR VALUES FROM (100) TO (MAXVALUE);
CREATE TABLE pr_three (title text, gone int, own bigint, shelf text NOT NULL, owner bigint, place bigint, id int, PRIMARY KEY (id, shelf));
ALTER TABLE pr_three DROP COLUMN gone;
ALTER TABLE pr_doc ATTACH PARTITION pr_three FOR VALUES IN ('three');
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON pr_doc, pr_one, pr_two, pr_two_low, pr_two_high, pr_three TO PUBLIC;
ALTER TABLE pr_one ENABLE ROW LEVEL SECURITY;          -- had it before

-- a partition alone
SELECT complaint(NULL, $$SELECT acl_protect('pr_one', '{"place": {"column": "place", "by": "id"}}')$$);
SELECT complaint(NULL, $$SELECT acl_protect('pr_two', '{"place": {"column": "place", "by": "id"}}')$$);
SELECT complaint(NULL, $$SELECT acl_unprotect('pr_one')$$);
-- the table
SELECT * FROM acl_protect('pr_doc', '{"place": {"column": "place", "by": "id"}}',
  '{"owner": {"column": "owner", "by": "id"}, "own_acl": "own", "columns": {"title": "rename"}}') WHERE severity IN ('error');
SELECT count(*) AS n1 FROM docacl.protected_table WHERE relation::text LIKE 'pr\_%';
SELECT spec ->> 'key' AS id, partitions FROM docacl.protected_table WHERE relation = 'pr_doc'::regclass;
SELECT c.relname, c.relrowsecurity AS t, c.relforcerowsecurity AS t,
       (SELECT count(*) FROM pg_policy WHERE polrelid = c.oid) AS n5,
       (SELECT string_agg(tgname || ' ' || tgenabled::text, ', ' ORDER BY tgname) FROM pg_trigger WHERE tgrelid = c.oid) AS triggers
  FROM pg_class c WHERE relname ~ '^pr_' AND relkind IN ('r', 'p') ORDER BY 1;
-- again, which changes nothing
DO $$ BEGIN PERFORM acl_protect('pr_doc', '{"place": {"column": "place", "by": "id"}}',
  '{"owner": {"column": "owner", "by": "id"}, "own_acl": "own", "columns": {"title": "rename"}}'); END $$;
SELECT spec ->> 'key' AS id, partitions FROM docacl.protected_table WHERE relation = 'pr_doc'::regclass;
SELECT * FROM acl_check('pr_doc') WHERE severity = 'error';

INSERT INTO pr_doc (id, shelf, place, title) VALUES
  (1, 'one', :a, 'one A'), (2, 'one', :b, 'one B'), (3, 'two', :a, 'two low A'), (4, 'two', :b, 'two low B'),
  (103, 'two', :a, 'two high A'), (104, 'two', :c, 'two high C'), (5, 'three', :a, 'three A'), (6, 'three', :b, 'three B'), (7, 'three', :c, 'three C');

\echo === reading, by the root and by each partition
SELECT who, rel, sees(who, rel) FROM unnest(ARRAY['reader', 'mover', 'none', 'boss']) WITH ORDINALITY AS w(who, i),
  unnest(ARRAY['pr_doc', 'pr_one', 'pr_two', 'pr_two_low', 'pr_two_high', 'pr_three']) WITH ORDINALITY AS r(rel, j) ORDER BY i, j;
SELECT rel, disagreements(ARRAY['reader', 'mover', 'stuck', 'pusher', 'shredder', 'none', 'boss'], rel) AS n0
  FROM unnest(ARRAY['pr_doc', 'pr_one', 'pr_two', 'pr_two_low', 'pr_two_high', 'pr_three']) AS r(rel);

\echo === writing, by the root and by each partition
SELECT who, rel,
       attempt(who, format('UPDATE %s SET id = id', rel)) AS same,
       attempt(who, format('UPDATE %s SET place = place, shelf = shelf', rel)) AS update,
       attempt(who, format('UPDATE %s SET title = title || ''!''', rel)) AS rename,
       attempt(who, format('DELETE FROM %s', rel)) AS delete,
       attempt(who, format('TRUNCATE %s', rel)) AS truncate
  FROM unnest(ARRAY['reader', 'mover', 'shredder', 'none', 'boss']) WITH ORDINALITY AS w(who, i),
  unnest(ARRAY['pr_doc', 'pr_one', 'pr_two', 'pr_two_low', 'pr_two_high', 'pr_three']) WITH ORDINALITY AS r(rel, j) ORDER BY i, j;
-- INSERT: add in B only
SELECT who, rel, shelf, attempt(who, format('INSERT INTO %s (id, shelf, place) VALUES (%s, %L, %s)', rel, id, shelf, :a)) AS a,
       attempt(who, format('INSERT INTO %s (id, shelf, place) VALUES (%s, %L, %s)', rel, id, shelf, :b)) AS b
  FROM unnest(ARRAY['reader', 'mover', 'none', 'boss']) WITH ORDINALITY AS w(who, i),
  (VALUES ('pr_doc', 'one', 20), ('pr_doc', 'two', 20), ('pr_doc', 'two', 200), ('pr_doc', 'three', 20), ('pr_one', 'one', 20),
          ('pr_two', 'two', 20), ('pr_two_high', 'two', 200), ('pr_three', 'three', 20)) AS r(rel, shelf, id) ORDER BY i, rel, shelf, id;

\echo === a row that moves between partitions is one UPDATE
-- write is enough where only the partition changes: neither delete nor add
SELECT attempt('mover', 'UPDATE pr_doc SET shelf = ''three'' WHERE id = 1') AS n1;
SELECT attempt('mover', 'UPDATE pr_doc SET shelf = ''two'' WHERE id IN (1, 5)') AS n2;
SELECT attempt('stuck', 'UPDATE pr_doc SET shelf = ''three'' WHERE id = 1') AS n1;
SELECT attempt('stuck', 'UPDATE pr_doc SET shelf = CASE shelf WHEN ''one'' THEN ''two'' WHEN ''two'' THEN ''three'' ELSE ''one'' END') AS n4;
SELECT attempt('reader', 'UPDATE pr_doc SET shelf = ''three'' WHERE id = 1') AS n0;
SELECT attempt('none', 'UPDATE pr_doc SET shelf = ''three'' WHERE id = 1') AS n0;
SELECT attempt('shredder', 'UPDATE pr_doc SET shelf = ''three'' WHERE id = 1') AS n0;
-- with the place: move there, add here
SELECT attempt('mover', format('UPDATE pr_doc SET shelf = ''three'', place = %s WHERE id = 1', :b)) AS n1;
SELECT complaint('stuck', format('UPDATE pr_doc SET shelf = ''three'', place = %s WHERE id = 1', :b));
SELECT complaint('pusher', format('UPDATE pr_doc SET shelf = ''three'', place = %s WHERE id = 1', :b));
SELECT complaint('mover', format('UPDATE pr_doc SET shelf = ''three'', place = %s WHERE id = 1', :c));
-- other columns are asked about as ever
SELECT complaint('mover', 'UPDATE pr_doc SET shelf = ''three'', title = ''x'' WHERE id = 1');
-- a partition named directly does not let its rows go
SELECT attempt('mover', 'UPDATE pr_one SET shelf = ''three'' WHERE id = 1') AS "23514";
-- who wrote the row stays who wrote it
CREATE VIEW acl_boss AS SELECT id FROM docacl.principal WHERE name = 'boss';
GRANT SELECT ON acl_boss TO PUBLIC;
UPDATE pr_doc SET owner = (SELECT id FROM acl_boss);
BEGIN;
SELECT become('mover');
UPDATE pr_doc SET shelf = 'three' WHERE id = 1 RETURNING tableoid::regclass, owner = (SELECT max(id) FROM acl_boss) AS t;
ROLLBACK;

\echo === halves that are none
-- DELETE and INSERT of one's own are asked about, whatever was updated before in the statement or the transaction
SELECT attempt('mover', 'WITH u AS (UPDATE pr_doc SET shelf = ''three'' WHERE id = 1 RETURNING *) DELETE FROM pr_doc WHERE id IN (3) AND EXISTS (SELECT 1 FROM u)') AS n0;
SELECT attempt('mover', format('WITH u AS (UPDATE pr_doc SET shelf = ''three'' WHERE id = 1 RETURNING *)
  INSERT INTO pr_doc (id, shelf, place, owner, title) SELECT 30, u.shelf, u.place, u.owner, u.title FROM u')) AS "42501";
SELECT attempt('mover', 'WITH u AS (UPDATE pr_doc SET place = place WHERE id = 1 RETURNING *)
  INSERT INTO pr_doc (id, shelf, place) SELECT 1, ''three'', u.place FROM u') AS "42501";
SELECT attempt('stuck', 'WITH u AS (UPDATE pr_doc SET shelf = shelf WHERE id = 1 RETURNING *), d AS (DELETE FROM pr_doc USING u WHERE pr_doc.id = 3 RETURNING pr_doc.*)
  INSERT INTO pr_doc (id, shelf, place) SELECT 3, ''three'', d.place FROM d') AS n0;
BEGIN;
SELECT become('mover');
SAVEPOINT s;
UPDATE pr_doc SET shelf = 'three' WHERE id = 1;
ROLLBACK TO s;
DELETE FROM pr_doc WHERE id = 1;
INSERT INTO pr_doc (id, shelf, place) SELECT 31, 'three', place FROM pr_doc WHERE id = 1;   -- fail: add
ROLLBACK;
BEGIN;
SELECT become('shredder');
DELETE FROM pr_doc WHERE id = 1;
INSERT INTO pr_doc (id, shelf, place, owner, title) SELECT 1, 'three', place, owner, title FROM pr_doc WHERE id = 3;   -- fail: add
ROLLBACK;
-- MERGE judges each of its actions
SELECT attempt('mover', 'MERGE INTO pr_doc d USING (VALUES (1), (3)) AS v(i) ON d.id = v.i WHEN MATCHED AND d.id = 1 THEN UPDATE SET shelf = ''three'' WHEN MATCHED THEN DELETE') AS "42501";
SELECT attempt('mover', 'MERGE INTO pr_doc d USING (VALUES (1), (3)) AS v(i) ON d.id = v.i WHEN MATCHED AND d.id = 1 THEN UPDATE SET shelf = ''three'' WHEN MATCHED THEN DO NOTHING') AS n1;
SELECT attempt('mover', format('MERGE INTO pr_doc d USING (VALUES (1), (33)) AS v(i) ON d.id = v.i WHEN MATCHED THEN UPDATE SET shelf = ''three'' WHEN NOT MATCHED THEN INSERT (id, shelf, place) VALUES (v.i, ''three'', %s)', :a)) AS "42501";

\echo === own lists
SELECT acl_grant_row('none', 'view', 'pr_doc', '1') AS t;
SELECT acl_grant_row('none', 'view', 'pr_three', '7') AS t;        -- by the partition
SELECT r.relation, r.row_key FROM docacl.resource r WHERE r.kind = 'document' AND r.relation IS NOT NULL ORDER BY 2;
SELECT sees('none', 'pr_doc') AS "1,7", sees('none', 'pr_three') AS "7";
SELECT acl_can_row('none', 'pr_doc', '1', 'read') AS t, acl_can_row('none', 'pr_one', '1', 'read') AS t, acl_can_row('none', 'pr_doc', '2', 'read') AS f;
BEGIN;
SELECT become('mover');
UPDATE pr_doc SET shelf = 'two', place = :b WHERE id = 1 RETURNING tableoid::regclass, own IS NOT NULL AS t;
RESET ROLE;
SELECT sees('none', 'pr_doc') AS "1,7", sees('none', 'pr_two_low') AS "1", acl_can_row('none', 'pr_doc', '1', 'read') AS t;
SELECT row_key, relation, parent_id = :b AS t FROM docacl.resource WHERE kind = 'document' AND row_key = '1';
-- sessions that are exempt move it as well
UPDATE pr_doc SET shelf = 'one' WHERE id = 1 RETURNING tableoid::regclass, own IS NOT NULL AS t;
SELECT count(*) AS n1 FROM docacl.resource WHERE kind = 'document' AND row_key = '1';
SELECT sees('none', 'pr_doc') AS "1,7";
ROLLBACK;
-- a trigger of the application's between the halves may do what it likes
CREATE FUNCTION pr_before() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM count(*) FROM pr_doc; CREATE TEMP TABLE IF NOT EXISTS pr_log (i int); DROP TABLE pr_log; RETURN coalesce(NEW, OLD); END $$;
BEGIN;
CREATE TRIGGER pr_before BEFORE INSERT OR DELETE ON pr_doc FOR EACH ROW EXECUTE FUNCTION pr_before();
SELECT become('mover');
UPDATE pr_doc SET shelf = 'two', place = :b WHERE id = 1 RETURNING tableoid::regclass, own IS NOT NULL AS t;
ROLLBACK;
-- DELETE takes the list along
BEGIN;
DELETE FROM pr_one WHERE id = 1;
SELECT count(*) AS n0 FROM docacl.resource WHERE kind = 'document' AND row_key = '1';
ROLLBACK;
-- the list of a row is set apart, revoked, and seen in both surfaces
DO $$ BEGIN PERFORM acl_set_row_inherits('pr_one', '1', false); END $$;
SELECT sees('reader', 'pr_one') AS "nothing", acl_can_row('reader', 'pr_doc', '1', 'read') AS f;
SELECT disagreements(ARRAY['reader', 'mover', 'none', 'boss'], 'pr_doc') AS n0;
SELECT acl_revoke_row('none', 'view', 'pr_two', '7') AS t;         -- any of its tables will do: the row is the root's
-- a key that is in two partitions names no row
INSERT INTO pr_doc (id, shelf, place) VALUES (7, 'one', :a);
SELECT acl_can_row('boss', 'pr_doc', '7', 'read') AS f;
SELECT complaint(NULL, $$SELECT acl_grant_row('none', 'view', 'pr_doc', '7')$$);
DELETE FROM pr_one WHERE id = 7;

\echo === resources that rows use
SELECT complaint(NULL, $$SELECT acl_drop('location', 'C')$$);
-- a foreign key on a partition that opens rows
CREATE TABLE pr_place (id bigint PRIMARY KEY);
INSERT INTO pr_place VALUES (:a), (:b), (:c);
-- (made while docacl did not look)
ALTER EVENT TRIGGER docacl_refuse_ddl DISABLE;
ALTER TABLE pr_three ADD CONSTRAINT pr_null FOREIGN KEY (place) REFERENCES pr_place ON DELETE SET NULL;
ALTER EVENT TRIGGER docacl_refuse_ddl ENABLE ALWAYS;
SELECT complaint(NULL, $$SELECT acl_protect('pr_doc', '{"place": {"column": "place", "by": "id"}}', '{"own_acl": "own"}')$$);
ALTER TABLE pr_three DROP CONSTRAINT pr_null;

\echo === unprotect
SET client_min_messages = error;
DO $$ BEGIN PERFORM acl_unprotect('pr_doc'); END $$;
RESET client_min_messages;
SELECT c.relname, c.relrowsecurity AS rls, c.relforcerowsecurity AS f,
       (SELECT count(*) FROM pg_policy WHERE polrelid = c.oid) AS n0, (SELECT count(*) FROM pg_trigger WHERE tgrelid = c.oid) AS n0
  FROM pg_class c WHERE relname ~ '^pr_' AND relkind IN ('r', 'p') ORDER BY 1;
SELECT complaint(NULL, $$SELECT acl_can_row('boss', 'pr_one', '1', 'read')$$);

-- a foreign partition cannot be protected
CREATE TABLE pr_root (id int, place bigint) PARTITION BY LIST (id);
SET client_min_messages = error;
CREATE FOREIGN DATA WRAPPER pr_fdw;
CREATE SERVER pr_server FOREIGN DATA WRAPPER pr_fdw;
RESET client_min_messages;
CREATE FOREIGN TABLE pr_far PARTITION OF pr_root FOR VALUES IN (1) SERVER pr_server;
SELECT complaint(NULL, $$SELECT acl_protect('pr_root', '{"place": {"column": "place", "by": "id"}}')$$);
