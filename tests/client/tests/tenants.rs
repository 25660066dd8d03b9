//! Two customers in one database: to the people of one, the other is not there.
//!
//! The same commands, at random, by the people of account A, in a database where account B is and in one where it never
//! was: every answer, refusal, detail, hint and notice is the same to the byte, what becomes of A is the same, and of B
//! nothing changes. Names of B are tried in every place, and B has A's names. And the outbox: who is woken, and when.
//!
//! | setting | unset | |
//! |---|---|---|
//! | DOCACL_SEED | 1 | the seed |
//! | DOCACL_COMMANDS | 1500 | how many commands |

use std::sync::{Arc, Mutex};

use docacl_client_tests::server::Database;
use docacl_client_tests::session::literal;
use docacl_client_tests::{Answer, Refusal, Session};
use docacl_reference::Random;

const PEOPLE: [&str; 6] = ["boss", "mia", "sue", "rhea", "ann", "read"];
const KINDS: [&str; 12] = [
    "account",
    "environment",
    "company",
    "client",
    "provider",
    "location",
    "document",
    "document type",
    "project",
    "function",
    "queue",
    "form",
];
/// The first id of what the commands make: what is below and not A's is B's, or nothing.
const LATER: i64 = 100_000;

/// An account with people of every sort, a tree of every kind, rows, settings. The names are the same in every account
/// but for those that end in `own`.
fn account(superuser: &mut Session, name: &str, own: &str, first_row: i64) {
    superuser.run(&format!("select acl_create_account('{name}', key => 'k-{name}'); set docacl.account = '{name}'"));
    for n in ["Both", own] {
        superuser.run(&format!(
            "select acl_create('environment', '{n}', key => '{name}-{n}'), acl_create('company', '{n}', '{n}', key => '{name}-{n}'),
                    acl_create('client', '{n}', '{n}', key => '{name}-{n}'), acl_create('provider', '{n}', '{n}', key => '{name}-{n}'),
                    acl_create('location', '{n}', key => '{name}-{n}'), acl_create('location', '{n} below', '{n}', inherits => true),
                    acl_create('document type', '{n}', key => '{name}-{n}'), acl_create('project', '{n}', key => '{name}-{n}'),
                    acl_create('function', '{n}', key => '{name}-{n}'), acl_create('queue', '{n}'), acl_create('form', '{n}'),
                    acl_create_role('{n} role', key => '{name}-{n} role'), acl_set('environment', '{n}', 'splitter', '\"{name}\"')",
        ));
    }
    for person in PEOPLE.iter().copied().chain([own]) {
        let role = if person == "boss" { "Administrators" } else { "Both role" };
        superuser.run(&format!(
            "select acl_create_user('{person}', replace('{person}', ' ', '-') || '@{name}.example', '{role}', key => '{name}:{person}')"
        ));
    }
    superuser.run(&format!(
        "select acl_grant('mia', 'read, manage_users, manage_roles, view_usage, configure, manage_environments, manage_companies, manage_parties', 'account', '{name}');
         select acl_grant('sue', 'full', 'location', 'Both'), acl_grant('sue', 'change', 'environment', 'Both'), acl_grant('sue', 'change', 'function', 'Projects');
         select acl_grant('rhea', 'change', 'function', 'Role Authorizations'), acl_grant('rhea', 'view', 'document type', '*');
         select acl_grant('Both role', 'view', 'environment', 'Both'), acl_grant('Both role', 'view', 'location', 'Both'), acl_grant('everyone', 'view', 'project', 'Both');
         select acl_alter_user('read', read_only => true);
         insert into files select {first_row} + i, (select r.id from docacl.resource r where r.key = '{name}-Both' and r.kind = 'environment'),
             (select r.id from docacl.resource r where r.key = '{name}-Both' and r.kind = 'location'), 'of {name}' from generate_series(0, 4) i;
         select acl_grant_row('ann', 'view', 'files', '{first_row}')"
    ));
}

/// A database with account A and, or not, B; what follows gets the same ids in both.
fn database(with_b: bool) -> Database {
    let database = Database::create(if with_b { "with_b" } else { "without_b" });
    let mut superuser = database.superuser();
    superuser.run(
        "create table files (id bigint primary key, environment bigint, place bigint, title text, list bigint, created_by bigint);
         grant all on files to public;
         select acl_protect('files', '{\"environment\": {\"column\": \"environment\", \"by\": \"id\"}, \"location\": {\"column\": \"place\", \"by\": \"id\"}}',
             '{\"own_acl\": \"list\", \"owner\": {\"column\": \"created_by\", \"by\": \"id\"}, \"default\": true}')",
    );
    account(&mut superuser, "A", "Only A", 100);
    if with_b {
        account(&mut superuser, "B", "Only B", 200);
    }
    for sequence in ["resource", "principal", "membership", "grants", "event"] {
        superuser.run(&format!("select setval('docacl.{sequence}_id_seq', {LATER})"));
    }
    for person in PEOPLE {
        let role = format!("{}_{person}", database.name());
        superuser
            .run(&format!("create role {role} login; set docacl.account = 'A'; select acl_map('{role}', '{person}')"));
    }
    database
}

/// Everything there is of an account, without the moments and the transactions that they came from.
fn knowledge(superuser: &mut Session, account: i64, rows: &str) -> Vec<String> {
    superuser.column(&format!(
        "select 'resource ' || (to_jsonb(r) - 'created_at')::text from docacl.resource r where account_id = {account}
         union all select 'principal ' || (to_jsonb(p) - 'created_at')::text from docacl.principal p where account_id = {account}
         union all select 'membership ' || (to_jsonb(m) - 'granted_at' - 'revoked_at')::text || (revoked_at is null) from docacl.membership m where account_id = {account}
         union all select 'grant ' || (to_jsonb(g) - 'granted_at' - 'revoked_at')::text || (revoked_at is null) from docacl.grants g where account_id = {account}
         union all select 'setting ' || (to_jsonb(s) - 'set_at')::text from docacl.setting s where account_id = {account}
         union all select 'option ' || (to_jsonb(o) - 'set_at')::text from docacl.account_option o where account_id = {account}
         union all select 'event ' || (to_jsonb(e) - 'at')::text from docacl.event e where account_id = {account}
         union all select 'row ' || f::text from files f where {rows} order by 1"
    ))
}

/// What commands are made of.
struct Pool {
    random: Random,
    ids: Vec<i64>,
    made: usize,
}

impl Pool {
    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.random.below(of.len())]
    }

    fn kind(&mut self) -> &'static str {
        KINDS[self.random.below(KINDS.len())]
    }

    /// A resource as an argument: by name, path, key or id, of A, of B, or of nobody.
    fn resource(&mut self) -> String {
        if self.random.below(3) == 0 {
            return format!("{}::bigint", self.id());
        }
        let name = self.one(&[
            "Both",
            "Both",
            "Both below",
            "/Both/Both below",
            "/Both",
            "Only A",
            "Only B",
            "/Only B",
            "Only B/Only B below",
            "B-Only B",
            "B-Both",
            "A",
            "B",
            "*",
            "No such",
            "Projects",
            "Role Authorizations",
            "100",
            "200",
            "203",
            "999",
        ]);
        literal(name)
    }

    fn id(&mut self) -> i64 {
        match self.random.below(6) {
            0 => 987_654_321,
            _ => self.ids[self.random.below(self.ids.len())],
        }
    }

    fn principal(&mut self) -> String {
        let name = self.one(&[
            "ann",
            "ann",
            "sue",
            "mia",
            "rhea",
            "read",
            "boss",
            "Both role",
            "Both role",
            "Users",
            "Administrators",
            "everyone",
            "system",
            "Only A",
            "Only A role",
            "Only B",
            "Only B role",
            "ann@A.example",
            "ann@b.example",
            "BOSS@B.EXAMPLE",
            "B:ann",
            "A:ann",
            "B-Both role",
            "No such",
        ]);
        literal(name)
    }

    fn actions(&mut self) -> String {
        let words = self.one(&[
            "view",
            "view",
            "change",
            "full",
            "enter",
            "security",
            "add",
            "delete",
            "manage_users",
            "manage_roles",
            "manage_companies",
            "configure",
            "view_usage",
            "nonsense",
        ]);
        literal(words)
    }

    /// A name for something new. E-mails and keys of B are left out: that one is taken cannot be hidden.
    fn new_name(&mut self) -> String {
        self.made += 1;
        match self.random.below(4) {
            0 => literal(self.one(&["Both", "Only B", "Only B role", "B", "boss"])),
            _ => literal(&format!("new {}", self.made)),
        }
    }

    fn row(&mut self) -> i64 {
        match self.random.below(3) {
            0 => 100 + self.random.below(6) as i64,
            1 => 200 + self.random.below(6) as i64,
            _ => 900,
        }
    }

    fn flag(&mut self) -> bool {
        self.random.below(2) == 0
    }

    fn command(&mut self) -> String {
        let (kind, on, who, what) = (literal(self.kind()), self.resource(), self.principal(), self.actions());
        let row = self.row();
        match self.random.below(47) {
            0..=3 => format!("select acl_grant({who}, {what}, {kind}, {on})"),
            4..=5 => format!("select acl_revoke({who}, {what}, {kind}, {on})"),
            6 => format!("select acl_set_grant({who}, {what}, {kind}, {on})"),
            7 => format!("select acl_grant_row({who}, {what}, 'files', '{row}')"),
            8 => format!("select acl_revoke_row({who}, {what}, 'files', '{row}')"),
            9 => format!("select acl_copy_grants({who}, {})", self.principal()),
            10..=12 => format!("select acl_create({kind}, {}, {on})", self.new_name()),
            13 => format!("select acl_rename({kind}, {on}, {})", self.new_name()),
            14..=15 => format!("select acl_move({kind}, {on}, {})", self.resource()),
            16 => format!("select acl_set_inherits({kind}, {on}, {}, {})", self.flag(), self.flag()),
            17 => format!("select acl_drop({kind}, {on})"),
            18..=19 => {
                let (name, flag) = (self.new_name(), self.flag());
                format!("select acl_create_user({name}, 'new{}@a.example', {who}, read_only => {})", self.made, flag)
            }
            20 => format!("select acl_create_role({}, is_default => {})", self.new_name(), self.flag()),
            21 => format!("select acl_alter_user({who}, enabled => {})", self.flag()),
            22 => format!("select acl_alter_user({who}, name => {})", self.new_name()),
            23 => format!("select acl_alter_role({who}, enabled => {})", self.flag()),
            24 => format!("select acl_drop_user({who})"),
            25 => format!("select acl_drop_role({who})"),
            26..=27 => format!("select acl_assign({who}, {})", self.principal()),
            28 => format!("select acl_unassign({who}, {})", self.principal()),
            29 => format!("select acl_set({kind}, {on}, 'splitter', '{}')", self.flag()),
            30 => format!("select acl_setting({kind}, {on}, 'splitter')"),
            31 => format!("select * from acl_usage({})", self.one(&["'A'", "'B'", "'No such'", "'main'"])),
            32 => format!("select acl_can_on({who}, {kind}, {on}, {what})"),
            33 => format!("select acl_can({row}, {what}), acl_actions({row}), acl_actions_on({who}, {kind}, {on})"),
            34 => format!("select * from acl_explain({who}, {row}, {what})"),
            35 => format!("select * from acl_who({row}, {what}) order by 1, 2, 3"),
            36 => format!("select acl_require_on({kind}, {on}, {what})"),
            37 => {
                let (environment, place) = (self.id(), self.id());
                format!("insert into files (id, environment, place, title) values (900 + {}, {environment}, {place}, 'x')", self.made)
            }
            38 => format!("update files set place = {} where id = {row}", self.id()),
            39 => format!("update files set title = 'x' where id = {row} returning id"),
            40 => format!("delete from files where id = {row}"),
            41 => "select count(*), sum(id), max(title) from files".to_owned(),
            42 => "select id, kind, name, parent_id from docacl.resource order by id".to_owned(),
            43 => "select id, kind, name, email from docacl.principal order by id".to_owned(),
            44 => "select principal, actions, kind, path, source, revoked_at is null from docacl.grant_list order by 1, 2, 3, 4, 5, 6".to_owned(),
            45 => format!("select acl_set_account_option('project_creator', '{}')", self.one(&["own", "all", "none"])),
            _ => format!(
                "select docacl.path({0}), docacl.kind_of({0}), docacl.principal_name({0}), docacl.sees_resource({0}), docacl.sees_setting({0}), (select count(*) from docacl.member_list), (select count(*) from docacl.setting)",
                self.id()
            ),
        }
    }
}

/// One person's session, and what it was told beside answers.
struct Seat {
    session: Session,
    notices: Arc<Mutex<Vec<String>>>,
}

impl Seat {
    fn of(database: &Database, person: &str) -> Seat {
        let (mut session, notices) = database.session_with_notices(&format!("{}_{person}", database.name()));
        // B's name in the setting changes nothing for who is of A.
        session.run("set docacl.account = 'B'");
        Seat { session, notices }
    }

    fn told(&mut self, command: &str) -> (Result<Answer, Refusal>, Vec<String>) {
        let answer = self.session.attempt(command);
        (answer, std::mem::take(&mut *self.notices.lock().unwrap()))
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(otherwise)
}

/// A2, A9 and all of the wall: see the head of this file.
#[test]
fn to_one_account_the_other_is_not_there() {
    let (seed, commands) = (number("DOCACL_SEED", 1), number("DOCACL_COMMANDS", 1500));
    let (with, without) = (database(true), database(false));
    let (mut above, mut alone) = (with.superuser(), without.superuser());
    let id = |s: &mut Session, name: &str| {
        s.number(&format!("select id from docacl.resource where kind = 'account' and name = '{name}'"))
    };
    let (a, b) = (id(&mut above, "A"), id(&mut above, "B"));
    assert_eq!(id(&mut alone, "A"), a);
    let (of_a, of_b) = ("id < 200 or id >= 900", "id between 200 and 899");
    assert_eq!(knowledge(&mut above, a, of_a), knowledge(&mut alone, a, of_a));
    let before = knowledge(&mut above, b, of_b);
    assert!(before.len() > 70, "{}", before.len());

    let ids = above.column("select id from docacl.resource union select id from docacl.principal order by 1");
    let ids: Vec<i64> = ids.iter().filter_map(|id| id.parse().ok()).collect();
    let mut pool = Pool { random: Random::new(seed), ids, made: 0 };
    let mut seats: Vec<(Seat, Seat)> = PEOPLE.iter().map(|p| (Seat::of(&with, p), Seat::of(&without, p))).collect();
    let (mut done, mut refused, mut unknown) = (0, 0, 0);
    for n in 0..commands {
        let person = pool.random.below(PEOPLE.len());
        let command = pool.command();
        let (here, there) = &mut seats[person];
        // What shuts people out is taken back, or soon there would be nobody who may do anything.
        let undone = command.contains("_user(") || command.contains("_role(") || pool.random.below(3) == 0;
        for seat in [&mut *here, &mut *there] {
            seat.session.run("begin");
        }
        let (with_b, without_b) = (here.told(&command), there.told(&command));
        for seat in [here, there] {
            seat.session.run(if undone { "rollback" } else { "commit" });
        }
        assert_eq!(with_b, without_b, "command {n}, seed {seed}: {} says {command}", PEOPLE[person]);
        match with_b.0 {
            Ok(answer) => done += u64::from(answer.count > 0),
            Err(refusal) if refusal.code == "42704" => unknown += 1,
            Err(refusal) => {
                assert!(!refusal.code.starts_with("XX"), "{refusal:?}: {command}");
                refused += 1;
            }
        }
        if n % 500 == 499 {
            assert_eq!(knowledge(&mut above, b, of_b), before, "by command {n}, seed {seed}");
        }
    }
    assert_eq!(knowledge(&mut above, b, of_b), before, "seed {seed}");
    assert_eq!(knowledge(&mut above, a, of_a), knowledge(&mut alone, a, of_a), "seed {seed}");
    // A test in which nothing ever succeeds has shown nothing.
    let least = commands / 10;
    assert!(done > least && refused > least && unknown > least, "{done} done, {refused} refused, {unknown} unknown");
    drop(seats);
    for database in [&with, &without] {
        let mut superuser = database.superuser();
        for person in PEOPLE {
            superuser.run(&format!("drop role {}_{person}", database.name()));
        }
    }
}

/// A16: one event and one NOTIFY for a user who came to be, none for one who did not; the number of a row is all that is
/// told to whoever listens.
#[test]
fn whoever_sends_letters_is_woken_once() {
    let database = Database::create("outbox");
    let mut superuser = database.superuser();
    let mailer = format!("{}_mailer", database.name());
    superuser.run(&format!("create role {mailer} login; grant select, delete on docacl.event to {mailer}"));
    let mut mails = database.session(&mailer);
    let mut stranger = database.app();
    mails.run("listen docacl_event");
    stranger.run("listen docacl_event");

    superuser.run("begin; select acl_create_user('gone', 'gone@example.org', 'Users')");
    assert_eq!(mails.heard(), vec![], "before the commit");
    superuser.run("rollback");
    superuser.run(
        "begin; savepoint s; select acl_create_user('undone', 'undone@example.org', 'Users'); rollback to s; commit",
    );
    superuser.refused("42710", "select acl_create_user('Users', 'users@example.org', 'Users')");
    assert_eq!(mails.heard(), vec![]);
    assert_eq!(mails.number("select count(*) from docacl.event"), 0);

    superuser.run("begin; select acl_create_user('ann', 'ann@example.org', 'Users'), acl_create_user('bob', 'bob@example.org', 'Users'); commit");
    let ids = mails.column("select id from docacl.event order by id");
    assert_eq!(ids.len(), 2);
    let woken: Vec<(String, String)> = ids.iter().map(|id| ("docacl_event".to_owned(), id.clone())).collect();
    assert_eq!(mails.heard(), woken);
    // Anybody may LISTEN, and is told the number; the row is not his to read.
    assert_eq!(stranger.heard(), woken);
    stranger.refused("42501", "select * from docacl.event");
    stranger.refused("42501", "delete from docacl.event");

    // Whoever consumes them takes each once, however many there are of him.
    let mut other = database.session(&mailer);
    let take = "delete from docacl.event where id = (select id from docacl.event order by id limit 1 for update skip locked) returning payload ->> 'email'";
    other.refused("42501", take);
    superuser.run(&format!("grant update (id) on docacl.event to {mailer}"));
    mails.run("begin");
    other.run("begin");
    assert_eq!(mails.value(take).as_deref(), Some("ann@example.org"));
    assert_eq!(other.value(take).as_deref(), Some("bob@example.org"));
    mails.run("commit");
    other.run("rollback");
    assert_eq!(mails.column(take), vec!["bob@example.org"]);
    assert_eq!(mails.number("select count(*) from docacl.event"), 0);

    drop((mails, other));
    superuser.run(&format!("revoke all on docacl.event from {mailer}; drop role {mailer}"));
}
