//! `acl_create_documents`: a documents table with everything that docacl has a use for, protected from the first row.

use std::ffi::{CStr, CString};

use pgrx::pg_sys;
use pgrx::prelude::*;
use serde_json::json;

use super::catalog::spi;
use super::functions::protect;
use super::{parent, parts};
use crate::admin::asker::Asker;
use crate::error::{self, Result, bad, internal};
use crate::facts;
use crate::owner::AsOwner;
use crate::scan::Snap;

/// Makes a documents table and protects it; the default documents table, if there is none yet.
#[pg_extern(volatile, parallel_unsafe)]
fn acl_create_documents(
    name: Option<&str>,
) -> Result<
    TableIterator<
        'static,
        (name!(severity, String), name!(object, String), name!(finding, String), name!(advice, String)),
    >,
> {
    let name = name.ok_or_else(|| error::null("name"))?;
    let asker = Asker::now()?;
    asker.require_above("create documents tables")?;
    // Both before AsOwner, which is another user with another search_path.
    let place = Place::of(name)?;
    let owner = asker.superuser.then(current_user);
    let _owner = AsOwner::begin()?;
    let table = place.quoted();
    let parts = [place.part("content")?, place.part("preview")?];
    let [content, preview] = parts.each_ref().map(Place::quoted);
    let names = [("{name}", &table), ("{content}", &content), ("{preview}", &preview)];
    for statement in include_str!("documents.sql").split(";\n").filter(|s| !s.trim().is_empty()) {
        Spi::run(&filled(statement, &names)).map_err(spi)?;
    }
    for made in [&content, &preview, &table] {
        if let Some(owner) = &owner {
            Spi::run(&format!("ALTER TABLE {made} OWNER TO {owner}")).map_err(spi)?;
        }
    }
    let relation = place.relation().ok_or_else(|| internal("a table that was just made is not there"))?;
    let is_default = !facts::protected_tables(&Snap::fresh())?.iter().any(|t| t.is_default);
    let by_id = |column: &str| json!({"column": column, "by": "id"});
    let gates = json!({
        "location": by_id("location_id"), "document_type": by_id("document_type_id"), "project": by_id("project_id"),
        "company": by_id("company_id"), "environment": by_id("environment_id"),
    });
    let options = json!({
        "key": "id", "owner": by_id("created_by"), "requester": by_id("requested_by"), "own_acl": "own_acl",
        "immutable": "immutable", "deleted": "deleted_at", "deleted_by": by_id("deleted_by"), "required": ["location"],
        "columns": {"title": "rename", "custom_id": "custom_id", "revision": "revision", "password": "password",
                    "signed_at": "sign", "signed_by": "sign", "archived_at": "archive"},
        "default": is_default,
    });
    let mut findings = protect(relation, &gates, &options)?;
    for (part, action) in parts.iter().zip(["download", "preview"]) {
        let part = part.relation().ok_or_else(|| internal("a table that was just made is not there"))?;
        let (schema, name) = parent::schema_and_name(relation)?;
        let parent = json!({"relation": [schema, name], "column": "document_id", "actions": {"select": action}});
        findings.extend(protect(part, &json!({ "parent": parent }), &json!({}))?);
        parts::belongs(part, relation);
    }
    Ok(TableIterator::new(findings))
}

/// A text with what stands for names replaced, in one pass: a name may contain what stands for another.
fn filled(text: &str, names: &[(&str, &String)]) -> String {
    let (mut out, mut rest) = (String::new(), text);
    let next = |rest: &str| names.iter().filter_map(|(sign, name)| Some((rest.find(sign)?, *sign, *name))).min();
    while let Some((at, sign, name)) = next(rest) {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        out.push_str(name);
        rest = after.strip_prefix(sign).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// Where a table is to be: a schema that exists, and a name that is free in it.
struct Place {
    schema: pg_sys::Oid,
    name: CString,
}

impl Place {
    /// Reads a name as SQL does: folded to lower case unless quoted, in the first schema of search_path unless it
    /// names one.
    fn of(written: &str) -> Result<Place> {
        let wrong = || {
            bad(
                format!("\"{written}\" is no name for a table"),
                "Write table or schema.table, in double quotes where SQL wants them.",
            )
        };
        let text = CString::new(written).map_err(|_| wrong())?;
        // SAFETY: the text is copied, because it is taken apart in place; the list points into the copy.
        let parts: Vec<CString> = unsafe {
            let mut list = std::ptr::null_mut();
            if !pg_sys::SplitIdentifierString(pg_sys::pstrdup(text.as_ptr()), b'.' as i8, &mut list) || list.is_null() {
                return Err(wrong());
            }
            let cells = std::slice::from_raw_parts((*list).elements, (*list).length as usize);
            cells.iter().map(|cell| CStr::from_ptr(cell.ptr_value.cast()).to_owned()).collect()
        };
        let (schema, name) = match parts.as_slice() {
            [name] => (first_schema()?, name),
            [schema, name] => (named_schema(schema)?, name),
            _ => return Err(wrong()),
        };
        if name.is_empty() {
            return Err(wrong());
        }
        refuse_schema(schema)?;
        let place = Place { schema, name: name.clone() };
        match place.relation() {
            Some(_) => Err(error::exists("relation", &place.quoted())),
            None => Ok(place),
        }
    }

    /// The table of a part of this one's rows, beside it; cut off where PostgreSQL would cut off.
    fn part(&self, of: &str) -> Result<Place> {
        let of = CString::new(of).map_err(|_| internal("a part with a zero byte"))?;
        // SAFETY: PostgreSQL's own way to a name of names; the text is a copy in the current memory context.
        let name = unsafe {
            CStr::from_ptr(pg_sys::makeObjectName(self.name.as_ptr(), of.as_ptr(), std::ptr::null())).to_owned()
        };
        let place = Place { schema: self.schema, name };
        match place.relation() {
            Some(_) => Err(error::exists("relation", &place.quoted())),
            None => Ok(place),
        }
    }

    /// What has this name there.
    fn relation(&self) -> Option<pg_sys::Oid> {
        // SAFETY: a look-up in the catalogue's caches.
        let oid = unsafe { pg_sys::get_relname_relid(self.name.as_ptr(), self.schema) };
        (oid != pg_sys::Oid::INVALID).then_some(oid)
    }

    fn quoted(&self) -> String {
        // SAFETY: the schema was looked up; the text is a copy in the current memory context.
        unsafe {
            let schema = pg_sys::get_namespace_name(self.schema);
            CStr::from_ptr(pg_sys::quote_qualified_identifier(schema, self.name.as_ptr()))
                .to_string_lossy()
                .into_owned()
        }
    }
}

fn named_schema(name: &CStr) -> Result<pg_sys::Oid> {
    // SAFETY: a look-up that answers with an invalid oid where there is none.
    let schema = unsafe { pg_sys::get_namespace_oid(name.as_ptr(), true) };
    if schema == pg_sys::Oid::INVALID {
        return Err(error::unknown_hint("schema", &name.to_string_lossy(), "Make it first with CREATE SCHEMA."));
    }
    Ok(schema)
}

/// The system's schemas, and docacl's own, which is dropped with the extension.
fn refuse_schema(schema: pg_sys::Oid) -> Result<()> {
    // SAFETY: the schema was looked up; the name is a copy in the current memory context.
    let name = unsafe { CStr::from_ptr(pg_sys::get_namespace_name(schema)) }.to_string_lossy();
    if name.starts_with("pg_") || name == "information_schema" || name == "docacl" {
        return Err(bad(
            format!("schema \"{name}\" is not for tables of an application"),
            "Write schema.table with a schema of your own, or set search_path.",
        ));
    }
    Ok(())
}

fn first_schema() -> Result<pg_sys::Oid> {
    // SAFETY: a list of oids in the current memory context, without those that are searched unasked.
    let first = unsafe {
        let list = pg_sys::fetch_search_path(false);
        if list.is_null() { None } else { Some((*(*list).elements).oid_value) }
    };
    first.ok_or_else(|| bad("no schema has been selected to create in", "Write schema.table, or set search_path."))
}

/// The current user, quoted.
fn current_user() -> String {
    // SAFETY: the current user exists; both texts are copies in the current memory context.
    unsafe {
        let name = pg_sys::GetUserNameFromId(pg_sys::GetUserId(), false);
        CStr::from_ptr(pg_sys::quote_identifier(name)).to_string_lossy().into_owned()
    }
}
