//! A row of a mirrored table that is gated by its own mirrored key **is** the resource: a folder of an application's table of
//! folders, a project of its table of projects. So its INSERT asks what `acl_create` asks, a change of its name and parent what
//! `acl_rename` and `acl_move` ask, its DELETE what `acl_drop` asks, beside what is asked of every row.
//!
//! The resource of a new row is made here, before the row is there: the policies of the same statement look for it
//! (src/made.rs), and the mirror's trigger then finds it made. Superusers and system are left to the mirror, which makes
//! all of a statement at once.

use docacl_core::{Actions, SubjectKind, kind as core_kind};
use pgrx::pg_sys;

use super::references::text_of;
use super::refusals;
use super::tuple::{Column, Values, column, distinct};
use crate::admin::address::Ref;
use crate::admin::asker::Asker;
use crate::admin::authority::{Deed, may_not_create, refused};
use crate::admin::limit;
use crate::admin::resource::{self, Made, New};
use crate::admin::write;
use crate::bound::Bound;
use crate::error::{Result, exists, in_use, missing_reference, required};
use crate::facts::{self, Kind, Resource};
use crate::limits::Limits;
use crate::made;
use crate::protect::Spec;
use crate::protect::rows;
use crate::scan::Snap;
use crate::shape::By;

/// How the rows of a table are resources.
pub struct Itself {
    relation: pg_sys::Oid,
    kind: Kind,
    /// Where among the gates the row refers to itself.
    gate: usize,
    gate_name: String,
    key: Named,
    name: Named,
    parent: Option<Named>,
    account: Option<Named>,
    /// The account of all rows; none where a column says it.
    fixed: Option<i64>,
}

struct Named {
    name: String,
    column: Column,
}

impl Named {
    fn text(&self, values: &Values) -> Result<Option<String>> {
        values.get(self.column).map(|datum| text_of(self.column.ty, datum)).transpose()
    }
}

impl Itself {
    /// Of a table, if its rows are resources.
    pub unsafe fn of(spec: &Spec, relation: pg_sys::Relation) -> Result<Option<Itself>> {
        // SAFETY: the caller's relation is open.
        let oid = unsafe { (*relation).rd_id };
        if !spec.gates.iter().any(|g| g.refs.iter().any(|r| r.by == By::Key)) {
            return Ok(None);
        }
        let snap = Snap::latest();
        for mirror in facts::mirrors_of(oid, &snap)? {
            let Some(key) = mirror.column("key") else { continue };
            let itself = |g: &crate::protect::spec::GateSpec| {
                g.refs.iter().any(|r| r.column == key && r.by == By::Key && r.kinds.contains(&mirror.kind))
            };
            let Some(gate) = spec.gates.iter().position(itself) else { continue };
            let Some(kind) = facts::kind(&mirror.kind, &snap)? else { continue };
            let named = |what: &str| -> Result<Option<Named>> {
                let Some(name) = mirror.column(what) else { return Ok(None) };
                // SAFETY: as above.
                let column = unsafe { column(relation, name)? };
                Ok(Some(Named { name: name.to_owned(), column }))
            };
            let (Some(key), Some(name)) = (named("key")?, named("name")?) else { continue };
            let (parent, account) = (named("parent")?, named("account")?);
            let gate_name = spec.gates.get(gate).map(|g| g.gate.clone()).unwrap_or_default();
            let fixed = mirror.account;
            return Ok(Some(Itself { relation: oid, kind, gate, gate_name, key, name, parent, account, fixed }));
        }
        Ok(None)
    }

    /// Whether this column of this gate is the row's own key.
    pub fn is(&self, gate: usize, column: &str) -> bool {
        self.gate == gate && self.key.name == column
    }

    /// Whether the column says what the resource is called and where it lies: asked as resources are.
    pub fn says(&self, column: Column) -> bool {
        let mut named = [Some(&self.name), self.parent.as_ref(), self.account.as_ref()].into_iter().flatten();
        named.any(|n| n.column.attno == column.attno)
    }

    /// The account that a row's resource is of; none where it says none that exists.
    pub fn account_of(&self, values: &Values) -> Result<Option<i64>> {
        if self.fixed.is_some() {
            return Ok(self.fixed);
        }
        let Some(text) = self.account.as_ref().map(|a| a.text(values)).transpose()?.flatten() else { return Ok(None) };
        let snap = Snap::latest();
        let found = facts::resource_with_key("account", &text, &snap)?;
        Ok(found.or(facts::account_named(&text, &snap)?).map(|a| a.id))
    }

    fn resource(&self, values: &Values) -> Result<Option<Resource>> {
        match self.key.text(values)? {
            Some(key) => facts::resource_with_key(&self.kind.name, &key, &Snap::latest()),
            None => Ok(None),
        }
    }

    /// Makes the resource of a new row, where it is one that nobody has made yet; whether it did. 42501 for who may not.
    pub fn make(&self, execution: usize, bound: &Bound, table: &str, values: &Values, row: &[Column]) -> Result<bool> {
        if bound.ring.subject.kind == SubjectKind::System {
            return Ok(false);
        }
        let Some(key) = self.key.text(values)? else { return Ok(false) };
        if facts::resource_with_key(&self.kind.name, &key, &Snap::latest())?.is_some() {
            // Its row is there, and PostgreSQL says so; or it is somebody's whose row is not here: not to be taken over.
            return match write::as_owner(|| rows::has_row(self.relation, &self.key.name, &key))? {
                true => Ok(false),
                false => Err(exists(&format!("{} with key", self.kind.name), &key)),
            };
        }
        let asker = Asker::somebody()?;
        let parent = self.parent(&asker, values)?;
        let outside = self.account_of(values)? != Some(asker.account()?);
        if outside || !asker.may_create(&self.kind, parent.as_ref())? {
            return Err(may_not_create(&self.kind.name, parent.is_none()));
        }
        self.require_other_gates(bound, table, &values.row(row))?;
        let name = self.name.text(values)?.ok_or_else(|| {
            required(
                format!("a {} needs a name", self.kind.name),
                format!("Give column \"{}\" a value.", self.name.name),
            )
        })?;
        let new = New { kind: &self.kind, parent: parent.map(|p| p.id), inherits: None, name: &name, key: Some(&key) };
        match resource::make(&asker, &new)? {
            Made::New(id) => {
                self.require_limit(&asker, bound, table, id)?;
                made::note(execution, self.relation, &self.kind.name, key);
            }
            Made::Twin(_) => return Err(exists(&self.kind.name, &name)),
        }
        Ok(true)
    }

    /// The gates beside its own key must let add through, as they must for every new row.
    fn require_other_gates(&self, bound: &Bound, table: &str, row: &Vec<Option<pg_sys::Datum>>) -> Result<()> {
        let snap = Snap::statement();
        let shut = |key: Option<docacl_core::Key>| key.is_some_and(|k| !k.permits().contains(Actions::ADD));
        let keys = bound.gate_keys(row, &snap)?;
        match keys.into_iter().enumerate().any(|(at, (_, key))| at != self.gate && shut(key)) {
            true => Err(refusals::refusal(table, Actions::ADD, bound, row, &snap, Some(self.gate))?),
            false => Ok(()),
        }
    }

    /// A limit says nothing about resources, but of rows it leaves what it leaves: the row that comes lies under it too.
    fn require_limit(&self, asker: &Asker, bound: &Bound, table: &str, id: i64) -> Result<()> {
        let snap = Snap::latest();
        let Some(made) = facts::resource(id, &snap)?.filter(|_| !bound.ring.subject.admin) else { return Ok(()) };
        if Limits::of(asker.account()?, &snap)?.on_resource(&made, &snap)?.contains(Actions::ADD) {
            return Ok(());
        }
        Err(refusals::limited(table, "add", &self.gate_name))
    }

    /// The resource that a row names as its parent. Who does not administer the account is answered the same, 42501, whether it
    /// is not there or not his to know; an admin is told that it is not there.
    fn parent(&self, asker: &Asker, values: &Values) -> Result<Option<Resource>> {
        let own = [self.kind.name.as_str()];
        let (kinds, needs): (&[&str], bool) = match core_kind::built_in(&self.kind.name) {
            Some(built_in) => (built_in.parents, built_in.parent_required),
            None => (&own, false),
        };
        if self.kind.name == "environment" {
            return facts::resource(asker.account()?, &asker.snap);
        }
        let Some((column, text)) = (match &self.parent {
            Some(named) => named.text(values)?.map(|text| (&named.name, text)),
            None => None,
        }) else {
            return match needs {
                true => Err(required(
                    format!("kind {} needs a parent", self.kind.name),
                    format!("Give a parent of kind {}.", kinds.join(" or ")),
                )),
                false => Ok(None),
            };
        };
        let snap = Snap::latest();
        for kind in kinds {
            if let Some(found) = facts::resource_with_key(kind, &text, &snap)?
                && (asker.may_create(&self.kind, Some(&found))? || asker.sees(&found)?)
            {
                return Ok(Some(found));
            }
        }
        if !asker.is_admin()? {
            return Err(may_not_create(&self.kind.name, false));
        }
        Err(missing_reference(
            format!("column \"{column}\" refers to no {} that exists", kinds.join(" or ")),
            "Make the parent first, or correct the reference.",
        ))
    }

    /// What a change of a row's name and parent asks, and its mark for deletion.
    pub fn update(&self, bound: &Bound, old: &Values, new: &Values, marked: bool) -> Result<()> {
        if bound.ring.subject.kind == SubjectKind::System {
            return Ok(());
        }
        // SAFETY: values of the table's columns.
        let differs = |named: &Named| unsafe { distinct(named.column, old, new) };
        let (renamed, moved) = (differs(&self.name), self.parent.as_ref().is_some_and(differs));
        if !(renamed || moved || marked) {
            return Ok(());
        }
        let Some(resource) = self.resource(old)? else { return Ok(()) };
        let asker = Asker::somebody()?;
        if renamed {
            self.require(&asker, Deed::Rename, &resource)?;
            limit::require(&asker, &resource, Actions::RENAME)?;
        }
        if moved {
            self.require(&asker, Deed::Move, &resource)?;
            limit::require(&asker, &resource, Actions::MOVE)?;
            let parent = self.parent(&asker, new)?;
            // For a project change there is enough; what else moves is put where it comes to lie.
            if self.kind.name != "project" && !asker.may_create(&self.kind, parent.as_ref())? {
                return Err(may_not_create(&self.kind.name, parent.is_none()));
            }
            let parent = parent.map(|p| p.id);
            limit::require_place(&asker, &self.kind, parent)?;
            resource::check_move(&asker, &self.kind, &resource, parent, Ref::Id(resource.id), &Snap::latest())?;
        }
        if marked {
            self.require_drop(&asker, &resource)?;
        }
        Ok(())
    }

    /// What removing a row asks. Whether rows still refer to it the mirror's trigger asks, of every session.
    pub fn delete(&self, bound: &Bound, old: &Values) -> Result<()> {
        if bound.ring.subject.kind == SubjectKind::System {
            return Ok(());
        }
        match self.resource(old)? {
            Some(resource) => self.require_drop(&Asker::somebody()?, &resource),
            None => Ok(()),
        }
    }

    fn require(&self, asker: &Asker, deed: Deed, resource: &Resource) -> Result<()> {
        if asker.may(deed, resource)? {
            return Ok(());
        }
        Err(refused(deed, &self.kind.name, resource.key.as_deref().unwrap_or_default()))
    }

    fn require_drop(&self, asker: &Asker, resource: &Resource) -> Result<()> {
        self.require(asker, Deed::Drop, resource)?;
        if asker.is_admin()? {
            return Ok(());
        }
        let mut tree = vec![resource.clone()];
        let mut level = vec![resource.id];
        while !level.is_empty() {
            let met = tree.len();
            facts::resources_below(&level, &Snap::latest(), |r| tree.push(r))?;
            level = tree.iter().skip(met).map(|r| r.id).collect();
        }
        match write::as_owner(|| rows::immutable_rows(&tree))? {
            None => Ok(()),
            Some(_) => Err(in_use(
                format!(
                    "{} \"{}\" holds what is immutable",
                    self.kind.name,
                    resource.key.as_deref().unwrap_or_default()
                ),
                "Only system and the account's admins delete what is immutable, and what holds it.",
            )),
        }
    }
}
