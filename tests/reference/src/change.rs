//! Random changes of a world, each of which one SQL function makes.

use crate::generate;
use crate::random::Random;
use crate::world::{AccountId, Family, Grant, Membership, Period, PrincipalId, PrincipalKind, ResourceId, World};

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// `acl_grant`: "A grant adds and never shortens: another period is another row."
    Grant { principal: PrincipalId, words: String, resource: ResourceId, period: Period },
    /// `acl_revoke`: "ends those actions now."
    Revoke { principal: PrincipalId, words: String, resource: ResourceId },
    /// `acl_assign`
    Assign { role: PrincipalId, member: PrincipalId, period: Period },
    /// `acl_unassign`
    Unassign { role: PrincipalId, member: PrincipalId },
    /// `acl_set_inherits`
    Inherits { resource: ResourceId, inherits: bool },
    /// `acl_move`
    Move { resource: ResourceId, parent: Option<ResourceId> },
    /// `acl_set_limit`; `None` lifts it.
    Limit { resource: ResourceId, words: Option<String> },
    /// `acl_alter_user` or `acl_alter_role`
    Enable { principal: PrincipalId, enabled: bool },
    /// `acl_alter_user`
    ReadOnly { user: PrincipalId, read_only: bool },
    /// `acl_alter_user`; `None` clears.
    ValidUntil { user: PrincipalId, until: Option<i64> },
}

impl World {
    /// Makes a change.
    pub fn apply(&mut self, change: &Change) {
        match change.clone() {
            Change::Grant { principal, words, resource, period } => {
                let actions = generate::bits_on(&words, &self.kinds[self.resources[resource].kind].name);
                self.grants.push(Grant { principal, resource, actions, period });
            }
            Change::Revoke { principal, words, resource } => {
                let ended = generate::bits_on(&words, &self.kinds[self.resources[resource].kind].name);
                let of_both = |g: &&mut Grant| g.principal == principal && g.resource == resource;
                self.grants.iter_mut().filter(of_both).for_each(|grant| grant.actions &= !ended);
            }
            Change::Assign { role, member, period } => self.memberships.push(Membership { role, member, period }),
            Change::Unassign { role, member } => {
                self.memberships.retain(|m| !(m.role == role && m.member == member));
            }
            Change::Inherits { resource, inherits } => self.resources[resource].inherits = inherits,
            Change::Move { resource, parent } => self.resources[resource].parent = parent,
            Change::Limit { resource, words } => {
                self.resources[resource].limit = words.map(|words| generate::limit_bits(&words));
            }
            Change::Enable { principal, enabled } => self.principals[principal].enabled = enabled,
            Change::ReadOnly { user, read_only } => self.principals[user].read_only = read_only,
            Change::ValidUntil { user, until } => self.principals[user].valid_until = until,
        }
    }
}

/// A random change in an account that the rules allow, or none where the dice fell badly.
pub fn random(random: &mut Random, world: &World, account: AccountId) -> Option<Change> {
    match random.below(22) {
        0..=6 => {
            let (grant, words) = generate::grant(random, world, account)?;
            Some(Change::Grant { principal: grant.principal, words, resource: grant.resource, period: grant.period })
        }
        7..=10 => {
            let here: Vec<&Grant> =
                world.grants.iter().filter(|g| world.resources[g.resource].account == account).collect();
            let grant = *random.pick(&here)?;
            let kind = &world.kinds[world.resources[grant.resource].kind].name;
            let words = generate::words(random, kind);
            Some(Change::Revoke { principal: grant.principal, words, resource: grant.resource })
        }
        11..=12 => {
            let role = *random.pick(&generate::ordinary_roles(world, account))?;
            let member = *random.pick(&generate::possible_members(world, account))?;
            let period = generate::period(random, world.now);
            generate::may_assign(world, role, member).then_some(Change::Assign { role, member, period })
        }
        13 => {
            let made = &world.accounts[account];
            let here: Vec<&Membership> = world
                .memberships
                .iter()
                .filter(|m| world.principals[m.role].account == Some(account) && m.role != made.admin_role)
                .collect();
            let membership = *random.pick(&here)?;
            Some(Change::Unassign { role: membership.role, member: membership.member })
        }
        14..=15 => {
            let resource = *random.pick(&trees(world, account))?;
            Some(Change::Inherits { resource, inherits: !world.resources[resource].inherits })
        }
        16 => relocation(random, world, account),
        17 => {
            // What was made with the account stays enabled.
            let mut roles = generate::ordinary_roles(world, account);
            roles.retain(|role| *role != world.accounts[account].users_role);
            let principal = *random.pick(&roles)?;
            Some(Change::Enable { principal, enabled: !world.principals[principal].enabled })
        }
        18..=19 => {
            // Lifted about as often as set, or everything is closed in the end.
            let all = generate::limitable(world, account);
            let limited: Vec<ResourceId> =
                all.iter().copied().filter(|r| world.resources[*r].limit.is_some()).collect();
            if !limited.is_empty() && random.percent(50) {
                return Some(Change::Limit { resource: *random.pick(&limited)?, words: None });
            }
            Some(Change::Limit { resource: *random.pick(&all)?, words: Some(generate::limit_words(random)) })
        }
        20 => {
            let user = *random.pick(&touchable_users(world, account))?;
            Some(Change::Enable { principal: user, enabled: !world.principals[user].enabled })
        }
        _ => {
            let user = *random.pick(&touchable_users(world, account))?;
            if random.percent(50) {
                Some(Change::ReadOnly { user, read_only: !world.principals[user].read_only })
            } else {
                let until = [None, Some(world.now - 5000), Some(world.now + 100_000)];
                Some(Change::ValidUntil { user, until: *random.pick(&until)? })
            }
        }
    }
}

/// Users who lead to no admin role, so that they may be disabled and made read-only.
fn touchable_users(world: &World, account: AccountId) -> Vec<PrincipalId> {
    let admin_role = world.accounts[account].admin_role;
    (0..world.principals.len())
        .filter(|id| world.principals[*id].account == Some(account))
        .filter(|id| world.principals[*id].kind == PrincipalKind::User)
        .filter(|id| !generate::leads_to(world, *id, admin_role))
        .collect()
}

/// The resources that have a parent of their own kind, or could have.
fn trees(world: &World, account: AccountId) -> Vec<ResourceId> {
    (0..world.resources.len())
        .filter(|id| {
            let resource = &world.resources[*id];
            let kind = &world.kinds[resource.kind];
            let tree = matches!(
                kind.family,
                Some(Family::Place | Family::Type | Family::Project | Family::Function | Family::Own(_))
            );
            resource.account == account && !resource.is_star && tree && kind.name != "document"
        })
        .filter(|id| !crate::world::ADMINISTRATION_FUNCTIONS.contains(&world.resources[*id].name.as_str()))
        .collect()
}

fn relocation(random: &mut Random, world: &World, account: AccountId) -> Option<Change> {
    let movable = trees(world, account);
    let resource = *random.pick(&movable)?;
    let parents: Vec<ResourceId> = movable
        .into_iter()
        .filter(|id| world.resources[*id].kind == world.resources[resource].kind)
        .filter(|id| !lies_in(world, *id, resource))
        .collect();
    let parent = if random.percent(20) { None } else { Some(*random.pick(&parents)?) };
    Some(Change::Move { resource, parent })
}

/// Whether a resource is another one or lies below it.
pub fn lies_in(world: &World, resource: ResourceId, outer: ResourceId) -> bool {
    resource == outer || world.resources[resource].parent.is_some_and(|parent| lies_in(world, parent, outer))
}
