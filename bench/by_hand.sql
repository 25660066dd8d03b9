-- What one writes without docacl: row security on the same rows, in the three usual ways. Each has an advantage over
-- docacl: trees are flattened beforehand, nothing expires, and who is asking is a setting that anybody may change.

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

CREATE ROLE hashed IN ROLE app;
CREATE ROLE arrays IN ROLE app;
CREATE ROLE per_row IN ROLE app;
ALTER TABLE world.by_hand ENABLE ROW LEVEL SECURITY;

-- 1. Hashed sub-selects.
CREATE POLICY hashed ON world.by_hand TO hashed USING (
    location_id IN (SELECT resource_id FROM world.granted JOIN world.member USING (principal_id)
        WHERE gate = 'location' AND user_id = current_setting('app.user_id')::bigint)
    AND document_type_id IN (SELECT resource_id FROM world.granted JOIN world.member USING (principal_id)
        WHERE gate = 'document_type' AND user_id = current_setting('app.user_id')::bigint)
    AND (project_id IS NULL OR project_id IN (SELECT resource_id FROM world.granted JOIN world.member USING (principal_id)
        WHERE gate = 'project' AND user_id = current_setting('app.user_id')::bigint))
    AND company_id IN (SELECT resource_id FROM world.granted JOIN world.member USING (principal_id)
        WHERE gate = 'company' AND user_id = current_setting('app.user_id')::bigint));

-- 2. Arrays, computed once per statement (InitPlans).
CREATE POLICY arrays ON world.by_hand TO arrays USING (
    location_id = ANY (ARRAY(SELECT resource_id FROM world.granted JOIN world.member USING (principal_id)
        WHERE gate = 'location' AND user_id = current_setting('app.user_id')::bigint))
    AND document_type_id = ANY (ARRAY(SELECT resource_id FROM world.granted JOIN world.member USING (principal_id)
        WHERE gate = 'document_type' AND user_id = current_setting('app.user_id')::bigint))
    AND (project_id IS NULL OR project_id = ANY (ARRAY(SELECT resource_id FROM world.granted JOIN world.member USING (principal_id)
        WHERE gate = 'project' AND user_id = current_setting('app.user_id')::bigint)))
    AND company_id = ANY (ARRAY(SELECT resource_id FROM world.granted JOIN world.member USING (principal_id)
        WHERE gate = 'company' AND user_id = current_setting('app.user_id')::bigint)));

-- 3. A function for every row.
CREATE FUNCTION world.may_read(location bigint, type bigint, project bigint, company bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    me bigint := current_setting('app.user_id');
BEGIN
    RETURN EXISTS (SELECT FROM world.granted JOIN world.member USING (principal_id)
            WHERE gate = 'location' AND resource_id = location AND user_id = me)
        AND EXISTS (SELECT FROM world.granted JOIN world.member USING (principal_id)
            WHERE gate = 'document_type' AND resource_id = type AND user_id = me)
        AND (project IS NULL OR EXISTS (SELECT FROM world.granted JOIN world.member USING (principal_id)
            WHERE gate = 'project' AND resource_id = project AND user_id = me))
        AND EXISTS (SELECT FROM world.granted JOIN world.member USING (principal_id)
            WHERE gate = 'company' AND resource_id = company AND user_id = me);
END
$$;
CREATE POLICY per_row ON world.by_hand TO per_row USING (world.may_read(location_id, document_type_id, project_id, company_id));

SELECT format('CREATE ROLE %s_%s LOGIN IN ROLE %2$s', u, way), format('ALTER ROLE %s_%s SET app.user_id = %s', u, way, p.id)
FROM unnest(ARRAY['anna', 'ben']) AS u JOIN docacl.principal p ON p.name = u, unnest(ARRAY['hashed', 'arrays', 'per_row']) AS way \gexec

-- Rows that anna may write: 10,000 of those that she may see, or all of them in a smaller world.
CREATE TABLE world.sample AS
SELECT d.* FROM documents d
WHERE EXISTS (SELECT FROM world.granted JOIN world.member m USING (principal_id) JOIN docacl.principal u ON u.id = m.user_id
        WHERE u.name = 'anna' AND gate = 'location' AND resource_id = d.location_id)
  AND EXISTS (SELECT FROM world.granted JOIN world.member m USING (principal_id) JOIN docacl.principal u ON u.id = m.user_id
        WHERE u.name = 'anna' AND gate = 'document_type' AND resource_id = d.document_type_id)
  AND EXISTS (SELECT FROM world.granted JOIN world.member m USING (principal_id) JOIN docacl.principal u ON u.id = m.user_id
        WHERE u.name = 'anna' AND gate = 'project' AND resource_id = d.project_id)
  AND EXISTS (SELECT FROM world.granted JOIN world.member m USING (principal_id) JOIN docacl.principal u ON u.id = m.user_id
        WHERE u.name = 'anna' AND gate = 'company' AND resource_id = d.company_id)
ORDER BY world.pick(d.id, 7, 1000000), d.id LIMIT 10000;
-- A project for each of them to go to, and back.
ALTER TABLE world.sample ADD COLUMN other_project bigint;
UPDATE world.sample SET other_project = (SELECT min(id) FROM docacl.resource r WHERE r.kind = 'project' AND r.parent_id = p.parent_id AND r.id <> p.id)
FROM docacl.resource p WHERE p.id = project_id;
ALTER TABLE world.sample ADD PRIMARY KEY (id);
GRANT SELECT ON world.sample TO app;
VACUUM (FREEZE, ANALYZE) documents;
VACUUM (FREEZE, ANALYZE) world.plain;
VACUUM (FREEZE, ANALYZE) world.by_hand;
VACUUM (FREEZE, ANALYZE) world.sample;
CHECKPOINT;
