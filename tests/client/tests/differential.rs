//! The engine against the rules: random accounts, trees, roles in roles, grants, own lists and documents, random
//! changes between, savepoints and rollbacks. For every user the SELECTed ids, `acl_can_row` and `acl_actions_row`
//! for every action, the verdict of `acl_explain_row`, `acl_actions_on`, what is shown of a table that these rows decide
//! (`parent`), the table sometimes partitioned, and the outcome of INSERT, UPDATE, DELETE and SELECT FOR UPDATE are exactly
//! what the reference evaluator says.
//!
//! | variable | default | |
//! |---|---|---|
//! | DOCACL_WORLDS | 120 | how many worlds |
//! | DOCACL_ROWS | 2000 | the most rows of each |
//! | DOCACL_SEED | 1 | the seed of the first; a failure names the seed to start from |
//! | DOCACL_THREADS | 2 | worlds at a time |

use std::sync::atomic::{AtomicU64, Ordering};

use docacl_client_tests::compare::{self, Seen};
use docacl_client_tests::mirror::{self, Mirror};
use docacl_client_tests::session::literal;
use docacl_client_tests::table::{Record, Table};
use docacl_client_tests::tries::Tries;
use docacl_client_tests::{Database, Session};
use docacl_reference::change::{self, Change};
use docacl_reference::generate::{self, RowChances, Size};
use docacl_reference::{Family, PrincipalId, PrincipalKind, Random, Reference, World};

fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Err(_) => default,
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}")),
    }
}

#[test]
fn the_engine_says_what_the_rules_say() {
    let (worlds, seed, threads) = (number("DOCACL_WORLDS", 120), number("DOCACL_SEED", 1), number("DOCACL_THREADS", 2));
    let next = AtomicU64::new(seed);
    let one_thread = || {
        let mut seen = Seen::default();
        loop {
            let seed_here = next.fetch_add(1, Ordering::Relaxed);
            if seed_here >= seed + worlds {
                return seen;
            }
            let told = Told(seed_here);
            seen.add(one_world(seed_here));
            drop(told);
        }
    };
    let mut seen = Seen::default();
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(one_thread)).collect();
        for thread in running {
            match thread.join() {
                Ok(some) => seen.add(some),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    println!("{worlds} worlds: {seen:?}");
    // Agreement about nothing is no agreement: every answer has to have come up often.
    let parts = [
        seen.shown,
        seen.hidden,
        seen.allowed,
        seen.denied,
        seen.done,
        seen.passed_over,
        seen.refused,
        20 * seen.by_index,
    ];
    assert!(worlds < 20 || parts.iter().all(|part| *part as u64 > 10 * worlds), "too little was compared: {seen:?}");
}

/// Says which world failed, while its panic passes by.
struct Told(u64);

impl Drop for Told {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("this was world {0}: run it alone with DOCACL_SEED={0} DOCACL_WORLDS=1", self.0);
        }
    }
}

/// A world, its table, and both ends of the connection.
struct Case {
    random: Random,
    world: World,
    mirror: Mirror,
    table: Table,
    admin: Session,
    app: Session,
    app_role: String,
    // Last: dropped when the sessions are gone.
    _database: Database,
}

fn one_world(seed: u64) -> Seen {
    let mut case = build(seed);
    let mut seen = case.compare_committed();
    for _ in 0..3 {
        seen.add(case.round());
    }
    seen.add(case.tries());
    seen
}

fn build(seed: u64) -> Case {
    let mut random = Random::new(seed);
    let size = Size {
        accounts: 1 + random.below(3),
        users: 3 + random.below(5),
        roles: 2 + random.below(5),
        api_keys: 0,
        memberships: random.below(12),
        own_kinds: random.below(3),
        resources: 3 + random.below(10),
        grants: random.below(60),
    };
    let database = Database::create("differential");
    let (mut admin, app) = (database.superuser(), database.app());
    let mut world = generate::world(&mut random, &size);
    let mirror = Mirror::build(&mut admin, &world, &mut random);
    let shape = generate::shape(&mut random, &world);
    let mut table = Table::random(&mut random, &world, &mirror, shape);
    table.create(&mut admin, database.app_role());
    fill(&mut random, &mut world, &mirror, &mut table, &mut admin);
    if random.percent(40) {
        table.create_parts(&mut admin, database.app_role(), &mut random);
    }
    let shares = if table.shape.own_lists { [0, 40, 150][random.below(3)] } else { 0 };
    let app_role = database.app_role().to_owned();
    let mut case = Case { random, world, mirror, table, admin, app, app_role, _database: database };
    for _ in 0..shares {
        case.change_lists();
    }
    for session in [&mut case.admin, &mut case.app] {
        plans(&mut case.random, session);
    }
    case
}

fn dangles(record: &Record) -> bool {
    record.row.gates.iter().any(|gate| gate.references.contains(&Some(Reference::Dangling)))
}

/// Rows from before the protection, some with references to nothing, and rows from after it.
fn fill(random: &mut Random, world: &mut World, mirror: &Mirror, table: &mut Table, admin: &mut Session) {
    let rows = 1 + random.below(number("DOCACL_ROWS", 2000) as usize);
    let dangling = if random.percent(40) { 2 } else { 0 };
    let chances = RowChances { null: 5 + random.below(40), dangling, own_list: 0, foreign: 0 };
    let odd = RowChances { foreign: 100, ..chances };
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for position in 0..rows {
        let account = random.below(world.accounts.len());
        // An owner or requester of another account: only before the protection, which checks references.
        let foreign = random.percent(3);
        let record = table.new_record(random, world, mirror, account, if foreign { odd } else { chances });
        let only_before = foreign || dangles(&record) || table.lacks_required(&record.row);
        if position < rows / 2 || only_before { before.push(record) } else { after.push(record) }
    }
    table.insert(admin, mirror, before);
    table.protect(admin, world);
    table.insert(admin, mirror, after);
    let people = ["created_by", "requested_by", "own_acl"].map(str::to_owned);
    let most = [60, 100][random.below(2)];
    for column in table.reference_columns().into_iter().chain(people) {
        if random.percent(most) {
            let sorts = [
                format!("({column})"),
                format!("({column}, id)"),
                format!("(locked, {column})"),
                format!("using hash ({column})"),
                format!("({column}) where {column} is not null"),
            ];
            // Mostly the plain one.
            let sort = random.below(2 * sorts.len());
            admin.run(&format!("create index on docs {}", sorts.get(sort).unwrap_or(&sorts[0])));
        }
    }
    // Without statistics every value counts as rare, and indexes are asked for whatever they may be.
    if random.percent(40) {
        admin.run("analyze docs");
    }
}

/// Settings under which the same statements are planned and run differently.
fn plans(random: &mut Random, session: &mut Session) {
    let settings = [
        "set plan_cache_mode = force_generic_plan",
        "set plan_cache_mode = force_custom_plan",
        "set enable_seqscan = off",
        "set enable_seqscan = off; set plan_cache_mode = force_generic_plan",
        "set enable_seqscan = off; set enable_indexscan = off",
        "set enable_seqscan = off; set enable_bitmapscan = off",
        "set enable_indexscan = off; set enable_bitmapscan = off",
        "set force_parallel_mode = on; set parallel_setup_cost = 0; set min_parallel_table_scan_size = 0; \
         set parallel_tuple_cost = 0",
    ];
    if random.percent(75) {
        let setting = settings[random.below(settings.len())];
        // The parallel one has another name from PostgreSQL 16 on.
        if session.attempt(setting).is_err() {
            session.run(&setting.replace("force_parallel_mode", "debug_parallel_query"));
        }
    }
}

impl Case {
    /// Everything that is committed, as an application's session and as the superuser's see it.
    fn compare_committed(&mut self) -> Seen {
        self.app.run("begin");
        let mut seen = compare::selections(&mut self.app, &self.world, &self.table, None);
        let who = *self.random.pick(&compare::askers(&self.world, false)).unwrap_or(&None);
        compare::own_answers(&mut self.app, &self.world, &self.table, who);
        self.app.run("commit");
        seen.add(compare::answers(&mut self.admin, &self.world, &self.table, &mut self.random, 25));
        seen.add(compare::resources(&mut self.admin, &self.world, &self.mirror));
        seen
    }

    /// One transaction of changes, in which some savepoints are rolled back and which may be rolled back itself. Its
    /// own session sees each step at once, the application's what was committed before, and after it what is then.
    fn round(&mut self) -> Seen {
        let mut seen = Seen::default();
        let before = (self.world.clone(), self.table.clone());
        self.admin.run("begin");
        for _ in 0..1 + self.random.below(4) {
            let at_savepoint = (self.world.clone(), self.table.clone());
            self.admin.run("savepoint step");
            for _ in 0..1 + self.random.below(6) {
                self.change();
            }
            if self.random.percent(50) {
                self.compare_own();
            }
            if self.random.percent(35) {
                self.admin.run("rollback to savepoint step");
                (self.world, self.table) = at_savepoint;
            }
            self.admin.run("release savepoint step");
        }
        self.compare_own();
        if self.random.percent(50) {
            self.app.run("begin");
            seen.add(compare::selections(&mut self.app, &before.0, &before.1, None));
            self.app.run("commit");
        }
        if self.random.percent(30) {
            self.admin.run("rollback");
            (self.world, self.table) = before;
        } else {
            self.admin.run("commit");
        }
        seen.add(self.compare_committed());
        seen
    }

    /// One's own uncommitted changes are seen at once.
    fn compare_own(&mut self) {
        compare::selections(&mut self.admin, &self.world, &self.table, Some(&self.app_role));
    }

    /// One random change, of the world or of a row.
    fn change(&mut self) {
        if self.random.percent(45) {
            self.change_row();
            return;
        }
        let account = self.random.below(self.world.accounts.len());
        let Some(change) = change::random(&mut self.random, &self.world, account) else {
            return;
        };
        mirror::account(&mut self.admin, &self.world, account);
        if self.mirror.apply(&mut self.admin, &self.world, &change) {
            self.world.apply(&change);
        } else {
            self.change_list(&change);
        }
        self.admin.run("reset docacl.account");
    }

    /// A grant on a row's own list, or the end of one.
    fn change_list(&mut self, change: &Change) {
        let (Change::Grant { principal, words, resource, .. } | Change::Revoke { principal, words, resource }) = change
        else {
            return;
        };
        let owned = |record: &Record| record.row.own_list == Some(*resource);
        let Some(at) = self.table.records.iter().position(owned) else {
            return;
        };
        if let Change::Grant { period, .. } = change {
            self.table.share(&mut self.admin, &mut self.world, at, *principal, words, *period);
            return;
        }
        let (name, key) = (&self.world.principals[*principal].name, &self.table.records[at].key);
        let (name, words, key) = (literal(name), literal(words), literal(key));
        self.admin.run(&format!("select acl_revoke_row({name}, {words}, 'docs', {key})"));
        self.world.apply(change);
    }

    /// A share, a list that stands instead or no longer does, a row that moves or goes.
    fn change_row(&mut self) {
        if self.table.records.is_empty() {
            return;
        }
        let at = self.random.below(self.table.records.len());
        let record = self.table.records[at].clone();
        let Some(account) = self.world.account_of_row(&record.row) else {
            return;
        };
        if dangles(&record) || self.table.lacks_required(&record.row) {
            return;
        }
        match self.random.below(10) {
            0..=4 if self.table.shape.own_lists && self.has_location(at) => self.share(at, account),
            5 if record.row.own_list.is_some() => {
                let Some(list) = record.row.own_list else {
                    return;
                };
                let inherits = !self.world.resources[list].inherits;
                self.admin.run(&format!("select acl_set_row_inherits('docs', {}, {inherits})", literal(&record.key)));
                self.world.resources[list].inherits = inherits;
            }
            6..=7 => self.move_row(at, account),
            8 => {
                let mut new = record.clone();
                new.row.immutable = self.table.shape.immutable && !new.row.immutable;
                if let Some(sql) = self.table.update(&self.mirror, &record, &new) {
                    self.admin.run(&sql);
                    self.table.records[at] = new;
                }
            }
            9 => {
                self.admin.run(&format!("delete from docs where id = {}", literal(&record.key)));
                self.table.records.swap_remove(at);
            }
            _ => {}
        }
    }

    /// A share of a row that has a location, or a list that stands instead of it from now on, or no longer.
    fn change_lists(&mut self) {
        if !self.table.shape.own_lists || self.table.records.is_empty() {
            return;
        }
        let at = self.random.below(self.table.records.len());
        let record = &self.table.records[at];
        let Some(account) = self.world.account_of_row(&record.row) else { return };
        if dangles(record) || self.table.lacks_required(&record.row) || !self.has_location(at) {
            return;
        }
        self.share(at, account);
        if let (true, Some(list)) = (self.random.percent(40), self.table.records[at].row.own_list) {
            let inherits = !self.world.resources[list].inherits;
            let key = literal(&self.table.records[at].key);
            self.admin.run(&format!("select acl_set_row_inherits('docs', {key}, {inherits})"));
            self.world.resources[list].inherits = inherits;
        }
    }

    fn share(&mut self, at: usize, account: usize) {
        mirror::account(&mut self.admin, &self.world, account);
        let holders = (0..self.world.principals.len()).filter(|id| {
            let principal = &self.world.principals[*id];
            let may_hold = matches!(principal.kind, PrincipalKind::User | PrincipalKind::Role);
            principal.account == Some(account) && may_hold && *id != self.world.accounts[account].admin_role
        });
        let holders: Vec<PrincipalId> = holders.collect();
        if let Some(&principal) = self.random.pick(&holders) {
            let words = generate::words(&mut self.random, "document");
            let period = generate::period(&mut self.random, self.world.now);
            self.table.share(&mut self.admin, &mut self.world, at, principal, &words, period);
        }
        self.admin.run("reset docacl.account");
    }

    fn has_location(&self, at: usize) -> bool {
        let gates = &self.table.records[at].row.gates;
        gates.iter().any(|gate| gate.family == Family::Place && gate.references.iter().any(Option::is_some))
    }

    /// Other references, by a session that is not judged; the row's own list follows into the new location.
    fn move_row(&mut self, at: usize, account: usize) {
        let record = self.table.records[at].clone();
        let mut new = record.clone();
        let gate = self.random.below(new.row.gates.len());
        if !self.table.rerefer(&mut self.random, &self.world, &self.mirror, &mut new.row, gate, account) {
            return;
        }
        let Some(sql) = self.table.update(&self.mirror, &record, &new) else {
            return;
        };
        self.admin.run(&sql);
        let gate = &new.row.gates[gate];
        if let (Family::Place, Some(list)) = (gate.family, new.row.own_list) {
            self.world.resources[list].parent =
                gate.references.iter().flatten().find_map(|reference| match reference {
                    Reference::Resource(resource) => Some(*resource),
                    Reference::Dangling => None,
                });
        }
        self.table.records[at] = new;
    }

    /// INSERT, UPDATE and DELETE as everybody.
    fn tries(&mut self) -> Seen {
        let mut seen = Seen::default();
        if self.table.records.is_empty() {
            return seen;
        }
        self.app.run("begin");
        for who in compare::askers(&self.world, false) {
            let (world, mirror, table) = (&self.world, &self.mirror, &self.table);
            let mut tries = Tries { world, mirror, table, random: &mut self.random };
            seen.add(tries.run(&mut self.app, who, 12));
        }
        self.app.run("rollback");
        // Nothing of it remains.
        seen.add(self.compare_committed());
        seen
    }
}
