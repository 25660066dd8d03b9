//! How much an account uses: numbers and nothing else, of rows that whoever asks need not be able to read.

use std::collections::BTreeMap;

use docacl_core::Actions;
use pgrx::datum::Date;
use pgrx::prelude::{TableIterator, name, pg_extern};

use super::address::{self, Ref, named, with_id};
use super::asker::{self, Asker};
use super::write;
use crate::error::{self, Result};
use crate::facts::{self, PrincipalKind, Resource};
use crate::protect::usage;
use crate::regclass::Regclass;
use crate::scan::Snap;

/// One line: what is counted stands in its column, the others are 0, so that each column adds up.
type Line = (Option<String>, Option<Regclass>, Option<Date>, i64, i64, i64);

macro_rules! usage {
    ($function:ident, $ty:ty, $read:ident) => {
        #[pg_extern(name = "acl_usage")]
        #[allow(clippy::type_complexity, reason = "a row of SQL")]
        fn $function(
            account: Option<$ty>,
        ) -> Result<
            TableIterator<
                'static,
                (
                    name!(environment, Option<String>),
                    name!(relation, Option<Regclass>),
                    name!(month, Option<Date>),
                    name!(documents, i64),
                    name!(users, i64),
                    name!(api_keys, i64),
                ),
            >,
        > {
            of($read("account", account)?).map(TableIterator::new)
        }
    };
}

usage!(acl_usage, &str, named);
usage!(acl_usage_id, i64, with_id);

fn of(written: Ref) -> Result<std::vec::IntoIter<Line>> {
    let asker = Asker::somebody()?;
    asker.require_on_account(Actions::VIEW_USAGE, "see the usage of the account")?;
    let kind = address::kind("account", &asker.snap)?;
    let own = |r: &Resource| Ok(asker.is_above() || r.id == asker.account()?);
    let account =
        address::resource_where(&asker, &kind, written, &own, || error::unknown("account", &written.to_string()))?;
    let mut lines = documents(&account, &asker.snap)?;
    lines.extend(people(&account, &asker.snap)?);
    Ok(lines.into_iter())
}

/// Rows of protected tables, by the environment that they are of and the month in which they were made.
fn documents(account: &Resource, snap: &Snap) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for table in write::as_owner(|| usage::tables(snap))? {
        let mut counted: BTreeMap<(Option<String>, Option<Date>), i64> = BTreeMap::new();
        for group in write::as_owner(|| usage::rows(&table))? {
            let Some((of, environment)) = table.belongs(&group, snap)? else { continue };
            if of == account.id {
                *counted.entry((environment, group.month)).or_default() += group.rows;
            }
        }
        for ((environment, month), rows) in counted {
            lines.push((environment, Some(Regclass(table.relation)), month, rows, 0, 0));
        }
    }
    Ok(lines)
}

/// The account's enabled users, and the enabled API keys of each environment.
fn people(account: &Resource, snap: &Snap) -> Result<Vec<Line>> {
    let mut users = 0;
    let mut keys: BTreeMap<String, i64> = BTreeMap::new();
    for principal in facts::principals_of(account.id, snap)?.into_iter().filter(asker::is_active) {
        match (principal.kind, principal.environment) {
            (PrincipalKind::User, _) => users += 1,
            (PrincipalKind::ApiKey, Some(environment)) => {
                let environment = facts::resource(environment, snap)?.map(|e| e.name).unwrap_or_default();
                *keys.entry(environment).or_default() += 1;
            }
            _ => {}
        }
    }
    let mut lines = vec![(None, None, None, 0, users, 0)];
    lines.extend(keys.into_iter().map(|(environment, n)| (Some(environment), None, None, 0, 0, n)));
    Ok(lines)
}
