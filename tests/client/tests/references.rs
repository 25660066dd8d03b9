//! Two sessions, one of which removes what the other is about to refer to: whoever comes second waits and is refused, or
//! takes the other's work along. docacl's tables have no foreign keys (a restore brings them in any order); what takes
//! their place must hold between sessions as well.

use std::time::Duration;

use docacl_client_tests::Session;
use docacl_client_tests::server::Database;

/// The first statement in a transaction that stays open until the second waits for it; what the second answers.
fn in_turn(database: &Database, first: &str, second: &str) -> Result<(), String> {
    let mut one = database.superuser();
    let mut two: Session = database.superuser();
    let mut watcher = database.superuser();
    one.run("begin");
    one.run(first);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| two.attempt(second).map(drop).map_err(|refusal| refusal.code));
        let blocked =
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
        let mut patience = 200;
        while watcher.number(blocked) == 0 && patience > 0 {
            std::thread::sleep(Duration::from_millis(25));
            patience -= 1;
        }
        // Committed in any case, or a failure would leave it waiting for ever.
        one.run("commit");
        assert!(patience > 0, "it did not wait: {second}");
        waiting.join().expect("the waiting session")
    })
}

/// References to nothing, which no order of statements may leave behind.
const DANGLING: &str = "
    select (select count(*) from docacl.resource r where parent_id not in (select id from docacl.resource))
         + (select count(*) from docacl.membership m where role_id not in (select id from docacl.principal) or member_id not in (select id from docacl.principal))
         + (select count(*) from docacl.grants g where principal_id not in (select id from docacl.principal) or resource_id not in (select id from docacl.resource))";

#[test]
fn what_is_being_removed_cannot_be_referred_to() {
    let database = Database::create("references");
    let mut superuser = database.superuser();
    let turns = [
        ("select acl_create('location', 'Cellar', parent => 'HR')", "select acl_drop('location', 'HR')", false),
        ("select acl_drop('location', 'HR')", "select acl_create('location', 'Cellar', parent => 'HR')", false),
        ("select acl_drop('location', 'HR')", "select acl_move('location', 'Attic', 'HR')", false),
        ("select acl_drop('location', 'HR')", "select acl_grant('Readers', 'view', 'location', 'HR')", false),
        ("select acl_grant('Readers', 'view', 'location', 'HR')", "select acl_drop('location', 'HR')", true),
        ("select acl_drop_user('ann')", "select acl_grant('ann', 'view', 'location', 'HR')", false),
        ("select acl_grant('ann', 'view', 'location', 'HR')", "select acl_drop_user('ann')", true),
        ("select acl_drop_role('Readers')", "select acl_assign('Readers', 'ann')", false),
        ("select acl_drop_user('ann')", "select acl_assign('Readers', 'ann')", false),
        ("select acl_assign('Readers', 'ann')", "select acl_drop_user('ann')", true),
    ];
    for (first, second, goes) in turns {
        superuser.run(
            "select acl_create('location', 'HR', if_not_exists => true), acl_create('location', 'Attic', if_not_exists => true);
             select acl_create_role('Readers', if_not_exists => true), acl_create_user('ann', 'ann@example.org', 'Users', if_not_exists => true)",
        );
        let answer = in_turn(&database, first, second);
        match &answer {
            Ok(()) => assert!(goes, "{first}; {second}"),
            Err(code) => {
                assert!(!goes && ["23503", "42704", "55006"].contains(&code.as_str()), "{first}; {second}: {code}")
            }
        }
        assert_eq!(superuser.number(DANGLING), 0, "{first}; {second}: {answer:?}");
        superuser.run("update docacl.resource set parent_id = null where name in ('Cellar', 'Attic'); delete from docacl.resource where name = 'Cellar'");
    }
}
