//! Questions: `acl_can…`, `acl_actions…`, `acl_require…`, and who is asking.
//!
//! Asking about oneself is free; about another principal one must administer it, be trusted, or be a superuser.

mod acted;
mod answers;
mod buttons;
mod explain;
mod explain_functions;
mod functions;
mod matrix;
mod place;
pub mod session;
mod who;

pub use answers::{Question, Who, asked};
