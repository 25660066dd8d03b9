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
GRANT SELECT, UPDATE, DELETE ON docs TO regress_app, regress_system;
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
         IF line ~ 'Scan|Index Cond' THEN RETURN NEXT line; END IF;
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
-- An index of which the gate is a later column is of no use: its order would be taken for granted.
SELECT * FROM plan('narrow', 'SELECT body FROM docs WHERE body = ''body 7'' ORDER BY place');

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

-- Where a row may be open without a reference that opens, there is no such condition: a column that may be null,
-- a requester, an own list
DO $$ BEGIN PERFORM acl_protect('docs', '{"room": {"column": "room", "by": "id"}}'); END $$;
SELECT * FROM plan('narrow', 'SELECT count(body) FROM docs');
ALTER TABLE docs ADD requested_by bigint, ADD own_acl bigint;
DO $$ BEGIN PERFORM acl_protect('docs', '{"location": {"column": "place", "by": "id"}}', '{"requester": {"column": "requested_by", "by": "id"}}'); END $$;
SELECT * FROM plan('narrow', 'SELECT count(body) FROM docs');
DO $$ BEGIN PERFORM acl_protect('docs', '{"location": {"column": "place", "by": "id"}}', '{"own_acl": "own_acl"}'); END $$;
SELECT * FROM plan('narrow', 'SELECT count(body) FROM docs');

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
