//! Resources: made, renamed, moved, dropped, and whether they inherit.

use docacl_core::{Actions, graph, kind as core_kind};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::account::{self, FUNCTIONS};
use super::address::{self, Ref, given, named, with_id};
use super::asker::Asker;
use super::authority::{Deed, may_not_create};
use super::row::Row;
use super::{grant, grants, limit, names, option, principal, write};
use crate::error::{self, Result};
use crate::facts::{self, Kind, Resource};
use crate::scan::Snap;

#[pg_extern]
fn acl_create(
    kind: Option<&str>,
    name: Option<&str>,
    parent: default!(Option<&str>, "NULL"),
    inherits: default!(Option<bool>, "NULL"),
    key: default!(Option<&str>, "NULL"),
    if_not_exists: default!(Option<bool>, "false"),
) -> Result<i64> {
    create(kind, name, parent.map(Ref::Name), inherits, key, if_not_exists)
}

#[pg_extern(name = "acl_create")]
fn acl_create_under_id(
    kind: Option<&str>,
    name: Option<&str>,
    parent: Option<i64>,
    inherits: default!(Option<bool>, "NULL"),
    key: default!(Option<&str>, "NULL"),
    if_not_exists: default!(Option<bool>, "false"),
) -> Result<i64> {
    create(kind, name, parent.map(Ref::Id), inherits, key, if_not_exists)
}

#[pg_extern]
fn acl_rename(kind: Option<&str>, resource: Option<&str>, name: Option<&str>) -> Result<()> {
    rename(given("kind", kind)?, named("resource", resource)?, given("name", name)?)
}

#[pg_extern(name = "acl_rename")]
fn acl_rename_id(kind: Option<&str>, resource: Option<i64>, name: Option<&str>) -> Result<()> {
    rename(given("kind", kind)?, with_id("resource", resource)?, given("name", name)?)
}

#[pg_extern]
fn acl_move(kind: Option<&str>, resource: Option<&str>, parent: Option<&str>) -> Result<()> {
    relocate(given("kind", kind)?, named("resource", resource)?, parent.map(Ref::Name))
}

#[pg_extern(name = "acl_move")]
fn acl_move_id(kind: Option<&str>, resource: Option<i64>, parent: Option<&str>) -> Result<()> {
    relocate(given("kind", kind)?, with_id("resource", resource)?, parent.map(Ref::Name))
}

#[pg_extern(name = "acl_move")]
fn acl_move_under_id(kind: Option<&str>, resource: Option<&str>, parent: Option<i64>) -> Result<()> {
    relocate(given("kind", kind)?, named("resource", resource)?, parent.map(Ref::Id))
}

#[pg_extern(name = "acl_move")]
fn acl_move_id_under_id(kind: Option<&str>, resource: Option<i64>, parent: Option<i64>) -> Result<()> {
    relocate(given("kind", kind)?, with_id("resource", resource)?, parent.map(Ref::Id))
}

#[pg_extern]
fn acl_set_inherits(
    kind: Option<&str>,
    resource: Option<&str>,
    enable: Option<bool>,
    copy: default!(Option<bool>, "false"),
) -> Result<()> {
    set_inherits(given("kind", kind)?, named("resource", resource)?, given("enable", enable)?, given("copy", copy)?)
}

#[pg_extern(name = "acl_set_inherits")]
fn acl_set_inherits_id(
    kind: Option<&str>,
    resource: Option<i64>,
    enable: Option<bool>,
    copy: default!(Option<bool>, "false"),
) -> Result<()> {
    set_inherits(given("kind", kind)?, with_id("resource", resource)?, given("enable", enable)?, given("copy", copy)?)
}

#[pg_extern]
fn acl_drop(kind: Option<&str>, resource: Option<&str>) -> Result<()> {
    remove(given("kind", kind)?, named("resource", resource)?)
}

#[pg_extern(name = "acl_drop")]
fn acl_drop_id(kind: Option<&str>, resource: Option<i64>) -> Result<()> {
    remove(given("kind", kind)?, with_id("resource", resource)?)
}

fn create(
    kind: Option<&str>,
    name: Option<&str>,
    parent: Option<Ref>,
    inherits: Option<bool>,
    key: Option<&str>,
    if_not_exists: Option<bool>,
) -> Result<i64> {
    let (word, name) = (given("kind", kind)?, given("name", name)?);
    let if_not_exists = given("if_not_exists", if_not_exists)?;
    let asker = Asker::somebody()?;
    let kind = address::kind(word, &asker.snap)?;
    refuse_special(&kind)?;
    let parent = parent_of(&asker, &kind, parent, &|p| asker.may_create(&kind, Some(p)))?;
    if !asker.may_create(&kind, parent.as_ref())? {
        return Err(may_not_create(&kind.name, parent.is_none()));
    }
    let new = New { kind: &kind, parent: parent.map(|p| p.id), inherits, name, key };
    match make(&asker, &new)? {
        Made::New(id) => Ok(id),
        Made::Twin(id) if if_not_exists => Ok(id),
        Made::Twin(_) => Err(error::exists(&kind.name, name)),
    }
}

/// A resource to be made.
pub struct New<'a> {
    pub kind: &'a Kind,
    pub parent: Option<i64>,
    /// None: as its kind does.
    pub inherits: Option<bool>,
    pub name: &'a str,
    pub key: Option<&'a str>,
}

/// What became of it.
pub enum Made {
    New(i64),
    /// Another bears its name in its place.
    Twin(i64),
}

/// Makes a resource in the asker's account, who may do so (`Asker::may_create`), and grants its creator what he needs.
pub fn make(asker: &Asker, new: &New) -> Result<Made> {
    let New { kind, parent, inherits, name, key } = *new;
    let account = asker.account()?;
    names::check("name", name)?;
    names::check_key(key)?;
    let snap = Snap::latest();
    if let Some(twin) = facts::child_named(account, &kind.name, parent, name, &snap)? {
        return Ok(Made::Twin(twin.id));
    }
    if let Some(key) = key
        && facts::resource_with_key(&kind.name, key, &snap)?.is_some()
    {
        return Err(error::exists(&format!("{} with key", kind.name), key));
    }
    let inherits = inherits.unwrap_or(kind.inherits);
    let id = write::id(
        "INSERT INTO docacl.resource (account_id, kind, parent_id, inherits, name, key, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING id",
        &[
            account.into(),
            kind.name.as_str().into(),
            parent.into(),
            inherits.into(),
            name.into(),
            key.into(),
            asker.id().into(),
        ],
    )?
    .ok_or_else(|| error::exists(&kind.name, name))?;
    // Without these its creator could neither see nor grant what he made.
    let creators = match kind.name.as_str() {
        "project" => Actions::CHANGE,
        "location" if !inherits => {
            Actions::VIEW | Actions::EDIT | Actions::ADDING | Actions::DELETE | Actions::SECURITY
        }
        _ => Actions::empty(),
    } & core_kind::applicable(&kind.name);
    if let Some(creator) = asker.creator()
        && !creators.is_empty()
    {
        grants::insert(
            &[grants::New { creator: true, ..grants::New::on(creator.id, id, account, creators) }],
            asker.id(),
        )?;
        if kind.name == "project"
            && option::creators_get_all_projects(account, &snap)?
            && let Some(all) = facts::star(account, &kind.name, &snap)?
        {
            let new = grants::New { creator: true, ..grants::New::on(creator.id, all.id, account, creators) };
            grants::give(&new, asker.id(), &snap)?;
        }
    }
    Ok(Made::New(id))
}

fn rename(word: &str, written: Ref, name: &str) -> Result<()> {
    let asker = Asker::somebody()?;
    let kind = address::kind(word, &asker.snap)?;
    refuse_document(&kind)?;
    let resource = address::resource(&asker, &kind, written, Deed::Rename)?;
    refuse_fixed(&resource, "renamed")?;
    names::check("name", name)?;
    let snap = Snap::latest();
    let twin = match kind.name.as_str() {
        "account" => facts::account_named(name, &snap)?,
        _ => facts::child_named(resource.account, &kind.name, resource.parent, name, &snap)?,
    };
    match twin {
        Some(twin) if twin.id == resource.id => Ok(()),
        Some(_) => Err(error::exists(&kind.name, name)),
        None => write::run("UPDATE docacl.resource SET name = $2 WHERE id = $1", &[resource.id.into(), name.into()])
            .map(drop),
    }
}

fn relocate(word: &str, written: Ref, parent: Option<Ref>) -> Result<()> {
    let asker = Asker::somebody()?;
    let kind = address::kind(word, &asker.snap)?;
    refuse_special(&kind)?;
    let resource = address::resource(&asker, &kind, written, Deed::Move)?;
    refuse_fixed(&resource, "moved")?;
    // For a project change there is enough; what else moves is put where it comes to lie.
    let parent =
        parent_of(&asker, &kind, parent, &|p| Ok(kind.name == "project" || asker.may_create(&kind, Some(p))?))?;
    if kind.name != "project" && !asker.may_create(&kind, parent.as_ref())? {
        return Err(may_not_create(&kind.name, parent.is_none()));
    }
    if parent.as_ref().is_some_and(|p| p.account != resource.account) {
        return Err(error::inconsistent(
            "a resource cannot move to another account",
            "Make it anew in the other account, and drop it in this one.",
        ));
    }
    let new = parent.map(|p| p.id);
    if new == resource.parent {
        return Ok(());
    }
    write::lock_structure(resource.account)?;
    let snap = Snap::latest();
    if let Some(new) = new
        && graph::parent_would_cycle(resource.id, new, |at| {
            Ok::<_, ErrorReport>(facts::resource(at, &snap)?.and_then(|r| r.parent))
        })?
    {
        return Err(error::inconsistent(
            format!("{} \"{written}\" would lie inside itself", kind.name),
            "Choose a parent that is not the resource itself and not below it.",
        ));
    }
    if facts::child_named(resource.account, &kind.name, new, &resource.name, &snap)?.is_some() {
        return Err(error::exists(&kind.name, &called(&asker, &resource, written)?));
    }
    check_move(&asker, &kind, &resource, new, written, &snap)?;
    write::run("UPDATE docacl.resource SET parent_id = $2 WHERE id = $1", &[resource.id.into(), new.into()]).map(drop)
}

fn set_inherits(word: &str, written: Ref, enable: bool, copy: bool) -> Result<()> {
    let asker = Asker::somebody()?;
    let kind = address::kind(word, &asker.snap)?;
    if kind.name == "document" {
        return Row::of_documents(&asker, &written.to_string())?.set_inherits(&asker, enable, copy);
    }
    let resource = address::resource(&asker, &kind, written, Deed::Grant)?;
    if resource.is_star {
        return Err(error::wrong_state(
            format!("the \"*\" of kind {} inherits nothing", kind.name),
            "A grant on it reaches every resource of its kind whatever inherits says.",
        ));
    }
    if resource.inherits == enable {
        return Ok(());
    }
    // Whoever is admin hands on everything: above it may be thousands of grants.
    if enable && !asker.is_admin()? {
        // What it takes from above from now on is given by who lets it.
        for grant in inherited(&Resource { inherits: true, ..resource.clone() }, &asker.snap)? {
            grant::check_hand_on(&asker, Actions::from_bits_retain(grant.actions), &resource)?;
        }
    }
    if copy && !enable {
        // Not what follows a rule: it would stay when the rule no longer gives it.
        let above = inherited(&resource, &asker.snap)?;
        let copies = above.iter().filter(|g| grants::by_hand(g)).map(|grant| grants::New::copy(grant, &resource));
        grants::give_all(&copies.collect::<Vec<_>>(), asker.id(), &asker.snap)?;
    }
    write::run("UPDATE docacl.resource SET inherits = $2 WHERE id = $1", &[resource.id.into(), enable.into()]).map(drop)
}

/// What a move of a resource asks beside the rights: that it leaves no limit behind, and of the scope gate, whose rows' other
/// references were checked against the parent that it has now, that none refers to it.
pub fn check_move(
    asker: &Asker,
    kind: &Kind,
    resource: &Resource,
    new: Option<i64>,
    written: Ref,
    snap: &Snap,
) -> Result<()> {
    limit::check_move(asker, resource, new, snap)?;
    if kind.gate.as_deref() == Some("scope") {
        refuse_used(asker, resource, written)?;
        check_taken(asker, resource, new, snap)?;
    }
    Ok(())
}

/// 42501 where a resource would take an action of administration from its new parent that the asker does not hold
/// there: what others hold on it from now on is given by who puts it there.
fn check_taken(asker: &Asker, resource: &Resource, new: Option<i64>, snap: &Snap) -> Result<()> {
    if asker.is_admin()? {
        return Ok(());
    }
    let Some(parent) = new.map(|p| facts::resource(p, snap)).transpose()?.flatten() else { return Ok(()) };
    let before: Vec<i64> = inherited(resource, snap)?.iter().map(|g| g.id).collect();
    for grant in inherited(&Resource { parent: new, ..resource.clone() }, snap)? {
        let actions = Actions::from_bits_retain(grant.actions);
        if actions.intersects(Actions::ADMINISTRATION) && !before.contains(&grant.id) {
            grant::check_hand_on(asker, actions, &parent)?;
        }
    }
    Ok(())
}

/// The grants that a resource takes from those above it.
pub fn inherited(resource: &Resource, snap: &Snap) -> Result<Vec<facts::Grant>> {
    let mut out = Vec::new();
    let mut at = resource.clone();
    while at.inherits
        && let Some(parent) = at.parent.map(|p| facts::resource(p, snap)).transpose()?.flatten()
    {
        out.extend(facts::grants_on(parent.id, snap)?);
        at = parent;
    }
    Ok(out)
}

fn remove(word: &str, written: Ref) -> Result<()> {
    let asker = Asker::somebody()?;
    let kind = address::kind(word, &asker.snap)?;
    refuse_document(&kind)?;
    let resource = address::resource(&asker, &kind, written, Deed::Drop)?;
    refuse_fixed(&resource, "dropped")?;
    // Rows first: whoever is writing one holds his table and may want this resource's row next.
    refuse_used(&asker, &resource, written)?;
    if kind.name == "account" {
        return account::drop_account(&resource);
    }
    write::run("SELECT 1 FROM docacl.resource WHERE id = $1 FOR UPDATE", &[resource.id.into()])?;
    let in_use =
        |by: &str| error::in_use(format!("{} \"{written}\" {by}", kind.name), "Move or drop what uses it first.");
    if facts::is_parent(resource.id, &Snap::latest())? {
        return Err(in_use("still has others below it"));
    }
    // Those that were revoked go with their environment.
    let of_keys = "SELECT p.id FROM docacl.principal AS p WHERE p.environment_id = $1
                   AND (p.enabled OR EXISTS (SELECT FROM docacl.api_key AS k WHERE k.principal_id = p.id))";
    if !write::ids(of_keys, &[resource.id.into()])?.is_empty() {
        return Err(in_use("still has API keys"));
    }
    for id in write::ids("SELECT id FROM docacl.principal WHERE environment_id = $1", &[resource.id.into()])? {
        if let Some(key) = facts::principal(id, &Snap::latest())? {
            principal::drop_principal(&asker, &key)?;
        }
    }
    write::run("DELETE FROM docacl.resource WHERE id = $1", &[resource.id.into()]).map(drop)
}

/// The resource as it may be called in a message: whoever may move or drop it need not see it, and then it stays what
/// he wrote.
fn called(asker: &Asker, resource: &Resource, written: Ref) -> Result<String> {
    Ok(if asker.sees(resource)? { resource.name.clone() } else { written.to_string() })
}

fn refuse_used(asker: &Asker, resource: &Resource, written: Ref) -> Result<()> {
    match write::as_owner(|| crate::protect::rows_using(resource))? {
        None => Ok(()),
        Some(table) => Err(error::in_use(
            format!(
                "{} \"{}\" is still used by rows of table \"{table}\"",
                resource.kind,
                called(asker, resource, written)?
            ),
            "Give the rows another reference first.",
        )),
    }
}

/// The parent that a resource of this kind gets, one under which it `may_lie`. Environments lie in the account at hand
/// without saying so.
fn parent_of(
    asker: &Asker,
    kind: &Kind,
    written: Option<Ref>,
    may_lie: &dyn Fn(&Resource) -> Result<bool>,
) -> Result<Option<Resource>> {
    let own = [kind.name.as_str()];
    let (kinds, required): (&[&str], bool) = match core_kind::built_in(&kind.name) {
        Some(built_in) => (built_in.parents, built_in.parent_required),
        None => (&own, false),
    };
    let Some(written) = written else {
        if kind.name == "environment" {
            return facts::resource(asker.account()?, &asker.snap);
        }
        if required {
            return Err(error::required(
                format!("kind {} needs a parent", kind.name),
                format!("Give a parent of kind {}.", kinds.join(" or ")),
            ));
        }
        return Ok(None);
    };
    let mut unknown = None;
    for parent_kind in kinds {
        let parent_kind = address::kind(parent_kind, &asker.snap)?;
        let allowed = |parent: &Resource| {
            // A project's parent must be seen; elsewhere the right to put something there is one on the parent.
            Ok(!parent.is_star && may_lie(parent)? && (kind.name != "project" || asker.sees(parent)?))
        };
        match address::resource_where(asker, &parent_kind, written, &allowed, || may_not_create(&kind.name, false)) {
            Ok(found) if found.account == asker.account()? => return Ok(Some(found)),
            Ok(_) => return Err(other_account()),
            Err(e) => unknown = Some(e),
        }
    }
    match (unknown, written) {
        (Some(e), _) if !exists_as_other_kind(asker, kinds, written)? => Err(e),
        _ => Err(error::inconsistent(
            format!("\"{written}\" is no parent for kind {}", kind.name),
            if kinds.is_empty() {
                format!("Kind {} has no parents.", kind.name)
            } else {
                format!("Its parent must be of kind {}.", kinds.join(" or "))
            },
        )),
    }
}

/// Whether the asker sees something of another kind by the name that he wrote: then its kind is wrong.
fn exists_as_other_kind(asker: &Asker, kinds: &[&str], written: Ref) -> Result<bool> {
    if let Ref::Id(id) = written {
        return match facts::resource(id, &asker.snap)? {
            Some(found) => Ok(!kinds.contains(&found.kind.as_str()) && asker.sees(&found)?),
            None => Ok(false),
        };
    }
    for kind in facts::kinds(&asker.snap)? {
        let not_it = kinds.contains(&kind.name.as_str()) || kind.name == "document";
        if !not_it && address::resource_where(asker, &kind, written, &|r| asker.sees(r), || error::null("")).is_ok() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn other_account() -> ErrorReport {
    error::inconsistent("the parent is of another account", "Set docacl.account to the account in which to work.")
}

/// Accounts and rows' own lists are not made and moved by hand.
fn refuse_special(kind: &Kind) -> Result<()> {
    if kind.name == "account" {
        return Err(error::bad("an account is not made or moved like other resources", "Use acl_create_account."));
    }
    refuse_document(kind)
}

fn refuse_document(kind: &Kind) -> Result<()> {
    if kind.name == "document" {
        return Err(error::bad(
            "a document is a row of a protected table",
            "Insert, update or delete the row; to share it use acl_grant_row.",
        ));
    }
    Ok(())
}

/// What every account is made with stays as it is: grants on it and authority by it would lose their meaning.
fn refuse_fixed(resource: &Resource, done: &str) -> Result<()> {
    let function =
        resource.kind == "function" && resource.parent.is_none() && FUNCTIONS.contains(&resource.name.as_str());
    if resource.is_star || function {
        return Err(error::wrong_state(
            format!("{} \"{}\" was made with its account and cannot be {done}", resource.kind, resource.name),
            "Make one of your own for what you have in mind.",
        ));
    }
    Ok(())
}
