//! Policies and triggers of protected tables that are not, or no longer, what `acl_protect` would write.

use std::collections::HashMap;

use pgrx::pg_sys;
use pgrx::prelude::*;

use super::Finding;
use super::parse::{self, Statement};
use crate::error::Result;
use crate::protect::catalog::spi;
use crate::protect::{Spec, ddl};

/// A protected table as docacl remembers it.
struct Remembered {
    oid: pg_sys::Oid,
    name: String,
    spec: pgrx::JsonB,
    columns: Vec<String>,
    enforced: bool,
}

/// A policy as the catalogue has it.
pub struct Policy {
    /// `r`, `a`, `w`, `d` or `*`.
    pub command: i8,
    pub permissive: bool,
    pub everybody: bool,
    pub using: Option<String>,
    pub check: Option<String>,
}

/// A trigger as the catalogue has it.
struct Trigger {
    enabled: i8,
    definition: String,
}

type Named<T> = HashMap<(pg_sys::Oid, String), T>;

/// What is not as `acl_protect` would write it; three questions, however many tables there are.
pub fn findings(relation: Option<pg_sys::Oid>) -> Result<Vec<Finding>> {
    let tables = tables(relation)?;
    let (policies, triggers) = (policies(relation)?, triggers(relation)?);
    let mut out = Vec::new();
    for table in tables {
        compare(table, &policies, &triggers, &mut out)?;
    }
    Ok(out)
}

fn compare(
    table: Remembered,
    policies: &Named<Policy>,
    triggers: &Named<Trigger>,
    out: &mut Vec<Finding>,
) -> Result<()> {
    let spec = Spec::from_json(table.spec)?;
    let again = || "Protect it again with acl_protect.".to_owned();
    let mut report = |severity: &str, object: String, finding: &str, advice: String| {
        out.push((severity.to_owned(), object, finding.to_owned(), advice));
    };
    let mut named: Vec<&str> = spec.shape_columns();
    named.extend(spec.columns.keys().map(String::as_str));
    named.extend(spec.parent.iter().flat_map(|p| p.column.columns()).map(String::as_str));
    if let Some(gone) = named.iter().find(|c| !table.columns.iter().any(|column| column == *c)) {
        // What the policies were cannot be said without it.
        report(
            "error",
            format!("{}.{}", table.name, pgrx::spi::quote_identifier(gone)),
            "a column that protects the table was renamed or dropped",
            again(),
        );
        return Ok(());
    }
    if spec.parent.as_ref().is_some_and(|p| p.oid().is_none()) {
        report("error", table.name, "the table whose rows decide this one's was renamed or dropped", again());
        return Ok(());
    }
    if !table.enforced {
        return Ok(()); // It has no policies and triggers of docacl's.
    }
    let policy = |name: &str| policies.get(&(table.oid, name.to_owned()));
    // Either way of being let in is right: the application's permissive policies may have come or gone since.
    let own = policy("docacl_permissive").is_none()
        && (policy("docacl_installed").is_some()
            || policies
                .iter()
                .any(|((oid, name), p)| *oid == table.oid && p.permissive && !name.starts_with("docacl_")));
    for statement in ddl::statements(&table.name, &spec, own)? {
        match parse::statement(&statement)? {
            Statement::Policy(expected) => {
                let name = expected.name();
                // Without these two nothing is shown that would not be: the table is closed, or will be by CASCADE.
                let severity =
                    if matches!(name.as_str(), "docacl_permissive" | "docacl_installed") { "warning" } else { "error" };
                let object = format!("policy {} on {}", pgrx::spi::quote_identifier(&name), table.name);
                match policy(&name) {
                    None => report(severity, object, "missing", again()),
                    Some(found) if !expected.is(found, table.oid)? => {
                        report(severity, object, "is not what acl_protect wrote", again());
                    }
                    Some(_) => {}
                }
            }
            Statement::Trigger(expected) => {
                let name = expected.name();
                let quoted = pgrx::spi::quote_identifier(&name);
                let object = format!("trigger {quoted} on {}", table.name);
                let enable = format!("ALTER TABLE {} ENABLE ALWAYS TRIGGER {quoted};", table.name);
                match triggers.get(&(table.oid, name.clone())) {
                    None => report("error", object, "missing", again()),
                    Some(found) if !expected.is(&found.definition)? => {
                        report("error", object, "is not what acl_protect wrote", again());
                    }
                    Some(found) => match found.enabled as u8 {
                        b'A' => {}
                        b'O' => {
                            report("warning", object, "does not fire for replication: it is not ENABLE ALWAYS", enable)
                        }
                        b'R' => report("error", object, "fires for replication only", enable),
                        _ => report("error", object, "is disabled", enable),
                    },
                }
            }
            Statement::Other => {}
        }
    }
    Ok(())
}

fn tables(relation: Option<pg_sys::Oid>) -> Result<Vec<Remembered>> {
    let sql = "SELECT c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname), p.spec, \
               ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute AS a \
                     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), \
               coalesce((pg_catalog.to_jsonb(p) ->> 'enforced')::boolean, true) \
               FROM docacl.protected_table AS p JOIN pg_catalog.pg_class AS c ON c.oid = p.relation \
               JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE $1 IS NULL OR c.oid = $1";
    rows(sql, relation, |row| {
        Ok(row
            .get::<pg_sys::Oid>(1)?
            .zip(row.get::<String>(2)?)
            .zip(row.get::<pgrx::JsonB>(3)?)
            .zip(row.get::<Vec<String>>(4)?)
            .zip(row.get::<bool>(5)?)
            .map(|((((oid, name), spec), columns), enforced)| Remembered { oid, name, spec, columns, enforced }))
    })
}

fn policies(relation: Option<pg_sys::Oid>) -> Result<Named<Policy>> {
    let sql = "SELECT p.polrelid, p.polname::text, p.polcmd, p.polpermissive, p.polroles = '{0}', \
               p.polqual::text, p.polwithcheck::text \
               FROM docacl.protected_table AS t JOIN pg_catalog.pg_policy AS p ON p.polrelid = t.relation \
               WHERE $1 IS NULL OR t.relation = $1";
    Ok(rows(sql, relation, |row| {
        let policy = Policy {
            command: row.get::<i8>(3)?.unwrap_or_default(),
            permissive: row.get::<bool>(4)?.unwrap_or(true),
            everybody: row.get::<bool>(5)?.unwrap_or(false),
            using: row.get::<String>(6)?,
            check: row.get::<String>(7)?,
        };
        Ok(row.get::<pg_sys::Oid>(1)?.zip(row.get::<String>(2)?).map(|at| (at, policy)))
    })?
    .into_iter()
    .collect())
}

fn triggers(relation: Option<pg_sys::Oid>) -> Result<Named<Trigger>> {
    let sql = "SELECT g.tgrelid, g.tgname::text, g.tgenabled, pg_catalog.pg_get_triggerdef(g.oid) \
               FROM docacl.protected_table AS t JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = t.relation \
               WHERE NOT g.tgisinternal AND g.tgname LIKE '~docacl%' AND ($1 IS NULL OR t.relation = $1)";
    Ok(rows(sql, relation, |row| {
        let trigger = Trigger {
            enabled: row.get::<i8>(3)?.unwrap_or_default(),
            definition: row.get::<String>(4)?.unwrap_or_default(),
        };
        Ok(row.get::<pg_sys::Oid>(1)?.zip(row.get::<String>(2)?).map(|at| (at, trigger)))
    })?
    .into_iter()
    .collect())
}

fn rows<T>(
    sql: &str,
    relation: Option<pg_sys::Oid>,
    read: impl Fn(&pgrx::spi::SpiHeapTupleData<'_>) -> std::result::Result<Option<T>, pgrx::spi::SpiError>,
) -> Result<Vec<T>> {
    Spi::connect_mut(|client| {
        let mut out = Vec::new();
        for row in client.update(sql, None, &[relation.into()])? {
            out.extend(read(&row)?);
        }
        Ok(out)
    })
    .map_err(spi)
}
