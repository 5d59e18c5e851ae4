//! Scope documents, containment, compilation to cloud policies and their evaluation. Pure.

pub mod aws;
