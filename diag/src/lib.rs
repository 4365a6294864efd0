//! Words for what went wrong and where: spans, error codes, diagnostics and their rendering.
//!
//! A [`Diagnostic`] is a user's mistake as data. Every stage may make one; only the tops (shell,
//! machine protocol, wire) render it. Nothing else in the workspace knows ariadne.

mod code;
mod diagnostic;
mod instead;
mod remark;
mod render;
mod source;
mod span;
mod suggest;

pub use code::Code;
pub use diagnostic::{Diagnostic, Label, Result};
pub use render::{Style, render};
pub use source::{Position, position};
pub use span::{Span, Spanned};
pub use suggest::{closest, did_you_mean};
