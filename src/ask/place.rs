//! What a row refers to, resource by resource, and how grants reach a resource: what an explanation names.

use docacl_core::Actions;
use pgrx::pg_sys;

use crate::error::Result;
use crate::facts::{self, Principal, Resource};
use crate::protect::target::Target;
use crate::ring::{self, Ring};
use crate::scan::Snap;
use crate::shape::{Argument, By, Reference};
use crate::value::{Type, read_text, read_value};

/// A gate of one row.
#[derive(Debug, Clone)]
pub struct RowGate {
    pub gate: String,
    pub required: bool,
    /// The row's own list: positive adds to the location, negative stands instead of it.
    pub own: Option<i64>,
    /// A reference, an own list or a constant is there, whether or not it resolves.
    pub engaged: bool,
    /// A reference is there.
    pub referenced: bool,
    /// What it resolves to; a function named by the table is resolved in the account of whoever is asked about.
    pub resource: Option<Resource>,
    /// The functions that the table names, the default first.
    pub constants: Vec<String>,
}

/// One row's gates and people.
#[derive(Debug, Clone, Default)]
pub struct RowFacts {
    pub gates: Vec<RowGate>,
    pub owner: Option<Principal>,
    pub requester: Option<Principal>,
    pub immutable: bool,
    pub deleted: bool,
    pub deleted_by: Option<Principal>,
}

type Columns = [Option<pg_sys::Datum>];

fn text_of(ty: Type, datum: pg_sys::Datum) -> Result<String> {
    match ty {
        Type::Text => read_text(datum),
        ty => Ok(read_value(ty, datum)?.to_key()),
    }
}

fn resolve(reference: &Reference, text: &str, snap: &Snap) -> Result<Option<Resource>> {
    let found = match reference.by {
        By::Id => match text.parse() {
            Ok(id) => facts::resource(id, snap)?,
            Err(_) => None,
        },
        By::Key => {
            let mut found = None;
            for kind in &reference.kinds {
                found = found.or(facts::resource_with_key(kind, text, snap)?);
            }
            found
        }
    };
    Ok(found.filter(|r| !r.is_star && reference.kinds.contains(&r.kind)))
}

fn person(by: Option<By>, text: &str, snap: &Snap) -> Result<Option<Principal>> {
    match by.unwrap_or(By::Id) {
        By::Id => match text.parse() {
            Ok(id) => facts::principal(id, snap),
            Err(_) => Ok(None),
        },
        By::Key => facts::principal_with_key(text, snap),
    }
}

/// Reads what a row refers to.
pub fn read(target: &Target, row: &Columns, snap: &Snap) -> Result<RowFacts> {
    let shape = target.shape();
    let mut out = RowFacts {
        gates: shape
            .gates
            .iter()
            .map(|g| RowGate {
                gate: g.gate.clone(),
                required: g.required,
                own: None,
                engaged: !g.constant.is_empty(),
                referenced: false,
                resource: None,
                constants: g.constant.clone(),
            })
            .collect(),
        ..RowFacts::default()
    };
    let mut decided = vec![false; out.gates.len()];
    for ((argument, ty), datum) in shape.arguments().into_iter().zip(target.types()).zip(row) {
        let Some(datum) = *datum else { continue };
        match argument {
            Argument::Own(g) => {
                if let Some(gate) = out.gates.get_mut(g) {
                    gate.own = Some(datum.value() as i64);
                    gate.engaged = true;
                }
            }
            Argument::Reference(g, r) => {
                let (Some(gate), Some(done)) = (out.gates.get_mut(g), decided.get_mut(g)) else { continue };
                if let Some(reference) = shape.gates.get(g).and_then(|g| g.refs.get(r))
                    && !std::mem::replace(done, true)
                {
                    gate.engaged = true;
                    gate.referenced = true;
                    gate.constants.clear();
                    gate.resource = resolve(reference, &text_of(ty, datum)?, snap)?;
                }
            }
            Argument::Owner => out.owner = person(shape.owner, &text_of(ty, datum)?, snap)?,
            Argument::Requester => out.requester = person(shape.requester, &text_of(ty, datum)?, snap)?,
            Argument::DeletedBy => out.deleted_by = person(shape.deleted_by, &text_of(ty, datum)?, snap)?,
            Argument::Immutable => out.immutable = ty != Type::Bool || datum.value() & 0xff != 0,
            Argument::Deleted => out.deleted = ty != Type::Bool || datum.value() & 0xff != 0,
        }
    }
    Ok(out)
}

/// A resource whose grants reach another, and why.
#[derive(Debug, Clone)]
pub struct Reach {
    pub resource: i64,
    /// "parent "/A"", "*", "own list"; nothing for the resource itself.
    pub why: Option<Why>,
}

/// Why a grant elsewhere reaches a resource.
#[derive(Debug, Clone)]
pub enum Why {
    Parent(Resource),
    Star,
    OwnList,
}

/// The resources whose grants reach this one: itself, those it inherits from, and the `*` of the kinds among them.
pub fn reaching(resource: &Resource, snap: &Snap) -> Result<Vec<Reach>> {
    let mut out = vec![Reach { resource: resource.id, why: None }];
    let mut at = resource.clone();
    loop {
        if at.kind != "document"
            && let Some(star) = facts::star(at.account, &at.kind, snap)?
            && out.iter().all(|r| r.resource != star.id)
        {
            out.push(Reach { resource: star.id, why: Some(Why::Star) });
        }
        let parent = match at.parent {
            Some(parent) if at.inherits => facts::resource(parent, snap)?,
            _ => None,
        };
        let Some(parent) = parent else { return Ok(out) };
        out.push(Reach { resource: parent.id, why: Some(Why::Parent(parent.clone())) });
        at = parent;
    }
}

/// The resources whose grants reach a row through one gate.
pub fn reaching_gate(gate: &RowGate, resource: Option<&Resource>, snap: &Snap) -> Result<Vec<Reach>> {
    let mut out = Vec::new();
    if let Some(own) = gate.own {
        out.push(Reach { resource: own.unsigned_abs() as i64, why: Some(Why::OwnList) });
    }
    if gate.own.is_none_or(|own| own > 0)
        && let Some(resource) = resource
    {
        out.extend(reaching(resource, snap)?);
    }
    Ok(out)
}

/// The actions that a principal was granted on a resource, by itself, valid now.
pub fn granted(principal: i64, reach: &Reach, snap: &Snap) -> Result<Actions> {
    let now = ring::now();
    let on_row = matches!(reach.why, Some(Why::OwnList));
    Ok(facts::grants_between(principal, reach.resource, snap)?
        .iter()
        .filter(|g| g.on_row == on_row && ring::holds(g.valid_from, g.valid_until, now, &mut (i64::MIN, i64::MAX)))
        .fold(Actions::empty(), |all, g| all | Actions::from_bits_retain(g.actions & Actions::EVERYTHING.bits())))
}

/// Who of a ring's principals has a grant that reaches, and which.
pub fn holders(ring: &Ring, reach: &[Reach], snap: &Snap) -> Result<Vec<(i64, Reach, Actions)>> {
    let mut out = Vec::new();
    for reach in reach {
        for principal in &ring.principals {
            let actions = granted(*principal, reach, snap)?;
            if !actions.is_empty() {
                out.push((*principal, reach.clone(), actions));
            }
        }
    }
    Ok(out)
}
