//! What a check needs to know of a resource: account, kind, parent, inherits. Kept per backend and account for
//! as long as the account's structure stamp stays the same, so that a ring compiled anew after a grant does not
//! read the resources again.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::error::Result;
use crate::facts::{self, Resource};
use crate::scan::Snap;

/// A resource as a check sees it.
#[derive(Debug, Clone)]
pub struct Node {
    pub id: i64,
    pub account: i64,
    pub kind: Rc<str>,
    pub parent: Option<i64>,
    pub inherits: bool,
    pub is_star: bool,
}

impl Node {
    /// Whether it belongs to the scope gate.
    pub fn is_scope(&self) -> bool {
        docacl_core::kind::built_in(&self.kind).is_some_and(|k| k.gate == Some("scope"))
    }
}

/// The nodes of one account under one structure stamp.
struct Known {
    account: i64,
    stamp: Option<[u8; 16]>,
    generation: u64,
    nodes: HashMap<i64, Node>,
}

/// More nodes than this are not kept (about 10 MB).
const MOST: usize = 100_000;

thread_local! {
    static KNOWN: RefCell<Vec<Known>> = const { RefCell::new(Vec::new()) };
    static KINDS: RefCell<Vec<Rc<str>>> = const { RefCell::new(Vec::new()) };
}

/// A resource read from its table. The names of kinds are kept once.
pub fn intern(resource: &Resource) -> Node {
    let kind = KINDS.with_borrow_mut(|kinds| match kinds.iter().find(|k| ***k == *resource.kind) {
        Some(kind) => kind.clone(),
        None => {
            let kind: Rc<str> = Rc::from(resource.kind.as_str());
            kinds.push(kind.clone());
            kind
        }
    });
    Node {
        id: resource.id,
        account: resource.account,
        kind,
        parent: resource.parent,
        inherits: resource.inherits,
        is_star: resource.is_star,
    }
}

/// A resource by id. `structure` is the account whose nodes may be kept, with the stamp under which the
/// snapshot sees them. Only what exists is kept: creating a resource touches no stamp.
pub fn node(id: i64, structure: Option<(i64, Option<[u8; 16]>)>, snap: &Snap) -> Result<Option<Node>> {
    let Some((account, stamp)) = structure else {
        return Ok(facts::resource(id, snap)?.map(|r| intern(&r)));
    };
    let generation = crate::scan::generation();
    let is = |k: &Known| k.account == account && k.stamp == stamp && k.generation == generation;
    if let Some(node) = KNOWN.with_borrow(|known| known.iter().find(|k| is(k)).and_then(|k| k.nodes.get(&id).cloned()))
    {
        return Ok(Some(node));
    }
    let Some(node) = facts::resource(id, snap)?.map(|r| intern(&r)) else {
        return Ok(None);
    };
    // A row's own list changes its parent without touching the stamp, and another account has its own stamp.
    if node.account == account && &*node.kind != "document" {
        KNOWN.with_borrow_mut(|known| {
            if !known.iter().any(is) {
                // Two versions at most: that of an old snapshot and that of a new one.
                known.retain(|k| k.generation == generation);
                if known.len() >= 2 {
                    known.remove(0);
                }
                known.push(Known { account, stamp, generation, nodes: HashMap::new() });
            }
            if let Some(k) = known.iter_mut().find(|k| is(k)) {
                if k.nodes.len() >= MOST {
                    k.nodes.clear();
                }
                k.nodes.insert(id, node.clone());
            }
        });
    }
    Ok(Some(node))
}

/// Forgets everything: a subtransaction rolled back, and what was read in it may never have been.
pub fn forget() {
    KNOWN.with_borrow_mut(Vec::clear);
}

/// The kinds of which accounts have a `*`.
pub fn star_kinds(snap: &Snap) -> Result<Vec<String>> {
    Ok(facts::kinds(snap)?.into_iter().filter(|k| k.has_star).map(|k| k.name).collect())
}
