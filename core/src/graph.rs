//! Graphs of roles and trees of resources: closures and cycles.
//!
//! Edges are fetched by the caller, who may fail; nothing is remembered here.

use std::collections::HashSet;

/// Everything reachable from `start`, itself included, in order of discovery. A cycle in bad data ends
/// the walk like any node seen before.
pub fn closure<E>(start: i64, mut next: impl FnMut(i64, &mut Vec<i64>) -> Result<(), E>) -> Result<Vec<i64>, E> {
    let mut seen = HashSet::from([start]);
    let mut order = vec![start];
    let mut edges = Vec::new();
    let mut at = 0usize;
    while let Some(&node) = order.get(at) {
        at = at.saturating_add(1);
        edges.clear();
        next(node, &mut edges)?;
        order.extend(edges.drain(..).filter(|n| seen.insert(*n)));
    }
    Ok(order)
}

/// Whether `from` reaches `to` (or is it).
pub fn reaches<E>(from: i64, to: i64, next: impl FnMut(i64, &mut Vec<i64>) -> Result<(), E>) -> Result<bool, E> {
    Ok(closure(from, next)?.contains(&to))
}

/// Whether giving `child` the parent `parent` would make a cycle: whether `parent` is `child` or lies below it.
pub fn parent_would_cycle<E>(
    child: i64,
    parent: i64,
    mut parent_of: impl FnMut(i64) -> Result<Option<i64>, E>,
) -> Result<bool, E> {
    reaches(parent, child, |node, out| {
        out.extend(parent_of(node)?);
        Ok(())
    })
}

/// Whether making `member` a member of `role` would make a cycle: whether `role` already leads to `member`.
pub fn membership_would_cycle<E>(
    role: i64,
    member: i64,
    roles_of: impl FnMut(i64, &mut Vec<i64>) -> Result<(), E>,
) -> Result<bool, E> {
    reaches(role, member, roles_of)
}
