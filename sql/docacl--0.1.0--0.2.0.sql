-- From 0.1.0 to 0.2.0, in the order of the files of sql/ that say the same to a new installation.
\echo Use "ALTER EXTENSION docacl UPDATE TO '0.2.0'" to load this file. \quit

ALTER TABLE docacl.resource
    DROP CONSTRAINT resource_account_id_fkey,
    DROP CONSTRAINT resource_kind_fkey,
    DROP CONSTRAINT resource_parent_id_fkey;

ALTER TABLE docacl.principal
    DROP CONSTRAINT principal_account_id_fkey,
    DROP CONSTRAINT principal_environment_id_fkey;

ALTER TABLE docacl.membership
    DROP CONSTRAINT membership_account_id_fkey,
    DROP CONSTRAINT membership_role_id_fkey,
    DROP CONSTRAINT membership_member_id_fkey;

ALTER TABLE docacl.grants
    DROP CONSTRAINT grants_account_id_fkey,
    DROP CONSTRAINT grants_principal_id_fkey,
    DROP CONSTRAINT grants_resource_id_fkey;

ALTER TABLE docacl.db_role
    DROP CONSTRAINT db_role_principal_id_fkey;

-- What the planner is told of docacl.row_check: how many rows it lets through, and which index condition it implies.

CREATE INDEX resource_below ON docacl.resource (parent_id) WHERE parent_id IS NOT NULL AND kind <> 'document';

-- In index conditions, so everybody may execute them; they tell whoever calls them what is open to himself.
CREATE FUNCTION docacl.open_ids(wanted bigint, reference text) RETURNS bigint[]
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'docacl_open_ids';

COMMENT ON FUNCTION docacl.open_ids(bigint, text) IS 'The ids, or integer keys, of every resource of a gate that lets any of the wanted actions through for who is asking. In the index conditions that the planner derives from row_check. 55000 for system.';

CREATE FUNCTION docacl.open_uuids(wanted bigint, reference text) RETURNS uuid[]
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'docacl_open_uuids';

COMMENT ON FUNCTION docacl.open_uuids(bigint, text) IS 'As docacl.open_ids for keys of type uuid.';

CREATE FUNCTION docacl.open_texts(wanted bigint, reference text) RETURNS text[]
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'docacl_open_texts';

COMMENT ON FUNCTION docacl.open_texts(bigint, text) IS 'As docacl.open_ids for keys of type text.';

CREATE FUNCTION docacl.row_check_support(internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'docacl_row_check_support';

COMMENT ON FUNCTION docacl.row_check_support(internal) IS 'Planner support of docacl.row_check: selectivity and index conditions.';

ALTER FUNCTION docacl.row_check(bigint, text, "any") SUPPORT docacl.row_check_support;

-- Beside row_check where whoever asks sees few rows. True whatever it is called with; to the planner the index condition
-- column = ANY (docacl.open_…(wanted, what)).
CREATE FUNCTION docacl.row_may_open(wanted bigint, what text, "any") RETURNS boolean
LANGUAGE c STABLE LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME', 'docacl_row_may_open';
COMMENT ON FUNCTION docacl.row_may_open(bigint, text, "any") IS 'True. In plans of queries on protected tables, beside docacl.row_check, which decides: says to the planner by which index the rows are found.';
CREATE FUNCTION docacl.row_may_open_support(internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'docacl_row_may_open_support';
-- The planner asks nobody's right to execute it.
REVOKE ALL ON FUNCTION docacl.row_may_open_support(internal) FROM PUBLIC;
COMMENT ON FUNCTION docacl.row_may_open_support(internal) IS 'Planner support of docacl.row_may_open: its index condition.';
ALTER FUNCTION docacl.row_may_open(bigint, text, "any") SUPPORT docacl.row_may_open_support;

-- The question about a row at hand. Not LEAKPROOF: it refuses rows of other types and unknown words; what the planner
-- puts in its place is. COST: as dear as a question, where it is not put in its place.
CREATE FUNCTION docacl.may_support(internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'docacl_may_support';
-- The planner asks nobody's right to execute it.
REVOKE ALL ON FUNCTION docacl.may_support(internal) FROM PUBLIC;
COMMENT ON FUNCTION docacl.may_support(internal) IS 'Planner support of acl_may: the check that a policy holds in its place.';
CREATE FUNCTION acl_may("row" record, action text) RETURNS boolean
LANGUAGE c STABLE PARALLEL SAFE COST 100 SUPPORT docacl.may_support AS 'MODULE_PATHNAME', 'docacl_may';
COMMENT ON FUNCTION acl_may(record, text) IS 'Whether the session''s user may do all that the words say with a row of a protected table: select * from documents d where acl_may(d, ''approve''). Planned like a policy. A row that is not there (an outer join''s) is false. 22023 unknown word, 42809 a row of another type.';

CREATE FUNCTION acl_index_advice(relation regclass) RETURNS TABLE ("column" text, statement text, reason text)
LANGUAGE c AS 'MODULE_PATHNAME', 'acl_index_advice_wrapper';
COMMENT ON FUNCTION acl_index_advice(regclass) IS 'The indexes that a protected table lacks: column, the statement that makes one, and what it is good for. For superusers and system: 42501; 55000 not protected.';

-- What the policies of a table with a parent call. Properties as of docacl.row_check, and for the same reasons; dearer,
-- since the parent's row has to be found.
CREATE FUNCTION docacl.parent_check(wanted bigint, parent regclass, VARIADIC "any") RETURNS boolean
LANGUAGE c STABLE LEAKPROOF PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME', 'docacl_parent_check';
COMMENT ON FUNCTION docacl.parent_check(bigint, regclass, "any") IS 'Whether who is asking may do all of the wanted actions with the row of the parent table that has this key. Called by the policies that acl_protect writes.';

-- What refers to what in docacl's tables. Foreign keys would do, but for pg_restore: it brings the tables of an extension
-- in any order, several at a time, while the extension's foreign keys are there already. So these triggers take their
-- place, lock what foreign keys lock, and stand aside for a restore: pg_dump empties search_path (as logical
-- replication does), docacl's own functions never do. ENABLE ALWAYS: session_replication_role does not switch them off.

-- Once a row: planned once, by index though the table be small by then, whatever docacl.plan_anew says of the statement.
CREATE FUNCTION docacl.check_references() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    missing text;
    absent  text;
BEGIN
    IF TG_TABLE_NAME <> 'db_role' THEN
        PERFORM FROM docacl.resource AS r WHERE r.id = NEW.account_id FOR KEY SHARE;
        IF NOT FOUND AND NEW.account_id IS NOT NULL THEN missing := 'account'; absent := NEW.account_id; END IF;
    END IF;
    CASE TG_TABLE_NAME
    WHEN 'resource' THEN
        PERFORM FROM docacl.kind AS k WHERE k.name = NEW.kind FOR KEY SHARE;
        IF NOT FOUND THEN missing := 'kind'; absent := NEW.kind; END IF;
        IF NEW.parent_id IS NOT NULL THEN
            PERFORM FROM docacl.resource AS r WHERE r.id = NEW.parent_id FOR KEY SHARE;
            IF NOT FOUND THEN missing := 'parent'; absent := NEW.parent_id; END IF;
        END IF;
    WHEN 'principal' THEN
        IF NEW.environment_id IS NOT NULL THEN
            PERFORM FROM docacl.resource AS r WHERE r.id = NEW.environment_id FOR KEY SHARE;
            IF NOT FOUND THEN missing := 'environment'; absent := NEW.environment_id; END IF;
        END IF;
    WHEN 'membership' THEN
        PERFORM FROM docacl.principal AS p WHERE p.id = NEW.role_id FOR KEY SHARE;
        IF NOT FOUND THEN missing := 'role'; absent := NEW.role_id; END IF;
        PERFORM FROM docacl.principal AS p WHERE p.id = NEW.member_id FOR KEY SHARE;
        IF NOT FOUND THEN missing := 'member'; absent := NEW.member_id; END IF;
    WHEN 'grants' THEN
        PERFORM FROM docacl.principal AS p WHERE p.id = NEW.principal_id FOR KEY SHARE;
        IF NOT FOUND THEN missing := 'principal'; absent := NEW.principal_id; END IF;
        PERFORM FROM docacl.resource AS r WHERE r.id = NEW.resource_id FOR KEY SHARE;
        IF NOT FOUND THEN missing := 'resource'; absent := NEW.resource_id; END IF;
    WHEN 'db_role' THEN
        IF NEW.principal_id IS NOT NULL THEN
            PERFORM FROM docacl.principal AS p WHERE p.id = NEW.principal_id FOR KEY SHARE;
            IF NOT FOUND THEN missing := 'principal'; absent := NEW.principal_id; END IF;
        END IF;
    END CASE;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'docacl.% refers to % "%", which does not exist', TG_TABLE_NAME, missing, absent
            USING ERRCODE = 'foreign_key_violation', HINT = 'Another session may have dropped it meanwhile.';
    END IF;
    RETURN NULL;
END
$$;

REVOKE ALL ON FUNCTION docacl.check_references() FROM PUBLIC;

COMMENT ON FUNCTION docacl.check_references() IS 'What foreign keys do for a row that refers to others: they exist, and cannot go before this transaction ends.';

CREATE FUNCTION docacl.principals_gone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gone bigint[];
BEGIN
    SELECT array_agg(o.id) INTO gone FROM old_rows AS o;
    DELETE FROM docacl.membership AS m WHERE m.role_id = ANY (gone) OR m.member_id = ANY (gone);
    DELETE FROM docacl.grants AS g WHERE g.principal_id = ANY (gone);
    DELETE FROM docacl.db_role AS d WHERE d.principal_id = ANY (gone);
    RETURN NULL;
END
$$;

REVOKE ALL ON FUNCTION docacl.principals_gone() FROM PUBLIC;

COMMENT ON FUNCTION docacl.principals_gone() IS 'Memberships, grants and mappings go with their principal.';

CREATE FUNCTION docacl.resources_gone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gone     bigint[];
    accounts bigint[];
    places   bigint[];
BEGIN
    -- Own lists have nothing but grants; they go in numbers, with their rows.
    SELECT array_agg(o.id), array_agg(o.id) FILTER (WHERE o.kind = 'account'), array_agg(o.id) FILTER (WHERE o.kind NOT IN ('account', 'document'))
    INTO gone, accounts, places FROM old_rows AS o;
    DELETE FROM docacl.grants AS g WHERE g.resource_id = ANY (gone);
    IF EXISTS (SELECT FROM docacl.resource AS r WHERE r.parent_id = ANY (places))
       OR places IS NOT NULL AND EXISTS (SELECT FROM docacl.principal AS p WHERE p.environment_id = ANY (places))
       OR accounts IS NOT NULL AND (EXISTS (SELECT FROM docacl.resource AS r WHERE r.account_id = ANY (accounts) OR r.parent_id = ANY (accounts))
                                    OR EXISTS (SELECT FROM docacl.principal AS p WHERE p.account_id = ANY (accounts))
                                    OR EXISTS (SELECT FROM docacl.membership AS m WHERE m.account_id = ANY (accounts))
                                    OR EXISTS (SELECT FROM docacl.grants AS g WHERE g.account_id = ANY (accounts)))
    THEN
        RAISE EXCEPTION 'a resource that others refer to cannot go'
            USING ERRCODE = 'foreign_key_violation', HINT = 'Another session may have put something into it meanwhile.';
    END IF;
    RETURN NULL;
END
$$;

REVOKE ALL ON FUNCTION docacl.resources_gone() FROM PUBLIC;

COMMENT ON FUNCTION docacl.resources_gone() IS 'Grants go with their resource; a resource that has others, principals or API keys in it does not go.';

CREATE FUNCTION docacl.kinds_gone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM docacl.resource AS r WHERE r.kind IN (SELECT o.name FROM old_rows AS o)) THEN
        RAISE EXCEPTION 'a kind of which there are resources cannot go' USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END
$$;

REVOKE ALL ON FUNCTION docacl.kinds_gone() FROM PUBLIC;

COMMENT ON FUNCTION docacl.kinds_gone() IS 'A kind of which there are resources does not go.';

CREATE TRIGGER refers AFTER INSERT OR UPDATE OF account_id, kind, parent_id ON docacl.resource FOR EACH ROW
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.check_references();

CREATE TRIGGER refers AFTER INSERT OR UPDATE OF account_id, environment_id ON docacl.principal FOR EACH ROW
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.check_references();

CREATE TRIGGER refers AFTER INSERT OR UPDATE OF account_id, role_id, member_id ON docacl.membership FOR EACH ROW
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.check_references();

CREATE TRIGGER refers AFTER INSERT OR UPDATE OF account_id, principal_id, resource_id ON docacl.grants FOR EACH ROW
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.check_references();

CREATE TRIGGER refers AFTER INSERT OR UPDATE OF principal_id ON docacl.db_role FOR EACH ROW
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.check_references();

CREATE TRIGGER gone AFTER DELETE ON docacl.principal REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.principals_gone();

CREATE TRIGGER gone AFTER DELETE ON docacl.resource REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.resources_gone();

CREATE TRIGGER gone AFTER DELETE ON docacl.kind REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.kinds_gone();

DO $$
DECLARE
    t record;
BEGIN
    FOR t IN SELECT tgrelid::regclass AS rel, tgname FROM pg_catalog.pg_trigger WHERE NOT tgisinternal AND tgname IN ('refers', 'gone') AND tgrelid IN
        ('docacl.kind'::regclass, 'docacl.resource'::regclass, 'docacl.principal'::regclass, 'docacl.membership'::regclass, 'docacl.grants'::regclass, 'docacl.db_role'::regclass)
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', t.rel, t.tgname);
    END LOOP;
END
$$;

CREATE FUNCTION "acl_check"(
	"relation" regclass DEFAULT NULL 
) RETURNS TABLE (
	"severity" TEXT,  
	"object" TEXT,  
	"finding" TEXT,  
	"advice" TEXT  
)
VOLATILE PARALLEL UNSAFE
LANGUAGE c 
AS 'MODULE_PATHNAME', 'acl_check_wrapper';

-- Dump and restore. pg_dump leaves the rows of an extension's tables out unless it is told of them. Stamps stay
-- out: they are made anew by the restore itself. In the order of their keys: two dumps of the same say the same.

DO $$
DECLARE
    t text;
    o text;
BEGIN
    -- One statement each: every call changes the extension's row in pg_extension.
    FOR t, o IN VALUES ('kind', 'name'), ('action', 'bit'), ('resource', 'id'), ('principal', 'id'), ('membership', 'id'), ('grants', 'id'),
                       ('db_role', 'role_name'), ('protected_table', 'relation::pg_catalog.text'), ('event', 'id')
    LOOP
        PERFORM pg_catalog.pg_extension_config_dump(('docacl.' || t)::regclass, 'ORDER BY ' || o);
        IF o = 'id' THEN
            PERFORM pg_catalog.pg_extension_config_dump(('docacl.' || t || '_id_seq')::regclass, '');
        END IF;
    END LOOP;
END
$$;

-- What CREATE EXTENSION inserts is there already when a restore brings its rows, changed or not; what was removed it
-- does not bring. Whatever else refers to them may have been restored already, or not.
CREATE TABLE docacl.as_made (
    relation  name NOT NULL,
    id        bigint NOT NULL,
    PRIMARY KEY (relation, id)
);

COMMENT ON TABLE docacl.as_made IS 'Which resources and principals CREATE EXTENSION made: a restore puts those of the dump in their place. Not dumped.';

REVOKE ALL ON docacl.as_made FROM PUBLIC;

-- No SET search_path: sql/references.sql must see that this is a restore. All names are written with their schema.
CREATE OR REPLACE FUNCTION docacl.restore_built_in() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    CASE TG_TABLE_NAME
    WHEN 'kind' THEN
        DELETE FROM docacl.kind AS k WHERE k.name OPERATOR(pg_catalog.=) NEW.name AND k.built_in;
    WHEN 'action' THEN
        DELETE FROM docacl.action AS a WHERE a.bit OPERATOR(pg_catalog.=) NEW.bit AND a.built_in;
    WHEN 'resource' THEN
        IF EXISTS (SELECT FROM docacl.as_made AS m WHERE m.relation OPERATOR(pg_catalog.=) 'resource' AND m.id OPERATOR(pg_catalog.=) NEW.id) THEN
            DELETE FROM docacl.resource AS r USING docacl.as_made AS m
            WHERE m.relation OPERATOR(pg_catalog.=) 'resource' AND m.id OPERATOR(pg_catalog.=) r.id;
            DELETE FROM docacl.as_made AS m WHERE m.relation OPERATOR(pg_catalog.=) 'resource';
        END IF;
    WHEN 'principal' THEN
        IF EXISTS (SELECT FROM docacl.as_made AS m WHERE m.relation OPERATOR(pg_catalog.=) 'principal' AND m.id OPERATOR(pg_catalog.=) NEW.id) THEN
            DELETE FROM docacl.principal AS p USING docacl.as_made AS m
            WHERE m.relation OPERATOR(pg_catalog.=) 'principal' AND m.id OPERATOR(pg_catalog.=) p.id;
            DELETE FROM docacl.as_made AS m WHERE m.relation OPERATOR(pg_catalog.=) 'principal';
        END IF;
    END CASE;
    RETURN NEW;
END
$$;

COMMENT ON FUNCTION docacl.restore_built_in() IS 'Takes what CREATE EXTENSION made out of the way of the same rows from a dump.';

DROP TRIGGER restore_built_in ON docacl.kind;

-- The ids that CREATE EXTENSION gives are below these.
CREATE TRIGGER restore_built_in BEFORE INSERT ON docacl.kind FOR EACH ROW
    WHEN (NEW.built_in AND current_setting('search_path') = '') EXECUTE FUNCTION docacl.restore_built_in();

DROP TRIGGER restore_built_in ON docacl.action;

CREATE TRIGGER restore_built_in BEFORE INSERT ON docacl.action FOR EACH ROW
    WHEN (NEW.built_in AND current_setting('search_path') = '') EXECUTE FUNCTION docacl.restore_built_in();

DROP TRIGGER restore_built_in ON docacl.resource;

CREATE TRIGGER restore_built_in BEFORE INSERT ON docacl.resource FOR EACH ROW
    WHEN (NEW.id <= 64 AND current_setting('search_path') = '') EXECUTE FUNCTION docacl.restore_built_in();

DROP TRIGGER restore_built_in ON docacl.principal;

CREATE TRIGGER restore_built_in BEFORE INSERT ON docacl.principal FOR EACH ROW
    WHEN (NEW.id <= 64 AND current_setting('search_path') = '') EXECUTE FUNCTION docacl.restore_built_in();

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

-- One name for all: src/protect/restore.rs knows it.
CREATE POLICY docacl_sees ON docacl.kind FOR SELECT USING (docacl.sees_words());

CREATE POLICY docacl_sees ON docacl.action FOR SELECT USING (docacl.sees_words());

CREATE POLICY docacl_sees ON docacl.resource FOR SELECT USING (docacl.sees_resource(id));

CREATE POLICY docacl_sees ON docacl.principal FOR SELECT USING (docacl.sees_principal(id));

CREATE POLICY docacl_sees ON docacl.membership FOR SELECT USING (docacl.sees_membership(role_id, member_id));

CREATE POLICY docacl_sees ON docacl.grants FOR SELECT USING (docacl.sees_grant(principal_id, resource_id));

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
    SELECT r.kind, docacl.path(r.id) AS path, r.id, r.key, r.inherits
    FROM docacl.resource AS r;

COMMENT ON VIEW docacl.resource_list IS 'The resources that the reader may see: those on which he holds read or enter, and for an admin all of his account.';

COMMENT ON COLUMN docacl.resource_list.key IS 'The application''s own identifier, unique per kind.';

COMMENT ON COLUMN docacl.resource_list.inherits IS 'Whether it takes the grants of its parent.';

COMMENT ON COLUMN docacl.resource_list.path IS 'From the top; what the reader may not see of it is "…".';

REVOKE ALL ON FUNCTION docacl.cache() FROM PUBLIC;

GRANT USAGE ON SCHEMA docacl TO PUBLIC;

GRANT SELECT ON docacl.kind, docacl.action, docacl.resource, docacl.principal, docacl.membership, docacl.grants,
    docacl.grant_list, docacl.member_list, docacl.resource_list TO PUBLIC;

CREATE FUNCTION "acl_create_documents"(
	"name" TEXT 
) RETURNS TABLE (
	"severity" TEXT,  
	"object" TEXT,  
	"finding" TEXT,  
	"advice" TEXT  
)
VOLATILE PARALLEL UNSAFE
LANGUAGE c 
AS 'MODULE_PATHNAME', 'acl_create_documents_wrapper';

CREATE FUNCTION "acl_explain"(
	"principal" TEXT, 
	"doc" bigint, 
	"action" TEXT 
) RETURNS TABLE (
	"gate" TEXT,  
	"resource" TEXT,  
	"asked" TEXT,  
	"held" TEXT,  
	"opens" TEXT,  
	"through" TEXT,  
	"grant_sql" TEXT  
)
STABLE PARALLEL SAFE 
LANGUAGE c 
AS 'MODULE_PATHNAME', 'explain_bigint_wrapper';

CREATE FUNCTION "acl_explain"(
	"principal" TEXT, 
	"doc" TEXT, 
	"action" TEXT 
) RETURNS TABLE (
	"gate" TEXT,  
	"resource" TEXT,  
	"asked" TEXT,  
	"held" TEXT,  
	"opens" TEXT,  
	"through" TEXT,  
	"grant_sql" TEXT  
)
STABLE PARALLEL SAFE 
LANGUAGE c 
AS 'MODULE_PATHNAME', 'explain_text_wrapper';

CREATE FUNCTION "acl_explain"(
	"principal" TEXT, 
	"doc" uuid, 
	"action" TEXT 
) RETURNS TABLE (
	"gate" TEXT,  
	"resource" TEXT,  
	"asked" TEXT,  
	"held" TEXT,  
	"opens" TEXT,  
	"through" TEXT,  
	"grant_sql" TEXT  
)
STABLE PARALLEL SAFE 
LANGUAGE c 
AS 'MODULE_PATHNAME', 'explain_uuid_wrapper';

CREATE FUNCTION "acl_explain_row"(
	"principal" TEXT, 
	"relation" regclass, 
	"key" TEXT, 
	"action" TEXT 
) RETURNS TABLE (
	"gate" TEXT,  
	"resource" TEXT,  
	"asked" TEXT,  
	"held" TEXT,  
	"opens" TEXT,  
	"through" TEXT,  
	"grant_sql" TEXT  
)
STABLE PARALLEL SAFE 
LANGUAGE c 
AS 'MODULE_PATHNAME', 'explain_row_wrapper';

CREATE FUNCTION "acl_session"() RETURNS TABLE (
	"principal" TEXT,  
	"principal_id" bigint,  
	"account" TEXT,  
	"identified" TEXT,  
	"function" TEXT,  
	"read_only" bool,  
	"exempt" TEXT  
)
STRICT STABLE PARALLEL RESTRICTED
LANGUAGE c 
AS 'MODULE_PATHNAME', 'acl_session_wrapper';

CREATE FUNCTION "acl_who"(
	"doc" bigint, 
	"action" TEXT 
) RETURNS TABLE (
	"principal" TEXT,  
	"kind" TEXT,  
	"through" TEXT  
)
STABLE PARALLEL SAFE 
LANGUAGE c 
AS 'MODULE_PATHNAME', 'who_bigint_wrapper';

CREATE FUNCTION "acl_who"(
	"doc" TEXT, 
	"action" TEXT 
) RETURNS TABLE (
	"principal" TEXT,  
	"kind" TEXT,  
	"through" TEXT  
)
STABLE PARALLEL SAFE 
LANGUAGE c 
AS 'MODULE_PATHNAME', 'who_text_wrapper';

CREATE FUNCTION "acl_who"(
	"doc" uuid, 
	"action" TEXT 
) RETURNS TABLE (
	"principal" TEXT,  
	"kind" TEXT,  
	"through" TEXT  
)
STABLE PARALLEL SAFE 
LANGUAGE c 
AS 'MODULE_PATHNAME', 'who_uuid_wrapper';

CREATE FUNCTION "acl_who_row"(
	"relation" regclass, 
	"key" TEXT, 
	"action" TEXT 
) RETURNS TABLE (
	"principal" TEXT,  
	"kind" TEXT,  
	"through" TEXT  
)
STABLE PARALLEL SAFE 
LANGUAGE c 
AS 'MODULE_PATHNAME', 'who_row_wrapper';

COMMENT ON FUNCTION acl_explain(text, bigint, text) IS 'Why a principal may or may not do all that the words say with a row of the default documents table: a line per gate (path of the resource, what is asked and held there, opens yes, no or neutral, through what, and for a closed gate the grant that would open it), a line per rule beside the gates that had a part, and last the verdict. Names that the asker may not see are null; no line where there is no such row, or where he may not know of it. Errors as acl_can.';

COMMENT ON FUNCTION acl_explain(text, uuid, text) IS 'As acl_explain for a table with uuid keys.';

COMMENT ON FUNCTION acl_explain(text, text, text) IS 'As acl_explain with the key as text.';

COMMENT ON FUNCTION acl_explain_row(text, regclass, text, text) IS 'As acl_explain for a row of any protected table, by its key. Errors as acl_can_row.';

COMMENT ON FUNCTION acl_who(bigint, text) IS 'The users and API keys who may do all that the words say with a row of the default documents table, and through what (role, everyone, own list, parent, *, owner, requester, admin). system, who may everything, is not among them. 42501 for whoever may not ask about others, 22023 unknown word, 55000 no default documents table.';

COMMENT ON FUNCTION acl_who(uuid, text) IS 'As acl_who for a table with uuid keys.';

COMMENT ON FUNCTION acl_who(text, text) IS 'As acl_who with the key as text.';

COMMENT ON FUNCTION acl_who_row(regclass, text, text) IS 'As acl_who for a row of any protected table, by its key. 55000 a table that is not protected, or without a key.';

COMMENT ON FUNCTION acl_session() IS 'Who is asking: principal, its id and account, how identified (token, API key, setting, request claims, database role, nobody), the function entered (null: none), whether read-only, and exempt: why PostgreSQL does not judge this session (superuser, BYPASSRLS; null: it does).';

COMMENT ON FUNCTION acl_create_documents(text) IS 'Makes a documents table with an index for every gate column, beside it name_content, read by download, and name_preview, read by preview, which go with it, and protects them; the default documents table, if there is none yet. They belong to the superuser who calls, otherwise to the extension''s owner, and nobody is granted anything. Returns what acl_protect returns. For superusers and system: 42501; 42710 a relation of such a name exists, 42704 unknown schema, 22023 no name for a table.';

COMMENT ON FUNCTION acl_check(regclass) IS 'The ways around a protected table, or with null around all of them, that exist now, worst first: error, a hole; warning, a way around for somebody; notice, what one should know; advice, what would be faster. Of mirrors, and of rules that grant, whether docacl hears of their tables. Of a table that is named (it may be mirrored only) its rows are read too: those whose references lead nowhere, and those that docacl does not know as they are. For superusers and system: 42501; 55000 not protected.';

ALTER TABLE docacl.kind ENABLE ALWAYS TRIGGER restore_built_in;

ALTER TABLE docacl.action ENABLE ALWAYS TRIGGER restore_built_in;

ALTER TABLE docacl.resource ENABLE ALWAYS TRIGGER restore_built_in;

ALTER TABLE docacl.principal ENABLE ALWAYS TRIGGER restore_built_in;


-- Protected partitioned tables.

ALTER TABLE docacl.protected_table ADD COLUMN partitions jsonb;
COMMENT ON COLUMN docacl.protected_table.partitions IS 'The row security that each partition had before, by its name.';
CREATE FUNCTION docacl.column_renamed() RETURNS event_trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'docacl_column_renamed';
REVOKE ALL ON FUNCTION docacl.column_renamed() FROM PUBLIC;
COMMENT ON FUNCTION docacl.column_renamed() IS 'Writes the new name of a renamed column, or parent, into how tables are protected.';

CREATE EVENT TRIGGER docacl_column_renamed ON ddl_command_end WHEN TAG IN ('ALTER TABLE')
    EXECUTE FUNCTION docacl.column_renamed();
ALTER EVENT TRIGGER docacl_column_renamed ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER docacl_column_renamed IS 'Follows the columns of protected tables, and tables that decide others, when they are renamed.';

CREATE FUNCTION docacl.refuse_ddl() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    tables oid[];
    culprit text;
BEGIN
    -- CREATE EXTENSION and its upgrades come here between their own commands.
    IF to_regclass('docacl.protected_table') IS NULL THEN
        RETURN;
    END IF;
    SELECT array_agg(coalesce(t.tgrelid, o.objid)) INTO tables
    FROM pg_catalog.pg_event_trigger_ddl_commands() AS o
    LEFT JOIN pg_catalog.pg_trigger AS t ON o.classid = 'pg_catalog.pg_trigger'::regclass AND t.oid = o.objid
    WHERE o.classid IN ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_trigger'::regclass);
    IF tables IS NULL THEN
        RETURN;
    END IF;

    SELECT min(t.tgname::text) INTO culprit
    FROM docacl.protected_table AS p JOIN pg_catalog.pg_trigger AS t
    ON p.relation = coalesce(pg_catalog.pg_partition_root(t.tgrelid), t.tgrelid)
    WHERE t.tgrelid = ANY (tables) AND NOT t.tgisinternal AND t.tgtype & 3 = 3 AND t.tgenabled <> 'D'
      AND t.tgname::text COLLATE "C" > '~docacl_row' AND coalesce((to_jsonb(p) ->> 'enforced')::boolean, true);
    IF culprit IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '55000',
            MESSAGE = format('trigger "%s" fires after docacl has judged the row', culprit),
            HINT = 'Give it a name that sorts before "~docacl_row", or make it an AFTER trigger.';
    END IF;

    SELECT min(i.inhrelid::regclass::text) INTO culprit
    FROM docacl.protected_table AS p JOIN pg_catalog.pg_inherits AS i ON p.relation IN (i.inhparent, i.inhrelid)
    JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
    WHERE i.inhrelid = ANY (tables) AND NOT c.relispartition;
    IF culprit IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '0A000',
            MESSAGE = format('table %s cannot inherit: one of the two tables is protected', culprit),
            HINT = 'Protected tables neither inherit nor are inherited from.';
    END IF;

    SELECT min(k.conname::text) INTO culprit
    FROM docacl.protected_table AS p JOIN pg_catalog.pg_constraint AS k
    ON p.relation = coalesce(pg_catalog.pg_partition_root(k.conrelid), k.conrelid)
    WHERE k.conrelid = ANY (tables) AND k.contype = 'f'
      AND (k.confdeltype IN ('n', 'd') OR k.confupdtype IN ('n', 'd'))
      AND EXISTS (
        SELECT FROM jsonb_path_query(p.spec, '$.gates[*].refs[*].column') AS gate(col)
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attname = gate.col #>> '{}'
        WHERE a.attnum = ANY (k.conkey)
          AND (k.confupdtype IN ('n', 'd') OR k.confdelsetcols IS NULL OR a.attnum = ANY (k.confdelsetcols)));
    IF culprit IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '55000',
            MESSAGE = format('foreign key "%s" would empty a gate column', culprit),
            HINT = 'Use ON DELETE RESTRICT, NO ACTION or CASCADE: an empty gate lets through whoever it kept out.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION docacl.refuse_ddl() FROM PUBLIC;
COMMENT ON FUNCTION docacl.refuse_ddl() IS 'Refuses triggers that fire after the judgement, inheritance and foreign keys that empty a gate, on protected tables.';

CREATE EVENT TRIGGER docacl_refuse_ddl ON ddl_command_end WHEN TAG IN ('ALTER TABLE', 'CREATE TABLE', 'CREATE TRIGGER', 'ALTER TRIGGER')
    EXECUTE FUNCTION docacl.refuse_ddl();
ALTER EVENT TRIGGER docacl_refuse_ddl ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER docacl_refuse_ddl IS 'Refuses ways around protected tables when they are made.';

-- What DDL does to protected partitioned tables: a new partition is protected at once, whoever made it; one that was
-- detached stays protected, as a table of its own.

CREATE FUNCTION docacl.follow_partitions() RETURNS event_trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'docacl_follow_partitions';
REVOKE ALL ON FUNCTION docacl.follow_partitions() FROM PUBLIC;
COMMENT ON FUNCTION docacl.follow_partitions() IS 'Protects new partitions of protected tables, and keeps detached ones protected.';
CREATE EVENT TRIGGER docacl_follow_partitions ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'CREATE FOREIGN TABLE', 'CREATE SCHEMA', 'ALTER TABLE')
    EXECUTE FUNCTION docacl.follow_partitions();
ALTER EVENT TRIGGER docacl_follow_partitions ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER docacl_follow_partitions IS 'Protects new partitions of protected tables, and keeps detached ones protected.';

-- Settings, usage, outbox.
CREATE FUNCTION acl_set(kind text, resource text, name text, value jsonb) RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'acl_set_wrapper';
CREATE FUNCTION acl_set(kind text, resource bigint, name text, value jsonb) RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'acl_set_id_wrapper';
CREATE FUNCTION acl_setting(kind text, resource text, name text) RETURNS jsonb
LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'acl_setting_wrapper';
CREATE FUNCTION acl_setting(kind text, resource bigint, name text) RETURNS jsonb
LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'acl_setting_id_wrapper';
CREATE FUNCTION acl_set_account_option(name text, value text) RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'acl_set_account_option_wrapper';
CREATE FUNCTION acl_usage(account text)
RETURNS TABLE (environment text, relation regclass, month date, documents bigint, users bigint, api_keys bigint)
LANGUAGE c AS 'MODULE_PATHNAME', 'acl_usage_wrapper';
CREATE FUNCTION acl_usage(account bigint)
RETURNS TABLE (environment text, relation regclass, month date, documents bigint, users bigint, api_keys bigint)
LANGUAGE c AS 'MODULE_PATHNAME', 'acl_usage_id_wrapper';
COMMENT ON FUNCTION acl_set(text, text, text, jsonb) IS 'Sets a setting of an account, an environment or a company, by kind and name or path; null removes it. 42501 without configure on the account or environment, 22023 another kind or a bad name, 42704 unknown, 42725 ambiguous.';
COMMENT ON FUNCTION acl_set(text, bigint, text, jsonb) IS 'As acl_set with the resource by its id.';
COMMENT ON FUNCTION acl_setting(text, text, text) IS 'The value of a setting that holds for a company, an environment or an account: its own, else that of what it lies in; null where there is none, and of what one may not see. 22023 another kind; to whoever administers the account 42704 unknown, 42725 ambiguous.';
COMMENT ON FUNCTION acl_setting(text, bigint, text) IS 'As acl_setting with the resource by its id.';
COMMENT ON FUNCTION acl_set_account_option(text, text) IS 'Chooses an option of the account at hand. project_creator: own (who creates a project gets change on it) or all (on every project, by a grant on *). What was granted before stays. 42501 without configure and manage_roles on the account, 22023 unknown option or value.';
COMMENT ON FUNCTION acl_usage(text) IS 'How much an account uses, in columns that add up: rows of protected tables by environment, table and month (of the column created_at, in UTC), enabled users, enabled API keys by environment. Rows of tables that only a parent decides are not counted. 42501 without view_usage, 42704 unknown account.';
COMMENT ON FUNCTION acl_usage(bigint) IS 'As acl_usage with the account by its id.';

-- Settings and options.

CREATE TABLE docacl.setting (
    account_id   bigint NOT NULL,
    resource_id  bigint NOT NULL,
    name         text NOT NULL,
    value        jsonb NOT NULL,
    set_by       bigint,
    set_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (resource_id, name)
);
COMMENT ON TABLE docacl.setting IS 'Settings that an application keeps of an account, an environment or a company. acl_setting says which holds: a company''s before its environment''s, that before the account''s.';
COMMENT ON COLUMN docacl.setting.set_by IS 'Who set it last: the id of a principal.';
COMMENT ON COLUMN docacl.setting.set_at IS 'When it was set last.';
REVOKE ALL ON docacl.setting FROM PUBLIC;

SELECT pg_catalog.pg_extension_config_dump('docacl.setting', 'ORDER BY resource_id, name');

CREATE FUNCTION docacl.sees_setting(resource_id bigint) RETURNS boolean
LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'docacl_sees_setting_wrapper';
COMMENT ON FUNCTION docacl.sees_setting(bigint) IS 'Whether who is asking sees the settings of a resource: where he sees the resource, or holds configure there.';

ALTER TABLE docacl.setting ENABLE ROW LEVEL SECURITY;
CREATE POLICY docacl_sees ON docacl.setting FOR SELECT USING (docacl.sees_setting(resource_id));
GRANT SELECT ON docacl.setting TO PUBLIC;

CREATE TABLE docacl.account_option (
    account_id  bigint NOT NULL,
    name        text NOT NULL,
    value       text NOT NULL,
    set_by      bigint,
    set_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, name)
);
COMMENT ON TABLE docacl.account_option IS 'What was chosen with acl_set_account_option; an option that is not here has its first value. project_creator: own, all.';
COMMENT ON COLUMN docacl.account_option.set_by IS 'Who chose it: the id of a principal.';
COMMENT ON COLUMN docacl.account_option.set_at IS 'When it was chosen.';
REVOKE ALL ON docacl.account_option FROM PUBLIC;

SELECT pg_catalog.pg_extension_config_dump('docacl.account_option', 'ORDER BY account_id, name');

ALTER TABLE docacl.account_option ENABLE ROW LEVEL SECURITY;
CREATE POLICY docacl_sees ON docacl.account_option FOR SELECT USING (docacl.sees_setting(account_id));
GRANT SELECT ON docacl.account_option TO PUBLIC;

-- As in sql/references.sql, and for the same reasons.
CREATE FUNCTION docacl.check_setting() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_TABLE_NAME = 'setting' THEN
        PERFORM FROM docacl.resource AS r WHERE r.id = NEW.resource_id AND r.account_id = NEW.account_id FOR KEY SHARE;
    ELSE
        PERFORM FROM docacl.resource AS r WHERE r.id = NEW.account_id AND r.kind = 'account' FOR KEY SHARE;
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'docacl.% refers to a resource that does not exist', TG_TABLE_NAME
            USING ERRCODE = 'foreign_key_violation', HINT = 'Another session may have dropped it meanwhile.';
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION docacl.check_setting() FROM PUBLIC;
COMMENT ON FUNCTION docacl.check_setting() IS 'What a foreign key does for a setting or an option: what it is of exists, and cannot go before this transaction ends.';

CREATE FUNCTION docacl.settings_gone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- Own lists go in numbers and have no settings.
    gone bigint[] := ARRAY(SELECT o.id FROM old_rows AS o WHERE o.kind IN ('account', 'environment', 'company'));
BEGIN
    IF gone <> '{}' THEN
        DELETE FROM docacl.setting AS s WHERE s.resource_id = ANY (gone);
        DELETE FROM docacl.account_option AS o WHERE o.account_id = ANY (gone);
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION docacl.settings_gone() FROM PUBLIC;
COMMENT ON FUNCTION docacl.settings_gone() IS 'Settings and options go with what they are of.';

CREATE TRIGGER refers AFTER INSERT OR UPDATE OF account_id, resource_id ON docacl.setting FOR EACH ROW
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.check_setting();
CREATE TRIGGER settings_gone AFTER DELETE ON docacl.resource REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.settings_gone();
CREATE TRIGGER refers AFTER INSERT OR UPDATE OF account_id ON docacl.account_option FOR EACH ROW
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.check_setting();
ALTER TABLE docacl.setting ENABLE ALWAYS TRIGGER refers;
ALTER TABLE docacl.account_option ENABLE ALWAYS TRIGGER refers;
ALTER TABLE docacl.resource ENABLE ALWAYS TRIGGER settings_gone;

-- The outbox: whoever is to act on events (send the letter of welcome, say) reads and deletes rows of docacl.event, by
-- the privileges that a superuser grants his database role; nobody else reads it. A NOTIFY wakes him. Both are part of
-- the transaction that did what the event says, and go with it if it rolls back.

CREATE FUNCTION docacl.announce_event() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Every session of the database may LISTEN: it is told the number of a row and nothing of what it says.
    PERFORM pg_notify('docacl_event', NEW.id::text);
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION docacl.announce_event() FROM PUBLIC;
COMMENT ON FUNCTION docacl.announce_event() IS 'NOTIFY docacl_event with the id of a new row of docacl.event.';

CREATE TRIGGER announce AFTER INSERT ON docacl.event FOR EACH ROW
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.announce_event();
ALTER TABLE docacl.event ENABLE ALWAYS TRIGGER announce;

-- Work that follows the roles: queues of documents, approval tasks, forms. An item or a task is nobody's but the role's, read
-- live: who leaves the role, or may no longer read the document, no longer sees it. Written only by the functions in src/work.

CREATE TABLE docacl.queue_item (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id    bigint NOT NULL,
    queue_id      bigint NOT NULL,
    relation      regclass NOT NULL,
    row_key       text NOT NULL,
    state         text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'claimed', 'done')),
    enqueued_by   bigint,
    enqueued_at   timestamptz NOT NULL DEFAULT now(),
    claimed_by    bigint,
    claimed_at    timestamptz,
    completed_by  bigint,
    completed_at  timestamptz,
    CHECK ((state = 'waiting') = (claimed_by IS NULL AND completed_by IS NULL))
);
COMMENT ON TABLE docacl.queue_item IS 'Documents in queues. An open item is waiting, or claimed by one user.';
COMMENT ON COLUMN docacl.queue_item.queue_id IS 'The queue: a resource.';
COMMENT ON COLUMN docacl.queue_item.row_key IS 'The document''s key.';
COMMENT ON COLUMN docacl.queue_item.state IS 'waiting, claimed or done.';
COMMENT ON COLUMN docacl.queue_item.enqueued_by IS 'Who put it there.';
COMMENT ON COLUMN docacl.queue_item.enqueued_at IS 'When it was put there.';
COMMENT ON COLUMN docacl.queue_item.claimed_at IS 'When somebody claimed it; null while it waits.';
COMMENT ON COLUMN docacl.queue_item.completed_by IS 'Who completed it.';
COMMENT ON COLUMN docacl.queue_item.completed_at IS 'When it was completed.';
COMMENT ON COLUMN docacl.queue_item.claimed_by IS 'Who is at work on it.';
CREATE INDEX queue_item_waiting ON docacl.queue_item (queue_id, id) WHERE state = 'waiting';
CREATE UNIQUE INDEX queue_item_open ON docacl.queue_item (queue_id, relation, row_key) WHERE state <> 'done';
CREATE INDEX queue_item_claimed ON docacl.queue_item (claimed_by) WHERE state = 'claimed';

CREATE TABLE docacl.task (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id  bigint NOT NULL,
    role_id     bigint NOT NULL,
    relation    regclass NOT NULL,
    row_key     text NOT NULL,
    everyone    boolean NOT NULL,
    state       text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'approved', 'rejected')),
    created_by  bigint,
    created_at  timestamptz NOT NULL DEFAULT now(),
    decided_at  timestamptz,
    CHECK ((state = 'open') = (decided_at IS NULL))
);
COMMENT ON TABLE docacl.task IS 'Approval tasks: a document that an approval role decides on.';
COMMENT ON COLUMN docacl.task.row_key IS 'The document''s key.';
COMMENT ON COLUMN docacl.task.state IS 'open, approved or rejected.';
COMMENT ON COLUMN docacl.task.decided_at IS 'When it was approved or rejected; null while it is open.';
COMMENT ON COLUMN docacl.task.everyone IS 'Whether every member who may read the document has to approve, or one is enough. One who rejects is enough either way.';
CREATE INDEX task_role ON docacl.task (role_id) WHERE state = 'open';

CREATE TABLE docacl.decision (
    task_id       bigint NOT NULL,
    principal_id  bigint NOT NULL,
    approve       boolean NOT NULL,
    note          text,
    at            timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (task_id, principal_id)
);
COMMENT ON TABLE docacl.decision IS 'What each member of a task''s role decided.';
COMMENT ON COLUMN docacl.decision.task_id IS 'The task.';
COMMENT ON COLUMN docacl.decision.approve IS 'Approved (true) or rejected (false).';

CREATE TABLE docacl.form (
    form_id           bigint PRIMARY KEY,
    account_id        bigint NOT NULL,
    document_type_id  bigint NOT NULL,
    location_id       bigint NOT NULL
);
COMMENT ON TABLE docacl.form IS 'What becomes of a completed form: a document of this type in this location.';
COMMENT ON COLUMN docacl.form.form_id IS 'The form: a resource, on which complete_form is granted.';
COMMENT ON COLUMN docacl.form.document_type_id IS 'The type of the document that it becomes.';
COMMENT ON COLUMN docacl.form.location_id IS 'The location of the document that it becomes.';
CREATE INDEX form_type ON docacl.form (document_type_id);
CREATE INDEX form_location ON docacl.form (location_id);

REVOKE ALL ON docacl.queue_item, docacl.task, docacl.decision, docacl.form FROM PUBLIC;
REVOKE ALL ON SEQUENCE docacl.queue_item_id_seq, docacl.task_id_seq FROM PUBLIC;

-- What foreign keys would do: see references.sql.
CREATE FUNCTION docacl.work_gone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gone bigint[];
BEGIN
    SELECT array_agg(o.id) INTO gone FROM old_rows AS o;
    IF TG_TABLE_NAME = 'principal' THEN
        DELETE FROM docacl.task AS t WHERE t.role_id = ANY (gone);
        UPDATE docacl.queue_item AS i SET state = 'waiting', claimed_by = NULL, claimed_at = NULL
        WHERE i.claimed_by = ANY (gone) AND i.state = 'claimed';
        RETURN NULL;
    END IF;
    IF TG_TABLE_NAME = 'task' THEN
        DELETE FROM docacl.decision AS d WHERE d.task_id = ANY (gone);
        RETURN NULL;
    END IF;
    DELETE FROM docacl.form AS f WHERE f.form_id = ANY (gone);
    DELETE FROM docacl.queue_item AS i WHERE i.queue_id = ANY (gone);
    IF EXISTS (SELECT FROM docacl.form AS f WHERE f.document_type_id = ANY (gone) OR f.location_id = ANY (gone)) THEN
        RAISE EXCEPTION 'a form makes documents of this type or in this location'
            USING ERRCODE = 'object_in_use', HINT = 'Drop the form first.';
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION docacl.work_gone() FROM PUBLIC;
COMMENT ON FUNCTION docacl.work_gone() IS 'Items go with their queue, tasks with their role, decisions with their task; what a user who is dropped had claimed waits again; what a form needs does not go.';
CREATE TRIGGER gone_work AFTER DELETE ON docacl.principal REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.work_gone();
CREATE TRIGGER gone_work AFTER DELETE ON docacl.resource REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.work_gone();
CREATE TRIGGER gone_work AFTER DELETE ON docacl.task REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.work_gone();
ALTER TABLE docacl.principal ENABLE ALWAYS TRIGGER gone_work;
ALTER TABLE docacl.task ENABLE ALWAYS TRIGGER gone_work;
ALTER TABLE docacl.resource ENABLE ALWAYS TRIGGER gone_work;

CREATE FUNCTION docacl.sees_item(queue_id bigint, relation regclass, row_key text) RETURNS boolean
LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'docacl_sees_item_wrapper';
COMMENT ON FUNCTION docacl.sees_item(bigint, regclass, text) IS 'Whether who is asking sees an item of a queue: he holds work_queue on the queue and may read the document.';

CREATE FUNCTION docacl.sees_task(role_id bigint, relation regclass, row_key text) RETURNS boolean
LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'docacl_sees_task_wrapper';
COMMENT ON FUNCTION docacl.sees_task(bigint, regclass, text) IS 'Whether who is asking sees a task: he is in the role, or admin of its account, and may read the document.';

CREATE FUNCTION docacl.sees_form(form_id bigint) RETURNS boolean
LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'docacl_sees_form_wrapper';
COMMENT ON FUNCTION docacl.sees_form(bigint) IS 'Whether who is asking sees a form: he holds complete_form on it.';

CREATE FUNCTION docacl.reads_row(principal_id bigint, relation regclass, row_key text) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'docacl_reads_row_wrapper';
COMMENT ON FUNCTION docacl.reads_row(bigint, regclass, text) IS 'Whether a principal may read a row of a protected table. For docacl''s own statements.';
REVOKE ALL ON FUNCTION docacl.reads_row(bigint, regclass, text) FROM PUBLIC;

ALTER TABLE docacl.queue_item ENABLE ROW LEVEL SECURITY;
ALTER TABLE docacl.task ENABLE ROW LEVEL SECURITY;
ALTER TABLE docacl.decision ENABLE ROW LEVEL SECURITY;
ALTER TABLE docacl.form ENABLE ROW LEVEL SECURITY;
CREATE POLICY docacl_sees ON docacl.queue_item FOR SELECT USING (docacl.sees_item(queue_id, relation, row_key));
CREATE POLICY docacl_sees ON docacl.task FOR SELECT USING (docacl.sees_task(role_id, relation, row_key));
CREATE POLICY docacl_sees ON docacl.decision FOR SELECT USING (EXISTS (SELECT FROM docacl.task AS t WHERE t.id = task_id));
CREATE POLICY docacl_sees ON docacl.form FOR SELECT USING (docacl.sees_form(form_id));

CREATE VIEW docacl.queue_list WITH (security_invoker = true, security_barrier = true) AS
    SELECT i.id AS item, r.name AS queue, i.relation, i.row_key AS document, i.state,
           docacl.principal_name(i.claimed_by) AS claimed_by, i.claimed_at, i.enqueued_at, i.completed_at
    FROM docacl.queue_item AS i JOIN docacl.resource AS r ON r.id = i.queue_id;
COMMENT ON VIEW docacl.queue_list IS 'The items that the reader may see: of queues on which he holds work_queue, with documents that he may read.';
COMMENT ON COLUMN docacl.queue_list.item IS 'What acl_complete takes.';
COMMENT ON COLUMN docacl.queue_list.queue IS 'The queue''s name.';
COMMENT ON COLUMN docacl.queue_list.claimed_at IS 'Null while it waits.';
COMMENT ON COLUMN docacl.queue_list.enqueued_at IS 'When it was put in the queue.';
COMMENT ON COLUMN docacl.queue_list.completed_at IS 'Null until it is done.';
COMMENT ON COLUMN docacl.queue_list.document IS 'The document''s key.';
COMMENT ON COLUMN docacl.queue_list.state IS 'waiting, claimed or done.';
COMMENT ON COLUMN docacl.queue_list.claimed_by IS 'Null where nobody claimed it, or the reader may not see who did.';

CREATE VIEW docacl.task_list WITH (security_invoker = true, security_barrier = true) AS
    SELECT t.id AS task, docacl.principal_name(t.role_id) AS role, t.relation, t.row_key AS document, t.everyone, t.state,
           (SELECT d.approve FROM docacl.decision AS d
            WHERE d.task_id = t.id AND d.principal_id = acl_user_id()) AS mine,
           t.created_at, t.decided_at
    FROM docacl.task AS t;
COMMENT ON VIEW docacl.task_list IS 'The approval tasks that the reader may see: of roles that he is in, on documents that he may read.';
COMMENT ON COLUMN docacl.task_list.task IS 'What acl_decide takes.';
COMMENT ON COLUMN docacl.task_list.role IS 'The approval role''s name.';
COMMENT ON COLUMN docacl.task_list.everyone IS 'Whether every member who may read the document has to approve, or one is enough.';
COMMENT ON COLUMN docacl.task_list.decided_at IS 'Null while it is open.';
COMMENT ON COLUMN docacl.task_list.document IS 'The document''s key.';
COMMENT ON COLUMN docacl.task_list.state IS 'open, approved or rejected.';
COMMENT ON COLUMN docacl.task_list.mine IS 'What the reader decided: true approved, false rejected, null not yet.';

GRANT SELECT ON docacl.queue_item, docacl.task, docacl.decision, docacl.form, docacl.queue_list, docacl.task_list TO PUBLIC;

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['queue_item', 'task'] LOOP
        PERFORM pg_catalog.pg_extension_config_dump(('docacl.' || t)::regclass, 'ORDER BY id');
        PERFORM pg_catalog.pg_extension_config_dump(('docacl.' || t || '_id_seq')::regclass, '');
    END LOOP;
    PERFORM pg_catalog.pg_extension_config_dump('docacl.decision'::regclass, 'ORDER BY task_id, principal_id');
    PERFORM pg_catalog.pg_extension_config_dump('docacl.form'::regclass, 'ORDER BY form_id');
END
$$;

CREATE FUNCTION "acl_claim"(
	"queue" TEXT
) RETURNS bigint
LANGUAGE c
AS 'MODULE_PATHNAME', 'acl_claim_wrapper';

CREATE FUNCTION "acl_complete"(
	"item" bigint
) RETURNS bool
LANGUAGE c
AS 'MODULE_PATHNAME', 'acl_complete_wrapper';

CREATE FUNCTION "acl_complete_form"(
	"form" TEXT,
	"fields" jsonb
) RETURNS TEXT
LANGUAGE c
AS 'MODULE_PATHNAME', 'acl_complete_form_wrapper';

CREATE FUNCTION "acl_create_form"(
	"name" TEXT,
	"document_type" TEXT,
	"location" TEXT
) RETURNS bigint
LANGUAGE c
AS 'MODULE_PATHNAME', 'acl_create_form_wrapper';

CREATE FUNCTION "acl_create_task"(
	"doc" bigint,
	"role" TEXT,
	"everyone" bool DEFAULT false
) RETURNS bigint
LANGUAGE c
AS 'MODULE_PATHNAME', 'acl_create_task_wrapper';

CREATE FUNCTION "acl_create_task"(
	"doc" TEXT,
	"role" TEXT,
	"everyone" bool DEFAULT false
) RETURNS bigint

LANGUAGE c
AS 'MODULE_PATHNAME', 'acl_create_task_text_wrapper';

CREATE FUNCTION "acl_create_task"(
	"doc" uuid,
	"role" TEXT,
	"everyone" bool DEFAULT false
) RETURNS bigint

LANGUAGE c
AS 'MODULE_PATHNAME', 'acl_create_task_uuid_wrapper';

CREATE FUNCTION "acl_decide"(
	"task" bigint,
	"approve" bool,
	"note" TEXT DEFAULT NULL
) RETURNS TEXT
LANGUAGE c
AS 'MODULE_PATHNAME', 'acl_decide_wrapper';

CREATE FUNCTION "acl_enqueue"(
	"queue" TEXT,
	"doc" bigint
) RETURNS bigint
LANGUAGE c
AS 'MODULE_PATHNAME', 'acl_enqueue_wrapper';

CREATE FUNCTION "acl_enqueue"(
	"queue" TEXT,
	"doc" TEXT
) RETURNS bigint

LANGUAGE c
AS 'MODULE_PATHNAME', 'acl_enqueue_text_wrapper';

CREATE FUNCTION "acl_enqueue"(
	"queue" TEXT,
	"doc" uuid
) RETURNS bigint

LANGUAGE c
AS 'MODULE_PATHNAME', 'acl_enqueue_uuid_wrapper';

COMMENT ON FUNCTION acl_enqueue(text, bigint) IS 'Puts a document of the default table in a queue and returns the item''s id; one that is there already is not put there twice, and one that the asker claimed waits again. Needs sight of the document, and work_queue on the queue or workflow on the document. 42704 unknown queue or document, or none that the asker may see, 42501 neither of the two, 55000 no default documents table.';
COMMENT ON FUNCTION acl_enqueue(text, uuid) IS 'As acl_enqueue for a table with uuid keys.';
COMMENT ON FUNCTION acl_enqueue(text, text) IS 'As acl_enqueue with the key as text.';
COMMENT ON FUNCTION acl_claim(text) IS 'Claims for the session''s user the oldest waiting item of a queue whose document he may read, and returns its id; where none waits, one that is with somebody who may not work on it any more; null where there is none of either. Concurrent claims never give one item to two users, and do not wait for one another. Needs work_queue on the queue. 42704 unknown queue, or none that the asker may see, 42501 without work_queue.';
COMMENT ON FUNCTION acl_complete(bigint) IS 'Completes an item that the session''s user claimed; an admin any. Returns false where it is complete already. 42704 unknown item, or none that the asker may see any more, 42501 an item of somebody else.';
COMMENT ON FUNCTION acl_create_task(bigint, text, boolean) IS 'Starts an approval task: one member of the role (everyone: all who may read the document) approves a document of the default table. Returns the task''s id and writes the event task_created. Needs workflow on the document. 42704 unknown role or document, 42809 a role whose purpose is not approval, 42501 without workflow. A WARNING where no member may read the document.';
COMMENT ON FUNCTION acl_create_task(uuid, text, boolean) IS 'As acl_create_task for a table with uuid keys.';
COMMENT ON FUNCTION acl_create_task(text, text, boolean) IS 'As acl_create_task with the key as text.';
COMMENT ON FUNCTION acl_decide(bigint, boolean, text) IS 'The session''s user, a member of the task''s role who may read the document, approves or rejects. Returns the task''s state: open, approved or rejected; one rejection rejects. A task for everyone asks who is in the role, may read the document and is not read-only at the moment of the decision: who came meanwhile has to approve as well, who left is not waited for. A role that is disabled or no approval role any more decides on nothing. Writes the event task_decided. 42704 unknown task, or none that the asker may see, 42501 no member of the role, 55000 decided already.';
COMMENT ON FUNCTION acl_create_form(text, text, text) IS 'Makes a form, a resource on which complete_form is granted: whoever completes it makes a document of the type in the location. Returns its id. Needs the admin role. 42704 unknown type or location, 42710 taken.';
COMMENT ON FUNCTION acl_complete_form(text, jsonb) IS 'Makes a row of the default documents table with these columns, the form''s type and location, owned by the session''s user, and returns its key; needs complete_form on the form and no right on the type, the location or the table; whoever has INSERT on some columns of the table only names no others. What the table checks deferred is checked at once. 42704 unknown form, or none that the asker may see, 42501 a column beside those that INSERT is granted for, 22023 no object, or a column that is not for a form to set (the key, gates, owner, flags, columns with an action of their own), 42703 no such column, 55000 a default documents table without a type or location.';

-- Grants carried over.
CREATE FUNCTION acl_copy_resource_grants(kind text, from_resource text, to_resource text) RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'acl_copy_resource_grants_wrapper';
CREATE FUNCTION acl_copy_resource_grants(kind text, from_resource bigint, to_resource bigint) RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'acl_copy_resource_grants_id_wrapper';
CREATE FUNCTION acl_copy_resource_grants(kind text, from_resource text, to_resource bigint) RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'acl_copy_resource_grants_to_id_wrapper';
CREATE FUNCTION acl_copy_resource_grants(kind text, from_resource bigint, to_resource text) RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'acl_copy_resource_grants_from_id_wrapper';
CREATE FUNCTION acl_apply_to_children(kind text, resource text) RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'acl_apply_to_children_wrapper';
CREATE FUNCTION acl_apply_to_children(kind text, resource bigint) RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'acl_apply_to_children_id_wrapper';
CREATE FUNCTION acl_reassign(from_user text, to_user text) RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'acl_reassign_wrapper';
COMMENT ON FUNCTION acl_copy_resource_grants(text, text, text) IS 'Grants on one resource, by kind and name or path, what is granted on another itself, periods and notes included. Kind document: rows of the default documents table, by key. 42501 where one may not grant on both, or not give an action of administration, 23514 different accounts, 42704 unknown, 42725 ambiguous.';
COMMENT ON FUNCTION acl_copy_resource_grants(text, bigint, bigint) IS 'As acl_copy_resource_grants with the resources by their ids, documents by their keys.';
COMMENT ON FUNCTION acl_copy_resource_grants(text, text, bigint) IS 'As acl_copy_resource_grants with the second resource by its id.';
COMMENT ON FUNCTION acl_copy_resource_grants(text, bigint, text) IS 'As acl_copy_resource_grants with the first resource by its id.';
COMMENT ON FUNCTION acl_apply_to_children(text, text) IS 'Makes everything below a resource take what holds on it and nothing else: grants made there by hand end, all of it inherits; rows'' own lists and what follows a rule stay. 42501 where one may not grant on the resource and all that lies below, 22023 a document, 42704 unknown, 42725 ambiguous.';
COMMENT ON FUNCTION acl_apply_to_children(text, bigint) IS 'As acl_apply_to_children with the resource by its id.';
COMMENT ON FUNCTION acl_reassign(text, text) IS 'Hands over to a user what another has: his memberships and grants, periods and notes included, and as owner and requester his rows. He keeps what follows a rule and his login; see acl_alter_user and acl_drop_user. For admins: 42501; 55000 a user who is disabled or has no key where rows name people by keys, or the last administrator, 23514 a read-only user in the admin role, 23503 and 0A000 foreign keys of the application, 42704 unknown, 42809 no user.';

CREATE FUNCTION acl_matrix(row_kind text, column_kind text) RETURNS TABLE (row_name text, column_name text, actions text)
LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'acl_matrix_wrapper';
COMMENT ON FUNCTION acl_matrix(text, text) IS 'Who may do what on which resource of a kind: a line for each pair, whose actions may be none; psql makes a table of it with \crosstabview. On resources themselves, which limits are not about. One kind is user, role or api_key, the other one of resources, either way round. Whoever may ask about others (see acl_can) is shown all principals of the account, others themselves and their roles; only resources that one sees. 42704 unknown kind, 22023 kinds of which no matrix is made.';

-- Search under the policies: what acl_trust_search turns on and off. Why each function is here, and on what condition, is
-- in src/search/mod.rs.

-- What was there before, so that acl_trust_search(false) puts back exactly that. It is dumped, and the changes of
-- PostgreSQL's own functions are not: so acl_check can tell that a restore lost them.
CREATE TABLE docacl.trusted_search (
    origin     name NOT NULL,
    function   text NOT NULL,
    leakproof  boolean NOT NULL,
    cost       real NOT NULL,
    support    text NOT NULL,
    PRIMARY KEY (origin, function)
);
COMMENT ON TABLE docacl.trusted_search IS 'The functions behind operators of search that acl_trust_search has changed, and what they were before. Of no row: search is not trusted.';
COMMENT ON COLUMN docacl.trusted_search.origin IS 'pg_catalog, or the extension.';
COMMENT ON COLUMN docacl.trusted_search.function IS 'The function, with the types of its arguments.';
COMMENT ON COLUMN docacl.trusted_search.leakproof IS 'Whether it was marked LEAKPROOF before.';
COMMENT ON COLUMN docacl.trusted_search.cost IS 'Its COST before.';
COMMENT ON COLUMN docacl.trusted_search.support IS 'Its support function before, or "-".';
REVOKE ALL ON docacl.trusted_search FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('docacl.trusted_search'::regclass, 'ORDER BY origin, function');

-- Stand in for the functions behind LIKE, ILIKE, ~, ~* and the operators of arrays, which may raise errors that depend on a
-- row, in those calls that cannot. Whoever calls them by hand where they could gets null. Closed while search is not
-- trusted. COST 10: PostgreSQL calls a cheaper leakproof function before the policy, on every row that is not shown.
CREATE FUNCTION docacl.search_like(text, text) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF COST 10 SUPPORT pg_catalog.textlike_support AS 'MODULE_PATHNAME', 'docacl_search_like';
COMMENT ON FUNCTION docacl.search_like(text, text) IS 'LIKE, of a constant pattern that does not end in its escape character; null of any other.';
CREATE FUNCTION docacl.search_ilike(text, text) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF COST 10 SUPPORT pg_catalog.texticlike_support AS 'MODULE_PATHNAME', 'docacl_search_ilike';
COMMENT ON FUNCTION docacl.search_ilike(text, text) IS 'ILIKE, of a constant pattern that does not end in its escape character; null of any other.';
CREATE FUNCTION docacl.search_regex(text, text) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF COST 10 SUPPORT pg_catalog.textregexeq_support AS 'MODULE_PATHNAME', 'docacl_search_regex';
COMMENT ON FUNCTION docacl.search_regex(text, text) IS '~ of a constant, valid pattern without back references and look-around; null of any other.';
CREATE FUNCTION docacl.search_iregex(text, text) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF COST 10 SUPPORT pg_catalog.texticregexeq_support AS 'MODULE_PATHNAME', 'docacl_search_iregex';
COMMENT ON FUNCTION docacl.search_iregex(text, text) IS '~* of a constant, valid pattern without back references and look-around; null of any other.';
CREATE FUNCTION docacl.search_overlap(anyarray, anyarray) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF COST 10 AS 'MODULE_PATHNAME', 'docacl_search_overlap';
COMMENT ON FUNCTION docacl.search_overlap(anyarray, anyarray) IS '&& of arrays whose elements can be compared without an error; null of any other.';
CREATE FUNCTION docacl.search_contains(anyarray, anyarray) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF COST 10 AS 'MODULE_PATHNAME', 'docacl_search_contains';
COMMENT ON FUNCTION docacl.search_contains(anyarray, anyarray) IS '@> of arrays whose elements can be compared without an error; null of any other.';
CREATE FUNCTION docacl.search_contained(anyarray, anyarray) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF COST 10 AS 'MODULE_PATHNAME', 'docacl_search_contained';
COMMENT ON FUNCTION docacl.search_contained(anyarray, anyarray) IS '<@ of arrays whose elements can be compared without an error; null of any other.';
REVOKE ALL ON FUNCTION docacl.search_like(text, text), docacl.search_ilike(text, text), docacl.search_regex(text, text), docacl.search_iregex(text, text),
    docacl.search_overlap(anyarray, anyarray), docacl.search_contains(anyarray, anyarray), docacl.search_contained(anyarray, anyarray) FROM PUBLIC;

CREATE FUNCTION docacl.search_support(internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'docacl_search_support';
REVOKE ALL ON FUNCTION docacl.search_support(internal) FROM PUBLIC;
COMMENT ON FUNCTION docacl.search_support(internal) IS 'Planner support of LIKE, ILIKE, ~, ~* and the operators of arrays while search is trusted: puts docacl.search_… in their place where they can raise nothing that depends on a row.';

-- A function without wrapper is marked LEAKPROOF; one with a wrapper gets docacl.search_support.
CREATE VIEW docacl.searchable AS
SELECT s.origin, s.function, s.operator, s.condition, p.oid::regprocedure AS proc, s.wrapper::regprocedure AS wrapper,
       CASE WHEN s.wrapper IS NULL THEN p.proleakproof AND p.procost >= 10
            ELSE p.prosupport = 'docacl.search_support'::regproc AND pg_catalog.has_function_privilege('public', s.wrapper::regprocedure, 'EXECUTE')
       END AS trusted
FROM (VALUES
    ('pg_catalog'::name, 'ts_match_vq(tsvector,tsquery)', 'tsvector @@ tsquery', NULL, NULL),
    ('pg_catalog', 'ts_match_qv(tsquery,tsvector)', 'tsquery @@ tsvector', NULL, NULL),
    ('pg_catalog', 'jsonb_contains(jsonb,jsonb)', 'jsonb @> jsonb', NULL, NULL),
    ('pg_catalog', 'jsonb_contained(jsonb,jsonb)', 'jsonb <@ jsonb', NULL, NULL),
    ('pg_catalog', 'jsonb_exists(jsonb,text)', 'jsonb ? text', NULL, NULL),
    ('pg_catalog', 'jsonb_exists_any(jsonb,text[])', 'jsonb ?| text[]', NULL, NULL),
    ('pg_catalog', 'jsonb_exists_all(jsonb,text[])', 'jsonb ?& text[]', NULL, NULL),
    ('pg_catalog', 'textlike(text,text)', 'text LIKE text', 'docacl.search_like(text,text)', 'a constant pattern'),
    ('pg_catalog', 'texticlike(text,text)', 'text ILIKE text', 'docacl.search_ilike(text,text)', 'a constant pattern'),
    ('pg_catalog', 'textregexeq(text,text)', 'text ~ text', 'docacl.search_regex(text,text)', 'a constant pattern without back references and look-around'),
    ('pg_catalog', 'texticregexeq(text,text)', 'text ~* text', 'docacl.search_iregex(text,text)', 'a constant pattern without back references and look-around'),
    ('pg_catalog', 'arrayoverlap(anyarray,anyarray)', 'anyarray && anyarray', 'docacl.search_overlap(anyarray,anyarray)', 'elements whose = is leakproof, numeric or an enum'),
    ('pg_catalog', 'arraycontains(anyarray,anyarray)', 'anyarray @> anyarray', 'docacl.search_contains(anyarray,anyarray)', 'elements whose = is leakproof, numeric or an enum'),
    ('pg_catalog', 'arraycontained(anyarray,anyarray)', 'anyarray <@ anyarray', 'docacl.search_contained(anyarray,anyarray)', 'elements whose = is leakproof, numeric or an enum'),
    ('pg_trgm', 'similarity_op(text,text)', 'text % text', NULL, NULL),
    ('pg_trgm', 'word_similarity_op(text,text)', 'text <% text', NULL, NULL),
    ('pg_trgm', 'word_similarity_commutator_op(text,text)', 'text %> text', NULL, NULL),
    ('pg_trgm', 'strict_word_similarity_op(text,text)', 'text <<% text', NULL, NULL),
    ('pg_trgm', 'strict_word_similarity_commutator_op(text,text)', 'text %>> text', NULL, NULL)
) AS s(origin, function, operator, wrapper, condition)
LEFT JOIN pg_catalog.pg_extension AS x ON x.extname = s.origin
JOIN pg_catalog.pg_proc AS p ON p.oid = pg_catalog.to_regprocedure(
    pg_catalog.format('%I.%s', CASE s.origin WHEN 'pg_catalog' THEN 'pg_catalog' ELSE coalesce((SELECT n.nspname FROM pg_catalog.pg_namespace AS n WHERE n.oid = x.extnamespace), '-') END, s.function))
    -- Of the extension, and not another of its name in the same schema.
    AND (s.origin = 'pg_catalog' OR EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.refobjid = x.oid AND d.deptype = 'e'));
COMMENT ON VIEW docacl.searchable IS 'The functions that acl_trust_search turns on and off, as far as they are there, and whether they are on.';
COMMENT ON COLUMN docacl.searchable.origin IS 'pg_catalog, or the extension.';
COMMENT ON COLUMN docacl.searchable.function IS 'The function, with the types of its arguments.';
COMMENT ON COLUMN docacl.searchable.operator IS 'The operator that it is behind.';
COMMENT ON COLUMN docacl.searchable.condition IS 'In which calls it is trusted; null: in all.';
COMMENT ON COLUMN docacl.searchable.proc IS 'The function as it is called here.';
COMMENT ON COLUMN docacl.searchable.wrapper IS 'What stands in for it in such calls.';
COMMENT ON COLUMN docacl.searchable.trusted IS 'Whether it is trusted now.';
REVOKE ALL ON docacl.searchable FROM PUBLIC;

CREATE FUNCTION "acl_trust_search"(
	"enable" bool
) RETURNS TABLE (
	"operator" TEXT,
	"condition" TEXT,
	"trusted" bool
)
VOLATILE PARALLEL UNSAFE
LANGUAGE c
AS 'MODULE_PATHNAME', 'acl_trust_search_wrapper';
COMMENT ON FUNCTION acl_trust_search(boolean) IS 'Lets @@, LIKE, ILIKE, ~, jsonb @> and ?, && and @> of arrays, and the similarity of pg_trgm use their indexes under row security, in this database; false puts back exactly what was there. Counts of EXPLAIN ANALYZE and time then tell how many rows that are not shown match. Returns the operators, on what condition, and whether they are trusted now. For superusers: 42501.';

-- That something changed at all: see src/change.rs. A sequence, because its value is there before the transaction that
-- changes it commits, and for whoever replays it; random, because two changes must never leave the same.

CREATE SEQUENCE docacl.change;
REVOKE ALL ON SEQUENCE docacl.change FROM PUBLIC;

CREATE FUNCTION docacl.note_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- The last 15 digits of a random uuid are random: 60 bits.
    PERFORM setval('docacl.change'::regclass, 1 + ('x0' || right(replace(gen_random_uuid()::text, '-', ''), 15))::bit(64)::bigint);
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION docacl.note_change() FROM PUBLIC;

-- By statement wherever statements are; by row where logical replication applies rows.
CREATE TRIGGER note_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON docacl.stamp FOR EACH STATEMENT EXECUTE FUNCTION docacl.note_change();
CREATE TRIGGER note_replicated AFTER INSERT OR UPDATE OR DELETE ON docacl.stamp FOR EACH ROW
    WHEN (pg_catalog.current_setting('session_replication_role') = 'replica') EXECUTE FUNCTION docacl.note_change();
-- Which principal a database role is has no stamp: it is read with every new snapshot that is not settled.
CREATE TRIGGER note_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON docacl.db_role FOR EACH STATEMENT EXECUTE FUNCTION docacl.note_change();
CREATE TRIGGER note_replicated AFTER INSERT OR UPDATE OR DELETE ON docacl.db_role FOR EACH ROW
    WHEN (pg_catalog.current_setting('session_replication_role') = 'replica') EXECUTE FUNCTION docacl.note_change();
ALTER TABLE docacl.stamp ENABLE ALWAYS TRIGGER note_change, ENABLE ALWAYS TRIGGER note_replicated;
ALTER TABLE docacl.db_role ENABLE ALWAYS TRIGGER note_change, ENABLE ALWAYS TRIGGER note_replicated;
COMMENT ON SEQUENCE docacl.change IS 'A random value, another one whenever something changed that a check depends on: before the change is visible to anybody.';
COMMENT ON FUNCTION docacl.note_change() IS 'Gives docacl.change another value.';

CREATE OR REPLACE FUNCTION docacl.touch_structure() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ids bigint[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        SELECT array_agg(DISTINCT o.account_id) INTO ids FROM old_rows AS o WHERE o.kind <> 'document';
    ELSE
        -- No join: its plan is made for a handful of rows and kept, and takes hours for a bulk change.
        SELECT array_agg(DISTINCT c.account_id) INTO ids FROM (
            (SELECT o.id, o.account_id, o.kind, o.parent_id, o.inherits, o.key, o.name, o.is_star FROM old_rows AS o
             EXCEPT SELECT n.id, n.account_id, n.kind, n.parent_id, n.inherits, n.key, n.name, n.is_star FROM new_rows AS n)
            UNION ALL
            (SELECT n.id, n.account_id, n.kind, n.parent_id, n.inherits, n.key, n.name, n.is_star FROM new_rows AS n
             EXCEPT SELECT o.id, o.account_id, o.kind, o.parent_id, o.inherits, o.key, o.name, o.is_star FROM old_rows AS o)) AS c
        WHERE c.kind <> 'document';
    END IF;
    PERFORM docacl.touch(2::smallint, ids);
    RETURN NULL;
END
$$;

-- Mirrors: an application's own tables of companies, projects, locations, users, roles and memberships, kept as resources,
-- principals and memberships of docacl. Triggers on the application's table hand the changed rows, as texts, to the
-- functions below, which write all rows of a statement at once.
--
-- Nothing here reads the application's table: its owner's functions would run as the extension's owner.

CREATE TABLE docacl.mirror (
    relation    regclass NOT NULL,
    kind        text NOT NULL,
    account_id  bigint,
    columns     jsonb NOT NULL,
    PRIMARY KEY (relation, kind)
);
COMMENT ON TABLE docacl.mirror IS 'Tables of the application that docacl follows: see acl_mirror and acl_mirror_members.';
COMMENT ON COLUMN docacl.mirror.kind IS 'A kind of resource, user, role, or member for memberships.';
COMMENT ON COLUMN docacl.mirror.account_id IS 'The account of all rows; null where a column says it.';
COMMENT ON COLUMN docacl.mirror.columns IS 'Which column is the key, name, parent, account, email, role and enabled.';
REVOKE ALL ON docacl.mirror FROM PUBLIC;

-- A row as a mirror sees it. Of a membership: key is the member, role the role.
CREATE TYPE docacl.mirrored AS (key text, name text, parent text, account text, email text, role text, enabled boolean);
COMMENT ON TYPE docacl.mirrored IS 'A row of the application''s table as docacl mirrors it.';

-- Plans that a session keeps were made for the few rows of its first statements, and take hours for many.
CREATE FUNCTION docacl.plan_anew(rows integer) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF rows > 100 THEN
        PERFORM pg_catalog.set_config('plan_cache_mode', 'force_custom_plan', true);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION docacl.plan_anew(integer) FROM PUBLIC;
COMMENT ON FUNCTION docacl.plan_anew(integer) IS 'Has statements planned anew, for so many rows, until docacl.plan_as puts plan_cache_mode back.';

CREATE FUNCTION docacl.plan_as(mode text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF pg_catalog.current_setting('plan_cache_mode') <> mode THEN
        PERFORM pg_catalog.set_config('plan_cache_mode', mode, true);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION docacl.plan_as(text) FROM PUBLIC;
COMMENT ON FUNCTION docacl.plan_as(text) IS 'Puts plan_cache_mode back to what it was before docacl.plan_anew.';

CREATE FUNCTION docacl.mirror_account(written text) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce((SELECT r.id FROM docacl.resource AS r WHERE r.kind = 'account' AND r.key = written),
                    (SELECT r.id FROM docacl.resource AS r WHERE r.kind = 'account' AND r.name = written))
$$;
REVOKE ALL ON FUNCTION docacl.mirror_account(text) FROM PUBLIC;
COMMENT ON FUNCTION docacl.mirror_account(text) IS 'The account with this key, else of this name.';

CREATE FUNCTION docacl.administrators(account bigint) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY WITH RECURSIVE below (id) AS (
        SELECT p.id FROM docacl.principal AS p WHERE p.account_id = account AND p.built_in = 'administrators'
        UNION
        SELECT m.member_id FROM below AS b JOIN docacl.principal AS r ON r.id = b.id AND r.kind = 'role' AND r.enabled
        JOIN docacl.membership AS m ON m.role_id = b.id AND m.revoked_at IS NULL
            AND coalesce(m.valid_from <= now(), true) AND coalesce(m.valid_until > now(), true)
    )
    SELECT b.id FROM below AS b JOIN docacl.principal AS p ON p.id = b.id
    WHERE p.kind = 'user' AND p.enabled AND coalesce(p.valid_until > now(), true);
END
$$;
REVOKE ALL ON FUNCTION docacl.administrators(bigint) FROM PUBLIC;
COMMENT ON FUNCTION docacl.administrators(bigint) IS 'The enabled users of an account''s admin role, now.';

CREATE FUNCTION docacl.mirror_check(kind text, fixed bigint, rows docacl.mirrored[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    bad docacl.mirrored;
BEGIN
    SELECT r.* INTO bad FROM unnest(rows) AS r WHERE r.key IS NULL OR btrim(r.key) = '' OR length(r.key) > 255 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'a mirrored % needs a key of 1 to 255 characters', kind USING ERRCODE = '23502', HINT = 'Give the row its key.';
    END IF;
    SELECT r.* INTO bad FROM unnest(rows) AS r
    WHERE r.name IS NULL OR btrim(r.name) = '' OR length(r.name) > 255 OR r.name = '*' OR r.name ~ '[[:cntrl:]]'
       OR kind IN ('user', 'role') AND lower(btrim(r.name)) = 'system' LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the name of % "%" cannot be mirrored', kind, bad.key
            USING ERRCODE = '22023', HINT = 'A name has 1 to 255 characters, no control characters, and is neither "*" nor, of a principal, "system".';
    END IF;
    SELECT r.* INTO bad FROM unnest(rows) AS r WHERE kind <> 'account' AND coalesce(fixed, docacl.mirror_account(r.account)) IS NULL LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% "%" refers to no account that exists', kind, bad.key
            USING ERRCODE = '23503', HINT = 'Create the account first, or mirror the table of accounts.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION docacl.mirror_check(text, bigint, docacl.mirrored[]) FROM PUBLIC;
COMMENT ON FUNCTION docacl.mirror_check(text, bigint, docacl.mirrored[]) IS 'Refuses rows that cannot be mirrored: 23502, 22023, 23503.';

CREATE FUNCTION docacl.mirror_resources(kind text, fixed bigint, rows docacl.mirrored[], adopt boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    parents  text[] := CASE kind WHEN 'company' THEN '{environment}' WHEN 'client' THEN '{company}' WHEN 'provider' THEN '{company}'
                       WHEN 'environment' THEN '{}' ELSE ARRAY[kind] END;
    known    docacl.mirrored[];
    new_ones docacl.mirrored[];
    made     bigint[];
    moved    bigint[];
    bad      text;
BEGIN
    PERFORM docacl.mirror_check(kind, fixed, rows);
    IF kind = 'account' THEN
        PERFORM @extschema@.acl_create_account(r.name, r.key) FROM unnest(rows) AS r
        WHERE NOT EXISTS (SELECT FROM docacl.resource AS x WHERE x.kind = 'account' AND x.key = r.key);
        BEGIN
            UPDATE docacl.resource AS x SET name = r.name FROM unnest(rows) AS r WHERE x.kind = 'account' AND x.key = r.key AND x.name <> r.name;
        EXCEPTION WHEN unique_violation THEN
            RAISE EXCEPTION 'two accounts would bear one name' USING ERRCODE = '42710', HINT = 'Give the row another name.';
        END;
        RETURN;
    END IF;
    IF adopt THEN
        UPDATE docacl.resource AS x SET key = r.key FROM unnest(rows) AS r
        WHERE x.account_id = coalesce(fixed, docacl.mirror_account(r.account)) AND x.kind = mirror_resources.kind AND x.name = r.name AND x.key IS NULL AND NOT x.is_star
          AND NOT EXISTS (SELECT FROM docacl.resource AS y WHERE y.kind = mirror_resources.kind AND y.key = r.key)
          AND (SELECT count(*) FROM docacl.resource AS y WHERE y.account_id = x.account_id AND y.kind = x.kind AND y.name = x.name) = 1
          AND (SELECT count(*) FROM unnest(rows) AS o WHERE o.name = r.name AND o.account IS NOT DISTINCT FROM r.account) = 1;
    END IF;
    SELECT array_agg(r) FILTER (WHERE x.id IS NOT NULL), array_agg(r) FILTER (WHERE x.id IS NULL) INTO known, new_ones
    FROM unnest(rows) AS r LEFT JOIN docacl.resource AS x ON x.kind = mirror_resources.kind AND x.key = r.key;
    BEGIN
        -- One statement: a parent may come in the same one, after its children.
        WITH fresh AS MATERIALIZED (
            SELECT nextval('docacl.resource_id_seq') AS id, coalesce(fixed, docacl.mirror_account(r.account)) AS account_id, r.key, r.name, r.parent
            FROM unnest(new_ones) AS r
        ), inserted AS (
            INSERT INTO docacl.resource (id, account_id, kind, parent_id, inherits, name, key) OVERRIDING SYSTEM VALUE
            SELECT f.id, f.account_id, mirror_resources.kind,
                   CASE WHEN mirror_resources.kind = 'environment' THEN f.account_id ELSE coalesce(p.id, q.id) END, k.inherits, f.name, f.key
            FROM fresh AS f JOIN docacl.kind AS k ON k.name = mirror_resources.kind
            LEFT JOIN fresh AS p ON p.key = f.parent AND mirror_resources.kind = ANY (parents)
            LEFT JOIN docacl.resource AS q ON q.kind = ANY (parents) AND q.key = f.parent
            RETURNING id
        )
        SELECT array_agg(i.id) INTO made FROM inserted AS i;
        WITH changed AS (
            UPDATE docacl.resource AS x SET name = r.name, parent_id = CASE WHEN mirror_resources.kind = 'environment' THEN x.account_id ELSE q.id END
            FROM unnest(known) AS r LEFT JOIN docacl.resource AS q ON q.kind = ANY (parents) AND q.key = r.parent
            WHERE x.kind = mirror_resources.kind AND x.key = r.key
              AND (x.name, x.parent_id) IS DISTINCT FROM (r.name, CASE WHEN mirror_resources.kind = 'environment' THEN x.account_id ELSE q.id END)
            RETURNING x.id
        )
        SELECT array_agg(c.id) INTO moved FROM changed AS c;
    EXCEPTION WHEN unique_violation THEN
        RAISE EXCEPTION 'two resources of kind % would bear one name in one place', kind
            USING ERRCODE = '42710', HINT = 'Give the row another name, or another parent.';
    END;
    SELECT r.key INTO bad FROM unnest(rows) AS r
    WHERE r.parent IS NOT NULL AND kind <> 'environment'
      AND NOT EXISTS (SELECT FROM docacl.resource AS q WHERE q.kind = ANY (parents) AND q.key = r.parent) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% "%" refers to a parent that does not exist', kind, bad
            USING ERRCODE = '23503', HINT = 'Insert or mirror the parent first, or in the same statement.';
    END IF;
    SELECT r.key INTO bad FROM unnest(rows) AS r WHERE r.parent IS NULL AND kind IN ('company', 'client', 'provider') LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% "%" has no parent', kind, bad USING ERRCODE = '23502', HINT = 'A company lies in an environment, a party in a company.';
    END IF;
    SELECT x.key INTO bad FROM docacl.resource AS x JOIN unnest(rows) AS r ON r.key = x.key
    WHERE x.kind = mirror_resources.kind AND x.account_id <> coalesce(fixed, docacl.mirror_account(r.account)) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% "%" cannot become another account''s', kind, bad USING ERRCODE = '0A000', HINT = 'Delete it there and insert it here.';
    END IF;
    SELECT x.key INTO bad FROM docacl.resource AS x JOIN docacl.resource AS q ON q.id = x.parent_id
    WHERE x.id = ANY (coalesce(made, '{}') || coalesce(moved, '{}')) AND q.account_id <> x.account_id LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% "%" refers to a parent of another account', kind, bad USING ERRCODE = '23514', HINT = 'Name a parent of its own account.';
    END IF;
    IF kind = ANY (parents) THEN
        PERFORM docacl.mirror_cycle(kind, made, moved);
    END IF;
    IF kind = 'project' AND made IS NOT NULL THEN
        PERFORM docacl.mirror_creator(made);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION docacl.mirror_resources(text, bigint, docacl.mirrored[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION docacl.mirror_resources(text, bigint, docacl.mirrored[], boolean) IS 'Makes, renames and moves the resources that these rows are; adopt: those of the name that have no key become theirs.';

CREATE FUNCTION docacl.mirror_creator(made bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who    docacl.principal;
    change bigint;
BEGIN
    -- As acl_create: a user, or an API key, who does it in his own name; not a superuser, nor system. This setting says what
    -- the session's role is, whatever function runs.
    IF current_setting('is_superuser')::boolean THEN
        RETURN;
    END IF;
    SELECT p.* INTO who FROM docacl.principal AS p
    WHERE p.id = @extschema@.acl_user_id() AND p.kind IN ('user', 'api_key') AND p.enabled AND coalesce(p.valid_until > now(), true);
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT bit_or(1::bigint << a.bit) INTO change FROM docacl.action AS a
    WHERE a.built_in AND a.name = ANY ('{read,preview,print,download,email,export,calendar,subscription,reading_request,write,move,rename,custom_id,revision,add,import,delete}');
    INSERT INTO docacl.grants (account_id, principal_id, resource_id, actions, source, granted_by)
    SELECT r.account_id, who.id, r.id, change, 'creator', who.id FROM docacl.resource AS r
    WHERE r.account_id = who.account_id AND (r.id = ANY (made) OR r.kind = 'project' AND r.is_star
        AND EXISTS (SELECT FROM docacl.account_option AS o WHERE o.account_id = who.account_id AND o.name = 'project_creator' AND o.value = 'all')
        AND NOT EXISTS (SELECT FROM docacl.grants AS g WHERE g.principal_id = who.id AND g.resource_id = r.id AND g.revoked_at IS NULL AND g.actions & change = change
                        AND g.source IN ('manual', 'creator') AND g.valid_from IS NULL AND g.valid_until IS NULL));
END
$$;
REVOKE ALL ON FUNCTION docacl.mirror_creator(bigint[]) FROM PUBLIC;
COMMENT ON FUNCTION docacl.mirror_creator(bigint[]) IS 'Gives who made these projects what acl_create would have given him.';

CREATE FUNCTION docacl.mirror_cycle(kind text, made bigint[], moved bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    reached bigint;
    round   boolean;
BEGIN
    -- Of new ones: whatever a walk down from those whose parent is not new does not reach, goes round.
    WITH RECURSIVE young (id, parent_id) AS MATERIALIZED (
        SELECT r.id, r.parent_id FROM docacl.resource AS r WHERE r.id = ANY (made)
    ), down (id) AS (
        SELECT n.id FROM young AS n WHERE NOT EXISTS (SELECT FROM young AS p WHERE p.id = n.parent_id)
        UNION ALL
        SELECT n.id FROM down AS d JOIN young AS n ON n.parent_id = d.id
    )
    SELECT count(*) INTO reached FROM down;
    round := reached < coalesce(cardinality(made), 0);
    IF NOT round AND moved IS NOT NULL THEN
        -- Against another session that moves something in the same account: acl_move takes this lock as well.
        PERFORM FROM docacl.resource AS a WHERE a.id IN (SELECT r.account_id FROM docacl.resource AS r WHERE r.id = ANY (moved)) ORDER BY a.id FOR NO KEY UPDATE;
        WITH RECURSIVE up (start, at) AS (
            SELECT r.id, r.parent_id FROM docacl.resource AS r WHERE r.id = ANY (moved) AND r.parent_id IS NOT NULL
            UNION
            SELECT u.start, r.parent_id FROM up AS u JOIN docacl.resource AS r ON r.id = u.at WHERE r.parent_id IS NOT NULL
        )
        SELECT EXISTS (SELECT FROM up AS u WHERE u.start = u.at) INTO round;
    END IF;
    IF round THEN
        RAISE EXCEPTION 'a % would lie below itself', kind USING ERRCODE = '23514', HINT = 'Give it a parent that is not below it.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION docacl.mirror_cycle(text, bigint[], bigint[]) FROM PUBLIC;
COMMENT ON FUNCTION docacl.mirror_cycle(text, bigint[], bigint[]) IS 'Refuses parents that lead back: 23514.';

CREATE FUNCTION docacl.mirror_principals(kind text, fixed bigint, rows docacl.mirrored[], adopt boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made     bigint[];
    ids      bigint[];
    gone     bigint[];
    bad      text;
BEGIN
    PERFORM docacl.mirror_check(kind, fixed, rows);
    PERFORM FROM docacl.resource AS a WHERE a.id IN (SELECT coalesce(fixed, docacl.mirror_account(r.account)) FROM unnest(rows) AS r) ORDER BY a.id FOR NO KEY UPDATE;
    IF adopt THEN
        UPDATE docacl.principal AS x SET key = r.key FROM unnest(rows) AS r
        WHERE x.account_id = coalesce(fixed, docacl.mirror_account(r.account)) AND x.kind = mirror_principals.kind AND x.key IS NULL
          AND x.built_in IS DISTINCT FROM 'everyone' AND (x.name = r.name OR x.email_folded = lower(r.email))
          AND NOT EXISTS (SELECT FROM docacl.principal AS y WHERE y.key = r.key);
    END IF;
    SELECT array_agg(a.account_id) INTO gone
    FROM (SELECT DISTINCT x.account_id FROM docacl.principal AS x JOIN unnest(rows) AS r ON r.key = x.key
          WHERE x.enabled AND NOT coalesce(r.enabled, x.enabled)) AS a
    WHERE EXISTS (SELECT FROM docacl.administrators(a.account_id));
    BEGIN
        -- What the mirror has no column for, or says nothing of, stays: a user who was disabled by hand stays disabled.
        UPDATE docacl.principal AS x SET name = r.name, email = coalesce(r.email, x.email), enabled = coalesce(r.enabled, x.enabled)
        FROM unnest(rows) AS r
        WHERE x.kind = mirror_principals.kind AND x.key = r.key
          AND (x.name, x.email, x.enabled) IS DISTINCT FROM (r.name, coalesce(r.email, x.email), coalesce(r.enabled, x.enabled));
        WITH inserted AS (
            INSERT INTO docacl.principal (account_id, kind, name, email, key, enabled)
            SELECT coalesce(fixed, docacl.mirror_account(r.account)), mirror_principals.kind, r.name, r.email, r.key, coalesce(r.enabled, true)
            FROM unnest(rows) AS r WHERE NOT EXISTS (SELECT FROM docacl.principal AS x WHERE x.key = r.key)
            RETURNING id
        )
        SELECT array_agg(i.id) INTO made FROM inserted AS i;
    EXCEPTION WHEN unique_violation THEN
        RAISE EXCEPTION 'two principals would bear one name, e-mail or key' USING ERRCODE = '42710',
            HINT = 'Names are unique over the users, roles and API keys of an account, e-mails and keys over the installation.';
    END;
    SELECT r.key INTO bad FROM unnest(rows) AS r LEFT JOIN docacl.principal AS x ON x.key = r.key
    WHERE x.id IS NULL OR x.kind <> mirror_principals.kind OR x.account_id <> coalesce(fixed, docacl.mirror_account(r.account)) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'principal with key "%" already exists', bad USING ERRCODE = '42710', HINT = 'It is of another kind or account; keys are unique over the installation.';
    END IF;
    SELECT array_agg(x.id) INTO ids FROM docacl.principal AS x JOIN unnest(rows) AS r ON r.key = x.key;
    -- What is meant for one must not reach another: see acl_create_user.
    -- Sub-selects, one probe of an index each: statistics know nothing yet of what a bulk load has just brought.
    IF EXISTS (SELECT FROM docacl.principal AS x CROSS JOIN LATERAL (VALUES (x.name), (x.email), (x.email_folded)) AS t (text)
               WHERE x.id = ANY (ids) AND (SELECT CASE WHEN y.account_id = x.account_id THEN y.id END FROM docacl.principal AS y WHERE y.key = t.text) <> x.id)
       OR EXISTS (SELECT FROM docacl.principal AS x CROSS JOIN LATERAL (VALUES (x.key), (x.email), (x.email_folded)) AS t (text)
                  WHERE x.id = ANY (ids) AND (SELECT y.id FROM docacl.principal AS y WHERE y.account_id = x.account_id AND y.name = t.text) <> x.id)
       OR EXISTS (SELECT FROM docacl.principal AS x CROSS JOIN LATERAL (VALUES (lower(x.name)), (lower(x.key))) AS t (text)
                  WHERE x.id = ANY (ids) AND (SELECT CASE WHEN y.account_id = x.account_id THEN y.id END FROM docacl.principal AS y WHERE y.email_folded = t.text) <> x.id)
    THEN
        RAISE EXCEPTION 'a name, e-mail or key would be another principal''s' USING ERRCODE = '42710', HINT = 'Choose names, e-mails and keys that nobody else in the account goes by.';
    END IF;
    IF kind = 'user' THEN
        SELECT r.key INTO bad FROM unnest(rows) AS r WHERE r.email !~ '^[^@[:space:]]+@[^@[:space:]]+$' LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'the e-mail of user "%" is none', bad USING ERRCODE = '22023', HINT = 'Write it as name@host.';
        END IF;
        PERFORM docacl.mirror_members(array_agg(r)) FROM unnest(rows) AS r WHERE r.role IS NOT NULL HAVING count(*) > 0;
        INSERT INTO docacl.membership (account_id, role_id, member_id, source)
        SELECT x.account_id, d.id, x.id, CASE WHEN d.is_default THEN 'manual' ELSE 'mirror' END
        FROM docacl.principal AS x JOIN unnest(rows) AS r ON r.key = x.key
        JOIN docacl.principal AS d ON d.account_id = x.account_id AND d.kind = 'role' AND (d.is_default OR r.role IS NULL AND d.built_in = 'users')
        WHERE x.id = ANY (made)
          AND (SELECT m.id FROM docacl.membership AS m WHERE m.member_id = x.id AND m.role_id + 0 = d.id AND m.revoked_at IS NULL LIMIT 1) IS NULL;
    END IF;
    PERFORM docacl.mirror_keep_administrators(gone);
END
$$;
REVOKE ALL ON FUNCTION docacl.mirror_principals(text, bigint, docacl.mirrored[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION docacl.mirror_principals(text, bigint, docacl.mirrored[], boolean) IS 'Makes and changes the users or roles that these rows are; a new user joins its role, else Users, and every default role.';

CREATE FUNCTION docacl.mirror_keep_administrators(accounts bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM unnest(accounts) AS a (id) WHERE NOT EXISTS (SELECT FROM docacl.administrators(a.id))) THEN
        RAISE EXCEPTION 'the last enabled administrator of an account cannot be removed'
            USING ERRCODE = '55000', HINT = 'Put another enabled user in the admin role first.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION docacl.mirror_keep_administrators(bigint[]) FROM PUBLIC;
COMMENT ON FUNCTION docacl.mirror_keep_administrators(bigint[]) IS 'Refuses to leave an account without an administrator: 55000. Takes accounts that had some.';

CREATE FUNCTION docacl.mirror_pairs(rows docacl.mirrored[]) RETURNS TABLE (key text, account_id bigint, role_id bigint, member_id bigint)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT r.key, p.account_id, coalesce(
               (SELECT CASE WHEN o.kind = 'role' AND o.account_id = p.account_id THEN o.id END FROM docacl.principal AS o WHERE o.key = r.role),
               (SELECT CASE WHEN o.kind = 'role' AND o.built_in IS DISTINCT FROM 'everyone' THEN o.id END
                FROM docacl.principal AS o WHERE o.account_id = p.account_id AND o.name = r.role)), p.id
    FROM unnest(rows) AS r JOIN docacl.principal AS p ON p.key = r.key;
END
$$;
REVOKE ALL ON FUNCTION docacl.mirror_pairs(docacl.mirrored[]) FROM PUBLIC;
COMMENT ON FUNCTION docacl.mirror_pairs(docacl.mirrored[]) IS 'The memberships that these rows are: the member by key, the role by key, else by name, in the member''s account.';

CREATE FUNCTION docacl.mirror_lock(rows docacl.mirrored[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM docacl.resource AS a
    WHERE a.id IN (SELECT p.account_id FROM unnest(rows) AS r JOIN docacl.principal AS p ON p.key = r.key) ORDER BY a.id FOR NO KEY UPDATE;
END
$$;
REVOKE ALL ON FUNCTION docacl.mirror_lock(docacl.mirrored[]) FROM PUBLIC;
COMMENT ON FUNCTION docacl.mirror_lock(docacl.mirrored[]) IS 'Against another session that changes how the roles of these accounts hang together: the lock that acl_assign takes.';

CREATE FUNCTION docacl.mirror_members(rows docacl.mirrored[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    bad text;
BEGIN
    PERFORM docacl.mirror_lock(rows);
    SELECT r.key INTO bad FROM unnest(rows) AS r LEFT JOIN docacl.principal AS p ON p.key = r.key WHERE p.id IS NULL LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'a membership refers to no principal with key "%"', bad USING ERRCODE = '23503', HINT = 'Insert or mirror the user first.';
    END IF;
    SELECT r.key INTO bad FROM docacl.mirror_pairs(rows) AS r WHERE r.role_id IS NULL LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'a membership of "%" refers to no role that exists', bad
            USING ERRCODE = '23503', HINT = 'The role is named by its key, else its name; it must be of the same account.';
    END IF;
    INSERT INTO docacl.membership (account_id, role_id, member_id, source)
    SELECT DISTINCT r.account_id, r.role_id, r.member_id, 'mirror' FROM docacl.mirror_pairs(rows) AS r
    -- A probe for each, by its member: statistics know nothing of a bulk load, and an anti-join would be quadratic.
    WHERE (SELECT m.id FROM docacl.membership AS m WHERE m.member_id = r.member_id AND m.role_id + 0 = r.role_id AND m.revoked_at IS NULL
           AND m.valid_from IS NULL AND m.valid_until IS NULL LIMIT 1) IS NULL;
    -- Roles in roles: none may lead back to itself.
    IF EXISTS (
        WITH RECURSIVE up (start, at) AS (
            SELECT p.id, m.role_id FROM unnest(rows) AS r JOIN docacl.principal AS p ON p.key = r.key AND p.kind = 'role'
            JOIN docacl.membership AS m ON m.member_id = p.id AND m.revoked_at IS NULL
            UNION
            SELECT u.start, m.role_id FROM up AS u JOIN docacl.membership AS m ON m.member_id = u.at AND m.revoked_at IS NULL
        )
        SELECT FROM up AS u WHERE u.start = u.at
    ) THEN
        RAISE EXCEPTION 'a role would be a member of itself' USING ERRCODE = '23514', HINT = 'No role may lead back to itself.';
    END IF;
    IF EXISTS (SELECT FROM unnest(rows) AS r JOIN docacl.principal AS p ON p.key = r.key AND p.read_only
               CROSS JOIN LATERAL docacl.administrators(p.account_id) AS a (id) WHERE a.id = p.id) THEN
        RAISE EXCEPTION 'a read-only user cannot be put in an admin role'
            USING ERRCODE = '23514', HINT = 'Make the user an ordinary one first: acl_alter_user(…, read_only => false).';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION docacl.mirror_members(docacl.mirrored[]) FROM PUBLIC;
COMMENT ON FUNCTION docacl.mirror_members(docacl.mirrored[]) IS 'Makes the memberships that these rows are.';

CREATE FUNCTION docacl.mirror_close(rows docacl.mirrored[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    accounts bigint[];
BEGIN
    PERFORM docacl.mirror_lock(rows);
    SELECT array_agg(a.account_id) INTO accounts FROM (SELECT DISTINCT r.account_id FROM docacl.mirror_pairs(rows) AS r) AS a
    WHERE EXISTS (SELECT FROM docacl.administrators(a.account_id));
    UPDATE docacl.membership AS m SET revoked_at = now()
    WHERE m.id = ANY (ARRAY(SELECT o.id FROM docacl.mirror_pairs(rows) AS r CROSS JOIN LATERAL (
        SELECT h.id FROM docacl.membership AS h
        WHERE h.member_id = r.member_id AND h.role_id + 0 = r.role_id AND h.source = 'mirror' AND h.revoked_at IS NULL OFFSET 0) AS o));
    PERFORM docacl.mirror_keep_administrators(accounts);
END
$$;
REVOKE ALL ON FUNCTION docacl.mirror_close(docacl.mirrored[]) FROM PUBLIC;
COMMENT ON FUNCTION docacl.mirror_close(docacl.mirrored[]) IS 'Ends the memberships that these rows were.';

CREATE FUNCTION docacl.mirror_gone(kind text, fixed bigint, rows docacl.mirrored[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gone bigint[];
BEGIN
    IF kind = 'member' THEN
        PERFORM docacl.mirror_close(rows);
    ELSIF kind IN ('user', 'role') THEN
        PERFORM docacl.mirror_lock(rows);
        SELECT array_agg(a.account_id) INTO gone
        FROM (SELECT DISTINCT p.account_id FROM unnest(rows) AS r JOIN docacl.principal AS p ON p.key = r.key) AS a
        WHERE EXISTS (SELECT FROM docacl.administrators(a.account_id));
        -- Of its own account: a key that was free again may be another's by now.
        DELETE FROM docacl.principal AS p USING unnest(rows) AS r
        WHERE p.key = r.key AND p.kind = mirror_gone.kind AND p.built_in IS NULL
          AND coalesce(p.account_id = coalesce(fixed, docacl.mirror_account(r.account)), false);
        PERFORM docacl.mirror_keep_administrators(gone);
    ELSIF kind = 'account' THEN
        IF NOT EXISTS (SELECT FROM unnest(rows) AS r JOIN docacl.resource AS x ON x.kind = 'account' AND x.key = r.key) THEN
            RETURN;
        END IF;
        RAISE EXCEPTION 'a mirrored account is not deleted with its row' USING ERRCODE = '0A000', HINT = 'Drop what is in it, then call acl_drop(''account'', …), then delete the row.';
    ELSE
        DELETE FROM docacl.resource AS x USING unnest(rows) AS r
        WHERE x.kind = mirror_gone.kind AND x.key = r.key
          AND coalesce(x.account_id = coalesce(fixed, docacl.mirror_account(r.account)), false);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION docacl.mirror_gone(text, bigint, docacl.mirrored[]) FROM PUBLIC;
COMMENT ON FUNCTION docacl.mirror_gone(text, bigint, docacl.mirrored[]) IS 'Removes what these rows were, with its grants; 23503 while children refer to it.';

CREATE FUNCTION docacl.mirror_apply(kind text, fixed bigint, rows docacl.mirrored[], adopt boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    mode CONSTANT text := current_setting('plan_cache_mode');
BEGIN
    PERFORM docacl.plan_anew(cardinality(rows));
    IF kind = 'member' THEN
        PERFORM docacl.mirror_members(rows);
    ELSIF kind IN ('user', 'role') THEN
        PERFORM docacl.mirror_principals(kind, fixed, rows, adopt);
    ELSE
        PERFORM docacl.mirror_resources(kind, fixed, rows, adopt);
    END IF;
    PERFORM docacl.plan_as(mode);
END
$$;
REVOKE ALL ON FUNCTION docacl.mirror_apply(text, bigint, docacl.mirrored[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION docacl.mirror_apply(text, bigint, docacl.mirrored[], boolean) IS 'Makes and changes what these rows are.';

-- One column as text, or null where the mirror has none.
CREATE FUNCTION docacl.mirror_row(source text, columns jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('ROW(%s)::docacl.mirrored', string_agg(CASE WHEN columns ? c.name THEN format('%s.%I::%s', source, columns ->> c.name, c.type) ELSE 'NULL' END, ', ' ORDER BY c.at))
    FROM (VALUES (1, 'key', 'text'), (2, 'name', 'text'), (3, 'parent', 'text'), (4, 'account', 'text'), (5, 'email', 'text'), (6, 'role', 'text'), (7, 'enabled', 'boolean')) AS c (at, name, type)
$$;
REVOKE ALL ON FUNCTION docacl.mirror_row(text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION docacl.mirror_row(text, jsonb) IS 'The expression that makes docacl.mirrored of a row of the application''s table.';

CREATE FUNCTION docacl.follow_mirror() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    m      docacl.mirror;
    rows   docacl.mirrored[];
    before docacl.mirrored[];
    keyed  text;
    ids    bigint[];
    mode   CONSTANT text := current_setting('plan_cache_mode');
BEGIN
    SELECT x.* INTO m FROM docacl.mirror AS x WHERE x.relation = TG_RELID AND x.kind = TG_ARGV[0];
    IF NOT FOUND THEN
        RAISE EXCEPTION 'table "%" is no longer mirrored', TG_TABLE_NAME USING ERRCODE = '55000', HINT = 'Call acl_mirror again, or drop the trigger.';
    END IF;
    -- Each is cast to text below, as the owner of docacl: a type of the table's owner brings a cast of his.
    IF EXISTS (SELECT FROM jsonb_each_text(m.columns) AS c LEFT JOIN pg_catalog.pg_attribute AS a
                   ON a.attrelid = TG_RELID AND a.attname = c.value AND NOT a.attisdropped
               WHERE (a.atttypid = ANY ('{int2,int4,int8,uuid,text,varchar,bool}'::regtype[]::oid[])) IS NOT TRUE) THEN
        RAISE EXCEPTION 'a mirrored column of table "%" was renamed, dropped or given another type', TG_TABLE_NAME
            USING ERRCODE = '42804', HINT = 'Call acl_mirror again with the columns as they are.';
    END IF;
    IF TG_OP = 'TRUNCATE' THEN
        RAISE EXCEPTION 'mirrored table "%" cannot be truncated', TG_TABLE_NAME USING ERRCODE = '0A000', HINT = 'Delete its rows.';
    ELSIF TG_OP = 'INSERT' THEN
        EXECUTE format('SELECT array_agg(%s) FROM new_rows AS n', docacl.mirror_row('n', m.columns)) INTO rows;
        PERFORM docacl.unmake(TG_RELID, m.kind, m.columns ->> 'key');
        PERFORM docacl.mirror_apply(m.kind, m.account_id, rows, false) WHERE rows IS NOT NULL;
    ELSIF TG_OP = 'DELETE' THEN
        EXECUTE format('SELECT array_agg(%s) FROM old_rows AS o', docacl.mirror_row('o', m.columns)) INTO rows;
        PERFORM docacl.plan_anew(cardinality(rows));
        -- As acl_drop: rows first, whoever is writing one holds his table and may want the resource next.
        -- A probe for each: statistics know nothing of a bulk load.
        SELECT array_agg(g.id) INTO ids
        FROM (SELECT (SELECT CASE WHEN x.account_id = coalesce(m.account_id, docacl.mirror_account(r.account)) THEN x.id END
                      FROM docacl.resource AS x WHERE x.kind = m.kind AND x.key = r.key) AS id
              FROM unnest(rows) AS r WHERE m.kind <> 'account') AS g WHERE g.id IS NOT NULL;
        PERFORM docacl.refuse_used(ids, TG_RELID, m.columns ->> 'key');
        PERFORM docacl.mirror_gone(m.kind, m.account_id, rows) WHERE rows IS NOT NULL;
    ELSIF m.kind = 'member' THEN
        EXECUTE format('SELECT array_agg(r) FROM (SELECT %s AS r FROM old_rows AS o EXCEPT SELECT %s FROM new_rows AS n) AS t',
            docacl.mirror_row('o', m.columns), docacl.mirror_row('n', m.columns)) INTO before;
        EXECUTE format('SELECT array_agg(r) FROM (SELECT %s AS r FROM new_rows AS n EXCEPT SELECT %s FROM old_rows AS o) AS t',
            docacl.mirror_row('n', m.columns), docacl.mirror_row('o', m.columns)) INTO rows;
        PERFORM docacl.plan_anew(greatest(cardinality(rows), cardinality(before)));
        -- New ones first: of an account's administrators one must be left at any time.
        PERFORM docacl.mirror_members(rows) WHERE rows IS NOT NULL;
        PERFORM docacl.mirror_close(before) WHERE before IS NOT NULL;
    ELSE
        keyed := format('%I', m.columns ->> 'key');
        EXECUTE format('SELECT array_agg(o.%1$s::text) FROM old_rows AS o WHERE NOT EXISTS (SELECT FROM new_rows AS n WHERE n.%1$s = o.%1$s)', keyed) INTO keyed;
        IF keyed IS NOT NULL THEN
            RAISE EXCEPTION 'the key of a mirrored row cannot change' USING ERRCODE = '0A000',
                HINT = 'Grants and documents refer to it. Insert a row with the new key, move what refers to the old one, and delete that.';
        END IF;
        keyed := format('%I', m.columns ->> 'key');
        EXECUTE format('SELECT array_agg(%1$s), array_agg(%2$s) FILTER (WHERE %4$s IS NOT NULL AND %4$s IS DISTINCT FROM %5$s)
                        FROM old_rows AS o JOIN new_rows AS n ON n.%3$s = o.%3$s WHERE %1$s IS DISTINCT FROM %2$s',
            docacl.mirror_row('n', m.columns), docacl.mirror_row('o', m.columns), keyed,
            CASE WHEN m.columns ? 'role' THEN format('o.%I', m.columns ->> 'role') ELSE 'NULL' END,
            CASE WHEN m.columns ? 'role' THEN format('n.%I', m.columns ->> 'role') ELSE 'NULL' END)
        INTO rows, before;
        PERFORM docacl.plan_anew(greatest(cardinality(rows), cardinality(before)));
        PERFORM docacl.mirror_apply(m.kind, m.account_id, rows, false) WHERE rows IS NOT NULL;
        PERFORM docacl.mirror_close(before) WHERE before IS NOT NULL;
    END IF;
    PERFORM docacl.plan_as(mode);
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION docacl.follow_mirror() FROM PUBLIC;
COMMENT ON FUNCTION docacl.follow_mirror() IS 'Keeps docacl''s resources, principals and memberships as the rows of a mirrored table are.';

SELECT pg_catalog.pg_extension_config_dump('docacl.mirror'::regclass, 'ORDER BY relation::pg_catalog.text, kind');

CREATE FUNCTION "acl_mirror"(
	"relation" regclass,
	"kind" TEXT,
	"key_column" TEXT,
	"name_column" TEXT,
	"parent_column" TEXT DEFAULT NULL,
	"account_column" TEXT DEFAULT NULL,
	"email_column" TEXT DEFAULT NULL,
	"role_column" TEXT DEFAULT NULL,
	"enabled_column" TEXT DEFAULT NULL
) RETURNS bigint
LANGUAGE c
AS 'MODULE_PATHNAME', 'acl_mirror_wrapper';

CREATE FUNCTION "acl_mirror_members"(
	"relation" regclass,
	"role_column" TEXT,
	"member_column" TEXT
) RETURNS bigint
LANGUAGE c
AS 'MODULE_PATHNAME', 'acl_mirror_members_wrapper';

CREATE FUNCTION "acl_unmirror"(
	"relation" regclass,
	"kind" TEXT DEFAULT NULL
) RETURNS VOID
LANGUAGE c
AS 'MODULE_PATHNAME', 'acl_unmirror_wrapper';

COMMENT ON FUNCTION acl_mirror(regclass, text, text, text, text, text, text, text, text) IS 'Keeps the rows of an application''s table as resources of a kind, as users or as roles, now and through every later insert, update and delete; returns how many there are. key_column (unique) becomes the key, name_column the name, parent_column names the parent by its key (companies: the environment, parties: the company), account_column the account by key or name (left out: the account at hand), email_column and role_column (a role by key or name; left out or null: Users) of users, enabled_column of users and roles. What has the name already and no key is taken over now, never later. The key of a row cannot change (0A000), the table cannot be truncated (0A000). Whoever may write the table administers what it holds; a user who adds a project gets of it what acl_create would give him. Superusers and system. 42703 no such column, 42804 a column of the wrong type, 22023 a key that is not unique, a column that does not belong to the kind or a name that is none, 42710 a name, e-mail or key that is taken, 23503 a parent, role or account that does not exist, 23514 a cycle or a parent of another account, 42809 no ordinary table, 0A000 a partitioned one.';
COMMENT ON FUNCTION acl_mirror_members(regclass, text, text) IS 'Keeps the rows of an application''s table as memberships, now and through every later change; returns how many there are. The columns, unique together, hold the role''s key (or name) and the member''s key. Such memberships are not taken away by hand (0A000). Called again, it ends those that no row of a mirrored table gives any more. Errors as acl_mirror, 23514 a role in itself, 55000 the last administrator of an account.';
COMMENT ON FUNCTION acl_unmirror(regclass, text) IS 'Ends the mirrors of a table, or the one of a kind (member: memberships); what they made stays, memberships as if made by hand. Superusers and system. 55000 a table that is not mirrored.';

-- Tokens, API keys, the function entered.
CREATE FUNCTION acl_login(token text, local boolean DEFAULT true) RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'acl_login_wrapper';
CREATE FUNCTION acl_logout() RETURNS void
LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'acl_logout_wrapper';
CREATE FUNCTION acl_enter(function text, local boolean DEFAULT true) RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'acl_enter_wrapper';
CREATE FUNCTION acl_issue_token(principal text, ttl interval) RETURNS text
LANGUAGE c AS 'MODULE_PATHNAME', 'acl_issue_token_wrapper';
CREATE FUNCTION acl_add_token_key(kid text, algorithm text, key text) RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'acl_add_token_key_wrapper';
CREATE FUNCTION acl_drop_token_key(kid text) RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'acl_drop_token_key_wrapper';
CREATE FUNCTION acl_create_api_key(environment text, name text, role text DEFAULT NULL, valid_until timestamptz DEFAULT NULL) RETURNS text
LANGUAGE c AS 'MODULE_PATHNAME', 'acl_create_api_key_wrapper';
CREATE FUNCTION acl_revoke_api_key(environment text, name text) RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'acl_revoke_api_key_wrapper';
COMMENT ON FUNCTION acl_login(text, boolean) IS 'Says who is asking, by a signed token (JWT) or an API key; local: for the transaction, else for the session. Within a transaction the first such login stands. A session that a login was refused to is nobody. 28000 refused (one message for whatever is wrong with the token or its principal), another login in this transaction, cursors of another identity, or docacl.require_local; 22023 longer than 8 kB; 25P01 local and no transaction.';
COMMENT ON FUNCTION acl_logout() IS 'The session is nobody again, or what its database role is mapped to, has entered no function, and its cursors WITH HOLD are closed.';
COMMENT ON FUNCTION acl_enter(text, boolean) IS 'Says which function (screen) is in use, by name or path; null leaves it; local: for the transaction, else for the session. Tables that name functions ask that one, if it is one of theirs, and show nothing otherwise. 42704 unknown or not seen, 42725 ambiguous, 25P01 local and no transaction, 28000 docacl.require_local.';
COMMENT ON FUNCTION acl_issue_token(text, interval) IS 'A token for a user or API key, signed with the HS256 key added last; it expires after ttl. For superusers and system: 42501; 55000 no such key, 22023 a ttl of less than a second or more than ten years, 42809 a role, 42704 unknown.';
COMMENT ON FUNCTION acl_add_token_key(text, text, text) IS 'Adds a key that tokens with this kid are verified with, by the one algorithm given: HS256 with a secret of at least 32 bytes, RS256, ES256 or EdDSA with a public key in PEM or as a JWK. For superusers: 42501; 42710 exists, 22023 unknown algorithm, or a key that is not for it.';
COMMENT ON FUNCTION acl_drop_token_key(text) IS 'Ends a key for tokens; tokens signed with it are refused from now on. For superusers: 42501; 42704 unknown.';
COMMENT ON FUNCTION acl_create_api_key(text, text, text, timestamptz) IS 'Makes an API key of an environment, a principal that never leaves it, puts it in a role if one is given, and returns the key, which cannot be shown again. 42501 without manage_api_keys on the account or the environment, or for a role that one may not hand out; 42710 taken, 22023 bad name or valid_until, 42704 unknown, 42725 ambiguous.';
COMMENT ON FUNCTION acl_revoke_api_key(text, text) IS 'Ends an API key of an environment with what it held; without effect where it was revoked already. 42501 without manage_api_keys on the account or the environment, 42704 unknown, 42725 ambiguous.';

-- Who may log in by what: keys for tokens, API keys, and the installation's own secret (src/login/). Nobody but the
-- extension's owner reads them, docacl's own code past privileges.

CREATE TABLE docacl.token_key (
    kid        text PRIMARY KEY,
    algorithm  text NOT NULL CHECK (algorithm IN ('HS256', 'RS256', 'ES256', 'EdDSA')),
    key        text NOT NULL,
    number     bigint GENERATED ALWAYS AS IDENTITY,
    added_at   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE docacl.token_key IS 'Keys that tokens are verified with, by their kid. A dump carries the public keys; shared secrets (HS256) it leaves out, for who reads it could make tokens.';
COMMENT ON COLUMN docacl.token_key.kid IS 'What the header of a token calls the key.';
COMMENT ON COLUMN docacl.token_key.number IS 'In the order in which they were added: tokens are issued with the last one for HS256.';
COMMENT ON COLUMN docacl.token_key.added_at IS 'When it was added.';
COMMENT ON COLUMN docacl.token_key.algorithm IS 'The only one that the key is used with, whatever a token says.';
COMMENT ON COLUMN docacl.token_key.key IS 'HS256: the secret itself. Else a public key, in PEM or as a JWK.';

CREATE TABLE docacl.api_key (
    principal_id  bigint PRIMARY KEY,
    prefix        text NOT NULL,
    hash          bytea NOT NULL,
    created_by    bigint,
    created_at    timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE docacl.api_key IS 'What an API key (a principal of an environment) logs in with. Without a row here it cannot: it was revoked.';
COMMENT ON COLUMN docacl.api_key.prefix IS 'The characters of the key by which it is found. Not secret.';
COMMENT ON COLUMN docacl.api_key.hash IS 'HMAC-SHA-256 of the key under docacl.secret.';
CREATE UNIQUE INDEX api_key_prefix ON docacl.api_key (prefix);

CREATE TABLE docacl.api_key_use (
    principal_id  bigint PRIMARY KEY,
    at            timestamptz
);
COMMENT ON TABLE docacl.api_key_use IS 'When an API key was used last: written at most every five minutes, not on a standby, in a read-only transaction or above READ COMMITTED, and gone with a transaction that rolls back. Apart from docacl.api_key, so that nobody who revokes a key waits for a transaction of the key''s.';

CREATE TABLE docacl.secret (
    name   text PRIMARY KEY,
    value  bytea NOT NULL
);
COMMENT ON TABLE docacl.secret IS 'Secrets of the installation, made at random when they are first needed: api_key, under which API keys are hashed.';

REVOKE ALL ON docacl.token_key, docacl.api_key, docacl.api_key_use, docacl.secret FROM PUBLIC;

-- The hashes are dumped with their secret, or every API key would end with a restore: neither gives a key away, which is
-- 256 random bits.
DO $$
BEGIN
    PERFORM pg_catalog.pg_extension_config_dump('docacl.token_key', 'WHERE algorithm <> ''HS256'' ORDER BY kid');
    PERFORM pg_catalog.pg_extension_config_dump('docacl.token_key_number_seq', '');
    PERFORM pg_catalog.pg_extension_config_dump('docacl.api_key', 'ORDER BY principal_id');
    PERFORM pg_catalog.pg_extension_config_dump('docacl.api_key_use', 'ORDER BY principal_id');
    PERFORM pg_catalog.pg_extension_config_dump('docacl.secret', 'ORDER BY name');
END
$$;

-- One stamp for all keys: what was verified under another is verified again. See sql/stamps.sql.
CREATE FUNCTION docacl.touch_token_keys() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM docacl.touch(3::smallint, ARRAY[0]::bigint[]);
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION docacl.touch_token_keys() FROM PUBLIC;
COMMENT ON FUNCTION docacl.touch_token_keys() IS 'Gives the keys for tokens a new stamp.';
CREATE TRIGGER stamp AFTER INSERT OR UPDATE OR DELETE ON docacl.token_key FOR EACH STATEMENT EXECUTE FUNCTION docacl.touch_token_keys();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON docacl.token_key FOR EACH STATEMENT EXECUTE FUNCTION docacl.refuse_truncate();
COMMENT ON TABLE docacl.stamp IS 'One value per principal (kind 1: its grants, memberships and state), per account (kind 2: parents, inherits and keys of existing resources) and for the keys for tokens (kind 3), changed whenever what it stands for changes.';

CREATE FUNCTION docacl.api_keys_gone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gone bigint[] := ARRAY(SELECT o.id FROM old_rows AS o WHERE o.kind = 'api_key');
BEGIN
    IF gone <> '{}' THEN
        DELETE FROM docacl.api_key AS k WHERE k.principal_id = ANY (gone);
        DELETE FROM docacl.api_key_use AS u WHERE u.principal_id = ANY (gone);
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION docacl.api_keys_gone() FROM PUBLIC;
COMMENT ON FUNCTION docacl.api_keys_gone() IS 'What an API key logs in with goes with its principal.';
CREATE TRIGGER api_keys_gone AFTER DELETE ON docacl.principal REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.api_keys_gone();

ALTER TABLE docacl.token_key ENABLE ALWAYS TRIGGER stamp;
ALTER TABLE docacl.token_key ENABLE ALWAYS TRIGGER no_truncate;
ALTER TABLE docacl.principal ENABLE ALWAYS TRIGGER api_keys_gone;

-- When keys were used last may be seen by whoever sees the key's principal; prefix and hash by nobody.
ALTER TABLE docacl.api_key_use ENABLE ROW LEVEL SECURITY;
CREATE POLICY docacl_sees ON docacl.api_key_use FOR SELECT USING (docacl.sees_principal(principal_id));
GRANT SELECT ON docacl.api_key_use TO PUBLIC;

CREATE VIEW docacl.api_key_list WITH (security_invoker = true, security_barrier = true) AS
    SELECT docacl.path(p.environment_id) AS environment, p.name, p.id, p.enabled, p.valid_until, u.at AS last_used,
           docacl.principal_name(p.created_by) AS created_by, p.created_at
    FROM docacl.principal AS p LEFT JOIN docacl.api_key_use AS u ON u.principal_id = p.id
    WHERE p.kind = 'api_key';
COMMENT ON VIEW docacl.api_key_list IS 'The API keys that the reader may see, and when they were used last. A key that was revoked is not enabled.';
COMMENT ON COLUMN docacl.api_key_list.environment IS 'The environment that the key never leaves.';
COMMENT ON COLUMN docacl.api_key_list.last_used IS 'To about five minutes; null: not yet, or not written down.';
COMMENT ON COLUMN docacl.api_key_list.created_by IS 'Null where the reader may not see who it was.';
GRANT SELECT ON docacl.api_key_list TO PUBLIC;
-- End of tokens and API keys.

-- That a resource was made: it touches no stamp (sql/stamps.sql), but lists of what opens lack it. Rows' own lists aside.
CREATE FUNCTION docacl.note_creation() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM new_rows AS n WHERE n.kind <> 'document') THEN
        PERFORM setval('docacl.change'::regclass, 1 + ('x0' || right(replace(gen_random_uuid()::text, '-', ''), 15))::bit(64)::bigint);
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION docacl.note_creation() FROM PUBLIC;
COMMENT ON FUNCTION docacl.note_creation() IS 'Gives docacl.change another value where a resource was made that is no row''s own list.';

CREATE TRIGGER note_creation AFTER INSERT ON docacl.resource REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION docacl.note_creation();
CREATE TRIGGER note_replicated AFTER INSERT ON docacl.resource FOR EACH ROW
    WHEN (pg_catalog.current_setting('session_replication_role') = 'replica') EXECUTE FUNCTION docacl.note_change();
ALTER TABLE docacl.resource ENABLE ALWAYS TRIGGER note_creation, ENABLE ALWAYS TRIGGER note_replicated;

CREATE OR REPLACE FUNCTION docacl.forget_dropped() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    dropped oid[];
BEGIN
    SELECT array_agg(o.objid) INTO dropped FROM pg_catalog.pg_event_trigger_dropped_objects() AS o
    WHERE o.classid = 'pg_catalog.pg_class'::regclass AND o.objsubid = 0;
    -- DROP EXTENSION drops the tables that are asked here as well.
    IF dropped IS NULL OR EXISTS (
        SELECT FROM unnest('{protected_table,resource,queue_item,task,mirror,auto_grant,auto_pair}'::text[]) AS t (name) WHERE to_regclass('docacl.' || t.name) IS NULL) THEN
        RETURN;
    END IF;
    DELETE FROM docacl.protected_table AS p WHERE p.relation = ANY (dropped);
    IF FOUND THEN
        DELETE FROM docacl.resource AS r WHERE r.kind = 'document' AND r.relation = ANY (dropped);
    END IF;
    DELETE FROM docacl.queue_item AS i WHERE i.relation = ANY (dropped);
    DELETE FROM docacl.task AS t WHERE t.relation = ANY (dropped);
    DELETE FROM docacl.mirror AS m WHERE m.relation = ANY (dropped);
    DELETE FROM docacl.auto_grant AS a WHERE a.relation = ANY (dropped);
END
$$;
COMMENT ON FUNCTION docacl.forget_dropped() IS 'Forgets tables that were dropped: their protection, the own lists of their rows, items and tasks about these, rules with their grants, and mirrors; what a mirror made stays.';
COMMENT ON EVENT TRIGGER docacl_forget_dropped IS 'Keeps docacl''s own tables true when a table that they speak of is dropped.';

--
-- Limits.
--

CREATE TABLE docacl.resource_limit (
    resource_id  bigint PRIMARY KEY,
    account_id   bigint NOT NULL,
    actions      bigint NOT NULL CHECK (actions >= 0),
    set_by       bigint,
    set_at       timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE docacl.resource_limit IS 'The most that anybody but admins and system may do to rows under a resource, whatever is granted. A resource that is not here has no limit of its own.';
COMMENT ON COLUMN docacl.resource_limit.actions IS 'What is left, as the bits of grants.actions; 0: nothing.';
COMMENT ON COLUMN docacl.resource_limit.set_by IS 'Who set it: the id of a principal.';
COMMENT ON COLUMN docacl.resource_limit.set_at IS 'When it was set.';
CREATE INDEX resource_limit_account ON docacl.resource_limit (account_id);
REVOKE ALL ON docacl.resource_limit FROM PUBLIC;

SELECT pg_catalog.pg_extension_config_dump('docacl.resource_limit', 'ORDER BY resource_id');

-- As in sql/stamps.sql: keys are made with the limits of the account, so its structure is another now.
CREATE TRIGGER stamp_insert AFTER INSERT ON docacl.resource_limit REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION docacl.touch_changed('2', 'account_id');
CREATE TRIGGER stamp_update AFTER UPDATE ON docacl.resource_limit REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION docacl.touch_changed('2', 'account_id');
CREATE TRIGGER stamp_delete AFTER DELETE ON docacl.resource_limit REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION docacl.touch_changed('2', 'account_id');
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON docacl.resource_limit FOR EACH STATEMENT EXECUTE FUNCTION docacl.refuse_truncate();

-- As in sql/references.sql, and for the same reasons.
CREATE FUNCTION docacl.check_limit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM docacl.resource AS r WHERE r.id = NEW.resource_id AND r.account_id = NEW.account_id FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'docacl.% refers to a resource that does not exist', TG_TABLE_NAME
            USING ERRCODE = 'foreign_key_violation', HINT = 'Another session may have dropped it meanwhile.';
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION docacl.check_limit() FROM PUBLIC;
COMMENT ON FUNCTION docacl.check_limit() IS 'What a foreign key does for a limit: its resource exists, and cannot go before this transaction ends.';

CREATE FUNCTION docacl.limits_gone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- Own lists go in numbers and have no limits.
    gone bigint[] := ARRAY(SELECT o.id FROM old_rows AS o WHERE o.kind <> 'document');
BEGIN
    IF gone <> '{}' THEN
        DELETE FROM docacl.resource_limit AS l WHERE l.resource_id = ANY (gone);
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION docacl.limits_gone() FROM PUBLIC;
COMMENT ON FUNCTION docacl.limits_gone() IS 'A limit goes with its resource.';

CREATE TRIGGER refers AFTER INSERT OR UPDATE OF account_id, resource_id ON docacl.resource_limit FOR EACH ROW
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.check_limit();
CREATE TRIGGER limits_gone AFTER DELETE ON docacl.resource REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.limits_gone();
ALTER TABLE docacl.resource_limit ENABLE ALWAYS TRIGGER stamp_insert, ENABLE ALWAYS TRIGGER stamp_update,
    ENABLE ALWAYS TRIGGER stamp_delete, ENABLE ALWAYS TRIGGER no_truncate, ENABLE ALWAYS TRIGGER refers;
ALTER TABLE docacl.resource ENABLE ALWAYS TRIGGER limits_gone;

ALTER TABLE docacl.resource_limit ENABLE ROW LEVEL SECURITY;
CREATE POLICY docacl_sees ON docacl.resource_limit FOR SELECT USING (docacl.sees_resource(resource_id));
GRANT SELECT ON docacl.resource_limit TO PUBLIC;

CREATE OR REPLACE VIEW docacl.resource_list WITH (security_invoker = true, security_barrier = true) AS
    SELECT r.kind, docacl.path(r.id) AS path, r.id, r.key, r.inherits, docacl.action_words(l.actions) AS limited_to
    FROM docacl.resource AS r LEFT JOIN docacl.resource_limit AS l ON l.resource_id = r.id;
COMMENT ON VIEW docacl.resource_list IS 'The resources that the reader may see: those on which he holds read or enter, and for an admin all of his account.';
COMMENT ON COLUMN docacl.resource_list.key IS 'The application''s own identifier, unique per kind.';
COMMENT ON COLUMN docacl.resource_list.inherits IS 'Whether it takes the grants of its parent.';
COMMENT ON COLUMN docacl.resource_list.limited_to IS 'Its limit, as words that acl_set_limit takes; empty: nothing is left; null: it has none of its own.';
COMMENT ON COLUMN docacl.resource_list.path IS 'From the top; what the reader may not see of it is "…".';

CREATE FUNCTION acl_set_limit(kind text, resource text, actions text) RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'acl_set_limit_wrapper';
CREATE FUNCTION acl_set_limit(kind text, resource bigint, actions text) RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'acl_set_limit_id_wrapper';
COMMENT ON FUNCTION acl_set_limit(text, text, text) IS 'The most that anybody but admins and system may do to rows under a resource and under all below it, requesters included, whatever is granted; '''' leaves nothing, null lifts it. By kind and name, path or *. 42501 without the account''s admin role, 22023 for a kind that no rows lie under and for what is not said of rows, 42704 unknown, 42725 ambiguous.';
COMMENT ON FUNCTION acl_set_limit(text, bigint, text) IS 'As acl_set_limit with the resource by its id.';

--
-- Registered without policies.
--

ALTER TABLE docacl.protected_table ADD COLUMN enforced boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN docacl.protected_table.enforced IS 'Whether the table has docacl''s policies and triggers; if not, docacl only answers questions about its rows.';

CREATE FUNCTION acl_enforce(
	"relation" regclass,
	"enable" bool
) RETURNS VOID
LANGUAGE c
AS 'MODULE_PATHNAME', 'acl_enforce_wrapper';
COMMENT ON FUNCTION acl_enforce(regclass, boolean) IS 'Whether docacl judges a protected table (true), or only answers questions about its rows (false, as with option "enforce" of acl_protect): then there are no policies and triggers, and row security is what it was, with a WARNING. Own lists are brought back to their rows when it judges again. For superusers and system: 42501; 55000 not protected, a column that is gone or a trigger that fires too late, 42804 a column of another type than it was, 23514 a list that is another row''s.';

CREATE FUNCTION docacl.mirror_stale(rows docacl.mirrored[]) RETURNS SETOF bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH given AS MATERIALIZED (SELECT DISTINCT p.role_id, p.member_id FROM docacl.mirror_pairs(rows) AS p)
    SELECT m.id FROM docacl.membership AS m JOIN docacl.principal AS r ON r.id = m.role_id
    WHERE m.source = 'mirror' AND m.revoked_at IS NULL AND r.built_in IS DISTINCT FROM 'users'
      AND NOT EXISTS (SELECT FROM given AS g WHERE g.role_id = m.role_id AND g.member_id = m.member_id)
$$;
REVOKE ALL ON FUNCTION docacl.mirror_stale(docacl.mirrored[]) FROM PUBLIC;
COMMENT ON FUNCTION docacl.mirror_stale(docacl.mirrored[]) IS 'Memberships that a mirror made and that none of these rows, of all mirrored tables, gives.';

CREATE FUNCTION docacl.mirror_settle(rows docacl.mirrored[], by_hand boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    stale    bigint[] := ARRAY(SELECT docacl.mirror_stale(rows));
    accounts bigint[];
BEGIN
    IF by_hand THEN
        UPDATE docacl.membership AS m SET source = 'manual' WHERE m.id = ANY (stale);
        RETURN;
    END IF;
    SELECT array_agg(a.account_id) INTO accounts FROM (SELECT DISTINCT m.account_id FROM docacl.membership AS m WHERE m.id = ANY (stale)) AS a
    WHERE EXISTS (SELECT FROM docacl.administrators(a.account_id));
    UPDATE docacl.membership AS m SET revoked_at = now() WHERE m.id = ANY (stale);
    PERFORM docacl.mirror_keep_administrators(accounts);
END
$$;
REVOKE ALL ON FUNCTION docacl.mirror_settle(docacl.mirrored[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION docacl.mirror_settle(docacl.mirrored[], boolean) IS 'Ends the memberships that no mirrored row gives any more (these are all rows), or lets them stay as if made by hand.';

--
-- Auto grants and buttons.
--
-- Auto grants: rules that keep grants (source auto) equal to what a table of the application says, such as who is the
-- controller of which project; and profile options, which switch rules on and off in an account.
--
-- Triggers hand over what a statement changed, as texts: how many rows more or fewer say this principal and that resource.
-- docacl.auto_pair keeps the sums, so that no change ever reads the application's table, whose owner's functions would run
-- as the extension's owner. A pair of which some row is left has one open grant, as long as its rule is on.

CREATE TABLE docacl.auto_grant (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    relation          regclass NOT NULL,
    principal_column  text NOT NULL,
    principal_by      text NOT NULL CHECK (principal_by IN ('id', 'key')),
    kind              text NOT NULL,
    resource_column   text NOT NULL,
    resource_by       text NOT NULL CHECK (resource_by IN ('id', 'key')),
    actions           bigint NOT NULL CHECK (actions > 0),
    code              text,
    made_by           bigint,
    changed_at        timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE docacl.auto_grant IS 'Rules: the principal that a row names in one column is granted actions on the resource that it names in another. See acl_auto_grant.';
COMMENT ON COLUMN docacl.auto_grant.relation IS 'The application''s table.';
COMMENT ON COLUMN docacl.auto_grant.principal_column IS 'The column that names the principal.';
COMMENT ON COLUMN docacl.auto_grant.principal_by IS 'Whether it does by docacl''s id or by the application''s key.';
COMMENT ON COLUMN docacl.auto_grant.kind IS 'The kind of the resource.';
COMMENT ON COLUMN docacl.auto_grant.resource_column IS 'The column that names the resource.';
COMMENT ON COLUMN docacl.auto_grant.resource_by IS 'Whether it does by docacl''s id or by the application''s key.';
COMMENT ON COLUMN docacl.auto_grant.actions IS 'What is granted.';
COMMENT ON COLUMN docacl.auto_grant.code IS 'The profile option that switches the rule on; null: always on. A code without -pae- does nothing.';
COMMENT ON COLUMN docacl.auto_grant.made_by IS 'Who made the rule: the id of a principal.';
COMMENT ON COLUMN docacl.auto_grant.changed_at IS 'When the rule was made, or its option switched in some account.';
CREATE UNIQUE INDEX auto_grant_rule ON docacl.auto_grant (relation, principal_column, kind, resource_column, code) NULLS NOT DISTINCT;
CREATE INDEX auto_grant_code ON docacl.auto_grant (code) WHERE code IS NOT NULL;

CREATE TABLE docacl.auto_pair (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rule_id     bigint NOT NULL,
    principal   text NOT NULL,
    resource    text NOT NULL,
    account_id  bigint,
    n           bigint NOT NULL,
    grant_id    bigint NOT NULL
);
COMMENT ON TABLE docacl.auto_pair IS 'How many rows of a rule''s table say each pair of principal and resource, and the grant that follows from it while the rule is on.';
COMMENT ON COLUMN docacl.auto_pair.rule_id IS 'The rule: a row of docacl.auto_grant.';
COMMENT ON COLUMN docacl.auto_pair.principal IS 'What the rows say of the principal: an id or a key, as text.';
COMMENT ON COLUMN docacl.auto_pair.resource IS 'What the rows say of the resource: an id or a key, as text.';
COMMENT ON COLUMN docacl.auto_pair.account_id IS 'The account of both.';
COMMENT ON COLUMN docacl.auto_pair.n IS 'How many rows say so.';
COMMENT ON COLUMN docacl.auto_pair.grant_id IS 'The grant; there is none of this id while the rule is off.';
CREATE UNIQUE INDEX auto_pair_of_rule ON docacl.auto_pair (rule_id, principal, resource);
CREATE INDEX auto_pair_grant ON docacl.auto_pair (grant_id);

CREATE TABLE docacl.profile_option (
    account_id  bigint NOT NULL,
    code        text NOT NULL,
    enabled     boolean NOT NULL,
    set_by      bigint,
    set_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, code)
);
COMMENT ON TABLE docacl.profile_option IS 'Which profile options are on in which account; one that is not here is off.';
COMMENT ON COLUMN docacl.profile_option.code IS 'What rules carry in docacl.auto_grant.code.';
COMMENT ON COLUMN docacl.profile_option.set_by IS 'Who switched it last: the id of a principal.';
COMMENT ON COLUMN docacl.profile_option.set_at IS 'When it was switched last.';

REVOKE ALL ON docacl.auto_grant, docacl.auto_pair, docacl.profile_option FROM PUBLIC;
REVOKE ALL ON SEQUENCE docacl.auto_grant_id_seq, docacl.auto_pair_id_seq FROM PUBLIC;

-- What a statement changes of a pair: n rows more, or fewer. With the pair's grant, where it is known.
CREATE TYPE docacl.auto_change AS (principal text, resource text, n bigint, grant_id bigint);
COMMENT ON TYPE docacl.auto_change IS 'How many rows more, or fewer, say a pair of principal and resource.';

CREATE FUNCTION docacl.auto_resolve(rule docacl.auto_grant, changes docacl.auto_change[])
RETURNS TABLE (principal text, resource text, n bigint, grant_id bigint, principal_id bigint, principal_kind text, resource_id bigint, account_id bigint, at_home boolean)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
BEGIN
    -- Sub-selects, one probe of an index each: statistics know nothing yet of what a bulk load has just brought.
    RETURN QUERY SELECT c.principal, c.resource, c.n, c.grant_id, p.id, p.kind, r.id, r.account_id, p.account_id = r.account_id
    FROM unnest(changes) AS c
    LEFT JOIN LATERAL (
        SELECT x.id, x.account_id, x.kind FROM docacl.principal AS x
        WHERE rule.principal_by = 'id' AND x.id = CASE WHEN rule.principal_by = 'id' THEN c.principal::bigint END
        UNION ALL
        SELECT x.id, x.account_id, x.kind FROM docacl.principal AS x WHERE rule.principal_by = 'key' AND x.key = c.principal
        LIMIT 1) AS p ON true
    LEFT JOIN LATERAL (
        SELECT x.id, x.account_id FROM docacl.resource AS x
        WHERE rule.resource_by = 'id' AND x.id = CASE WHEN rule.resource_by = 'id' THEN c.resource::bigint END AND x.kind = rule.kind AND NOT x.is_star
        UNION ALL
        SELECT x.id, x.account_id FROM docacl.resource AS x WHERE rule.resource_by = 'key' AND x.kind = rule.kind AND x.key = c.resource AND NOT x.is_star
        LIMIT 1) AS r ON true;
END
$$;
REVOKE ALL ON FUNCTION docacl.auto_resolve(docacl.auto_grant, docacl.auto_change[]) FROM PUBLIC;
COMMENT ON FUNCTION docacl.auto_resolve(docacl.auto_grant, docacl.auto_change[]) IS 'The principals and resources that these texts mean to a rule; null where there is none.';

CREATE FUNCTION docacl.auto_check(rule docacl.auto_grant, changes docacl.auto_change[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    bad record;
BEGIN
    SELECT r.* INTO bad FROM docacl.auto_resolve(rule, changes) AS r
    WHERE r.n > 0 AND (r.principal_id IS NULL OR r.resource_id IS NULL OR r.at_home IS NOT TRUE) LIMIT 1;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF bad.principal_id IS NULL THEN
        RAISE EXCEPTION 'column "%" refers to no principal with % "%"', rule.principal_column, rule.principal_by, bad.principal
            USING ERRCODE = '23503', HINT = 'Make or mirror the user first: a rule grants to whom this column names.';
    ELSIF bad.resource_id IS NULL THEN
        RAISE EXCEPTION 'column "%" refers to no % with % "%"', rule.resource_column, rule.kind, rule.resource_by, bad.resource
            USING ERRCODE = '23503', HINT = 'Make or mirror the resource first: a rule grants on what this column names.';
    ELSIF bad.principal_kind = 'system' THEN
        RAISE EXCEPTION 'column "%" names system, which is not granted to', rule.principal_column
            USING ERRCODE = '23514', HINT = 'It passes every check as it is; name a user.';
    END IF;
    RAISE EXCEPTION 'columns "%" and "%" refer to different accounts', rule.principal_column, rule.resource_column
        USING ERRCODE = '23514', HINT = 'Grants stay inside one account: name a user of the account that the resource is of.';
END
$$;
REVOKE ALL ON FUNCTION docacl.auto_check(docacl.auto_grant, docacl.auto_change[]) FROM PUBLIC;
COMMENT ON FUNCTION docacl.auto_check(docacl.auto_grant, docacl.auto_change[]) IS 'Refuses new pairs to which nothing can be granted: 23503, 23514.';

CREATE FUNCTION docacl.auto_is_on(code text, account bigint) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT code IS NULL OR strpos(code, '-pae-') > 0
        AND EXISTS (SELECT FROM docacl.profile_option AS o WHERE o.account_id = account AND o.code = auto_is_on.code AND o.enabled)
$$;
REVOKE ALL ON FUNCTION docacl.auto_is_on(text, bigint) FROM PUBLIC;
COMMENT ON FUNCTION docacl.auto_is_on(text, bigint) IS 'Whether rules with this code are on in an account.';

CREATE FUNCTION docacl.auto_open(rule docacl.auto_grant, pairs docacl.auto_change[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
BEGIN
    WITH pair AS MATERIALIZED (
        SELECT p.* FROM docacl.auto_resolve(rule, pairs) AS p WHERE p.at_home
    ), switched AS MATERIALIZED (
        SELECT a.id FROM (SELECT DISTINCT p.account_id FROM pair AS p) AS a (id) WHERE docacl.auto_is_on(rule.code, a.id)
    )
    INSERT INTO docacl.grants (id, account_id, principal_id, resource_id, actions, source, note) OVERRIDING SYSTEM VALUE
    SELECT p.grant_id, p.account_id, p.principal_id, p.resource_id, rule.actions, 'auto',
           format('rule on %s.%I', rule.relation, rule.principal_column) || coalesce(' (' || rule.code || ')', '')
    FROM pair AS p
    WHERE p.account_id IN (SELECT s.id FROM switched AS s) AND (SELECT g.id FROM docacl.grants AS g WHERE g.id = p.grant_id) IS NULL;
END
$$;
REVOKE ALL ON FUNCTION docacl.auto_open(docacl.auto_grant, docacl.auto_change[]) FROM PUBLIC;
COMMENT ON FUNCTION docacl.auto_open(docacl.auto_grant, docacl.auto_change[]) IS 'Makes the grants of these pairs where the rule is on and they are not there.';

CREATE FUNCTION docacl.auto_close(gone bigint[], closed_by bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
BEGIN
    UPDATE docacl.grants AS g SET revoked_at = now(), revoked_by = closed_by WHERE g.id = ANY (gone) AND g.revoked_at IS NULL AND g.source = 'auto';
END
$$;
REVOKE ALL ON FUNCTION docacl.auto_close(bigint[], bigint) FROM PUBLIC;
COMMENT ON FUNCTION docacl.auto_close(bigint[], bigint) IS 'Closes these grants, which a rule had made.';

CREATE FUNCTION docacl.auto_apply(of_rule bigint, changes docacl.auto_change[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
    rule  docacl.auto_grant;
    pairs bigint[];
    held  docacl.auto_change[];
    spent bigint[];
    gone  bigint[];
    mode  CONSTANT text := current_setting('plan_cache_mode');
BEGIN
    PERFORM docacl.plan_anew(cardinality(changes));
    -- Against whoever switches the rule at the same time: he would miss what is written here, or this what he chose.
    SELECT a.* INTO STRICT rule FROM docacl.auto_grant AS a WHERE a.id = of_rule FOR SHARE;
    PERFORM docacl.auto_check(rule, changes);
    -- In the order of the key: two sessions that change the same pairs wait for each other, and do not lock up.
    WITH changed AS (
        INSERT INTO docacl.auto_pair AS x (rule_id, principal, resource, account_id, n, grant_id)
        SELECT rule.id, r.principal, r.resource, r.account_id, r.n, nextval('docacl.grants_id_seq')
        FROM docacl.auto_resolve(rule, changes) AS r ORDER BY r.principal COLLATE "C", r.resource COLLATE "C"
        ON CONFLICT (rule_id, principal, resource) DO UPDATE SET n = x.n + excluded.n, account_id = coalesce(excluded.account_id, x.account_id)
        RETURNING x.id
    )
    SELECT array_agg(c.id) INTO pairs FROM changed AS c;
    -- A statement of its own, which sees the grant that another session made while this one waited for the pair. A grant
    -- that was closed is not opened again: another is.
    UPDATE docacl.auto_pair AS x SET grant_id = nextval('docacl.grants_id_seq')
    WHERE x.id = ANY (pairs) AND (SELECT g.revoked_at IS NOT NULL FROM docacl.grants AS g WHERE g.id = x.grant_id) AND x.n > 0;
    SELECT array_agg(ROW(x.principal, x.resource, x.n, x.grant_id)::docacl.auto_change) FILTER (WHERE x.n > 0),
           array_agg(x.id) FILTER (WHERE x.n <= 0), array_agg(x.grant_id) FILTER (WHERE x.n <= 0)
    INTO held, spent, gone FROM docacl.auto_pair AS x WHERE x.id = ANY (pairs);
    IF held IS NOT NULL AND gone IS NOT NULL THEN
        -- One touches stamps below, then the other: all of them now, in order, for the same reason.
        PERFORM docacl.touch(1::smallint, (SELECT array_agg(t.id) FROM (
            SELECT g.principal_id FROM docacl.grants AS g WHERE g.id = ANY (gone) UNION ALL SELECT r.principal_id FROM docacl.auto_resolve(rule, held) AS r) AS t (id)));
    END IF;
    IF gone IS NOT NULL THEN
        PERFORM docacl.auto_close(gone, NULL);
        DELETE FROM docacl.auto_pair AS x WHERE x.id = ANY (spent);
    END IF;
    IF held IS NOT NULL THEN
        PERFORM docacl.auto_open(rule, held);
    END IF;
    PERFORM docacl.plan_as(mode);
END
$$;
REVOKE ALL ON FUNCTION docacl.auto_apply(bigint, docacl.auto_change[]) FROM PUBLIC;
COMMENT ON FUNCTION docacl.auto_apply(bigint, docacl.auto_change[]) IS 'Adds these changes to the pairs of a rule, and makes and closes grants accordingly.';

CREATE FUNCTION docacl.auto_forget(of_rule bigint, closed_by bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    gone bigint[];
BEGIN
    WITH pairs AS (DELETE FROM docacl.auto_pair AS x WHERE x.rule_id = of_rule RETURNING x.grant_id)
    SELECT array_agg(p.grant_id) INTO gone FROM pairs AS p;
    PERFORM docacl.auto_close(gone, closed_by) WHERE gone IS NOT NULL;
END
$$;
REVOKE ALL ON FUNCTION docacl.auto_forget(bigint, bigint) FROM PUBLIC;
COMMENT ON FUNCTION docacl.auto_forget(bigint, bigint) IS 'Closes all grants of a rule: its table has no rows any more, or it is no rule any more.';

CREATE FUNCTION docacl.auto_switch(account bigint, switched text, enable boolean, by_whom bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    rule  docacl.auto_grant;
    pairs docacl.auto_change[];
    gone  bigint[];
BEGIN
    -- Against writers of the rules' tables, and for those that began earlier and look at an older snapshot.
    PERFORM FROM docacl.auto_grant AS a WHERE a.code = switched ORDER BY a.id FOR UPDATE;
    UPDATE docacl.auto_grant AS a SET changed_at = now() WHERE a.code = switched;
    INSERT INTO docacl.profile_option AS o (account_id, code, enabled, set_by) VALUES (account, switched, enable, by_whom)
    ON CONFLICT ON CONSTRAINT profile_option_pkey DO UPDATE SET enabled = excluded.enabled, set_by = excluded.set_by, set_at = excluded.set_at;
    FOR rule IN SELECT a.* FROM docacl.auto_grant AS a WHERE a.code = switched ORDER BY a.id LOOP
        IF docacl.auto_is_on(switched, account) THEN
            WITH pair AS (
                UPDATE docacl.auto_pair AS x SET grant_id = nextval('docacl.grants_id_seq')
                WHERE x.rule_id = rule.id AND x.account_id = account
                  AND (SELECT g.revoked_at IS NULL FROM docacl.grants AS g WHERE g.id = x.grant_id) IS NOT TRUE
                RETURNING x.principal, x.resource, x.n, x.grant_id
            )
            SELECT array_agg(ROW(p.principal, p.resource, p.n, p.grant_id)::docacl.auto_change) INTO pairs FROM pair AS p;
            PERFORM docacl.auto_open(rule, pairs) WHERE pairs IS NOT NULL;
        ELSE
            SELECT array_agg(x.grant_id) INTO gone FROM docacl.auto_pair AS x WHERE x.rule_id = rule.id AND x.account_id = account;
            PERFORM docacl.auto_close(gone, by_whom) WHERE gone IS NOT NULL;
        END IF;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION docacl.auto_switch(bigint, text, boolean, bigint) FROM PUBLIC;
COMMENT ON FUNCTION docacl.auto_switch(bigint, text, boolean, bigint) IS 'Switches the rules of a code in an account: what they grant there is made of the rows that are there, or closed.';

CREATE FUNCTION docacl.follow_rule() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    rule    docacl.auto_grant;
    rows    text;
    changes docacl.auto_change[];
BEGIN
    SELECT a.* INTO rule FROM docacl.auto_grant AS a WHERE a.id = TG_ARGV[0]::bigint AND a.relation = TG_RELID;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'table "%" has no such rule any more', TG_TABLE_NAME USING ERRCODE = '55000', HINT = 'Call acl_auto_grant again, or drop the trigger.';
    END IF;
    IF TG_OP = 'TRUNCATE' THEN
        PERFORM FROM docacl.auto_grant AS a WHERE a.id = rule.id FOR SHARE;
        PERFORM docacl.auto_forget(rule.id, NULL);
        RETURN NULL;
    END IF;
    -- Each is cast to text below, as the owner of docacl: a type of the table's owner brings a cast of his.
    IF EXISTS (SELECT FROM (VALUES (rule.principal_column, rule.principal_by), (rule.resource_column, rule.resource_by)) AS c (name, names_by)
               LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = TG_RELID AND a.attname = c.name AND NOT a.attisdropped
               WHERE (a.atttypid = ANY (CASE c.names_by WHEN 'id' THEN '{int8}' ELSE '{int2,int4,int8,uuid,text,varchar}' END::regtype[]::oid[])) IS NOT TRUE) THEN
        RAISE EXCEPTION 'a column that a rule on table "%" reads was dropped or given another type', TG_TABLE_NAME
            USING ERRCODE = '42804', HINT = 'Call acl_drop_auto_grant, and acl_auto_grant with the columns as they are.';
    END IF;
    -- COLLATE: keys are the same only where they are the same to the byte.
    rows := concat_ws(' UNION ALL ',
        CASE WHEN TG_OP <> 'DELETE' THEN format('SELECT n.%I::text COLLATE "C", n.%I::text COLLATE "C", 1 FROM new_rows AS n', rule.principal_column, rule.resource_column) END,
        CASE WHEN TG_OP <> 'INSERT' THEN format('SELECT o.%I::text COLLATE "C", o.%I::text COLLATE "C", -1 FROM old_rows AS o', rule.principal_column, rule.resource_column) END);
    EXECUTE format('SELECT array_agg(ROW(d.p, d.r, d.n, NULL)::docacl.auto_change)
                    FROM (SELECT c.p, c.r, sum(c.n) AS n FROM (%s) AS c (p, r, n) WHERE c.p IS NOT NULL AND c.r IS NOT NULL GROUP BY c.p, c.r HAVING sum(c.n) <> 0) AS d', rows)
    INTO changes;
    -- Most statements change neither column.
    IF changes IS NOT NULL THEN
        PERFORM docacl.auto_apply(rule.id, changes);
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION docacl.follow_rule() FROM PUBLIC;
COMMENT ON FUNCTION docacl.follow_rule() IS 'Keeps the grants of a rule as the rows of its table are.';

-- As in sql/references.sql, and for the same reasons.
CREATE FUNCTION docacl.auto_gone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gone bigint[];
BEGIN
    IF TG_TABLE_NAME = 'auto_grant' THEN
        PERFORM docacl.auto_forget(o.id, @extschema@.acl_user_id()) FROM old_rows AS o;
        RETURN NULL;
    END IF;
    SELECT array_agg(o.id) INTO gone FROM old_rows AS o WHERE o.kind = 'account';
    IF gone IS NOT NULL THEN
        DELETE FROM docacl.profile_option AS p WHERE p.account_id = ANY (gone);
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION docacl.auto_gone() FROM PUBLIC;
COMMENT ON FUNCTION docacl.auto_gone() IS 'Grants of a rule end with it; profile options go with their account.';
CREATE TRIGGER gone_auto AFTER DELETE ON docacl.auto_grant REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.auto_gone();
CREATE TRIGGER gone_auto AFTER DELETE ON docacl.resource REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.auto_gone();
ALTER TABLE docacl.auto_grant ENABLE ALWAYS TRIGGER gone_auto;
ALTER TABLE docacl.resource ENABLE ALWAYS TRIGGER gone_auto;

-- What is written through a parent, or past it into a child, would be missed.
CREATE FUNCTION docacl.refuse_inheritance() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    tables  oid[];
    culprit text;
BEGIN
    -- CREATE EXTENSION and its upgrades come here between their own commands.
    IF to_regclass('docacl.mirror') IS NULL OR to_regclass('docacl.auto_grant') IS NULL THEN
        RETURN;
    END IF;
    SELECT array_agg(o.objid) INTO tables FROM pg_catalog.pg_event_trigger_ddl_commands() AS o WHERE o.classid = 'pg_catalog.pg_class'::regclass;
    SELECT min(f.relation::text) INTO culprit
    FROM (SELECT m.relation FROM docacl.mirror AS m UNION SELECT a.relation FROM docacl.auto_grant AS a) AS f
    JOIN pg_catalog.pg_inherits AS i ON f.relation IN (i.inhrelid, i.inhparent)
    WHERE i.inhrelid = ANY (tables) OR i.inhparent = ANY (tables);
    IF culprit IS NOT NULL THEN
        RAISE EXCEPTION 'table % cannot inherit, be inherited from or become a partition: docacl follows its rows', culprit
            USING ERRCODE = '0A000', HINT = 'Rows written by way of the other table would be missed. Call acl_unmirror or acl_drop_auto_grant first.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION docacl.refuse_inheritance() FROM PUBLIC;
COMMENT ON FUNCTION docacl.refuse_inheritance() IS 'Refuses inheritance of tables whose rows mirrors or rules follow.';
CREATE EVENT TRIGGER docacl_refuse_inheritance ON ddl_command_end WHEN TAG IN ('ALTER TABLE', 'CREATE TABLE')
    EXECUTE FUNCTION docacl.refuse_inheritance();
ALTER EVENT TRIGGER docacl_refuse_inheritance ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER docacl_refuse_inheritance IS 'Refuses ways past the triggers of mirrors and rules when they are made.';

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['auto_grant', 'auto_pair'] LOOP
        PERFORM pg_catalog.pg_extension_config_dump(('docacl.' || t)::regclass, 'ORDER BY id');
        PERFORM pg_catalog.pg_extension_config_dump(('docacl.' || t || '_id_seq')::regclass, '');
    END LOOP;
    PERFORM pg_catalog.pg_extension_config_dump('docacl.profile_option'::regclass, 'ORDER BY account_id, code');
END
$$;

CREATE FUNCTION "acl_auto_grant"(
	"relation" regclass,
	"principal_column" TEXT,
	"kind" TEXT,
	"actions" TEXT,
	"resource_column" TEXT DEFAULT NULL,
	"code" TEXT DEFAULT NULL
) RETURNS bigint
LANGUAGE c
AS 'MODULE_PATHNAME', 'acl_auto_grant_wrapper';

CREATE FUNCTION "acl_buttons"(
	"function" TEXT,
	"project" TEXT DEFAULT NULL
) RETURNS TABLE (
	"open" bool, 
	"add" bool, 
	"change" bool, 
	"delete" bool 
)
STABLE PARALLEL SAFE
LANGUAGE c
AS 'MODULE_PATHNAME', 'acl_buttons_wrapper';

CREATE FUNCTION "acl_buttons"(
	"function" TEXT,
	"project" bigint
) RETURNS TABLE (
	"open" bool, 
	"add" bool, 
	"change" bool, 
	"delete" bool 
)
STABLE PARALLEL SAFE 
LANGUAGE c
AS 'MODULE_PATHNAME', 'acl_buttons_id_wrapper';

CREATE FUNCTION "acl_drop_auto_grant"(
	"relation" regclass,
	"principal_column" TEXT
) RETURNS VOID
LANGUAGE c
AS 'MODULE_PATHNAME', 'acl_drop_auto_grant_wrapper';

CREATE FUNCTION "acl_profile_option"(
	"code" TEXT,
	"enable" bool
) RETURNS VOID
LANGUAGE c
AS 'MODULE_PATHNAME', 'acl_profile_option_wrapper';
COMMENT ON FUNCTION acl_buttons(text, text) IS 'Which buttons a function (screen) shows the session''s user: open (read), add, change (write) and delete, as the database enforces them on rows that refer to the function and the project, or, without one, to the function alone. Roles and grants on both are asked, and both must give. A function or project that does not exist or that the user may not see: all false. 42725 two projects of this name that he may see: write the path, or the id.';
COMMENT ON FUNCTION acl_buttons(text, bigint) IS 'As acl_buttons with the project by its id.';
COMMENT ON FUNCTION acl_auto_grant(regclass, text, text, text, text, text) IS 'Makes a rule: whom a row of an application''s table names in principal_column is granted these actions on the resource that it names in resource_column, now and through every later insert, update, delete and truncate, in the same transaction; returns how many grants the rule keeps. Such grants have source auto, are not revoked by hand (0A000) and end with the row, the rule or its table; grants by hand stay. resource_column left out: the row itself is the resource, by the key of its mirror (acl_mirror) of that kind, else by the one gate of its protection that takes the kind. Columns hold keys, or (bigint) ids where all present values are. code: the rule is on in accounts where acl_profile_option switched that code on; a code without "-pae-" does nothing (a NOTICE says so); left out: always on. The same columns, kind and code again replace the rule. Whoever may write the table grants what the rule says. Superusers and system. 22023 a kind document, a word that is no action there, a resource that cannot be told; 42703 no such column; 42804 a column that holds neither ids nor keys; 23503 a principal or resource that does not exist; 23514 two accounts, or system; 42809 no ordinary table; 0A000 a partitioned one, or a transaction above READ COMMITTED. Writing the table raises 23503 and 23514 likewise.';
COMMENT ON FUNCTION acl_drop_auto_grant(regclass, text) IS 'Ends all rules of a table about a column, and the grants that they made. Superusers and system. 55000 where there is none.';
COMMENT ON FUNCTION acl_profile_option(text, boolean) IS 'Switches the rules (acl_auto_grant) that carry this code on or off in the account: on, they grant at once what the rows that are there say; off, all that they granted is closed. A code without "-pae-" is kept and switches nothing (a NOTICE says so). Needs the account''s admin role. 42501; 22023 a code that is empty or too long; 0A000 in a transaction above READ COMMITTED.';

--
-- Actions and places.
--

-- They write events now.
ALTER FUNCTION acl_require(bigint, text) VOLATILE PARALLEL UNSAFE;
ALTER FUNCTION acl_require(uuid, text) VOLATILE PARALLEL UNSAFE;
ALTER FUNCTION acl_require(text, text) VOLATILE PARALLEL UNSAFE;
ALTER FUNCTION acl_require_row(regclass, text, text) VOLATILE PARALLEL UNSAFE;
ALTER FUNCTION acl_require_on(text, text, text) VOLATILE PARALLEL UNSAFE;
ALTER FUNCTION acl_require_on(text, bigint, text) VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION acl_require(bigint, text) IS 'Nothing, or 42501 where acl_can about the session''s user is not true. Of print, email, import, export, workflow, calendar, subscription, automation, reading_request and actions that a DBA added it writes a row into docacl.event (not in a read-only transaction or on a standby).';
COMMENT ON FUNCTION acl_require_row(regclass, text, text) IS 'Nothing, or 42501 where acl_can_row about the session''s user is not true. Events as acl_require.';
COMMENT ON FUNCTION acl_require_on(text, text, text) IS 'Nothing, or 42501 where acl_can_on about the session''s user is not true. Events as acl_require.';

CREATE FUNCTION docacl.refuse_used(resources bigint[], mirrored oid, key_column text) RETURNS void
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'docacl_refuse_used_wrapper';
REVOKE ALL ON FUNCTION docacl.refuse_used(bigint[], oid, text) FROM PUBLIC;
COMMENT ON FUNCTION docacl.refuse_used(bigint[], oid, text) IS '55006 where rows of protected tables refer to any of these resources; the mirrored table''s own key aside.';

CREATE FUNCTION docacl.unmake(mirrored oid, kind text, key_column text) RETURNS void
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'docacl_unmake_wrapper';
REVOKE ALL ON FUNCTION docacl.unmake(oid, text, text) FROM PUBLIC;
COMMENT ON FUNCTION docacl.unmake(oid, text, text) IS 'Removes the resources that the running INSERT made for rows that did not come about (ON CONFLICT).';

--
-- Forms and queues, second part.
--
CREATE FUNCTION docacl.works_on(principal_id bigint, queue_id bigint, relation regclass, row_key text) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'docacl_works_on_wrapper';
COMMENT ON FUNCTION docacl.works_on(bigint, bigint, regclass, text) IS 'Whether a principal holds work_queue on a queue and may read a row. For docacl''s own statements.';
REVOKE ALL ON FUNCTION docacl.works_on(bigint, bigint, regclass, text) FROM PUBLIC;

--
-- Scale.
--

ALTER TABLE docacl.stamp ADD COLUMN part bigint NOT NULL DEFAULT 0;
ALTER TABLE docacl.stamp DROP CONSTRAINT stamp_pkey, ADD CONSTRAINT stamp_pkey PRIMARY KEY (kind, id, part);
COMMENT ON COLUMN docacl.stamp.part IS 'A stamp is all of its parts together: whoever finds them all held by other transactions adds one, and waits for nobody.';
CREATE OR REPLACE FUNCTION docacl.touch(kind smallint, ids bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
    touched bigint[];
BEGIN
    -- What others hold is left to them. A snapshot that sees the one change and not the other sees another set of values
    -- than one that sees both, none, or the other one: each change leaves a value that is nobody else's. By the index
    -- whatever the plan is made for: it is kept, and reading the table for many ids would take hours.
    -- One part of each is changed and the others that are free go: else there would be one more whenever two meet, for good.
    WITH held AS MATERIALIZED (
        SELECT f.ctid AS tid, f.id, f.part FROM docacl.stamp AS f WHERE f.kind = $1 AND f.id = ANY ($2) FOR UPDATE SKIP LOCKED
    ), kept AS MATERIALIZED (
        SELECT DISTINCT ON (h.id) h.tid FROM held AS h ORDER BY h.id, h.part
    ), gone AS (
        DELETE FROM docacl.stamp AS s WHERE s.ctid = ANY (ARRAY(SELECT h.tid FROM held AS h EXCEPT SELECT k.tid FROM kept AS k))
    ), changed AS (
        UPDATE docacl.stamp AS s SET value = gen_random_uuid() WHERE s.ctid = ANY (ARRAY(SELECT k.tid FROM kept AS k)) RETURNING s.id
    )
    SELECT array_agg(c.id) INTO touched FROM changed AS c;
    touched := ARRAY(SELECT u.id FROM unnest($2) AS u (id) WHERE u.id IS NOT NULL EXCEPT SELECT t.id FROM unnest(touched) AS t (id));
    IF touched <> '{}' THEN
        INSERT INTO docacl.stamp (kind, id, part, value)
        SELECT $1, t.id, ('x' || right(replace(gen_random_uuid()::text, '-', ''), 16))::bit(64)::bigint, gen_random_uuid()
        FROM unnest(touched) AS t (id);
    END IF;
END
$$;

CREATE INDEX grants_administration ON docacl.grants (principal_id) WHERE revoked_at IS NULL AND actions & 1095216660480 <> 0;
CREATE INDEX grants_on ON docacl.grants (resource_id);
CREATE INDEX membership_in ON docacl.membership (role_id);
CREATE INDEX membership_of ON docacl.membership (member_id);
CREATE INDEX principal_default ON docacl.principal (account_id) WHERE is_default;
CREATE INDEX principal_environment ON docacl.principal (environment_id) WHERE environment_id IS NOT NULL;
CREATE INDEX queue_item_queue ON docacl.queue_item (queue_id);
CREATE INDEX task_of ON docacl.task (role_id);
