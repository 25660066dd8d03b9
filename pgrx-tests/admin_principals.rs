//! Users, roles and memberships.

use pgrx::prelude::*;

#[pg_schema]
mod tests {
    use pgrx::prelude::*;

    use crate::in_backend::support::{attempt, expect, one, run, said};

    fn world() {
        run("SELECT acl_create_role('Sales'), acl_create_role('Managers');
             SELECT acl_create_user('admin', 'admin@x.example', 'Administrators'), acl_create_user('ann', 'ann@x.example', 'Sales'),
                    acl_create_user('guest', 'guest@x.example', 'Users', read_only => true)");
    }

    fn members(role: &str) -> String {
        one(&format!(
            "SELECT coalesce(string_agg(m.name, ' ' ORDER BY m.name), '') FROM docacl.membership s
             JOIN docacl.principal r ON r.id = s.role_id JOIN docacl.principal m ON m.id = s.member_id
             WHERE r.name = '{role}' AND s.revoked_at IS NULL"
        ))
    }

    #[pg_test]
    fn a_user_has_a_role_an_email_and_an_event() {
        world();
        assert_eq!(members("Sales"), "ann");
        assert_eq!(
            one("SELECT payload->>'name' FROM docacl.event WHERE event = 'user_created' ORDER BY id DESC LIMIT 1"),
            "guest"
        );
        let ann = one("SELECT id FROM docacl.principal WHERE name = 'ann'");
        assert_eq!(one("SELECT acl_create_user('ann', 'other@x.example', 'Sales', if_not_exists => true)"), ann);
        expect(
            "superuser",
            &[
                ("SELECT acl_create_user('x', 'x@x.example', NULL)", "22023"),
                ("SELECT acl_create_user('x', NULL, 'Sales')", "22023"),
                ("SELECT acl_create_user(NULL, 'x@x.example', 'Sales')", "22023"),
                ("SELECT acl_create_user('x', 'x@x.example', 'No such role')", "42704"),
                ("SELECT acl_create_user('x', 'x@x.example', 'ann')", "42809"),
                ("SELECT acl_create_user('x', 'x@x.example', 'everyone')", "23514"),
                ("SELECT acl_create_user('x', 'x@x.example', 'system')", "42501"),
                ("SELECT acl_create_user('ann', 'x@x.example', 'Sales')", "42710"),
                ("SELECT acl_create_user('Sales', 'x@x.example', 'Sales', if_not_exists => true)", "42710"),
                ("SELECT acl_create_user('x', 'ANN@X.example', 'Sales')", "42710"),
                ("SELECT acl_create_user('ann@x.example', 'x@x.example', 'Sales')", "42710"),
                ("SELECT acl_create_user('x', 'no mail', 'Sales')", "22023"),
                ("SELECT acl_create_user('x', 'a b@x.example', 'Sales')", "22023"),
                ("SELECT acl_create_user('x', '@', 'Sales')", "22023"),
                ("SELECT acl_create_user('SyStem', 'x@x.example', 'Sales')", "22023"),
                ("SELECT acl_create_user(' ', 'x@x.example', 'Sales')", "22023"),
                ("SELECT acl_create_user('x', 'x@x.example', 'Sales', key => 'k')", "ok"),
                ("SELECT acl_create_role('y', key => 'k')", "42710"),
                ("SELECT acl_create_role('y', purpose => 'world domination')", "22023"),
                ("SELECT acl_create_role('y', purpose => 'Approval')", "ok"),
                ("SELECT acl_create_role('y')", "42710"),
            ],
        );
        // over the installation, without saying whose it is
        run("SELECT acl_create_account('acme'); SET LOCAL docacl.account = 'acme'");
        let came = said("superuser", "SELECT acl_create_user('z', 'ann@x.example', 'Users')");
        assert!(came.starts_with("42710 ") && !came.contains("main"), "{came}");
    }

    #[pg_test]
    fn default_roles_go_to_users_made_afterwards() {
        world();
        run(
            "SELECT acl_create_role('Building', is_default => true); SELECT acl_create_user('new', 'new@x.example', 'Sales')",
        );
        assert_eq!(members("Building"), "new");
        run(
            "SELECT acl_alter_role('Building', is_default => false); SELECT acl_create_user('newer', 'newer@x.example', 'Sales')",
        );
        assert_eq!(members("Building"), "new");
        assert_eq!(members("Sales"), "ann new newer");
    }

    #[pg_test]
    fn alter_leaves_what_is_null_and_infinity_clears() {
        world();
        let ann = || {
            one(
                "SELECT concat_ws(' ', name, email, enabled, read_only, valid_until IS NOT NULL) FROM docacl.principal WHERE email LIKE 'ann%'",
            )
        };
        run("SELECT acl_alter_user('ann', valid_until => '2999-01-01')");
        assert_eq!(ann(), "ann ann@x.example t f t");
        run("SELECT acl_alter_user('ann', read_only => true)");
        assert_eq!(ann(), "ann ann@x.example t t t");
        run("SELECT acl_alter_user('ann@x.example', name => 'Anna', enabled => false, valid_until => 'infinity')");
        assert_eq!(ann(), "Anna ann@x.example f t f");
        expect(
            "superuser",
            &[
                ("SELECT acl_alter_user('Anna', name => 'guest')", "42710"),
                ("SELECT acl_alter_user('Anna', name => 'System')", "22023"),
                ("SELECT acl_alter_user('Anna', email => 'guest@X.example')", "42710"),
                ("SELECT acl_alter_user('Anna', email => 'ANN@x.example')", "ok"),
                ("SELECT acl_alter_user('Sales', enabled => false)", "42809"),
                ("SELECT acl_alter_role('Anna', enabled => false)", "42809"),
                ("SELECT acl_alter_user('nobody here', enabled => false)", "42704"),
                ("SELECT acl_alter_user(NULL)", "22023"),
                ("SELECT acl_alter_role('Sales', purpose => 'x')", "22023"),
                ("SELECT acl_alter_role('Sales', name => 'Verkauf', enabled => false)", "ok"),
                ("SELECT acl_drop_user('Verkauf')", "42809"),
                ("SELECT acl_drop_role('Verkauf')", "ok"),
            ],
        );
        assert_eq!(members("Verkauf"), "");
    }

    #[pg_test]
    fn roles_never_lead_back_to_themselves() {
        world();
        run(
            "SELECT acl_create_role('a'), acl_create_role('b'), acl_create_role('c'); SELECT acl_assign('a', 'b'), acl_assign('b', 'c')",
        );
        expect(
            "superuser",
            &[
                ("SELECT acl_assign('a', 'a')", "23514"),
                ("SELECT acl_assign('b', 'a')", "23514"),
                ("SELECT acl_assign('c', 'a')", "23514"),
                ("SELECT acl_assign('a', 'c')", "ok"),
                ("SELECT acl_assign('ann', 'a')", "42809"),
                ("SELECT acl_assign('a', 'everyone')", "23514"),
                ("SELECT acl_assign('everyone', 'ann')", "23514"),
                ("SELECT acl_assign('a', 'system')", "42501"),
                ("SELECT acl_assign(NULL, 'ann')", "22023"),
                ("SELECT acl_assign('a', 'ann', valid_from => '2030-01-01', valid_until => '2029-01-01')", "22023"),
            ],
        );
    }

    #[pg_test]
    fn assigning_twice_and_unassigning_nothing_change_nothing() {
        world();
        let rows = || one("SELECT count(*) FROM docacl.membership");
        let before = rows();
        run(
            "SELECT acl_assign('Sales', 'ann'), acl_assign('Sales', 'ann', valid_until => '2999-01-01'), acl_unassign('Managers', 'ann')",
        );
        assert_eq!(rows(), before);
        run("SELECT acl_unassign('Sales', 'ann'), acl_unassign('Sales', 'ann')");
        assert_eq!(members("Sales"), "");
        assert_eq!(rows(), before, "closed, not deleted");
        run("SELECT acl_assign('Sales', 'ann', valid_until => '2999-01-01'), acl_assign('Sales', 'ann', valid_until => '2998-01-01'),
                    acl_assign('Sales', 'ann')");
        assert_eq!(members("Sales"), "ann ann", "a longer period is another row");
    }

    #[pg_test]
    fn a_membership_by_rule_is_not_taken_away_by_hand() {
        world();
        run(
            "UPDATE docacl.membership SET source = 'mirror' WHERE role_id = (SELECT id FROM docacl.principal WHERE name = 'Sales')",
        );
        expect("superuser", &[("SELECT acl_unassign('Sales', 'ann')", "0A000")]);
    }

    #[pg_test]
    fn no_read_only_user_becomes_an_administrator() {
        world();
        expect(
            "superuser",
            &[
                ("SELECT acl_assign('Administrators', 'guest')", "23514"),
                ("SELECT acl_assign('Managers', 'guest')", "ok"),
                ("SELECT acl_assign('Administrators', 'Managers')", "23514"),
                ("SELECT acl_assign('Administrators', 'Sales')", "ok"),
                ("SELECT acl_assign('Sales', 'guest')", "23514"),
                ("SELECT acl_assign('Sales', 'Managers')", "23514"),
                ("SELECT acl_alter_user('ann', read_only => true)", "23514"),
                ("SELECT acl_create_user('x', 'x@x.example', 'Sales', read_only => true)", "23514"),
            ],
        );
    }

    #[pg_test]
    fn the_last_administrator_stays() {
        world();
        let last = [
            "SELECT acl_unassign('Administrators', 'admin')",
            "SELECT acl_alter_user('admin', enabled => false)",
            "SELECT acl_alter_user('admin', valid_until => '2001-01-01')",
            "SELECT acl_drop_user('admin')",
        ];
        for sql in last {
            assert_eq!(attempt("superuser", sql), "55000", "{sql}");
            assert_eq!(attempt("admin", sql), "55000", "{sql}");
        }
        // one through another role counts, as long as that role is enabled
        run("SELECT acl_assign('Administrators', 'Sales')");
        expect(
            "superuser",
            &[
                ("SELECT acl_drop_user('admin')", "ok"),
                ("SELECT acl_alter_role('Sales', enabled => false)", "55000"),
                ("SELECT acl_drop_role('Sales')", "55000"),
                ("SELECT acl_unassign('Sales', 'ann')", "55000"),
                ("SELECT acl_drop_user('ann')", "55000"),
            ],
        );
    }

    #[pg_test]
    fn what_was_made_with_the_account_stays() {
        world();
        expect(
            "superuser",
            &[
                ("SELECT acl_drop_role('Administrators')", "55000"),
                ("SELECT acl_drop_role('everyone')", "55000"),
                ("SELECT acl_alter_role('everyone', name => 'x')", "55000"),
                ("SELECT acl_alter_role('everyone', is_default => true)", "55000"),
                ("SELECT acl_alter_role('Administrators', enabled => false)", "55000"),
                ("SELECT acl_alter_role('Administrators', name => 'Bosses')", "ok"),
                ("SELECT acl_alter_role('Users', name => 'Staff', enabled => false)", "ok"),
                ("SELECT acl_drop_role('Staff')", "ok"),
                ("SELECT acl_drop_user('system')", "42501"),
                ("SELECT acl_alter_user('system', enabled => false)", "42501"),
                ("SELECT acl_alter_user('system', name => 'x')", "42501"),
                ("SELECT acl_drop_role('system')", "42501"),
            ],
        );
    }

    #[pg_test]
    fn every_function_asks_for_authority() {
        world();
        let all = [
            "SELECT acl_create_user('x', 'x@x.example', 'Sales')",
            "SELECT acl_create_role('y')",
            "SELECT acl_alter_user('guest', enabled => false)",
            "SELECT acl_alter_role('Sales', enabled => false)",
            "SELECT acl_drop_user('guest')",
            "SELECT acl_assign('Managers', 'ann')",
            "SELECT acl_drop_role('Managers')",
            "SELECT acl_unassign('Sales', 'ann')",
        ];
        for sql in all {
            for who in ["ann", "guest", "nobody"] {
                assert_eq!(attempt(who, sql), "42501", "{who}: {sql}");
                // whether the name exists is not told either
                assert_eq!(
                    attempt(who, &sql.replace("guest", "ghost").replace("Sales", "Ghosts")),
                    "42501",
                    "{who}: {sql}"
                );
            }
        }
        run("SELECT acl_grant('ann', 'manage_users', 'account', 'main')");
        expect(
            "ann",
            &[
                ("SELECT acl_create_user('x', 'x@x.example', 'Sales')", "ok"),
                ("SELECT acl_alter_user('guest', enabled => false)", "ok"),
                ("SELECT acl_drop_user('x')", "ok"),
                ("SELECT acl_create_role('r')", "42501"),
                ("SELECT acl_assign('Managers', 'guest')", "42501"),
            ],
        );
        run(
            "SELECT acl_revoke('ann', 'manage_users', 'account', 'main'), acl_grant('ann', 'manage_roles', 'account', 'main')",
        );
        expect(
            "ann",
            &[
                ("SELECT acl_create_role('r')", "ok"),
                ("SELECT acl_assign('r', 'guest')", "ok"),
                ("SELECT acl_unassign('r', 'guest')", "ok"),
                ("SELECT acl_drop_role('r')", "ok"),
                ("SELECT acl_create_user('x', 'x@x.example', 'Sales')", "42501"),
            ],
        );
        for sql in all {
            assert_eq!(attempt("admin", sql), "ok", "{sql}");
        }
    }

    #[pg_test]
    fn only_administrators_hand_out_administration() {
        world();
        run("SELECT acl_create_role('Deputies'), acl_create_role('Helpdesk'); SELECT acl_assign('Administrators', 'Deputies');
             SELECT acl_grant('Helpdesk', 'configure', 'account', 'main'),
                    acl_grant('ann', 'manage_users, manage_roles', 'account', 'main')");
        expect(
            "ann",
            &[
                ("SELECT acl_assign('Administrators', 'ann')", "42501"),
                ("SELECT acl_assign('Deputies', 'ann')", "42501"),
                ("SELECT acl_assign('Administrators', 'Sales')", "42501"),
                ("SELECT acl_create_user('x', 'x@x.example', 'Administrators')", "42501"),
                ("SELECT acl_create_user('x', 'x@x.example', 'Deputies')", "42501"),
                ("SELECT acl_unassign('Administrators', 'admin')", "42501"),
                ("SELECT acl_alter_user('admin', enabled => false)", "42501"),
                ("SELECT acl_alter_user('admin', email => 'mine@x.example')", "42501"),
                ("SELECT acl_drop_user('admin')", "42501"),
                ("SELECT acl_alter_role('Deputies', is_default => true)", "42501"),
                ("SELECT acl_drop_role('Deputies')", "42501"),
                // a role that carries what he does not hold
                ("SELECT acl_assign('Helpdesk', 'ann')", "42501"),
                ("SELECT acl_assign('Helpdesk', 'Sales')", "42501"),
                ("SELECT acl_create_user('x', 'x@x.example', 'Helpdesk')", "42501"),
                ("SELECT acl_alter_role('Helpdesk', is_default => true)", "42501"),
            ],
        );
        run("SELECT acl_grant('ann', 'configure', 'account', 'main')");
        expect("ann", &[("SELECT acl_assign('Helpdesk', 'guest')", "ok")]);
        expect("admin", &[("SELECT acl_assign('Deputies', 'ann')", "ok")]);
    }

    #[pg_test]
    fn whoever_holds_less_neither_revives_nor_takes_over() {
        world();
        run("SELECT acl_create_role('Helpdesk'), acl_create_role('Plain'), acl_create_role('Deputies');
             SELECT acl_assign('Administrators', 'Deputies');
             SELECT acl_create_user('carl', 'carl@x.example', 'Helpdesk'), acl_create_user('dora', 'dora@x.example', 'Plain'),
                    acl_create_user('emil', 'emil@x.example', 'Plain');
             SELECT acl_grant('Helpdesk', 'configure', 'account', 'main'), acl_grant('emil', 'view_usage', 'account', 'main'),
                    acl_grant('ann', 'manage_users, manage_roles', 'account', 'main'),
                    acl_alter_role('Helpdesk', enabled => false), acl_alter_role('Plain', enabled => false),
                    acl_alter_role('Deputies', enabled => false)");
        expect(
            "ann",
            &[
                ("SELECT acl_alter_role('Plain', enabled => true)", "ok"),
                ("SELECT acl_alter_role('Helpdesk', enabled => true)", "42501"),
                ("SELECT acl_alter_role('Deputies', enabled => true)", "42501"),
                ("SELECT acl_alter_role('Helpdesk', enabled => false)", "ok"),
                // through a role that is disabled just now, and by himself
                ("SELECT acl_alter_user('carl', email => 'mine@x.example')", "42501"),
                ("SELECT acl_alter_user('emil', email => 'mine@x.example')", "42501"),
                ("SELECT acl_alter_user('emil', name => 'mine')", "42501"),
                ("SELECT acl_alter_user('emil', enabled => false)", "42501"),
                ("SELECT acl_alter_user('emil', enabled => true)", "42501"),
                ("SELECT acl_alter_user('emil', read_only => false)", "42501"),
                ("SELECT acl_alter_user('emil', valid_until => 'infinity')", "42501"),
                ("SELECT acl_alter_user('ann', email => 'ann2@x.example')", "ok"),
                (
                    "SELECT acl_alter_user('dora', name => 'Dora', email => 'd@x.example', enabled => true, read_only => true)",
                    "ok",
                ),
            ],
        );
        assert_eq!(one("SELECT enabled FROM docacl.principal WHERE name = 'Helpdesk'"), "false");
        assert_eq!(one("SELECT count(*) FROM docacl.principal WHERE email LIKE 'mine%'"), "0");
        // whoever holds it too may; an administrator always
        run("SELECT acl_grant('ann', 'configure', 'account', 'main')");
        expect(
            "ann",
            &[
                ("SELECT acl_alter_user('carl', email => 'carl2@x.example')", "ok"),
                ("SELECT acl_alter_role('Helpdesk', enabled => true)", "ok"),
            ],
        );
        expect(
            "admin",
            &[
                ("SELECT acl_alter_user('emil', email => 'emil2@x.example')", "ok"),
                ("SELECT acl_alter_role('Deputies', enabled => true)", "ok"),
            ],
        );
    }

    #[pg_test]
    fn nobody_goes_by_what_means_another() {
        world();
        run(
            "SELECT acl_create_user('kim', 'kim@x.example', 'Sales', key => '7'), acl_create_role('Crew', key => 'K@X.example')",
        );
        let taken = [
            // a name that is a key or an e-mail
            "SELECT acl_create_user('7', 'new@x.example', 'Sales')",
            "SELECT acl_create_user('KIM@x.example', 'new@x.example', 'Sales')",
            "SELECT acl_create_role('7')",
            "SELECT acl_create_role('kim@X.example')",
            "SELECT acl_alter_user('ann', name => '7')",
            "SELECT acl_alter_user('ann', name => 'kim@x.example')",
            "SELECT acl_alter_role('Sales', name => '7')",
            "SELECT acl_alter_role('Sales', name => 'KIM@x.example')",
            // a key that is a name or an e-mail
            "SELECT acl_create_user('new', 'new@x.example', 'Sales', key => 'kim')",
            "SELECT acl_create_user('new', 'new@x.example', 'Sales', key => 'Sales')",
            "SELECT acl_create_user('new', 'new@x.example', 'Sales', key => 'Kim@x.example')",
            "SELECT acl_create_role('new', key => 'kim')",
            "SELECT acl_create_role('new', key => 'kim@x.example')",
            // an e-mail that is a name or a key
            "SELECT acl_create_user('new', 'K@X.example', 'Sales')",
            "SELECT acl_alter_user('ann', email => 'K@X.example')",
        ];
        for sql in taken {
            for who in ["superuser", "admin"] {
                assert_eq!(attempt(who, sql), "42710", "{who}: {sql}");
            }
        }
        expect(
            "admin",
            &[
                ("SELECT acl_create_role('r@x.example', key => 'lower@x.example')", "ok"),
                ("SELECT acl_create_user('new', 'R@x.example', 'Sales')", "42710"),
                ("SELECT acl_create_user('new', 'Lower@x.example', 'Sales')", "42710"),
                ("SELECT acl_alter_user('ann', email => 'r@X.example')", "42710"),
                // his own he may use twice
                (
                    "SELECT acl_create_user('twice@x.example', 'Twice@x.example', 'Sales', key => 'twice@x.example')",
                    "ok",
                ),
                ("SELECT acl_alter_user('kim', name => '7')", "ok"),
                ("SELECT acl_create_user('new', 'new@x.example', 'Sales', key => 'new-key')", "ok"),
            ],
        );
        // another account's names do not matter, and what they are is not told
        run("SELECT acl_create_account('acme'); SET LOCAL docacl.account = 'acme'");
        expect(
            "superuser",
            &[("SELECT acl_create_role('kim', key => 'Sales')", "ok"), ("SELECT acl_create_role('7')", "ok")],
        );
    }

    #[pg_test]
    fn disabled_expired_and_read_only_administer_nothing() {
        world();
        run("SELECT acl_create_user('second', 'second@x.example', 'Administrators')");
        expect("second", &[("SELECT acl_create_role('x')", "ok")]);
        run("SELECT acl_alter_user('second', enabled => false)");
        expect("second", &[("SELECT acl_create_role('y')", "42501")]);
        run("SELECT acl_alter_user('second', enabled => true, valid_until => '2001-01-01')");
        expect("second", &[("SELECT acl_create_role('y')", "42501")]);
        run("SELECT acl_grant('guest', 'manage_roles, manage_users', 'account', 'main')");
        expect("guest", &[("SELECT acl_create_role('y')", "42501")]);
    }
}
