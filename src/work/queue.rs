//! Queues: documents wait, whoever works the queue claims one and completes it.

use docacl_core::Actions;
use pgrx::prelude::*;

use super::Document;
use crate::admin::address::{self, given, named};
use crate::admin::asker::Asker;
use crate::admin::write;
use crate::error::{self, Result};
use crate::facts::Resource;
use crate::scan::Snap;
use serde::Deserialize;

/// An item, as far as it decides who may complete it.
#[derive(Deserialize)]
struct Item {
    queue: i64,
    relation: u32,
    key: String,
}

/// The queue a person means, among those that are `allowed`.
fn queue_of(asker: &Asker, written: Option<&str>, allowed: &dyn Fn(&Resource) -> Result<bool>) -> Result<Resource> {
    let (kind, written) = (address::kind("queue", &asker.snap)?, named("queue", written)?);
    address::resource_where(asker, &kind, written, allowed, || {
        error::denied(format!("not allowed to work queue \"{written}\""), "It needs work_queue on the queue.")
    })
}

/// Puts a document in a queue; its open item, where it is there already.
fn enqueue(queue: Option<&str>, doc: &str) -> Result<i64> {
    given("queue", queue)?;
    let asker = Asker::somebody()?;
    let document = Document::of(&asker, doc)?;
    // Who may launch a workflow may send a document to any queue of the account; else one's own queues.
    let sends = document.actions.contains(Actions::WORKFLOW);
    let account = asker.account()?;
    let queue = queue_of(&asker, queue, &|q| Ok(q.account == account && sends || works(&asker, q)?))?;
    let relation = document.target.relation;
    let put = "INSERT INTO docacl.queue_item (account_id, queue_id, relation, row_key, enqueued_by)
               VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING id";
    let key = document.key.as_str();
    if let Some(id) =
        write::id(put, &[queue.account.into(), queue.id.into(), relation.into(), key.into(), asker.id().into()])?
    {
        return Ok(id);
    }
    // It is there. Whoever claimed it, or an admin, thereby gives it back.
    let back = "UPDATE docacl.queue_item SET state = 'waiting', claimed_by = NULL, claimed_at = NULL
                WHERE queue_id = $1 AND relation = $2 AND row_key = $3 AND state = 'claimed' AND (claimed_by = $4 OR $5) RETURNING id";
    let admin = asker.is_admin()?;
    if let Some(id) = write::id(back, &[queue.id.into(), relation.into(), key.into(), asker.id().into(), admin.into()])?
    {
        return Ok(id);
    }
    let there =
        "SELECT id FROM docacl.queue_item WHERE queue_id = $1 AND relation = $2 AND row_key = $3 AND state <> 'done'";
    write::id(there, &[queue.id.into(), relation.into(), key.into()])?
        .ok_or_else(|| error::wrong_state("the document's item was completed just now", "Put it in the queue again."))
}

fn works(asker: &Asker, queue: &Resource) -> Result<bool> {
    Ok(asker.actions_on(queue)?.contains(Actions::WORK_QUEUE))
}

/// Puts a document of the default table in a queue.
#[pg_extern]
fn acl_enqueue(queue: Option<&str>, doc: Option<i64>) -> Result<i64> {
    enqueue(queue, &given("doc", doc)?.to_string())
}

/// Puts a document of the default table in a queue.
#[pg_extern(name = "acl_enqueue")]
fn acl_enqueue_uuid(queue: Option<&str>, doc: Option<pgrx::Uuid>) -> Result<i64> {
    enqueue(queue, &given("doc", doc)?.to_string())
}

/// Puts a document of the default table in a queue.
#[pg_extern(name = "acl_enqueue")]
fn acl_enqueue_text(queue: Option<&str>, doc: Option<&str>) -> Result<i64> {
    enqueue(queue, given("doc", doc)?)
}

/// Claims the oldest waiting item whose document the session's user may read; where none waits, one that is with somebody
/// who may not work on it any more; null where there is none of either.
#[pg_extern]
fn acl_claim(queue: Option<&str>) -> Result<Option<i64>> {
    given("queue", queue)?;
    let asker = Asker::somebody()?;
    let queue = queue_of(&asker, queue, &|q| works(&asker, q))?;
    if asker.principal.is_none() {
        return Err(error::denied("nobody is logged in who could claim an item", "Log in with acl_set_user."));
    }
    // LockRows is above the filter: what another session is claiming is passed over, and only what is taken is locked.
    let claim = |among: &str| {
        write::id(
            &format!(
                "UPDATE docacl.queue_item SET state = 'claimed', claimed_by = $2, claimed_at = pg_catalog.now()
                 WHERE id = (SELECT i.id FROM docacl.queue_item AS i
                             WHERE i.queue_id = $1 AND {among} AND docacl.reads_row($2, i.relation, i.row_key)
                             ORDER BY i.id LIMIT 1 FOR UPDATE SKIP LOCKED)
                 RETURNING id"
            ),
            &[queue.id.into(), asker.id().into()],
        )
    };
    match claim("i.state = 'waiting'")? {
        Some(item) => Ok(Some(item)),
        None => claim(
            "i.state = 'claimed' AND i.claimed_by <> $2
             AND NOT docacl.works_on(i.claimed_by, i.queue_id, i.relation, i.row_key)",
        ),
    }
}

/// Completes an item that the session's user claimed; false where it is complete already.
#[pg_extern]
fn acl_complete(item: Option<i64>) -> Result<bool> {
    let item = given("item", item)?;
    let asker = Asker::somebody()?;
    let unknown = || error::unknown_hint("item", &item.to_string(), "Give an item that you claimed with acl_claim.");
    let found: Item = super::row(
        "SELECT queue_id AS queue, relation::oid::bigint AS relation, row_key AS key
         FROM docacl.queue_item WHERE id = $1",
        item,
    )?
    .ok_or_else(unknown)?;
    let queue = crate::facts::resource(found.queue, &Snap::fresh())?.ok_or_else(unknown)?;
    // As everywhere: an item that he may not see does not exist.
    if !(works(&asker, &queue)? && super::reads_as(&asker, found.relation, &found.key)?) {
        return Err(unknown());
    }
    let done = write::run(
        "UPDATE docacl.queue_item SET state = 'done', completed_by = $2, completed_at = pg_catalog.now()
         WHERE id = $1 AND state <> 'done' AND (claimed_by = $2 OR $3)",
        &[item.into(), asker.id().into(), asker.is_admin()?.into()],
    )?;
    // Another session may have completed it since it was read.
    let state = write::text("SELECT state FROM docacl.queue_item WHERE id = $1", &[item.into()])?;
    if done == 1 || state.as_deref() == Some("done") {
        return Ok(done == 1);
    }
    Err(error::denied(format!("item {item} is not yours"), "Claim it with acl_claim first."))
}
