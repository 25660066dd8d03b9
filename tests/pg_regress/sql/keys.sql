--
-- Keys of several columns: questions, own lists, renames, parents and foreign keys.
--
\set VERBOSITY terse
\set QUIET off
DO $$ BEGIN PERFORM acl_create_account('keys'); END $$;
SET docacl.account = 'keys';
DO $$ BEGIN
  PERFORM person('ann', 'Users');
  PERFORM person('bob', 'Users');
  PERFORM person('boss', 'Administrators');
  PERFORM acl_create('location', 'A', key => 'a');
  PERFORM acl_create('location', 'B', key => 'b');
  PERFORM acl_grant('ann', 'change, security', 'location', 'A');
END $$;
CREATE TABLE ky_document (n int, code text, place text, list bigint, title text, PRIMARY KEY (code, n));
CREATE TABLE ky_line (id int PRIMARY KEY, doc_code varchar(20), doc_n int, note text,
                      FOREIGN KEY (doc_code, doc_n) REFERENCES ky_document (code, n) ON UPDATE CASCADE ON DELETE CASCADE);
GRANT SELECT, INSERT, UPDATE, DELETE ON ky_document, ky_line TO PUBLIC;
-- bad input
SELECT option, complaint(NULL, format('SELECT acl_protect(''ky_document'', ''{"place": "place"}'', ''{"key": %s}'')', option)) FROM (VALUES
  ('["code"]'), ('["code", "place"]'), ('["code", "code"]'), ('[]'), ('["code", 1]'), ('7'), ('["code", "no"]')) AS bad(option);
-- the order of the option is the order of the written key; the index may have another
DO $$ BEGIN PERFORM acl_protect('ky_document', '{"place": "place"}', '{"key": ["n", "code"], "own_acl": "list"}'); END $$;
SELECT spec -> 'key' AS key FROM docacl.protected_table WHERE relation = 'ky_document'::regclass;
-- left out: the primary key, whatever its columns
DO $$ BEGIN PERFORM acl_protect('ky_document', '{"place": "place"}', '{"own_acl": "list", "default": true}'); END $$;
SELECT spec -> 'key' AS key FROM docacl.protected_table WHERE relation = 'ky_document'::regclass;
INSERT INTO ky_document (code, n, place, title) VALUES ('x', 1, 'a', 'x1'), ('x', 2, 'b', 'x2'), ('it''s "y"', -3, 'b', 'y3');

-- questions
SELECT key, acl_can_row('ann', 'ky_document', key, 'read') AS ann, acl_can_row('bob', 'ky_document', key, 'read') AS bob,
       acl_can_row('boss', 'ky_document', key, 'read') AS boss
  FROM (VALUES ('["x",1]'), (' [ "x" , 1 ] '), ('["x",2]'), ('["it''s \"y\"",-3]'), ('["x"]'), ('["x",1,2]'), ('["x","1"]'), ('[1,"x"]'),
               ('x'), ('1'), (''), ('{"code":"x","n":1}'), ('["x",1.5]'), ('["x",99999999999]'), ('["x",null]'), ('[')) AS k(key);
SELECT acl_can('ann', '["x",1]', 'write') AS t, acl_can('ann', '["x",2]', 'write') AS f;
SELECT complaint('bob', $$SELECT acl_require_row('ky_document', '["x",1]', 'read')$$);

-- own lists by key; the list is kept by the key as docacl writes it
SELECT acl_grant_row('bob', 'read', 'ky_document', '[ "x", 1 ]') AS t;
SELECT acl_grant_row('bob', 'read', 'ky_document', '["it''s \"y\"", -3]') AS t;
SELECT row_key FROM docacl.resource WHERE kind = 'document' ORDER BY id;
SELECT sees('bob', 'ky_document', 'title') AS "x1,y3", sees('ann', 'ky_document', 'title') AS "x1";
SELECT acl_can_row('bob', 'ky_document', '["x",1]', 'read') AS t, acl_can_row('bob', 'ky_document', '["x",1]', 'write') AS f;
-- no such row, or no key
SELECT key, complaint(NULL, format('SELECT acl_grant_row(''bob'', ''read'', ''ky_document'', %L)', key))
  FROM (VALUES ('["x",9]'), ('x'), ('["x"]'), ('["x","1"]')) AS k(key);
SELECT complaint('ann', $$SELECT acl_grant_row('bob', 'read', 'ky_document', '["x",2]')$$);

-- a renamed key takes its list along; only an admin renames
SELECT attempt('ann', 'UPDATE ky_document SET n = 7 WHERE title = ''x1''') AS "42501";
UPDATE ky_document SET n = 7 WHERE title = 'x1';
SELECT row_key, name = row_key AS t FROM docacl.resource WHERE kind = 'document' ORDER BY id;
SELECT sees('bob', 'ky_document', 'title') AS "x1,y3", acl_can_row('bob', 'ky_document', '["x",7]', 'read') AS t,
       acl_can_row('bob', 'ky_document', '["x",1]', 'read') AS f;
SELECT acl_revoke_row('bob', 'read', 'ky_document', '["x",7]') AS t;
SELECT sees('bob', 'ky_document', 'title') AS "y3";
-- somebody else's list
SELECT complaint(NULL, $$UPDATE ky_document SET list = (SELECT list FROM ky_document WHERE n = 7) WHERE n = 2$$);

-- a parent with such a key
DO $$ BEGIN PERFORM acl_protect('ky_line', '{"parent": {"relation": "ky_document", "column": ["doc_code", "doc_n"]}}'); END $$;
INSERT INTO ky_line VALUES (1, 'x', 7, 'one'), (2, 'x', 2, 'two'), (3, 'it''s "y"', -3, 'three'), (4, 'x', NULL, 'half a key');
SELECT who, sees(who, 'ky_line') AS lines, attempt(who, 'UPDATE ky_line SET note = ''!'' WHERE f_snoop(note)') AS update,
       attempt(who, 'INSERT INTO ky_line VALUES (5, ''x'', 7, ''new'')') AS insert
  FROM unnest(ARRAY['ann', 'bob', 'boss', 'system']) AS who;
SELECT disagreements(ARRAY['ann', 'bob', 'boss', 'system'], 'ky_line') AS n0;
SELECT complaint(NULL, $$SELECT acl_protect('ky_line', '{"parent": {"relation": "ky_document", "column": "doc_code"}}')$$);
SELECT complaint(NULL, $$SELECT acl_protect('ky_line', '{"parent": {"relation": "ky_document", "column": ["doc_n", "doc_code"]}}')$$);
-- the foreign key follows
UPDATE ky_document SET code = 'z', n = 8 WHERE title = 'x1';
SELECT sees('ann', 'ky_line') AS "1";
DELETE FROM ky_document WHERE title = 'x1';
SELECT count(*) AS n1 FROM docacl.resource WHERE kind = 'document';
