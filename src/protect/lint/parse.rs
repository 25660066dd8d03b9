//! Statements and expressions as PostgreSQL's own parser understands them: texts differ in parentheses and casts
//! where what they say is the same.

use std::ffi::{CStr, CString, c_char, c_void};
use std::panic::AssertUnwindSafe;

use pgrx::pg_sys;
use pgrx::pg_sys::panic::CaughtError;
use pgrx::prelude::*;

use super::drift::Policy;
use crate::error::{Result, internal};

/// A statement that protects a table.
pub enum Statement {
    Policy(PolicyStatement),
    Trigger(TriggerStatement),
    Other,
}

/// A parsed CREATE POLICY; lives in the current memory context.
pub struct PolicyStatement(*mut pg_sys::CreatePolicyStmt);

/// A parsed CREATE TRIGGER; lives in the current memory context.
pub struct TriggerStatement(*mut pg_sys::CreateTrigStmt);

/// Parses one statement.
pub fn statement(sql: &str) -> Result<Statement> {
    let text = CString::new(sql).map_err(|_| internal("a statement with a zero byte"))?;
    // SAFETY: the grammar alone; it answers with a list of RawStmt, of which only a single one is taken.
    unsafe {
        let list = pg_sys::raw_parser(text.as_ptr(), pg_sys::RawParseMode::RAW_PARSE_DEFAULT);
        if list.is_null() || (*list).length != 1 {
            return Err(internal("not a single statement"));
        }
        let node = (*((*(*list).elements).ptr_value as *mut pg_sys::RawStmt)).stmt;
        Ok(match (*node).type_ {
            pg_sys::NodeTag::T_CreatePolicyStmt => Statement::Policy(PolicyStatement(node.cast())),
            pg_sys::NodeTag::T_CreateTrigStmt => Statement::Trigger(TriggerStatement(node.cast())),
            _ => Statement::Other,
        })
    }
}

impl PolicyStatement {
    /// The policy's name.
    pub fn name(&self) -> String {
        // SAFETY: a parsed statement has a name.
        unsafe { string((*self.0).policy_name) }
    }

    /// Whether this statement would write what the catalogue has for this table.
    pub fn is(&self, found: &Policy, relation: pg_sys::Oid) -> Result<bool> {
        // SAFETY: a parsed statement; its expressions are null or nodes.
        let (command, permissive, using, check) = unsafe {
            let s = &*self.0;
            (string(s.cmd_name), s.permissive, s.qual, s.with_check)
        };
        let command = match command.as_str() {
            "select" => b'r',
            "insert" => b'a',
            "update" => b'w',
            "delete" => b'd',
            _ => b'*',
        };
        Ok(found.command as u8 == command
            && found.permissive == permissive
            && found.everybody
            && same(using, found.using.as_deref(), relation)?
            && same(check, found.check.as_deref(), relation)?)
    }
}

impl TriggerStatement {
    /// The trigger's name.
    pub fn name(&self) -> String {
        // SAFETY: a parsed statement has a name.
        unsafe { string((*self.0).trigname) }
    }

    /// Whether a definition, as PostgreSQL prints it, says the same.
    pub fn is(&self, definition: &str) -> Result<bool> {
        match statement(definition)? {
            Statement::Trigger(other) => {
                // SAFETY: two parsed statements.
                Ok(unsafe { pg_sys::equal(self.0 as *const c_void, other.0 as *const c_void) })
            }
            _ => Ok(false),
        }
    }
}

/// Whether a policy's expression, as parsed, is the one stored. One that can no longer be analysed (a column or a
/// table that it names was renamed since) is not.
fn same(raw: *mut pg_sys::Node, stored: Option<&str>, relation: pg_sys::Oid) -> Result<bool> {
    // SAFETY: what PL/pgSQL does for BEGIN … EXCEPTION: context and resource owner are put back, and after an error the
    // subtransaction gives back what the analysis had opened. Nothing of the closure is used after an error.
    unsafe {
        let (context, owner) = (pg_sys::CurrentMemoryContext, pg_sys::CurrentResourceOwner);
        pg_sys::BeginInternalSubTransaction(std::ptr::null());
        pg_sys::MemoryContextSwitchTo(context);
        let analysed = PgTryBuilder::new(AssertUnwindSafe(|| Some(analysed_is(raw, stored, relation))))
            .catch_others(|error| match error {
                // Who cancels means all of it.
                CaughtError::PostgresError(ref report)
                    if report.sql_error_code() == PgSqlErrorCode::ERRCODE_QUERY_CANCELED =>
                {
                    error.rethrow()
                }
                _ => None,
            })
            .execute();
        match analysed {
            Some(_) => pg_sys::ReleaseCurrentSubTransaction(),
            None => pg_sys::RollbackAndReleaseCurrentSubTransaction(),
        }
        pg_sys::MemoryContextSwitchTo(context);
        pg_sys::CurrentResourceOwner = owner;
        analysed.unwrap_or(Ok(false))
    }
}

fn analysed_is(raw: *mut pg_sys::Node, stored: Option<&str>, relation: pg_sys::Oid) -> Result<bool> {
    let stored = match stored {
        None => return Ok(raw.is_null()),
        Some(_) if raw.is_null() => return Ok(false),
        Some(text) => CString::new(text).map_err(|_| internal("an expression with a zero byte"))?,
    };
    // SAFETY: as CREATE POLICY analyses its expression: over one relation, opened with a lock and closed. The
    // stored text is the catalogue's own.
    unsafe {
        let rel = pg_sys::try_relation_open(relation, pg_sys::AccessShareLock as i32);
        if rel.is_null() {
            // Dropped meanwhile: there is nothing to report.
            return Ok(true);
        }
        let state = pg_sys::make_parsestate(std::ptr::null_mut());
        let item = pg_sys::addRangeTableEntryForRelation(
            state,
            rel,
            pg_sys::AccessShareLock as i32,
            std::ptr::null_mut(),
            false,
            false,
        );
        pg_sys::addNSItemToQuery(state, item, false, true, true);
        let copy = pg_sys::copyObjectImpl(raw as *const c_void) as *mut pg_sys::Node;
        let analysed = pg_sys::transformExpr(state, copy, pg_sys::ParseExprKind::EXPR_KIND_POLICY);
        let analysed = pg_sys::coerce_to_boolean(state, analysed, c"POLICY".as_ptr());
        pg_sys::assign_expr_collations(state, analysed);
        let equal = pg_sys::equal(analysed as *const c_void, pg_sys::stringToNode(stored.as_ptr()));
        pg_sys::free_parsestate(state);
        pg_sys::relation_close(rel, pg_sys::AccessShareLock as i32);
        Ok(equal)
    }
}

unsafe fn string(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: a C string of the parser's.
    unsafe { CStr::from_ptr(text).to_string_lossy().into_owned() }
}
