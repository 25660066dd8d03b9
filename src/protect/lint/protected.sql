-- What every question begins with: the protected tables, all of them or the one of parameter 1, and the roles that
-- row security does not apply to.
WITH RECURSIVE t AS MATERIALIZED (
    SELECT c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname) AS name, c.relname, c.relnamespace, c.relowner, c.relacl,
           c.relrowsecurity, c.relforcerowsecurity, p.spec,
           -- With the objects of 0.1.0, which have no such column, every table is.
           coalesce((pg_catalog.to_jsonb(p) ->> 'enforced')::boolean, true) AS enforced
    FROM docacl.protected_table AS p
    JOIN pg_catalog.pg_class AS c ON c.oid = p.relation
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE $1 IS NULL OR c.oid = $1
), bypass AS MATERIALIZED (
    SELECT r.oid, r.rolname, r.rolsuper,
           CASE WHEN r.rolsuper THEN pg_catalog.format('%I, a superuser', r.rolname)
                ELSE pg_catalog.format('%I, who has BYPASSRLS', r.rolname) END AS described
    FROM pg_catalog.pg_roles AS r WHERE r.rolsuper OR r.rolbypassrls
)
