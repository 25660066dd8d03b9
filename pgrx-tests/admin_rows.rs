//! Sharing one row: its own list.

use pgrx::prelude::*;

#[pg_schema]
mod tests {
    use pgrx::prelude::*;

    use crate::in_backend::support::{attempt, expect, one, run, said};

    /// A table of an ordinary owner, with a trigger of his that remembers as whom it ran and needs search_path.
    fn world() {
        run("CREATE ROLE t_owner; CREATE TABLE doc_log (); ALTER TABLE doc_log OWNER TO t_owner; CREATE TABLE doc (id int PRIMARY KEY, place text, own_acl bigint, touched_by name);
             CREATE FUNCTION touch_doc() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM count(*) FROM doc_log; NEW.touched_by := current_user; RETURN NEW; END $$;
             CREATE TRIGGER touch BEFORE UPDATE ON doc FOR EACH ROW EXECUTE FUNCTION touch_doc();
             ALTER TABLE doc OWNER TO t_owner; GRANT SELECT, INSERT, UPDATE, DELETE ON doc TO PUBLIC;
             SELECT acl_create('location', 'HR', key => 'hr'), acl_create('location', 'IT', key => 'it');
             SELECT acl_create_user('ann', 'ann@x.example', 'Users'), acl_create_user('ben', 'ben@x.example', 'Users'),
                    acl_create_user('eve', 'eve@x.example', 'Users');
             SELECT acl_grant('ann', 'view, security', 'location', 'HR'), acl_grant('eve', 'view', 'location', 'HR');
             SELECT acl_protect('doc', '{\"location\": \"place\"}', '{\"key\": \"id\", \"own_acl\": \"own_acl\", \"default\": true}');
             INSERT INTO doc (id, place) VALUES (1, 'hr'), (2, 'hr'), (3, 'it')");
    }

    fn can(who: &str, id: i32) -> String {
        one(&format!("SELECT acl_can('{who}', {id}, 'read')"))
    }

    #[pg_test]
    fn a_share_adds_and_is_revoked() {
        world();
        assert_eq!((can("ben", 1), can("eve", 1)), ("false".into(), "true".into()));
        expect("ann", &[("SELECT acl_grant('ben', 'view', 'document', 1)", "ok")]);
        assert_eq!((can("ben", 1), can("eve", 1), can("ben", 2)), ("true".into(), "true".into(), "false".into()));
        assert_eq!(
            one("SELECT concat_ws(' ', r.kind, r.row_key, p.name, r.inherits, d.own_acl = r.id, r.relation = 'doc'::regclass) FROM docacl.resource r
                 JOIN docacl.resource p ON p.id = r.parent_id JOIN doc d ON d.id::text = r.row_key"),
            "document 1 HR t t t"
        );
        assert_eq!(one("SELECT acl_grant_row('ben', 'view', 'doc', '1')"), "false");
        assert_eq!(one("SELECT acl_revoke('ben', 'view', 'document', '1')"), "true");
        assert_eq!(can("ben", 1), "false");
        assert_eq!(one("SELECT acl_revoke_row('ben', 'view', 'doc', '2')"), "false");
        run("SELECT acl_set_grant('ben', '', 'document', 2)");
        assert_eq!(one("SELECT own_acl IS NULL FROM doc WHERE id = 2"), "true", "nothing granted: no list");
    }

    #[pg_test]
    fn sharing_asks_security_on_the_row() {
        world();
        let all = [
            "SELECT acl_grant('ben', 'view', 'document', '1')",
            "SELECT acl_revoke('eve', 'view', 'document', 1)",
            "SELECT acl_set_grant('ben', 'view', 'document', '1')",
            "SELECT acl_set_inherits('document', '1', false, copy => true)",
            "SELECT acl_grant_row('ben', 'view', 'doc', '1')",
            "SELECT acl_revoke_row('ben', 'view', 'doc', '1')",
            "SELECT acl_set_row_inherits('doc', '1', false, copy => true)",
        ];
        for sql in all {
            assert_eq!(attempt("eve", sql), "42501", "{sql}");
            assert_eq!(attempt("nobody", sql), "42501", "{sql}");
            let unseen = said("ben", sql);
            assert_eq!(
                unseen.replace("\"1\"", "\"9\""),
                said("ben", &sql.replace("'1'", "'9'").replace(", 1)", ", 9)")),
                "{sql}"
            );
            assert!(unseen.starts_with("42704"), "{sql}: {unseen}");
        }
        for sql in all {
            assert_eq!(attempt("ann", sql), "ok", "{sql}");
        }
        expect("ann", &[("SELECT acl_grant('ben', 'view', 'document', 3)", "42704")]);
        expect(
            "superuser",
            &[
                ("SELECT acl_grant('ben', 'view', 'document', 3)", "ok"),
                ("SELECT acl_grant('ben', 'view', 'document', 99)", "42704"),
                ("SELECT acl_grant('ben', 'view', 'document', 'no number')", "42704"),
                ("SELECT acl_grant('ben', 'add', 'document', 3)", "22023"),
                ("SELECT acl_grant_row('ben', 'view', NULL, '3')", "22023"),
                ("SELECT acl_grant_row('ben', 'view', 'doc', NULL)", "22023"),
                ("SELECT acl_grant_row('ben', 'view', 'docacl.kind', '3')", "55000"),
            ],
        );
    }

    #[pg_test]
    fn a_list_may_stand_instead_of_the_location() {
        world();
        run("SELECT acl_grant('ben', 'view', 'document', 1); SELECT acl_set_inherits('document', 1, false)");
        assert_eq!((can("ben", 1), can("eve", 1), can("ann", 1)), ("true".into(), "false".into(), "false".into()));
        run("SELECT acl_set_inherits('document', 1, true)");
        assert_eq!((can("ben", 1), can("eve", 1), can("ann", 1)), ("true".into(), "true".into(), "true".into()));
        // with a copy nobody loses anything, and what is revoked from the location later stays
        run(
            "SELECT acl_grant('everyone', 'preview', 'location', '*'); SELECT acl_set_row_inherits('doc', '2', false, copy => true)",
        );
        assert_eq!((can("ann", 2), can("eve", 2), can("ben", 2)), ("true".into(), "true".into(), "false".into()));
        run("SELECT acl_revoke('eve', 'view', 'location', 'HR')");
        assert_eq!((can("eve", 1), can("eve", 2)), ("false".into(), "true".into()));
    }

    #[pg_test]
    fn the_tables_own_triggers_do_not_fire() {
        world();
        expect("ann", &[("SELECT acl_grant('ben', 'view', 'document', 1)", "ok")]);
        assert_eq!(one("SELECT touched_by FROM doc WHERE id = 1"), "null");
    }

    #[pg_test]
    fn a_list_does_not_outlive_its_row() {
        world();
        run(
            "SELECT acl_grant('ben', 'view', 'document', 1), acl_grant('ben', 'view', 'document', 2); DELETE FROM doc WHERE id = 1",
        );
        assert_eq!(one("SELECT count(*) FROM docacl.resource WHERE kind = 'document'"), "1");
        run(
            "TRUNCATE doc; INSERT INTO doc (id, place) VALUES (2, 'hr'); SELECT acl_grant('ann', 'print', 'document', 2)",
        );
        assert_eq!(can("ben", 2), "false");
        assert_eq!(
            one(
                "SELECT count(*) FROM docacl.grants g JOIN docacl.resource r ON r.id = g.resource_id WHERE r.kind = 'document'"
            ),
            "1"
        );
    }
}
