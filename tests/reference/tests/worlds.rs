//! The random worlds: that a seed gives the same world again, that worlds differ enough to be worth comparing, and
//! that what the generator promises (no cycle, consistent references, no read-only admin) holds.

use docacl_reference::generate::{self, RowChances, Size};
use docacl_reference::{Family, PrincipalKind, Random, Reference, World, actions, change};

const CHANCES: RowChances = RowChances { null: 20, dangling: 2, own_list: 30, foreign: 5 };

#[test]
fn a_seed_gives_the_same_world_again() {
    let make = |seed| format!("{:?}", generate::world(&mut Random::new(seed), &Size::SMALL));
    assert_eq!(make(1), make(1));
    assert_ne!(make(1), make(2));
}

#[test]
fn words_apply_to_their_kind() {
    let mut random = Random::new(3);
    for kind in ["account", "company", "location", "document", "document_type", "function", "queue", "form", "own"] {
        for _ in 0..200 {
            let words = generate::words(&mut random, kind);
            let bits = actions::granted_by(&words, &[]);
            assert!(bits.is_some_and(|bits| bits & actions::applicable(kind) != 0), "{words:?} on a {kind}");
        }
    }
}

#[test]
fn worlds_keep_their_promises_through_changes() {
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let mut world = generate::world(&mut random, &Size::SMALL);
        for _ in 0..50 {
            let account = random.below(world.accounts.len());
            if let Some(change) = change::random(&mut random, &world, account) {
                world.apply(&change);
            }
        }
        promises(&world, seed);
    }
}

fn promises(world: &World, seed: u64) {
    for role in 0..world.principals.len() {
        for membership in world.memberships.iter().filter(|m| m.role == role) {
            assert!(!generate::leads_to(world, role, membership.member), "a cycle of roles, seed {seed}");
        }
    }
    for id in 0..world.resources.len() {
        if let Some(parent) = world.resources[id].parent {
            assert!(!change::lies_in(world, parent, id), "a cycle of resources, seed {seed}");
            assert_eq!(world.resources[id].account, world.resources[parent].account);
        }
    }
    for grant in &world.grants {
        let kind = &world.kinds[world.resources[grant.resource].kind].name;
        assert_eq!(grant.actions & !actions::applicable(kind), 0, "an inapplicable grant, seed {seed}");
    }
    for id in (0..world.principals.len()).filter(|id| world.principals[*id].read_only) {
        let admin = world.principals[id].account.map(|account| world.accounts[account].admin_role);
        assert!(!admin.is_some_and(|admin| generate::leads_to(world, id, admin)), "a read-only admin, seed {seed}");
    }
}

#[test]
fn rows_are_consistent_and_answers_vary() {
    let (mut nothing, mut something, mut everything) = (0, 0, 0);
    for seed in 0..300 {
        let mut random = Random::new(seed);
        let mut world = generate::world(&mut random, &Size::SMALL);
        let shape = generate::shape(&mut random, &world);
        for _ in 0..10 {
            let account = random.below(world.accounts.len());
            let row = generate::row(&mut random, &mut world, &shape, account, CHANCES);
            for gate in row.gates.iter().filter(|gate| gate.family == Family::Scope) {
                let inner = gate.references.iter().flatten().filter_map(|reference| match reference {
                    Reference::Resource(resource) => Some(*resource),
                    Reference::Dangling => None,
                });
                let inner: Vec<usize> = inner.collect();
                for pair in inner.windows(2) {
                    assert!(change::lies_in(&world, pair[0], pair[1]), "a company outside its environment");
                }
            }
            let user_here = |u: &usize| {
                let principal = &world.principals[*u];
                principal.kind == PrincipalKind::User && principal.account == Some(account)
            };
            for u in (0..world.principals.len()).filter(user_here) {
                match world.may(Some(u), &row).actions {
                    0 => nothing += 1,
                    all if all == actions::everything() => everything += 1,
                    _ => something += 1,
                }
            }
        }
    }
    let total = nothing + something + everything;
    assert!(something * 10 > total, "{something} of {total} answers are neither nothing nor everything");
    assert!(everything * 100 > total, "{everything} of {total} answers are everything");
}
