//! What becomes of a protected table when docacl, a column or an identity goes: closed, or left to the application's
//! own policies, never wider.

use std::collections::BTreeSet;

use docacl_client_tests::office::{COUNT, EACH, Office};
use docacl_client_tests::Session;

/// Everybody of the office, and nobody.
const PEOPLE: [Option<&str>; 4] = [Some("ann"), Some("bob"), Some("boss"), None];

const IDS: &str = "select id from documents";

/// A tenant policy as applications write them.
const TENANT: &str = "alter table documents enable row level security; \
     create policy tenant on documents using (tenant = coalesce(nullif(current_setting('app.tenant', true), ''), '0')::int)";

/// The policies of its own that a table may have had, and what an application's session says to satisfy them.
fn own_policies() -> [(&'static str, String); 5] {
    [
        ("none", String::new()),
        ("a tenant policy", TENANT.to_owned()),
        ("a tenant policy for reading only", TENANT.replace("using", "for select using")),
        ("a tenant policy, forced", format!("{TENANT}; alter table documents force row level security")),
        (
            "a restrictive and a permissive one",
            format!("{TENANT}; create policy small on documents as restrictive using (id % 4 <> 0)"),
        ),
    ]
}

/// The rows that each of PEOPLE sees as the application, tenant 1.
fn sight(office: &Office) -> Vec<BTreeSet<String>> {
    PEOPLE
        .into_iter()
        .map(|who| {
            let mut session = office.database.app();
            session.run("set app.tenant = '1'; begin");
            if let Some(user) = who {
                session.become_user(user);
            }
            session.set(IDS)
        })
        .collect()
}

/// The rows that the application sees where nobody says who is asking: what a table without docacl is left with.
fn bare_sight(office: &Office) -> BTreeSet<String> {
    let mut session = office.database.app();
    session.run("set app.tenant = '1'");
    // An error shows no rows either.
    session.attempt(IDS).map(|answer| answer.rows.into_iter().flatten().flatten().collect()).unwrap_or_default()
}

/// How many rows an application's statement changes; a refusal changes none.
fn changes(session: &mut Session, sql: &str) -> u64 {
    session.run("begin");
    let count = session.attempt(sql).map_or(0, |answer| answer.count);
    session.run("rollback");
    count
}

#[test]
fn a_table_with_policies_of_its_own_shows_no_row_more() {
    for (name, policies) in own_policies().into_iter().skip(1) {
        let office = Office::unprotected("own_policies");
        let mut admin = office.database.superuser();
        admin.run(&policies);
        let before = bare_sight(&office);
        assert!(!before.is_empty() && before.len() < 4 * EACH as usize, "{name}");
        office.protect(&mut admin);
        let after = sight(&office);
        for (who, after) in std::iter::zip(PEOPLE, &after) {
            assert!(after.is_subset(&before), "{name}: {who:?} sees more than before acl_protect");
        }
        // Ours and theirs both: ann holds the keys to HR's contracts, and sees those of the tenant.
        let contracts = admin.set(&format!("{IDS} where title like 'HR Contract%'"));
        assert_eq!(after[0], &before & &contracts, "{name}");
        assert_eq!(after[2], before, "{name}: the admin sees the tenant's rows and no others");
        assert_eq!((after[1].len(), after[3].len()), (0, 0), "{name}: who holds no key, and nobody");
        // A policy that the application adds later widens nothing.
        admin.run("create policy open on documents using (true) with check (true)");
        let later = sight(&office);
        assert!(std::iter::zip(&later, PEOPLE).all(|(rows, who)| who.is_some() || rows.is_empty()), "{name}");
        assert!(later[0].is_subset(&contracts), "{name}: a later permissive policy opened the table");
    }
}

#[test]
fn drop_extension_refuses_while_a_table_is_protected() {
    let office = Office::open("drop_refused");
    let mut admin = office.database.superuser();
    admin.refused("2BP01", "drop extension docacl");
    admin.refused("2BP01", "drop extension docacl restrict");
    assert_eq!(office.sees(&mut office.database.app(), "ann"), EACH, "everything still stands");
    admin.run("select acl_unprotect('documents')");
    admin.run("drop extension docacl");
    // The table is what it was before: no row security, so the application sees it all.
    assert_eq!(office.database.app().number(COUNT), 4 * EACH);
}

#[test]
fn drop_extension_cascade_leaves_nothing_wider() {
    for (name, policies) in own_policies() {
        let office = Office::unprotected("drop_cascade");
        let mut admin = office.database.superuser();
        if !policies.is_empty() {
            admin.run(&policies);
        }
        let before = if policies.is_empty() { BTreeSet::new() } else { bare_sight(&office) };
        office.protect(&mut admin);
        // A session that was open all the time has plans and keys cached.
        let mut old = office.begin_as("boss");
        assert!(old.number(COUNT) > 0 || !policies.is_empty());
        old.run("commit");
        admin.run("drop extension docacl cascade");
        never_wider(&office, name, &before);
        old.run("set app.tenant = '1'");
        let still: BTreeSet<String> =
            old.attempt(IDS).map(|answer| answer.rows.into_iter().flatten().flatten().collect()).unwrap_or_default();
        assert!(still.is_subset(&before), "{name}: a session from before sees more");
        assert_eq!(admin.number(COUNT), 4 * EACH, "{name}: no row is lost");
    }
}

/// The application reads and writes nothing but what its own policies allow.
#[track_caller]
fn never_wider(office: &Office, name: &str, before: &BTreeSet<String>) {
    let after = bare_sight(office);
    assert!(after.is_subset(before), "{name}: {} rows open, {} before", after.len(), before.len());
    let mut app = office.database.app();
    app.run("set app.tenant = '1'");
    for sql in ["update documents set note = 'taken'", "delete from documents"] {
        let count = changes(&mut app, sql);
        assert!(count <= before.len() as u64, "{name}: {sql} changes {count} rows");
    }
    // Another tenant's rows cannot be written either; without policies of its own nothing can.
    let inserted = changes(&mut app, "insert into documents (title, tenant) values ('forged', 2)");
    assert_eq!(inserted, 0, "{name}: a row of another tenant was inserted");
}

#[test]
fn drop_column_cascade_leaves_nothing_wider() {
    for (name, policies) in own_policies() {
        for column in ["location_id", "document_type_id", "own_acl", "created_by", "requested_by", "locked", "id"] {
            let case = format!("{name}, column {column}");
            let office = Office::unprotected("drop_column");
            let mut admin = office.database.superuser();
            if !policies.is_empty() {
                admin.run(&policies);
            }
            let mut before = if policies.is_empty() { BTreeSet::new() } else { bare_sight(&office) };
            office.protect(&mut admin);
            let protected = sight(&office);
            admin.refused("2BP01", &format!("alter table documents drop column {column}"));
            assert_eq!(sight(&office), protected, "{case}: a refused DROP COLUMN changed something");
            if column == "id" {
                // Rows are told apart by their id here; without it only counts could be compared.
                continue;
            }
            admin.run(&format!("alter table documents drop column {column} cascade"));
            for (who, (now, then)) in std::iter::zip(PEOPLE, std::iter::zip(attempted_sight(&office), &protected)) {
                // Either closed, or left to the application's own policies: they alone, or with ours as before.
                let wider: BTreeSet<_> = now.difference(then).cloned().collect();
                assert!(wider.is_subset(&before), "{case}: {who:?} sees {} rows more", wider.len());
            }
            if policies.is_empty() {
                before = protected.iter().flatten().cloned().collect();
                assert!(bare_sight(&office).is_empty(), "{case}: open to nobody");
            }
            never_wider(&office, &case, &before);
        }
    }
}

/// As [`sight`], where an error shows nothing.
fn attempted_sight(office: &Office) -> Vec<BTreeSet<String>> {
    PEOPLE
        .into_iter()
        .map(|who| {
            let mut session = office.database.app();
            session.run("set app.tenant = '1'; begin");
            if let Some(user) = who {
                session.become_user(user);
            }
            session.attempt(IDS).map(|a| a.rows.into_iter().flatten().flatten().collect()).unwrap_or_default()
        })
        .collect()
}

#[test]
fn dropping_the_schema_or_the_check_is_refused() {
    let office = Office::open("drop_parts");
    let mut admin = office.database.superuser();
    for sql in [
        "drop schema docacl cascade",
        "drop function docacl.row_check(bigint, text, \"any\") cascade",
        "drop function docacl.row_trigger() cascade",
        "drop table docacl.grants cascade",
    ] {
        admin.refused("2BP01", sql);
    }
    assert_eq!(office.sees(&mut office.database.app(), "ann"), EACH);
}

#[test]
fn acl_unprotect_restores_what_was() {
    let state = "select string_agg(polname || ' ' || polpermissive, ', ' order by polname) || ' ' || relrowsecurity || ' ' || relforcerowsecurity \
                 from pg_class left join pg_policy on polrelid = pg_class.oid where pg_class.oid = 'documents'::regclass \
                 group by relrowsecurity, relforcerowsecurity";
    let triggers = "select count(*) from pg_trigger where tgrelid = 'documents'::regclass";
    for (name, policies) in own_policies() {
        let office = Office::unprotected("unprotect");
        let mut admin = office.database.superuser();
        if !policies.is_empty() {
            admin.run(&policies);
        }
        let before = (admin.value(state), admin.value(triggers), bare_sight(&office));
        office.protect(&mut admin);
        assert_ne!(admin.value(state), before.0, "{name}");
        admin.run("select acl_unprotect('documents')");
        assert_eq!((admin.value(state), admin.value(triggers), bare_sight(&office)), before, "{name}");
    }
}
