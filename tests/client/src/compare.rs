//! Reading: what the server shows and answers to everybody, and what the reference says.

use std::collections::BTreeSet;

use docacl_reference::{PrincipalId, PrincipalKind, Random, World, actions};

use crate::mirror::{self, Mirror};
use crate::session::{Session, literal};
use crate::table::{Record, Table};

/// How much was compared: a test in which nobody ever sees anything, or everybody everything, has shown nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seen {
    pub shown: usize,
    pub hidden: usize,
    pub allowed: usize,
    pub denied: usize,
    pub done: usize,
    pub passed_over: usize,
    pub refused: usize,
    /// Selections whose plan asked an index for what opens.
    pub by_index: usize,
}

impl Seen {
    pub fn add(&mut self, other: Seen) {
        self.shown += other.shown;
        self.hidden += other.hidden;
        self.allowed += other.allowed;
        self.denied += other.denied;
        self.done += other.done;
        self.passed_over += other.passed_over;
        self.refused += other.refused;
        self.by_index += other.by_index;
    }
}

/// Everybody who may ask: the users, and nobody; `system` where the session may become it.
pub fn askers(world: &World, with_system: bool) -> Vec<Option<PrincipalId>> {
    let users = (0..world.principals.len()).filter(|id| world.principals[*id].kind == PrincipalKind::User);
    let mut all: Vec<Option<PrincipalId>> = users.map(Some).collect();
    all.push(None);
    if with_system {
        all.push(Some(world.system));
    }
    all
}

/// The same world without the grants that are none of this asker's: the same answers for him, sooner.
pub fn as_concerns(world: &World, who: Option<PrincipalId>) -> World {
    let mut theirs = world.clone();
    if let Some(id) = who {
        let holders = world.principals(id);
        theirs.grants.retain(|grant| holders.contains(&grant.principal));
    }
    theirs
}

/// Who is meant, for messages.
pub fn name(world: &World, who: Option<PrincipalId>) -> String {
    match who {
        None => "nobody".to_owned(),
        Some(id) => format!("{} ({:?})", world.principals[id].name, world.principals[id]),
    }
}

fn first_difference<'t>(
    table: &'t Table,
    server: &BTreeSet<String>,
    rules: &BTreeSet<String>,
) -> Option<(&'t Record, bool)> {
    let record = table.records.iter().find(|record| server.contains(&record.key) != rules.contains(&record.key))?;
    Some((record, server.contains(&record.key)))
}

/// The actions whose worklists are compared, and how the action is written: known to the planner, or not before the
/// statement runs.
const WORKLISTS: [(&str, &str); 4] =
    [("read", "'read'"), ("write", "'Write'"), ("sign", "(select 'sign')"), ("export", "'export'")];

/// The rows that SELECT returns to everybody, and the worklists of `acl_may` among them. In a transaction; as `role`
/// where the session is a superuser's.
pub fn selections(session: &mut Session, world: &World, table: &Table, role: Option<&str>) -> Seen {
    let mut seen = Seen::default();
    let select = session.prepare("select id::text from docs");
    let explain = session.prepare("explain (costs off) select id::text from docs");
    let lists =
        WORKLISTS.map(|(name, word)| format!("select id::text || ' {name}' from docs d where acl_may(d, {word})"));
    let lists = session.prepare(&lists.join(" union all "));
    let of_parts = table.parts.map(|action| (session.prepare("select doc::text from parts"), actions::named(action)));
    for who in askers(world, role.is_some()) {
        let server = Mirror::as_principal(session, world, who, role, |session| session.prepared_column(&select))
            .unwrap_or_default();
        let plan = Mirror::as_principal(session, world, who, role, |session| session.prepared_column(&explain));
        seen.by_index += usize::from(plan.unwrap_or_default().iter().any(|line| line.contains("= ANY (docacl.open_")));
        let theirs = as_concerns(world, who);
        let readable = |record: &&Record| theirs.may(who, &record.row).of_existing() & actions::READ != 0;
        let rules: BTreeSet<String> = table.records.iter().filter(readable).map(|record| record.key.clone()).collect();
        if server != rules {
            let difference = first_difference(table, &server, &rules);
            let verdict = difference.map(|(record, _)| world.may(who, &record.row));
            panic!(
                "SELECT shows {} rows, the rules {} to {}; first difference (row, shown by SELECT): {difference:#?} {verdict:?}",
                server.len(),
                rules.len(),
                name(world, who),
            );
        }
        let listed = Mirror::as_principal(session, world, who, role, |session| session.prepared_column(&lists))
            .unwrap_or_default();
        let may = |record: &Record| actions::names_of(theirs.may(who, &record.row).of_existing());
        let rules: BTreeSet<String> = table
            .records
            .iter()
            .filter(|record| server.contains(&record.key))
            .flat_map(|record| {
                let held = may(record);
                let lists = WORKLISTS.iter().filter(move |(name, _)| held.contains(name));
                lists.map(|(name, _)| format!("{} {name}", record.key))
            })
            .collect();
        assert_eq!(listed, rules, "acl_may of {}", name(world, who));
        seen.shown += server.len();
        seen.hidden += table.records.len() - server.len();
        // system sees everything: what was of rows that are gone, too.
        if let (Some((select, asked)), true) = (&of_parts, who != Some(world.system)) {
            let server = Mirror::as_principal(session, world, who, role, |session| session.prepared_column(select))
                .unwrap_or_default();
            let held = |record: &&Record| theirs.may(who, &record.row).of_existing() & asked != 0;
            let rules: BTreeSet<String> = table.records.iter().filter(held).map(|record| record.key.clone()).collect();
            assert_eq!(server, rules, "what {:?} opens of table parts to {}", table.parts, name(world, who));
        }
    }
    seen
}

/// Of how many rows an answer is explained: it takes longer than the answer.
const EXPLAINED: usize = 2;

/// `acl_actions_row` about everybody, `acl_can_row` with every action, and the verdict of `acl_explain_row` for two of
/// them, for some rows. The session is a superuser's.
pub fn answers(session: &mut Session, world: &World, table: &Table, random: &mut Random, rows: usize) -> Seen {
    let mut seen = Seen::default();
    let every: Vec<String> = actions::NAMES.iter().map(|(_, name)| literal(name)).collect();
    let every = every.join(", ");
    for who in askers(world, true).into_iter().flatten() {
        if let Some(account) = world.principals[who].account {
            mirror::account(session, world, account);
        }
        let some: Vec<&Record> = (0..rows).filter_map(|_| random.pick(&table.records)).collect();
        let keys: Vec<String> = some.iter().map(|record| literal(&record.key)).collect();
        let principal = literal(&world.principals[who].name);
        let explained = ["read", actions::NAMES[random.below(actions::NAMES.len())].1];
        let verdict = explained.map(|name| {
            let name = literal(name);
            let opens = "select opens from acl_explain_row";
            format!(
                "case when n <= {EXPLAINED} then ({opens}({principal}, 'docs', k, {name}) where gate = 'verdict') end"
            )
        });
        let verdicts = verdict.join(", ");
        let answer = session.run(&format!(
            "select array_to_string(acl_actions_row({principal}, 'docs', k), ','), \
                    (select string_agg(a, ',' order by n) from unnest(array[{every}]) with ordinality as t(a, n) \
                     where acl_can_row({principal}, 'docs', k, a)), {verdicts} \
             from unnest(array[{}]::text[]) with ordinality as keys(k, n) order by n",
            keys.join(", "),
        ));
        for (position, (record, row)) in std::iter::zip(some, &answer.rows).enumerate() {
            let rules = actions::names_of(world.may(Some(who), &record.row).of_existing());
            let rules_text = rules.join(",");
            for (function, server) in std::iter::zip(["acl_actions_row", "acl_can_row"], row) {
                let server = server.as_deref().unwrap_or("");
                assert_eq!(server, rules_text, "{function} of {} for {record:#?}", name(world, Some(who)));
            }
            for (name, server) in std::iter::zip(explained, row.iter().skip(2)).filter(|_| position < EXPLAINED) {
                let rules = if rules.contains(&name) { "yes" } else { "no" };
                let asker = || self::name(world, Some(who));
                assert_eq!(server.as_deref(), Some(rules), "acl_explain_row of {} for {name} of {record:#?}", asker());
            }
            seen.allowed += rules.len();
            seen.denied += actions::NAMES.len() - rules.len();
        }
    }
    session.run("reset docacl.account");
    seen
}

/// `acl_can_row` about oneself agrees with what SELECT shows, row by row, rows that are not shown included.
pub fn own_answers(session: &mut Session, world: &World, table: &Table, who: Option<PrincipalId>) {
    let keys: Vec<String> = table.records.iter().take(100).map(|record| literal(&record.key)).collect();
    let differing = Mirror::as_principal(session, world, who, None, |session| {
        session.column(&format!(
            "select k from unnest(array[{}]::text[]) as k \
             where acl_can_row('docs', k, 'read') <> exists (select 1 from docs where id::text = k)",
            keys.join(", ")
        ))
    });
    assert_eq!(differing.unwrap_or_default(), Vec::<String>::new(), "of {}", name(world, who));
}

/// `acl_actions_on` about everybody, for the resources themselves. The session is a superuser's.
pub fn resources(session: &mut Session, world: &World, mirror: &Mirror) -> Seen {
    let mut seen = Seen::default();
    let addressable = |id: &usize| *id < mirror.resources.len();
    for who in askers(world, true).into_iter().flatten() {
        let account = world.principals[who].account;
        if let Some(account) = account {
            mirror::account(session, world, account);
        }
        let here = |id: &usize| account.is_none_or(|account| world.resources[*id].account == account);
        let ids: Vec<usize> = (0..world.resources.len()).filter(addressable).filter(here).collect();
        if account.is_none() {
            continue; // system is in no account, and a resource is addressed inside one
        }
        let pairs: Vec<String> = ids
            .iter()
            .map(|id| {
                let kind = &world.kinds[world.resources[*id].kind].name;
                format!("({}, {}::bigint)", literal(kind), mirror.resources[*id])
            })
            .collect();
        let principal = literal(&world.principals[who].name);
        let answers = session.column(&format!(
            "select array_to_string(acl_actions_on({principal}, kind, id), ',') \
             from (select row_number() over () as n, * from (values {}) as v(kind, id)) as t order by n",
            pairs.join(", ")
        ));
        assert_eq!(answers.len(), ids.len());
        for (id, server) in std::iter::zip(ids, answers) {
            let rules = actions::names_of(world.can_on(Some(who), id));
            let resource = &world.resources[id];
            assert_eq!(server, rules.join(","), "acl_actions_on of {} for {resource:?}", name(world, Some(who)));
            seen.allowed += rules.len();
            seen.denied += actions::NAMES.len() - rules.len();
        }
    }
    session.run("reset docacl.account");
    seen
}
