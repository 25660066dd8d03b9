-- The tables themselves: row security, triggers that fire too late, foreign keys, gates, indexes, grants, inheritance.
, reference AS (
    SELECT t.oid, t.name, gate.value ->> 'gate' AS gate, coalesce((gate.value ->> 'required')::boolean, false) AS required,
           ref.value ->> 'column' AS attname
    FROM t, pg_catalog.jsonb_array_elements(t.spec -> 'gates') AS gate(value),
         pg_catalog.jsonb_array_elements(coalesce(gate.value -> 'refs', '[]')) AS ref(value)
), gate_column AS MATERIALIZED (
    SELECT r.*, a.attnum, a.attnotnull FROM reference AS r
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = r.oid AND a.attname = r.attname AND NOT a.attisdropped
), granted AS (
    -- On the table, and REFERENCES on columns.
    SELECT t.oid, t.name, t.relowner, g.grantee, g.privilege_type FROM t, pg_catalog.aclexplode(t.relacl) AS g
    UNION
    SELECT t.oid, t.name, t.relowner, g.grantee, g.privilege_type
    FROM t
    CROSS JOIN LATERAL (SELECT * FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = t.oid AND a.attacl IS NOT NULL OFFSET 0) AS a,
         pg_catalog.aclexplode(a.attacl) AS g
), child AS (
    -- Children at any depth that are not secured like their parent.
    SELECT i.inhrelid AS oid, t.oid AS top, t.name AS parent FROM t JOIN pg_catalog.pg_inherits AS i ON i.inhparent = t.oid WHERE t.enforced
    UNION
    SELECT i.inhrelid, c.top, c.parent FROM child AS c JOIN pg_catalog.pg_inherits AS i ON i.inhparent = c.oid
), ancestor AS (
    SELECT i.inhparent AS oid, t.name AS child FROM t JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = t.oid WHERE t.enforced
    UNION
    SELECT i.inhparent, a.child FROM ancestor AS a JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = a.oid
), relative AS MATERIALIZED (
    SELECT c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname) AS name, c.relowner, c.relacl, c.relkind
    FROM (SELECT oid FROM child UNION SELECT oid FROM ancestor) AS r
    JOIN pg_catalog.pg_class AS c ON c.oid = r.oid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE NOT (c.relrowsecurity AND c.relforcerowsecurity
               AND EXISTS (SELECT 1 FROM pg_catalog.pg_policy AS p WHERE p.polrelid = c.oid AND p.polname = 'docacl_select'))
)
SELECT 'warning', t.name, 'registered, not enforced: docacl answers questions about its rows and judges nobody',
       pg_catalog.format('SELECT acl_enforce(%L, true);', t.name)
FROM t WHERE NOT t.enforced
UNION ALL
SELECT 'warning', t.name, pg_catalog.format('its rows are decided by those of %s, which is registered, not enforced: who writes there decides', p.name),
       pg_catalog.format('SELECT acl_enforce(%L, true);', p.name)
FROM t
CROSS JOIN LATERAL (SELECT pg_catalog.quote_ident(t.spec #>> '{parent,schema}') || '.' || pg_catalog.quote_ident(t.spec #>> '{parent,relation}') AS name) AS p
JOIN docacl.protected_table AS o ON o.relation = pg_catalog.to_regclass(p.name)
WHERE t.enforced AND NOT coalesce((pg_catalog.to_jsonb(o) ->> 'enforced')::boolean, true)
UNION ALL
SELECT 'error', t.name, 'row security is not enabled', pg_catalog.format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY;', t.name)
FROM t WHERE t.enforced AND NOT t.relrowsecurity
UNION ALL
SELECT 'error', t.name, 'row security is not forced: the table''s owner sees and changes every row',
       pg_catalog.format('ALTER TABLE %s FORCE ROW LEVEL SECURITY;', t.name)
FROM t WHERE t.enforced AND NOT t.relforcerowsecurity
UNION ALL
-- Names compare as bytes, as PostgreSQL fires triggers.
SELECT 'warning', pg_catalog.format('trigger %I on %s', g.tgname, t.name),
       'fires after docacl has judged the row: every write is refused',
       pg_catalog.format('Give it a name that sorts before "~docacl_row", or make it an AFTER trigger: ALTER TRIGGER %I ON %s RENAME TO …;', g.tgname, t.name)
FROM t JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = t.oid
WHERE t.enforced AND g.tgtype & 3 = 3 AND g.tgenabled <> 'D' AND g.tgname::text COLLATE "C" > '~docacl_row'
UNION ALL
SELECT 'error', pg_catalog.format('constraint %I on %s', k.conname, g.name),
       pg_catalog.format('the foreign key sets gate column %I null or default, which opens the row', g.attname),
       'Make it ON DELETE and ON UPDATE RESTRICT, NO ACTION or CASCADE.'
FROM gate_column AS g
JOIN pg_catalog.pg_constraint AS k ON k.conrelid = g.oid AND k.contype = 'f' AND g.attnum = ANY (k.conkey)
WHERE k.confdeltype IN ('n', 'd') AND (k.confdelsetcols IS NULL OR g.attnum = ANY (k.confdelsetcols)) OR k.confupdtype IN ('n', 'd')
UNION ALL
SELECT 'notice', pg_catalog.format('%s gate %s', g.name, g.gate), 'gate may be absent, and an absent gate is neutral',
       pg_catalog.format('Make the column NOT NULL, or add "required": ["%s"].', g.gate)
FROM gate_column AS g
JOIN t ON t.oid = g.oid
WHERE NOT g.required
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.jsonb_array_elements(t.spec -> 'gates') AS other(value)
                  WHERE other.value ->> 'gate' = g.gate AND other.value -> 'constant' <> '[]')
GROUP BY g.oid, g.name, g.gate HAVING pg_catalog.bool_and(NOT g.attnotnull)
UNION ALL
SELECT 'warning', g.name,
       pg_catalog.format('%s granted to %s: %s', pg_catalog.string_agg(g.privilege_type, ', ' ORDER BY g.privilege_type),
              coalesce(pg_catalog.quote_ident(r.rolname), 'PUBLIC'),
              pg_catalog.string_agg(CASE g.privilege_type WHEN 'TRIGGER' THEN 'a trigger reads and changes what others write'
                WHEN 'TRUNCATE' THEN 'only docacl''s trigger stands before it'
                ELSE 'a foreign key tells which keys exist' END, '; ' ORDER BY g.privilege_type)),
       pg_catalog.format('REVOKE %s ON %s FROM %s;', pg_catalog.string_agg(g.privilege_type, ', ' ORDER BY g.privilege_type), g.name,
              coalesce(pg_catalog.quote_ident(r.rolname), 'PUBLIC'))
FROM granted AS g LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = g.grantee
WHERE g.privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER') AND g.grantee <> g.relowner AND r.rolsuper IS NOT TRUE
GROUP BY g.oid, g.name, g.grantee, r.rolname
UNION ALL
SELECT CASE WHEN EXISTS (SELECT 1 FROM pg_catalog.aclexplode(r.relacl) AS g WHERE g.grantee <> r.relowner) THEN 'error' ELSE 'warning' END,
       r.name, pg_catalog.format('rows of %s can be read and changed here: it is not protected itself', c.parent),
       CASE r.relkind WHEN 'f' THEN 'Detach the foreign table.'
            ELSE pg_catalog.format('Protect it with acl_protect, end the inheritance, or REVOKE ALL ON %s FROM everybody.', r.name) END
FROM child AS c JOIN relative AS r ON r.oid = c.oid
WHERE NOT EXISTS (SELECT 1 FROM t WHERE t.oid = c.oid)
UNION ALL
SELECT 'error', r.name, pg_catalog.format('shows the rows of %s, which inherits from it, and is not protected itself', a.child),
       pg_catalog.format('Protect it with acl_protect, or ALTER TABLE %s NO INHERIT %s;', a.child, r.name)
FROM ancestor AS a JOIN relative AS r ON r.oid = a.oid
WHERE NOT EXISTS (SELECT 1 FROM t WHERE t.oid = a.oid)
