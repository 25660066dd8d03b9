//! Limits: the most that anybody but admins and system may do to rows under a resource (`acl_set_limit`).
//!
//! A limit on a resource is one of everything below it, whatever `inherits` says: that speaks of grants. One on the `*`
//! of a kind is one of every resource of the kind, and so of everything below those. Few resources have one, so they are
//! read with the ring, all of the account in one index scan, and where there are none nothing is looked at any more.
//! Setting or lifting one touches the account's structure stamp (sql/limits.sql): no ring outlives it.

use docacl_core::Actions;

use crate::error::{Result, internal};
use crate::facts::{self, Resource};
use crate::flat::{Reader, Writer};
use crate::nodes::{self, Node};
use crate::scan::Snap;

/// The limits of one account.
#[derive(Debug, Default)]
pub struct Limits {
    /// By resource, in order of their ids.
    on: Vec<(i64, u64)>,
    /// Those of a `*`, by its kind.
    stars: Vec<(String, u64)>,
}

impl Limits {
    /// Reads the limits of an account.
    pub fn of(account: i64, snap: &Snap) -> Result<Limits> {
        let mut limits = Limits::default();
        for (id, actions) in facts::limits_of(account, snap)? {
            let Some(resource) = facts::resource(id, snap)? else { continue };
            if resource.is_star {
                limits.stars.push((resource.kind, actions));
            } else {
                limits.on.push((id, actions));
            }
        }
        limits.on.sort_unstable();
        Ok(limits)
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.on.is_empty() && self.stars.is_empty()
    }

    /// What a resource itself and the `*` of its kind leave.
    pub fn here(&self, id: i64, kind: &str) -> Actions {
        let own = self.on.binary_search_by_key(&id, |(id, _)| *id).ok().and_then(|at| self.on.get(at));
        let star = self.stars.iter().find(|(of, _)| of == kind);
        let most = own.map_or(u64::MAX, |(_, most)| *most) & star.map_or(u64::MAX, |(_, most)| *most);
        Actions::EVERYTHING & Actions::from_bits_retain(most)
    }

    /// What is left to rows under a resource: by its own limit, and those of all that it lies in.
    pub fn on(&self, node: &Node, structure: Option<(i64, Option<[u8; 16]>)>, snap: &Snap) -> Result<Actions> {
        let mut left = Actions::EVERYTHING;
        if self.is_empty() {
            return Ok(left);
        }
        let mut at = node.clone();
        // A tree deeper than this is a cycle made by hand.
        for _ in 0..10_000 {
            left &= self.here(at.id, &at.kind);
            let Some(parent) = at.parent else { return Ok(left) };
            at = nodes::node(parent, structure, snap)?.ok_or_else(|| internal("a resource without its parent"))?;
        }
        Err(internal("a cycle of resources"))
    }

    /// The resources whose limits leave out something that is `needed` of a row under a resource.
    pub fn in_the_way(&self, resource: &Resource, needed: Actions, snap: &Snap) -> Result<Vec<Resource>> {
        let mut out: Vec<Resource> = Vec::new();
        let mut at = Some(resource.clone());
        while let Some(here) = at.filter(|_| !self.is_empty()) {
            let leaves_out = |most: u64| !Actions::from_bits_retain(most).contains(needed);
            if self.stars.iter().any(|(kind, most)| *kind == here.kind && leaves_out(*most)) {
                out.extend(facts::star(here.account, &here.kind, snap)?.filter(|s| out.iter().all(|r| r.id != s.id)));
            }
            let parent = here.parent;
            if self.on.iter().any(|(id, most)| *id == here.id && leaves_out(*most)) {
                out.push(here);
            }
            at = parent.map(|up| facts::resource(up, snap)).transpose()?.flatten();
        }
        Ok(out)
    }

    /// The same of a resource that was read as such.
    pub fn on_resource(&self, resource: &Resource, snap: &Snap) -> Result<Actions> {
        self.on(&nodes::intern(resource), None, snap)
    }

    /// Writes all of them.
    pub fn write(&self, out: &mut Writer) {
        out.list(self.on.iter(), |out, (id, most)| {
            out.int(*id);
            out.word(*most);
        });
        out.list(self.stars.iter(), |out, (kind, most)| {
            out.bytes(kind.as_bytes());
            out.word(*most);
        });
    }

    /// Reads what [`Limits::write`] wrote.
    pub fn read(from: &mut Reader<'_>) -> Option<Limits> {
        let on = from.list(|from| Some((from.int()?, from.word()?)))?;
        let stars = from.list(|from| Some((from.text()?.to_owned(), from.word()?)))?;
        Some(Limits { on, stars })
    }

    /// Bytes held, about.
    pub fn bytes(&self) -> usize {
        self.on.capacity() * size_of::<(i64, u64)>() + self.stars.capacity() * size_of::<(String, u64)>()
    }
}
