--
-- planner: what the planner is told of the check. A narrow user's query finds its rows by an index on a gate column, a
-- wide one's reads them all, and what a query returns never depends on how.
--
SET client_min_messages = warning;

CREATE TABLE docs (id bigint PRIMARY KEY, place bigint NOT NULL, type text NOT NULL, area uuid NOT NULL, room bigint, body text);
DO $$
BEGIN
    PERFORM setseed(0.42);
    PERFORM acl_create_kind('area', true), acl_create_kind('room', false);
    FOR i IN 1..200 LOOP
        PERFORM acl_create('location', 'L' || i, key => 'l' || i,
            parent => CASE WHEN i > 20 THEN '/L' || (1 + i % 20) END, inherits => i % 3 = 0);
    END LOOP;
    FOR i IN 1..30 LOOP
        PERFORM acl_create('document type', 'T' || i, key => 't' || i, parent => CASE WHEN i > 5 THEN '/T' || (1 + i % 5) END);
        PERFORM acl_create('area', 'A' || i, key => md5(i::text)::uuid::text, parent => CASE WHEN i > 5 THEN '/A' || (1 + i % 5) END);
        PERFORM acl_create('room', 'R' || i);
    END LOOP;
END $$;
INSERT INTO docs
SELECT i, p.id, 't' || 1 + i % 30, md5((1 + i % 30)::text)::uuid, CASE WHEN i % 4 = 0 THEN r.id END, 'body ' || i
FROM generate_series(1, 6000) i
JOIN docacl.resource p ON p.kind = 'location' AND p.name = 'L' || 1 + i % 200
JOIN docacl.resource r ON r.kind = 'room' AND r.name = 'R' || 1 + i % 30;
CREATE INDEX docs_place ON docs (place);
CREATE INDEX docs_type ON docs (type);
CREATE INDEX docs_area ON docs (area);
CREATE INDEX docs_room ON docs (room);
CREATE INDEX docs_later ON docs (body, place);
ANALYZE docs;
GRANT SELECT, INSERT, UPDATE, DELETE ON docs TO regress_app, regress_system;
DO $$
BEGIN
    PERFORM acl_create_role('All types'), acl_create_user('narrow', 'narrow@example.org', 'All types');
    PERFORM acl_create_user('wide', 'wide@example.org', 'All types'), acl_create_user('admin', 'admin@example.org', 'Administrators');
    PERFORM acl_create_user('none', 'none@example.org', 'Users');
    PERFORM acl_grant('All types', 'view', 'document type', '*'), acl_grant('All types', 'change', 'area', '*');
    PERFORM acl_grant('narrow', 'enter', 'location', '/L1'), acl_grant('wide', 'enter', 'location', '*');
END $$;
SELECT count(*) FROM acl_protect('docs', '{"location": {"column": "place", "by": "id"}}');

-- The part of a plan that says how rows are found.
CREATE FUNCTION plan(who text, statement text) RETURNS SETOF text LANGUAGE plpgsql AS
$$ DECLARE
     line text;
   BEGIN
     BEGIN
       PERFORM become(who);
       FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || statement LOOP
         IF line ~ 'Scan|Index Cond|Bitmap' THEN RETURN NEXT regexp_replace(line, '\{"[^'']*''', '…''', 'g'); END IF;
       END LOOP;
       RAISE EXCEPTION USING ERRCODE = 'ZZ999';
     EXCEPTION WHEN SQLSTATE 'ZZ999' THEN NULL;
     END;
   END $$;

-- The same statement: an index for the narrow user, none for the wide one and the admin.
SELECT * FROM plan('narrow', 'SELECT count(body) FROM docs');
SELECT * FROM plan('wide', 'SELECT count(body) FROM docs');
SELECT * FROM plan('admin', 'SELECT count(body) FROM docs');
-- A row asked for by its key is found by it.
SELECT * FROM plan('narrow', 'SELECT body FROM docs WHERE id = 7');
-- An index of which the gate is a later column finds them by a bitmap: its order would be taken for granted.
SELECT * FROM plan('narrow', 'SELECT body FROM docs WHERE body = ''body 7'' ORDER BY place');
BEGIN;
DROP INDEX docs_place;
SELECT * FROM plan('narrow', 'SELECT body FROM docs WHERE body = ''body 7'' ORDER BY place');
-- so does a hash
CREATE INDEX docs_hash ON docs USING hash (place);
SELECT * FROM plan('narrow', 'SELECT count(body) FROM docs');
SET LOCAL enable_bitmapscan = off;
SELECT * FROM plan('narrow', 'SELECT count(body) FROM docs');
ROLLBACK;
-- neither does an index of part of the rows, nor of an expression, nor one that is not valid
BEGIN;
DROP INDEX docs_place, docs_later;
CREATE INDEX ON docs (place) WHERE place > 0;
CREATE INDEX ON docs ((place + 0));
CREATE INDEX bad ON docs (place);
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'bad'::regclass;
SELECT * FROM plan('narrow', 'SELECT count(body) FROM docs');
ROLLBACK;

-- keys of type text and uuid
DO $$ BEGIN
    PERFORM acl_protect('docs', '{"document type": "type"}');
    PERFORM acl_revoke('All types', 'view', 'document type', '*'), acl_grant('narrow', 'view', 'document type', '/T3/T7');
    PERFORM acl_grant('wide', 'view', 'document type', '*');
END $$;
SELECT * FROM plan('narrow', 'SELECT count(body) FROM docs');
DO $$ BEGIN
    PERFORM acl_protect('docs', '{"area": "area"}');
    PERFORM acl_revoke('All types', 'change', 'area', '*'), acl_grant('narrow', 'view', 'area', '/A3/A7');
END $$;
SELECT * FROM plan('narrow', 'SELECT count(body) FROM docs');

-- A column that may be null. The only gate: without it a row is in no list but its owner's.
DO $$ BEGIN
    PERFORM acl_grant('narrow', 'view', 'room', '/R3'), acl_grant('wide', 'view', 'room', '*');
    PERFORM acl_protect('docs', '{"room": {"column": "room", "by": "id"}}');
END $$;
SELECT * FROM plan('narrow', 'SELECT count(body) FROM docs');
SELECT * FROM plan('wide', 'SELECT count(body) FROM docs');
ALTER TABLE docs ADD owner_id bigint, ADD requested_by bigint, ADD own_acl bigint, ADD room2 bigint, ADD type2 text;
UPDATE docs SET room2 = CASE WHEN docs.id % 3 = 0 THEN room END, type2 = CASE WHEN docs.id % 5 = 0 THEN type END,
    owner_id = p.id, requested_by = CASE WHEN docs.id % 2 = 0 THEN q.id END
FROM docacl.principal p, docacl.principal q
WHERE p.name = CASE WHEN docs.id % 200 = 1 THEN 'narrow' ELSE 'none' END AND q.name = CASE WHEN docs.id % 300 = 0 THEN 'narrow' ELSE 'wide' END;
ANALYZE docs;
-- no index of the owner: the rows without a room are too many
DO $$ BEGIN PERFORM acl_protect('docs', '{"room": {"column": "room2", "by": "id"}}', '{"owner": {"column": "owner_id", "by": "id"}}'); END $$;
SELECT * FROM plan('narrow', 'SELECT count(body) FROM docs');
CREATE INDEX docs_room2 ON docs (room2);
SELECT * FROM plan('narrow', 'SELECT count(body) FROM docs');
-- the intray, as acl_index_advice would have it
SELECT statement FROM acl_index_advice('docs') \gexec
SELECT * FROM plan('narrow', 'SELECT count(body) FROM docs');
-- Two gates, each of which may be absent: one of them is not, or the row lies in an intray.
DO $$ BEGIN PERFORM acl_protect('docs', '{"room": {"column": "room2", "by": "id"}, "document type": "type2"}', '{"owner": {"column": "owner_id", "by": "id"}}'); END $$;
SELECT statement FROM acl_index_advice('docs') \gexec
SELECT * FROM plan('narrow', 'SELECT count(body) FROM docs');
-- Two gates that are always there: both indexes where it pays
DO $$ BEGIN PERFORM acl_protect('docs', '{"location": {"column": "place", "by": "id"}, "area": "area"}'); END $$;
BEGIN;
DO $$ BEGIN FOR i IN 4..10 LOOP PERFORM acl_grant('narrow', 'enter', 'location', '/L' || i), acl_grant('narrow', 'view', 'area', '/A3/A' || 7 + 5 * (i % 4)); END LOOP; END $$;
SET LOCAL enable_seqscan = off; SET LOCAL cpu_tuple_cost = 10;
SELECT * FROM plan('narrow', 'SELECT count(body) FROM docs');
ROLLBACK;
-- Who requested it, and what is shared row by row
DO $$ BEGIN PERFORM acl_protect('docs', '{"location": {"column": "place", "by": "id"}}', '{"requester": {"column": "requested_by", "by": "id"}}'); END $$;
SELECT * FROM plan('narrow', 'SELECT count(body) FROM docs');
SELECT statement FROM acl_index_advice('docs') \gexec
SELECT * FROM plan('narrow', 'SELECT count(body) FROM docs');
-- who requested a row may not delete it for that
SELECT * FROM plan('narrow', 'DELETE FROM docs');
DO $$ BEGIN PERFORM acl_protect('docs', '{"location": {"column": "place", "by": "id"}}', '{"own_acl": "own_acl"}'); END $$;
SELECT * FROM plan('narrow', 'SELECT count(body) FROM docs');
SELECT statement FROM acl_index_advice('docs') \gexec
SELECT * FROM plan('narrow', 'SELECT count(body) FROM docs');
SELECT * FROM plan('narrow', 'UPDATE docs SET body = body');
SELECT * FROM plan('narrow', 'SELECT body FROM docs FOR UPDATE');
-- no condition where a constant keeps the gate open, none on a row that is written
DO $$ BEGIN
    PERFORM acl_create('function', 'Desk');
    PERFORM acl_protect('docs', '{"function": {"constant": ["Desk"]}, "room": {"column": "room2", "by": "id"}}');
END $$;
SELECT * FROM plan('narrow', 'SELECT count(body) FROM docs');
SELECT * FROM plan('narrow', 'INSERT INTO docs (id, place, type, area) SELECT 0, place, type, area FROM docs WHERE id = 1 RETURNING id');

-- One plan, made for the narrow user and run by everybody.
DO $$ BEGIN
    PERFORM acl_protect('docs', '{"location": {"column": "place", "by": "id"}, "document type": "type"}');
    PERFORM acl_grant('All types', 'view', 'document type', '*');
END $$;
SET plan_cache_mode = force_generic_plan;
SET ROLE regress_app;
PREPARE opened AS SELECT count(body) FROM docs;
BEGIN; SELECT acl_set_user('narrow'); EXECUTE opened; SELECT count(*) FROM docs WHERE body IS NOT NULL; COMMIT;
BEGIN; SELECT acl_set_user('wide'); EXECUTE opened; SELECT count(*) AS n6000 FROM docs; COMMIT;
BEGIN; SELECT acl_set_user('admin'); EXECUTE opened; COMMIT;
BEGIN; SELECT acl_set_user('none'); EXECUTE opened; COMMIT;
EXECUTE opened;
-- system sees more than any list of references: its plans are its own
RESET ROLE;
SET docacl.principal = '1';
SET ROLE regress_app;
EXECUTE opened;
RESET ROLE;
RESET docacl.principal;
-- a resource made in the same transaction below one that opens, and a grant taken away, count at once
SET ROLE regress_app;
BEGIN; SELECT acl_set_user('narrow'); EXECUTE opened; COMMIT;
RESET ROLE;
DO $$ BEGIN
    PERFORM acl_create('location', 'new', parent => '/L1', inherits => true);
    UPDATE docs SET place = (SELECT id FROM docacl.resource WHERE name = 'new') WHERE id BETWEEN 2 AND 11;
END $$;
SET ROLE regress_app;
BEGIN; SELECT acl_set_user('narrow'); EXECUTE opened; COMMIT;
RESET ROLE;
DO $$ BEGIN PERFORM acl_revoke('narrow', 'enter', 'location', '/L1'); END $$;
SET ROLE regress_app;
BEGIN; SELECT acl_set_user('narrow'); EXECUTE opened; COMMIT;
RESET ROLE;
RESET plan_cache_mode;

-- What is returned never depends on the plan: random grants, every user, every way to find rows.
CREATE FUNCTION rows_of(who text, way text) RETURNS text LANGUAGE plpgsql AS
$$ DECLARE
     rows_found text;
   BEGIN
     BEGIN
       PERFORM set_config('enable_seqscan', CASE way WHEN 'sequential' THEN 'on' ELSE 'off' END, true);
       PERFORM set_config('enable_bitmapscan', CASE way WHEN 'bitmap' THEN 'on' ELSE 'off' END, true);
       PERFORM set_config('enable_indexscan', CASE way WHEN 'index' THEN 'on' ELSE 'off' END, true);
       PERFORM become(who);
       EXECUTE 'SELECT count(*) || '' '' || coalesce(md5(string_agg(id::text, '','' ORDER BY id)), '''') FROM docs' INTO rows_found;
       RAISE EXCEPTION USING ERRCODE = 'ZZ999';
     EXCEPTION WHEN SQLSTATE 'ZZ999' THEN NULL;
     END;
     RETURN rows_found;
   END $$;
DO $$
DECLARE
    words text[] := ARRAY['enter', 'view', 'read', 'change', 'add', 'write', 'delete'];
    kinds text[] := ARRAY['location', 'document_type', 'area', 'room', 'desk'];
    picked bigint;
    what text;
BEGIN
    PERFORM acl_create_kind('desk', false);
    FOR i IN 1..30 LOOP PERFORM acl_create('desk', 'D' || i, key => i::text); END LOOP;
    FOR u IN 1..12 LOOP
        PERFORM acl_create_user('u' || u, 'u' || u || '@example.org', 'Users');
        FOR g IN 1..60 LOOP
            what := kinds[1 + g % 5];
            SELECT id INTO picked FROM docacl.resource WHERE kind = what AND NOT is_star ORDER BY random() LIMIT 1;
            PERFORM acl_grant('u' || u, words[1 + (what <> 'location')::int + floor(random() * 6)::int], what, picked,
                valid_until => CASE WHEN random() < 0.2 THEN now() END, valid_from => now() - interval '1 day');
        END LOOP;
        IF u % 4 = 0 THEN PERFORM acl_grant('u' || u, 'view', 'document type', '*'); END IF;
        IF u % 6 = 0 THEN PERFORM acl_grant('u' || u, 'view', 'area', '*'); END IF;
    END LOOP;
    PERFORM acl_protect('docs', '{"location": {"column": "place", "by": "id"}, "document type": "type", "area": "area"}');
END $$;
CREATE FUNCTION compare() RETURNS TABLE (users bigint, differences bigint, who_see_some bigint) LANGUAGE sql AS
$$ SELECT count(*), count(*) FILTER (WHERE s <> b OR s <> i), count(*) FILTER (WHERE s <> '0 ')
   FROM (SELECT rows_of(w, 'sequential') AS s, rows_of(w, 'bitmap') AS b, rows_of(w, 'index') AS i
         FROM (SELECT 'u' || n AS w FROM generate_series(1, 12) n UNION ALL VALUES ('narrow'), ('wide'), ('admin'), ('none'), ('system')) t) r $$;
SELECT differences AS n0, users, who_see_some > 8 AS t FROM compare();
DO $$ BEGIN PERFORM acl_protect('docs', '{"area": "area", "room": {"column": "room", "by": "id"}}'); END $$;
SELECT differences AS n0, users, who_see_some > 8 AS t FROM compare();
DO $$ BEGIN PERFORM acl_protect('docs', '{"document type": "type"}'); END $$;
SELECT differences AS n0, users, who_see_some > 8 AS t FROM compare();
-- Keys that are integers.
ALTER TABLE docs ADD desk smallint NOT NULL DEFAULT 1;
UPDATE docs SET desk = 1 + id % 30;
CREATE INDEX docs_desk ON docs (desk);
ANALYZE docs;
DO $$ BEGIN PERFORM acl_protect('docs', '{"desk": {"column": "desk", "by": "key"}}'); END $$;
SELECT differences AS n0, users, who_see_some > 8 AS t FROM compare();
SELECT * FROM plan('u1', 'SELECT count(body) FROM docs');

-- Everything at once: absent gates, own lists that add and that stand instead, owners, requesters.
DROP INDEX docs_place, docs_room;
ALTER TABLE docs ALTER place DROP NOT NULL;
CREATE INDEX docs_place ON docs (place);
CREATE INDEX docs_room ON docs USING hash (room);
DO $$ BEGIN
    PERFORM acl_protect('docs', '{"location": {"column": "place", "by": "id"}, "room": {"column": "room2", "by": "id"}, "document type": "type2"}',
        '{"owner": {"column": "owner_id", "by": "id"}, "requester": {"column": "requested_by", "by": "id"}, "own_acl": "own_acl"}');
END $$;
UPDATE docs SET place = CASE WHEN docs.id % 3 <> 0 THEN place END, requested_by = CASE WHEN docs.id % 13 < 2 THEN p.id END,
    owner_id = CASE WHEN docs.id % 11 <> 0 THEN p.id END
FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM docacl.principal WHERE kind = 'user') p WHERE p.n = 1 + docs.id % 14;
DO $$ BEGIN
    FOR i IN 1..150 LOOP
        IF EXISTS (SELECT FROM docs WHERE id = i * 40 + 1 AND place IS NOT NULL) THEN
            PERFORM acl_grant_row('u' || 1 + i % 12, (ARRAY['read', 'change', 'delete'])[1 + i % 3], 'docs', (i * 40 + 1)::text);
            IF i % 4 = 0 THEN PERFORM acl_set_row_inherits('docs', (i * 40 + 1)::text, false); END IF;
        END IF;
    END LOOP;
END $$;
UPDATE docs SET place = NULL WHERE own_acl IS NOT NULL AND id % 80 = 1;
SELECT statement FROM acl_index_advice('docs') \gexec
ANALYZE docs;
SELECT count(*) FILTER (WHERE own_acl > 0) > 20 AS t, count(*) FILTER (WHERE own_acl < 0) > 5 AS t, count(*) FILTER (WHERE own_acl IS NOT NULL AND place IS NULL) > 5 AS t FROM docs;
SELECT differences AS n0, users, who_see_some > 8 AS t FROM compare();
SELECT * FROM plan('u3', 'SELECT count(body) FROM docs');
-- One plan, made for one of them, run by everybody.
CREATE FUNCTION listed(who text) RETURNS text LANGUAGE plpgsql AS
$$ DECLARE
     rows_found text;
   BEGIN
     PERFORM become(who);
     EXECUTE 'EXECUTE listing' INTO rows_found;
     PERFORM set_config('role', 'none', false), set_config('docacl.principal', '', false);
     RETURN rows_found;
   END $$;
SET plan_cache_mode = force_generic_plan;
SET enable_seqscan = off;
PREPARE listing AS SELECT count(*) || ' ' || coalesce(md5(string_agg(id::text, ',' ORDER BY id)), '') FROM docs;
SELECT listed('u3') = rows_of('u3', 'sequential') AS t;
SELECT count(*) AS users, count(*) FILTER (WHERE listed(w) <> rows_of(w, 'sequential')) AS n0
FROM (SELECT 'u' || n AS w FROM generate_series(1, 12) n UNION ALL VALUES ('wide'), ('admin'), ('none'), ('narrow')) t;
SELECT generic_plans >= 17 AS t, from_sql FROM pg_prepared_statements WHERE name = 'listing';
DEALLOCATE listing;
RESET enable_seqscan;
RESET plan_cache_mode;
-- in parallel workers
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET min_parallel_index_scan_size = 0;
SELECT differences AS n0, users, who_see_some > 8 AS t FROM compare();
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size; RESET min_parallel_index_scan_size;

-- Partitions are planned each for itself, by their own indexes.
CREATE TABLE parts (LIKE docs) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (MINVALUE) TO (3000);
CREATE TABLE parts_2 (desk smallint NOT NULL, own_acl bigint, body text, owner_id bigint, id bigint NOT NULL, type2 text, place bigint, type text NOT NULL,
    requested_by bigint, area uuid NOT NULL, room2 bigint, room bigint);
ALTER TABLE parts ATTACH PARTITION parts_2 FOR VALUES FROM (3000) TO (MAXVALUE);
INSERT INTO parts (id, place, type, area, room, body, owner_id, requested_by, room2, type2, desk)
SELECT id, place, type, area, room, body, owner_id, requested_by, room2, type2, desk FROM docs;
CREATE INDEX ON parts_1 (place);
CREATE INDEX ON parts_2 (place);
CREATE INDEX ON parts (requested_by);
ANALYZE parts;
GRANT SELECT, UPDATE, DELETE ON parts TO regress_app, regress_system;
DO $$ BEGIN
    PERFORM acl_protect('parts', '{"location": {"column": "place", "by": "id"}}', '{"requester": {"column": "requested_by", "by": "id"}}');
END $$;
SELECT * FROM plan('narrow', 'SELECT count(body) FROM parts');
SELECT * FROM plan('narrow', 'SELECT count(body) FROM parts WHERE id < 100');
SELECT * FROM plan('narrow', 'UPDATE parts SET body = body');
SELECT * FROM plan('wide', 'SELECT count(body) FROM parts');
ALTER TABLE docs RENAME TO other;
ALTER TABLE parts RENAME TO docs;
SELECT differences AS n0, users, who_see_some > 8 AS t FROM compare();

-- What opens is kept for later statements until a resource is made, by whomever.
CREATE TABLE shelf (id int PRIMARY KEY, place bigint NOT NULL);
INSERT INTO shelf SELECT i, p.id FROM generate_series(1, 3000) i JOIN docacl.resource p ON p.kind = 'location' AND p.name = 'L' || 21 + i % 100;
CREATE INDEX shelf_place ON shelf (place);
ANALYZE shelf;
GRANT SELECT ON shelf TO regress_app;
DO $$ BEGIN
    PERFORM acl_create('location', 'kept'), acl_create_user('keeper', 'keeper@example.org', 'Users'), acl_grant('keeper', 'view', 'location', '/kept');
    PERFORM acl_protect('shelf', '{"location": {"column": "place", "by": "id"}}');
END $$;
SET enable_seqscan = off;
SET plan_cache_mode = force_generic_plan;
PREPARE kept AS SELECT count(*) FROM shelf;
SET ROLE regress_app;
BEGIN; SELECT acl_set_user('keeper'); EXECUTE kept; COMMIT;
BEGIN; SELECT acl_set_user('keeper'); EXECUTE kept; COMMIT;
RESET ROLE;
DO $$ BEGIN PERFORM acl_create('location', 'later', parent => '/kept', inherits => true); END $$;
INSERT INTO shelf SELECT 9000 + i, p.id FROM generate_series(1, 7) i, docacl.resource p WHERE p.name = 'later';
SET ROLE regress_app;
BEGIN; SELECT acl_set_user('keeper'); EXECUTE kept; COMMIT;
RESET ROLE;
-- nobody, told to get an error, gets it whether or not a row is looked at
SET ROLE regress_app;
SET docacl.nobody = 'error';
EXECUTE kept;
RESET docacl.nobody;
EXECUTE kept;
RESET ROLE;
