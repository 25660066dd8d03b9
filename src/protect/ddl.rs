//! The policies and triggers of a protected table.
//!
//! One **restrictive** policy per command holds the decision, so that no permissive policy added later widens
//! access. Where the table has no permissive policy of its own there is one permissive policy with the same read
//! expression (PostgreSQL evaluates equal expressions once), never `USING (true)`: whatever CASCADE takes the
//! restrictive ones away takes it away too. Where the application has permissive policies, a restrictive one
//! without dependency closes the table should the extension be dropped with CASCADE.

use docacl_core::Actions;
use pgrx::pg_sys;
use pgrx::prelude::*;

use super::catalog::spi;
use super::columns::Table;
use super::spec::{ParentSpec, Spec};
use crate::error::Result;
use crate::shape::Shape;

/// Last in the alphabet: a BEFORE trigger of the application's must not change the row after it was judged.
pub const ROW_TRIGGER: &str = "~docacl_row";
const TRUNCATE_TRIGGER: &str = "~docacl_truncate";
const POLICIES: [&str; 6] =
    ["docacl_select", "docacl_insert", "docacl_update", "docacl_delete", "docacl_permissive", "docacl_installed"];

/// Whether row security was enabled and forced on the table.
pub fn row_security(relation: pg_sys::Oid) -> Result<(bool, bool)> {
    let sql = "SELECT relrowsecurity, relforcerowsecurity FROM pg_catalog.pg_class WHERE oid = $1";
    let (rls, force) = Spi::get_two_with_args::<bool, bool>(sql, &[relation.into()]).map_err(spi)?;
    Ok((rls.unwrap_or(false), force.unwrap_or(false)))
}

/// Writes policies and triggers, replacing those written before.
pub fn write(table: &Table, spec: &Spec) -> Result<()> {
    remove(table)?;
    run(&statements(&table.name, spec, has_permissive(table.oid)?)?)
}

/// The same on a partition of a protected table.
pub fn write_partition(partition: pg_sys::Oid, name: &str, spec: &Spec) -> Result<()> {
    quietly(&drops(name))?;
    run(&partition_statements(name, spec, has_permissive(partition)?)?)
}

/// The statements that protect a table: what [`write`] runs, and what `acl_check` compares the catalogue with.
/// `has_permissive`: the application has permissive policies of its own.
pub fn statements(name: &str, spec: &Spec, has_permissive: bool) -> Result<Vec<String>> {
    let mut statements = partition_statements(name, spec, has_permissive)?;
    let argument = pgrx::spi::quote_literal(spec.to_text()?);
    // On a partitioned table PostgreSQL makes this one, and its state, anew on every partition.
    statements.push(format!(
        "CREATE TRIGGER \"{ROW_TRIGGER}\" BEFORE INSERT OR UPDATE OR DELETE ON {name} \
         FOR EACH ROW EXECUTE FUNCTION docacl.row_trigger({argument})"
    ));
    statements.push(format!("ALTER TABLE {name} ENABLE ALWAYS TRIGGER \"{ROW_TRIGGER}\""));
    Ok(statements)
}

/// The statements that protect a partition, which has its row trigger from the root.
pub fn partition_statements(name: &str, spec: &Spec, has_permissive: bool) -> Result<Vec<String>> {
    let both = |own: Result<String>, asked: fn(&ParentSpec) -> u64| -> Result<String> {
        match &spec.parent {
            None => own,
            Some(parent) if !spec.decides() => Ok(parent_check(parent, asked(parent))),
            Some(parent) => Ok(format!("{} AND {}", own?, parent_check(parent, asked(parent)))),
        }
    };
    let read = both(check(Actions::READ, &spec.shape(), &spec.shape_columns()), |p| p.select)?;
    let add = both(check(Actions::ADD, &spec.shape().as_new(), &spec.new_shape_columns()), |p| p.insert)?;
    let update = both(check(spec.update_actions(), &spec.shape(), &spec.shape_columns()), |p| p.update)?;
    let delete = both(check(Actions::DELETE, &spec.shape(), &spec.shape_columns()), |p| p.delete)?;
    let mut statements = vec![
        format!("CREATE POLICY docacl_select ON {name} AS RESTRICTIVE FOR SELECT USING ({read})"),
        // The trigger has judged the row by now, and says why; this holds where somebody disabled it.
        format!("CREATE POLICY docacl_insert ON {name} AS RESTRICTIVE FOR INSERT WITH CHECK ({add})"),
        // WITH CHECK written out: left out, PostgreSQL asks the old row's question of the new row and refuses legal moves.
        format!("CREATE POLICY docacl_update ON {name} AS RESTRICTIVE FOR UPDATE USING ({update}) WITH CHECK (true)"),
        format!("CREATE POLICY docacl_delete ON {name} AS RESTRICTIVE FOR DELETE USING ({delete})"),
    ];
    if has_permissive {
        statements.push(format!(
            "CREATE POLICY docacl_installed ON {name} AS RESTRICTIVE FOR ALL \
             USING ((SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_extension WHERE extname = 'docacl')){})",
            if spec.parent.is_some() { with_the_others(name) } else { String::new() }
        ));
    } else {
        statements.push(format!("CREATE POLICY docacl_permissive ON {name} FOR ALL USING ({read}) WITH CHECK (true)"));
    }
    statements.push(format!("ALTER TABLE {name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"));
    statements.push(format!(
        "CREATE TRIGGER \"{TRUNCATE_TRIGGER}\" BEFORE TRUNCATE ON {name} \
         FOR EACH STATEMENT EXECUTE FUNCTION docacl.truncate_trigger()"
    ));
    statements.push(format!("ALTER TABLE {name} ENABLE ALWAYS TRIGGER \"{TRUNCATE_TRIGGER}\""));
    Ok(statements)
}

/// Removes what [`write`] wrote.
pub fn remove(table: &Table) -> Result<()> {
    let mut statements = drops(&table.name);
    statements.push(format!("DROP TRIGGER IF EXISTS \"{ROW_TRIGGER}\" ON {}", table.name));
    quietly(&statements)
}

/// Removes what [`write_partition`] wrote.
pub fn remove_partition(name: &str) -> Result<()> {
    quietly(&drops(name))
}

fn drops(name: &str) -> Vec<String> {
    let mut statements: Vec<String> = POLICIES.iter().map(|p| format!("DROP POLICY IF EXISTS {p} ON {name}")).collect();
    statements.push(format!("DROP TRIGGER IF EXISTS \"{TRUNCATE_TRIGGER}\" ON {name}"));
    statements
}

/// Puts ENABLE and FORCE back to what they were.
pub fn restore_row_security(name: &str, had_rls: bool, had_force: bool) -> Result<()> {
    let on = |b: bool, yes: &'static str, no: &'static str| if b { yes } else { no };
    run(&[format!(
        "ALTER TABLE {name} {} ROW LEVEL SECURITY, {} ROW LEVEL SECURITY",
        on(had_rls, "ENABLE", "DISABLE"),
        on(had_force, "FORCE", "NO FORCE")
    )])
}

/// Whether the relation has policies.
pub fn has_policies(relation: pg_sys::Oid) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_policy WHERE polrelid = $1)";
    Ok(Spi::get_one_with_args::<bool>(sql, &[relation.into()]).map_err(spi)?.unwrap_or(true))
}

fn has_permissive(relation: pg_sys::Oid) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_policy WHERE polrelid = $1 AND polpermissive)";
    Ok(Spi::get_one_with_args::<bool>(sql, &[relation.into()]).map_err(spi)?.unwrap_or(true))
}

/// The call of docacl.row_check.
fn check(wanted: Actions, shape: &Shape, columns: &[&str]) -> Result<String> {
    let mut call =
        format!("docacl.row_check({}::bigint, {}::text", wanted.bits(), pgrx::spi::quote_literal(shape.to_text()?));
    for column in columns {
        call.push_str(", ");
        call.push_str(&pgrx::spi::quote_identifier(column));
    }
    call.push(')');
    Ok(call)
}

/// The call of docacl.parent_check. The parent as a constant of type regclass: renamed, it stays the parent, and it
/// cannot be dropped without these policies, which closes the table.
fn parent_check(parent: &ParentSpec, wanted: u64) -> String {
    let columns: Vec<String> = parent.column.columns().iter().map(pgrx::spi::quote_identifier).collect();
    let relation = pgrx::spi::quote_literal(parent.name());
    format!("docacl.parent_check({}::bigint, {relation}::regclass, {})", wanted as i64, columns.join(", "))
}

/// DROP TABLE … CASCADE of the parent takes the restrictive policies away and leaves the extension: where the
/// application's permissive policies would then decide alone, the table closes.
fn with_the_others(name: &str) -> String {
    format!(
        " AND (SELECT count(*) = 4 FROM pg_catalog.pg_policy AS p WHERE p.polrelid = {}::regclass AND p.polname IN \
         ('docacl_select', 'docacl_insert', 'docacl_update', 'docacl_delete'))",
        pgrx::spi::quote_literal(name)
    )
}

fn run(statements: &[String]) -> Result<()> {
    statements.iter().try_for_each(|s| Spi::run(s).map_err(spi))
}

/// Runs statements whose notices ("does not exist, skipping") say nothing to the caller.
fn quietly(statements: &[String]) -> Result<()> {
    // SAFETY: a setting at a nest level of its own, put back after the statements; an error's abort does the same.
    unsafe {
        let level = pg_sys::NewGUCNestLevel();
        pg_sys::set_config_option(
            c"client_min_messages".as_ptr(),
            c"warning".as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            pg_sys::GucSource::PGC_S_SESSION,
            pg_sys::GucAction::GUC_ACTION_SAVE,
            true,
            0,
            false,
        );
        let done = run(statements);
        pg_sys::AtEOXact_GUC(false, level);
        done
    }
}
