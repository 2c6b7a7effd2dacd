//! The HTTP edge of a node.
