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
