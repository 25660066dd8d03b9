//! What the session's user may see of docacl's own tables. Policies (sql/visibility.sql) and the views call it.
//!
//! Nothing is decided here that is not decided elsewhere: what one may do on a resource comes from
//! [`crate::decide`], who may grant from [`crate::admin::authority`], what one may do with a row from
//! [`crate::protect::target`]. An id of nothing is answered like one that may not be seen.

use std::rc::Rc;

use docacl_core::{Actions, SubjectKind, action, name};
use pgrx::pg_sys;
use pgrx::prelude::*;

use crate::admin::asker::Asker;
use crate::admin::authority::Deed;
use crate::admin::setting;
use crate::error::Result;
use crate::facts::{self, Resource};
use crate::protect::target;
use crate::ring::Ring;
use crate::scan::Snap;
use crate::{freshness, identity};

/// What stands in a path for what may not be seen, however much of it there is.
const HIDDEN: &str = "…";

/// Who looks.
pub enum Viewer {
    /// A superuser, a role with BYPASSRLS, or `system`.
    All(Snap),
    /// A principal, enabled and not expired.
    Principal { asker: Asker, ring: Rc<Ring>, account: i64 },
}

impl Viewer {
    /// Who looks now; none: nobody, who sees nothing.
    pub fn now() -> Result<Option<Viewer>> {
        // SAFETY: plain questions about the current user.
        if unsafe { pg_sys::superuser() || pg_sys::has_bypassrls_privilege(pg_sys::GetUserId()) } {
            return Ok(Some(Viewer::All(Snap::statement())));
        }
        let snap = Snap::statement();
        let Some(id) = freshness::session_principal(&snap)? else {
            identity::refuse_nobody()?;
            return Ok(None);
        };
        let ring = freshness::ring(id, &snap)?;
        match (ring.subject.kind, ring.account) {
            (SubjectKind::System, _) => Ok(Some(Viewer::All(snap))),
            (SubjectKind::User | SubjectKind::ApiKey, Some(account)) => {
                Ok(Some(Viewer::Principal { asker: Asker::under(snap)?, ring, account }))
            }
            _ => Ok(None),
        }
    }

    pub fn snap(&self) -> &Snap {
        match self {
            Viewer::All(snap) => snap,
            Viewer::Principal { asker, .. } => &asker.snap,
        }
    }

    /// A resource, if it may be seen: read or enter is held on it, or it is the admin's account's.
    fn resource(&self, id: i64) -> Result<Option<Resource>> {
        let found = facts::resource(id, self.snap())?;
        match found {
            Some(resource) if self.sees(&resource)? => Ok(Some(resource)),
            _ => Ok(None),
        }
    }

    fn sees(&self, resource: &Resource) -> Result<bool> {
        match self {
            Viewer::All(_) => Ok(true),
            Viewer::Principal { asker, account, .. } => Ok(resource.account == *account
                && (asker.is_admin()? || self.actions_on(resource)?.intersects(Actions::SHOWS))),
        }
    }

    /// What may be done on a resource; for a row's own list: with the row, whose other gates must open too.
    pub fn actions_on(&self, resource: &Resource) -> Result<Actions> {
        let Viewer::Principal { asker, ring, .. } = self else { return Ok(Actions::EVERYTHING) };
        let (Some(relation), Some(key)) = (resource.relation, &resource.row_key) else {
            return asker.actions_on(resource);
        };
        // A list may outlive the protection of its table: then there is no row to ask about.
        if facts::protected_table(relation, &asker.snap)?.is_none() {
            return Ok(Actions::empty());
        }
        let verdict = target::of(relation)?.verdict(ring, key, &asker.snap)?;
        Ok(verdict.map_or(Actions::empty(), |v| v.actions))
    }

    /// Whether the grants on a resource may be seen, whosever they are: where one may grant, and on a project that
    /// one may read.
    fn sees_grants_on(&self, id: i64) -> Result<bool> {
        let Viewer::Principal { asker, account, .. } = self else { return Ok(true) };
        let Some(resource) = facts::resource(id, &asker.snap)?.filter(|r| r.account == *account) else {
            return Ok(false);
        };
        if resource.relation.is_some() {
            return Ok(asker.is_admin()? || self.actions_on(&resource)?.contains(Actions::SECURITY));
        }
        Ok(asker.may(Deed::Grant, &resource)?
            || resource.kind == "project" && asker.actions_on(&resource)?.contains(Actions::READ))
    }

    /// Whether users and roles of the account are his to administer.
    fn manages_people(&self) -> Result<bool> {
        match self {
            Viewer::All(_) => Ok(true),
            Viewer::Principal { asker, .. } => {
                Ok(asker.holds_on_account(Actions::MANAGE_USERS)? || asker.holds_on_account(Actions::MANAGE_ROLES)?)
            }
        }
    }

    /// Whether a principal may be seen: oneself, one's roles, everyone; who is named by a grant that one may see; for
    /// who administers people, all of the account.
    fn sees_principal(&self, id: i64) -> Result<bool> {
        let Viewer::Principal { asker, ring, account } = self else { return Ok(true) };
        if ring.principals.contains(&id) {
            return Ok(true);
        }
        let Some(principal) = facts::principal(id, &asker.snap)?.filter(|p| p.account == Some(*account)) else {
            return Ok(false);
        };
        if principal.built_in.as_deref() == Some("everyone") || self.manages_people()? {
            return Ok(true);
        }
        let mut granted = facts::resources_granted(id, &asker.snap)?;
        granted.sort_unstable();
        granted.dedup();
        for resource in granted {
            if self.sees_grants_on(resource)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether one of one's principals was ever granted anything on a resource.
    fn holds_grant_on(&self, resource: i64) -> Result<bool> {
        let Viewer::Principal { asker, ring, .. } = self else { return Ok(true) };
        for principal in &ring.principals {
            if facts::resources_granted(*principal, &asker.snap)?.contains(&resource) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn sees_grant(&self, principal: i64, resource: i64) -> Result<bool> {
        match self {
            Viewer::Principal { ring, .. } if ring.principals.contains(&principal) => Ok(true),
            _ => self.sees_grants_on(resource),
        }
    }

    /// Whether a membership may be seen: one's own and one's roles', where the role may be seen; for who administers
    /// people, all of the account.
    fn sees_membership(&self, role: i64, member: i64) -> Result<bool> {
        let Viewer::Principal { asker, ring, account } = self else { return Ok(true) };
        if self.manages_people()? {
            return Ok(facts::principal(role, &asker.snap)?.is_some_and(|p| p.account == Some(*account)));
        }
        Ok(ring.principals.contains(&member) && self.sees_principal(role)?)
    }

    /// The path from the top, as [`name::format_path`] writes it. A run of names that may not be seen is one `…`: not
    /// even how many there are is said.
    fn path(&self, id: i64) -> Result<String> {
        let Some(resource) = self.resource(id)? else { return Ok(HIDDEN.to_owned()) };
        if resource.kind == "account" || resource.is_star {
            return Ok(resource.name);
        }
        let mut segments = vec![resource.name.clone()];
        let mut at = resource.parent;
        while let Some(above) = at.map(|id| facts::resource(id, self.snap())).transpose()?.flatten() {
            if above.kind == "account" {
                break;
            }
            if self.sees(&above)? {
                segments.push(above.name);
            } else if segments.last().is_none_or(|last| last != HIDDEN) {
                segments.push(HIDDEN.to_owned());
            }
            at = above.parent;
        }
        segments.reverse();
        Ok(name::format_path(segments))
    }
}

/// `docacl.sees_words()`: whether somebody is asking: kinds and actions are no secret inside the installation.
#[pg_extern(sql = false)]
fn docacl_sees_words() -> Result<bool> {
    Ok(Viewer::now()?.is_some())
}

/// `docacl.sees_resource(id)`.
#[pg_extern(sql = false)]
fn docacl_sees_resource(id: i64) -> Result<bool> {
    Ok(match Viewer::now()? {
        Some(viewer) => viewer.resource(id)?.is_some(),
        None => false,
    })
}

/// `docacl.sees_principal(id)`.
#[pg_extern(sql = false)]
fn docacl_sees_principal(id: i64) -> Result<bool> {
    Viewer::now()?.map_or(Ok(false), |viewer| viewer.sees_principal(id))
}

/// `docacl.sees_membership(role_id, member_id)`.
#[pg_extern(sql = false)]
fn docacl_sees_membership(role: i64, member: i64) -> Result<bool> {
    Viewer::now()?.map_or(Ok(false), |viewer| viewer.sees_membership(role, member))
}

/// `docacl.sees_grant(principal_id, resource_id)`.
#[pg_extern(sql = false)]
fn docacl_sees_grant(principal: i64, resource: i64) -> Result<bool> {
    Viewer::now()?.map_or(Ok(false), |viewer| viewer.sees_grant(principal, resource))
}

/// `docacl.sees_setting(resource_id)`.
#[pg_extern(sql = false)]
fn docacl_sees_setting(resource: i64) -> Result<bool> {
    match Viewer::now()? {
        Some(Viewer::All(_)) => Ok(true),
        Some(Viewer::Principal { asker, .. }) => match facts::resource(resource, &asker.snap)? {
            Some(found) => setting::sees(&asker, &found),
            None => Ok(false),
        },
        None => Ok(false),
    }
}

/// `docacl.path(resource_id)`; null for nobody.
#[pg_extern(sql = false)]
fn docacl_path(resource: i64) -> Result<Option<String>> {
    Viewer::now()?.map(|viewer| viewer.path(resource)).transpose()
}

/// `docacl.kind_of(resource_id)`: null where neither the resource nor a grant on it is one's to see.
#[pg_extern(sql = false)]
fn docacl_kind_of(resource: i64) -> Result<Option<String>> {
    let Some(viewer) = Viewer::now()? else { return Ok(None) };
    let Some(found) = facts::resource(resource, viewer.snap())? else { return Ok(None) };
    let told = viewer.sees(&found)? || viewer.sees_grants_on(resource)? || viewer.holds_grant_on(resource)?;
    Ok(told.then_some(found.kind))
}

/// `docacl.principal_name(id)`: null where the principal may not be seen.
#[pg_extern(sql = false)]
fn docacl_principal_name(id: i64) -> Result<Option<String>> {
    match Viewer::now()? {
        Some(viewer) if viewer.sees_principal(id)? => Ok(facts::principal(id, viewer.snap())?.map(|p| p.name)),
        _ => Ok(None),
    }
}

/// `docacl.action_words(actions)`: the bits of a grant as words that `acl_grant` takes.
#[pg_extern(sql = false)]
fn docacl_action_words(actions: i64) -> Result<String> {
    let custom = facts::custom_actions(&Snap::statement())?;
    Ok(action::words(Actions::from_bits_retain(actions as u64), &custom))
}
