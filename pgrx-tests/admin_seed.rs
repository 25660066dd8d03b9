//! What an installation begins with is what core says.

use pgrx::prelude::*;

#[pg_schema]
mod tests {
    use docacl_core::{action, kind};
    use pgrx::prelude::*;

    use crate::in_backend::support::{one, run};

    #[pg_test]
    fn kinds_are_those_of_core() {
        assert_eq!(one("SELECT count(*) FROM docacl.kind"), kind::BUILT_IN.len().to_string());
        for built_in in kind::BUILT_IN {
            let row = one(&format!(
                "SELECT concat_ws(' ', coalesce(gate, 'none'), inherits, has_star, built_in) FROM docacl.kind WHERE name = '{}'",
                built_in.name
            ));
            let t = |b: bool| if b { "t" } else { "f" };
            let gate = built_in.gate.unwrap_or("none");
            assert_eq!(row, format!("{gate} {} {} t", t(built_in.inherits), t(built_in.has_star)), "{}", built_in.name);
        }
        // Ranks follow core's order within each gate.
        let by_rank =
            one("SELECT string_agg(name, ' ' ORDER BY gate, rank) FROM docacl.kind WHERE gate IN ('scope', 'place')");
        let of = |gate| kind::BUILT_IN.iter().filter(move |k| k.gate == Some(gate)).map(|k| k.name);
        assert_eq!(by_rank, of("place").chain(of("scope")).collect::<Vec<_>>().join(" "));
    }

    #[pg_test]
    fn actions_are_those_of_core() {
        let rows = one("SELECT string_agg(bit || ' ' || name, ', ' ORDER BY bit) FROM docacl.action WHERE built_in");
        let core: Vec<String> =
            action::BUILT_IN.iter().map(|(name, a)| format!("{} {name}", a.bits().trailing_zeros())).collect();
        assert_eq!(rows, core.join(", "));
    }

    #[pg_test]
    fn a_fresh_database_has_system_and_one_account() {
        assert_eq!(
            one("SELECT name FROM docacl.principal WHERE id = 1 AND kind = 'system' AND account_id IS NULL"),
            "system"
        );
        assert_eq!(one("SELECT string_agg(name, ' ') FROM docacl.resource WHERE kind = 'account'"), "main");
        assert_eq!(one("SELECT count(*) FROM docacl.grants"), "0");
        assert_eq!(one("SELECT count(*) FROM docacl.membership"), "0");
    }

    #[pg_test]
    fn every_account_is_made_with_roles_roots_and_functions() {
        run("SELECT acl_create_account('acme')");
        for account in ["main", "acme"] {
            let of =
                format!("account_id = (SELECT id FROM docacl.resource WHERE kind = 'account' AND name = '{account}')");
            assert_eq!(
                one(&format!(
                    "SELECT string_agg(name, ', ' ORDER BY id) FROM docacl.principal WHERE {of} AND kind = 'role'"
                )),
                "Administrators, Users, everyone"
            );
            assert_eq!(
                one(&format!(
                    "SELECT string_agg(kind, ' ' ORDER BY kind) FROM docacl.resource WHERE {of} AND is_star AND name = '*'"
                )),
                "document_type function location project"
            );
            assert_eq!(
                one(&format!(
                    "SELECT string_agg(name, ', ' ORDER BY id) FROM docacl.resource WHERE {of} AND kind = 'function' AND NOT is_star"
                )),
                "Projects, Project Authorizations, Role Authorizations"
            );
        }
        assert_eq!(one("SELECT count(*) FROM docacl.grants"), "0");
    }
}
