//! Rows whose references docacl would refuse today: written before it judged the table, or while it does not. Such a row
//! is closed to all but system, which whoever switches a table on should hear before his users do.

use std::collections::BTreeMap;

use pgrx::pg_sys;
use pgrx::prelude::*;

use super::Finding;
use crate::error::Result;
use crate::facts;
use crate::owner::AsTableOwner;
use crate::protect::catalog::spi;
use crate::protect::functions::name_of;
use crate::protect::{Spec, tree};
use crate::scan::Snap;
use crate::trigger::{Checked, problem};

/// The findings about the rows of a table, or of all that are not enforced. Reads every row, and so not those of a
/// table that is enforced unless `enforced_too`.
pub fn findings(relation: Option<pg_sys::Oid>, enforced_too: bool) -> Result<Vec<Finding>> {
    let mut out = Vec::new();
    for table in facts::protected_tables(&Snap::fresh())? {
        let asked = relation.is_none_or(|r| r == table.relation);
        if asked && (enforced_too || !table.enforced) {
            about(table.relation, &Spec::from_json(table.spec)?, &mut out)?;
        }
    }
    Ok(out)
}

fn about(relation: pg_sys::Oid, spec: &Spec, out: &mut Vec<Finding>) -> Result<()> {
    let columns: Vec<&str> = spec.gates.iter().flat_map(|g| &g.refs).map(|r| r.column.as_str()).collect();
    if columns.is_empty() || !has(relation, &columns)? {
        return Ok(()); // A column that is gone is reported by itself.
    }
    let (mut checked, mut wrong) = (Checked::default(), BTreeMap::<String, i64>::new());
    for (values, rows) in distinct(relation, &columns)? {
        if let Some(said) = wrong_with(spec, &mut checked, &values)? {
            *wrong.entry(said).or_default() += rows;
        }
    }
    let name = name_of(relation)?;
    for (said, rows) in wrong {
        let rows = if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") };
        let advice = "Correct the rows, or make what they refer to: until then they are closed.".to_owned();
        out.push(("warning".to_owned(), name.clone(), format!("{rows}: {said}"), advice));
    }
    Ok(())
}

/// What would be said to whoever wrote such a row.
fn wrong_with(spec: &Spec, checked: &mut Checked, values: &[Option<String>]) -> Result<Option<String>> {
    let mut starts = Vec::new();
    let mut start = 0;
    for gate in &spec.gates {
        starts.push(start);
        start += gate.refs.len();
    }
    let value = |gate: usize, at: usize| starts.get(gate).and_then(|s| values.get(s + at)).cloned().flatten();
    if let Some(found) = problem(spec, checked, |gate, at| Ok(value(gate, at)))? {
        return Ok(Some(found.message().to_owned()));
    }
    let present = |(number, gate): (usize, &crate::protect::spec::GateSpec)| {
        !gate.constant.is_empty() || (0..gate.refs.len()).any(|at| value(number, at).is_some())
    };
    if !spec.gates.iter().enumerate().any(present) {
        return Ok(None); // The intray.
    }
    let missing = spec.gates.iter().enumerate().find(|(number, gate)| gate.required && !present((*number, *gate)));
    Ok(missing.map(|(_, gate)| format!("required gate \"{}\" has no reference", gate.gate)))
}

fn has(relation: pg_sys::Oid, columns: &[&str]) -> Result<bool> {
    let sql = "SELECT count(*) FROM pg_catalog.pg_attribute AS a \
               WHERE a.attrelid = $1 AND NOT a.attisdropped AND a.attname::text = ANY ($2)";
    let columns: Vec<String> = columns.iter().map(|c| (*c).to_owned()).collect();
    let wanted = columns.len() as i64;
    Ok(Spi::get_one_with_args::<i64>(sql, &[relation.into(), columns.into()]).map_err(spi)? == Some(wanted))
}

/// Every combination of references that the table has, and in how many rows; read as its owner: see [`AsTableOwner`].
fn distinct(relation: pg_sys::Oid, columns: &[&str]) -> Result<Vec<(Vec<Option<String>>, i64)>> {
    let texts: Vec<String> =
        columns.iter().map(|c| format!("{}::pg_catalog.text", pgrx::spi::quote_identifier(*c))).collect();
    // A partitioned table is read with all its partitions, as everywhere.
    let only = if tree::is_partitioned(relation) { "" } else { "ONLY " };
    let sql =
        format!("SELECT ARRAY[{}], pg_catalog.count(*) FROM {only}{} GROUP BY 1", texts.join(", "), name_of(relation)?);
    let _table_owner = AsTableOwner::begin(relation)?;
    Spi::connect(|client| {
        let mut out = Vec::new();
        for row in client.select(&sql, None, &[])? {
            out.push((row.get::<Vec<Option<String>>>(1)?.unwrap_or_default(), row.get::<i64>(2)?.unwrap_or_default()));
        }
        Ok(out)
    })
    .map_err(spi)
}
