//! A queue that many work on at once: no item is given to two users, none is left over (A18).

use std::collections::BTreeSet;

use docacl_client_tests::server::Database;

const SESSIONS: usize = 16;
const ITEMS: usize = 10_000;

/// A18 not: an item that one user of the queue claimed is given to no other, nor is one whose document nobody there may read.
#[test]
fn sixteen_sessions_share_ten_thousand_items_and_never_one() {
    let database = Database::create("queues");
    let mut superuser = database.superuser();
    superuser.run(&format!(
        "create table papers (id bigint primary key, location_id bigint not null);
         grant select on papers to {app};
         select acl_create('location', 'hall'), acl_create('location', 'vault'), acl_create('queue', 'incoming');
         select acl_create_role('clerks');
         select acl_create_user('clerk ' || n, 'clerk' || n || '@queues.example', 'clerks') from generate_series(1, {SESSIONS}) n;
         select acl_grant('clerks', 'view', 'location', 'hall'), acl_grant('clerks', 'work_queue', 'queue', 'incoming');
         select acl_protect('papers', '{{\"location\": \"location_id\"}}', '{{\"default\": true}}');
         insert into papers select n, id from generate_series(1, {ITEMS}) n, docacl.resource where kind = 'location' and name = 'hall';
         -- one in the way that nobody of them may read
         insert into papers select 0, id from docacl.resource where kind = 'location' and name = 'vault';
         select count(acl_enqueue('incoming', id)) from (select id from papers order by id) as p;",
        app = database.app_role()
    ));
    let claimed: Vec<Vec<i64>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (1..=SESSIONS)
            .map(|n| {
                let mut session = database.app();
                scope.spawn(move || {
                    let mut mine = Vec::new();
                    loop {
                        session.run("begin");
                        session.become_user(&format!("clerk {n}"));
                        let Some(item) = session.value("select acl_claim('incoming')") else { break };
                        // Half of them complete in the transaction that claimed, the others in one of its own.
                        if mine.len() % 2 == 0 {
                            session.run("commit");
                            session.run("begin");
                            session.become_user(&format!("clerk {n}"));
                        }
                        assert_eq!(session.value(&format!("select acl_complete({item})")).as_deref(), Some("t"));
                        session.run("commit");
                        mine.push(item.parse().expect("an id"));
                    }
                    session.run("rollback");
                    mine
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().expect("a worker")).collect()
    });
    let all: Vec<i64> = claimed.iter().flatten().copied().collect();
    assert_eq!(all.len(), ITEMS, "each item once");
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), ITEMS, "none twice");
    assert!(claimed.iter().all(|mine| !mine.is_empty()), "every session had a part");
    assert_eq!(superuser.number("select count(*) from docacl.queue_item where state = 'done'"), ITEMS as i64);
    assert_eq!(superuser.number("select count(*) from docacl.queue_item where state = 'waiting'"), 1);
    assert_eq!(
        superuser.number("select count(*) from docacl.queue_item where completed_by is null"),
        1,
        "only the one that waits"
    );
}
