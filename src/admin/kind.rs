//! Own kinds, which are gates of their own, and own actions.

use docacl_core::{action, kind as core_kind};
use pgrx::prelude::*;

use super::address::{self, given};
use super::asker::Asker;
use super::{account, names, write};
use crate::error::{self, Result};
use crate::facts;
use crate::scan::{self, Access, Snap};

/// Words that would be mistaken for something else where a kind or a gate is written.
const RESERVED: [&str; 12] =
    ["scope", "place", "type", "own", "folder", "screen", "report", "user", "role", "group", "api_key", "principal"];

/// The first bit free for actions that a DBA adds, and the last.
const OWN_BITS: std::ops::RangeInclusive<i16> = 40..=62;

#[pg_extern]
fn acl_create_kind(name: Option<&str>, inherits: Option<bool>) -> Result<()> {
    let (written, inherits) = (given("name", name)?, given("inherits", inherits)?);
    let asker = Asker::somebody()?;
    asker.require_above("create kinds")?;
    names::check("name", written)?;
    let name = action::normalize_word(written);
    if RESERVED.contains(&name.as_str()) || name.contains([',', '/', '*']) {
        return Err(error::bad(
            format!("\"{written}\" is no name for a kind"),
            format!("Choose a word that is not one of {}, without a comma, slash or asterisk.", RESERVED.join(", ")),
        ));
    }
    write::run("LOCK TABLE docacl.kind IN SHARE ROW EXCLUSIVE MODE", &[])?;
    let snap = Snap::latest();
    if facts::kind(&name, &snap)?.is_some() {
        return Err(error::exists("kind", written));
    }
    write::run(
        "INSERT INTO docacl.kind (name, gate, inherits, has_star) VALUES ($1, $1, $2, true)",
        &[name.as_str().into(), inherits.into()],
    )?;
    for id in accounts(&snap)? {
        account::create_star(id, &name, asker.id())?;
    }
    Ok(())
}

#[pg_extern]
fn acl_set_kind(kind: Option<&str>, inherits: Option<bool>) -> Result<()> {
    let (written, inherits) = (given("kind", kind)?, given("inherits", inherits)?);
    let asker = Asker::somebody()?;
    asker.require_above("change kinds")?;
    let kind = address::kind(written, &asker.snap)?;
    let settable = match core_kind::built_in(&kind.name) {
        // A share adds; that is said for each row.
        Some(built_in) => built_in.name != "document" && (built_in.gate.is_some() && built_in.name != "account"),
        None => true,
    };
    if !settable {
        return Err(error::bad(
            format!("whether it inherits is not a setting of kind {}", kind.name),
            "Kinds with a parent of their own gate have it; for one resource use acl_set_inherits.",
        ));
    }
    write::run("UPDATE docacl.kind SET inherits = $2 WHERE name = $1", &[kind.name.as_str().into(), inherits.into()])
        .map(drop)
}

#[pg_extern]
fn acl_create_action(name: Option<&str>) -> Result<i32> {
    let written = given("name", name)?;
    let asker = Asker::somebody()?;
    asker.require_above("create actions")?;
    names::check("name", written)?;
    let name = action::normalize_word(written);
    if name.contains(',') || action::is_reserved_word(&name) && action::BUILT_IN.iter().all(|(n, _)| *n != name) {
        return Err(error::bad(
            format!("\"{written}\" is no name for an action"),
            "Choose a word that is not the name of a set of actions, without a comma.",
        ));
    }
    write::run("LOCK TABLE docacl.action IN SHARE ROW EXCLUSIVE MODE", &[])?;
    let taken = facts::custom_actions(&Snap::latest())?;
    if action::is_reserved_word(&name) || taken.iter().any(|c| c.name == name) {
        return Err(error::exists("action", written));
    }
    let used = taken.iter().fold(0u64, |bits, c| bits | c.action.bits());
    let bit = OWN_BITS.clone().find(|bit| used & (1u64 << bit) == 0).ok_or_else(|| {
        error::wrong_state("there is no bit left for another action", "23 actions can be added to the built-in ones.")
    })?;
    write::run("INSERT INTO docacl.action (bit, name) VALUES ($1, $2)", &[bit.into(), name.as_str().into()])?;
    Ok(i32::from(bit))
}

/// The ids of all accounts.
fn accounts(snap: &Snap) -> Result<Vec<i64>> {
    let mut ids = Vec::new();
    scan::each(Access { table: "resource", index: "resource_account_name" }, &[], snap, |tuple| {
        if tuple.must::<String>(3)? == "account" {
            ids.push(tuple.must(1)?);
        }
        Ok(true)
    })?;
    Ok(ids)
}
