//! The engine inside a server process: positions of columns, what rings hold and weigh, what a malformed call says.

use pgrx::prelude::*;

#[pg_schema]
mod tests {
    use pgrx::prelude::*;

    use crate::in_backend::support::{attempt, one, run, said};

    /// src/facts.rs reads columns by position.
    #[pg_test]
    fn columns_are_where_the_facts_expect_them() {
        let expected = [
            (
                "principal",
                "id account_id kind name email key enabled read_only valid_until purpose is_default built_in environment_id created_by created_at email_folded",
            ),
            (
                "resource",
                "id account_id kind parent_id inherits is_star name key relation row_key created_by created_at",
            ),
            (
                "membership",
                "id account_id role_id member_id valid_from valid_until source granted_by granted_at revoked_by revoked_at",
            ),
            (
                "grants",
                "id account_id principal_id resource_id actions valid_from valid_until source note granted_by granted_at revoked_by revoked_at on_row",
            ),
            ("resource_limit", "resource_id account_id actions set_by set_at"),
            ("db_role", "role_oid role_name principal_id"),
            ("kind", "name gate rank inherits has_star built_in"),
            ("action", "bit name built_in"),
            ("protected_table", "relation spec is_default had_rls had_force partitions enforced"),
            ("mirror", "relation kind account_id columns"),
            ("stamp", "kind id value part"),
            ("setting", "account_id resource_id name value set_by set_at"),
            ("account_option", "account_id name value set_by set_at"),
            ("token_key", "kid algorithm key number added_at"),
            ("api_key", "principal_id prefix hash created_by created_at"),
            ("api_key_use", "principal_id at"),
            ("secret", "name value"),
        ];
        for (table, columns) in expected {
            let found = one(&format!(
                "SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'docacl.{table}'::regclass AND attnum > 0"
            ));
            assert_eq!(found, columns, "docacl.{table}");
        }
    }

    /// A table of places with one row each, and ann, who holds `enter` on every second place.
    fn places(count: usize) {
        run(&format!(
            "SELECT acl_create_user('ann', 'ann@x.example', 'Users');
             CREATE TABLE papers (id bigint PRIMARY KEY, place bigint, type bigint);
             SELECT acl_create('document type', 'Paper');
             DO $do$ BEGIN
                 FOR i IN 1..{count} LOOP PERFORM acl_create('location', 'p' || i); END LOOP;
                 INSERT INTO papers SELECT row_number() OVER (ORDER BY id), id, (SELECT id FROM docacl.resource WHERE name = 'Paper')
                 FROM docacl.resource WHERE kind = 'location' AND NOT is_star;
             END $do$;
             SELECT acl_grant('ann', 'view', 'document type', 'Paper');
             INSERT INTO docacl.grants (account_id, principal_id, resource_id, actions)
             SELECT r.account_id, (SELECT id FROM docacl.principal WHERE name = 'ann'), r.id, 1 << 25
             FROM docacl.resource r WHERE r.kind = 'location' AND NOT r.is_star AND r.id % 2 = 0;
             SELECT acl_protect('papers', '{{\"location\": \"place\", \"document type\": \"type\"}}');
             GRANT SELECT ON papers TO PUBLIC"
        ));
    }

    #[pg_test]
    fn a_key_takes_at_most_32_bytes() {
        places(2000);
        assert_eq!(
            attempt(
                "ann",
                "DO $$ BEGIN IF (SELECT count(*) FROM papers) <> 1000 THEN RAISE 'wrong count'; END IF; END $$"
            ),
            "ok"
        );
        // The ring itself, its stamps and its roles are no keys: a thousand bytes are theirs.
        assert_eq!(one("SELECT keys >= 3000 AND (bytes - 1000 * rings) <= 32 * keys FROM docacl.cache()"), "true");
    }

    #[pg_test]
    fn the_cache_keeps_to_its_cap() {
        places(2000);
        run("SET docacl.cache_size = '64kB'");
        run("DO $do$ BEGIN
                 FOR i IN 1..20 LOOP
                     PERFORM acl_create_user('u' || i, 'u' || i || '@x.example', 'Users');
                     INSERT INTO docacl.grants (account_id, principal_id, resource_id, actions)
                     SELECT r.account_id, (SELECT id FROM docacl.principal WHERE name = 'u' || i), r.id, 1
                     FROM docacl.resource r WHERE r.kind = 'location' AND NOT r.is_star AND r.id % 2 = 0;
                 END LOOP;
             END $do$");
        run(
            "DO $do$ BEGIN FOR i IN 1..20 LOOP PERFORM acl_can_row('u' || i, 'papers', '1', 'read'); END LOOP; END $do$",
        );
        // The ring in hand is never dropped, whatever it weighs.
        assert_eq!(one("SELECT bytes <= 2 * 64 * 1024 AND rings < 20 FROM docacl.cache()"), "true");
    }

    #[pg_test]
    fn a_malformed_shape_is_an_error_and_never_an_answer() {
        run("SELECT acl_create_user('ann', 'ann@x.example', 'Users'); GRANT USAGE ON SCHEMA docacl TO PUBLIC");
        let call = |arguments: &str| said("ann", &format!("SELECT docacl.row_check({arguments})"));
        assert!(call("1, 'nonsense', 1::bigint").starts_with("22023 "), "{}", call("1, 'nonsense', 1::bigint"));
        assert!(call("1, NULL, 1::bigint").starts_with("22023 "));
        assert!(
            call("1, '{\"gates\":[{\"gate\":\"place\",\"refs\":[{\"kinds\":[\"location\"],\"by\":\"id\"}]}]}'")
                .starts_with("XX000 ")
        );
        assert!(
            call(
                "1, '{\"gates\":[{\"gate\":\"place\",\"refs\":[{\"kinds\":[\"location\"],\"by\":\"id\"}]}]}', 'x'::text"
            )
            .starts_with("XX000 ")
        );
    }

    #[pg_test]
    fn a_check_without_gates_is_no_open_door() {
        run("SELECT acl_create_user('ann', 'ann@x.example', 'Users'); GRANT USAGE ON SCHEMA docacl TO PUBLIC");
        assert_eq!(
            attempt("ann", "DO $$ BEGIN IF docacl.row_check(1, '{\"gates\":[]}') THEN RAISE 'open'; END IF; END $$"),
            "ok"
        );
    }

    #[pg_test]
    fn a_dropped_table_is_forgotten() {
        places(2);
        run("DROP TABLE papers");
        assert_eq!(one("SELECT count(*) FROM docacl.protected_table"), "0");
        run("SELECT acl_drop('location', 'p1')");
    }

    #[pg_test]
    fn tables_of_docacl_cannot_be_truncated() {
        assert_eq!(attempt("superuser", "TRUNCATE docacl.grants"), "0A000");
        assert_eq!(attempt("superuser", "TRUNCATE docacl.principal CASCADE"), "0A000");
    }

    /// Every change of what somebody holds touches a stamp; a new resource touches none.
    #[pg_test]
    fn stamps_follow_changes() {
        run(
            "SELECT acl_create_role('r'), acl_create_user('ann', 'ann@x.example', 'r'), acl_create('location', 'a'), acl_create('location', 'b')",
        );
        let stamps = || one("SELECT coalesce(md5(string_agg(s::text, ' ' ORDER BY kind, id)), '') FROM docacl.stamp s");
        let mut before = stamps();
        for change in [
            "SELECT acl_grant('r', 'read', 'location', 'a')",
            "SELECT acl_revoke('r', 'read', 'location', 'a')",
            "SELECT acl_unassign('r', 'ann')",
            "SELECT acl_assign('r', 'ann')",
            "SELECT acl_alter_user('ann', enabled => false)",
            "SELECT acl_set_inherits('location', 'a', true)",
            "SELECT acl_set_limit('location', 'a', 'view')",
            "SELECT acl_set_limit('location', 'a', NULL)",
            "SELECT acl_move('location', 'b', 'a')",
            "SELECT acl_drop('location', '/a/b')",
        ] {
            run(change);
            assert_ne!(stamps(), before, "{change}");
            before = stamps();
        }
        run("SELECT acl_create('location', 'c', parent => 'a'), acl_create('project', 'p')");
        assert_eq!(stamps(), before, "creating resources touches no stamp");
    }
}
