//! What leaves no trace in a row: that somebody was let print, send, export, start a workflow and so on. `acl_require`
//! and its like write it into the outbox (docacl.event), in the transaction that goes on to do it.

use docacl_core::{Actions, action};
use pgrx::pg_sys;
use serde_json::{Map, Value, json};

use super::answers::Question;
use crate::admin::write;
use crate::error::Result;
use crate::facts;
use crate::scan::Snap;

/// The built-in actions that change no row.
const BUILT_IN: Actions = Actions::PRINT
    .union(Actions::EMAIL)
    .union(Actions::IMPORT)
    .union(Actions::EXPORT)
    .union(Actions::WORKFLOW)
    .union(Actions::CALENDAR)
    .union(Actions::SUBSCRIPTION)
    .union(Actions::AUTOMATION)
    .union(Actions::READING_REQUEST);

/// Bits of actions that a DBA added: what they do docacl cannot see.
const FIRST_OF_DBA: u32 = 40;
const LAST_OF_DBA: u32 = 62;

fn traceless() -> Actions {
    let added = (FIRST_OF_DBA..=LAST_OF_DBA).fold(0u64, |bits, bit| bits | 1 << bit);
    BUILT_IN | Actions::from_bits_retain(added)
}

/// Writes an event of what was asked for and allowed, where it is to be told of. `of` says of what: a row or a resource.
///
/// Nothing is written where PostgreSQL lets nothing be written, on a standby or in a read-only transaction: the question is
/// answered there all the same.
pub fn tell(question: &Question, asked: Actions, account: i64, of: Map<String, Value>) -> Result<()> {
    let done = asked & traceless();
    // SAFETY: plain reads of backend state.
    if done.is_empty() || unsafe { pg_sys::XactReadOnly || pg_sys::RecoveryInProgress() } {
        return Ok(());
    }
    let snap = Snap::statement();
    let who = question.principal.map(|id| facts::principal(id, &snap)).transpose()?.flatten();
    let mut payload = of;
    payload.insert("actions".to_owned(), json!(action::names(done, &question.custom()?)));
    payload.insert("id".to_owned(), json!(question.principal));
    payload.insert("name".to_owned(), json!(who.map(|p| p.name)));
    write::run(
        "INSERT INTO docacl.event (account_id, event, payload) VALUES ($1, 'action', $2)",
        &[account.into(), pgrx::JsonB(Value::Object(payload)).into()],
    )
    .map(drop)
}
