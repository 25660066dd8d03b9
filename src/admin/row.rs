//! A row of a protected table as something to grant on: its own list, made when somebody first shares the row.
//!
//! The list is a resource of kind document under the row's location. The row's `own_acl` holds its id: positive where
//! the list adds to the location, negative where it stands instead of it.

use std::rc::Rc;

use docacl_core::Actions;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::address::given;
use super::asker::Asker;
use super::authority::{Deed, refused};
use super::{grants, write};
use crate::error::{self, Result};
use crate::facts::{self, Resource};
use crate::freshness;
use crate::owner::{AsOwner, AsTableOwner};
use crate::protect::functions::name_of;
use crate::protect::key;
use crate::protect::target::{self, Target};
use crate::regclass::Regclass;
use crate::scan::Snap;
use crate::shape::By;

/// A row on which the asker may grant.
pub struct Row {
    target: Rc<Target>,
    written: String,
}

/// The row with its list, locked against other sessions that would make it one.
struct Locked {
    /// Its key, as the table writes it.
    key: String,
    /// Where it is: the partition, or the table, and the place there.
    part: String,
    ctid: String,
    /// What `own_acl` says.
    own: Option<i64>,
    /// Its location.
    location: Option<Resource>,
    /// The account of what it refers to.
    account: Option<i64>,
}

impl Row {
    /// The row of the default documents table with this key.
    pub fn of_documents(asker: &Asker, written: &str) -> Result<Row> {
        Row::on(asker, target::default()?, written)
    }

    /// The row of a table with this key.
    pub fn of_table(asker: &Asker, relation: pg_sys::Oid, written: &str) -> Result<Row> {
        Row::on(asker, target::of(relation)?, written)
    }

    /// 42704 where there is no such row, or none that the asker may read; 42501 where he holds no security on it.
    fn on(asker: &Asker, target: Rc<Target>, written: &str) -> Result<Row> {
        let row = Row { target, written: written.to_owned() };
        if asker.is_above() {
            return match row.target.with_row(written, &asker.snap, |_| Ok(()))? {
                Some(()) => Ok(row),
                None => Err(unknown(written)),
            };
        }
        let ring = freshness::ring(asker.id(), &asker.snap)?;
        let held = row.target.verdict(&ring, written, &asker.snap)?.map_or(Actions::empty(), |v| v.actions);
        if held.contains(Actions::SECURITY) {
            Ok(row)
        } else if held.contains(Actions::READ) {
            Err(refused(Deed::Grant, "document", written))
        } else {
            Err(unknown(written))
        }
    }

    /// The row's own list; made where it has none.
    pub fn list(&self, asker: &Asker) -> Result<Resource> {
        let locked = self.lock()?;
        let list = self.list_of(asker, &locked)?;
        if locked.own.is_none() {
            self.set_own(&locked, list.id)?;
        }
        Ok(list)
    }

    /// The list of a row that is locked. Where one is made, the row does not say so yet.
    fn list_of(&self, asker: &Asker, locked: &Locked) -> Result<Resource> {
        if let Some(own) = locked.own {
            return self.own_list(locked, own);
        }
        let account = match locked.account {
            Some(account) => account,
            None => asker.account()?,
        };
        let relation = self.target.relation;
        // A list of an earlier row of this key, which TRUNCATE took away, must not come back to life with its grants.
        write::run(
            "DELETE FROM docacl.resource WHERE kind = 'document' AND relation = $1 AND row_key = $2",
            &[relation.into(), locked.key.as_str().into()],
        )?;
        let id = write::id(
            "INSERT INTO docacl.resource (account_id, kind, parent_id, inherits, name, relation, row_key, created_by)
             VALUES ($1, 'document', $2, true, $3, $4, $3, $5) RETURNING id",
            &[
                account.into(),
                locked.location.as_ref().map(|l| l.id).into(),
                locked.key.as_str().into(),
                relation.into(),
                asker.id().into(),
            ],
        )?
        .ok_or_else(|| error::internal("a list was not made"))?;
        of_id(id)
    }

    /// The list that the row's own_acl names. 55000 where it is another row's, to which whoever may grant here might
    /// not grant: while docacl does not judge the table, its writers write that column too.
    fn own_list(&self, locked: &Locked, own: i64) -> Result<Resource> {
        let list = facts::resource(own.unsigned_abs() as i64, &Snap::fresh())?.filter(|list| {
            list.kind == "document"
                && list.relation == Some(self.target.relation)
                && list.row_key.as_ref() == Some(&locked.key)
        });
        list.ok_or_else(|| {
            error::wrong_state(
                format!("the row of document \"{}\" names a list that is not its own", locked.key),
                "Only docacl writes the column of option \"own_acl\": set it to NULL.",
            )
        })
    }

    /// The row's own list, if it has one, and its location.
    pub fn list_if_any(&self) -> Result<(Option<Resource>, Option<Resource>)> {
        let locked = self.lock()?;
        Ok((locked.own.map(|own| self.own_list(&locked, own)).transpose()?, locked.location))
    }

    /// Whether the list adds to the location or stands instead of it, for everyone.
    pub fn set_inherits(&self, asker: &Asker, enable: bool, copy: bool) -> Result<()> {
        let locked = self.lock()?;
        if locked.own.is_none() && enable || locked.own.is_some_and(|own| (own > 0) == enable) {
            return Ok(());
        }
        let list = self.list_of(asker, &locked)?;
        if copy && !enable {
            self.copy_location(asker, &list)?;
        }
        write::run("UPDATE docacl.resource SET inherits = $2 WHERE id = $1", &[list.id.into(), enable.into()])?;
        self.set_own(&locked, if enable { list.id } else { -list.id })
    }

    /// What the list takes from its location becomes grants of its own, as far as it applies to a document.
    fn copy_location(&self, asker: &Asker, list: &Resource) -> Result<()> {
        let mut held = super::resource::inherited(list, &asker.snap)?;
        if let Some(star) = facts::star(list.account, "location", &asker.snap)? {
            held.extend(facts::grants_on(star.id, &asker.snap)?);
        }
        // Not what follows a rule: it would stay when the rule no longer gives it.
        let copies = held.iter().filter(|g| grants::by_hand(g)).map(|grant| grants::New::copy(grant, list));
        grants::give_all(&copies.collect::<Vec<_>>(), asker.id(), &Snap::fresh()).map(drop)
    }

    fn own_column(&self) -> Result<&str> {
        match &self.target.spec.own_acl {
            Some(column) => Ok(column),
            None => Err(error::wrong_state(
                format!("rows of table {} have no lists of their own", name_of(self.target.relation)?),
                "Protect the table again with the option \"own_acl\", naming a nullable bigint column.",
            )),
        }
    }

    /// Locks and reads the row, past row security: what the asker may do was decided before.
    fn lock(&self) -> Result<Locked> {
        let spec = &self.target.spec;
        let unknown = || unknown(&self.written);
        let own = pgrx::spi::quote_identifier(self.own_column()?);
        let _owner = AsOwner::begin()?;
        let name = name_of(self.target.relation)?;
        let (keys, condition) = self.target.key_condition(&self.written)?.ok_or_else(unknown)?;
        let types = self.target.key_types()?;
        let refs: Vec<_> = spec.gates.iter().flat_map(|g| g.refs.iter().map(move |r| (g.gate.as_str(), r))).collect();
        let mut columns = String::new();
        for (_, reference) in &refs {
            columns.push_str(&format!(", {}::text", pgrx::spi::quote_identifier(&reference.column)));
        }
        let sql = format!(
            "SELECT ARRAY[{}], tableoid::bigint::text, ctid::text, {own}{columns} FROM {name} WHERE {condition} FOR NO KEY UPDATE",
            keys.iter().map(|k| format!("{k}::text")).collect::<Vec<_>>().join(", ")
        );
        // As the table's owner: planning may call functions that his indexes name, and they are no superuser's.
        let _table_owner = AsTableOwner::begin(self.target.relation)?;
        let read = Spi::connect_mut(|client| {
            let table = client.update(&sql, Some(1), &[])?;
            if table.is_empty() {
                return Ok(None);
            }
            let row = table.first();
            let mut values = Vec::new();
            for at in 0..refs.len() {
                values.push(row.get::<String>(at + 5)?);
            }
            Ok(Some((
                row.get::<Vec<String>>(1)?,
                row.get::<String>(2)?,
                row.get::<String>(3)?,
                row.get::<i64>(4)?,
                values,
            )))
        })
        .map_err(|e: pgrx::spi::Error| error::internal(e.to_string()))?;
        let Some((Some(key), Some(part), Some(ctid), own, values)) = read else { return Err(unknown()) };
        let key = key::join(&types, &key);
        let snap = Snap::latest();
        let (mut location, mut account) = (None, None);
        for ((gate, reference), value) in refs.iter().zip(values) {
            let Some(value) = value else { continue };
            let mut found = None;
            for kind in &reference.kinds {
                found = found.or(match reference.by {
                    By::Id => match value.parse() {
                        Ok(id) => facts::resource(id, &snap)?.filter(|r| r.kind == *kind),
                        Err(_) => None,
                    },
                    By::Key => facts::resource_with_key(kind, &value, &snap)?,
                });
            }
            account = account.or(found.as_ref().map(|r| r.account));
            if *gate == "place" {
                location = location.or(found);
            }
        }
        Ok(Locked { key, part, ctid, own, location, account })
    }

    fn set_own(&self, locked: &Locked, own: i64) -> Result<()> {
        let name = {
            let _owner = AsOwner::begin()?;
            name_of(self.target.relation)?
        };
        // By its place, which the lock keeps: nothing here that a search_path could turn aside.
        let sql = format!(
            "UPDATE {name} SET {} = {own} WHERE tableoid OPERATOR(pg_catalog.=) '{}'::pg_catalog.oid \
             AND ctid OPERATOR(pg_catalog.=) '{}'::pg_catalog.tid",
            pgrx::spi::quote_identifier(self.own_column()?),
            locked.part,
            locked.ctid
        );
        let _owner = AsTableOwner::begin_writing(self.target.relation)?;
        let changed = Spi::connect_mut(|client| client.update(&sql, None, &[]).map(|t| t.len()))
            .map_err(|e| error::internal(e.to_string()))?;
        if changed == 1 {
            return Ok(());
        }
        Err(error::wrong_state(
            format!("the row of document \"{}\" could not be changed", locked.key),
            "A trigger or rule of the table kept docacl from writing its own_acl column.",
        ))
    }
}

/// 42704: no such row, or none that the asker may read.
fn unknown(written: &str) -> ErrorReport {
    error::unknown_hint("row", written, "Give the key of a row that you may read.")
}

fn of_id(own: i64) -> Result<Resource> {
    let id = own.unsigned_abs() as i64;
    facts::resource(id, &Snap::fresh())?.ok_or_else(|| error::internal("a row's own list is gone"))
}

#[pg_extern]
fn acl_grant_row(
    principal: Option<&str>,
    actions: Option<&str>,
    relation: Option<Regclass>,
    key: Option<&str>,
    valid_from: default!(Option<TimestampWithTimeZone>, "NULL"),
    valid_until: default!(Option<TimestampWithTimeZone>, "NULL"),
    note: default!(Option<&str>, "NULL"),
) -> Result<bool> {
    let (who, what) = (given("principal", principal)?, given("actions", actions)?);
    let (relation, key) = (given("relation", relation)?, given("key", key)?);
    let asker = Asker::somebody()?;
    let row = Row::of_table(&asker, relation.0, key)?;
    let period = super::period::Period::new(valid_from, valid_until)?;
    super::grant::grant_on(&asker, &row.list(&asker)?, who, what, period, note)
}

#[pg_extern]
fn acl_revoke_row(
    principal: Option<&str>,
    actions: Option<&str>,
    relation: Option<Regclass>,
    key: Option<&str>,
) -> Result<bool> {
    let (who, what) = (given("principal", principal)?, given("actions", actions)?);
    let (relation, key) = (given("relation", relation)?, given("key", key)?);
    let asker = Asker::somebody()?;
    let row = Row::of_table(&asker, relation.0, key)?;
    super::grant::revoke_on_row(&asker, &row, who, what)
}

#[pg_extern]
fn acl_set_row_inherits(
    relation: Option<Regclass>,
    key: Option<&str>,
    enable: Option<bool>,
    copy: default!(Option<bool>, "false"),
) -> Result<()> {
    let (relation, key) = (given("relation", relation)?, given("key", key)?);
    let (enable, copy) = (given("enable", enable)?, given("copy", copy)?);
    let asker = Asker::somebody()?;
    Row::of_table(&asker, relation.0, key)?.set_inherits(&asker, enable, copy)
}
