//! Who may administer what: the table of that name in the design, one function for each of its lines.
//!
//! A refusal is 42501 where the asker may see the object, and exactly the answer to an unknown name where he may
//! not: a command must not tell him what exists.

use docacl_core::Actions;
use pgrx::pg_sys::panic::ErrorReport;

use super::asker::Asker;
use crate::decide;
use crate::error::{self, Result};
use crate::facts::{self, Kind, PrincipalKind, Resource};

/// What one wants to do with a resource that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Grant, revoke, or change whether it inherits.
    Grant,
    /// Give it another name.
    Rename,
    /// Give it another parent.
    Move,
    /// Remove it.
    Drop,
}

/// The functions, made with every account, that stand for a part of its administration.
pub const PROJECTS: &str = "Projects";
/// See [`PROJECTS`].
pub const PROJECT_AUTHORIZATIONS: &str = "Project Authorizations";
/// See [`PROJECTS`].
pub const ROLE_AUTHORIZATIONS: &str = "Role Authorizations";

impl Asker {
    /// Line "anything": a superuser or `system`. `what` completes "only a superuser or system may".
    pub fn require_above(&self, what: &str) -> Result<()> {
        if self.is_above() {
            return Ok(());
        }
        Err(error::denied(
            format!("only a superuser or system may {what}"),
            "Ask whoever administers the database, or have the database role mapped to system.",
        ))
    }

    /// Line "map and trust database roles".
    pub fn require_superuser(&self, what: &str) -> Result<()> {
        if self.superuser {
            return Ok(());
        }
        Err(error::denied(format!("only a superuser may {what}"), "Ask whoever administers the database server."))
    }

    /// Line "anything inside an account". An API key is never an admin here: that would leave its environment.
    pub fn is_admin(&self) -> Result<bool> {
        if self.is_above() {
            return Ok(true);
        }
        match &self.principal {
            Some(p) if p.kind == PrincipalKind::User => decide::is_admin(p.id, self.account()?, &self.snap),
            _ => Ok(false),
        }
    }

    /// Everything that the asker may do on a resource itself.
    pub fn actions_on(&self, resource: &Resource) -> Result<Actions> {
        if self.is_above() {
            return Ok(Actions::EVERYTHING);
        }
        match &self.principal {
            Some(p) if resource.account == self.account()? => {
                Ok(decide::on_resource(p.id, resource, &self.snap)?.actions)
            }
            _ => Ok(Actions::empty()),
        }
    }

    fn holds(&self, resource: Option<&Resource>, action: Actions) -> Result<bool> {
        match resource {
            Some(resource) => Ok(self.actions_on(resource)?.contains(action)),
            None => Ok(false),
        }
    }

    /// Lines "environments, companies …" and "grants on account …": an action held on the account.
    pub fn holds_on_account(&self, action: Actions) -> Result<bool> {
        Ok(self.is_admin()? || self.holds(facts::resource(self.account()?, &self.snap)?.as_ref(), action)?)
    }

    /// As [`Asker::holds_on_account`], refused. `what` completes "not allowed to".
    pub fn require_on_account(&self, action: Actions, what: &str) -> Result<()> {
        if self.holds_on_account(action)? {
            return Ok(());
        }
        let needed = docacl_core::action::names(action, &[]).join(", ");
        Err(error::denied(format!("not allowed to {what}"), format!("It needs {needed} on the account.")))
    }

    /// Write on one of the functions that stand for a part of the administration.
    fn holds_function(&self, name: &str) -> Result<bool> {
        // Only the one at the top counts: whoever may create functions could make another of that name below.
        let account = self.account()?;
        let found = facts::resources_named(account, "function", name, &self.snap)?;
        self.holds(found.iter().find(|r| r.parent.is_none()), Actions::WRITE)
    }

    fn parent(&self, resource: &Resource) -> Result<Option<Resource>> {
        match resource.parent {
            Some(parent) => facts::resource(parent, &self.snap),
            None => Ok(None),
        }
    }

    /// Whether the asker may do this with the resource.
    pub fn may(&self, deed: Deed, resource: &Resource) -> Result<bool> {
        if self.is_above() {
            return Ok(true);
        }
        if resource.account != self.account()? {
            return Ok(false);
        }
        let of_account = resource.kind == "account";
        if self.is_admin()? {
            return Ok(!of_account || deed == Deed::Grant);
        }
        if resource.is_star {
            return self.holds_on_account(Actions::MANAGE_ROLES);
        }
        match resource.kind.as_str() {
            "account" | "environment" | "company" | "client" | "provider" => self.may_scope(deed, resource),
            "location" | "document" => self.may_place(deed, resource),
            "project" => self.may_project(deed, resource),
            "queue" | "form" => Ok(false),
            _ => self.holds_function(ROLE_AUTHORIZATIONS),
        }
    }

    fn may_scope(&self, deed: Deed, resource: &Resource) -> Result<bool> {
        if deed == Deed::Grant {
            return self.holds_on_account(Actions::MANAGE_ROLES);
        }
        match scope_action(&resource.kind) {
            Some(action) => self.holds(self.parent(resource)?.as_ref(), action),
            None => Ok(false),
        }
    }

    fn may_place(&self, deed: Deed, resource: &Resource) -> Result<bool> {
        let action = match deed {
            Deed::Grant => Actions::SECURITY,
            Deed::Rename => Actions::RENAME,
            Deed::Move => Actions::MOVE,
            Deed::Drop => Actions::DELETE,
        };
        self.holds(Some(resource), action)
    }

    fn may_project(&self, deed: Deed, resource: &Resource) -> Result<bool> {
        Ok(self.holds(Some(resource), Actions::WRITE)?
            && (deed != Deed::Grant || self.holds_function(PROJECT_AUTHORIZATIONS)?))
    }

    /// Whether the asker may put a resource of this kind under this parent (none: at the top).
    pub fn may_create(&self, kind: &Kind, parent: Option<&Resource>) -> Result<bool> {
        if self.is_above() {
            return Ok(true);
        }
        let account = self.account()?;
        if parent.is_some_and(|p| p.account != account) {
            return Ok(false);
        }
        if self.is_admin()? {
            return Ok(kind.name != "account");
        }
        match kind.name.as_str() {
            "location" => self.holds(parent, Actions::ADD),
            "project" => self.holds_function(PROJECTS),
            "account" | "document" | "queue" | "form" => Ok(false),
            name => match scope_action(name) {
                Some(action) => self.holds(parent, action),
                None => self.holds_function(ROLE_AUTHORIZATIONS),
            },
        }
    }

    /// A resource is visible to who holds read or enter on it, and to who administers the account.
    pub fn sees(&self, resource: &Resource) -> Result<bool> {
        Ok(self.is_above()
            || resource.account == self.account()?
                && (self.is_admin()? || self.actions_on(resource)?.intersects(Actions::SHOWS)))
    }

    /// Line "nobody who is not an admin gives a manage_… action that he does not hold".
    pub fn may_hand_on(&self, actions: Actions, resource: &Resource) -> Result<bool> {
        let given = actions & Actions::ADMINISTRATION;
        Ok(given.is_empty() || self.is_admin()? || self.actions_on(resource)?.contains(given))
    }
}

/// Which action on the parent lets one make, rename, move and drop a resource of this kind.
fn scope_action(kind: &str) -> Option<Actions> {
    match kind {
        "environment" => Some(Actions::MANAGE_ENVIRONMENTS),
        "company" => Some(Actions::MANAGE_COMPANIES),
        "client" | "provider" => Some(Actions::MANAGE_PARTIES),
        _ => None,
    }
}

/// 42501 for a deed with a resource that the asker sees; `written` is the name as he wrote it.
pub fn refused(deed: Deed, kind: &str, written: &str) -> ErrorReport {
    let verb = match deed {
        Deed::Grant => "change the grants on",
        Deed::Rename => "rename",
        Deed::Move => "move",
        Deed::Drop => "drop",
    };
    error::denied(format!("not allowed to {verb} {kind} \"{written}\""), needs(deed, kind))
}

/// What a deed with a resource of this kind needs.
pub fn needs(deed: Deed, kind: &str) -> String {
    match (kind, deed) {
        ("account", Deed::Grant) => "It needs manage_roles on the account.".to_owned(),
        ("account", _) => "It needs a superuser or system.".to_owned(),
        ("environment" | "company" | "client" | "provider", Deed::Grant) => {
            "It needs manage_roles on the account.".to_owned()
        }
        ("environment", _) => "It needs manage_environments on the account.".to_owned(),
        ("company", _) => "It needs manage_companies on the environment.".to_owned(),
        ("client" | "provider", _) => "It needs manage_parties on the company.".to_owned(),
        ("location" | "document", Deed::Grant) => {
            "It needs security there; for \"*\", manage_roles on the account.".to_owned()
        }
        ("location" | "document", Deed::Rename) => "It needs rename there.".to_owned(),
        ("location" | "document", Deed::Move) => "It needs move there, and add at the new parent.".to_owned(),
        ("location" | "document", Deed::Drop) => "It needs delete there.".to_owned(),
        ("project", Deed::Grant) => {
            format!(
                "It needs change there and write on the function \"{PROJECT_AUTHORIZATIONS}\"; for \"*\", manage_roles on the account."
            )
        }
        ("project", _) => "It needs change there.".to_owned(),
        ("queue" | "form", _) => "It needs the account's admin role.".to_owned(),
        (_, Deed::Grant) => {
            format!("It needs write on the function \"{ROLE_AUTHORIZATIONS}\"; for \"*\", manage_roles on the account.")
        }
        _ => format!("It needs write on the function \"{ROLE_AUTHORIZATIONS}\"."),
    }
}

/// 42501 for making a resource.
pub fn may_not_create(kind: &str, at_top: bool) -> ErrorReport {
    let needs = match kind {
        "account" => "It needs a superuser or system.".to_owned(),
        "environment" => "It needs manage_environments on the account.".to_owned(),
        "company" => "It needs manage_companies on the environment.".to_owned(),
        "client" | "provider" => "It needs manage_parties on the company.".to_owned(),
        "location" if at_top => "At the top it needs the account's admin role; elsewhere add on the parent.".to_owned(),
        "location" => "It needs add on the parent.".to_owned(),
        "project" => format!("It needs write on the function \"{PROJECTS}\"."),
        "queue" | "form" => "It needs the account's admin role.".to_owned(),
        _ => format!("It needs write on the function \"{ROLE_AUTHORIZATIONS}\"."),
    };
    error::denied(format!("not allowed to put kind {kind} there"), needs)
}
