--
-- may: acl_may(row, action) says what acl_can_row says of the same row, in a query that is planned like a policy.
--
SET client_min_messages = warning;

CREATE TABLE docs (id bigint PRIMARY KEY, gone_column int, place bigint, type text, project text, body text, made_by bigint, asked_by bigint,
                   own_acl bigint, fixed boolean NOT NULL DEFAULT false, gone boolean NOT NULL DEFAULT false, gone_by bigint);
ALTER TABLE docs DROP COLUMN gone_column;
DO $$ BEGIN
    PERFORM acl_create('location', 'Company'), acl_create('location', 'HR', parent => 'Company', inherits => true);
    PERFORM acl_create('location', 'Sales', parent => 'Company'), acl_create('function', 'Orders'), acl_create_action('stamp');
    PERFORM acl_create('document type', 'Contract', key => 'contract'), acl_create('document type', 'Invoice', key => 'invoice');
    PERFORM acl_create('project', 'Bridge', key => 'bridge');
    PERFORM acl_create_role('Keys'), acl_create_role('Readers');
    PERFORM acl_create_user('both', 'both@example.org', 'Readers'), acl_assign('Keys', 'both');
    PERFORM acl_create_user('key', 'key@example.org', 'Keys'), acl_create_user('reader', 'reader@example.org', 'Readers');
    PERFORM acl_create_user('guest', 'guest@example.org', 'Readers', read_only => true), acl_assign('Keys', 'guest');
    PERFORM acl_create_user('boss', 'boss@example.org', 'Administrators'), acl_create_user('none', 'none@example.org', 'Users');
    PERFORM acl_grant('Keys', 'enter', 'location', 'Company'), acl_grant('Readers', 'full', 'document type', 'Contract');
    PERFORM acl_grant('everyone', 'view', 'project', '*'), acl_grant('both', 'stamp', 'document type', 'Contract');
    PERFORM acl_grant('both', 'change', 'function', 'Orders'), acl_grant('guest', 'view', 'function', 'Orders');
END $$;
INSERT INTO docs (id, place, type, project, made_by, asked_by, fixed, gone, gone_by)
SELECT i, (SELECT id FROM docacl.resource WHERE name = p), t, j, (SELECT id FROM docacl.principal WHERE name = 'both'),
       (SELECT id FROM docacl.principal WHERE name = a), f, g IS NOT NULL, (SELECT id FROM docacl.principal WHERE name = g)
FROM (VALUES (1, 'HR', 'contract', NULL, NULL, false, NULL), (2, 'Sales', 'contract', NULL, 'none', false, NULL), (3, 'HR', 'invoice', 'bridge', NULL, false, NULL),
             (4, NULL, NULL, NULL, NULL, false, NULL), (5, 'HR', 'contract', 'bridge', NULL, false, NULL), (6, 'HR', 'contract', NULL, NULL, true, NULL),
             (7, 'HR', NULL, NULL, NULL, false, NULL), (8, 'HR', 'contract', NULL, NULL, false, 'both'), (9, NULL, 'nothing', NULL, NULL, false, NULL),
             (10, 'HR', 'contract', NULL, NULL, false, 'none')) v(i, p, t, j, a, f, g);
GRANT SELECT, UPDATE ON docs TO PUBLIC;
SELECT count(*) FROM acl_protect('docs', '{"location": {"column": "place", "by": "id"}, "document type": "type", "project": "project"}',
    '{"owner": {"column": "made_by", "by": "id"}, "requester": {"column": "asked_by", "by": "id"}, "own_acl": "own_acl",
      "immutable": "fixed", "deleted": "gone", "deleted_by": {"column": "gone_by", "by": "id"}, "default": true}');
DO $$ BEGIN PERFORM acl_grant('none', 'view', 'document', '5'), acl_grant('none', 'view', 'document', '2'), acl_set_inherits('document', '2', false); END $$;
-- a child with gates of its own, one that its parent alone decides, one of a function, and a partitioned table
CREATE TABLE pages (id int PRIMARY KEY, doc bigint, type text);
CREATE TABLE lines (id int PRIMARY KEY, page int);
CREATE TABLE orders (id int PRIMARY KEY, body text);
CREATE TABLE parts (id int, region int, place bigint, type text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
CREATE TABLE parts_2 (type text, region int NOT NULL, id int NOT NULL, waste int, place bigint);
ALTER TABLE parts_2 DROP COLUMN waste;
ALTER TABLE parts ATTACH PARTITION parts_2 FOR VALUES IN (2);
DO $$ BEGIN
    PERFORM acl_protect('pages', '{"document type": "type", "parent": {"relation": "docs", "column": "doc", "actions": {"select": "download", "delete": "sign"}}}');
    PERFORM acl_protect('lines', '{"parent": {"relation": "pages", "column": "page"}}');
    PERFORM acl_protect('orders', '{"function": {"constant": ["Orders"]}}');
    PERFORM acl_protect('parts', '{"location": {"column": "place", "by": "id"}, "document type": "type"}', '{"key": "id"}');
END $$;
INSERT INTO pages VALUES (1, 1, 'contract'), (2, 2, 'contract'), (3, NULL, 'contract'), (4, 1, NULL), (5, 5, 'invoice');
INSERT INTO lines VALUES (1, 1), (2, 2), (3, NULL);
INSERT INTO orders VALUES (1, 'first');
INSERT INTO parts SELECT id, 1 + id % 2, place, type FROM docs WHERE id < 8;
GRANT SELECT ON pages, lines, orders, parts, parts_1, parts_2 TO PUBLIC;

-- What acl_may says of every row and action as this user: inlined (the table's own row), and of the row as a value.
-- The session sees every row: only acl_may judges.
CREATE ROLE regress_all LOGIN BYPASSRLS;
CREATE FUNCTION of_rows(who text, relation text, way text) RETURNS TABLE (id int, action text, may boolean) LANGUAGE plpgsql AS
$$ DECLARE
     words text[] := (SELECT array_agg(a.name) FROM docacl.action a WHERE a.bit < 29 OR a.name = 'stamp');
     word text;
   BEGIN
     PERFORM set_config('docacl.principal', (SELECT p.id::text FROM docacl.principal p WHERE p.name = who), false);
     PERFORM set_config('role', 'regress_all', true);
     FOREACH word IN ARRAY words || ARRAY['full', 'view', 'read,write', 'Add, Reading-Request', 'edit'] LOOP
       RETURN QUERY EXECUTE format(CASE way
         WHEN 'inline' THEN 'SELECT d.id::int, %1$L::text, acl_may(d, %1$L) FROM %2$s d'
         WHEN 'where' THEN 'SELECT d.id::int, %1$L::text, EXISTS (SELECT FROM %2$s e WHERE e.id = d.id AND acl_may(e, %1$L)) FROM %2$s d'
         WHEN 'value' THEN 'SELECT d.id::int, %1$L::text, acl_may((SELECT e FROM %2$s e WHERE e.id = d.id), %1$L) FROM %2$s d'
         WHEN 'column' THEN 'WITH x AS MATERIALIZED (SELECT e.id, e AS r FROM %2$s e) SELECT id::int, %1$L::text, acl_may(r, %1$L) FROM x'
         ELSE 'SELECT d.id::int, $1, acl_may(d, (SELECT $1)) FROM %2$s d' END, word, relation) USING word;
     END LOOP;
     PERFORM set_config('role', 'none', true), set_config('docacl.principal', '', false);
   END $$;
CREATE FUNCTION compare(relation text, way text) RETURNS TABLE (answers bigint, opened bigint, different bigint) LANGUAGE sql AS
$$ SELECT count(*), count(*) FILTER (WHERE m.may),
          count(*) FILTER (WHERE m.may IS DISTINCT FROM acl_can_row(u.name, relation::regclass, m.id::text, m.action))
   FROM unnest(ARRAY['both', 'key', 'reader', 'guest', 'boss', 'none', 'system']) AS u(name), LATERAL of_rows(u.name, relation, way) m $$;
SELECT relation, way, answers > 200 AS t, opened > 30 AS t, different AS n0
FROM unnest(ARRAY['docs', 'pages', 'lines', 'orders', 'parts']) AS relation, unnest(ARRAY['inline', 'where', 'value', 'column', 'unknown']) AS way, compare(relation, way);
-- a partition's own row
SELECT p, way, count(*) > 200 AS t, count(*) FILTER (WHERE may) > 30 AS t,
       count(*) FILTER (WHERE may IS DISTINCT FROM acl_can_row(u, 'parts', id::text, action)) AS n0
FROM unnest(ARRAY['both', 'key', 'boss', 'none', 'system']) u, unnest(ARRAY['parts_1', 'parts_2']) p, unnest(ARRAY['inline', 'value']) way, LATERAL of_rows(u, p, way)
GROUP BY 1, 2 ORDER BY 1, 2;

-- Words and types that are wrong are refused whether or not there is a row.
CREATE FUNCTION refused(statement text) RETURNS SETOF text LANGUAGE sql AS
$$ SELECT regexp_replace(said, 'Sets are .*', 'Sets are …') FROM complaint(NULL, statement) said $$;
SELECT refused($$SELECT acl_may(d, 'reed') FROM docs d WHERE false$$);
SELECT refused($$SELECT acl_may(d, 'reed') FROM docs d WHERE d.id < 0$$);
SELECT refused($$SELECT acl_may(d, '') FROM docs d$$);
SELECT complaint(NULL, $$SELECT acl_may(d, NULL) FROM docs d WHERE d.id < 0$$);
SELECT refused($$SELECT acl_may(d, w) FROM docs d, (VALUES (NULL), ('x')) v(w)$$);
SELECT refused($$SELECT acl_may(d, w) FROM docs d, (VALUES ('read'), ('reed')) v(w)$$);
CREATE TABLE unprotected (id int);
CREATE VIEW docs_view WITH (security_invoker) AS SELECT * FROM docs;
GRANT SELECT ON docs_view TO PUBLIC;
SELECT complaint(NULL, $$SELECT acl_may(u, 'read') FROM unprotected u$$);
SELECT complaint(NULL, $$SELECT acl_may(v, 'read') FROM docs_view v$$);
SELECT complaint(NULL, $$SELECT acl_may(row(1, 2), 'read')$$);
SELECT complaint(NULL, $$SELECT acl_may(s, 'read') FROM (SELECT id, place FROM docs) s$$);
SELECT complaint(NULL, $$SELECT acl_may((SELECT u FROM unprotected u), 'read')$$);
SELECT complaint(NULL, $$SELECT acl_may(5, 'read')$$);
CREATE TYPE pair AS (a int, b int);
SELECT complaint(NULL, $$SELECT acl_may(row(1, 2)::pair, 'read')$$);
-- nobody is asking: nothing, or 28000 where that is set
SELECT count(*) AS n0 FROM docs d WHERE acl_may(d, 'read');
SELECT count(*) AS n0 FROM docs d WHERE acl_may((SELECT e FROM docs e WHERE e.id = d.id), 'read');
BEGIN;
SET LOCAL docacl.nobody = 'error';
SELECT complaint(NULL, $$SELECT count(*) FROM docs d WHERE acl_may(d, 'read')$$);
SELECT complaint(NULL, $$SELECT acl_may((SELECT e FROM docs e WHERE e.id = 1), 'read')$$);
ROLLBACK;

-- A row that is not there, to the system as well.
SELECT set_config('docacl.principal', '1', false);
SELECT count(*) FILTER (WHERE acl_may(o, 'read')) AS n1, count(*) FILTER (WHERE NOT acl_may(o, 'read')) AS n9 FROM docs d LEFT JOIN orders o ON o.id = d.id;
SELECT count(*) AS n1 FROM docs d LEFT JOIN orders o ON o.id = d.id WHERE acl_may(o, 'read');
SELECT count(*) AS n10 FROM orders o RIGHT JOIN docs d ON acl_may(o, 'read') AND o.id = d.id;
SELECT acl_may(NULL::docs, 'read') AS f, acl_may(NULL, 'read') AS f;
RESET docacl.principal;

-- A row may be made up: it says nothing but what one's own keys do to such a row. Nothing tells a row that exists from
-- one that does not.
SELECT id AS hr FROM docacl.resource WHERE name = 'HR' \gset
SET ROLE regress_app;
BEGIN;
SELECT acl_set_user('reader');
SELECT acl_may(row(99, :hr, 'contract', NULL, NULL, NULL, NULL, NULL, false, false, NULL)::docs, 'read') AS f,
       acl_may(row(99, NULL, 'contract', NULL, NULL, NULL, NULL, NULL, false, false, NULL)::docs, 'read') AS t,
       acl_may(row(99, NULL, 'no such type', NULL, NULL, NULL, NULL, NULL, false, false, NULL)::docs, 'read') AS f,
       acl_may(row(99, NULL, 'invoice', NULL, NULL, NULL, NULL, NULL, false, false, NULL)::docs, 'read') AS f,
       acl_may(row(99, NULL, NULL, NULL, NULL, acl_user_id(), NULL, NULL, false, false, NULL)::docs, 'read, write') AS t,
       acl_may(row(99, NULL, NULL, NULL, NULL, acl_user_id(), NULL, NULL, false, false, NULL)::docs, 'sign') AS f;
SELECT doc, acl_may(row(1, doc, 'contract')::pages, 'read') AS may, acl_can(doc, 'download') AS can FROM unnest(ARRAY[1, 2, 9, 999]) doc;
COMMIT;
RESET ROLE;

-- PostgreSQL's own ways with rows: views, groups, RETURNING, policies and generated conditions
SET ROLE regress_app;
BEGIN;
SELECT acl_set_user('both');
SELECT (d).id, acl_may(d, 'stamp'), count(*) FROM (SELECT d FROM docs d) s GROUP BY d HAVING acl_may(d, 'read') ORDER BY 1;
SELECT acl_may(d, 'stamp'), count(*) FROM docs d GROUP BY d HAVING acl_may(d, 'read') ORDER BY d LIMIT 1;
SELECT DISTINCT acl_may(d, 'stamp') AS stamp FROM docs d ORDER BY 1;
SELECT d.id, acl_may(d, 'write') AS may FROM docs d GROUP BY d.id ORDER BY d.id;
SELECT type, count(*) FROM docs d WHERE acl_may(d, 'sign') GROUP BY type;
SELECT count(*) FROM docs d WHERE EXISTS (SELECT FROM pages p WHERE p.doc = d.id AND acl_may(d, 'stamp') AND acl_may(p, 'read'));
SELECT d.id, (SELECT count(*) FROM pages p WHERE p.doc = d.id AND acl_may(p, 'read') AND acl_may(d, 'read')) AS pages FROM docs d WHERE acl_may(d, 'stamp, write') ORDER BY 1;
UPDATE docs d SET body = 'x' WHERE acl_may(d, 'stamp') AND id < 6 RETURNING id, acl_may(d, 'stamp') AS may;
SELECT id FROM docs d WHERE acl_may(d, 'stamp') AND id < 6 ORDER BY id FOR UPDATE;
PREPARE listed(text) AS SELECT count(*) FROM docs d WHERE acl_may(d, $1);
EXECUTE listed('stamp'); EXECUTE listed('write'); EXECUTE listed('import');
SET plan_cache_mode = force_generic_plan;
EXECUTE listed('stamp'); EXECUTE listed('write'); EXECUTE listed('import');
EXECUTE listed('reed');   -- fail
ROLLBACK;
RESET ROLE;
RESET plan_cache_mode;
-- the columns that one may not read are not read by the way either
REVOKE SELECT ON docs FROM PUBLIC;
GRANT SELECT (id) ON docs TO PUBLIC;
SELECT complaint('both', $$SELECT id FROM docs d WHERE acl_may(d, 'read')$$);
GRANT SELECT ON docs TO PUBLIC;

-- A plan that is kept follows grants, and how the table is protected.
PREPARE mine AS SELECT string_agg(id::text, ',' ORDER BY id) FROM pages p WHERE acl_may(p, 'sign');
SELECT id AS both FROM docacl.principal WHERE name = 'both' \gset
SET docacl.principal = :both;
EXECUTE mine;
DO $$ BEGIN PERFORM acl_grant('both', 'sign, write', 'document type', 'Invoice'); END $$;
EXECUTE mine;
DO $$ BEGIN PERFORM acl_protect('pages', '{"document type": "type"}'); END $$;
EXECUTE mine;
ALTER TABLE pages RENAME COLUMN type TO sort;
EXECUTE mine;
DO $$ BEGIN PERFORM acl_protect('lines', '{"document type": "page"}'); EXCEPTION WHEN OTHERS THEN PERFORM acl_unprotect('lines'); END $$;
DO $$ BEGIN PERFORM acl_unprotect('pages'); END $$;
EXECUTE mine;   -- fail
RESET docacl.principal;

-- Planned like a policy: the same conditions and estimates, for whoever asks. regress_all passes row security, so the
-- only check is that of acl_may.
CREATE TABLE many (id int PRIMARY KEY, place bigint NOT NULL, type text NOT NULL, body text) WITH (autovacuum_enabled = off);
INSERT INTO many SELECT i, r.id, CASE i % 4 WHEN 0 THEN 'contract' ELSE 'invoice' END, 'body'
FROM generate_series(1, 20000) i JOIN docacl.resource r ON r.name = CASE WHEN i % 100 = 0 THEN 'HR' ELSE 'Sales' END;
CREATE INDEX many_place ON many (place);
ANALYZE many;
GRANT SELECT, UPDATE ON many TO PUBLIC;
DO $$ BEGIN PERFORM acl_protect('many', '{"location": {"column": "place", "by": "id"}, "document type": "type"}'); END $$;
CREATE FUNCTION plan(who text, statement text, as_role text DEFAULT 'regress_app') RETURNS SETOF text LANGUAGE plpgsql AS
$$ DECLARE
     line text;
   BEGIN
     PERFORM set_config('docacl.principal', (SELECT p.id::text FROM docacl.principal p WHERE p.name = who), false);
     PERFORM set_config('role', as_role, true);
     FOR line IN EXECUTE 'EXPLAIN ' || statement LOOP
       line := regexp_replace(regexp_replace(line, '\(cost=\S* rows=(\d+) width=\d+\)', '(\1 rows)'), '\{"[^'']*''', '…''', 'g');
       -- as 15 says it and as 18 does
       line := replace(replace(replace(line, '(InitPlan 1).col1', '$0'), ' (returns $0)', ''), '(tableoid IS NOT NULL) AND ', '');
       RETURN NEXT line;
     END LOOP;
     PERFORM set_config('role', 'none', true), set_config('docacl.principal', '', false);
   END $$;
SELECT plan('both', 'SELECT body FROM many');
SELECT plan('both', $$SELECT body FROM many m WHERE acl_may(m, 'read')$$, 'regress_all');
SELECT plan('both', $$SELECT body FROM many m WHERE acl_may(m, 'sign')$$, 'regress_all');
SELECT plan('boss', $$SELECT body FROM many m WHERE acl_may(m, 'sign')$$, 'regress_all');
SELECT plan('none', $$SELECT body FROM many m WHERE acl_may(m, 'read')$$, 'regress_all');
-- beside row security the two are one condition to the estimate, whatever else is asked
SELECT plan('both', $$SELECT body FROM many m WHERE acl_may(m, 'read')$$);
SELECT plan('both', $$SELECT body FROM many m WHERE acl_may(m, 'sign, write')$$);
SELECT plan('both', $$UPDATE many SET body = 'x'$$);
-- what is unknown until the statement runs is asked row by row
SELECT plan('both', $$SELECT body FROM many m WHERE acl_may(m, (SELECT 'sign'))$$);
SELECT plan('both', $$SELECT count(*) FROM orders o LEFT JOIN many m ON m.id = o.id WHERE acl_may(m, 'sign')$$);

SELECT provolatile = 's' AS t, proparallel = 's' AS t, proleakproof AS f FROM pg_proc WHERE proname = 'acl_may';
