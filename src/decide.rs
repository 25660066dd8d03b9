//! What a principal may do: with a resource itself, and with a row found by its key.

use docacl_core::SubjectKind;
use docacl_core::verdict::{Verdict, decide_on};

use crate::error::Result;
use crate::facts::Resource;
use crate::scan::Snap;
use crate::{freshness, nodes};

/// Everything a principal may do on a resource itself.
pub fn on_resource(principal: i64, resource: &Resource, snap: &Snap) -> Result<Verdict> {
    let ring = freshness::ring(principal, snap)?;
    let node = nodes::intern(resource);
    let key = ring.key_of(&node, snap)?;
    let inside = !node.is_scope() || key.is_home();
    Ok(decide_on(&ring.subject, key, inside))
}

/// Whether a principal is admin of an account.
pub fn is_admin(principal: i64, account: i64, snap: &Snap) -> Result<bool> {
    let ring = freshness::ring(principal, snap)?;
    Ok(ring.subject.admin && ring.account == Some(account) && ring.subject.kind != SubjectKind::Nobody)
}
