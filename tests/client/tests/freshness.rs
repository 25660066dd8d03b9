//! D33: "everyone with that role gets the new access instantly". A check sees exactly the grants that the statement's
//! own snapshot sees: another session's commit at the next statement, one's own uncommitted change at once, an aborted
//! one never, a REPEATABLE READ transaction those of its snapshot, a parallel worker what its leader sees.

use std::time::Duration;

use docacl_client_tests::office::{COUNT, EACH, Office};
use docacl_client_tests::{Answer, Refusal, Session};

const OPEN_SALES: &str = "select acl_grant('clerks', 'enter', 'location', 'Sales')";
const CLOSE_SALES: &str = "select acl_revoke('clerks', 'enter', 'location', 'Sales')";

#[test]
fn d33_the_next_statement_sees_a_grant_and_a_revoke() {
    let office = Office::open("next_statement");
    let mut admin = office.database.superuser();
    let mut members = [office.begin_as("ann"), office.begin_as("cat")];
    let mut stranger = office.begin_as("bob");
    for round in 0..5 {
        for (sql, expected) in [(OPEN_SALES, 2 * EACH), (CLOSE_SALES, EACH)] {
            admin.run(sql);
            for member in &mut members {
                assert_eq!(member.number(COUNT), expected, "round {round}: {sql}");
            }
            assert_eq!(stranger.number(COUNT), 0);
        }
    }
    // The last key goes: nothing is left, not even what was read before.
    admin.run("select acl_revoke('clerks', 'enter', 'location', 'HR')");
    assert_eq!(members[0].number(COUNT), 0);
}

#[test]
fn d33_prepared_statements_see_it_too() {
    let office = Office::open("prepared");
    let mut admin = office.database.superuser();
    for mode in ["auto", "force_generic_plan", "force_custom_plan"] {
        let mut ann = office.begin_as("ann");
        ann.run(&format!("set plan_cache_mode = {mode}"));
        let whole = ann.prepare("select id from documents");
        let some = ann.prepare("select id from documents where id > $1");
        let limit = 0i64;
        // More than the five executions after which PostgreSQL considers a generic plan.
        for _ in 0..8 {
            assert_eq!(ann.prepared_rows(&whole, &[]), EACH as usize, "{mode}");
            assert_eq!(ann.prepared_rows(&some, &[&limit]), EACH as usize, "{mode}");
        }
        ann.run("prepare counted as select count(*) from documents");
        for (sql, expected) in [(OPEN_SALES, 2 * EACH), (CLOSE_SALES, EACH)] {
            admin.run(sql);
            assert_eq!(ann.prepared_rows(&whole, &[]), expected as usize, "{mode}: {sql}");
            assert_eq!(ann.prepared_rows(&some, &[&limit]), expected as usize, "{mode}: {sql}");
            assert_eq!(ann.number("execute counted"), expected, "{mode}: {sql}");
        }
    }
}

#[test]
fn a_prepared_plan_serves_whoever_asks_next() {
    let office = Office::open("plans");
    office.database.superuser().run("select acl_grant('sellers', 'view', 'location', '*')");
    let mut session = office.database.app();
    session.run("set plan_cache_mode = force_generic_plan; prepare counted as select count(*) from documents");
    for (user, expected) in [("ann", EACH), ("bob", 0), ("boss", 4 * EACH), ("ann", EACH)] {
        session.run("begin");
        session.become_user(user);
        assert_eq!(session.number("execute counted"), expected, "{user}");
        session.run("commit");
        assert_eq!(session.number("execute counted"), 0, "nobody, after {user}");
    }
}

#[test]
fn repeatable_read_keeps_the_grants_of_its_snapshot() {
    let office = Office::open("repeatable_read");
    let mut admin = office.database.superuser();
    for level in ["repeatable read", "serializable"] {
        let mut ann = office.database.app();
        ann.run(&format!("begin isolation level {level}"));
        ann.become_user("ann");
        assert_eq!(ann.number(COUNT), EACH);
        admin.run(OPEN_SALES);
        assert_eq!(ann.number(COUNT), EACH, "{level}: a grant of later");
        admin.run("select acl_revoke('clerks', 'enter', 'location', 'HR')");
        assert_eq!(ann.number(COUNT), EACH, "{level}: a revoke of later");
        ann.run("commit");
        assert_eq!(office.sees(&mut ann, "ann"), EACH, "{level}: Sales now, HR no more");
        admin.run(CLOSE_SALES);
        admin.run("select acl_grant('clerks', 'enter', 'location', 'HR')");
        assert_eq!(office.sees(&mut ann, "ann"), EACH);
    }
}

#[test]
fn old_and_new_snapshots_take_turns_in_one_session() {
    // A cursor keeps the snapshot of its opening while the statements around it move on: neither may spoil the other.
    let office = Office::open("snapshots");
    let mut admin = office.database.superuser();
    let mut ann = office.begin_as("ann");
    ann.run("declare old cursor for select id from documents");
    assert_eq!(ann.run("fetch 3 from old").count, 3);
    admin.run("select acl_revoke('clerks', 'enter', 'location', 'HR')");
    assert_eq!(ann.number(COUNT), 0);
    assert_eq!(ann.run("fetch all from old").count, EACH as u64 - 3, "the cursor's own snapshot");
    assert_eq!(ann.number(COUNT), 0);
}

#[test]
fn a_rolled_back_grant_was_never_there() {
    let office = Office::open("rolled_back");
    let (mut admin, mut ann) = (office.database.superuser(), office.begin_as("ann"));
    for _ in 0..5 {
        admin.run("begin");
        admin.run(OPEN_SALES);
        assert_eq!(ann.number(COUNT), EACH, "not committed");
        admin.run("rollback");
        assert_eq!(ann.number(COUNT), EACH, "rolled back");
    }
    admin.run("begin");
    admin.run("select acl_revoke('clerks', 'view', 'document_type', 'Contract')");
    assert_eq!(ann.number(COUNT), EACH, "a revoke that is not committed");
    admin.run("rollback");
    assert_eq!(ann.number(COUNT), EACH);
}

/// As ann, inside the superuser's own transaction.
fn own_view(admin: &mut Session, role: &str) -> i64 {
    admin.run("savepoint view");
    admin.become_user("ann");
    admin.run(&format!("set local role {role}"));
    let count = admin.number(COUNT);
    admin.run("rollback to savepoint view; release savepoint view");
    count
}

#[test]
fn ones_own_change_is_seen_at_once_and_an_aborted_savepoints_never() {
    let office = Office::open("savepoints");
    let (mut admin, app) = (office.database.superuser(), office.database.app_role());
    admin.run("begin");
    assert_eq!(own_view(&mut admin, app), EACH);
    for _ in 0..3 {
        admin.run("savepoint a");
        admin.run(OPEN_SALES);
        assert_eq!(own_view(&mut admin, app), 2 * EACH, "one's own, uncommitted");
        admin.run("rollback to savepoint a");
        assert_eq!(own_view(&mut admin, app), EACH, "aborted");
        // Another change in its place: not to be taken for the one that was aborted.
        admin.run("select acl_grant('clerks', 'view', 'document_type', 'Invoice')");
        assert_eq!(own_view(&mut admin, app), 2 * EACH);
        admin.run("rollback to savepoint a; release savepoint a");
        assert_eq!(own_view(&mut admin, app), EACH);
    }
    admin.run("savepoint b");
    admin.run(OPEN_SALES);
    admin.run("release savepoint b");
    assert_eq!(own_view(&mut admin, app), 2 * EACH, "released");
    admin.run("rollback");
    assert_eq!(office.sees(&mut office.database.app(), "ann"), EACH);
}

#[test]
fn states_and_memberships_take_effect_at_the_next_statement() {
    let office = Office::open("states");
    let (mut admin, mut ann) = (office.database.superuser(), office.begin_as("ann"));
    let steps = [
        ("select acl_alter_role('clerks', enabled => false)", 0),
        ("select acl_alter_role('clerks', enabled => true)", EACH),
        ("select acl_unassign('clerks', 'ann')", 0), // D2
        ("select acl_assign('clerks', 'ann')", EACH),
        ("select acl_alter_user('ann', enabled => false)", 0),
        ("select acl_alter_user('ann', enabled => true)", EACH),
        ("select acl_assign('Administrators', 'ann')", 4 * EACH),
        ("select acl_unassign('Administrators', 'ann')", EACH),
        (
            "select acl_create_role('staff'), acl_grant('staff', 'enter', 'location', 'Sales'), acl_assign('staff', 'clerks')",
            2 * EACH,
        ),
        ("select acl_unassign('staff', 'clerks')", EACH),
        ("select acl_grant('everyone', 'enter', 'location', '*')", 2 * EACH),
        ("select acl_revoke('everyone', 'enter', 'location', '*')", EACH),
        ("select acl_move('location', 'Sales', 'HR')", EACH), // B11: a location does not inherit
        ("select acl_set_inherits('location', 'Sales', true)", 2 * EACH),
        ("select acl_move('location', 'Sales', null::text)", EACH),
        ("select acl_alter_user('ann', valid_until => now() - interval '1 second')", 0),
        ("select acl_alter_user('ann', valid_until => 'infinity')", EACH),
    ];
    for (sql, expected) in steps {
        admin.run(sql);
        assert_eq!(ann.number(COUNT), expected, "{sql}");
    }
}

#[test]
fn a_share_and_its_end_take_effect_at_the_next_statement() {
    let office = Office::open("shares");
    let (mut admin, mut bob) = (office.database.superuser(), office.begin_as("bob"));
    let id = admin.number("select min(id) from documents where title like 'HR Contract%'");
    admin.run("select acl_grant('sellers', 'view', 'document_type', 'Contract')");
    assert_eq!(bob.number(COUNT), 0);
    admin.run(&format!("select acl_grant_row('bob', 'view', 'documents', '{id}')"));
    assert_eq!(bob.column("select id from documents"), [id.to_string()]);
    let mut ann = office.begin_as("ann");
    assert_eq!(ann.number(COUNT), EACH, "a share adds");
    admin.run(&format!("select acl_set_row_inherits('documents', '{id}', false)"));
    assert_eq!(ann.number(COUNT), EACH - 1, "the list stands instead");
    admin.run(&format!("select acl_revoke_row('bob', 'view', 'documents', '{id}')"));
    assert_eq!(bob.number(COUNT), 0);
    admin.run(&format!("select acl_set_row_inherits('documents', '{id}', true)"));
    assert_eq!(ann.number(COUNT), EACH);
}

#[test]
fn periods_begin_and_end_by_the_clock_of_the_transactions_start() {
    let office = Office::open("periods");
    let (mut admin, mut ann) = (office.database.superuser(), office.database.app());
    // Each of these opens Sales, or closes everything, for a time: in a second from now, for two seconds.
    let moments = "clock_timestamp() + interval '1 second', clock_timestamp() + interval '3 seconds'";
    let openings = [
        format!("select acl_grant('clerks', 'enter', 'location', 'Sales', {moments})"),
        format!(
            "select acl_create_role('staff'), acl_grant('staff', 'enter', 'location', 'Sales'), \
             acl_assign('staff', 'clerks', {moments})"
        ),
    ];
    for opening in openings {
        admin.run(&opening);
        assert_eq!(office.sees(&mut ann, "ann"), EACH, "not yet: {opening}");
        let mut early = office.begin_as("ann");
        std::thread::sleep(Duration::from_millis(1500));
        assert_eq!(office.sees(&mut ann, "ann"), 2 * EACH, "begun: {opening}");
        assert_eq!(early.number(COUNT), EACH, "a transaction that began before: {opening}");
        let mut late = office.begin_as("ann");
        assert_eq!(late.number(COUNT), 2 * EACH);
        std::thread::sleep(Duration::from_millis(2000));
        assert_eq!(office.sees(&mut ann, "ann"), EACH, "over: {opening}");
        assert_eq!(late.number(COUNT), 2 * EACH, "a transaction that began while it was valid: {opening}");
    }
    admin.run("select acl_alter_user('ann', valid_until => clock_timestamp() + interval '1 second')");
    assert_eq!(office.sees(&mut ann, "ann"), EACH);
    std::thread::sleep(Duration::from_millis(1200));
    ann.run("begin");
    let expired = ann.attempt("select acl_set_user('ann')").map(|_| ann.number(COUNT));
    assert!(matches!(&expired, Ok(0)) || expired.as_ref().is_err_and(|r| r.code == "28000"), "{expired:?}");
}

/// Settings under which every query that can be parallel is.
fn parallel(session: &mut Session) {
    session.run(
        "set parallel_setup_cost = 0; set parallel_tuple_cost = 0; set min_parallel_table_scan_size = 0; \
         set min_parallel_index_scan_size = 0; set max_parallel_workers_per_gather = 2",
    );
}

#[test]
fn parallel_workers_filter_the_same() {
    let office = Office::open("parallel");
    let mut admin = office.database.superuser();
    admin.run(
        "insert into documents (title, location_id, document_type_id) \
         select d.title, d.location_id, d.document_type_id from documents d, generate_series(1, 999)",
    );
    admin.run("analyze documents");
    let many = 1000 * EACH;
    let mut app = office.database.app();
    parallel(&mut app);
    app.run("begin");
    app.become_user("ann");
    let plan = app.column("explain (analyze, costs off, timing off) select count(*) from documents").join("\n");
    let launched = plan.lines().find_map(|line| line.trim().strip_prefix("Workers Launched: "));
    assert!(plan.contains("Parallel") && launched.is_some_and(|n| n != "0"), "no parallel plan:\n{plan}");
    assert_eq!(app.number(COUNT), many);
    admin.run(OPEN_SALES);
    assert_eq!(app.number(COUNT), 2 * many, "another session's commit");
    app.run("commit");
    assert_eq!(app.number(COUNT), 0, "nobody");
    // Workers see what their leader has not committed, and no longer what it took back.
    admin.run(CLOSE_SALES);
    parallel(&mut admin);
    let role = office.database.app_role();
    admin.run("begin");
    admin.run("savepoint a");
    admin.run(OPEN_SALES);
    assert_eq!(own_view(&mut admin, role), 2 * many);
    admin.run("rollback to savepoint a");
    assert_eq!(own_view(&mut admin, role), many);
    admin.run("rollback");
    // A single worker that runs the whole plan, cold.
    if app.attempt("set force_parallel_mode = on").is_err() {
        app.run("set debug_parallel_query = on");
    }
    assert_eq!(office.sees(&mut app, "ann"), many);
    assert_eq!(office.sees(&mut app, "boss"), 4 * many);
}

#[test]
fn a_cursor_does_not_serve_another_identity() {
    let office = Office::open("cursor");
    let mut session = office.begin_as("ann");
    session.run("declare c cursor for select id from documents");
    assert_eq!(session.run("fetch 2 from c").count, 2);
    session.become_user("bob");
    // "A statement whose identity changes under it (cursor, function) fails closed."
    let rest: Result<Answer, Refusal> = session.attempt("fetch all from c");
    assert!(rest.as_ref().is_err() || rest.as_ref().is_ok_and(|answer| answer.count == 0), "{rest:?}");
}

#[test]
fn an_update_that_waited_is_judged_by_what_is_then() {
    // READ COMMITTED: ann's UPDATE waits for a row; whoever holds it revokes her right and commits. Plain row security
    // would let her change the new row by the old right.
    let office = Office::open("waiting");
    let mut admin = office.database.superuser();
    admin.run("select acl_grant('clerks', 'edit', 'document_type', 'Contract')");
    let id = admin.number("select min(id) from documents where title like 'HR Contract%'");
    for statement in ["update documents set note = 'hers' where id = ", "select id from documents where id = "] {
        let sql = if statement.starts_with("select") {
            format!("{statement}{id} for update")
        } else {
            format!("{statement}{id}")
        };
        admin.run("begin");
        admin.run(&format!("update documents set note = 'ours' where id = {id}"));
        admin.run("select acl_revoke('clerks', 'edit', 'document_type', 'Contract')");
        let mut ann = office.begin_as("ann");
        let answer = std::thread::scope(|scope| {
            let waiting = scope.spawn(|| ann.attempt(&sql));
            let mut watcher = office.database.superuser();
            let blocked =
                "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
            let mut patience = 200;
            while watcher.number(blocked) == 0 && patience > 0 {
                std::thread::sleep(Duration::from_millis(25));
                patience -= 1;
            }
            // Committed in any case, or a failure would leave it waiting for ever.
            admin.run("commit");
            assert!(patience > 0, "it did not wait: {sql}");
            waiting.join().expect("the waiting session")
        });
        let none = answer.as_ref().is_ok_and(|answer| answer.count == 0);
        assert!(none || answer.as_ref().is_err_and(|refusal| refusal.code == "42501"), "{sql}: {answer:?}");
        assert_eq!(admin.value(&format!("select note from documents where id = {id}")).as_deref(), Some("ours"));
        admin.run("select acl_grant('clerks', 'edit', 'document_type', 'Contract')");
    }
}
