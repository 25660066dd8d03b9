//! Who may do what on which resource of a kind, all at once: the tables that people look at.

use docacl_core::{action, kind as core_kind};
use pgrx::prelude::*;

use super::Question;
use super::functions::given;
use crate::error::{self, Result};
use crate::facts::{self, Principal, PrincipalKind, Resource};
use crate::{decide, freshness};

/// Principals × resources of a kind, or the other way round.
#[pg_extern(stable, parallel_safe)]
#[allow(clippy::type_complexity, reason = "a row of SQL")]
fn acl_matrix(
    row_kind: Option<&str>,
    column_kind: Option<&str>,
) -> Result<TableIterator<'static, (name!(row_name, String), name!(column_name, String), name!(actions, String))>> {
    let (row, column) = (given("row_kind", row_kind)?, given("column_kind", column_kind)?);
    let (question, everybody) = Question::about_whom_one_may()?;
    let (people, kind, turned) = match (people_of(row), people_of(column)) {
        (Some(people), None) => (people, column, false),
        (None, Some(people)) => (people, row, true),
        _ => {
            return Err(error::bad(
                "a matrix has principals on one side and resources on the other",
                "Give user, role or api_key for one kind, and for the other a kind of resource.",
            ));
        }
    };
    let principals = principals(&question, people, everybody)?;
    let resources = resources(&question, kind)?;
    let custom = question.custom()?;
    let mut cells = Vec::with_capacity(principals.len() * resources.len());
    for principal in &principals {
        for (path, resource) in &resources {
            // An admin may everything; what nobody can be granted on the kind would only be noise.
            let held = decide::on_resource(principal.id, resource, &question.snap)?.actions
                & core_kind::applicable(&resource.kind);
            let (name, path) = (principal.name.clone(), path.clone());
            let actions = action::words(held, &custom);
            cells.push(if turned { (path, name, actions) } else { (name, path, actions) });
        }
    }
    if turned {
        cells.sort();
    }
    Ok(TableIterator::new(cells))
}

/// The sort of principal that a word means, if it means one.
fn people_of(word: &str) -> Option<PrincipalKind> {
    match action::normalize_word(word).as_str() {
        "user" => Some(PrincipalKind::User),
        "role" | "group" => Some(PrincipalKind::Role),
        "api_key" => Some(PrincipalKind::ApiKey),
        _ => None,
    }
}

/// By name. Whoever may not ask about others: himself, and the roles that he is in.
fn principals(question: &Question, kind: PrincipalKind, everybody: bool) -> Result<Vec<Principal>> {
    let mut out = if everybody {
        facts::principals_of(question.account(), &question.snap)?
    } else {
        let Some(me) = question.principal else { return Ok(Vec::new()) };
        let ring = freshness::ring(me, &question.snap)?;
        let mut mine = Vec::new();
        for id in &ring.principals {
            mine.extend(facts::principal(*id, &question.snap)?);
        }
        mine
    };
    out.retain(|p| p.kind == kind);
    out.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(out)
}

/// The resources of a kind that the asker is shown, by their paths.
fn resources(question: &Question, word: &str) -> Result<Vec<(String, Resource)>> {
    let kind = core_kind::normalize(word);
    if facts::kind(&kind, &question.snap)?.is_none() {
        return Err(error::unknown_hint("kind", word, "Give user, role or api_key, or a kind of docacl.kind."));
    }
    if kind == "document" {
        return Err(error::bad(
            "no matrix is made of documents",
            "They are rows of a table: ask acl_who about one of them, or SELECT those that somebody may read.",
        ));
    }
    let mut found = Vec::new();
    facts::of_kind(question.account(), &kind, &question.snap, |resource| found.push(resource))?;
    let mut out = Vec::new();
    // What is granted on the * shows on every resource of the kind.
    for resource in found.into_iter().filter(|r| !r.is_star) {
        if question.shows(&resource)? {
            // An account is part of no path.
            let path = if kind == "account" { resource.name.clone() } else { question.path(&resource)? };
            out.push((path, resource));
        }
    }
    out.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(out)
}
