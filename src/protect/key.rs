//! The key of a row: the columns that identify it, and the text by which people and docacl's tables name it.
//!
//! One column: its value as text. More: a JSON array of their values, numbers for integers and strings for uuids and
//! texts, without blanks: `["x",1]`.

use pgrx::pg_sys;
use pgrx::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Result, internal};

/// Column names: one written as a text, more as an array.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Form", into = "Form")]
pub struct Names(Vec<String>);

#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum Form {
    One(String),
    More(Vec<String>),
}

impl From<Form> for Names {
    fn from(form: Form) -> Names {
        match form {
            Form::One(name) => Names(vec![name]),
            Form::More(names) => Names(names),
        }
    }
}

impl From<Names> for Form {
    fn from(names: Names) -> Form {
        match names.0.as_slice() {
            [one] => Form::One(one.clone()),
            _ => Form::More(names.0),
        }
    }
}

impl Names {
    /// These columns, at least one.
    pub fn new(names: Vec<String>) -> Names {
        Names(names)
    }

    /// The columns in their order.
    pub fn columns(&self) -> &[String] {
        &self.0
    }

    /// Writes a renamed column's new name.
    pub fn rename(&mut self, old: &str, new: &str) {
        self.0.iter_mut().filter(|name| *name == old).for_each(|name| *name = new.to_owned());
    }

    /// What `"column"` or `["column", …]` names; `None` where it is neither, empty, or names a column twice.
    pub fn read(value: &Value) -> Option<Names> {
        let names = match value {
            Value::String(s) => vec![s.clone()],
            Value::Array(a) => a.iter().map(|v| v.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()?,
            _ => return None,
        };
        let twice = names.iter().enumerate().any(|(at, n)| names.iter().skip(at + 1).any(|o| o == n));
        if names.is_empty() || twice { None } else { Some(Names(names)) }
    }
}

/// The values of a written key, as texts of their columns; `None` where it is no key of these types.
pub fn split(types: &[pg_sys::Oid], written: &str) -> Option<Vec<String>> {
    if types.len() == 1 {
        return Some(vec![written.to_owned()]);
    }
    let values: Vec<Value> = serde_json::from_str(written).ok()?;
    if values.len() != types.len() {
        return None;
    }
    types
        .iter()
        .zip(values)
        .map(|(ty, value)| match (is_integer(*ty), value) {
            (true, Value::Number(n)) => n.as_i64().map(|i| i.to_string()),
            (false, Value::String(s)) => Some(s),
            _ => None,
        })
        .collect()
}

/// The key of a row as docacl writes it, given its values as texts.
pub fn join(types: &[pg_sys::Oid], values: &[String]) -> String {
    if let [one] = values {
        return one.clone();
    }
    let values = types.iter().zip(values).map(|(ty, text)| match text.parse::<i64>() {
        Ok(i) if is_integer(*ty) => Value::from(i),
        _ => Value::from(text.as_str()),
    });
    Value::Array(values.collect()).to_string()
}

fn is_integer(ty: pg_sys::Oid) -> bool {
    matches!(ty, pg_sys::INT2OID | pg_sys::INT4OID | pg_sys::INT8OID)
}

/// The equality of a type that can be a key.
pub fn equality(ty: pg_sys::Oid) -> Result<u32> {
    match ty {
        pg_sys::INT2OID => Ok(pg_sys::F_INT2EQ),
        pg_sys::INT4OID => Ok(pg_sys::F_INT4EQ),
        pg_sys::INT8OID => Ok(pg_sys::F_INT8EQ),
        pg_sys::UUIDOID => Ok(pg_sys::F_UUID_EQ),
        pg_sys::TEXTOID | pg_sys::VARCHAROID => Ok(pg_sys::F_TEXTEQ),
        _ => Err(internal("a key column of an unexpected type")),
    }
}

/// A text as a value of a key column's type; `None` where it is no value of that type, and so no row's key.
pub fn datum(ty: pg_sys::Oid, key: &str) -> Option<pg_sys::Datum> {
    match ty {
        pg_sys::INT2OID => key.trim().parse::<i16>().ok()?.into_datum(),
        pg_sys::INT4OID => key.trim().parse::<i32>().ok()?.into_datum(),
        pg_sys::INT8OID => key.trim().parse::<i64>().ok()?.into_datum(),
        pg_sys::UUIDOID => pgrx::Uuid::from_bytes(crate::value::parse_uuid(key)?.to_be_bytes()).into_datum(),
        pg_sys::TEXTOID | pg_sys::VARCHAROID => key.into_datum(),
        _ => None,
    }
}

/// A type that can be a key, as SQL writes it.
pub fn type_name(ty: pg_sys::Oid) -> &'static str {
    match ty {
        pg_sys::INT2OID => "smallint",
        pg_sys::INT4OID => "integer",
        pg_sys::INT8OID => "bigint",
        pg_sys::UUIDOID => "uuid",
        _ => "text",
    }
}
