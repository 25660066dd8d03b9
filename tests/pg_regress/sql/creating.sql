--
-- acl_create_documents: a whole documents table, protected from its first row, and nobody granted anything.
--
\set VERBOSITY terse
\set QUIET off
DO $$ BEGIN PERFORM acl_create_account('creating'); END $$;
SET docacl.account = 'creating';
CREATE SCHEMA "Of the application";

\echo === who may, and which names
\t on
\a
DO $$ BEGIN
  PERFORM person('anna', 'Users');
  PERFORM person('boss', 'Administrators');
END $$;
SELECT complaint('anna', $$ SELECT acl_create_documents('documents') $$);
SELECT complaint('boss', $$ SELECT acl_create_documents('documents') $$);
SELECT complaint('boss', $$ SELECT acl_create_documents('no_schema.documents') $$);
SELECT complaint(NULL, $$ SELECT acl_create_documents(NULL) $$);
SELECT complaint(NULL, $$ SELECT acl_create_documents('') $$);
SELECT complaint(NULL, $$ SELECT acl_create_documents('two words') $$);
SELECT complaint(NULL, $$ SELECT acl_create_documents('"unfinished') $$);
SELECT complaint(NULL, $$ SELECT acl_create_documents('""') $$);
SELECT complaint(NULL, $$ SELECT acl_create_documents('a.b.c') $$);
SELECT complaint(NULL, $$ SELECT acl_create_documents('documents; DROP TABLE x') $$);
SELECT complaint(NULL, $$ SELECT acl_create_documents('no_schema.documents') $$);
SELECT complaint(NULL, $$ SELECT acl_create_documents('pg_catalog.documents') $$);
SELECT complaint(NULL, $$ SELECT acl_create_documents('information_schema.documents') $$);
SELECT complaint(NULL, $$ SELECT acl_create_documents('docacl.documents') $$);
SELECT complaint(NULL, $$ SELECT acl_create_documents('pg_temp.documents') $$);
CREATE VIEW taken AS SELECT 1 AS x;
SELECT complaint(NULL, $$ SELECT acl_create_documents('taken') $$);
SET search_path = '';
SELECT public.complaint(NULL, $$ SELECT public.acl_create_documents('documents') $$);
RESET search_path;
SELECT count(*) AS n0 FROM pg_class WHERE relname = 'documents';
\a
\t off

\echo === made by a superuser, and what is said about it
SELECT * FROM acl_create_documents('Documents');
SELECT relation, is_default FROM docacl.protected_table;
SELECT attname, atttypid::regtype, attnotnull, attidentity, pg_get_expr(adbin, adrelid) FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
 WHERE attrelid = 'documents'::regclass AND attnum > 0 ORDER BY attnum;
SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'documents'::regclass ORDER BY 1;
SELECT relrowsecurity AS t, relforcerowsecurity AS t, relowner::regrole AS postgres, relacl AS nothing FROM pg_class WHERE oid = 'documents'::regclass;
SELECT * FROM acl_check() EXCEPT SELECT * FROM acl_check('documents');
\t on
\a
SELECT complaint(NULL, $$ SELECT acl_create_documents('documents') $$);
SELECT complaint(NULL, $$ SELECT acl_create_documents('public."documents"') $$);
\a
\t off

\echo === made by system: it belongs to the owner of the extension; no second default; any name
SET ROLE regress_system;
SELECT count(*) AS n3 FROM acl_create_documents('"Of the application"."It''s {name} ""docs"""');
RESET ROLE;
SELECT c.oid::regclass, relowner::regrole AS postgres, relacl AS nothing, is_default AS f FROM docacl.protected_table AS p JOIN pg_class AS c ON c.oid = p.relation
 WHERE NOT is_default ORDER BY c.oid::regclass::text COLLATE "C";
-- a superuser who is not the extension's owner owns what he makes
CREATE ROLE regress_cr_super SUPERUSER;
SET ROLE regress_cr_super;
SELECT count(*) AS n3 FROM acl_create_documents('documents_2');
RESET ROLE;
SELECT relowner::regrole AS regress_cr_super FROM pg_class WHERE oid = 'documents_2'::regclass;
-- undone, nothing is left
BEGIN;
SELECT count(*) AS n3 FROM acl_create_documents('documents_3');
ROLLBACK;
SELECT to_regclass('documents_3') IS NULL AS t, count(*) AS n9 FROM docacl.protected_table;

\echo === used
SELECT acl_create('location', 'Sales') AS sales \gset
SELECT acl_create('location', 'Board') AS board \gset
SELECT acl_create('document type', 'Invoice') AS invoice \gset
SELECT acl_create('environment', 'Env', 'creating') AS env \gset
SELECT acl_create('company', 'Comp', 'Env') AS comp \gset
DO $$ BEGIN
  PERFORM person('ben', 'Users');
  PERFORM person('cleo', 'Users');
  PERFORM person('dora', 'Users');
  PERFORM acl_grant('anna', 'change', 'location', 'Sales');
  PERFORM acl_grant('anna', 'change', 'document type', 'Invoice');
  PERFORM acl_grant('anna', 'change', 'company', 'Comp');
  PERFORM acl_grant('ben', 'view, add', 'location', 'Sales');
  PERFORM acl_grant('cleo', 'full', 'location', 'Sales');
  PERFORM acl_grant('cleo', 'view', 'document type', 'Invoice');
END $$;
SELECT attempt('anna', 'SELECT * FROM documents') AS "42501: nothing was granted";
GRANT SELECT, INSERT, UPDATE, DELETE ON documents TO PUBLIC;
CREATE FUNCTION done(who text, statement text) RETURNS text LANGUAGE plpgsql AS
$$ DECLARE n bigint;
   BEGIN
     PERFORM become(who);
     EXECUTE statement;
     GET DIAGNOSTICS n = ROW_COUNT;
     PERFORM set_config('role', 'none', true), set_config('docacl.principal', '', false);
     RETURN n;
   END $$;
SELECT done('anna', format('INSERT INTO documents (location_id, title) VALUES (%s, ''Plan''), (%1$s, ''Offer'')', :sales)) AS n2;
SELECT done('anna', format('INSERT INTO documents (location_id, document_type_id, company_id, environment_id, title, content) VALUES (%s, %s, %s, %s, ''Invoice'', ''100'')', :sales, :invoice, :comp, :env)) AS n1;
SELECT done('dora', 'INSERT INTO documents (content) VALUES (''scanned'')') AS n1;
-- a title is a matter of rename, which add alone does not give; a location may not be left out beside another gate
SELECT attempt('ben', format('INSERT INTO documents (location_id, title) VALUES (%s, ''x'')', :sales)) AS "42501", attempt('ben', format('INSERT INTO documents (location_id) VALUES (%s)', :sales)) AS n1,
       attempt('ben', format('INSERT INTO documents (location_id) VALUES (%s)', :board)) AS "42501", attempt('anna', format('INSERT INTO documents (document_type_id) VALUES (%s)', :invoice)) AS "23502",
       attempt('anna', format('INSERT INTO documents (location_id, document_type_id) VALUES (%s, -1)', :sales)) AS "42501", attempt('system', format('INSERT INTO documents (location_id, document_type_id) VALUES (%s, -1)', :sales)) AS "23503";
SELECT id, title, (SELECT name FROM docacl.principal AS p WHERE p.id = d.created_by) AS created_by FROM documents AS d ORDER BY id;
SELECT who, sees(who, 'documents') FROM unnest(ARRAY['anna', 'ben', 'cleo', 'dora', 'boss', 'system']) AS who;
SELECT sees(who, 'documents') = CASE who WHEN 'anna' THEN '1,2,3' WHEN 'ben' THEN '1,2' WHEN 'cleo' THEN '1,2' WHEN 'dora' THEN '4' ELSE '1,2,3,4' END AS t FROM unnest(ARRAY['anna', 'ben', 'cleo', 'dora', 'boss', 'system']) AS who;
-- every mapped column asks its action: anna has change, ben view and add, cleo everything
SELECT c AS "column", attempt('anna', format('UPDATE documents SET %I = %s WHERE id = 1', c, v)) AS anna, attempt('ben', format('UPDATE documents SET %I = %s WHERE id = 1', c, v)) AS ben,
       attempt('cleo', format('UPDATE documents SET %I = %s WHERE id = 1', c, v)) AS cleo, attempt('cleo', format('UPDATE documents SET %I = %s WHERE id = 3', c, v)) AS "cleo, an invoice"
  FROM (VALUES ('title', '''x'''), ('custom_id', '''x'''), ('revision', '''x'''), ('password', '''x'''), ('signed_at', 'now()'), ('signed_by', '1'), ('archived_at', 'now()'), ('immutable', 'true'),
               ('deleted_at', 'now()'), ('content', '''x'''), ('updated_at', 'now()'), ('created_by', '1'), ('own_acl', '1'), ('id', '99')) AS m(c, v);
-- a share, a mark of deletion, and the row for good
DO $$ BEGIN PERFORM acl_grant('dora', 'view', 'document', '2'); END $$;
SELECT sees('dora', 'documents') AS "2,4", acl_can('dora', 2, 'view') AS t, acl_can('dora', 1, 'view') AS f;
SELECT done('anna', 'UPDATE documents SET deleted_at = now() WHERE id = 1') AS n1;
SELECT who, sees(who, 'documents') FROM unnest(ARRAY['anna', 'ben', 'cleo', 'boss']) AS who;
SELECT attempt('anna', 'DELETE FROM documents WHERE id = 2') AS "42501", attempt('boss', 'DELETE FROM documents WHERE id = 2') AS n1;
SELECT disagreements(ARRAY['anna', 'ben', 'cleo', 'dora', 'boss', 'system'], 'documents') AS n0;

\echo === content and previews: tables of their own, read by download and preview, written by write
GRANT SELECT, INSERT, UPDATE, DELETE ON documents_content, documents_preview TO PUBLIC;
DO $$ BEGIN
  PERFORM person('eva', 'Users');
  PERFORM person('fred', 'Users');
  PERFORM person('gina', 'Users');
  PERFORM acl_grant('eva', 'read', 'location', 'Sales');
  PERFORM acl_grant('fred', 'read, preview', 'location', 'Sales');
  PERFORM acl_grant('gina', 'preview, download', 'location', 'Sales');
END $$;
SELECT who, attempt(who, 'INSERT INTO documents_content VALUES (2, ''text/plain'', ''text'')') AS content, attempt(who, 'INSERT INTO documents_preview VALUES (2, 1, ''image/png'', ''picture'')') AS preview
  FROM unnest(ARRAY['anna', 'ben', 'cleo', 'eva', 'fred', 'boss', 'system']) AS who;
INSERT INTO documents_content SELECT id, 'text/plain', 'text' FROM documents;
INSERT INTO documents_preview (document_id, data) SELECT id, 'picture' FROM documents;
SELECT who, sees(who, 'documents') AS documents, sees(who, 'documents_content', 'document_id') AS content, sees(who, 'documents_preview', 'document_id') AS previews
  FROM unnest(ARRAY['anna', 'ben', 'cleo', 'dora', 'eva', 'fred', 'gina', 'boss', 'system']) AS who;
SELECT attempt('anna', 'INSERT INTO documents_content VALUES (99, NULL, NULL)') AS "42501", complaint('system', 'INSERT INTO documents_content VALUES (99, NULL, NULL)') AS "23503";
-- a custom id is unique in its location, among what is not marked deleted, and nowhere else
UPDATE documents SET custom_id = 'A' WHERE id IN (1, 2);
SELECT attempt('anna', 'UPDATE documents SET custom_id = ''A'' WHERE id = 3') AS "23505", attempt('boss', format('INSERT INTO documents (location_id, custom_id) VALUES (%s, ''A'')', :board)) AS n1;
-- the parts go with their table: unprotected, dropped; by themselves as well
BEGIN;
SELECT acl_unprotect('documents_preview');
DROP TABLE documents_preview;
SELECT acl_unprotect('documents');
SELECT relation FROM docacl.protected_table WHERE relation::text LIKE 'documents%';
ROLLBACK;
DELETE FROM documents WHERE id = 3;
SELECT document_id FROM documents_content ORDER BY 1;
DROP TABLE documents;
SELECT relation FROM docacl.protected_table WHERE relation::text LIKE 'documents%' ORDER BY 1;
SELECT to_regclass('documents_content') IS NULL AS t, to_regclass('documents_preview') IS NULL AS t;
-- a name that is taken, a name at the end of its length
CREATE TABLE half_content ();
SELECT complaint(NULL, $$ SELECT acl_create_documents('half') $$);
SELECT to_regclass('half') IS NULL AS t;
SELECT count(*) AS n3 FROM acl_create_documents(repeat('d', 63));
SELECT relation FROM docacl.protected_table WHERE relation::text LIKE 'ddd%' ORDER BY length(relation::text), 1;
