//! `acl_who` and `acl_who_row`: everybody who may do something with a row.
//!
//! From the row upwards: the grants that reach its gates, then whoever is a member of those who hold them. What each
//! one holds becomes the same keys that a ring gives, and `core` decides about each; a ring for every user would take
//! a thousand times as long. A test compares the answer with `acl_can_row` for every user.

use std::collections::{BTreeSet, HashMap, HashSet};

use docacl_core::verdict::{RowSide, Rule, decide};
use docacl_core::{Actions, Key, Subject, SubjectKind, Tally, kind};

use super::Question;
use super::place::{self, RowFacts, RowGate, Why};
use crate::error::Result;
use crate::facts::{self, Principal, PrincipalKind, Resource};
use crate::limits::Limits;
use crate::lookup;
use crate::protect::parent;
use crate::protect::target::{self, Target};
use crate::ring;
use crate::scan::Snap;

/// A principal who may, and through what.
pub struct Holder {
    pub principal: String,
    pub kind: &'static str,
    pub through: String,
}

/// A gate with what reaches everybody through it.
struct Reached {
    /// The resource is there and of the row's account.
    home: bool,
    scope: bool,
    required: bool,
    engaged: bool,
    /// The most that its limits leave.
    limit: Actions,
    /// The environments that it lies in: an API key of another is outside.
    inside: HashSet<i64>,
    masks: HashMap<i64, u64>,
    /// What every user holds, and through which of `said`.
    everyone: u64,
    everyone_through: BTreeSet<usize>,
    /// By principal: through which of `said`.
    through: HashMap<i64, BTreeSet<usize>>,
}

/// The people of an account, each read when first met, and who is below which role.
struct People<'a> {
    snap: &'a Snap,
    account: i64,
    known: HashMap<i64, Option<Principal>>,
    everyone: Option<i64>,
    below: HashMap<i64, Vec<i64>>,
}

impl People<'_> {
    fn of<'a>(account: i64, snap: &'a Snap) -> Result<People<'a>> {
        let everyone = facts::built_in_role(account, "everyone", snap)?.filter(|r| r.enabled).map(|r| r.id);
        Ok(People { snap, account, known: HashMap::new(), everyone, below: HashMap::new() })
    }

    fn get(&mut self, id: i64) -> Result<Option<&Principal>> {
        if !self.known.contains_key(&id) {
            let found = facts::principal(id, self.snap)?.filter(|p| p.account == Some(self.account));
            self.known.insert(id, found);
        }
        Ok(self.known.get(&id).and_then(Option::as_ref))
    }

    /// Everybody of the account.
    fn all(&mut self) -> Result<Vec<i64>> {
        let all = facts::principals_of(self.account, self.snap)?;
        let ids = all.iter().map(|p| p.id).collect();
        self.known.extend(all.into_iter().map(|p| (p.id, Some(p))));
        Ok(ids)
    }

    /// Whoever holds what this principal is granted, now: itself, or the members of an enabled role. Those of
    /// `everyone` are not listed: they are all users.
    fn who_holds(&mut self, holder: i64) -> Result<Vec<i64>> {
        if let Some(known) = self.below.get(&holder) {
            return Ok(known.clone());
        }
        let (now, snap) = (ring::now(), self.snap);
        let found = docacl_core::graph::closure(holder, |at, out| {
            if !self.get(at)?.is_some_and(|p| p.kind == PrincipalKind::Role && p.enabled) {
                return Ok(());
            }
            for m in facts::members_of(at, snap)? {
                if ring::holds(m.valid_from, m.valid_until, now, &mut (i64::MIN, i64::MAX)) {
                    out.push(m.member);
                }
            }
            Ok::<(), pgrx::pg_sys::panic::ErrorReport>(())
        })?;
        self.below.insert(holder, found.clone());
        Ok(found)
    }
}

/// Everybody who may do all that the words say with the row; nobody where there is no such row.
pub fn row(question: &Question, target: &Target, key: &str, words: &str) -> Result<Vec<Holder>> {
    let asked = question.asked(words, kind::APPLICABLE_TO_ROWS)?;
    holders(question, target, key, asked, 0)
}

/// Of a row that its parent's row decides as well: those who may by both.
fn holders(question: &Question, target: &Target, key: &str, asked: Actions, depth: usize) -> Result<Vec<Holder>> {
    let Some(spec) = &target.spec.parent else { return own(question, target, key, asked) };
    let above = target.with_row(key, &question.snap, |row| parent::parent_of(target, row))?.flatten();
    let (Some((above, of_parent)), true) = (above, depth < parent::MOST) else { return Ok(vec![]) };
    let mut by_parent = holders(question, &*target::of(above)?, &of_parent, spec.asked().of_parent(asked), depth + 1)?;
    if target.spec.decides() {
        let by_itself = own(question, target, key, asked)?;
        by_parent.retain_mut(|holder| match by_itself.iter().find(|h| h.principal == holder.principal) {
            Some(h) => {
                holder.through = format!("{}, {} on the parent's row", h.through, holder.through);
                true
            }
            None => false,
        });
    }
    Ok(by_parent)
}

/// Everybody who may by the row's own gates.
fn own(question: &Question, target: &Target, key: &str, asked: Actions) -> Result<Vec<Holder>> {
    let snap = &question.snap;
    let Some(read) = target.with_row(key, snap, |row| place::read(target, row, snap))? else { return Ok(vec![]) };
    let owner_account = read.owner.as_ref().and_then(|p| p.account);
    let of_row = read.gates.iter().find_map(|g| g.resource.as_ref().map(|r| r.account)).or(owner_account);
    // A table of constants alone: its functions are looked up in the account at hand.
    let Some(account) =
        of_row.or_else(|| read.gates.iter().any(|g| !g.constants.is_empty()).then(|| question.account()))
    else {
        return Ok(vec![]);
    };
    if !question.reaches(account) {
        return Ok(vec![]);
    }
    let mut people = People::of(account, snap)?;
    let mut said: Vec<String> = Vec::new();
    let mut gates = Vec::new();
    let limits = Limits::of(account, snap)?;
    for gate in &read.gates {
        gates.push(reached(gate, account, &limits, &mut people, &mut said, snap)?);
    }
    let admins: HashSet<i64> = match facts::built_in_role(account, "administrators", snap)? {
        Some(role) => people.who_holds(role.id)?.into_iter().collect(),
        None => HashSet::new(),
    };
    // Who holds nothing of his own at a gate that does not open for everyone cannot pass it, but by a rule of his.
    let needed = if Actions::BLIND.contains(asked) { asked } else { asked | Actions::READ };
    let narrow = gates
        .iter()
        .filter(|g| g.engaged && !Key::home(Actions::from_bits_retain(g.everyone)).permits().contains(needed))
        .min_by_key(|g| g.masks.len());
    let candidates: BTreeSet<i64> = match narrow {
        Some(gate) => {
            let people = [&read.owner, &read.requester].into_iter().flatten().map(|p| p.id);
            gate.masks.keys().copied().chain(admins.iter().copied()).chain(people).collect()
        }
        None => people.all()?.into_iter().collect(),
    };
    let mut out = Vec::new();
    for id in candidates {
        let Some(person) = people.get(id)? else { continue };
        if let Some(through) = may(person, &admins, &gates, &read, owner_account == Some(account), asked, &said) {
            let kind = if person.kind == PrincipalKind::ApiKey { "api_key" } else { "user" };
            out.push(Holder { principal: person.name.clone(), kind, through });
        }
    }
    out.sort_by(|a, b| a.principal.cmp(&b.principal));
    Ok(out)
}

fn reached(
    gate: &RowGate,
    account: i64,
    limits: &Limits,
    people: &mut People<'_>,
    said: &mut Vec<String>,
    snap: &Snap,
) -> Result<Reached> {
    let resource: Option<Resource> = match (&gate.resource, gate.constants.first()) {
        (Some(resource), _) => Some(resource.clone()),
        (None, Some(name)) => match lookup::by_name_or_path(account, "function", name, snap)?.as_slice() {
            [one] if !one.is_star => Some(one.clone()),
            _ => None,
        },
        _ => None,
    };
    let list = match gate.own {
        Some(own) if !gate.referenced => facts::resource(own.unsigned_abs() as i64, snap)?,
        _ => None,
    };
    let mut out = Reached {
        home: resource.as_ref().or(list.as_ref()).is_some_and(|r| r.account == account),
        scope: gate.gate == "scope",
        required: gate.required,
        engaged: gate.engaged,
        limit: match resource.as_ref().or(list.as_ref()) {
            Some(resource) => limits.on_resource(resource, snap)?,
            None => Actions::EVERYTHING,
        },
        inside: HashSet::new(),
        masks: HashMap::new(),
        everyone: 0,
        everyone_through: BTreeSet::new(),
        through: HashMap::new(),
    };
    if out.scope {
        let mut at = resource.clone();
        while let Some(r) = at {
            out.inside.insert(r.id);
            at = match r.parent {
                Some(parent) => facts::resource(parent, snap)?,
                None => None,
            };
        }
    }
    let now = ring::now();
    for reach in place::reaching_gate(gate, resource.as_ref(), snap)? {
        let on_row = matches!(reach.why, Some(Why::OwnList));
        for grant in facts::grants_on(reach.resource, snap)? {
            if grant.on_row != on_row
                || !ring::holds(grant.valid_from, grant.valid_until, now, &mut (i64::MIN, i64::MAX))
            {
                continue;
            }
            let by_itself = through(people, grant.principal, &reach.why, true, said)?;
            let by_role = through(people, grant.principal, &reach.why, false, said)?;
            if Some(grant.principal) == people.everyone {
                out.everyone |= grant.actions & Actions::EVERYTHING.bits();
                out.everyone_through.insert(by_role);
            }
            for holder in people.who_holds(grant.principal)? {
                *out.masks.entry(holder).or_default() |= grant.actions & Actions::EVERYTHING.bits();
                let at = if holder == grant.principal { by_itself } else { by_role };
                out.through.entry(holder).or_default().insert(at);
            }
        }
    }
    Ok(out)
}

/// Where in `said` the words stand for holding what `holder` was granted.
fn through(
    people: &mut People<'_>,
    holder: i64,
    why: &Option<Why>,
    itself: bool,
    said: &mut Vec<String>,
) -> Result<usize> {
    let everyone = people.everyone;
    let who = match people.get(holder)? {
        _ if itself => String::new(),
        _ if Some(holder) == everyone => "everyone".to_owned(),
        Some(role) => format!("role \"{}\"", role.name),
        None => "a role".to_owned(),
    };
    let what = match why {
        None => "",
        Some(Why::OwnList) => "own list",
        Some(Why::Star) => "*",
        Some(Why::Parent(_)) => "parent",
    };
    let words = match (who.as_str(), what) {
        ("", "") => "grant".to_owned(),
        ("", what) => what.to_owned(),
        (who, "") => who.to_owned(),
        (who, what) => format!("{who} on {what}"),
    };
    Ok(said.iter().position(|s| *s == words).unwrap_or_else(|| {
        said.push(words);
        said.len() - 1
    }))
}

/// Core's verdict about one person, and through what.
fn may(
    person: &Principal,
    admins: &HashSet<i64>,
    gates: &[Reached],
    row: &RowFacts,
    owner_home: bool,
    asked: Actions,
    said: &[String],
) -> Option<String> {
    let alive = person.enabled && person.valid_until.is_none_or(|until| until > ring::now());
    let subject = Subject {
        kind: match person.kind {
            PrincipalKind::User if alive => SubjectKind::User,
            PrincipalKind::ApiKey if alive => SubjectKind::ApiKey,
            _ => return None,
        },
        admin: admins.contains(&person.id),
        read_only: person.read_only,
    };
    let mut tally = Tally::new();
    for gate in gates {
        if !gate.engaged {
            tally.absent(gate.required);
            continue;
        }
        let of_everyone = if person.kind == PrincipalKind::User { gate.everyone } else { 0 };
        let mask = Actions::from_bits_retain(gate.masks.get(&person.id).copied().unwrap_or(0) | of_everyone);
        let outside = gate.scope
            && subject.kind == SubjectKind::ApiKey
            && !person.environment.is_some_and(|e| gate.inside.contains(&e));
        let key = match () {
            () if !gate.home || outside => Key::away(mask).limited(gate.limit),
            () if subject.admin => Key::home(Actions::EVERYTHING),
            () => Key::home(mask).limited(gate.limit),
        };
        if gate.scope { tally.engage_scope(key) } else { tally.engage(key) }
    }
    let is = |p: &Option<Principal>| p.as_ref().is_some_and(|p| p.id == person.id);
    let side = RowSide {
        owner: is(&row.owner),
        owner_home: is(&row.owner) || owner_home,
        requester: is(&row.requester),
        immutable: row.immutable,
        deleted_by_other: row.deleted && !is(&row.deleted_by),
    };
    let verdict = decide(&subject, &tally, &side).of_existing();
    if !verdict.actions.contains(asked) {
        return None;
    }
    Some(match verdict.rule {
        Rule::Admin => "admin".to_owned(),
        Rule::Intray => "owner".to_owned(),
        Rule::Requester => "requester".to_owned(),
        _ => {
            let mut all: BTreeSet<usize> =
                gates.iter().filter_map(|g| g.through.get(&person.id)).flatten().copied().collect();
            if person.kind == PrincipalKind::User {
                all.extend(gates.iter().flat_map(|g| &g.everyone_through));
            }
            all.into_iter().filter_map(|at| said.get(at).cloned()).collect::<Vec<_>>().join(", ")
        }
    })
}
