//! `acl_check`: the ways around protected tables that exist now.
//!
//! What PostgreSQL's catalogue tells of many tables at once is asked in SQL, one statement per concern: the tables
//! themselves (`tables.sql`), what stands over them (`dependents.sql`), roles and what was given away (`roles.sql`),
//! docacl's own tables (`own.sql`), search (`search.sql`).
//! Which indexes would help is [`advice`]'s to say.
//! Mirrored tables, and tables of rules that grant, are [`mirrors`]'s.
//! Rows that should not be as they are are found in [`rows`].
//! Whether policies and triggers are what `acl_protect` would write is compared in [`drift`].

mod drift;
mod mirrors;
mod parse;
mod rows;

use pgrx::pg_sys;
use pgrx::prelude::*;

use super::advice;
use super::catalog::spi;
use super::functions::{name_of, not_protected};
use crate::admin::asker::Asker;
use crate::error::Result;
use crate::facts;
use crate::owner::AsOwner;
use crate::regclass::Regclass;
use crate::scan::Snap;

/// Severity, object, finding, advice.
pub type Finding = (String, String, String, String);

/// Worst first. A hole now; a way around for somebody; what one should know; what would be faster.
const SEVERITIES: [&str; 4] = ["error", "warning", "notice", "advice"];

const QUESTIONS: [&str; 4] = [
    concat!(include_str!("protected.sql"), include_str!("tables.sql")),
    concat!(include_str!("protected.sql"), include_str!("dependents.sql")),
    concat!(include_str!("protected.sql"), include_str!("roles.sql")),
    concat!(include_str!("protected.sql"), include_str!("own.sql")),
];

/// Asked where there is something to ask: not with the objects of 0.1.0. (As of mirrors.)
const SEARCH: &str = concat!(include_str!("protected.sql"), include_str!("search.sql"));

/// The ways around a protected table, or around all of them, that exist now.
#[pg_extern(volatile, parallel_unsafe)]
fn acl_check(
    relation: default!(Option<Regclass>, "NULL"),
) -> Result<
    TableIterator<
        'static,
        (name!(severity, String), name!(object, String), name!(finding, String), name!(advice, String)),
    >,
> {
    // One who may not protect learns nothing of what protects: not even whether a table is protected.
    Asker::now()?.require_above("check protected tables")?;
    let _owner = AsOwner::begin()?;
    let relation = relation.map(|r| r.0);
    if let Some(relation) = relation
        && facts::protected_table(relation, &Snap::fresh())?.is_none()
        && crate::mirror::of(relation)?.is_empty()
        && crate::rules::of(relation)?.is_empty()
    {
        return Err(not_protected(&name_of(relation)?));
    }
    // Only of a table that is asked about by name: reading every row of all takes its time.
    let mut found = unsorted(relation, relation.is_some())?;
    if let Some(relation) = relation {
        found.extend(mirrors::of_rows(relation)?);
    }
    Ok(TableIterator::new(sorted(found)))
}

/// All findings about a table, or about all; worst first. Called as the extension's owner.
pub fn findings(relation: Option<pg_sys::Oid>) -> Result<Vec<Finding>> {
    unsorted(relation, false).map(sorted)
}

/// The same in any order. Of tables that are enforced, rows are read only if `rows_too`.
fn unsorted(relation: Option<pg_sys::Oid>, rows_too: bool) -> Result<Vec<Finding>> {
    let mut out = drift::findings(relation)?;
    out.extend(rows::findings(relation, rows_too)?);
    out.extend(advice::findings(relation)?);
    let knows = |table: &str| -> Result<bool> {
        let sql = "SELECT pg_catalog.to_regclass($1) IS NOT NULL";
        Ok(Spi::get_one_with_args::<bool>(sql, &[table.into()]).map_err(spi)? == Some(true))
    };
    let search = knows("docacl.searchable")?.then_some(SEARCH);
    let followed = knows("docacl.auto_grant")?.then_some(mirrors::QUESTION);
    for question in QUESTIONS.into_iter().chain(search).chain(followed) {
        // As a writing statement: it sees what this function's own statement has done before.
        let rows = Spi::connect_mut(|client| {
            let mut rows = Vec::new();
            for row in client.update(question, None, &[relation.into()])? {
                let text = |column| row.get::<String>(column).map(Option::unwrap_or_default);
                rows.push((text(1)?, text(2)?, text(3)?, text(4)?));
            }
            Ok::<_, pgrx::spi::SpiError>(rows)
        })
        .map_err(spi)?;
        out.extend(rows);
    }
    Ok(out)
}

/// Worst first.
fn sorted(mut findings: Vec<Finding>) -> Vec<Finding> {
    let rank = |severity: &str| SEVERITIES.iter().position(|s| *s == severity);
    findings.sort_by(|a, b| rank(&a.0).cmp(&rank(&b.0)).then_with(|| (&a.1, &a.2, &a.3).cmp(&(&b.1, &b.2, &b.3))));
    findings
}
