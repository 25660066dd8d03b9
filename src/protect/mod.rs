//! Protecting tables: what `acl_protect` was told ([`spec`]), whether the table bears it ([`columns`], [`catalog`]), the
//! policies and the trigger that it writes ([`ddl`]); tables made for it ([`create`], [`parts`]); own lists when it is protected anew
//! ([`lists`]); tables that are registered without them ([`enforce`]); what leads around them ([`lint`]), and which indexes they lack ([`advice`]).

mod advice;
pub mod catalog;
pub mod columns;
mod create;
mod ddl;
pub mod enforce;
mod follow;
pub mod functions;
pub mod key;
mod lint;
mod lists;
pub mod owners;
pub mod parent;
mod partitions;
mod parts;
mod renamed;
mod restore;
pub mod rows;
pub mod spec;
pub mod target;
pub mod tree;
pub mod usage;

pub use catalog::spi;
pub use rows::{rows_owned_by, rows_using};
pub use spec::Spec;
