--
-- advice: acl_index_advice(relation) names the indexes that a protected table lacks, and nothing once they are there.
--
SET client_min_messages = warning;

DO $$ BEGIN
    PERFORM acl_create('location', 'L'), acl_create('document type', 'T', key => 't'), acl_create('project', 'P', key => '1');
    PERFORM acl_create('function', 'Orders'), acl_create_user('boss', 'boss@example.org', 'Administrators');
END $$;
CREATE TABLE docs (id bigint PRIMARY KEY, "the place" bigint, type text, project int, made_by bigint, asked_by bigint, own_acl bigint, gone_at timestamptz);
DO $$ BEGIN PERFORM acl_protect('docs', '{"location": {"column": "the place", "by": "id"}, "document type": "type", "project": {"column": "project", "by": "key"}}',
    '{"owner": {"column": "made_by", "by": "id"}, "requester": {"column": "asked_by", "by": "id"}, "own_acl": "own_acl", "deleted": "gone_at"}'); END $$;
SELECT * FROM acl_index_advice('docs');
-- the columns by name
SELECT "column", statement FROM acl_index_advice(relation => 'docs') WHERE reason LIKE 'gate%';
-- acl_check says the same of the gates
SELECT object, finding, advice FROM acl_check('docs') WHERE severity = 'advice';

-- Each statement by itself takes its own line away, and no other; all of them take all away.
CREATE FUNCTION taken(relation regclass) RETURNS TABLE ("column" text, left_over text) LANGUAGE plpgsql AS
$$ DECLARE
     line record;
   BEGIN
     FOR line IN SELECT * FROM acl_index_advice(relation) LOOP
       BEGIN
         EXECUTE line.statement;
         "column" := line."column";
         left_over := (SELECT string_agg(a."column", ', ') FROM acl_index_advice(relation) a);
         RAISE EXCEPTION USING ERRCODE = 'ZZ999';
       EXCEPTION WHEN SQLSTATE 'ZZ999' THEN RETURN NEXT;
       END;
     END LOOP;
   END $$;
SELECT * FROM taken('docs');
SELECT statement FROM acl_index_advice('docs') \gexec
SELECT count(*) AS n0 FROM acl_index_advice('docs');
SELECT count(*) AS n0 FROM acl_check('docs') WHERE severity = 'advice';

-- What is no index for it: of a later column, of part of the rows, of another kind, one that failed, of an expression
CREATE TABLE lists (id int PRIMARY KEY, place bigint NOT NULL, made_by bigint);
DO $$ BEGIN PERFORM acl_protect('lists', '{"location": {"column": "place", "by": "id"}}', '{"owner": {"column": "made_by", "by": "id"}}'); END $$;
CREATE FUNCTION helps(index text) RETURNS boolean LANGUAGE plpgsql AS
$$ DECLARE
     answer boolean;
   BEGIN
     EXECUTE index;
     answer := NOT EXISTS (SELECT FROM acl_index_advice('lists'));
     DROP INDEX made;
     RETURN answer;
   END $$;
SELECT helps('CREATE INDEX made ON lists (id, place)') AS f, helps('CREATE INDEX made ON lists (place) WHERE id > 5') AS f,
       helps('CREATE INDEX made ON lists USING brin (place)') AS f,
       helps('CREATE INDEX made ON lists ((place + 0))') AS f,
       helps('CREATE INDEX made ON lists USING hash (place)') AS t, helps('CREATE INDEX made ON lists (place)') AS t, helps('CREATE INDEX made ON lists (place DESC, id)') AS t;
INSERT INTO lists SELECT i, r.id FROM generate_series(1, 2) i, docacl.resource r WHERE r.name = 'L';
\set VERBOSITY terse
CREATE UNIQUE INDEX CONCURRENTLY made ON lists (place);   -- fail
\set VERBOSITY default
SELECT "column" FROM acl_index_advice('lists');
DROP INDEX made;
-- a row whose gates cannot be empty has no intray, and so no index for it
SELECT "column" FROM acl_index_advice('lists');

-- With statistics: how many values there are; a column that hardly tells rows apart gets no index
CREATE TABLE big (id int PRIMARY KEY, place bigint NOT NULL, project int NOT NULL) WITH (autovacuum_enabled = off);
INSERT INTO big SELECT i, r.id, i % 500 FROM generate_series(1, 10000) i, docacl.resource r WHERE r.name = 'L';
DO $$ BEGIN PERFORM acl_protect('big', '{"location": {"column": "place", "by": "id"}, "project": {"column": "project", "by": "key"}}'); END $$;
SELECT "column", regexp_replace(reason, '.*\(', '(') AS reason FROM acl_index_advice('big');
ANALYZE big;
SELECT "column", regexp_replace(reason, '.*\(', '(') AS reason FROM acl_index_advice('big');
SELECT object FROM acl_check('big') WHERE severity = 'advice';

-- A hash finds rows by their key, but not those without one
CREATE TABLE loose (id int PRIMARY KEY, place bigint);
DO $$ BEGIN PERFORM acl_protect('loose', '{"location": {"column": "place", "by": "id"}}'); END $$;
CREATE INDEX ON loose USING hash (place);
SELECT statement FROM acl_index_advice('loose');

-- Children: all columns of the parent's key; a table that a constant or its parent alone decides
CREATE TABLE pages (id int PRIMARY KEY, doc bigint, type text);
CREATE TABLE pairs (a int, b text, type text, PRIMARY KEY (a, b));
CREATE TABLE notes (id int PRIMARY KEY, "A" int, b text);
CREATE TABLE orders (id int PRIMARY KEY, made_by bigint);
DO $$ BEGIN
    PERFORM acl_protect('pages', '{"document type": "type", "parent": {"relation": "docs", "column": "doc"}}');
    PERFORM acl_protect('pairs', '{"document type": "type"}');
    PERFORM acl_protect('notes', '{"parent": {"relation": "pairs", "column": ["A", "b"]}}');
    PERFORM acl_protect('orders', '{"function": {"constant": ["Orders"]}}', '{"owner": {"column": "made_by", "by": "id"}}');
END $$;
SELECT "column", statement FROM acl_index_advice('pages');
SELECT "column", statement FROM acl_index_advice('notes');
SELECT count(*) AS n0 FROM acl_index_advice('orders');
SELECT * FROM taken('pages') UNION ALL SELECT * FROM taken('notes');

-- Partitioned tables: an index of the whole, or of every partition
CREATE TABLE parts (id int, region int, place bigint) PARTITION BY LIST (region);
DO $$ BEGIN PERFORM acl_protect('parts', '{"location": {"column": "place", "by": "id"}}'); END $$;
SELECT statement FROM acl_index_advice('parts');
CREATE INDEX whole ON parts (place);
SELECT count(*) AS n0 FROM acl_index_advice('parts');
DROP INDEX whole;
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES IN (2) PARTITION BY RANGE (id);
CREATE TABLE parts_2a (place bigint, region int, id int);
ALTER TABLE parts_2 ATTACH PARTITION parts_2a FOR VALUES FROM (1) TO (1000);
CREATE INDEX ON parts_1 (place);
SELECT statement FROM acl_index_advice('parts');
BEGIN;
CREATE INDEX ON parts_2a (place);
SELECT count(*) AS n0 FROM acl_index_advice('parts');
ROLLBACK;
SELECT statement FROM acl_index_advice('parts') \gexec
SELECT count(*) AS n0 FROM acl_index_advice('parts');

-- What docacl makes itself lacks none
DO $$ BEGIN PERFORM acl_create_documents('complete'); END $$;
SELECT count(*) AS n0 FROM acl_index_advice('complete');

-- Whom it is for: superusers and system
SELECT complaint(NULL, $$SELECT acl_index_advice(NULL)$$);
CREATE TABLE unprotected (id int);
SELECT complaint(NULL, $$SELECT acl_index_advice('unprotected')$$);
SELECT complaint(NULL, $$SELECT acl_index_advice('parts_1')$$);
SELECT complaint('boss', $$SELECT acl_index_advice('lists')$$);
SELECT complaint('boss', $$SELECT acl_index_advice('unprotected')$$);
SELECT complaint('system', $$SELECT acl_index_advice('lists')$$);
SET ROLE regress_stranger;
SELECT acl_index_advice('lists');   -- fail
RESET ROLE;
