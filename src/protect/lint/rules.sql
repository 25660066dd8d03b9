-- Rules that grant: whether their triggers are there and fire, whether their columns are.
WITH r AS MATERIALIZED (
    SELECT a.id, a.relation::oid AS oid, a.principal_column, a.resource_column, a.code, pg_catalog.format('%I.%I', n.nspname, c.relname) AS name,
           pg_catalog.format('SELECT acl_auto_grant(%L, %L, %L, %L, %L%s);', pg_catalog.format('%I.%I', n.nspname, c.relname), a.principal_column, a.kind,
               docacl.action_words(a.actions), a.resource_column, ', ' || pg_catalog.quote_literal(a.code)) AS again
    FROM docacl.auto_grant AS a
    JOIN pg_catalog.pg_class AS c ON c.oid = a.relation JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE $1 IS NULL OR c.oid = $1
), expected AS (
    SELECT r.*, pg_catalog.format('docacl_rule_%s_%s', r.id, e.event) AS tgname, e.type
    FROM r CROSS JOIN (VALUES ('insert', 4), ('update', 16), ('delete', 8), ('truncate', 32)) AS e (event, type)
    WHERE r.code IS NULL OR r.code LIKE '%-pae-%'
)
SELECT 'error', pg_catalog.format('trigger %I on %s', e.tgname, e.name),
       CASE WHEN g.oid IS NULL THEN 'missing: the grants of the rule do not follow the table'
            WHEN g.tgenabled = 'D' THEN 'is disabled: the grants of the rule do not follow the table'
            WHEN g.tgenabled = 'R' THEN 'fires for replication only'
            ELSE 'is not what acl_auto_grant wrote' END,
       e.again
FROM expected AS e LEFT JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = e.oid AND g.tgname = e.tgname AND NOT g.tgisinternal
WHERE g.oid IS NULL OR g.tgenabled IN ('D', 'R')
   OR g.tgfoid <> 'docacl.follow_rule()'::regprocedure OR g.tgtype <> e.type OR g.tgattr <> '' OR g.tgqual IS NOT NULL
   OR pg_catalog.encode(g.tgargs, 'escape') <> e.id || '\000'
UNION ALL
SELECT 'warning', pg_catalog.format('trigger %I on %s', e.tgname, e.name), 'does not fire for replication: it is not ENABLE ALWAYS',
       pg_catalog.format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I;', e.name, e.tgname)
FROM expected AS e JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = e.oid AND g.tgname = e.tgname
WHERE g.tgenabled = 'O'
UNION ALL
SELECT 'error', pg_catalog.format('%s.%I', r.name, c.name), 'a column of a rule that grants was renamed or dropped',
       'Drop the rule with acl_drop_auto_grant and make it again.'
FROM r CROSS JOIN LATERAL (VALUES (r.principal_column), (r.resource_column)) AS c (name)
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = r.oid AND a.attname = c.name AND NOT a.attisdropped)
UNION ALL
SELECT 'notice', pg_catalog.format('rule about %s.%I', r.name, r.principal_column), 'does nothing: no profile option switches it on, for its code does not contain "-pae-"',
       'Make it again with another code.'
FROM r WHERE r.code NOT LIKE '%-pae-%'
