--
-- comments: whoever has only the database at hand finds everything explained there (\df+, \dt+, \d+).
--

-- every function, table, schema and event trigger of the extension has a comment: 0 rows
SELECT pg_describe_object(d.classid, d.objid, 0) AS without_comment
FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
WHERE e.extname = 'docacl' AND d.deptype = 'e'
  AND (d.classid IN ('pg_proc'::regclass, 'pg_namespace'::regclass, 'pg_event_trigger'::regclass)
       OR d.classid = 'pg_class'::regclass AND (SELECT relkind FROM pg_class WHERE oid = d.objid) IN ('r', 'v'))
  AND obj_description(d.objid, d.classid::regclass::name) IS NULL
ORDER BY 1;

-- so has every column whose name and constraints do not say all there is to say: 0 rows
SELECT a.attrelid::regclass AS "table", a.attname AS without_comment
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relnamespace = 'docacl'::regnamespace AND c.relkind IN ('r', 'v') AND a.attnum > 0 AND NOT a.attisdropped
  AND col_description(a.attrelid, a.attnum) IS NULL
  AND a.attname NOT IN ('id', 'name', 'bit', 'kind', 'account_id', 'parent_id', 'principal_id', 'resource_id', 'role_id', 'member_id',
                        'created_by', 'created_at', 'granted_by', 'granted_at', 'revoked_by', 'valid_from', 'valid_until',
                        'built_in', 'email', 'email_folded', 'enabled', 'purpose', 'note', 'event', 'payload', 'at', 'value',
                        'role_oid', 'role_name', 'relation', 'table_name', 'had_rls', 'had_force')
  AND (c.relname, a.attname) <> ('membership', 'source')
ORDER BY 1, 2;

-- a comment that names the wrong SQLSTATE would be worse than none: every state named is one that docacl raises
SELECT DISTINCT state[1] AS unknown_state
FROM pg_proc p, regexp_matches(obj_description(p.oid, 'pg_proc'), '\m([0-9][0-9A-Z][0-9A-Z][0-9A-Z]{2})\M', 'g') AS state
WHERE p.proname LIKE 'acl\_%'
  AND state[1] NOT IN ('42704', '42725', '42710', '22023', '42501', '23503', '23514', '23502', '42703', '42804', '42809',
                       '55000', '55006', '28000', '25P01', '0A000');
