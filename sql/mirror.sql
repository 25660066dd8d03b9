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
