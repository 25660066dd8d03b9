//! Who sees an item of a queue, a task, a form: what the policies on their tables call (sql/work.sql).

use docacl_core::Actions;
use pgrx::pg_sys;
use pgrx::prelude::*;

use super::{reads, task};
use crate::decide;
use crate::error::Result;
use crate::facts;
use crate::regclass::Regclass;
use crate::visible::Viewer;

/// Whether what a viewer may do on a resource of this id includes an action.
fn holds(viewer: &Viewer, resource: i64, action: Actions) -> Result<bool> {
    match facts::resource(resource, viewer.snap())? {
        Some(resource) => Ok(viewer.actions_on(&resource)?.contains(action)),
        None => Ok(false),
    }
}

fn reads_it(viewer: &Viewer, relation: pg_sys::Oid, key: &str) -> Result<bool> {
    match viewer {
        Viewer::All(_) => Ok(true),
        Viewer::Principal { asker, .. } => reads(asker.id(), relation, key, viewer.snap()),
    }
}

/// `docacl.sees_item(queue_id, relation, row_key)`.
#[pg_extern(sql = false)]
fn docacl_sees_item(queue: i64, relation: Regclass, key: &str) -> Result<bool> {
    let Some(viewer) = Viewer::now()? else { return Ok(false) };
    Ok(holds(&viewer, queue, Actions::WORK_QUEUE)? && reads_it(&viewer, relation.0, key)?)
}

/// `docacl.sees_task(role_id, relation, row_key)`.
#[pg_extern(sql = false)]
fn docacl_sees_task(role: i64, relation: Regclass, key: &str) -> Result<bool> {
    let Some(viewer) = Viewer::now()? else { return Ok(false) };
    let his = match &viewer {
        Viewer::All(_) => true,
        Viewer::Principal { ring, .. } => task::is_member(ring, role, viewer.snap())? || administers(&viewer, role)?,
    };
    Ok(his && reads_it(&viewer, relation.0, key)?)
}

fn administers(viewer: &Viewer, role: i64) -> Result<bool> {
    match viewer {
        Viewer::All(_) => Ok(true),
        Viewer::Principal { asker, account, .. } => {
            Ok(asker.is_admin()? && facts::principal(role, viewer.snap())?.is_some_and(|r| r.account == Some(*account)))
        }
    }
}

/// `docacl.sees_form(form_id)`.
#[pg_extern(sql = false)]
fn docacl_sees_form(form: i64) -> Result<bool> {
    match Viewer::now()? {
        Some(viewer) => holds(&viewer, form, Actions::COMPLETE_FORM),
        None => Ok(false),
    }
}

/// `docacl.reads_row(principal_id, relation, row_key)`: whether a principal may read a row. For docacl's own statements,
/// which run as the extension's owner.
#[pg_extern(sql = false)]
fn docacl_reads_row(principal: i64, relation: Regclass, key: &str) -> Result<bool> {
    reads(principal, relation.0, key, &crate::scan::Snap::statement())
}

/// `docacl.works_on(principal_id, queue_id, relation, row_key)`: whether a principal works a queue and may read a row. For
/// docacl's own statements, as above.
#[pg_extern(sql = false)]
fn docacl_works_on(principal: i64, queue: i64, relation: Regclass, key: &str) -> Result<bool> {
    let snap = crate::scan::Snap::statement();
    let Some(queue) = facts::resource(queue, &snap)? else { return Ok(false) };
    let works = decide::on_resource(principal, &queue, &snap)?.actions.contains(Actions::WORK_QUEUE);
    Ok(works && reads(principal, relation.0, key, &snap)?)
}
