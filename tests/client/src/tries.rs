//! Writing: statements of everybody that are tried, compared with the reference's judgement, and taken back.

use docacl_reference::generate::RowChances;
use docacl_reference::statement::{Outcome, Set};
use docacl_reference::{Family, PrincipalId, PrincipalKind, Random, Reference, World, actions};

use crate::compare::{Seen, as_concerns, name};
use crate::mirror::Mirror;
use crate::session::{Answer, Refusal, Session, literal};
use crate::table::{Record, Table};

/// What the server did, as an outcome; `None`: an error that is no refusal.
fn outcome(answer: &Result<Answer, Refusal>) -> Option<Outcome> {
    match answer {
        Ok(answer) if answer.count == 0 => Some(Outcome::PassedOver),
        Ok(_) => Some(Outcome::Done),
        Err(refusal) if refusal.code == "42501" => Some(Outcome::Refused),
        Err(_) => None,
    }
}

fn count(seen: &mut Seen, outcome: Outcome) {
    match outcome {
        Outcome::Done => seen.done += 1,
        Outcome::PassedOver => seen.passed_over += 1,
        Outcome::Refused => seen.refused += 1,
    }
}

/// The dice and what they fall on.
pub struct Tries<'a> {
    pub world: &'a World,
    pub mirror: &'a Mirror,
    pub table: &'a Table,
    pub random: &'a mut Random,
}

impl Tries<'_> {
    /// Tries `many` statements of each sort as one principal, inside a transaction of the application's session.
    pub fn run(&mut self, session: &mut Session, who: Option<PrincipalId>, many: usize) -> Seen {
        let mut seen = Seen::default();
        let inside = Mirror::as_principal(session, self.world, who, None, |session| {
            for _ in 0..many {
                self.one_update(session, who, &mut seen);
                self.one_update(session, who, &mut seen);
                self.one_insert(session, who, &mut seen);
                self.one_delete(session, who, &mut seen);
            }
            self.whole_table(session, who, &mut seen);
        });
        if inside.is_none() {
            seen.refused += 1;
        }
        seen
    }

    fn check(
        &mut self,
        who: Option<PrincipalId>,
        sql: &str,
        answer: &Result<Answer, Refusal>,
        rules: Outcome,
        row: &Record,
    ) {
        assert_eq!(
            outcome(answer),
            Some(rules),
            "{} tried {sql}\nthe server: {answer:?}\nthe rules: {rules:?}\nthe row: {row:#?}\nits verdict: {:?}",
            name(self.world, who),
            self.world.may(who, &row.row),
        );
    }

    /// A row that the dice find; more often one with which the asker may do some of these.
    fn record(&mut self, who: Option<PrincipalId>, some_of: u64) -> Option<usize> {
        let mut at = self.random.below(self.table.records.len());
        for _ in 0..12 {
            let row = &self.table.records.get(at)?.row;
            if self.world.may(who, row).of_existing() & some_of != 0 || self.random.percent(5) {
                break;
            }
            at = self.random.below(self.table.records.len());
        }
        Some(at)
    }

    fn one_update(&mut self, session: &mut Session, who: Option<PrincipalId>, seen: &mut Seen) {
        let Some(at) = self.record(who, self.table.askable()) else { return };
        let old = self.table.records[at].clone();
        let Some(new) = self.changed(who, &old) else {
            return;
        };
        let Some(sql) = self.table.update(self.mirror, &old, &new) else {
            return;
        };
        let changed = self.table.changed(&old, &new);
        // A row's own list follows the row into its new location: to the reference it is another list of the same
        // grants. Everything else of the world stays.
        let (mut world, mut moved) = (self.world.clone(), new.clone());
        if let (true, Some(list)) = (changed.location, old.row.own_list) {
            moved.row.own_list = Some(relocated_list(&mut world, &moved, list));
        }
        let rules = world.update(who, &old.row, &moved.row, changed, self.table.askable());
        let answer = session.try_and_undo(&sql);
        self.check(who, &sql, &answer, rules, &old);
        count(seen, rules);
    }

    /// One or two changes of a record that keep its references consistent.
    fn changed(&mut self, who: Option<PrincipalId>, old: &Record) -> Option<Record> {
        // References to nothing are older than the protection; what an UPDATE says of them is another test's.
        if old.row.gates.iter().any(|gate| gate.references.contains(&Some(Reference::Dangling))) {
            return None;
        }
        // So is a required reference that is missing.
        if self.table.lacks_required(&old.row) {
            return None;
        }
        let account = self.world.account_of_row(&old.row)?;
        // To an admin, another account's people are none to own a row (23503): not what is compared here.
        let home = who.and_then(|id| self.world.principals[id].account).unwrap_or(account);
        let users = (0..self.world.principals.len()).filter(|id| {
            let principal = &self.world.principals[*id];
            principal.kind == PrincipalKind::User && principal.account == Some(home)
        });
        let users: Vec<PrincipalId> = users.collect();
        let mut new = old.clone();
        for _ in 0..=usize::from(self.random.percent(25)) {
            match self.random.below(18) {
                // "`deleted_by` is set by docacl", whatever the statement says of it.
                16..=17 if self.table.shape.deleted => {
                    new.row.deleted = !old.row.deleted;
                    new.row.deleted_by = if new.row.deleted { who } else { None };
                }
                0 => new.plain.note = format!("note {}", self.random.bits()),
                1..=2 => new.plain.title = Some(format!("title {}", self.random.bits())),
                3 => new.plain.code = self.random.percent(50).then(|| format!("code {}", self.random.bits())),
                4 => new.plain.signed = !new.plain.signed,
                5 => new.row.immutable = self.table.shape.immutable && !new.row.immutable,
                6 if self.table.shape.owner => new.row.owner = self.random.pick(&users).copied(),
                7 if self.table.shape.requester => new.row.requester = self.random.pick(&users).copied(),
                _ => {
                    let gate = self.random.below(new.row.gates.len());
                    self.table.rerefer(self.random, self.world, self.mirror, &mut new.row, gate, account);
                }
            }
        }
        Some(new)
    }

    fn one_insert(&mut self, session: &mut Session, who: Option<PrincipalId>, seen: &mut Seen) {
        let home = who.and_then(|id| self.world.principals[id].account);
        let account = home.unwrap_or_else(|| self.random.below(self.world.accounts.len()));
        let account = if self.random.percent(10) { self.random.below(self.world.accounts.len()) } else { account };
        let mut world = self.world.clone();
        let chances = RowChances { null: 25, ..RowChances::default() };
        let mut record = self.table.new_record(self.random, &mut world, self.mirror, account, chances);
        // Mostly plain: every column that is set asks its action.
        if self.random.percent(70) {
            record.plain.title = None;
            record.plain.code = Some("none".to_owned());
            record.plain.signed = false;
            record.row.immutable = false;
        }
        record.row.deleted = false;
        record.row.deleted_by = None;
        if self.table.lacks_required(&record.row)
            || self.is_unowned_by_admin(who, &record)
            || self.names_strangers_as_admin(who, &record)
        {
            return;
        }
        let returning = self.random.percent(40);
        let (names, values): (Vec<String>, Vec<String>) =
            self.table.assignments(self.mirror, &record).into_iter().unzip();
        let sql = format!(
            "insert into docs (id, {}) values ({}, {}){}",
            names.join(", "),
            literal(&record.key),
            values.join(", "),
            if returning { " returning created_by::text, requested_by::text" } else { "" },
        );
        let set = Set { mapped: self.table.set_by_insert(&record), reads: returning };
        let rules = self.insert(who, &record.row, set);
        let answer = session.try_and_undo(&sql);
        self.check(who, &sql, &answer, rules, &record);
        if let (true, Ok(answer)) = (returning, &answer) {
            self.check_people(who, &record, answer);
        }
        count(seen, rules);
    }

    /// A table without an owner column knows no owner, whoever inserts.
    fn insert(&self, who: Option<PrincipalId>, row: &docacl_reference::Row, set: Set) -> Outcome {
        if self.table.shape.owner {
            return self.world.insert(who, row, set);
        }
        let engaged =
            row.gates.iter().any(|gate| !gate.constants.is_empty() || gate.references.iter().any(Option::is_some));
        let unbound = self.world.may(who, row).unbound;
        if !engaged && !unbound { Outcome::Refused } else { self.world.insert(who, row, set) }
    }

    /// An admin who inserts a row of no gate and no owner: "as said" would make it nobody's, and then he is no admin
    /// there. The rules do not say which comes first.
    fn is_unowned_by_admin(&self, who: Option<PrincipalId>, record: &Record) -> bool {
        let engaged = record
            .row
            .gates
            .iter()
            .any(|gate| !gate.constants.is_empty() || gate.references.iter().any(Option::is_some));
        let home = who.and_then(|id| self.world.principals[id].account);
        let admin = home.is_some_and(|account| who.is_some_and(|id| self.world.is_admin(id, account)));
        !engaged && admin
    }

    /// An admin who names another account's people: to him they do not exist (23503).
    fn names_strangers_as_admin(&self, who: Option<PrincipalId>, record: &Record) -> bool {
        let Some((id, home)) = who.and_then(|id| Some((id, self.world.principals[id].account?))) else { return false };
        let strange = |p: PrincipalId| self.world.principals[p].account.is_some_and(|account| account != home);
        self.world.is_admin(id, home) && [record.row.owner, record.row.requester].into_iter().flatten().any(strange)
    }

    /// "owner becomes the current user whatever the statement said; requester: null stays null, any value becomes the
    /// current user (admin, system: both as said)"
    fn check_people(&self, who: Option<PrincipalId>, record: &Record, answer: &Answer) {
        let mut row = record.row.clone();
        let inserted = self.world.as_inserted(who, &row);
        row.owner = if self.table.shape.owner { inserted.owner } else { row.owner };
        row.requester = if self.table.shape.requester { inserted.requester } else { row.requester };
        let expected = Record { row, ..record.clone() };
        let columns = self.table.assignments(self.mirror, &expected);
        let rules: Vec<String> = ["created_by", "requested_by"]
            .into_iter()
            .filter_map(|wanted| columns.iter().find(|(name, _)| name == wanted))
            .map(|(_, value)| value.trim_matches('\'').to_owned())
            .collect();
        let server: Vec<String> =
            answer.rows[0].iter().map(|value| value.clone().unwrap_or_else(|| "null".to_owned())).collect();
        assert_eq!(server, rules, "owner and requester of a row that {} inserted: {record:#?}", name(self.world, who));
    }

    fn one_delete(&mut self, session: &mut Session, who: Option<PrincipalId>, seen: &mut Seen) {
        let Some(at) = self.record(who, actions::READ) else { return };
        let record = self.table.records[at].clone();
        let sql = format!("delete from docs where id = {}", literal(&record.key));
        let rules = self.world.delete(who, &record.row, self.table.shape.deleted);
        let answer = session.try_and_undo(&sql);
        self.check(who, &sql, &answer, rules, &record);
        count(seen, rules);
    }

    /// Statements over the whole table: how many rows an UPDATE that changes nothing passes, how many SELECT FOR
    /// UPDATE locks ("what the UPDATE policy asks"), how many DELETE removes.
    fn whole_table(&mut self, session: &mut Session, who: Option<PrincipalId>, seen: &mut Seen) {
        let askable = self.table.askable();
        let world = as_concerns(self.world, who);
        let held = |record: &Record| world.may(who, &record.row).of_existing();
        let passing = |record: &&Record| held(record) & askable != 0 && held(record) & actions::READ != 0;
        let passing = self.table.records.iter().filter(passing).count() as u64;
        for sql in ["update docs set note = note", "select id from docs for update"] {
            let answer = session.try_and_undo(sql);
            let server = answer.as_ref().map(|answer| answer.count).map_err(Clone::clone);
            assert_eq!(server, Ok(passing), "{} tried {sql}", name(self.world, who));
        }
        let deletable = self.table.records.iter().filter(|record| held(record) & actions::DELETE != 0).count() as u64;
        let sql = "delete from docs";
        let answer = session.try_and_undo(sql);
        let refusing = |record: &&Record| world.delete(who, &record.row, self.table.shape.deleted) == Outcome::Refused;
        if self.table.records.iter().any(|record| refusing(&record)) {
            assert_eq!(outcome(&answer), Some(Outcome::Refused), "{} tried {sql}: {answer:?}", name(self.world, who));
        } else {
            let server = answer.as_ref().map(|answer| answer.count).map_err(Clone::clone);
            assert_eq!(server, Ok(deletable), "{} tried {sql}", name(self.world, who));
        }
        seen.done += usize::from(passing > 0) + usize::from(deletable > 0);
    }
}

/// A list of the same grants under the location that a row is moved to.
fn relocated_list(world: &mut World, moved: &Record, list: usize) -> usize {
    let place = moved.row.gates.iter().find(|gate| gate.family == Family::Place);
    let parent = place.and_then(|gate| gate.references.iter().flatten().next()).and_then(|reference| match reference {
        Reference::Resource(resource) => Some(*resource),
        Reference::Dangling => None,
    });
    let account = world.resources[list].account;
    let copy = world.resource_of("document", account, "", parent);
    world.resources[copy].inherits = world.resources[list].inherits;
    let grants: Vec<_> = world.grants.iter().filter(|grant| grant.resource == list).cloned().collect();
    world.grants.extend(grants.into_iter().map(|grant| docacl_reference::Grant { resource: copy, ..grant }));
    copy
}
