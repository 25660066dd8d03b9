//! Protecting tables: what `acl_protect` was told ([`spec`]), whether the table bears it ([`columns`], [`catalog`]), the
//! policies and the trigger that it writes ([`ddl`]).

mod catalog;
mod columns;
mod ddl;
pub mod functions;
pub mod rows;
pub mod spec;
pub mod target;

pub use rows::{rows_owned_by, rows_using};
pub use spec::Spec;
