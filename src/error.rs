//! Every error that docacl raises: its SQLSTATE, its words and its hint, in one place.
//!
//! Messages are lower case without a period; details and hints are sentences. Nothing here names what the
//! asker may not see: callers pass only names that the asker wrote himself or may see.

use std::panic::Location;

use pgrx::PgSqlErrorCode as Code;
use pgrx::pg_sys::panic::ErrorReport;

/// An error that PostgreSQL will report with its SQLSTATE, DETAIL and HINT.
pub type Result<T> = std::result::Result<T, ErrorReport>;

#[track_caller]
fn report(code: Code, message: impl Into<String>) -> ErrorReport {
    ErrorReport::new(code, message.into(), Location::caller().file())
}

/// 42704: an unknown name.
#[track_caller]
pub fn unknown(what: &str, name: &str) -> ErrorReport {
    let hint = match what {
        "principal" => "Check the spelling: a principal is named by its name, its e-mail or its key.",
        _ => "Check the spelling; names are exact, and yours to see only where you hold read or enter.",
    };
    unknown_hint(what, name, hint)
}

/// 42704 with a hint of its own.
#[track_caller]
pub fn unknown_hint(what: &str, name: &str, hint: impl Into<String>) -> ErrorReport {
    report(Code::ERRCODE_UNDEFINED_OBJECT, format!("{what} \"{name}\" does not exist")).set_hint(hint)
}

/// 42725: a name that more than one object bears.
#[track_caller]
pub fn ambiguous(what: &str, name: &str) -> ErrorReport {
    report(Code::ERRCODE_AMBIGUOUS_FUNCTION, format!("{what} \"{name}\" is ambiguous"))
        .set_hint("Write the path from the top, beginning with a slash, or give the id.")
}

/// 42710: it exists already.
#[track_caller]
pub fn exists(what: &str, name: &str) -> ErrorReport {
    report(Code::ERRCODE_DUPLICATE_OBJECT, format!("{what} \"{name}\" already exists"))
        .set_hint("Choose another, or use the one that exists.")
}

/// 22023: a bad word, name, option or value.
#[track_caller]
pub fn bad(message: impl Into<String>, hint: impl Into<String>) -> ErrorReport {
    report(Code::ERRCODE_INVALID_PARAMETER_VALUE, message).set_hint(hint)
}

/// 22023: an argument that must not be null.
#[track_caller]
pub fn null(argument: &str) -> ErrorReport {
    bad(format!("{argument} must not be null"), format!("Give a value for {argument}."))
}

/// 42501: not allowed.
#[track_caller]
pub fn denied(message: impl Into<String>, hint: impl Into<String>) -> ErrorReport {
    report(Code::ERRCODE_INSUFFICIENT_PRIVILEGE, message).set_hint(hint)
}

/// 23503: a reference to nothing.
#[track_caller]
pub fn missing_reference(message: impl Into<String>, hint: impl Into<String>) -> ErrorReport {
    report(Code::ERRCODE_FOREIGN_KEY_VIOLATION, message).set_hint(hint)
}

/// 23514: references that do not fit together.
#[track_caller]
pub fn inconsistent(message: impl Into<String>, hint: impl Into<String>) -> ErrorReport {
    report(Code::ERRCODE_CHECK_VIOLATION, message).set_hint(hint)
}

/// 23502: a reference that is required.
#[track_caller]
pub fn required(message: impl Into<String>, hint: impl Into<String>) -> ErrorReport {
    report(Code::ERRCODE_NOT_NULL_VIOLATION, message).set_hint(hint)
}

/// 42804: a column of the wrong type.
#[track_caller]
pub fn wrong_type(message: impl Into<String>, hint: impl Into<String>) -> ErrorReport {
    report(Code::ERRCODE_DATATYPE_MISMATCH, message).set_hint(hint)
}

/// 42809: an object of the wrong sort.
#[track_caller]
pub fn wrong_object(message: impl Into<String>, hint: impl Into<String>) -> ErrorReport {
    report(Code::ERRCODE_WRONG_OBJECT_TYPE, message).set_hint(hint)
}

/// 55000: not in this state.
#[track_caller]
pub fn wrong_state(message: impl Into<String>, hint: impl Into<String>) -> ErrorReport {
    report(Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, message).set_hint(hint)
}

/// 55006: still used.
#[track_caller]
pub fn in_use(message: impl Into<String>, hint: impl Into<String>) -> ErrorReport {
    report(Code::ERRCODE_OBJECT_IN_USE, message).set_hint(hint)
}

/// 28000: a login refused.
#[track_caller]
pub fn login_refused(message: impl Into<String>, hint: impl Into<String>) -> ErrorReport {
    report(Code::ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, message).set_hint(hint)
}

/// 25P01: a local login outside a transaction.
#[track_caller]
pub fn no_transaction(message: impl Into<String>, hint: impl Into<String>) -> ErrorReport {
    report(Code::ERRCODE_NO_ACTIVE_SQL_TRANSACTION, message).set_hint(hint)
}

/// 0A000: not supported.
#[track_caller]
pub fn unsupported(message: impl Into<String>, hint: impl Into<String>) -> ErrorReport {
    report(Code::ERRCODE_FEATURE_NOT_SUPPORTED, message).set_hint(hint)
}

/// 42703: a column that the table does not have.
#[track_caller]
pub fn unknown_column(relation: &str, column: &str) -> ErrorReport {
    report(Code::ERRCODE_UNDEFINED_COLUMN, format!("column \"{column}\" of relation \"{relation}\" does not exist"))
        .set_hint("Name a column of the table, exactly as it is written there.")
}

/// XX000: what the extension itself guarantees does not hold. Raised, never assumed away.
#[track_caller]
pub fn internal(message: impl Into<String>) -> ErrorReport {
    report(Code::ERRCODE_INTERNAL_ERROR, message)
        .set_hint("This is a bug in docacl or a table of its own changed by hand.")
}
