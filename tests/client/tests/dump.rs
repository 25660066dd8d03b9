//! What docacl knows goes through pg_dump and comes back: grants, revocations, own lists, protections, mappings,
//! changes of what CREATE EXTENSION made. A second dump says the same as the first.

use std::process::Command;

use docacl_client_tests::Session;
use docacl_client_tests::server::Database;
use docacl_client_tests::world::{add_settings, answers, build, findings, knowledge, program};

/// A dump without the lines that differ every time.
fn dump(database: &str) -> String {
    let whole = program("pg_dump", &["-d", database]);
    whole
        .lines()
        .filter(|l| !l.starts_with("\\restrict") && !l.starts_with("\\unrestrict"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// A table decided by the rows of another: its policies name that table, and must find it again.
fn add_lines(superuser: &mut Session) {
    superuser.run(
        "select acl_create('location', 'Store');
         create table lines (id bigint primary key, document_id bigint, note text);
         insert into lines select i, i % 6 + 1, 'line ' || i from generate_series(1, 12) i;
         create table parts (id bigint, year int, place bigint, primary key (id, year)) partition by list (year);
         create table parts_old partition of parts for values in (1, 2);
         create table parts_new partition of parts default;
         insert into parts select i, i, (select id from docacl.resource where name = 'Store') from generate_series(1, 4) i;
         select acl_grant('ann', 'view', 'location', 'Store');
         select acl_protect('parts', '{\"location\": \"place\"}', '{\"key\": [\"id\", \"year\"]}');
         create table later (id bigint primary key, place bigint);
         insert into later select id, place from parts;
         select acl_protect('later', '{\"location\": \"place\"}', '{\"enforce\": false}');
         select acl_protect('lines', '{\"parent\": {\"relation\": \"documents\", \"column\": \"document_id\"}}')",
    );
}

/// A table whose rows say who is responsible for what, with a rule that is on and one that is off.
fn add_rules(superuser: &mut Session) {
    superuser.run(
        "create table projects (id int primary key, name text, controller text, developer text);
         insert into projects values (1, 'Bridge', 'rule:ann', 'rule:bob'), (2, 'Pier', null, 'rule:bob');
         select acl_create_user(n, n || '@rules.example', 'Readers', key => 'rule:' || n) from unnest(array['rita', 'ruth']) n;
         update projects set controller = 'rule:rita' where id = 1;
         update projects set developer = 'rule:ruth';
         select acl_mirror('projects', 'project', 'id', 'name'), acl_auto_grant('projects', 'controller', 'project', 'change', code => 'a-pae-b'),
             acl_auto_grant('projects', 'developer', 'project', 'view', code => 'c-pae-d'), acl_profile_option('a-pae-b', true);
         update projects set controller = 'rule:ruth' where id = 2",
    );
}

/// Who may do what on which project.
fn projects(superuser: &mut Session) -> Vec<String> {
    superuser.column(
        "select concat_ws(' ', p, r, array_to_string(acl_actions_on(p, 'project', r), ',')) from unnest(array['Bridge', 'Pier']) r, unnest(array['rita', 'ruth']) p order by 1",
    )
}

/// Who may do what with which line.
fn lines(superuser: &mut Session) -> Vec<String> {
    superuser.column(
        "select p || ' ' || l.id || ' ' || array_to_string(acl_actions_row(p, 'lines', l.id::text), ',') from lines l, unnest(array['ann', 'bob']) p order by 1",
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

#[test]
fn a_restored_database_says_the_same() {
    let database = Database::create("dump");
    let mut superuser = database.superuser();
    build(&mut superuser);
    add_lines(&mut superuser);
    add_settings(&mut superuser);
    add_rules(&mut superuser);
    rebuild(&mut superuser);
    let role = format!("{}_ann", database.name());
    superuser.run(&format!(
        "create role {role}; select acl_map('{role}', 'ann'); grant select on documents, lines, parts, parts_old to {role}"
    ));
    let before = answers(&mut superuser);
    assert!(before.iter().any(|a| a.starts_with("ann 1 read")), "{before:?}");
    assert!(before.iter().any(|a| a == "ann 3 ") && before.iter().any(|a| a.starts_with("bob 2 read")), "{before:?}");
    let below = lines(&mut superuser);
    assert!(below.iter().any(|a| a.starts_with("ann 6 read")) && below.iter().any(|a| a == "ann 2 "), "{below:?}");
    let ruled = projects(&mut superuser);
    assert!(
        ruled[0].starts_with("rita Bridge read") && ruled[1] == "rita Pier " && ruled[2] == "ruth Bridge ",
        "{ruled:?}"
    );
    assert!(ruled[3].contains("write"), "{ruled:?}");
    let seen = superuser.number(&format!("begin; set local role {role}; select count(*) from parts"));
    superuser.run("rollback");
    assert_eq!(seen, 4);
    let known = knowledge(&mut superuser);
    assert!(!known.iter().any(|k| k.starts_with("principal (3,")), "the built-in role Users is gone");
    let first = dump(database.name());
    let found = findings(&mut superuser);

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
        assert_eq!(lines(&mut restored), below, "{form}");
        assert_eq!(projects(&mut restored), ruled, "{form}");
        assert_eq!(findings(&mut restored), found, "{form}");
        assert_eq!(dump(copy.name()), first, "a second dump, {form}");
        // The mapping and the policies hold, and ids go on where they were.
        assert_eq!(restored.number(&format!("set role {role}; select count(*) from documents")), 5);
        assert_eq!(restored.number("select count(*) from lines"), 10);
        assert_eq!(restored.number("select count(*) from parts"), seen);
        assert_eq!(restored.number("select count(*) from parts_old"), seen / 2);
        restored.run("reset role; select acl_create('location', 'new'), acl_create_role('new')");
        // Rules go on: the grants that were restored follow the rows, and an option that is switched on finds what they say.
        restored.run("update projects set controller = 'rule:rita'; select acl_profile_option('c-pae-d', true)");
        let follow = projects(&mut restored);
        assert!(follow[0].contains("write") && follow[1].contains("write"), "{form}: {follow:?}");
        assert!(follow[2..].iter().all(|f| f.contains("read") && !f.contains("write")), "{form}: {follow:?}");
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
    superuser.run(&format!("revoke all on documents, lines, parts, parts_old from {role}"));
}

/// PostgreSQL dumps no change of its own functions: what acl_trust_search did is lost, what docacl remembers is not.
#[test]
fn a_restore_that_lost_trusted_search_is_noticed() {
    let database = Database::create("search");
    let mut superuser = database.superuser();
    build(&mut superuser);
    let trusted = |session: &mut Session| session.number("select sum(trusted::int) from docacl.searchable");
    let said = |session: &mut Session| {
        session
            .column("select split_part(finding, ' for ', 1) || ': ' || advice from acl_check() where object = 'search'")
    };
    superuser.run("select acl_trust_search(true)");
    assert_eq!(trusted(&mut superuser), 14);
    let first = dump(database.name());

    let copy = Database::create_bare("copy");
    let file = std::env::temp_dir().join(copy.name());
    program("pg_dump", &["-Fc", "-f", &file.display().to_string(), "-d", database.name()]);
    program("pg_restore", &["-d", copy.name(), "--exit-on-error", &file.display().to_string()]);
    std::fs::remove_file(&file).unwrap();
    let mut restored = copy.superuser();
    assert_eq!(dump(copy.name()), first, "a second dump");
    assert_eq!(trusted(&mut restored), 0);
    assert_eq!(said(&mut restored), ["no longer trusted: SELECT acl_trust_search(true);"]);
    restored.run("select acl_trust_search(true)");
    assert_eq!(trusted(&mut restored), 14);
    assert_eq!(
        said(&mut restored),
        ["trusted: Accepted with acl_trust_search(true); SELECT acl_trust_search(false) ends it."]
    );
    // The way back leads to what PostgreSQL ships, not to what the other database had.
    restored.run("select acl_trust_search(false)");
    assert_eq!(
        restored.number(
            "select count(*) from docacl.searchable s join pg_proc p on p.oid = s.proc
             where p.proleakproof or p.procost <> 1 or (p.prosupport <> 0) <> (s.function like 'text%')"
        ),
        0
    );
    assert_eq!(said(&mut restored), [""; 0]);
}

/// API keys log in after a restore, and public keys for tokens are there. Shared secrets are not: whoever reads the dump
/// could make tokens.
#[test]
fn what_logs_in_after_a_restore() {
    let database = Database::create("logins");
    let mut superuser = database.superuser();
    build(&mut superuser);
    let secret = "a secret of at least thirty-two bytes";
    superuser.run(&format!(
        r#"select acl_create('environment', 'Keys'), acl_add_token_key('one', 'HS256', '{secret}'),
           acl_add_token_key('ed', 'EdDSA', '{{"kty":"OKP","crv":"Ed25519","x":"Dz2HliXabHVTYMZyFWSACDSZ5M7mt0D5VR0EO2FFZFI"}}')"#
    ));
    let key = superuser.value("select acl_create_api_key('Keys', 'importer')").expect("a key");
    let token = superuser.value("select acl_issue_token('ann', '1 hour')").expect("a token");
    let first = dump(database.name());
    assert!(first.contains("Dz2HliXab") && !first.contains(secret) && !first.contains(&key[19..]), "secrets in a dump");

    let copy = Database::create_bare("logins_copy");
    let file = std::env::temp_dir().join(copy.name());
    program("pg_dump", &["-Fc", "-f", &file.display().to_string(), "-d", database.name()]);
    program("pg_restore", &["-d", copy.name(), "--exit-on-error", "-j2", &file.display().to_string()]);
    std::fs::remove_file(&file).unwrap();
    assert_eq!(dump(copy.name()), first, "a second dump");
    let mut restored = copy.superuser();
    let login = |text: &str| format!("select acl_login('{text}', local => false)");
    restored.run(&login(&key));
    assert_eq!(restored.value("select acl_user()").as_deref(), Some("importer"));
    assert_eq!(restored.column("select kid from docacl.token_key"), ["ed"]);
    restored.refused("28000", &login(&token));
    restored.run(&format!("select acl_add_token_key('one', 'HS256', '{secret}')"));
    restored.run(&login(&token));
    assert_eq!(restored.value("select acl_user()").as_deref(), Some("ann"));
    restored.run("select acl_revoke_api_key('Keys', 'importer')");
    restored.refused("28000", &login(&key));
}
