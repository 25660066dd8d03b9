//! A naive evaluator of who may do what.
