-- What stands over the tables: views, materialized views, rules, publications, functions with their owner's rights.
, depends AS (
    -- Every rule that names the table; a view's reading is its rule _RETURN.
    SELECT DISTINCT t.oid, t.name, r.oid AS rule, r.rulename, r.ev_class, r.ev_type
    FROM t
    JOIN pg_catalog.pg_depend AS d ON d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = t.oid
                                  AND d.classid = 'pg_catalog.pg_rewrite'::regclass
    JOIN pg_catalog.pg_rewrite AS r ON r.oid = d.objid
), reached AS (
    -- Materialized views keep rows; they may read the table through any number of views.
    SELECT d.oid, d.name, d.ev_class AS relation FROM depends AS d WHERE d.ev_type = '1'
    UNION
    SELECT v.oid, v.name, r.ev_class
    FROM reached AS v
    JOIN pg_catalog.pg_depend AS d ON d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = v.relation
                                  AND d.classid = 'pg_catalog.pg_rewrite'::regclass
    JOIN pg_catalog.pg_rewrite AS r ON r.oid = d.objid AND r.ev_type = '1' AND r.ev_class <> v.relation
), over AS MATERIALIZED (
    SELECT c.oid, c.relkind, pg_catalog.format('%I.%I', n.nspname, c.relname) AS name,
           pg_catalog.quote_ident(o.rolname) AS owner, b.described AS bypassing,
           EXISTS (SELECT 1 FROM pg_catalog.aclexplode(c.relacl) AS g WHERE g.grantee <> c.relowner)
             OR EXISTS (SELECT 1 FROM pg_catalog.pg_attribute AS a, pg_catalog.aclexplode(a.attacl) AS g
                        WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL AND g.grantee <> c.relowner) AS open,
           EXISTS (SELECT 1 FROM pg_catalog.pg_options_to_table(c.reloptions) AS o
                   WHERE o.option_name = 'security_invoker' AND o.option_value::boolean) AS invoker
    FROM (SELECT ev_class AS oid FROM depends UNION SELECT relation FROM reached) AS x
    JOIN pg_catalog.pg_class AS c ON c.oid = x.oid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_roles AS o ON o.oid = c.relowner
    LEFT JOIN bypass AS b ON b.oid = c.relowner
), definer AS MATERIALIZED (
    SELECT p.oid, p.oid::regprocedure::text AS name, b.described, p.prosqlbody IS NULL AS by_text,
           ' ' || pg_catalog.regexp_replace(pg_catalog.lower(p.prosrc), '[^[:alnum:]_]+', ' ', 'g') || ' ' AS words
    FROM pg_catalog.pg_proc AS p
    JOIN bypass AS b ON b.oid = p.proowner
    JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang AND l.lanname NOT IN ('c', 'internal')
    WHERE p.prosecdef AND p.oid >= 16384
      AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS e
                      WHERE e.classid = 'pg_catalog.pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e')
)
SELECT CASE WHEN o.bypassing IS NULL THEN 'notice' WHEN o.open THEN 'error' ELSE 'warning' END, 'view ' || o.name,
       CASE WHEN o.bypassing IS NULL THEN pg_catalog.format('shows %s with the rights and policies of its owner %s, not of its reader', d.name, o.owner)
            ELSE pg_catalog.format('shows every row of %s: it reads with the rights of its owner %s', d.name, o.bypassing) END,
       pg_catalog.format('ALTER VIEW %s SET (security_invoker);', o.name)
FROM depends AS d JOIN over AS o ON o.oid = d.ev_class
WHERE d.ev_type = '1' AND o.relkind = 'v' AND NOT o.invoker
UNION ALL
SELECT CASE WHEN o.open THEN 'error' ELSE 'warning' END, 'materialized view ' || o.name,
       pg_catalog.format('keeps rows of %s, the same for every reader', r.name),
       pg_catalog.format('Let nobody read it but who may see every row, or make it a view WITH (security_invoker): REVOKE ALL ON %s FROM …;', o.name)
FROM reached AS r JOIN over AS o ON o.oid = r.relation
WHERE o.relkind = 'm'
UNION ALL
SELECT CASE WHEN o.bypassing IS NULL THEN 'notice' WHEN o.open THEN 'error' ELSE 'warning' END,
       pg_catalog.format('rule %I on %s', d.rulename, o.name),
       CASE WHEN o.bypassing IS NULL THEN pg_catalog.format('its actions on %s run with the rights of its owner %s', d.name, o.owner)
            ELSE pg_catalog.format('its actions on %s run past row security, with the rights of its owner %s', d.name, o.bypassing) END,
       pg_catalog.format('Use a trigger instead: DROP RULE %I ON %s;', d.rulename, o.name)
FROM depends AS d JOIN over AS o ON o.oid = d.ev_class
WHERE d.ev_type <> '1'
UNION ALL
SELECT 'warning', pg_catalog.format('publication %I', p.pubname), 'publishes every table: whoever subscribes gets every row of protected ones',
       'Publish the tables by name that nobody has to be kept from.'
FROM pg_catalog.pg_publication AS p WHERE p.puballtables AND EXISTS (SELECT 1 FROM t)
UNION ALL
SELECT 'warning', pg_catalog.format('publication %I', p.pubname),
       pg_catalog.format('publishes every table of schema %I: whoever subscribes gets every row of protected ones', n.nspname),
       pg_catalog.format('ALTER PUBLICATION %I DROP TABLES IN SCHEMA %I;', p.pubname, n.nspname)
FROM pg_catalog.pg_publication_namespace AS s
JOIN pg_catalog.pg_publication AS p ON p.oid = s.pnpubid
JOIN pg_catalog.pg_namespace AS n ON n.oid = s.pnnspid
WHERE EXISTS (SELECT 1 FROM t WHERE t.relnamespace = s.pnnspid)
UNION ALL
SELECT 'warning', pg_catalog.format('publication %I', p.pubname),
       pg_catalog.format('publishes %s: whoever subscribes gets every row', t.name),
       pg_catalog.format('ALTER PUBLICATION %I DROP TABLE %s;', p.pubname, t.name)
FROM t
JOIN pg_catalog.pg_publication_rel AS r ON r.prrelid = t.oid
JOIN pg_catalog.pg_publication AS p ON p.oid = r.prpubid
UNION ALL
SELECT 'warning', 'function ' || f.name,
       pg_catalog.format('SECURITY DEFINER: uses %s past row security, with the rights of its owner %s', t.name, f.described),
       pg_catalog.format('ALTER FUNCTION %s SECURITY INVOKER, or give it an owner that row security applies to.', f.name)
FROM definer AS f
JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = f.oid
                              AND d.refclassid = 'pg_catalog.pg_class'::regclass
JOIN t ON t.oid = d.refobjid
GROUP BY f.name, t.name, f.described
UNION ALL
-- A body that is text has no dependencies: it may mean another table, or none.
SELECT 'notice', 'function ' || f.name,
       pg_catalog.format('SECURITY DEFINER: names %s, and its owner is %s', t.name, f.described),
       pg_catalog.format('Where it uses the table: ALTER FUNCTION %s SECURITY INVOKER, or give it an owner that row security applies to.', f.name)
FROM definer AS f
JOIN t ON pg_catalog.strpos(f.words, ' ' || pg_catalog.regexp_replace(pg_catalog.lower(t.relname), '[^[:alnum:]_]+', ' ', 'g') || ' ') > 0
WHERE f.by_text
