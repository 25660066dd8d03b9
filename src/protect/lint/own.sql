-- docacl's own tables: who may write them, and whether what keeps them true and unseen is still there.
, own AS MATERIALIZED (
    SELECT c.oid, c.relname, c.relacl, c.relowner, c.relrowsecurity FROM pg_catalog.pg_class AS c
    WHERE c.relnamespace = 'docacl'::regnamespace AND c.relkind = 'r'
)
SELECT 'error', pg_catalog.format('docacl.%I', c.relname),
       pg_catalog.format('%s granted to %s: who writes here gives himself what he likes',
              pg_catalog.string_agg(g.privilege_type, ', ' ORDER BY g.privilege_type), coalesce(pg_catalog.quote_ident(r.rolname), 'PUBLIC')),
       pg_catalog.format('REVOKE %s ON docacl.%I FROM %s;',
              pg_catalog.string_agg(g.privilege_type, ', ' ORDER BY g.privilege_type), c.relname, coalesce(pg_catalog.quote_ident(r.rolname), 'PUBLIC'))
FROM own AS c, pg_catalog.aclexplode(c.relacl) AS g LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = g.grantee
WHERE c.relname <> 'event' AND g.grantee <> c.relowner AND g.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER') AND r.rolsuper IS NOT TRUE
GROUP BY c.relname, r.rolname, g.grantee
UNION ALL
SELECT 'error', pg_catalog.format('docacl.%I', c.relname), 'readable by others, and its row security is not enabled: they see what they should not',
       pg_catalog.format('ALTER TABLE docacl.%I ENABLE ROW LEVEL SECURITY;', c.relname)
FROM own AS c
WHERE NOT c.relrowsecurity
  AND EXISTS (SELECT 1 FROM pg_catalog.pg_policy AS p WHERE p.polrelid = c.oid AND p.polname = 'docacl_sees')
  AND EXISTS (SELECT 1 FROM pg_catalog.aclexplode(c.relacl) AS g LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = g.grantee
              WHERE g.privilege_type = 'SELECT' AND g.grantee <> c.relowner AND r.rolsuper IS NOT TRUE)
UNION ALL
SELECT 'error', pg_catalog.format('policy %I on docacl.%I', p.polname, c.relname), 'not docacl''s: it shows more than one may see',
       pg_catalog.format('DROP POLICY %I ON docacl.%I;', p.polname, c.relname)
FROM own AS c JOIN pg_catalog.pg_policy AS p ON p.polrelid = c.oid
WHERE p.polpermissive AND p.polname <> 'docacl_sees'
UNION ALL
SELECT 'error', pg_catalog.format('trigger %I on docacl.%I', g.tgname, c.relname), 'is disabled: what it keeps true is true no longer',
       pg_catalog.format('ALTER TABLE docacl.%I ENABLE %sTRIGGER %I;', c.relname,
              CASE WHEN g.tgname IN ('refers', 'gone') THEN '' ELSE 'ALWAYS ' END, g.tgname)
FROM own AS c JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = c.oid
WHERE g.tgenabled IN ('D', 'R')
UNION ALL
SELECT 'error', pg_catalog.format('event trigger %I', e.evtname), 'is disabled: what it keeps true is true no longer',
       pg_catalog.format('ALTER EVENT TRIGGER %I ENABLE ALWAYS;', e.evtname)
FROM pg_catalog.pg_event_trigger AS e
JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_event_trigger'::regclass AND d.objid = e.oid AND d.deptype = 'e'
JOIN pg_catalog.pg_extension AS x ON d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.refobjid = x.oid AND x.extname = 'docacl'
WHERE e.evtenabled IN ('D', 'R')
