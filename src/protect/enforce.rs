//! Whether docacl judges a protected table or only answers questions about it: option "enforce" of `acl_protect`, and
//! `acl_enforce`. A table that is registered without policies is the application's as before; acl_can_row and the others
//! say what would be, so that the two can be compared before the switch.

use pgrx::pg_sys;
use pgrx::prelude::*;

use super::catalog::{nulling_foreign_key, require_unique, spi};
use super::columns::{self, Table};
use super::functions::{describe, lock, name_of, not_protected};
use super::{Spec, ddl, lists, partitions};
use crate::admin::asker::Asker;
use crate::error::{self, Result};
use crate::facts;
use crate::owner::AsOwner;
use crate::regclass::Regclass;
use crate::scan::Snap;
use crate::shape::By;

/// Lets docacl judge a registered table, or only answer questions about it.
#[pg_extern(volatile, parallel_unsafe)]
fn acl_enforce(relation: Option<Regclass>, enable: Option<bool>) -> Result<()> {
    let relation = relation.ok_or_else(|| error::null("relation"))?.0;
    let enable = enable.ok_or_else(|| error::null("enable"))?;
    Asker::now()?.require_above("protect tables")?;
    let _owner = AsOwner::begin()?;
    lock(relation)?;
    let Some(found) = facts::protected_table(relation, &Snap::fresh())? else {
        return Err(not_protected(&name_of(relation)?));
    };
    if found.enforced == enable {
        return Ok(());
    }
    let spec = Spec::from_json(found.spec)?;
    // What became of the table since does not keep its own policies from coming back.
    let table = if enable { describe(relation)? } else { bare(relation)? };
    if enable {
        still_fits(&table, &spec)?;
    }
    let change = Change { table: &table, spec: &spec, was: found.enforced, registered: true };
    change.to(enable, || if enable { remember(relation, true) } else { Ok(()) })
}

/// Refuses what `acl_protect` would refuse: without policies that depend on its columns the table may have changed.
fn still_fits(table: &Table, spec: &Spec) -> Result<()> {
    let column = |name: &str| {
        table.column(name).map_err(|_| {
            error::wrong_state(
                format!("column \"{name}\" of table {} is gone", table.name),
                "Protect the table again with acl_protect.",
            )
        })
    };
    let references = spec.gates.iter().flat_map(|g| &g.refs).map(|r| (&r.column, r.by));
    let people = [&spec.owner, &spec.requester, &spec.deleted_by].into_iter().flatten().map(|p| (&p.column, p.by));
    for (name, by) in references.chain(people) {
        let column = column(name)?;
        if column.generated || by == By::Id && column.ty != pg_sys::INT8OID || !columns::can_be_key(column) {
            return Err(error::wrong_type(
                format!("column \"{name}\" of table {} has become another than it was", table.name),
                "Protect the table again with acl_protect.",
            ));
        }
    }
    for reference in spec.gates.iter().flat_map(|g| &g.refs) {
        if let Some(constraint) = nulling_foreign_key(table, &reference.column)? {
            return Err(error::unsupported(
                format!("foreign key \"{constraint}\" sets gate column \"{}\" null or default", reference.column),
                "Deleting the referenced row must not open this one: make the foreign key ON DELETE RESTRICT or NO ACTION.",
            ));
        }
    }
    spec.columns
        .keys()
        .map(String::as_str)
        .chain(spec.parent.iter().flat_map(|p| p.column.columns()).map(String::as_str))
        .try_for_each(|name| column(name).map(drop))?;
    if let Some(own) = &spec.own_acl {
        column(own)?;
        columns::own_acl_fits(table, own)?;
    }
    for (word, flag) in [("immutable", &spec.immutable), ("deleted", &spec.deleted)] {
        if let Some(flag) = flag {
            column(flag)?;
            columns::flag_fits(table, flag, word)?;
        }
    }
    if let Some(key) = &spec.key {
        key.columns().iter().try_for_each(|name| column(name).map(drop))?;
        require_unique(table, key.columns())?;
    }
    Ok(())
}

/// A table whose columns nobody asks for.
fn bare(relation: pg_sys::Oid) -> Result<Table> {
    Ok(Table { oid: relation, name: name_of(relation)?, columns: Vec::new(), primary_key: Vec::new() })
}

/// From one state to the other.
pub struct Change<'a> {
    pub table: &'a Table,
    pub spec: &'a Spec,
    /// Whether it is enforced now.
    pub was: bool,
    /// Whether docacl.protected_table has it.
    pub registered: bool,
}

impl Change<'_> {
    /// Brings about what is wanted; `register` writes docacl.protected_table.
    pub fn to(&self, enforce: bool, register: impl FnOnce() -> Result<()>) -> Result<()> {
        let relation = self.table.oid;
        match (self.was, enforce) {
            (_, true) => self.judge(register)?,
            (true, false) => {
                give_back(self.table)?;
                register()?;
                remember(relation, false)?;
                pgrx::warning!(
                    "docacl no longer judges table {}: its own policies and privileges decide alone",
                    self.table.name
                );
            }
            (false, false) => {
                register()?;
                if !self.registered {
                    remember(relation, false)?;
                }
            }
        }
        changed(relation);
        Ok(())
    }

    /// Writes policies and triggers.
    fn judge(&self, register: impl FnOnce() -> Result<()>) -> Result<()> {
        let relation = self.table.oid;
        if !self.was {
            refuse_foreign_policies(self.table)?;
        }
        if self.registered && !self.was {
            lists::settle(self.table, self.spec)?;
        }
        let (rls, force) = ddl::row_security(relation)?;
        let had = partitions::had(self.table, self.was)?;
        if self.registered && !self.was {
            // Before the triggers: what must not be beside them is refused when they are made.
            register()?;
            remember(relation, true)?;
            ddl::write(self.table, self.spec)?;
        } else {
            ddl::write(self.table, self.spec)?;
            register()?;
        }
        partitions::write(self.table, self.spec)?;
        if self.registered && !self.was {
            // The application's row security may be another than when the table was registered.
            Spi::run_with_args(
                "UPDATE docacl.protected_table SET had_rls = $2, had_force = $3 WHERE relation = $1",
                &[relation.into(), rls.into(), force.into()],
            )
            .map_err(spi)?;
        }
        partitions::remember(relation, had)
    }
}

/// Removes policies and triggers: row security is what it was before they were written.
pub fn give_back(table: &Table) -> Result<()> {
    ddl::remove(table)?;
    partitions::remove(table)?;
    let (rls, force, had) = Spi::get_three_with_args::<bool, bool, pgrx::JsonB>(
        "SELECT had_rls, had_force, pg_catalog.to_jsonb(p) -> 'partitions' FROM docacl.protected_table AS p WHERE relation = $1",
        &[table.oid.into()],
    )
    .map_err(spi)?;
    partitions::restore(table, had)?;
    ddl::restore_row_security(&table.name, rls.unwrap_or(false), force.unwrap_or(false))
}

/// Tells every session that what it knows of the table is old: nothing of the table itself may have changed.
pub fn changed(relation: pg_sys::Oid) {
    // SAFETY: a relation that exists and is locked.
    unsafe { pg_sys::CacheInvalidateRelcacheByRelid(relation) };
}

/// Says that a table that was just registered is not enforced.
pub fn only_registered(relation: pg_sys::Oid) -> Result<()> {
    remember(relation, false)?;
    changed(relation);
    Ok(())
}

fn remember(relation: pg_sys::Oid, enforced: bool) -> Result<()> {
    Spi::run_with_args(
        "UPDATE docacl.protected_table SET enforced = $2 WHERE relation = $1",
        &[relation.into(), enforced.into()],
    )
    .map_err(spi)
}

/// Policies of our names that are not ours must not be mistaken for ours.
fn refuse_foreign_policies(table: &Table) -> Result<()> {
    let foreign = Spi::get_one_with_args::<String>(
        "SELECT min(polname::text) FROM pg_catalog.pg_policy WHERE polname LIKE 'docacl\\_%' AND (polrelid = $1 \
         OR polrelid IN (SELECT relid FROM pg_catalog.pg_partition_tree($1)))",
        &[table.oid.into()],
    )
    .map_err(spi)?;
    match foreign {
        Some(policy) => Err(error::exists("policy", &policy)),
        None => Ok(()),
    }
}
