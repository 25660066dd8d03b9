//! Values of the columns that decide: integers, uuids and texts, read where they lie.

use pgrx::pg_sys;

use crate::error::{Result, internal};
use crate::memo::Value;

/// The type of an argument, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    Int2,
    Int4,
    Int8,
    Uuid,
    Text,
    Bool,
    /// Only whether it is null.
    Other,
}

impl Type {
    /// Of a type's OID.
    pub fn of(oid: pg_sys::Oid) -> Type {
        match oid {
            pg_sys::INT2OID => Type::Int2,
            pg_sys::INT4OID => Type::Int4,
            pg_sys::INT8OID => Type::Int8,
            pg_sys::UUIDOID => Type::Uuid,
            pg_sys::TEXTOID | pg_sys::VARCHAROID => Type::Text,
            pg_sys::BOOLOID => Type::Bool,
            _ => Type::Other,
        }
    }

    /// Whether values of it can be keys.
    pub fn is_key(self) -> bool {
        matches!(self, Type::Int2 | Type::Int4 | Type::Int8 | Type::Uuid | Type::Text)
    }
}

/// The bits of a uuid argument.
///
/// # Safety
///
/// The datum is of type uuid.
pub unsafe fn read_uuid(datum: pg_sys::Datum) -> u128 {
    // SAFETY: the caller passes a uuid datum: a pointer to 16 bytes without alignment.
    unsafe { u128::from_be_bytes(datum.cast_mut_ptr::<[u8; 16]>().read_unaligned()) }
}

/// An integer or uuid argument.
pub fn read_value<'a>(ty: Type, datum: pg_sys::Datum) -> Result<Value<'a>> {
    match ty {
        Type::Int8 => Ok(Value::Int(datum.value() as i64)),
        Type::Int4 => Ok(Value::Int(i64::from(datum.value() as i32))),
        Type::Int2 => Ok(Value::Int(i64::from(datum.value() as i16))),
        // SAFETY: a datum of type uuid.
        Type::Uuid => Ok(Value::Uuid(unsafe { read_uuid(datum) })),
        _ => Err(internal("a reference of an unexpected type")),
    }
}

/// A text argument.
pub fn read_text(datum: pg_sys::Datum) -> Result<String> {
    // SAFETY: a datum of type text or varchar, not null.
    unsafe { <String as pgrx::FromDatum>::from_datum(datum, false) }
        .ok_or_else(|| internal("a text that cannot be read"))
}

/// A text argument that lies in the row itself, neither compressed nor out of line: without a copy or a call. Its
/// bytes are in the encoding of the database.
#[inline]
pub fn inline_bytes<'a>(datum: pg_sys::Datum) -> Option<&'a [u8]> {
    // SAFETY: a text datum points to a varlena, which lives as long as the row; its header says how long it is.
    unsafe {
        let varlena = datum.cast_mut_ptr::<pg_sys::varlena>();
        let inline = pgrx::varlena::varatt_is_4b_u(varlena)
            || (pgrx::varlena::varatt_is_1b(varlena) && !pgrx::varlena::varatt_is_1b_e(varlena));
        if !inline {
            return None;
        }
        Some(std::slice::from_raw_parts(
            pgrx::varlena::vardata_any(varlena).cast::<u8>(),
            pgrx::varlena::varsize_any_exhdr(varlena),
        ))
    }
}

/// [`inline_bytes`] as text.
#[inline]
pub fn inline_text<'a>(datum: pg_sys::Datum) -> Option<&'a str> {
    std::str::from_utf8(inline_bytes(datum)?).ok()
}

/// The bits of a uuid's text: 32 hexadecimal digits, with dashes in the usual places or none.
pub fn parse_uuid(text: &str) -> Option<u128> {
    let dashes: Vec<usize> = text.match_indices('-').map(|(at, _)| at).collect();
    if !(dashes.is_empty() || dashes == [8, 13, 18, 23]) {
        return None;
    }
    let hex: String = text.chars().filter(|c| *c != '-').collect();
    let digits = hex.len() == 32 && hex.chars().all(|c| c.is_ascii_hexdigit());
    if digits { u128::from_str_radix(&hex, 16).ok() } else { None }
}
