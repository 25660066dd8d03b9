//! The questions of SQL.

use docacl_core::verdict::Verdict;
use docacl_core::{Actions, action, kind};
use pgrx::prelude::*;

use serde_json::{Map, Value};

use super::answers::On;
use super::{Question, Who, acted};
use crate::error::{self, Result, denied};
use crate::protect::functions::name_of;
use crate::protect::target::{self, Target};
use crate::regclass::Regclass;

pub fn given<T>(name: &str, value: Option<T>) -> Result<T> {
    value.ok_or_else(|| error::null(name))
}

pub fn other<'a>(principal: Option<&'a str>) -> Result<Who<'a>> {
    given("principal", principal).map(Who::Other)
}

/// Whether all that the words ask is allowed. A row or resource that is not there: no.
fn answer(question: &Question, verdict: Option<Verdict>, words: &str, applicable: Actions) -> Result<bool> {
    let asked = question.asked(words, applicable)?;
    Ok(verdict.is_some_and(|v| v.actions.contains(asked)))
}

fn can(who: Who<'_>, target: &Target, key: &str, words: Option<&str>) -> Result<bool> {
    let words = given("action", words)?;
    let question = Question::about(who)?;
    let verdict = question.row(target, key)?;
    answer(&question, verdict, words, kind::APPLICABLE_TO_ROWS)
}

fn actions(who: Who<'_>, target: &Target, key: &str) -> Result<Vec<String>> {
    let question = Question::about(who)?;
    let verdict = question.row(target, key)?;
    names(&question, verdict)
}

fn names(question: &Question, verdict: Option<Verdict>) -> Result<Vec<String>> {
    match verdict {
        Some(v) => Ok(action::names(v.actions, &question.custom()?)),
        None => Ok(vec![]),
    }
}

/// 42501 that says what was asked, and of what it was not allowed: nothing that the asker did not write.
fn refused(words: &str, of: &str) -> pgrx::pg_sys::panic::ErrorReport {
    denied(format!("permission denied: {words} on {of}"), "Ask whoever administers it for a grant.")
}

fn said<const N: usize>(of: [(&str, String); N]) -> Map<String, Value> {
    of.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value))).collect()
}

/// 42501 where the session's user may not do with a row what the words say; what he may is told of in the outbox.
fn require(target: &Target, key: &str, words: Option<&str>, of: &str) -> Result<()> {
    let words = given("action", words)?;
    let question = Question::about(Who::Me)?;
    let verdict = question.row(target, key)?;
    if !answer(&question, verdict, words, kind::APPLICABLE_TO_ROWS)? {
        return Err(refused(words, of));
    }
    let asked = question.asked(words, kind::APPLICABLE_TO_ROWS)?;
    let row = said([("relation", name_of(target.relation)?), ("key", key.to_owned())]);
    acted::tell(&question, asked, question.account(), row)
}

macro_rules! of_documents {
    ($ty:ty, $can_other:ident, $can:ident, $actions_other:ident, $actions:ident, $require:ident) => {
        /// Whether a principal may do something with a row of the default documents table.
        #[pg_extern(name = "acl_can", stable, parallel_safe)]
        fn $can_other(principal: Option<&str>, doc: Option<$ty>, action: Option<&str>) -> Result<bool> {
            let key = given("doc", doc)?.to_string();
            can(other(principal)?, &*target::default()?, &key, action)
        }

        /// Whether the session's user may do something with a row of the default documents table.
        #[pg_extern(name = "acl_can", stable, parallel_safe)]
        fn $can(doc: Option<$ty>, action: Option<&str>) -> Result<bool> {
            let key = given("doc", doc)?.to_string();
            can(Who::Me, &*target::default()?, &key, action)
        }

        /// Everything a principal may do with a row of the default documents table.
        #[pg_extern(name = "acl_actions", stable, parallel_safe)]
        fn $actions_other(principal: Option<&str>, doc: Option<$ty>) -> Result<Vec<String>> {
            let key = given("doc", doc)?.to_string();
            actions(other(principal)?, &*target::default()?, &key)
        }

        /// Everything the session's user may do with a row of the default documents table.
        #[pg_extern(name = "acl_actions", stable, parallel_safe)]
        fn $actions(doc: Option<$ty>) -> Result<Vec<String>> {
            let key = given("doc", doc)?.to_string();
            actions(Who::Me, &*target::default()?, &key)
        }

        /// Nothing, or 42501 where the session's user may not; an event where it leaves no other trace.
        #[pg_extern(name = "acl_require", volatile, parallel_unsafe)]
        fn $require(doc: Option<$ty>, action: Option<&str>) -> Result<()> {
            let key = given("doc", doc)?.to_string();
            require(&*target::default()?, &key, action, &format!("document {key}"))
        }
    };
}

of_documents!(i64, can_other_bigint, can_bigint, actions_other_bigint, actions_bigint, require_bigint);
of_documents!(pgrx::Uuid, can_other_uuid, can_uuid, actions_other_uuid, actions_uuid, require_uuid);
of_documents!(&str, can_other_text, can_text, actions_other_text, actions_text, require_text);

pub fn table(relation: Option<Regclass>) -> Result<std::rc::Rc<Target>> {
    target::of(given("relation", relation)?.0)
}

/// Whether a principal may do something with a row of a protected table.
#[pg_extern(name = "acl_can_row", stable, parallel_safe)]
fn can_row_other(
    principal: Option<&str>,
    relation: Option<Regclass>,
    key: Option<&str>,
    action: Option<&str>,
) -> Result<bool> {
    can(other(principal)?, &*table(relation)?, given("key", key)?, action)
}

/// Whether the session's user may do something with a row of a protected table.
#[pg_extern(name = "acl_can_row", stable, parallel_safe)]
fn can_row(relation: Option<Regclass>, key: Option<&str>, action: Option<&str>) -> Result<bool> {
    can(Who::Me, &*table(relation)?, given("key", key)?, action)
}

/// Everything a principal may do with a row of a protected table.
#[pg_extern(name = "acl_actions_row", stable, parallel_safe)]
fn actions_row_other(principal: Option<&str>, relation: Option<Regclass>, key: Option<&str>) -> Result<Vec<String>> {
    actions(other(principal)?, &*table(relation)?, given("key", key)?)
}

/// Nothing, or 42501 where the session's user may not; an event where it leaves no other trace.
#[pg_extern(name = "acl_require_row", volatile, parallel_unsafe)]
fn require_row(relation: Option<Regclass>, key: Option<&str>, action: Option<&str>) -> Result<()> {
    let target = table(relation)?;
    let key = given("key", key)?;
    require(&target, key, action, &format!("row {key}"))
}

fn can_resource(who: Who<'_>, kind_word: Option<&str>, resource: Written<'_>, action: Option<&str>) -> Result<bool> {
    let words = given("action", action)?;
    let question = Question::about(who)?;
    let (name, on) = resource.on(&question, given("kind", kind_word)?)?;
    answer(&question, on.map(|on| on.verdict), words, kind::applicable(&name))
}

/// As [`require`] of a resource itself; of kind document, of a row.
fn require_resource(kind_word: Option<&str>, resource: Written<'_>, words: Option<&str>, of: &str) -> Result<()> {
    let words = given("action", words)?;
    let question = Question::about(Who::Me)?;
    let (name, on) = resource.on(&question, given("kind", kind_word)?)?;
    let applicable = kind::applicable(&name);
    if !answer(&question, on.as_ref().map(|on| on.verdict), words, applicable)? {
        return Err(refused(words, of));
    }
    let asked = question.asked(words, applicable)?;
    match on.and_then(|on| on.resource) {
        Some(on) => {
            let mut what = said([("kind", name), ("resource", on.name)]);
            what.insert("resource_id".to_owned(), Value::from(on.id));
            acted::tell(&question, asked, on.account, what)
        }
        None => {
            let relation = name_of(target::default()?.relation)?;
            acted::tell(&question, asked, question.account(), said([("relation", relation), ("key", resource.text())]))
        }
    }
}

/// A resource as it was written.
enum Written<'a> {
    Name(Option<&'a str>),
    Id(Option<i64>),
}

impl Written<'_> {
    fn on(&self, question: &Question, kind: &str) -> Result<(String, Option<On>)> {
        match self {
            Written::Name(name) => question.on(kind, given("resource", *name)?),
            Written::Id(id) => question.on_id(kind, given("resource", *id)?),
        }
    }

    fn text(&self) -> String {
        match self {
            Written::Name(name) => name.unwrap_or_default().to_owned(),
            Written::Id(id) => id.unwrap_or_default().to_string(),
        }
    }
}

/// Whether a principal may do something on a resource itself.
#[pg_extern(name = "acl_can_on", stable, parallel_safe)]
fn can_on_other(
    principal: Option<&str>,
    kind: Option<&str>,
    resource: Option<&str>,
    action: Option<&str>,
) -> Result<bool> {
    can_resource(other(principal)?, kind, Written::Name(resource), action)
}

/// Whether a principal may do something on a resource itself, by id.
#[pg_extern(name = "acl_can_on", stable, parallel_safe)]
fn can_on_other_id(
    principal: Option<&str>,
    kind: Option<&str>,
    resource: Option<i64>,
    action: Option<&str>,
) -> Result<bool> {
    can_resource(other(principal)?, kind, Written::Id(resource), action)
}

/// Whether the session's user may do something on a resource itself.
#[pg_extern(name = "acl_can_on", stable, parallel_safe)]
fn can_on(kind: Option<&str>, resource: Option<&str>, action: Option<&str>) -> Result<bool> {
    can_resource(Who::Me, kind, Written::Name(resource), action)
}

/// Whether the session's user may do something on a resource itself, by id.
#[pg_extern(name = "acl_can_on", stable, parallel_safe)]
fn can_on_id(kind: Option<&str>, resource: Option<i64>, action: Option<&str>) -> Result<bool> {
    can_resource(Who::Me, kind, Written::Id(resource), action)
}

fn actions_resource(who: Who<'_>, kind_word: Option<&str>, resource: Written<'_>) -> Result<Vec<String>> {
    let question = Question::about(who)?;
    let (_, on) = resource.on(&question, given("kind", kind_word)?)?;
    names(&question, on.map(|on| on.verdict))
}

/// Everything a principal may do on a resource itself.
#[pg_extern(name = "acl_actions_on", stable, parallel_safe)]
fn actions_on_other(principal: Option<&str>, kind: Option<&str>, resource: Option<&str>) -> Result<Vec<String>> {
    actions_resource(other(principal)?, kind, Written::Name(resource))
}

/// Everything a principal may do on a resource itself, by id.
#[pg_extern(name = "acl_actions_on", stable, parallel_safe)]
fn actions_on_other_id(principal: Option<&str>, kind: Option<&str>, resource: Option<i64>) -> Result<Vec<String>> {
    actions_resource(other(principal)?, kind, Written::Id(resource))
}

/// Nothing, or 42501 where the session's user may not; an event where it leaves no other trace.
#[pg_extern(name = "acl_require_on", volatile, parallel_unsafe)]
fn require_on(kind: Option<&str>, resource: Option<&str>, action: Option<&str>) -> Result<()> {
    let of = format!("{} \"{}\"", kind.unwrap_or_default(), resource.unwrap_or_default());
    require_resource(kind, Written::Name(resource), action, &of)
}

/// Nothing, or 42501 where the session's user may not, by id; an event where it leaves no other trace.
#[pg_extern(name = "acl_require_on", volatile, parallel_unsafe)]
fn require_on_id(kind: Option<&str>, resource: Option<i64>, action: Option<&str>) -> Result<()> {
    let of = format!("{} {}", kind.unwrap_or_default(), resource.unwrap_or_default());
    require_resource(kind, Written::Id(resource), action, &of)
}
