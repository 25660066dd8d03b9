//! docacl seen by real clients.
