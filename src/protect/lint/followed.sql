-- Mirrors, and rules that grant: whether their triggers are there and fire, whether their columns are; of mirrors, what they
-- do not hear of and who may write.
WITH m AS MATERIALIZED (
    SELECT x.relation::oid AS oid, x.kind, x.columns, pg_catalog.format('%I.%I', n.nspname, c.relname) AS name, c.relacl, c.relowner,
           CASE WHEN a.name <> 'main' THEN pg_catalog.format('SET docacl.account = %L; ', a.name) ELSE '' END
           || CASE WHEN x.kind = 'member'
              THEN pg_catalog.format('SELECT acl_mirror_members(%L, %L, %L);', pg_catalog.format('%I.%I', n.nspname, c.relname), x.columns ->> 'role', x.columns ->> 'key')
              ELSE pg_catalog.format('SELECT acl_mirror(%L, %L, %L, %L%s);', pg_catalog.format('%I.%I', n.nspname, c.relname), x.kind, x.columns ->> 'key', x.columns ->> 'name',
                  (SELECT pg_catalog.string_agg(pg_catalog.format(', %s_column => %L', o.key, o.value), '' ORDER BY o.key)
                   FROM pg_catalog.jsonb_each_text(x.columns) AS o WHERE o.key NOT IN ('key', 'name'))) END AS again
    FROM docacl.mirror AS x
    JOIN pg_catalog.pg_class AS c ON c.oid = x.relation JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN docacl.resource AS a ON a.id = x.account_id
    WHERE $1 IS NULL OR c.oid = $1
), r AS MATERIALIZED (
    SELECT a.id, a.relation::oid AS oid, a.principal_column, a.resource_column, a.code, pg_catalog.format('%I.%I', n.nspname, c.relname) AS name,
           pg_catalog.format('SELECT acl_auto_grant(%L, %L, %L, %L, %L%s);', pg_catalog.format('%I.%I', n.nspname, c.relname), a.principal_column, a.kind,
               docacl.action_words(a.actions), a.resource_column, ', ' || pg_catalog.quote_literal(a.code)) AS again
    FROM docacl.auto_grant AS a
    JOIN pg_catalog.pg_class AS c ON c.oid = a.relation JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE $1 IS NULL OR c.oid = $1
), follower AS (
    SELECT m.oid, m.name, 'docacl_mirror_' || m.kind AS prefix, 'docacl.follow_mirror()'::regprocedure AS follows, m.kind AS argument,
           'docacl does not follow the table' AS lost, 'acl_mirror' AS made_by, m.again
    FROM m
    UNION ALL
    SELECT r.oid, r.name, 'docacl_rule_' || r.id, 'docacl.follow_rule()'::regprocedure, r.id::text,
           'the grants of the rule do not follow the table', 'acl_auto_grant', r.again
    FROM r WHERE r.code IS NULL OR r.code LIKE '%-pae-%'
), expected AS (
    SELECT f.*, pg_catalog.format('%s_%s', f.prefix, e.event) AS tgname, e.type
    FROM follower AS f CROSS JOIN (VALUES ('insert', 4), ('update', 16), ('delete', 8), ('truncate', 32)) AS e (event, type)
)
SELECT 'error', pg_catalog.format('trigger %I on %s', e.tgname, e.name),
       CASE WHEN g.oid IS NULL THEN 'missing: ' || e.lost
            WHEN g.tgenabled = 'D' THEN 'is disabled: ' || e.lost
            WHEN g.tgenabled = 'R' THEN 'fires for replication only'
            ELSE 'is not what ' || e.made_by || ' wrote' END,
       e.again
FROM expected AS e LEFT JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = e.oid AND g.tgname = e.tgname AND NOT g.tgisinternal
WHERE g.oid IS NULL OR g.tgenabled IN ('D', 'R')
   OR g.tgfoid <> e.follows OR g.tgtype <> e.type OR g.tgattr <> '' OR g.tgqual IS NOT NULL
   OR pg_catalog.encode(g.tgargs, 'escape') <> e.argument || '\000'
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
UNION ALL
SELECT 'error', pg_catalog.format('%s.%I', m.name, c.value), 'a mirrored column was renamed, dropped or given another type: every write is refused',
       'Call acl_mirror or acl_mirror_members again with the columns as they are.'
FROM m CROSS JOIN LATERAL pg_catalog.jsonb_each_text(m.columns) AS c
LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = m.oid AND a.attname = c.value AND NOT a.attisdropped
WHERE (a.atttypid = ANY ('{int2,int4,int8,uuid,text,varchar,bool}'::regtype[]::oid[])) IS NOT TRUE
UNION ALL
SELECT 'warning', m.name, 'is mirrored, and its children are not: rows written there are missed', 'End the inheritance.'
FROM m WHERE EXISTS (SELECT FROM pg_catalog.pg_inherits AS i WHERE i.inhparent = m.oid)
UNION ALL
-- Replication applies rows, and fires no triggers of statements.
SELECT 'warning', m.name, 'is mirrored and subscribed to: docacl does not hear of what replication brings', 'After a catch-up: ' || m.again
FROM m WHERE EXISTS (SELECT FROM pg_catalog.pg_subscription_rel AS s WHERE s.srrelid = m.oid)
UNION ALL
SELECT 'warning', m.name, pg_catalog.format('%s granted to PUBLIC: who writes a mirrored table decides who is %s', pg_catalog.string_agg(g.privilege_type, ', ' ORDER BY g.privilege_type),
              CASE m.kind WHEN 'user' THEN 'a user' WHEN 'role' THEN 'a role' WHEN 'member' THEN 'in which role' ELSE 'where' END),
       pg_catalog.format('REVOKE %s ON %s FROM PUBLIC;', pg_catalog.string_agg(g.privilege_type, ', ' ORDER BY g.privilege_type), m.name)
FROM m CROSS JOIN LATERAL pg_catalog.aclexplode(m.relacl) AS g
WHERE g.grantee = 0 AND g.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRIGGER')
  AND NOT EXISTS (SELECT FROM docacl.protected_table AS p WHERE p.relation = m.oid)
GROUP BY m.name, m.kind
