//! Logins by token and API key, and the function entered, where sessions matter: SECURITY.md T6, T7, T20, T25 to T29.

use std::time::{Duration, Instant};

use docacl_client_tests::office::{COUNT, EACH, Office};
use docacl_client_tests::session::{Session, literal};

const SECRET: &str = "a secret of at least thirty-two bytes";

/// The company with a key for tokens, and a database role that nobody trusts.
struct Front {
    office: Office,
    role: String,
}

impl Front {
    fn open(test: &str) -> Front {
        let office = Office::open(test);
        let role = format!("{}_web", office.database.name());
        let mut admin = office.database.superuser();
        admin.run(&format!("create role {role} login; grant select, insert, update, delete on documents to {role}"));
        admin.run(&format!("select acl_add_token_key('one', 'HS256', '{SECRET}')"));
        Front { office, role }
    }

    fn session(&self) -> Session {
        self.office.database.session(&self.role)
    }

    fn token(&self, user: &str) -> String {
        let sql = format!("select acl_issue_token({}, '1 hour')", literal(user));
        self.office.database.superuser().value(&sql).expect("a token")
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.office.database.superuser().run(&format!("drop owned by {0} cascade; drop role {0}", self.role));
    }
}

fn login(token: &str) -> String {
    format!("select acl_login({})", literal(token))
}

fn login_for_good(token: &str) -> String {
    format!("select acl_login({}, local => false)", literal(token))
}

#[test]
fn a_token_is_the_transactions_and_leaves_nothing_to_the_next_client() {
    let front = Front::open("token_local");
    let (ann, boss) = (front.token("ann"), front.token("boss"));
    let mut web = front.session();
    assert_eq!(web.number(COUNT), 0);
    web.refused("25P01", &login(&ann));
    for _ in 0..3 {
        for (token, sees) in [(&ann, EACH), (&boss, 4 * EACH)] {
            web.run("begin");
            web.run(&login(token));
            assert_eq!(web.number(COUNT), sees);
            web.run("commit");
            assert_eq!(web.number(COUNT), 0);
        }
    }
    // Prepared statements are shared by all who use the connection.
    let prepared = web.prepare("select id from documents");
    for (token, sees) in [(&ann, EACH), (&boss, 4 * EACH), (&ann, EACH)] {
        for _ in 0..7 {
            web.run("begin");
            web.run(&login(token));
            assert_eq!(web.prepared_rows(&prepared, &[]), sees as usize);
            web.run("commit");
            assert_eq!(web.prepared_rows(&prepared, &[]), 0);
        }
    }
    for end in ["reset all", "discard all"] {
        web.run(&login_for_good(&ann));
        assert_eq!(web.number(COUNT), EACH);
        web.run(end);
        assert_eq!(web.number(COUNT), 0, "after {end}");
    }
}

#[test]
fn a_refused_login_ends_whoever_was_there_before() {
    let front = Front::open("token_refused");
    let ann = front.token("ann");
    let mut web = front.session();
    web.run(&login_for_good(&ann));
    assert_eq!(web.number(COUNT), EACH);
    web.refused("28000", &login_for_good("no token"));
    assert_eq!(web.number(COUNT), 0, "the identity of the session is gone");
    web.run("begin");
    assert_eq!(web.number(COUNT), 0);
    web.run("rollback");
    assert_eq!(web.number(COUNT), 0, "and no rollback brings it back");
    // Inside a transaction, with a savepoint to catch the error.
    web.run(&login_for_good(&ann));
    web.run("begin; savepoint s");
    assert_eq!(web.number(COUNT), EACH);
    web.refused("28000", &login("no token"));
    web.run("rollback to savepoint s");
    assert_eq!(web.number(COUNT), 0);
    web.run("savepoint t");
    web.run(&login(&ann));
    assert_eq!(web.number(COUNT), EACH);
    web.run("rollback to savepoint t");
    assert_eq!(web.number(COUNT), 0);
    web.run("rollback");
    assert_eq!(web.number(COUNT), 0);
    // All messages are one, for whatever was wrong.
    let mut said = std::collections::BTreeSet::new();
    for token in ["", "x", "a.b.c", &ann[..ann.len() - 2], "docacl_", &format!("docacl_{}", "A".repeat(55))] {
        let refusal = web.refused("28000", &login_for_good(token));
        said.insert(refusal.message);
    }
    assert_eq!(said.len(), 1, "{said:?}");
}

#[test]
fn keys_that_change_in_one_session_count_in_all() {
    let front = Front::open("token_keys");
    let ann = front.token("ann");
    let mut admin = front.office.database.superuser();
    let mut web = front.session();
    let enters = |web: &mut Session, token: &str| {
        web.run("begin");
        let done = web.attempt(&login(token)).is_ok();
        web.run("rollback");
        done
    };
    assert!(enters(&mut web, &ann));
    assert!(enters(&mut web, &ann), "from what is remembered");
    admin.run("begin; select acl_drop_token_key('one')");
    assert!(enters(&mut web, &ann), "not yet committed");
    admin.run("commit");
    assert!(!enters(&mut web, &ann));
    admin.run(&format!("select acl_add_token_key('one', 'HS256', '{SECRET}')"));
    assert!(enters(&mut web, &ann));
    admin.run("select acl_alter_user('ann', enabled => false)");
    assert!(!enters(&mut web, &ann));
    admin.run("select acl_alter_user('ann', enabled => true)");
    assert!(enters(&mut web, &ann));
    // In REPEATABLE READ the keys are those of the transaction's snapshot, as everything is.
    web.run("begin isolation level repeatable read");
    web.run("select 1 from documents");
    admin.run("select acl_drop_token_key('one')");
    web.run(&login(&ann));
    web.run("commit");
    assert!(!enters(&mut web, &ann));
}

#[test]
fn nobody_but_a_superuser_says_what_is_believed() {
    let front = Front::open("token_settings");
    let ann = front.token("ann");
    let database = front.office.database.name();
    let settings = [
        ("docacl.token_audience", "x"),
        ("docacl.token_claim", "x"),
        ("docacl.trust_request_claims", "on"),
        ("docacl.require_local", "off"),
        ("docacl.function", "1"),
        ("docacl.principal", "1"),
    ];
    for (setting, value) in settings {
        // Each the first statement of its session: before the library is there.
        for forged in [
            format!("set {setting} = '{value}'"),
            format!("set session characteristics as transaction read write; set {setting} = '{value}'"),
            format!("select set_config('{setting}', '{value}', false)"),
        ] {
            let mut web = front.session();
            let _ = web.attempt(&forged);
            assert_eq!(web.number(COUNT), 0, "{forged}");
            web.run(&login_for_good(&ann));
            assert_eq!(web.number(COUNT), EACH, "{forged}: without effect");
        }
        let mut web = front.session();
        web.run("select acl_user()");
        for forged in [
            format!("set {setting} = '{value}'"),
            format!("set local {setting} = '{value}'"),
            format!("alter role current_user set {setting} = '{value}'"),
            format!("alter database {database} set {setting} = '{value}'"),
            format!("create function pg_temp.f() returns int set {setting} = '{value}' language sql as 'select 1'"),
            format!("reset {setting}"),
        ] {
            web.run("begin");
            let refusal = web.try_and_undo(&forged);
            assert_eq!(refusal.map_err(|r| r.code), Err("42501".to_owned()), "{forged}");
            web.run("rollback");
        }
    }
    let options = settings.map(|(setting, value)| format!("-c {setting}={value}")).join(" ");
    let mut web = front.office.database.session_with_options(&front.role, &options);
    assert_eq!(web.number(COUNT), 0);
    web.run(&login_for_good(&ann));
    assert_eq!(web.number(COUNT), EACH, "settings of the connection are without effect");
}

#[test]
fn tables_and_functions_of_ones_own_are_not_taken_for_docacls() {
    let front = Front::open("token_shadow");
    let mut admin = front.office.database.superuser();
    admin.run(&format!("create schema own authorization {}", front.role));
    let mut web = front.session();
    web.run(
        "create temp table token_key (kid text, algorithm text, key text, number bigint); \
         insert into token_key values ('mine', 'HS256', 'a secret of my own, thirty-two bytes', 1); \
         create temp table api_key (principal_id bigint, prefix text, hash bytea); \
         create temp table secret (name text, value bytea); \
         create temp table principal as select * from docacl.principal; \
         create function own.now() returns timestamptz language sql as 'select ''2000-01-01''::timestamptz'; \
         set search_path = own, pg_temp, public, pg_catalog",
    );
    // Signed with the secret of one's own: {"alg":"HS256","kid":"mine"} and {"sub":"boss","exp":4102444800}.
    let forged = "eyJhbGciOiJIUzI1NiIsImtpZCI6Im1pbmUifQ.eyJzdWIiOiJib3NzIiwiZXhwIjo0MTAyNDQ0ODAwfQ.\
                  1uZFeGFtkjMh8y-l7bVl8zoCW8vjBTZsbCs-Cs5vtA4";
    web.refused("28000", &login_for_good(forged));
    assert_eq!(web.number("select count(*) from public.documents"), 0);
    web.run(&login_for_good(&front.token("ann")));
    assert_eq!(web.number("select count(*) from public.documents"), EACH);
}

#[test]
fn cursors_of_the_last_client_are_in_the_way_of_the_next() {
    let front = Front::open("token_cursors");
    let (ann, boss) = (front.token("ann"), front.token("boss"));
    let mut web = front.session();
    web.run("begin");
    web.run(&login(&boss));
    web.run("declare held cursor with hold for select id from documents");
    web.run("commit");
    web.run("begin");
    web.refused("28000", &login(&ann));
    web.run("rollback");
    web.run("begin");
    web.run(&login(&boss));
    assert_eq!(web.column("fetch 3 from held").len(), 3, "they are the boss's");
    web.run("commit");
    web.run("close all");
    web.run("begin");
    web.run(&login(&ann));
    assert_eq!(web.number(COUNT), EACH);
    web.run("commit");
    // Declared before anything of docacl was there: nobody knows whose it is.
    let mut web = front.session();
    web.run("begin; declare held cursor with hold for select 1; commit; begin");
    web.refused("28000", &login(&ann));
    web.run("rollback; close all; begin");
    web.run(&login(&ann));
    web.run("commit");
}

#[test]
fn using_an_api_key_makes_nobody_wait() {
    let front = Front::open("api_key_use");
    let mut admin = front.office.database.superuser();
    admin.run("select acl_create('environment', 'E')");
    let key = admin.value("select acl_create_api_key('E', 'importer')").expect("a key");
    let mut first = front.session();
    first.run("begin");
    first.run(&login(&key));
    assert_eq!(admin.number("select count(*) from docacl.api_key_use where at is not null"), 0, "not committed");
    // The first one's transaction has written the use down and goes on.
    let begun = Instant::now();
    let mut second = front.session();
    second.run("set statement_timeout = '20s'; begin");
    second.run(&login(&key));
    second.run("commit");
    admin.run("set statement_timeout = '20s'; select acl_revoke_api_key('E', 'importer')");
    assert!(begun.elapsed() < Duration::from_secs(15), "somebody waited");
    assert_eq!(first.value("select acl_user()").as_deref(), Some("importer"), "the name of who is asking stays");
    assert_eq!(first.number(COUNT), 0);
    first.run("commit");
    first.refused("28000", &login_for_good(&key));
    assert_eq!(admin.number("select count(*) from docacl.api_key_use where at is not null"), 1);
}

#[test]
fn claims_of_a_trusted_server_count_only_where_a_superuser_says_so() {
    let front = Front::open("claims");
    let mut admin = front.office.database.superuser();
    let claims = |who: &str| format!("select set_config('request.jwt.claims', '{{\"sub\":\"{who}\"}}', true)");
    let mut server = front.office.database.app();
    let sees = |session: &mut Session, who: &str| {
        session.run("begin");
        session.run(&claims(who));
        let count = session.number(COUNT);
        session.run("commit");
        count
    };
    assert_eq!(sees(&mut server, "ann"), 0, "off unless switched on");
    server.refused("42501", "set docacl.trust_request_claims = on");
    admin.run(&format!("alter database {} set docacl.trust_request_claims = on", front.office.database.name()));
    let mut server = front.office.database.app();
    assert_eq!(server.number(COUNT), 0);
    assert_eq!(sees(&mut server, "ann"), EACH);
    assert_eq!(sees(&mut server, "boss"), 4 * EACH);
    assert_eq!(sees(&mut server, "ann"), EACH);
    assert_eq!(server.number(COUNT), 0, "the claims were the transaction's");
    for nobody in ["nobody of this name", "system", "clerks", ""] {
        assert_eq!(sees(&mut server, nobody), 0, "{nobody:?}");
    }
    server.run("begin");
    for malformed in
        ["{", "[]", "1", "{\"sub\":1}", "{\"sub\":\"ann\",\"account\":1}", "{\"sub\":\"ann\",\"account\":\"none\"}"]
    {
        server.run(&format!("select set_config('request.jwt.claims', '{malformed}', true)"));
        assert_eq!(server.number(COUNT), 0, "{malformed}");
    }
    // Another request's claims in the same transaction, and a statement that changes them under itself.
    server.run(&claims("ann"));
    assert_eq!(server.number(COUNT), EACH);
    assert_eq!(
        server.value("select identified from acl_session()").as_deref(),
        Some("request claims"),
        "the session says how it knows"
    );
    server.run(&claims("boss"));
    assert_eq!(server.number(COUNT), 4 * EACH);
    server.run("declare c cursor for select id from documents; fetch 1 from c; savepoint s");
    server.run(&claims("ann"));
    server.refused("55000", "fetch 1 from c");
    server.run("rollback to savepoint s");
    // A login goes before claims.
    server.run("close c");
    server.run(&login(&front.token("ann")));
    server.run(&claims("boss"));
    assert_eq!(server.number(COUNT), EACH);
    server.run("rollback");
    // A role that the server takes keeps them; a session of another role has none, whatever it writes.
    admin.run(&format!("grant {} to {}", front.role, front.office.database.app_role()));
    server.run(&format!("begin; set local role {}", front.role));
    server.run(&claims("ann"));
    assert_eq!(server.number(COUNT), EACH);
    server.run("rollback");
    let mut web = front.session();
    assert_eq!(sees(&mut web, "boss"), 0, "a role that nobody trusts");
    admin.run(&format!("revoke {} from {}", front.role, front.office.database.app_role()));
}
