//! `acl_explain` and `acl_explain_row`: why somebody may or may not do something with a row.
//!
//! The last line is core's verdict, the lines before it are what went into it: the same keys, folded by the same code
//! that policies call ([`crate::bound::Bound`]). Nothing here decides.

use std::rc::Rc;

use docacl_core::verdict::{Because, Rule, Verdict, decide};
use docacl_core::{Actions, Key, SubjectKind, action, kind};
use pgrx::pg_sys;

use super::place::{self, RowGate, Why};
use super::{Question, place::RowFacts};
use crate::bound::Bound;
use crate::error::Result;
use crate::facts::{self, Resource};
use crate::login::enter;
use crate::lookup;
use crate::protect::functions::name_of;
use crate::protect::parent;
use crate::protect::target::{self, Target};
use crate::ring::Ring;
use crate::scan::Snap;

/// One line of an explanation.
#[derive(Debug, Clone, Default)]
pub struct Line {
    /// A gate of the table, a rule beside the gates, or `verdict`.
    pub gate: String,
    /// The path of the resource; none where there is none or the asker may not see it.
    pub resource: Option<String>,
    /// What is asked, as words.
    pub asked: String,
    /// What is held there, as words.
    pub held: Option<String>,
    /// yes, no or neutral.
    pub opens: &'static str,
    /// Through what it is held, or why not.
    pub through: Option<String>,
    /// For a closed gate: the grant that would open it.
    pub grant_sql: Option<String>,
}

fn yes_or_no(open: bool) -> &'static str {
    if open { "yes" } else { "no" }
}

/// What one asker is told about one principal and one row.
struct Explainer<'a> {
    question: &'a Question,
    ring: &'a Rc<Ring>,
    target: &'a Target,
    key: &'a str,
    snap: &'a Snap,
    asked: Actions,
    /// With read, without which nothing but putting something there is left.
    needed: Actions,
    name: String,
}

/// The lines for a row. None where there is no such row, or none that the asker may know of.
pub fn row(question: &Question, target: &Target, key: &str, words: &str) -> Result<Vec<Line>> {
    let asked = question.asked(words, kind::APPLICABLE_TO_ROWS)?;
    // About oneself only what one may see: a row that is hidden is answered like one that is not there.
    if !question.may_know_of(target, key)? {
        return Ok(vec![]);
    }
    lines_of(question, target, key, asked, 0)
}

/// The lines of a row's own gates, those of its parent's row, and the verdict about both.
fn lines_of(question: &Question, target: &Target, key: &str, asked: Actions, depth: usize) -> Result<Vec<Line>> {
    let snap = &question.snap;
    let Some(id) = question.principal else { return Ok(vec![]) };
    let ring = crate::freshness::ring(id, snap)?;
    let bound = target.bind(&ring, snap)?;
    let name = facts::principal(id, snap)?.map(|p| p.name).unwrap_or_default();
    let needed = if Actions::BLIND.contains(asked) { asked } else { asked | Actions::READ };
    let explainer = Explainer { question, ring: &ring, target, key, snap, asked, needed, name };
    let Some(found) = target.with_row(key, snap, |row| {
        let own = if target.spec.decides() { explainer.lines(&bound, row)? } else { vec![] };
        Ok((own, parent::parent_of(target, row)?, parent::verdict(target, explainer.ring, row, snap)?.of_existing()))
    })?
    else {
        return Ok(vec![]);
    };
    let (mut lines, above, verdict) = found;
    let Some(spec) = &target.spec.parent else { return Ok(lines) };
    lines.pop(); // The verdict of the row's own gates is half of it.
    let of_parent = match above {
        Some((above, key)) if depth < parent::MOST => {
            lines_of(question, &*target::of(above)?, &key, spec.asked().of_parent(asked), depth + 1)?
        }
        _ => vec![],
    };
    if of_parent.is_empty() {
        let mut line = explainer.line("parent");
        line.opens = yes_or_no(verdict.actions.contains(asked));
        line.through = Some("the row refers to no row of its parent".to_owned());
        lines.push(line);
    }
    lines.extend(of_parent.into_iter().map(|line| Line { gate: format!("parent.{}", line.gate), ..line }));
    let allowed = verdict.actions.contains(asked);
    let mut last = explainer.line("verdict");
    last.opens = yes_or_no(allowed);
    last.held = Some(explainer.words(verdict.actions)?);
    last.through = Some(
        if allowed { "the row and its parent's row open" } else { "the row or its parent's row is closed" }.to_owned(),
    );
    lines.push(last);
    Ok(lines)
}

impl Explainer<'_> {
    fn lines(&self, bound: &Bound, row: &Vec<Option<pg_sys::Datum>>) -> Result<Vec<Line>> {
        let (tally, side) = bound.side_of(row, self.snap)?;
        let verdict = decide(&self.ring.subject, &tally, &side).of_existing();
        let read = place::read(self.target, row, self.snap)?;
        let mut lines = Vec::new();
        let (mut given, mut permitted) = (Actions::empty(), Actions::EVERYTHING);
        let mut open_gates = Vec::new();
        for (gate, (_, key)) in read.gates.iter().zip(bound.gate_keys(row, self.snap)?) {
            let line = self.gate(gate, key)?;
            if let Some(key) = key {
                given |= key.grants();
                permitted &= key.permits();
                open_gates.push(gate);
            }
            lines.push(line);
        }
        lines.extend(self.rules(&verdict, &read, side.owner, tally.limits()));
        let allowed = verdict.actions.contains(self.asked);
        // Where the gates or the requester rule decide; before a place of new rows, which no limit forbids.
        let limited = matches!(verdict.rule, Rule::Gates | Rule::Requester)
            && !tally.limits().contains(self.needed)
            && !self.asked.intersects(Actions::OF_PLACES);
        let mut last = self.line("verdict");
        last.opens = yes_or_no(allowed);
        last.held = Some(self.words(verdict.actions)?);
        if !allowed && limited {
            // What would open the gates that lack a grant would not open the row.
            lines.iter_mut().for_each(|line| line.grant_sql = None);
        }
        last.through = Some(if !allowed && limited {
            "limit".to_owned()
        } else {
            self.reason(&verdict, allowed, given, permitted)?
        });
        let only_ungiven = !limited && verdict.rule == Rule::Gates && permitted.contains(self.needed) && !allowed;
        if only_ungiven && !given.contains(self.needed) {
            // Every gate lets it through and none gives it: any of them can.
            for gate in open_gates.iter().rev() {
                last.grant_sql = self.grant(gate, self.needed - given)?;
                if last.grant_sql.is_some() {
                    break;
                }
            }
        }
        lines.push(last);
        Ok(lines)
    }

    fn line(&self, gate: &str) -> Line {
        Line { gate: gate.to_owned(), asked: self.asked_words(), opens: "neutral", ..Line::default() }
    }

    fn asked_words(&self) -> String {
        let custom = self.question.custom().unwrap_or_default();
        action::names(self.asked, &custom).join(", ")
    }

    fn words(&self, actions: Actions) -> Result<String> {
        if actions == Actions::EVERYTHING {
            return Ok("everything".to_owned());
        }
        Ok(action::words(actions, &self.question.custom()?))
    }

    fn gate(&self, gate: &RowGate, key: Option<Key>) -> Result<Line> {
        let mut line = self.line(&gate.gate);
        let Some(key) = key else {
            if gate.required {
                line.opens = "no";
                line.through = Some("required, and absent".to_owned());
            } else {
                line.through = Some("absent".to_owned());
            }
            return Ok(line);
        };
        // A function named by the table: whichever it is in the account of who is asked about.
        let resource = match (&gate.resource, self.ring.account) {
            (Some(resource), _) => Some(resource.clone()),
            (None, Some(account)) if !gate.constants.is_empty() => {
                enter::of_table(&gate.constants, account, self.ring.id, self.snap)?
            }
            _ => None,
        };
        let elsewhere = !gate.constants.is_empty() && enter::entered_by(self.ring.id, self.snap)?.is_some();
        let open = key.permits().contains(self.needed) || self.ring.subject.kind == SubjectKind::System;
        line.opens = yes_or_no(open);
        line.held = Some(self.words(key.mask())?);
        let shown = match &resource {
            Some(r) => self.question.shows(r)?,
            None => false,
        };
        if shown && let Some(r) = &resource {
            line.resource = Some(self.question.path(r)?);
        }
        line.through = Some(match &resource {
            None if elsewhere => "another function was entered".to_owned(),
            None if gate.own.is_none() => "the reference resolves to nothing".to_owned(),
            Some(r) if self.ring.account.is_some() && Some(r.account) != self.ring.account => {
                "a resource of another account".to_owned()
            }
            _ => self.through(gate, resource.as_ref())?,
        });
        if !key.limit().contains(self.needed) {
            // No grant lifts a limit.
            line.through = Some(self.limit(gate, resource.as_ref(), line.through.as_deref())?);
        } else if !open && (shown || self.question.told) {
            line.grant_sql = self.grant_on(gate, resource.as_ref(), self.needed - key.permits())?;
        }
        Ok(line)
    }

    /// What a gate is held through, and which limits are in the way: those that the asker is shown by name.
    fn limit(&self, gate: &RowGate, resource: Option<&Resource>, through: Option<&str>) -> Result<String> {
        let list = match gate.own {
            Some(own) if resource.is_none() => facts::resource(own.unsigned_abs() as i64, self.snap)?,
            _ => None,
        };
        let mut said: Vec<String> = through.filter(|t| *t != "nothing").map(str::to_owned).into_iter().collect();
        if let Some(resource) = resource.or(list.as_ref()) {
            for limited in self.ring.limits().in_the_way(resource, self.needed, self.snap)? {
                let words = match &limited {
                    star if star.is_star => "limit on *".to_owned(),
                    here if resource.id == here.id => "limit".to_owned(),
                    above if self.question.shows(above)? => format!("limit on \"{}\"", self.question.path(above)?),
                    _ => "limit on a parent".to_owned(),
                };
                if !said.contains(&words) {
                    said.push(words);
                }
            }
        }
        Ok(said.join(", "))
    }

    /// Through what something is held on a gate's resource.
    fn through(&self, gate: &RowGate, resource: Option<&Resource>) -> Result<String> {
        match self.ring.subject.kind {
            SubjectKind::System => return Ok("system".to_owned()),
            SubjectKind::Nobody => return Ok("nothing".to_owned()),
            _ if self.ring.subject.admin => return Ok("admin".to_owned()),
            _ => {}
        }
        let mut said: Vec<String> = Vec::new();
        for (holder, reach, _) in
            place::holders(self.ring, &place::reaching_gate(gate, resource, self.snap)?, self.snap)?
        {
            let who = self.holder(holder)?;
            let what = match &reach.why {
                None => String::new(),
                Some(Why::OwnList) => "own list".to_owned(),
                Some(Why::Star) => "*".to_owned(),
                Some(Why::Parent(parent)) if self.question.shows(parent)? => {
                    format!("parent \"{}\"", self.question.path(parent)?)
                }
                Some(Why::Parent(_)) => "a parent".to_owned(),
            };
            let words = match (who.as_str(), what.as_str()) {
                ("", "") => "grant".to_owned(),
                ("", what) => what.to_owned(),
                (who, "") => who.to_owned(),
                (who, what) => format!("{who} on {what}"),
            };
            if !said.contains(&words) {
                said.push(words);
            }
        }
        Ok(if said.is_empty() { "nothing".to_owned() } else { said.join(", ") })
    }

    /// By what the principal holds what a principal of its ring was granted.
    fn holder(&self, holder: i64) -> Result<String> {
        if holder == self.ring.id {
            return Ok(String::new());
        }
        let Some(role) = facts::principal(holder, self.snap)? else { return Ok("a role".to_owned()) };
        if role.built_in.as_deref() == Some("everyone") {
            return Ok("everyone".to_owned());
        }
        let direct = |member: i64| -> Result<bool> {
            Ok(facts::memberships_of(member, self.snap)?.iter().any(|m| m.role == holder))
        };
        if direct(self.ring.id)? {
            return Ok(format!("role \"{}\"", role.name));
        }
        for between in self.ring.principals.iter().filter(|p| **p != self.ring.id) {
            if direct(*between)?
                && let Some(between) = facts::principal(*between, self.snap)?
            {
                return Ok(format!("role \"{}\" through membership of \"{}\"", role.name, between.name));
            }
        }
        Ok(format!("role \"{}\"", role.name))
    }

    fn grant(&self, gate: &RowGate, missing: Actions) -> Result<Option<String>> {
        match &gate.resource {
            Some(r) if !self.question.told && !self.question.shows(r)? => Ok(None),
            resource => self.grant_on(gate, resource.as_ref(), missing),
        }
    }

    /// The grant that opens a gate, as SQL; none where no grant does.
    fn grant_on(&self, gate: &RowGate, resource: Option<&Resource>, missing: Actions) -> Result<Option<String>> {
        if self.ring.account.is_none() || self.ring.subject.kind == SubjectKind::Nobody {
            return Ok(None);
        }
        let custom = self.question.custom()?;
        let who = pgrx::spi::quote_literal(&self.name);
        let words = |of: &str| {
            if kind::applicable(of).contains(missing) {
                Some(pgrx::spi::quote_literal(action::names(missing, &custom).join(", ")))
            } else {
                // What cannot be granted there can be let through, where there is a door.
                kind::applicable(of).contains(Actions::ENTER).then(|| "'enter'".to_owned())
            }
        };
        if gate.own.is_some_and(|own| own < 0) {
            return Ok(words("document").map(|words| {
                let relation = name_of(self.target.relation).unwrap_or_default();
                format!(
                    "select acl_grant_row({who}, {words}, {}, {});",
                    pgrx::spi::quote_literal(relation),
                    pgrx::spi::quote_literal(self.key)
                )
            }));
        }
        let Some(resource) = resource else { return Ok(None) };
        if Some(resource.account) != self.ring.account {
            return Ok(None);
        }
        let path = lookup::path(resource, self.snap)?;
        let address = match lookup::by_name_or_path(resource.account, &resource.kind, &path, self.snap)?.as_slice() {
            [one] if one.id == resource.id => pgrx::spi::quote_literal(&path),
            _ => resource.id.to_string(),
        };
        let kind = pgrx::spi::quote_literal(&resource.kind);
        Ok(words(&resource.kind).map(|words| format!("select acl_grant({who}, {words}, {kind}, {address});")))
    }

    /// The rules beside the gates that had a part in the verdict.
    fn rules(&self, verdict: &Verdict, row: &RowFacts, is_owner: bool, limits: Actions) -> Vec<Line> {
        let mut out = Vec::new();
        let mut say = |gate: &str, opens: &'static str, through: &str| {
            let mut line = self.line(gate);
            line.opens = opens;
            line.through = Some(through.to_owned());
            out.push(line);
        };
        match verdict.rule {
            Rule::Nobody => say("principal", "no", "unknown, disabled or expired"),
            Rule::System => say("principal", "yes", "system"),
            Rule::Admin => say("principal", "yes", "admin"),
            Rule::ApiKeyWall => say("principal", "no", "an API key outside its environment"),
            Rule::Deleted => say("deleted", "no", "marked deleted by somebody else"),
            Rule::Intray if is_owner => {
                say("owner", yes_or_no(Actions::CHANGE.contains(self.asked)), "owner of a row without gates");
            }
            Rule::Intray => say("owner", "no", "a row without gates is its owner's"),
            Rule::Requester | Rule::Gates => {}
        }
        if verdict.because.contains(Because::REQUESTER) {
            say("requester", yes_or_no(((Actions::VIEW | Actions::EDIT) & limits).contains(self.asked)), "requester");
        }
        // These stand in the way of what was granted, and of what the grants named above would give.
        if matches!(verdict.rule, Rule::Requester | Rule::Gates | Rule::Intray) {
            if self.ring.subject.read_only && !Actions::GUEST.contains(self.asked) {
                say("read-only", "no", "a read-only user has at most guest");
            }
            if row.immutable && self.asked.intersects(Actions::CHANGES_IMMUTABLE) {
                say("immutable", "no", "the row is immutable");
            }
        }
        out
    }

    /// Why the verdict is what it is.
    fn reason(&self, verdict: &Verdict, allowed: bool, given: Actions, permitted: Actions) -> Result<String> {
        let custom = self.question.custom()?;
        Ok(match verdict.rule {
            Rule::Nobody => "unknown, disabled or expired".to_owned(),
            Rule::System => "system".to_owned(),
            Rule::Admin => "admin".to_owned(),
            Rule::ApiKeyWall => "an API key outside its environment".to_owned(),
            Rule::Deleted => "deleted".to_owned(),
            Rule::Intray => "owner".to_owned(),
            _ if !allowed && self.asked.intersects(Actions::OF_PLACES) => {
                "asked of places and of new rows only".to_owned()
            }
            Rule::Requester => "requester".to_owned(),
            Rule::Gates if allowed => "every gate opens".to_owned(),
            Rule::Gates if verdict.because.contains(Because::REQUIRED_MISSING) => {
                "a required gate is absent".to_owned()
            }
            Rule::Gates if !permitted.contains(self.needed) => "a gate is closed".to_owned(),
            Rule::Gates if !given.contains(self.needed) => {
                format!("no gate gives {}", action::names(self.needed - given, &custom).join(", "))
            }
            Rule::Gates if verdict.because.contains(Because::READ_ONLY) => "read-only".to_owned(),
            Rule::Gates if verdict.because.contains(Because::IMMUTABLE) => "immutable".to_owned(),
            Rule::Gates => "a gate is closed".to_owned(),
        })
    }
}
