//! Writes that the random tries of `differential` leave out.

use docacl_client_tests::office::Office;

#[test]
fn a_mapped_column_may_keep_its_default_and_nothing_else() {
    // "flags and mapped columns unset (default) or their action held": whoever may add but not sign cannot write past
    // a default either, not even with NULL.
    let office = Office::unprotected("defaults");
    let mut admin = office.database.superuser();
    admin.run("alter table documents add confidential boolean default true");
    admin.run(
        r#"select acl_protect('documents', '{"location": "location_id", "document_type": "document_type_id"}',
           '{"key": "id", "owner": "created_by", "columns": {"confidential": "security"}}')"#,
    );
    admin.run("select acl_grant('clerks', 'add', 'document_type', 'Contract')");
    let pair = "from docacl.resource l, docacl.resource t where l.name = 'HR' and t.name = 'Contract'";
    let ids = admin.run(&format!("select l.id, t.id {pair}")).rows.remove(0);
    let (location, contract) = (ids[0].clone().unwrap_or_default(), ids[1].clone().unwrap_or_default());
    let mut ann = office.begin_as("ann");
    for (value, allowed) in [("default", true), ("true", true), ("false", false), ("null", false)] {
        let answer = ann.try_and_undo(&format!(
            "insert into documents (location_id, document_type_id, confidential) values ({location}, {contract}, {value})"
        ));
        let code = answer.as_ref().map(|answer| answer.count).map_err(|refusal| refusal.code.as_str());
        assert_eq!(code, if allowed { Ok(1) } else { Err("42501") }, "confidential = {value}: {answer:?}");
    }
}

#[test]
fn a_required_gate_is_asked_of_every_writer() {
    // "a row without that reference is closed …, and writing one is 23502", unless every gate is empty.
    let office = Office::unprotected("required");
    let mut admin = office.database.superuser();
    admin.run(
        r#"select acl_protect('documents', '{"location": "location_id", "document_type": "document_type_id"}',
           '{"key": "id", "owner": "created_by", "required": ["location"]}')"#,
    );
    admin.run("select acl_grant('clerks', 'full', 'document_type', 'Contract')");
    let contract = admin.number("select id from docacl.resource where name = 'Contract'");
    admin.run("begin");
    let mut ann = office.begin_as("ann");
    for session in [&mut admin, &mut ann] {
        let typed = session.try_and_undo(&format!("insert into documents (document_type_id) values ({contract})"));
        assert!(typed.as_ref().is_err_and(|refusal| refusal.code == "23502"), "{typed:?}");
        let intray = session.try_and_undo("insert into documents (title) values ('in nobody''s way')");
        assert!(intray.is_ok(), "{intray:?}");
    }
}
