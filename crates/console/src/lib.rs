//! Read-only pages.
