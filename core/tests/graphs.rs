//! Graphs: closures and cycles, against the slowest possible way to find them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "a test that panics has failed, which is what it is for"
)]

use std::collections::BTreeSet;
use std::convert::Infallible;

use docacl_core::graph::{closure, membership_would_cycle, parent_would_cycle, reaches};
use proptest::prelude::*;

type Edges = Vec<(i64, i64)>;

fn next(edges: &Edges) -> impl FnMut(i64, &mut Vec<i64>) -> Result<(), Infallible> {
    |node, out| {
        out.extend(edges.iter().filter(|(from, _)| *from == node).map(|(_, to)| *to));
        Ok(())
    }
}

/// Everything reachable, by going over all edges until nothing is new.
fn reachable(edges: &Edges, start: i64) -> BTreeSet<i64> {
    let mut all = BTreeSet::from([start]);
    loop {
        let size = all.len();
        let new: Vec<i64> = edges.iter().filter(|(from, _)| all.contains(from)).map(|(_, to)| *to).collect();
        all.extend(new);
        if all.len() == size {
            return all;
        }
    }
}

fn has_cycle(edges: &Edges) -> bool {
    edges.iter().any(|(from, to)| reachable(edges, *to).contains(from))
}

fn edges() -> impl Strategy<Value = Edges> {
    proptest::collection::vec((0i64..8, 0i64..8), 0..14)
}

proptest! {
    // B15: roles in roles, however deep, and cycles in bad data end the walk.
    #[test]
    fn a_closure_is_everything_reachable_once(edges in edges(), start in 0i64..8) {
        let Ok(found) = closure(start, next(&edges));
        let set: BTreeSet<i64> = found.iter().copied().collect();
        prop_assert_eq!(found.len(), set.len());
        prop_assert_eq!(found.first(), Some(&start));
        prop_assert_eq!(set, reachable(&edges, start));
    }

    #[test]
    fn reaching_is_being_in_the_closure(edges in edges(), from in 0i64..8, to in 0i64..8) {
        let Ok(found) = reaches(from, to, next(&edges));
        prop_assert_eq!(found, reachable(&edges, from).contains(&to));
    }

    // A membership is refused exactly when it would close a cycle.
    #[test]
    fn a_cycle_of_roles_is_found_before_it_is_made(wanted in edges()) {
        let mut edges = Edges::new();
        for (member, role) in wanted {
            let Ok(refused) = membership_would_cycle(role, member, next(&edges));
            let mut with = edges.clone();
            with.push((member, role));
            prop_assert_eq!(refused, has_cycle(&with));
            if !refused {
                edges = with;
            }
        }
        prop_assert!(!has_cycle(&edges));
    }

    // B3: so is a parent; a resource has one, and a new one takes the place of the old.
    #[test]
    fn a_cycle_of_parents_is_found_before_it_is_made(wanted in edges()) {
        let mut edges = Edges::new();
        for (child, parent) in wanted {
            let parent_of = |id| Ok::<_, Infallible>(edges.iter().find(|(c, _)| *c == id).map(|(_, p)| *p));
            let Ok(refused) = parent_would_cycle(child, parent, parent_of);
            let mut with: Edges = edges.iter().copied().filter(|(c, _)| *c != child).collect();
            with.push((child, parent));
            prop_assert_eq!(refused, has_cycle(&with));
            if !refused {
                edges = with;
            }
        }
    }

    // What cannot be loaded is an error: "an error never allows".
    #[test]
    fn an_edge_that_cannot_be_read_is_an_error(edges in edges(), start in 0i64..8, bad in 0i64..8) {
        let failing = |node: i64, out: &mut Vec<i64>| {
            if node == bad {
                return Err("unreadable");
            }
            let Ok(()) = next(&edges)(node, out);
            Ok(())
        };
        prop_assert_eq!(closure(start, failing).is_err(), reachable(&edges, start).contains(&bad));
    }
}
