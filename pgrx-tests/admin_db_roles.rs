//! Which principal a database role is, and which are trusted.

use pgrx::prelude::*;

#[pg_schema]
mod tests {
    use pgrx::prelude::*;

    use crate::in_backend::support::{attempt, expect, one, run};

    #[pg_test]
    fn mapping_and_trust_exclude_each_other() {
        run("CREATE ROLE t_app; CREATE ROLE t_sys; SELECT acl_create_user('ann', 'ann@x.example', 'Administrators')");
        expect(
            "superuser",
            &[
                ("SELECT acl_map('t_sys', 'system')", "ok"),
                ("SELECT acl_map('t_app', 'ann')", "ok"),
                ("SELECT acl_map('t_app', 'ann')", "ok"),
                ("SELECT acl_map('t_app', 'system')", "42710"),
                ("SELECT acl_trust('t_app')", "55000"),
                ("SELECT acl_distrust('t_app')", "ok"),
                ("SELECT acl_unmap('t_app')", "ok"),
                ("SELECT acl_unmap('t_app')", "ok"),
                ("SELECT acl_trust('t_app')", "ok"),
                ("SELECT acl_trust('t_app')", "ok"),
                ("SELECT acl_map('t_app', 'ann')", "55000"),
                ("SELECT acl_map('t_nobody', 'ann')", "42704"),
                ("SELECT acl_unmap('t_nobody')", "42704"),
                ("SELECT acl_map('t_sys', 'zoe')", "42704"),
                ("SELECT acl_map(NULL, 'ann')", "22023"),
                ("SELECT acl_trust(NULL)", "22023"),
            ],
        );
        assert_eq!(
            one(
                "SELECT string_agg(role_name || ' ' || coalesce(principal_id::text, 'trusted'), ', ' ORDER BY role_name) FROM docacl.db_role"
            ),
            "t_app trusted, t_sys 1"
        );
    }

    #[pg_test]
    fn only_a_superuser_maps_and_trusts() {
        run("CREATE ROLE t_app; SELECT acl_create_user('ann', 'ann@x.example', 'Administrators')");
        for sql in [
            "SELECT acl_map('t_app', 'ann')",
            "SELECT acl_unmap('t_app')",
            "SELECT acl_trust('t_app')",
            "SELECT acl_distrust('t_app')",
        ] {
            for who in ["ann", "system", "nobody"] {
                assert_eq!(attempt(who, sql), "42501", "{who}: {sql}");
            }
        }
    }

    #[pg_test]
    fn a_role_that_was_made_again_is_another() {
        run("CREATE ROLE t_app; SELECT acl_create_user('ann', 'ann@x.example', 'Users'); SELECT acl_map('t_app', 'ann');
             DROP ROLE t_app; CREATE ROLE t_app");
        let mapped = || {
            one("SELECT count(*) FROM docacl.db_role d JOIN pg_roles r ON r.oid = d.role_oid WHERE r.rolname = 't_app'")
        };
        assert_eq!(mapped(), "0");
        run("SELECT acl_trust('t_app')");
        assert_eq!(mapped(), "1");
        assert_eq!(one("SELECT count(*) FROM docacl.db_role"), "1");
    }

    #[pg_test]
    fn a_renamed_role_keeps_its_mapping() {
        run("CREATE ROLE t_app; SELECT acl_create_user('ann', 'ann@x.example', 'Users'); SELECT acl_map('t_app', 'ann');
             ALTER ROLE t_app RENAME TO t_old; CREATE ROLE t_app; SELECT acl_trust('t_app')");
        assert_eq!(
            one(
                "SELECT string_agg(role_name || ' ' || (principal_id IS NULL), ', ' ORDER BY role_name) FROM docacl.db_role"
            ),
            "t_app true, t_old false"
        );
        run("SELECT acl_unmap('t_app')");
        assert_eq!(one("SELECT count(*) FROM docacl.db_role"), "2");
    }
}
