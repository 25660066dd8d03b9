//! `acl_explain…` and `acl_who…` as SQL calls them.

#![allow(clippy::type_complexity, reason = "rows of SQL: pgrx does not see through an alias")]

use pgrx::prelude::*;

use super::explain::{self, Line};
use super::functions::{given, other, table};
use super::{Question, who};
use crate::error::Result;
use crate::protect::target::{self, Target};
use crate::regclass::Regclass;

/// A line as SQL gets it.
type Row = (String, Option<String>, String, Option<String>, String, Option<String>, Option<String>);

fn lines(principal: Option<&str>, target: &Target, key: &str, action: Option<&str>) -> Result<Vec<Row>> {
    let words = given("action", action)?;
    let question = Question::about(other(principal)?)?;
    let found = explain::row(&question, target, key, words)?;
    let row = |line: Line| {
        let Line { gate, resource, asked, held, opens, through, grant_sql } = line;
        (gate, resource, asked, held, opens.to_owned(), through, grant_sql)
    };
    Ok(found.into_iter().map(row).collect())
}

fn holders(target: &Target, key: &str, action: Option<&str>) -> Result<Vec<(String, String, String)>> {
    let words = given("action", action)?;
    let question = Question::about_everybody()?;
    let found = who::row(&question, target, key, words)?;
    Ok(found.into_iter().map(|h| (h.principal, h.kind.to_owned(), h.through)).collect())
}

macro_rules! of_documents {
    ($ty:ty, $explain:ident, $who:ident) => {
        /// Why a principal may or may not do something with a row of the default documents table.
        #[pg_extern(name = "acl_explain", stable, parallel_safe)]
        fn $explain(
            principal: Option<&str>,
            doc: Option<$ty>,
            action: Option<&str>,
        ) -> Result<
            TableIterator<
                'static,
                (
                    name!(gate, String),
                    name!(resource, Option<String>),
                    name!(asked, String),
                    name!(held, Option<String>),
                    name!(opens, String),
                    name!(through, Option<String>),
                    name!(grant_sql, Option<String>),
                ),
            >,
        > {
            let key = given("doc", doc)?.to_string();
            lines(principal, &*target::default()?, &key, action).map(TableIterator::new)
        }

        /// Everybody who may do something with a row of the default documents table.
        #[pg_extern(name = "acl_who", stable, parallel_safe)]
        fn $who(
            doc: Option<$ty>,
            action: Option<&str>,
        ) -> Result<TableIterator<'static, (name!(principal, String), name!(kind, String), name!(through, String))>> {
            let key = given("doc", doc)?.to_string();
            holders(&*target::default()?, &key, action).map(TableIterator::new)
        }
    };
}

of_documents!(i64, explain_bigint, who_bigint);
of_documents!(pgrx::Uuid, explain_uuid, who_uuid);
of_documents!(&str, explain_text, who_text);

/// Why a principal may or may not do something with a row of a protected table.
#[pg_extern(name = "acl_explain_row", stable, parallel_safe)]
fn explain_row(
    principal: Option<&str>,
    relation: Option<Regclass>,
    key: Option<&str>,
    action: Option<&str>,
) -> Result<
    TableIterator<
        'static,
        (
            name!(gate, String),
            name!(resource, Option<String>),
            name!(asked, String),
            name!(held, Option<String>),
            name!(opens, String),
            name!(through, Option<String>),
            name!(grant_sql, Option<String>),
        ),
    >,
> {
    lines(principal, &*table(relation)?, given("key", key)?, action).map(TableIterator::new)
}

/// Everybody who may do something with a row of a protected table.
#[pg_extern(name = "acl_who_row", stable, parallel_safe)]
fn who_row(
    relation: Option<Regclass>,
    key: Option<&str>,
    action: Option<&str>,
) -> Result<TableIterator<'static, (name!(principal, String), name!(kind, String), name!(through, String))>> {
    holders(&*table(relation)?, given("key", key)?, action).map(TableIterator::new)
}
