-- Who may become whom, and what superusers gave away.
, reach AS (
    -- What SET ROLE leads to. PostgreSQL 16 knows memberships that do not allow it.
    SELECT r.oid AS role, r.oid AS target, NULL::oid AS first FROM pg_catalog.pg_roles AS r
    WHERE NOT r.rolsuper
    UNION
    SELECT r.role, m.roleid, coalesce(r.first, m.roleid) FROM reach AS r JOIN pg_catalog.pg_auth_members AS m ON m.member = r.target
    WHERE coalesce((pg_catalog.to_jsonb(m) ->> 'set_option')::boolean, true)
), known AS MATERIALIZED (
    SELECT r.oid, r.rolname, d.principal_id, CASE WHEN d.principal_id IS NULL THEN 'trusted' ELSE 'mapped' END AS how
    FROM docacl.db_role AS d JOIN pg_catalog.pg_roles AS r ON r.oid = d.role_oid
), past AS (
    -- Of several ways past row security the shortest.
    SELECT DISTINCT ON (k.oid) k.*, f.rolname AS first, b.rolsuper, b.described, b.oid = k.oid AS itself
    FROM known AS k
    JOIN (SELECT role, target, first FROM reach UNION SELECT oid, oid, NULL FROM bypass WHERE rolsuper) AS r ON r.role = k.oid
    JOIN bypass AS b ON b.oid = r.target
    LEFT JOIN pg_catalog.pg_roles AS f ON f.oid = r.first
    ORDER BY k.oid, b.oid = k.oid DESC, b.rolname, f.rolname
)
-- A role mapped to system sees everything anyway, but only by docacl's leave.
SELECT CASE WHEN p.principal_id = 1 THEN 'notice' ELSE 'warning' END, pg_catalog.format('role %I', p.rolname),
       CASE WHEN p.itself THEN pg_catalog.format('%s, and %s: row security does not apply to it', p.how, CASE WHEN p.rolsuper THEN 'a superuser' ELSE 'has BYPASSRLS' END)
            ELSE pg_catalog.format('%s, and may SET ROLE to %s: row security does not apply then', p.how, p.described) END,
       CASE WHEN p.itself THEN pg_catalog.format('ALTER ROLE %I %s;', p.rolname, CASE WHEN p.rolsuper THEN 'NOSUPERUSER' ELSE 'NOBYPASSRLS' END)
            ELSE pg_catalog.format('REVOKE %I FROM %I;', p.first, p.rolname) END
FROM past AS p WHERE EXISTS (SELECT 1 FROM t)
UNION ALL
SELECT 'warning', t.name,
       CASE WHEN r.role = b.oid THEN pg_catalog.format('its owner is %s', b.described)
            ELSE pg_catalog.format('its owner is %s, and role %I may SET ROLE to it', b.described, m.rolname) END,
       CASE WHEN r.role = b.oid THEN pg_catalog.format('ALTER ROLE %I NOBYPASSRLS;', b.rolname)
            ELSE pg_catalog.format('REVOKE %I FROM %I;', f.rolname, m.rolname) END
FROM t
JOIN bypass AS b ON b.oid = t.relowner
JOIN reach AS r ON r.target = b.oid
JOIN pg_catalog.pg_roles AS m ON m.oid = r.role
LEFT JOIN pg_catalog.pg_roles AS f ON f.oid = r.first
UNION ALL
SELECT 'warning', t.name,
       pg_catalog.format('role %I, which is %s, %s: it can end the protection', k.rolname, k.how,
              CASE WHEN k.oid = t.relowner THEN 'owns the table' ELSE 'may SET ROLE to the table''s owner' END),
       pg_catalog.format('Give the table an owner that is nobody''s login: ALTER TABLE %s OWNER TO …;', t.name)
FROM t
JOIN (SELECT DISTINCT role, target FROM reach) AS r ON r.target = t.relowner
JOIN known AS k ON k.oid = r.role
WHERE k.principal_id IS DISTINCT FROM 1 AND NOT EXISTS (SELECT 1 FROM bypass AS b WHERE b.oid = t.relowner)
UNION ALL
SELECT 'error', pg_catalog.format('parameter %s', p.parname),
       pg_catalog.format('%s granted to %s, who may then say who is asking', g.privilege_type, coalesce(pg_catalog.quote_ident(r.rolname), 'PUBLIC')),
       pg_catalog.format('REVOKE %s ON PARAMETER %s FROM %s;', g.privilege_type, p.parname, coalesce(pg_catalog.quote_ident(r.rolname), 'PUBLIC'))
FROM pg_catalog.pg_parameter_acl AS p, pg_catalog.aclexplode(p.paracl) AS g LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = g.grantee
WHERE p.parname = 'docacl.principal' AND r.rolsuper IS NOT TRUE
UNION ALL
SELECT 'warning', coalesce('role ' || pg_catalog.quote_ident(r.rolname), 'database ' || pg_catalog.quote_ident(d.datname), 'every database'),
       pg_catalog.format('%s is set for every new session, whoever it is of', pg_catalog.split_part(c.setting, '=', 1)),
       pg_catalog.format('%s RESET %s;', CASE WHEN r.rolname IS NULL THEN coalesce('ALTER DATABASE ' || pg_catalog.quote_ident(d.datname), 'ALTER ROLE ALL')
                                    WHEN d.datname IS NULL THEN pg_catalog.format('ALTER ROLE %I', r.rolname)
                                    ELSE pg_catalog.format('ALTER ROLE %I IN DATABASE %I', r.rolname, d.datname) END,
              pg_catalog.split_part(c.setting, '=', 1))
FROM pg_catalog.pg_db_role_setting AS s
LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = s.setrole
LEFT JOIN pg_catalog.pg_database AS d ON d.oid = s.setdatabase, pg_catalog.unnest(s.setconfig) AS c(setting)
WHERE c.setting LIKE 'docacl.principal=%'
  AND (s.setdatabase = 0 OR d.datname = pg_catalog.current_database())
UNION ALL
SELECT 'warning', pg_catalog.format('function %s', p.oid::regprocedure),
       'LEAKPROOF, and of no extension: it may be shown rows before they are filtered',
       pg_catalog.format('Unless you know that it tells nothing of its arguments: ALTER FUNCTION %s NOT LEAKPROOF;', p.oid::regprocedure)
FROM pg_catalog.pg_proc AS p
WHERE p.proleakproof AND p.oid >= 16384
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS e
                  WHERE e.classid = 'pg_catalog.pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e')
