//! Use cases and background jobs of a node.
