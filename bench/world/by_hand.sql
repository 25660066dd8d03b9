-- What policies written by hand read. Each of them has an advantage over docacl: trees are flattened beforehand,
-- nothing expires, and who is asking is a setting that anybody may change.

\set ON_ERROR_STOP on

-- What each principal may read, inheritance resolved.
CREATE TABLE world.granted (principal_id bigint, gate text, resource_id bigint, PRIMARY KEY (principal_id, gate, resource_id));
INSERT INTO world.granted
WITH RECURSIVE reach AS (
    SELECT g.principal_id, r.id, r.kind FROM docacl.grants g JOIN docacl.resource r ON r.id = g.resource_id
    WHERE g.revoked_at IS NULL AND g.actions & (1 | (1::bigint << 25)) <> 0
    UNION
    SELECT reach.principal_id, r.id, r.kind FROM reach JOIN docacl.resource r ON r.parent_id = reach.id AND r.inherits)
SELECT principal_id, kind, id FROM reach;
-- Who is whom: a user is himself and his roles.
CREATE TABLE world.member (user_id bigint, principal_id bigint, PRIMARY KEY (user_id, principal_id));
INSERT INTO world.member
SELECT member_id, role_id FROM docacl.membership
UNION SELECT id, id FROM docacl.principal WHERE kind = 'user';
ANALYZE world.granted, world.member;
GRANT SELECT ON world.granted, world.member TO app;

-- The same users once per way of writing policies.
SELECT format('CREATE ROLE %s IN ROLE app', way) FROM unnest(ARRAY['hashed', 'arrays', 'sql', 'plpgsql']) AS way \gexec
SELECT format('CREATE ROLE %s_%s LOGIN IN ROLE %2$s', u, way), format('ALTER ROLE %s_%s SET app.user_id = %s', u, way, p.id)
FROM unnest(ARRAY['anna', 'ben', 'cora']) AS u JOIN docacl.principal p ON p.name = u,
     unnest(ARRAY['hashed', 'arrays', 'sql', 'plpgsql']) AS way \gexec
-- And a session for everybody, as docacl's.
SELECT format('CREATE ROLE pool_%s LOGIN IN ROLE %1$s', way) FROM unnest(ARRAY['hashed', 'arrays', 'sql', 'plpgsql']) AS way \gexec
