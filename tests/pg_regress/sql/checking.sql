--
-- acl_check: every way around a protected table is found while it exists, and not before or after. Each is made,
-- shown with its advice, the advice followed where it is a statement, and everything undone.
--
\set VERBOSITY terse
\set QUIET off
DO $$ BEGIN PERFORM acl_create_account('checking'); END $$;
SET docacl.account = 'checking';
DO $$ BEGIN
  PERFORM person('ann', 'Users');
  PERFORM person('boss', 'Administrators');
END $$;
CREATE ROLE regress_ck_ann LOGIN;
CREATE ROLE regress_ck_owner;
CREATE ROLE regress_ck_past BYPASSRLS;
CREATE ROLE regress_ck_super SUPERUSER;
DO $$ BEGIN PERFORM acl_map('regress_ck_ann', 'ann'); END $$;

CREATE TABLE ck_document (id int PRIMARY KEY, place bigint, type bigint NOT NULL, list bigint, fixed boolean, title text);
CREATE INDEX ON ck_document (place);
CREATE INDEX ON ck_document (type);
ALTER TABLE ck_document OWNER TO regress_ck_owner;
GRANT SELECT, INSERT, UPDATE, DELETE ON ck_document TO PUBLIC;
CREATE TABLE "Ck ""Other""" (id int PRIMARY KEY, place bigint NOT NULL, title text);
CREATE INDEX ON "Ck ""Other""" (place);

-- a clean table: acl_protect says nothing, and acl_check nothing
SELECT * FROM acl_protect('ck_document', '{"location": {"column": "place", "by": "id"}, "type": {"column": "type", "by": "id"}}',
  '{"key": "id", "own_acl": "list", "immutable": "fixed", "columns": {"title": "rename"}, "required": ["location"], "default": true}');
SELECT * FROM acl_protect('"Ck ""Other"""', '{"location": {"column": "place", "by": "id"}, "screen": {"constant": ["it''s \"x\" \\ y"]}}', '{"key": "id"}');
SELECT * FROM acl_check();
SELECT * FROM acl_check('ck_document');

-- What acl_check finds after these statements; then the advice is followed, and what is left shown; then all undone.
CREATE FUNCTION findings(VARIADIC statements text[]) RETURNS SETOF text LANGUAGE plpgsql AS
$$ DECLARE
     statement text;
     lines text[] := '{}';
     f record;
   BEGIN
     BEGIN
       -- What is refused or followed when it is done (ddl.sql tests that) can have been done before there was docacl.
       ALTER EVENT TRIGGER docacl_refuse_ddl DISABLE;
       ALTER EVENT TRIGGER docacl_column_renamed DISABLE;
       FOREACH statement IN ARRAY statements LOOP
         EXECUTE statement;
       END LOOP;
       ALTER EVENT TRIGGER docacl_refuse_ddl ENABLE ALWAYS;
       ALTER EVENT TRIGGER docacl_column_renamed ENABLE ALWAYS;
       FOR f IN SELECT * FROM acl_check() LOOP
         lines := lines || format('%s: %s: %s', f.severity, f.object, f.finding) || format('    %s', f.advice);
         IF f.advice LIKE '%;' AND f.advice NOT LIKE '%…%' AND f.advice ~ '^[A-Z]{4}' THEN
           EXECUTE f.advice;
         END IF;
       END LOOP;
       FOR f IN SELECT * FROM acl_check() LOOP
         lines := lines || format('  still %s: %s: %s', f.severity, f.object, f.finding);
       END LOOP;
       RAISE EXCEPTION USING ERRCODE = 'ZZ999';
     EXCEPTION WHEN SQLSTATE 'ZZ999' THEN
       NULL;
     END;
     RETURN QUERY SELECT unnest(lines);
   END $$;
\a
\t on

\echo === row security
SELECT findings('ALTER TABLE ck_document DISABLE ROW LEVEL SECURITY');
SELECT findings('ALTER TABLE ck_document NO FORCE ROW LEVEL SECURITY');

\echo === policies
SELECT findings('DROP POLICY docacl_select ON ck_document', 'DROP POLICY docacl_permissive ON ck_document');
SELECT findings('DROP POLICY docacl_update ON ck_document', 'CREATE POLICY docacl_update ON ck_document AS RESTRICTIVE FOR UPDATE USING (true) WITH CHECK (true)');
SELECT findings('ALTER POLICY docacl_select ON ck_document USING (docacl.row_check(2::bigint, ''{}''::text))');
SELECT findings('ALTER POLICY docacl_insert ON ck_document WITH CHECK (true)');
SELECT findings('ALTER POLICY docacl_delete ON ck_document TO regress_ck_ann');
SELECT findings('DROP POLICY docacl_delete ON ck_document', 'CREATE POLICY docacl_delete ON ck_document FOR DELETE USING (true)');
SELECT findings($$ SELECT acl_protect('ck_document', '{"location": {"column": "place", "by": "id"}}', '{"key": "id"}') $$,
                $$ UPDATE docacl.protected_table SET spec = jsonb_set(spec, '{gates,0,required}', 'true') WHERE relation = 'ck_document'::regclass $$);
-- the application's own policies, made before and after: they restrict no less, and nothing is found
SELECT findings('CREATE POLICY application ON ck_document USING (true)');
SELECT findings('CREATE TABLE ck_own (id int PRIMARY KEY, place bigint NOT NULL)', 'CREATE INDEX ON ck_own (place)', 'CREATE POLICY application ON ck_own USING (true)',
                $$ SELECT acl_protect('ck_own', '{"location": {"column": "place", "by": "id"}}', '{"key": "id"}') $$);
SELECT findings('CREATE TABLE ck_own (id int PRIMARY KEY, place bigint NOT NULL)', 'CREATE INDEX ON ck_own (place)', 'CREATE POLICY application ON ck_own USING (true)',
                $$ SELECT acl_protect('ck_own', '{"location": {"column": "place", "by": "id"}}', '{"key": "id"}') $$, 'DROP POLICY docacl_installed ON ck_own');
-- protecting again mends all of it
SELECT findings('DROP POLICY docacl_select ON ck_document', 'ALTER TABLE ck_document DISABLE TRIGGER "~docacl_row"', 'ALTER TABLE ck_document DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY',
                $$ SELECT acl_protect('ck_document', '{"location": {"column": "place", "by": "id"}, "type": {"column": "type", "by": "id"}}', '{"key": "id", "required": ["location"]}') $$);

\echo === triggers
SELECT findings('ALTER TABLE ck_document DISABLE TRIGGER "~docacl_row"');
SELECT findings('ALTER TABLE ck_document DISABLE TRIGGER USER');
SELECT findings('ALTER TABLE ck_document ENABLE REPLICA TRIGGER "~docacl_row"', 'ALTER TABLE ck_document ENABLE TRIGGER "~docacl_truncate"');
SELECT findings('DROP TRIGGER "~docacl_row" ON ck_document', 'DROP TRIGGER "~docacl_truncate" ON ck_document');
SELECT findings('DROP TRIGGER "~docacl_row" ON ck_document',
                'CREATE TRIGGER "~docacl_row" BEFORE INSERT OR UPDATE ON ck_document FOR EACH ROW EXECUTE FUNCTION docacl.row_trigger(''{"gates": []}'')',
                'ALTER TABLE ck_document ENABLE ALWAYS TRIGGER "~docacl_row"');
CREATE FUNCTION ck_trigger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
SELECT findings('CREATE TRIGGER "~later" BEFORE UPDATE ON ck_document FOR EACH ROW EXECUTE FUNCTION ck_trigger()');
SELECT findings('CREATE TRIGGER earlier BEFORE UPDATE ON ck_document FOR EACH ROW EXECUTE FUNCTION ck_trigger()',
                'CREATE TRIGGER "~later" AFTER UPDATE ON ck_document FOR EACH ROW EXECUTE FUNCTION ck_trigger()');

\echo === columns
SELECT findings('ALTER TABLE ck_document RENAME COLUMN place TO location');
SELECT findings('ALTER TABLE ck_document RENAME COLUMN title TO name');
SELECT findings('ALTER TABLE ck_document ALTER COLUMN type DROP NOT NULL');
SELECT findings('DROP INDEX ck_document_place_idx', 'DROP INDEX ck_document_type_idx');
SELECT findings('DROP INDEX ck_document_place_idx', 'CREATE INDEX ON ck_document (place, type)');
CREATE TABLE ck_place (id bigint PRIMARY KEY);
SELECT findings('ALTER TABLE ck_document ADD CONSTRAINT ck_nulling FOREIGN KEY (place) REFERENCES ck_place ON DELETE SET NULL');
SELECT findings('ALTER TABLE ck_document ADD CONSTRAINT ck_nulling FOREIGN KEY (place) REFERENCES ck_place ON UPDATE SET DEFAULT');
SELECT findings('ALTER TABLE ck_document ADD CONSTRAINT ck_nulling FOREIGN KEY (place) REFERENCES ck_place ON DELETE CASCADE');

\echo === grants
SELECT findings('GRANT ALL ON ck_document TO regress_ck_ann');
SELECT findings('GRANT TRUNCATE ON ck_document TO PUBLIC', 'GRANT REFERENCES (id) ON ck_document TO regress_ck_ann');
SELECT findings('GRANT TRUNCATE ON ck_document TO regress_ck_owner', 'GRANT SELECT, INSERT, UPDATE, DELETE ON ck_document TO regress_ck_ann');
SELECT findings('GRANT UPDATE, INSERT ON docacl.grants TO regress_ck_ann', 'GRANT SELECT ON docacl.principal TO regress_ck_ann');
SELECT findings('GRANT SET ON PARAMETER docacl.principal TO regress_ck_ann');
SELECT findings('GRANT SET ON PARAMETER docacl.cache_size TO regress_ck_ann');
SELECT findings('ALTER ROLE regress_stranger SET docacl.principal = ''1''');
SELECT findings('ALTER ROLE regress_stranger SET docacl.account = ''checking''');
SELECT regexp_replace(findings(format('ALTER DATABASE %I SET docacl.principal = ''1''', current_database())), current_database(), 'DATABASE');

\echo === the tables of docacl
SELECT findings('ALTER TABLE docacl.grants DISABLE ROW LEVEL SECURITY');
SELECT findings('CREATE POLICY wide ON docacl.principal USING (true)');
SELECT findings('CREATE POLICY narrow ON docacl.principal AS RESTRICTIVE USING (true)');
SELECT findings('ALTER TABLE docacl.kind DISABLE TRIGGER restore_built_in');
SELECT findings('ALTER TABLE docacl.grants DISABLE TRIGGER refers', 'GRANT SELECT ON docacl.event TO regress_ck_ann');
SELECT findings('ALTER EVENT TRIGGER docacl_forget_dropped DISABLE');

\echo === roles
SELECT findings('ALTER ROLE regress_ck_ann BYPASSRLS');
SELECT findings('ALTER ROLE regress_app SUPERUSER');
SELECT findings('ALTER ROLE regress_system BYPASSRLS');
SELECT findings('GRANT regress_ck_past TO regress_ck_ann');
SELECT findings('CREATE ROLE regress_ck_between', 'GRANT regress_ck_super TO regress_ck_between', 'GRANT regress_ck_between TO regress_app');
-- neither mapped nor trusted: not docacl's business
SELECT findings('GRANT regress_ck_past TO regress_stranger');
SELECT findings('ALTER TABLE ck_document OWNER TO regress_ck_past');
SELECT findings('ALTER TABLE ck_document OWNER TO regress_ck_super');
SELECT findings('ALTER TABLE ck_document OWNER TO regress_ck_super', 'GRANT regress_ck_super TO regress_stranger');
SELECT findings('ALTER TABLE ck_document OWNER TO regress_ck_ann');
SELECT findings('GRANT regress_ck_owner TO regress_app');

\echo === views, and what else stands over it
SELECT findings('CREATE VIEW ck_view AS SELECT * FROM ck_document');
SELECT findings('CREATE VIEW ck_view AS SELECT * FROM ck_document', 'GRANT SELECT ON ck_view TO regress_ck_ann');
SELECT findings('CREATE VIEW ck_view AS SELECT title FROM ck_document', 'GRANT SELECT (title) ON ck_view TO regress_ck_ann', 'ALTER VIEW ck_view SET (security_invoker = off)');
SELECT findings('CREATE VIEW ck_view AS SELECT * FROM ck_document', 'ALTER VIEW ck_view OWNER TO regress_ck_owner', 'GRANT SELECT ON ck_view TO regress_ck_ann');
SELECT findings('CREATE VIEW ck_view WITH (security_invoker) AS SELECT * FROM ck_document', 'GRANT SELECT ON ck_view TO regress_ck_ann');
-- over a view that asks for its reader's rights they count, whatever stands over it
SELECT findings('CREATE VIEW ck_view WITH (security_invoker) AS SELECT * FROM ck_document', 'CREATE VIEW ck_view_2 AS SELECT * FROM ck_view', 'GRANT SELECT ON ck_view, ck_view_2 TO regress_ck_ann');
SELECT findings('CREATE MATERIALIZED VIEW ck_matview AS SELECT * FROM ck_document');
SELECT findings('CREATE VIEW ck_view WITH (security_invoker) AS SELECT * FROM ck_document', 'CREATE MATERIALIZED VIEW ck_matview AS SELECT count(*) FROM ck_view', 'GRANT SELECT ON ck_matview TO PUBLIC');
CREATE TABLE ck_log (id int, title text);
SELECT findings('CREATE RULE ck_rule AS ON INSERT TO ck_log DO ALSO UPDATE ck_document SET title = NEW.title WHERE id = NEW.id');
SELECT findings('CREATE RULE ck_rule AS ON INSERT TO ck_log DO ALSO UPDATE ck_document SET title = NEW.title WHERE id = NEW.id', 'GRANT INSERT ON ck_log TO regress_ck_ann');
SELECT findings('CREATE RULE ck_rule AS ON DELETE TO ck_document DO ALSO INSERT INTO ck_log VALUES (OLD.id, OLD.title)');
-- (PostgreSQL's own warning about wal_level is worded otherwise from major to major.)
SET client_min_messages = error;
SELECT findings('CREATE PUBLICATION ck_all FOR ALL TABLES');
SELECT findings('CREATE PUBLICATION ck_one FOR TABLE ck_log, ck_document');
SELECT findings('CREATE PUBLICATION ck_schema FOR TABLES IN SCHEMA public');
SELECT findings('CREATE PUBLICATION ck_other FOR TABLE ck_log');
RESET client_min_messages;

\echo === functions
SELECT findings('CREATE FUNCTION ck_body() RETURNS bigint SECURITY DEFINER BEGIN ATOMIC SELECT count(*) FROM ck_document; END');
SELECT findings('CREATE FUNCTION ck_text() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS ''BEGIN RETURN (SELECT count(*) FROM public.CK_Document); END''');
SELECT findings('CREATE FUNCTION ck_text() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS ''SELECT count(*) FROM "Ck ""Other"""''');
SELECT findings('CREATE FUNCTION ck_text() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS ''BEGIN RETURN (SELECT count(*) FROM ck_documents); END''',
                'CREATE FUNCTION ck_invoker() RETURNS bigint LANGUAGE sql AS ''SELECT count(*) FROM ck_document''',
                'CREATE FUNCTION ck_harmless() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS ''SELECT count(*) FROM ck_document''', 'ALTER FUNCTION ck_harmless() OWNER TO regress_ck_owner');
SELECT findings('ALTER FUNCTION f_leak(text) LEAKPROOF');
SELECT findings('ALTER FUNCTION ts_match_vq(tsvector, tsquery) LEAKPROOF');

\echo === inheritance
SELECT findings('CREATE TABLE ck_child () INHERITS (ck_document)');
SELECT findings('CREATE TABLE ck_child () INHERITS (ck_document)', 'CREATE TABLE ck_grandchild () INHERITS (ck_child)', 'GRANT SELECT ON ck_grandchild TO regress_ck_ann');
SELECT findings('CREATE TABLE ck_parent (title text)', 'ALTER TABLE ck_document INHERIT ck_parent');

\echo === a table decided by the rows of a parent
CREATE TABLE ck_page (id int PRIMARY KEY, document int NOT NULL, body text);
CREATE INDEX ON ck_page (document);
SELECT acl_protect('ck_page', '{"parent": {"relation": "ck_document", "column": "document"}}', '{"key": "id"}');
SELECT findings('SELECT 1');
SELECT findings('DROP INDEX ck_page_document_idx');
SELECT findings('DROP POLICY docacl_select ON ck_page', 'CREATE POLICY docacl_select ON ck_page AS RESTRICTIVE FOR SELECT USING (true)');
SELECT findings('ALTER TABLE ck_page RENAME COLUMN document TO parent');
SELECT findings('ALTER TABLE ck_document RENAME TO ck_paper');
DO $$ BEGIN PERFORM acl_unprotect('ck_page'); END $$;

\echo === one table, and all
BEGIN;
ALTER TABLE ck_document NO FORCE ROW LEVEL SECURITY;
ALTER TABLE "Ck ""Other""" NO FORCE ROW LEVEL SECURITY;
SELECT object FROM acl_check() WHERE severity = 'error';
SELECT object FROM acl_check('ck_document');
SELECT object FROM acl_check('"Ck ""Other"""');
GRANT TRUNCATE ON ck_document TO regress_ck_ann;
ALTER ROLE regress_ck_ann BYPASSRLS;
-- acl_protect returns what acl_check finds: FORCE is mended, the rest is said
SELECT * FROM acl_protect('ck_document', '{"location": {"column": "place", "by": "id"}, "type": {"column": "type", "by": "id"}}', '{"key": "id", "required": ["location"]}');
SELECT * FROM acl_check('ck_document');
ROLLBACK;
-- what does not last leaves nothing behind
SELECT count(*) AS n0 FROM acl_check();

\echo === who may ask
SELECT count(*) AS n0 FROM acl_check();
SELECT attempt('system', 'SELECT acl_check()') AS n0;
SELECT complaint('ann', 'SELECT acl_check()');
SELECT complaint('boss', 'SELECT acl_check(''ck_document'')');
SELECT complaint('boss', 'SELECT acl_check(''ck_log'')');
SELECT complaint(NULL, 'SELECT acl_check(''ck_log'')');
SELECT complaint(NULL, 'SELECT acl_check(0)');

\echo === a table that is no longer protected is no longer checked
DO $$ BEGIN PERFORM acl_unprotect('ck_document'); END $$;
GRANT ALL ON ck_document TO regress_ck_ann;
SELECT count(*) AS n0 FROM acl_check();
DROP TABLE "Ck ""Other""";
SELECT count(*) AS n0 FROM acl_check();
