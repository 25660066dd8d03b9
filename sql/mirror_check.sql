-- Whether mirrors say what the application's tables say: see acl_check.

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
