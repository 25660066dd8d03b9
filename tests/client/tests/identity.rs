//! Who is asking: what makes an identity, what ends it, and that nothing else does.

use docacl_client_tests::office::{COUNT, EACH, Office};

#[test]
fn an_identity_is_the_transactions() {
    let office = Office::open("local");
    let mut app = office.database.app();
    assert_eq!(app.number(COUNT), 0, "nobody sees nothing");
    app.refused("25P01", "select acl_set_user('ann')");
    assert_eq!(app.number(COUNT), 0);
    for end in ["commit", "rollback"] {
        app.run("begin");
        app.become_user("ann");
        assert_eq!(app.number(COUNT), EACH);
        app.run(end);
        assert_eq!(app.number(COUNT), 0, "after {end}");
    }
    // A savepoint takes back the identity that was set in it, and the one before it holds again.
    app.run("begin");
    app.become_user("ann");
    app.run("savepoint s");
    app.become_user("boss");
    assert_eq!(app.number(COUNT), 4 * EACH);
    app.run("rollback to savepoint s");
    assert_eq!(app.number(COUNT), EACH);
    app.run("commit");
}

#[test]
fn an_identity_of_the_session_lasts_until_it_is_reset() {
    let office = Office::open("session");
    for end in ["reset all", "discard all", "reset docacl.principal", "set session authorization default; reset all"] {
        let mut app = office.database.app();
        app.run("select acl_set_user('ann', local => false)");
        assert_eq!(app.number(COUNT), EACH);
        app.run("begin");
        assert_eq!(app.number(COUNT), EACH);
        app.run("commit");
        app.run(end);
        assert_eq!(app.number(COUNT), 0, "after {end}");
    }
    let mut app = office.database.app();
    app.run("begin");
    app.run("select acl_set_user('ann', local => false)");
    assert_eq!(app.number(COUNT), EACH);
    app.run("rollback");
    assert_eq!(app.number(COUNT), 0, "a rolled-back login was never there");
}

#[test]
fn nobody_else_says_who_is_asking() {
    let office = Office::open("forged");
    let boss = office.principal("boss");
    let system = office.principal("system");
    let mut admin = office.database.superuser();
    let (app, stranger) = (office.database.app_role(), format!("{}_stranger", office.database.name()));
    admin.run(&format!("create role {stranger} login; grant select on documents to {stranger}"));
    for role in [app, &stranger] {
        let mut session = office.database.session(role);
        session.run("begin");
        for id in [boss, system] {
            for forged in [
                format!("set docacl.principal = '{id}'"),
                format!("set local docacl.principal = '{id}'"),
                format!("select set_config('docacl.principal', '{id}', false)"),
                format!("alter role current_user set docacl.principal = '{id}'"),
                format!("alter database {} set docacl.principal = '{id}'", office.database.name()),
                format!("update pg_settings set setting = '{id}' where name = 'docacl.principal'"),
            ] {
                // The first statement of a session: the library must be there before the setting is.
                session.run("select count(*) from documents");
                let _ = session.try_and_undo(&forged);
                assert_eq!(session.number(COUNT), 0, "{role}: {forged}");
            }
        }
        // Not even with the setting's name: refused, and not only without effect.
        let refusal = session.try_and_undo(&format!("set docacl.principal = '{boss}'"));
        assert_eq!(refusal.map_err(|refusal| refusal.code), Err("42501".to_owned()));
        let refusal = session.try_and_undo("select acl_set_user('system')");
        assert_eq!(refusal.map_err(|refusal| refusal.code), Err("42501".to_owned()), "{role} as system");
        session.run("rollback");
    }
    let mut session = office.database.session(&stranger);
    session.run("begin");
    let refusal = session.try_and_undo("select acl_set_user('ann')");
    assert_eq!(refusal.map_err(|refusal| refusal.code), Err("42501".to_owned()), "a role that nobody trusts");
    session.run("rollback");
    let mut trusted = office.database.app();
    trusted.run("begin");
    let unknown = trusted.try_and_undo("select acl_set_user('nobody of this name')");
    assert_eq!(unknown.map_err(|refusal| refusal.code), Err("42704".to_owned()));
    drop((session, trusted));
    admin.run(&format!("drop owned by {stranger}; drop role {stranger}"));
}

#[test]
fn a_setting_from_before_the_library_was_loaded_is_worth_nothing() {
    let office = Office::open("placeholder");
    let boss = office.principal("boss");
    let role = office.database.app_role();
    // What a hostile client may write before anything of docacl has been called, each in a session of its own.
    let beginnings = [
        format!("set docacl.principal = '{boss}'"),
        format!("select set_config('docacl.principal', '{boss}', false)"),
        format!("set docacl.principal = '{boss}'; reset docacl.principal"),
        format!("begin; set local docacl.principal = '{boss}'; savepoint s"),
        format!("begin; set docacl.principal = '{boss}'; savepoint s"),
        format!("set \"docacl.Principal\" = '{boss}'"),
    ];
    for beginning in &beginnings {
        let mut session = office.database.app();
        let _ = session.attempt(beginning);
        assert_eq!(session.number(COUNT), 0, "{beginning}");
        // The library is loaded now; what was there before must not come back.
        if beginning.starts_with("begin") {
            session.run("rollback to savepoint s");
            assert_eq!(session.number(COUNT), 0, "{beginning}; rollback to savepoint");
            session.run("rollback");
        }
        for back in ["reset docacl.principal", "reset all", "discard all", "load 'docacl'"] {
            let _ = session.attempt(back);
            assert_eq!(session.number(COUNT), 0, "{beginning}; {back}");
        }
    }
    let mut session = office.database.session_with_options(role, &format!("-c docacl.principal={boss}"));
    for back in ["select 1", "reset docacl.principal", "reset all", "discard all"] {
        session.run(back);
        assert_eq!(session.number(COUNT), 0, "in the connection's options; {back}");
    }
}

#[test]
fn a_mapped_database_role_is_its_principal() {
    let office = Office::open("mapped");
    let mut admin = office.database.superuser();
    let ann = format!("{}_ann", office.database.name());
    let loader = format!("{}_loader", office.database.name());
    admin.run(&format!("create role {ann} login; create role {loader} login; grant {ann} to {loader}"));
    admin.run(&format!("grant select on documents to {ann}, {loader}"));
    admin.run(&format!("select acl_map('{ann}', 'ann')"));
    let mut session = office.database.session(&ann);
    assert_eq!(session.number(COUNT), EACH);
    let mut session = office.database.session(&loader);
    assert_eq!(session.number(COUNT), 0, "a member of the role is not the role");
    session.run(&format!("set role {ann}"));
    assert_eq!(session.number(COUNT), EACH, "after SET ROLE");
    session.run("reset role");
    assert_eq!(session.number(COUNT), 0);
    // A SECURITY DEFINER function of hers does not make its caller her.
    admin.run(&format!(
        "create function counted() returns bigint security definer language sql as 'select count(*) from documents'; \
         alter function counted() owner to {ann}"
    ));
    assert_eq!(session.number("select counted()"), 0);
    // A trusted role cannot be mapped, nor a mapped one trusted.
    assert!(admin.attempt(&format!("select acl_map('{}', 'ann')", office.database.app_role())).is_err());
    assert!(admin.attempt(&format!("select acl_trust('{ann}')")).is_err());
    admin.run(&format!("select acl_unmap('{ann}')"));
    assert_eq!(office.database.session(&ann).number(COUNT), 0);
    drop(session);
    admin.run(&format!("drop owned by {ann}, {loader} cascade; drop role {loader}; drop role {ann}"));
}

#[test]
fn sessions_that_postgresql_exempts_are_not_judged() {
    let office = Office::open("exempt");
    let mut admin = office.database.superuser();
    assert_eq!(admin.number(COUNT), 4 * EACH);
    admin.run("begin");
    admin.become_user("ann");
    assert_eq!(admin.number(COUNT), 4 * EACH, "a superuser stays exempt, whoever asks");
    admin.run("commit");
    let owner = format!("{}_owner", office.database.name());
    admin.run(&format!("create role {owner} login; alter table documents owner to {owner}"));
    admin.run(&format!("select acl_trust('{owner}')"));
    let mut session = office.database.session(&owner);
    assert_eq!(session.number(COUNT), 0, "a table's owner is judged");
    assert_eq!(office.sees(&mut session, "ann"), EACH);
    session.refused("42501", "truncate documents");
    drop(session);
    admin.run(&format!("select acl_distrust('{owner}'); reassign owned by {owner} to current_user; drop role {owner}"));
}
