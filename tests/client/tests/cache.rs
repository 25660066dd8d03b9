//! What a backend keeps, and what it need not read again. That it never keeps too much is the business of freshness.rs
//! and of tests/isolation.

use std::time::{Duration, Instant};

use docacl_client_tests::Session;
use docacl_client_tests::office::{COUNT, EACH, Office};

/// A session of ann's in a transaction, and how to count index scans in it.
struct Watched {
    ann: Session,
    stamps: i64,
    grants: i64,
}

impl Watched {
    fn of(office: &Office) -> Watched {
        let mut admin = office.database.superuser();
        let app = office.database.app_role().to_owned();
        admin.run(&format!("grant usage on schema docacl to {app}; grant execute on function docacl.cache() to {app}"));
        let stamps = admin.number("select 'docacl.stamp_pkey'::regclass::oid::bigint");
        let grants = admin.number("select 'docacl.grants_principal'::regclass::oid::bigint");
        Watched { ann: office.begin_as("ann"), stamps, grants }
    }

    /// How many scans of the index this transaction has made.
    fn scans(&mut self, index: i64) -> i64 {
        self.ann.number(&format!("select pg_stat_get_xact_numscans({index}::oid)"))
    }

    /// Reads until nothing need be looked up any more. Sessions of other tests may hold transactions open that began
    /// before ours could know that nothing has changed.
    fn settle(&mut self, between: &mut dyn FnMut()) {
        let started = Instant::now();
        loop {
            between();
            let before = self.scans(self.stamps);
            assert_eq!(self.ann.number(COUNT), EACH);
            if self.scans(self.stamps) == before {
                return;
            }
            assert!(started.elapsed() < Duration::from_secs(60), "stamps are read for every statement");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

#[test]
fn commits_that_change_no_grant_cost_no_look_at_the_stamps() {
    let office = Office::open("unrelated");
    let mut admin = office.database.superuser();
    admin.run("create table other (n int)");
    let mut watched = Watched::of(&office);
    let mut commit = || {
        admin.run("insert into other values (1)");
    };
    watched.settle(&mut commit);
    let before = watched.scans(watched.stamps);
    for _ in 0..50 {
        commit();
        assert_eq!(watched.ann.number(COUNT), EACH);
    }
    assert_eq!(watched.scans(watched.stamps), before);
    // And a commit that does is seen all the same, by the very next statement.
    admin.run("select acl_grant('clerks', 'enter', 'location', 'Sales')");
    assert_eq!(watched.ann.number(COUNT), 2 * EACH);
    admin.run("select acl_revoke('clerks', 'enter', 'location', 'Sales')");
    assert_eq!(watched.ann.number(COUNT), EACH);
}

#[test]
fn shares_with_others_empty_nobodys_ring() {
    // "100 single-row shares a second do not empty anybody else's ring."
    let office = Office::open("many_shares");
    let mut admin = office.database.superuser();
    let mut watched = Watched::of(&office);
    watched.settle(&mut || {});
    let rings = watched.ann.number("select rings * 1000000 + keys from docacl.cache()");
    let compiled = watched.scans(watched.grants);
    let rows = admin.column("select id from documents where title like 'Sales%'");
    for id in rows.iter().cycle().take(100) {
        admin.run(&format!("select acl_grant_row('bob', 'view', 'documents', '{id}')"));
        assert_eq!(watched.ann.number(COUNT), EACH);
        admin.run(&format!("select acl_revoke_row('bob', 'view', 'documents', '{id}')"));
        assert_eq!(watched.ann.number(COUNT), EACH);
    }
    assert_eq!(watched.scans(watched.grants), compiled, "her grants were read again");
    assert_eq!(watched.ann.number("select rings * 1000000 + keys from docacl.cache()"), rings);
    // Her own: once, and that is all.
    admin.run("select acl_grant('clerks', 'enter', 'location', 'Sales')");
    assert_eq!(watched.ann.number(COUNT), 2 * EACH);
    assert!(watched.scans(watched.grants) > compiled);
}

#[test]
fn an_old_and_a_new_snapshot_share_the_cache() {
    // Each of the two rings is found again at every turn: neither is thrown away for the other.
    let office = Office::open("turns");
    let mut admin = office.database.superuser();
    let mut watched = Watched::of(&office);
    // acl_can_row looks for the ring at every call, under the cursor's snapshot.
    watched.ann.run("declare old cursor for select acl_can_row('documents', id::text, 'read') from documents");
    assert_eq!(watched.ann.column("fetch 1 from old"), ["t"]);
    admin.run("select acl_revoke('clerks', 'enter', 'location', 'HR')");
    assert_eq!(watched.ann.number(COUNT), 0);
    let compiled = watched.scans(watched.grants);
    for _ in 0..3 {
        assert_eq!(watched.ann.column("fetch 2 from old"), ["t", "t"]);
        assert_eq!(watched.ann.number(COUNT), 0);
    }
    assert_eq!(watched.scans(watched.grants), compiled);
}

#[test]
fn a_few_versions_of_a_ring_are_kept_and_no_more() {
    let office = Office::open("versions");
    let mut admin = office.database.superuser();
    let mut watched = Watched::of(&office);
    for _ in 0..5 {
        admin.run("select acl_grant('clerks', 'enter', 'location', 'Sales')");
        assert_eq!(watched.ann.number(COUNT), 2 * EACH);
        admin.run("select acl_revoke('clerks', 'enter', 'location', 'Sales')");
        assert_eq!(watched.ann.number(COUNT), EACH);
    }
    let rings = watched.ann.number("select rings from docacl.cache()");
    assert!((2..=3).contains(&rings), "{rings} rings");
}
