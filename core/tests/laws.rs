//! The laws of access as properties: over random worlds, rows and principals, and against the reference evaluator.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "a test that panics has failed, which is what it is for"
)]

mod common;

use common::Asker;
use docacl_core::Actions;
use docacl_core::verdict::Rule;
use docacl_reference::generate::{self, RowChances, Size};
use docacl_reference::{
    Family, Membership, Period, PrincipalKind, Random, Reference, ResourceId, Row, World, actions, change,
};
use proptest::prelude::*;

const CHANCES: RowChances = RowChances { null: 25, dangling: 2, own_list: 30, foreign: 5 };

/// A world, some rows of one table in it, and the dice to go on with.
struct Case {
    world: World,
    rows: Vec<Row>,
    random: Random,
}

/// Grows with `size`, so that a failure shrinks to a small world.
fn case(seed: u64, size: usize) -> Case {
    let mut random = Random::new(seed);
    let size = Size {
        accounts: 1 + size / 3,
        users: size,
        roles: size,
        api_keys: size / 3,
        memberships: 2 * size,
        own_kinds: size / 3,
        resources: size,
        grants: 4 * size,
    };
    let mut world = generate::world(&mut random, &size);
    let shape = generate::shape(&mut random, &world);
    let mut rows = Vec::new();
    for _ in 0..6 {
        let account = random.below(world.accounts.len());
        rows.push(generate::row(&mut random, &mut world, &shape, account, CHANCES));
    }
    // The rows' own lists are there now, so grants on them can come up.
    for _ in 0..size.grants / 2 {
        let account = random.below(world.accounts.len());
        if let Some((grant, _)) = generate::grant(&mut random, &world, account) {
            world.grants.push(grant);
        }
    }
    Case { world, rows, random }
}

/// What everybody may do with every row.
fn answers(world: &World, rows: &[Row]) -> Vec<Actions> {
    (0..world.principals.len())
        .flat_map(|u| {
            let asker = Asker::new(world, u);
            rows.iter().map(move |row| asker.may(row).actions).collect::<Vec<_>>()
        })
        .collect()
}

/// Fails where somebody may do less than before.
fn none_lost(before: &[Actions], after: &[Actions]) -> Result<(), TestCaseError> {
    for (at, (before, after)) in before.iter().zip(after).enumerate() {
        prop_assert!(after.contains(*before), "answer {} lost {:?}", at, before.difference(*after));
    }
    Ok(())
}

/// Everything from which a resource gets its grants: itself, what it inherits from, and the `*` of each.
fn sources(world: &World, resource: ResourceId) -> Vec<ResourceId> {
    let mut all = Vec::new();
    let mut at = Some(resource);
    while let Some(id) = at {
        let here = &world.resources[id];
        all.push(id);
        all.extend(world.star_of(here.kind, here.account));
        at = here.parent.filter(|_| here.inherits);
    }
    all
}

/// Whether a limit on `limited` is one of rows that refer to `resource`.
fn lies_under(world: &World, resource: ResourceId, limited: ResourceId) -> bool {
    let here = &world.resources[resource];
    resource == limited
        || world.star_of(here.kind, here.account) == Some(limited)
        || here.parent.is_some_and(|parent| lies_under(world, parent, limited))
}

/// The resources that a row's gates are decided by, constants aside.
fn engaged(row: &Row) -> Vec<ResourceId> {
    row.gates
        .iter()
        .filter_map(|gate| match (gate.family, row.own_list, gate.references.iter().flatten().next()) {
            (Family::Place, Some(list), _) => Some(list),
            (_, _, Some(Reference::Resource(resource))) => Some(*resource),
            _ => None,
        })
        .collect()
}

proptest! {
    // The engine's procedure is the rules': every principal, every row, every action.
    #[test]
    fn core_decides_what_the_rules_say(seed: u64, size in 1usize..9) {
        let Case { world, rows, .. } = case(seed, size);
        for u in 0..world.principals.len() {
            let asker = Asker::new(&world, u);
            for row in &rows {
                let (core, rules) = (asker.may(row), world.may(Some(u), row));
                prop_assert_eq!(core.actions.bits(), rules.actions, "principal {} row {:?}: {:?}", u, row, core.rule);
                prop_assert_eq!(core.of_existing().actions.bits(), rules.of_existing());
            }
            for resource in 0..world.resources.len() {
                let (core, rules) = (asker.may_on(resource).actions.bits(), world.can_on(Some(u), resource));
                prop_assert_eq!(core, rules, "principal {} on resource {}", u, resource);
            }
        }
    }

    // "adding a grant … never removes access" (E14, D32).
    #[test]
    fn a_grant_never_removes_access(seed: u64, size in 1usize..9) {
        let Case { mut world, rows, mut random } = case(seed, size);
        let before = answers(&world, &rows);
        for _ in 0..4 {
            let account = random.below(world.accounts.len());
            if let Some((grant, _)) = generate::grant(&mut random, &world, account) {
                world.grants.push(grant);
            }
        }
        none_lost(&before, &answers(&world, &rows))?;
    }

    // "adding … a membership … never removes access" (B1, D2).
    #[test]
    fn a_membership_never_removes_access(seed: u64, size in 2usize..9) {
        let Case { mut world, rows, mut random } = case(seed, size);
        let before = answers(&world, &rows);
        for _ in 0..4 {
            let account = random.below(world.accounts.len());
            let mut roles = generate::ordinary_roles(&world, account);
            roles.push(world.accounts[account].admin_role);
            let role = *random.pick(&roles).unwrap();
            let member = *random.pick(&generate::possible_members(&world, account)).unwrap();
            if generate::may_assign(&world, role, member) {
                world.memberships.push(Membership { role, member, period: Period::ALWAYS });
            }
        }
        none_lost(&before, &answers(&world, &rows))?;
    }

    // "adding … a role never removes access" (E14).
    #[test]
    fn a_role_never_removes_access(seed: u64, size in 2usize..9) {
        let Case { mut world, rows, mut random } = case(seed, size);
        let before = answers(&world, &rows);
        let account = random.below(world.accounts.len());
        let role = world.role("one more", account);
        let member = *random.pick(&generate::possible_members(&world, account)).unwrap();
        if generate::may_assign(&world, role, member) {
            world.assign(role, member);
        }
        let resource = random.below(world.resources.len());
        world.grant(role, "view", resource);
        none_lost(&before, &answers(&world, &rows))?;
    }

    // A limit takes and never gives; what it leaves out nobody has under it but system and admins, the requester neither.
    #[test]
    fn a_limit_never_adds(seed: u64, size in 2usize..9) {
        let Case { mut world, rows, mut random } = case(seed, size);
        let before = answers(&world, &rows);
        let account = random.below(world.accounts.len());
        let resource = *random.pick(&generate::limitable(&world, account)).unwrap();
        let most = generate::limit_bits(&generate::limit_words(&mut random));
        world.resources[resource].limit = Some(world.resources[resource].limit.unwrap_or(most) & most);
        none_lost(&answers(&world, &rows), &before)?;
        for row in &rows {
            let under = engaged(row).into_iter().any(|r| lies_under(&world, r, resource));
            for u in (0..world.principals.len()).filter(|_| under) {
                let verdict = Asker::new(&world, u).may(row);
                let unbound = matches!(verdict.rule, Rule::System | Rule::Admin);
                prop_assert!(unbound || verdict.actions.bits() & !most == 0, "principal {} still {:?}", u, verdict);
            }
        }
    }

    // Lifting it leaves no trace.
    #[test]
    fn a_limit_that_is_lifted_is_as_if_it_had_not_been(seed: u64, size in 2usize..9) {
        let Case { mut world, rows, mut random } = case(seed, size);
        let before = answers(&world, &rows);
        let account = random.below(world.accounts.len());
        let resource = *random.pick(&generate::limitable(&world, account)).unwrap();
        let was = world.resources[resource].limit.replace(0);
        let under = rows.iter().filter(|row| engaged(row).into_iter().any(|r| lies_under(&world, r, resource)));
        let shut = under.flat_map(|row| (0..world.principals.len()).map(|u| Asker::new(&world, u).may(row))).all(|v| {
            v.actions.is_empty() || matches!(v.rule, Rule::System | Rule::Admin)
        });
        prop_assert!(shut);
        world.resources[resource].limit = was;
        prop_assert_eq!(before, answers(&world, &rows));
    }

    // "the order of grants does not matter", nor that of memberships.
    #[test]
    fn order_does_not_matter(seed: u64, size in 2usize..9) {
        let Case { mut world, rows, mut random } = case(seed, size);
        let before = answers(&world, &rows);
        random.shuffle(&mut world.grants);
        random.shuffle(&mut world.memberships);
        prop_assert_eq!(before, answers(&world, &rows));
    }

    // "taking away every grant on one engaged gate closes the row for all but admins and its requester" (B6, C2).
    #[test]
    fn every_gate_holds_alone(seed: u64, size in 2usize..9) {
        let Case { world, rows, mut random } = case(seed, size);
        for row in &rows {
            let Some(&gate) = random.pick(&engaged(row)) else { continue };
            let mut closed = world.clone();
            let sources = sources(&closed, gate);
            closed.grants.retain(|grant| !sources.contains(&grant.resource));
            for u in 0..closed.principals.len() {
                let verdict = Asker::new(&closed, u).may(row);
                let admin = closed.is_admin(u, closed.resources[gate].account);
                let excepted = u == closed.system || admin || row.requester == Some(u);
                prop_assert!(excepted || verdict.actions.is_empty(), "principal {} still {:?}", u, verdict);
            }
        }
    }

    // "Never 'visible to everyone' by omission" (B4): without an engaged gate only owner, requester, admin, system.
    #[test]
    fn b4_nothing_is_open_by_omission(seed: u64, size in 2usize..9) {
        let Case { world, rows, .. } = case(seed, size);
        for row in &rows {
            let mut bare = row.clone();
            bare.own_list = None;
            bare.gates.retain(|gate| gate.constants.is_empty());
            bare.gates.iter_mut().for_each(|gate| gate.references.fill(None));
            for u in 0..world.principals.len() {
                let actions = Asker::new(&world, u).may(&bare).actions;
                let account = bare.owner.and_then(|owner| world.principals[owner].account);
                let admin = account.is_some_and(|account| world.is_admin(u, account));
                let theirs = bare.owner == Some(u) || bare.requester == Some(u);
                prop_assert!(actions.is_empty() || u == world.system || admin || theirs);
            }
        }
    }

    // A2: nobody but system reaches another account's rows, whatever is granted (grants stay inside an account).
    #[test]
    fn a2_the_account_is_the_outermost_wall(seed: u64, size in 3usize..9) {
        let Case { world, rows, .. } = case(seed, size);
        for row in &rows {
            let accounts: Vec<usize> = engaged(row).into_iter().map(|r| world.resources[r].account).collect();
            for u in (0..world.principals.len()).filter(|u| *u != world.system) {
                let home = accounts.iter().all(|account| Some(*account) == world.principals[u].account);
                let actions = Asker::new(&world, u).may(row).actions;
                prop_assert!(home || actions.is_empty(), "principal {} reaches {:?}", u, row);
            }
        }
    }

    // A disabled user, a read-only one and one who becomes an admin, from the same world.
    #[test]
    fn states_of_a_user_bound_what_he_may(seed: u64, size in 2usize..9) {
        let Case { mut world, rows, .. } = case(seed, size);
        let admin_roles: Vec<usize> = world.accounts.iter().map(|account| account.admin_role).collect();
        let users: Vec<usize> =
            (0..world.principals.len()).filter(|u| world.principals[*u].kind == PrincipalKind::User).collect();
        for u in users {
            let leads = admin_roles.iter().any(|role| generate::leads_to(&world, u, *role));
            let was = world.principals[u].clone();
            world.principals[u].read_only = !leads;
            let guest = leads || rows.iter().all(|row| Actions::GUEST.contains(Asker::new(&world, u).may(row).actions));
            world.principals[u].enabled = false;
            let shut = rows.iter().all(|row| Asker::new(&world, u).may(row).actions.is_empty());
            world.principals[u] = was;
            prop_assert!(guest && shut);
        }
    }

    // Revoking what was granted to nobody else leaves what was there before: no trace of a grant remains.
    #[test]
    fn changes_are_followed(seed: u64, size in 2usize..9) {
        let Case { mut world, rows, mut random } = case(seed, size);
        for _ in 0..10 {
            let account = random.below(world.accounts.len());
            if let Some(change) = change::random(&mut random, &world, account) {
                world.apply(&change);
            }
            for u in 0..world.principals.len() {
                let asker = Asker::new(&world, u);
                for row in &rows {
                    prop_assert_eq!(asker.may(row).actions.bits(), world.may(Some(u), row).actions);
                }
            }
        }
    }
}

#[test]
fn the_random_cases_reach_every_kind_of_answer() {
    // A property over worlds in which everything is closed would hold for a procedure that says no to everything.
    let mut seen = std::collections::HashMap::new();
    for seed in 0..500 {
        let Case { world, rows, .. } = case(seed, 8);
        for u in 0..world.principals.len() {
            for row in &rows {
                let verdict = Asker::new(&world, u).may(row);
                let part = if verdict.actions.is_empty() { "nothing" } else { "something" };
                *seen.entry(format!("{:?} {part}", verdict.rule)).or_insert(0) += 1;
            }
        }
    }
    for rule in ["Gates", "Intray", "Requester", "Admin", "System"] {
        let count = seen.get(&format!("{rule} something")).copied().unwrap_or(0);
        assert!(count >= 20, "{rule} decided only {count} times: {seen:?}");
    }
    for rule in ["Gates", "Intray", "Nobody", "ApiKeyWall", "Deleted"] {
        assert!(seen.contains_key(&format!("{rule} nothing")), "{rule} never closed a row: {seen:?}");
    }
    assert_eq!(actions::everything(), Actions::EVERYTHING.bits());
}
