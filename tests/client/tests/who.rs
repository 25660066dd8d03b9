//! D32: who may do something with a document is whoever the check lets do it, with ten thousand users too: `acl_who`
//! reaches them from the row upwards, `acl_can` from the user down. The check is asked about a sample (a ring for each
//! of ten thousand takes minutes); the size of the whole answer is known from the grants.

use std::collections::BTreeSet;
use std::time::Instant;

use docacl_client_tests::{Office, Session};

/// As many as share the role of clerks, and as many as do not.
const HALF: i64 = 5_000;

fn hr_contract(admin: &mut Session) -> i64 {
    admin.number("select min(id) from documents where title like 'HR Contract%'")
}

/// Every fiftieth of the many, and everybody whom the test treats apart.
const SAMPLE: &str = "kind = 'user' and (id % 50 = 0 or name !~ '^u[0-9]+$' or name in ('u1', 'u2', 'u9998', 'u9999'))";

/// Whoever `acl_who` names, once `acl_can` is seen to agree about the sample.
#[track_caller]
fn who(admin: &mut Session, document: i64, action: &str) -> BTreeSet<String> {
    let start = Instant::now();
    let named = admin.set(&format!("select principal from acl_who({document}, '{action}')"));
    println!("acl_who({document}, '{action}'): {} named in {:?}", named.len(), start.elapsed());
    let sample = admin.set(&format!("select name from docacl.principal where {SAMPLE}"));
    let may = admin
        .set(&format!("select name from docacl.principal where {SAMPLE} and acl_can(name, {document}, '{action}')"));
    let named_of_sample: BTreeSet<String> = named.intersection(&sample).cloned().collect();
    assert!(sample.len() > 200);
    assert_eq!(named_of_sample, may, "{action}");
    named
}

#[test]
fn d32_who_may_is_whoever_can_among_ten_thousand() {
    let office = Office::open("who_of_many");
    let mut admin = office.database.superuser();
    admin.run(&format!(
        "select count(acl_create_user('u' || n, 'u' || n || '@office.example', \
                case when n <= {HALF} then 'clerks' else 'sellers' end)) from generate_series(1, 2 * {HALF}) n"
    ));
    let document = hr_contract(&mut admin);
    // The clerks hold both keys; nobody but the admin may write.
    // (with ann, cat and boss)
    assert_eq!(who(&mut admin, document, "read").len() as i64, HALF + 3);
    assert_eq!(who(&mut admin, document, "write"), BTreeSet::from(["boss".to_owned()]));
    // Whoever is disabled may nothing, whoever is granted it himself may, without the role.
    admin.run("select acl_alter_user('u1', enabled => false)");
    admin.run("select acl_grant('u9999', 'enter', 'location', 'HR'), acl_grant('u9999', 'view', 'document_type', '*')");
    let readers = who(&mut admin, document, "read");
    assert!(!readers.contains("u1") && readers.contains("u9999") && !readers.contains("u9998"));
    // Everyone: all of them are candidates.
    admin.run("select acl_grant('everyone', 'enter', 'location', 'HR')");
    admin.run("select acl_grant('everyone', 'view', 'document_type', 'Contract')");
    let readers = who(&mut admin, document, "read");
    // (without u1; with ann, cat, bob and boss)
    assert_eq!(readers.len() as i64, 2 * HALF - 1 + 4);
    assert!(!readers.contains("u1"));
    let start = Instant::now();
    let lines = admin.number(&format!("select count(*) from acl_explain('u2', {document}, 'write')"));
    println!("acl_explain: {lines} lines in {:?}", start.elapsed());
    assert!(lines > 0);
}
