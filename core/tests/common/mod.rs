//! Decides with core for a world of the reference evaluator, as a program that uses core does: it loads facts,
//! compiles keys, folds the gates and asks. It shares no rule with the evaluator that it is compared with, only the
//! facts: roles are closed over with `docacl_core::graph`, masks are summed along the tree by a walk of its own.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;

use docacl_core::verdict::{Verdict, decide, decide_on};
use docacl_core::{Actions, Key, RowSide, Subject, SubjectKind, Tally, graph};
use docacl_reference::{Family, Gate, PrincipalId, PrincipalKind, Reference, ResourceId, Row, World};

/// One principal with what it holds, resource by resource.
pub struct Asker<'w> {
    world: &'w World,
    id: PrincipalId,
    /// What to put in the place of the asker where core wants one.
    pub subject: Subject,
    held: HashMap<ResourceId, u64>,
}

impl<'w> Asker<'w> {
    /// Loads what a principal holds.
    pub fn new(world: &'w World, id: PrincipalId) -> Asker<'w> {
        let principal = &world.principals[id];
        let mut holders: HashSet<PrincipalId> = roles_of(world, id);
        let account = principal.account.map(|account| &world.accounts[account]);
        if let (PrincipalKind::User, Some(account)) = (principal.kind, account) {
            holders.insert(account.everyone);
        }
        let mut held: HashMap<ResourceId, u64> = HashMap::new();
        for grant in &world.grants {
            if holders.contains(&grant.principal) && grant.period.contains(world.now) {
                *held.entry(grant.resource).or_default() |= grant.actions;
            }
        }
        let active = principal.enabled && principal.valid_until.is_none_or(|until| world.now < until);
        let kind = match principal.kind {
            _ if !active => SubjectKind::Nobody,
            PrincipalKind::User | PrincipalKind::Role => SubjectKind::User,
            PrincipalKind::ApiKey { .. } => SubjectKind::ApiKey,
            PrincipalKind::System => SubjectKind::System,
        };
        let admin = account.is_some_and(|account| holders.contains(&account.admin_role));
        Asker { world, id, subject: Subject { kind, admin, read_only: principal.read_only }, held }
    }

    fn mask(&self, resource: ResourceId) -> Actions {
        let of = |id: ResourceId| self.held.get(&id).copied().unwrap_or(0);
        let mut bits = 0;
        let mut at = Some(resource);
        while let Some(id) = at {
            let here = &self.world.resources[id];
            bits |= of(id);
            bits |= self.world.star_of(here.kind, here.account).map_or(0, of);
            at = here.parent.filter(|_| here.inherits);
        }
        Actions::from_bits_retain(bits)
    }

    fn is_walled_out(&self, resource: ResourceId) -> bool {
        let kind = &self.world.kinds[self.world.resources[resource].kind];
        let PrincipalKind::ApiKey { environment } = self.world.principals[self.id].kind else {
            return false;
        };
        let mut at = Some(resource);
        while let Some(id) = at {
            if id == environment {
                return false;
            }
            at = self.world.resources[id].parent;
        }
        kind.family == Some(Family::Scope)
    }

    /// The key for one resource.
    pub fn key(&self, resource: ResourceId) -> Key {
        let own = Some(self.world.resources[resource].account) == self.world.principals[self.id].account;
        let key = if own && !self.is_walled_out(resource) {
            Key::home(self.mask(resource))
        } else {
            Key::away(self.mask(resource))
        };
        self.limits(resource).into_iter().fold(key, |key, limit| key.limited(Actions::from_bits_retain(limit)))
    }

    /// The limits of a resource, of all that it lies in, and of the `*` of their kinds.
    fn limits(&self, resource: ResourceId) -> Vec<u64> {
        let mut limits = Vec::new();
        let mut at = Some(resource);
        while let Some(id) = at {
            let here = &self.world.resources[id];
            let star = self.world.star_of(here.kind, here.account).and_then(|star| self.world.resources[star].limit);
            limits.extend(here.limit.into_iter().chain(star));
            at = here.parent;
        }
        limits
    }

    /// The key that the gate asks for, or none where its reference is absent.
    fn key_of_gate(&self, row: &Row, gate: &Gate) -> Option<Key> {
        if let Some(default) = gate.constants.first() {
            let account = self.world.principals[self.id].account;
            let function = account.and_then(|account| self.world.find("function", account, default));
            return Some(function.map_or(Key::NONE, |function| self.key(function)));
        }
        if let (Family::Place, Some(list)) = (gate.family, row.own_list) {
            return Some(self.key(list));
        }
        let reference = gate.references.iter().flatten().next()?;
        Some(match reference {
            Reference::Resource(resource) => self.key(*resource),
            Reference::Dangling => Key::NONE,
        })
    }

    /// The gates of a row, folded.
    pub fn tally(&self, row: &Row) -> Tally {
        let mut tally = Tally::new();
        for gate in &row.gates {
            match self.key_of_gate(row, gate) {
                None => tally.absent(gate.required),
                Some(key) if gate.family == Family::Scope => tally.engage_scope(key),
                Some(key) => tally.engage(key),
            }
        }
        tally
    }

    /// What a row says beside its gates.
    pub fn side(&self, row: &Row) -> RowSide {
        let me = Some(self.id);
        let account = |id: PrincipalId| self.world.principals[id].account;
        // A role that asks is a subject like a user, but no row is a role's. That an API key's rows are not its own
        // is for core to say.
        let user = self.world.principals[self.id].kind != PrincipalKind::Role;
        RowSide {
            owner: user && row.owner == me,
            owner_home: row.owner.is_some_and(|owner| account(owner) == account(self.id)),
            requester: user && row.requester == me,
            immutable: row.immutable,
            deleted_by_other: row.deleted && row.deleted_by != me,
        }
    }

    /// What core allows with a row.
    pub fn may(&self, row: &Row) -> Verdict {
        decide(&self.subject, &self.tally(row), &self.side(row))
    }

    /// What core allows with a resource.
    pub fn may_on(&self, resource: ResourceId) -> Verdict {
        decide_on(&self.subject, self.key(resource), !self.is_walled_out(resource))
    }
}

/// A principal and the roles it leads to by memberships valid now, over enabled roles.
fn roles_of(world: &World, id: PrincipalId) -> HashSet<PrincipalId> {
    let all = graph::closure::<Infallible>(id as i64, |node, out| {
        let of = world.memberships.iter().filter(|m| m.member as i64 == node && m.period.contains(world.now));
        out.extend(of.filter(|m| world.principals[m.role].enabled).map(|m| m.role as i64));
        Ok(())
    });
    let Ok(all) = all;
    all.into_iter().map(|node| node as PrincipalId).collect()
}
