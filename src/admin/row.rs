//! Sharing single rows: a row's own list is a resource of kind `document` under the row's location, made with the
//! first grant on it. The row's own_acl column holds its id: positive, the list adds to the location; negative,
//! it stands instead of it.

use std::rc::Rc;

use docacl_core::Actions;
use pgrx::prelude::*;

use super::address::given;
use super::asker::Asker;
use super::period::Period;
use super::{grant, grants, resource, write};
use crate::bound::{Type, read_text, read_value};
use crate::error::{self, Result};
use crate::facts::{self, Resource};
use crate::freshness;
use crate::owner::AsOwner;
use crate::protect::functions::name_of;
use crate::protect::target::{self, Target};
use crate::regclass::Regclass;
use crate::scan::Snap;
use crate::shape::By;

/// Grants on a single row. Whether anything changed.
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
    let (who, what, key) = (given("principal", principal)?, given("actions", actions)?, given("key", key)?);
    let target = target::of(given("relation", relation)?.0)?;
    grant_row(target, key, who, what, Period::new(valid_from, valid_until)?, note)
}

/// Revokes what was granted on a single row. Whether anything changed.
#[pg_extern]
fn acl_revoke_row(
    principal: Option<&str>,
    actions: Option<&str>,
    relation: Option<Regclass>,
    key: Option<&str>,
) -> Result<bool> {
    let (who, what, key) = (given("principal", principal)?, given("actions", actions)?, given("key", key)?);
    revoke_row(target::of(given("relation", relation)?.0)?, key, who, what)
}

/// Whether a row's own list adds to its location (true) or stands instead of it (false).
#[pg_extern]
fn acl_set_row_inherits(
    relation: Option<Regclass>,
    key: Option<&str>,
    enable: Option<bool>,
    copy: default!(Option<bool>, "false"),
) -> Result<()> {
    let target = target::of(given("relation", relation)?.0)?;
    set_row_inherits(target, given("key", key)?, given("enable", enable)?, given("copy", copy)?)
}

/// [`acl_grant_row`] on a table found otherwise.
pub fn grant_row(
    target: Rc<Target>,
    key: &str,
    who: &str,
    what: &str,
    period: Period,
    note: Option<&str>,
) -> Result<bool> {
    let asker = Asker::somebody()?;
    let row = Row::find(&asker, target, key)?;
    let list = row.list(&asker)?;
    grant::grant_on(&asker, &list, who, what, period, note)
}

/// [`acl_revoke_row`] on a table found otherwise.
pub fn revoke_row(target: Rc<Target>, key: &str, who: &str, what: &str) -> Result<bool> {
    let asker = Asker::somebody()?;
    let row = Row::find(&asker, target, key)?;
    match row.present_list()? {
        Some(list) => grant::revoke_on(&asker, &list, who, what),
        // Nothing to take away; the words are checked all the same, against what a list would be.
        None => {
            super::words::granted_some(what, "document", &asker.snap)?;
            super::address::principal(&asker, who).map(|_| false)
        }
    }
}

/// [`acl_set_row_inherits`] on a table found otherwise.
pub fn set_row_inherits(target: Rc<Target>, key: &str, enable: bool, copy: bool) -> Result<()> {
    let asker = Asker::somebody()?;
    let row = Row::find(&asker, target, key)?;
    if enable && row.present_list()?.is_none() {
        return Ok(());
    }
    let list = row.list(&asker)?;
    if list.inherits == enable {
        return Ok(());
    }
    if copy && !enable {
        for grant in resource::inherited(&list, &Snap::fresh())? {
            grants::give(&grants::New::copy(&grant, &list), asker.id(), &Snap::fresh())?;
        }
    }
    write::run("UPDATE docacl.resource SET inherits = $2 WHERE id = $1", &[list.id.into(), enable.into()])?;
    row.write_list(if enable { list.id } else { -list.id })
}

/// A row on which the asker may grant, locked against others who would make its list at the same time.
struct Row {
    target: Rc<Target>,
    table: String,
    /// Column and literal by which it is found.
    key: (String, String),
    own_acl: String,
    /// The key as it was written, and as the column's type writes it.
    written: String,
    canonical_key: String,
    list: Option<i64>,
    location: Option<i64>,
}

impl Row {
    fn find(asker: &Asker, target: Rc<Target>, key: &str) -> Result<Row> {
        let table = name_of(target.relation)?;
        let Some(own_acl) = target.spec.own_acl.clone() else {
            return Err(error::wrong_state(
                format!("rows of table {table} have no lists of their own"),
                "Protect the table again with the option \"own_acl\", naming a nullable bigint column.",
            ));
        };
        let unknown = || error::unknown_hint("row", key, "Give the key of a row that you may read.");
        may_share(asker, &target, key)?.ok_or_else(unknown)??;
        let Some(literal) = target.key_literal(key)? else {
            return Err(unknown());
        };
        let row = Row {
            table,
            own_acl,
            key: literal,
            written: key.to_owned(),
            canonical_key: String::new(),
            list: None,
            location: None,
            target,
        };
        row.locked()?.ok_or_else(unknown)
    }

    /// Locks the row and reads what decides about its list.
    fn locked(mut self) -> Result<Option<Row>> {
        let (column, literal) = &self.key;
        let found = write::id(
            &format!("SELECT 1::bigint FROM {} WHERE {column} = {literal} FOR NO KEY UPDATE", self.table),
            &[],
        )?;
        if found.is_none() {
            return Ok(None);
        }
        let columns = self.target.spec.shape_columns();
        let spec = self.target.spec.clone();
        let place = spec.gates.iter().find(|g| g.gate == "place");
        let snap = Snap::fresh();
        let read = self.target.with_row(&self.written, &snap, |row| {
            let types = self.target.types();
            let at = |name: &str| columns.iter().position(|c| *c == name);
            let value = |name: &str| at(name).and_then(|i| row[i].map(|d| (d, types[i])));
            let list = value(&self.own_acl).map(|(d, _)| d.value() as i64);
            let mut location = None;
            for reference in place.into_iter().flat_map(|p| &p.refs) {
                if let Some((datum, ty)) = value(&reference.column) {
                    let text = if ty == Type::Text { read_text(datum)? } else { read_value(ty, datum)?.to_key() };
                    location = match reference.by {
                        By::Id => text.parse().ok(),
                        By::Key => reference
                            .kinds
                            .iter()
                            .find_map(|k| facts::resource_with_key(k, &text, &snap).transpose())
                            .transpose()?
                            .map(|r| r.id),
                    };
                    break;
                }
            }
            Ok((list, location))
        })?;
        let Some((list, location)) = read else {
            return Ok(None);
        };
        self.list = list.map(|l| l.unsigned_abs() as i64);
        self.location = location;
        self.canonical_key = write::text(
            &format!(
                "SELECT {column}::text FROM {} WHERE {column} = {literal}",
                self.table,
                column = self.key.0,
                literal = self.key.1
            ),
            &[],
        )?
        .unwrap_or_default();
        Ok(Some(self))
    }

    fn present_list(&self) -> Result<Option<Resource>> {
        match self.list {
            Some(id) => Ok(Some(
                facts::resource(id, &Snap::fresh())?.ok_or_else(|| error::internal("a row whose own list is gone"))?,
            )),
            None => Ok(None),
        }
    }

    /// The row's list; made where there is none.
    fn list(&self, asker: &Asker) -> Result<Resource> {
        if let Some(list) = self.present_list()? {
            return Ok(list);
        }
        let account = match self.location {
            Some(id) => {
                facts::resource(id, &Snap::fresh())?
                    .ok_or_else(|| error::internal("a row in a location that is gone"))?
                    .account
            }
            None => asker.account()?,
        };
        let id = write::id(
            "INSERT INTO docacl.resource (account_id, kind, parent_id, inherits, name, relation, row_key, created_by) \
             VALUES ($1, 'document', $2, true, $3, $4, $3, $5) RETURNING id",
            &[
                account.into(),
                self.location.into(),
                self.canonical_key.as_str().into(),
                self.target.relation.into(),
                asker.id().into(),
            ],
        )?
        .ok_or_else(|| error::internal("no id"))?;
        self.write_list(id)?;
        facts::resource(id, &Snap::fresh())?.ok_or_else(|| error::internal("a list just made is gone"))
    }

    fn write_list(&self, value: i64) -> Result<()> {
        let own = pgrx::spi::quote_identifier(&self.own_acl);
        let (column, literal) = &self.key;
        let _owner = AsOwner::of_table(self.target.relation)?;
        let sql = format!("UPDATE {} SET {own} = $1 WHERE {column} = {literal}", self.table);
        Spi::run_with_args(&sql, &[value.into()]).map_err(|e| error::internal(e.to_string()))
    }
}

/// Whether the asker may grant on the row: security on it. None: no row that he may read.
fn may_share(asker: &Asker, target: &Target, key: &str) -> Result<Option<Result<()>>> {
    let snap = Snap::fresh();
    if asker.is_above() {
        return Ok(target.with_row(key, &snap, |_| Ok(()))?.map(Ok));
    }
    let Some(me) = &asker.principal else {
        return Ok(None);
    };
    let ring = freshness::ring(me.id, &snap)?;
    let Some(verdict) = target.verdict(&ring, key, &snap)? else {
        return Ok(None);
    };
    let actions = verdict.of_existing().actions;
    Ok(if actions.contains(Actions::SECURITY) {
        Some(Ok(()))
    } else if actions.contains(Actions::READ) {
        Some(Err(error::denied("permission denied to grant on this row", "It needs security on the row.")))
    } else {
        None
    })
}
