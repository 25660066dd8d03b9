//! `acl_index_advice`: the indexes that a protected table lacks.
//!
//! A list shows each user his rows by the indexes of the gates: the planner takes the one that finds the fewest rows,
//! or several of them, or reads in the order asked for where he sees much (src/planner.rs).

use pgrx::pg_sys;
use pgrx::prelude::*;

use super::catalog::spi;
use super::functions::{name_of, not_protected};
use super::lint::Finding;
use crate::admin::asker::Asker;
use crate::error::{self, Result, internal};
use crate::facts;
use crate::owner::AsOwner;
use crate::regclass::Regclass;
use crate::scan::Snap;

/// What a column is to its table, and so what its index is good for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Gate,
    Parent,
    Owner,
    Requester,
    Own,
}

impl What {
    fn of(word: &str) -> Option<What> {
        match word {
            "gate" => Some(What::Gate),
            "parent" => Some(What::Parent),
            "owner" => Some(What::Owner),
            "requester" => Some(What::Requester),
            "own" => Some(What::Own),
            _ => None,
        }
    }

    /// The finding of `acl_check`; none: what is good to have only.
    fn finding(self) -> Option<&'static str> {
        match self {
            What::Gate => Some("gate column without an index"),
            What::Parent => Some("column of the parent's key without an index"),
            _ => None,
        }
    }

    fn reason(self) -> &'static str {
        match self {
            What::Gate => {
                "gate column without an index: whoever holds few of its keys has every row read to see his own"
            }
            What::Parent => {
                "column of the parent's key without an index: the rows of one parent's row are found by reading them all"
            }
            What::Owner => {
                "owner column without an index: the intray, and what somebody owns who is to be dropped, is searched for"
            }
            What::Requester => {
                "requester column without an index: rows are open to whoever requested them, so no gate's index finds all of his"
            }
            What::Own => {
                "own lists without an index: a list opens rows beside their location, so no location's index finds all of them"
            }
        }
    }
}

/// An index that a table lacks.
struct Advice {
    table: String,
    column: String,
    what: What,
    statement: String,
    /// How many values the column has, as far as it matters and is known.
    distinct: Option<f64>,
}

/// The indexes that a protected table lacks, with the statements that make them.
#[pg_extern(volatile, parallel_unsafe)]
fn acl_index_advice(
    relation: Option<Regclass>,
) -> Result<TableIterator<'static, (name!(column, String), name!(statement, String), name!(reason, String))>> {
    // As acl_check: one who may not protect learns nothing of what protects.
    Asker::now()?.require_above("ask for advice about protected tables")?;
    let relation = relation.ok_or_else(|| error::null("relation"))?.0;
    let _owner = AsOwner::begin()?;
    if facts::protected_table(relation, &Snap::fresh())?.is_none() {
        return Err(not_protected(&name_of(relation)?));
    }
    let rows = advice(Some(relation))?.into_iter().map(|a| {
        let values = a.distinct.map(|n| format!(" ({n:.0} values)")).unwrap_or_default();
        (a.column, a.statement, format!("{}{values}", a.what.reason()))
    });
    Ok(TableIterator::new(rows.collect::<Vec<_>>()))
}

/// What `acl_check` says of it. Called as the extension's owner.
pub fn findings(relation: Option<pg_sys::Oid>) -> Result<Vec<Finding>> {
    let of = |a: Advice| {
        let object = format!("{}.{}", a.table, pgrx::spi::quote_identifier(&a.column));
        Some(("advice".to_owned(), object, a.what.finding()?.to_owned(), a.statement))
    };
    Ok(advice(relation)?.into_iter().filter_map(of).collect())
}

fn advice(relation: Option<pg_sys::Oid>) -> Result<Vec<Advice>> {
    // As a writing statement: it sees what this function's own statement has done before.
    let rows = Spi::connect_mut(|client| {
        let mut rows = Vec::new();
        for row in client.update(include_str!("advice.sql"), None, &[relation.into()])? {
            let text = |column| row.get::<String>(column).map(Option::unwrap_or_default);
            rows.push((text(1)?, text(2)?, text(3)?, text(4)?, row.get::<f64>(5)?));
        }
        Ok::<_, pgrx::spi::SpiError>(rows)
    })
    .map_err(spi)?;
    rows.into_iter()
        .map(|(table, column, what, statement, distinct)| {
            let what = What::of(&what).ok_or_else(|| internal("an unknown sort of column"))?;
            Ok(Advice { table, column, what, statement, distinct })
        })
        .collect()
}
