--
-- Tables that are registered and not enforced: docacl answers, the application's own rules decide; then the switch.
--
\set VERBOSITY terse
DO $$ BEGIN PERFORM acl_create_account('before'); END $$;
SET docacl.account = 'before';
SELECT acl_create('location', 'A') AS a, acl_create('location', 'B') AS b \gset
DO $$ BEGIN
  PERFORM person('ann', 'Users'), person('bob', 'Users'), person('cy', 'Users'), person('boss', 'Administrators');
  PERFORM acl_grant('ann', 'change', 'location', 'A'), acl_grant('bob', 'view', 'location', 'B'), acl_grant('bob', 'security', 'location', 'B');
END $$;

-- the application as it was: policies of its own, not forced, one of them wrong about bob
CREATE TABLE en_doc (id int PRIMARY KEY, place bigint, owner bigint, own bigint, title text);
ALTER TABLE en_doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY old_rule ON en_doc USING (title NOT LIKE 'secret%');
GRANT SELECT, INSERT, UPDATE, DELETE ON en_doc TO PUBLIC;
INSERT INTO en_doc SELECT i, CASE WHEN i % 2 = 0 THEN :b ELSE :a END, NULL, NULL, 'doc ' || i FROM generate_series(1, 4) i;
INSERT INTO en_doc VALUES (5, :a, NULL, NULL, 'secret'), (6, 424242, NULL, NULL, 'nowhere'), (7, 424242, NULL, NULL, 'nowhere');
-- what the catalogue says of a table
CREATE FUNCTION state(relation regclass) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT format('%s %s %s', c.oid::regclass, c.relrowsecurity, c.relforcerowsecurity) FROM pg_class c WHERE c.oid IN (SELECT relid FROM pg_partition_tree(relation) UNION SELECT relation)
  UNION ALL SELECT format('%s policy %s %s %s %s using %s check %s', p.polrelid::regclass, p.polname, p.polcmd, p.polpermissive, p.polroles, pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
    FROM pg_policy p WHERE p.polrelid IN (SELECT relid FROM pg_partition_tree(relation) UNION SELECT relation)
  UNION ALL SELECT format('%s %s', t.tgenabled, pg_get_triggerdef(t.oid)) FROM pg_trigger t WHERE t.tgrelid IN (SELECT relid FROM pg_partition_tree(relation) UNION SELECT relation)
  UNION ALL SELECT to_jsonb(p)::text FROM docacl.protected_table p WHERE p.relation = state.relation
  ORDER BY 1 $$;
CREATE TABLE was AS SELECT * FROM state('en_doc');

--
-- registered
--
SELECT severity, object, finding, advice FROM acl_protect('en_doc', '{"place": {"column": "place", "by": "id"}}', format('{"owner": {"column": "owner", "by": "id"}, "own_acl": "own", "default": true, "enforce": %s}', 'false')::jsonb) WHERE severity IN ('error', 'warning');
SELECT relation, is_default AS t, enforced AS f FROM docacl.protected_table WHERE relation = 'en_doc'::regclass;
-- nothing of the table has changed; 0 rows
SELECT * FROM state('en_doc') WHERE state NOT LIKE '{%' EXCEPT SELECT * FROM was;
SELECT * FROM was EXCEPT SELECT * FROM state('en_doc');
-- not: every user sees what the old rule shows, bob and cy too, and writes what he likes
SELECT who, sees(who, 'en_doc') AS "1,2,3,4,6,7", attempt(who, 'UPDATE en_doc SET title = ''x'' WHERE id = 1') AS n1, attempt(who, 'DELETE FROM en_doc WHERE id < 3') AS n2,
       attempt(who, 'INSERT INTO en_doc VALUES (9, 424242, 99, NULL, ''x'')') AS n1, attempt(who, 'INSERT INTO en_doc VALUES (9, 1, 1, NULL, ''secret'')') AS "42501"
  FROM unnest(ARRAY['ann', 'bob', 'cy']) AS who;
-- every question is answered, about oneself and by who may ask about others
SELECT acl_can('ann', 1, 'read') AS t, acl_can('ann', 1, 'edit') AS t, acl_can('ann', 2, 'read') AS f, acl_can_row('bob', 'en_doc', '2', 'read') AS t, acl_can_row('bob', 'en_doc', '2', 'write') AS f,
       acl_can_row('boss', 'en_doc', '1', 'delete') AS t, acl_can_row('boss', 'en_doc', '6', 'delete') AS f, acl_can_row('cy', 'en_doc', '1', 'read') AS f;
SELECT acl_actions_row('bob', 'en_doc', '2') AS actions;
SELECT gate, resource, held, opens FROM acl_explain_row('bob', 'en_doc', '1', 'read');
SELECT * FROM acl_who_row('en_doc', '2', 'read');
BEGIN;
SELECT become('bob');
SELECT acl_can_row('en_doc', '2', 'read') AS t, acl_can_row('en_doc', '1', 'read') AS f, acl_can(2, 'read') AS t;
SELECT id FROM en_doc AS d WHERE acl_may(d, 'read') ORDER BY 1;
SELECT acl_require_row('en_doc', '1', 'read');
ROLLBACK;
-- the comparison that a migration makes: where the old rule and docacl differ
CREATE FUNCTION differ() RETURNS TABLE (who text, id text, old boolean, new boolean) LANGUAGE plpgsql AS $$
  DECLARE shown text[];
  BEGIN
    FOR who IN SELECT unnest(ARRAY['ann', 'bob', 'cy']) LOOP
      shown := string_to_array(sees(who, 'en_doc'), ',');
      RETURN QUERY SELECT who, d.id::text, d.id::text = ANY (shown), acl_can_row(who, 'en_doc', d.id::text, 'read') FROM en_doc d WHERE (d.id::text = ANY (shown)) <> acl_can_row(who, 'en_doc', d.id::text, 'read');
    END LOOP;
  END $$;
SELECT who, count(*), count(*) FILTER (WHERE old) AS too_much, count(*) FILTER (WHERE new) AS too_little FROM differ() GROUP BY 1 ORDER BY 1;

-- shares: own lists are made, and answered
SELECT acl_grant('cy', 'view', 'document', '1') AS t, acl_can('cy', 1, 'read') AS t, acl_can('cy', 3, 'read') AS f;
SELECT own IS NOT NULL AS t FROM en_doc WHERE id = 1;
-- not: a list is granted on through another row (bob holds security in B, not on row 1 in A); and is not taken for this row's own later
UPDATE en_doc SET own = (SELECT own FROM en_doc WHERE id = 1) WHERE id = 2;
SELECT attempt('bob', $$ SELECT acl_grant_row('bob', 'view', 'en_doc', '4') $$) AS n1;
SELECT complaint('bob', $$ SELECT acl_grant_row('bob', 'view', 'en_doc', '2') $$);
SELECT complaint('bob', $$ SELECT acl_set_row_inherits('en_doc', '2', false) $$);
SELECT complaint(NULL, $$ SELECT acl_enforce('en_doc', true) $$);
UPDATE en_doc SET own = NULL WHERE id = 2;

--
-- what acl_check says meanwhile; nobody but superusers and system
--
SELECT severity, object, finding FROM acl_check('en_doc') WHERE severity IN ('error', 'warning');
SELECT severity, object, finding FROM acl_check() WHERE severity IN ('error', 'warning') AND object LIKE '%en_doc%';
SELECT complaint('boss', $$ SELECT acl_enforce('en_doc', true) $$);
SELECT attempt('boss', $$ SELECT acl_check('en_doc') $$) AS "42501", attempt('ann', $$ SELECT acl_protect('en_doc', '{"place": "place"}', '{"enforce": false}') $$) AS "42501";
SELECT attempt(NULL, $$ SELECT 1 $$) IS NOT NULL AS t;
-- impossible
CREATE TABLE en_other (id int PRIMARY KEY, place bigint);
SELECT complaint(NULL, $$ SELECT acl_enforce('en_other', true) $$);
SELECT complaint(NULL, $$ SELECT acl_enforce('en_other', false) $$);
SELECT complaint(NULL, $$ SELECT acl_enforce('en_doc', NULL) $$);
SELECT complaint(NULL, $$ SELECT acl_enforce(NULL, true) $$);
SELECT complaint(NULL, $$ SELECT acl_enforce(424242::oid::regclass, true) $$);
SELECT complaint(NULL, $$ SELECT acl_protect('en_other', '{"place": {"column": "place", "by": "id"}}', '{"enforce": "no"}') $$);

--
-- the switch: as if acl_protect had been called on the table as it was
--
-- Meanwhile rows went elsewhere and away, as they may while docacl does not judge: lists follow at the switch.
DO $$ BEGIN PERFORM acl_grant('cy', 'view', 'document', '3'); END $$;
UPDATE en_doc SET place = :b WHERE id = 1;
DELETE FROM en_doc WHERE id = 3;
UPDATE en_doc SET place = :a WHERE id IN (6, 7);
SELECT acl_enforce('en_doc', true);
SELECT r.row_key AS "1", p.name AS "B" FROM docacl.resource r LEFT JOIN docacl.resource p ON p.id = r.parent_id WHERE r.relation = 'en_doc'::regclass;
CREATE TABLE switched AS SELECT * FROM state('en_doc');
SELECT finding FROM acl_check('en_doc') WHERE severity IN ('error', 'warning');
-- both rules now: the old policies stay and are AND-ed with docacl's
SELECT who, sees(who, 'en_doc') FROM unnest(ARRAY['ann', 'bob', 'cy', 'boss']) AS who;
SELECT attempt('cy', 'UPDATE en_doc SET title = ''x''') AS n0, attempt('bob', 'DELETE FROM en_doc') AS n0, attempt('ann', format('INSERT INTO en_doc VALUES (9, %s, NULL, NULL, ''x'')', :b)) AS "42501",
       attempt('system', 'INSERT INTO en_doc VALUES (9, 424242, NULL, NULL, ''x'')') AS "23503", attempt('ann', format('INSERT INTO en_doc VALUES (9, %s, NULL, NULL, ''x'')', :a)) AS n1;
SELECT attempt('ann', 'UPDATE en_doc SET own = 1 WHERE id = 6') AS "42501";
-- again: nothing
SELECT acl_enforce('en_doc', true);
SELECT * FROM state('en_doc') EXCEPT SELECT * FROM switched;
-- back: as before, with a WARNING; registered still
SELECT acl_enforce('en_doc', false);
SELECT * FROM state('en_doc') WHERE state NOT LIKE '{%' EXCEPT SELECT * FROM was;
SELECT * FROM was EXCEPT SELECT * FROM state('en_doc');
SELECT sees('cy', 'en_doc') AS "1,2,4,6,7", acl_can('cy', 2, 'read') AS f, acl_can('cy', 1, 'read') AS t;
SELECT acl_enforce('en_doc', false);
-- acl_protect without the option, true by default, enforces; with false it gives back
SELECT finding FROM acl_protect('en_doc', '{"place": {"column": "place", "by": "id"}}', '{"owner": {"column": "owner", "by": "id"}, "own_acl": "own", "default": true}') WHERE severity IN ('error', 'warning');
SELECT * FROM state('en_doc') EXCEPT SELECT * FROM switched;
SELECT * FROM switched EXCEPT SELECT * FROM state('en_doc');
SELECT finding FROM acl_protect('en_doc', '{"place": {"column": "place", "by": "id"}}', '{"own_acl": "own", "enforce": false}') WHERE severity IN ('error', 'warning');
SELECT * FROM state('en_doc') WHERE state NOT LIKE '{%' EXCEPT SELECT * FROM was;
SELECT spec ? 'owner' AND spec -> 'owner' <> 'null' AS f, is_default AS f FROM docacl.protected_table WHERE relation = 'en_doc'::regclass;
-- the same catalogue as a table that was never anything else
CREATE TABLE en_new (LIKE en_doc INCLUDING ALL);
ALTER TABLE en_new ENABLE ROW LEVEL SECURITY;
CREATE POLICY old_rule ON en_new USING (title NOT LIKE 'secret%');
DO $$ BEGIN PERFORM acl_protect('en_new', '{"place": {"column": "place", "by": "id"}}', '{"own_acl": "own"}'), acl_enforce('en_doc', true); END $$;
SELECT replace(s, 'en_new', 'en_doc') FROM state('en_new') AS s EXCEPT SELECT * FROM state('en_doc');
SELECT * FROM state('en_doc') EXCEPT SELECT replace(s, 'en_new', 'en_doc') FROM state('en_new') AS s;
-- unprotected from either state
SELECT acl_unprotect('en_doc');
SELECT * FROM state('en_doc') EXCEPT SELECT * FROM was;
SELECT acl_enforce('en_new', false);
SELECT acl_unprotect('en_new');
SELECT count(*) AS n0 FROM docacl.protected_table WHERE relation::text LIKE 'en\_%';
SELECT complaint(NULL, $$ SELECT acl_can_row('ann', 'en_new', '1', 'read') $$);

-- row security that changed while docacl did not judge is what it goes back to
DO $$ BEGIN PERFORM acl_protect('en_new', '{"place": {"column": "place", "by": "id"}}', '{"enforce": false}'); END $$;
ALTER TABLE en_new FORCE ROW LEVEL SECURITY;
SELECT acl_enforce('en_new', true);
SELECT acl_unprotect('en_new');
SELECT relrowsecurity AS t, relforcerowsecurity AS t FROM pg_class WHERE relname = 'en_new';

--
-- DDL meanwhile: followed, never mended; what acl_protect refuses is refused at the switch
--
DO $$ BEGIN PERFORM acl_protect('en_new', '{"place": {"column": "place", "by": "id"}}', '{"own_acl": "own", "enforce": false}'); END $$;
INSERT INTO en_new (id, place) VALUES (1, :a);
SELECT acl_can_row('ann', 'en_new', '1', 'read') AS t;
ALTER TABLE en_new RENAME COLUMN place TO spot;
SELECT acl_can_row('ann', 'en_new', '1', 'read') AS t, acl_can_row('bob', 'en_new', '1', 'read') AS f;
SELECT count(*) AS n0 FROM pg_policy WHERE polrelid = 'en_new'::regclass AND polname LIKE 'docacl%';
-- another session would hear of a change that leaves the table as it is
DO $$ BEGIN PERFORM acl_create_kind('drawer', true); PERFORM acl_protect('en_new', '{"drawer": {"column": "spot", "by": "id"}}', '{"enforce": false}'); END $$;
SELECT acl_can_row('ann', 'en_new', '1', 'read') AS f;
SELECT finding FROM acl_check('en_new') WHERE severity = 'warning';
DO $$ BEGIN PERFORM acl_protect('en_new', '{"place": {"column": "spot", "by": "id"}}', '{"own_acl": "own", "enforce": false}'); END $$;
CREATE FUNCTION en_touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER "~late" BEFORE UPDATE ON en_new FOR EACH ROW EXECUTE FUNCTION en_touch();
SELECT complaint(NULL, $$ SELECT acl_enforce('en_new', true) $$);
DROP TRIGGER "~late" ON en_new;
CREATE POLICY docacl_select ON en_new USING (true);
SELECT complaint(NULL, $$ SELECT acl_enforce('en_new', true) $$);
DROP POLICY docacl_select ON en_new;
SELECT attempt('boss', $$ TRUNCATE en_new $$) AS "42501";
SELECT acl_enforce('en_new', true);
DROP TABLE en_new;
SELECT count(*) AS n0 FROM docacl.protected_table WHERE relation::text LIKE 'en\_%';

--
-- partitioned tables
--
CREATE TABLE en_part (id int, shelf text, place bigint, PRIMARY KEY (id, shelf)) PARTITION BY LIST (shelf);
CREATE TABLE en_one PARTITION OF en_part FOR VALUES IN ('one');
CREATE TABLE en_two PARTITION OF en_part FOR VALUES IN ('two');
GRANT SELECT ON en_part, en_one, en_two TO PUBLIC;
ALTER TABLE en_two ENABLE ROW LEVEL SECURITY;
INSERT INTO en_part VALUES (1, 'one', :a), (2, 'one', :b);
CREATE TABLE part_was AS SELECT * FROM state('en_part');
DO $$ BEGIN PERFORM acl_protect('en_part', '{"place": {"column": "place", "by": "id"}}', '{"enforce": false}'); END $$;
CREATE TABLE en_three PARTITION OF en_part FOR VALUES IN ('three');
GRANT SELECT ON en_three TO PUBLIC;
INSERT INTO en_part VALUES (3, 'three', :a), (4, 'three', :b);
SELECT acl_can_row('ann', 'en_part', '3', 'read') AS t, acl_can_row('ann', 'en_part', '4', 'read') AS f, sees('cy', 'en_part') AS "1,2,3,4", sees('cy', 'en_three') AS "3,4";
ALTER TABLE en_part DETACH PARTITION en_one;
SELECT relation, enforced AS f FROM docacl.protected_table WHERE relation::text IN ('en_part', 'en_one') ORDER BY 1;
SELECT sees('cy', 'en_one') AS "1,2";
SELECT * FROM state('en_part') WHERE state NOT LIKE '{%' AND state NOT LIKE '%en_three%' EXCEPT SELECT * FROM part_was;
SELECT acl_enforce('en_part', true);
SELECT sees('ann', 'en_part') AS "3", sees('ann', 'en_three') AS "3", sees('cy', 'en_three') AS nothing, sees('ann', 'en_one') AS "1,2";
SELECT acl_enforce('en_part', false);
SELECT * FROM state('en_part') WHERE state NOT LIKE '{%' AND state NOT LIKE '%en_three%' EXCEPT SELECT * FROM part_was;
SELECT acl_unprotect('en_part');

--
-- tables that others decide: either may be enforced alone, and acl_check says what that means
--
CREATE TABLE en_line (id int PRIMARY KEY, doc int, note text);
GRANT SELECT, INSERT ON en_line TO PUBLIC;
INSERT INTO en_line SELECT id, id, 'line' FROM en_doc;
DO $$ BEGIN
  PERFORM acl_protect('en_doc', '{"place": {"column": "place", "by": "id"}}', '{"enforce": false}');
  PERFORM acl_protect('en_line', '{"parent": {"relation": "en_doc", "column": "doc"}}', '{"enforce": false}');
END $$;
SELECT acl_can_row('ann', 'en_line', '6', 'read') AS t, acl_can_row('ann', 'en_line', '2', 'read') AS f, sees('cy', 'en_line') AS "1,2,4,5,6,7";
SELECT acl_enforce('en_line', true);
SELECT sees('ann', 'en_line') AS "5,6,7", sees('cy', 'en_line') AS nothing, sees('cy', 'en_doc') AS "1,2,4,6,7", attempt('cy', 'INSERT INTO en_line VALUES (10, 5, ''x'')') AS "42501";
SELECT severity, object, finding FROM acl_check('en_line') WHERE severity IN ('error', 'warning');
SELECT attempt(NULL, $$ SELECT acl_unprotect('en_doc') $$) AS "55006";
SELECT acl_enforce('en_doc', true);
SELECT severity, object, finding FROM acl_check('en_line') WHERE severity IN ('error', 'warning');
SELECT acl_enforce('en_doc', false);

--
-- rows that are wrong already are told before the switch, by what is wrong with them
--
DO $$ BEGIN PERFORM acl_create('environment', 'E'), acl_create('environment', 'F'), acl_create('company', 'C', 'E'); END $$;
SELECT r.id AS c FROM docacl.resource r WHERE r.kind = 'company' AND r.name = 'C' \gset
SELECT r.id AS f FROM docacl.resource r WHERE r.kind = 'environment' AND r.name = 'F' AND account_id = (SELECT id FROM docacl.resource WHERE kind = 'account' AND name = 'before') \gset
CREATE TABLE en_bad (id int PRIMARY KEY, place bigint, company bigint, environment bigint);
INSERT INTO en_bad VALUES (1, :a, :c, NULL), (2, :c, NULL, NULL), (3, NULL, :c, :f), (4, NULL, :c, NULL), (5, NULL, NULL, NULL), (6, 1, :c, NULL), (7, 424242, NULL, NULL);
SELECT severity, finding FROM acl_protect('en_bad', '{"place": {"column": "place", "by": "id"}, "company": {"column": "company", "by": "id"}, "environment": {"column": "environment", "by": "id"}}', '{"required": ["place"], "enforce": false}') WHERE severity = 'warning' ORDER BY 2;
SELECT acl_enforce('en_bad', true);
-- of a table that is enforced where it is asked about by name
SELECT finding FROM acl_check('en_bad') WHERE severity = 'warning' ORDER BY 1;
SELECT count(*) AS n0 FROM acl_check() WHERE finding LIKE '%row%:%' AND object LIKE '%en_bad';

--
-- administration looks into such tables as into others: who owns rows cannot be dropped, and can hand them over
--
CREATE TABLE en_own (id int PRIMARY KEY, place bigint, owner bigint, asked bigint);
ALTER TABLE en_own ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
INSERT INTO en_own SELECT n, NULL, p.id, p.id FROM generate_series(1, 2) AS n, docacl.principal AS p WHERE p.name = 'ann' AND p.account_id = (SELECT id FROM docacl.resource WHERE kind = 'account' AND name = 'before');
INSERT INTO en_own (id, place) VALUES (3, :b);
DO $$ BEGIN PERFORM acl_protect('en_own', '{"place": {"column": "place", "by": "id"}}', '{"owner": {"column": "owner", "by": "id"}, "requester": {"column": "asked", "by": "id"}, "enforce": false}'); END $$;
SELECT acl_can_row('ann', 'en_own', '1', 'write') AS t, acl_can_row('bob', 'en_own', '1', 'read') AS f;
SELECT attempt('boss', $$ SELECT acl_drop_user('ann') $$) AS "55006", attempt('boss', $$ SELECT acl_drop('location', 'B') $$) AS "55006";
SELECT attempt('ann', $$ SELECT acl_reassign('ann', 'bob') $$) AS "42501", attempt('boss', $$ SELECT acl_reassign('ann', 'bob') $$) AS n1;
DO $$ BEGIN PERFORM acl_reassign('ann', 'bob'); END $$;
SELECT acl_can_row('ann', 'en_own', '1', 'read') AS f, acl_can_row('bob', 'en_own', '1', 'write') AS t;
SELECT d.id, p.name AS owner, q.name AS asked FROM en_own d LEFT JOIN docacl.principal p ON p.id = owner LEFT JOIN docacl.principal q ON q.id = asked ORDER BY d.id;
-- a column that was dropped is told, and nothing is judged without it
ALTER TABLE en_own DROP COLUMN asked;
SELECT severity, object, finding FROM acl_check('en_own') WHERE severity IN ('error', 'warning');
SELECT complaint(NULL, $$ SELECT acl_can_row('bob', 'en_own', '1', 'write') $$);
SELECT complaint(NULL, $$ SELECT acl_enforce('en_own', true) $$);
-- nor with columns that have become others, without the key, or where a foreign key would empty a gate
ALTER TABLE en_own ADD COLUMN asked text;
SELECT complaint(NULL, $$ SELECT acl_enforce('en_own', true) $$);
ALTER TABLE en_own DROP COLUMN asked, ADD COLUMN asked bigint, DROP CONSTRAINT en_own_pkey;
SELECT complaint(NULL, $$ SELECT acl_enforce('en_own', true) $$);
ALTER TABLE en_own ADD PRIMARY KEY (id);
CREATE TABLE en_place (id bigint PRIMARY KEY);
SELECT complaint(NULL, 'ALTER TABLE en_own ADD CONSTRAINT nulls FOREIGN KEY (place) REFERENCES en_place ON DELETE SET NULL NOT VALID');
SELECT count(*) AS n0 FROM pg_policy WHERE polrelid = 'en_own'::regclass;
SELECT acl_enforce('en_own', true);
SELECT severity, object, finding FROM acl_check('en_own') WHERE severity IN ('error', 'warning');
SELECT acl_unprotect('en_own');
