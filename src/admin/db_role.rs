//! Which principal a database role is, and which database roles may say who is asking.
//!
//! Kept by name and oid: after a restore the oids are others, and a role that was dropped and made again is another.

use std::ffi::CString;

use pgrx::pg_sys;
use pgrx::prelude::*;

use super::address::{self, given};
use super::asker::Asker;
use super::write;
use crate::error::{self, Result};
use crate::facts;
use crate::scan::Snap;

#[pg_extern]
fn acl_map(db_role: Option<&str>, principal: Option<&str>) -> Result<()> {
    let (name, written) = (given("db_role", db_role)?, given("principal", principal)?);
    let asker = Asker::now()?;
    asker.require_superuser("map database roles")?;
    let principal = address::principal(&asker, written)?;
    let role = database_role(name)?;
    lock()?;
    match facts::db_role(role, &Snap::latest())? {
        Some(facts::DbRole { principal: Some(mapped) }) if mapped == principal.id => Ok(()),
        Some(facts::DbRole { principal: Some(_) }) => Err(error::exists("mapping of database role", name)
            .set_hint("End it first with acl_unmap: one principal per role.")),
        Some(facts::DbRole { principal: None }) => Err(error::wrong_state(
            format!("database role \"{name}\" is trusted"),
            "A trusted role cannot be mapped; end the trust first with acl_distrust.",
        )),
        None => insert(role, name, Some(principal.id)),
    }
}

#[pg_extern]
fn acl_unmap(db_role: Option<&str>) -> Result<()> {
    let name = given("db_role", db_role)?;
    Asker::now()?.require_superuser("map database roles")?;
    remove(
        name,
        "DELETE FROM docacl.db_role AS d WHERE d.principal_id IS NOT NULL AND (d.role_oid = $1
            OR d.role_name = $2 AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.oid = d.role_oid))",
    )
}

#[pg_extern]
fn acl_trust(db_role: Option<&str>) -> Result<()> {
    let name = given("db_role", db_role)?;
    Asker::now()?.require_superuser("trust database roles")?;
    let role = database_role(name)?;
    lock()?;
    match facts::db_role(role, &Snap::latest())? {
        Some(facts::DbRole { principal: None }) => Ok(()),
        Some(_) => Err(error::wrong_state(
            format!("database role \"{name}\" is mapped to a principal"),
            "A mapped role cannot be trusted; end the mapping first with acl_unmap.",
        )),
        None => insert(role, name, None),
    }
}

#[pg_extern]
fn acl_distrust(db_role: Option<&str>) -> Result<()> {
    let name = given("db_role", db_role)?;
    Asker::now()?.require_superuser("trust database roles")?;
    remove(
        name,
        "DELETE FROM docacl.db_role AS d WHERE d.principal_id IS NULL AND (d.role_oid = $1
            OR d.role_name = $2 AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.oid = d.role_oid))",
    )
}

fn lock() -> Result<()> {
    write::run("LOCK TABLE docacl.db_role IN SHARE ROW EXCLUSIVE MODE", &[]).map(drop)
}

fn insert(role: pg_sys::Oid, name: &str, principal: Option<i64>) -> Result<()> {
    // A row of this name is of a role that was dropped, or renamed: it must not stand in the way.
    write::run(
        "DELETE FROM docacl.db_role AS d WHERE d.role_name = $1 AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.oid = d.role_oid)",
        &[name.into()],
    )?;
    write::run(
        "UPDATE docacl.db_role AS d SET role_name = r.rolname FROM pg_catalog.pg_roles AS r WHERE r.oid = d.role_oid AND d.role_name = $1",
        &[name.into()],
    )?;
    write::run(
        "INSERT INTO docacl.db_role (role_oid, role_name, principal_id) VALUES ($1, $2, $3)",
        &[role.into(), name.into(), principal.into()],
    )
    .map(drop)
}

fn remove(name: &str, sql: &str) -> Result<()> {
    let role = oid_of(name)?;
    let removed = write::run(sql, &[role.unwrap_or(pg_sys::Oid::INVALID).into(), name.into()])?;
    // A role that does not exist and is not remembered either is a misspelt one.
    if removed == 0 && role.is_none() { Err(unknown_role(name)) } else { Ok(()) }
}

fn database_role(name: &str) -> Result<pg_sys::Oid> {
    oid_of(name)?.ok_or_else(|| unknown_role(name))
}

fn unknown_role(name: &str) -> pg_sys::panic::ErrorReport {
    error::unknown_hint("database role", name, "Make it first with CREATE ROLE; names are exact, without quotes.")
}

fn oid_of(name: &str) -> Result<Option<pg_sys::Oid>> {
    let text = CString::new(name).map_err(|_| unknown_role(name))?;
    // SAFETY: a catalogue look-up by name that answers with an invalid oid where there is none.
    let oid = unsafe { pg_sys::get_role_oid(text.as_ptr(), true) };
    Ok((oid != pg_sys::Oid::INVALID).then_some(oid))
}
