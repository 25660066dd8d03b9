//! docacl: document access control inside PostgreSQL.
//!
//! This file is the map; each module says what it is for.
use pgrx::prelude::*;

::pgrx::pg_module_magic!(name, version);
