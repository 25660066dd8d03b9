//! Granting and revoking.

use pgrx::prelude::*;

#[pg_schema]
mod tests {
    use pgrx::prelude::*;

    use crate::in_backend::support::{attempt, expect, one, run, said};

    fn world() {
        run("SELECT acl_create('location', 'HR'), acl_create('document type', 'Invoice'), acl_create('queue', 'Q'), acl_create('environment', 'Live');
             SELECT acl_create_role('Sales');
             SELECT acl_create_user('admin', 'admin@x.example', 'Administrators'), acl_create_user('ann', 'ann@x.example', 'Sales'),
                    acl_create_user('ben', 'ben@x.example', 'Users')");
    }

    /// The live grants of a principal: actions in binary places, source, note, bounded.
    fn live(who: &str) -> String {
        one(&format!(
            "SELECT coalesce(string_agg(concat_ws(' ', g.actions, g.source, g.note, CASE WHEN g.valid_until IS NOT NULL THEN 'bounded' END), ', ' ORDER BY g.id), '')
             FROM docacl.grants g JOIN docacl.principal p ON p.id = g.principal_id WHERE p.name = '{who}' AND g.revoked_at IS NULL"
        ))
    }

    #[pg_test]
    fn a_grant_adds_and_says_whether_it_did() {
        world();
        assert_eq!(one("SELECT acl_grant('ann', 'read, write', 'location', 'HR', note => 'why')"), "true");
        assert_eq!(one("SELECT acl_grant('ann', 'read', 'location', 'HR')"), "false");
        assert_eq!(one("SELECT acl_grant('ann', 'read, delete', 'location', 'HR')"), "true");
        assert_eq!(live("ann"), "33 manual why, 1024 manual", "only what was missing");
        assert_eq!(one("SELECT acl_grant('ann', 'read', 'location', 'HR', valid_until => '2999-01-01')"), "false");
        assert_eq!(one("SELECT acl_grant('ben', 'read', 'location', 'HR', valid_until => '2999-01-01')"), "true");
        assert_eq!(
            one(
                "SELECT acl_grant('ben', 'read', 'location', 'HR', valid_from => '2020-01-01', valid_until => '2998-01-01')"
            ),
            "false"
        );
        assert_eq!(one("SELECT acl_grant('ben', 'read', 'location', 'HR')"), "true");
        assert_eq!(live("ben"), "1 manual bounded, 1 manual", "never shortened: another row");
        assert_eq!(one("SELECT acl_grant('ben', 'write', 'location', 'HR', valid_until => '2001-01-01')"), "false");
        assert_eq!(one("SELECT valid_from IS NULL FROM docacl.grants WHERE actions = 33"), "true");
    }

    #[pg_test]
    fn words_and_applicability() {
        world();
        expect(
            "superuser",
            &[
                ("SELECT acl_grant('ann', 'View', 'location', 'HR')", "ok"),
                ("SELECT acl_grant('ann', 'reading-request , Custom ID', 'location', 'HR')", "ok"),
                ("SELECT acl_grant('ann', 'veiw', 'location', 'HR')", "22023"),
                ("SELECT acl_grant('ann', '', 'location', 'HR')", "22023"),
                ("SELECT acl_grant('ann', 'read,,write', 'location', 'HR')", "22023"),
                ("SELECT acl_grant('ann', 'enter', 'location', 'HR')", "ok"),
                ("SELECT acl_grant('ann', 'enter', 'document type', 'Invoice')", "22023"),
                ("SELECT acl_grant('ann', 'read', 'queue', 'Q')", "22023"),
                ("SELECT acl_grant('ann', 'view', 'queue', 'Q')", "22023"),
                ("SELECT acl_grant('ann', 'work_queue', 'queue', 'Q')", "ok"),
                ("SELECT acl_grant('ann', 'manage_users', 'environment', 'Live')", "22023"),
                ("SELECT acl_grant('ann', 'manage_users', 'account', 'main')", "ok"),
                ("SELECT acl_revoke('ann', 'veiw', 'location', 'HR')", "22023"),
                ("SELECT acl_set_grant('ann', 'veiw', 'location', 'HR')", "22023"),
            ],
        );
        let hint = said("superuser", "SELECT acl_grant('ann', 'complete_form', 'location', 'HR')");
        assert!(hint.contains("complete_form cannot be granted on kind location"), "{hint}");
    }

    #[pg_test]
    fn nulls_unknown_names_and_system() {
        world();
        expect(
            "superuser",
            &[
                ("SELECT acl_grant(NULL, 'read', 'location', 'HR')", "22023"),
                ("SELECT acl_grant('ann', NULL, 'location', 'HR')", "22023"),
                ("SELECT acl_grant('ann', 'read', NULL, 'HR')", "22023"),
                ("SELECT acl_grant('ann', 'read', 'location', NULL::text)", "22023"),
                ("SELECT acl_grant('ann', 'read', 'location', NULL::bigint)", "22023"),
                ("SELECT acl_grant('zoe', 'read', 'location', 'HR')", "42704"),
                ("SELECT acl_grant('ann', 'read', 'location', 'IT')", "42704"),
                ("SELECT acl_grant('ann', 'read', 'galaxy', 'HR')", "42704"),
                ("SELECT acl_grant('system', 'read', 'location', 'HR')", "42501"),
                ("SELECT acl_copy_grants('ann', 'system')", "42501"),
                ("SELECT acl_copy_grants('ann', NULL)", "22023"),
                ("SELECT acl_grant('everyone', 'read', 'location', '*')", "ok"),
                ("SELECT acl_grant('ANN@x.example', 'read', 'location', 'HR')", "ok"),
                (
                    "SELECT acl_grant('ann', 'read', 'location', 'HR', valid_from => '2030-01-01', valid_until => '2030-01-01')",
                    "22023",
                ),
                (
                    "SELECT acl_grant('ann', 'write', 'location', 'HR', valid_from => '-infinity', valid_until => 'infinity')",
                    "ok",
                ),
            ],
        );
        assert_eq!(live("ann"), "1 manual, 32 manual");
    }

    #[pg_test]
    fn a_revoke_closes_rows_and_keeps_the_rest() {
        world();
        run(
            "SELECT acl_grant('ann', 'read, write, delete', 'location', 'HR', valid_until => '2999-01-01', note => 'why')",
        );
        assert_eq!(one("SELECT acl_revoke('ann', 'write', 'location', 'HR')"), "true");
        assert_eq!(live("ann"), "1025 manual why bounded");
        assert_eq!(
            one(
                "SELECT count(*) FROM docacl.grants WHERE revoked_at IS NOT NULL AND revoked_by = 1 AND actions = 1057"
            ),
            "1"
        );
        assert_eq!(one("SELECT acl_revoke('ann', 'write', 'location', 'HR')"), "false");
        assert_eq!(one("SELECT acl_revoke('ann', 'full', 'location', 'HR')"), "true");
        assert_eq!(live("ann"), "");
        assert_eq!(one("SELECT acl_revoke('ben', 'read', 'location', 'HR')"), "false");
    }

    #[pg_test]
    fn what_a_rule_gave_is_not_revoked_by_hand() {
        world();
        run("SELECT acl_grant('ann', 'read', 'location', 'HR'); UPDATE docacl.grants SET source = 'auto'");
        let came = said("superuser", "SELECT acl_revoke('ann', 'read', 'location', 'HR')");
        assert!(came.starts_with("0A000") && came.contains("auto"), "{came}");
        // beside it a grant by hand stands on its own
        assert_eq!(one("SELECT acl_grant('ann', 'read', 'location', 'HR')"), "true");
        assert_eq!(one("SELECT acl_revoke('ann', 'read', 'location', 'HR')"), "true");
        assert_eq!(live("ann"), "1 auto");
        run("SELECT acl_set_grant('ann', '', 'location', 'HR')");
        assert_eq!(live("ann"), "1 auto");
    }

    #[pg_test]
    fn set_grant_is_exactly_that() {
        world();
        run(
            "SELECT acl_grant('ann', 'read, write', 'location', 'HR'); SELECT acl_set_grant('ann', 'read, delete', 'location', 'HR')",
        );
        assert_eq!(live("ann"), "1 manual, 1024 manual");
        run("SELECT acl_set_grant('ann', '', 'location', 'HR')");
        assert_eq!(live("ann"), "");
    }

    #[pg_test]
    fn copying_takes_what_applies_and_its_period() {
        world();
        run("SELECT acl_grant('ann', 'read', 'location', 'HR', valid_until => '2999-01-01', note => 'n'), acl_grant('ann', 'view', 'document type', 'Invoice');
             SELECT acl_copy_grants('ann', 'ben')");
        assert_eq!(live("ben"), live("ann"));
        run("SELECT acl_copy_grants('ann', 'ben')");
        assert_eq!(live("ben"), live("ann"));
        assert_eq!(attempt("ben", "SELECT acl_copy_grants('ann', 'ben')"), "42501");
        run(
            "SELECT acl_grant('ben', 'security', 'location', 'HR'), acl_grant('ben', 'manage_roles', 'account', 'main')",
        );
        assert_eq!(attempt("ben", "SELECT acl_copy_grants('ann', 'ben')"), "42501", "not on the document type");
        assert_eq!(attempt("admin", "SELECT acl_copy_grants('ann', 'Sales')"), "ok");
    }

    #[pg_test]
    fn granting_asks_for_authority_there() {
        world();
        run("SELECT acl_grant('ann', 'read, write', 'location', 'HR')");
        for sql in [
            "SELECT acl_grant('ben', 'read', 'location', 'HR')",
            "SELECT acl_revoke('ann', 'read', 'location', 'HR')",
            "SELECT acl_set_grant('ann', 'full', 'location', 'HR')",
            "SELECT acl_set_inherits('location', 'HR', true)",
        ] {
            assert_eq!(attempt("ann", sql), "42501", "{sql}");
            assert_eq!(attempt("ben", sql), "42704", "{sql}");
            assert_eq!(attempt("nobody", sql), "42501", "{sql}");
        }
        run("SELECT acl_grant('ann', 'security', 'location', 'HR')");
        expect(
            "ann",
            &[
                ("SELECT acl_grant('ben', 'read', 'location', 'HR')", "ok"),
                ("SELECT acl_grant('ben', 'read', 'location', '*')", "42704"),
                ("SELECT acl_grant('ben', 'read', 'account', 'main')", "42704"),
            ],
        );
        assert_eq!(
            one(
                "SELECT p.name FROM docacl.grants g JOIN docacl.principal p ON p.id = g.granted_by ORDER BY g.id DESC LIMIT 1"
            ),
            "ann"
        );
        run("SELECT acl_grant('ben', 'manage_roles', 'account', 'main')");
        expect(
            "ben",
            &[
                ("SELECT acl_grant('ben', 'read', 'location', '*')", "ok"),
                ("SELECT acl_grant('ann', 'view', 'account', 'main')", "ok"),
                ("SELECT acl_grant('ann', 'view', 'environment', 'Live')", "ok"),
                ("SELECT acl_grant('ann', 'manage_roles', 'account', 'main')", "ok"),
                ("SELECT acl_grant('ben', 'manage_users', 'account', 'main')", "42501"),
                ("SELECT acl_grant('ben', 'manage_companies', 'environment', 'Live')", "42501"),
                ("SELECT acl_set_grant('ben', 'manage_users', 'account', 'main')", "42501"),
                ("SELECT acl_grant('ben', 'work_queue', 'queue', 'Q')", "42704"),
            ],
        );
        expect(
            "admin",
            &[
                ("SELECT acl_grant('ben', 'manage_users', 'account', 'main')", "ok"),
                ("SELECT acl_grant('ben', 'work_queue', 'queue', 'Q')", "ok"),
            ],
        );
    }

    #[pg_test]
    fn grants_stay_inside_an_account() {
        world();
        run(
            "SELECT acl_create_account('acme'); SET LOCAL docacl.account = 'acme'; SELECT acl_create('location', 'Vault')",
        );
        let vault = one("SELECT id FROM docacl.resource WHERE name = 'Vault'");
        run("RESET docacl.account");
        expect(
            "superuser",
            &[
                (&format!("SELECT acl_grant('ann', 'read', 'location', {vault})"), "23514"),
                (&format!("SELECT acl_revoke('ann', 'read', 'location', {vault})"), "23514"),
                ("SELECT acl_grant('ann', 'read', 'location', 'Vault')", "42704"),
            ],
        );
        expect("admin", &[(&format!("SELECT acl_grant('ann', 'read', 'location', {vault})"), "42704")]);
    }

    #[pg_test]
    fn who_may_neither_see_nor_grant_learns_no_names() {
        world();
        assert_eq!(
            said("ben", "SELECT acl_grant('ann', 'read', 'location', 'HR')"),
            said("ben", "SELECT acl_grant('nobody at all', 'read', 'location', 'HR')")
        );
        assert_eq!(
            said("ben", "SELECT acl_grant('ann', 'read', 'location', 'HR')").replace("HR", "XX"),
            said("ben", "SELECT acl_grant('ann', 'read', 'location', 'XX')")
        );
        assert_eq!(
            said("ben", "SELECT acl_copy_grants('ann', 'ben')"),
            said("ben", "SELECT acl_copy_grants('nobody at all', 'ben')")
        );
    }
}
