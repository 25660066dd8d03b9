//! Forms: whoever holds complete_form on one makes a document of the form's type in the form's location, and needs no
//! other right there; to see it afterwards he needs both keys, as everybody.

use std::panic::AssertUnwindSafe;

use docacl_core::Actions;
use pgrx::pg_sys::panic::{CaughtError, ErrorReport};
use pgrx::prelude::*;
use serde::Deserialize;

use super::row;
use crate::admin::address::{self, Ref, given, named};
use crate::admin::asker::Asker;
use crate::admin::{authority, limit, names, write};
use crate::error::{self, Result};
use crate::facts::{self, PrincipalKind, Resource};
use crate::jsonb::Jsonb;
use crate::owner::{AsOwner, AsTableOwner};
use crate::protect::Spec;
use crate::protect::functions::name_of;
use crate::protect::target::{self, Target};
use crate::shape::By;

/// What becomes of a form.
#[derive(Deserialize)]
struct Form {
    document_type: i64,
    location: i64,
}

/// Makes a form; its id as a resource of kind form, on which complete_form is granted.
#[pg_extern]
fn acl_create_form(name: Option<&str>, document_type: Option<&str>, location: Option<&str>) -> Result<i64> {
    let name = given("name", name)?;
    let (document_type, location) = (named("document_type", document_type)?, named("location", location)?);
    let asker = Asker::somebody()?;
    let kind = address::kind("form", &asker.snap)?;
    if !asker.may_create(&kind, None)? {
        return Err(authority::may_not_create("form", true));
    }
    names::check("name", name)?;
    let account = asker.account()?;
    let found = |kind: &str, written: Ref| {
        let kind = address::kind(kind, &asker.snap)?;
        let of_account = |r: &Resource| Ok(r.account == account && !r.is_star);
        address::resource_where(&asker, &kind, written, &of_account, || {
            error::unknown(&kind.name, &written.to_string())
        })
    };
    let (document_type, location) = (found("document_type", document_type)?, found("location", location)?);
    let id = write::id(
        "INSERT INTO docacl.resource (account_id, kind, inherits, name, created_by)
         VALUES ($1, 'form', false, $2, $3) ON CONFLICT DO NOTHING RETURNING id",
        &[account.into(), name.into(), asker.id().into()],
    )?
    .ok_or_else(|| error::exists("form", name))?;
    write::run(
        "INSERT INTO docacl.form (form_id, account_id, document_type_id, location_id) VALUES ($1, $2, $3, $4)",
        &[id.into(), account.into(), document_type.id.into(), location.id.into()],
    )?;
    Ok(id)
}

/// Completes a form: a row of the default documents table, owned by the session's user. Returns its key.
#[pg_extern]
fn acl_complete_form(form: Option<&str>, fields: Option<Jsonb>) -> Result<String> {
    let (written, fields) = (named("form", form)?, given("fields", fields)?);
    let asker = Asker::somebody()?;
    let kind = address::kind("form", &asker.snap)?;
    let allowed = |r: &Resource| Ok(asker.actions_on(r)?.contains(Actions::COMPLETE_FORM));
    let resource = address::resource_where(&asker, &kind, written, &allowed, || {
        error::denied(format!("not allowed to complete form \"{written}\""), "It needs complete_form on the form.")
    })?;
    if asker.principal.as_ref().is_some_and(|p| p.kind == PrincipalKind::ApiKey) {
        // The document would lie outside its environment.
        return Err(error::denied("an API key completes no forms", "Log in as a user."));
    }
    let form: Form = row(
        "SELECT document_type_id AS document_type, location_id AS location FROM docacl.form WHERE form_id = $1",
        resource.id,
    )?
    .ok_or_else(|| {
        error::wrong_state(format!("form \"{written}\" makes no document"), "Make forms with acl_create_form.")
    })?;
    limit::check_form(&asker, &resource, [form.document_type, form.location])?;
    let named = names_of(fields)?;
    let target = target::default()?;
    let spec = &target.spec;
    let table = {
        let _owner = AsOwner::begin()?;
        name_of(target.relation)?
    };
    for name in &named {
        if is_kept(spec, name) {
            return Err(error::bad(
                format!("field \"{name}\" is not for a form to set"),
                "Leave out the key, what decides who sees the document, and columns that ask an action of their own.",
            ));
        }
    }
    may_set(&target, &named)?;
    let mut values = serde_json::Map::new();
    place(spec, &mut values, "type", &form.document_type)?;
    place(spec, &mut values, "place", &form.location)?;
    if let (Some(owner), Some(me)) = (&spec.owner, &asker.principal) {
        let value = match owner.by {
            By::Id => me.id.into(),
            By::Key => match &me.key {
                Some(key) => key.clone().into(),
                None => {
                    return Err(error::wrong_state(
                        "you have no key, by which the documents table names owners",
                        "Whoever administers users can give you the application's key.",
                    ));
                }
            },
        };
        values.insert(owner.column.clone(), value);
    }
    insert(&target, &table, &named, fields, values)
}

/// The columns that a form's fields name.
fn names_of(fields: Jsonb) -> Result<Vec<String>> {
    let names = Spi::connect(|client| {
        let kind = client.select("SELECT pg_catalog.jsonb_typeof($1)", None, &[fields.into()])?;
        if kind.first().get_one::<String>()?.as_deref() != Some("object") {
            return Ok(None);
        }
        let sql = "SELECT ARRAY(SELECT k FROM pg_catalog.jsonb_object_keys($1) AS k)";
        client.select(sql, None, &[fields.into()])?.first().get_one::<Vec<String>>()
    })
    .map_err(|e: pgrx::spi::Error| error::internal(e.to_string()))?;
    names.ok_or_else(|| error::bad("fields must be a JSON object", "Write column names and their values."))
}

/// Whether a form may not set a column: the key, gates, owner, flags, and what asks an action of its own.
fn is_kept(spec: &Spec, name: &str) -> bool {
    spec.shape_columns().contains(&name)
        || spec.mapped(name).is_some()
        || spec.key.iter().any(|key| key.columns().iter().any(|k| k == name))
        || spec.parent.iter().any(|parent| parent.column.columns().iter().any(|c| c == name))
}

/// 42501 where whoever asks has INSERT on some of the table's columns and names one beside them. Who has it on none needs
/// none: completing the form is his right to make a row. Asked as who he is.
fn may_set(target: &Target, fields: &[String]) -> Result<()> {
    let fields = fields.to_vec();
    let refused = Spi::connect(|client| {
        client
            .select(
                "SELECT f FROM pg_catalog.unnest($2) AS f
                  WHERE pg_catalog.has_any_column_privilege($1::oid, 'INSERT')
                    AND NOT pg_catalog.has_column_privilege($1::oid, f, 'INSERT') LIMIT 1",
                Some(1),
                &[target.relation.into(), fields.into()],
            )
            .map(|rows| if rows.is_empty() { Ok(None) } else { rows.first().get_one::<String>() })?
    })
    .map_err(|e: pgrx::spi::Error| error::internal(e.to_string()))?;
    match refused {
        None => Ok(()),
        Some(column) => Err(error::denied(
            format!("not allowed to set column \"{column}\""),
            "INSERT is granted to you for other columns of the table: leave this one out, or have it granted too.",
        )),
    }
}

/// The table's constraints that may be checked at commit, and those of them that are unless somebody says otherwise; for
/// SET CONSTRAINTS, and so none where whoever asks may not use the schema.
///
/// Nothing is put off while docacl acts as the table's owner: what an owner's trigger had put off then would run at commit
/// as whoever completed the form, and PostgreSQL refuses it in a restricted operation.
fn deferrable(relation: pg_sys::Oid) -> Result<(Vec<String>, Vec<String>)> {
    let sql = "SELECT DISTINCT pg_catalog.format('%I.%I', n.nspname, c.conname), c.condeferred
               FROM pg_catalog.pg_constraint AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.connamespace
               WHERE c.condeferrable AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
                 AND (c.conrelid = $1 OR c.conrelid IN (SELECT relid FROM pg_catalog.pg_partition_tree($1)))";
    let (mut all, mut later) = (Vec::new(), Vec::new());
    Spi::connect(|client| {
        for row in client.select(sql, None, &[relation.into()])? {
            let name = row.get::<String>(1)?.unwrap_or_default();
            if row.get::<bool>(2)? == Some(true) {
                later.push(name.clone());
            }
            all.push(name);
        }
        Ok(())
    })
    .map_err(|e: pgrx::spi::Error| error::internal(e.to_string()))?;
    Ok((all, later))
}

/// As who asks: what he himself had put off is checked in his own name, as it would be at commit.
fn set_constraints(names: &[String], when: &str) -> Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    Spi::run(&format!("SET CONSTRAINTS {} {when}", names.join(", "))).map_err(|e| error::internal(e.to_string()))
}

/// Refers to a resource in the column of its gate.
fn place(spec: &Spec, values: &mut serde_json::Map<String, serde_json::Value>, gate: &str, id: &i64) -> Result<()> {
    let resource = facts::resource(*id, &crate::scan::Snap::fresh())?
        .ok_or_else(|| error::internal("a form refers to a resource that is gone"))?;
    let reference = spec
        .gates
        .iter()
        .filter(|g| g.gate == gate)
        .flat_map(|g| &g.refs)
        .find(|r| r.kinds.contains(&resource.kind))
        .ok_or_else(|| {
            error::wrong_state(
                format!("the default documents table has no column for a {}", resource.kind),
                "Protect it with a gate of that kind.",
            )
        })?;
    let value = match (reference.by, resource.key) {
        (By::Id, _) => resource.id.into(),
        (By::Key, Some(key)) => key.into(),
        (By::Key, None) => {
            return Err(error::wrong_state(
                format!(
                    "{} \"{}\" has no key, by which the documents table refers to it",
                    resource.kind, resource.name
                ),
                "Give the resource the application's key.",
            ));
        }
    };
    values.insert(reference.column.clone(), value);
    Ok(())
}

/// Inserts the row as the table's owner, past row security: what is asked was asked of the form. The table's own triggers
/// run as for any other row, and whatever it checks is checked at once. The fields stay the jsonb that came: taken apart,
/// their numbers would lose digits.
fn insert(
    target: &Target,
    table: &str,
    named: &[String],
    fields: Jsonb,
    given: serde_json::Map<String, serde_json::Value>,
) -> Result<String> {
    let columns: Vec<String> = named.iter().chain(given.keys()).map(pgrx::spi::quote_identifier).collect();
    let keys = target.spec.key.as_ref().map(|key| key.columns().to_vec()).unwrap_or_default();
    let types = target.key_types()?;
    let read: Vec<String> =
        keys.iter().map(|k| format!("{}::pg_catalog.text", pgrx::spi::quote_identifier(k))).collect();
    let columns = columns.join(", ");
    let sql = format!(
        "INSERT INTO {table} ({columns}) SELECT {columns} FROM pg_catalog.jsonb_populate_record(NULL::{table}, $1 || $2)
         RETURNING ARRAY[{}]",
        read.join(", ")
    );
    let (deferrable, later) = deferrable(target.relation)?;
    set_constraints(&deferrable, "IMMEDIATE")?;
    let owner = AsTableOwner::begin(target.relation)?;
    let given = pgrx::JsonB(serde_json::Value::Object(given));
    let key = untold(|| {
        Spi::connect_mut(|client| {
            let rows = client.update(&sql, None, &[fields.into(), given.into()])?;
            if rows.is_empty() { Ok(None) } else { rows.first().get_one::<Vec<String>>() }
        })
    })
    .map_err(|e: pgrx::spi::Error| error::internal(e.to_string()))?;
    drop(owner);
    set_constraints(&later, "DEFERRED")?;
    key.map(|key| crate::protect::key::join(&types, &key)).ok_or_else(|| {
        error::wrong_state("the document was not made", "A trigger or rule of the table kept docacl from inserting it.")
    })
}

/// Whatever breaks a constraint is said without what the row holds: PostgreSQL, which under row security says nothing of
/// it, would tell the table's owner all of it, and whoever completes the form may have no right on any column.
fn untold<T>(insert: impl FnOnce() -> T) -> T {
    use pgrx::PgSqlErrorCode as Code;
    PgTryBuilder::new(AssertUnwindSafe(insert))
        .catch_others(|caught| match &caught {
            CaughtError::PostgresError(said)
                if matches!(
                    said.sql_error_code(),
                    Code::ERRCODE_NOT_NULL_VIOLATION
                        | Code::ERRCODE_CHECK_VIOLATION
                        | Code::ERRCODE_UNIQUE_VIOLATION
                        | Code::ERRCODE_FOREIGN_KEY_VIOLATION
                        | Code::ERRCODE_EXCLUSION_VIOLATION
                ) =>
            {
                let bare = ErrorReport::new(said.sql_error_code(), said.message().to_owned(), "acl_complete_form");
                crate::check::raise(match said.hint() {
                    Some(hint) => bare.set_hint(hint),
                    None => bare,
                })
            }
            _ => caught.rethrow(),
        })
        .execute()
}
