//! Resources: making, naming, moving and dropping them, and who may.

use pgrx::prelude::*;

#[pg_schema]
mod tests {
    use pgrx::prelude::*;

    use crate::in_backend::support::{attempt, expect, one, run, said};

    /// Europe > Spain > Madrid; Asia. A role and a user for each right that a test gives.
    fn world() {
        run("SELECT acl_create('location', 'Europe', inherits => true), acl_create('location', 'Asia');
             SELECT acl_create('location', 'Spain', 'Europe', inherits => true);
             SELECT acl_create('location', 'Madrid', 'Spain', inherits => true);
             SELECT acl_create_user('ann', 'ann@x.example', 'Users'), acl_create_user('ben', 'ben@x.example', 'Users'),
                    acl_create_user('admin', 'admin@x.example', 'Administrators')");
    }

    #[pg_test]
    fn names_paths_and_ids_address_a_resource() {
        world();
        run("SELECT acl_create('location', 'Spain', 'Asia'); SELECT acl_create('location', 'a/b', 'Asia')");
        expect(
            "superuser",
            &[
                ("SELECT acl_rename('location', 'Spain', 'x')", "42725"),
                ("SELECT acl_rename('location', 'Nowhere', 'x')", "42704"),
                ("SELECT acl_rename('location', '/Spain', 'x')", "42704"),
                ("SELECT acl_rename('planet', 'Spain', 'x')", "42704"),
                ("SELECT acl_rename('folder', 'Asia/Spain', 'Iberia')", "ok"),
                ("SELECT acl_rename('Location', '/Europe/Spain', 'Hispania')", "ok"),
                ("SELECT acl_rename('location', 'Asia/a\\/b', 'c')", "ok"),
                ("SELECT acl_rename('location', (SELECT id FROM docacl.resource WHERE name = 'c'), 'd')", "ok"),
                ("SELECT acl_rename('project', (SELECT id FROM docacl.resource WHERE name = 'd'), 'e')", "42704"),
            ],
        );
        assert_eq!(
            one(
                "SELECT string_agg(name, ' ' ORDER BY name) FROM docacl.resource WHERE kind = 'location' AND NOT is_star"
            ),
            "Asia Europe Hispania Iberia Madrid d"
        );
    }

    #[pg_test]
    fn an_exact_name_wins_over_a_path() {
        run("SELECT acl_create('location', 'a'); SELECT acl_create('location', 'b', 'a'); SELECT acl_create('location', 'a/b');
             SELECT acl_rename('location', 'a/b', 'exact')");
        assert_eq!(one("SELECT count(*) FROM docacl.resource WHERE name = 'b'"), "1");
        run("SELECT acl_rename('location', 'a/b', 'path')");
        assert_eq!(one("SELECT count(*) FROM docacl.resource WHERE name = 'b'"), "0");
    }

    #[pg_test]
    fn bad_names_and_nulls_are_refused() {
        let long = "x".repeat(256);
        expect(
            "superuser",
            &[
                ("SELECT acl_create('location', '  ')", "22023"),
                ("SELECT acl_create('location', '*')", "22023"),
                ("SELECT acl_create('location', E'a\\tb')", "22023"),
                (&format!("SELECT acl_create('location', '{long}')"), "22023"),
                (&format!("SELECT acl_create('location', '{}')", &long[1..]), "ok"),
                ("SELECT acl_create('location', 'O''Neill \"quoted\" / straße 日本')", "ok"),
                ("SELECT acl_create(NULL, 'x')", "22023"),
                ("SELECT acl_create('location', NULL)", "22023"),
                ("SELECT acl_rename('location', NULL::text, 'x')", "22023"),
                ("SELECT acl_rename('location', 'Europe', NULL)", "22023"),
                ("SELECT acl_move(NULL, 'Europe', 'Asia')", "22023"),
                ("SELECT acl_set_inherits('location', 'Europe', NULL)", "22023"),
                ("SELECT acl_drop('location', NULL::bigint)", "22023"),
                ("SELECT acl_create_account(NULL)", "22023"),
            ],
        );
    }

    #[pg_test]
    fn a_name_is_taken_once_beside_its_siblings() {
        world();
        let spain = one("SELECT id FROM docacl.resource WHERE name = 'Spain'");
        expect(
            "superuser",
            &[
                ("SELECT acl_create('location', 'Spain', 'Europe')", "42710"),
                ("SELECT acl_create('location', 'Spain', 'Asia')", "ok"),
                ("SELECT acl_move('location', 'Asia/Spain', 'Europe')", "42710"),
                ("SELECT acl_rename('location', 'Madrid', 'Madrid')", "ok"),
                ("SELECT acl_rename('location', 'Asia', 'Europe')", "42710"),
                ("SELECT acl_create('location', 'k1', key => 'k')", "ok"),
                ("SELECT acl_create('location', 'k2', key => 'k')", "42710"),
                ("SELECT acl_create('project', 'k2', key => 'k')", "ok"),
            ],
        );
        assert_eq!(one("SELECT acl_create('location', 'Spain', 'Europe', if_not_exists => true)"), spain);
    }

    #[pg_test]
    fn parents_have_the_right_kind() {
        world();
        expect(
            "superuser",
            &[
                ("SELECT acl_create('environment', 'Live')", "ok"),
                ("SELECT acl_create('environment', 'Test', 'main')", "ok"),
                ("SELECT acl_create('company', 'C')", "23502"),
                ("SELECT acl_create('company', 'C', 'Live')", "ok"),
                ("SELECT acl_create('company', 'D', 'Europe')", "23514"),
                ("SELECT acl_create('company', 'D', 'main')", "23514"),
                ("SELECT acl_create('company', 'D', 'Nowhere')", "42704"),
                ("SELECT acl_create('client', 'K', 'C')", "ok"),
                ("SELECT acl_create('client', 'L', 'Live')", "23514"),
                ("SELECT acl_create('location', 'x', 'Live')", "23514"),
                ("SELECT acl_create('queue', 'Q')", "ok"),
                ("SELECT acl_create('queue', 'R', 'Q')", "23514"),
                ("SELECT acl_create('location', 'x', '*')", "23514"),
                ("SELECT acl_move('company', 'C', 'Test')", "ok"),
                ("SELECT acl_move('company', 'C', NULL)", "23502"),
                ("SELECT acl_create('account', 'x')", "22023"),
                ("SELECT acl_create('document', 'x')", "22023"),
            ],
        );
    }

    #[pg_test]
    fn nothing_lies_inside_itself() {
        world();
        expect(
            "superuser",
            &[
                ("SELECT acl_move('location', 'Europe', 'Europe')", "23514"),
                ("SELECT acl_move('location', 'Europe', 'Madrid')", "23514"),
                ("SELECT acl_move('location', 'Madrid', 'Asia')", "ok"),
                ("SELECT acl_move('location', 'Europe', 'Madrid')", "ok"),
                ("SELECT acl_move('location', 'Asia', 'Spain')", "23514"),
            ],
        );
    }

    #[pg_test]
    fn what_is_used_or_built_in_stays() {
        world();
        expect(
            "superuser",
            &[
                ("SELECT acl_drop('location', 'Spain')", "55006"),
                ("SELECT acl_drop('location', '*')", "55000"),
                ("SELECT acl_rename('location', '*', 'x')", "55000"),
                ("SELECT acl_move('project', '*', NULL)", "55000"),
                ("SELECT acl_set_inherits('project', '*', true)", "55000"),
                ("SELECT acl_drop('function', 'Projects')", "55000"),
                ("SELECT acl_rename('function', 'Role Authorizations', 'x')", "55000"),
                ("SELECT acl_drop('account', 'main')", "55000"),
            ],
        );
        run("SELECT acl_grant('ann', 'view', 'location', 'Madrid')");
        assert_eq!(one("SELECT count(*) FROM docacl.grants"), "1");
        run("SELECT acl_drop('location', 'Madrid')");
        assert_eq!(one("SELECT count(*) FROM docacl.grants"), "0");
        assert_eq!(one("SELECT count(*) FROM docacl.resource WHERE name = 'Madrid'"), "0");
    }

    #[pg_test]
    fn inherits_follows_its_kind_until_said_otherwise() {
        let inherits = |name: &str| one(&format!("SELECT inherits FROM docacl.resource WHERE name = '{name}'"));
        run(
            "SELECT acl_create('location', 'l1'), acl_create('project', 'p1'), acl_create('location', 'l2', inherits => true)",
        );
        assert_eq!((inherits("l1"), inherits("p1"), inherits("l2")), ("false".into(), "true".into(), "true".into()));
        run("SELECT acl_set_kind('location', true)");
        run("SELECT acl_create('location', 'l3')");
        assert_eq!((inherits("l1"), inherits("l3")), ("false".into(), "true".into()));
        run("SELECT acl_set_inherits('location', 'l1', true)");
        assert_eq!(inherits("l1"), "true");
        expect(
            "superuser",
            &[("SELECT acl_set_kind('document', false)", "22023"), ("SELECT acl_set_kind('planet', false)", "42704")],
        );
    }

    #[pg_test]
    fn inheriting_off_with_copy_keeps_who_holds_what() {
        world();
        run("SELECT acl_grant('ann', 'view', 'location', 'Europe', valid_until => '2999-01-01'),
                    acl_grant('ben', 'edit', 'location', 'Spain'), acl_grant('ann', 'security', 'location', 'Asia')");
        let on = |name: &str| {
            one(&format!(
                "SELECT coalesce(string_agg(p.name || ' ' || (g.valid_until IS NOT NULL), ', ' ORDER BY p.name), '')
                 FROM docacl.grants g JOIN docacl.principal p ON p.id = g.principal_id JOIN docacl.resource r ON r.id = g.resource_id
                 WHERE r.name = '{name}' AND g.revoked_at IS NULL"
            ))
        };
        run("SELECT acl_set_inherits('location', 'Madrid', false, copy => true)");
        assert_eq!(on("Madrid"), "ann true, ben false");
        run("SELECT acl_set_inherits('location', 'Spain', false)");
        assert_eq!(on("Spain"), "ben false");
    }

    #[pg_test]
    fn locations_are_administered_by_those_who_hold_it_there() {
        world();
        run(
            "SELECT acl_grant('ann', 'read, add, rename', 'location', 'Spain'), acl_grant('ben', 'read', 'location', 'Spain')",
        );
        expect(
            "ann",
            &[
                ("SELECT acl_create('location', 'Seville', 'Spain')", "ok"),
                ("SELECT acl_create('location', 'Top')", "42501"),
                ("SELECT acl_create('location', 'Bonn', 'Europe')", "42704"),
                ("SELECT acl_rename('location', 'Spain', 'Iberia')", "ok"),
                ("SELECT acl_rename('location', 'Europe', 'x')", "42704"),
                ("SELECT acl_drop('location', 'Madrid')", "42501"),
                ("SELECT acl_move('location', 'Madrid', 'Iberia')", "42501"),
                ("SELECT acl_set_inherits('location', 'Iberia', false)", "42501"),
            ],
        );
        // who made a location that does not inherit holds what it takes to use it and to grant on it
        assert_eq!(
            one("SELECT g.source || ' ' || p.name FROM docacl.grants g JOIN docacl.resource r ON r.id = g.resource_id
                 JOIN docacl.principal p ON p.id = g.principal_id WHERE r.name = 'Seville'"),
            "creator ann"
        );
        expect("ann", &[("SELECT acl_grant('ben', 'view', 'location', 'Seville')", "ok")]);
        expect(
            "ben",
            &[
                ("SELECT acl_create('location', 'x', 'Iberia')", "42501"),
                ("SELECT acl_rename('location', 'Iberia', 'x')", "42501"),
                ("SELECT acl_grant('ben', 'full', 'location', 'Iberia')", "42501"),
                ("SELECT acl_grant('ben', 'full', 'location', 'Asia')", "42704"),
            ],
        );
        run("SELECT acl_grant('ben', 'move, delete', 'location', 'Madrid')");
        expect(
            "ben",
            &[
                ("SELECT acl_move('location', 'Madrid', 'Iberia')", "42501"), // no add there
                ("SELECT acl_move('location', 'Madrid', NULL)", "42501"),
                ("SELECT acl_drop('location', 'Madrid')", "ok"),
            ],
        );
        expect(
            "admin",
            &[
                ("SELECT acl_create('location', 'Top')", "ok"),
                ("SELECT acl_move('location', 'Top', 'Asia')", "ok"),
                ("SELECT acl_drop('location', 'Top')", "ok"),
            ],
        );
    }

    #[pg_test]
    fn refusals_say_nothing_about_what_one_may_not_see() {
        world();
        let unseen = said("ann", "SELECT acl_rename('location', 'Asia', 'x')");
        let unknown = said("ann", "SELECT acl_rename('location', 'Mars', 'x')");
        assert_eq!(unseen.replace("Asia", "Mars"), unknown);
        run(
            "SELECT acl_create('location', 'Madrid', 'Asia'); SELECT acl_grant('ann', 'read, rename', 'location', 'Asia/Madrid')",
        );
        // the other Madrid does not make the name ambiguous for who does not see it
        assert_eq!(attempt("ann", "SELECT acl_rename('location', 'Madrid', 'Macao')"), "ok");
        // an account of its own
        run("SELECT acl_create_account('acme'); SET LOCAL docacl.account = 'acme'; SELECT acl_create('location', 'Vault');
             SELECT acl_create_user('eve', 'eve@acme.example', 'Administrators'); RESET docacl.account");
        let vault = one("SELECT id FROM docacl.resource WHERE name = 'Vault'");
        let spain = one("SELECT id FROM docacl.resource WHERE name = 'Spain'");
        expect(
            "admin",
            &[
                ("SELECT acl_rename('location', 'Vault', 'x')", "42704"),
                (&format!("SELECT acl_rename('location', {vault}, 'x')"), "42704"),
                (&format!("SELECT acl_move('location', 'Spain', {vault})"), "42704"),
                ("SELECT acl_grant('admin', 'view', 'account', 'acme')", "42704"),
                ("SET LOCAL docacl.account = 'acme'; SELECT acl_rename('location', 'Vault', 'x')", "42704"),
            ],
        );
        expect("acme/eve", &[(&format!("SELECT acl_drop('location', {spain})"), "42704")]);
        expect("superuser", &[(&format!("SELECT acl_move('location', 'Spain', {vault})"), "23514")]);
    }

    #[pg_test]
    fn projects_types_and_functions_have_their_function() {
        world();
        run("SELECT acl_create('project', 'P'), acl_create('document type', 'T'), acl_create('screen', 'S')");
        expect(
            "ann",
            &[
                ("SELECT acl_create('project', 'Q')", "42501"),
                ("SELECT acl_create('document type', 'U')", "42501"),
                ("SELECT acl_create('function', 'U')", "42501"),
                ("SELECT acl_rename('document type', 'T', 'U')", "42704"),
                ("SELECT acl_create('queue', 'q')", "42501"),
            ],
        );
        run(
            "SELECT acl_grant('ann', 'write', 'function', 'Projects'), acl_grant('ben', 'write', 'function', 'Role Authorizations')",
        );
        expect(
            "ann",
            &[
                ("SELECT acl_create('project', 'Q')", "ok"),
                ("SELECT acl_rename('project', 'Q', 'R')", "ok"), // its creator holds change
                ("SELECT acl_rename('project', 'P', 'R')", "42704"),
                ("SELECT acl_grant('ben', 'view', 'project', 'R')", "42501"), // no Project Authorizations
                ("SELECT acl_create('document type', 'U')", "42501"),
            ],
        );
        run("SELECT acl_grant('ann', 'write', 'function', 'Project Authorizations')");
        expect("ann", &[("SELECT acl_grant('ben', 'view', 'project', 'R')", "ok")]);
        expect(
            "ben",
            &[
                ("SELECT acl_create('document type', 'U', 'T')", "ok"),
                ("SELECT acl_rename('document type', 'U', 'V')", "ok"),
                ("SELECT acl_grant('ann', 'view', 'document type', 'V')", "ok"),
                ("SELECT acl_grant('ann', 'view', 'document type', '*')", "42704"),
                ("SELECT acl_create('screen', 'S2', 'S')", "ok"),
                ("SELECT acl_create('project', 'Q')", "42501"),
                ("SELECT acl_rename('project', 'R', 'x')", "42501"),
            ],
        );
        // superusers get no grants of creators
        assert_eq!(
            one(
                "SELECT count(*) FROM docacl.grants g JOIN docacl.resource r ON r.id = g.resource_id WHERE r.name = 'P'"
            ),
            "0"
        );
    }

    #[pg_test]
    fn scope_is_managed_by_the_matching_action() {
        world();
        run("SELECT acl_create('environment', 'Live'), acl_create('environment', 'Test');
             SELECT acl_create('company', 'C', 'Test');
             SELECT acl_grant('ann', 'manage_companies', 'environment', 'Live'), acl_grant('ben', 'manage_environments', 'account', 'main')");
        expect(
            "ann",
            &[
                ("SELECT acl_create('company', 'D', 'Live')", "ok"),
                ("SELECT acl_create('company', 'D', 'Test')", "42704"),
                ("SELECT acl_create('environment', 'E')", "42501"),
                ("SELECT acl_create('client', 'K', 'D')", "42704"),
            ],
        );
        expect(
            "ben",
            &[
                ("SELECT acl_create('environment', 'E')", "ok"),
                ("SELECT acl_rename('environment', 'E', 'F')", "ok"),
                ("SELECT acl_drop('environment', 'F')", "ok"),
                ("SELECT acl_rename('account', 'main', 'x')", "42704"),
            ],
        );
        expect(
            "admin",
            &[
                ("SELECT acl_create('client', 'K', 'D')", "ok"),
                ("SELECT acl_rename('account', 'main', 'x')", "42501"),
                ("SELECT acl_create_account('x')", "42501"),
                ("SELECT acl_create_kind('x', true)", "42501"),
                ("SELECT acl_create_action('x')", "42501"),
                ("SELECT acl_set_kind('location', true)", "42501"),
            ],
        );
        expect("system", &[("SELECT acl_create_account('x')", "ok"), ("SELECT acl_create_kind('x', true)", "ok")]);
    }

    #[pg_test]
    fn own_kinds_and_actions() {
        run("SELECT acl_create_account('acme'); SELECT acl_create_kind('Cost Center', false)");
        run("SELECT acl_create_account('late')");
        assert_eq!(
            one("SELECT gate || ' ' || has_star FROM docacl.kind WHERE name = 'cost_center'"),
            "cost_center true"
        );
        assert_eq!(one("SELECT count(*) FROM docacl.resource WHERE kind = 'cost_center' AND is_star"), "3");
        assert_eq!(one("SELECT acl_create_action('Fax it')"), "40");
        assert_eq!(one("SELECT acl_create_action('stamp')"), "41");
        expect(
            "superuser",
            &[
                ("SELECT acl_create('cost-center', 'A')", "ok"),
                ("SELECT acl_create('cost center', 'B', 'A')", "ok"),
                ("SELECT acl_grant('Users', 'change, fax it', 'Cost Center', 'B')", "ok"),
                ("SELECT acl_grant('Users', 'fax it', 'cost center', '*')", "ok"),
                ("SELECT acl_create_kind('cost-center', true)", "42710"),
                ("SELECT acl_create_kind('folder', true)", "22023"),
                ("SELECT acl_create_kind('scope', true)", "22023"),
                ("SELECT acl_create_kind('location', true)", "42710"),
                ("SELECT acl_create_kind('x', NULL)", "22023"),
                ("SELECT acl_create_action('fax-it')", "42710"),
                ("SELECT acl_create_action('read')", "42710"),
                ("SELECT acl_create_action('View')", "22023"),
                ("SELECT acl_create_action('a,b')", "22023"),
            ],
        );
        for n in 42..=62 {
            assert_eq!(one(&format!("SELECT acl_create_action('a{n}')")), n.to_string());
        }
        expect("superuser", &[("SELECT acl_create_action('one too many')", "55000")]);
    }

    #[pg_test]
    fn an_account_is_dropped_when_it_is_empty() {
        run("SELECT acl_create_account('acme'); SET LOCAL docacl.account = 'acme'; SELECT acl_create('location', 'L');
             SELECT acl_create_user('eve', 'eve@acme.example', 'Users')");
        expect("superuser", &[("SELECT acl_drop('account', 'acme')", "55006")]);
        run(
            "SELECT acl_drop('location', 'L'); SELECT acl_drop_user('eve'); RESET docacl.account; SELECT acl_drop('account', 'acme')",
        );
        assert_eq!(one("SELECT count(DISTINCT account_id) FROM docacl.resource"), "1");
        expect("superuser", &[("SET LOCAL docacl.account = 'acme'; SELECT acl_create('location', 'x')", "42704")]);
    }
}
