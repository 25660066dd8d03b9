-- What a user sees of docacl's own tables, so that he may join his documents with the locations, projects, people and
-- grants that he may see. Read only: nobody but the owner has another privilege than SELECT, and docacl's own code
-- reads past row security, by index scans, or as the owner.
--
-- The rules are in src/visible.rs, one function for each table. LEAKPROOF: they raise nothing that depends on a row,
-- and say of what may not be seen what they say of what does not exist. Not FORCE: foreign keys, triggers and pg_dump
-- act as the owner.

CREATE FUNCTION docacl.sees_words() RETURNS boolean
LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME', 'docacl_sees_words_wrapper';
COMMENT ON FUNCTION docacl.sees_words() IS 'Whether somebody is asking: kinds and actions are shown to every enabled principal.';

CREATE FUNCTION docacl.sees_resource(id bigint) RETURNS boolean
LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'docacl_sees_resource_wrapper';
COMMENT ON FUNCTION docacl.sees_resource(bigint) IS 'Whether who is asking sees a resource: he holds read or enter on it, or is admin of its account. A row''s own list: where he may read the row.';

CREATE FUNCTION docacl.sees_principal(id bigint) RETURNS boolean
LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'docacl_sees_principal_wrapper';
COMMENT ON FUNCTION docacl.sees_principal(bigint) IS 'Whether who is asking sees a principal: himself, the roles he is in, everyone, whom a grant that he sees names; with manage_users or manage_roles on the account, or as its admin, all of the account.';

CREATE FUNCTION docacl.sees_membership(role_id bigint, member_id bigint) RETURNS boolean
LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'docacl_sees_membership_wrapper';
COMMENT ON FUNCTION docacl.sees_membership(bigint, bigint) IS 'Whether who is asking sees a membership: his own and those of his roles, where he sees the role; with manage_users or manage_roles on the account, or as its admin, all of the account.';

CREATE FUNCTION docacl.sees_grant(principal_id bigint, resource_id bigint) RETURNS boolean
LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'docacl_sees_grant_wrapper';
COMMENT ON FUNCTION docacl.sees_grant(bigint, bigint) IS 'Whether who is asking sees a grant: to himself, to a role he is in, to everyone; on what he may grant on; on a project that he may read.';

CREATE FUNCTION docacl.path(resource_id bigint) RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'docacl_path_wrapper';
COMMENT ON FUNCTION docacl.path(bigint) IS 'The path of a resource from the top, as acl_grant takes it. What who is asking may not see of it is "…", and so is a resource that he may not see or that does not exist.';

CREATE FUNCTION docacl.kind_of(resource_id bigint) RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'docacl_kind_of_wrapper';
COMMENT ON FUNCTION docacl.kind_of(bigint) IS 'The kind of a resource; null where who is asking sees neither it nor a grant on it.';

CREATE FUNCTION docacl.principal_name(id bigint) RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'docacl_principal_name_wrapper';
COMMENT ON FUNCTION docacl.principal_name(bigint) IS 'The name of a principal; null where who is asking may not see it.';

CREATE FUNCTION docacl.action_words(actions bigint) RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME', 'docacl_action_words_wrapper';
COMMENT ON FUNCTION docacl.action_words(bigint) IS 'The actions of docacl.grants.actions as words, which acl_grant takes.';

ALTER TABLE docacl.kind ENABLE ROW LEVEL SECURITY;
ALTER TABLE docacl.action ENABLE ROW LEVEL SECURITY;
ALTER TABLE docacl.resource ENABLE ROW LEVEL SECURITY;
ALTER TABLE docacl.principal ENABLE ROW LEVEL SECURITY;
ALTER TABLE docacl.membership ENABLE ROW LEVEL SECURITY;
ALTER TABLE docacl.grants ENABLE ROW LEVEL SECURITY;
ALTER TABLE docacl.resource_limit ENABLE ROW LEVEL SECURITY;

-- One name for all: src/protect/restore.rs knows it.
CREATE POLICY docacl_sees ON docacl.kind FOR SELECT USING (docacl.sees_words());
CREATE POLICY docacl_sees ON docacl.action FOR SELECT USING (docacl.sees_words());
CREATE POLICY docacl_sees ON docacl.resource FOR SELECT USING (docacl.sees_resource(id));
CREATE POLICY docacl_sees ON docacl.principal FOR SELECT USING (docacl.sees_principal(id));
CREATE POLICY docacl_sees ON docacl.membership FOR SELECT USING (docacl.sees_membership(role_id, member_id));
CREATE POLICY docacl_sees ON docacl.grants FOR SELECT USING (docacl.sees_grant(principal_id, resource_id));
CREATE POLICY docacl_sees ON docacl.resource_limit FOR SELECT USING (docacl.sees_resource(resource_id));

-- Whom a grant names may be seen with it, revoked grants included: the other indexes leave those out.
CREATE INDEX grants_history ON docacl.grants (principal_id);

-- pg_dump writes these policies out although CREATE EXTENSION makes them.
CREATE FUNCTION docacl.restore_policy() RETURNS event_trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'docacl_restore_policy';
REVOKE ALL ON FUNCTION docacl.restore_policy() FROM PUBLIC;
COMMENT ON FUNCTION docacl.restore_policy() IS 'Lets a restored dump make the policies of docacl''s own tables again.';
CREATE EVENT TRIGGER docacl_restore_policy ON ddl_command_start WHEN TAG IN ('CREATE POLICY') EXECUTE FUNCTION docacl.restore_policy();
ALTER EVENT TRIGGER docacl_restore_policy ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER docacl_restore_policy IS 'Lets a restored dump make the policies of docacl''s own tables again.';

-- As whoever asks, so that the policies above filter; what they show of names goes through the functions above.
CREATE VIEW docacl.grant_list WITH (security_invoker = true, security_barrier = true) AS
    SELECT docacl.principal_name(g.principal_id) AS principal, docacl.action_words(g.actions) AS actions,
           docacl.kind_of(g.resource_id) AS kind, docacl.path(g.resource_id) AS path, g.valid_from, g.valid_until, g.source, g.note,
           docacl.principal_name(g.granted_by) AS granted_by, g.granted_at,
           docacl.principal_name(g.revoked_by) AS revoked_by, g.revoked_at
    FROM docacl.grants AS g;
COMMENT ON VIEW docacl.grant_list IS 'The grants that the reader may see, in words: his own and his roles'' and everyone''s; those on what he may grant on; those on projects that he may read. Revoked ones have revoked_at.';
COMMENT ON COLUMN docacl.grant_list.principal IS 'To whom.';
COMMENT ON COLUMN docacl.grant_list.source IS 'manual, creator, auto or mirror.';
COMMENT ON COLUMN docacl.grant_list.revoked_at IS 'Null where the grant was not revoked.';
COMMENT ON COLUMN docacl.grant_list.actions IS 'Words that acl_grant takes.';
COMMENT ON COLUMN docacl.grant_list.path IS 'From the top; what the reader may not see of it is "…".';
COMMENT ON COLUMN docacl.grant_list.granted_by IS 'Null where the reader may not see who it was.';
COMMENT ON COLUMN docacl.grant_list.revoked_by IS 'Null where the reader may not see who it was.';

CREATE VIEW docacl.member_list WITH (security_invoker = true, security_barrier = true) AS
    SELECT docacl.principal_name(m.role_id) AS role, p.name AS member, p.kind AS member_kind, m.valid_from, m.valid_until, m.source,
           docacl.principal_name(m.granted_by) AS granted_by, m.granted_at,
           docacl.principal_name(m.revoked_by) AS revoked_by, m.revoked_at
    FROM docacl.membership AS m JOIN docacl.principal AS p ON p.id = m.member_id;
COMMENT ON VIEW docacl.member_list IS 'The memberships that the reader may see, in words: his own and his roles''; who administers users or roles sees all of the account. Those taken away have revoked_at.';
COMMENT ON COLUMN docacl.member_list.role IS 'The role''s name.';
COMMENT ON COLUMN docacl.member_list.member IS 'The member''s name.';
COMMENT ON COLUMN docacl.member_list.member_kind IS 'user, role or api_key.';
COMMENT ON COLUMN docacl.member_list.source IS 'manual, creator, auto or mirror.';
COMMENT ON COLUMN docacl.member_list.revoked_at IS 'Null where the membership was not taken away.';
COMMENT ON COLUMN docacl.member_list.granted_by IS 'Null where the reader may not see who it was.';
COMMENT ON COLUMN docacl.member_list.revoked_by IS 'Null where the reader may not see who it was.';

CREATE VIEW docacl.resource_list WITH (security_invoker = true, security_barrier = true) AS
    SELECT r.kind, docacl.path(r.id) AS path, r.id, r.key, r.inherits, docacl.action_words(l.actions) AS limited_to
    FROM docacl.resource AS r LEFT JOIN docacl.resource_limit AS l ON l.resource_id = r.id;
COMMENT ON VIEW docacl.resource_list IS 'The resources that the reader may see: those on which he holds read or enter, and for an admin all of his account.';
COMMENT ON COLUMN docacl.resource_list.key IS 'The application''s own identifier, unique per kind.';
COMMENT ON COLUMN docacl.resource_list.inherits IS 'Whether it takes the grants of its parent.';
COMMENT ON COLUMN docacl.resource_list.limited_to IS 'Its limit, as words that acl_set_limit takes; empty: nothing is left; null: it has none of its own.';
COMMENT ON COLUMN docacl.resource_list.path IS 'From the top; what the reader may not see of it is "…".';

REVOKE ALL ON FUNCTION docacl.cache() FROM PUBLIC;
GRANT USAGE ON SCHEMA docacl TO PUBLIC;
GRANT SELECT ON docacl.kind, docacl.action, docacl.resource, docacl.principal, docacl.membership, docacl.grants, docacl.resource_limit,
    docacl.grant_list, docacl.member_list, docacl.resource_list TO PUBLIC;
