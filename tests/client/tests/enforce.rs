//! The switch from a table's own rules to docacl's and back, in sessions that are at work with it: prepared statements,
//! questions, and a writer that has not committed yet.

use docacl_client_tests::Session;
use docacl_client_tests::office::{COUNT, EACH, Office};

const CAN: &str = "select count(*) from documents d where acl_can_row('documents', d.id::text, 'read')";

/// The documents by these gates, answered about and not judged.
fn register(superuser: &mut Session, gates: &str) {
    superuser.run(&format!("select acl_protect('documents', '{gates}', '{{\"default\": true, \"enforce\": false}}')"));
}

const BOTH: &str = r#"{"location": "location_id", "document_type": "document_type_id"}"#;

fn ann(office: &Office) -> Session {
    let mut ann = office.database.app();
    ann.run("select acl_set_user('ann', local => false)");
    ann
}

#[test]
fn other_sessions_hear_of_the_switch() {
    let office = Office::unprotected("switch");
    let mut admin = office.database.superuser();
    let mut ann = ann(&office);
    let counted = ann.prepare("select id from documents");
    assert_eq!(ann.prepared_rows(&counted, &[]), 4 * EACH as usize, "nobody protects it yet");
    register(&mut admin, BOTH);
    for round in 0..3 {
        assert_eq!(ann.number(COUNT), 4 * EACH, "{round}: registered only");
        assert_eq!(ann.prepared_rows(&counted, &[]), 4 * EACH as usize, "{round}");
        assert_eq!(ann.number(CAN), EACH, "{round}: what would be");
        admin.run("select acl_enforce('documents', true)");
        assert_eq!(ann.number(COUNT), EACH, "{round}: judged");
        assert_eq!(ann.prepared_rows(&counted, &[]), EACH as usize, "{round}");
        ann.refused("42501", "insert into documents (title) select title from documents limit 1 returning id");
        admin.run("select acl_enforce('documents', false)");
    }
}

/// Nothing of the table itself changes: what a session knew of it is old all the same.
#[test]
fn other_sessions_hear_of_another_registration() {
    let office = Office::unprotected("registration");
    let mut admin = office.database.superuser();
    let mut ann = ann(&office);
    register(&mut admin, BOTH);
    assert_eq!(ann.number(CAN), EACH);
    register(&mut admin, r#"{"document_type": "document_type_id"}"#);
    assert_eq!(ann.number(CAN), 2 * EACH, "contracts, wherever they are");
    register(&mut admin, BOTH);
    assert_eq!(ann.number(CAN), EACH);
    admin.run("begin; select acl_unprotect('documents')");
    admin.run("rollback");
    assert_eq!(ann.number(CAN), EACH);
    admin.run("select acl_unprotect('documents')");
    ann.refused("55000", CAN);
    assert_eq!(ann.number(COUNT), 4 * EACH);
}

/// Who writes by the old rules has written before the new ones hold, or is judged by them.
#[test]
fn the_switch_waits_for_writers() {
    let office = Office::unprotected("switch_waits");
    let mut admin = office.database.superuser();
    let mut ann = ann(&office);
    register(&mut admin, BOTH);
    ann.run("begin; update documents set note = 'by the old rules'");
    admin.run("set lock_timeout = '200ms'");
    admin.refused("55P03", "select acl_enforce('documents', true)");
    ann.run("commit");
    admin.run("select acl_enforce('documents', true)");
    assert_eq!(ann.run("update documents set note = 'by the new ones'").count, 0, "she reads, and changes nothing");
    assert_eq!(admin.number("select count(*) from documents where note = 'by the old rules'"), 4 * EACH);
}
