//! Integration tests: real HTTP on loopback, several nodes in one process.
