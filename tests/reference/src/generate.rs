//! Random worlds, tables and rows, made so that they could be made through the SQL functions as well: references
//! are consistent, grants apply, roles make no cycle, no read-only user leads to an admin role.

use crate::actions;
use crate::random::Random;
use crate::world::{
    AccountId, Family, Gate, Grant, KindId, Membership, Period, PrincipalId, PrincipalKind, Reference, ResourceId, Row,
    World,
};

/// How much of everything a random world has: of principals and resources, the most per account.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub accounts: usize,
    pub users: usize,
    pub roles: usize,
    pub api_keys: usize,
    pub memberships: usize,
    pub own_kinds: usize,
    /// Of each kind that forms trees.
    pub resources: usize,
    pub grants: usize,
}

impl Size {
    /// A world that a property test shrinks by hand.
    pub const SMALL: Size =
        Size { accounts: 2, users: 4, roles: 4, api_keys: 1, memberships: 6, own_kinds: 1, resources: 4, grants: 16 };
}

/// One gate of a protected table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateShape {
    pub family: Family,
    /// The kinds of its reference columns, innermost first; none for constants.
    pub kinds: Vec<KindId>,
    pub required: bool,
    pub constants: Vec<String>,
}

/// A protected table, as far as its rows' judgement depends on it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shape {
    pub gates: Vec<GateShape>,
    pub own_lists: bool,
    pub owner: bool,
    pub requester: bool,
    pub immutable: bool,
    pub deleted: bool,
}

/// What random rows may have in them.
#[derive(Debug, Clone, Copy, Default)]
pub struct RowChances {
    /// Nulls in reference columns, in a hundred.
    pub null: usize,
    /// References to nothing, in a hundred.
    pub dangling: usize,
    /// Own lists, in a hundred, where the table has them.
    pub own_list: usize,
    /// Owners and requesters of any account, in a hundred; else they are of the row's.
    pub foreign: usize,
}

/// One to three words that may be granted on a kind of this name, comma-separated; single actions as well as sets.
pub fn words(random: &mut Random, kind: &str) -> String {
    let applicable = actions::applicable(kind);
    const SETS: [&str; 8] = ["view", "see", "open", "edit", "change", "full", "guest", "add"];
    let mut choice: Vec<&str> = SETS
        .into_iter()
        .filter(|set| {
            let bits = actions::granted_by(set, &[]).unwrap_or(0);
            if actions::is_set(set) { bits & applicable != 0 } else { bits & !applicable == 0 }
        })
        .collect();
    // Actions that a rule is about come up more often than those that are merely held.
    choice.extend(actions::names_of(applicable & (actions::ENTER | actions::READ | actions::WRITE)));
    choice.extend(actions::names_of(applicable & (actions::ENTER | actions::READ)));
    let ruled = actions::named("delete move rename immutable sign complete_form");
    choice.extend(actions::names_of(applicable & ruled));
    let single: Vec<&str> = actions::names_of(applicable).into_iter().filter(|name| *name != "add").collect();
    let mut picked = Vec::new();
    for _ in 0..=random.below(3) {
        let from = if random.percent(60) && !choice.is_empty() { &choice } else { &single };
        picked.extend(random.pick(from).copied());
    }
    picked.join(", ")
}

/// The bits that a grant of these words leaves on a resource of this kind: "a set leaves its inapplicable bits out".
pub fn bits_on(words: &str, kind: &str) -> u64 {
    actions::granted_by(words, &[]).unwrap_or(0) & actions::applicable(kind)
}

/// A period that is now in one of its three states, mostly valid.
pub fn period(random: &mut Random, now: i64) -> Period {
    const LONG: i64 = 100_000;
    match random.below(10) {
        0 => Period { from: Some(now - 2 * LONG), until: Some(now - LONG) },
        1 => Period { from: Some(now + LONG), until: None },
        2 => Period { from: Some(now - LONG), until: Some(now + LONG) },
        3 => Period { from: None, until: Some(now + LONG) },
        _ => Period::ALWAYS,
    }
}

/// A random world.
pub fn world(random: &mut Random, size: &Size) -> World {
    let mut world = World::new();
    for n in 0..size.own_kinds {
        world.own_kind(&format!("kind{n}"), random.percent(50));
    }
    for n in 0..size.accounts {
        let account = world.account(&format!("account{n}"));
        resources(random, size, &mut world, account);
        principals(random, size, &mut world, account);
        memberships(random, size, &mut world, account);
        grants(random, size, &mut world, account);
        limits(random, &mut world, account);
    }
    world
}

fn resources(random: &mut Random, size: &Size, world: &mut World, account: AccountId) {
    let root = world.accounts[account].resource;
    let mut environments = Vec::new();
    for _ in 0..=random.below(size.resources / 2 + 1) {
        environments.push(add_resource(world, "environment", account, Some(root)));
    }
    let mut companies = Vec::new();
    for _ in 0..=random.below(size.resources) {
        let environment = random.pick(&environments).copied();
        companies.push(add_resource(world, "company", account, environment));
    }
    for _ in 0..=random.below(size.resources) {
        let kind = if random.percent(50) { "client" } else { "provider" };
        let company = random.pick(&companies).copied();
        add_resource(world, kind, account, company);
    }
    let own = world.kinds.iter().filter(|kind| matches!(kind.family, Some(Family::Own(_))));
    let own: Vec<String> = own.map(|kind| kind.name.clone()).collect();
    let trees = ["location", "document_type", "project", "function"].into_iter().map(str::to_owned);
    for kind in trees.chain(own) {
        let mut siblings: Vec<ResourceId> = Vec::new();
        for _ in 0..=random.below(size.resources) {
            let parent = if random.percent(60) { random.pick(&siblings).copied() } else { None };
            let resource = add_resource(world, &kind, account, parent);
            if random.percent(30) {
                world.resources[resource].inherits = !world.resources[resource].inherits;
            }
            siblings.push(resource);
        }
    }
    for kind in ["queue", "form"] {
        add_resource(world, kind, account, None);
    }
}

fn add_resource(world: &mut World, kind: &str, account: AccountId, parent: Option<ResourceId>) -> ResourceId {
    let name = format!("{kind} {}", world.resources.len());
    world.resource_of(kind, account, &name, parent)
}

fn principals(random: &mut Random, size: &Size, world: &mut World, account: AccountId) {
    for _ in 0..=random.below(size.roles) {
        let name = format!("role {}", world.principals.len());
        let role = world.role(&name, account);
        world.principals[role].enabled = random.percent(90);
    }
    for n in 0..=random.below(size.users).max(1) {
        let name = format!("user {}", world.principals.len());
        let user = world.user(&name, account);
        // The first user of an account is the administrator who is never touched: the last one cannot be removed.
        if n == 0 {
            world.assign(world.accounts[account].admin_role, user);
            continue;
        }
        let first_role = random.pick(&ordinary_roles(world, account)).copied();
        if let Some(role) = first_role {
            world.assign(role, user);
        }
        let principal = &mut world.principals[user];
        principal.enabled = random.percent(92);
        principal.read_only = random.percent(15);
        principal.valid_until = match random.below(12) {
            0 => Some(world.now - 1000),
            1 => Some(world.now + 100_000),
            _ => None,
        };
    }
    let environments = of_kind(world, "environment", account);
    for _ in 0..random.below(size.api_keys + 1) {
        if let Some(&environment) = random.pick(&environments) {
            let name = format!("key {}", world.principals.len());
            world.principal(&name, PrincipalKind::ApiKey { environment }, Some(account));
        }
    }
}

/// The roles of an account that a person made, and `Users`.
pub fn ordinary_roles(world: &World, account: AccountId) -> Vec<PrincipalId> {
    let made = &world.accounts[account];
    (0..world.principals.len())
        .filter(|id| world.principals[*id].kind == PrincipalKind::Role)
        .filter(|id| world.principals[*id].account == Some(account))
        .filter(|id| *id != made.admin_role && *id != made.everyone)
        .collect()
}

/// The principals of an account that may be a member of something: all but `everyone` and the admin role.
pub fn possible_members(world: &World, account: AccountId) -> Vec<PrincipalId> {
    let made = &world.accounts[account];
    (0..world.principals.len())
        .filter(|id| world.principals[*id].account == Some(account))
        .filter(|id| *id != made.admin_role && *id != made.everyone)
        .collect()
}

/// The resources of this kind in an account, its `*` not among them.
pub fn of_kind(world: &World, kind: &str, account: AccountId) -> Vec<ResourceId> {
    let kind = world.kind(kind);
    (0..world.resources.len())
        .filter(|id| {
            let resource = &world.resources[*id];
            resource.kind == kind && resource.account == account && !resource.is_star
        })
        .collect()
}

/// Whether `from` is `to` or a member of it over any number of roles, whatever is enabled or valid now.
pub fn leads_to(world: &World, from: PrincipalId, to: PrincipalId) -> bool {
    from == to || world.memberships.iter().any(|m| m.member == from && leads_to(world, m.role, to))
}

/// Whether this membership may be made: no cycle, no second row for the same two, nobody read-only led to admin.
pub fn may_assign(world: &World, role: PrincipalId, member: PrincipalId) -> bool {
    let account = world.principals[role].account;
    let admin_role = account.map(|account| world.accounts[account].admin_role);
    let gives_admin = admin_role.is_some_and(|admin| leads_to(world, role, admin));
    let read_only = |id: PrincipalId| world.principals[id].read_only && leads_to(world, id, member);
    let same_account = account == world.principals[member].account;
    let cycle = leads_to(world, role, member);
    let twice = world.memberships.iter().any(|m| m.role == role && m.member == member);
    let guest_as_admin = gives_admin && (0..world.principals.len()).any(read_only);
    same_account && !cycle && !twice && !guest_as_admin
}

fn memberships(random: &mut Random, size: &Size, world: &mut World, account: AccountId) {
    for _ in 0..random.below(size.memberships + 1) {
        let roles = ordinary_roles(world, account);
        let role = if random.percent(8) { Some(&world.accounts[account].admin_role) } else { random.pick(&roles) };
        let members = possible_members(world, account);
        if let (Some(&role), Some(&member)) = (role, random.pick(&members))
            && may_assign(world, role, member)
        {
            let period = period(random, world.now);
            world.memberships.push(Membership { role, member, period });
        }
    }
}

/// Some gates are opened widely, or hardly any row would open to anybody: all of its gates have to.
fn grants(random: &mut Random, size: &Size, world: &mut World, account: AccountId) {
    const WIDE: [&str; 7] = ["view", "change", "full", "view, add", "edit, delete", "add", "read, move, rename, add"];
    let root = world.accounts[account].resource;
    let wide: Vec<ResourceId> = (0..world.resources.len())
        .filter(|id| world.resources[*id].account == account)
        .filter(|id| world.resources[*id].is_star || *id == root)
        .collect();
    // Somebody who is no admin may hold nearly everything: what he may not do is what the rules of rows forbid.
    let strong = random.pick(&possible_members(world, account)).copied();
    for resource in wide {
        let mut holders = ordinary_roles(world, account);
        holders.push(world.accounts[account].everyone);
        let kind = world.kinds[world.resources[resource].kind].name.clone();
        let mut give = |principal: PrincipalId, words: &str| {
            let actions = bits_on(words, &kind);
            world.grants.push(Grant { principal, resource, actions, period: Period::ALWAYS });
        };
        for _ in 0..random.below(4) {
            let key = kind == "location" && random.percent(40);
            let words = if key { "enter" } else { WIDE[random.below(WIDE.len())] };
            give(holders[random.below(holders.len())], words);
        }
        if let Some(strong) = strong {
            give(strong, if random.percent(80) { "full" } else { WIDE[random.below(WIDE.len())] });
        }
    }
    for _ in 0..random.below(size.grants + 1) {
        if let Some((grant, _)) = grant(random, world, account) {
            world.grants.push(grant);
        }
    }
}

/// The resources of an account that may have a limit: rows lie under them, and they are no row's own list.
pub fn limitable(world: &World, account: AccountId) -> Vec<ResourceId> {
    let gates_rows = |kind: KindId| world.kinds[kind].family.is_some() && world.kinds[kind].name != "document";
    (0..world.resources.len())
        .filter(|id| world.resources[*id].account == account && gates_rows(world.resources[*id].kind))
        .collect()
}

/// The words of a random limit: mostly as people set them.
pub fn limit_words(random: &mut Random) -> String {
    const USUAL: [&str; 12] = [
        "view",
        "view",
        "",
        "view, add",
        "view, edit",
        "change",
        "full",
        "guest",
        "add",
        "edit",
        "read, write, move",
        "view, edit, delete, sign, immutable",
    ];
    if random.percent(80) { USUAL[random.below(USUAL.len())].to_owned() } else { words(random, "project") }
}

/// What the words of a limit leave.
pub fn limit_bits(words: &str) -> u64 {
    actions::granted_by(words, &[]).unwrap_or(0) & actions::of_rows()
}

/// Most accounts have none, some a few.
fn limits(random: &mut Random, world: &mut World, account: AccountId) {
    if random.percent(60) {
        return;
    }
    let limitable = limitable(world, account);
    for _ in 0..=random.below(3) {
        if let Some(&resource) = random.pick(&limitable) {
            world.resources[resource].limit = Some(limit_bits(&limit_words(random)));
        }
    }
}

/// A random grant in an account, and its words. Locations are granted on more often than the rest, and `*` too.
pub fn grant(random: &mut Random, world: &World, account: AccountId) -> Option<(Grant, String)> {
    let made = &world.accounts[account];
    let holders: Vec<PrincipalId> = (0..world.principals.len())
        .filter(|id| world.principals[*id].account == Some(account) && *id != made.admin_role)
        .collect();
    let place = world.kind("location");
    let all: Vec<ResourceId> = (0..world.resources.len()).filter(|r| world.resources[*r].account == account).collect();
    let few: Vec<ResourceId> = all
        .iter()
        .copied()
        .filter(|id| {
            let resource = &world.resources[*id];
            resource.kind == place && resource.parent.is_none() || resource.is_star || *id == made.resource
        })
        .collect();
    let from = if random.percent(30) { &few } else { &all };
    let resource = *random.pick(from)?;
    let kind = &world.kinds[world.resources[resource].kind].name;
    let words = words(random, kind);
    let grant = Grant {
        principal: *random.pick(&holders)?,
        resource,
        actions: bits_on(&words, kind),
        period: period(random, world.now),
    };
    Some((grant, words))
}

/// A random table: some of the gates, in random order, some with several kinds.
pub fn shape(random: &mut Random, world: &World) -> Shape {
    let kind = |name: &str| world.kind(name);
    let mut families = vec![
        (Family::Place, vec![kind("location")]),
        (Family::Type, vec![kind("document_type")]),
        (Family::Project, vec![kind("project")]),
        (Family::Function, vec![kind("function")]),
        (Family::Scope, {
            let mut kinds = Vec::new();
            if random.percent(40) {
                kinds.push(kind(if random.percent(50) { "client" } else { "provider" }));
            }
            if random.percent(80) || kinds.is_empty() {
                kinds.push(kind("company"));
            }
            if random.percent(50) {
                kinds.push(kind("environment"));
            }
            kinds
        }),
    ];
    families.extend((0..world.kinds.len()).filter_map(|id| match world.kinds[id].family {
        Some(Family::Own(own)) => Some((Family::Own(own), vec![id])),
        _ => None,
    }));
    random.shuffle(&mut families);
    families.truncate(1 + random.below(families.len()));
    let gates = families.into_iter().map(|(family, kinds)| {
        let constant = family == Family::Function && random.percent(30);
        GateShape {
            family,
            kinds: if constant { Vec::new() } else { kinds },
            required: !constant && random.percent(15),
            constants: if constant { vec!["Projects".to_owned(), "Project Authorizations".to_owned()] } else { vec![] },
        }
    });
    let gates: Vec<GateShape> = gates.collect();
    Shape {
        own_lists: gates.iter().any(|gate| gate.family == Family::Place) && random.percent(70),
        gates,
        owner: random.percent(80),
        requester: random.percent(60),
        immutable: random.percent(60),
        deleted: random.percent(40),
    }
}

/// A random row of a table in an account; its own list becomes a resource of the world.
pub fn row(random: &mut Random, world: &mut World, shape: &Shape, account: AccountId, chances: RowChances) -> Row {
    let gates = shape.gates.iter().map(|gate| Gate {
        family: gate.family,
        required: gate.required,
        references: references(random, world, &gate.kinds, account, chances),
        constants: gate.constants.clone(),
    });
    let gates = gates.collect();
    let foreign = random.percent(chances.foreign);
    let people: Vec<PrincipalId> = (0..world.principals.len())
        .filter(|id| foreign || world.principals[*id].account == Some(account))
        .filter(|id| matches!(world.principals[*id].kind, PrincipalKind::User | PrincipalKind::ApiKey { .. }))
        .collect();
    let mut person = |wanted: bool, null: usize| {
        let nobody = !wanted || random.percent(null);
        if nobody { None } else { random.pick(&people).copied() }
    };
    let (owner, requester) = (person(shape.owner, 20), person(shape.requester, 60));
    let deleted_by = person(shape.deleted, 20);
    let mut row = Row {
        gates,
        own_list: None,
        owner,
        requester,
        immutable: shape.immutable && random.percent(15),
        deleted: shape.deleted && random.percent(20),
        deleted_by,
    };
    if shape.own_lists && random.percent(chances.own_list) {
        let list = world.share(&mut row);
        world.resources[list].inherits = random.percent(60);
    }
    row
}

/// The references of one gate: consistent, that is, of one account, a company inside its row's environment, a party
/// inside its company.
pub fn references(
    random: &mut Random,
    world: &World,
    kinds: &[KindId],
    account: AccountId,
    chances: RowChances,
) -> Vec<Option<Reference>> {
    let mut out = vec![None; kinds.len()];
    if random.percent(chances.dangling) {
        if let Some(first) = out.first_mut() {
            *first = Some(Reference::Dangling);
        }
        return out;
    }
    let mut inside: Option<ResourceId> = None;
    for (position, kind) in kinds.iter().enumerate() {
        let candidates = of_kind(world, &world.kinds[*kind].name, account);
        let resource = match inside {
            // What an inner reference lies in is the only one that is consistent with it.
            Some(inner) => ancestor(world, inner, *kind),
            None => random.pick(&candidates).copied(),
        };
        if !random.percent(chances.null)
            && let Some(resource) = resource
        {
            out[position] = Some(Reference::Resource(resource));
            inside = inside.or(Some(resource));
        }
    }
    out
}

/// The resource of this kind in which another one lies.
pub fn ancestor(world: &World, resource: ResourceId, kind: KindId) -> Option<ResourceId> {
    let parent = world.resources[resource].parent?;
    if world.resources[parent].kind == kind { Some(parent) } else { ancestor(world, parent, kind) }
}
