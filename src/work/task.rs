//! Approval tasks: a role decides on a document, by one of its members or by all of them.

use docacl_core::Actions;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use serde::Deserialize;
use serde_json::json;

use super::{Document, reads, reads_as, row, tell};
use crate::admin::address::given;
use crate::admin::asker::{self, Asker};
use crate::admin::write;
use crate::error::{self, Result};
use crate::facts::{self, PrincipalKind};
use crate::freshness;
use crate::lookup;
use crate::ring::Ring;
use crate::scan::Snap;

/// A task, as far as it decides who may decide.
#[derive(Deserialize)]
struct Task {
    account: i64,
    role: i64,
    relation: u32,
    key: String,
    everyone: bool,
    state: String,
}

fn create(doc: &str, role: Option<&str>, everyone: Option<bool>) -> Result<i64> {
    let (written, everyone) = (given("role", role)?, given("everyone", everyone)?);
    let asker = Asker::somebody()?;
    let document = Document::of(&asker, doc)?;
    if !document.actions.contains(Actions::WORKFLOW) {
        return Err(error::denied(
            format!("not allowed to start a task on document \"{doc}\""),
            "It needs workflow on the document.",
        ));
    }
    // Who may start a task need not see who there is: a user's name is answered like no name.
    let role = lookup::principal_in(asker.account()?, written, &asker.snap)?
        .filter(|found| found.kind == PrincipalKind::Role)
        .ok_or_else(|| error::unknown("role", written))?;
    if !role.approves {
        return Err(error::wrong_object(
            format!("role \"{written}\" is not an approval role"),
            "Name one made with acl_create_role(…, purpose => 'approval').",
        ));
    }
    let relation = document.target.relation;
    let id = write::id(
        "INSERT INTO docacl.task (account_id, role_id, relation, row_key, everyone, created_by)
         VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
        &[
            role.account.into(),
            role.id.into(),
            relation.into(),
            document.key.as_str().into(),
            everyone.into(),
            asker.id().into(),
        ],
    )?
    .ok_or_else(|| error::internal("a task was not made"))?;
    if !any_reads(&members(role.id)?, relation.to_u32(), &document.key)? {
        pgrx::warning!("no member of role \"{}\" may read the document: nobody sees the task", role.name);
    }
    if let Some(account) = role.account {
        tell(account, "task_created", json!({"id": id, "role": role.name, "document": document.key}))?;
    }
    Ok(id)
}

/// The members of a role, now, who decide if they may read the document: a read-only user decides on nothing.
fn members(role: i64) -> Result<Vec<i64>> {
    let snap = Snap::fresh();
    let now = asker::now();
    let mut out = Vec::new();
    docacl_core::graph::closure(role, |at, below| {
        match facts::principal(at, &snap)? {
            Some(p) if p.kind == PrincipalKind::Role && p.enabled => {
                let members = facts::members_of(at, &snap)?;
                below.extend(members.iter().filter(|m| crate::admin::roles::period(m).holds_at(now)).map(|m| m.member));
            }
            Some(p) if p.kind == PrincipalKind::User && asker::is_active(&p) && !p.read_only => out.push(at),
            _ => {}
        }
        Ok::<(), ErrorReport>(())
    })?;
    Ok(out)
}

/// Whether one of these may read a row: what each holds is found out, until one may.
fn any_reads(members: &[i64], relation: u32, key: &str) -> Result<bool> {
    let snap = Snap::fresh();
    for member in members {
        if reads(*member, relation.into(), key, &snap)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Starts an approval task on a document of the default table.
#[pg_extern]
fn acl_create_task(doc: Option<i64>, role: Option<&str>, everyone: default!(Option<bool>, "false")) -> Result<i64> {
    create(&given("doc", doc)?.to_string(), role, everyone)
}

/// Starts an approval task on a document of the default table.
#[pg_extern(name = "acl_create_task")]
fn acl_create_task_uuid(
    doc: Option<pgrx::Uuid>,
    role: Option<&str>,
    everyone: default!(Option<bool>, "false"),
) -> Result<i64> {
    create(&given("doc", doc)?.to_string(), role, everyone)
}

/// Starts an approval task on a document of the default table.
#[pg_extern(name = "acl_create_task")]
fn acl_create_task_text(
    doc: Option<&str>,
    role: Option<&str>,
    everyone: default!(Option<bool>, "false"),
) -> Result<i64> {
    create(given("doc", doc)?, role, everyone)
}

/// Decides on a task; its state afterwards: `open`, `approved` or `rejected`.
#[pg_extern]
fn acl_decide(task: Option<i64>, approve: Option<bool>, note: default!(Option<&str>, "NULL")) -> Result<String> {
    let (id, approve) = (given("task", task)?, given("approve", approve)?);
    let asker = Asker::somebody()?;
    let unknown = || error::unknown_hint("task", &id.to_string(), "Give a task of docacl.task_list.");
    // The lock: of two members who decide at once, the second counts what the first did.
    let task: Task = row(
        "SELECT account_id AS account, role_id AS role, relation::oid::bigint AS relation, row_key AS key, everyone, state
         FROM docacl.task WHERE id = $1 FOR UPDATE",
        id,
    )?
    .ok_or_else(unknown)?;
    let me = asker.principal.as_ref().filter(|p| p.kind == PrincipalKind::User).map(|p| p.id);
    let member = match me {
        Some(me) => is_member(&*freshness::ring(me, &Snap::fresh())?, task.role, &Snap::fresh())?,
        None => false,
    };
    let sees = member || asker.is_above() || asker.is_admin()? && asker.account()? == task.account;
    if !(sees && reads_as(&asker, task.relation, &task.key)?) {
        return Err(unknown());
    }
    let (Some(me), true) = (me, member) else {
        return Err(error::denied(format!("task {id} is not yours to decide"), "A member of its role decides it."));
    };
    if task.state != "open" {
        return Err(error::wrong_state(
            format!("task {id} is {} already", task.state),
            "Start another with acl_create_task.",
        ));
    }
    write::run(
        "INSERT INTO docacl.decision (task_id, principal_id, approve, note) VALUES ($1, $2, $3, $4)
         ON CONFLICT (task_id, principal_id) DO UPDATE SET approve = excluded.approve, note = excluded.note, at = now()",
        &[id.into(), me.into(), approve.into(), note.into()],
    )?;
    let state = if !approve {
        "rejected"
    } else if task.everyone && !all_approved(id, &task)? {
        "open"
    } else {
        "approved"
    };
    if state == "open" {
        // Under REPEATABLE READ a member who decided at the same time did not see this decision: he has to try again.
        write::run("UPDATE docacl.task SET state = state WHERE id = $1", &[id.into()])?;
    } else {
        write::run(
            "UPDATE docacl.task SET state = $2, decided_at = pg_catalog.now() WHERE id = $1",
            &[id.into(), state.into()],
        )?;
        tell(task.account, "task_decided", json!({"id": id, "state": state, "document": task.key}))?;
    }
    Ok(state.to_owned())
}

/// Whether somebody is in a role that gets tasks: one that is enabled and still is an approval role.
pub fn is_member(ring: &Ring, role: i64, snap: &Snap) -> Result<bool> {
    Ok(ring.principals.contains(&role) && facts::principal(role, snap)?.is_some_and(|r| r.approves))
}

/// Whether everybody who is in the role now and may read the document has approved: who came meanwhile has to, who left
/// has not, and what he had said no longer counts.
fn all_approved(id: i64, task: &Task) -> Result<bool> {
    let approved = write::ids("SELECT principal_id FROM docacl.decision WHERE task_id = $1 AND approve", &[id.into()])?;
    let mut rest = members(task.role)?;
    rest.retain(|member| !approved.contains(member));
    Ok(!any_reads(&rest, task.relation, &task.key)?)
}
