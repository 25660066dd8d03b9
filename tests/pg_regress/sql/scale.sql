--
-- scale: what many resources of one name, many grants on one resource and many members change: nothing of the answers.
--
\set VERBOSITY terse
DO $$ BEGIN PERFORM acl_create_account('large'); END $$;
SET docacl.account = 'large';
DO $$ BEGIN
  PERFORM person('boss', 'Administrators'), acl_create_role('Desk'), acl_set_kind('location', true);
  PERFORM acl_create('environment', 'E'), acl_create('company', 'C', 'E'), acl_create('client', 'C', 'C'), acl_create('company', 'E', 'E');
  PERFORM acl_create('location', format('Year %s', i)), acl_create('location', 'Invoices', format('Year %s', i)), acl_create('location', 'Paid', format('Year %s/Invoices', i))
  FROM generate_series(1, 20) AS i;
  PERFORM acl_create('location', 'Paid'), acl_create('location', 'Late', '/Year 7/Invoices'), acl_create('location', 'A/B'), acl_create('location', 'C', 'A\/B');
END $$;
-- Where a path leads, as docacl writes it; or the SQLSTATE.
CREATE FUNCTION leads(who text, kind text, path text) RETURNS text LANGUAGE plpgsql AS
$$ DECLARE
     found text;
   BEGIN
     PERFORM acl_create_role('Found', if_not_exists => true);
     BEGIN
       PERFORM become(who);
       PERFORM acl_set_grant('Found', 'print', kind, path);
       RESET ROLE;
       SELECT string_agg(l.path, ' and ') INTO found FROM docacl.grant_list AS l WHERE l.principal = 'Found' AND l.actions = 'print';
       RAISE EXCEPTION USING ERRCODE = 'ZZ999';
     EXCEPTION WHEN SQLSTATE 'ZZ999' THEN RETURN found;
       WHEN OTHERS THEN RETURN SQLSTATE;
     END;
   END $$;
-- A name that stands in many places; a path from the top, from the middle, of two names that many bear; one with a slash in a name.
SELECT p AS path, leads('boss', 'location', p) FROM unnest(ARRAY['Invoices', 'Late', '/Paid', 'Paid', 'Year 7/Invoices', '/Year 7/Invoices', '/Invoices', 'Invoices/Paid', 'Invoices/Late', 'Year 20/Invoices/Paid',
  '/Year 20/Invoices/Paid', '/Year 20/Paid', 'Year 20/Paid', 'Year 21/Invoices', 'A\/B', '/A\/B', 'A\/B/C', '/A\/B/C', 'A/B', 'C', '/Year 7/*', '*/Invoices']) AS p;
SELECT k AS kind, p AS path, leads('boss', k, p) FROM (VALUES ('company', 'E/C'), ('company', '/E/C'), ('company', '/C'), ('company', 'E/E'), ('company', '/E'), ('environment', '/E'), ('environment', 'main/E'),
  ('environment', 'large/E'), ('client', 'C'), ('client', 'C/C'), ('client', 'E/C/C'), ('client', '/E/C/C'), ('client', '/C/C'), ('client', 'large/E/C/C'), ('document type', '/E'), ('function', '/Projects'), ('queue', 'Q/Q')) AS v (k, p);
-- viewpoint of one who may grant in one of these places: the others are not there for him
DO $$ BEGIN PERFORM person('lara', 'Desk'), acl_grant('Desk', 'view, security', 'location', '/Year 9/Invoices'); END $$;
SELECT p AS path, leads('lara', 'location', p) FROM unnest(ARRAY['Invoices', 'Paid', 'Invoices/Paid', '/Year 9/Invoices', 'Year 9/Invoices/Paid', '/Year 8/Invoices', 'Year 8/Invoices/Paid', '/Paid', 'Late']) AS p;
-- and of one who may in two, or sees one more
DO $$ BEGIN PERFORM person('max', 'Desk'), acl_grant('max', 'view', 'location', '/Paid'); END $$;
SELECT p AS path, leads('max', 'location', p) FROM unnest(ARRAY['Invoices', 'Paid', '/Paid', 'Invoices/Paid']) AS p;

-- A name once below each parent: found among those of the same name elsewhere
SELECT attempt('boss', $$SELECT acl_create('location', 'Invoices', 'Year 3')$$), attempt('boss', $$SELECT acl_create('location', 'Paid')$$), attempt('boss', $$SELECT acl_create('location', 'Invoices')$$),
       attempt('boss', $$SELECT acl_rename('location', '/Year 3', 'Year 4')$$), attempt('boss', $$SELECT acl_move('location', '/Year 3/Invoices/Paid', NULL::text)$$), attempt('boss', $$SELECT acl_move('location', '/Year 3/Invoices', NULL::text)$$);
-- Only what nothing lies in is dropped
SELECT attempt('boss', $$SELECT acl_drop('location', '/Year 3')$$), attempt('boss', $$SELECT acl_drop('location', '/Year 3/Invoices/Paid')$$);

-- Copies come at once, and each once, as they would one by one: what is held stays, periods and notes come along
DO $$ BEGIN
  PERFORM acl_create_role(format('R%s', i)) FROM generate_series(1, 30) AS i;
  PERFORM acl_grant(format('R%s', i), 'view', 'location', 'Year 1', note => format('note %s', i)) FROM generate_series(1, 30) AS i;
  PERFORM acl_grant('R1', 'write', 'location', 'Year 1', valid_until => '2100-01-01'), acl_grant('R1', 'view', 'location', '/Year 1/Invoices'), acl_grant('R2', 'read', 'location', '/Year 2');
  PERFORM acl_set_inherits('location', '/Year 1/Invoices', false, copy => true), acl_copy_resource_grants('location', 'Year 1', 'Year 2'), acl_copy_grants('R1', 'R30');
END $$;
SELECT l.principal, l.actions, l.path, l.valid_until::date, l.note FROM docacl.grant_list AS l WHERE l.principal IN ('R1', 'R2', 'R30') ORDER BY l.principal COLLATE "C", l.path COLLATE "C", l.valid_until NULLS FIRST, l.actions COLLATE "C";
SELECT l.path, count(*), count(DISTINCT (l.principal, l.valid_until)) FROM docacl.grant_list AS l WHERE l.principal ~ '^R\d' AND l.kind = 'location' GROUP BY l.path ORDER BY l.path COLLATE "C";
DO $$ BEGIN PERFORM acl_copy_resource_grants('location', 'Year 1', 'Year 2'), acl_copy_grants('R1', 'R30'); END $$;
SELECT count(*) FROM docacl.grant_list AS l WHERE l.principal ~ '^R\d' AND l.kind = 'location';

-- A table grown large wants an index of its owners, whom dropping them looks for
CREATE TABLE many (id bigint PRIMARY KEY, place bigint NOT NULL, made_by bigint);
DO $$ BEGIN PERFORM acl_protect('many', '{"location": {"column": "place", "by": "id"}}', '{"owner": {"column": "made_by", "by": "id"}}'); END $$;
INSERT INTO many SELECT i, r.id, p.id FROM generate_series(1, 10000) AS i, docacl.resource AS r, docacl.principal AS p WHERE r.name = 'Late' AND p.name = 'boss' AND r.account_id = p.account_id;
SELECT "column" FROM acl_index_advice('many');
CREATE INDEX ON many (place);
ANALYZE many;
SELECT "column", statement, reason FROM acl_index_advice('many');
CREATE INDEX ON many (made_by) WHERE place IS NULL;
SELECT count(*) AS n1 FROM acl_index_advice('many');
SELECT statement FROM acl_index_advice('many') \gexec
SELECT count(*) AS n0 FROM acl_index_advice('many');
