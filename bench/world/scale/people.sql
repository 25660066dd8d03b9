-- Who administers: one who is admin, one who is not but holds what most of it needs; and a naive answer to who sees what.

\set ON_ERROR_STOP on
SELECT acl_trust('pool'), acl_assign('Administrators', 'u1') \g /dev/null
GRANT USAGE ON SCHEMA app TO pool;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA app TO pool;
SELECT acl_create_role('Clerks'), acl_assign('Clerks', 'u2'),
       acl_grant('Clerks', 'manage_environments, manage_users, manage_roles, manage_api_keys, configure, manage_companies, manage_parties, full', 'account', 'main'),
       acl_grant('Clerks', 'full', 'location', 'Region 1'), acl_grant('Clerks', 'full', 'location', 'Region 2'), acl_grant('Clerks', 'full', 'document_type', '*') \g /dev/null
SELECT acl_grant('Clerks', 'write', 'function', f) FROM unnest('{Projects,Project Authorizations,Role Authorizations}'::text[]) AS f \g /dev/null
SELECT acl_create('queue', 'Inbox'), acl_grant('Clerks', 'work_queue', 'queue', 'Inbox'), acl_grant('Administrators', 'work_queue', 'queue', 'Inbox') \g /dev/null
SELECT acl_create_role('Approvers', purpose => 'approval') \g /dev/null
SELECT acl_assign('Approvers', format('u%s', u)) FROM generate_series(1, 50) AS u \g /dev/null

-- What the rules say, read off docacl's tables without any of its functions: the documents, of the first ten thousand, that a user
-- may read, because he or one of his roles was granted read above each of place, type and company.
CREATE FUNCTION app.seen_by(who text) RETURNS TABLE (documents bigint, hash numeric) STABLE LANGUAGE sql
BEGIN ATOMIC
    WITH RECURSIVE mine (id) AS (
        SELECT p.id FROM docacl.principal AS p WHERE p.key = who OR p.built_in = 'everyone'
        UNION SELECT m.role_id FROM mine JOIN docacl.membership AS m ON m.member_id = mine.id AND m.revoked_at IS NULL
    ), open (id, kind, key) AS (
        SELECT r.id, r.kind, r.key FROM docacl.resource AS r
        WHERE r.id IN (SELECT g.resource_id FROM docacl.grants AS g JOIN mine ON mine.id = g.principal_id WHERE g.revoked_at IS NULL AND g.actions & 1 = 1)
        UNION SELECT r.id, r.kind, r.key FROM open AS o JOIN docacl.resource AS r ON r.parent_id = o.id AND r.inherits AND r.kind <> 'document'
    )
    SELECT count(*), coalesce(sum(hashint8extended(d.id, 42)::numeric), 0) FROM app.document AS d
    WHERE d.id <= 10000
      AND d.place_id IN (SELECT o.key::bigint FROM open AS o WHERE o.kind = 'location')
      AND d.type_id IN (SELECT o.id FROM open AS o WHERE o.kind = 'document_type')
      AND d.company_id IN (SELECT o.key::bigint FROM open AS o WHERE o.kind = 'company');
END;
ANALYZE;
