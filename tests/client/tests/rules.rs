//! Rules that grant, written to by two sessions at once.

use std::time::{Duration, Instant};

use docacl_client_tests::server::Database;

/// Waits until a session of the database waits for a lock.
fn until_one_waits(database: &Database) {
    let mut watcher = database.superuser();
    let until = Instant::now() + Duration::from_secs(20);
    while watcher
        .number("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")
        == 0
    {
        assert!(Instant::now() < until, "nobody waits");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A pair that two sessions say at once has one grant, which goes with the last row.
#[test]
fn a_pair_said_by_two_sessions_has_one_grant() {
    let database = Database::create("rules");
    let mut superuser = database.superuser();
    superuser.run(
        "create table people (login text primary key, name text not null);
         create table responsible (id int primary key, project text, login text);
         insert into people values ('ann', 'Ann');
         select acl_create('project', 'P', key => 'p'), acl_mirror('people', 'user', 'login', 'name');
         select acl_auto_grant('responsible', 'login', 'project', 'see', 'project')",
    );
    let open = "select count(*) from docacl.grants where source = 'auto' and revoked_at is null";
    for end in ["commit", "rollback"] {
        let mut first = database.superuser();
        first.run("begin; insert into responsible values (1, 'p', 'ann')");
        std::thread::scope(|scope| {
            let mut second = database.superuser();
            let waiting = scope.spawn(move || second.run("insert into responsible values (2, 'p', 'ann')"));
            until_one_waits(&database);
            first.run(end);
            waiting.join().expect("the second session");
        });
        assert_eq!(superuser.number(open), 1, "after {end}: one grant");
        superuser.run("delete from responsible where id = 2");
        assert_eq!(superuser.number(open), i64::from(end == "commit"), "after {end}: as the other row says");
        superuser.run("delete from responsible");
        assert_eq!(superuser.number(open), 0, "after {end}: none without a row");
        assert_eq!(superuser.value("select acl_can_on('ann', 'project', 'P', 'see')").as_deref(), Some("f"));
    }
}

/// What two sessions leave of a stamp when they change the same principal at once goes with the next change.
#[test]
fn the_parts_of_a_stamp_do_not_pile_up() {
    let database = Database::create("parts");
    let (mut first, mut second) = (database.superuser(), database.superuser());
    first.run(
        "select acl_create_role('clerks');
         select acl_create('project', 'P' || n) from generate_series(1, 21) n",
    );
    let parts = "select count(*) from docacl.stamp s join docacl.principal p on s.kind = 1 and s.id = p.id and p.name = 'clerks'";
    for n in 1..=10 {
        first.run(&format!("begin; select acl_grant('clerks', 'view', 'project', 'P{n}')"));
        second.run(&format!("select acl_grant('clerks', 'view', 'project', 'P{}')", n + 10));
        first.run("commit");
    }
    first.run("select acl_grant('clerks', 'view', 'project', 'P21')");
    assert_eq!(first.number(parts), 1);
}
