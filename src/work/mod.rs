//! Work that follows the roles: documents in queues, approval tasks, forms.
//!
//! | module | says |
//! |---|---|
//! | [`queue`] | documents wait in a queue; whoever works it claims and completes them |
//! | [`task`] | an approval role decides on a document |
//! | [`form`] | a completed form becomes a document |
//! | [`seen`] | who sees an item, a task, a form |
//!
//! A queue, a role or a form opens no document: whoever works on one must be able to read it, as everybody else.

use std::rc::Rc;

use docacl_core::Actions;
use pgrx::pg_sys;

use crate::admin::asker::Asker;
use crate::error::{self, Result};
use crate::freshness;
use crate::protect::key;
use crate::protect::target::{self, Target};
use crate::scan::Snap;

mod form;
mod queue;
mod seen;
mod task;

/// A row of the default documents table that the asker may read.
struct Document {
    target: Rc<Target>,
    /// Its key, as docacl writes it.
    key: String,
    /// What the asker may do with it.
    actions: Actions,
}

impl Document {
    /// 42704 where there is no such row, or none that the asker may read.
    fn of(asker: &Asker, written: &str) -> Result<Document> {
        let target = target::default()?;
        let actions = if asker.superuser {
            target.with_row(written, &asker.snap, |_| Ok(()))?.map(|()| Actions::EVERYTHING)
        } else {
            let ring = freshness::ring(asker.id(), &asker.snap)?;
            target.verdict(&ring, written, &asker.snap)?.map(|v| v.actions).filter(|a| a.contains(Actions::READ))
        };
        match actions {
            Some(actions) => Ok(Document { key: canonical(&target, written)?, target, actions }),
            None => Err(error::unknown_hint("document", written, "Give the key of a document that you may read.")),
        }
    }
}

/// A key that was found, as docacl writes it: `007` of a bigint is `7`.
fn canonical(target: &Target, written: &str) -> Result<String> {
    let types = target.key_types()?;
    let texts = key::split(&types, written).unwrap_or_default();
    let texts: Vec<String> = types.iter().zip(texts).map(|(ty, text)| written_out(*ty, text)).collect();
    Ok(key::join(&types, &texts))
}

fn written_out(ty: pg_sys::Oid, text: String) -> String {
    match ty {
        pg_sys::INT2OID | pg_sys::INT4OID | pg_sys::INT8OID => {
            text.trim().parse().map_or(text.clone(), |i: i64| i.to_string())
        }
        pg_sys::UUIDOID => {
            crate::value::parse_uuid(&text).map_or(text, |bits| pgrx::Uuid::from_bytes(bits.to_be_bytes()).to_string())
        }
        _ => text,
    }
}

/// Whether a principal may read a row. A table that is gone or no longer protected: no.
fn reads(principal: i64, relation: pg_sys::Oid, key: &str, snap: &Snap) -> Result<bool> {
    if crate::facts::protected_table(relation, snap)?.is_none() {
        return Ok(false);
    }
    let verdict = target::of(relation)?.verdict(&freshness::ring(principal, snap)?, key, snap)?;
    Ok(verdict.is_some_and(|v| v.actions.contains(Actions::READ)))
}

/// Tells whoever listens, in the transaction that did it.
fn tell(account: i64, event: &str, payload: serde_json::Value) -> Result<()> {
    crate::admin::write::run(
        "INSERT INTO docacl.event (account_id, event, payload) VALUES ($1, $2, $3)",
        &[account.into(), event.into(), pgrx::JsonB(payload).into()],
    )
    .map(drop)
}

/// The one row that a statement returns for an id, by the names of its columns; read as the extension's owner.
fn row<T: serde::de::DeserializeOwned>(sql: &str, id: i64) -> Result<Option<T>> {
    let json =
        crate::admin::write::text(&format!("SELECT pg_catalog.row_to_json(r)::text FROM ({sql}) AS r"), &[id.into()])?;
    json.map(|text| serde_json::from_str(&text).map_err(|e| error::internal(e.to_string()))).transpose()
}

/// Whether the asker may read a row: a superuser every one.
fn reads_as(asker: &Asker, relation: u32, key: &str) -> Result<bool> {
    Ok(asker.superuser || reads(asker.id(), relation.into(), key, &Snap::fresh())?)
}
