//! Judging INSERT, UPDATE and DELETE of one row: which actions the change asks, whether they are held, and what
//! docacl itself writes (owner, requester, deleted_by, the place of an own list).

use docacl_core::parent::below;
use docacl_core::verdict::{Rule, Verdict};
use docacl_core::{Actions, SubjectKind};
use pgrx::pg_sys;

use super::refusals::{nobody, own_acl_refused, refusal, table_name};
use super::tuple::{Column, Values, distinct, is_default};
use super::written::{put, write_me};
use super::{Site, moving, now, parent, references};
use crate::admin::write;
use crate::bound::Bound;
use crate::error::{Result, denied, inconsistent, missing_reference, required};
use crate::facts;
use crate::freshness;
use crate::protect::key;
use crate::scan::Snap;
use crate::shape::By;

/// INSERT: add, judged on the new row.
pub unsafe fn insert(site: &mut Site, data: &pg_sys::TriggerData) -> Result<pg_sys::HeapTuple> {
    // SAFETY: an INSERT trigger's row and relation.
    unsafe {
        let relation = data.tg_relation;
        let mut values = Values::of(data.tg_trigtuple, relation)?;
        if moving::enters(&site.columns, site.execution, site.root, &values) {
            return Ok(data.tg_trigtuple);
        }
        let mut changed: Vec<Column> = Vec::new();
        if !site.exempt {
            judge_insert(site, relation, &mut values, &mut changed)?;
        } else if let Some(own) = site.columns.own_acl
            && values.get(own).is_some()
        {
            own_list_fits(site, &values, own)?;
        }
        references::require_gates(site, &values)?;
        references::check(site, &values)?;
        parent::check(site, None, &values)?;
        references::check_people(site, &values, |_| true)?;
        Ok(values.into_tuple(data.tg_trigtuple, relation, &changed))
    }
}

unsafe fn judge_insert(
    site: &Site,
    relation: pg_sys::Relation,
    values: &mut Values,
    changed: &mut Vec<Column>,
) -> Result<()> {
    let snap = Snap::statement();
    // SAFETY: the statement's open relation.
    let table = unsafe { table_name(relation) };
    let Some(bound) = &site.bound else {
        return Err(nobody(&table));
    };
    if let Some(own) = site.columns.own_acl
        && values.get(own).is_some()
    {
        return Err(own_acl_refused(&table));
    }
    references::require_gates(site, values)?;
    // A row that is a resource itself, and makes it: what its maker holds then.
    let made = match &site.itself {
        Some(itself) => itself.make(site.execution, &bound.new, &table, values, &site.columns.new_shape)?,
        None => false,
    };
    let judged = |values: &Values| match made {
        true => now::verdict_as_made(site, bound, values),
        false => verdict_as_new(site, &bound.new, values, &snap),
    };
    let mut verdict = judged(values)?;
    if !is_admin(&verdict) {
        if let Some(owner) = site.columns.owner {
            write_me(&bound.new, owner, values, changed)?;
        }
        if let Some(requester) = site.columns.requester
            && values.get(requester.column).is_some()
        {
            write_me(&bound.new, requester, values, changed)?;
        }
        if let Some(by) = site.columns.deleted_by {
            if site.columns.deleted.is_some_and(|deleted| is_marked(deleted, values)) {
                write_me(&bound.new, by, values, changed)?;
            } else if values.get(by.column).is_some() {
                put(by.column, None, values, changed);
            }
        }
        if !changed.is_empty() {
            verdict = judged(values)?;
        }
    }
    let ask = |actions: Actions| -> Result<()> {
        if verdict.actions.contains(actions) {
            return Ok(());
        }
        Err(match &site.parent {
            Some(parent) if parent.alone => parent.refusal(&table),
            _ => refusal(&table, actions, &bound.new, &values.row(&site.columns.new_shape), &snap, None)?,
        })
    };
    if !made {
        ask(Actions::ADD)?;
    }
    let flags = [(site.columns.immutable, Actions::IMMUTABLE), (site.columns.deleted, Actions::DELETE)];
    for (column, actions) in flags.into_iter().filter_map(|(c, a)| c.map(|c| (c, a))) {
        if is_marked(column, values) {
            ask(actions)?;
        }
    }
    let mapped = site.columns.others.iter().filter_map(|o| o.action.map(|a| (o.column, a)));
    for (column, actions) in mapped {
        if made && site.itself.as_ref().is_some_and(|itself| itself.says(column)) {
            continue; // As acl_create, which takes a name and a parent.
        }
        // SAFETY: the statement's open relation, a column of it.
        if !verdict.actions.contains(actions) && !unsafe { is_default(relation, column, values) } {
            ask(actions)?;
        }
    }
    match &site.parent {
        Some(parent) => parent.require(parent.asked.insert, &table, &bound.new, values, &snap),
        None => Ok(()),
    }
}

/// What may be done with a new row by its own gates, or where it has none by its parent's row.
fn verdict_as_new(site: &Site, bound: &Bound, values: &Values, snap: &Snap) -> Result<Verdict> {
    match &site.parent {
        Some(parent) if parent.alone => {
            let above = parent.verdict(bound, values, snap)?;
            let mut below = below(None, above, &parent.asked);
            below.actions.set(Actions::ADD, above.actions.contains(parent.asked.insert));
            Ok(below)
        }
        _ => verdict(bound, values, &site.columns.new_shape, snap),
    }
}

/// UPDATE: what each changed column asks of the old row, and add of the new row where a gate changes.
pub unsafe fn update(site: &mut Site, data: &pg_sys::TriggerData) -> Result<pg_sys::HeapTuple> {
    // SAFETY: an UPDATE trigger's rows and relation.
    unsafe {
        let relation = data.tg_relation;
        let old = Values::of(data.tg_trigtuple, relation)?;
        let mut new = Values::of(data.tg_newtuple, relation)?;
        let mut changed: Vec<Column> = Vec::new();
        let differs = |column: Column, new: &Values| distinct(column, &old, new);
        let gates: Vec<bool> = site.columns.gates.iter().map(|g| g.iter().any(|c| differs(*c, &new))).collect();
        if gates.contains(&true) && (site.exempt || site.bound.is_some()) {
            references::require_gates(site, &new)?;
        }
        if !site.exempt {
            judge_update(site, data, &old, &mut new, &gates, &mut changed)?;
        } else if let Some(own) = site.columns.own_acl
            && new.get(own).is_some()
            && differs(own, &new)
        {
            own_list_fits(site, &new, own)?;
        }
        if gates.contains(&true) {
            refuse_nulled_gate(site, &old, &new)?;
            references::check(site, &new)?;
        }
        parent::check(site, Some(&old), &new)?;
        references::check_people(site, &new, |column| distinct(column, &old, &new))?;
        follow(site, &old, &new, &gates)?;
        if site.is_partition {
            site.updated = Some(moving::updated(&site.columns, data.tg_trigtuple, &new));
        }
        Ok(new.into_tuple(data.tg_newtuple, relation, &changed))
    }
}

unsafe fn judge_update(
    site: &Site,
    data: &pg_sys::TriggerData,
    old: &Values,
    new: &mut Values,
    gates: &[bool],
    changed: &mut Vec<Column>,
) -> Result<()> {
    let snap = Snap::statement();
    // SAFETY: the statement's open relation.
    let table = unsafe { table_name(data.tg_relation) };
    let Some(bound) = &site.bound else {
        return Err(nobody(&table));
    };
    // SAFETY: values of the relation's columns.
    let differs = |column: Column, new: &Values| unsafe { distinct(column, old, new) };
    let before = now::verdict(site, bound, old, &snap)?;
    let ask_old = |actions: Actions| -> Result<()> {
        if before.actions.contains(actions) {
            return Ok(());
        }
        Err(match &site.parent {
            Some(parent) if parent.alone => parent.refusal(&table),
            _ => refusal(&table, actions, &bound.old, &old.row(&site.columns.shape), &snap, None)?,
        })
    };
    // To another parent's row: what changing it asks of the old one, and what a new row asks of the new one.
    if let Some(parent) = &site.parent
        && parent.moves(old, new)
    {
        parent.require(parent.asked.update, &table, &bound.old, old, &snap)?;
        parent.require(parent.asked.insert, &table, &bound.new, new, &snap)?;
    }
    // What docacl writes itself.
    if let Some(own) = site.columns.own_acl
        && differs(own, new)
    {
        return Err(own_acl_refused(&table));
    }
    if let Some(deleted) = site.columns.deleted
        && differs(deleted, new)
    {
        ask_old(Actions::DELETE)?;
        if let Some(by) = site.columns.deleted_by {
            let marked = is_marked(deleted, new);
            match (marked, is_marked(deleted, old)) {
                (true, false) => write_me(&bound.old, by, new, changed)?,
                (false, _) => put(by.column, None, new, changed),
                (true, true) => put(by.column, old.get(by.column), new, changed),
            }
        }
    } else if let Some(by) = site.columns.deleted_by
        && differs(by.column, new)
    {
        put(by.column, old.get(by.column), new, changed);
    }
    // Key, owner, requester: system or admin.
    let people = [site.columns.owner, site.columns.requester].into_iter().flatten().map(|w| w.column);
    if site.columns.key.iter().copied().chain(people).any(|c| differs(c, new)) && !is_admin(&before) {
        return Err(denied(
            format!("permission denied to change key, owner or requester of a row of table \"{table}\""),
            "Only system and the account's admins change them.",
        ));
    }
    if let Some(immutable) = site.columns.immutable
        && differs(immutable, new)
    {
        ask_old(Actions::IMMUTABLE)?;
        // Setting it is the action; taking it back is for admin and system, whatever else is held.
        if !is_marked(immutable, new) && is_marked(immutable, old) && !is_admin(&before) {
            return Err(denied(
                format!("permission denied to make a row of table \"{table}\" mutable again"),
                "Only system and the account's admins take immutability back.",
            ));
        }
    }
    // Mapped and ordinary columns.
    for other in &site.columns.others {
        let is_itself = site.itself.as_ref().is_some_and(|itself| itself.says(other.column));
        let asked = match other.action {
            Some(action) => action,
            None if is_itself => continue,
            // SAFETY: the bitmap of the running statement.
            None if unsafe { is_named(data, other.column) } => Actions::WRITE,
            None => continue,
        };
        if !before.actions.contains(asked) && differs(other.column, new) {
            ask_old(asked)?;
        }
    }
    if let Some(itself) = &site.itself {
        let marked = |values: &Values| site.columns.deleted.is_some_and(|deleted| is_marked(deleted, values));
        itself.update(&bound.old, old, new, marked(new) && !marked(old))?;
    }
    // Gates.
    if !gates.contains(&true) {
        return Ok(());
    }
    let mut place = false;
    for (gate, differs) in site.spec.gates.iter().zip(gates) {
        if *differs {
            let is_place = gate.gate == "place";
            place |= is_place;
            ask_old(if is_place { Actions::MOVE } else { Actions::WRITE })?;
        }
    }
    let mut row = new.row(&site.columns.new_shape);
    if place
        && let Some(own) = site.columns.own_acl
        && let Some(at) = site.columns.new_shape.iter().position(|c| c.attno == own.attno)
        && let Some(slot) = row.get_mut(at)
    {
        // The new location stands in the place gate.
        *slot = None;
    }
    let after = bound.new.verdict(&row, &snap)?;
    if !after.actions.contains(Actions::ADD) {
        return Err(refusal(&table, Actions::ADD, &bound.new, &row, &snap, None)?);
    }
    Ok(())
}

/// 23502 where a foreign key's action sets a gate null: what was behind it would stand open. `acl_protect` refuses
/// such a foreign key; one made afterwards ends here.
fn refuse_nulled_gate(site: &Site, old: &Values, new: &Values) -> Result<()> {
    // SAFETY: a plain read of backend state.
    if !unsafe { pg_sys::InNoForceRLSOperation() } {
        return Ok(());
    }
    for column in site.columns.gates.iter().flatten() {
        if old.get(*column).is_some() && new.get(*column).is_none() {
            return Err(required(
                "a foreign key may not set a gate of a protected row null",
                "Make the foreign key ON DELETE RESTRICT or NO ACTION.",
            ));
        }
    }
    Ok(())
}

/// DELETE: the policy has let the row through; a table with a deletion column keeps it all the same.
pub unsafe fn delete(site: &mut Site, data: &pg_sys::TriggerData) -> Result<pg_sys::HeapTuple> {
    // SAFETY: a DELETE trigger's row and relation.
    unsafe {
        let old = Values::of(data.tg_trigtuple, data.tg_relation)?;
        if !site.exempt {
            let table = table_name(data.tg_relation);
            let Some(bound) = &site.bound else {
                return Err(nobody(&table));
            };
            let snap = Snap::statement();
            let before = now::verdict(site, bound, &old, &snap)?;
            if site.columns.deleted.is_some() && !is_admin(&before) {
                return Err(denied(
                    format!("permission denied to remove a row of table \"{table}\" for good"),
                    "Mark the row deleted instead, by updating its deletion column.",
                ));
            }
            if !before.actions.contains(Actions::DELETE) {
                return Err(match &site.parent {
                    Some(parent) if parent.alone => parent.refusal(&table),
                    _ => refusal(&table, Actions::DELETE, &bound.old, &old.row(&site.columns.shape), &snap, None)?,
                });
            }
            if let Some(itself) = &site.itself {
                itself.delete(&bound.old, &old)?;
            }
        }
        if let Some(own) = site.columns.own_acl.and_then(|c| old.get(c)) {
            let id = (own.value() as i64).unsigned_abs() as i64;
            write::run("DELETE FROM docacl.resource WHERE id = $1 AND kind = 'document'", &[id.into()])?;
        }
        Ok(data.tg_trigtuple)
    }
}

/// Whether who is asking is system, or admin of every account there is.
pub fn is_admin_everywhere(snap: &Snap) -> Result<bool> {
    let Some(id) = freshness::session_principal(snap)? else {
        return Ok(false);
    };
    let ring = freshness::ring(id, snap)?;
    if ring.subject.kind == SubjectKind::System {
        return Ok(true);
    }
    let accounts = write::id("SELECT count(*) FROM docacl.resource WHERE kind = 'account'", &[])?;
    Ok(ring.subject.admin && accounts == Some(1))
}

/// A row's own list goes where the row goes, and is called as the row is called.
fn follow(site: &Site, old: &Values, new: &Values, gates: &[bool]) -> Result<()> {
    let Some(own) = site.columns.own_acl.and_then(|c| new.get(c)) else {
        return Ok(());
    };
    let id = (own.value() as i64).unsigned_abs() as i64;
    // SAFETY: values of the table's columns.
    let key_differs = site.columns.key.iter().any(|k| unsafe { distinct(*k, old, new) });
    let place = site.spec.gates.iter().zip(gates).any(|(g, differs)| *differs && g.gate == "place");
    if !key_differs && !place {
        return Ok(());
    }
    let location = location_of(site, new)?;
    let key = key_of(site, new)?;
    write::run(
        "UPDATE docacl.resource SET parent_id = $2, row_key = coalesce($3, row_key), name = coalesce($3, name) \
         WHERE id = $1 AND kind = 'document'",
        &[id.into(), location.into(), key.into()],
    )
    .map(drop)
}

/// The key of a row as docacl writes it; `None` where it has none.
fn key_of(site: &Site, values: &Values) -> Result<Option<String>> {
    let (mut types, mut texts) = (Vec::new(), Vec::new());
    for column in &site.columns.key {
        let Some(datum) = values.get(*column) else { return Ok(None) };
        types.push(column.ty);
        texts.push(references::text_of(column.ty, datum)?);
    }
    Ok(if texts.is_empty() { None } else { Some(key::join(&types, &texts)) })
}

/// The location that a row refers to.
fn location_of(site: &Site, values: &Values) -> Result<Option<i64>> {
    for (gate, columns) in site.spec.gates.iter().zip(&site.columns.gates) {
        if gate.gate != "place" {
            continue;
        }
        for (reference, column) in gate.refs.iter().zip(columns) {
            let Some(datum) = values.get(*column) else {
                continue;
            };
            let text = references::text_of(column.ty, datum)?;
            return match reference.by {
                By::Id => Ok(text.parse().ok()),
                By::Key => {
                    let snap = Snap::latest();
                    for kind in &reference.kinds {
                        if let Some(found) = facts::resource_with_key(kind, &text, &snap)? {
                            return Ok(Some(found.id));
                        }
                    }
                    Ok(None)
                }
            };
        }
    }
    Ok(None)
}

/// An own list written by an exempt session (docacl itself, a restore): it must be the list of this row.
fn own_list_fits(site: &Site, values: &Values, own: Column) -> Result<()> {
    let Some(datum) = values.get(own) else {
        return Ok(());
    };
    let id = (datum.value() as i64).unsigned_abs() as i64;
    let snap = Snap::fresh();
    let list = facts::resource(id, &snap)?.filter(|r| r.kind == "document").ok_or_else(|| {
        missing_reference("the row's own list does not exist", "Only docacl writes this column: use acl_grant_row.")
    })?;
    let key = key_of(site, values)?;
    if ![site.root, site.relation].map(Some).contains(&list.relation) || list.row_key != key {
        return Err(inconsistent(
            "the own list is another row's",
            "Only docacl writes this column: use acl_grant_row.",
        ));
    }
    Ok(())
}

fn verdict(bound: &Bound, values: &Values, columns: &[Column], snap: &Snap) -> Result<Verdict> {
    bound.verdict(&values.row(columns), snap)
}

fn is_admin(verdict: &Verdict) -> bool {
    matches!(verdict.rule, Rule::Admin | Rule::System)
}

fn is_marked(column: Column, values: &Values) -> bool {
    values.get(column).is_some_and(|d| column.ty != pg_sys::BOOLOID || d.value() & 0xff != 0)
}

/// Whether the statement itself names the column.
unsafe fn is_named(data: &pg_sys::TriggerData, column: Column) -> bool {
    // SAFETY: PostgreSQL's bitmap, offset as it offsets it.
    unsafe {
        pg_sys::bms_is_member(i32::from(column.attno) - pg_sys::FirstLowInvalidHeapAttributeNumber, data.tg_updatedcols)
    }
}
