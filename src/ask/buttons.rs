//! `acl_buttons`: which buttons a screen shows. The answer is the verdict about a row that refers to the function and the
//! project, and to nothing else: what the database would then enforce.

use docacl_core::Actions;
use docacl_core::verdict::Verdict;
use pgrx::prelude::*;

use super::answers::{Question, Who};
use super::functions::given;
use crate::bound::Bound;
use crate::error::{self, Result};
use crate::facts::{self, Resource};
use crate::lookup;
use crate::shape::{By, Gate, Reference, Shape};
use crate::value::Type;
use crate::{decide, freshness};

/// open, add, change, delete.
type Buttons = (bool, bool, bool, bool);

/// What the session's user may do in a function: in general, that is with rows of no project, or with a project's.
#[pg_extern(stable, parallel_safe)]
fn acl_buttons(
    function: Option<&str>,
    project: default!(Option<&str>, "NULL"),
) -> Result<TableIterator<'static, (name!(open, bool), name!(add, bool), name!(change, bool), name!(delete, bool))>> {
    buttons(given("function", function)?, project.map(Project::Name)).map(TableIterator::once)
}

/// The same, with the project's id.
#[pg_extern(name = "acl_buttons", stable, parallel_safe)]
fn acl_buttons_id(
    function: Option<&str>,
    project: Option<i64>,
) -> Result<TableIterator<'static, (name!(open, bool), name!(add, bool), name!(change, bool), name!(delete, bool))>> {
    buttons(given("function", function)?, project.map(Project::Id)).map(TableIterator::once)
}

enum Project<'a> {
    Name(&'a str),
    Id(i64),
}

const NONE: Buttons = (false, false, false, false);

fn buttons(function: &str, project: Option<Project>) -> Result<Buttons> {
    let question = Question::about(Who::Me)?;
    let Some(principal) = question.principal else { return Ok(NONE) };
    // As a table finds the functions that it names: one that bears the name, or none.
    let function = lookup::by_name_or_path(question.account(), "function", function, &question.snap)?;
    let [function] = function.as_slice() else { return Ok(NONE) };
    let project = match project {
        None => None,
        Some(written) => match named(&question, principal, written)? {
            Some(project) => Some(project),
            None => return Ok(NONE),
        },
    };
    if function.is_star {
        return Ok(NONE);
    }
    let new = verdict(&question, principal, function, project.as_ref())?;
    let old = new.of_existing().actions;
    let holds = |action| old.contains(action);
    Ok((holds(Actions::READ), new.actions.contains(Actions::ADD), holds(Actions::WRITE), holds(Actions::DELETE)))
}

/// The project that is meant, among those of which the user may know.
fn named(question: &Question, principal: i64, written: Project) -> Result<Option<Resource>> {
    let (found, text) = match written {
        Project::Id(id) => (facts::resource(id, &question.snap)?.into_iter().collect(), id.to_string()),
        Project::Name(name) => {
            (lookup::by_name_or_path(question.account(), "project", name, &question.snap)?, name.to_owned())
        }
    };
    let mut open = Vec::new();
    for project in found {
        if project.kind == "project"
            && !project.is_star
            && question.reaches(project.account)
            && !decide::on_resource(principal, &project, &question.snap)?.actions.is_empty()
        {
            open.push(project);
        }
    }
    if open.len() > 1 {
        return Err(error::ambiguous("project", &text));
    }
    Ok(open.pop())
}

fn verdict(question: &Question, principal: i64, function: &Resource, project: Option<&Resource>) -> Result<Verdict> {
    let gate = |gate: &str| Gate {
        gate: gate.to_owned(),
        own: false,
        refs: vec![Reference { kinds: vec![gate.to_owned()], by: By::Id }],
        constant: vec![],
        required: false,
    };
    let shape = Shape { gates: vec![gate("project"), gate("function")], ..Shape::default() };
    let ring = freshness::ring(principal, &question.snap)?;
    let bound = Bound::new(ring, shape.into(), &[Type::Int8, Type::Int8], &question.snap)?;
    let row = [project.map(|p| p.id.into()), Some(function.id.into())];
    bound.verdict(&row[..], &question.snap)
}
