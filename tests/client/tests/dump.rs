//! What docacl knows goes through pg_dump and comes back: grants, revocations, own lists, protections, mappings,
//! changes of what CREATE EXTENSION made. A second dump says the same as the first.

use std::process::Command;

use docacl_client_tests::Session;
use docacl_client_tests::server::Database;

/// Runs a program of the server's; its output, or what it said when it failed.
fn program(name: &str, arguments: &[&str]) -> String {
    let out = Command::new(name).args(arguments).output().unwrap_or_else(|e| panic!("{name}: {e}"));
    assert!(out.status.success(), "{name} {arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).into_owned()
}

/// A dump without the lines that differ every time.
fn dump(database: &str) -> String {
    let whole = program("pg_dump", &["-d", database]);
    whole
        .lines()
        .filter(|l| !l.starts_with("\\restrict") && !l.starts_with("\\unrestrict"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Everything there is a function for: what must be the same afterwards.
fn build(superuser: &mut Session) {
    superuser.run(
        "create table documents (id bigint primary key, title text, place bigint, type text, created_by bigint, own_acl bigint);
         select acl_create('location', 'HR'), acl_create('location', 'Board room', parent => 'HR', inherits => true);
         select acl_create('document type', 'Contract', key => 'contract'), acl_create('document type', 'Payslip', key => 'payslip');
         select acl_create_kind('cabinet', true), acl_create_action('shred'), acl_create('cabinet', 'steel');
         select acl_set_kind('location', true), acl_alter_role('Users', name => 'Staff');
         select acl_create_account('Second'), acl_create_role('Readers'), acl_create_role('Bosses');
         select acl_assign('Bosses', 'Readers', valid_until => '2999-01-01');
         select acl_create_user('ann', 'ann@example.org', 'Readers', key => 'a-1'), acl_create_user('bob', 'bob@example.org', 'Staff');
         insert into documents select i, 'doc ' || i, (select id from docacl.resource where name = 'HR'), 'contract' from generate_series(1, 6) i;
         select acl_protect('documents', '{\"location\": \"place\", \"document type\": \"type\"}',
                            '{\"owner\": \"created_by\", \"own_acl\": \"own_acl\", \"columns\": {\"title\": \"rename\"}, \"default\": true}');
         select acl_grant('Readers', 'enter', 'location', 'HR', note => 'a note'), acl_grant('Readers', 'view, shred', 'document type', 'Contract');
         select acl_grant('bob', 'view, edit', 'location', 'HR'), acl_revoke('bob', 'edit', 'location', 'HR');
         select acl_grant_row('bob', 'view', 'documents', '2'), acl_grant('bob', 'view', 'document type', 'Contract');
         select acl_set_row_inherits('documents', '3', false), acl_revoke('bob', 'view', 'location', 'HR');",
    );
}

/// Who may do what with which row.
fn answers(superuser: &mut Session) -> Vec<String> {
    superuser.column(
        "select p || ' ' || d.id || ' ' || array_to_string(acl_actions(p, d.id), ',') from documents d, unnest(array['ann', 'bob']) p order by 1",
    )
}

/// What CREATE EXTENSION made, changed and removed: a restore must bring exactly that, not what it finds.
fn rebuild(superuser: &mut Session) {
    superuser.run(
        "select acl_set_kind('document type', false), acl_rename('account', 'main', 'Head office');
         update docacl.principal set name = 'Chiefs' where account_id = 1 and built_in = 'administrators'",
    );
    // The role of the new name must not meet the one that is gone, nor one renamed the name that it had.
    superuser.run(
        "set docacl.account = 'Head office';
         select acl_create_role('Temps'), acl_assign('Temps', 'Readers'), acl_drop_role('Staff'), acl_create_role('Users');
         select acl_create_role('Administrators'), acl_grant('Users', 'view', 'location', 'HR'), acl_assign('Users', 'ann');
         select acl_revoke('Users', 'view', 'location', 'HR'), acl_unassign('Users', 'ann')",
    );
}

/// Everything that docacl knows and that the text of a dump could hide from a reader of this test.
fn knowledge(superuser: &mut Session) -> Vec<String> {
    superuser.column(
        "select 'kind ' || k::text from docacl.kind k union all select 'action ' || a::text from docacl.action a
         union all select 'resource ' || r::text from docacl.resource r union all select 'principal ' || p::text from docacl.principal p
         union all select 'membership ' || m::text from docacl.membership m union all select 'grant ' || g::text from docacl.grants g
         union all select 'role ' || d::text from docacl.db_role d union all select 'table ' || t::text from docacl.protected_table t
         union all select 'event ' || e::text from docacl.event e order by 1",
    )
}

#[test]
fn a_restored_database_says_the_same() {
    let database = Database::create("dump");
    let mut superuser = database.superuser();
    build(&mut superuser);
    rebuild(&mut superuser);
    let role = format!("{}_ann", database.name());
    superuser.run(&format!("create role {role}; select acl_map('{role}', 'ann'); grant select on documents to {role}"));
    let before = answers(&mut superuser);
    assert!(before.iter().any(|a| a.starts_with("ann 1 read")), "{before:?}");
    assert!(before.iter().any(|a| a == "ann 3 ") && before.iter().any(|a| a.starts_with("bob 2 read")), "{before:?}");
    let known = knowledge(&mut superuser);
    assert!(!known.iter().any(|k| k.starts_with("principal (3,")), "the built-in role Users is gone");
    let first = dump(database.name());

    let directory = std::env::temp_dir().join(database.name());
    let file = directory.display().to_string();
    // Jobs take tables in an order that differs from time to time.
    let forms: [(&str, &[&str], &[&str]); 7] = [
        ("plain", &[], &["-X", "-q", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null", "-f"]),
        ("inserts", &["--inserts"], &["-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null", "-f"]),
        ("custom", &["-Fc"], &["--exit-on-error"]),
        ("jobs", &["-Fc"], &["--exit-on-error", "-j2"]),
        ("jobs", &["-Fc"], &["--exit-on-error", "-j2"]),
        ("jobs", &["-Fc"], &["--exit-on-error", "-j2"]),
        ("jobs", &["-Fc"], &["--exit-on-error", "-j4"]),
    ];
    for (form, dumping, restoring) in forms {
        let copy = Database::create_bare(form);
        let said = Command::new("pg_dump")
            .args(dumping)
            .args(["-f", &file, "-d", database.name()])
            .output()
            .unwrap_or_else(|e| panic!("pg_dump: {e}"));
        assert!(said.status.success() && said.stderr.is_empty(), "{form}: {}", String::from_utf8_lossy(&said.stderr));
        let restore = if dumping.contains(&"-Fc") { "pg_restore" } else { "psql" };
        program(restore, &[&["-d", copy.name()], restoring, &[&file]].concat());
        std::fs::remove_file(&directory).unwrap();
        let mut restored = copy.superuser();
        restored.run("set docacl.account = 'Head office'");
        assert_eq!(knowledge(&mut restored), known, "{form}");
        assert_eq!(answers(&mut restored), before, "{form}");
        assert_eq!(dump(copy.name()), first, "a second dump, {form}");
        // The mapping and the policies hold, and ids go on where they were.
        assert_eq!(restored.number(&format!("set role {role}; select count(*) from documents")), 5);
        restored.run("reset role; select acl_create('location', 'new'), acl_create_role('new')");
        // What was revoked stays revoked, and a grant on the restored list opens its row.
        restored.run("select acl_grant_row('ann', 'view', 'documents', '3')");
        assert_eq!(restored.number(&format!("set role {role}; select count(*) from documents")), 6);
        // What belonged to a principal goes with it here as well.
        restored.run("reset role; select acl_drop_role('Users')");
        assert_eq!(
            restored.number(
                "select count(*) from docacl.grants where principal_id not in (select id from docacl.principal)"
            ),
            0
        );
        assert_eq!(
            restored.number(
                "select count(*) from docacl.membership where role_id not in (select id from docacl.principal)"
            ),
            0
        );
    }
    superuser.run(&format!("revoke all on documents from {role}"));
}
